"""Kernels that are forks of a process in which the framework is imported already.

Importing a framework takes longer than running a page without its long training, and hundreds of
mutants would each wait for it. Such a kernel is IPython's own, in a fork; only the import of the
framework is saved. What is under test, ``d2lcompat``, is imported anew in every kernel.
"""

import asyncio
import contextlib
import importlib
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from jupyter_client.launcher import launch_kernel
from jupyter_client.provisioning import local_provisioner

PACKAGES = {
    "pytorch": ("torch", "torch.nn.functional"),
    "tensorflow": ("tensorflow", "keras"),
    "jax": ("jax", "jax.numpy", "flax.linen", "flax.training.train_state", "optax"),
    "mxnet": ("mxnet", "mxnet.gluon"),
}


# How this process shows warnings. Pytest collects them instead, and no kernel may inherit that.
_shown: dict[str, Any] = {}


def import_framework(framework: str, environment: dict[str, str]) -> None:
    """Import what kernels of this framework will need, in the environment that they will have."""
    os.environ.update(environment)
    if framework == "mxnet":
        import numpy

        vars(numpy).setdefault("bool", numpy.bool_)  # the package does the same
    for name in ("ipykernel.kernelapp", "matplotlib.pyplot", "tqdm", "pooch", *PACKAGES[framework]):
        importlib.import_module(name)
    local_provisioner.launch_kernel = _launch
    _shown.update(filters=warnings.filters[:], show=warnings._showwarnmsg_impl)


@contextlib.contextmanager
def cold() -> Iterator[None]:
    """Inside, kernels start as they do elsewhere."""
    before, local_provisioner.launch_kernel = local_provisioner.launch_kernel, launch_kernel
    try:
        yield
    finally:
        local_provisioner.launch_kernel = before


def _launch(command: list[str], *, env: dict[str, str], cwd: str | None = None, **_):
    """Start a kernel as ``jupyter_client.launcher.launch_kernel`` does, but in a fork."""
    # By os.fork: in a child of multiprocessing, ipykernel would not answer.
    pid = os.fork()
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)  # by parent and child, for either may be the first
    if pid == 0:
        with contextlib.suppress(BaseException):
            _become_kernel(command, env, cwd)
        os._exit(1)
    # As subprocess would have made it: poll, wait and signals need no more than this.
    process = subprocess.Popen.__new__(subprocess.Popen)
    process.pid, process.returncode, process.args = pid, None, command
    process.stdin = process.stdout = process.stderr = None
    process._child_created, process._waitpid_lock = True, threading.Lock()
    process._sigint_wait_secs, process._communication_started = 0.25, False
    process._input = None
    return process


def _become_kernel(command: list[str], env: dict[str, str], cwd: str | None) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd or ".")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    sys.path[:0] = ["", *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    for name in [name for name in sys.modules if name.partition(".")[0] == "d2lcompat"]:
        del sys.modules[name]
    warnings.filters[:], warnings._showwarnmsg_impl = _shown["filters"], _shown["show"]
    warnings._filters_mutated()
    asyncio._set_running_loop(None)  # it was forked from within one
    asyncio.set_event_loop_policy(None)
    asyncio.set_event_loop(asyncio.new_event_loop())
    sys.argv = [command[0], *command[command.index("-f") :]]
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(argv=sys.argv[1:])
    os._exit(0)

"""The engine that executes a notebook in its own kernel, to record its outputs or to check them.

Recorder and checker run cells with this class, so that an unchanged notebook gives what is stored
in it. All that they could do differently is decided here: the kernel's environment and folder, how
long a cell may take, which cells are skipped and which may raise. The rest is nbclient's.

What a cell's tags say is read by `tabbook.cells`.
"""

import asyncio
import logging
import math
import os
import re
import tempfile
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Self, TypeVar, cast

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tabbook.cells import may_raise, number_of_cell, tags_of, timeout_of
from tabbook.text import ANSI

T = TypeVar("T")

# The kernel of the environment of this process, independent of installed kernels.
THIS_ENVIRONMENT = ":this-environment"

# A kernel's ports are chosen before it starts, and another process may take one of them until then
# (jupyter_client #487). So a kernel that says so is started again, at most so many times in all.
STARTS = 3
_PORT_IN_USE = re.compile(r"address (already )?in use|only one usage of each socket", re.IGNORECASE)

# Time limit in seconds for the output of a cell that has ended.
PATIENCE = 60

# What a shell, a test runner or a CI service says about itself, and how it wants Python to behave.
# Programs print another width, other colours or other warnings for it, or draw no figures; with
# pytest's, ipykernel lets go what child processes print. Where Python finds packages remains.
_CALLER = re.compile(
    r"PYTEST_.*|PY_COLORS|NO_COLOR|FORCE_COLOR|CLICOLOR.*|COLORTERM|COV_CORE_.*|COVERAGE_.*|TOX_.*"
    r"|NOX_.*|JPY_.*|CI|CONTINUOUS_INTEGRATION|GITHUB_ACTIONS|GITLAB_CI|MPLBACKEND|TQDM_.*"
    r"|COLUMNS|LINES|JUPYTER_COLUMNS|JUPYTER_LINES|OLDPWD|SHLVL|_"
    r"|PYTHON(?!PATH$|HOME$|USERBASE$|NOUSERSITE$|EXECUTABLE$)\w*"
)
# Sets of texts are printed in the same order in each run.
_HASHING = {"PYTHONHASHSEED": "0"}

# The errors below repeat nbclient's messages and add the cell.
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())
_log.propagate = False


class ExecutionError(RuntimeError):
    """A kernel did not start, or a cell failed. No later output can be right.

    Attributes:
        reason: what happened, a clause that names the cell.
        detail: a traceback, or the end of the kernel's own output.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return "\n".join(filter(None, (f"{self.reason[0].upper()}{self.reason[1:]}", self.detail)))


def environment(
    folder: Path, variables: Mapping[str, str], base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """A kernel's environment: that of this process without variables of its caller.

    Args:
        folder: the working directory of the kernel.
        variables: additional variables of the book.
        base: the environment in which this process was started, if it has changed its own.
    """
    base = os.environ if base is None else base
    kept = {name: value for name, value in base.items() if not _CALLER.fullmatch(name)}
    return {**kept, **_HASHING, "PWD": str(folder), **variables}


class Kernels(KernelSpecManager):
    """The installed kernels and ``THIS_ENVIRONMENT``."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The specification of a kernel.

        Raises:
            NoSuchKernel: no kernel has this name.
        """
        if kernel_name == THIS_ENVIRONMENT:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())
        return super().get_kernel_spec(kernel_name)


class Execution(NotebookClient):
    """A notebook with its own kernel; outputs are stored in it when its cells run.

    A context manager: the kernel starts on entry and ends on exit.

    Args:
        notebook: the notebook, which is modified.
        folder: the working directory of the kernel.
        variables: environment variables for the kernel, in addition to ``environment``.
        kernel: its name.
        timeout: the time limit in seconds of a cell without such a tag; None means no limit.
        startup_timeout: the time limit in seconds for the start of the kernel.
        seeding: code to execute before the first cell.
        base: as in ``environment``.

    Attributes:
        may_change: the indices of cells with a named display, which a later cell may update.
    """

    def __init__(
        self,
        notebook: NotebookNode,
        folder: Path,
        *,
        variables: Mapping[str, str] | None = None,
        kernel: str = THIS_ENVIRONMENT,
        timeout: float | None = None,
        startup_timeout: float = 60,
        seeding: str = "",
        base: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.may_change: set[int] = set()
        self._kernel, self._seeding = kernel, seeding
        self._environment = environment(self.folder, variables or {}, base)
        self._timeout = timeout
        self._runner = asyncio.Runner()
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop()
        super().__init__(
            notebook,
            km=self._manager(),
            log=_log,
            timeout_func=lambda cell: timeout_of(tags_of(cell), timeout),
            startup_timeout=math.ceil(startup_timeout),
            iopub_timeout=PATIENCE,
            raise_on_iopub_timeout=True,  # else what is late is lost
            record_timing=False,
        )
        if any("ipykernel" in part for part in Kernels().get_kernel_spec(kernel).argv):
            # The kernel's log is not an output of a cell; its history is not needed.
            self.extra_arguments = ["--log-level=ERROR", "--HistoryManager.hist_file=:memory:"]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the kernel, once more if another process took one of its ports.

        Raises:
            ExecutionError: it does not start, or the random numbers cannot be seeded.
        """
        for attempt in range(1, STARTS + 1):
            try:
                self._wait(self._start())
                return
            except ExecutionError:
                raise
            except RuntimeError as error:
                detail = self._last_words()
                if attempt == STARTS or not _PORT_IN_USE.search(detail):
                    raise ExecutionError(f"the kernel did not start: {error}", detail) from error
            self._words.truncate(self._words.seek(0))
            self.km = self._manager()

    def run(self, place: int) -> list[NotebookNode]:
        """Execute the code cell at an index of the notebook, unless a tag excludes it.

        Returns:
            Its outputs. If ``may_change`` has the index, later cells may change them.

        Raises:
            ExecutionError: the kernel died, the time limit was reached, or the cell raised an error
                without a tag that allows it.
        """
        cell, name = self.nb.cells[place], f"cell {number_of_cell(self.nb, place)}"
        cell.outputs, cell.execution_count = [], None
        self.allow_errors = may_raise(cell)
        self.shutdown_kernel = "immediate"  # unless the cell ends well
        try:
            self._wait(self._run(place))
        except CellExecutionError as error:
            lines = [line for one in cell.outputs for line in one.get("traceback", [])]
            reason = f"{name} failed with {error.ename}: {error.evalue}"
            raise ExecutionError(reason, ANSI.sub("", "\n".join(lines))) from error
        except DeadKernelError as error:
            raise ExecutionError(f"the kernel died in {name}", self._last_words()) from error
        except CellTimeoutError as error:
            reason = f"{name} ran for longer than {timeout_of(tags_of(cell), self._timeout):g} s"
            if "IOPub" in str(error):
                reason = f"{name} ended, but its output did not arrive within {PATIENCE} s"
            raise ExecutionError(reason) from error
        self.shutdown_kernel = "graceful"
        outputs: list[NotebookNode] = cell.outputs
        return outputs

    def stop(self, now: bool = False) -> None:
        """End the kernel; a second call does nothing.

        Args:
            now: whether to kill the kernel at once, even if its last cell succeeded.
        """
        if now:
            self.shutdown_kernel = "immediate"
        if not self._words.closed:
            try:
                self._wait(self._async_cleanup_kernel())
            finally:
                self._runner.close()
                self._words.close()

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Store the output of a message."""
        if display_id:
            self.may_change.add(cell_index)
        return super().output(outs, msg, display_id, cell_index)

    def _manager(self) -> AsyncKernelManager:
        return AsyncKernelManager(kernel_name=self._kernel, kernel_spec_manager=Kernels())

    async def _start(self) -> None:
        await self.async_start_new_kernel(
            cwd=str(self.folder),
            env=self._environment,
            stdout=self._words,
            stderr=self._words,
        )
        await self.async_start_new_kernel_client()
        if self._seeding:
            client = cast(AsyncKernelClient, self.kc)
            reply = await client.execute_interactive(
                self._seeding, silent=True, output_hook=lambda message: None, timeout=PATIENCE
            )
            told = reply["content"]
            if told["status"] != "ok":
                await self._async_cleanup_kernel()
                raise ExecutionError(
                    f"the seed was not set: {told.get('ename')}: {told.get('evalue')}",
                    ANSI.sub("", "\n".join(told.get("traceback", ()))),
                )

    async def _run(self, place: int) -> None:
        others = asyncio.all_tasks()
        try:
            await self.async_execute_cell(self.nb.cells[place], place)
        except DeadKernelError:
            task = asyncio.current_task()
            if task and task.cancelling():  # by Ctrl-C, which nbclient takes for a death
                raise asyncio.CancelledError from None
            raise
        finally:
            # The tasks that nbclient leaves after a failed cell.
            left = asyncio.all_tasks() - others
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            in_a_notebook = False
        else:
            in_a_notebook = True  # whose own loop runs in this thread
        if not in_a_notebook:
            return self._runner.run(coroutine)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._runner.run, coroutine).result()

    def _last_words(self) -> str:
        """The end of the output of the kernel's process."""
        self._words.seek(0)
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        return "\n".join(lines[-10:])

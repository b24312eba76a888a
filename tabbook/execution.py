"""The engine: a notebook's cells in a kernel of its own, to record their outputs or to check them.

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
from typing import IO, Any, Self, TypeVar

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tabbook.cells import may_raise, number_of_cell, tags_of, timeout_of
from tabbook.text import ANSI

T = TypeVar("T")

# The kernel of the environment that this process runs in, whatever kernels are installed.
THIS_ENVIRONMENT = ":this-environment"

# Seconds in which a cell that has ended must have sent all of its output.
PATIENCE = 60

# What a shell, a test runner or a CI service says about itself. Programs print another width, other
# colours or other warnings for it; with pytest's, ipykernel lets go what child processes print.
_CALLER = re.compile(
    r"PYTEST_.*|PY_COLORS|NO_COLOR|COV_CORE_.*|TOX_.*|JPY_.*"
    r"|CI|CONTINUOUS_INTEGRATION|GITHUB_ACTIONS|GITLAB_CI"
    r"|COLUMNS|LINES|JUPYTER_COLUMNS|JUPYTER_LINES|OLDPWD|SHLVL|_"
    r"|PYTHON(WARNINGS|DEVMODE|OPTIMIZE|STARTUP|INSPECT|UNBUFFERED|VERBOSE|FAULTHANDLER"
    r"|TRACEMALLOC|ASYNCIODEBUG|BREAKPOINT)"
)

# What nbclient says is said again, with the place, by the errors below.
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())
_log.propagate = False


class ExecutionError(RuntimeError):
    """A kernel did not start, or a cell not end as it should; nothing after it can be right.

    Attributes:
        reason: what happened, a clause that names the cell.
        detail: a traceback, or the last words of the kernel.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return "\n".join(filter(None, (f"{self.reason[0].upper()}{self.reason[1:]}", self.detail)))


def environment(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """A kernel's environment: this process's without what its caller says about itself.

    Args:
        folder: where the kernel starts.
        variables: what the book sets on top.
    """
    kept = {name: value for name, value in os.environ.items() if not _CALLER.fullmatch(name)}
    return {**kept, "PWD": str(folder), **variables}


class Kernels(KernelSpecManager):
    """The kernels that are installed, and ``THIS_ENVIRONMENT``."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The specification of a kernel.

        Raises:
            NoSuchKernel: there is none of that name.
        """
        if kernel_name == THIS_ENVIRONMENT:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())
        return super().get_kernel_spec(kernel_name)


class Execution(NotebookClient):
    """A notebook in a kernel of its own, which takes the outputs as its cells run.

    A context manager: the kernel starts on entry and ends on exit.

    Args:
        notebook: it is changed.
        folder: where the kernel starts.
        variables: environment variables for the kernel, on top of ``environment``.
        kernel: its name.
        timeout: the seconds that a cell may take whose tags do not say; None: no limit.
        startup_timeout: the seconds that the kernel may take to start.

    Attributes:
        may_change: the places of cells with a display that has a name: a later cell may update it.
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
    ) -> None:
        self.folder = folder.resolve()
        self.may_change: set[int] = set()
        self._variables, self._timeout = dict(variables or {}), timeout
        self._runner = asyncio.Runner()
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop()
        super().__init__(
            notebook,
            km=AsyncKernelManager(kernel_name=kernel, kernel_spec_manager=Kernels()),
            log=_log,
            timeout_func=lambda cell: timeout_of(tags_of(cell), timeout),
            startup_timeout=math.ceil(startup_timeout),
            iopub_timeout=PATIENCE,
            raise_on_iopub_timeout=True,  # else what is late is lost
            record_timing=False,
        )
        if any("ipykernel" in part for part in Kernels().get_kernel_spec(kernel).argv):
            # The kernel's own log is nothing that a cell prints; its history is of no use.
            self.extra_arguments = ["--log-level=ERROR", "--HistoryManager.hist_file=:memory:"]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the kernel.

        Raises:
            ExecutionError: it does not start.
        """
        try:
            self._wait(self._start())
        except RuntimeError as error:
            reason = f"the kernel did not start: {error}"
            raise ExecutionError(reason, self._last_words()) from error

    def run(self, place: int) -> list[NotebookNode]:
        """Run the code cell at a place of the notebook, unless its tags say that it is skipped.

        Returns:
            Its outputs; where ``may_change`` has the place, cells that run later may change them.

        Raises:
            ExecutionError: the kernel died, the time was up, or the cell raised though nothing says
                that it may.
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
                reason = f"{name} has ended, and its output not within {PATIENCE} s"
            raise ExecutionError(reason) from error
        self.shutdown_kernel = "graceful"
        outputs: list[NotebookNode] = cell.outputs
        return outputs

    def stop(self, now: bool = False) -> None:
        """End the kernel; a second call does nothing.

        Args:
            now: without the time to clean up, which a kernel has whose last cell ended well.
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
        """Store what a message shows."""
        if display_id:
            self.may_change.add(cell_index)
        return super().output(outs, msg, display_id, cell_index)

    async def _start(self) -> None:
        await self.async_start_new_kernel(
            cwd=str(self.folder),
            env=environment(self.folder, self._variables),
            stdout=self._words,
            stderr=self._words,
        )
        await self.async_start_new_kernel_client()

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
            # Those that nbclient leaves behind when a cell does not end well.
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
        """The end of what the kernel's process said for itself."""
        self._words.seek(0)
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        return "\n".join(lines[-10:])

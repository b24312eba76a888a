"""Notebooks and cells as pytest items: nbval collects them, and our engine executes them."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
from nbformat import NotebookNode, ValidationError
from nbformat.reader import NotJSONError
from nbval.plugin import IPyNbCell, IPyNbFile

from tabbook.cells import is_for_elsewhere, is_skipped, stated, tags_of
from tabbook.check import preflight
from tabbook.check.compare import Comparison, Tolerance, compare
from tabbook.config import book_of
from tabbook.execution import THIS_ENVIRONMENT, Execution, ExecutionError
from tabbook.text import first_line

# What a report lists of one cell, and what goes with it into JUnit's XML.
MOST_LISTED = 20


class CellError(Exception):
    """A cell failed; the message contains everything that a report needs."""


class NotebookFile(IPyNbFile):  # type: ignore[misc]  # nbval has no types
    """A notebook, executed by the engine that also records outputs.

    Attributes:
        problems: the problems that the pre-execution checks found.
        preflight: the test that fails if there are problems.
        framework_name, framework: the framework in the notebook's metadata, and its entry in the
            book's table.
        title: the name of the notebook in reports.
        bless: the command that accepts new outputs; empty if there is no source.
        ignored: the numbers of the cells that are not compared.
        stopped: the reason why the remaining cells are skipped; empty if they are not.
        unsettled: cells with a display that a later cell may update, their outputs, and a copy of
            the outputs if they were right; None if they were not.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.problems: list[str] = []
        self.title, self.bless = f"notebook {self.nodeid}", ""
        self.ignored: list[int] = []
        self.stopped = ""
        self.unsettled: list[
            tuple[NotebookCell, list[NotebookNode], list[NotebookNode] | None]
        ] = []
        self._execution: Execution | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the pre-execution checks, if they fail, and the code cells.

        Raises:
            CollectError: the file is not a notebook.
        """
        try:  # before nbval does, so that faults of nbval are not reported as faults of the file
            nbformat.validate(nbformat.read(self.path, as_version=4))
        except (NotJSONError, ValidationError, AttributeError) as error:
            # nbformat raises AttributeError for some invalid JSON
            cause = str(error).strip().split("\n")[0]
            raise self.CollectError(
                f"{self.path} is not a valid notebook ({cause}). Restore it from git, or create "
                "it again: python -m tabbook execute"
            ) from error
        cells = [
            NotebookCell.from_parent(
                self, name=cell.name, cell_num=cell.cell_num, cell=cell.cell, options=cell.options
            )
            for cell in super().collect()
            if not is_for_elsewhere(cell.cell)
        ]
        self.framework_name, self.framework = preflight.framework_of(self.path, self.nb)
        if name := self.framework_name:
            page = self.nb.metadata[book_of(self.path).key].get("page")
            self.title = f"page {page or self.path.stem}, framework {name}"
            self.bless = f"python -m tabbook bless --framework {name} {page}" if page else ""
        kernel = self.kernel_name
        self.problems = preflight.problems_of(
            self.path, None if kernel == THIS_ENVIRONMENT else kernel
        )
        self.ignored = [one.cell_num for one in cells if preflight.is_ignored(one.cell)]
        self.preflight = Preflight.from_parent(self, name="Preflight")
        if self.problems:
            yield self.preflight
        if cells:
            changes = preflight.version_changes(self.path, self.nb)
            cells[0].user_properties += [("version_change", change) for change in changes]
        yield from cells

    @property
    def kernel_name(self) -> str:
        """The kernel of the notebook's framework or from the options, else the notebook's."""
        options = self.config.option
        if self.framework and self.framework.kernel:
            return self.framework.kernel
        if options.nbval_current_env:
            return THIS_ENVIRONMENT
        own = self.nb.metadata.get("kernelspec", {}).get("name", NATIVE_KERNEL_NAME)
        return str(options.nbval_kernel_name or own)

    @property
    def _seed(self) -> int | None:
        seed: int | None = self.nb.metadata[book_of(self.path).key].get("seed")
        return seed

    def setup(self) -> None:
        """Read the patterns of ``--nbval-sanitize-with``; the first cell starts the kernel."""
        self.setup_sanitize_files()

    def teardown(self) -> None:
        """End the kernel."""
        if self._execution:
            self._execution.stop(now=True)

    def run(self, cell: "NotebookCell") -> tuple[list[NotebookNode], bool]:
        """Run a cell; return its outputs and whether later cells may change them.

        Raises:
            CellError: it failed, hung or killed the kernel. The cells after it are then skipped.
        """
        place = [i for i, one in enumerate(self.nb.cells) if one.cell_type == "code"][cell.cell_num]
        try:
            if self._execution is None:
                self._start()
            assert self._execution is not None
            outputs = self._execution.run(place)
        except ExecutionError as error:
            self.stopped = error.reason
            raise CellError(str(error)) from error
        return outputs, place in self._execution.may_change

    def _start(self) -> None:
        options, name = self.config.option, self.framework_name
        self._execution = Execution(
            copy.deepcopy(self.nb),  # a copy, so that stored outputs remain
            self.path.parent,
            variables=book_of(self.path).kernel_environment(name) if name else {},
            kernel=self.kernel_name,
            timeout=float(options.nbval_cell_timeout),
            startup_timeout=float(options.nbval_kernel_startup_timeout),
            seeding=self.framework.seeding(self._seed) if self.framework else "",
            base=options.environment_at_start,
        )
        self._execution.start()


class Preflight(pytest.Item):
    """The pre-execution checks as a test, which exists only if they fail."""

    parent: NotebookFile

    def runtest(self) -> None:
        raise CellError("\n".join(f"  {problem}" for problem in self.parent.problems))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        return f"{self.parent.title}: nothing was executed.\n{excinfo.value}"

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


class NotebookCell(IPyNbCell):  # type: ignore[misc]
    """A cell whose outputs are compared within the tolerances of its tags.

    Attributes:
        is_last: whether it is the last cell of the notebook in this run.
    """

    parent: NotebookFile
    is_last = False

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.tags = tags_of(self.cell)
        self.line = first_line(self.cell.source)
        ours = self.parent.nb.metadata.get(book_of(self.path).key, {})
        notebook = f"{self.path.parent.name}/{ours.get('page', self.path.stem)}"
        self.label = f"{notebook}, cell {self.cell_num}: {self.line}"
        self.user_properties.append(("cell", self.label))

    def setup(self) -> None:
        if self.parent.problems:
            pytest.skip("nothing of this notebook was executed")
        if self.parent.stopped:
            pytest.skip(self.parent.stopped)

    def runtest(self) -> None:
        """Run the cell, unless it is skipped, and compare its outputs, unless they are ignored.

        Raises:
            CellError: it failed, or its outputs differ from the stored ones. The last cell also
                fails for cells whose displays could be updated until then.
        """
        reason = stated(self.tags, "reason")
        skipped = self.options["skip"] or is_skipped(self.cell)
        failures = [] if skipped else [self._failure(reason)]
        if skipped:
            self.user_properties.append(("ignored", reason))
        if self.is_last:
            for cell, outputs, seen in self.parent.unsettled:
                if outputs != seen:
                    failures.append(cell._judge(cell._comparison(outputs), self))
        if any(failures):
            raise CellError("\n".join(filter(None, failures)))
        if skipped:
            pytest.skip(reason)

    def _failure(self, reason: str) -> str:
        """Execute the cell; return the differences from the stored outputs, empty if none."""
        outputs, may_change = self.parent.run(self)
        data = book_of(self.path).data
        if data.tag in self.tags and data.is_synthetic:
            self.user_properties.append(("not_compared", self.label))
            return ""
        if not self.options["check"]:
            self.user_properties.append(("ignored", reason or "--nbval-lax"))
            return ""
        result = self._comparison(outputs)
        if may_change:
            seen = None if result.differences else copy.deepcopy(outputs)
            self.parent.unsettled.append((self, outputs, seen))
            if result.differences:
                return ""
        return self._judge(result, self)

    def _comparison(self, outputs: list[NotebookNode]) -> Comparison:
        stored = self.cell.outputs
        if self.parent.sanitize_patterns:  # --nbval-sanitize-with
            stored, outputs = self.sanitize_outputs(stored), self.sanitize_outputs(outputs)
        return compare(stored, outputs, self._tolerance())

    def _tolerance(self) -> Tolerance:
        rtol, atol = (float(self.config.getini(f"output_{name}")) for name in ("rtol", "atol"))
        return Tolerance.of(self.tags, Tolerance(rtol, atol))

    def _judge(self, result: Comparison, on: "NotebookCell") -> str:
        """Store the result in the report of a cell; return the text of the failure, if any."""
        facts: list[tuple[str, object]] = [
            ("compared", result.verdict),
            ("numbers", result.numbers),
            ("worst_use_of_tolerance", round(result.worst, 3)),
        ]
        if result.worst_where:
            facts.append(("worst_at", f"{self.label}, {result.worst_where}"))
        facts += [("deviation", str(one)) for one in (result.differences + result.within)]
        on.user_properties += facts[: MOST_LISTED + 4]
        if not result.differences:
            return ""
        tolerance = self._tolerance()
        shown = [] if on is self else [f"  in cell {self.cell_num}: {self.line}"]
        shown += [f"  {difference}" for difference in result.differences[:MOST_LISTED]]
        if len(result.differences) > MOST_LISTED:
            shown.append(f"  … and {len(result.differences) - MOST_LISTED} more")
        shown.append(f"  (rtol {tolerance.rtol:g}, atol {tolerance.atol:g})")
        if self.parent.bless:
            shown.append(f"If the new output is right: {self.parent.bless}")
        return "\n".join(shown)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, CellError):
            return pytest.Item.repr_failure(self, excinfo, style)
        heading = f"{self.parent.title}, cell {self.cell_num}: {self.line}"
        return f"{heading}\n{excinfo.value}"

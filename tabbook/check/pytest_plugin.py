"""The pytest plugin that brings our idea of "the same output" to nbval.

Two lines of configuration: ``addopts = "-p tabbook.check.pytest_plugin --nbval"`` and, where the
default does not suit, ``output_rtol = "1e-4"``. nbval finds the notebooks and starts the kernels;
this file, the only one that knows nbval's insides, does the rest:

- Before a notebook runs, ``gate`` looks at it. If something is wrong with it, that is one failed
  test that says what, and its cells are skipped.
- Cells run as a front end runs them, so that ``;``, ``clear_output`` and ``update_display`` do what
  they do there. A kernel that dies is noticed at once, a cell that hangs when its time is up.
- Outputs are compared by ``regression``; a wrong one fails its cell, and the next cell runs. After
  a cell that raised, hung or killed the kernel nothing that follows can be right: the rest of the
  notebook is skipped, with that reason.
- A summary tells what was compared, how closely, and what was not.

Tags of a cell, besides nbval's: ``rtol=…``, ``atol=…``, ``timeout=SECONDS``, and ``reason=…``,
which a cell that nbval is told to ignore must have.
"""

import math
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager, NoSuchKernel
from nbformat import NotebookNode, ValidationError
from nbformat.reader import NotJSONError
from nbval.plugin import IPyNbCell, IPyNbFile, find_comment_markers, find_metadata_tags

from tabbook.check import compare as regression
from tabbook.config import Framework, book_of
from tabbook.pages import agreement
from tabbook.pages.source import SourceError, read_page

# Seconds: how often to see whether the kernel still lives, and how long it has to obey.
PULSE = 0.5
PATIENCE = 5.0

# Past this share of a tolerance the next processor may well be outside it.
HEADROOM = 0.5

# What a report lists of one cell, and what goes with it into JUnit's XML.
MOST_LISTED = 20


class CellError(Exception):
    """A cell did not do what it should; the message is all that a report needs."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tabbook", "notebooks with tolerances")
    group.addoption(
        "--framework",
        action="append",
        metavar="NAME",
        help="check this framework only (may be repeated; default: all)",
    )
    parser.addini("output_rtol", "default relative tolerance of printed floats", default="1e-5")
    parser.addini("output_atol", "default absolute tolerance of printed floats", default="1e-8")
    parser.addini("max_ignored_cells", "how many cells may be ignored in one run", default="0")


def pytest_configure(config: pytest.Config) -> None:
    # The cells of a notebook share a kernel; xdist's default would deal them out.
    if getattr(config.option, "dist", "no") not in ("no", "loadfile", "loadscope", "loadgroup"):
        config.option.dist = "loadfile"


def pytest_collectstart(collector: pytest.Collector) -> None:
    # nbval has no hooks; its own classes are made ours instead.
    if type(collector) is IPyNbFile:
        collector.__class__ = NotebookFile


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    frameworks = book_of(config.rootpath).frameworks
    wanted = config.getoption("framework") or list(frameworks)
    for name in wanted:
        if name not in frameworks:
            raise pytest.UsageError(
                f"--framework: unknown framework {name!r}. Expected one of: {', '.join(frameworks)}"
            )
    kept, deselected = [], []
    for item in items:
        name = _framework_of(item)
        if name and name not in wanted:
            deselected.append(item)
            continue
        if name and isinstance(item, NotebookCell) and not item.parent.table.supported:
            item.add_marker(pytest.mark.skip(reason=f"{name} has no build for this platform"))
        kept.append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
    items[:] = _gated(kept, int(config.getini("max_ignored_cells")))


def _gated(items: list[pytest.Item], most_ignored: int) -> list[pytest.Item]:
    """The items, with the gates of the notebooks that have one to pass and no others.

    Also where one cell alone was asked for: it must not run in a notebook that is not as it was.
    """
    files = {item.parent for item in items if isinstance(item, NotebookCell | Gate)}
    ignored = {file: file.ignored for file in files if file.ignored}
    count = sum(map(len, ignored.values()))
    if count > most_ignored:
        for file, cells in ignored.items():
            file.problems.append(
                f"cells {', '.join(map(str, cells))} are ignored; in all {count} are, and "
                f"max_ignored_cells allows {most_ignored}"
            )
    gated: list[pytest.Item] = []
    for item in items:
        if isinstance(item, NotebookCell | Gate) and item.parent in files:
            files.remove(item.parent)
            gated += [item.parent.gate] if item.parent.problems else []
        if not isinstance(item, Gate):
            gated.append(item)
    return gated


def _framework_of(item: pytest.Item) -> str | None:
    """The framework that a test is about: by its notebook's metadata, or by its parameter."""
    if isinstance(item, NotebookCell | Gate):
        return item.parent.framework if item.parent.table else None  # the gate tells of others
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    name = parameters.get("framework")
    known = book_of(item.config.rootpath).frameworks
    return name if isinstance(name, str) and name in known else None


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if isinstance(item, NotebookCell):
        item.is_last = nextitem is None or nextitem.parent is not item.parent


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# --- before anything runs -----------------------------------------------------------------------


def gate(path: Path, kernel: str | None = None) -> list[str]:
    """See whether a notebook is one that can be checked; run nothing.

    Args:
        path: the notebook. If it lies where the notebooks of a page lie, it must agree with that
            page's source.
        kernel: the name of the kernel that it will run in; None: there will be one.

    Returns:
        What is wrong, a sentence each; empty if nothing is.
    """
    notebook = nbformat.read(path, as_version=4)
    page, folder = _page_of(path, notebook), path.parent.name
    if isinstance(page, str):
        problems = [page]
    elif page is not None:
        problems = agreement.check(page, folder)
    else:
        problems = agreement.not_executed(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if code and not any(cell.outputs for cell in code):
        problems.append("no cell has an output: they were stripped, or it was never run")
    for number, cell in enumerate(code):
        tags = cell.metadata.get("tags", [])
        if _is_ignored(cell) and not _stated(tags, "reason"):
            problems.append(f'cell {number} is ignored without a reason: add the tag "reason=…"')
        try:
            regression.Tolerance.of(tags, regression.Tolerance())
            _timeout(tags, math.inf)
        except ValueError as error:
            problems.append(f"cell {number}: {error}")
    framework, table = _framework(path, notebook), _table(path, notebook)
    if framework and not table:
        expected = ", ".join(book_of(path).frameworks)
        problems.append(f"unknown framework {framework!r}. Expected one of: {expected}")
    if table and table.supported and not table.installed:
        problems.append(f"{table.label} is not installed. Run: {table.install_hint}")
    if kernel is not None:
        try:
            KernelSpecManager().get_kernel_spec(kernel)
        except NoSuchKernel:
            there = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
            problems.append(
                f"its kernel {kernel!r} is not installed (there are: {there}). "
                "Install it, or check with --nbval-current-env"
            )
    return problems


def _page_of(path: Path, notebook: NotebookNode) -> Any:
    """The page whose notebook this is; None: no page's; a text: what is wrong with the page."""
    source = path.parent.parent / f"{path.stem}.md"
    if path.parent.name not in book_of(path).frameworks or not source.exists():
        return None
    try:
        page = read_page(source)
    except SourceError as error:
        return str(error) if _framework(path, notebook) else None
    if path.parent.name in page.frameworks:
        return page
    return f"{source} has no {path.parent.name!r}: no source accounts for this notebook"


def _framework(path: Path, notebook: NotebookNode) -> str | None:
    """The framework that a notebook says it is for."""
    return notebook.metadata.get(book_of(path).key, {}).get("framework")


def _table(path: Path, notebook: NotebookNode) -> Framework | None:
    """What its book knows of that framework."""
    return book_of(path).frameworks.get(_framework(path, notebook) or "")


def _is_ignored(cell: NotebookNode) -> bool:
    with warnings.catch_warnings():  # nbval says it all again when it collects
        warnings.simplefilter("ignore")
        options = dict(find_metadata_tags(cell.metadata)) | dict(find_comment_markers(cell.source))
    return not options.get("check", True) or options.get("skip", False)


def _stated(tags: Iterable[str], name: str) -> str:
    """What a tag such as ``reason=…`` says; empty where there is none."""
    return next((tag.partition("=")[2].strip() for tag in tags if tag.startswith(f"{name}=")), "")


def _timeout(tags: Iterable[str], default: float) -> float:
    text = _stated(tags, "timeout")
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise ValueError(f"Expected a number of seconds in the tag 'timeout={text}'.")
    return seconds


def _version_changes(path: Path, notebook: NotebookNode) -> list[str]:
    """How the versions that a notebook was made with differ from those that are here."""
    book = book_of(path)
    recorded = notebook.metadata.get(book.key, {}).get("versions", {})
    here = book.versions(_framework(path, notebook))
    return [
        f"{name} {recorded.get(name, 'none')} recorded, {here.get(name, 'none')} installed"
        for name in sorted(recorded.keys() | here.keys() if recorded else [])
        if recorded.get(name) != here.get(name)
    ]


class Gate(pytest.Item):
    """The test that a notebook may run at all; it is there only if that fails."""

    parent: "NotebookFile"

    def runtest(self) -> None:
        raise CellError("\n".join(f"  {problem}" for problem in self.parent.problems))

    def repr_failure(self, excinfo, style=None) -> str:
        return f"{self.parent.title}: nothing was run.\n{excinfo.value}"

    def reportinfo(self):
        return self.path, 0, self.name


# --- running ------------------------------------------------------------------------------------


class NotebookFile(IPyNbFile):
    """A notebook whose kernel starts in the environment that its outputs were made in.

    Attributes:
        problems: what the gate has found.
        ignored: the numbers of the cells that are not compared.
        stopped: why the cells that are left are not run; empty while they are.
        displays: what was displayed under a name, and may still be updated.
        waiting: cells whose displays may still become what is stored.
    """

    def collect(self) -> Iterator[pytest.Item]:
        try:  # before nbval does, so that no mistake of its own is taken for one of the file
            nbformat.validate(nbformat.read(self.path, as_version=4))
        except (NotJSONError, ValidationError, AttributeError) as error:
            # nbformat looks for attributes in whatever the JSON is
            cause = str(error).strip().split("\n")[0]
            raise self.CollectError(
                f"{self.path} is not a whole notebook ({cause}). Take it from git again, or make "
                "it anew: python -m tabbook execute"
            ) from error
        cells = list(super().collect())
        options = self.config.option
        kernel = None
        if not options.nbval_current_env:
            kernel = options.nbval_kernel_name or self.nb.metadata.get("kernelspec", {}).get(
                "name", NATIVE_KERNEL_NAME
            )
        self.problems = gate(self.path, kernel)
        self.ignored: list[int] = []
        self.stopped = ""
        self.displays: defaultdict[str, list[NotebookNode]] = defaultdict(list)
        self.waiting: list[tuple[NotebookCell, list[NotebookNode]]] = []
        self.gate = Gate.from_parent(self, name="Gate")
        if self.problems:
            yield self.gate
        for number, cell in enumerate(cells):
            cell.__class__ = NotebookCell
            cell.user_properties.append(("cell", cell.label))
            if number == 0:
                changes = _version_changes(self.path, self.nb)
                cell.user_properties += [("version_change", change) for change in changes]
            if _is_ignored(cell.cell):
                self.ignored.append(number)
            yield cell

    @property
    def framework(self) -> str | None:
        return _framework(self.path, self.nb)

    @property
    def table(self) -> Framework | None:
        return _table(self.path, self.nb)

    @property
    def title(self) -> str:
        if not self.framework:
            return f"notebook {self.nodeid}"
        page = self.nb.metadata[book_of(self.path).key].get("page", self.path.stem)
        return f"page {page}, framework {self.framework}"

    @property
    def bless(self) -> str:
        """The command that stores the new outputs; empty for a notebook that has no source."""
        page = self.nb.metadata.get(book_of(self.path).key, {}).get("page")
        if not self.framework or not page:
            return ""
        return f"python -m tabbook bless --framework {self.framework} {page}"

    def setup(self) -> None:
        if self.problems:
            return  # nothing will run
        with _environment(
            book_of(self.path).kernel_environment(self.framework) if self.framework else {}
        ):
            super().setup()

    def stop(self, reason: str) -> None:
        """Run no more cells."""
        self.stopped = reason

    def execute(self, cell: "NotebookCell", timeout: float) -> list[NotebookNode]:
        """Run a cell and gather its outputs as a front end would.

        Raises:
            CellError: the kernel died, the time was up, or the cell raised though nothing said
                that it would. The cells after it are then not run.
        """
        outputs: list[NotebookNode] = []
        client = self.kernel.kc
        # With history, so that a trailing `;` keeps quiet and Out[1] is there.
        request = client.execute(
            cell.cell.source, store_history=True, allow_stdin=False, stop_on_error=False
        )
        too_long = f"cell {cell.cell_num} ran for longer than {timeout:g} s"
        end, late, clear_next = time.monotonic() + timeout, False, False
        while True:
            if time.monotonic() > end:
                if late:
                    self._give_up(too_long)
                late, end = True, time.monotonic() + PATIENCE
                self.kernel.interrupt()
            try:
                message = client.get_iopub_msg(timeout=PULSE)
            except Empty:
                if not self.kernel.is_alive():
                    self._give_up(f"the kernel died in cell {cell.cell_num}")
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            name = content.get("transient", {}).get("display_id")
            if kind == "status" and content["execution_state"] == "idle":
                break
            if kind == "clear_output":
                clear_next = content["wait"]
                if not clear_next:
                    outputs.clear()
            elif kind in ("stream", "display_data", "execute_result", "error"):
                if clear_next:
                    outputs.clear()
                    clear_next = False
                outputs.append(nbformat.v4.output_from_msg(message))
            if name:
                for shown in self.displays[name]:
                    shown.data, shown.metadata = (
                        nbformat.from_dict(content[key]) for key in ("data", "metadata")
                    )
                if kind != "update_display_data":
                    self.displays[name].append(outputs[-1])
        if late:
            self._give_up(too_long)
        self._see_that_it_went_well(cell, request, outputs)
        return outputs

    def _see_that_it_went_well(self, cell: "NotebookCell", request: str, outputs) -> None:
        reply: dict[str, Any] = {"parent_header": {}}
        try:
            while reply["parent_header"].get("msg_id") != request:
                reply = self.kernel.kc.get_shell_msg(timeout=PATIENCE)
        except Empty:
            self._give_up(f"the kernel died in cell {cell.cell_num}")
        if reply["content"]["status"] != "error" or cell.options["check_exception"]:
            return
        error = f"{reply['content'].get('ename')}: {reply['content'].get('evalue')}"
        traceback = "\n".join(
            line for output in outputs if output.output_type == "error" for line in output.traceback
        )
        # An unknown magic is an error that raises nothing: the rest of its cell never ran.
        self.stop(f"cell {cell.cell_num} failed with {error}")
        raise CellError(
            regression.ANSI.sub("", f"The cell failed with {error}\n{traceback}".rstrip())
        )

    def _give_up(self, reason: str) -> None:
        """End the kernel, which may hang or be dead, and with it this notebook's check."""
        self.stop(reason)
        self.kernel.stop()
        raise CellError(f"{reason[0].upper()}{reason[1:]}; the cells after it were not run.")


class NotebookCell(IPyNbCell):
    """A cell whose outputs are compared within the tolerances that its tags state."""

    is_last = False

    @property
    def tags(self) -> list[str]:
        return self.cell.metadata.get("tags", [])

    @property
    def first_line(self) -> str:
        return next((line for line in self.cell.source.split("\n") if line.strip()), "").strip()

    @property
    def label(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}, cell {self.cell_num}: {self.first_line}"

    def setup(self) -> None:
        if self.parent.problems:
            pytest.skip("nothing of this notebook was run")
        if self.parent.stopped:
            pytest.skip(self.parent.stopped)

    def runtest(self) -> None:
        if self.options["skip"]:
            self.user_properties.append(("ignored", _stated(self.tags, "reason")))
            self._judge_those_waiting()
            pytest.skip(_stated(self.tags, "reason"))
        timeout = _timeout(self.tags, float(self.config.option.nbval_cell_timeout))
        outputs = self.parent.execute(self, timeout)
        data = book_of(self.path).data
        if data.tag in self.tags and data.is_synthetic:
            self.user_properties.append(("not_compared", self.label))
        elif not self.options["check"]:
            reason = _stated(self.tags, "reason") or "--nbval-lax"
            self.user_properties.append(("ignored", reason))
        else:
            self._compare(outputs)
        self._judge_those_waiting()

    def _judge_those_waiting(self) -> None:
        if self.is_last:
            for cell, outputs in self.parent.waiting:
                cell._judge(cell._comparison(outputs), self)

    def _compare(self, outputs: list[NotebookNode]) -> None:
        result = self._comparison(outputs)
        named = [id(output) for shown in self.parent.displays.values() for output in shown]
        if result.differences and any(id(output) in named for output in outputs):
            # A later cell may update the display, in the stored notebook too.
            self.parent.waiting.append((self, outputs))
        else:
            self._judge(result, self)

    def _comparison(self, outputs: list[NotebookNode]) -> regression.Comparison:
        stored = self.cell.outputs
        if self.parent.sanitize_patterns:  # --nbval-sanitize-with
            stored, outputs = self.sanitize_outputs(stored), self.sanitize_outputs(outputs)
        return regression.compare(stored, outputs, self._tolerance())

    def _tolerance(self) -> regression.Tolerance:
        default = regression.Tolerance(
            *(float(self.config.getini(f"output_{name}")) for name in ("rtol", "atol"))
        )
        return regression.Tolerance.of(self.tags, default)

    def _judge(self, result: regression.Comparison, on: "NotebookCell") -> None:
        """Keep what was found with the report of a cell, and fail if the outputs differ."""
        facts: list[tuple[str, object]] = [
            ("compared", result.verdict),
            ("numbers", result.numbers),
            ("worst_use_of_tolerance", round(result.worst, 3)),
        ]
        if result.worst_where:
            facts.append(("worst_at", f"{self.label}, {result.worst_where}"))
        facts += [("deviation", str(one)) for one in (result.differences + result.within)]
        on.user_properties += facts[: MOST_LISTED + 4]
        if result.differences:
            tolerance = self._tolerance()
            shown = [f"  {difference}" for difference in result.differences[:MOST_LISTED]]
            if len(result.differences) > len(shown):
                shown.append(f"  … and {len(result.differences) - len(shown)} more")
            shown.append(f"  (rtol {tolerance.rtol:g}, atol {tolerance.atol:g})")
            if self.parent.bless:
                shown.append(f"If the new output is right: {self.parent.bless}")
            place = "" if on is self else f"  in cell {self.cell_num}: {self.first_line}\n"
            raise CellError(place + "\n".join(shown))

    def reportinfo(self):
        return self.path, 0, self.name

    def repr_failure(self, excinfo, style=None) -> Any:
        if not isinstance(excinfo.value, CellError):
            return pytest.Item.repr_failure(self, excinfo, style)
        heading = f"{self.parent.title}, cell {self.cell_num}: {self.first_line}"
        return f"{heading}\n{excinfo.value}"


# --- the summary --------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # All from the reports, which hold what worker processes found, too.
    reports = [
        (report, facts)
        for outcome in ("passed", "failed", "skipped", "error")
        for report in terminalreporter.stats.get(outcome, [])
        if (facts := _facts(report)) and "cell" in facts
    ]
    if not reports:
        return
    # Workers finish when they do; the summary is the same.
    reports.sort(key=lambda pair: (pair[0].nodeid.rpartition(" ")[0], _number(pair[0].nodeid)))
    terminalreporter.section("notebooks")
    for line in _summary(reports):
        terminalreporter.line(line)
    left_out = [text for _, facts in reports for text in facts["not_compared"]]
    if left_out:
        data = book_of(terminalreporter.config.rootpath).data
        terminalreporter.section("not compared")
        terminalreporter.line(
            f"{data.name} could not be had, so synthetic data took its place: {len(left_out)} "
            f"cells ran, and their outputs were not compared. Set {data.variable} to a folder "
            "that has it to compare them."
        )
        for line in left_out:
            terminalreporter.line(f"  {line}")


def _facts(report: Any) -> defaultdict[str, list[Any]]:
    facts: defaultdict[str, list[Any]] = defaultdict(list)
    for name, value in getattr(report, "user_properties", []):
        facts[name].append(value)
    return facts


def _number(nodeid: str) -> int:
    return int(nodeid.rpartition(" ")[2])


def _summary(reports: Sequence[tuple[Any, Mapping[str, list[Any]]]]) -> Iterator[str]:
    verdicts = [verdict for _, facts in reports for verdict in facts["compared"]]
    numbers = sum(number for _, facts in reports for number in facts["numbers"])
    counts = [
        f"{verdicts.count(kind)} {kind}" for kind in ("exact", "within tolerance", "different")
    ]
    yield f"{len(verdicts)} cells compared, {numbers} numbers: {', '.join(counts)}"
    uses = [
        (facts["worst_use_of_tolerance"][0], facts["worst_at"][0])
        for _, facts in reports
        if facts["worst_at"]
    ]
    if uses:
        use, where = max(uses, key=lambda pair: pair[0])
        yield f"worst use of a tolerance: {use:.0%} ({where})"
    for use, where in uses:
        if use > HEADROOM:
            yield f"warning: less than a factor of 2 left, {use:.0%} used: {where}"
    for _, facts in reports:
        for reason in facts["ignored"]:
            yield f"ignored: {facts['cell'][0]} ({reason})"
    skipped: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for report, facts in reports:
        if report.outcome == "skipped" and not facts["ignored"]:
            reason = report.longrepr[2].removeprefix("Skipped: ")
            notebook = facts["cell"][0].partition(",")[0]
            skipped[notebook, reason].append(str(_number(report.nodeid)))
    for (notebook, reason), cells in skipped.items():
        yield f"skipped: {notebook}, cells {', '.join(cells)}: {reason}"
    changes: defaultdict[str, list[str]] = defaultdict(list)
    for _, facts in reports:
        for change in facts["version_change"]:
            changes[change].append(facts["cell"][0].partition(",")[0])
    for change, where in sorted(changes.items()):
        yield f"version: {change} ({', '.join(where)})"

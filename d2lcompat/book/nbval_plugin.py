"""The pytest plugin that brings our idea of "the same output" to nbval.

Load it with ``-p d2lcompat.book.nbval_plugin --nbval``. It is the only file that knows nbval's
insides: it makes nbval's cells compare with ``regression`` and its kernels start in the
environment in which the notebooks were executed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from d2lcompat._frameworks import FRAMEWORKS
from d2lcompat.book import notebooks, regression

# A cell so tagged depends on the data set: where only the made-up one is, it can't be compared.
DATA_TAG = "fashion-mnist"

not_compared = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("d2lcompat", "notebooks with tolerances")
    group.addoption(
        "--framework",
        action="append",
        choices=list(FRAMEWORKS),
        help="check this framework only (may be repeated; default: all)",
    )
    parser.addini("output_rtol", "default relative tolerance of printed floats", default="1e-5")
    parser.addini("output_atol", "default absolute tolerance of printed floats", default="1e-8")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[not_compared] = []


def pytest_collectstart(collector: pytest.Collector) -> None:
    # nbval has no hook for a kernel's environment; its own classes are made ours instead.
    if type(collector) is IPyNbFile:
        collector.__class__ = NotebookFile


def pytest_itemcollected(item: pytest.Item) -> None:
    if type(item) is IPyNbCell:
        item.__class__ = NotebookCell


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("framework") or list(FRAMEWORKS)
    kept, deselected = [], []
    for item in items:
        name = _framework_of(item)
        if name and name not in wanted:
            deselected.append(item)
            continue
        if name and isinstance(item, NotebookCell) and not FRAMEWORKS[name].supported:
            item.add_marker(pytest.mark.skip(reason=f"{name} has no build for this platform"))
        kept.append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = kept


def _framework_of(item: pytest.Item) -> str | None:
    """The framework that a test is about: by its notebook's metadata, or by its parameter."""
    if isinstance(item, NotebookCell):
        return item.parent.nb.metadata.get("d2lcompat", {}).get("framework")
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    name = parameters.get("framework")
    return name if isinstance(name, str) and name in FRAMEWORKS else None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    # The reports hold what worker processes found, too.
    left_out = [
        f"{Path(report.fspath).parent.name}/{Path(report.fspath).stem}, {value}"
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "not_compared"
    ]
    if left_out:
        terminalreporter.section("not compared")
        terminalreporter.line(
            f"Fashion-MNIST could not be had, so made-up garments took its place: {len(left_out)} "
            "cells ran, and their outputs were not compared. Set D2LCOMPAT_DATA to a folder with "
            "the four files to compare them."
        )
        for line in left_out:
            terminalreporter.line(f"  {line}")


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


class NotebookFile(IPyNbFile):
    """A notebook whose kernel starts in the environment that its outputs were made in."""

    def setup(self) -> None:
        framework = self.nb.metadata.get("d2lcompat", {}).get("framework")
        with _environment(notebooks.kernel_environment(framework) if framework else {}):
            super().setup()


class NotebookCell(IPyNbCell):
    """A cell whose outputs are compared within the tolerances that its tags state."""

    def runtest(self) -> None:
        tags = self.cell.metadata.get("tags", [])
        if DATA_TAG in tags and os.environ.get("D2LCOMPAT_DATA") == "synthetic":
            self.options["check"] = False
            first_line = self.cell.source.strip().split("\n")[0]
            self.user_properties.append(("not_compared", f"cell {self.cell_num}: {first_line}"))
        super().runtest()

    def compare_outputs(self, test, ref, skip_compare=None) -> bool:
        default = regression.Tolerance(
            *(float(self.config.getini(f"output_{name}")) for name in ("rtol", "atol"))
        )
        tolerance = regression.Tolerance.of(self.cell.metadata.get("tags", []), default)
        result = regression.compare(ref, test, tolerance)
        self.user_properties.append(("worst_use_of_tolerance", round(result.worst, 3)))
        shown = [f"  {difference}" for difference in result.differences[:20]]
        if len(result.differences) > len(shown):
            shown.append(f"  … and {len(result.differences) - len(shown)} more")
        self.comparison_traceback = shown
        return not result.differences

    def repr_failure(self, excinfo) -> str:
        stated = self.parent.nb.metadata.get("d2lcompat", {})
        place = f"page {stated.get('page', self.path.stem)}"
        command = ""
        if "framework" in stated:
            place += f", framework {stated['framework']}"
            command = (
                "If the new output is right: python -m d2lcompat.book execute "
                f"--framework {stated['framework']} {stated['page']}"
            )
        first_line = self.cell.source.strip().split("\n")[0]
        heading = f"{place}, cell {self.cell_num}: {first_line}"
        return f"{heading}\n{super().repr_failure(excinfo)}\n{command}"

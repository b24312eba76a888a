"""The pytest plugin that makes nbval compare outputs within tolerances.

It needs one or two lines of configuration: ``addopts = "-p tabbook.check.pytest_plugin --nbval"``
and, if you change the default, ``output_rtol = "1e-4"``. nbval finds the notebooks and reads its
options. Then:

- Before a notebook is executed, `preflight` checks it. If it finds problems, one failed test lists
  them, and the cells of the notebook are skipped.
- Cells are executed by the engine that also records outputs, `tabbook.execution`, in the
  environment in which pytest was started. A dead kernel is reported at once, and a cell that hangs
  is reported at its time limit.
- Outputs are compared by `compare`. A wrong output fails its cell, and the next cell is executed.
  After a cell that raised an error, hung or killed the kernel, the rest of the notebook is skipped
  for this reason.
- `report` prints a summary: which outputs were compared, how closely, and which were not.

Additional tags of a cell are ``rtol=…``, ``atol=…``, ``slow`` (skipped with ``--skip-slow``), and
``reason=…``, which a cell needs if it is not executed or not compared.
"""

import argparse
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from nbval.plugin import IPyNbFile

from tabbook.check import report
from tabbook.check.compare import Tolerance
from tabbook.check.items import NotebookCell, NotebookFile, Preflight
from tabbook.config import book_of

# Cells with this tag take long, or need the result of such a cell. Other cells do not need them.
SLOW = "slow"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tabbook", "notebooks with tolerances")
    group.addoption(
        "--framework",
        action="append",
        metavar="NAME",
        help="check only this framework (can be repeated; default: all)",
    )
    group.addoption(
        "--skip-slow",
        action="store_true",
        help=f"skip the cells tagged {SLOW!r}, and the tests with this marker",
    )
    # Not for users: what other plugins and conftest.py set from now on is not for kernels.
    group.addoption(
        "--environment-at-start",
        action="store_const",
        const=None,
        default=dict(os.environ),
        help=argparse.SUPPRESS,
    )
    default = Tolerance()
    for name, kind in (("rtol", "relative"), ("atol", "absolute")):
        text = f"default {kind} tolerance of printed floats"
        parser.addini(f"output_{name}", text, default=f"{getattr(default, name):g}")
    parser.addini(
        "max_ignored_cells", "the largest number of ignored cells in one run", default="0"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    # A worker of pytest-xdist starts in the environment that its parent has by now.
    node.workerinput["environment_at_start"] = node.config.option.environment_at_start


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.option.environment_at_start = config.workerinput["environment_at_start"]
    config.addinivalue_line("markers", f"{SLOW}: takes long; `--skip-slow` skips it")
    config.addinivalue_line("markers", "framework: runs a framework; `--framework` chooses which")
    asked = config.getoption("framework") or []
    book = book_of(config.rootpath)
    config.option.framework = [book.framework_id(name) for name in asked]
    # The cells of a notebook share a kernel; xdist's default would deal them out.
    if getattr(config.option, "dist", "no") not in ("no", "loadfile", "loadscope", "loadgroup"):
        config.option.dist = "loadfile"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Skip the built book, which contains copies of the notebooks."""
    is_built = (
        collection_path.name == "_build" and (collection_path.parent / "_config.yml").exists()
    )
    return True if is_built else None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    # nbval says what is a notebook to check; it is collected as ours instead.
    return [
        NotebookFile.from_parent(parent, path=file_path) if type(one) is IPyNbFile else one
        for one in (yield)
    ]


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, NotebookCell) and SLOW in item.tags:
        item.add_marker(SLOW)
    if _framework_of(item):
        item.add_marker("framework")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Notebooks may be of another book than the folder in which pytest has its settings
    found = filter(None, map(_framework_of, items))
    frameworks = [*dict.fromkeys([*book_of(config.rootpath).frameworks, *found])]
    wanted = config.getoption("framework") or frameworks
    for name in wanted:
        if name not in frameworks:
            raise pytest.UsageError(
                f"--framework: unknown framework {name!r}. Expected one of: {', '.join(frameworks)}"
            )
    kept, deselected = [], []
    for item in items:
        name = _framework_of(item)
        too_slow = config.getoption("skip_slow") and item.get_closest_marker(SLOW)
        if too_slow or (name and name not in wanted):
            deselected.append(item)
            continue
        framework = item.parent.framework if isinstance(item, NotebookCell) else None
        if framework and not framework.supported:
            item.add_marker(pytest.mark.skip(reason=f"{name} has no build for this platform"))
        kept.append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
    items[:] = _with_preflights(kept, int(config.getini("max_ignored_cells")))


def _with_preflights(items: list[pytest.Item], most_ignored: int) -> list[pytest.Item]:
    """The items, and the failing pre-execution checks of their notebooks.

    The checks also apply if only one cell was selected, so that it does not run in a changed
    notebook.
    """
    files = {item.parent for item in items if isinstance(item, NotebookCell | Preflight)}
    ignored = {file: file.ignored for file in files if file.ignored}
    count = sum(map(len, ignored.values()))
    if count > most_ignored:
        for file, cells in ignored.items():
            file.problems.append(
                f"cells {', '.join(map(str, cells))} are ignored; in all {count} are, and "
                f"max_ignored_cells allows {most_ignored}"
            )
    chosen: list[pytest.Item] = []
    for item in items:
        if isinstance(item, NotebookCell | Preflight) and item.parent in files:
            files.remove(item.parent)
            chosen += [item.parent.preflight] if item.parent.problems else []
        if not isinstance(item, Preflight):
            chosen.append(item)
    return chosen


def _framework_of(item: pytest.Item) -> str | None:
    """The framework of a test, from its notebook's metadata or from its parameter."""
    if isinstance(item, NotebookCell | Preflight):
        # The pre-execution checks report an unknown framework.
        return item.parent.framework_name if item.parent.framework else None
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    name = parameters.get("framework")
    known = book_of(item.config.rootpath).frameworks
    return name if isinstance(name, str) and name in known else None


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if isinstance(item, NotebookCell):
        item.is_last = nextitem is None or nextitem.parent is not item.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    report.write(terminalreporter)

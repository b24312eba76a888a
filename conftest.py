"""What all tests share, those in tests/ and the notebooks in chapters/: the data they run on, and
the table of what each folder of them cost."""

import functools
import json
import os
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
from nbval.plugin import IPyNbCell

from tabbook.config import book_of


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for the data, and download it, if a test that is going to run asks for it. Where it
    can't be had, go on with synthetic data; the last lines then say what was not compared.

    Each worker of pytest-xdist decides for itself: they start before anything is collected. One of
    them downloads, the others wait for it.
    """
    data = book_of(session.config.rootpath).data
    if session.config.option.collectonly or os.environ.get(data.variable):
        return
    if not any(_asks_for(item, data.tag) for item in session.items):
        return
    from d2lcompat import _data

    try:
        _data.fashion_mnist()
    except OSError:
        os.environ[data.variable] = data.synthetic


def _asks_for(item: pytest.Item, tag: str) -> bool:
    if isinstance(item, IPyNbCell):
        return _has_tag(item.path, tag)
    return item.get_closest_marker("data") is not None


@functools.cache
def _has_tag(notebook: Path, tag: str) -> bool:
    """Whether a cell of a notebook has the tag: those without it may need what such a cell made."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return any(tag in cell["metadata"].get("tags", []) for cell in cells)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seconds: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = "/".join(PurePosixPath(report.nodeid.partition("::")[0]).parts[:2])
                seconds[folder] += report.duration
                tests[folder] += report.when == "call"
    if seconds.total() > 60:
        terminalreporter.section("cost")
        for folder, cost in seconds.most_common():
            terminalreporter.line(f"{cost:7.0f} s  {tests[folder]:5d} tests  {folder}")
        terminalreporter.line(f"{seconds.total():7.0f} s in all workers together")

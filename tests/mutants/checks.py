"""The check of notebooks that stand elsewhere, by pytest in a fork, and what it said."""

import os
import random
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from copies import REPOSITORY
from output_cache import cached
from processes import forked

from tabbook import config
from tabbook.check import items, pytest_plugin

BOOK = config.book_of(REPOSITORY)


@dataclass(frozen=True)
class Verdict:
    """What a check said.

    Attributes:
        failed: whether it failed.
        cells: how many cells failed.
        by: ``preflight``, ``comparison`` or ``error``; empty where nothing failed.
        where: the first thing that failed, and the beginning of what was said about it.
        facts: what the check noted of every cell, ``(name, value)``.
        seconds: how long it took.
        log: all that was printed.
    """

    failed: bool
    cells: int
    by: str
    where: str
    facts: list
    seconds: float
    log: str


class _Recorder:
    """A pytest plugin that keeps what failed."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []
        self.facts: list = []

    def pytest_runtest_logreport(self, report) -> None:
        if report.when == "call":
            self.facts += report.user_properties
        self._keep(report)

    def pytest_collectreport(self, report) -> None:
        self._keep(report)

    def _keep(self, report) -> None:
        if report.failed:
            self.failures.append((report.nodeid, str(report.longrepr)))


def check(
    chapters: Path,
    framework: str,
    *,
    plain: bool = False,
    environment: Mapping[str, str | None] = {},
    timeout: int = 900,
    first_only: bool = True,
    shuffled: int | None = None,
    kept: Path | None = None,
) -> Verdict:
    """Check the notebooks in a folder, in a process of its own.

    Args:
        plain: with plain nbval. It is given the environment in which the notebooks were executed,
            too, without which it would hardly pass a cell.
        environment: variables for the kernel, over those of the record.
        timeout: seconds that a cell may take.
        first_only: stop at the first failure.
        shuffled: the seed of the order of the notebooks; None: that of their names.
        kept: a folder for outputs; see `output_cache.cached`.
    """
    variables = {**BOOK.kernel_environment(framework), **environment}
    if "PYTHONPATH" in variables:
        paths = (variables["PYTHONPATH"], os.environ.get("PYTHONPATH"))
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    settings = REPOSITORY / "pyproject.toml"
    if plain:
        settings = chapters / "plain.ini"
        settings.write_text("[pytest]\naddopts = --nbval --nbval-current-env\n")
    command = ["-c", str(settings), f"--rootdir={chapters}", "-p", "no:cacheprovider", "--color=no"]
    # What has nothing to say here, and takes longer than the notebook to say it.
    command += ["--assert=plain", "-p", "no:hypothesispytest", "-p", "no:unraisableexception"]
    command += [f"--nbval-cell-timeout={timeout}", *(["-x"] if first_only else [])]

    notebooks_there = sorted(chapters.glob("*/*.ipynb")) or [chapters]
    if shuffled is not None:
        random.Random(shuffled).shuffle(notebooks_there)

    def run() -> dict:
        os.chdir(chapters)
        os.environ.update(variables)
        # The check sets the record's environment itself: what is to differ must come after it.
        config.Book.kernel_environment = lambda self, _: variables
        if kept:
            items.Execution = cached(kept)
        recorder = _Recorder()
        status = pytest.main([*command, *map(str, notebooks_there)], plugins=[recorder])
        return {"status": int(status)} | vars(recorder)

    begin = time.monotonic()
    log = chapters / ("plain.log" if plain else "check.log")
    result = forked(run, log)
    seconds = round(time.monotonic() - begin, 1)
    printed = log.read_text(errors="replace")
    if result is None:
        return Verdict(True, 1, "error", "the check itself ended", [], seconds, printed)
    failures, failed = result["failures"], result["status"] != 0
    # Status 5: there was nothing to check. That is no success either.
    where, text = failures[0] if failures else ("", f"pytest ended with {result['status']}")
    where = f"{where.rpartition('/')[2]}: {text[:400]}" if failed else ""
    by = _classified(text) if failed else ""
    return Verdict(failed, len(failures), by, where, result["facts"], seconds, printed)


def _classified(text: str) -> str:
    if re.search(r"failed with|kernel died|longer than|execution caused|Timeout|dead", text):
        return "error"
    return "comparison" if re.search(r"stored .* new |outputs differ", text, re.S) else "preflight"


def cannot_run(frameworks: Iterable[str] = (), report: Path | None = None) -> str:
    """Why nothing can be checked here; empty if it can. The stored outputs are of real data.

    Args:
        frameworks: which are to be used.
        report: the file that is to be written in the end.
    """
    from d2lcompat import _data

    for table in map(BOOK.framework, frameworks):
        if not table.installed:
            return f"{table.label} is not installed. Run: {table.install_hint}"
    if report and not report.parent.is_dir():
        return f"Expected a folder for {report}, found none."
    try:
        synthetic = _data.fashion_mnist().synthetic
    except OSError as error:
        return str(error)
    return (
        "D2LCOMPAT_DATA names the synthetic data; the stored outputs are of the real ones"
        * synthetic
    )


assert pytest_plugin  # loaded here, so that no fork has to

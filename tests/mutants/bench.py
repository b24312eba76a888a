"""The bench on which notebooks are checked: copies in a folder of their own, and pytest in a fork.

Ten epochs take a minute and show nothing that twenty steps do not, so a notebook is *trimmed*
first: page and notebook lose the cells tagged ``slow``: those that train so long, and those that
need their results.
"""

import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from keeping import keeping

from tabbook import config
from tabbook.check import items, pytest_plugin
from tabbook.pages import notebooks, record, source

REPOSITORY = Path(__file__).parents[2]
BOOK = config.book_of(REPOSITORY)
CHAPTERS = REPOSITORY / "chapters"
# This book's, for copies of its pages elsewhere
CONFIGURATION = (
    (REPOSITORY / config.FILE)
    .read_text(encoding="utf-8")
    .replace('frameworks = "', f'frameworks = "{REPOSITORY}/')
)
BLOCK = re.compile(r"^```\{code-cell\}.*?^```\n", re.DOTALL | re.MULTILINE)
SLOW = re.compile(r"^:tags: \[.*\bslow\b.*\]$", re.MULTILINE)
# Long enough for a whole notebook on a busy machine.
PATIENCE = 900.0


class DoesNotApply(Exception):
    """A fault's text is not where its declaration says."""


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


# --- pages and notebooks --------------------------------------------------------------------------


def edited(page: str, framework: str, edits: Iterable[tuple[str, str]], trim: bool = True) -> str:
    """The text of a page, with edits in the code cells of one framework.

    Raises:
        DoesNotApply: an edit's text is in none of them.
    """
    found: set[str] = set()
    edits = list(edits)

    def change(match: re.Match) -> str:
        block = match.group()
        if trim and SLOW.search(block):
            return ""
        names = re.search(r"^%%tab (.*)$", block, re.MULTILINE)
        if names is None or framework in names[1].replace(",", " ").split():
            for old, new in edits:
                if old in block:
                    found.add(old)
                    block = block.replace(old, new)
        return block

    text = BLOCK.sub(change, (CHAPTERS / f"{page}.md").read_text(encoding="utf-8"))
    missing = [old for old, _ in edits if old not in found]
    if missing:
        raise DoesNotApply(f"{page}/{framework} has no {missing[0]!r}")
    return text


def write_page(
    folder: Path,
    page: str,
    framework: str,
    edits: Iterable[tuple[str, str]] = (),
    trim: bool = True,
    record: Path | None = None,
) -> Path:
    """Write a page and one framework's notebook of it, as if they had always been so.

    Args:
        folder: where; it becomes a folder of chapters.
        edits: changes of the code, in page and notebook alike.
        record: the notebook that has the outputs; None: the committed one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / config.FILE).write_text(CONFIGURATION, encoding="utf-8")
    path = folder / f"{page}.md"
    path.write_text(edited(page, framework, edits, trim), encoding="utf-8")
    made = source.read_page(path)
    notebook = notebooks.split(made, framework)
    stored = nbformat.read(record or CHAPTERS / framework / f"{page}.ipynb", as_version=4)
    kept = [
        cell
        for cell in stored.cells
        if cell.cell_type == "code" and not (trim and "slow" in cell.metadata.get("tags", []))
    ]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, (cell, old) in enumerate(zip(code, kept, strict=True), start=1):
        cell.outputs, cell.execution_count = old.outputs, count
    notebook.metadata.d2lcompat.versions = stored.metadata.d2lcompat.versions
    notebooks.write(notebook, made.notebook(framework))
    return made.notebook(framework)


def execute(folder: Path, page: str, framework: str, edits: Iterable[tuple[str, str]]) -> Path:
    """Write an edited page, run its notebook and keep the outputs that come."""
    write_page(folder, page, framework, edits)
    made = source.read_page(folder / f"{page}.md")
    forked(lambda: record.execute(made, framework) and None, folder / "execute.log")
    return made.notebook(framework)


def patched(edits: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """The package's files with edits ``(file, old, new)``, by name.

    Raises:
        DoesNotApply: a file does not have the text.
    """
    files: dict[str, str] = {}
    for name, old, new in edits:
        text = files.get(name) or (REPOSITORY / "d2lcompat" / name).read_text(encoding="utf-8")
        if old not in text:
            raise DoesNotApply(f"d2lcompat/{name} has no {old!r}")
        files[name] = text.replace(old, new)
    return files


def package_copy(folder: Path, edits: Iterable[tuple[str, str, str]]) -> Path:
    """Copy the package into a folder, patched, and return the folder."""
    package = folder / "d2lcompat"
    shutil.copytree(
        REPOSITORY / "d2lcompat", package, ignore=shutil.ignore_patterns("__pycache__", "static")
    )
    for name, text in patched(edits).items():
        (package / name).write_text(text, encoding="utf-8")
    return folder


# --- checks ---------------------------------------------------------------------------------------


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
        kept: a folder for outputs; see `keeping.keeping`.
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
            items.Execution = keeping(kept)
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


def forked(
    function: Callable[[], dict | list | None], log: Path | None = None, patience: float = PATIENCE
) -> Any:
    """What the function returns in a fork of this process; None if it came to no end.

    Args:
        log: the file into which goes what it prints; None: it is printed.
        patience: seconds until it is ended.
    """
    descriptor, answer = tempfile.mkstemp(suffix=".json")
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()  # so that what it starts can be ended with it
            if log:
                output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(output, 1)
                os.dup2(output, 2)
            os.write(descriptor, json.dumps(function()).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(descriptor)
    end = time.monotonic() + patience
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        time.sleep(0.02)
        if time.monotonic() > end:
            os.killpg(pid, 9)
    text = Path(answer).read_text()
    os.unlink(answer)
    return json.loads(text) if text else None


def cannot_run(frameworks: Iterable[str] = (), report: Path | None = None) -> str:
    """Why the bench cannot be used here; empty if it can. The stored outputs are of real data.

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


def workplace() -> Path:
    """A new folder for copies."""
    return Path(tempfile.mkdtemp(prefix="d2lcompat-"))


assert pytest_plugin  # loaded here, so that no fork has to

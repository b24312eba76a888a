"""Copies of pages, of their notebooks and of the package, with faults in them.

Ten epochs take a minute and show nothing that twenty steps do not, so a notebook is *trimmed*
first: page and notebook lose the cells tagged ``slow``: those that train so long, and those that
need their results.
"""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from processes import forked

from tabbook import config
from tabbook.pages import notebooks, record, source

REPOSITORY = Path(__file__).parents[2]
CHAPTERS = REPOSITORY / "chapters"
# This book's, for copies of its pages elsewhere
CONFIGURATION = (
    (REPOSITORY / config.FILE)
    .read_text(encoding="utf-8")
    .replace('frameworks = "', f'frameworks = "{REPOSITORY}/')
)
BLOCK = re.compile(r"^```\{code-cell\}.*?^```\n", re.DOTALL | re.MULTILINE)
SLOW = re.compile(r"^:tags: \[.*\bslow\b.*\]$", re.MULTILINE)


class DoesNotApply(Exception):
    """A fault's text is not where its declaration says."""


def workplace() -> Path:
    """A new folder for copies."""
    return Path(tempfile.mkdtemp(prefix="d2lcompat-"))


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


def _write_source(
    folder: Path, page: str, framework: str, edits: Iterable[tuple[str, str]], trim: bool
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / config.FILE).write_text(CONFIGURATION, encoding="utf-8")
    with contextlib.suppress(FileExistsError):
        (folder / "img").symlink_to(CHAPTERS / "img")
    path = folder / f"{page}.md"
    path.write_text(edited(page, framework, edits, trim), encoding="utf-8")
    return path


def write_pages(folder: Path, pages: Iterable[str], framework: str, trim: bool = True) -> None:
    """Write pages and one framework's notebooks of them.

    The pages come first: a notebook's prose names places on the others.
    """
    for path in [_write_source(folder, page, framework, (), trim) for page in pages]:
        _write_notebook(path, framework, trim)


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
    return _write_notebook(
        _write_source(folder, page, framework, edits, trim), framework, trim, record
    )


def _write_notebook(path: Path, framework: str, trim: bool, record: Path | None = None) -> Path:
    made = source.read_page(path)
    notebook = notebooks.split(made, framework)
    stored = nbformat.read(record or CHAPTERS / framework / f"{path.stem}.ipynb", as_version=4)
    kept = [
        cell
        for cell in notebooks.code_cells(stored)
        if not (trim and "slow" in cell.metadata.get("tags", []))
    ]
    code = notebooks.code_cells(notebook)
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

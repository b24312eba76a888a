"""Read a page of the book: shared prose, and code for each framework.

The other modules of ``pages`` use the result of this one. So mistakes in a source are found here,
before anything is executed, and the message contains the file and the line.
"""

import ast
import difflib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import nbformat
import yaml
from jupytext.myst import MystMetadataParsingError, myst_to_notebook

from tabbook.config import Book, book_of
from tabbook.pages.contents import listed, name_of, unlisted
from tabbook.pages.front_matter import (
    SourceError,
    contents_of_front_matter,
    expect_no_page,
    expect_plain,
    front_matter,
    text_of,
)
from tabbook.pages.prose import ProseError, expect_nothing_left, prose_for, sync_names
from tabbook.text import first_line

__all__ = ["Cell", "Page", "SourceError", "cells_for", "pages", "read_page", "tab_line"]


@dataclass(frozen=True)
class Cell:
    """A cell of a page's source.

    Attributes:
        kind: ``markdown``, ``code``, ``raw``, or ``setup`` for the cell that prepares a live run of
            the source and is omitted from notebooks and book.
        source: its text, without the ``%%tab`` line.
        frameworks: the frameworks of the cell; None means all.
        metadata: its Jupyter metadata, including tags.
        line: its first line in the file, counted from 1.
    """

    kind: str
    source: str
    frameworks: tuple[str, ...] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    line: int = 1


@dataclass(frozen=True)
class Page:
    """A page that is written in one or more frameworks.

    Attributes:
        name: its name in commands and messages, as in ``contents.name_of``.
        path: its source.
        frameworks: the ids of its frameworks, in the order of the tabs.
        seed: the seed of the random numbers in its notebooks; None if they are not seeded.
        cells: all cells in order.
        metadata: the rest of its front matter.
        book: the book that it belongs to.
    """

    name: str
    path: Path
    frameworks: tuple[str, ...]
    seed: int | None
    cells: tuple[Cell, ...]
    metadata: dict[str, Any]
    book: Book

    def notebook(self, framework: str) -> Path:
        """The path of the executed notebook of a framework."""
        return self.path.parent / framework / f"{self.path.stem}.ipynb"


def pages(folder: Path | str) -> list[Page]:
    """Read every page that has code for frameworks, sorted by name.

    Args:
        folder: the folder of a book, or a folder in it to read only its pages. The pages are those
            of ``_toc.yml``; without one, they are the Markdown files of the folder.

    Raises:
        ConfigError: ``_toc.yml`` is invalid.
        SourceError: a page is invalid, or a file looks like a page and is not listed.
    """
    folder = Path(folder)
    book = book_of(folder)
    files = listed(book)
    # Without settings it may be any folder, and as large as a home folder
    others = list(unlisted(book, folder, ".md")) if book.file.exists() else []
    if files is None:
        files = sorted(folder.glob("*.md"))
        others = [path for path in others if path.parent != folder.resolve()]
    for path in others:
        expect_no_page(path, text_of(path), book)
    files = [path for path in files if path.resolve().is_relative_to(folder.resolve())]
    found = [page for path in files if (page := _read(path))]
    return sorted(found, key=lambda page: page.name)


def read_page(path: Path | str) -> Page:
    """Read one page.

    Raises:
        SourceError: it is invalid, or it names no frameworks.
    """
    page = _read(Path(path))
    if page is None:
        raise SourceError(
            f"{path}: expected a page with frameworks; this page names no frameworks."
        )
    return page


def cells_for(page: Page, framework: str) -> Iterator[tuple[int, Cell]]:
    """The cells of one framework, with the prose for it.

    Yields:
        The cell's index in ``page.cells`` and the cell for that framework's notebook.

    Raises:
        ValueError: the page is not written in that framework.
    """
    if framework not in page.frameworks:
        raise ValueError(
            f"{page.name} has no {framework!r}. Expected one of: {', '.join(page.frameworks)}."
        )
    for place, cell in enumerate(page.cells):
        if cell.kind == "markdown":
            text = prose_for(cell.source, framework)
            if text:
                yield place, replace(cell, source=text)
        elif cell.kind != "setup" and (cell.frameworks is None or framework in cell.frameworks):
            yield place, cell


_TAB_LINE = re.compile(r"%%tab(?![\w-])(?P<names>.*)")


def tab_line(source: str) -> tuple[str, ...] | None:
    """Read the ``%%tab`` line of a cell.

    Args:
        source: the text of the cell.

    Returns:
        The names on the line as they are written, which may be none; or None if the first line
        is not a ``%%tab`` line.
    """
    match = _TAB_LINE.match(source.split("\n", 1)[0])
    if match is None:
        return None
    return tuple(dict.fromkeys(name for name in re.split(r"[,\s]+", match["names"]) if name))


_MAGIC = re.compile(r"\s*%+\s*(?P<magic>\w+)\b(?P<names>.*)")


def _is_almost_a_tab_line(line: str, book: Book) -> bool:
    """Whether a line is a magic like ``%%tab`` and names a framework, such as ``%%tabs jax``."""
    match = _MAGIC.match(line)
    if match is None or tab_line(line) is not None:
        return False
    known = {*book.frameworks, "all"}.intersection(re.split(r"[,\s:=]+", match["names"]))
    return bool(known and difflib.get_close_matches(match["magic"].lower(), ["tab"]))


# --- a page -------------------------------------------------------------------------------------


def _read(path: Path) -> Page | None:
    """The page, or None if the file is plain MyST."""
    text, book = text_of(path), book_of(path.parent)
    if book.key not in contents_of_front_matter(path, text):
        expect_plain(path, text, book)
        return None
    try:
        with warnings.catch_warnings():
            # A cell's language is its framework's, whatever its fence says
            warnings.filterwarnings("ignore", "All code cells in a MyST notebook must have")
            notebook = myst_to_notebook(text, add_source_map=True)
    except (MystMetadataParsingError, yaml.YAMLError) as error:
        raise SourceError(f"{path}: {error}") from error
    except nbformat.ValidationError as error:
        problem = str(error).split("\n")[0]
        raise SourceError(
            f"{path}: front matter and the options of cells expect `key: value` lines: {problem}"
        ) from error
    metadata = dict(notebook.metadata)
    starts = metadata.pop("source_map")
    metadata.pop("jupyter", None)  # Jupytext's own note, not the author's
    frameworks, seed = front_matter(path, text, metadata.pop(book.key), book)
    lines = text.split("\n")
    cells = []
    for raw, start in zip(notebook.cells, starts, strict=True):
        cell = Cell(raw.cell_type, raw.source, None, _plain(raw.metadata))
        # Jupytext counts from the fence; options and empty lines may stand before the text.
        opening = raw.source.split("\n", 1)[0].strip()
        while start < len(lines) - 1 and lines[start].strip() != opening:
            start += 1
        cells.append(_read_cell(path, replace(cell, line=start + 1), frameworks, book))
    return Page(name_of(book, path), path, frameworks, seed, tuple(cells), _plain(metadata), book)


def _plain(value: Any) -> Any:
    """Notebook nodes as plain dictionaries."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _fail(path: Path, cell: Cell, message: str, line: int | None = None) -> NoReturn:
    """Raise the error, with the line of the file or else the first one of the cell."""
    line = line or cell.line
    text = [*cell.source.split("\n")[line - cell.line :], ""][0]
    shown = f"line: {text.strip()}" if text.strip() else f"cell: {first_line(cell.source)}"
    raise SourceError(f"{path}:{line}: {message}\n  in the {shown}")


def _read_cell(path: Path, cell: Cell, frameworks: tuple[str, ...], book: Book) -> Cell:
    """Resolve a cell's ``%%tab`` line and validate the cell."""
    if cell.kind == "markdown":
        try:
            for line, name in sync_names(cell.source):
                _check_name(path, cell, name, frameworks, book, "`:sync:`", cell.line + line)
            expect_nothing_left(cell.source, list(book.frameworks))
        except ProseError as error:
            _fail(path, cell, str(error), cell.line + error.line)
        return cell
    if cell.kind != "code":
        return cell
    load = f"%load_ext {book.live_extension}"
    if (book.live_extension and load in cell.source) or "tab.interact_select(" in cell.source:
        _check_setup(path, cell, frameworks, load)
        return replace(cell, kind="setup")
    if re.search(r"\btab\.selected\(", cell.source):
        _fail(
            path,
            cell,
            "`tab.selected(` is only for live use: write one cell for each framework, "
            "each beginning with `%%tab <framework>`.",
        )
    lines = cell.source.strip("\n").split("\n")
    names = tab_line(lines[0])
    if _is_almost_a_tab_line(lines[0], book):
        expected = f"Expected `%%tab` and some of: {', '.join(frameworks)}."
        _fail(path, cell, f"this first line of a cell looks like a misspelt `%%tab`. {expected}")
    for number, later in enumerate(lines[1:], start=1):
        if tab_line(later) is not None:
            once = "`%%tab` is allowed only once, in the first line of its cell."
            _fail(path, cell, once, cell.line + number)
    body = "\n".join(lines if names is None else lines[1:]).strip("\n")
    if not body.strip():
        _fail(path, cell, "a code cell expects code; this one has none.")
    if names is None or names == ("all",):
        return replace(cell, source=body)
    if not names:
        _fail(path, cell, f"`%%tab` expects `all` or some of: {', '.join(frameworks)}.")
    for name in names:
        _check_name(path, cell, name, frameworks, book, "`%%tab`")
    # Naming every framework says the same as naming none.
    listed = None if set(names) == set(frameworks) else tuple(f for f in frameworks if f in names)
    return replace(cell, source=body, frameworks=listed)


def _check_name(
    path: Path,
    cell: Cell,
    name: str,
    frameworks: tuple[str, ...],
    book: Book,
    where: str,
    line: int | None = None,
) -> None:
    if name not in frameworks:
        kind = "a framework that this page does not list" if name in book.frameworks else "unknown"
        expected = ", ".join(frameworks)
        _fail(path, cell, f"{name!r} in {where} is {kind}. Expected some of: {expected}.", line)


def _check_setup(path: Path, cell: Cell, frameworks: tuple[str, ...], load: str) -> None:
    """Check that the set-up cell, which is omitted, contains nothing else."""
    code = "\n".join("" if line.startswith("%") else line for line in cell.source.split("\n"))
    magics = [line.strip() for line in cell.source.split("\n") if line.startswith("%")]
    try:
        calls = [getattr(statement, "value", None) for statement in ast.parse(code).body]
    except SyntaxError as error:
        _fail(path, cell, f"the set-up cell is not Python: {error.msg}.")
    if any(magic != load for magic in magics) or any(
        not isinstance(call, ast.Call) or ast.unparse(call.func) != "tab.interact_select"
        for call in calls
    ):
        _fail(
            path,
            cell,
            "the set-up cell is omitted from notebooks and book, so it may contain only "
            f"`{load}` and `tab.interact_select(…)`.",
        )
    for call in calls:
        assert isinstance(call, ast.Call)
        offered = [
            item.value
            for argument in call.args
            for item in ([argument] if isinstance(argument, ast.Constant) else ast.walk(argument))
            if isinstance(item, ast.Constant)
        ]
        if sorted(map(str, offered)) != sorted(frameworks):
            _fail(
                path,
                cell,
                "`tab.interact_select` expects the page's frameworks: "
                f"{', '.join(frameworks)}. Received: {', '.join(map(str, offered))}.",
            )

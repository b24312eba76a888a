"""Read a page of the book: prose once, code per framework.

Everything else in the workshop works on what this room returns, so a mistake in a source is found
here, before anything runs, and is told with the file and the line it stands in.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from jupytext.myst import MystMetadataParsingError, myst_to_notebook

from tabbook.config import Book, book_of


class SourceError(ValueError):
    """A page's source does not follow the dialect; the message says where and how."""


@dataclass(frozen=True)
class Cell:
    """A cell of a page's source.

    Attributes:
        kind: ``markdown``, ``code``, ``raw``, or ``setup`` for the cell that lets the source run
            live with ``d2lcompat.tab`` and that neither notebooks nor the book show.
        source: its text, without the ``%%tab`` line.
        frameworks: whose code it is; None: every framework's.
        metadata: its Jupyter metadata, tags among them.
        line: where it begins in the file, counted from 1.
    """

    kind: str
    source: str
    frameworks: tuple[str, ...] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    line: int = 1

    @property
    def first_line(self) -> str:
        """The first line that is not empty: what messages call the cell by."""
        return next((line.strip() for line in self.source.split("\n") if line.strip()), "")


@dataclass(frozen=True)
class Page:
    """A page that is written in one or more frameworks.

    Attributes:
        name: its name without folder and suffix.
        path: its source.
        frameworks: their ids in the order in which the page shows them.
        seed: the seed that its notebooks state.
        cells: all cells in order.
        metadata: what else its front matter says.
        book: the book that it belongs to.
    """

    name: str
    path: Path
    frameworks: tuple[str, ...]
    seed: int
    cells: tuple[Cell, ...]
    metadata: dict[str, Any]
    book: Book

    def notebook(self, framework: str) -> Path:
        """Where the executed notebook of a framework lies."""
        return self.path.parent / framework / f"{self.name}.ipynb"


def pages(chapters: Path | str) -> list[Page]:
    """Read every page in a folder that has code for frameworks, sorted by name.

    Raises:
        SourceError: one of them does not follow the dialect.
    """
    found = (_read(path) for path in sorted(Path(chapters).glob("*.md")))
    return [page for page in found if page is not None]


def read_page(path: Path | str) -> Page:
    """Read one page.

    Raises:
        SourceError: it does not follow the dialect, or it names no frameworks.
    """
    page = _read(Path(path))
    if page is None:
        raise SourceError(f"{path}: a page with frameworks is expected, this one names none.")
    return page


def cells_for(page: Page, framework: str) -> Iterator[tuple[int, Cell]]:
    """Keep one framework's cells, and of the prose what is meant for it.

    Yields:
        The cell's place in ``page.cells`` and the cell as that framework's notebook holds it.

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
        The names on the line as they are written (perhaps none), or None where the cell's first
        line is something else.
    """
    match = _TAB_LINE.match(source.split("\n", 1)[0])
    if match is None:
        return None
    return tuple(dict.fromkeys(name for name in re.split(r"[,\s]+", match["names"]) if name))


# --- a page -------------------------------------------------------------------------------------


def _read(path: Path) -> Page | None:
    """The page, or None where the file is plain MyST."""
    text = path.read_text(encoding="utf-8")
    try:
        notebook = myst_to_notebook(text, add_source_map=True)
    except MystMetadataParsingError as error:
        raise SourceError(f"{path}: {error}") from error
    metadata = dict(notebook.metadata)
    starts = metadata.pop("source_map")
    metadata.pop("jupyter", None)  # Jupytext's own note, not the author's
    book = book_of(path.parent)
    ours = metadata.pop(book.key, None)
    if ours is None:
        is_notebook = not metadata.keys().isdisjoint({"jupytext", "kernelspec", "file_format"})
        if is_notebook and any(cell.cell_type == "code" for cell in notebook.cells):
            raise SourceError(
                f"{path}: a page with code cells names its frameworks in its front matter, "
                f"for example\n{book.key}:\n  frameworks: [{', '.join(list(book.frameworks)[:2])}]\n"
                "  seed: 0\n(If JupyterLab dropped it on saving: add "
                f"`notebook_metadata_filter: {book.key}` under `jupytext`.)"
            )
        return None
    frameworks, seed = _front_matter(path, ours, book)
    lines = text.split("\n")
    cells = []
    for raw, start in zip(notebook.cells, starts, strict=True):
        cell = Cell(raw.cell_type, raw.source, None, _plain(raw.metadata))
        # Jupytext counts from the fence; options and empty lines may stand before the text.
        opening = raw.source.split("\n", 1)[0].strip()
        while start < len(lines) - 1 and lines[start].strip() != opening:
            start += 1
        cells.append(_read_cell(path, replace(cell, line=start + 1), frameworks, book))
    return Page(path.stem, path, frameworks, seed, tuple(cells), _plain(metadata), book)


def _front_matter(path: Path, ours: Any, book: Book) -> tuple[tuple[str, ...], int]:
    """The frameworks and the seed that a page's front matter states."""
    frameworks = ours.get("frameworks") if isinstance(ours, dict) else None
    if not isinstance(frameworks, list) or not frameworks:
        raise SourceError(
            f"{path}: `{book.key}: frameworks:` expects a list of some of: "
            f"{', '.join(book.frameworks)}. "
            f"Received: {frameworks!r}."
        )
    for name in frameworks:
        if name not in book.frameworks:
            raise SourceError(
                f"{path}: unknown framework {name!r} in `{book.key}: frameworks:`. "
                f"Expected some of: {', '.join(book.frameworks)}."
            )
        if frameworks.count(name) > 1:
            raise SourceError(f"{path}: {name!r} stands twice in `{book.key}: frameworks:`.")
    seed = ours.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise SourceError(
            f"{path}: `{book.key}: seed:` expects a whole number. Received: {seed!r}."
        )
    unknown = sorted(set(ours) - {"frameworks", "seed"})
    if unknown:
        raise SourceError(
            f"{path}: `{book.key}:` knows `frameworks` and `seed`. Received: {', '.join(unknown)}."
        )
    return tuple(frameworks), seed


def _plain(value: Any) -> Any:
    """Notebook nodes as plain dictionaries."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _fail(path: Path, cell: Cell, message: str, line: int | None = None) -> NoReturn:
    raise SourceError(f"{path}:{line or cell.line}: {message}\n  in the cell: {cell.first_line}")


def _read_cell(path: Path, cell: Cell, frameworks: tuple[str, ...], book: Book) -> Cell:
    """Resolve a cell's ``%%tab`` line and see that it follows the dialect."""
    if cell.kind == "markdown":
        _check_prose(path, cell, frameworks, book)
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
            "`tab.selected(` is for live use only: write one cell for each framework, "
            "each beginning with `%%tab <framework>`.",
        )
    lines = cell.source.strip("\n").split("\n")
    names = tab_line(lines[0])
    if any(tab_line(line) is not None for line in lines[1:]):
        _fail(path, cell, "`%%tab` may stand only once, in the first line of its cell.")
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
    """The set-up cell is dropped, so nothing else may be lost with it."""
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
            "the set-up cell is left out of notebooks and book, so it may hold only "
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


# --- prose for one framework --------------------------------------------------------------------

_FENCE = re.compile(r" {0,3}(?P<fence>:{3,}|`{3,}|~{3,})\s*(?P<info>.*?)\s*")
_OPTION = re.compile(r"\s*:?(?P<key>[\w-]+):\s*(?P<value>.*?)\s*")
# {term}`words` or {term}`words <term>`: a notebook has no glossary to lead to.
_TERM = re.compile(r"\{term\}`([^`<]+?)(?:\s*<[^`>]+>)?`")
# Directives whose content is text to show, not MyST to read.
_VERBATIM = re.compile(r"\{(code|code-block|sourcecode|literalinclude|math|raw)\}")


class _ProseError(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def prose_for(text: str, framework: str) -> str:
    """Resolve the framework tab sets of a markdown cell.

    Args:
        text: the cell's text; in it a MyST ``tab-set`` whose ``:sync-group:`` is ``framework``.
        framework: whose ``tab-item`` (by its ``:sync:``) takes the set's place.

    Returns:
        The text with each such set replaced by that item's content, or by nothing where it has
        none, and with each term of the glossary as plain words. Other tab sets stay as they are.
    """
    kept: list[str] = []
    lines = text.split("\n")
    for piece in _pieces(lines, 0, len(lines)):
        if isinstance(piece, str):
            kept.append(piece)
        elif framework in piece:
            kept.append(piece[framework][1])
        elif kept and not kept[-1].strip():
            kept.pop()  # the set took one of the two empty lines around it along
    return _TERM.sub(r"\1", "\n".join(kept).strip("\n"))


def _check_prose(path: Path, cell: Cell, frameworks: tuple[str, ...], book: Book) -> None:
    lines = cell.source.split("\n")
    try:
        for piece in _pieces(lines, 0, len(lines)):
            if isinstance(piece, dict):
                for name, (line, _) in piece.items():
                    _check_name(path, cell, name, frameworks, book, "`:sync:`", cell.line + line)
    except _ProseError as error:
        _fail(path, cell, str(error), cell.line + error.line)


def _pieces(lines: list[str], at: int, stop: int) -> list[str | dict[str, tuple[int, str]]]:
    """Cut prose into lines and framework tab sets (framework -> line and text of its item)."""
    pieces: list[str | dict[str, tuple[int, str]]] = []
    while at < stop:
        fence, info = _opening(lines[at])
        if not fence:
            pieces.append(lines[at])
            at += 1
            continue
        end = _closing(lines, at + 1, stop, fence)
        if info == "{tab-set}" and directive_options(lines, at + 1, stop)[0].get("sync-group") == (
            "framework"
        ):
            if end is None:
                raise _ProseError(
                    at, "this tab-set is not closed in its cell (a code-cell can't stand in one)."
                )
            pieces.append(_items(lines, directive_options(lines, at + 1, end)[1], end))
        elif info.startswith("{") and not _VERBATIM.match(info):
            if end is None:
                end = at  # no fence after all: the rest is read line by line
            pieces += lines[at : at + 1]
            pieces += _pieces(lines, at + 1, end)
            pieces += lines[max(end, at + 1) : end + 1]
        else:
            end = stop - 1 if end is None else end
            pieces += lines[at : end + 1]
        at = end + 1
    return pieces


def _items(lines: list[str], at: int, stop: int) -> dict[str, tuple[int, str]]:
    """The items of a framework tab set."""
    items: dict[str, tuple[int, str]] = {}
    while at < stop:
        fence, info = _opening(lines[at])
        if not lines[at].strip():
            at += 1
            continue
        end = _closing(lines, at + 1, stop, fence) if fence else None
        if end is None or not info.startswith("{tab-item}"):
            raise _ProseError(at, "a framework tab-set expects closed tab-items and nothing else.")
        options, body = directive_options(lines, at + 1, end)
        name = options.get("sync")
        if not name:
            raise _ProseError(at, "a tab-item of a framework tab-set expects `:sync: <framework>`.")
        if name in items:
            raise _ProseError(at, f"{name!r} has two tab-items in this tab-set.")
        items[name] = (at, "\n".join(lines[body:end]).strip("\n"))
        at = end + 1
    return items


def _opening(line: str) -> tuple[str, str]:
    """The fence and what follows it, or two empty strings."""
    match = _FENCE.fullmatch(line)
    # ```x``` in one line is code within a sentence; bare colons open nothing.
    if match is None or (match["fence"][0] == "`" and "`" in match["info"]):
        return "", ""
    if match["fence"][0] == ":" and not match["info"]:
        return "", ""
    return match["fence"], match["info"]


def _closing(lines: list[str], at: int, stop: int, fence: str) -> int | None:
    """The line that closes a fence: as many of the same characters, or more."""
    for place in range(at, stop):
        bare = lines[place].strip()
        if len(bare) >= len(fence) and set(bare) == {fence[0]}:
            return place
    return None


def directive_options(lines: list[str], at: int, stop: int) -> tuple[dict[str, str], int]:
    """A directive's options, ``:key: value`` lines or a ``---`` block, and the line after."""
    options: dict[str, str] = {}
    block = at < stop and lines[at].strip() == "---"
    at += block
    while at < stop:
        match = _OPTION.fullmatch(lines[at])
        if match is None or (not block and not lines[at].lstrip().startswith(":")):
            break
        options[match["key"]] = match["value"]
        at += 1
    if options and not block and at < stop and lines[at].lstrip().startswith(":"):
        raise _ProseError(at, "MyST expects an empty line after a directive's options.")
    if block and at < stop and lines[at].strip() == "---":
        at += 1
    return options, at

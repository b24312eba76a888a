"""The front matter that makes a file a page with frameworks, and files that lack it.

A page of this kind that was not recognised would be shown with its ``%%tab`` lines, so a file that
looks like one is an error.
"""

import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from tabbook.config import Book
from tabbook.pages.contents import TOC
from tabbook.pages.prose import ProseError, mark_of_a_page
from tabbook.pages.settings import yaml_problem

_KEYS = ("frameworks", "seed")


class SourceError(ValueError):
    """A page's source is invalid; the message says where and why."""


def text_of(path: Path) -> str:
    """The text of a file, without the byte-order mark that some editors write.

    Raises:
        SourceError: it is not UTF-8, or it has a character that only some programs treat as the end
            of a line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: expected text in UTF-8: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line.splitlines()) > 1:  # Jupytext would count lines that MyST does not
            raise SourceError(
                f"{path}:{number}: this line contains a character, such as U+2028 or a form feed, "
                "that some programs treat as the end of a line. Remove it."
            )
    return text


def split_front_matter(text: str) -> tuple[int, Any]:
    """The number of lines of the front matter, and its value; 0 and None if there is none.

    Raises:
        YAMLError: it is not YAML.
    """
    lines = text.split("\n")
    if lines[0] != "---" or "---" not in lines[1:]:
        return 0, None
    end = lines.index("---", 1)
    return end + 1, yaml.safe_load("\n".join(lines[1:end]))


def contents_of_front_matter(path: Path, text: str) -> dict[str, Any]:
    """The keys and values of the front matter; empty if there is none.

    Raises:
        SourceError: it is not YAML, or it has no keys.
    """
    try:
        _, matter = split_front_matter(text)
    except yaml.YAMLError as error:
        raise SourceError(yaml_problem(path, error, above=1)) from error
    if not isinstance(matter, dict | None):
        raise SourceError(f"{path}:2: front matter expects `key: value` lines: {matter!r}")
    return matter or {}


def front_matter(
    path: Path, text: str, ours: Any, book: Book
) -> tuple[tuple[str, ...], int | None]:
    """Read a page's front matter.

    Args:
        path: the page.
        text: its text.
        ours: the value of the book's key in the front matter.
        book: its book.

    Returns:
        The frameworks, and the seed or None.

    Raises:
        SourceError: a value is missing or invalid.
    """

    def fail(key: str, message: str) -> NoReturn:
        raise SourceError(f"{path}:{_line_of(text, key, book.key)}: {message}")

    known = ", ".join(book.frameworks)
    if not isinstance(ours, dict):
        ours = {"frameworks": ours}
    frameworks = ours.get("frameworks")
    if not isinstance(frameworks, list) or not frameworks:
        what = f"`{book.key}: frameworks:` expects a list of some of: {known}"
        fail("frameworks", f"{what}. Received: {frameworks!r}.")
    for name in frameworks:
        if name not in book.frameworks:
            what = f"unknown framework {name!r} in `{book.key}: frameworks:`"
            where = f"Declare it in {book.file}, as [tool.tabbook.frameworks.{name}], or correct it"
            fail("frameworks", f"{what}. {where}. Expected some of: {known or 'none yet'}.")
        if frameworks.count(name) > 1:
            fail("frameworks", f"{name!r} is listed twice in `{book.key}: frameworks:`.")
    seed = ours.get("seed")
    if not isinstance(seed, int | None) or isinstance(seed, bool) or not 0 <= (seed or 0) < 2**32:
        what = f"`{book.key}: seed:` expects an integer of at least 0 and less than 2**32"
        fail("seed", f"{what}. Received: {seed!r}.")
    for table in (book.frameworks[name] for name in frameworks):
        if seed is not None and table.kernel and not table.seed:
            what = f"the kernel {table.kernel!r} needs a `seed` with the code that seeds it"
            fail("seed", f"{what}. Add it to [tool.tabbook.frameworks.{table.id}].")
    if unknown := sorted(map(str, set(ours) - set(_KEYS))):
        what = f"`{book.key}:` knows `frameworks` and `seed`"
        fail(unknown[0], f"{what}. Received: {', '.join(unknown)}.")
    return tuple(frameworks), seed


def expect_plain(path: Path, text: str, book: Book) -> None:
    """Check that a file without frameworks does not look like a page with frameworks.

    Raises:
        SourceError: it does.
    """
    line = _mark(path, text, book)
    notebooks = [path.parent / name / f"{path.stem}.ipynb" for name in book.frameworks]
    made = next((notebook for notebook in notebooks if notebook.exists()), None)
    if line is None and made is None:
        return
    two = list(book.frameworks)[:2]
    shown = f"in the line: {text.split(chr(10))[line].strip()}" if line is not None else ""
    raise SourceError(
        f"{path}:{(line or 0) + 1}: a page with `%%tab` or with notebooks of frameworks names its "
        f"frameworks in its front matter, which begins in the first line, for example\n"
        f"{book.key}:\n  frameworks: [{', '.join(two)}]\n"
        f"(If JupyterLab dropped it on saving: add `notebook_metadata_filter: {book.key}` "
        f"under `jupytext`.)\n  {shown or f'there is the notebook {made}'}"
    )


def expect_no_page(path: Path, text: str, book: Book) -> None:
    """Check that a file that is not in ``_toc.yml`` does not look like a page with frameworks.

    Raises:
        SourceError: it does.
    """
    if book.key not in text and "%%tab" not in text:
        return
    key = rf"---\n(?:.*\n)*?{re.escape(book.key)}:(?:.*\n)*?---\s*$"
    is_in_front_matter = re.match(key, text, re.MULTILINE)
    line = _line_of(text, book.key, book.key) - 1 if is_in_front_matter else _mark(path, text, book)
    if line is not None:
        raise SourceError(
            f"{path}:{line + 1}: this looks like a page with frameworks, but {TOC} in {book.root} "
            f"does not list it, so no tool would read it. List it there, or exclude it with "
            "`exclude_patterns` in _config.yml."
        )


def _mark(path: Path, text: str, book: Book) -> int | None:
    try:
        return mark_of_a_page(text, book.key)
    except ProseError as error:
        raise SourceError(f"{path}:{error.line + 1}: {error}") from error


def _line_of(text: str, key: str, above: str) -> int:
    """The line of a key of the front matter, from 1; if it is not there, the line of ``above``."""
    lines = text.split("\n")
    end = lines.index("---", 1) if "---" in lines[1:] else len(lines)
    for name in (key, above):
        for number, line in enumerate(lines[:end], start=1):
            if line.strip().startswith(f"{name}:"):
                return number
    return 1

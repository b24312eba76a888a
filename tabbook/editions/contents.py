"""The order of a book's pages: its parts, pages and pages below pages, from ``_toc.yml``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabbook.config import FILE, Book
from tabbook.pages.contents import entries
from tabbook.pages.settings import contents_of


class EditionError(ValueError):
    """An edition cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Entry:
    """A page or a part of the book.

    Attributes:
        page: the page as ``_toc.yml`` names it (``chapters/dropout``); empty for a part.
        title: the title of a part; empty for a page, whose title is in its text.
        children: the pages of a part, or below a page.
    """

    page: str = ""
    title: str = ""
    children: tuple["Entry", ...] = ()

    def walk(self) -> Iterator["Entry"]:
        """This entry and all below it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


def contents(book: Book) -> tuple[Entry, ...]:
    """The book's first page, and then its parts or, if it has none, its pages.

    Raises:
        EditionError: there is no ``_toc.yml``.
    """
    toc, root = contents_of(book), book.root.resolve()
    if "root" not in toc:
        raise EditionError(
            f"Expected a _toc.yml with `root:` in {book.root}, found none. Run this in the book's "
            f"folder, whose {FILE} has [tool.tabbook]."
        )
    parts = (
        Entry(title=part.get("caption", ""), children=_pages(part, root))
        for part in toc.get("parts", ())
    )
    return (_page(toc["root"]), *(part for part in parts if part.children), *_pages(toc, root))


def _pages(above: dict[str, Any], root: Path) -> tuple[Entry, ...]:
    return tuple(_page(entry["file"], _pages(entry, root)) for entry in entries(above, root))


def _page(file: str, children: tuple[Entry, ...] = ()) -> Entry:
    return Entry(file.removesuffix(".md"), children=children)

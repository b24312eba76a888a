"""The order of a book's pages: its parts, pages and pages below pages, from ``_toc.yml``."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tabbook.config import FILE, Book
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
    toc = contents_of(book)
    if "root" not in toc:
        raise EditionError(
            f"Expected a _toc.yml with `root:` in {book.root}, found none. Run this in the book's "
            f"folder, whose {FILE} has [tool.tabbook]."
        )
    parts = (
        Entry(title=part.get("caption", ""), children=_pages(part)) for part in toc.get("parts", ())
    )
    return (_page(toc["root"]), *(part for part in parts if part.children), *_pages(toc))


def _pages(entry: dict[str, Any]) -> tuple[Entry, ...]:
    """The pages below an entry; Jupyter Book has several keys for their lists."""
    lists = (value for value in entry.values() if isinstance(value, list))
    return tuple(
        _page(one["file"], _pages(one)) for found in lists for one in found if "file" in one
    )


def _page(file: str, children: tuple[Entry, ...] = ()) -> Entry:
    return Entry(file.removesuffix(".md"), children=children)

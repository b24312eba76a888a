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
    parts = (Entry(title=part.get("caption", ""), children=_pages(part)) for part in _parts(toc))
    return (Entry(str(toc["root"]).removesuffix(".md")), *parts, *_pages(toc))


def _parts(toc: dict[str, Any]) -> list[dict[str, Any]]:
    parts = toc.get("parts", [])
    # Jupyter Book accepts a first part without pages
    return [part for part in parts if _pages(part)]


def _pages(entry: dict[str, Any]) -> tuple[Entry, ...]:
    """The pages below an entry, under any of the keys that Jupyter Book accepts for them."""
    found = [one for key in ("chapters", "sections", "entries") for one in entry.get(key, [])]
    for subtree in entry.get("subtrees", []):
        found += [*subtree.get("chapters", []), *subtree.get("entries", [])]
    return tuple(
        Entry(str(one["file"]).removesuffix(".md"), children=_pages(one))
        for one in found
        if "file" in one
    )

"""Write the editions of a built book and link them from its pages."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tabbook.config import Book
from tabbook.editions import edition, menus
from tabbook.editions.contents import EditionError


def write(book: Book, html: Path, kind: str, frameworks: Sequence[str] = ()) -> Iterator[Path]:
    """Write an edition for each framework into the folder ``editions`` of the built book.

    Args:
        book: the book.
        html: the folder of the built book.
        kind: ``pdf`` or ``epub``, the modules that write them.
        frameworks: ids of frameworks; empty means all.

    Yields:
        The file of each edition, once it is written.

    Raises:
        EditionError: the book has no frameworks, or an edition cannot be made.
    """
    if not book.frameworks:
        raise EditionError(f"Expected frameworks in the settings of {book.root}, found none.")
    writer = importlib.import_module(f"tabbook.editions.{kind}")  # only a PDF needs a browser
    folder = html / menus.FOLDER
    try:
        for name in frameworks or book.frameworks:
            made = edition.make(book, html, book.frameworks[name])
            folder.mkdir(exist_ok=True)
            file = folder / f"{made.name}.{kind}"
            writer.write(made, html, file)
            yield file
    finally:  # after an error, the pages still link to the editions that are there
        menus.offer(book, html)

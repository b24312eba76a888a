"""The book for one framework: its pages in order, its outline and its pictures."""

import re
from dataclasses import dataclass
from pathlib import Path

from bs4 import Tag

from tabbook.config import Book, Framework
from tabbook.editions import articles, contents
from tabbook.editions.contents import Entry
from tabbook.editions.links import Joined, slug
from tabbook.editions.outline import Node, headings
from tabbook.pages.settings import address_of, config_of


@dataclass(frozen=True)
class Chapter:
    """A page of the book in an edition.

    Attributes:
        slug: its id, and the name of its file in an ePub.
        title: its title.
        text: its article; `Joined` describes its links and pictures.
        part: the part that begins with it; None if none does.
    """

    slug: str
    title: str
    text: Tag
    part: Node | None = None


@dataclass(frozen=True)
class Edition:
    """A book for one framework.

    Attributes:
        title: the book's title.
        author: its author; empty if none is named.
        framework: the framework.
        language: the language of the text.
        modified: when the text was last changed, in ISO 8601; empty if unknown.
        styles: the style sheets of the pages, relative to the built book.
        chapters: the pages in reading order.
        outline: the parts, pages and headings.
        pictures: the files of pictures by name.
    """

    title: str
    author: str
    framework: Framework
    language: str
    modified: str
    styles: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    outline: tuple[Node, ...]
    pictures: dict[str, bytes]

    @property
    def name(self) -> str:
        """The name of its files, without a suffix."""
        words = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        return f"{words or 'book'}-{self.framework.id}"


def make(book: Book, html: Path, framework: Framework) -> Edition:
    """Make the edition of a built book for a framework.

    Args:
        book: the book.
        html: the folder of the built book.
        framework: the framework whose tabs are shown.

    Raises:
        EditionError: a page or a picture is missing, or a page has no title.
    """
    entries = contents.contents(book)
    pages = [
        articles.read(html, entry.page) for top in entries for entry in top.walk() if entry.page
    ]
    texts = {page.name: articles.select(page, framework) for page in pages}
    joined = Joined(html, texts, address_of(book))
    titles = {name: headings(text, name) for name, text in texts.items()}
    outline: list[Node] = []
    chapters: list[Chapter] = []
    for number, entry in enumerate(entries):
        part = Node(entry.title, f"part-{number}") if entry.title else None
        lines = [_lines(one, titles) for one in ([entry] if entry.page else entry.children)]
        if part:
            part.children = lines
        outline += [part] if part else lines
        for below in entry.walk():
            if below.page:
                title = titles[below.page].title
                chapters.append(Chapter(slug(below.page), title, texts[below.page], part))
                part = None
    settings = config_of(book)
    return Edition(
        title=str(settings.get("title", book.root.name)),
        author=str(settings.get("author", "")),
        framework=framework,
        language=pages[0].language,
        modified=max(page.modified for page in pages),
        styles=tuple(dict.fromkeys(style for page in pages for style in page.styles)),
        chapters=tuple(chapters),
        outline=tuple(outline),
        pictures=joined.pictures,
    )


def _lines(entry: Entry, titles: dict[str, Node]) -> Node:
    """The outline of a page: its headings, and then the pages below it."""
    line = titles[entry.page]
    line.children += [_lines(child, titles) for child in entry.children]
    return line

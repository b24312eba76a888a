"""Write a slide deck for each framework, from an outline and the executed notebooks.

A deck is one HTML file, which uses reveal.js and a font. `tabbook.slides.outline` documents the
outline.
"""

import itertools
from pathlib import Path

import jinja2
from pygments.formatters import HtmlFormatter

from tabbook.config import book_of
from tabbook.pages.contents import folders, name_of
from tabbook.pages.source import read_page
from tabbook.slides.outline import Deck, read

#: The folders of ``third_party/book`` that stand beside ``slides/`` in the built book.
NEEDED = ("reveal", "stix-two-math")

TEMPLATE = Path(__file__).parent / "slides.html.jinja"
FORMULAS = Path(__file__).parents[1] / "sphinx" / "static" / "formulas.css"
# The book's own styles, light and dark: their contrast is AAA
STYLES = {"light": "a11y-high-contrast-light", "dark": "a11y-high-contrast-dark"}


def outlines(folder: Path | str) -> list[Path]:
    """The outlines beside the pages in a folder of a book, sorted by name.

    The outline of a page has the page's name and is in the folder ``slides`` beside the page.
    """
    book = book_of(folder)
    found = (path.glob("slides/*.md") for path in folders(book, Path(folder)))
    return sorted(itertools.chain(*found), key=lambda outline: name_of(book, page_of(outline)))


def page_of(outline: Path) -> Path:
    """The page of an outline."""
    return outline.parent.parent / outline.name


def location(page: str, framework: str) -> str:
    """The path of the deck of a page, by the page's name, in the built book."""
    return f"slides/{framework}/{page}.html"


def write(pages: Path | str, folder: Path | str) -> list[Path]:
    """Build the decks of the pages in a folder and write them into the folder of the built book.

    Raises:
        SlideError: an outline uses an unknown name, or a slide has no notes.
        SourceError, StaleNotebookError: a page or a notebook is invalid.
    """
    written = []
    for outline in outlines(pages):
        page = read_page(page_of(outline))
        for framework in page.frameworks:
            target = Path(folder) / location(page.name, framework)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(render(read(outline, framework)), encoding="utf-8")
            written.append(target)
    return written


def render(deck: Deck) -> str:
    """A deck as one HTML file."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    page = deck.page
    across = "../" * (1 + page.name.count("/"))
    up = f"../{across}"
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        deck=deck,
        frameworks={name: page.book.frameworks[name].label for name in page.frameworks},
        document=page.path.resolve().relative_to(page.book.root.resolve()).with_suffix(".html"),
        across=across,
        up=up,
        # A deck lies deeper than the book's styles
        formulas=FORMULAS.read_text(encoding="utf-8").replace("url(../", f"url({up}"),
        styles={
            theme: HtmlFormatter(style=style).get_style_defs("pre.code")
            for theme, style in STYLES.items()
        },
    )

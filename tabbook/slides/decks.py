"""Write a slide deck for each framework, from an outline and the executed notebooks.

A deck is one HTML file, which uses reveal.js and a font. `tabbook.slides.outline` documents the
outline.
"""

from pathlib import Path

import jinja2
from pygments.formatters import HtmlFormatter

from tabbook.pages.source import read_page
from tabbook.slides.outline import Deck, read

#: The folders of ``third_party/book`` that stand beside ``slides/`` in the built book.
NEEDED = ("reveal", "stix-two-math")

TEMPLATE = Path(__file__).parent / "slides.html.jinja"
FORMULAS = Path(__file__).parents[1] / "sphinx" / "static" / "formulas.css"
# The book's own styles, light and dark: their contrast is AAA
STYLES = {"light": "a11y-high-contrast-light", "dark": "a11y-high-contrast-dark"}


def outlines(chapters: Path | str) -> list[Path]:
    """The outlines in a book's folder of chapters, sorted by name."""
    return sorted((Path(chapters) / "slides").glob("*.md"))


def location(page: str, framework: str) -> str:
    """The path of a deck in the built book."""
    return f"slides/{framework}/{page}.html"


def write(chapters: Path | str, folder: Path | str) -> list[Path]:
    """Build every deck of a book and write it into the folder of the built book.

    Raises:
        SlideError: an outline uses an unknown name, or a slide has no notes.
        SourceError, StaleNotebookError: a page or a notebook is invalid.
    """
    written = []
    for outline in outlines(chapters):
        for framework in read_page(Path(chapters) / outline.name).frameworks:
            target = Path(folder) / location(outline.stem, framework)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(render(read(outline, framework)), encoding="utf-8")
            written.append(target)
    return written


def render(deck: Deck) -> str:
    """A deck as one HTML file."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        deck=deck,
        frameworks={name: deck.page.book.frameworks[name].label for name in deck.page.frameworks},
        chapters=deck.page.path.parent.name,
        # A deck lies a folder deeper than the book's styles
        formulas=FORMULAS.read_text(encoding="utf-8").replace("url(../", "url(../../"),
        styles={
            theme: HtmlFormatter(style=style).get_style_defs("pre.code")
            for theme, style in STYLES.items()
        },
    )

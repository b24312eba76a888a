"""Sphinx extension: make the slides with the book, and link them from every page."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tabbook import __version__
from tabbook.config import book_of
from tabbook.pages.merge import StaleNotebookError
from tabbook.pages.source import SourceError
from tabbook.slides import decks as slides


def offer_slides(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add the slides to the page's download menu: the page's own, or the first that there are."""
    decks = [outline.stem for outline in slides.outlines(_chapters(app))]
    if not decks:
        return
    book = book_of(app.srcdir)
    own = Path(pagename).name
    deck = own if own in decks else decks[0]
    frameworks = app.config.tabbook_pages[f"{book.chapters}/{deck}"]
    for menu in context.get("header_buttons", []):
        if menu.get("label") == "download-buttons":
            menu["buttons"] += [
                {
                    "type": "link",
                    "url": context["pathto"](slides.location(deck, framework), 1),
                    "text": f"Slides ({book.frameworks[framework].label})",
                    "icon": "fas fa-desktop",
                    "tooltip": f"Show the slides in {book.frameworks[framework].label}",
                    "label": f"framework-{framework}",
                }
                for framework in frameworks
            ]


def make_slides(app: Sphinx, exception: Exception | None) -> None:
    """Write the decks where the links point."""
    if exception or app.builder.format != "html":
        return
    try:
        slides.write(_chapters(app), app.outdir)
    except (slides.SlideError, SourceError, StaleNotebookError) as error:
        raise ExtensionError(str(error)) from error


def _chapters(app: Sphinx) -> Path:
    return Path(app.srcdir) / book_of(app.srcdir).chapters


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything (Sphinx calls this)."""
    app.setup_extension("tabbook.sphinx.tabs")
    # After sphinx_tabs has put the notebooks into the menu
    app.connect("html-page-context", offer_slides, priority=950)
    app.connect("build-finished", make_slides)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}

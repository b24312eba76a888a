"""Sphinx extension: make the slides with the book, and link them from every page."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tabbook.config import book_of
from tabbook.pages.merge import StaleNotebookError
from tabbook.pages.source import SourceError
from tabbook.slides import decks
from tabbook.sphinx.assets import METADATA


def link_slides(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add the slides to the page's download menu: the page's own, or the first that there are."""
    pages = [outline.stem for outline in decks.outlines(_chapters(app))]
    if not pages:
        return
    book = book_of(app.srcdir)
    own = Path(pagename).name
    deck = own if own in pages else pages[0]
    frameworks = app.config.tabbook_pages[f"{book.chapters}/{deck}"]
    for menu in context.get("header_buttons", []):
        if menu.get("label") == "download-buttons":
            menu["buttons"] += [
                {
                    "type": "link",
                    "url": context["pathto"](decks.location(deck, framework), 1),
                    "text": f"Slides ({book.frameworks[framework].label})",
                    "icon": "fas fa-desktop",
                    "tooltip": f"Show the slides in {book.frameworks[framework].label}",
                    "label": f"framework-{framework}",
                }
                for framework in frameworks
            ]


def write_slides(app: Sphinx, exception: Exception | None) -> None:
    """Write the decks where the links point."""
    if exception or app.builder.format != "html":
        return
    try:
        decks.write(_chapters(app), app.outdir)
    except (decks.SlideError, SourceError, StaleNotebookError) as error:
        raise ExtensionError(str(error)) from error


def _chapters(app: Sphinx) -> Path:
    return Path(app.srcdir) / book_of(app.srcdir).chapters


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything (Sphinx calls this)."""
    app.setup_extension("tabbook.sphinx.read_pages")
    # After tabbook.sphinx.downloads has put the notebooks into the menu
    app.connect("html-page-context", link_slides, priority=950)
    app.connect("build-finished", write_slides)
    return METADATA

"""The Sphinx extension ``tabbook.sphinx``: everything that a book's pages need, in one `setup`."""

from typing import Any

from sphinx.application import Sphinx

from tabbook.sphinx.assets import METADATA

#: Its modules, in the order in which their styles and scripts stand on a page.
PARTS = (
    "read_pages",
    "tabs",
    "downloads",
    "chooser",
    "api_reference",
    "api_links",
    "glossary",
    "figures",
    "math",
    "site",
    "theme_patches",
    "slides",
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up every part (Sphinx calls this)."""
    for part in PARTS:
        app.setup_extension(f"{__name__}.{part}")
    return METADATA

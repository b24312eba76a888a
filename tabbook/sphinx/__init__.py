"""The Sphinx extension ``tabbook.sphinx``: everything that a book's pages need, in one `setup`."""

from typing import Any

from sphinx.application import Sphinx

from tabbook import __version__

PARTS = ("tabs", "api", "glossary", "figures", "math", "site", "theme_patches", "slides")


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up every part (Sphinx calls this)."""
    for part in PARTS:
        app.setup_extension(f"{__name__}.{part}")
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}

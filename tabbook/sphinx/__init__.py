"""The Sphinx extension ``tabbook.sphinx``: all parts of the book, in one `setup`."""

from importlib import import_module
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from tabbook import __version__

#: Its modules: each has a `setup`, which connects it.
PARTS = (
    "read_pages",
    "tabs",
    "downloads",
    "chooser",
    "api_reference",
    "api_links",
    "glossary",
    "figures",
    "exercises",
    "reading_time",
    "math",
    "site",
    "search",
    "loading",
    "theme_patches",
)

#: What every page loads of ``static/``, in this order.
FILES = (
    "book.css",
    "sortable_tables.js",
    "api.css",
    "glossary_cards.css",
    "glossary_cards.js",
    "formulas.css",
    "accessibility.css",
    "figures.css",
    "paper.css",
    "light_on_paper.js",
    "scrollable_boxes.js",
    "webkit_figures.js",
    "page_aids.css",
    "text.css",
    "framework_tabs.css",
    "heading_links.js",
)


def use_folders(app: Sphinx, config: Config) -> None:
    """Copy ``static/`` into the book; let ``templates/`` override the theme's templates."""
    folder = Path(__file__).parent
    config.templates_path = [*config.templates_path, str(folder / "templates")]
    config.html_static_path = [*config.html_static_path, str(folder / "static")]


def add_files(app: Sphinx) -> None:
    """Add styles and scripts to every page."""
    for name in FILES:
        add = app.add_css_file if name.endswith(".css") else app.add_js_file
        add(name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up all parts; called by Sphinx."""
    for part in PARTS:
        import_module(f"{__name__}.{part}").setup(app)
    app.connect("config-inited", use_folders, priority=100)
    app.connect("builder-inited", add_files)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}

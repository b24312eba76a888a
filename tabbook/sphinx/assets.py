"""Sphinx extension: the styles, scripts and templates of all parts, and how a part adds its own."""

from functools import partial
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from tabbook import __version__

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"

#: What the `setup` of every part returns to Sphinx.
METADATA: dict[str, Any] = {
    "version": __version__,
    "parallel_read_safe": True,
    "parallel_write_safe": True,
}


def add_assets(app: Sphinx, *names: str) -> dict[str, Any]:
    """Add styles (``.css``) and scripts (``.js``) of ``static/`` to every page, in this order.

    Returns:
        ``METADATA``, for the `setup` that calls this.
    """
    app.setup_extension(__name__)
    app.connect("builder-inited", partial(_add_files, names=names))
    return METADATA


def _add_files(app: Sphinx, names: tuple[str, ...]) -> None:
    if app.builder.format == "html":
        for name in names:
            add = app.add_css_file if name.endswith(".css") else app.add_js_file
            add(name)


def use_templates(app: Sphinx, config: Config) -> None:
    """Let ``templates/`` take the place of the theme's templates of the same names."""
    config.templates_path = [*config.templates_path, str(TEMPLATES)]


def use_static_files(app: Sphinx) -> None:
    """Have ``static/`` copied into the built book."""
    if app.builder.format == "html":
        app.config.html_static_path = [*app.config.html_static_path, str(STATIC)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything (Sphinx calls this)."""
    app.connect("config-inited", use_templates, priority=100)
    app.connect("builder-inited", use_static_files)
    return METADATA

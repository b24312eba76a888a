"""Sphinx extension: the framework chooser in the header of every page, and the menu beside it for a
second framework.
"""

import json
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from tabbook.config import book_of
from tabbook.sphinx.tabs import SYNC_GROUP


def add_chooser(app: Sphinx, config: Config) -> None:
    """Add the chooser and the menu to the header, beside the button for the contents."""
    config.html_theme_options.setdefault(
        "article_header_start",
        ["toggle-primary-sidebar.html", "framework-chooser.html", "framework-compare.html"],
    )


def list_choices(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give chooser and menu all frameworks, and those that the page does not have."""
    frameworks = book_of(app.srcdir).frameworks
    here = app.config.tabbook_pages.get(pagename, frameworks)
    context["framework_choices"] = [
        (name, framework.label, name in here) for name, framework in frameworks.items()
    ]


def add_tab_scripts(app: Sphinx) -> None:
    """Add the scripts of the chooser, the menu and the tabs, with the list of frameworks."""
    if app.builder.format != "html":
        return
    labels = {name: framework.label for name, framework in book_of(app.srcdir).frameworks.items()}
    storage: dict[str, Any] = {"data-storage-key": app.config.sd_tabs_storage_prefix + SYNC_GROUP}
    names: dict[str, Any] = {"data-frameworks": json.dumps(labels)}
    # Before sphinx-design's script, which believes whatever the address says.
    app.add_js_file("framework_tabs.js", priority=400, **storage, **names)
    app.add_js_file("framework_compare.js", priority=400, **storage)
    app.add_js_file("framework_key.js", loading_method="defer")
    app.add_css_file("framework_compare.css")


def setup(app: Sphinx) -> None:
    app.connect("config-inited", add_chooser)
    app.connect("builder-inited", add_tab_scripts)
    app.connect("html-page-context", list_choices)

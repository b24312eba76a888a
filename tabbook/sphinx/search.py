"""Sphinx extension: a search whose results are sections, also without a server.

The build reads the pages that it has written (``search_sections``) and stores their sections in
``_static/search_sections.js``. A browser loads this file and MiniSearch when a reader opens the
search, and ranks the sections itself. Sphinx's search is switched off: its results are pages, in
the order of their titles.
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from tabbook.config import book_of
from tabbook.sphinx.search_sections import read_sections

#: What a browser loads with the sections when a reader opens the search, by its path in the book
LIBRARY = "minisearch/index.js"
SECTIONS = "_static/search_sections.js"


def copy_library(app: Sphinx, config: Config) -> None:
    """Make Sphinx copy the book's third-party files, MiniSearch among them."""
    source = Path(app.srcdir)
    folder = book_of(source).third_party_folder
    if folder not in [source / path for path in config.html_extra_path]:
        # Relative where it can be, so that a copy of the book elsewhere has the same settings
        path = folder.relative_to(source) if folder.is_relative_to(source) else folder
        config.html_extra_path = [*config.html_extra_path, str(path)]


def switch_off_sphinx_search(app: Sphinx) -> None:
    """Write neither Sphinx's index nor its search page."""
    app.builder.search = False  # type: ignore[attr-defined]


def add_search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page ``search.html``, for an address with ``?q=``."""
    yield "search", {"title": "Search"}, "search.html"


def leave_out_sphinx_marks(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Remove the script that marks words for Sphinx's search, also in the sidebar."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "sphinx_highlight.js" not in str(script.filename)
    ]


def write_sections(app: Sphinx, exception: Exception | None) -> None:
    """Store the sections of all pages.

    Raises:
        ExtensionError: MiniSearch is missing, or a page has no section.
    """
    if exception or app.builder.format != "html":
        return
    book, folder = book_of(app.srcdir), Path(app.outdir)
    if not (folder / LIBRARY).exists():
        raise ExtensionError(
            f"Expected MiniSearch at {folder / LIBRARY}, found nothing. The search needs it. "
            f"Restore {book.third_party}/{LIBRARY}: python third_party/fetch.py minisearch"
        )
    pages: list[list[str | float]] = []
    sections: list[list[str | int]] = []
    for docname in _in_order(app):
        file = folder / app.builder.get_target_uri(docname)
        found = read_sections(file.read_text(encoding="utf-8"), book.reference.alias)
        if not found:
            raise ExtensionError(
                f"Expected sections in {file}, found none. Does the theme still write an "
                '<article class="bd-article">? Then adapt search_sections.py.'
            )
        first = len(sections)
        pages.append([found[0].title, app.builder.get_target_uri(docname), _weight(app, docname)])
        for one in found:
            parent = first + one.parent if one.parent >= 0 else -1
            text, code = "\n".join(one.text), "\n".join(one.code)
            sections.append([len(pages) - 1, parent, one.anchor, one.title, text, code])
    found_in_book = {"pages": pages, "sections": sections, "alias": book.reference.alias}
    content = json.dumps(found_in_book, ensure_ascii=False)
    (folder / SECTIONS).write_text(f"globalThis.bookSections = {content};\n", encoding="utf-8")


def _in_order(app: Sphinx) -> list[str]:
    """The pages in the order of the contents."""
    order = [app.config.root_doc]
    for docname in order:
        order += [name for name in app.env.toctree_includes.get(docname, ()) if name not in order]
    return order


def _weight(app: Sphinx, docname: str) -> float:
    weights: dict[str, float] = app.config.tabbook_search_weights
    return next((weights[pattern] for pattern in weights if fnmatch(docname, pattern)), 1)


def setup(app: Sphinx) -> None:
    # Pattern of pages -> what the rank of their sections is multiplied by
    app.add_config_value("tabbook_search_weights", {}, "html", [dict])
    app.connect("config-inited", copy_library)
    app.connect("builder-inited", switch_off_sphinx_search)
    app.connect("html-collect-pages", add_search_page)
    app.connect("html-page-context", leave_out_sphinx_marks, priority=900)
    app.connect("build-finished", write_sections)
    app.add_css_file("search.css")
    attributes: dict[str, Any] = {"data-library": LIBRARY}
    app.add_js_file("search.js", loading_method="defer", **attributes)

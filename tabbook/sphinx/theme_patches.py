"""Sphinx extension: mend what the theme and its helpers write that hinders a reader.

Each mend is a few letters of markup that no option of theirs changes. They are made on the whole
page as the templates give it, so that the page is right without JavaScript, too. That every one
of them is still needed, and enough, is for ``tests/browser/test_accessibility.py`` to tell.
"""

import re
from collections.abc import Callable
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.jinja2glue import BuiltinTemplateLoader

from tabbook import __version__


def let_break(words: re.Match[str]) -> str:
    """The same code, with leave to go on in the next line where two names or words are joined."""
    return re.sub(r"(?<=[._/(=])(?=\w)|(?<=[a-z])(?=[A-Z])", "<wbr>", words[0])


#: (what, by what): regular expressions, in the order in which they are tried.
MENDS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    # MyST-NB: the label hides the words "Show code cell content", which say more.
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    # sphinx-exercise gives all exercises of a page the same id, and all solutions another.
    (r' id="(?:exercise|solution)-content"', ""),
    # Docutils: a role that ARIA has given up, and a list of what is then no item.
    (r' role="doc-biblioentry"', ""),
    (r'<div role="list" class="citation-list">', '<div class="citation-list">'),
    # A heading without words heads nothing.
    (r'<th class="([^"]*)">\s*(?:<p>\s*</p>\s*)?</th>', r'<td class="\1"></td>'),
    # The theme: a label must hold the words that are seen ("Search Ctrl+K"), or none.
    (r'(<button class="btn search-button-field[^>]*?) title="[^"]*" aria-label="[^"]*"', r"\1"),
    (r'(<i class="theme-switch [^>]*?) title="[^"]*"', r"\1"),
    # The theme's button that unfolds a part of the contents says nothing.
    (
        r'(<a class="[^"]*" href="[^"]*">([^<]*)</a><details[^>]*>)<summary>'
        r'(?=<span class="toctree-toggle")',
        r'\1<summary aria-label="Pages of: \2">',
    ),
    # Sphinx: a list without terms inside a term, where a signature takes a line for each parameter.
    (r'<dl>\s*(?=<dd><em class="sig-param">)', '<span class="signature-lines">'),
    (r"(</em>,</dd>\s*)</dl>", r"\1</span>"),
    (r'<dd>(<em class="sig-param">.*?</em>,)</dd>', r"<span>\1</span>"),
    # Sphinx: long names in a narrow column would break anywhere.
    (r'(?<=<span class="pre">)[^<]+', let_break),
    # The theme's sidebar holds more than its navigation; this makes it a place to jump to.
    (r'(<div id="pst-primary-sidebar" )', r'\1role="region" aria-label="Book" '),
]
_MENDS = [(re.compile(what), by) for what, by in MENDS]


class MendingTemplates(BuiltinTemplateLoader):
    """Sphinx's templates, with the mends made on what they give."""

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        page = super().render(template, context)
        for what, by in _MENDS if template.endswith(".html") else []:
            page = what.sub(by, page)
        return page


def use_mending_templates(app: Sphinx, config: Config) -> None:
    """Have Sphinx render its pages through the mends."""
    config.template_bridge = f"{__name__}.{MendingTemplates.__name__}"


def add_assets(app: Sphinx) -> None:
    """Add the styles and the scripts; the folder they are in, ``sphinx_tabs`` has named."""
    if app.builder.format == "html":
        app.add_css_file("accessibility.css")
        app.add_css_file("figures.css")
        app.add_css_file("paper.css")
        app.add_js_file("light_on_paper.js")
        app.add_js_file("scrollable_boxes.js")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything (Sphinx calls this)."""
    app.setup_extension("tabbook.sphinx.tabs")
    app.connect("config-inited", use_mending_templates)
    app.connect("builder-inited", add_assets)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}

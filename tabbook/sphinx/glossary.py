"""Sphinx extension: definitions of linked terms, shown as cards on hover.

The definitions are hidden parts of the page, so that cards also work from the file system. Without
JavaScript a term is a link to the glossary.
"""

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder


def add_cards(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Append a hidden card for each term that the page links to."""
    builder = app.builder
    if doctree is None or not isinstance(builder, StandaloneHTMLBuilder):
        return
    cards = []
    for identity in _linked_terms(doctree):
        words = builder.render_partial(_definition(app, identity))["fragment"]
        cards.append(f'<div class="glossary-card" id="card-{identity}" role="tooltip" popover>')
        cards.append(f"{words}</div>")
    context["body"] += "\n".join(cards)


def _linked_terms(doctree: nodes.document) -> list[str]:
    """The ids of the terms that a page links to, without duplicates."""
    found: dict[str, None] = {}
    for reference in doctree.findall(nodes.reference):
        if any("std-term" in words["classes"] for words in reference.findall(nodes.inline)):
            address = reference.get("refuri", "").rpartition("#")[2]
            found[reference.get("refid", address)] = None
    return list(found)


def _definition(app: Sphinx, identity: str) -> nodes.paragraph:
    """The first paragraph of a term's definition, as plain text: a card that appears on hover
    should have no links."""
    terms = app.env.domains["std"].objects
    document = next(
        name for (kind, _), (name, place) in terms.items() if (kind, place) == ("term", identity)
    )
    glossary = app.env.get_doctree(document)
    term = next(node for node in glossary.findall(nodes.term) if identity in node["ids"])
    assert term.parent is not None
    words = next(term.parent.findall(nodes.paragraph)).deepcopy()
    for reference in list(words.findall(addnodes.pending_xref)):
        reference.replace_self(nodes.Text(reference.astext()))
    return words


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", add_cards)

"""Sphinx extension: link code to the API reference, and the API reference to the source.

Every ``d2l.`` name in the book's code becomes a link to its entry in the API reference.
"""

import re
from pathlib import Path
from typing import Any

import griffe
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms import SphinxTransform

from tabbook.config import Book, book_of
from tabbook.pages.merge import TAB_TAG
from tabbook.sphinx.api_package import anchor, public_names, read_package, resolve

# As Pygments writes it; `nd` is a decorator.
_USE = r'<span class="nd?">@?{alias}</span><span class="o">\.</span><span class="\w+">(\w+)</span>'


class NoteFrameworks(SphinxTransform):
    """Store the framework of its tab in each code block, because MyST-NB splits folded cells."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for cell in self.document.findall(nodes.container):
            for tag in cell.get("cell_metadata", {}).get("tags", []):
                if tag.startswith(TAB_TAG):
                    for block in cell.findall(nodes.literal_block):
                        block["framework"] = tag.removeprefix(TAB_TAG)


def write_linked_code(self: Any, node: nodes.literal_block) -> None:
    """Highlight a block as the theme does, then link the names of the documented package."""
    try:
        type(self).visit_literal_block(self, node)
    except nodes.SkipNode:
        framework = node.get("framework")
        book = book_of(self.builder.srcdir)
        reference = f"{book.reference.folder}/{framework or 'index'}"
        if reference in self.builder.env.found_docs:
            address = self.builder.get_relative_uri(self.builder.current_docname, reference)
            self.body[-1] = _with_links(book, self.body[-1], framework, address)
        raise


def _with_links(book: Book, html: str, framework: str | None, address: str) -> str:
    known = {
        name
        for backend in ([framework] if framework else book.frameworks)
        for name in public_names(book, backend)
    }

    def link(use: re.Match[str]) -> str:
        if use[1] not in known:
            return use[0]
        opening = f'<a class="api-link" href="{address}#{anchor(book, framework, use[1])}">'
        return f"{opening}{use[0]}</a>"

    return re.sub(_USE.replace("{alias}", re.escape(book.reference.alias)), link, html)


def source_address(book: Book, config: Config, info: dict[str, str]) -> str | None:
    """The address of an object's source; None if the book has no repository address.

    Args:
        book: the book.
        config: Sphinx's configuration, whose theme options contain the repository.
        info: the object in the form of ``sphinx.ext.linkcode``: ``module`` and ``fullname``.
    """
    repository = config.html_theme_options.get("repository_url")
    if not repository or repository.endswith("/executablebooks/jupyter-book"):
        return None  # not set: Jupyter Book names itself then
    try:
        item = resolve(read_package(book)[f"{info['module']}.{info['fullname']}".partition(".")[2]])
    except (KeyError, griffe.AliasResolutionError):
        return None  # a short name
    branch = config.html_theme_options.get("repository_branch") or "main"
    path = Path(str(item.filepath)).relative_to(book.file.parent).as_posix()
    return f"{repository}/blob/{branch}/{path}#L{item.lineno}"


def set_source_resolver(app: Sphinx, config: Config) -> None:
    """Make sphinx.ext.linkcode use ``source_address``."""
    book = book_of(app.srcdir)
    config.linkcode_resolve = lambda domain, info: source_address(book, config, info)


def setup(app: Sphinx) -> None:
    app.setup_extension("sphinx.ext.linkcode")
    app.add_transform(NoteFrameworks)
    app.add_node(nodes.literal_block, override=True, html=(write_linked_code, None))
    app.connect("config-inited", set_source_resolver)

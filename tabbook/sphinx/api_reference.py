"""Sphinx extension: the API reference of each framework module.

``.. backend-reference:: jax`` writes the reference of one framework's module, and
``.. backend-comparison::`` compares all modules.
"""

import re
from collections.abc import Collection
from textwrap import indent
from typing import Any

import griffe
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config as NapoleonConfig
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util.docutils import SphinxDirective

from tabbook.config import Book, book_of
from tabbook.sphinx.api_package import (
    anchor,
    documented_members,
    framework_module,
    full_name,
    public_bases,
    public_names,
    resolve,
)

SHORT_NAMES = (
    "What a framework has under a name of its own, under one name for all. "
    "``x`` is the first argument."
)


def _docstring(item: griffe.Object) -> str:
    """An object's docstring as reStructuredText; a class without one has that of its base."""
    sources = [item, *item.mro()] if isinstance(item, griffe.Class) else [item]
    text = next((source.docstring.value for source in sources if source.docstring), "")
    napoleon: Any = NapoleonConfig(napoleon_use_ivar=True)
    return str(GoogleDocstring(text, napoleon))


def _entry(kind: str, signature: str, body: str) -> str:
    return f".. py:{kind}:: {signature}\n\n{indent(body, '   ')}\n"


def _signature(name: str, item: griffe.Object | str) -> str:
    """The signature of an object, or the code that its name is assigned to."""
    if isinstance(item, str):
        return item
    return item.signature(name=name) if isinstance(item, griffe.Function) else name


def _class(book: Book, framework: str, name: str, Class: griffe.Class) -> str:
    bases, names = public_bases(book, framework, Class), public_names(book, framework)
    parents = []
    for expression in Class.bases:
        base = expression if isinstance(expression, str) else expression.canonical_path
        written = base.rpartition(".")[2]
        known = names.get(written)
        if isinstance(known, str):
            parents.append(f"``{full_name(book, framework, known)}``")
        elif written in bases and bases[written].path == base:
            parents.append(f":py:obj:`{written}`")
        elif not base.startswith(f"{book.reference.package}."):
            parents.append(f"``{base}``")
    body = f"Derived from {', '.join(parents)}.\n\n" if parents else ""
    body += _docstring(Class) + "\n"
    inherited: dict[str, list[str]] = {}
    for method, item in documented_members(Class):
        # What a base in the same module has is described there; a base elsewhere has no entry.
        for base, parent in bases.items():
            if item is dict(documented_members(parent)).get(method):
                inherited.setdefault(base, []).append(f":py:obj:`~{base}.{method}`")
                break
        else:
            kind = "method" if isinstance(item, griffe.Function) else "property"
            body += "\n" + _entry(kind, _signature(method, item), _docstring(item))
    for base, methods in inherited.items():
        body += f"\nInherited from :py:obj:`{base}`: {', '.join(methods)}.\n"
    init = Class.all_members.get("__init__")
    signature = _signature(name, resolve(init)).removesuffix(" -> None") if init else name
    return _entry("class", signature, body)


def _table(heads: list[str], rows: list[list[str]], widths: str = "auto") -> str:
    """A table; with given widths its columns do not move while a browser still reads it."""
    lines = [".. list-table::", "   :header-rows: 1", "   :class: api-names"]
    lines += [f"   :widths: {widths}", ""]
    for row in [heads, *rows]:
        for place, cell in enumerate(row):
            lines.append(f"   {'*' if place == 0 else ' '} - {cell}")
    return "\n".join(lines) + "\n"


class _Generated(SphinxDirective):
    """A directive that generates its text from the documented package."""

    def read(self, text: str, ids: list[str]) -> list[nodes.Node]:
        """Parse the text; the first word of each table row becomes a link target."""
        book = book_of(self.env.srcdir)
        for path in (book.file.parent / book.reference.package).glob("*.py"):
            self.env.note_dependency(str(path))
        found = self.parse_text_to_nodes(text, allow_section_headings=True)
        bodies = [body for node in found for body in node.findall(nodes.tbody)]
        rows = [row for body in bodies for row in body.findall(nodes.row)]
        for row, identity in zip(rows, ids, strict=True):
            next(row.findall(nodes.literal))["ids"].append(identity)
        return found


class BackendReference(_Generated):
    """``.. backend-reference:: <framework>``: every public name of the framework's module."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        framework, book = self.arguments[0], book_of(self.env.srcdir)
        module, names = framework_module(book, framework), public_names(book, framework)
        # As the module defines them, what it imports from shared modules last.
        defined = [name for name, member in module.members.items() if not member.is_alias]
        ordered = sorted(names, key=[*defined, *names].index)
        text = f".. py:module:: {module.path}\n\nClasses\n-------\n\n"
        for name in ordered:
            if isinstance(item := names[name], griffe.Class):
                text += _class(book, framework, name, item) + "\n"
        text += "Functions\n---------\n\n"
        for name in ordered:
            if isinstance(item := names[name], griffe.Function):
                text += _entry("function", _signature(name, item), _docstring(item)) + "\n"
        short = {name: item for name, item in sorted(names.items()) if isinstance(item, str)}
        text += f"Short names\n-----------\n\n{SHORT_NAMES}\n\n"
        text += _table(
            [f"``{book.reference.alias}.``", "stands for"],
            [
                [f"``{name}``", f"``{full_name(book, framework, item)}``"]
                for name, item in short.items()
            ],
        )
        ids = [f"{module.path}.{name}" for name in short]
        for identity in ids:
            self.env.domains["py"].note_object(identity, "data", identity)
        return self.read(text, ids)


class BackendComparison(_Generated):
    """``.. backend-comparison::``: every name of every framework's module, with links to each."""

    def run(self) -> list[nodes.Node]:
        book = book_of(self.env.srcdir)
        entries: dict[str, dict[str, griffe.Object | str]] = {}
        for framework in book.frameworks:
            for name, item in public_names(book, framework).items():
                entries.setdefault(name, {})[framework] = item
        # Compared framework by framework, unless they all mean the same by it.
        short = [name for name, items in entries.items() if _meanings_differ(items.values())]
        shown = [name for name in book.frameworks if set(short) & set(public_names(book, name))]
        names = sorted(entries, key=lambda name: (name in short, name.casefold()))
        rows: dict[bool, list[list[str]]] = {False: [], True: []}
        for name in names:
            items = entries[name]
            if name in short:
                cells = [_link_to(book, at, name, _signature(name, items[at])) for at in shown]
            else:
                links = [
                    _link_to(book, framework, name, book.frameworks[framework].label)
                    for framework in items
                ]
                cells = [_summary(next(iter(items.values()))), ", ".join(links)]
            rows[name in short].append([f"``{name}``", *cells])
        labels = [book.frameworks[framework].label for framework in shown]
        text = "Classes and functions\n---------------------\n\n"
        heads = [f"``{book.reference.alias}.``", "what it is", "in"]
        text += _table(heads, rows[False], "26 48 26")
        text += f"\nShort names\n-----------\n\n{SHORT_NAMES}\n\n"
        text += _table([f"``{book.reference.alias}.``", *labels], rows[True])
        found = self.read(text, [anchor(book, None, name) for name in names])
        known = {framework.label for framework in book.frameworks.values()}
        for node in found:
            for reference in node.findall(addnodes.pending_xref):
                if (label := reference.astext()) in known:  # words, not code
                    reference[0].replace_self(nodes.inline(label, label))
        return found


def _meanings_differ(items: Collection[griffe.Object | str]) -> bool:
    return any(isinstance(item, str) for item in items) and len({str(item) for item in items}) > 1


def _link_to(book: Book, framework: str, name: str, text: str) -> str:
    return f":py:obj:`{text} <{anchor(book, framework, name)}>`"


def _summary(item: griffe.Object | str) -> str:
    """The first sentence about an object."""
    if isinstance(item, str):
        return f"``{item}``"
    return re.split(r"(?<=\.)\s", " ".join(_docstring(item).split()), maxsplit=1)[0]


def leave_foreign_types(
    app: Sphinx, env: Any, node: nodes.Element, contnode: nodes.Element
) -> nodes.Element | None:
    """Link the package's own types in signatures; leave other types as text."""
    ours = node.get("py:module", "").startswith(f"{book_of(app.srcdir).reference.package}.")
    return contnode if ours and node.get("reftype") == "class" else None


def setup(app: Sphinx) -> None:
    app.add_directive("backend-reference", BackendReference)
    app.add_directive("backend-comparison", BackendComparison)
    app.connect("missing-reference", leave_foreign_types)

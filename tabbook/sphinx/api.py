"""Sphinx extension: the reference of each dialect page, and links from code to it.

The pages are read, not imported: who builds the book or reads it need not have, nor wait for, any
framework. ``.. dialect:: jax`` writes the reference of one page, ``.. dialects::`` compares all of
them, and every ``d2l.`` name in the book's code becomes a link to its entry there.
"""

import ast
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

import griffe
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.ext.napoleon import Config as NapoleonConfig
from sphinx.ext.napoleon import GoogleDocstring
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from tabbook import __version__
from tabbook.config import Book, book_of
from tabbook.pages.merge import TAB_TAG

SHORT_NAMES = (
    "What a framework has under a name of its own, under one name for all. "
    "``x`` is the first argument."
)


# --- reading the package ------------------------------------------------------------------------


@cache
def _package(book: Book) -> griffe.Module:
    package = griffe.load(
        book.reference.package,
        search_paths=[book.root],
        submodules=True,
        allow_inspection=False,  # it would import
    )
    assert isinstance(package, griffe.Module)
    return package


@cache
def _page(book: Book, framework: str) -> griffe.Module:
    """The page of a framework, as read."""
    page = _package(book)[book.framework(framework).module]
    assert isinstance(page, griffe.Module)
    return page


def _resolved(member: griffe.Object | griffe.Alias) -> griffe.Object:
    """An object where it is defined, not where it is imported or inherited."""
    return member.final_target if isinstance(member, griffe.Alias) else member


@cache
def _names(book: Book, framework: str) -> dict[str, griffe.Object | str]:
    """The public names of a page: a class, a function, or what a short name stands for."""
    page, short = _page(book, framework), _short_names(book, framework)
    names: dict[str, griffe.Object | str] = {}
    for name in map(str, page.exports or ()):
        member = page.members.get(name)
        if name in short:
            names[name] = short[name]
        elif member is None:
            raise LookupError(f"{page.path}: __all__ names {name!r}, which is not defined there.")
        elif isinstance(member, griffe.Alias) and not member.target_path.startswith(
            f"{book.reference.package}."
        ):
            names[name] = member.target_path  # a module such as matplotlib.pyplot
        else:
            names[name] = _resolved(member)
    return names


def _short_names(book: Book, framework: str) -> dict[str, str]:
    """What the assignments of a page give a name to: ``concat`` -> ``torch.cat``."""
    page = _page(book, framework)
    found = {}
    for statement in ast.parse(page.source).body:
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                pairs = zip(targets, values, strict=True)
            case ast.Assign(targets=[target], value=value):
                pairs = zip([target], [value], strict=True)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                pairs = zip([target], [value], strict=True)
            case _:
                continue
        for target, value in pairs:
            if isinstance(target, ast.Name) and target.id in (page.exports or ()):
                found[target.id] = _written(value)
    return found


def _written(value: ast.expr) -> str:
    match value:
        case ast.Call(func=ast.Name(id="method"), args=[ast.Constant(value=str(name))]):
            return f"x.{name}(…)"
    return ast.unparse(value)


def _in_full(book: Book, framework: str, written: str) -> str:
    """A dotted name with its module's whole name: ``np`` is NumPy's here and MXNet's there."""
    head, dot, rest = written.partition(".")
    page = _page(book, framework)
    return (page.resolve(head) if head in page.members else head) + dot + rest


def _public_bases(book: Book, framework: str, Class: griffe.Class) -> dict[str, griffe.Class]:
    """The classes above a class that its page documents, by name, farthest first."""
    public = {id(item): name for name, item in _names(book, framework).items()}
    return {public[id(base)]: base for base in reversed(Class.mro()) if id(base) in public}


def _path(base: str | griffe.Expr) -> str:
    return base if isinstance(base, str) else base.canonical_path


def _members(Class: griffe.Class) -> Iterator[tuple[str, griffe.Object]]:
    """The documented methods and properties of a class, inherited ones too."""
    for name, member in Class.all_members.items():
        item = _resolved(member)
        if item.docstring and (not name.startswith("_") or name == "__call__"):
            yield name, item


# --- writing it ---------------------------------------------------------------------------------


def _docstring(item: griffe.Object) -> str:
    """An object's docstring as reStructuredText; a class without one has that of its base."""
    sources = [item, *item.mro()] if isinstance(item, griffe.Class) else [item]
    text = next((source.docstring.value for source in sources if source.docstring), "")
    napoleon: Any = NapoleonConfig(napoleon_use_ivar=True)
    return str(GoogleDocstring(text, napoleon))


def _entry(kind: str, signature: str, body: str) -> str:
    return f".. py:{kind}:: {signature}\n\n{indent(body, '   ')}\n"


def _signature(name: str, item: griffe.Object) -> str:
    return item.signature(name=name) if isinstance(item, griffe.Function) else name


def _class(book: Book, framework: str, name: str, Class: griffe.Class) -> str:
    bases, names = _public_bases(book, framework, Class), _names(book, framework)
    parents = []
    for base in map(_path, Class.bases):
        written = str(base).rpartition(".")[2]
        known = names.get(written)
        if isinstance(known, str):
            parents.append(f"``{_in_full(book, framework, known)}``")
        elif written in bases and bases[written].path == base:
            parents.append(f":py:obj:`{written}`")
        elif not base.startswith(f"{book.reference.package}."):
            parents.append(f"``{base}``")
    body = ""
    if parents:
        body += f"Derived from {', '.join(parents)}.\n\n"
    body += _docstring(Class) + "\n"
    inherited: dict[str, list[str]] = {}
    for method, item in _members(Class):
        # What a base on the same page has is described there; a shared room's has no other place.
        for base, parent in bases.items():
            if item is dict(_members(parent)).get(method):
                inherited.setdefault(base, []).append(f":py:obj:`~{base}.{method}`")
                break
        else:
            kind = "method" if isinstance(item, griffe.Function) else "property"
            body += "\n" + _entry(kind, _signature(method, item), _docstring(item))
    for base, methods in inherited.items():
        body += f"\nInherited from :py:obj:`{base}`: {', '.join(methods)}.\n"
    init = Class.all_members.get("__init__")
    signature = _signature(name, _resolved(init)).removesuffix(" -> None") if init else name
    return _entry("class", signature, body)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", "   :class: api-names", ""]
    for row in [heads, *rows]:
        for place, cell in enumerate(row):
            lines.append(f"   {'*' if place == 0 else ' '} - {cell}")
    return "\n".join(lines) + "\n"


class Dialect(SphinxDirective):
    """``.. dialect:: <framework>``: every public name of its page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        framework, book = self.arguments[0], book_of(self.env.srcdir)
        _note_sources(self, book)
        page, names = _page(book, framework), _names(book, framework)
        # As the page defines them, what it imports from the shared rooms last.
        defined = [name for name, member in page.members.items() if not member.is_alias]
        ordered = sorted(names, key=[*defined, *names].index)
        text = f".. py:module:: {page.path}\n\nClasses\n-------\n\n"
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
                [f"``{name}``", f"``{_in_full(book, framework, item)}``"]
                for name, item in short.items()
            ],
        )
        found = self.parse_text_to_nodes(text, allow_section_headings=True)
        _name_rows(found, [f"{page.path}.{name}" for name in short])
        python = self.env.domains["py"]
        for name in short:
            python.note_object(f"{page.path}.{name}", "data", f"{page.path}.{name}")
        return found


class Dialects(SphinxDirective):
    """``.. dialects::``: every name of every page, with links to each."""

    def run(self) -> list[nodes.Node]:
        book = book_of(self.env.srcdir)
        _note_sources(self, book)
        entries: dict[str, dict[str, griffe.Object | str]] = {}
        for framework in book.frameworks:
            for name, item in _names(book, framework).items():
                entries.setdefault(name, {})[framework] = item
        # Compared framework by framework, unless they all mean the same by it.
        short = [name for name, items in entries.items() if _differ(items.values())]
        shown = [
            framework for framework in book.frameworks if set(short) & set(_names(book, framework))
        ]
        names = sorted(entries, key=lambda name: (name in short, name.casefold()))
        rows: dict[bool, list[list[str]]] = {False: [], True: []}
        for name in names:
            items = entries[name]
            if name in short:
                cells = [_link(book, at, name, _text(name, items[at])) for at in shown]
            else:
                links = [
                    _link(book, framework, name, book.frameworks[framework].label)
                    for framework in items
                ]
                cells = [_summary(next(iter(items.values()))), ", ".join(links)]
            rows[name in short].append([f"``{name}``", *cells])
        labels = [book.frameworks[framework].label for framework in shown]
        text = "Classes and functions\n---------------------\n\n"
        text += _table([f"``{book.reference.alias}.``", "what it is", "in"], rows[False])
        text += f"\nShort names\n-----------\n\n{SHORT_NAMES}\n\n"
        text += _table([f"``{book.reference.alias}.``", *labels], rows[True])
        found = self.parse_text_to_nodes(text, allow_section_headings=True)
        _name_rows(found, [_anchor(book, None, name) for name in names])
        known = {framework.label for framework in book.frameworks.values()}
        for node in found:
            for reference in node.findall(addnodes.pending_xref):
                if (label := reference.astext()) in known:  # words, not code
                    reference[0].replace_self(nodes.inline(label, label))
        return found


def _differ(items: Collection[griffe.Object | str]) -> bool:
    return any(isinstance(item, str) for item in items) and len({str(item) for item in items}) > 1


def _link(book: Book, framework: str, name: str, text: str) -> str:
    return f":py:obj:`{text} <{_anchor(book, framework, name)}>`"


def _text(name: str, item: griffe.Object | str) -> str:
    return item if isinstance(item, str) else _signature(name, item)


def _summary(item: griffe.Object | str) -> str:
    """The first sentence about an object."""
    if isinstance(item, str):
        return f"``{item}``"
    return re.split(r"(?<=\.)\s", " ".join(_docstring(item).split()), maxsplit=1)[0]


def _note_sources(directive: SphinxDirective, book: Book) -> None:
    for path in (book.root / book.reference.package).glob("*.py"):
        directive.env.note_dependency(str(path))


def _name_rows(found: list[nodes.Node], ids: list[str]) -> None:
    """Make the first word of each table row a place to link to."""
    rows = [
        row
        for node in found
        for body in node.findall(nodes.tbody)
        for row in body.findall(nodes.row)
    ]
    for row, identity in zip(rows, ids, strict=True):
        next(row.findall(nodes.literal))["ids"].append(identity)


def leave_foreign_types(
    app: Sphinx, env: Any, node: nodes.Element, contnode: nodes.Element
) -> nodes.Element | None:
    """Types in signatures are links where they are ours, and words where they are not."""
    ours = node.get("py:module", "").startswith(f"{book_of(app.srcdir).reference.package}.")
    return contnode if ours and node.get("reftype") == "class" else None


def source_address(book: Book, config: Config, info: dict[str, str]) -> str | None:
    """Where an object's source is shown, if the book knows its repository's address."""
    repository = config.html_theme_options.get("repository_url")
    if not repository or repository.endswith("/executablebooks/jupyter-book"):
        return None  # not set: Jupyter Book names itself then
    try:
        item = _resolved(_package(book)[f"{info['module']}.{info['fullname']}".partition(".")[2]])
    except (KeyError, griffe.AliasResolutionError):
        return None  # a short name
    branch = config.html_theme_options.get("repository_branch") or "main"
    path = Path(str(item.filepath)).relative_to(book.root).as_posix()
    return f"{repository}/blob/{branch}/{path}#L{item.lineno}"


# --- links from code ----------------------------------------------------------------------------

# As Pygments writes it; `nd` is a decorator.
_USE = r'<span class="nd?">@?{alias}</span><span class="o">\.</span><span class="\w+">(\w+)</span>'


def _anchor(book: Book, framework: str | None, name: str) -> str:
    return (
        f"{_page(book, framework).path}.{name}" if framework else f"{book.reference.alias}-{name}"
    )


class NoteFrameworks(SphinxTransform):
    """Write on each block of code in whose tab it stands: MyST-NB takes folded cells apart."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for cell in self.document.findall(nodes.container):
            for tag in cell.get("cell_metadata", {}).get("tags", []):
                if tag.startswith(TAB_TAG):
                    for block in cell.findall(nodes.literal_block):
                        block["framework"] = tag.removeprefix(TAB_TAG)


def _link_code(self: Any, node: nodes.literal_block) -> None:
    """Highlight a block as the theme does, then link what is ours in it."""
    try:
        type(self).visit_literal_block(self, node)
    except nodes.SkipNode:
        framework = node.get("framework")
        book = book_of(self.builder.srcdir)
        page = f"{book.reference.folder}/{framework or 'index'}"
        if page in self.builder.env.found_docs:
            address = self.builder.get_relative_uri(self.builder.current_docname, page)
            self.body[-1] = _linked(book, self.body[-1], framework, address)
        raise


def _linked(book: Book, html: str, framework: str | None, address: str) -> str:
    known = {
        name
        for page in ([framework] if framework else book.frameworks)
        for name in _names(book, page)
    }

    def link(use: re.Match[str]) -> str:
        if use[1] not in known:
            return use[0]
        opening = f'<a class="api-link" href="{address}#{_anchor(book, framework, use[1])}">'
        return f"{opening}{use[0]}</a>"

    return re.sub(_USE.replace("{alias}", re.escape(book.reference.alias)), link, html)


def add_style(app: Sphinx) -> None:
    """Add the style of the reference, which lies beside that of the tabs."""
    if app.builder.format == "html":
        app.add_css_file("api.css")


def set_up_sources(app: Sphinx, config: Config) -> None:
    """Have sphinx.ext.linkcode ask ``source_address``."""
    book = book_of(app.srcdir)
    config.linkcode_resolve = lambda domain, info: source_address(book, config, info)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything (Sphinx calls this)."""
    app.setup_extension("sphinx.ext.linkcode")
    app.setup_extension("tabbook.sphinx.tabs")
    app.add_directive("dialect", Dialect)
    app.add_directive("dialects", Dialects)
    app.add_transform(NoteFrameworks)
    app.add_node(nodes.literal_block, override=True, html=(_link_code, None))
    app.connect("config-inited", set_up_sources)
    app.connect("builder-inited", add_style)
    app.connect("missing-reference", leave_foreign_types)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}

"""The module of each framework: what the pages mark ``#@save``, in their order.

d2lbook puts it into a library as well, below a part that is written by hand and above the aliases
of ``config.ini``. Here, a package may be preferred to it: a name that the package has is not
defined again, and a class of its gets only methods that it lacks.
"""

import ast
import importlib.util
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tabbook.config import Framework
from tabbook.import_d2l.cells import masked
from tabbook.import_d2l.dialect import ImportD2lError
from tabbook.import_d2l.page import Converted
from tabbook.import_d2l.sources import LIBRARY_MARK, Folder

_SAVE = re.compile(r"#\s*@save\b.*")


@dataclass(frozen=True)
class Definition:
    """A statement for the module.

    Attributes:
        place: where it is written, as a comment says it.
        text: its source, without the mark.
        names: the names that it defines in the module; none for a method.
        method_of: the class that it adds a method to, if it does.
    """

    place: str
    text: str
    names: tuple[str, ...]
    method_of: str = ""


@dataclass
class Library:
    """The module of a framework.

    Attributes:
        module: its name, such as ``torch``.
        alias: what pages call it (``d2l``).
        base: the module that is preferred; empty for none.
        preferred: the names of ``base``.
        definitions: by hand, from the pages, and the aliases, in this order.
    """

    module: str
    alias: str
    base: str
    preferred: frozenset[str]
    definitions: list[Definition] = field(default_factory=list)

    @property
    def names(self) -> dict[str, str]:
        """Each name of the module, and where it is defined."""
        found = dict.fromkeys(self.preferred, self.base)
        for definition in self.definitions:
            for name in definition.names:
                found.setdefault(name, definition.place)
        return {self.alias: "", **found}


def libraries(
    folder: Folder, converted: dict[PurePosixPath, Converted], base: str
) -> dict[str, Library]:
    """The modules of all frameworks.

    Args:
        folder: the sources.
        converted: all pages of the folder, in the order in which they are read.
        base: a package with modules that are preferred; empty for none.

    Raises:
        ImportD2lError: the package has no such modules.
    """
    found = {}
    for name, framework in folder.frameworks.items():
        module = f"{base}.{framework.module}" if base else ""
        library = Library(
            framework.module, folder.package, module, exported(module) if module else frozenset()
        )
        library.definitions += _by_hand(folder, framework)
        for path, page in converted.items():
            for cell in page.code:
                if name in cell.frameworks:
                    library.definitions += saved(cell.source, f"{path}:{cell.line + 1}")
        library.definitions += _aliases(folder.library(framework))
        found[name] = library
    return found


def exported(module: str) -> frozenset[str]:
    """The names in a module's ``__all__``, which is read and not imported.

    Raises:
        ImportD2lError: there is no such module, or it has no list of names there.
    """
    package, _, name = module.rpartition(".")
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    files = [file for one in folders or () if (file := Path(one) / f"{name}.py").is_file()]
    if not files:
        raise ImportD2lError(f"expected a module {module}, found none. Install its package.")
    for node in ast.parse(files[0].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    raise ImportD2lError(f"{files[0]}: expected `__all__ = [...]`, which lists the module's names.")


def saved(source: str, place: str) -> Iterator[Definition]:
    """The statements of a cell that are marked ``#@save``.

    A mark belongs to the statement in whose lines it is, or to the one below if it is a line by
    itself. Lines that follow without an empty line belong to it too, up to the first block.
    """
    lines = source.split("\n")
    marked = {number for number, line in enumerate(lines, 1) if _SAVE.search(line)}
    if not marked:
        return
    statements = ast.parse(masked(source)).body
    take = False
    last = 0
    for node in statements:
        first, end = _first_line(node), node.end_lineno or node.lineno
        above = {number for number in marked if last < number < first}
        take = bool(above or marked & {*range(first, end + 1)}) or (take and first == last + 1)
        if take:
            text = "\n".join(lines[first - 1 : end])
            yield _definition(node, _SAVE.sub("", text), place)
        take = take and first == end  # a block is the last that a mark takes
        last = end


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min(int(one.lineno) for one in [node, *decorators])


def _definition(node: ast.stmt, text: str, place: str) -> Definition:
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    if isinstance(node, ast.FunctionDef):
        for number, one in enumerate(node.decorator_list):
            call = ast.unparse(one.func) if isinstance(one, ast.Call) else ""
            if call.split(".")[-1] == "add_to_class" and isinstance(one, ast.Call) and one.args:
                below = text.split("\n")
                del below[number]
                owner = ast.unparse(one.args[0]).split(".")[-1]
                return Definition(place, "\n".join(below), (), owner)
    return Definition(place, text, tuple(_names(node)))


def _names(node: ast.stmt) -> Iterator[str]:
    """The names that a statement defines at the top of a module."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0]
        case ast.Assign(targets=targets):
            for target in targets:
                for one in ast.walk(target):
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                        yield one.id
                    elif isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
                        yield one.attr  # d2l.name = …
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _by_hand(folder: Folder, framework: Framework) -> Iterator[Definition]:
    """The part of a library that its authors wrote by hand."""
    file = folder.library(framework).get("lib_file")
    if not file or not (folder.root / file).is_file():
        return
    text = (folder.root / file).read_text(encoding="utf-8")
    found = LIBRARY_MARK.search(text)
    text = text[: found.start()] if found else ""
    lines = text.split("\n")
    for node in ast.parse(text).body:
        first = _first_line(node)
        yield _definition(node, "\n".join(lines[first - 1 : node.end_lineno]), f"{file}:{first}")


def _aliases(library: dict[str, str]) -> Iterator[Definition]:
    """The aliases of ``config.ini``, as d2lbook defines them."""
    place, package = "config.ini", library.get("lib_name", "")
    for line in library.get("alias", "").split("\n"):
        if name := line.partition("=")[0].strip():
            yield Definition(place, line.strip(), (name,))
    for name, other in _pairs(library.get("simple_alias", "")):
        yield Definition(place, f"{name} = {package}.{other}", (name,))
    for name, other in _pairs(library.get("fluent_alias", "")):
        text = f"{name} = lambda x, *args, **kwargs: x.{other}(*args, **kwargs)"
        yield Definition(place, text, (name,))


def _pairs(setting: str) -> Iterator[tuple[str, str]]:
    """The pairs of a setting such as ``concat -> cat, exp(, log``."""
    for term in re.split(r"[,\n]", setting):
        name, _, other = (part.strip().removesuffix("(") for part in term.partition("->"))
        if name:
            yield name, other or name


# --- the text of a module ---------------------------------------------------------------------

_HEAD = '''\
"""{title}: what its pages define, for their code in other pages.

Generated by `python -m tabbook import-d2l` from what the pages mark `#@save`. Do not edit it, but
import the pages again.
"""

import sys
{star}
{alias} = sys.modules[__name__]


class _Missing:
    """Stands for a module that is not installed: its first use raises the error of its import."""

    def __init__(self, error):
        self._error = error

    def __getattr__(self, name):
        raise self._error

    def __call__(self, *args, **kwargs):
        raise self._error
'''


def module_text(library: Library, title: str) -> str:
    """The source of a framework's module."""
    star = ""
    if library.base:
        star = f"\nfrom {library.base} import *  # preferred to what the pages define\n"
    parts = [_HEAD.format(title=title, star=star, alias=library.alias).rstrip()]
    methods: dict[str, list[Definition]] = {}
    for one in library.definitions:
        if one.method_of:
            methods.setdefault(one.method_of, []).append(one)
    for one in library.definitions:
        if one.method_of or (one.names and library.preferred.issuperset(one.names)):
            continue
        text = _guarded(one)
        if len(one.names) == 1 and text.lstrip("@").startswith("class "):
            # The pages add methods later; here they are in the class, as in d2lbook's library.
            text += "".join(
                f"\n\n    # {method.place}\n{textwrap.indent(method.text, '    ')}"
                for method in methods.pop(one.names[0], ())
            )
        parts.append(f"# {one.place}\n{text}")
    parts += [_added(owner, added) for owner, added in methods.items()]
    return "\n\n".join(parts) + "\n"


def _added(owner: str, methods: Sequence[Definition]) -> str:
    """The methods that a preferred class may lack."""
    inner = "\n\n".join(
        f"    # {method.place}\n{textwrap.indent(method.text, '    ')}" for method in methods
    )
    return (
        f"class _AddedTo{owner}:\n{inner}\n\n\n"
        f"for _name, _method in list(vars(_AddedTo{owner}).items()):\n"
        f"    if not hasattr({owner}, _name):\n"
        f"        setattr({owner}, _name, _method)"
    )


def _guarded(definition: Definition) -> str:
    """An import that may fail: not every page needs every package."""
    node = ast.parse(definition.text).body[0]
    match node:
        case ast.Import():
            needed: Iterable[str] = [alias.name for alias in node.names]
        case ast.ImportFrom():
            needed = [node.module or ""]
        case _:
            return definition.text
    if all(name.split(".")[0] in sys.stdlib_module_names for name in needed):
        return definition.text
    bound = " = ".join(definition.names)
    return (
        f"try:\n{textwrap.indent(definition.text, '    ')}\n"
        f"except ImportError as _error:\n    {bound} = _Missing(_error)"
    )

"""The documented package, parsed by griffe: its framework modules and their public names.

The package is not imported, so that the book can be built without any framework.
"""

import ast
from collections.abc import Iterator
from functools import cache

import griffe

from tabbook.config import Book


@cache
def read_package(book: Book) -> griffe.Module:
    """The package that a book documents."""
    package = griffe.load(
        book.reference.package,
        search_paths=[book.file.parent],
        submodules=True,
        allow_inspection=False,  # it would import
    )
    assert isinstance(package, griffe.Module)
    return package


@cache
def framework_module(book: Book, framework: str) -> griffe.Module:
    """The module of a framework in the documented package.

    Raises:
        ValueError: the book has no such framework.
    """
    module = read_package(book)[book.framework(framework).module]
    assert isinstance(module, griffe.Module)
    return module


def resolve(member: griffe.Object | griffe.Alias) -> griffe.Object:
    """The definition of an object that may be imported or inherited."""
    return member.final_target if isinstance(member, griffe.Alias) else member


@cache
def public_names(book: Book, framework: str) -> dict[str, griffe.Object | str]:
    """The public names of a framework's module, each with its class, function or other code.

    Raises:
        LookupError: ``__all__`` has a name that the module does not define.
    """
    module, short = framework_module(book, framework), _short_names(book, framework)
    names: dict[str, griffe.Object | str] = {}
    for name in map(str, module.exports or ()):
        member = module.members.get(name)
        if name in short:
            names[name] = short[name]
        elif member is None:
            raise LookupError(f"{module.path}: __all__ names {name!r}, which is not defined there.")
        elif isinstance(member, griffe.Alias) and not member.target_path.startswith(
            f"{book.reference.package}."
        ):
            names[name] = member.target_path  # a module such as matplotlib.pyplot
        else:
            names[name] = resolve(member)
    return names


def _short_names(book: Book, framework: str) -> dict[str, str]:
    """The names that a module assigns to existing objects: ``concat`` -> ``torch.cat``."""
    module = framework_module(book, framework)
    found = {}
    for statement in ast.parse(module.source).body:
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
            if isinstance(target, ast.Name) and target.id in (module.exports or ()):
                found[target.id] = _source_text(value)
    return found


def _source_text(value: ast.expr) -> str:
    match value:
        case ast.Call(args=[ast.Constant(value=str(name))]):  # makes a function of a method
            return f"x.{name}(…)"
    return ast.unparse(value)


def full_name(book: Book, framework: str, written: str) -> str:
    """A dotted name with the full name of its module, since ``np`` may be NumPy's or MXNet's."""
    head, dot, rest = written.partition(".")
    module = framework_module(book, framework)
    return (module.resolve(head) if head in module.members else head) + dot + rest


def public_bases(book: Book, framework: str, Class: griffe.Class) -> dict[str, griffe.Class]:
    """The documented base classes of a class, by name, most distant first."""
    public = {id(item): name for name, item in public_names(book, framework).items()}
    return {public[id(base)]: base for base in reversed(Class.mro()) if id(base) in public}


def documented_members(Class: griffe.Class) -> Iterator[tuple[str, griffe.Object]]:
    """The documented methods and properties of a class, including inherited ones."""
    for name, member in Class.all_members.items():
        item = resolve(member)
        if item.docstring and (not name.startswith("_") or name == "__call__"):
            yield name, item


def anchor(book: Book, framework: str | None, name: str) -> str:
    """The id of a name's entry, in its framework's reference or, for None, in the comparison."""
    if framework is None:
        return f"{book.reference.alias}-{name}"
    return f"{framework_module(book, framework).path}.{name}"

"""The names that the code of pages takes from the module of its framework."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tabbook.import_d2l.cells import masked
from tabbook.import_d2l.page import Converted
from tabbook.import_d2l.saved import Library


@dataclass(frozen=True)
class Use:
    """A name that a page takes from the module of a framework.

    Attributes:
        page: the page.
        framework: the framework.
        name: the name, without ``d2l.``; or ``d2l`` itself, if the page uses and never imports it.
        line: the first line of the cell that uses it first, counted from 1.
        defined: where the module has it from; None if it is missing.
    """

    page: PurePosixPath
    framework: str
    name: str
    line: int
    defined: str | None


def uses(converted: dict[PurePosixPath, Converted], modules: dict[str, Library]) -> Iterator[Use]:
    """The names that pages take from the modules, each once for a page and framework."""
    for path, page in converted.items():
        for framework in page.frameworks:
            library = modules[framework]
            known = library.names
            found: dict[str, int] = {}
            own: set[str] = set()
            is_bound = False
            for cell in page.code:
                if framework not in cell.frameworks:
                    continue
                is_bound |= _binds(cell.source, library.alias)
                for name, is_set in _attributes(cell.source, library.alias):
                    if not is_bound:
                        yield Use(path, framework, library.alias, cell.line + 1, None)
                        is_bound = True  # said once
                    if is_set:
                        own.add(name)
                    else:
                        found.setdefault(name, cell.line + 1)
            for name, line in found.items():
                defined = f"{path}" if name in own else known.get(name)
                yield Use(path, framework, name, line, defined)


def _binds(source: str, alias: str) -> bool:
    """Whether some code imports or assigns a name."""
    return any(
        (isinstance(node, ast.alias) and (node.asname or node.name) == alias)
        or (isinstance(node, ast.Name) and node.id == alias and isinstance(node.ctx, ast.Store))
        for node in ast.walk(ast.parse(masked(source)))
    )


def _attributes(source: str, alias: str) -> Iterator[tuple[str, bool]]:
    """The attributes of a name in some code, in order, and whether they are assigned."""
    found = [
        node
        for node in ast.walk(ast.parse(masked(source)))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == alias
    ]
    for node in sorted(found, key=lambda one: (one.lineno, one.col_offset)):
        yield node.attr, isinstance(node.ctx, ast.Store)

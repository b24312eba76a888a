"""Changes of stored outputs: the first digit of a number, the first letter of a word, a point of a
figure, or a picture."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nbformat

from tabbook.check.compare import SKIPPED_MIME

NUMBER = re.compile(r"\d+(?:\.\d+)?")
WORD = re.compile(r"[^\W\d_]{3,}")
JSON = re.compile(r"application/(.*\+)?json")


@dataclass(frozen=True)
class Place:
    """Where an output can be changed.

    Attributes:
        kind: ``number``, ``word``, ``point`` (a number in JSON) or ``picture``.
        cell: the index of the cell.
        path: the keys that lead from the cell's outputs to the value.
        span: the part of the value, if it is a text.
    """

    kind: str
    cell: int
    path: tuple[str | int, ...]
    span: tuple[int, int] = (0, 0)


def places(notebook: nbformat.NotebookNode) -> Iterator[Place]:
    """All numbers, words, points and pictures in the outputs of a notebook."""
    for index, cell in enumerate(notebook.cells):
        for path, value in _leaves(cell.get("outputs", [])):
            mime = str(path[2]) if path[1] == "data" else "text/plain"
            if mime.startswith("image/"):
                yield Place("picture", index, path)
            elif SKIPPED_MIME.fullmatch(mime):
                continue
            elif isinstance(value, int | float) and JSON.fullmatch(mime):
                yield Place("point", index, path)
            elif isinstance(value, str):
                for kind, pattern in (("number", NUMBER), ("word", WORD)):
                    yield from (Place(kind, index, path, m.span()) for m in pattern.finditer(value))


def _leaves(value: Any, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The texts and numbers in outputs, with their paths."""
    if not isinstance(value, dict | list):
        yield path, value
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        if len(path) != 1 or key in ("text", "data", "ename", "evalue"):
            yield from _leaves(one, *path, key)


def change(outputs: list[nbformat.NotebookNode], place: Place) -> str:
    """Change a value in outputs; return what became of what."""
    *path, last = place.path
    parent = functools.reduce(lambda one, key: one[key], path, outputs)
    old, (start, end) = parent[last], place.span
    if place.kind == "picture":
        parent[last] = f"{old[: len(old) // 2]}A{old[len(old) // 2 + 1 :]}"
        return f"a character of {last}"
    if place.kind == "point":
        parent[last] = not old if isinstance(old, bool) else old + 1 + abs(old) // 10
        return f"{old!r} became {parent[last]!r} in {'.'.join(map(str, place.path))}"
    first = old[start]
    # The first digit or letter becomes the next one.
    new = str((int(first) + 1) % 10) if place.kind == "number" else chr(ord(first) + 1)
    parent[last] = old[:start] + new + old[start + 1 :]
    around = old[max(0, start - 30) : end + 30]
    return f"{old[start:end]!r} became {new + old[start + 1 : end]!r} in {around!r}"

"""The frameworks of the books that are written for d2lbook, and the problems of an import."""

import functools
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tabbook.config import Framework

#: The value of ``--base`` for no package.
NO_BASE = "none"


class ImportD2lError(ValueError):
    """The sources cannot be imported; the message says what was expected and what to do."""


@dataclass(frozen=True)
class Dialect:
    """The contents of ``dialect.toml``.

    Attributes:
        base: the package whose modules are preferred to the definitions of the pages.
        frameworks: by the name of their tab.
        environment: variables for every kernel of the new book.
    """

    base: str
    frameworks: dict[str, Framework]
    environment: dict[str, str]

    def framework(self, name: str) -> Framework:
        """Look up a framework by the name of its tab.

        Raises:
            ImportD2lError: there is none of this name.
        """
        if name not in self.frameworks:
            raise ImportD2lError(
                f"unknown framework {name!r}; expected one of: {', '.join(self.frameworks)}."
            )
        return self.frameworks[name]


@functools.cache
def dialect() -> Dialect:
    """The dialect of these books."""
    table: dict[str, Any] = tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    )
    frameworks = {
        name: Framework(name, **{key: _frozen(value) for key, value in entry.items()})
        for name, entry in table["frameworks"].items()
    }
    return Dialect(table["base"], frameworks, table["environment"])


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class Problem:
    """Something that was not converted, or not exactly.

    Attributes:
        path: the source.
        line: its line, counted from 1.
        message: what was found, and what became of it.
        is_error: whether the page was not written because of it.
    """

    path: Path
    line: int
    message: str
    is_error: bool = False

    def __str__(self) -> str:
        kind = "error" if self.is_error else "warning"
        return f"{self.path}:{self.line}: {kind}: {self.message}"


@dataclass
class Report:
    """The problems of one source.

    Attributes:
        path: the source.
        problems: those found so far.
    """

    path: Path
    problems: list[Problem] = field(default_factory=list)

    def warn(self, line: int, message: str) -> None:
        """Add a warning; ``line`` is counted from 0."""
        self._add(Problem(self.path, line + 1, message))

    def fail(self, line: int, message: str) -> None:
        """Add an error; ``line`` is counted from 0."""
        self._add(Problem(self.path, line + 1, message, is_error=True))

    def _add(self, problem: Problem) -> None:
        if problem not in self.problems:  # a text for two frameworks is converted twice
            self.problems.append(problem)

    @property
    def has_errors(self) -> bool:
        """Whether the page cannot be written."""
        return any(problem.is_error for problem in self.problems)

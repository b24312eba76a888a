"""The YAML files of a Jupyter Book, ``_config.yml`` and ``_toc.yml``, without Sphinx."""

import functools
from pathlib import Path
from typing import Any

import yaml

from tabbook.config import Book, ConfigError


def config_of(book: Book) -> dict[str, Any]:
    """The settings in a book's ``_config.yml``; empty where there is no such file.

    Raises:
        ConfigError: the file is not YAML, or not a mapping.
    """
    return _file(book.root.resolve() / "_config.yml")


def contents_of(book: Book) -> dict[str, Any]:
    """The book's ``_toc.yml``; empty where there is no such file.

    Raises:
        ConfigError: the file is not YAML, or not a mapping.
    """
    return _file(book.root.resolve() / "_toc.yml")


def address_of(book: Book) -> str:
    """Where a book is published, with a slash at the end; empty: nowhere yet."""
    return folder((config_of(book).get("html") or {}).get("baseurl"))


def folder(address: str | None) -> str:
    """An address with one slash at its end; empty for none."""
    return f"{address.rstrip('/')}/" if address else ""


def yaml_problem(path: Path, error: yaml.YAMLError, above: int = 0) -> str:
    """What is wrong with a file, and in which line.

    Args:
        above: the number of lines of the file before the YAML.
    """
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"{path}: {error}"
    mark = error.problem_mark
    if error.context_mark and "<stream end>" in (error.problem or ""):
        mark = error.context_mark  # where a bracket was opened
    line = f":{mark.line + 1 + above}" if mark else ""
    said = ": ".join(part for part in (error.context, error.problem) if part)
    return f"{path}{line}: this is not valid YAML: {said}."


def _file(path: Path) -> dict[str, Any]:
    return _loaded(path, path.stat().st_mtime_ns) if path.exists() else {}


@functools.lru_cache(maxsize=16)
def _loaded(path: Path, stamp: int) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ConfigError(yaml_problem(path, error)) from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: expected `key: value` lines, found a {type(found).__name__}.")
    return found

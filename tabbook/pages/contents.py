"""The files of a book: the pages that ``_toc.yml`` lists, and the files that it does not list.

The build and the commands both take their pages from here. Without a ``_toc.yml``, a folder is no
book, and its pages are the Markdown files in it.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tabbook.config import FILE, Book, ConfigError
from tabbook.pages.settings import config_of, contents_of

#: The file that lists the pages, in the book's folder.
TOC = "_toc.yml"

_SUFFIXES = (".md", ".ipynb", ".rst")


def entries(part: dict[str, Any], root: Path) -> list[dict[str, Any]]:
    """The pages of a part or below a page, in all formats of ``_toc.yml``; ``glob`` is resolved."""
    lists = [value for value in part.values() if isinstance(value, list)]
    found: list[dict[str, Any]] = []
    for entry in (one for items in lists for one in items if isinstance(one, dict)):
        if "file" in entry:
            found.append(entry)
        elif "glob" in entry:
            named = {_document(one["file"]) for one in [*found, part] if "file" in one}
            matches = {
                _document(path.relative_to(root).as_posix())
                for suffix in _SUFFIXES
                for path in root.glob(f"{entry['glob']}{suffix}")
            }
            found += [{"file": name} for name in sorted(matches - named)]
    return found


def all_entries(part: dict[str, Any], root: Path) -> Iterator[dict[str, Any]]:
    """All entries of a table of contents, at any depth."""
    if "root" in part:
        yield {"file": part["root"]}
    for entry in entries(part, root):
        yield entry
        yield from all_entries(entry, root)
    for items in part.values():
        for group in items if isinstance(items, list) else ():
            if isinstance(group, dict) and not {"file", "glob"} & set(group):  # a part
                yield from all_entries(group, root)


def source_of(root: Path, entry: dict[str, Any]) -> Path | None:
    """The Markdown of an entry; None if it is another type of file."""
    path = root / f"{str(entry.get('file', '')).removesuffix('.md')}.md"
    return path if path.is_file() else None


def listed(book: Book) -> list[Path] | None:
    """The Markdown files that ``_toc.yml`` lists, in order; None if there is no ``_toc.yml``.

    Raises:
        ConfigError: a listed file does not exist.
    """
    root = book.root.resolve()
    if not (root / TOC).is_file():
        return None
    found = []
    for entry in all_entries(contents_of(book), root):
        if path := source_of(root, entry):
            found.append(path)
        elif not any((root / f"{_document(entry['file'])}{end}").is_file() for end in _SUFFIXES):
            name = _document(entry["file"])
            raise ConfigError(
                f"{root / TOC}{_line_of(name, root / TOC)}: expected the file {name}.md in {root}, "
                "found none. Correct the entry, or create the file."
            )
    return list(dict.fromkeys(found))


def folders(book: Book, folder: Path) -> list[Path]:
    """The folders with pages in a folder of the book, sorted."""
    files = listed(book)
    if files is None:
        return [folder]
    return sorted({file.parent for file in files if file.is_relative_to(folder.resolve())})


def name_of(book: Book, path: Path) -> str:
    """The name of a page in commands, messages and downloads; no other page has the same name.

    It is the page's path without suffix, relative to the folder that contains all pages of
    ``_toc.yml``. Without a ``_toc.yml``, it has no folder.
    """
    root, path = book.root.resolve(), path.resolve()
    if not (root / TOC).is_file():
        return path.stem
    documents = [root / str(entry["file"]) for entry in all_entries(contents_of(book), root)]
    base = Path(os.path.commonpath([file.parent for file in documents])) if documents else root
    for above in (base, root):
        if path.is_relative_to(above):
            return path.relative_to(above).with_suffix("").as_posix()
    return path.stem


def unlisted(book: Book, folder: Path, suffix: str) -> Iterator[Path]:
    """Files in a folder of the book that ``_toc.yml`` does not list, sorted.

    Hidden files, folders that begin with ``_``, virtual environments, packages of Node.js, other
    books, and what ``exclude_patterns`` in ``_config.yml`` excludes are omitted.
    """
    root = book.root.resolve()
    patterns = config_of(book).get("exclude_patterns") or ()
    excluded = re.compile("|".join(f"(?:{_expression(str(one))})" for one in patterns) or "(?!)")
    known = {
        root / f"{_document(entry['file'])}{suffix}"
        for entry in all_entries(contents_of(book), root)
    }
    for above, inner, files in os.walk(folder.resolve()):
        here = Path(above)
        inner[:] = sorted(
            name
            for name in inner
            if not name.startswith((".", "_"))
            and name != "node_modules"
            and not (here / name / "pyvenv.cfg").exists()
            and not _is_other_book(here / name, book)
            and not excluded.fullmatch((here / name).relative_to(root).as_posix())
        )
        for name in sorted(files):
            path = here / name
            if (
                path.suffix == suffix
                and not name.startswith(".")
                and path not in known
                and not excluded.fullmatch(path.relative_to(root).as_posix())
            ):
                yield path


def _is_other_book(folder: Path, book: Book) -> bool:
    file = folder / FILE
    return file.is_file() and file != book.file and "[tool.tabbook" in file.read_text("utf-8")


def _line_of(name: str, toc: Path) -> str:
    """The line of an entry, after a colon; empty if its name has another form there."""
    lines = enumerate(toc.read_text(encoding="utf-8").split("\n"), start=1)
    entry = re.compile(rf"""\b(?:file|root):\s*["']?{re.escape(name)}(?![\w/-])""")
    return next((f":{number}" for number, line in lines if entry.search(line)), "")


def _document(file: str) -> str:
    """A file of ``_toc.yml`` without its suffix, which may be omitted there."""
    end = next((end for end in _SUFFIXES if file.endswith(end)), "")
    return file.removesuffix(end)


def _expression(pattern: str) -> str:
    """A pattern of Sphinx as a regular expression: only ``**`` crosses folders."""
    parts = re.findall(r"\*\*|\*|\?|\[!?[^]]+\]|.", pattern, re.DOTALL)
    special = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        special.get(part)
        or (part.replace("[!", "[^", 1) if part.startswith("[") and len(part) > 1 else None)
        or re.escape(part)
        for part in parts
    )

"""Write the files of an imported book: pages, contents, modules, pictures and settings."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tabbook.config import FILE, Framework
from tabbook.import_d2l.dialect import ImportD2lError, Problem, dialect
from tabbook.import_d2l.saved import libraries, module_text
from tabbook.import_d2l.sources import Contents, Folder
from tabbook.pages.fences import EXTENSIONS
from tabbook.pages.source import SourceError, read_page

FRAMEWORKS = "frameworks.toml"


#: The folder of the pages in the new book.
PAGES = "chapters"


@dataclass
class Written:
    """What was written.

    Attributes:
        problems: all problems, in the order of the pages.
        pages, pairs, pictures, modules: how many; a pair is a page and one of its frameworks.
        drawings: the pictures that notebooks need in another form.
    """

    problems: list[Problem]
    pages: int = 0
    pairs: int = 0
    pictures: int = 0
    modules: int = 0
    drawings: tuple[PurePosixPath, ...] = ()


def check_target(to: Path, sources: Path) -> None:
    """Check that a folder can become the new book.

    Raises:
        ImportD2lError: it is a part of the sources, or contains them, or is another book.
    """
    here = to.resolve()
    if here == sources or here in sources.parents or sources in here.parents:
        raise ImportD2lError(f"--to expects a folder outside of {sources}; received {to}.")
    if here.exists() and not here.is_dir():
        raise ImportD2lError(f"--to expects a folder; {to} is a file.")
    if here.is_dir() and any(here.iterdir()) and not (here / FRAMEWORKS).is_file():
        raise ImportD2lError(
            f"--to expects an empty folder, or one that import-d2l wrote; {to} is neither."
        )


def write(folder: Folder, chosen: Sequence[PurePosixPath], base: str, to: Path) -> Written:
    """Write the book.

    Pages, contents, modules and pictures replace those of an earlier import. Settings that exist
    stay, because you may have changed them.

    Args:
        folder: the sources.
        chosen: the pages of the new book. The modules come from all pages of the folder.
        base: the package whose modules are preferred; empty for none.
        to: the folder of the book.

    Raises:
        ImportD2lError: the package has no modules for the frameworks.
    """
    others = [page for page in folder.sources if page not in chosen]
    # First, because the problems of the chosen pages are those of their second conversion
    every = folder.convert(others) | (converted := folder.convert(chosen))
    every = {page: every[page] for page in folder.sources}
    modules = libraries(folder, every, base)
    written = Written([])
    names = folder.names(chosen)
    needed = {one for page in converted.values() for one in page.libraries}
    _write_settings(folder, base, to, sorted(needed))
    (to / PAGES).mkdir(exist_ok=True)
    pictures: set[PurePosixPath] = set()
    for page in chosen:
        report = folder.sources[page].report
        path = to / PAGES / f"{names[page]}.md"
        path.unlink(missing_ok=True)
        if not report.has_errors:
            path.write_text(converted[page].text, encoding="utf-8")
            if converted[page].frameworks:
                try:
                    read_page(path)
                except SourceError as error:
                    report.fail(0, f"the converted page is invalid: {error}")
        if not report.has_errors:
            written.pages += 1
            written.pairs += len(converted[page].frameworks)
            pictures |= converted[page].pictures
        written.problems += report.problems
    written.problems += folder.report.problems
    for file in [*sorted(pictures), *folder.bibliographies, *_licences(folder.root)]:
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder.root / file, to / file)
    written.pictures = len(pictures)
    written.drawings = tuple(one for one in sorted(pictures) if one.suffix == ".svg")
    package = to / folder.package
    package.mkdir(exist_ok=True)
    title = folder.setting("project", "title", folder.root.name)
    (package / "__init__.py").write_text(f'"""The modules of {title}."""\n', encoding="utf-8")
    for library in modules.values():
        text = module_text(library, title)
        (package / f"{library.module}.py").write_text(text, encoding="utf-8")
        written.modules += 1
    _write_yaml(to / "_toc.yml", contents(folder, names, PAGES))
    return written


def _licences(root: Path) -> list[PurePosixPath]:
    return [PurePosixPath(file.name) for file in sorted(root.glob("LICENSE*")) if file.is_file()]


# --- contents -----------------------------------------------------------------------------------


def contents(folder: Folder, names: dict[PurePosixPath, str], below: str) -> dict[str, Any]:
    """The contents of the new book, in the form of ``_toc.yml``.

    Args:
        folder: the sources.
        names: the names of the new book's pages.
        below: the folder of its pages.
    """
    first = next(iter(folder.sources))
    listed: set[PurePosixPath] = {first}

    def entries(found: Contents) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = []
        for page in found.pages:
            if page not in folder.sources or page in listed:
                continue
            listed.add(page)
            sections = [
                entry for inner in folder.sources[page].contents for entry in entries(inner)
            ]
            if page not in names:
                result += sections
            else:
                own: dict[str, Any] = {"file": f"{below}/{names[page]}"}
                result.append(own | {"sections": sections} if sections else own)
        return result

    parts = [(entries(found), found.is_numbered) for found in folder.sources[first].contents]
    parts = [(pages, is_numbered) for pages, is_numbered in parts if pages]
    if first in names:
        root = f"{below}/{names[first]}"
    elif parts:  # the first page is the root, and what was below it is beside it
        pages, is_numbered = parts[0]
        root = pages[0]["file"]
        parts[0] = ([*pages[0].get("sections", []), *pages[1:]], is_numbered)
    else:  # pages that no contents list
        root, *rest = [f"{below}/{name}" for name in names.values()]
        parts = [([{"file": file} for file in rest], False)]
    return dict(
        format="jb-book",
        root=root,
        parts=[
            dict({"numbered": True} if is_numbered else {}, chapters=pages)
            for pages, is_numbered in parts
            if pages
        ],
    )


# --- settings -----------------------------------------------------------------------------------


def _write_settings(folder: Folder, base: str, to: Path, needed: Sequence[str]) -> None:
    to.mkdir(parents=True, exist_ok=True)
    config = {
        "title": folder.setting("project", "title", folder.root.name),
        "author": folder.setting("project", "author"),
        "copyright": folder.setting("project", "copyright"),
        "only_build_toc_files": True,
        "execute": {"execute_notebooks": "off"},
        "parse": {"myst_enable_extensions": sorted(EXTENSIONS)},
        "bibtex_bibfiles": [str(file) for file in folder.bibliographies],
        "sphinx": {
            "extra_extensions": ["tabbook.sphinx"],
            "config": {"bibtex_reference_style": "author_year"},
        },
    }
    if not (to / "_config.yml").exists():
        _write_yaml(to / "_config.yml", config)
    tables = [
        f"[{name}]\n" + _toml(_values(framework)) for name, framework in folder.frameworks.items()
    ]
    (to / FRAMEWORKS).write_text("\n".join(tables), encoding="utf-8")
    if (to / FILE).exists():
        return
    extras = {
        framework.extra: [f"{base}[{framework.extra}]" if base else framework.package]
        for framework in folder.frameworks.values()
        if framework.extra
    }
    if needed:
        extras["pages"] = [*needed]
    text = "\n".join(
        [
            "[build-system]\n"
            + _toml({"requires": ["setuptools>=77"], "build-backend": "setuptools.build_meta"}),
            "[project]\n"
            + _toml(
                {
                    "name": folder.setting("project", "name", "imported-book"),
                    "version": folder.setting("project", "release", "0"),
                    "dependencies": ["matplotlib", "numpy", "pandas", "requests"],
                }
            ),
            "[project.optional-dependencies]\n" + _toml(extras),
            "[tool.setuptools]\n" + _toml({"packages": [folder.package]}),
            "[tool.tabbook]\n" + _toml({"frameworks": FRAMEWORKS}),
            "[tool.tabbook.environment]\n" + _toml(dialect().environment),
        ]
    )
    (to / FILE).write_text(text, encoding="utf-8")


def _values(framework: Framework) -> dict[str, Any]:
    """The settings of a framework that are not the default."""
    return {
        one.name: value
        for one in fields(framework)
        if one.name != "id" and (value := getattr(framework, one.name)) != one.default
    }


def _toml(table: dict[str, Any]) -> str:
    """A table of TOML; strings and lists of JSON are written alike."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")

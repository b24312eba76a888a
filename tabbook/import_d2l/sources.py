"""The sources of a book for d2lbook: its pages, contents, labels, bibliography and settings."""

import configparser
import fnmatch
import functools
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pybtex.database import parse_file
from pybtex.exceptions import PybtexError

from tabbook.config import Framework
from tabbook.import_d2l.dialect import ImportD2lError, Report, dialect
from tabbook.import_d2l.markup import Block, blocks, joined
from tabbook.import_d2l.page import Converted, Converter
from tabbook.import_d2l.words import Surroundings, Target, Words

CONFIG = "config.ini"
#: What d2lbook puts below the part of a library that is written by hand.
LIBRARY_MARK = re.compile(r"^#+\s*WARNING\s*#+$", re.MULTILINE)


@dataclass(frozen=True)
class Contents:
    """A fence with contents.

    Attributes:
        line: its first line in its page, counted from 0.
        pages: the pages that it lists, relative to the folder.
        is_numbered: whether it says ``:numbered:``.
    """

    line: int
    pages: tuple[PurePosixPath, ...]
    is_numbered: bool


@dataclass
class Source:
    """A page before its conversion.

    Attributes:
        path: the page, relative to the folder.
        text: its text.
        blocks: its blocks.
        title: its first heading, in MyST.
        contents: what its contents list.
        report: its problems.
    """

    path: PurePosixPath
    text: str
    blocks: list[Block]
    title: str
    contents: list[Contents]
    report: Report


@dataclass
class Folder:
    """The sources of a book.

    Attributes:
        root: the folder.
        settings: what ``config.ini`` says; empty without it.
        sources: all pages, in the order of the contents; then those that no contents list.
        frameworks: by the name of their tab, in the order of the tabs.
        bibliographies: the ``.bib`` files, relative to the folder.
        report: problems that belong to no page.
    """

    root: Path
    settings: configparser.RawConfigParser
    sources: dict[PurePosixPath, Source] = field(default_factory=dict)
    frameworks: dict[str, Framework] = field(default_factory=dict)
    bibliographies: list[PurePosixPath] = field(default_factory=list)
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        self.report = Report(self.root / CONFIG)

    def setting(self, section: str, key: str, default: str = "") -> str:
        """A setting of ``config.ini``."""
        return self.settings.get(section, key, fallback=default).strip()

    def library(self, framework: Framework) -> dict[str, str]:
        """The settings of a framework's library: aliases, and the file that d2lbook writes."""
        section = f"library-{framework.id}"
        return dict(self.settings.items(section)) if self.settings.has_section(section) else {}

    @property
    def package(self) -> str:
        """The package of the libraries: that of ``lib_file``."""
        files = [self.library(one).get("lib_file", "") for one in self.frameworks.values()]
        return next((PurePosixPath(file).parts[0] for file in files if "/" in file), "d2l")

    def chosen(self, names: Sequence[str]) -> list[PurePosixPath]:
        """Look up pages by path, by folder or by name, in the order of the contents.

        Args:
            names: such as ``chapter_mlp/mlp.md``, ``chapter_mlp`` or ``mlp``; none means all.

        Raises:
            ImportD2lError: there is no such page.
        """
        wanted: set[PurePosixPath] = set()
        for name in names:
            path = PurePosixPath(os.path.normpath(name))
            if Path(name).is_absolute() and Path(name).is_relative_to(self.root):
                path = PurePosixPath(Path(name).relative_to(self.root).as_posix())
            found = {
                page
                for page in self.sources
                if page in (path, path.with_suffix(".md"))
                or path in page.parents
                or (len(path.parts) == 1 and page.stem == path.stem)
            }
            if not found:
                raise ImportD2lError(
                    f"no page or folder {name!r} in {self.root}; expected a path such as "
                    f"{next(iter(self.sources))}."
                )
            wanted |= found
        return [page for page in self.sources if page in wanted or not names]

    def names(self, pages: Sequence[PurePosixPath]) -> dict[PurePosixPath, str]:
        """A name in the new book for each page, without suffix.

        An ``index`` is named after its folder, and every name occurs once in the folder of the
        sources, so it does not depend on the other pages that are chosen.
        """
        plain = {page: _name(page) for page in self.sources}
        count = Counter(plain.values())
        return {
            page: plain[page] if count[plain[page]] == 1 else "_".join(page.with_suffix("").parts)
            for page in pages
        }

    @functools.cached_property
    def labels(self) -> dict[str, Target]:
        """Every label of the book."""
        found: dict[str, Target] = {}
        for source in self.sources.values():
            for block in source.blocks:
                for key in ("label", "eqlabel"):
                    if key not in block.marks:
                        continue
                    name, line = block.marks[key]
                    if name in found:
                        source.report.warn(
                            line, f"the label {name!r} is also on {found[name].page}."
                        )
                    kind = _KINDS.get(block.kind, "text") if key == "label" else "equation"
                    found[name] = Target(source.path, source.title, kind)
        return found

    @functools.cached_property
    def citations(self) -> frozenset[str] | None:
        """The keys of the bibliography; None if there is none."""
        if not self.bibliographies:
            return None
        keys: set[str] = set()
        for file in self.bibliographies:
            try:
                keys |= set(parse_file(str(self.root / file)).entries)
            except PybtexError as error:
                self.report.warn(0, f"{file} cannot be read: {error}")
        return frozenset(keys)

    def convert(self, pages: Sequence[PurePosixPath]) -> dict[PurePosixPath, Converted]:
        """Convert pages; their problems are in the reports of the sources.

        Args:
            pages: the pages that the new book has; references to others become words.
        """
        names = self.names(pages)
        converted = {}
        for page in pages:
            source = self.sources[page]
            around = Surroundings(page, self.labels, names, self.citations, self.root)
            converter = Converter(
                source.text, source.blocks, self.frameworks, around, source.report
            )
            converted[page] = converter.convert()
        return converted


_KINDS = {"heading": "section", "paragraph": "figure", "math": "equation", "table": "table"}


def read(root: Path) -> Folder:
    """Read a folder of sources.

    Raises:
        ImportD2lError: it has no pages, or its settings cannot be read.
    """
    if not root.is_dir():
        raise ImportD2lError(f"{root}: expected a folder with the sources of a book for d2lbook.")
    folder = Folder(root, _settings(root / CONFIG))
    tabs = [name for name in re.split(r"[,\s]+", folder.setting("build", "tabs")) if name]
    folder.frameworks = {name: dialect().framework(name) for name in tabs or dialect().frameworks}
    found = {path: _source(root, path) for path in _files(folder)}
    if not found:
        raise ImportD2lError(f"{root}: expected pages such as index.md; found no .md file.")
    first = PurePosixPath(folder.setting("build", "index", "index") + ".md")
    ordered = list(dict.fromkeys(_in_order(found, first))) if first in found else []
    folder.sources = {path: found[path] for path in [*ordered, *found]}
    for path in found:
        if path not in ordered and first in found:
            found[path].report.warn(0, "no contents list this page; it is not in _toc.yml.")
    folder.bibliographies = _bibliographies(folder)
    return folder


def _settings(file: Path) -> configparser.RawConfigParser:
    settings = configparser.RawConfigParser()
    try:
        settings.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ImportD2lError(f"{file}: {error}") from error
    return settings


def _files(folder: Folder) -> Iterator[PurePosixPath]:
    """The pages, as d2lbook finds them: patterns, without exclusions."""
    patterns = folder.setting("build", "notebooks", "*.md */*.md").split()
    excluded = folder.setting("build", "exclusions").split()
    paths = {path for pattern in patterns for path in folder.root.glob(pattern)}
    for path in sorted(paths):
        name = path.relative_to(folder.root).as_posix()
        is_hidden = any(part.startswith(".") for part in PurePosixPath(name).parts)
        if not is_hidden and not any(fnmatch.fnmatch(name, pattern) for pattern in excluded):
            yield PurePosixPath(name)


def _source(root: Path, path: PurePosixPath) -> Source:
    report = Report(root / path)
    try:
        text = (root / path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportD2lError(f"{root / path}: expected text in UTF-8: {error}") from error
    # Other tools would count lines that Markdown does not.
    text = re.sub(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", text.replace("\r\n", "\n"))
    found = joined(blocks(text), report)
    heading = next((block for block in found if block.kind == "heading"), None)
    title = _name(path)
    if heading:
        nothing = Surroundings(path, {}, {})
        title = Words(nothing, Report(root / path)).text(heading.inline.content, 0)
    contents = [_contents(path, block) for block in found if _is_contents(block)]
    return Source(path, text, found, " ".join(title.split()), contents, report)


def _is_contents(block: Block) -> bool:
    return block.kind == "fence" and block.token.info.strip() == "toc"


def _contents(path: PurePosixPath, block: Block) -> Contents:
    lines = [line.strip() for line in block.token.content.split("\n") if line.strip()]
    names = [line.removesuffix(".md") for line in lines if not line.startswith(":")]
    pages = tuple(path.parent / f"{name}.md" for name in names)
    return Contents(block.first, pages, any(line.startswith(":numbered:") for line in lines))


def _in_order(found: dict[PurePosixPath, Source], page: PurePosixPath) -> Iterator[PurePosixPath]:
    yield page
    for contents in found[page].contents:
        for below in contents.pages:
            if below in found:
                yield from _in_order(found, below)
            else:
                found[page].report.warn(
                    contents.line, f"the contents list {below}, which does not exist."
                )


def _bibliographies(folder: Folder) -> list[PurePosixPath]:
    """The ``.bib`` files that pages name, and those that ``config.ini`` lists."""
    named = [
        PurePosixPath(os.path.normpath(source.path.parent / block.token.content))
        for source in folder.sources.values()
        for block in source.blocks
        if block.kind == "line" and block.token.info == "bibliography"
    ]
    named += [
        PurePosixPath(file)
        for file in folder.setting("build", "resources").split()
        if file.endswith(".bib")
    ]
    found = list(dict.fromkeys(named))
    for file in found:
        if not (folder.root / file).is_file():
            raise ImportD2lError(f"{folder.root / file}: the bibliography does not exist.")
    return found


def _name(page: PurePosixPath) -> str:
    is_index = page.stem == "index" and page.parent.name
    return page.parent.name if is_index else page.stem

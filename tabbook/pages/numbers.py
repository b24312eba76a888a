"""What the built book numbers, found in the sources: no Sphinx here.

Sections, equations, figures, tables and exercises get their numbers in the order of ``_toc.yml``,
by Sphinx's rules. A test compares all of them with the built book.
"""

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from markdown_it.token import Token

from tabbook.config import Book
from tabbook.pages.fences import Fence, Prose, options_and_body, parse
from tabbook.pages.settings import config_of, contents_of
from tabbook.pages.source import Page

#: How a number is announced, as Sphinx does it; of an equation, there is only the number.
WORDS = {"section": "Section", "figure": "Fig.", "table": "Table", "exercise": "Exercise"}


@dataclass(frozen=True)
class Place:
    """Something on a page of the book that a label names.

    Attributes:
        page: its page as ``_toc.yml`` names it.
        kind: ``section``, ``equation``, ``figure``, ``table``, ``exercise``, or ``text`` for what
            only a link can lead to.
        title: its heading or caption, in MyST.
        number: as the book shows it, ``2.1``; empty: the book does not number it.
        framework: whose words it stands in; None: all readers see it.
    """

    page: str
    kind: str
    title: str = ""
    number: str = ""
    framework: str | None = None


@dataclass
class Places:
    """Where everything in a book is.

    Attributes:
        root: the book's folder; names of pages are relative to it.
        labels: the places that have a label.
        headings: the numbers of headings, by page and line of its file, from 0.
        numbers: those of figures, tables and exercises, in the same way.
        titles: the title of each page.
        frameworks: those that each page has notebooks in.
        is_numbered: whether there is a ``_toc.yml``, without which nothing has a number.
    """

    root: Path
    labels: dict[str, Place] = field(default_factory=dict)
    headings: dict[tuple[str, int], str] = field(default_factory=dict)
    numbers: dict[tuple[str, int], str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    frameworks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_numbered: bool = False

    def name(self, path: Path) -> str:
        """The name of a page."""
        return path.resolve().relative_to(self.root).with_suffix("").as_posix()


def anchor(label: str) -> str:
    """What stands in an address for a label, as Docutils makes it."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


def places_of(page: Page) -> Places:
    """Where everything is in the book of a page; read again only when a source has changed."""
    root = page.book.root.resolve()
    files = [
        path for entry in _all_entries(contents_of(page.book)) if (path := _source(root, entry))
    ]
    if page.path.resolve() not in files:  # a page that the book does not show yet, or no book
        files += sorted(path.resolve() for path in page.path.parent.glob("*.md"))
    read = [*dict.fromkeys(files), root / "_toc.yml", root / "_config.yml"]
    stamp = tuple((path, path.stat().st_mtime_ns) for path in read if path.exists())
    return _read(page.book, stamp)


@functools.lru_cache(maxsize=8)
def _read(book: Book, stamp: tuple[tuple[Path, int], ...]) -> Places:
    root = book.root.resolve()
    toc = contents_of(book)
    places = Places(root, is_numbered=bool(toc))
    numbering = _Numbering(places, book)
    numbering.book(toc)
    for path, _ in stamp:
        if path.suffix == ".md" and places.name(path) not in places.titles:
            numbering.page(path, (), 0, 0)
    return places


def _entries(part: dict[str, Any]) -> list[dict[str, Any]]:
    """The pages of a part, or those below a page, whatever the format calls them."""
    lists = [value for value in part.values() if isinstance(value, list)]
    return [entry for entry in itertools.chain(*lists) if "file" in entry]


def _all_entries(toc: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Whatever a table of contents names, at any depth."""
    if "root" in toc:
        yield {"file": toc["root"]}
    for part in [toc, *toc.get("parts", [])]:
        for entry in _entries(part):
            yield entry
            yield from _all_entries({"sections": _entries(entry)})


def _source(root: Path, entry: dict[str, Any]) -> Path | None:
    """The Markdown of an entry; None where it is something else."""
    path = root / f"{str(entry.get('file', '')).removesuffix('.md')}.md"
    return path if path.is_file() else None


class _Numbering:
    """Counts as Sphinx does, page after page."""

    def __init__(self, places: Places, book: Book) -> None:
        self.places = places
        self.key = book.key
        self.counts: Counter[tuple[str, tuple[int, ...]]] = Counter()
        settings = (config_of(book).get("sphinx") or {}).get("config") or {}
        self.shared = int(settings.get("numfig_secnum_depth", 1))

    def book(self, toc: dict[str, Any]) -> None:
        if root := _source(self.places.root, {"file": toc.get("root", "")}):
            self.page(root, (), 0, 0)
        chapters = 0  # of all parts together
        default = (toc.get("defaults") or {}).get("numbered", False)
        for part in [toc, *toc.get("parts", [])]:
            numbered = (part.get("options") or part).get("numbered", default)
            depth = 0 if not numbered else 9 if numbered is True else int(numbered)
            chapters = self.entries(_entries(part), (), chapters, depth)

    def entries(
        self, entries: list[dict[str, Any]], prefix: tuple[int, ...], count: int, depth: int
    ) -> int:
        """Number pages beside each other, and those below them; return the last number."""
        for entry in entries:
            inner = 0
            if path := _source(self.places.root, entry):
                count, inner = self.page(path, prefix, count, depth)
            elif "file" in entry:
                count += bool(depth)
            self.entries(_entries(entry), (*prefix, count), inner, depth)
        return count

    def page(self, path: Path, prefix: tuple[int, ...], count: int, depth: int) -> tuple[int, int]:
        """Number what is on a page; return the number of its title and of its last section."""
        name = self.places.name(path)
        text = path.read_text(encoding="utf-8-sig")
        first, matter = _front_matter(text)
        ours = matter.get(self.key)
        if isinstance(ours, dict):
            self.places.frameworks[name] = tuple(map(str, ours.get("frameworks") or ()))
        self.places.titles[name] = ""
        prose = parse("\n" * first + text.split("\n", first)[-1])
        number = [*prefix, count]
        labels: list[str] = []
        for token, content in _with_content(prose):
            if token.type == "myst_target":
                labels.append(token.content)
                continue
            if token.type == "heading_open" and token.level == 0 and token.map:
                level = len(prefix) + int(token.tag[1:])
                if depth:
                    number = (number + [0] * level)[:level]
                    number[-1] += 1
                is_shown = depth > 0 and level <= depth
                written = ".".join(map(str, number)) if is_shown else ""
                self.places.headings[name, token.map[0]] = written
                self.places.titles[name] = self.places.titles[name] or content
                for label in labels:
                    self.add(label, Place(name, "section", content, written))
            else:
                for label in labels:
                    self.add(label, Place(name, "text"))
            labels = []
        chapter = tuple(number[: self.shared]) if depth else ()
        self.blocks(prose, name, chapter, None)
        own = len(prefix) + 1
        return (number[own - 1], number[own]) if len(number) > own else (number[own - 1], 0)

    def blocks(
        self, prose: Prose, page: str, chapter: tuple[int, ...], framework: str | None
    ) -> None:
        """Number equations, figures, tables and exercises, at any depth."""
        fences = iter(prose.fences)
        for token in prose.tokens:
            if token.type == "math_block_label":
                place = Place(page, "equation", framework=framework)
                self.count(place, token.info, chapter, None)
            if token.type not in ("fence", "colon_fence"):
                continue
            fence = next(fences)
            kind, label, title, is_numbered = _numbered(fence, token.content)
            if kind and (label or is_numbered):
                place = Place(page, kind, title, framework=framework)
                self.count(place, label, chapter if is_numbered else None, fence.line)
            inner = fence.options.get("sync") if fence.name == "tab-item" else None
            self.blocks(fence.content, page, chapter, inner or framework)

    def count(
        self, place: Place, label: str, chapter: tuple[int, ...] | None, line: int | None
    ) -> None:
        """Give something in a line of its file the next number of its kind in a chapter."""
        if chapter is not None and self.places.is_numbered:
            self.counts[place.kind, chapter] += 1
            number = ".".join(map(str, (*chapter, self.counts[place.kind, chapter])))
            place = replace(place, number=number)
            if line is not None:
                self.places.numbers[place.page, line] = number
        if label:
            self.add(label, place)

    def add(self, label: str, place: Place) -> None:
        self.places.labels.setdefault(label, place)


def _front_matter(text: str) -> tuple[int, dict[str, Any]]:
    """How many lines the front matter has, and what it says."""
    lines = text.split("\n")
    if lines[0] != "---" or "---" not in lines[1:]:
        return 0, {}
    end = lines.index("---", 1)
    matter = yaml.safe_load("\n".join(lines[1:end]))
    return end + 1, matter if isinstance(matter, dict) else {}


def _with_content(prose: Prose) -> Iterator[tuple[Token, str]]:
    """Blocks that stand in no other, each with the words of the line that it opens."""
    for token, following in itertools.pairwise([*prose.tokens, Token("", "", 0)]):
        if token.level == 0 and token.nesting >= 0:
            yield token, following.content if following.type == "inline" else ""


def _numbered(fence: Fence, text: str) -> tuple[str, str, str, bool]:
    """Of a directive: its kind, label and title, and whether it gets a number."""
    argument = fence.info.partition("}")[2].strip()
    label = fence.options.get("name", "")
    match fence.name:
        case "math":
            label = options_and_body(text)[0].get("label", "")
            return "equation", label, "", bool(label)
        case "figure":
            caption = "\n".join(line for _, line in fence.content.lines).strip()
            caption = caption.split("\n\n", 1)[0]
            return "figure", label, caption, bool(caption)
        case "table" | "list-table" | "csv-table":
            return "table", label, argument, bool(argument)
        case "exercise" | "exercise-start":
            label = fence.options.get("label", "")
            return "exercise", label, argument, "nonumber" not in fence.options
    return "", "", "", False

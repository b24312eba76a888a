"""Outlines of slides, read with the executed notebooks of one framework.

An outline, ``slides/<page>.md`` beside the page, contains only text: headings, bullet points and
speaker notes. Fences include code, outputs, formulas and figures by name:

=================  ===============================================================================
``{code} NAME``    the code of the cell that is tagged ``slide-NAME``
``{output} NAME``  its outputs, as the notebook of the deck's framework stores them
``{math} LABEL``   the formula with that ``:label:`` in a page's prose
``{figure} NAME``  the figure with that ``:name:``, with its alternative text
``{notes}``        the speaker notes; every slide needs some
``{columns}``      columns, separated by ``***``
=================  ===============================================================================

``NAME`` refers to the page with the name of the outline, ``choosing/NAME`` to another page.
``# Title`` begins the first slide, and each ``## Heading`` begins another one. Text for one
framework is in a tab set, as on a page.
"""

import itertools
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import nbformat
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode

from tabbook.cells import tags_of
from tabbook.config import book_of
from tabbook.math.mathml import FormulaError, keep_punctuation, mathml
from tabbook.pages.fences import options_and_body
from tabbook.pages.merge import stored_cells
from tabbook.pages.prose import ProseError, prose_for, sync_names
from tabbook.pages.source import Page, cells_for, read_page
from tabbook.slides.markup import code_html, output_html, picture_html

_T = TypeVar("_T")

#: A code cell with this tag and a name can be shown on a slide.
TAG = "slide-"


class SlideError(ValueError):
    """An outline is invalid; the message says where, and what to do."""


@dataclass(frozen=True)
class Slide:
    """A slide: its heading without markup, and its content as HTML."""

    heading: str
    content: str

    @property
    def id(self) -> str:
        """Its name in addresses, the same in every framework."""
        return re.sub(r"\W+", "-", self.heading.lower()).strip("-")


@dataclass(frozen=True)
class Deck:
    """The slides of a page in one framework.

    Attributes:
        page: the page; each of ``page.frameworks`` has a deck.
        framework: the framework of its code and outputs.
        slides: the slides in order, the first of which is the title.
    """

    page: Page
    framework: str
    slides: tuple[Slide, ...]


def read(outline: Path, framework: str) -> Deck:
    """Build the slides of one framework.

    Raises:
        SlideError, SourceError, StaleNotebookError: the outline, a page or a notebook is invalid.
    """
    return _Reader(outline, framework).deck()


@dataclass(frozen=True)
class _Directive:
    """A directive in a page's prose: ``{name} argument``, its options, and its body."""

    argument: str
    options: dict[str, str]
    body: str


class _Reader:
    """Parses one outline for one framework."""

    def __init__(self, outline: Path, framework: str) -> None:
        self.outline = outline
        self.folder = outline.parent.parent
        self.framework = framework
        self.label = book_of(outline).framework(framework).label
        self.pages: dict[str, tuple[Page, list[NotebookNode]]] = {}
        self.heading = "(before the first heading)"
        self.markdown = MarkdownIt("commonmark").enable("table")
        self.markdown.use(colon_fence_plugin).use(dollarmath_plugin, renderer=self.formula)
        for kind in ("fence", "colon_fence"):
            self.markdown.renderer.rules[kind] = self.fence  # type: ignore[attr-defined]

    def deck(self) -> Deck:
        page, _ = self.page(self.outline.stem)
        text = self.outline.read_text(encoding="utf-8-sig")
        try:
            for line, name in sync_names(text):
                if name not in page.frameworks:
                    expected = ", ".join(page.frameworks)
                    raise ProseError(line, f"`:sync:` expects one of {expected}; found {name!r}.")
            text = prose_for(text, self.framework)
        except ProseError as error:
            raise SlideError(f"{self.outline}:{error.line + 1}: {error}") from error
        tokens = self.markdown.parse(text)
        starts = [
            place
            for place, token in enumerate(tokens)
            if token.type == "heading_open" and token.tag in ("h1", "h2") and token.level == 0
        ]
        if starts[:1] != [0] or [tokens[start].tag for start in starts].count("h1") != 1:
            raise SlideError(f"{self.outline}: `# Title` must come first, and only once.")
        slides = [
            self.slide(tokens[start:end])
            for start, end in itertools.pairwise([*starts, len(tokens)])
        ]
        return Deck(page, self.framework, tuple(slides))

    def slide(self, tokens: Sequence[Token]) -> Slide:
        self.heading = "".join(child.content for child in tokens[1].children or [])
        if not any(token.info.strip() == "{notes}" for token in tokens):
            self.fail("expected speaker notes, found none. Add:\n:::{notes}\nWhat you say.\n:::")
        content = self.markdown.renderer.render(tokens, self.markdown.options, {})
        return Slide(self.heading, keep_punctuation(content))

    def fence(
        self, tokens: Sequence[Token], place: int, options: Any, env: Mapping[str, Any]
    ) -> str:
        """The HTML of a fence: the part of the book that it names, or its contents."""
        info, content = tokens[place].info.strip(), tokens[place].content
        match info.partition(" ")[::2]:
            case "{notes}", "":
                return f'<aside class="notes">\n{self.markdown.render(content)}</aside>\n'
            case "{columns}", "":
                columns = self.markdown.render(content).split("<hr />\n")
                inner = "".join(f"<div>\n{column}</div>\n" for column in columns)
                return f'<div class="columns">\n{inner}</div>\n'
            case "{code}", name:
                return code_html(self.cell(name).source)
            case "{output}", name:
                return "".join(output_html(output) for output in self.cell(name).outputs)
            case "{math}", name:
                formula = self.directive("{math}", "label", name)
                return self.formula(formula.body, {"display_mode": True})
            case "{figure}", name:
                figure = self.directive("{figure}", "name", name)
                path = self.folder / figure.argument
                kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
                return picture_html(path.read_bytes(), kind, figure.options.get("alt", ""))
        return self.fail(
            f"unknown fence `{info}`. Expected {{code}}, {{output}}, {{math}} or {{figure}} and a "
            "name, or {notes} or {columns}."
        )

    def cell(self, reference: str) -> NotebookNode:
        """The cell of this framework with this tag."""
        name, _, cells = self.look_up(reference)
        tagged = [
            (tag.removeprefix(TAG), cell)
            for cell in cells
            for tag in tags_of(cell)
            if tag.startswith(TAG)
        ]
        return self.only(tagged, name, f"a {self.label} cell with the tag {TAG}{name}", reference)

    def directive(self, kind: str, key: str, reference: str) -> _Directive:
        """The formula or figure of a page with this label or name."""
        name, page, _ = self.look_up(reference)
        found = []
        for _, cell in cells_for(page, self.framework):
            tokens = self.markdown.parse(cell.source) if cell.kind == "markdown" else []
            for token in tokens:
                opening, _, argument = token.info.strip().partition(" ")
                if opening == kind:
                    options, body = options_and_body(token.content.removesuffix("\n"))
                    directive = _Directive(argument, options, body)
                    found.append((options.get(key, ""), directive))
        return self.only(found, name, f"a `{kind}` with `:{key}: {name}`", reference)

    def look_up(self, reference: str) -> tuple[str, Page, list[NotebookNode]]:
        """The name in a reference, and its page with the code cells."""
        page, _, name = reference.rpartition("/")
        return name, *self.page(page or self.outline.stem)

    def page(self, name: str) -> tuple[Page, list[NotebookNode]]:
        """A page and its executed code cells of this framework."""
        if name not in self.pages:
            path = self.folder / f"{name}.md"
            if not path.exists():
                self.fail(f"no page {name!r}. Expected {path}.")
            page = read_page(path)
            if self.framework not in page.frameworks:
                self.fail(f"the page {name!r} has no {self.label}.")
            stored = page.notebook(self.framework)
            notebooks = {}
            if stored.exists():
                notebooks[self.framework] = nbformat.read(stored, as_version=4)
            self.pages[name] = page, list(stored_cells(page, self.framework, notebooks).values())
        return self.pages[name]

    def only(self, found: list[tuple[str, _T]], name: str, what: str, reference: str) -> _T:
        """The only item with the name; an error if there are none or several."""
        named = [one for other, one in found if other == name]
        if len(named) != 1:
            there = ", ".join(dict.fromkeys(other for other, _ in found if other)) or "(none)"
            self.fail(
                f"`{reference}` expects {what}, once. Found {len(named)}; available: {there}."
            )
        return named[0]

    def formula(self, tex: str, options: Mapping[str, Any]) -> str:
        try:
            return mathml(tex, display=options["display_mode"])
        except FormulaError as error:
            self.fail(str(error))

    def fail(self, message: str) -> NoReturn:
        raise SlideError(f"{self.outline}, {self.framework}, slide {self.heading!r}: {message}")

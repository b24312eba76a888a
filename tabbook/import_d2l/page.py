"""A page of d2lbook as a page of ours: front matter, code cells, tabs and prose."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tabbook.config import Book, Framework
from tabbook.import_d2l.blocks import Blocks
from tabbook.import_d2l.cells import (
    CellError,
    code_for,
    joining_lines,
    marks,
    masked,
    read_cell,
    read_setup,
)
from tabbook.import_d2l.dialect import Report
from tabbook.import_d2l.markup import CELL, Block
from tabbook.import_d2l.words import Surroundings, Words

# A block of reStructuredText that is only a heading
_TITLE = re.compile(r"\s*(?:\.\. only:: html\s+)?(\S[^\n]*)\n\s*([=\-~])\2{2,}\s*")


@dataclass(frozen=True)
class Code:
    """The code of a cell for some frameworks.

    Attributes:
        source: the code.
        frameworks: the frameworks that have this code.
        line: the first line of the cell in the source, counted from 0.
    """

    source: str
    frameworks: tuple[str, ...]
    line: int


@dataclass
class Converted:
    """A page in our dialect.

    Attributes:
        text: its MyST, with front matter.
        frameworks: its frameworks; empty if it has no code.
        code: its cells in order.
        libraries: further packages that its code needs.
        pictures: the pictures that it shows, relative to the folder of the sources.
    """

    text: str = ""
    frameworks: tuple[str, ...] = ()
    code: list[Code] = field(default_factory=list)
    libraries: tuple[str, ...] = ()
    pictures: frozenset[PurePosixPath] = frozenset()


class Converter(Blocks):
    """Converts one page.

    Args:
        text: the source.
        found: its blocks, each with its marks.
        frameworks: all frameworks of the book in the order of their tabs; cells without a mark are
            for the first of them.
        surroundings: the other pages.
        report: where problems are added.
    """

    def __init__(
        self,
        text: str,
        found: list[Block],
        frameworks: dict[str, Framework],
        surroundings: Surroundings,
        report: Report,
    ) -> None:
        super().__init__(text, Words(surroundings, report), report)
        self.all = frameworks
        self.around = surroundings
        self.blocks = found
        self.page = Converted()
        self.has_contents = False

    def convert(self) -> Converted:
        """Convert the page."""
        self.page.frameworks = self.frameworks()
        self.words.pair_marks(
            [
                (token.map[0], token.content)
                for block in self.blocks
                for token in block.tokens
                if token.type == "inline" and token.map
            ]
        )
        parts = list(self.parts(self.blocks))
        text = "\n\n".join(part for part in parts if part.strip())
        self.page.text = self.front_matter() + text.strip("\n") + "\n"
        self.page.pictures = frozenset(self.around.pictures)
        return self.page

    # --- frameworks -----------------------------------------------------------------------------

    def frameworks(self) -> tuple[str, ...]:
        """The frameworks of the page: those that cells name, and the first if cells name none."""
        named: dict[str, int] = {}  # and the line of each
        offered: tuple[str, ...] = ()
        has_code = has_unmarked = False
        for block in self.blocks:
            if block.kind != "fence" or not CELL.match(block.token.info):
                continue
            try:
                if setup := read_setup(block.token.content):
                    offered, self.page.libraries = setup.names, setup.libraries
                    continue
                cell = read_cell(block.token.content, block.first + 1)
            except CellError as error:
                self.report.fail(block.first + 1 + error.line, str(error))
                continue
            has_code = True
            has_unmarked |= not cell.names
            for name in cell.names:
                named.setdefault(name, block.first + 1)
        named.pop("all", None)
        if has_code and (has_unmarked or not named):
            named.setdefault(next(iter(self.all)), 0)
        for name, line in named.items():
            if name not in self.all:
                expected = ", ".join(self.all)
                self.report.fail(line, f"unknown framework {name!r}; expected one of: {expected}.")
        found = tuple(name for name in self.all if name in named)
        if offered and set(offered) != set(found):
            line = next(n for n, text in enumerate(self.lines) if "interact_select" in text)
            self.report.warn(
                line,
                f"`tab.interact_select` offers {', '.join(offered)}; the cells are for "
                f"{', '.join(found)}, which are taken.",
            )
        return found

    def front_matter(self) -> str:
        if not self.page.frameworks:
            return ""
        return (
            f"---\njupytext:\n  notebook_metadata_filter: {Book.key}\n"
            "  text_representation:\n    extension: .md\n    format_name: myst\n"
            "kernelspec:\n  name: python3\n  display_name: Python 3\n"
            f"{Book.key}:\n  frameworks: [{', '.join(self.page.frameworks)}]\n  seed: 0\n---\n\n"
        )

    # --- blocks ---------------------------------------------------------------------------------

    def parts(self, found: Sequence[Block]) -> Iterator[str]:
        """The converted blocks of a text."""
        at = 0
        while at < len(found):
            block = found[at]
            if block.kind == "line" and block.token.info == "begin_tab":
                at, text = self.tabs(found, at)
                yield text
                continue
            if block.kind == "fence":
                label = f"({block.mark('label')})=\n" if "label" in block.marks else ""
                yield label + self.fence(block)
            else:
                yield from self.prose(block)
            at += 1

    # --- fences and tabs ------------------------------------------------------------------------

    def fence(self, block: Block) -> str:
        info = block.token.info.strip()
        if CELL.match(info):
            return "\n\n".join(self.cells(block))
        if info == "toc":
            # The contents are at the side of every page; a notebook has no directive for them.
            if self.page.frameworks or self.has_contents:
                return ""
            self.has_contents = True
            return "```{tableofcontents}\n```"
        if info == "eval_rst":
            if title := _TITLE.fullmatch(block.token.content):
                return f"# {title[1].strip()}"
            self.report.warn(
                block.first, "reStructuredText is copied as it is; only Sphinx can show it."
            )
            return f"```{{eval-rst}}\n{block.token.content.strip(chr(10))}\n```"
        if info.startswith("{"):
            self.report.fail(block.first, f"expected ```{{.python .input}}; found ```{info}.")
        return "\n".join(self.lines[block.first : block.last])

    def cells(self, block: Block) -> Iterator[str]:
        """A cell for each group of frameworks that have the same code."""
        try:
            if read_setup(block.token.content):
                return
            cell = read_cell(block.token.content, block.first + 1)
        except CellError:
            return  # it was reported with the frameworks
        names = cell.names or tuple(self.all)[:1]
        versions: dict[str, list[str]] = {}
        for name in self.page.frameworks:
            if names != ("all",) and name not in names:
                continue
            try:
                code = code_for(cell.source, name)
                ast.parse(masked(code))
            except CellError as error:
                self.report.fail(cell.line + error.line, str(error))
                return
            except SyntaxError as error:
                line = (error.lineno or 1) - 1
                self.report.fail(cell.line + line, f"no Python for {name}: {error.msg}.")
                return
            versions.setdefault(code, []).append(name)
        for line in joining_lines(cell.source):
            self.report.warn(
                cell.line + line,
                "this `if tab.selected(…)` is nested in another one; its lines end the function "
                "above, as in d2lbook.",
            )
        for line, name in marks(cell.source):
            self.report.warn(
                cell.line + line, f"the mark `#@{name}` has no meaning here; it stays."
            )
        for code, group in versions.items():
            if not code.strip():
                continue
            self.page.code.append(Code(code, tuple(group), block.first))
            is_all = set(group) == set(self.page.frameworks)
            tab = "" if is_all else f"%%tab {', '.join(group)}\n"
            yield f"```{{code-cell}} ipython3\n{tab}{code}\n```"

    def tabs(self, found: Sequence[Block], at: int) -> tuple[int, str]:
        """Adjacent texts for some frameworks as one set of tabs.

        Returns:
            The index after them, and the set.
        """
        items: dict[str, list[str]] = {}
        while at < len(found) and found[at].kind == "line" and found[at].token.info == "begin_tab":
            begin = found[at]
            stop = next(
                (
                    n
                    for n in range(at + 1, len(found))
                    if found[n].kind == "line" and found[n].token.info in ("begin_tab", "end_tab")
                ),
                len(found),
            )
            is_closed = stop < len(found) and found[stop].token.info == "end_tab"
            if not is_closed:
                self.report.warn(
                    begin.first, "expected `:end_tab:` below; the tab ends before the next one."
                )
            names = [name.strip() for name in begin.token.content.split(",")]
            for name in names:
                self.tab_item(name, begin, found[at + 1 : stop], items, len(names) > 1)
            at = stop + is_closed
        if not items:
            return at, ""
        order = [name for name in self.all if name in items]
        inner = [
            f":::::{{tab-item}} {self.all[name].label}\n:sync: {name}\n\n"
            + "\n\n".join(items[name])
            + "\n:::::"
            for name in order
        ]
        return at, "\n".join(["::::::{tab-set}", ":sync-group: framework", "", *inner, "::::::"])

    def tab_item(
        self,
        name: str,
        begin: Block,
        inside: Sequence[Block],
        items: dict[str, list[str]],
        is_shared: bool,
    ) -> None:
        """Add the text of a tab for one framework."""
        if name not in self.all:
            expected = ", ".join(self.all)
            self.report.fail(
                begin.first, f"unknown framework {name!r}; expected some of: {expected}."
            )
            return
        if self.page.frameworks and name not in self.page.frameworks:
            self.report.warn(
                begin.first, f"left out: text for {name}, for which the page has no code."
            )
            return
        for block in inside:
            if block.kind == "fence" and CELL.match(block.token.info):
                self.report.fail(block.first, "a cell is expected outside of `:begin_tab:`.")
                return
            if is_shared and block.marks.keys() & {"label", "eqlabel"}:
                self.report.fail(block.first, "a label in a text for several frameworks is twice.")
        items.setdefault(name, []).extend(part for part in self.parts(inside) if part.strip())

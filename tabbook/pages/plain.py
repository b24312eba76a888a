"""Convert MyST to text that every notebook program can show: CommonMark, pipe tables, ``$…$``.

References become numbers and links, and admonitions become quotations. CommonMark remains as the
author wrote it. Other markup raises an error, because front ends would show its source.
"""

import itertools
import re
from collections.abc import Sequence

from markdown_it.token import Token

from tabbook.pages.fences import Fence, Line, Prose, options_and_body, read
from tabbook.pages.inline import to_html
from tabbook.pages.lines import Lines
from tabbook.pages.numbers import WORDS, anchor
from tabbook.pages.words import Words

_BOXES = frozenset(
    {"admonition", "attention", "caution", "danger", "dropdown", "error", "exercise", "hint"}
    | {"important", "note", "seealso", "sidebar", "tip", "topic", "warning"}
)
_CODE = frozenset({"code", "code-block", "sourcecode"})
#: Blocks that MyST has and CommonMark has not, and no notebook page uses.
_UNKNOWN = {
    "amsmath": "write the formula as ```{math}",
    "dl_open": "write the list of definitions as a list or table",
    "footnote_reference_open": "write the footnote into the text",
    "substitution_block": "write its text out",
}


class Writer(Words):
    """Converts the prose of one notebook, cell by cell."""

    start = 0  # the line of the file where the cell begins

    def cell(self, lines: Sequence[Line], start: int) -> str:
        """The prose of a cell.

        Args:
            lines: its lines for this framework, numbered within the cell.
            start: the first line of the cell in the file, counted from 0.

        Raises:
            ProseError: notebooks cannot show some markup; ``line`` is its line in the cell.
        """
        self.start = start
        text = self.blocks(read(tuple(lines)), is_nested=False)
        return "\n".join(text).strip("\n")

    # --- blocks ---------------------------------------------------------------------------------

    def blocks(self, prose: Prose, *, is_nested: bool) -> list[str]:
        """The converted lines of a text and of its nested blocks."""
        lines = Lines([text for _, text in prose.lines])
        fences = iter(prose.fences)
        labels = ""  # the anchors of what is still to come
        above: tuple[int, int] | None = None  # the paragraph just above: its level, its last line
        for before, token in itertools.pairwise([None, *prose.tokens]):
            assert token is not None
            if token.map is None:
                continue
            first, last = token.map[0], min(token.map[1], len(lines.old))
            self.line = prose.lines[min(first, len(lines.old) - 1)][0]
            if token.type in _UNKNOWN:
                self.fail(f"a notebook cannot show this: {_UNKNOWN[token.type]}.")
            if token.type in ("myst_target", "myst_line_comment", "myst_block_break"):
                lines.leave_out(first, last)
                labels += _anchor(token.content) if token.type == "myst_target" else ""
            elif token.type in ("fence", "colon_fence", "math_block", "math_block_label"):
                fence = next(fences) if token.type.endswith("fence") else None
                text = self.block(token, fence, is_nested or bool(token.level))
                if text is None:
                    continue
                # The anchor of an equation is in the text above it, without a separate paragraph
                name = _anchor(_label(token, fence))
                if above and above[0] == token.level:
                    lines.append(above[1], name)
                    name = ""
                text = [labels + name, "", *text] if labels + name else text
                labels, above = "", None
                line = lines.old[first]
                lead = fence.lead.removesuffix(" " * fence.indent) if fence else ""
                lines.put(first, last, text, lead if fence else line[: line.index("$$")])
            elif token.type == "inline":
                if re.search(r"^ *[`~:]{3,} *\{", token.content, re.MULTILINE):
                    self.fail("a directive's title with backquotes expects a fence of colons.")
                opening = before.type if before else ""
                is_row = opening in ("td_open", "th_open")
                is_deep = is_nested or is_row or (opening != "heading_open" and token.level > 1)
                words = self.text(token.content, is_row=is_row, is_nested=is_deep)
                if opening == "heading_open" and not is_nested:
                    number = self.places.headings.get((self.page, self.start + self.line))
                    words = f"{number}. {words}" if number else words
                words, labels = labels + words, ""
                if is_row:
                    lines.replace_in_row(first, token.content, words)
                elif words != token.content:
                    lines.replace(first, token.content, words)
                above = (token.level - 1, last - 1) if opening == "paragraph_open" else None
        return [*lines.written(), *(["", labels] if labels else [])]

    def block(self, token: Token, fence: Fence | None, is_nested: bool) -> list[str] | None:
        """A converted formula or fenced block; None if it is unchanged."""
        if fence is None:
            if token.type == "math_block" and not is_nested:
                return None
            return self.formula(token.content, token.info, is_nested)
        if token.type == "fence" and not fence.info.startswith("{"):
            return None  # code
        argument = fence.info.partition("}")[2].strip()
        if not fence.is_closed:
            self.fail("this is not closed in its cell.")
        match fence.name:
            case "math":
                options, body = options_and_body(token.content)
                body = f"{argument}\n{body}" if argument else body
                return self.formula(body, options.get("label", ""), is_nested)
            case name if name in _CODE:
                body = options_and_body(token.content)[1].strip("\n")
                mark = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", body)), 0)
                return [mark + argument, *body.split("\n"), mark]
            case "figure" | "image":
                return self.figure(fence, argument)
            case "list-table":
                return self.table(fence, argument)
            case "solution":
                words, link = self.exercise(argument)
                # No link there: who wants to unfold it would follow it
                summary = f"<summary>{to_html(f'**Solution to {words}**')}</summary>"
                inner = self.inside(fence, is_nested)
                return ["<details>", summary, "", link, "", *inner, "", "</details>"]
            case "solution-start":
                return [f"**Solution to {self.exercise(argument)[1]}**"]
            case "exercise-start":
                return [f"**{self.box_title(fence, argument)}**"]
            case "solution-end" | "exercise-end":
                return []
            case "tab-set":
                return self.inside(fence, is_nested)
            case "tab-item":  # tabs for no framework stand below each other
                title = self.text(argument, is_nested=True)
                return [f"**{title}**", "", *self.inside(fence, is_nested)]
            case name if name in _BOXES:
                inner = self.inside(fence, is_nested=True)
                label = fence.options.get("label") or fence.options.get("name", "")
                heading = f"{_anchor(label)}**{self.box_title(fence, argument)}**"
                return [f"> {line}".rstrip() for line in [heading, "", *inner]]
        return self.fail(
            f"a notebook has nothing like `{fence.info or ':::'}`. Write it in CommonMark, or a "
            "table with a caption as a `{list-table}`."
        )

    def inside(self, fence: Fence, is_nested: bool) -> list[str]:
        """The contents of a directive."""
        at = self.line
        inner = "\n".join(self.blocks(fence.content, is_nested=is_nested)).strip("\n")
        self.line = at
        return inner.split("\n")

    def formula(self, body: str, label: str, is_nested: bool) -> list[str]:
        """A displayed equation with its number."""
        body = body.strip()
        if "\n\n" in re.sub(r"\n[ \t]+\n", "\n\n", body):
            self.fail("a formula expects no empty line: write one display for each part.")
        outside = body
        while (
            inner := re.sub(
                r"\\begin\{(\w+\*?)\}(?:(?!\\begin\{).)*?\\end\{\1\}", "", outside, flags=re.DOTALL
            )
        ) != outside:
            outside = inner
        if r"\\" in outside or re.search(r"(?<!\\)&", outside):
            body = f"\\begin{{split}}\n{body}\n\\end{{split}}"  # as Sphinx does
        place = self.places.labels.get(label)
        if label and place and place.number:
            body += f"\n\\tag{{{place.number}}}"
        if not is_nested:
            return ["$$", *body.split("\n"), "$$"]
        # JupyterLab takes formulas out before it sees lists and quotations: no `>` may be inside
        if re.search(r"(?<!\\)%", body):
            self.fail("a formula in a box, list or quotation expects no % comment.")
        return [f"$$ {' '.join(body.split())} $$"]

    def figure(self, fence: Fence, argument: str) -> list[str]:
        alt = fence.options.get("alt", "")
        lines = [_anchor(fence.options.get("name", "")) + self.picture(argument, alt)]
        caption = self.inside(fence, is_nested=True)
        if caption != [""]:
            lines += ["", f"{self.caption('figure', fence)}{caption[0]}", *caption[1:]]
        return lines

    def table(self, fence: Fence, title: str) -> list[str]:
        """A list of rows, each a list of cells, as a pipe table."""
        rows: list[list[str]] = []
        depth = 0
        for token in fence.content.tokens:
            self.line = fence.content.lines[token.map[0]][0] if token.map else self.line
            if token.type in ("bullet_list_open", "bullet_list_close"):
                depth += token.nesting
            elif token.type == "list_item_open" and depth == 1:
                rows.append([])
            elif token.type == "list_item_open" and depth == 2:
                rows[-1].append("")
            elif token.type == "inline" and depth == 2 and rows and rows[-1]:
                text = self.text(token.content, is_row=True, is_nested=True)
                rows[-1][-1] = "<br>".join(filter(None, [rows[-1][-1], " ".join(text.split())]))
            elif not token.type.startswith(("paragraph", "list_item", "myst_line_comment")):
                self.fail("a table expects rows of cells that hold paragraphs only.")
        self.line = fence.line
        if not rows or {len(row) for row in rows} != {len(rows[0])}:
            self.fail("a table expects rows with as many cells as the first.")
        header = int(fence.options.get("header-rows", 0))
        if header > 1:
            self.fail("a notebook's table has one row of headings at most.")
        rows = rows if header else [[""] * len(rows[0]), *rows]
        caption = _anchor(fence.options.get("name", ""))
        if title:
            caption += self.caption("table", fence) + self.text(title, is_nested=True)
        lines = [f"| {' | '.join(row)} |" for row in rows]
        rule = "|" + "---|" * len(rows[0])
        return [*([caption, ""] if caption else []), lines[0], rule, *lines[1:]]

    def box_title(self, fence: Fence, argument: str) -> str:
        title = self.text(argument, is_nested=True)
        if not fence.name.startswith("exercise"):
            named = {"seealso": "See also"}.get(fence.name, fence.name.capitalize())
            return title or named
        words = f"Exercise {self.number(fence)}".rstrip()
        return words + (f" ({title})" if title else "")

    def number(self, fence: Fence) -> str:
        """The number of a figure, table or exercise; empty if it has none."""
        return self.places.numbers.get((self.page, self.start + fence.line), "")

    def caption(self, kind: str, fence: Fence) -> str:
        """The beginning of a caption."""
        number = self.number(fence)
        return f"**{WORDS[kind]} {number}** " if number else ""

    def exercise(self, label: str) -> tuple[str, str]:
        """The name of an exercise, as text and as a link."""
        place = self.place(label)
        title = f" ({self.text(place.title, is_nested=True)})" if place and place.title else ""
        words = f"Exercise {place.number}".rstrip() + title if place else label
        return words, self.linked(words, label, place)


def _anchor(label: str) -> str:
    return f'<a id="{anchor(label)}"></a>' if label else ""


def _label(token: Token, fence: Fence | None) -> str:
    """The label of an equation."""
    if fence is None:
        return token.info if token.type == "math_block_label" else ""
    if fence.name != "math":
        return ""
    return options_and_body(token.content)[0].get("label", "")

"""The prose of a page of d2lbook, block by block, in MyST."""

import json
from collections.abc import Iterator

from markdown_it.token import Token

from tabbook.import_d2l.dialect import Report
from tabbook.import_d2l.markup import CELL, Block, pieces
from tabbook.import_d2l.words import Words
from tabbook.pages.lines import Lines


class Blocks:
    """Converts the prose of one page.

    Args:
        text: the source.
        words: converts the text of its paragraphs.
        report: where problems are added.
    """

    def __init__(self, text: str, words: Words, report: Report) -> None:
        self.lines = text.split("\n")
        self.words = words
        self.report = report

    def prose(self, block: Block) -> Iterator[str]:
        """A block of prose; an equation at the end of a paragraph is a block of its own."""
        label = block.mark("label")
        match block.kind:
            case "heading":
                words = self.words.text(block.inline.content, block.first).replace("\n", " ")
                target = f"({label})=\n" if label else ""
                yield f"{target}{'#' * int(block.token.tag[1:])} {words.strip()}"
                return
            case "paragraph":
                yield from self.paragraph(block)
                return
            case "math":
                yield self.formula(block.token.content, block)
                return
            case "table":
                yield self.table(block)
                return
            case "line":
                text = self.line(block)
            case _:
                text = "\n".join(self.nested(block))
        if label:
            text = f"({label})=\n{text}"
        yield text

    def line(self, block: Block) -> str:
        """A construct that is a line and belongs to no block."""
        name, value = block.token.info, block.token.content
        if name == "bibliography":
            return "```{bibliography}\n```"
        if name == "label":
            return f"({value})="
        self.report.fail(block.first, f"`:{name}:` belongs to nothing. Put it below its block.")
        return ""

    def paragraph(self, block: Block) -> Iterator[str]:
        content, marks = block.inline.content, block.marks
        found = [piece for piece in pieces(content) if piece[2].type != "d2l_slide"]
        images = [token for _, _, token in found if token.type == "image"]
        if (
            len(images) == 1
            and block.inline.children
            and all(child.type in ("image", "softbreak") for child in block.inline.children)
        ):
            yield self.figure(images[0], block)
            return
        words = self.words.text(content, block.first)
        words = "\n".join(line.strip() for line in words.split("\n") if line.strip())
        label = f"({block.mark('label')})=\n" if "label" in marks else ""
        if "eqlabel" not in marks:
            if words:
                yield label + words
            return
        # A formula at the end of a paragraph
        formulas = [piece for piece in pieces(words) if piece[2].type == "math_inline_double"]
        if not formulas or words[formulas[-1][1] :].strip():
            self.report.fail(block.marks["eqlabel"][1], "`:eqlabel:` belongs to no formula.")
            return
        start, _, token = formulas[-1]
        if words[:start].strip():
            yield label + words[:start].rstrip()
        yield self.formula(token.content, block)

    def formula(self, content: str, block: Block) -> str:
        body = content.strip("\n")
        if "eqlabel" in block.marks or "label" in block.marks:
            name = block.mark("eqlabel") or block.mark("label")
            return f"```{{math}}\n:label: {name}\n{body.strip()}\n```"
        return f"$$\n{body.strip()}\n$$" if "\n" in body.strip() else f"$${body.strip()}$$"

    def figure(self, image: Token, block: Block) -> str:
        path = self.words.picture(str(image.attrs["src"]), block.first)
        caption = " ".join(self.words.text(image.content, block.first).split())
        options = [f":{key}: {value}" for key in ("width", "height") if (value := block.mark(key))]
        if "label" in block.marks:
            options.append(f":name: {block.mark('label')}")
        if caption:
            options.append(f":alt: {json.dumps(plain(image), ensure_ascii=False)}")
        name = "figure" if caption or "label" in block.marks else "image"
        head = "\n".join([f":::{{{name}}} {path}", *options])
        return f"{head}\n\n{caption}\n:::" if caption and name == "figure" else f"{head}\n:::"

    def table(self, block: Block) -> str:
        """A table; with a caption or a label, as a directive."""
        if not block.marks:
            return "\n".join(self.nested(block))
        rows: list[list[str]] = []
        for token in block.tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                line = token.map[0] if token.map else block.first
                rows[-1].append(" ".join(self.words.text(token.content, line).split()))
        caption, line = block.marks.get("caption", ("", block.first))
        title = " ".join(self.words.text(caption, line).split())
        name = [f":name: {block.mark('label')}"] if "label" in block.marks else []
        body = [
            f"{'* -' if n == 0 else '  -'} {cell}".rstrip()
            for row in rows
            for n, cell in enumerate(row)
        ]
        return "\n".join([f":::{{list-table}} {title}", ":header-rows: 1", *name, "", *body, ":::"])

    def nested(self, block: Block) -> list[str]:
        """A list, quotation or plain table, in which only texts change."""
        lines = Lines(self.lines[block.first : block.last])
        is_row = False
        for token in block.tokens:
            if token.map is None:
                continue
            first = token.map[0] - block.first
            if token.type == "d2l_line":
                self.report.fail(
                    token.map[0],
                    f"`:{token.info}:` is expected at the margin, not in a list or quotation.",
                )
            elif token.type == "fence" and CELL.match(token.info):
                self.report.fail(token.map[0], "a cell is expected at the margin, not in a list.")
            is_row = token.type in ("td_open", "th_open") or (is_row and token.type == "inline")
            if (
                token.type == "inline"
                and (words := self.words.text(token.content, token.map[0])) != token.content
            ):
                if is_row:
                    lines.replace_in_row(first, token.content, words)
                else:
                    kept = [line for line in words.split("\n") if line.strip()]
                    lines.replace(first, token.content, "\n".join(kept))
        written = lines.written()
        while written and not written[-1].strip():
            written.pop()
        return written


def plain(image: Token) -> str:
    """The words of a picture's caption, without markup."""
    words = [
        "" if child.type.startswith("d2l_") else child.content or " "
        for child in image.children or ()
    ]
    return " ".join("".join(words).split())

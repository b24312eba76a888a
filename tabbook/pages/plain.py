"""MyST as a notebook shows it everywhere: CommonMark, pipe tables, formulas in dollars.

What MyST adds is written out: numbers and links where it has references, quotations where it has
boxes. Text that is CommonMark stays as the author wrote it. Whatever else is found is an error,
since front ends would show its source.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NoReturn

from markdown_it.token import Token

from tabbook.pages.citations import ROLES, bibliography
from tabbook.pages.drawings import DrawingError, image
from tabbook.pages.fences import Fence, Line, Prose, ProseError, directive_options, read
from tabbook.pages.inline import pieces, to_html, without_bars
from tabbook.pages.numbers import WORDS, Place, anchor, places_of
from tabbook.pages.source import Page

_BOXES = frozenset(
    "attention caution danger error hint important note seealso tip warning admonition dropdown"
    " exercise topic sidebar".split()
)
_CODE = frozenset({"code", "code-block", "sourcecode"})
#: Blocks that MyST has and CommonMark has not, and no notebook page uses.
_UNKNOWN = {
    "amsmath": "write the formula as ```{math}",
    "dl_open": "write the list of definitions as a list or table",
    "footnote_reference_open": "write the footnote into the text",
    "substitution_block": "write its text out",
}


class Writer:
    """Writes the prose of one notebook.

    Attributes:
        cited: the keys of the entries that were cited, in order.
    """

    def __init__(self, page: Page, framework: str) -> None:
        self.folder = page.path.parent
        self.framework = framework
        self.places = places_of(page)
        self.page = self.places.name(page.path)
        files = self.places.config.get("bibtex_bibfiles") or ()
        self.bibliography = bibliography(self.places.root / file for file in files)
        self.cited: dict[str, None] = {}
        self.start = 0
        self.line = 0

    def cell(self, lines: Sequence[Line], start: int) -> str:
        """The prose of a cell.

        Args:
            lines: its lines in this framework, numbered within the cell.
            start: the line of the file, from 0, where the cell begins.

        Raises:
            ProseError: something can't be shown in a notebook; ``line`` is one of the cell's.
        """
        self.start = start
        text = self.blocks(read(tuple(lines)), is_nested=False)
        return "\n".join(text).strip("\n")

    def references(self) -> str:
        """The end of the notebook: what was cited; empty where nothing was."""
        return f"## References\n\n{self.bibliography.list(self.cited)}" if self.cited else ""

    def fail(self, message: str) -> NoReturn:
        raise ProseError(self.line, message)

    # --- blocks ---------------------------------------------------------------------------------

    def blocks(self, prose: Prose, *, is_nested: bool) -> list[str]:
        """The lines of a text, with what is nested in it."""
        lines = [text for _, text in prose.lines]
        new: list[list[str]] = [[text] for text in lines]
        fences = iter(prose.fences)
        anchors: list[str] = []  # of labels whose block is still to come
        above: int | None = None  # the last line of the paragraph just above
        in_cell: dict[int, int] = {}  # how far the cells of a table's row are written
        level = 0
        for before, token in zip([None, *prose.tokens], prose.tokens, strict=False):
            if token.map is None:
                continue
            first, last = token.map[0], min(token.map[1], len(lines))
            self.line = prose.lines[first][0] if first < len(lines) else self.line
            kind = token.type
            if kind in _UNKNOWN:
                self.fail(f"a notebook can't show this: {_UNKNOWN[kind]}.")
            if kind == "myst_target":
                anchors.append(anchor(token.content))
            if kind in ("myst_target", "myst_line_comment", "myst_block_break"):
                new[first:last] = [[] for _ in range(first, last)]
            elif kind in ("fence", "colon_fence", "math_block", "math_block_label"):
                fence = next(fences) if "fence" in kind else None
                text = self.block(token, fence, is_nested or bool(token.level))
                if text is None:
                    continue
                # An equation is found by the words above it: no paragraph of its own for that
                label = anchor(_label(token, fence))
                if label and above is not None and token.level == level:
                    new[above][-1] += _anchor(label)
                elif label:
                    text = [_anchor(label), "", *text]
                if anchors:
                    text = ["".join(map(_anchor, anchors)), "", *text]
                    anchors = []
                _put(new, lines, first, last, text, fence)
                above = None
            elif kind == "inline":
                is_row = before is not None and before.type in ("td_open", "th_open")
                is_heading = before is not None and before.type == "heading_open"
                text_ = self.text(token.content, is_row=is_row, is_nested=is_nested or is_row)
                if is_heading and not is_nested:
                    number = self.places.headings.get((self.page, self.start + self.line), "")
                    text_ = f"{number}. {text_}" if number else text_
                text_ = "".join(map(_anchor, anchors)) + text_
                anchors = []
                if is_row:
                    at = in_cell.get(first, 0)
                    at = in_cell[first] = _replace_in_row(new, first, token.content, text_, at)
                elif text_ != token.content:
                    _replace(new, lines, first, token.content, text_)
                above, level = (None, 0) if is_heading or is_row else (last - 1, token.level - 1)
                if above is not None and not new[above]:  # its lines were joined
                    above = next(n for n in range(above, -1, -1) if new[n])
        if anchors:
            new.append(["", "".join(map(_anchor, anchors))])
        return [line for group in new for line in group]

    def block(self, token: Token, fence: Fence | None, is_nested: bool) -> list[str] | None:
        """A formula or what stands between fences; None: it stays as it is."""
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
                lines = token.content.split("\n")
                options, start = directive_options(lines, 0, len(lines))
                body = "\n".join([*filter(None, [argument]), *lines[start:]])
                return self.formula(body, options.get("label", ""), is_nested)
            case name if name in _CODE:
                _, start = directive_options(lines := token.content.split("\n"), 0, 10**6)
                return [f"```{argument}", *"\n".join(lines[start:]).strip("\n").split("\n"), "```"]
            case "figure" | "image":
                return self.figure(fence, argument)
            case "list-table":
                return self.table(fence, argument)
            case "solution":
                heading = to_html(f"**{self.solution_of(argument)}**")
                inner = self.inside(fence, is_nested)
                summary = f"<summary>{heading}</summary>"
                return ["<details>", summary, "", *inner, "", "</details>"]
            case "solution-start":
                return [f"**{self.solution_of(argument)}**"]
            case "exercise-start":
                return [f"**{self.box_title(fence, argument)}**"]
            case "solution-end" | "exercise-end":
                return []
            case name if name in _BOXES:
                inner = self.inside(fence, is_nested=True)
                heading = f"**{self.box_title(fence, argument)}**"
                if label := fence.options.get("label") or fence.options.get("name"):
                    heading = _anchor(anchor(label)) + heading
                return [f"> {line}".rstrip() for line in [heading, "", *inner]]
        return self.fail(
            f"a notebook has nothing like `{fence.info or ':::'}`. Write it in CommonMark, or "
            "teach it to tabbook/pages/plain.py."
        )

    def inside(self, fence: Fence, is_nested: bool) -> list[str]:
        """What a directive encloses."""
        at = self.line
        inner = "\n".join(self.blocks(fence.content, is_nested=is_nested)).strip("\n")
        self.line = at
        return inner.split("\n")

    def formula(self, body: str, label: str, is_nested: bool) -> list[str]:
        """A display with its number."""
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
        label = anchor(fence.options.get("name", ""))
        lines = [(_anchor(label) if label else "") + self.picture(argument, alt)]
        caption = self.inside(fence, is_nested=True)
        if caption != [""]:
            place = self.places.labels.get(fence.options.get("name", ""))
            lines += ["", f"{_caption(place)}{caption[0]}", *caption[1:]]
        return lines

    def picture(self, path: str, alt: str) -> str:
        if re.match(r"\w+:", path):
            return f"![{alt}]({path})"
        try:
            return image(self.folder / path.removeprefix("/"), alt)
        except DrawingError as error:
            return self.fail(str(error))

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
            elif not token.type.startswith(("paragraph", "list_item")):
                self.fail("a table expects rows of cells that hold paragraphs only.")
        if not rows or {len(row) for row in rows} != {len(rows[0])}:
            self.fail("a table expects rows with as many cells as the first.")
        header = int(fence.options.get("header-rows", 0))
        if header > 1:
            self.fail("a notebook's table has one row of headings at most.")
        rows = rows if header else [[""] * len(rows[0]), *rows]
        name = fence.options.get("name", "")
        caption = _anchor(anchor(name)) if name else ""
        if title:
            number = _caption(self.places.labels.get(name))
            caption += number + self.text(title, is_nested=True)
        lines = [f"| {' | '.join(row)} |" for row in rows]
        rule = "|" + "---|" * len(rows[0])
        return [*([caption, ""] if caption else []), lines[0], rule, *lines[1:]]

    def box_title(self, fence: Fence, argument: str) -> str:
        title = self.text(argument, is_nested=True)
        if not fence.name.startswith("exercise"):
            named = {"seealso": "See also"}.get(fence.name, fence.name.capitalize())
            return title or named
        place = self.places.labels.get(fence.options.get("label", ""))
        number = f" {place.number}" if place and place.number else ""
        return f"Exercise{number}" + (f" ({title})" if title else "")

    def solution_of(self, label: str) -> str:
        place = self.place(label)
        title = f" ({self.text(place.title, is_nested=True)})" if place and place.title else ""
        words = f"Exercise {place.number}".rstrip() + title if place else label
        return f"Solution to {self.linked(words, label, place)}"

    # --- within a paragraph ---------------------------------------------------------------------

    def text(self, text: str, *, is_row: bool = False, is_nested: bool = False) -> str:
        """A paragraph's text, or a line's.

        Args:
            is_row: it stands in a table, where no ``|`` may be left.
            is_nested: it stands in a list or quotation: no formula goes over the end of a line.
        """
        new = ""
        at = 0
        for start, end, token in pieces(text):
            new += _escaped(text[at:start], is_row)
            new += self.piece(text[start:end], token, is_row=is_row, is_nested=is_nested)
            at = end
        return new + _escaped(text[at:], is_row)

    def piece(self, raw: str, token: Token, *, is_row: bool, is_nested: bool) -> str:
        match token.type:
            case "myst_role":
                return self.role(token.meta["name"], token.content)
            case "math_inline" | "math_inline_double":
                raw = " ".join(raw.split()) if is_nested or "\n" in raw else raw
                return without_bars(raw) if is_row else raw
            case "image":
                return self.picture(str(token.attrs["src"]), token.content)
            case "link_open":
                return self.link(raw, str(token.attrs["href"]), is_row, is_nested)
            case "code_inline":
                return raw.replace("|", "\\|") if is_row else raw
        return self.fail(f"a notebook can't show {raw!r}. Write it out.")

    def link(self, raw: str, href: str, is_row: bool, is_nested: bool) -> str:
        """A link of CommonMark, whose address may be one that only MyST knows."""
        words, _, _ = raw.rpartition("](")
        inner = self.text(words.removeprefix("["), is_row=is_row, is_nested=is_nested)
        if re.match(r"[a-z][a-z0-9+.-]*:", href, re.IGNORECASE):
            return f"[{inner}{raw[len(words) :]}" if words else raw
        if href.startswith("#"):
            label = href[1:]
            return (
                self.linked(inner, label, self.place(label)) if inner else self.role("ref", label)
            )
        if href.endswith(".md"):
            return self.role("doc", f"{inner} <{href.removesuffix('.md')}>" if inner else href[:-3])
        return self.fail(f"a notebook can't lead to {href!r}: name the file, or give an address.")

    def role(self, name: str, content: str) -> str:
        match = re.fullmatch(r"(?s)(.*\S)\s*<([^<>]+)>", content)
        words, target = (match[1], match[2]) if match else ("", content)
        match name:
            case "term":
                return words or target
            case "math":
                return f"${content.strip()}$"
            case "sub" | "sup":
                return f"<{name}>{to_html(content)}</{name}>"
            case "doc":
                return self.document(words, target)
            case "eq" | "numref" | "ref":
                place = self.place(target)
                words = self.text(words, is_nested=True) if words else ""
                return self.linked(self.reading(name, words, target, place), target, place)
            case _ if name in ROLES:
                return self.citation(name, content)
        return self.fail(f"a notebook has nothing like {{{name}}}. Write it out in CommonMark.")

    def reading(self, role: str, words: str, label: str, place: Place | None) -> str:
        """How a reference reads, as in the book."""
        if place is None:
            return words or label
        number = place.number or label
        if role == "eq":
            return words or f"({number})"
        if role == "numref" and ("%s" in words or "{number}" in words):
            return words.replace("%s", number).replace("{number}", number)
        is_numbered = role == "numref" or place.kind == "exercise"
        if words or not (is_numbered and place.number):
            return words or self.text(place.title, is_nested=True) or label
        return f"{WORDS[place.kind]} {number}"

    def place(self, label: str) -> Place | None:
        """What a label names; None where it is not known, and this is no book with all pages."""
        place = self.places.labels.get(label)
        if place is None and self.places.is_numbered:
            self.fail(f"no page of the book has the label {label!r}.")
        return place

    def linked(self, words: str, label: str, place: Place | None) -> str:
        """Words that lead to a place, if something can be reached there from a notebook."""
        if place is None:
            return words
        seen = place.framework in (None, self.framework)
        if place.page == self.page and seen:
            return f"[{words}](#{anchor(label)})"
        if seen and self.framework in self.places.frameworks.get(place.page, ()):
            return f"[{words}]({PurePosixPath(place.page).name}.ipynb#{anchor(label)})"
        prefix = "equation-" if place.kind == "equation" else ""
        return self.in_book(words, f"{place.page}.html#{prefix}{anchor(label)}")

    def document(self, words: str, target: str) -> str:
        page = PurePosixPath(self.page).parent / target
        name = str(page if not target.startswith("/") else PurePosixPath(target[1:]))
        title = self.places.titles.get(name, "")
        if not (words or title):
            self.fail(f"no page {name!r} with a title is known. Write {{doc}}`words <{target}>`.")
        words = self.text(words or title, is_nested=True)
        if self.framework in self.places.frameworks.get(name, ()):
            return f"[{words}]({PurePosixPath(name).name}.ipynb)"
        return self.in_book(words, f"{name}.html")

    def in_book(self, words: str, page: str) -> str:
        return f"[{words}]({self.places.address}{page})" if self.places.address else words

    def citation(self, role: str, content: str) -> str:
        keys = [key.strip() for key in content.split(",")]
        missing = [key for key in keys if key not in self.bibliography.entries]
        if missing and not self.places.is_numbered:  # a page by itself
            return f"[{', '.join(keys)}]"
        if missing:
            self.fail(
                f"`bibtex_bibfiles` in _config.yml name no file with the entry {missing[0]!r}."
            )
        self.cited.update(dict.fromkeys(keys))
        return self.bibliography.citation(role, keys)


def _anchor(name: str) -> str:
    return f'<a id="{name}"></a>'


def _label(token: Token, fence: Fence | None) -> str:
    """The label of an equation."""
    if fence is None:
        return token.info if token.type == "math_block_label" else ""
    if fence.name != "math":
        return ""
    lines = token.content.split("\n")
    return directive_options(lines, 0, len(lines))[0].get("label", "")


def _caption(place: Place | None) -> str:
    """How a caption begins."""
    return f"**{WORDS[place.kind]} {place.number}** " if place and place.number else ""


def _escaped(text: str, is_row: bool) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text) if is_row else text


def _put(
    new: list[list[str]],
    lines: Sequence[str],
    first: int,
    last: int,
    text: Iterable[str],
    fence: Fence | None,
) -> None:
    """Put a block in the place of another, in a paragraph of its own."""
    line = lines[first]
    lead = fence.lead.removesuffix(" " * fence.indent) if fence else line[: line.index("$$")]
    rest = re.sub(r"[^\s>]", " ", lead)
    led = [(lead if n == 0 else rest) + one for n, one in enumerate(text)]
    led = [one if one.strip() else one.rstrip() for one in led]
    is_first = lead != rest  # in its list item
    if led and first and not is_first and lines[first - 1].strip(" \t>"):
        led.insert(0, rest.rstrip())
    if led and last < len(lines) and lines[last].strip(" \t>"):
        led.append(rest.rstrip())
    if not led and first and not lines[first - 1].strip() and new[first - 1]:
        new[first - 1] = []  # one empty line is enough
    new[first:last] = [led, *([] for _ in range(first + 1, last))]


def _replace(new: list[list[str]], lines: Sequence[str], first: int, old: str, text: str) -> None:
    """Write a paragraph's or heading's text in another way, behind the same marks."""
    places = []
    for number, part in enumerate(old.split("\n"), start=first):
        at = lines[number].rfind(part.strip())
        places.append((lines[number][:at], lines[number][at + len(part.strip()) :]))
    written = text.split("\n")
    for number, (lead, tail) in enumerate(places):
        is_there = number < len(written)
        new[first + number] = [lead + written[number].strip() + tail] if is_there else []


def _replace_in_row(new: list[list[str]], row: int, old: str, text: str, at: int) -> int:
    """Write a cell of a row in another way; return where it ends."""
    (line,) = new[row]
    found = line.find(old, at)
    if found < 0:  # the source has its bars escaped
        old = old.replace("|", "\\|")
        found = line.index(old, at)
    new[row] = [line[:found] + text + line[found + len(old) :]]
    return found + len(text)

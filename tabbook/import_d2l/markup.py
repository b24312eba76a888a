"""The parser of d2lbook's Markdown: markdown-it, with a rule for each of its constructs.

So code, formulas and links are found by their own rules, and nothing in them is taken for markup.
"""

import functools
import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tabbook.import_d2l.dialect import Report
from tabbook.pages.inline import noting_place

#: The info of the fence of a cell.
CELL = re.compile(r"\{\.python\s+\.input\b")
#: Constructs that are a line by themselves.
LINES = ("begin_tab", "end_tab", "label", "eqlabel", "width", "height", "bibliography")
#: Pairs of marks for slides: what opens, what closes, and whether the text is on slides only.
SLIDES = (("[**", "**]", False), ("(**", "**)", False), ("[~~", "~~]", True), ("(~~", "~~)", True))

_LINE = re.compile(rf":({'|'.join(LINES)}):(?:`([^`]*)`)?\s*$")
_RUN = re.compile(r"(?:\*{2,}|~{2,})[\])]")  # more stars than two also end emphasis
_ROLE = re.compile(r":([A-Za-z_][\w-]*):(?:\n *)?(`+)([^`]+)\2(?!`)")


@dataclass
class Block:
    """A block at the margin of a text.

    Attributes:
        kind: ``heading``, ``paragraph``, ``fence``, ``math``, ``table``, ``line`` for a construct
            that is a line, or ``other``.
        first, last: its lines in the text, from the first to the one after the last.
        tokens: its tokens.
        marks: the values of the lines that belong to it, such as its label, by name; each with its
            own line in the text.
    """

    kind: str
    first: int
    last: int
    tokens: list[Token]
    marks: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def token(self) -> Token:
        """The first token."""
        return self.tokens[0]

    @property
    def inline(self) -> Token:
        """The token with the text of a heading or paragraph."""
        return self.tokens[1]

    def mark(self, name: str) -> str:
        """The value of a line that belongs to it; empty if there is none."""
        return self.marks[name][0] if name in self.marks else ""


def blocks(text: str) -> list[Block]:
    """The blocks of a text, in order."""
    found: list[Block] = []
    tokens: list[Token] = []
    for token in _parser().parse(text):
        tokens.append(token)
        if token.level == 0 and token.nesting <= 0:
            assert tokens[0].map is not None
            kind = _KINDS.get(tokens[0].type, "other")
            found.append(Block(kind, tokens[0].map[0], tokens[0].map[1], tokens))
            tokens = []
    return found


def joined(found: list[Block], report: Report) -> list[Block]:
    """The blocks with the lines that belong to them: labels, widths and captions of tables."""
    kept: list[Block] = []
    for block in found:
        name = block.token.info if block.kind == "line" else ""
        if name in ("label", "eqlabel", "width", "height") and kept and kept[-1].kind != "line":
            if name in kept[-1].marks:
                report.fail(block.first, f"a second `:{name}:` for the same block.")
            kept[-1].marks[name] = (block.token.content, block.first)
        elif block.kind == "table" and kept and _is_caption(kept[-1]):
            caption = kept.pop()
            block.marks = {
                **caption.marks,
                "caption": (caption.inline.content[1:], caption.first),
            }
            kept.append(block)
        else:
            _take_label_of_formula(block)
            kept.append(block)
    return kept


def _take_label_of_formula(block: Block) -> None:
    """Let a label in the line of a formula, ``$$…$$ :eqlabel:`eq```, be as one below it."""
    found = pieces(block.inline.content) if block.kind == "paragraph" else ()
    if len(found) > 1 and found[-1][2].info == "eqlabel":
        start, end, role = found[-1]
        content = block.inline.content
        if found[-2][2].type == "math_inline_double" and not content[end:].strip():
            block.inline.content = content[:start].rstrip()
            block.marks["eqlabel"] = (role.content, block.last - 1)


def _is_caption(block: Block) -> bool:
    """Whether a paragraph is pandoc's caption of a table: ``:Words``."""
    if block.kind != "paragraph" or not block.inline.content.startswith(":"):
        return False
    return not any(start == 0 for start, _, _ in pieces(block.inline.content))


_KINDS = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "fence": "fence",
    "math_block": "math",
    "math_block_label": "math",
    "table_open": "table",
    "d2l_line": "line",
}


_PIECES = frozenset(
    {"code_inline", "d2l_role", "d2l_slide", "image", "link_open"}
    | {"math_inline", "math_inline_double"}
)


@functools.lru_cache(maxsize=16384)
def pieces(text: str) -> tuple[tuple[int, int, Token], ...]:
    """The inline markup of a text.

    Returns:
        The start and end in ``text`` of each piece, and its token. Pieces within a link follow the
        link itself.
    """
    tokens: list[Token] = []
    _parser().inline.parse(text, _parser(), {}, tokens)
    return tuple((*token.meta["span"], token) for token in tokens if token.type in _PIECES)


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    dollarmath_plugin(parser, double_inline=True)
    ends = ["paragraph", "reference", "blockquote", "list"]  # it ends these
    parser.block.ruler.before("table", "d2l_line", _line, {"alt": ends})
    parser.inline.ruler.before("escape", "d2l_role", _role)
    parser.inline.ruler.before("escape", "d2l_slide", _slide)
    for rule in parser.inline.ruler.__rules__:
        rule.fn = noting_place(rule.fn)
    return parser


def _line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A construct that is a line, such as ``:label:`sec_mlp```."""
    if state.is_code_block(start):
        return False
    found = _LINE.match(state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]])
    if found is None:
        return False
    if not silent:
        state.line = start + 1
        token = state.push("d2l_line", "", 0)
        token.info, token.content, token.map = (
            found[1],
            (found[2] or "").strip(),
            [start, start + 1],
        )
    return True


def _role(state: StateInline, silent: bool) -> bool:
    """A construct in a text, such as ``:numref:`sec_mlp```."""
    found = _ROLE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    state.pos = found.end()
    if not silent:
        token = state.push("d2l_role", "", 0)
        token.info, token.content = found[1], found[3].strip()
    return True


def _slide(state: StateInline, silent: bool) -> bool:
    """A mark of text for slides.

    markdown-it asks no rule at a ``(``, so ``(**`` is found at its second character.
    """
    at = state.pos
    run = _RUN.match(state.src, at, state.posMax)
    for opening, closing, _ in SLIDES:
        bracket = opening[0] == "("
        begin = at - bracket
        if begin >= 0 and state.src.startswith(opening, begin) and at + 2 <= state.posMax:
            if opening == "[**" and _is_link(state.src, at):
                continue
            state.pos = begin + 3
            kind, start = "open", begin
        elif run and run[0].endswith(closing):
            state.pos = run.end()
            kind, start = "close", run.end() - 3
        else:
            continue
        if not silent:
            token = state.push("d2l_slide", "", 0)
            token.info, token.content, token.meta = kind, opening, {"span": (start, state.pos)}
        return True
    return False


def _is_link(text: str, at: int) -> bool:
    """Whether ``[**words**](address)`` begins here, which is a link and not a mark."""
    end = text.find("**]", at)
    return end >= 0 and text.startswith("(", end + 3)

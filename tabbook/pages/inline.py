"""The inline syntax that MyST adds to CommonMark, with its positions in a paragraph."""

import functools
import re
from collections.abc import Callable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from tabbook.pages.fences import EXTENSIONS

# Tokens that are written in another way in a notebook, or may be.
_KINDS = frozenset(
    {"myst_role", "math_inline", "math_inline_double", "link_open", "image", "footnote_ref"}
    | {"substitution_inline", "code_inline"}
)

# A position in a text, and the markup there.
Piece = tuple[int, int, Token]


@functools.lru_cache(maxsize=8192)
def pieces(text: str) -> tuple[Piece, ...]:
    """The roles, formulas, links, pictures and code in the text of a block.

    Returns:
        For each, its start and end in ``text`` and its token; they do not overlap.
    """
    tokens: list[Token] = []
    _parser().inline.parse(text, _parser(), {}, tokens)
    found: list[Piece] = []
    for token in tokens:
        if token.type in _KINDS and "span" in token.meta:
            start, end = token.meta["span"]
            if not found or start >= found[-1][1]:
                found.append((start, end, token))
    return tuple(found)


def to_html(text: str) -> str:
    """The HTML of one line of CommonMark with formulas, which stay ``$…$``."""
    return str(_plain_parser().renderInline(text))


def without_bars(formula: str) -> str:
    """A formula for a cell of a table, where a ``|`` would end the cell."""
    formula = re.sub(r"\\\|", r"\\Vert ", formula)
    return re.sub(r"\|", r"\\vert ", formula)


@functools.cache
def _parser() -> MarkdownIt:
    parser = create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS)), RendererHTML)
    for rule in parser.inline.ruler.__rules__:
        rule.fn = noting_place(rule.fn)
    return parser


@functools.cache
def _plain_parser() -> MarkdownIt:
    def formula(content: str, options: dict[str, Any]) -> str:
        return f"${content}$"

    return MarkdownIt("commonmark").use(dollarmath_plugin, renderer=formula)


def noting_place(rule: Callable[[StateInline, bool], bool]) -> Any:
    """A rule for inline markup that also records its position."""

    def noting(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        found = rule(state, silent)
        if found and not silent:
            for token in state.tokens[count:]:
                token.meta.setdefault("span", (start, state.pos))
        return found

    return noting

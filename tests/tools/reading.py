"""A notebook's prose as front ends without MyST read it."""

import functools
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from tabbook.pages.fences import EXTENSIONS

COMMONMARK = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)
MYST = create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS)), RendererHTML)

# Tokens that MyST's parser has for text that CommonMark reads in another way.
_MYST_ONLY = re.compile(
    "myst_.*|colon_fence|substitution.*|footnote.*|d[ltd]_open|amsmath|math_block_label"
)
# What would be shown as it is: a role, a directive, a label.
_LEFT = re.compile(r"\{[a-z:-]+\}`|^\s*:{3,}|^\([\w-]+\)=\s*$|\{\{|\$", re.MULTILINE)


@functools.lru_cache(maxsize=4096)  # most prose is the same in all frameworks
def tokens(parser: MarkdownIt, text: str) -> tuple[Token, ...]:
    """The blocks of a text, and what is inside of them."""
    return tuple(one for token in parser.parse(text) for one in (token, *(token.children or [])))


def left_over(text: str) -> list[str]:
    """What a text has that only MyST understands; empty for a plain one."""
    found = [
        f"{token.type} {token.info or token.content}"
        for token in tokens(MYST, text)
        if _MYST_ONLY.fullmatch(token.type)
    ]
    found += [
        f"directive {token.info}"
        for token in tokens(COMMONMARK, text)
        if token.type == "fence" and token.info.startswith("{")
    ]
    found += [
        f"text {token.content}"
        for token in tokens(COMMONMARK, text)
        if token.type == "text" and _LEFT.search(token.content)
    ]
    return found


def tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The HTML elements in a text, with their attributes."""
    for token in tokens(COMMONMARK, text):
        if token.type in ("html_inline", "html_block"):
            for name, inside in re.findall(r"<(\w+)((?:\s+\w+=\"[^\"]*\")*)>", token.content):
                yield name, dict(re.findall(r'(\w+)="([^"]*)"', inside))


def anchors(text: str) -> list[str]:
    """The places in a text that links can lead to."""
    return [found["id"] for _, found in tags(text) if "id" in found]


def links(text: str) -> list[str]:
    """Where the links of a text lead."""
    found = [str(t.attrs["href"]) for t in tokens(COMMONMARK, text) if t.type == "link_open"]
    return found + [attributes["href"] for _, attributes in tags(text) if "href" in attributes]

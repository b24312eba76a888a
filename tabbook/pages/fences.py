"""Directives and text at any depth of nesting, as MyST's parser reads them."""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, NoReturn

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from myst_parser.parsers.options import TokenizeError, options_to_items

#: The extensions of MyST's syntax of blocks that pages are read with; a test compares them with
#: the book's ``_config.yml``.
EXTENSIONS = frozenset({"amsmath", "colon_fence", "deflist", "dollarmath", "substitution"})

# Directives whose content is text to show, not MyST to read.
_VERBATIM = frozenset({"code", "code-block", "sourcecode", "literalinclude", "math", "raw"})
# Block tokens that hold text. What is not among them is math, or holds these.
_TEXT = frozenset({"inline", "html_block", "code_block", "myst_line_comment"})

# A line: its number in the text, from 0, and its contents inside the fences.
Line = tuple[int, str]


class ProseError(ValueError):
    """Prose is invalid; ``line`` is the line in the text, counted from 0."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Fence:
    """A fenced block: code, a directive, or a div.

    Attributes:
        info: the text after the opening fence.
        name: the directive's; empty for code and divs.
        options: the directive's.
        line: its first line in the whole text.
        start, body, stop, end: its first line, the first line and the end of its body, and its
            end, in lines of the text that contains it.
        lead: the text before the fence in its line.
        indent: the spaces at the end of ``lead`` that are not part of a list marker.
        top: whether it is outside of all lists and quotations of that text.
        content: the body as MyST reads it. Closed fences with text to show have none.
    """

    info: str
    name: str
    options: dict[str, str]
    line: int
    start: int
    body: int
    stop: int
    end: int
    lead: str
    indent: int
    top: bool
    content: "Prose"

    @property
    def is_closed(self) -> bool:
        """Whether the closing fence is there."""
        return self.stop < self.end

    def fail(self, message: str) -> NoReturn:
        """Raise a `ProseError` with the first line of this block."""
        raise ProseError(self.line, message)


@dataclass(frozen=True)
class Prose:
    """Parsed lines of MyST.

    Attributes:
        lines: the lines.
        fences: the fenced blocks in order; nested blocks are in their ``content``.
        text: the lines outside of all fences and formulas.
        is_open: whether a fence, a comment or a similar block is not closed.
        tokens: its blocks in order, with their types and their lines in ``lines``, counted from 0.
            Inline markup is not parsed. Fenced blocks are those of ``fences``.
    """

    lines: tuple[Line, ...] = ()
    fences: tuple[Fence, ...] = ()
    text: tuple[Line, ...] = ()
    is_open: bool = False
    tokens: tuple[Token, ...] = ()


def parse(text: str) -> Prose:
    """Read a text.

    Raises:
        ProseError: the options of a directive are not valid MyST.
    """
    return read(tuple(enumerate(text.split("\n"))))


@functools.lru_cache(maxsize=4096)
def read(lines: tuple[Line, ...]) -> Prose:
    """Read lines, as ``parse`` does."""
    # The paragraph in the end shows whether something that is not closed would take it in.
    tokens = _parser().parse("\n".join(text for _, text in lines) + "\n\nend\n")
    last = len(lines) + 1
    is_open = not any(t.type == "paragraph_open" and t.map == [last, last + 1] for t in tokens)
    fences: list[Fence] = []
    text: list[Line] = []
    for token in tokens:
        start, end = token.map or (0, 0)
        if token.type in ("fence", "colon_fence"):
            fences.append(_fence(lines, token))
        elif token.type in _TEXT:
            text += lines[start:end]
    own = itertools.takewhile(lambda token: token.map is None or token.map[0] < last, tokens)
    return Prose(lines, tuple(fences), tuple(text), is_open, tuple(own))


def all_fences(prose: Prose) -> Iterator[Fence]:
    """The fenced blocks of a text, each before its nested blocks."""
    for fence in prose.fences:
        yield fence
        yield from all_fences(fence.content)


def directive_options(lines: Sequence[str], at: int, stop: int) -> tuple[dict[str, str], int]:
    """Read a directive's options, ``:key: value`` lines or a ``---`` block.

    Args:
        lines: the lines of a text.
        at: the line after the directive's opening fence.
        stop: the line of its closing fence.

    Returns:
        The options, and the line after them.

    Raises:
        ProseError: the options are not valid MyST.
    """
    end = at
    if at < stop and lines[at].startswith("---"):
        last = next((n for n in range(at + 1, stop) if lines[n].startswith("---")), stop)
        block, end = lines[at + 1 : last], min(last + 1, stop)
    else:
        while end < stop and lines[end].lstrip().startswith(":"):
            if lines[end].lstrip().startswith("::"):
                raise ProseError(end, "MyST expects an empty line after a directive's options.")
            end += 1
        block = [line.lstrip()[1:] for line in lines[at:end]]
    try:
        return dict(options_to_items(dedent("\n".join(block)))[0]), end
    except TokenizeError as error:
        raise ProseError(at, f"these options are not valid MyST: {error.problem}.") from error


def options_and_body(content: str) -> tuple[dict[str, str], str]:
    """Split the contents of a directive into options and text.

    Raises:
        ProseError: as ``directive_options`` does.
    """
    lines = content.split("\n")
    options, end = directive_options(lines, 0, len(lines))
    return options, "\n".join(lines[end:])


@functools.cache
def _parser() -> MarkdownIt:
    parser = create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS)), RendererHTML)
    for rule in parser.block.ruler.__rules__:
        if rule.name in ("fence", "colon_fence"):
            rule.fn = _noting_indent(rule.fn)
    # A cell has no front matter, and nothing here depends on what is inside of a line.
    return parser.disable("front_matter").disable("inline", True)


def _noting_indent(rule: Callable[[StateBlock, int, int, bool], bool]) -> Any:
    """The rule for fences, which also records the indentation in a list or quotation."""

    def noting(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        indent = state.sCount[start] - state.blkIndent
        found = rule(state, start, end, silent)
        if found and not silent:
            state.tokens[-1].meta["indent"] = indent
        return found

    return noting


def _fence(lines: tuple[Line, ...], token: Token) -> Fence:
    """Parse a fenced block and its contents."""
    assert token.map is not None
    start, end = token.map[0], min(token.map[1], len(lines))
    inside = token.content.split("\n")[: min(token.content.count("\n"), end - start - 1)]
    stop = start + 1 + len(inside)
    line, opening = lines[start]
    info = token.info.strip()
    first = info.split()[0] if info else ""
    name = first[1:-1].lower() if first[:1] + first[-1:] == "{}" else ""
    options: dict[str, str] = {}
    body = 0
    # A fence of colons that begins with another one has no options.
    nested = token.type == "colon_fence" and token.content.startswith(":::")
    if name and name not in _VERBATIM and not nested:
        try:
            options, body = directive_options(inside, 0, len(inside))
        except ProseError as error:
            raise ProseError(lines[start + 1 + error.line][0], str(error)) from error
    if body < len(inside) and not inside[body].strip():
        body += 1
    numbers = (number for number, _ in lines[start + 1 + body : stop])
    rest = tuple(zip(numbers, inside[body:], strict=True))
    if name == "eval-rst":
        content = Prose(rest, text=rest)
    elif name in _VERBATIM or (token.type == "fence" and not name):
        content = Prose() if stop < end else Prose(rest, text=rest)
    else:
        content = read(rest)
    return Fence(
        info=info,
        name=name,
        options=options,
        line=line,
        start=start,
        body=start + 1 + body,
        stop=stop,
        end=end,
        lead=opening[: opening.index(token.markup)],
        indent=token.meta["indent"],
        top=token.level == 0,
        content=content,
    )

"""A page's prose in one framework.

A notebook holds the words that the book shows in its framework's tabs. What belongs to frameworks
and is not understood is an error, never passed on.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from tabbook.pages.fences import (
    Fence,
    Line,
    Prose,
    ProseError,
    all_fences,
    parse,
    read,
)

__all__ = [
    "ProseError",
    "expect_nothing_left",
    "lines_for",
    "mark_of_a_page",
    "prose_for",
    "sync_names",
]

#: The ``:sync-group:`` of tab sets that hold words for frameworks.
GROUP = "framework"

# {term}`words` or {term}`words <term>`: a notebook has no glossary to lead to.
_TERM = re.compile(r"\{term\}`([^`<]+?)(?:\s*<[^`>]+>)?`")

# What may stand before a line's own text: the marks of lists and quotations.
_MARKS = r"[\s>*+\-\d.)]*"
_TAB = (r"%%tab(?![\w-])", "`%%tab` is expected in the first line of a code cell, not in prose.")
_CELL = (
    "a cell of code is expected at the margin, in no directive, list or quotation, and to begin "
    "with ```{code-cell}, without a blank between. This one would be text."
)
_SET = "`:sync-group: framework` is expected as an option of a `{tab-set}` and of nothing else."
_ITEM = (
    "`:sync: <framework>` is expected as an option of a `{tab-item}` in a `{tab-set}` with "
    "`:sync-group: framework`."
)


def prose_for(text: str, framework: str) -> str:
    """Resolve the framework tab sets in a piece of MyST, at any depth.

    Args:
        text: MyST; in it a ``tab-set`` whose ``:sync-group:`` is ``framework``.
        framework: whose ``tab-item`` (by its ``:sync:``) takes the set's place.

    Returns:
        The text with each such set replaced by that item's content, or by nothing where it has
        none, and with each term of the glossary as plain words. Other tab sets stay as they are.

    Raises:
        ProseError: a directive's options or a framework tab set are not as MyST reads them.
    """
    resolved = _resolve(parse(text), framework)
    return _TERM.sub(r"\1", "\n".join(line for _, line in resolved).strip("\n"))


def lines_for(text: str, framework: str) -> tuple[Line, ...]:
    """The lines of ``prose_for``, each with where it stands in ``text``, roles as they are.

    Raises:
        ProseError: as ``prose_for`` does.
    """
    return tuple(_resolve(parse(text), framework))


def sync_names(text: str) -> list[tuple[int, str]]:
    """For whom a text has words of their own: the lines and names of all items, in order.

    Raises:
        ProseError: as ``prose_for`` does.
    """
    return sorted(
        (item.line, name)
        for fence in all_fences(parse(text))
        if _is_set(fence)
        for name, item in _items(fence).items()
    )


def expect_nothing_left(text: str, frameworks: Sequence[str]) -> None:
    """See that notebooks get nothing that only the source of a page can have.

    Args:
        text: MyST, not yet resolved.
        frameworks: all that the book knows.

    Raises:
        ProseError: some framework's notebook would have words for frameworks that are not
            resolved, a ``%%tab`` line in its prose, or a cell of code as text.
    """
    names = "|".join(map(re.escape, frameworks))
    marks = (
        _TAB,
        (rf":?sync-group:\s*[\"']?{GROUP}\b", _SET),
        (rf":sync:\s*[\"']?(?:{names})[\"']?\s*$", _ITEM),
    )
    prose = parse(text)
    for resolved in dict.fromkeys(tuple(_resolve(prose, name)) for name in frameworks):
        left = prose if resolved == prose.lines else read(resolved)
        for line, message in _left(left, marks, frameworks):
            raise ProseError(line, message)


def mark_of_a_page(text: str, key: str) -> int | None:
    """The first line, from 0, that only a page with frameworks has; None where there is none.

    Args:
        text: a whole file.
        key: the book's key in the front matter of pages.
    """
    marks = (_TAB, (rf"{re.escape(key)}:\s*$", ""))
    found = _left(parse(text), marks, ())
    # Other files may hold words for frameworks: nobody makes notebooks of them.
    return min((line for line, what in found if what not in (_SET, _ITEM)), default=None)


def _is_set(fence: Fence) -> bool:
    """Whether it is a tab set with words for frameworks."""
    return fence.name == "tab-set" and fence.options.get("sync-group") == GROUP


def _items(tabs: Fence) -> dict[str, Fence]:
    """The items of such a set, by framework.

    Raises:
        ProseError: it holds something else, or it can't be taken out of its text.
    """
    if not tabs.is_closed:
        tabs.fail("this tab-set is not closed in its cell (a code-cell can't stand in one).")
    if tabs.lead.strip(" \t>"):
        tabs.fail("a framework tab-set expects a line of its own, below the mark of the list.")
    items: dict[str, Fence] = {}
    read = 0
    for item in tabs.content.fences:
        if item.name != "tab-item" or not (item.top and item.is_closed):
            continue
        _expect_blank(tabs.content.lines[read : item.start])
        read = item.end
        name = item.options.get("sync")
        if not name:
            item.fail("a tab-item of a framework tab-set expects `:sync: <framework>`.")
        if name in items:
            item.fail(f"{name!r} has two tab-items in this tab-set.")
        if item.content.is_open:
            item.fail("something in this tab-item is not closed in it.")
        items[name] = item
    _expect_blank(tabs.content.lines[read:])
    return items


def _expect_blank(lines: Iterable[Line]) -> None:
    for line, text in lines:
        if text.strip():
            raise ProseError(line, "a framework tab-set expects closed tab-items and nothing else.")


def _left(
    prose: Prose, marks: Iterable[tuple[str, str]], frameworks: Sequence[str]
) -> Iterator[Line]:
    """What is no prose: the line, and what is expected there."""
    for line, text in prose.text:
        yield from ((line, message) for mark, message in marks if re.match(_MARKS + mark, text))
    for fence in prose.fences:
        if re.match(r"\{(?:code|raw)-cell\b", fence.info, re.IGNORECASE):
            yield fence.line, _CELL
        elif fence.options.get("sync-group") == GROUP:
            yield fence.line, _SET
        elif fence.name == "tab-item" and fence.options.get("sync") in frameworks:
            yield fence.line, _ITEM
        yield from _left(fence.content, marks, frameworks)


def _resolve(prose: Prose, framework: str) -> list[Line]:
    """The lines without tab sets for frameworks, each with where it stood."""
    kept: list[Line] = []
    at = 0
    for fence in prose.fences:
        # What stands in a list or a quotation begins with the same marks in every line.
        lead = re.sub(r"[^\s>]", " ", fence.lead)
        if _is_set(fence):
            item = _items(fence).get(framework)
            new = _trimmed(_resolve(item.content, framework)) if item else []
            kept += prose.lines[at : fence.start]
            at = fence.end
            lead = lead.removesuffix(" " * fence.indent)
            _add(kept, new, lead, prose.lines[at:])
        elif (new := _resolve(fence.content, framework)) != list(fence.content.lines):
            kept += prose.lines[at : fence.body]
            at = fence.stop
            is_bare = kept[-1][1].strip() != ""
            if is_bare and new and new[0][1].lstrip().startswith((":", "---")):  # no option
                kept.append((fence.line, lead.rstrip()))
            kept += _led(new, lead)
    return kept + list(prose.lines[at:])


def _led(lines: Iterable[Line], lead: str) -> list[Line]:
    """Lines as they stand in a list or a quotation."""
    return [(line, lead + text if text else lead.rstrip()) for line, text in lines]


def _add(kept: list[Line], new: list[Line], lead: str, after: Sequence[Line]) -> None:
    """Put new lines behind those that are kept, in paragraphs of their own."""
    empty = lead.rstrip()

    def is_empty(line: Line) -> bool:
        return line[1].strip() in ("", empty.lstrip())

    begins = not kept or is_empty(kept[-1])
    ends = not after or is_empty(after[0])
    if new:
        kept += [] if begins else [(new[0][0], empty)]
        kept += _led(new, lead)
        kept += [] if ends else [(after[0][0], empty)]
    elif begins and ends and kept:
        kept.pop()  # of the two empty lines around it
    elif not begins and not ends:
        kept.append((after[0][0], empty))


def _trimmed(lines: list[Line]) -> list[Line]:
    """Lines without the empty ones at both ends."""
    full = [place for place, (_, text) in enumerate(lines) if text.strip()]
    return lines[full[0] : full[-1] + 1] if full else []

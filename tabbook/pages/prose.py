"""A page's prose for one framework.

A notebook contains the text of its framework's tabs. Framework markup that cannot be resolved
raises an error and is never written to a notebook.
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

# The marks of lists and quotations, which may precede the text of a line.
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
        text: MyST, with tab sets whose ``:sync-group:`` is ``framework``.
        framework: the ``:sync:`` of the ``tab-item`` that replaces the set.

    Returns:
        The text in which each such set is replaced by the item's content, or removed if it has no
        such item. Glossary terms become plain text. Other tab sets are unchanged.

    Raises:
        ProseError: a directive's options or a framework tab set are invalid.
    """
    resolved = _resolve(parse(text), framework)
    return _TERM.sub(r"\1", "\n".join(line for _, line in resolved).strip("\n"))


def lines_for(text: str, framework: str) -> tuple[Line, ...]:
    """The lines of ``prose_for``, each with its line in ``text``; roles are unchanged.

    Raises:
        ProseError: as in ``prose_for``.
    """
    return tuple(_resolve(parse(text), framework))


def sync_names(text: str) -> list[tuple[int, str]]:
    """The frameworks for which a text has separate prose: lines and names of all items, in order.

    Raises:
        ProseError: as in ``prose_for``.
    """
    return sorted(
        (item.line, name)
        for fence in all_fences(parse(text))
        if _is_set(fence)
        for name, item in _items(fence).items()
    )


def expect_nothing_left(text: str, frameworks: Sequence[str]) -> None:
    """Check that notebooks will contain no markup that is specific to page sources.

    Args:
        text: unresolved MyST.
        frameworks: all frameworks of the book.

    Raises:
        ProseError: a notebook would contain unresolved prose for frameworks, a ``%%tab`` line in
            its prose, or a code cell as text.
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
    """The first line, from 0, with markup of pages with frameworks; None if there is none.

    Args:
        text: the text of a file.
        key: the book's key in the front matter of pages.
    """
    marks = (_TAB, (rf"{re.escape(key)}:\s*$", ""))
    prose = parse(text)
    # Other files may have prose for frameworks, because they have no notebooks.
    found = (line for line, what in _left(prose, marks, ()) if what not in (_SET, _ITEM, _CELL))
    return min([*found, *_tabbed_cells(prose)], default=None)


def _tabbed_cells(prose: Prose) -> Iterator[int]:
    """The first lines of code cells with a ``%%tab`` line, at any depth."""
    for fence in prose.fences:
        if _is_cell(fence):
            body = prose.lines[fence.body : fence.stop]
            if any(re.match(_MARKS + _TAB[0], text) for _, text in body):
                yield fence.line
        yield from _tabbed_cells(fence.content)


def _is_cell(fence: Fence) -> bool:
    return bool(re.match(r"\{(?:code|raw)-cell\b", fence.info, re.IGNORECASE))


def _is_set(fence: Fence) -> bool:
    """Whether it is a tab set with prose for frameworks."""
    return fence.name == "tab-set" and fence.options.get("sync-group") == GROUP


def _items(tabs: Fence) -> dict[str, Fence]:
    """The items of a framework tab set, by framework.

    Raises:
        ProseError: it contains something else, or it cannot be removed from its text.
    """
    if not tabs.is_closed:
        tabs.fail("this tab-set is not closed in its cell (a code-cell cannot be inside one).")
    if tabs.lead.strip(" \t>"):
        tabs.fail("a framework tab-set must be on a separate line, below the mark of the list.")
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
            item.fail("a block in this tab-item is not closed.")
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
    """Markup that is not prose: its line, and the expected form."""
    for line, text in prose.text:
        yield from ((line, message) for mark, message in marks if re.match(_MARKS + mark, text))
    for fence in prose.fences:
        if _is_cell(fence):
            yield fence.line, _CELL
        elif fence.options.get("sync-group") == GROUP:
            yield fence.line, _SET
        elif fence.name == "tab-item" and fence.options.get("sync") in frameworks:
            yield fence.line, _ITEM
        yield from _left(fence.content, marks, frameworks)


def _resolve(prose: Prose, framework: str) -> list[Line]:
    """The lines without tab sets for frameworks, each with its original line number."""
    kept: list[Line] = []
    at = 0
    for fence in prose.fences:
        # In a list or quotation, every line begins with the same marks.
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
    """Lines with the marks of a list or quotation."""
    return [(line, lead + text if text else lead.rstrip()) for line, text in lines]


def _add(kept: list[Line], new: list[Line], lead: str, after: Sequence[Line]) -> None:
    """Append lines as separate paragraphs."""
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

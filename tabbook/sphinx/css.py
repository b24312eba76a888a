"""Read style sheets: which of their rules a book can use, and which icons these show.

This is no parser of all of CSS: it finds blocks, selectors, strings and addresses, and keeps
everything else as it is.
"""

import posixpath
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

_STRING = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\''
_TOKEN = re.compile(rf"{_STRING}|/\*.*?\*/|[{{}};]|[^\"'/{{}};]+|[/\"']", re.DOTALL)
# Blocks that contain rules, and those whose contents have no selectors
_GROUP = re.compile(r"@(?:media|supports|container|layer|scope)\b")
_INNER = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CLASS = re.compile(r"\.((?:[\w-]|\\.)+)")
_URL = re.compile(rf"url\(\s*({_STRING}|[^)\s]*)\s*\)")
_CONTENT = re.compile(rf":\s*({_STRING})")
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_LICENCE = "/*!"
# Folders enough for any address that leads upwards
_SOMEWHERE = "/folder" * 9


def prune(css: str, known: AbstractSet[str]) -> str:
    """A style sheet without comments and without selectors of other classes.

    Classes in the parentheses of ``:not()``, ``:is()`` and the like do not count, so a rule that
    could apply remains.

    Args:
        css: the style sheet.
        known: the names of all classes that pages and scripts contain.

    Raises:
        ValueError: a block is not closed.
    """
    kept = []
    for head, block in _statements(css):
        if block is None:
            kept.append(head if head.startswith(_LICENCE) else f"{head};")
        elif _GROUP.match(head):
            if inner := prune(block, known):
                kept.append(f"{head}{{{inner}}}")
        elif head.startswith("@"):
            kept.append(f"{head}{{{block.strip()}}}")
        elif selectors := [one for one in _selectors(head) if _classes(one) <= known]:
            kept.append(f"{','.join(selectors)}{{{block.strip()}}}")
    return "\n".join(kept)


def move(css: str, origin: str, target: str) -> str:
    """The style sheet of the folder ``origin``, with addresses for the folder ``target``."""

    def moved(url: re.Match[str]) -> str:
        address = url[1].strip("\"'")
        if re.match(r"[a-z]+:|/|#", address) or not address:
            return url[0]
        path = posixpath.join(_SOMEWHERE, origin, address)
        return f'url("{posixpath.relpath(path, posixpath.join(_SOMEWHERE, target))}")'

    return _URL.sub(moved, css)


def shown_characters(css: str) -> set[int]:
    """The characters that the strings of a style sheet show, for example icons."""
    strings = " ".join(string[1:-1] for string in _CONTENT.findall(css))
    escaped = {int(number, 16) for number in _ESCAPE.findall(strings)}
    return escaped | set(map(ord, _ESCAPE.sub("", strings)))


def _statements(css: str) -> Iterator[tuple[str, str | None]]:
    """The parts of a style sheet: what is before a block, and the block; None is no block."""
    depth, head, block = 0, "", ""
    for token in _TOKEN.findall(css):
        if token.startswith("/*"):
            if token.startswith(_LICENCE) and not depth and not head.strip():
                yield token, None
            continue
        text = token if token[0] in "\"'" else re.sub(r"\s+", " ", token)
        depth += (text == "{") - (text == "}")
        if text == "}" and depth == 0:
            yield head.strip(), block
            head = block = ""
        elif text == ";" and depth == 0:
            yield head.strip(), None
            head = ""
        elif depth == 0:
            head += text
        elif not (text == "{" and depth == 1):
            block += text
    if depth or head.strip():
        raise ValueError(f"found an open block or rule: {(head + block)[:80]!r}")


def _selectors(head: str) -> list[str]:
    """The selectors of a rule: its parts at commas outside parentheses and strings."""
    parts, depth = [""], 0
    for token in re.findall(rf"{_STRING}|\\.|[\s\S]", head):
        depth += (token in "([") - (token in ")]")
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def _classes(selector: str) -> set[str]:
    """The classes that an element or its ancestors need, without those in parentheses."""
    while (shorter := _INNER.sub("", selector)) != selector:
        selector = shorter
    return {re.sub(r"\\(.)", r"\1", name) for name in _CLASS.findall(selector)}

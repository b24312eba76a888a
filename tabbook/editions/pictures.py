"""Pictures for paper and e-readers: the light version of each.

The book's drawings have the colours of both themes. Many e-readers know neither CSS variables nor
``prefers-color-scheme``, or apply a dark theme to a page that stays white.
"""

import re

_DARK = re.compile(
    r"@media\s*\(prefers-color-scheme:\s*dark\)\s*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", re.DOTALL
)
_SET = re.compile(r"(--[\w-]+):\s*([^;{}]+)")
_ID = re.compile(r' id="([^"]+)"')
_USED = re.compile(r"var\((--[\w-]+)(?:,\s*([^()]*))?\)")


def variables(svg: str) -> dict[str, str]:
    """The variables that a picture or its style defines, with their values in the light theme."""
    return dict(_SET.findall(_DARK.sub("", svg)))


def light(svg: str, values: dict[str, str] | None = None) -> str:
    """An SVG, or a part of one, with the colours of the light theme only, and without variables.

    A variable that the picture does not define has the fallback that the picture names; without a
    fallback it is unchanged. Matplotlib repeats the id of an image that it draws twice; only the
    first keeps it, because ids in an ePub must be unique.

    Args:
        svg: the text.
        values: the variables of the picture; the default is those that ``svg`` defines.
    """
    known = variables(svg) if values is None else values
    seen: set[str] = set()

    def value(use: re.Match[str]) -> str:
        return known.get(use[1]) or use[2] or use[0]

    def first(found: re.Match[str]) -> str:
        if found[1] in seen:
            return ""
        seen.add(found[1])
        return found[0]

    return _ID.sub(first, _USED.sub(value, _DARK.sub("", svg)))

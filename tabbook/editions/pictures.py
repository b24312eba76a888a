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


def light(svg: str) -> str:
    """An SVG with the colours of the light theme only, and without variables.

    A variable that the picture does not define has the fallback that the picture names; without a
    fallback it is unchanged. Matplotlib repeats the id of an image that it draws twice; only the
    first keeps it, because ids in an ePub must be unique.
    """
    plain = _DARK.sub("", svg)
    values: dict[str, str] = dict(_SET.findall(plain))
    seen: set[str] = set()

    def value(use: re.Match[str]) -> str:
        return values.get(use[1]) or use[2] or use[0]

    def first(found: re.Match[str]) -> str:
        if found[1] in seen:
            return ""
        seen.add(found[1])
        return found[0]

    return _ID.sub(first, _USED.sub(value, plain))

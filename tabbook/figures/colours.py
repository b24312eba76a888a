"""Adapt figures to the light and the dark theme.

The stored pictures are black on white. This module replaces their colours by variables with values
for both themes. Inside an SVG, browsers derive ``prefers-color-scheme`` from the ``color-scheme``
of the page around it. A browser that uses the system's setting instead shows a readable picture,
because each picture has its own background. Photographs and masks are not changed, because an
inverted image would show something else.
"""

import colorsys
import re

#: The ground and the text of the theme's pages, light and dark: what the figures have to match.
GROUNDS = {"light": "#ffffff", "dark": "#121212"}
TEXTS = {"light": "#000000", "dark": "#ced6dd"}
#: What WCAG 2.2 (1.4.11) asks of the parts of a graphic.
LEAST_CONTRAST = 3.0

_STYLE = re.compile(r'style="([^"]*)"')
_COLOUR = re.compile(r"\b(fill|stroke): (#[0-9a-f]{6})")


def themed(svg: str) -> str:
    """A Matplotlib picture with colours for the light and the dark theme.

    Elements with an opacity stay faint. Every other line, bar and marker has a contrast of at
    least ``LEAST_CONTRAST`` against the background.
    """
    values: dict[str, tuple[str, str]] = {}

    def variable(colour: str, faint: bool) -> str:
        name = f"--{'faint' if faint else 'c'}-{colour[1:]}"
        values[name] = (shown(colour, "light", faint), shown(colour, "dark", faint))
        return f"var({name})"

    def restyle(found: re.Match[str]) -> str:
        faint = "opacity" in found[1]
        style = _COLOUR.sub(lambda part: f"{part[1]}: {variable(part[2], faint)}", found[1])
        return f'style="{style}"'

    recoloured = _STYLE.sub(restyle, svg)
    light, dark = (
        "".join(f"{name}:{pair[theme]};" for name, pair in sorted(values.items()))
        for theme in (0, 1)
    )
    rules = (
        f"<style>:root{{{light}fill:{TEXTS['light']}}}"  # letters have no colour of their own
        f"@media (prefers-color-scheme: dark){{:root{{{dark}fill:{TEXTS['dark']}}}}}</style>"
    )
    return re.sub(r"(<svg\b[^>]*>)", lambda tag: tag[1] + rules, recoloured, count=1)


def shown(colour: str, theme: str, faint: bool = False) -> str:
    """The colour that replaces ``colour`` (``#rrggbb``) in a theme, ``light`` or ``dark``."""
    red, green, blue = _parts(colour)
    if theme == "dark":
        if red == green == blue:  # between text and ground, as it was between black and white
            text, ground = _parts(TEXTS["dark"]), _parts(GROUNDS["dark"])
            red, green, blue = (t + red * (g - t) for t, g in zip(text, ground, strict=True))
        else:
            hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
            red, green, blue = colorsys.hls_to_rgb(hue, 1 - lightness, saturation)
    result = _hex(red, green, blue)
    if faint or result == GROUNDS[theme]:
        return result
    while contrast(result, GROUNDS[theme]) < LEAST_CONTRAST:
        hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(result))
        lightness += 0.02 if theme == "dark" else -0.02
        result = _hex(*colorsys.hls_to_rgb(hue, lightness, saturation))
    return result


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG defines it, from 1 to 21."""

    def luminance(colour: str) -> float:
        linear = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _parts(colour)
        )
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _parts(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))  # type: ignore[return-value]


def _hex(*parts: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)

"""Every stored figure can be read on the light page and on the dark one."""

import re
from collections.abc import Iterator

import nbformat
import pytest
from backends import ROOT
from hypothesis import given
from hypothesis import strategies as st

from tabbook.figures.colours import GROUNDS, LEAST_CONTRAST, TEXTS, contrast, shown, themed

HEX = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
THEMES = ("light", "dark")


def stored_pictures() -> Iterator[str]:
    for path in sorted((ROOT / "chapters").glob("*/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if "image/svg+xml" in output.get("data", {}):
                    yield output.data["image/svg+xml"]


PICTURES = list(stored_pictures())
# As a plot has them: white paper, black axes, a grid that is faint, two curves and a garment.
TOY = """<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9pt">
<path style="fill: #ffffff"/><path style="stroke: #b0b0b0; stroke-opacity: 0.3"/>
<path style="fill: none; stroke: #ff7f0e; stroke-width: 1.5"/>
<use style="fill: #ff7f0e; stroke: #000000"/><image xlink:href="data:image/png;base64,AA=="/>
</svg>"""


def values(svg: str, theme: str) -> dict[str, str]:
    """The value of each variable of a picture in a theme."""
    light, dark = re.findall(r":root\{(.*?)\}", svg)
    return dict(re.findall(r"(--[\w-]+):(#\w{6});", {"light": light, "dark": dark}[theme]))


@pytest.mark.parametrize("theme", THEMES)
@given(colour=HEX.filter(lambda colour: colour != "#ffffff"))
def test_whatever_is_drawn_stands_out_from_the_ground(theme, colour):
    assert contrast(shown(colour, theme), GROUNDS[theme]) >= LEAST_CONTRAST


@pytest.mark.parametrize("theme", THEMES)
def test_paper_and_ink_are_the_pages(theme):
    assert shown("#ffffff", theme) == GROUNDS[theme]
    assert shown("#000000", theme) == TEXTS[theme]
    assert contrast(TEXTS[theme], GROUNDS[theme]) >= 7


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


def test_a_plot_changes_its_colours_and_nothing_else():
    picture = themed(TOY)
    assert 'style="fill: var(--c-ffffff)"' in picture
    assert 'style="stroke: var(--faint-b0b0b0); stroke-opacity: 0.3"' in picture
    assert "fill: none; stroke: var(--c-ff7f0e); stroke-width: 1.5" in picture
    assert 'href="data:image/png;base64,AA=="' in picture
    without = re.sub(r"<style>.*?</style>", "", picture)
    assert re.sub(r"var\(--(?:c|faint)-(\w{6})\)", r"#\1", without) == TOY


@pytest.mark.parametrize("theme", THEMES)
def test_every_stored_picture_is_readable(theme):
    assert len(PICTURES) > 50
    for svg in PICTURES:
        picture = themed(svg)
        assert not re.search(r'style="[^"]*(?:fill|stroke): #', picture)
        used = set(re.findall(r"var\((--[\w-]+)\)", picture))
        found = values(picture, theme)
        assert used == set(found)
        for name, colour in found.items():
            if name.startswith("--c-") and name != "--c-ffffff":
                assert contrast(colour, GROUNDS[theme]) >= LEAST_CONTRAST, name
        # Two curves that a reader tells apart by colour stay two colours.
        curves = [name for name in found if name.startswith("--c-")]
        assert len({found[name] for name in curves}) == len(curves)

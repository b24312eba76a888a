"""Figures follow the theme of their page, but images of garments do not change."""

import io

import numpy as np
import pytest
from browsing import change_theme
from PIL import Image
from playwright.sync_api import expect

FIGURES = 'article img[src$=".svg"]:visible'
THEMES = ("light", "dark")
# The boxes of pictures, 3 pixels smaller on each side, in the pixels of their SVG
INSIDE = """all => all.map(image => {
    const svg = document.documentElement.getBoundingClientRect();
    const {left, top, right, bottom} = image.getBoundingClientRect();
    return [Math.ceil(left - svg.left) + 3, Math.ceil(top - svg.top) + 3,
            Math.floor(right - svg.left) - 3, Math.floor(bottom - svg.top) - 3];
})"""


def unfolded(page):
    """The page with its solutions open and all pictures loaded."""
    page.evaluate(
        "() => document.querySelectorAll('.toggle-hidden').forEach("
        "e => e.classList.remove('toggle-hidden'))"
    )
    page.wait_for_function("() => [...document.images].every(image => image.complete)")
    return page


def pixels(locator):
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def test_a_plot_is_dark_but_for_its_lines(visit):
    page = unfolded(visit("chapters/many_layers.html", "dark"))
    plot = pixels(page.locator(FIGURES).first)
    assert np.median(plot) < 0x30
    assert (plot.min(axis=2) > 0xF0).mean() < 0.001


def test_a_figure_follows_when_the_reader_changes_the_theme(visit):
    page = visit("chapters/dropout.html")
    figure = page.locator(".cell_output img:visible").first
    before = np.median(pixels(figure))
    change_theme(page, "dark")
    assert before > 0xF0
    assert np.median(pixels(figure)) < 0x30


@pytest.mark.parametrize("path", ["preliminaries", "calibration", "dropconnect"])
def test_garments_and_masks_are_the_same_in_both_themes(visit, path):
    shown = []
    for theme in THEMES:
        page = unfolded(visit(f"chapters/{path}.html", theme))
        # Open the file itself, because an image in a page hides its elements.
        files = page.locator(FIGURES).evaluate_all("all => all.map(image => image.src)")
        found = []
        for file in files:
            page.goto(file)
            whole = pixels(page.locator("svg"))
            # Without the frame, which has the theme's colour
            for left, top, right, bottom in page.locator("image").evaluate_all(INSIDE):
                assert left < right < whole.shape[1]
                assert top < bottom < whole.shape[0]
                found.append(whole[top:bottom, left:right])
        assert len(found) >= 9
        shown.append(found)
    for light, dark in zip(*shown, strict=True):
        assert np.array_equal(light, dark)


@pytest.mark.parametrize("path", ["choosing", "dropconnect", "uncertainty", "solutions_dropout"])
def test_the_data_of_a_figure_can_be_opened(page, book, path):
    page.goto(f"{book}/chapters/{path}.html")
    data = unfolded(page).locator("article .figure-data").filter(visible=True).first
    expect(data.locator("table").first).to_be_hidden()
    data.locator("> summary").click()
    expect(data.locator("table").first).to_be_visible()

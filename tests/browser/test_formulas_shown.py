"""Formulas in the browser: they need no script, shift no layout and lose no characters."""

import re

import pytest
from browsing import FONTS, FRAMES, SHIFTS, shift
from fontTools.ttLib import TTFont

from tabbook.math.font import FONT, characters


def test_the_font_has_every_character_of_every_formula(book_folder):
    # Markup is ASCII, so it adds no characters. U+FE00, a variation selector, needs no glyph.
    there = TTFont(book_folder / FONT).getBestCmap()
    shown = {ord(character) for character in characters(book_folder) if character.isprintable()}
    assert len(shown) > 120
    assert sorted(map(chr, shown - set(there) - {0xFE00})) == []


@pytest.mark.parametrize("path", ["dropout", "uncertainty", "dropblock"])
@pytest.mark.parametrize("width", [1280, 375])
def test_nothing_moves_when_a_part_comes_late(page, book, path, width):
    """The script of the interactive figures, if any, loads late, and the pictures after it."""
    held = {".js": [], ".svg": []}
    page.route("**/playable_figures.js*", lambda route: held[".js"].append(route))
    page.route("**/*.svg", lambda route: held[".svg"].append(route))
    page.add_init_script(SHIFTS)
    page.set_viewport_size({"width": width, "height": 9000})  # the whole page is in view
    page.goto(f"{book}/chapters/{path}.html", wait_until="commit")
    page.locator("footer").first.wait_for(state="attached")
    page.evaluate(FONTS)
    page.evaluate(FRAMES)
    assert held[".svg"]
    assert bool(held[".js"]) == (path != "uncertainty")
    for route in held[".js"]:
        route.continue_()
    page.wait_for_load_state("domcontentloaded")
    page.evaluate(FRAMES)
    for route in held[".svg"]:
        route.continue_()
    page.wait_for_load_state()
    assert shift(page) < 0.02


def test_a_wide_formula_scrolls_in_its_box_by_the_keyboard_and_its_number_stays(visit):
    page = visit("chapters/spread.html", width=375)
    box = page.locator("#equation-eq-uncertainty-elbo .formula")
    number = page.locator("#equation-eq-uncertainty-elbo .eqno")
    before = number.bounding_box()
    assert before["x"] + before["width"] <= 375
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
    assert number.bounding_box()["x"] == before["x"]
    narrow = page.locator(".formula:not([tabindex])")
    assert narrow.count() > 0  # a formula that fits is no tab stop


def test_a_link_to_a_formula_shows_the_number_beside_it(visit):
    page = visit("chapters/signal.html")
    link = page.locator('article a.reference[href^="#equation-"]').first
    assert re.fullmatch(r"\(\d+\.\d+\)", link.inner_text())
    number = page.locator(f"{link.get_attribute('href')} .eqno")
    assert number.inner_text().startswith(link.inner_text())

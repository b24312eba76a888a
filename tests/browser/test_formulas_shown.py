"""Formulas as readers see them: no script sets them, nothing moves, and nothing is lost."""

import re

import pytest
from fontTools.ttLib import TTFont
from test_accessibility import OPEN_ALL, PAGES
from test_choice import SHIFTS
from test_offline import pages_of

from tabbook.math.font import FONT, characters

# TeX that no converter saw, in words or in formulas; code may have it
LEFT = """() => [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('script, style, pre, code'))
    .flatMap(e => [...e.childNodes].filter(node => node.nodeType === Node.TEXT_NODE))
    .map(node => node.data)
    .filter(text => /\\\\[a-zA-Z]+|\\\\[([,;]|\\$[^$]+\\$/.test(text))"""


@pytest.fixture
def without_scripts(chromium):
    context = chromium.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_every_formula_of_every_page_is_mathml(page, book, book_folder):
    asked, left, count = [], {}, 0
    page.on("request", lambda request: asked.append(request.url))
    for path in pages_of(book_folder):
        if path == "index.html":  # leads to another page at once
            continue
        page.goto(f"{book}/{path}")
        count += page.locator("math").count()
        if found := page.evaluate(LEFT):
            left[path] = found
    assert left == {}
    assert count > 1000
    assert not [url for url in asked if "mathjax" in url.lower()]


def test_the_font_has_every_character_of_every_formula(book_folder):
    # Tags, entities and attributes are ASCII; a variation selector chooses among two letters
    there = TTFont(book_folder / FONT).getBestCmap()
    shown = {ord(character) for character in characters(book_folder) if character.isprintable()}
    assert len(shown) > 120
    assert sorted(map(chr, shown - set(there) - {0xFE00})) == []


def test_formulas_are_there_without_scripts(without_scripts, book):
    without_scripts.goto(f"{book}/chapters/signal.html")
    boxes = without_scripts.locator("article math").evaluate_all(
        "all => all.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect())"
    )
    assert len(boxes) > 50
    assert all(box["width"] > 4 and box["height"] > 4 for box in boxes)


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_moves_while_a_page_is_opened(page, book, path, width):
    page.add_init_script(SHIFTS)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{book}/{path}")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.evaluate("() => new Promise(done => setTimeout(done, 200))")
    assert page.evaluate("shift") < 0.02


@pytest.mark.parametrize(
    ("path", "late"),
    [
        ("chapters/dropout.html", "**/*.svg"),
        ("chapters/uncertainty.html", "**/*.svg"),
        ("chapters/spatial.html", "**/*.svg"),
        ("chapters/dropout.html", "**/playable_figures.js*"),
        ("chapters/spatial.html", "**/playable_figures.js*"),
    ],
)
@pytest.mark.parametrize("width", [1280, 375])
def test_nothing_moves_when_a_part_comes_late(page, book, path, late, width):
    held = []
    page.route(late, lambda route: held.append(route))
    page.add_init_script(SHIFTS)
    page.set_viewport_size({"width": width, "height": 9000})  # all of it is in view
    page.goto(f"{book}/{path}", wait_until="commit")
    page.locator("footer").first.wait_for(state="attached")
    page.wait_for_timeout(400)
    assert held
    for route in held:
        route.continue_()
    page.wait_for_load_state()
    page.wait_for_timeout(200)
    assert page.evaluate("shift") < 0.02


def test_a_wide_formula_scrolls_in_its_box_by_the_keyboard_and_its_number_stays(page, book):
    page.set_viewport_size({"width": 375, "height": 900})
    page.goto(f"{book}/chapters/uncertainty.html")
    box = page.locator("#equation-eq-uncertainty-elbo .formula")
    number = page.locator("#equation-eq-uncertainty-elbo .eqno")
    before = number.bounding_box()
    assert before["x"] + before["width"] <= 375
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
    assert number.bounding_box()["x"] == before["x"]
    narrow = page.locator(".formula:not([tabindex])")
    assert narrow.count() > 0  # one that fits is no stop of the Tab key


TOO_WIDE = """() => [...document.querySelectorAll('article math')]
    .filter(e => e.checkVisibility() && !e.closest('.formula, table'))
    .filter(e => e.getBoundingClientRect().width > e.closest('p').clientWidth)
    .map(e => e.textContent)"""


@pytest.mark.parametrize("path", PAGES)
def test_a_formula_in_a_sentence_fits_a_line_of_a_telephone(visit, path):
    """One that does not is cut off: divide it before a relation, as ``$a$ $= b$``."""
    page = visit(path, width=375)
    page.evaluate(OPEN_ALL)
    assert page.evaluate(TOO_WIDE) == []


def test_a_link_to_a_formula_shows_the_number_beside_it(page, book):
    page.goto(f"{book}/chapters/signal.html")
    link = page.locator('article a.reference[href^="#equation-"]').first
    assert re.fullmatch(r"\(\d+\.\d+\)", link.inner_text())
    number = page.locator(f"{link.get_attribute('href')} .eqno")
    assert number.inner_text().startswith(link.inner_text())

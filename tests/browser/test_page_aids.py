"""Aids for reading: enlarged figures, copied links, links of exercises, the reading time."""

import re

import pytest
from browsing import FRAMES, SOURCES, change_theme, violations
from playwright.sync_api import expect

PAGE = "chapters/dropout.html"
ENLARGED = "dialog.enlarged-figure"


@pytest.mark.parametrize(("width", "way"), [(1280, "keyboard"), (1280, "mouse"), (375, "mouse")])
def test_a_figure_is_enlarged_and_closed_again(visit, width, way):
    page = visit(PAGE, width=width)
    figure = page.locator("article img").filter(visible=True).first
    before = figure.bounding_box()
    button = page.get_by_role("button", name=re.compile("^Enlarge: ")).first
    if way == "keyboard":
        button.focus()
        assert button.evaluate("e => getComputedStyle(e).opacity") == "1"
        page.keyboard.press("Enter")
    else:
        figure.click()
    large = page.locator(f"{ENLARGED} img")
    assert large.get_attribute("alt") == figure.get_attribute("alt")
    expect(page.locator(f"{ENLARGED} button")).to_be_focused()
    assert large.bounding_box()["width"] > 1.2 * before["width"]
    assert page.locator(ENLARGED).bounding_box()["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(ENLARGED)).to_be_hidden()
    assert page.locator(f"{ENLARGED} img").count() == 0
    if way == "keyboard":
        expect(button).to_be_focused()


def test_an_enlarged_figure_has_the_colours_of_the_page(visit):
    page = visit(PAGE)
    change_theme(page, "dark")
    figure = page.locator("article img").filter(visible=True).first
    styles = "e => { const s = getComputedStyle(e); return [s.filter, s.backgroundColor]; }"
    before = figure.evaluate(styles)
    figure.click()
    assert page.locator(f"{ENLARGED} img").evaluate(styles) == before


def test_paper_has_no_buttons_on_figures(visit):
    page = visit(PAGE)
    page.emulate_media(media="print")
    assert page.locator(".enlarge-figure").filter(visible=True).count() == 0


def test_a_heading_copies_its_link(chromium, book):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{book}/{PAGE}?framework=jax&compare=mxnet")
    heading = page.locator("h2").nth(1)
    heading.hover()
    sign = heading.locator(".headerlink")
    assert sign.get_attribute("title") == "Copy the link"
    sign.click()
    expect(page.get_by_role("status").filter(has_text="Link copied")).to_have_count(1)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    assert re.search(r"\?framework=jax&compare=mxnet#[\w-]+$", copied)
    page.evaluate(FRAMES)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    context.close()


def test_an_exercise_leads_to_its_open_solution_and_back(visit):
    page = visit("chapters/signal.html")
    exercise = page.locator("#ex-signal-noise")
    exercise.get_by_role("link", name="Solution").click()
    page.wait_for_url("**/solutions_signal.html**#sol-signal-noise")
    solution = page.locator("#sol-signal-noise")
    expect(solution.locator("p").nth(1)).to_be_in_viewport()
    assert solution.get_by_role("button").get_attribute("aria-expanded") == "true"
    assert page.locator("#sol-signal-rate p").nth(1).is_hidden()
    solution.get_by_role("link", name=re.compile("^Exercise 3.2")).click()
    page.wait_for_url("**/signal.html**#ex-signal-noise")
    expect(exercise).to_be_in_viewport()


def test_every_exercise_has_a_solution_that_is_there(book_folder):
    links = re.compile(r'<a class="[^"]*solution-link[^"]*" href="([^"#]+)#(sol-[\w-]+)"')
    exercises = re.compile(r'<div class="exercise admonition" id="ex-([\w-]+)"')
    total = 0
    for path in SOURCES:
        text = (book_folder / path).read_text(encoding="utf-8")
        found = links.findall(text)
        assert [f"sol-{name}" for name in exercises.findall(text)] == [name for _, name in found]
        for page, name in found:
            target = (book_folder / "chapters" / page).read_text(encoding="utf-8")
            assert target.count(f'id="{name}"') == 1, name
        total += len(found)
    assert total > 60


def test_every_page_with_code_states_its_reading_time(book_folder):
    for path in SOURCES:
        text = (book_folder / path).read_text(encoding="utf-8")
        (stated,) = re.findall(r'class="reading-time[^>]*>About (\d+) minutes to read</div>', text)
        assert 5 <= int(stated) <= 30, path

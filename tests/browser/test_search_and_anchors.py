"""Search and links reach the content of hidden tabs."""

import pytest
from browsing import SHOWN, pick
from playwright.sync_api import expect

PAGE = "chapters/dropout.html"
MARKS = "article .highlighted"


def search(page, book, words):
    """Search the book for these words and follow the result for the page on dropout."""
    page.goto(f"{book}/chapters/index.html")
    page.keyboard.press("Control+k")
    page.locator("dialog input[type=search]").fill(words)
    page.keyboard.press("Enter")
    page.locator("#search-results a[href*='chapters/dropout.html']").first.click()
    first = page.locator(MARKS).filter(visible=True).first
    expect(first).to_be_in_viewport()


def hidden_panel(page, framework):
    """The id of a panel of the framework far down the page."""
    label = page.locator(f"label[data-sync-id={framework}]").nth(8)
    return label.get_attribute("aria-controls")


def in_view(page, selector):
    """Whether the top of the first visible match is in the window."""
    top = page.locator(selector).filter(visible=True).first.bounding_box()["y"]
    return 0 <= top < page.viewport_size["height"]


def test_a_word_that_only_a_hidden_tab_has_is_found_and_shown(page, book):
    page.goto(f"{book}/{PAGE}?framework=pytorch")
    search(page, book, "optax")
    assert in_view(page, MARKS)
    assert page.locator(MARKS).filter(visible=True).count() == page.locator(MARKS).count()
    shown = page.evaluate(SHOWN)
    assert set(shown) == {"pytorch", "jax"}  # opened only where needed
    page.reload()
    assert set(page.evaluate(SHOWN)) == {"pytorch"}  # a search does not change the choice


def test_a_tab_that_shows_the_word_stays(page, book):
    page.goto(f"{book}/{PAGE}?framework=mxnet")
    search(page, book, "seed_everything")
    assert set(page.evaluate(SHOWN)) == {"mxnet"}
    assert in_view(page, MARKS)


def test_the_marks_can_be_taken_away(page, book):
    search(page, book, "optax")
    page.keyboard.press("Escape")
    assert page.locator(MARKS).count() == 0


@pytest.mark.parametrize("way", ["from another page", "on the page"])
def test_an_anchor_in_a_hidden_tab_opens_it(page, book, way):
    page.goto(f"{book}/{PAGE}?framework=pytorch")
    panel = hidden_panel(page, "jax")
    assert not page.locator(f"#{panel}").is_visible()
    if way == "from another page":
        page.goto(f"{book}/chapters/index.html")
        page.evaluate(f"location.href = 'dropout.html#{panel}'")
        page.wait_for_url(f"**#{panel}")
        page.wait_for_load_state()
    else:
        page.evaluate(f"location.hash = '{panel}'")
    page.locator(f"#{panel}").wait_for(state="visible")
    page.wait_for_function(f"document.getElementById('{panel}').getBoundingClientRect().top < 900")
    assert in_view(page, f"#{panel}")
    assert page.evaluate(SHOWN).count("jax") == 1
    assert page.get_by_label("Code in").input_value() == "pytorch"
    pick(page, "mxnet")  # a choice applies to all sets again
    assert set(page.evaluate(SHOWN)) == {"mxnet"}

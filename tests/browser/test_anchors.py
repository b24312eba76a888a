"""Links reach the content of hidden tabs."""

import pytest
from browsing import SHOWN, pick

PAGE = "chapters/dropout.html"


def hidden_panel(page, framework):
    """The id of a panel of the framework far down the page."""
    label = page.locator(f"label[data-sync-id={framework}]").nth(8)
    return label.get_attribute("aria-controls")


def in_view(page, selector):
    """Whether the top of the first visible match is in the window."""
    top = page.locator(selector).filter(visible=True).first.bounding_box()["y"]
    return 0 <= top < page.viewport_size["height"]


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

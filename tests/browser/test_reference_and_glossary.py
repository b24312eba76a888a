"""The links from code to the API reference, and the glossary cards."""

import pytest
from backends import ROOT
from playwright.sync_api import expect

TERM = "article a:has(> .std-term)"


def test_a_link_in_code_is_followed_by_keyboard(visit):
    page = visit("chapters/dropout.html?framework=jax")
    link = page.locator(".api-link", has_text="d2l.Classifier").locator("visible=true").first
    link.focus()
    outline = link.evaluate("a => [getComputedStyle(a).outlineStyle, getComputedStyle(a).color]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/api/jax.html#d2lcompat.jax.Classifier")
    assert page.locator("#d2lcompat\\.jax\\.Classifier").is_visible()
    assert outline[0] != "none"


def test_a_link_keeps_the_colours_of_the_code(visit):
    page = visit("chapters/dropout.html?framework=pytorch")
    colours = page.evaluate(
        """() => {
            const link = [...document.querySelectorAll('.api-link')].find(a => a.checkVisibility());
            const pre = link.closest('pre');
            const names = [...pre.querySelectorAll('.n')];
            const colour = element => getComputedStyle(element).color;
            return [...new Set(names.map(colour))];
        }"""
    )
    assert len(colours) == 1, "names look alike, linked or not"


def test_the_copied_code_is_the_code(visit):
    page = visit("chapters/dropout.html?framework=jax")
    texts = page.evaluate(
        "() => [...document.querySelectorAll('.cell_input pre:has(.api-link)')]"
        ".filter(pre => pre.checkVisibility()).map(pre => pre.textContent)"
    )
    written = (ROOT / "chapters" / "dropout.md").read_text(encoding="utf-8")
    assert texts
    assert all(text.strip() in written for text in texts)


def first_term(page):
    link = page.locator(TERM).first
    return link, page.locator(f"#card-{link.get_attribute('href').partition('#')[2]}")


def test_a_card_opens_under_the_pointer_and_stays_while_the_pointer_is_on_it(page, book):
    page.clock.install()
    page.goto(f"{book}/chapters/dropout.html")
    link, card = first_term(page)
    link.hover()
    expect(card).to_be_visible()
    box, below = link.bounding_box(), card.bounding_box()
    assert abs(below["y"] - (box["y"] + box["height"])) < 3
    card.hover()
    page.clock.fast_forward(500)  # longer than the delay before a card closes
    expect(card).to_be_visible()
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_a_card_opens_by_keyboard_and_escape_leaves_the_focus(visit):
    page = visit("chapters/dropout.html")
    link, card = first_term(page)
    for _ in range(200):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    assert link.evaluate("link => link === document.activeElement")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(card).to_be_visible()
    page.keyboard.press("Tab")
    expect(card).to_be_hidden()


@pytest.mark.parametrize("width", [375, 1280])
def test_a_card_stays_in_the_window(visit, width):
    page = visit("chapters/dropout.html", width=width)
    height = page.viewport_size["height"]
    for link in page.locator(TERM).all():
        # At the bottom of the window, a card has no room below its term.
        link.evaluate("link => link.scrollIntoView({block: 'end', behavior: 'instant'})")
        link.evaluate("link => link.focus({focusVisible: true, preventScroll: true})")
        card = page.locator(".glossary-card:popover-open")
        expect(card).to_be_visible()
        box = card.bounding_box()
        assert 0 <= box["x"] <= width - box["width"]
        assert 0 <= box["y"] <= height - box["height"]
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_cards_open_from_the_file_system(chromium, book_folder):
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto((book_folder / "chapters" / "dropout.html").as_uri())
    link, card = first_term(page)
    link.hover()
    expect(card).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_card_can_be_read_and_escape_closes_it(visit, scheme):
    page = visit("chapters/dropout.html", scheme)
    link, card = first_term(page)
    link.hover()
    expect(card).to_be_visible()
    ratio = card.evaluate(
        """card => {
            const light = text => text.match(/[\\d.]+/g).slice(0, 3).map(value => value / 255)
                .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
            const {color, backgroundColor} = getComputedStyle(card);
            const [low, high] = [light(color), light(backgroundColor)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
        }"""
    )
    assert ratio >= 4.5
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()

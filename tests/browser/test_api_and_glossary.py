"""The reference, the links to it from code, and the glossary's cards, in a real browser."""

import re
import urllib.request
from urllib.parse import urljoin

import pytest
from backends import FRAMEWORKS, ROOT
from playwright.sync_api import expect
from test_tabs import EXECUTED

REFERENCE = [f"chapters/api/{name}.html" for name in ["index", *FRAMEWORKS]]
TERM = "article a:has(> .std-term)"

# Every use of d2l in code: the text, and where it leads; the framework of the tab it stands in.
USES = r"""() => [...document.querySelectorAll('.cell_input pre')].flatMap(pre => {
    const panel = pre.closest('.sd-tab-content');
    const framework = panel?.previousElementSibling.dataset.syncId ?? null;
    const walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        if (!/^@?d2l$/.test(walker.currentNode.data)) continue;
        const span = walker.currentNode.parentElement;
        const after = span.nextElementSibling;
        if (after?.textContent !== '.') continue;              // `import torch as d2l`
        const link = span.closest('a');
        found.push({text: 'd2l.' + after.nextElementSibling.textContent, framework,
                    href: link?.href ?? null, linked: link?.textContent ?? null});
    }
    return found;
})"""


@pytest.fixture(scope="module")
def anchors(book):
    """A function that says which places a page of the reference has."""
    known = {}

    def places(address):
        if address not in known:
            with urllib.request.urlopen(address) as answer:
                known[address] = set(re.findall(r'id="([^"]+)"', answer.read().decode()))
        return known[address]

    return places


@pytest.mark.parametrize("path", EXECUTED)
def test_every_use_of_the_package_leads_to_its_entry(visit, book, anchors, path):
    uses = visit(path).evaluate(USES)
    assert uses
    for use in uses:
        assert use["linked"] in (use["text"], "@" + use["text"]), use
        address, _, identity = use["href"].partition("#")
        expected = f"chapters/api/{use['framework'] or 'index'}.html"
        assert address == urljoin(f"{book}/", expected), use
        assert identity.endswith(use["text"].removeprefix("d2l")[1:]), use
        assert identity in anchors(address), use


def test_a_link_in_code_is_followed_by_keyboard(page, book):
    page.goto(f"{book}/chapters/dropout.html?framework=jax")
    link = page.locator(".api-link", has_text="d2l.Classifier").locator("visible=true").first
    link.focus()
    outline = link.evaluate("a => [getComputedStyle(a).outlineStyle, getComputedStyle(a).color]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/api/jax.html#d2lcompat.jax.Classifier")
    assert page.locator("#d2lcompat\\.jax\\.Classifier").is_visible()
    assert outline[0] != "none"


def test_a_link_keeps_the_colours_of_the_code(page, book):
    page.goto(f"{book}/chapters/dropout.html?framework=pytorch")
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


def test_the_copied_code_is_the_code(page, book):
    page.goto(f"{book}/chapters/dropout.html?framework=jax")
    texts = page.evaluate(
        "() => [...document.querySelectorAll('.cell_input pre:has(.api-link)')]"
        ".filter(pre => pre.checkVisibility()).map(pre => pre.textContent)"
    )
    written = (ROOT / "chapters" / "dropout.md").read_text(encoding="utf-8")
    assert texts
    assert all(text.strip() in written for text in texts)


@pytest.mark.parametrize("path", [*REFERENCE, "chapters/glossary.html"])
def test_reference_and_glossary_fit_a_desktop(visit, path):
    assert visit(path).evaluate("() => document.documentElement.scrollWidth") <= 1280


def test_no_address_of_a_repository_no_link_to_a_source(page, book):
    page.goto(f"{book}/chapters/api/pytorch.html")
    assert "executablebooks" not in page.locator("article").inner_html()


def test_every_page_links_to_terms_and_carries_their_definitions(visit):
    described = """links => links
        .map(link => document.getElementById(link.getAttribute('aria-describedby')))
        .map(card => [card.textContent, card.checkVisibility()])"""
    for path in EXECUTED:
        cards = visit(path).locator(TERM).evaluate_all(described)
        assert 2 <= len(cards) <= 8, path
        assert all(len(text.split()) > 5 and not shown for text, shown in cards), path


def first_term(page, address):
    page.goto(address)
    link = page.locator(TERM).first
    return link, page.locator(f"#card-{link.get_attribute('href').partition('#')[2]}")


def test_a_card_opens_under_the_pointer_and_stays_while_the_pointer_is_on_it(page, book):
    link, card = first_term(page, f"{book}/chapters/dropout.html")
    link.hover()
    expect(card).to_be_visible()
    box, below = link.bounding_box(), card.bounding_box()
    assert abs(below["y"] - (box["y"] + box["height"])) < 3
    card.hover()
    page.wait_for_timeout(500)  # longer than a card waits before it closes
    expect(card).to_be_visible()
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_escape_closes_a_card_under_the_pointer(page, book):
    link, card = first_term(page, f"{book}/chapters/dropout.html")
    link.hover()
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_a_card_opens_by_keyboard_and_escape_leaves_the_focus(page, book):
    page.goto(f"{book}/chapters/dropout.html")
    link = page.locator(TERM).first
    for _ in range(200):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    card = page.locator(f"#card-{link.get_attribute('href').partition('#')[2]}")
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
def test_a_card_stays_in_the_window(page, book, width):
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"{book}/chapters/dropout.html")
    for link in page.locator(TERM).all():
        # At the very bottom of the window there is no room below.
        link.evaluate("link => link.scrollIntoView({block: 'end', behavior: 'instant'})")
        link.evaluate("link => link.focus({focusVisible: true, preventScroll: true})")
        card = page.locator(".glossary-card:popover-open")
        expect(card).to_be_visible()
        box = card.bounding_box()
        assert 0 <= box["x"] <= width - box["width"]
        assert 0 <= box["y"] <= 700 - box["height"]
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_without_scripts_a_term_leads_to_the_glossary(chromium, book):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    link, card = first_term(page, f"{book}/chapters/dropout.html")
    assert card.is_hidden()
    assert link.get_attribute("aria-describedby") is None
    link.click()
    page.wait_for_url("**/chapters/glossary.html#term-unit")
    assert page.locator("#term-unit").is_visible()
    context.close()


def test_cards_open_from_the_file_system(chromium, book_folder):
    context = chromium.new_context(offline=True)
    page = context.new_page()
    link, card = first_term(page, (book_folder / "chapters" / "dropout.html").as_uri())
    link.hover()
    expect(card).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_card_can_be_read(page, book, scheme):
    page.emulate_media(color_scheme=scheme)
    link, card = first_term(page, f"{book}/chapters/dropout.html")
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

"""Every slide of every deck in a real browser, as a speaker uses it."""

import pytest
from backends import ROOT
from browsing import AXE, DECKS, FONTS, TEX, Log

from tabbook.cli import main

SIZE = {"width": 1280, "height": 720}

# Measure formulas as a whole, because the boxes of their letters are larger than the ink.
TOO_LARGE = """() => {
  const slide = Reveal.getCurrentSlide(), name = slide.querySelector('h1, h2').textContent;
  const shown = [slide, ...slide.querySelectorAll(':not(.notes, .notes *, math *)')]
    .filter(e => e.checkVisibility());
  const outside = e => {
    const box = e.getBoundingClientRect();
    return box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight;
  };
  return shown
    .filter(e => outside(e) || e.scrollWidth > e.clientWidth + 1 && e.clientWidth
                 || e === slide && e.scrollHeight > e.clientHeight)
    .map(e => `${name}: ${e.tagName} ${e.textContent.slice(0, 40)}`);
}"""


GROUND = "() => getComputedStyle(document.querySelector('.reveal-viewport')).backgroundColor"
READY = "() => window.Reveal?.isReady()"
VIOLATIONS = """async (rules) => {
  const found = await axe.run(document, {runOnly: rules, resultTypes: ['violations']});
  return found.violations.map(({id, nodes}) => `${id}: ${nodes.map(({target}) => target)}`);
}"""


def start(page, address):
    """Open a deck, wait for its fonts, and return the number of slides."""
    page.goto(address)
    page.wait_for_function(READY)
    page.evaluate(FONTS)
    return page.evaluate("() => Reveal.getTotalSlides()")


def heading(page):
    return page.evaluate("() => Reveal.getCurrentSlide().querySelector('h1, h2').textContent")


@pytest.fixture(scope="module", params=DECKS)
def shown(request, chromium, book):
    """The facts about a deck's slides on the screen, and its requests."""
    context = chromium.new_context(viewport=SIZE)
    page = context.new_page()
    log = Log(page)
    number = start(page, f"{book}/{request.param}")
    facts = {"number": number, "log": log, "too large": []}
    facts["scale"] = page.evaluate("() => Reveal.getScale()")
    for place in range(number):
        page.evaluate("place => Reveal.slide(place, 0, 99)", place)  # with all fragments shown
        facts["too large"] += page.evaluate(TOO_LARGE)
    facts["sizes of code"] = page.locator(".slides pre > *").evaluate_all(
        "all => all.map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    facts["texts"] = page.locator(".slides img").evaluate_all("all => all.map(i => i.alt)")
    facts["TeX"] = page.evaluate(TEX)
    facts["formulas"] = page.locator("math").count()
    page.evaluate("() => Reveal.slide(0)")
    for _ in range(number):
        page.keyboard.press("ArrowRight")
    context.close()
    return facts


def test_no_slide_overflows(shown):
    assert shown["number"] > 10
    assert shown["scale"] == 1
    assert shown["too large"] == []
    assert min(shown["sizes of code"]) >= 16


def test_a_deck_asks_nobody_else_and_nothing_fails(shown, book):
    assert shown["formulas"] > 10
    assert shown["TeX"] == []
    assert len(shown["log"].asked) > 4
    assert shown["log"].problems(book) == []


def test_no_picture_of_a_deck_is_without_a_text(shown):
    assert shown["texts"]
    assert all(len(text) > 20 for text in shown["texts"]), shown["texts"]


@pytest.mark.parametrize("deck", DECKS)
def test_axe_finds_nothing_on_the_slides(page, book, deck):
    """Check all slides at once; in the dark theme only colours, because all else is the same."""
    page.set_viewport_size(SIZE)
    page.goto(f"{book}/{deck}?print-pdf")
    page.wait_for_selector(".pdf-page")
    page.evaluate(AXE)
    assert page.evaluate(VIOLATIONS, ["wcag2a", "wcag2aa"]) == []
    light = page.evaluate(GROUND)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(GROUND) != light
    assert page.evaluate(VIOLATIONS, ["color-contrast"]) == []


def test_arrow_keys_turn_the_slides_and_the_address_keeps_the_place(page, book):
    number = start(page, f"{book}/{DECKS[0]}")
    first = heading(page)
    page.keyboard.press("ArrowRight")
    second = heading(page)
    assert second != first
    page.keyboard.press("ArrowRight")
    assert heading(page) not in (first, second)
    page.keyboard.press("ArrowLeft")
    assert heading(page) == second
    page.wait_for_function("() => location.hash === '#/' + Reveal.getCurrentSlide().id")
    page.reload()
    page.wait_for_function(READY)
    assert heading(page) == second
    page.keyboard.press("End")
    assert page.evaluate("() => Reveal.getSlidePastCount()") == number - 1


def test_the_speaker_sees_the_notes_of_the_slide(page, book):
    start(page, f"{book}/{DECKS[0]}")
    page.keyboard.press("ArrowRight")
    notes = page.evaluate("() => Reveal.getCurrentSlide().querySelector('.notes').textContent")
    with page.expect_popup() as speaker:
        page.keyboard.press("s")
    speaker.value.wait_for_function(
        "notes => document.querySelector('.speaker-controls-notes .value')?.textContent.trim()"
        " === notes.trim()",
        arg=notes,
    )
    assert page.locator(".reveal .notes").filter(visible=True).count() == 0


def test_on_paper_every_slide_has_its_page(page, book):
    page.goto(f"{book}/{DECKS[0]}?print-pdf")
    page.wait_for_selector(".pdf-page")
    number = page.locator("section h1, section h2").count()
    pages = page.locator(".pdf-page")
    assert pages.count() == number > 10
    assert len(set(pages.evaluate_all("pages => pages.map(page => page.offsetHeight)"))) == 1
    assert page.locator(".pdf-page :is(h1, h2)").filter(visible=True).count() == number


def test_a_deck_opens_from_the_file_system(page, tmp_path):
    assert main(["slides", "--folder", str(ROOT / "chapters"), "--to", str(tmp_path)]) == 0
    page.set_viewport_size(SIZE)
    log = Log(page)
    start(page, (tmp_path / DECKS[-1]).as_uri())
    first = heading(page)
    page.keyboard.press("ArrowRight")
    assert heading(page) != first
    assert page.locator("math").count() > 10
    assert log.problems(tmp_path.as_uri()) == []


def test_the_link_follows_the_chosen_framework_and_the_deck_leads_back(page, book):
    page.goto(f"{book}/chapters/dropout.html?framework=jax")
    page.locator(".dropdown-download-buttons .dropdown-toggle").click()
    links = page.locator('.dropdown-download-buttons a[href*="/slides/"]').filter(visible=True)
    assert [link.inner_text().strip() for link in links.all()] == ["Slides (JAX)"]
    with page.expect_popup() as deck:
        links.click()
    assert deck.value.url.startswith(f"{book}/slides/jax/dropout.html")
    deck.value.wait_for_function(READY)  # until then reveal.js moves what is clicked
    deck.value.get_by_role("link", name="TensorFlow").click()
    deck.value.wait_for_url("**/slides/tensorflow/dropout.html*")
    deck.value.wait_for_function(READY)
    deck.value.get_by_role("link", name="The page in the book").click()
    deck.value.wait_for_url("**/chapters/dropout.html?framework=tensorflow")


def test_the_slides_rest_for_those_who_asked_for_it(page, book):
    page.emulate_media(reduced_motion="reduce")
    start(page, f"{book}/{DECKS[0]}")
    moving = """() => [...document.querySelectorAll('.reveal *')].flatMap(e =>
        [null, '::before', '::after'].map(part => getComputedStyle(e, part)))
      .filter(style => style.animationName !== 'none'
                       || style.transitionDuration.split(', ').some(time => parseFloat(time)))
      .length"""
    assert page.evaluate(moving) == 0

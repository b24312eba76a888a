"""What a speaker does with the slides, in a real browser: every deck, every slide."""

import pytest
from backends import ROOT
from test_accessibility import AXE

from tabbook.cli import main
from tabbook.pages import source
from tabbook.slides import decks as slides

CHAPTERS = ROOT / "chapters"
DECKS = [
    slides.location(outline.stem, framework)
    for outline in slides.outlines(CHAPTERS)
    for framework in source.read_page(CHAPTERS / outline.name).frameworks
]
LINKED_FROM = ["index", "references", *(page.name for page in source.pages(CHAPTERS))]
SIZE = {"width": 1280, "height": 720}

# Formulas are measured as a whole: their letters have boxes that paint nothing.
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


def start(page, address):
    """Open a deck, with the font of its formulas; return the number of slides."""
    page.goto(address)
    page.wait_for_function("() => window.Reveal?.isReady()")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    return page.evaluate("() => Reveal.getTotalSlides()")


def heading(page):
    return page.evaluate("() => Reveal.getCurrentSlide().querySelector('h1, h2').textContent")


@pytest.mark.parametrize("deck", DECKS)
def test_no_slide_overflows(page, book, deck):
    page.set_viewport_size(SIZE)
    number = start(page, f"{book}/{deck}")
    assert number > 10
    assert page.evaluate("() => Reveal.getScale()") == 1
    for place in range(number):
        page.evaluate("place => Reveal.slide(place, 0, 99)", place)  # with all that comes later
        assert page.evaluate(TOO_LARGE) == []
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('.slides pre > *')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 16


@pytest.mark.parametrize("deck", DECKS)
def test_a_deck_asks_nobody_else_and_nothing_fails(page, book, deck):
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: response.ok or wrong.append(response.url))
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    number = start(page, f"{book}/{deck}")
    for _ in range(number):
        page.keyboard.press("ArrowRight")
    assert page.locator("math").count() > 10
    assert len(asked) > 4
    assert all(url.startswith((book, "data:")) for url in asked), asked
    assert wrong == []


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
    page.wait_for_function("() => window.Reveal?.isReady()")
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


def test_slides_follow_the_colour_scheme(page, book):
    back = "() => getComputedStyle(document.querySelector('.reveal-viewport')).backgroundColor"
    seen = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        start(page, f"{book}/{DECKS[0]}")
        seen.add(page.evaluate(back))
    assert len(seen) == 2


def test_on_paper_every_slide_has_its_page(page, book):
    page.goto(f"{book}/{DECKS[0]}?print-pdf")
    page.wait_for_selector(".pdf-page")
    number = page.locator("section h1, section h2").count()
    pages = page.locator(".pdf-page")
    assert pages.count() == number > 10
    assert len(set(pages.evaluate_all("pages => pages.map(page => page.offsetHeight)"))) == 1
    assert page.locator(".pdf-page :is(h1, h2)").filter(visible=True).count() == number


def test_without_scripts_every_slide_is_shown(chromium, book):
    context = chromium.new_context(java_script_enabled=False, viewport=SIZE)
    page = context.new_page()
    page.goto(f"{book}/{DECKS[0]}")
    headings = page.locator("section :is(h1, h2)")
    boxes = [headings.nth(place).bounding_box() for place in range(headings.count())]
    tops = [box["y"] for box in boxes]
    assert len(tops) > 10
    assert tops == sorted(set(tops))
    context.close()


def test_a_deck_opens_from_the_file_system(chromium, tmp_path):
    assert main(["slides", "--chapters", str(CHAPTERS), "--to", str(tmp_path)]) == 0
    context = chromium.new_context(viewport=SIZE)
    page = context.new_page()
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    start(page, (tmp_path / DECKS[-1]).as_uri())
    first = heading(page)
    page.keyboard.press("ArrowRight")
    assert heading(page) != first
    assert page.locator("math").count() > 10
    assert all(url.startswith((tmp_path.as_uri(), "data:")) for url in asked), asked
    assert wrong == []
    context.close()


@pytest.mark.parametrize("name", LINKED_FROM)
def test_every_page_links_the_slides(page, book, name):
    page.goto(f"{book}/chapters/{name}.html")
    links = page.locator('.dropdown-download-buttons a[href*="/slides/"]')
    addresses = links.evaluate_all("links => links.map(link => link.href)")
    assert [address.removeprefix(f"{book}/") for address in addresses] == DECKS
    assert all(page.request.get(address).ok for address in addresses)


def test_the_link_follows_the_chosen_framework_and_the_deck_leads_back(page, book):
    page.goto(f"{book}/chapters/dropout.html?framework=jax")
    page.locator(".dropdown-download-buttons .dropdown-toggle").click()
    links = page.locator('.dropdown-download-buttons a[href*="/slides/"]').filter(visible=True)
    assert [link.inner_text().strip() for link in links.all()] == ["Slides (JAX)"]
    with page.expect_popup() as deck:
        links.click()
    assert deck.value.url.startswith(f"{book}/slides/jax/dropout.html")
    deck.value.get_by_role("link", name="TensorFlow").click()
    deck.value.wait_for_url("**/slides/tensorflow/dropout.html*")
    deck.value.get_by_role("link", name="The page in the book").click()
    deck.value.wait_for_url("**/chapters/dropout.html?framework=tensorflow")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("deck", DECKS)
def test_axe_finds_nothing_on_the_slides(chromium, book, deck, theme):
    context = chromium.new_context(viewport=SIZE, color_scheme=theme)
    page = context.new_page()
    page.goto(f"{book}/{deck}?print-pdf")  # all slides at once
    page.wait_for_selector(".pdf-page")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa']})).violations"
        ".map(({id, nodes}) => `${id}: ${nodes.map(({target}) => target)}`)"
    )
    assert found == []
    context.close()


@pytest.mark.parametrize("deck", DECKS)
def test_no_picture_of_a_deck_is_without_a_text(page, book, deck):
    start(page, f"{book}/{deck}")
    texts = page.locator(".slides img").evaluate_all("all => all.map(image => image.alt)")
    assert texts
    assert all(len(text) > 20 for text in texts), texts


def test_the_slides_rest_for_those_who_asked_for_it(chromium, book):
    context = chromium.new_context(viewport=SIZE, reduced_motion="reduce")
    page = context.new_page()
    start(page, f"{book}/{DECKS[0]}")
    moving = """() => [...document.querySelectorAll('.reveal *')].flatMap(e =>
        [null, '::before', '::after'].map(part => getComputedStyle(e, part)))
      .filter(style => style.animationName !== 'none'
                       || style.transitionDuration.split(', ').some(time => parseFloat(time)))
      .length"""
    assert page.evaluate(moving) == 0
    context.close()

"""The interactive figures and the landing page in a browser.

tests/javascript/ tests the pictures and sentences of the figures at every rate.
"""

import re

import pytest
from browsing import SHOWN, Log, shown

NETWORK = "chapters/dropout.html"
PLAYABLE = (NETWORK, "chapters/dropblock.html", "chapters/rates.html")
LANDING = "chapters/index.html"


def draw(page, times=1, button="Draw 100"):
    """Press a button by a script in the page, which is fast enough for 2,000 masks."""
    page.get_by_role("button", name=button).evaluate(
        "(button, times) => { for (; times > 0; times -= 1) button.click(); }", times
    )


def test_the_slider_works_by_keyboard_and_its_value_is_shown(visit):
    page = visit(NETWORK)
    slider = page.get_by_role("slider", name="Probability to drop")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "0.55"
    assert page.locator("[data-shows=p]").inner_text() == "0.55"
    for _ in range(5):  # dropped units show 0, and their lines are pale
        draw(page, button="Draw a mask")
        units = page.locator(".mask-on-network .unit:has(path)").evaluate_all(
            """units => units.map(unit => [unit.classList.contains('dropped'),
                unit.querySelector('.value').textContent === '0',
                Number(getComputedStyle(unit.querySelector('path')).strokeOpacity) < 0.2])"""
        )
        assert len(units) == 5
        assert all(len(set(facts)) == 1 for facts in units)
    slider.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="evaluation").is_checked()
    assert page.get_by_role("button", name="Draw a mask").is_disabled()


@pytest.mark.parametrize("path", PLAYABLE)
def test_without_a_script_the_same_picture_stands_still(
    visit, without_scripts, book, path, tmp_path
):
    still = without_scripts
    still.goto(f"{book}/{path}")
    assert still.locator(".playable svg[role=img]").is_visible()
    assert still.locator(".playable form").count() == 0
    page = visit(path)
    svg = page.locator(".playable svg")
    # The script adds the controls and changes nothing else until a reader uses them.
    assert page.locator(".playable form").is_visible()
    drawn = tmp_path / "still.svg"
    drawn.write_text(svg.evaluate("svg => new XMLSerializer().serializeToString(svg)"))
    assert svg.inner_html() == still.locator(".playable svg").inner_html(), (
        f"The script draws another picture now: without `role` and `aria-label`, {drawn} is the "
        "new file in chapters/img/."
    )
    label = still.locator(".playable svg").get_attribute("aria-label")
    assert label == svg.get_attribute("aria-label"), "The figure's `:alt:` tells another state."


@pytest.mark.parametrize("path", PLAYABLE)
def test_a_screen_reader_is_told_what_changed(visit, path):
    page = visit(path)
    svg, status = page.locator(".playable svg"), page.locator(".playable [role=status]")
    before = svg.get_attribute("aria-label"), status.inner_text()
    draw(page)
    after = svg.get_attribute("aria-label"), status.inner_text()
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert len(after[1]) < 220
    assert page.get_by_role("img", name=after[0], exact=True).count() == 1
    # A screen reader is silent while the slider moves, and reads one sentence at the end.
    slider = page.get_by_role("slider", name="Probability to drop")
    slider.evaluate("e => e.dispatchEvent(new InputEvent('input', {bubbles: true}))")
    assert status.get_attribute("aria-busy") == "true"
    slider.evaluate("e => e.dispatchEvent(new Event('change', {bubbles: true}))")
    assert status.get_attribute("aria-busy") == "false"
    assert page.locator(".playable [aria-live], .playable output").count() == 0  # one live region


@pytest.mark.parametrize("path", PLAYABLE)
def test_every_control_is_reached_by_keyboard_and_has_a_name(visit, path):
    page = visit(path)
    controls = page.locator(".playable :is(input, select, button)")
    names = controls.evaluate_all(
        "all => all.map(e => (e.labels?.[0] ?? e).textContent.trim()).filter(Boolean)"
    )
    assert len(names) == controls.count() >= 4
    page.get_by_role("slider", name="Probability to drop").focus()
    reached = {"p"}
    for _ in range(controls.count()):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("() => document.activeElement.name || document.activeElement.value")
        )
    everything = set(controls.evaluate_all("all => all.map(e => e.name || e.value)"))
    assert everything <= reached
    page.get_by_role("button", name="Draw 100").focus()
    before = page.locator(".playable [role=status]").inner_text()
    page.keyboard.press("Enter")
    assert page.locator(".playable [role=status]").inner_text() != before
    # The figures have no animations, with or without reduced motion.
    moving = "svg => svg.getAnimations({subtree: true}).length"
    assert page.locator(".playable svg").evaluate(moving) == 0


@pytest.mark.parametrize("path", PLAYABLE)
def test_a_figure_asks_nobody_else_and_on_paper_has_no_control(page, book, path):
    log = Log(page)
    page.goto(f"{book}/{path}")
    draw(page)
    assert any("playable_figures.js" in url for url in log.asked)
    assert log.problems(book) == []
    page.emulate_media(media="print")
    assert page.locator(".playable svg").is_visible()
    assert page.locator(".playable svg").bounding_box()["width"] > 200
    assert not page.locator(".playable :is(input, button, select)").first.is_visible()
    assert not page.get_by_text("Draw 100").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PLAYABLE, LANDING])
def test_a_picture_takes_the_colours_of_the_page(visit, path, scheme):
    page = visit(path, scheme)
    paper, ground, ink, words = page.evaluate(
        """() => {
            const svg = document.querySelector('.inline > svg');
            const style = (element) => getComputedStyle(element);
            return [style(svg.querySelector('.paper')).fill, style(document.body).backgroundColor,
                    style(svg.querySelector('text')).fill, style(document.body).color];
        }"""
    )
    assert paper == ground
    assert ink == words
    bright = sum(map(float, re.findall(r"[\d.]+", ground)[:3])) > 3 * 128
    assert bright == (scheme == "light")


@pytest.mark.parametrize("path", [*PLAYABLE, LANDING])
def test_a_phone_shows_the_picture_whole_and_readable(visit, path):
    page = visit(path, width=375)
    svg = page.locator(".inline > svg").first
    box = svg.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    sizes = svg.locator("text").evaluate_all(
        "all => all.map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a"
        " || parseFloat(getComputedStyle(t).fontSize) * Math.abs(t.getScreenCTM().b))"
    )
    assert min(sizes) > 9
    cut = svg.evaluate(
        """svg => { const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter(text => {
                const at = text.getBoundingClientRect();
                return at.width && (at.left < box.left - 1 || at.right > box.right + 1
                                    || at.bottom > box.bottom + 1 || at.top < box.top - 1);
            }).map(text => text.textContent); }"""
    )
    assert cut == []


# --- the landing page ---------------------------------------------------------------------------


def test_the_first_screen_shows_a_picture_and_where_to_start(page, book):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{book}/{LANDING}")
    seen = [
        page.locator(".bd-article h1"),
        page.get_by_role("img", name=re.compile("network drawn four times")),
    ]
    links = page.locator(".start-links a")
    seen += [links.nth(place) for place in range(links.count())]
    assert links.all_inner_texts() == ["PyTorch", "TensorFlow", "JAX", "MXNet"]
    for element in seen:
        box = element.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 720
        assert box["width"] > 40


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax", "mxnet"])
def test_one_click_starts_a_reader_with_a_framework(visit, framework):
    page = visit(LANDING)
    page.locator(f".start-links a[href*='framework={framework}']").click()
    page.wait_for_url("**/preliminaries.html**")
    assert len(page.evaluate(SHOWN)) > 3
    assert shown(page) == framework


def test_the_landing_page_says_what_each_page_answers(visit):
    page = visit(LANDING)
    pages = page.locator("dd a.internal").evaluate_all("links => links.map(a => a.href)")
    listed = page.locator(".bd-sidebar-primary nav a.internal").evaluate_all(
        r"""links => links.map(a => a.href)
            .filter(href => !/index.html|\/api\/|solutions_/.test(href))"""
    )
    assert len(listed) > 8
    missing = {url.split("#")[0] for url in listed} - {url.split("#")[0] for url in pages}
    assert {url.rsplit("/", 1)[1] for url in missing} <= {"references.html", "#"}, missing

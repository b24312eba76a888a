"""Accessibility: keyboard focus, reduced motion, narrow screens and print."""

import pytest
from browsing import THEME


def test_nothing_moves_for_those_who_asked_for_rest(visit):
    # The fading edge of a wide table follows the reader's scrolling, so it is no motion of its own.
    moving = """() => [...document.querySelectorAll('*')].flatMap(e =>
        [null, '::before', '::after'].map(part => getComputedStyle(e, part)))
      .filter(style => style.scrollBehavior === 'smooth'
                       || style.animationName !== 'none' && style.animationTimeline === 'auto'
                       || style.transitionDuration.split(', ').some(time => parseFloat(time)))
      .length"""
    assert visit("chapters/dropout.html").evaluate(moving) == 0
    assert visit("chapters/dropout.html", motion="no-preference").evaluate(moving) > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_keyboard_is_seen_wherever_it_goes(visit, theme):
    page = visit("chapters/dropout.html", theme)
    unseen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        # A tab's radio button is hidden, so its label shows the focus. In the contents, the theme
        # shows a button's focus on its arrow.
        unseen += page.evaluate("""() => {
          const e = document.activeElement;
          const shows = e.matches('.sd-tab-set > input') ? e.nextElementSibling
                        : e.querySelector(':scope > .toctree-toggle') ?? e;
          const style = getComputedStyle(shows);
          const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
                       || style.boxShadow !== 'none'
                       || shows !== e && style.borderTopWidth !== '0px';
          return e === document.body || seen ? [] : [e.outerHTML.slice(0, 120)];
        }""")
    assert unseen == []


@pytest.mark.parametrize(
    ("path", "narrow", "wide"),
    [
        ("dropout", "#equation-eq-dropout .formula", "#equation-eq-dropout-variance .formula"),
        ("rates", "div:has(> #tab-choosing-claims)", "div:has(> #tab-choosing-rates)"),
    ],
)
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_is_wider_than_the_page_fades_where_it_goes_on(visit, path, narrow, wide, motion):
    page = visit(f"chapters/{path}.html", width=375, motion=motion)
    # Some versions of Chromium append the height of the mask.
    fade = """box => { const {maskImage, maskSize} = getComputedStyle(box);
                       return [maskImage != 'none', maskSize.replace(/ auto$/, '')]; }"""
    assert page.locator(narrow).evaluate(fade) == [False, "auto"]
    assert page.locator(wide).evaluate(fade) == [True, "100%"]
    page.locator(wide).evaluate("box => { box.scrollLeft = box.scrollWidth }")
    page.wait_for_function(  # the fading part is beyond the end
        f"box => ({fade})(box)[1] == 'calc(100% + 32px)'",
        arg=page.locator(wide).element_handle(),
    )


def test_a_dark_page_prints_black_on_white_and_is_dark_again(visit):
    page = visit("chapters/dropout.html", "dark")
    page.evaluate("""() => addEventListener('beforeprint', () => {
        window.printed = getComputedStyle(document.querySelector('article p')).color; })""")
    page.pdf()
    red, green, blue = map(int, page.evaluate("() => window.printed.match(/\\d+/g)"))
    assert max(red, green, blue) < 0x60
    assert page.evaluate(THEME) == "dark"

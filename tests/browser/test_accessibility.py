"""Every page for every eye: what axe-core finds, and what it can't."""

from pathlib import Path

import pytest
from backends import FRAMEWORKS, ROOT

AXE = Path(__file__).parents[2] / "third_party" / "tests" / "axe-core" / "axe.min.js"
PAGES = [
    *(f"chapters/{path.stem}.html" for path in sorted((ROOT / "chapters").glob("*.md"))),
    *(f"chapters/api/{name}.html" for name in ("index", *FRAMEWORKS)),
    "search.html",
    "genindex.html",
    "py-modindex.html",
    "404.html",
]
#: WCAG 2.2 A and AA, and axe's best practices: landmarks, order of headings, ...
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OPEN_ALL = """() => {
  document.querySelectorAll('details').forEach(d => { d.open = true });
  document.querySelectorAll('.toggle-hidden > .toggle-button').forEach(e => e.click());
}"""

# Of a tab that is not shown axe judges nothing, and without what it holds it takes half the time
EMPTY_HIDDEN = """() => document.querySelectorAll('.framework-tabs > .sd-tab-content')
    .forEach(panel => panel.checkVisibility() || panel.replaceChildren())"""

# The one exception: axe reads no MathML, so it counts a heading that is a formula as empty.
VIOLATIONS = """async (rules) => {
  const result = await axe.run(document, {runOnly: rules, resultTypes: ['violations']});
  return result.violations.flatMap(({id, nodes}) => nodes
    .filter(({target}) => !(id === 'empty-table-header'
                            && document.querySelector(`${target[0]} math`)))
    .map(({target, failureSummary}) => `${id}: ${target}: ${failureSummary}`));
}"""

THEME = "() => document.documentElement.dataset.theme"


def violations(page):
    page.evaluate(OPEN_ALL)
    page.evaluate(EMPTY_HIDDEN)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.wait_for_timeout(600)  # the theme looks for boxes that scroll, in its own time
    return page.evaluate(VIOLATIONS, TAGS)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 375)])
def test_axe_finds_nothing(visit, path, theme, width):
    """In the other theme, it looks at contrast alone: all else is the same."""
    page = visit(path, theme, width)
    assert page.evaluate(THEME) == theme
    assert violations(page) == []
    other = {"light": "dark", "dark": "light"}[theme]
    page.emulate_media(color_scheme=other)
    page.wait_for_function(f"({THEME})() == {other!r}")
    assert page.evaluate(VIOLATIONS, ["color-contrast"]) == []


@pytest.mark.parametrize(
    ("path", "framework", "theme", "width"),
    [
        ("chapters/dropout.html", "tensorflow", "dark", 1280),
        ("chapters/dropout.html", "jax", "light", 375),
        ("chapters/uncertainty.html", "mxnet", "dark", 1280),
        ("chapters/depth.html", "numpy", "dark", 1280),
    ],
)
def test_axe_finds_nothing_whichever_framework(visit, path, framework, theme, width):
    page = visit(f"{path}?framework={framework}", theme, width)
    chosen = ".framework-tabs > input:checked + label"
    shown = page.locator(chosen).evaluate_all("all => all.map(label => label.dataset.syncId)")
    assert framework in shown
    assert violations(page) == []


def test_axe_would_find_something(visit):
    page = visit("chapters/index.html")
    page.evaluate(
        "() => document.querySelector('article h1').append(document.createElement('button'))"
    )
    assert any(found.startswith("button-name") for found in violations(page))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_its_language_and_has_one_main_part_one_title_and_no_id_twice(visit, path):
    page = visit(path)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1
    assert page.locator("h1:visible").count() == 1
    twice = """all => all.map(e => e.id).filter((id, place, ids) => ids.indexOf(id) !== place)"""
    assert page.locator("[id]").evaluate_all(twice) == []


def test_nothing_moves_for_those_who_asked_for_rest(visit):
    # What follows the reader's own scrolling, a wide table's fading end, does not move by itself
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
        # A tab's radio button is hidden, and its label shows the focus; the theme shows that of a
        # button of the contents on its arrow.
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


@pytest.mark.parametrize("path", PAGES)
def test_wide_things_scroll_in_boxes_of_their_own_on_a_telephone(visit, path):
    page = visit(path, width=375)
    widest = "() => document.documentElement.scrollWidth"
    assert page.evaluate(widest) <= 375
    page.evaluate(OPEN_ALL)
    assert page.evaluate(widest) <= 375
    # What sticks out of the screen, and of no box that scrolls
    lost = """() => [...document.querySelectorAll('article *')]
      .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 376
                   && !e.parentElement.closest('math'))
      .filter(e => { for (let box = e; box; box = box.parentElement)
                       if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(box).overflowX)
                           && box.getBoundingClientRect().right <= 376) return false;
                     return true; })
      .map(e => e.outerHTML.slice(0, 120))"""
    assert page.evaluate(lost) == []
    captions = """(all, end) => all.filter(e => e.getBoundingClientRect().right > end)
                                   .map(e => e.innerText)"""
    assert page.locator("article caption").evaluate_all(captions, 376) == []
    # Nor may one reach into the end of its table that fades
    assert page.locator(".pst-scrollable-table-container caption").evaluate_all(captions, 328) == []


@pytest.mark.parametrize(
    ("path", "narrow", "wide"),
    [
        ("dropout", "#equation-eq-dropout .formula", "#equation-eq-dropout-mean .formula"),
        ("choosing", "div:has(> #tab-choosing-claims)", "div:has(> #tab-choosing-rates)"),
    ],
)
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_is_wider_than_the_page_fades_where_it_goes_on(visit, path, narrow, wide, motion):
    page = visit(f"chapters/{path}.html", width=375, motion=motion)
    fade = "box => [getComputedStyle(box).maskImage != 'none', getComputedStyle(box).maskSize]"
    assert page.locator(narrow).evaluate(fade) == [False, "auto"]
    assert page.locator(wide).evaluate(fade) == [True, "100%"]
    page.locator(wide).evaluate("box => { box.scrollLeft = box.scrollWidth }")
    page.wait_for_function(  # all of the fading part is beyond the end
        "box => getComputedStyle(box).maskSize == 'calc(100% + 32px)'",
        arg=page.locator(wide).element_handle(),
    )


@pytest.mark.parametrize("path", ["chapters/choosing.html", "chapters/depth.html"])
def test_the_sign_at_a_heading_takes_no_line_of_its_own(visit, path):
    headings = visit(path).locator("article :is(h1, h2, h3):has(.headerlink)")
    alone = """all => all.filter(heading => {
        const words = document.createRange();
        words.selectNodeContents(heading);
        words.setEndBefore(heading.querySelector('.headerlink'));
        const lowest = Math.max(...[...words.getClientRects()].map(line => line.bottom));
        return heading.querySelector('.headerlink').getBoundingClientRect().top >= lowest;
      }).map(heading => heading.innerText)"""
    assert headings.count() > 10
    assert headings.evaluate_all(alone) == []


@pytest.mark.parametrize(
    "path", [f"chapters/{name}.html" for name in ("api/index", "depth", "devices")]
)
def test_long_names_in_a_table_break_where_two_names_are_joined(visit, path):
    code = visit(path).locator("article tr code .pre")
    broken = """all => all.flatMap(pre => [...pre.childNodes])
      .filter(part => { const range = document.createRange(); range.selectNode(part);
                        return part.nodeType === 3 && range.getClientRects().length > 1; })
      .map(part => part.data)"""
    assert code.locator("wbr").count() > 10
    assert code.evaluate_all(broken) == []


def test_a_dark_page_prints_black_on_white_and_is_dark_again(visit):
    page = visit("chapters/dropout.html", "dark")
    page.evaluate("""() => addEventListener('beforeprint', () => {
        window.printed = getComputedStyle(document.querySelector('article p')).color; })""")
    page.pdf()
    red, green, blue = map(int, page.evaluate("() => window.printed.match(/\\d+/g)"))
    assert max(red, green, blue) < 0x60
    assert page.evaluate(THEME) == "dark"

"""Every page on a phone: one visit to each, in the dark theme.

Pages with tabs open with a stored choice that is not their first framework. The choices take turns.
"""

import json

import pytest
from browsing import (
    KEY,
    OPEN_ALL,
    PAGES,
    SHOWN,
    SOURCES,
    TABBED,
    THEME,
    Log,
    fail_where,
    first_visits,
    last_contrast_in,
    shift,
    violations,
)

SIDEWAYS = "() => [document.documentElement.scrollWidth].filter(width => width > {})"

# What no page has on a phone, with its folds open
NEVER = {
    "a need to scroll sideways": SIDEWAYS.format(375),
    "something out of the screen that is in no box that scrolls": """() =>
        [...document.querySelectorAll('article *')]
        .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 376
                     && !e.parentElement.closest('math'))
        .filter(e => { for (let box = e; box; box = box.parentElement)
            if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(box).overflowX)
                && box.getBoundingClientRect().right <= 376) return false;
            return true; })
        .map(e => e.outerHTML.slice(0, 120))""",
    "a caption out of the screen, or in the end of its table that fades": """() =>
        [...document.querySelectorAll('article caption')]
        .filter(e => e.getBoundingClientRect().right
                     > (e.closest('.pst-scrollable-table-container') ? 328 : 376))
        .map(e => e.innerText)""",
    # To fix one, divide the formula before a relation: ``$a$ $= b$``.
    "a formula in a sentence that is wider than a line": """() =>
        [...document.querySelectorAll('article math')]
        .filter(e => e.checkVisibility() && !e.closest('.formula, table'))
        .filter(e => e.closest('.solution')  // a box with some room on the right
          ? e.getBoundingClientRect().right > e.closest('.solution').getBoundingClientRect().right
          : e.getBoundingClientRect().width > e.closest('p').clientWidth)
        .map(e => e.textContent)""",
    "a picture that is squashed": """() => [...document.querySelectorAll('article img')]
        .filter(e => e.checkVisibility() && e.naturalHeight)
        .filter(e => Math.abs(e.clientWidth / e.clientHeight
                              / (e.naturalWidth / e.naturalHeight) - 1) >= 0.03)
        .map(e => e.src)""",
}
CHOSEN = {}
for number, path in enumerate(TABBED):
    others = SOURCES[path].frameworks[1:]
    CHOSEN[path] = others[number % len(others)]
CLOSED = "a need to scroll sideways with its folds closed"
ENLARGED = "a need to scroll sideways at 400 %"


@pytest.fixture(scope="module")
def phone(chromium, book):
    """The facts about each page."""
    facts = {}
    choose = f"""const chosen = {json.dumps(CHOSEN)}[location.pathname.slice(1)];
        if (chosen) localStorage.setItem('{KEY}', chosen);"""
    with first_visits(chromium, "dark", 375, choose) as (page, leave):
        log = Log(page)
        for path in PAGES:
            leave()
            log.start()
            page.goto(f"{book}/{path}")
            here = facts[path] = {"shift": shift(page), "theme": page.evaluate(THEME)}
            here["shown"] = set(page.evaluate(SHOWN))
            here[CLOSED] = page.evaluate(NEVER["a need to scroll sideways"])
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            page.evaluate(OPEN_ALL)
            for name, expression in NEVER.items():
                here[name] = page.evaluate(expression)
            page.set_viewport_size({"width": 320, "height": 256})  # 1280 by 1024 at 400 %
            here[ENLARGED] = page.evaluate(SIDEWAYS.format(320))
            page.set_viewport_size({"width": 375, "height": 900})
            here["axe-core"] = violations(page)
            here["contrast in the light"] = last_contrast_in(page, "light")
            here["what it lacks, or complains of"] = log.problems(book)
    return facts


@pytest.mark.parametrize(
    "rule",
    [
        *NEVER,
        CLOSED,
        ENLARGED,
        "axe-core",
        "contrast in the light",
        "what it lacks, or complains of",
    ],
)
def test_no_page_has(phone, rule):
    fail_where({path: facts[rule] for path, facts in phone.items()})


def test_nothing_moves_while_a_page_is_opened(phone):
    # Sphinx's script shows the signs that fold the index of modules after the first paint.
    late = {"py-modindex.html": 0.02}
    moved = {path: facts["shift"] for path, facts in phone.items()}
    assert {path: far for path, far in moved.items() if far >= late.get(path, 0.003)} == {}


def test_every_page_is_dark_from_the_start(phone):
    assert {facts["theme"] for facts in phone.values()} == {"dark"}


def test_every_page_shows_what_was_chosen_before(phone):
    assert set(CHOSEN.values()) == {"tensorflow", "jax", "mxnet", "numpy"}
    for path, framework in CHOSEN.items():
        assert framework in phone[path]["shown"], path

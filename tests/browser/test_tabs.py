"""What a reader does with the tabs, in a real browser on the built book."""

import pytest
from backends import ROOT

from tabbook.pages import source

PAGES = ("chapters/dropout.html", "chapters/preliminaries.html")
NOTEBOOKS = {
    f"chapters/{page.name}.html": page.notebook("pytorch")
    for page in source.pages(ROOT / "chapters")
}
EXECUTED = list(NOTEBOOKS)
PICTURED = [
    path
    for path, notebook in NOTEBOOKS.items()
    if "image/svg+xml" in notebook.read_text(encoding="utf-8")
]

# For every framework tab set of the page: the framework that is shown.
SHOWN = """() => [...document.querySelectorAll('.sd-tab-set')]
    .filter(set => set.querySelector('[data-sync-group="framework"]'))
    .map(set => set.querySelector(':scope > input:checked + label').dataset.syncId)"""


def pick(page, framework, number=0):
    page.locator(f'label[data-sync-group="framework"][data-sync-id="{framework}"]').nth(
        number
    ).click()


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax", "mxnet"])
def test_one_choice_switches_every_set_here_and_on_the_next_page(page, book, framework):
    page.goto(f"{book}/{PAGES[0]}")
    pick(page, framework, number=3)
    shown = page.evaluate(SHOWN)
    assert len(shown) > 10
    assert set(shown) == {framework}
    page.goto(f"{book}/{PAGES[1]}")
    shown = page.evaluate(SHOWN)
    assert len(shown) > 5
    assert set(shown) == {framework}


def test_every_tab_shows_its_own_frameworks_code(page, book):
    page.goto(f"{book}/{PAGES[0]}")
    for framework, own in {
        "pytorch": "from d2lcompat import torch as d2l",
        "tensorflow": "from d2lcompat import tensorflow as d2l",
        "jax": "from d2lcompat import jax as d2l",
        "mxnet": "from d2lcompat import mxnet as d2l",
    }.items():
        pick(page, framework)
        visible = page.evaluate(
            "() => [...document.querySelectorAll('.cell_input pre')]"
            ".filter(pre => pre.checkVisibility()).map(pre => pre.innerText).join('\\n')"
        )
        assert visible.count("from d2lcompat import") == 1
        assert own in visible


def test_the_clicked_tab_stays_where_it_was(page, book):
    page.goto(f"{book}/{PAGES[0]}")
    # Chromium would keep it by itself, other browsers would not
    page.add_style_tag(content="* { overflow-anchor: none !important; }")
    tab = page.locator('label[data-sync-id="jax"]').nth(12)
    tab.scroll_into_view_if_needed()
    before, above = tab.bounding_box()["y"], page.evaluate("scrollY")
    tab.click()
    page.wait_for_timeout(100)
    assert abs(tab.bounding_box()["y"] - before) <= 4
    assert abs(page.evaluate("scrollY") - above) > 20  # the tabs above did change their height


def test_a_link_carries_the_choice_and_a_bad_one_changes_nothing(page, book):
    page.goto(f"{book}/{PAGES[0]}?framework=tensorflow")
    assert set(page.evaluate(SHOWN)) == {"tensorflow"}
    pick(page, "jax")
    assert "framework=jax" in page.url
    page.goto(f"{book}/{PAGES[0]}?framework=nonsense")
    assert set(page.evaluate(SHOWN)) == {"jax"}


def test_tabs_work_by_keyboard(page, book):
    page.goto(f"{book}/{PAGES[0]}?framework=pytorch")
    page.locator('.sd-tab-set input[type="radio"]').first.focus()
    page.keyboard.press("ArrowRight")
    assert set(page.evaluate(SHOWN)) == {"tensorflow"}


@pytest.mark.parametrize("path", EXECUTED)
def test_every_picture_has_a_text(visit, path):
    page = visit(path)
    texts = page.evaluate("() => [...document.querySelectorAll('article img')].map(i => i.alt)")
    assert bool(texts) == (path in PICTURED)
    assert all(len(text) > 20 for text in texts), texts


# What is wider than its box, and so has to be scrolled: anything but long formulas, and listings of
# the package, whose lines are longer than a page's.
WIDE = """() => [...document.querySelectorAll('article :is(pre, table, svg, img)')]
    .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('math')
                 && !(e.closest('.cell_output') && /^ *def /.test(e.textContent)))
    .filter(e => e.getBoundingClientRect().width
                 > e.parentElement.getBoundingClientRect().width + 1
                 || e.tagName === 'PRE' && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.tagName + ': ' + (e.innerText ?? '').slice(0, 200))"""


@pytest.mark.parametrize("framework", ["pytorch", "jax"])
@pytest.mark.parametrize("path", EXECUTED)
def test_nothing_is_cut_off_on_a_desktop(visit, path, framework):
    page = visit(f"{path}?framework={framework}")
    assert page.evaluate(WIDE) == []


@pytest.mark.parametrize("path", EXECUTED)
def test_no_script_fails(page, book, path):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{book}/{path}")
    pick(page, "mxnet")
    assert not errors


def test_a_long_table_is_sorted_by_its_headings(page, book):
    page.goto(f"{book}/chapters/choosing.html")
    table = page.locator("table.sortable").first
    column = "rows => rows.map(row => row.cells[0].textContent.trim())"
    before = table.locator("tbody tr").evaluate_all(column)
    button = table.locator("thead button").first
    button.focus()
    page.keyboard.press("Enter")
    assert table.locator("th[aria-sort=ascending]").count() == 1
    after = table.locator("tbody tr").evaluate_all(column)
    assert sorted(after) == sorted(before) != before
    initials = [name[0].casefold() for name in after]  # beyond them, collations differ
    assert initials == sorted(initials)
    button.click()
    assert table.locator("tbody tr").evaluate_all(column)[0] == after[-1]

"""Navigation through the book, the 404 page, sortable tables and the first paint."""

import re

import pytest
import yaml
from backends import ROOT


def chapters():
    """The pages in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = list(toc.get("chapters", []))
    for part in toc.get("parts", []):
        listed += part["chapters"]
    pages = [toc["root"]]
    while listed:
        entry = listed.pop(0)
        pages.append(entry["file"])
        listed = list(entry.get("sections", [])) + listed
    return pages


@pytest.mark.parametrize(
    ("button", "expected"),
    [("right-next", chapters()), ("left-prev", chapters()[::-1])],
)
def test_next_leads_through_the_whole_book_and_previous_back(
    page, book, book_folder, button, expected
):
    link = re.compile(rf'<a class="{button}"\s+href="([^"]+)"')
    way, here = [], book_folder / f"{expected[0]}.html"
    while found := link.search(here.read_text(encoding="utf-8")):
        way.append(here)
        here = (here.parent / found[1]).resolve()
    assert [*way, here] == [book_folder / f"{name}.html" for name in expected]
    page.goto(f"{book}/{expected[0]}.html")
    page.locator(f"a.{button}").click()
    page.wait_for_url(f"{book}/{expected[1]}.html*")


@pytest.mark.parametrize("depth", ["gone.html", "chapters/gone.html", "no/such/deep/page"])
def test_the_missing_page_is_whole_at_any_depth(page, book, book_folder, depth):
    page.route(
        f"{book}/{depth}",
        lambda route: route.fulfill(status=404, path=book_folder / "404.html"),
    )
    failed = []
    page.on("response", lambda answer: answer.status >= 400 and failed.append(answer.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(f"{book}/{depth}")
    assert failed == [f"{book}/{depth}"]
    assert page.locator("article h1").inner_text() == "There is no such page"
    # The theme's style is loaded, and the contents are in the sidebar.
    assert page.locator("nav.bd-links a").first.is_visible()
    page.locator("article a", has_text="start page").click()
    page.wait_for_url("**/chapters/index.html")


def test_every_reference_has_become_a_link(book_folder):
    pages = list(book_folder.glob("chapters/**/*.html"))
    left = re.compile(r'<code class="xref (?!py )[^>]*>.*?</code>')  # unresolved labels
    assert len(pages) > 20
    assert [found for page in pages for found in left.findall(page.read_text("utf-8"))] == []


@pytest.mark.parametrize("way_in", ["chapters/dropout.html", "search.html"])
def test_what_is_searched_for_is_not_hidden_by_the_magnifying_glass(page, book, way_in):
    page.goto(f"{book}/{way_in}")
    page.keyboard.press("Control+k")
    field = page.locator("input[type=search]").filter(visible=True).first
    start, glass = field.evaluate("""field => [
        field.getBoundingClientRect().left + parseFloat(getComputedStyle(field).paddingLeft),
        field.parentElement.querySelector('.fa-magnifying-glass').getBoundingClientRect().right]""")
    assert start > glass


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_paint_has_the_visitors_colours(chromium, book, scheme):
    """The theme's own scripts are blocked."""
    context = chromium.new_context(color_scheme=scheme)
    context.route("**/_static/scripts/**", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{book}/chapters/index.html")
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    context.close()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("choosing.html?framework=jax#sec-choosing-place", "rates.html"),
        ("signal.html#sec-signal-depth", "many_layers.html"),
    ],
)
def test_an_old_address_leads_to_the_new_page(page, book, old, new):
    page.goto(f"{book}/chapters/{old}")
    page.wait_for_url(f"{book}/chapters/{new}*")
    identity = page.evaluate("location.hash")
    assert identity == "#" + old.partition("#")[2]
    assert page.locator(identity).count() == 1


def test_icons_are_drawn_by_the_font(page, book):
    page.goto(f"{book}/chapters/dropout.html")
    icon = page.locator(".article-header-buttons .fa-download, .article-header-buttons .fas").first
    assert "Font Awesome" in icon.evaluate("e => getComputedStyle(e, '::before').fontFamily")
    assert page.evaluate(
        "document.fonts.ready.then(f => f.check('900 16px \"Font Awesome 6 Free\"'))"
    )


def test_a_long_table_is_sorted_by_its_headings(visit):
    page = visit("chapters/rates.html")
    table = page.locator("table.sortable").first
    column = "rows => rows.map(row => row.cells[0].textContent.trim())"
    before = table.locator("tbody tr").evaluate_all(column)
    button = table.locator("thead button").first
    button.focus()
    page.keyboard.press("Enter")
    assert table.locator("th[aria-sort=ascending]").count() == 1
    after = table.locator("tbody tr").evaluate_all(column)
    assert sorted(after) == sorted(before) != before
    initials = [name[0].casefold() for name in after]  # beyond initials, collations differ
    assert initials == sorted(initials)
    button.click()
    assert table.locator("tbody tr").evaluate_all(column)[0] == after[-1]

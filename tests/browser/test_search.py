"""The search: what it finds first, how its results are shown, and where they lead."""

import functools
import gzip
import json
import re

import pytest
import yaml
from backends import ROOT
from browsing import SHOWN, Log, violations, wait_until_loaded
from playwright.sync_api import expect

QUERIES = yaml.safe_load((ROOT / "tests/browser/search_queries.yaml").read_text(encoding="utf-8"))
MUST = 23  # of QUERIES

# What is loaded when the search is opened: at most this many bytes, compressed
LOADED = 280_000

# The results of each query: address without the terms to mark, title, and what is marked
RESULTS = """queries => queries.map(query => {
  const field = document.querySelector('dialog input[type=search]');
  field.value = query;
  field.dispatchEvent(new Event('input'));
  return [...document.querySelectorAll('dialog .search-list > li')].map(result => {
    const url = new URL(result.querySelector('a').href);
    return {
      place: url.pathname.replace('/chapters/', '') + decodeURIComponent(url.hash),
      title: result.querySelector('.search-title').textContent,
      marked: [...result.querySelectorAll('mark')].map(mark => mark.textContent),
      excerpt: result.querySelector('p').textContent,
    };
  });
})"""
STATUS = "dialog [role=status]"
MARKED = """() => [...CSS.highlights.get('search') ?? []].map(range => [
    range.toString(), Boolean(range.startContainer.parentElement.closest('article'))])"""


def open_search(page, book, path="chapters/dropout.html"):
    """Open the search on a page, and wait until it can search."""
    page.goto(f"{book}/{path}")
    page.keyboard.press("Control+k")
    page.wait_for_function(
        "globalThis.searchRanking && !document.querySelector("
        "'dialog [role=status]').textContent.startsWith('Loading')"
    )


def follow(page, book, query, place):
    """Search for a query, and follow the result with this address."""
    open_search(page, book, "chapters/index.html")
    page.keyboard.type(query)
    path, anchor = place.split("#")
    page.locator(f"dialog .search-list a[href*='{path}?'][href$='#{anchor}']").click()
    page.wait_for_url(f"**/{place}")
    page.wait_for_function("globalThis.searchMarks && CSS.highlights.has('search')")


@pytest.fixture(scope="module")
def find(chromium, book):
    """The results of some queries, from one visit of a page."""
    page = chromium.new_page()
    open_search(page, book)
    yield functools.partial(page.evaluate, RESULTS)
    page.close()


def test_what_ought_to_come_first_comes_first(find):
    results = find([line["query"] for line in QUERIES])
    first = [found[0]["place"] if found else None for found in results]
    wrong = [
        f"{line['query']}: expected {line['first']}, found {place}"
        for line, place in zip(QUERIES, first, strict=True)
        if place != line["first"]
    ]
    assert len(QUERIES) == 25
    assert len(QUERIES) - len(wrong) >= MUST, "\n".join(wrong)


def test_a_section_is_one_result_and_shows_a_word_that_was_found(find):
    for line, results in zip(QUERIES, find([line["query"] for line in QUERIES]), strict=True):
        places = [one["place"] for one in results]
        assert len(places) == len(set(places)), line
        assert [one["place"] for one in results if not one["marked"]] == [], line
        assert max(len(one["excerpt"]) for one in results) < 260


@pytest.mark.parametrize(
    "variants",
    [
        ["drop path", "DropPath", "droppath", "drop-path", "drop_path"],
        ["regularise", "regularize"],
        ["regularisation", "Regularization", "regularistaion"],
        ["neighbouring pixels", "neighboring pixel"],
        ["at the centre", "center"],
        ["normalisation layers", "normalization layer"],
        ["dropout", "Dropout", "drop out", "dropuot", "droput"],
        ["d2l.Trainer", "d2l trainer"],
        ["seed_everything", "seed everything", "seedeverything"],
    ],
    ids=lambda variants: variants[0],
)
def test_spellings_of_a_word_find_the_same_section(find, variants):
    firsts = [found[0]["place"] for found in find(variants)]
    assert len(set(firsts)) == 1, dict(zip(variants, firsts, strict=True))


def test_words_of_the_navigation_are_not_found(find):
    for results, words in zip(
        find(["Show code cell source", "solutions stochastic depth", "stochastic depth coin"]),
        ["code cell source", "Solutions: stochastic depth", "DropPath: dropping layers"],
        strict=True,
    ):
        assert results
        assert [one for one in results if words in one["excerpt"]] == []


def test_nothing_is_found_and_that_is_said(page, book):
    open_search(page, book)
    page.keyboard.type("xylophone")
    expect(page.locator(STATUS)).to_have_text("Nothing found. Try fewer or other words.")
    assert page.locator(".search-list li").count() == 0


def test_the_results_of_one_page(page, book):
    open_search(page, book)
    page.keyboard.type("mask")
    choice = page.locator("dialog").get_by_label("Page")
    label = choice.locator("option", has_text="7. Spatial dropout").inner_text()
    count = int(re.search(r"\((\d+)\)", label)[1])
    choice.select_option(label=label)
    expect(page.locator(STATUS)).to_contain_text(f"{count} section")
    links = page.locator("dialog .search-list a")
    assert links.count() == count > 1
    assert all("spatial.html" in link for link in links.evaluate_all("all => all.map(a => a.href)"))
    page.locator("dialog input").fill("masks")
    assert choice.input_value() != ""  # the choice stays while the page has results


def test_only_the_first_results_are_drawn_at_once(page, book):
    open_search(page, book)
    page.keyboard.type("dropout")
    results = page.locator("dialog .search-list > li")
    assert results.count() == 20
    page.get_by_role("button", name=re.compile("Show all")).click()
    assert results.count() > 100
    assert page.evaluate("document.activeElement.closest('li').matches(':nth-child(21)')")


def test_the_keyboard_reaches_the_results(page, book):
    open_search(page, book)
    page.keyboard.type("zoneout")
    focused = "document.activeElement.closest('li') && [...document.activeElement.closest('ol')"
    focused += ".children].indexOf(document.activeElement.closest('li'))"
    for key, place in [("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", None)]:
        page.keyboard.press(key)
        assert page.evaluate(focused) == place
    page.keyboard.press("Escape")
    assert not page.locator("#pst-search-dialog").is_visible()
    page.keyboard.press("Control+k")
    page.locator("dialog input").fill("zoneout")  # Escape may have emptied it
    page.keyboard.press("Enter")
    page.wait_for_url("**/recurrent.html*#zoneout")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_open_search_is_accessible(visit, theme):
    page = visit("chapters/devices.html", theme)
    page.keyboard.press("Control+k")
    page.keyboard.type("mask")
    page.locator(".search-list li").first.wait_for()
    assert violations(page) == []
    assert page.get_by_role("dialog", name="Search").is_visible()


def test_a_page_loads_the_search_only_when_it_is_opened(page, book, book_folder):
    log = Log(page)
    page.goto(f"{book}/chapters/devices.html")
    wait_until_loaded(page)
    before = len(log.asked)
    assert [url for url in log.asked if "search_" in url or "minisearch" in url] == []
    page.keyboard.press("Control+k")
    page.keyboard.type("mask")
    page.locator(".search-list li").first.wait_for()
    loaded = [url.removeprefix(book).lstrip("/") for url in log.asked[before:]]
    assert {"minisearch/index.js", "_static/search_sections.js"} < set(loaded)
    assert sum(len(gzip.compress((book_folder / path).read_bytes())) for path in loaded) < LOADED
    assert log.problems(book) == []


def test_a_missing_index_is_reported(page, book):
    page.route("**/search_sections.js", lambda route: route.abort())
    page.goto(f"{book}/chapters/dropout.html")
    page.keyboard.press("Control+k")
    expect(page.locator(STATUS)).to_contain_text("search_sections.js did not load. Reload")


def test_a_tab_that_alone_has_the_word_is_opened(page, book):
    page.goto(f"{book}/chapters/dropout.html?framework=pytorch")
    follow(page, book, "optax.sgd", "dropout.html#what-did-dropout-do-here")
    marked = page.evaluate(MARKED)
    assert "optax.sgd" in [word for word, _ in marked]
    shown = page.evaluate(SHOWN)
    assert set(shown) == {"pytorch", "jax"}  # opened only where needed
    page.reload()
    wait_until_loaded(page)
    assert set(page.evaluate(SHOWN)) == {"pytorch"}  # a search does not change the choice
    assert page.evaluate(MARKED) == []


def test_a_tab_that_shows_the_word_stays(page, book):
    page.goto(f"{book}/chapters/dropout.html?framework=mxnet")
    follow(page, book, "seed_everything", "dropout.html#from-scratch")
    assert set(page.evaluate(SHOWN)) == {"mxnet"}


def test_a_folded_solution_is_opened(page, book):
    place = "sol-dropout-all-dropped"
    follow(page, book, "all units dropped nan", f"solutions_dropout.html#{place}")
    text = page.locator(f"[id='{place}'] p:has-text('which returns nan')")
    expect(text).to_be_in_viewport()
    assert page.evaluate("location.search") == ""


def test_only_words_of_the_article_are_marked_until_escape(page, book):
    follow(page, book, "spatial dropout", "spatial.html#whole-channels")
    words, inside = zip(*page.evaluate(MARKED), strict=True)
    assert all(inside)
    assert {"Spatial", "dropout", "SpatialDropout"} <= set(words)
    page.keyboard.press("Escape")
    assert page.evaluate(MARKED) == []


def test_the_search_page_searches_for_what_its_address_says(page, book):
    page.goto(f"{book}/search.html?q=zoneout")
    first = page.locator("article .search-list a").first
    expect(first).to_contain_text("Zoneout")
    assert violations(page) == []


def test_without_javascript_the_search_says_that_it_needs_it(without_scripts, book):
    without_scripts.goto(f"{book}/search.html")
    assert without_scripts.locator("noscript p", has_text="The search needs").is_visible()
    assert not without_scripts.locator("article input").is_visible()


def test_every_section_can_be_reached(book_folder):
    text = (book_folder / "_static/search_sections.js").read_text(encoding="utf-8")
    book = json.loads(text.partition(" = ")[2].rstrip(";\n"))
    pages = [(book_folder / address).read_text(encoding="utf-8") for _, address, _ in book["pages"]]
    missing = [
        anchor for page, _, anchor, *_ in book["sections"] if f'id="{anchor}"' not in pages[page]
    ]
    assert len(book["sections"]) > 600
    assert missing == []
    assert [anchor for _, _, anchor, title, *_ in book["sections"] if not title] == []

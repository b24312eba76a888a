"""Every page on a desktop: one visit to each, without a stored choice.

``desktop`` gathers all facts about a page in one visit, ordered so that no check disturbs the next.
The tests then judge these facts. The first theme is light, the second dark.
"""

import gzip
import io
import re
from collections import Counter
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pytest
from backends import ROOT
from browsing import (
    DECKS,
    FONTS,
    OPEN_ALL,
    PAGES,
    PICTURED,
    REFERENCE,
    TABBED,
    TEX,
    Log,
    change_theme,
    fail_where,
    first_visits,
    last_contrast_in,
    pages_of,
    shift,
    violations,
    wait_until_loaded,
)
from PIL import Image

LIMIT = 450_000  # bytes, compressed; without the fonts, which all pages share
WEIGHED = ("document", "stylesheet", "script", "image")
FIGURES = 'article img[src$=".svg"]:visible'

# Content wider than its box, so that readers must scroll. Formulas and listings of the package may
# be wide.
WIDE = """() => [...document.querySelectorAll('article :is(pre, table, svg, img)')]
    .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('math')
                 && !(e.closest('.cell_output') && /^ *def /.test(e.textContent)))
    .filter(e => e.getBoundingClientRect().width
                 > e.parentElement.getBoundingClientRect().width + 1
                 || e.tagName === 'PRE' && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.tagName + ': ' + (e.innerText ?? '').slice(0, 200))"""

# Faults that no page may have, each with the expression that finds it
NEVER = {
    "another language than English": """() => [document.documentElement.lang]
        .filter(language => language !== 'en')""",
    "another number of main parts or visible titles than one": """() => ['main', 'h1']
        .filter(name => [...document.querySelectorAll(name)]
            .filter(e => name === 'main' || e.checkVisibility()).length !== 1)""",
    "one id twice": """() => [...document.querySelectorAll('[id]')].map(e => e.id)
        .filter((id, place, ids) => ids.indexOf(id) !== place)""",
    "TeX that no converter saw": TEX,
    "a reference that Sphinx left unresolved": """() =>
        [...document.querySelectorAll('article code.xref.std')].map(e => e.textContent)""",
    "a picture without a text": """() =>
        [...document.querySelectorAll('article img:not(.toggler)')]  // those say + and -
        .filter(image => image.alt.length <= 20).map(image => image.outerHTML.slice(0, 200))""",
    "a picture that is not there, or squashed": """() =>
        [...document.querySelectorAll('article img')]
        .filter(e => e.checkVisibility() && Math.abs(e.clientWidth / e.clientHeight
                     / (e.naturalWidth / e.naturalHeight) - 1 || 0) >= 0.03
                     || e.complete && !e.naturalHeight)
        .map(e => e.src)""",
    "the sign at a heading on a line of its own": """() =>
      [...document.querySelectorAll('article :is(h1, h2, h3):has(.headerlink)')]
      .filter(heading => {
        const words = document.createRange();
        words.selectNodeContents(heading);
        words.setEndBefore(heading.querySelector('.headerlink'));
        const lowest = Math.max(...[...words.getClientRects()].map(line => line.bottom));
        return heading.querySelector('.headerlink').getBoundingClientRect().top >= lowest;
      }).map(heading => heading.innerText)""",
    "a long name in a table that breaks elsewhere than where two are joined": """() =>
      [...document.querySelectorAll('article tr code .pre')].flatMap(pre => [...pre.childNodes])
      .filter(part => { const range = document.createRange(); range.selectNode(part);
                        return part.nodeType === 3 && range.getClientRects().length > 1; })
      .map(part => part.data)""",
    "a need to scroll sideways": """() => [document.documentElement.scrollWidth]
        .filter(width => width > 1280)""",
    "a tab set beside the one choice": """() =>
        [...document.querySelectorAll('.framework-tabs > label')]
        .map(label => label.dataset.syncGroup).filter(group => group !== 'framework')""",
    "something cut off": WIDE,
}

# Every use of d2l in code: its text, its link and the framework of its tab
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

CARDS = """() => [...document.querySelectorAll('article a:has(> .std-term)')]
    .map(link => document.getElementById(link.getAttribute('aria-describedby')))
    .map(card => [card.textContent, card.checkVisibility()])"""

CHOOSE = """framework =>
    document.querySelector(`.framework-tabs > label[data-sync-id=${framework}]`).click()"""
SOURCES = "all => all.map(image => image.currentSrc)"
COUNTS = """() => Object.fromEntries(Object.entries({
    pictures: 'article img', formulas: 'math', tabs: '.framework-tabs > label',
    headings: 'article :is(h1, h2, h3):has(.headerlink)', breaks: 'article tr code .pre wbr',
}).map(([name, rule]) => [name, document.querySelectorAll(rule).length]))"""


def weight(answers, packed):
    """The compressed bytes of a page by kind; ``packed`` caches sizes by address."""
    total = Counter()
    for url, answer in answers.items():
        if (kind := answer.request.resource_type) in WEIGHED:
            if url not in packed:
                packed[url] = len(gzip.compress(answer.body(), 6, mtime=0))
            total[kind] += packed[url]
    return total


def boxed(page):
    """The page's colour, and for each figure None or, if its edge differs, its alt text."""
    colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    paper = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    found = []
    page.mouse.move(0, 0)  # a figure below the pointer shows the button that enlarges it
    for figure in page.locator(FIGURES).all():
        # Skip the outermost pixels, which may blend with the surroundings.
        inner = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("RGB")).astype(int)
        inner = inner[1:-1, 1:-1]
        edge = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
        # In a picture that consists of garments, a garment may reach the edge.
        alt = figure.get_attribute("alt") or "a picture without a text"
        mosaic = alt.startswith("Two rows of twelve garments")
        found.append(None if mosaic or np.abs(edge - paper).max() <= 2 else alt)
    return paper, found


def gathered(page, book, path, answers, packed):
    """The facts about a page that the tests below judge. ``answers`` fills while the page loads;
    ``packed`` carries over from page to page."""
    page.goto(f"{book}/{path}")
    facts = {}
    if path not in PAGES:  # leads to another page, or is a deck of slides
        wait_until_loaded(page, path)
        facts["weight"] = None
        if path != "index.html":
            facts["weight"] = weight(dict(answers), packed)
            facts["images"] = page.eval_on_selector_all("img", SOURCES)
        return facts
    page.evaluate(FONTS)
    for name, expression in {**NEVER, "counts": COUNTS}.items():
        facts[name] = page.evaluate(expression)
    facts["images"] = page.eval_on_selector_all("img", SOURCES)
    facts["icon"] = page.locator("link[rel=icon]").evaluate("link => link.href")
    downloads = ".dropdown-download-buttons a[href*='/slides/']"
    facts["decks"] = page.eval_on_selector_all(downloads, "all => all.map(link => link.href)")
    if path in TABBED:
        facts["uses"], facts["cards"] = page.evaluate(USES), page.evaluate(CARDS)
    facts["shift"] = shift(page)
    facts["weight"] = weight(dict(answers), packed)
    if path in TABBED:
        for framework in ("mxnet", "jax"):
            page.evaluate(CHOOSE, framework)
        facts["cut off in JAX"] = page.evaluate(WIDE)
        page.evaluate(CHOOSE, "pytorch")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.evaluate(OPEN_ALL)
    for theme in ("light", "dark"):
        if path in PICTURED:
            change_theme(page, theme)
            page.wait_for_function("() => [...document.images].every(image => image.complete)")
            facts[f"boxed, {theme}"] = boxed(page)
    change_theme(page, "light")
    facts["axe-core"] = violations(page)
    facts["contrast in the dark"] = last_contrast_in(page, "dark")
    return facts


@pytest.fixture(scope="module")
def desktop(chromium, book, book_folder):
    """The facts about each page and each deck of the book."""
    facts, packed, answers = {}, {}, {}
    with first_visits(chromium, "light", 1280) as (page, leave):
        log = Log(page)
        page.on("response", lambda answer: answers.update({answer.url: answer}))
        for path in pages_of(book_folder):
            leave()
            log.start()
            answers.clear()
            here = facts[path] = gathered(page, book, path, answers, packed)
            here |= {"problems": log.problems(book), "asked": log.asked, "answers": {*answers}}
    assert set(facts) >= {*PAGES, "index.html"}
    return facts


@pytest.mark.parametrize("rule", [*NEVER, "cut off in JAX", "axe-core", "contrast in the dark"])
def test_no_page_has(desktop, rule):
    fail_where({path: facts.get(rule, []) for path, facts in desktop.items()})


def test_the_rules_had_something_to_look_at(desktop):
    counts = {path: facts["counts"] for path, facts in desktop.items() if "counts" in facts}
    assert sum(count["formulas"] for count in counts.values()) > 1000
    for path in TABBED:
        drawn = "{figure} img/" in (ROOT / path).with_suffix(".md").read_text(encoding="utf-8")
        assert bool(counts[path]["pictures"]) == (drawn or path in PICTURED), path
        assert counts[path]["tabs"] > 3, path
    for name in ("choosing", "dropout"):
        assert counts[f"chapters/{name}.html"]["headings"] > 10, name
    for name in ("api/index", "drop_path", "devices"):
        assert counts[f"chapters/{name}.html"]["breaks"] > 10, name


def test_no_page_asks_a_third_party_or_complains(desktop):
    fail_where({path: facts["problems"] for path, facts in desktop.items()})
    asked = {url for facts in desktop.values() for url in facts["asked"]}
    assert len([url for url in asked if "/stix-two-math/" in url]) == 1
    assert not [url for url in asked if "mathjax" in url.lower()]
    (script,) = {url for url in asked if "playable_figures.js" in url}
    with_it = {path for path, facts in desktop.items() if script in facts["asked"]}
    assert with_it == {f"chapters/{name}.html" for name in ("dropout", "dropblock", "rates")}
    for path, facts in desktop.items():
        pictures = {url for url in facts.get("images", ()) if url.startswith("http")}
        assert pictures <= facts["answers"], path


def test_no_page_is_heavy(desktop):
    """The weight includes pictures in hidden tabs."""
    weights = {path: facts["weight"] for path, facts in desktop.items() if facts["weight"]}
    assert len(weights) == len(desktop) - 1
    assert all(weight["document"] and weight["script"] for weight in weights.values())
    heavy = {path: dict(w) for path, w in weights.items() if w.total() > LIMIT}
    assert heavy == {}, heavy
    heaviest = max(weights, key=lambda path: weights[path].total())
    print(f"The heaviest page: {heaviest}, {dict(weights[heaviest])}")


def test_nothing_moves_while_a_page_is_opened(desktop):
    moved = {path: facts["shift"] for path, facts in desktop.items() if "shift" in facts}
    assert len(moved) == len(PAGES)
    assert {path: far for path, far in moved.items() if far >= 0.003} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_figure_stands_in_a_box(desktop, theme):
    for path in PICTURED:
        paper, found = desktop[path][f"boxed, {theme}"]
        assert max(paper) < 0x30 if theme == "dark" else min(paper) == 0xFF, path
        assert found, path
        assert not any(found), path


def test_every_use_of_the_package_leads_to_its_entry(desktop, book, book_folder):
    anchors = {
        path: set(re.findall(r'id="([^"]+)"', (book_folder / path).read_text(encoding="utf-8")))
        for path in REFERENCE
    }
    for path in TABBED:
        assert desktop[path]["uses"], path
        for use in desktop[path]["uses"]:
            assert use["linked"] in (use["text"], "@" + use["text"]), use
            address, _, identity = use["href"].partition("#")
            expected = f"chapters/api/{use['framework'] or 'index'}.html"
            assert address == urljoin(f"{book}/", expected), use
            assert identity.endswith(use["text"].removeprefix("d2l")[1:]), use
            assert identity in anchors[expected], use


def test_every_page_links_to_terms_and_carries_their_definitions(desktop):
    for path in TABBED:
        cards = desktop[path]["cards"]
        assert 2 <= len(cards) <= 12, path
        assert all(len(text.split()) > 5 and not shown for text, shown in cards), path


def test_every_page_has_an_icon_that_is_there(desktop, book_folder):
    icons = {urlsplit(facts["icon"]).path for facts in desktop.values() if "icon" in facts}
    assert icons
    assert [icon for icon in icons if not (book_folder / unquote(icon[1:])).is_file()] == []


def test_every_chapter_links_the_slides(desktop, book):
    assert {path for path in desktop if path.startswith("slides/")} == set(DECKS)  # none failed
    for path in ["chapters/index.html", "chapters/references.html", *TABBED]:
        assert desktop[path]["decks"] == [f"{book}/{deck}" for deck in DECKS], path


def test_no_reference_names_the_repository_of_the_tools(book_folder):
    page = (book_folder / "chapters/api/pytorch.html").read_text(encoding="utf-8")
    article = page.partition("<article")[2].partition("</article>")[0]
    assert article
    assert "executablebooks" not in article


def test_axe_core_would_find_something(visit):
    page = visit("chapters/dropout.html")
    page.evaluate(
        "() => document.querySelector('article h1').append(document.createElement('button'))"
    )
    page.add_style_tag(
        content="pre .nn { color: #bbb !important; }"
        " html[data-theme=dark] pre .nn { color: #444 !important; }"
    )
    rules = [found.partition(":")[0] for found in violations(page)]
    assert rules.count("button-name") == 1
    assert rules.count("color-contrast") == 3  # three of each look
    dark = [found.partition(":")[0] for found in last_contrast_in(page, "dark")]
    assert dark == ["color-contrast"] * 3

"""Tabs, formulas, terms and slides work without JavaScript."""

from browsing import DECKS, TABBED, fail_where

PAGE = "chapters/signal.html"
LABELS = ["PyTorch", "TensorFlow", "JAX", "MXNet", "NumPy"]

# Hidden text outside the folds that open without a script
UNSEEN = """() => [...document.querySelectorAll('article :is(p, pre, li, td, figcaption, svg)')]
    .filter(e => !e.closest('details:not([open]), [popover], math'))
    .filter(e => e.textContent.trim() && !e.checkVisibility())
    .map(e => e.outerHTML.slice(0, 120))"""


def test_every_word_is_readable(without_scripts, book):
    unseen = {}
    for path in TABBED:
        without_scripts.goto(f"{book}/{path}")
        unseen[path] = without_scripts.evaluate(UNSEEN)
    fail_where(unseen)


def test_every_framework_is_readable(without_scripts, book):
    page = without_scripts
    page.goto(f"{book}/{PAGE}")
    first = page.locator(".framework-tabs").first
    tops = []
    for label in LABELS:  # each label, with its panel below it
        name = first.locator(f"> label[data-sync-id={label.lower()}]")
        panel = page.locator(f"#{name.get_attribute('aria-controls')}")
        assert name.is_visible()
        assert name.inner_text() == label
        assert panel.is_visible()
        tops += [name.bounding_box()["y"], panel.bounding_box()["y"]]
    assert tops == sorted(tops)
    panels = page.locator(".framework-tabs > .sd-tab-content:not(.framework-tabs-none)")
    assert panels.count() == panels.filter(visible=True).count() > 25
    assert page.locator(".framework-tabs > input").filter(visible=True).count() == 0
    assert not page.get_by_label("Code in").is_visible()  # it needs JavaScript
    links = page.locator(".dropdown-download-buttons a[href$='.ipynb']")
    assert links.count() == len(LABELS)
    boxes = page.locator("article math").evaluate_all(
        "all => all.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect())"
    )
    assert len(boxes) > 50
    assert all(box["width"] > 4 and box["height"] > 4 for box in boxes)


def test_a_term_leads_to_the_glossary(without_scripts, book):
    without_scripts.goto(f"{book}/chapters/dropout.html")
    link = without_scripts.locator("article a:has(> .std-term)").first
    card = without_scripts.locator(f"#card-{link.get_attribute('href').partition('#')[2]}")
    assert card.is_hidden()
    assert link.get_attribute("aria-describedby") is None
    link.click()
    without_scripts.wait_for_url("**/chapters/glossary.html#term-unit")
    assert without_scripts.locator("#term-unit").is_visible()


def test_every_slide_is_shown(without_scripts, book):
    without_scripts.goto(f"{book}/{DECKS[0]}")
    tops = without_scripts.locator("section :is(h1, h2)").evaluate_all(
        "all => all.map(heading => heading.getBoundingClientRect().top)"
    )
    assert len(tops) > 10
    assert tops == sorted(set(tops))

"""Tabs with a keyboard, with a screen reader, on a phone and on paper."""

import re
from itertools import pairwise

import pytest
from browsing import SHOWN

PAGE = "chapters/signal.html"
LABELS = ["PyTorch", "TensorFlow", "JAX", "MXNet", "NumPy"]
# The frameworks whose panels are visible, for each tab set
PANELS = """() => [...document.querySelectorAll('.framework-tabs')].map(set =>
    [...set.querySelectorAll(':scope > label')]
    .filter(label => label.nextElementSibling.checkVisibility())
    .map(label => label.dataset.syncId))"""
FOCUSED = "() => document.activeElement.nextElementSibling?.dataset?.syncId"


def test_tab_goes_from_set_to_set_and_arrows_choose(visit):
    page = visit(f"{PAGE}?framework=pytorch")
    page.locator(".framework-tabs input").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == "tensorflow"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert set(page.evaluate(SHOWN)) == {"mxnet"}
    page.keyboard.press("ArrowLeft")
    assert set(page.evaluate(SHOWN)) == {page.evaluate(FOCUSED)} == {"jax"}
    name = "document.activeElement.name"
    first, stops = page.evaluate(name), 0
    while page.evaluate(name) in (first, None, ""):  # skip the copy buttons between
        page.keyboard.press("Tab")
        stops += 1
    assert page.evaluate(FOCUSED) == "jax"  # a set has one tab stop: the chosen tab
    assert stops < 5


def test_focus_can_be_seen(visit):
    page = visit(PAGE)
    label = page.locator(".framework-tabs > label").first
    page.locator(".framework-tabs input").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert label.evaluate("label => getComputedStyle(label).outlineStyle") != "none"
    for control in ("#framework-chooser", ".highlight button.copybtn"):
        page.locator(control).first.focus()
        assert page.evaluate(f"document.activeElement.matches('{control}')")
        focused = page.evaluate(
            "() => { const style = getComputedStyle(document.activeElement);"
            " return [style.outlineStyle, style.opacity]; }"
        )
        assert focused[0] != "none", control
        page.wait_for_function("getComputedStyle(document.activeElement).opacity === '1'")


def test_a_screen_reader_is_told_what_is_chosen_among_what(visit):
    page = visit(f"{PAGE}?framework=jax")
    sets = page.get_by_role("group", name=re.compile(r"^Framework, \w"))
    # Prose for one framework has no switch
    assert sets.count() == page.locator(".framework-tabs:not(.framework-tabs-prose)").count() > 5
    names = [group.get_attribute("aria-label") for group in sets.all()]
    assert len(set(names)) == len(names)
    told = sets.first.aria_snapshot()
    assert re.findall(r'radio "(\w+)"( \[checked\])?', told) == [
        (label, " [checked]" if label == "JAX" else "") for label in LABELS
    ]
    assert page.get_by_role("combobox", name="Code in").input_value() == "jax"
    for label in page.locator(".framework-tabs > label").all()[:5]:
        assert page.locator(f"#{label.get_attribute('aria-controls')}").count() == 1


def test_on_paper_stands_the_chosen_framework_named(page, book):
    page.goto(f"{book}/{PAGE}?framework=numpy")
    page.emulate_media(media="print")
    assert {tuple(panels) for panels in page.evaluate(PANELS)} == {("numpy",), ()}
    labels = page.locator(".framework-tabs > label").filter(visible=True)
    assert set(labels.all_inner_texts()) == {"NumPy"}
    cells = ".framework-tabs:not(.framework-tabs-prose) > [data-sync-id=numpy]"
    assert labels.count() == page.locator(f"{cells} + :not(.framework-tabs-none)").count() > 5
    assert not page.get_by_label("Code in").is_visible()


def test_on_paper_folded_code_leaves_a_line(page, book):
    page.goto(f"{book}/chapters/preliminaries.html?framework=jax")
    fold = page.locator(".cell > details").filter(visible=True)
    assert fold.inner_text() == "Show code cell content"
    page.emulate_media(media="print")
    assert fold.inner_text() == ""
    said = fold.locator("> summary").evaluate("e => getComputedStyle(e, '::after').content")
    assert "notebook" in said


def test_on_paper_the_title_has_its_number_and_a_sentence_keeps_what_it_leads_to(page, book):
    page.goto(f"{book}/chapters/depth.html")
    title = page.locator("article h1").text_content().removesuffix("#")
    page.emulate_media(media="print")
    assert page.locator("h1").filter(visible=True).all_inner_texts() == [title]
    assert re.match(r"\d+\. ", title)
    # Sentences that introduce code, a formula or a list, with their rule for page breaks
    leads = page.locator("article section > p").evaluate_all(
        """all => all.filter(p => p.textContent.trim().endsWith(':') && p.nextElementSibling)
            .map(p => [p.textContent, getComputedStyle(p).breakAfter])"""
    )
    assert len(leads) > 10
    assert [text for text, after in leads if after != "avoid"] == []


NAME_WIDTH = """select => {
    const canvas = document.createElement('canvas').getContext('2d');
    canvas.font = getComputedStyle(select).font;
    return canvas.measureText(select.selectedOptions[0].text).width;
}"""


def test_the_labels_fit_a_phone(visit):
    page = visit(f"{PAGE}?framework=tensorflow", width=375)
    labels = page.locator(".framework-tabs").first.locator("> label")
    assert labels.count() == len(LABELS) == 5
    tops = labels.evaluate_all("all => all.map(e => e.getBoundingClientRect().bottom)")
    assert max(tops) - min(tops) < 1  # one row
    assert all(box["height"] >= 24 for box in (label.bounding_box() for label in labels.all()))


@pytest.mark.parametrize("width", [375, 320])  # a phone, and 1280 pixels at 400% zoom
def test_the_chooser_shows_its_longest_name_and_covers_nothing(visit, width):
    page = visit(f"{PAGE}?framework=tensorflow", width=width)
    page.get_by_label("Code in").wait_for(state="visible")
    box = page.get_by_label("Code in").bounding_box()
    assert box["width"] > 90
    assert box["width"] > page.get_by_label("Code in").evaluate(NAME_WIDTH) + 20  # and its arrow
    assert box["height"] >= 24
    controls = page.locator(".bd-header-article :is(button, select)").filter(visible=True)
    edges = sorted(
        controls.evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(box => [box.left, box.right])"
        )
    )
    assert all(0 <= left < right <= width for left, right in edges)
    assert all(right <= left + 1 for (_, right), (left, _) in pairwise(edges))

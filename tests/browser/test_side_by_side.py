"""Two frameworks side by side. tests/javascript/ tests names, addresses and storage."""

import re

import pytest
from browsing import (
    FRAMES,
    KEY,
    SHIFTS,
    Log,
    last_contrast_in,
    pick,
    shift,
    store,
    violations,
)
from playwright.sync_api import expect

PAGE, WITHOUT = "chapters/signal.html", "chapters/dropout.html"
JAX_AND_PYTORCH = f"{PAGE}?framework=jax&compare=pytorch"
# For each tab set, the visible panels: their framework, name, label on the page and box
PANELS = """() => [...document.querySelectorAll('.framework-tabs')].map(set =>
    [...set.querySelectorAll(':scope > .sd-tab-content')].filter(panel => panel.checkVisibility())
    .map(panel => {
        const {left, top, right, bottom} = panel.getBoundingClientRect();
        return {framework: panel.previousElementSibling.dataset.syncId, left, top, right, bottom,
                name: panel.ariaLabel,
                label: getComputedStyle(panel, '::before').content};
    }).sort((one, other) => one.top - other.top || one.left - other.left))"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def menu(page):
    return page.get_by_role("button", name=re.compile("^Compare"))


def second(page):
    return page.get_by_label("Compare with")


def frameworks(page):
    """The frameworks that the sets show, in reading order, without sets that show none."""
    return [
        tuple(panel["framework"] for panel in panels) for panels in page.evaluate(PANELS) if panels
    ]


def pairs(page):
    """The panels of the sets that show two, which are most of the page's."""
    panels = page.evaluate(PANELS)
    found = [both for both in panels if len(both) == 2]
    assert len(found) > len(panels) / 2
    return found


@pytest.mark.parametrize(
    ("width", "beside"), [(1440, True), (1280, True), (1000, False), (375, False), (320, False)]
)
def test_two_panels_are_beside_each_other_or_below(visit, width, beside):
    page = visit(JAX_AND_PYTORCH, width=width)
    for first, other in pairs(page):
        assert [first["name"], other["name"]] == ["JAX", "PyTorch"]  # the chosen one is first
        assert [first["label"], other["label"]] == ['"JAX" / ""', '"PyTorch" / ""']
        if beside:
            assert first["top"] == other["top"]
            assert first["right"] < other["left"]
            assert other["right"] - other["left"] > 400
        else:
            assert first["bottom"] <= other["top"]
            assert (first["left"], first["right"]) == (other["left"], other["right"])
        assert 0 <= first["left"] < other["right"] <= width
    assert page.evaluate(SIDEWAYS) <= 0


def test_code_beside_code_wraps_and_the_contents_open_for_the_keyboard(visit):
    page = visit(JAX_AND_PYTORCH, width=1440)
    wide = page.locator(".framework-tabs pre").filter(visible=True)
    assert wide.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth + 1)") == []
    contents = page.locator(".bd-sidebar-secondary")
    assert contents.bounding_box()["height"] <= 48
    contents.get_by_role("link").last.focus()
    assert contents.bounding_box()["height"] > 100
    assert contents.get_by_role("link").last.is_visible()


def test_the_menu_is_operated_by_keyboard(visit, book):
    page = visit(f"{PAGE}?framework=jax")
    assert set(frameworks(page)) == {("jax",)}
    page.get_by_label("Code in").focus()
    page.keyboard.press("Tab")
    expect(menu(page)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(second(page)).to_be_focused()
    page.keyboard.type("mx")
    assert set(frameworks(page)) >= {("jax", "mxnet")}
    assert page.url.endswith("?framework=jax&compare=mxnet")
    page.keyboard.press("Escape")
    expect(second(page)).to_be_hidden()
    expect(menu(page)).to_be_focused()
    expect(menu(page)).to_have_text("Compared with MXNet")
    page.goto(f"{book}/{WITHOUT}")  # remembered
    assert ("jax", "mxnet") in frameworks(page)


def test_the_menu_is_inside_a_phone(visit):
    page = visit(PAGE, width=320)
    menu(page).click()
    box = page.locator("#framework-compare").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert menu(page).bounding_box()["width"] >= 24
    assert menu(page).bounding_box()["height"] >= 24


def test_what_is_read_stays_where_it_was(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=jax#sec-dropout-measured")
    page.add_style_tag(content="* { overflow-anchor: none !important; }")
    heading = page.locator("h2", has_text="What did dropout do here?")
    menu(page).evaluate("button => button.click()")  # Playwright's click scrolls
    before, above = heading.bounding_box()["y"], page.evaluate("scrollY")
    second(page).select_option("pytorch")
    page.evaluate(FRAMES)
    assert abs(heading.bounding_box()["y"] - before) <= 4
    assert abs(page.evaluate("scrollY") - above) > 20


def test_choosing_the_second_changes_the_two_about(visit):
    page = visit(JAX_AND_PYTORCH)
    pick(page, "pytorch", number=2)
    assert set(frameworks(page)) <= {("pytorch", "jax"), ("pytorch",)}
    assert len(pairs(page)) > 5
    assert page.url.endswith("?framework=pytorch&compare=jax")
    pick(page, "mxnet")
    assert set(frameworks(page)) >= {("mxnet", "jax")}


def test_a_cell_in_one_framework_shows_one(visit):
    page = visit(f"{WITHOUT}?framework=jax&compare=mxnet")
    panels = page.evaluate(PANELS)
    alone = [found for found in panels if len(found) == 1]
    assert len(alone) >= 1
    assert len(alone) < len(panels)
    assert all(found[0]["framework"] == "jax" for found in alone)


def test_a_page_without_the_second_framework_shows_one_and_pages_without_tabs_nothing(visit, book):
    page = visit(f"{PAGE}?framework=jax&compare=numpy")
    assert ("jax", "numpy") in frameworks(page)
    page.goto(f"{book}/{WITHOUT}")
    assert set(frameworks(page)) == {("jax",)}
    assert page.url.endswith("?framework=jax")
    page.goto(f"{book}/chapters/glossary.html")
    assert page.locator(".comparing").count() == 0
    assert "?" not in page.url
    page.goto(f"{book}/{PAGE}")
    assert ("jax", "numpy") in frameworks(page)


def test_going_back_keeps_the_newest_comparison(page, book):
    page.goto(f"{book}/{JAX_AND_PYTORCH}")
    page.goto(f"{book}/chapters/many_layers.html")
    menu(page).click()
    second(page).select_option("none")
    page.go_back()
    assert set(frameworks(page)) == {("jax",)}
    assert page.url.endswith("?framework=jax")
    page.go_forward()
    second(page).select_option("tensorflow", force=True)
    page.go_back()
    assert ("jax", "tensorflow") in frameworks(page)


def test_a_screen_reader_is_told_which_panel_is_which(visit):
    page = visit(JAX_AND_PYTORCH)
    group = page.get_by_role("group", name=re.compile("^Framework, ")).first
    told = group.aria_snapshot()
    assert re.findall(r'(?m)^  - group "(\w+)"', told) == ["PyTorch", "JAX"]
    assert re.findall(r'radio "(\w+)" \[checked\]', told) == ["JAX"]


@pytest.mark.parametrize("width", [1440, 375])
def test_axe_finds_nothing(visit, width):
    page = visit(JAX_AND_PYTORCH, width=width)
    menu(page).click()
    assert violations(page) == []
    assert last_contrast_in(page, "dark") == []


@pytest.mark.parametrize("width", [1440, 375])
@pytest.mark.parametrize("compared", ["none", "mxnet"])
def test_nothing_moves_while_a_page_is_opened(chromium, book, width, compared):
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    stored = f"localStorage.setItem('{KEY}-compare', '{compared}');"
    page.add_init_script(SHIFTS + store("jax") + stored)
    moved = {}
    for path in (PAGE, WITHOUT, "chapters/many_layers.html", "chapters/index.html"):
        page.goto(f"{book}/{path}")
        moved[path] = shift(page)
    context.close()
    assert {path: far for path, far in moved.items() if far >= 0.003} == {}


def test_paper_has_both_with_their_names(page, book):
    page.goto(f"{book}/{JAX_AND_PYTORCH}")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 with Chromium's margins
    page.emulate_media(media="print")
    assert ("jax", "pytorch") in frameworks(page)
    for first, other in pairs(page):
        assert [first["label"], other["label"]] == ['"JAX" / ""', '"PyTorch" / ""']
    labels = page.locator(".framework-tabs > label").filter(visible=True)
    alone = [panels for panels in page.evaluate(PANELS) if len(panels) == 1]
    assert labels.count() == len(alone)
    assert not menu(page).is_visible()


def test_without_javascript_nothing_changes(without_scripts, book):
    without_scripts.goto(f"{book}/{JAX_AND_PYTORCH}")
    assert not menu(without_scripts).is_visible()
    assert without_scripts.locator(".compared, .comparing").count() == 0
    first = without_scripts.locator(".framework-tabs").first.locator("> .sd-tab-content")
    assert first.count() == first.filter(visible=True).count() == 5


def test_it_works_from_a_folder(chromium, book_folder):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    page = context.new_page()
    log = Log(page)
    page.goto(f"{book_folder.as_uri()}/{JAX_AND_PYTORCH}")
    assert ("jax", "pytorch") in frameworks(page)
    menu(page).click()
    second(page).select_option("numpy")
    page.goto(f"{book_folder.as_uri()}/chapters/many_layers.html")
    assert ("jax", "numpy") in frameworks(page)
    assert log.problems(book_folder.as_uri()) == []
    context.close()


def test_a_key_chooses_the_next_framework_but_never_while_typing(visit):
    page = visit(f"{PAGE}?framework=jax&compare=mxnet")
    page.keyboard.press("f")
    assert set(frameworks(page)) >= {("mxnet", "jax")}  # the second: they change about
    page.keyboard.press("f")
    assert set(frameworks(page)) >= {("numpy", "jax")}
    assert page.get_by_role("status").first.inner_text() == "Code in NumPy"
    page.keyboard.press("Control+k")
    page.keyboard.type("ff")
    assert page.locator("dialog input[type=search]").input_value() == "ff"
    page.keyboard.press("Escape")
    assert page.url.endswith("framework=numpy&compare=jax")
    menu(page).click()
    page.get_by_label("Key F: next framework").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert page.url.endswith("framework=numpy&compare=jax")

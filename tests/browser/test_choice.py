"""One choice of framework: its controls, its reach, and its robustness.

tests/javascript/ tests unknown names, stored choices and addresses.
"""

import functools
import re
import threading

import pytest
from browsing import (
    FRAMES,
    SHIFTS,
    SHOWN,
    STORED,
    TABBED,
    QuietHandler,
    pick,
    served,
    shift,
    shown,
    store,
)

# Pages without and with NumPy
WITHOUT, WITH = "chapters/dropout.html", "chapters/signal.html"
NOTE = ".framework-tabs-absent"

# Scroll anchoring would hide errors of the script, and not all browsers have it.
NO_ANCHORS = "* { overflow-anchor: none !important; }"


def clip(label):
    """How much of a label is shown: "none" is all."""
    return label.evaluate("label => getComputedStyle(label).clipPath")


def chooser(page):
    return page.get_by_label("Code in")


def offered(page):
    """The notebook that the page's menu offers for download."""
    links = page.locator(".dropdown-download-buttons a[href$='.ipynb']").evaluate_all(
        "links => links.filter(link => !link.parentElement.hidden)"
        ".map(link => link.getAttribute('href'))"
    )
    (link,) = links
    return link


def test_one_choice_switches_every_set_here_and_on_the_next_page(visit, book):
    page = visit(WITHOUT)
    for framework in ("tensorflow", "jax", "mxnet", "pytorch"):
        pick(page, framework, number=3)
        sets = page.evaluate(SHOWN)
        assert len(sets) > 10
        assert set(sets) == {framework}
        # Every tab shows its own framework's code
        visible = page.locator(".cell_input pre").filter(visible=True).all_inner_texts()
        imported = re.findall("from d2lcompat import.*", "\n".join(visible))
        name = {"pytorch": "torch"}.get(framework, framework)
        assert imported == [f"from d2lcompat import {name} as d2l"]
        page.goto(f"{book}/chapters/preliminaries.html")
        assert len(page.evaluate(SHOWN)) > 5
        assert shown(page) == framework
        page.goto(f"{book}/{WITHOUT}")


def test_the_header_offers_the_choice_on_every_page(page, book):
    page.goto(f"{book}/chapters/index.html")
    chooser(page).select_option("jax")
    assert "framework" not in page.url  # this page has no tabs
    page.goto(f"{book}/{WITHOUT}")
    assert shown(page) == chooser(page).input_value() == "jax"
    chooser(page).focus()
    page.keyboard.type("mx")
    assert shown(page) == "mxnet"
    assert page.url.endswith("?framework=mxnet")
    pick(page, "pytorch", number=3)
    assert chooser(page).input_value() == "pytorch"
    assert chooser(page).locator("option[disabled]").inner_text() == "NumPy (not here)"


@pytest.mark.parametrize(
    ("way", "framework"),
    [("by a tab", "jax"), ("in the header", "tensorflow"), ("in another window", "tensorflow")],
)
def test_what_is_read_stays_where_it_was(page, book, way, framework):
    page.goto(f"{book}/{WITHOUT}#sec-dropout-measured")
    page.add_style_tag(content=NO_ANCHORS)
    seen = page.locator("h2", has_text="What did dropout do here?")
    if way == "by a tab":
        seen = page.locator(f'label[data-sync-id="{framework}"]').nth(12)
        seen.scroll_into_view_if_needed()
    above, before = page.evaluate("scrollY"), seen.bounding_box()["y"]
    if way == "by a tab":
        seen.click()
    elif way == "in the header":
        chooser(page).select_option(framework)
    else:
        other = page.context.new_page()
        other.goto(f"{book}/{WITH}")
        pick(other, framework)
    page.wait_for_url(f"**framework={framework}**")
    page.evaluate(FRAMES)
    assert shown(page) == chooser(page).input_value() == framework
    assert offered(page).endswith(f"{framework}/dropout.ipynb")
    assert abs(seen.bounding_box()["y"] - before) <= 4
    assert abs(page.evaluate("scrollY") - above) > 20  # the tabs above changed their height


def test_the_notebook_offered_is_the_chosen_frameworks(page, book):
    page.goto(f"{book}/{WITH}")
    assert offered(page) == "../notebooks/pytorch/signal.ipynb"
    pick(page, "numpy")
    assert offered(page) == "../notebooks/numpy/signal.ipynb"
    page.get_by_label("Download this page").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=".ipynb (NumPy)").click()
    assert download.value.suggested_filename == "signal.ipynb"
    page.goto(f"{book}/{WITHOUT}")  # without NumPy: the fallback
    assert offered(page) == "../notebooks/pytorch/dropout.ipynb"


def test_a_page_without_the_framework_says_so_and_shows_the_one_before(page, book):
    page.goto(f"{book}/{WITH}?framework=jax")
    pick(page, "numpy")
    page.goto(f"{book}/{WITHOUT}")
    assert page.locator(NOTE).inner_text() == "This page has no NumPy; it shows JAX."
    assert shown(page) == "jax"
    assert chooser(page).input_value() == "numpy"
    assert "framework" not in page.url
    pick(page, "mxnet")
    assert page.locator(NOTE).count() == 0
    page.goto(f"{book}/{WITH}")
    assert shown(page) == "mxnet"


def test_a_link_to_another_framework_remembers_the_choice_before_it(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=jax")
    pick(page, "mxnet")
    page.goto(f"{book}/{WITH}?framework=numpy")
    page.goto(f"{book}/{WITHOUT}")
    assert shown(page) == "mxnet"


def test_a_cell_without_the_framework_names_those_that_have_it(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=mxnet")
    step = page.locator(".framework-tabs-partial:not(.framework-tabs-prose)").first
    assert step.evaluate("e => getComputedStyle(e, '::before').content") == '"Only in"'
    assert step.locator("> .sd-tab-content").filter(visible=True).count() == 0
    assert step.bounding_box()["height"] < 30
    labels = step.locator("> label")
    named = [label.inner_text() for label in labels.all() if clip(label) == "none"]
    assert named == ["JAX"]


def test_going_back_keeps_the_newest_choice(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=jax")
    page.goto(f"{book}/chapters/preliminaries.html")
    pick(page, "mxnet")
    page.go_back()
    assert page.url.startswith(f"{book}/{WITHOUT}")
    assert shown(page) == chooser(page).input_value() == "mxnet"
    assert page.url.endswith("?framework=mxnet")
    page.go_back()  # to the page on which the reader chose
    page.go_forward()
    page.reload()
    assert shown(page) == "mxnet"


def test_going_back_within_a_page_keeps_the_newest_choice(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=jax")
    page.evaluate("location.hash = 'sec-dropout-measured'")
    pick(page, "mxnet")
    page.go_back()
    page.wait_for_url("**?framework=mxnet")
    assert shown(page) == "mxnet"


def test_a_bad_name_in_the_address_is_ignored(visit, book):
    page = visit(f"{WITHOUT}?framework=jax")
    page.goto(f"{book}/{WITHOUT}?framework=nonsense&other=1#sec-dropout-measured")
    assert shown(page) == page.evaluate(STORED) == "jax"
    assert page.url.endswith("?framework=jax&other=1#sec-dropout-measured")
    page = visit(f"{WITHOUT}?framework=nonsense")
    assert shown(page) == chooser(page).input_value() == "pytorch"
    assert "framework=" not in page.url


def test_a_browser_that_stores_nothing_chooses_for_the_page(page, book):
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('blocked', 'SecurityError'); } })"
    )
    page.goto(f"{book}/{WITHOUT}?framework=mxnet")
    assert shown(page) == "mxnet"
    pick(page, "tensorflow")
    assert shown(page) == chooser(page).input_value() == "tensorflow"
    chooser(page).select_option("jax")
    assert shown(page) == "jax"
    page.reload()  # the address contains the choice
    assert shown(page) == "jax"


class Halting(QuietHandler):
    """Sends the first two thirds of a page, and the rest after ``go_on`` is set."""

    go_on = threading.Event()

    def do_GET(self):
        if not self.path.startswith("/chapters/"):
            return super().do_GET()
        text = open(self.translate_path(self.path), "rb").read()  # noqa: SIM115
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text[: 2 * len(text) // 3])
        self.wfile.flush()
        self.go_on.wait(timeout=60)
        return self.wfile.write(text[2 * len(text) // 3 :])


@pytest.mark.parametrize("path", [WITH, WITHOUT])
def test_the_choice_is_there_before_the_page_is(page, book_folder, path):
    """On a page that loads slowly, each tab set shows the choice from its first paint."""
    Halting.go_on.clear()
    page.add_init_script(store("mxnet") + SHIFTS)
    page.set_viewport_size({"width": 1280, "height": 6000})  # the tabs are in view
    handler = functools.partial(Halting, directory=book_folder)
    with served(handler) as (address, _):
        try:
            page.goto(f"{address}/{path}", wait_until="commit")
            page.wait_for_function(f"({SHOWN})().length > 3")
            page.evaluate("() => new Promise(requestAnimationFrame)")
            assert page.evaluate("document.readyState") == "loading"
            arrived = page.evaluate(SHOWN)[:-1]  # the last set is incomplete
            assert set(arrived) == {"mxnet"}
        finally:
            Halting.go_on.set()
        page.wait_for_load_state()
        assert shown(page) == "mxnet"


def test_nothing_jumps_when_a_page_with_a_stored_choice_is_opened(page, book):
    """test_every_page_narrow.py tests the same on a phone."""
    page.add_init_script(store("mxnet") + SHIFTS)
    jumped = {}
    for path in TABBED:
        page.goto(f"{book}/{path}")
        far = shift(page)
        assert shown(page) == "mxnet", path
        if far >= 0.02:
            jumped[path] = far
    assert jumped == {}

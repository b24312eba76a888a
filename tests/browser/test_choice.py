"""One choice of framework: where it is made, how far it reaches, and what cannot spoil it."""

import functools
import http.server
import re
import threading

import pytest
from test_tabs import EXECUTED, PAGES, SHOWN, pick

# Has no NumPy, and has it
WITHOUT, WITH = "chapters/dropout.html", "chapters/signal.html"
STORED = "localStorage.getItem('sphinx-design-tab-id-framework')"
NOTE = ".framework-tabs-absent"
SHIFTS = """
    window.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
      window.shift += entry.value;
    })).observe({ type: "layout-shift", buffered: true });
"""


def chooser(page):
    return page.get_by_label("Code in")


def shown(page):
    """The one framework that all tab sets of the page show."""
    (framework,) = set(page.evaluate(SHOWN))
    return framework


def offered(page):
    """The notebook that the page's menu offers for download."""
    links = page.locator(".dropdown-download-buttons a[href$='.ipynb']").evaluate_all(
        "links => links.filter(link => !link.parentElement.hidden)"
        ".map(link => link.getAttribute('href'))"
    )
    (link,) = links
    return link


def test_the_header_offers_the_choice_on_every_page(page, book):
    page.goto(f"{book}/chapters/index.html")
    chooser(page).select_option("jax")
    assert "framework" not in page.url  # nothing here depends on it
    page.goto(f"{book}/{WITHOUT}")
    assert shown(page) == chooser(page).input_value() == "jax"
    chooser(page).focus()
    page.keyboard.type("mx")
    assert shown(page) == "mxnet"
    assert page.url.endswith("?framework=mxnet")
    pick(page, "pytorch", number=2)
    assert chooser(page).input_value() == "pytorch"
    assert chooser(page).locator("option[disabled]").inner_text() == "NumPy (not here)"


def test_what_is_read_stays_where_it_was_when_the_header_chooses(page, book):
    page.goto(f"{book}/{WITHOUT}#sec-dropout-measured")
    # Chromium would keep it by itself, other browsers would not
    page.add_style_tag(content="* { overflow-anchor: none !important; }")
    heading = page.locator("h2", has_text="What did dropout do here?")
    above = page.evaluate("scrollY")
    before = heading.bounding_box()["y"]
    chooser(page).select_option("tensorflow")
    page.wait_for_timeout(100)
    assert abs(heading.bounding_box()["y"] - before) <= 4
    assert abs(page.evaluate("scrollY") - above) > 20  # the tabs above did change their height


def test_another_window_follows(page, book):
    page.goto(f"{book}/{WITHOUT}")
    other = page.context.new_page()
    other.goto(f"{book}/{WITH}")
    pick(other, "jax")
    page.wait_for_url("**/dropout.html?framework=jax")
    assert shown(page) == chooser(page).input_value() == "jax"
    assert offered(page).endswith("jax/dropout.ipynb")


def test_the_notebook_offered_is_the_chosen_frameworks(page, book):
    page.goto(f"{book}/{WITH}")
    assert offered(page) == "../notebooks/pytorch/signal.ipynb"
    pick(page, "numpy")
    assert offered(page) == "../notebooks/numpy/signal.ipynb"
    page.get_by_label("Download this page").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=".ipynb (NumPy)").click()
    assert download.value.suggested_filename == "signal.ipynb"
    page.goto(f"{book}/{WITHOUT}")  # has none: what it shows instead
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


def test_a_link_to_a_framework_that_the_page_has_not(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=numpy")
    assert page.locator(NOTE).inner_text() == "This page has no NumPy; it shows PyTorch."


def test_a_cell_without_the_framework_says_what_there_is(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=mxnet")
    notes = page.locator(".framework-tabs-note").filter(visible=True).all_inner_texts()
    assert any(re.fullmatch(r"No MXNet code here: only .* needs? this step\.", n) for n in notes)


def test_going_back_keeps_the_newest_choice(page, book):
    page.goto(f"{book}/{PAGES[0]}?framework=jax")
    page.goto(f"{book}/{PAGES[1]}")
    pick(page, "mxnet")
    page.go_back()
    assert page.url.startswith(f"{book}/{PAGES[0]}")
    assert shown(page) == chooser(page).input_value() == "mxnet"
    assert page.url.endswith("?framework=mxnet")
    page.go_back()  # to where the tab was opened
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


def test_a_page_kept_by_the_browser_learns_of_a_choice_made_since(page, book):
    page.goto(f"{book}/{WITHOUT}?framework=jax")
    page.evaluate(
        f"{STORED.replace('getItem', 'setItem')[:-1]}, 'mxnet');"
        "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    )
    assert shown(page) == "mxnet"


@pytest.mark.parametrize("bad", ["nonsense", "", "JAX", "constructor", "%3Cb%3E"])
def test_a_bad_name_in_the_address_is_ignored(page, book, bad):
    page.goto(f"{book}/{WITHOUT}?framework=jax")
    page.goto(f"{book}/{WITHOUT}?framework={bad}&other=1#sec-dropout-measured")
    assert shown(page) == page.evaluate(STORED) == "jax"
    assert page.url.endswith("?framework=jax&other=1#sec-dropout-measured")
    page.evaluate("localStorage.clear()")
    page.goto(f"{book}/{WITHOUT}?framework={bad}")
    assert shown(page) == "pytorch"
    assert "framework=" not in page.url


def test_a_bad_name_in_storage_is_ignored(page, book):
    page.add_init_script(f"{STORED.replace('getItem', 'setItem')[:-1]}, 'nonsense')")
    page.goto(f"{book}/{WITHOUT}")
    assert shown(page) == chooser(page).input_value() == "pytorch"


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
    page.reload()  # the address has it
    assert shown(page) == "jax"


class Halting(http.server.SimpleHTTPRequestHandler):
    """Sends the first two thirds of a page, and the rest when it is told to."""

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

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.mark.parametrize("path", [WITH, WITHOUT])
def test_the_choice_is_there_before_the_page_is(page, book_folder, path):
    """Of a page that arrives slowly, every tab set shows the choice as soon as it is there."""
    Halting.go_on.clear()
    page.add_init_script(f"{STORED.replace('getItem', 'setItem')[:-1]}, 'mxnet');" + SHIFTS)
    page.set_viewport_size({"width": 1280, "height": 6000})  # the tabs are in view
    handler = functools.partial(Halting, directory=book_folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            page.goto(f"http://127.0.0.1:{server.server_port}/{path}", wait_until="commit")
            page.wait_for_function(f"({SHOWN})().length > 3")
            page.evaluate("() => new Promise(requestAnimationFrame)")
            assert page.evaluate("document.readyState") == "loading"
            arrived = page.evaluate(SHOWN)[:-1]  # the last set is still without its end
            assert set(arrived) == {"mxnet"}
        finally:
            Halting.go_on.set()
        page.wait_for_load_state()
        assert shown(page) == "mxnet"
        server.shutdown()


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("path", EXECUTED)
def test_nothing_jumps_when_a_page_with_a_stored_choice_is_opened(page, book, path, width):
    page.add_init_script(f"{STORED.replace('getItem', 'setItem')[:-1]}, 'mxnet');" + SHIFTS)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{book}/{path}")
    page.evaluate("() => new Promise(done => setTimeout(done, 200))")
    assert shown(page) == "mxnet"
    assert page.evaluate("shift") < 0.02


def test_what_is_read_stays_where_it_was_when_another_window_chooses(page, book):
    page.goto(f"{book}/{WITHOUT}#sec-dropout-measured")
    page.add_style_tag(content="* { overflow-anchor: none !important; }")
    heading = page.locator("h2", has_text="What did dropout do here?")
    above, before = page.evaluate("scrollY"), heading.bounding_box()["y"]
    other = page.context.new_page()
    other.goto(f"{book}/{WITH}")
    pick(other, "tensorflow")
    page.wait_for_url("**framework=tensorflow**")
    assert abs(heading.bounding_box()["y"] - before) <= 4
    assert abs(page.evaluate("scrollY") - above) > 20


@pytest.mark.parametrize("path", EXECUTED)
def test_every_tab_of_every_set_belongs_to_the_one_choice(visit, path):
    labels = visit(path).locator(".framework-tabs > label")
    assert labels.count() > 3
    groups = labels.evaluate_all("all => all.map(label => label.dataset.syncGroup)")
    assert set(groups) == {"framework"}

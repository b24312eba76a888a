"""What differs between browsers, in Debian's Firefox (by Marionette) and WebKit (by WebDriver).

All other tests run in Chromium only. A browser that is missing skips its tests with a message.
"""

import base64
import contextlib
import functools
import io
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from browsing import SHOWN, QuietHandler, served
from PIL import Image

FIREFOX = shutil.which("firefox-esr")
WEBKIT = shutil.which("WebKitWebDriver")
MINI_BROWSER = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
XVFB = shutil.which("Xvfb")
PAGE, NEXT, WITH_NUMPY = (f"chapters/{name}.html" for name in ("dropout", "rates", "signal"))
CHOOSER = "document.getElementById('framework-chooser')"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PATIENCE = 10  # seconds


class Window:
    """One window of a browser; subclasses speak its protocol."""

    def __init__(self, driver, folder, address):
        self.driver, self.folder, self.address = driver, folder, address

    def evaluate(self, expression):
        """The value of a JavaScript expression."""
        return self.driver.execute_script(f"return ({expression})")

    def wait(self, expression):
        """Wait until the expression is true, and return its value."""
        end = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"still not true after {PATIENCE} s: {expression}"
            time.sleep(0.05)
        return value

    def open(self, path, *, as_file=False):
        """Open a page of the book, from the server or from its folder, without a stored choice."""
        self.visit(path, as_file=as_file)
        self.driver.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.visit(path, as_file=as_file)

    def visit(self, path, *, as_file=False):
        """Open a page of the book with the choice that is stored."""
        self.go(f"{self.folder.as_uri() if as_file else self.address}/{path}")
        self.loaded(path)

    def follow(self, selector):
        """Follow the first link with this selector, and wait for its page."""
        path = self.evaluate(f"document.querySelector({selector!r}).getAttribute('href')")
        self.driver.execute_script(f"document.querySelector({selector!r}).click()")
        self.loaded(path.rpartition("/")[2])

    def loaded(self, path):
        name = path.partition("?")[0].partition("#")[0]
        self.wait(f"location.pathname.endsWith('/{name}') && document.readyState === 'complete'")

    def shown(self):
        """The one framework that all tab sets of the page show."""
        (framework,) = set(self.evaluate(f"({SHOWN})()"))
        return framework

    def choose(self, framework):
        """Choose in the header."""
        self.driver.execute_script(
            f"{CHOOSER}.value = '{framework}';"
            f"{CHOOSER}.dispatchEvent(new Event('change', {{bubbles: true}}))"
        )

    def find(self, selector):
        """The first element with this selector, as the driver knows it."""
        return self.driver.find_element("css selector", selector)

    def type(self, text):
        """Type into the element that has the focus."""
        self.find(":focus").send_keys(text)

    def picture(self, selector):
        """The pixels of the first element with this selector, as shown."""
        place = f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})"
        self.driver.execute_script(place)
        data = Image.open(io.BytesIO(self.screenshot(self.find(selector)))).convert("RGB")
        return np.asarray(data).astype(int)


class Firefox(Window):
    def go(self, address):
        self.driver.navigate(address)

    def back(self):
        self.driver.go_back()

    def resize(self, width):
        self.driver.set_window_rect(width=width, height=900)

    def screenshot(self, element):
        return base64.b64decode(self.driver.screenshot(element, full=False))


class WebKit(Window):
    def go(self, address):
        self.driver.get(address)

    def back(self):
        self.driver.back()

    def resize(self, width):
        self.driver.set_window_size(width, 900)

    def screenshot(self, element):
        return element.screenshot_as_png


@contextlib.contextmanager
def firefox():
    if FIREFOX is None:
        pytest.skip("Firefox is not on the path: install Debian's package firefox-esr")
    from marionette_driver.marionette import Marionette

    driver = Marionette(
        bin=FIREFOX, headless=True, gecko_log=os.devnull, prefs={"ui.systemUsesDarkTheme": 0}
    )
    try:
        driver.start_session()
        yield driver
        driver.delete_session()
    finally:
        driver.cleanup()


@contextlib.contextmanager
def webkit():
    if None in (WEBKIT, MINI_BROWSER, XVFB):
        pytest.skip("WebKit is not there: install Debian's packages webkit2gtk-driver and xvfb")
    from selenium.webdriver import WebKitGTK
    from selenium.webdriver.webkitgtk.options import Options
    from selenium.webdriver.webkitgtk.service import Service

    # -displayfd lets the server choose a free display and write its number
    reading, writing = os.pipe()
    command = [XVFB, "-displayfd", str(writing), "-screen", "0", "1500x1000x24"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as display:
            number = display.readline().strip()
        options = Options()
        options.binary_location = str(MINI_BROWSER)
        options.add_argument("--automation")
        environment = os.environ | {
            "DISPLAY": f":{number}",
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        }
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        driver = WebKitGTK(options=options, service=Service(WEBKIT, port=port, env=environment))
        yield driver
        driver.quit()
    finally:
        server.terminate()
        server.wait()


BROWSERS = {"firefox": (firefox, Firefox), "webkit": (webkit, WebKit)}


@pytest.fixture(scope="module", params=BROWSERS)
def opened(request, book_folder):
    start, kind = BROWSERS[request.param]
    handler = functools.partial(QuietHandler, directory=book_folder)
    with served(handler) as (address, _), start() as driver:
        yield kind(driver, book_folder, address)


@pytest.fixture
def window(opened):
    """A window, 1,280 pixels wide."""
    opened.resize(1280)
    return opened


@pytest.mark.parametrize("as_file", [False, True], ids=["served", "from a folder"])
def test_one_choice_switches_every_set_here_and_on_the_next_page(window, as_file):
    window.open(PAGE, as_file=as_file)
    window.choose("jax")
    assert len(window.evaluate(f"({SHOWN})()")) > 10
    assert window.shown() == "jax"
    window.follow("a.right-next")
    assert window.shown() == window.evaluate(f"{CHOOSER}.value") == "jax"


def test_back_shows_what_was_shown(window):
    window.open(f"{PAGE}?framework=jax")
    window.choose("mxnet")
    window.follow("a.right-next")
    window.back()
    window.loaded(PAGE)
    window.wait(f"{CHOOSER}.value === 'mxnet'")
    assert window.shown() == "mxnet"
    assert window.evaluate("location.search") == "?framework=mxnet"


def test_the_framework_of_a_link_keeps_the_choice_before_it(window):
    window.open(PAGE)
    window.choose("mxnet")
    window.visit(f"{WITH_NUMPY}?framework=numpy")
    assert window.shown() == "numpy"
    window.visit(PAGE)
    assert window.shown() == "mxnet"


def test_a_tab_is_chosen_by_keyboard(window):
    window.open(f"{PAGE}?framework=pytorch")
    window.driver.execute_script(
        "document.querySelector('.framework-tabs > input:checked').focus()"
    )
    window.type("\ue014")  # the right arrow
    assert window.shown() == "tensorflow"


def test_a_key_chooses_the_next_framework(window):
    window.open(f"{PAGE}?framework=pytorch")
    window.driver.execute_script("document.activeElement.blur()")
    window.find("body").send_keys("f")
    window.wait(f"{CHOOSER}.value === 'tensorflow'")
    assert window.shown() == "tensorflow"


def test_two_frameworks_are_beside_each_other(window):
    window.open(f"{WITH_NUMPY}?framework=jax&compare=pytorch")
    window.wait("document.querySelectorAll('.framework-tabs').length")
    boxes = window.evaluate("""
        [...document.querySelectorAll('.framework-tabs')].map(set =>
            [...set.querySelectorAll(':scope > .sd-tab-content')]
            .filter(panel => panel.getClientRects().length)
            .map(panel => panel.getBoundingClientRect())
            .map(({left, right, top}) => ({left, right, top})))
        .filter(panels => panels.length === 2)""")
    assert len(boxes) > 5
    boxes = [sorted(pair, key=lambda box: box["left"]) for pair in boxes]
    beside = [(left, right) for left, right in boxes if abs(left["top"] - right["top"]) < 1]
    assert len(beside) > len(boxes) / 2
    assert all(left["right"] < right["left"] for left, right in beside)


def test_a_figure_is_dark_on_a_dark_page(window):
    """Although the system's theme, which WebKit applies to pictures, is light."""
    figure = "[...document.querySelectorAll('article .cell_output img')].find(e => e.clientWidth)"
    medians = []
    for theme in ("light", "dark"):
        window.open("chapters/many_layers.html")
        window.driver.execute_script(
            f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
        )
        window.visit("chapters/many_layers.html")
        window.wait(f"document.documentElement.dataset.theme === '{theme}'")
        window.driver.execute_script(f"{figure}.id = 'seen'; {figure}.loading = 'eager'")
        window.wait("document.getElementById('seen').complete")
        medians.append(np.median(window.picture("#seen")))
    assert medians[0] > 0xF0
    assert medians[1] < 0x40


@pytest.mark.parametrize("as_file", [False, True], ids=["served", "from a folder"])
def test_the_search_finds_a_misspelt_word_and_leads_there(window, as_file):
    window.open("chapters/index.html", as_file=as_file)
    window.find("body").send_keys("/")
    if not window.evaluate("document.querySelector('dialog[open]') !== null"):
        window.driver.execute_script("document.querySelector('.search-button').click()")
    window.wait("document.querySelector('dialog[open] input[type=search]')")
    window.find("dialog[open] input[type=search]").send_keys("dropblok share of pixels")
    window.wait("document.querySelector('dialog .search-list a')")
    window.driver.execute_script("document.querySelector('dialog .search-list a').click()")
    window.loaded("chapters/dropblock.html")
    window.wait("location.hash !== '' && scrollY > 0")


def test_formulas_are_set_in_the_books_font(window):
    window.open(WITH_NUMPY)
    window.wait("document.fonts.status === 'loaded'")
    assert window.evaluate("document.fonts.check('16px \"STIX Two Math\"', '∑')")
    family = "getComputedStyle(document.querySelector('article math')).fontFamily"
    assert "STIX Two Math" in window.evaluate(family)
    heights = window.evaluate("""
        ['mfrac', 'mi'].map(name => [...document.querySelectorAll(`article math ${name}`)]
        .map(e => e.getBoundingClientRect().height).find(height => height > 0))""")
    assert heights[0] > 1.5 * heights[1]  # numerator above denominator


def test_a_link_to_a_folded_solution_opens_it(window):
    window.open("chapters/solutions_dropout.html")
    name = window.evaluate("document.querySelector('article [id^=sol-]').id")
    window.driver.execute_script(f"location.hash = '{name}'")
    window.wait(f"""[...document.querySelectorAll('[id="{name}"] p')]
        .some(e => e.getClientRects().length)""")


def test_no_page_scrolls_sideways_on_a_phone(window):
    window.resize(450)  # as narrow as Firefox's window becomes
    for path in (PAGE, "chapters/dropblock.html", "chapters/choosing.html"):
        window.open(path)
        assert window.evaluate("innerWidth") < 600
        assert window.evaluate(SIDEWAYS) <= 0

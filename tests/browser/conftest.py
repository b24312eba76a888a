"""The built book on its own server, and pages of a real Chromium."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import CHROMIUM, FONTS, QuietHandler, served
from filelock import FileLock

ROOT = Path(__file__).parents[2]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test in this folder."""
    item.add_marker("browser")


@pytest.fixture(scope="session")
def book_folder(tmp_path_factory, worker_id):
    """The folder of the book: BUILT_BOOK, or one build of the tree for all xdist workers."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not on the path: install Debian's package chromium")
    if "BUILT_BOOK" in os.environ:
        html = Path(os.environ["BUILT_BOOK"]).resolve()
        assert (html / "index.html").exists(), f"No book in BUILT_BOOK={html}. Run: make book"
        return html
    own = tmp_path_factory.getbasetemp()
    out = (own if worker_id == "master" else own.parent) / "book"
    html = out / "_build" / "html"
    with FileLock(f"{out}.lock"):
        if not html.exists():
            jupyter_book = Path(sys.executable).with_name("jupyter-book")
            built = subprocess.run(
                [jupyter_book, "build", "--path-output", out, ROOT],
                capture_output=True,
                text=True,
                check=False,
            )
            if built.returncode:
                shutil.rmtree(out, ignore_errors=True)
            assert built.returncode == 0, built.stdout + built.stderr
    return html


@pytest.fixture(scope="session")
def book(book_folder):
    """The address of the book."""
    with served(functools.partial(QuietHandler, directory=book_folder)) as (address, _):
        yield address


# Module scope, because Playwright's event loop conflicts with tests that run notebooks
@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("Chromium is not on the path: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                # Block all other hosts, so that results do not depend on the network.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A page of a new profile with empty storage."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def without_scripts(chromium):
    """A page that runs no JavaScript."""
    context = chromium.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def visit(chromium, book):
    """Open a page with this theme, width and preference for motion, and wait for its fonts.

    For tests that need no page of their own: it opens in half the time.
    """
    pages = {}

    def open_page(path, theme="light", width=1280, motion="reduce"):
        reader = theme, width, motion
        if reader in pages:  # with a warm cache, but without a stored choice
            pages[reader].evaluate("() => localStorage.clear()")
        else:
            pages[reader] = chromium.new_context(
                viewport={"width": width, "height": 900}
            ).new_page()
        pages[reader].emulate_media(color_scheme=theme, reduced_motion=motion)
        pages[reader].goto(f"{book}/{path}")
        pages[reader].evaluate(FONTS)
        return pages[reader]

    yield open_page
    for page in pages.values():
        page.context.close()

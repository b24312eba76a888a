"""The book is one archive, works from a folder as from a server, and loads no third party."""

import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browsing import (
    Log,
    QuietHandler,
    fail_where,
    pages_of,
    pick,
    served,
    shown,
    wait_until_loaded,
)
from playwright.sync_api import expect

from tabbook.offline import pack


class DawdlingHandler(QuietHandler):
    """Sends the page at once, delays ``late`` and answers 404 to all else."""

    def do_GET(self):
        if self.path.startswith("/late"):
            self.server.left.wait(60)
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()
        if self.path == "/":
            self.wfile.write(
                b"<!DOCTYPE html><link rel=icon href=data:,><img src=late><img src=gone>"
            )


def test_the_log_tells_what_is_missing_from_what_was_left(chromium, tmp_path):
    with served(DawdlingHandler) as (home, server):
        server.left = threading.Event()
        page = chromium.new_page()
        log = Log(page)
        with page.expect_request(f"{home}/late"), page.expect_response(f"{home}/gone"):
            page.goto(home, wait_until="domcontentloaded")
        # Chromium may also abort the page itself, which has arrived but is not yet complete.
        with page.expect_event("requestfailed", lambda request: request.url == f"{home}/late"):
            page.goto("about:blank")
        server.left.set()
    assert log.missing == [f"{home}/gone"]
    (tmp_path / "page.html").write_text("<link rel=icon href=none.svg><img src=none.png>")
    # A browser requests the icon after the page has loaded.
    with page.expect_event("requestfailed", lambda request: request.url.endswith("none.svg")):
        page.goto((tmp_path / "page.html").as_uri())
    assert {url.rsplit("/", 1)[-1] for url in log.missing} == {"gone", "none.svg", "none.png"}
    page.close()


def test_what_only_the_tests_need_is_not_in_the_book(book_folder):
    assert (book_folder / "reveal" / "LICENSE").exists()
    assert not list(book_folder.rglob("axe*"))
    assert not list(book_folder.rglob("fetch.py"))


@pytest.fixture(scope="module")
def unpacked(book_folder, tmp_path_factory):
    """The book's folder, unpacked from the archive."""
    folder = tmp_path_factory.mktemp("archive")
    archive = folder / "dropout-book.zip"
    subprocess.run([sys.executable, "-m", "tabbook.offline", book_folder, archive], check=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder / "dropout-book"


@pytest.fixture
def reader(chromium):
    """A page that may open only files."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield context.new_page()
    context.close()


def test_the_same_book_gives_the_same_archive(book_folder, unpacked, tmp_path):
    archive = tmp_path / "dropout-book.zip"
    assert pack(book_folder, archive) == archive.stat().st_size
    assert archive.read_bytes() == (unpacked.parent / "dropout-book.zip").read_bytes()


def test_an_archive_of_nothing_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="jupyter-book build"):
        pack(tmp_path, tmp_path / "book.zip")


def test_every_page_opens_from_a_folder(reader, unpacked):
    home, paths = unpacked.as_uri(), pages_of(unpacked)
    problems, links = {}, set()
    for start in range(0, len(paths), 4):  # four at once, because each waits
        tabs = {path: reader.context.new_page() for path in paths[start : start + 4]}
        logs = {path: Log(page) for path, page in tabs.items()}
        for path, page in tabs.items():
            page.goto(f"{home}/{path}", wait_until="commit")
        for path, page in tabs.items():
            wait_until_loaded(page, path)
            links |= set(page.eval_on_selector_all("a[href]", "all => all.map(link => link.href)"))
            problems[path] = logs[path].problems(home)
            page.close()
    fail_where(problems)
    inside = {urlsplit(link).path for link in links if link.startswith("file:")}
    assert len(inside) > len(paths) - 2  # no page links to the start page or the 404 page
    # On the file system, a folder does not open its index page.
    assert [path for path in inside if not Path(unquote(path)).is_file()] == []


def test_the_start_page_leads_in_and_keeps_the_choice(reader, unpacked):
    reader.goto(f"{unpacked.as_uri()}/index.html?framework=jax")
    reader.wait_for_url(lambda url: "/chapters/index.html" in url)
    assert reader.locator("#framework-chooser").input_value() == "jax"
    assert reader.locator("article h1").is_visible()


def test_tabs_chosen_on_one_page_hold_on_the_next(reader, unpacked):
    reader.goto(f"{unpacked.as_uri()}/chapters/dropout.html")
    pick(reader, "jax")
    reader.goto(f"{unpacked.as_uri()}/chapters/preliminaries.html")
    assert shown(reader) == "jax"


def test_search_finds_from_a_folder(reader, unpacked):
    log = Log(reader)
    reader.goto(f"{unpacked.as_uri()}/chapters/references.html")
    reader.keyboard.press("Control+k")
    reader.keyboard.type("dropblock share of pixels")
    first = reader.locator(".search-list > li").first
    expect(first.locator("p mark", has_text="pixels")).to_have_count(1)
    first.locator("a").click()
    reader.wait_for_url("**/chapters/dropblock.html*")
    reader.wait_for_function("CSS.highlights.has('search')")
    assert log.problems(unpacked.as_uri()) == []


# Addresses that a browser fetches: in a tag, a link or a style
LOADED = (
    r"""<(?:img|script|iframe|source|video|audio|embed|object|track|image|use)\b[^>]*?"""
    r"""\s(?:src|srcset|poster|data|(?:xlink:)?href)=["']((?:https?:)?//[^"']+)""",
    r"""<link\b(?![^>]*rel=["']canonical)[^>]*\shref=["']((?:https?:)?//[^"']+)""",
    r"""(?:url\(|@import )["']?((?:https?:)?//[^)"']+)""",
)


def test_no_file_names_a_third_party_where_a_browser_would_fetch_it(book_folder):
    """A browser may fetch late: a picture far down, a style for print or dark, a `preconnect`."""
    found = {}
    for path in sorted(book_folder.rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            text = path.read_text(encoding="utf-8")
            found[path.name] = [url for rule in LOADED for url in re.findall(rule, text)]
    fail_where(found)

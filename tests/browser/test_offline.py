"""The book is light, asks nobody else for anything, and is read from a folder as from a server."""

import gzip
import http.server
import re
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from test_tabs import SHOWN

from tabbook.offline import pack

LIMIT = 600_000  # bytes, compressed as a server sends them; fonts come on top, once for all pages
WEIGHED = ("document", "stylesheet", "script", "image")


def pages_of(folder):
    """Every page that the book has, by its path."""
    pages = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
    return [path for path in pages if not path.startswith("_static/")]


class Log:
    """What a page asks for, what it does not get, and what its console says."""

    def __init__(self, page):
        self.asked, self.missing, self.complaints = [], [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("requestfailed", self.failed)
        page.on("response", lambda answer: answer.status >= 400 and self.missing.append(answer.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: said.type in ("error", "warning") and self.complaints.append(said.text),
        )

    def failed(self, request):
        # Who leads on or goes on gives up what has not come yet; what is not there has another name
        if request.failure != "net::ERR_ABORTED":
            self.missing.append(request.url)

    def elsewhere(self, home):
        return [url for url in self.asked if not url.startswith((home, "data:", "blob:"))]


class DawdlingHandler(http.server.BaseHTTPRequestHandler):
    """Sends a page at once, `late` never, and has nothing else."""

    def do_GET(self):
        if self.path.startswith("/late"):
            self.server.left.wait(60)
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()
        if self.path == "/":
            self.wfile.write(
                b"<!DOCTYPE html><link rel=icon href=data:,><img src=late><img src=gone>"
            )

    def log_message(self, *arguments):
        """Say nothing: pytest's output is no access log."""


def test_the_log_tells_what_is_missing_from_what_was_left(chromium, tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), DawdlingHandler) as server:
        server.left = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_port}"
        page = chromium.new_page()
        log = Log(page)
        with page.expect_request(f"{home}/late"), page.expect_response(f"{home}/gone"):
            page.goto(home, wait_until="domcontentloaded")
        # It may give up the page itself, too: all of that is there, but not yet said to be
        with page.expect_event("requestfailed", lambda request: request.url == f"{home}/late"):
            page.goto("about:blank")
        server.left.set()
        server.shutdown()
    assert log.missing == [f"{home}/gone"]
    (tmp_path / "page.html").write_text("<link rel=icon href=none.svg><img src=none.png>")
    page.goto((tmp_path / "page.html").as_uri(), wait_until="networkidle")
    assert {url.rsplit("/", 1)[-1] for url in log.missing} == {"gone", "none.svg", "none.png"}
    page.close()


@pytest.fixture(scope="module")
def first_visits(chromium, book, book_folder):
    """The log and the weight of every page, for somebody who was never here."""
    logs, weights = {}, {}
    for path in pages_of(book_folder):
        context = chromium.new_context()
        page = context.new_page()
        logs[path], answers = Log(page), {}
        page.on("response", lambda answer, into=answers: into.update({answer.url: answer}))
        page.goto(f"{book}/{path}")
        page.wait_for_load_state("networkidle")
        if path != "index.html":  # leads to another page at once
            pictures = page.eval_on_selector_all("img", "found => found.map(img => img.currentSrc)")
            assert {url for url in pictures if url.startswith("http")} <= set(answers), path
            weights[path] = Counter()
            for answer in list(answers.values()):
                if answer.request.resource_type in WEIGHED:
                    packed = len(gzip.compress(answer.body(), 6, mtime=0))
                    weights[path][answer.request.resource_type] += packed
        context.close()
    assert {"search.html", "genindex.html", "404.html", "index.html"} < set(logs)
    return logs, weights


def test_no_page_asks_a_third_party_or_complains(first_visits, book):
    problems, fonts = {}, set()
    for path, log in first_visits[0].items():
        found = log.elsewhere(book) + log.missing + log.complaints
        if found:
            problems[path] = found
        fonts |= {url for url in log.asked if "/stix-two-math/" in url}
    assert problems == {}
    assert len(fonts) == 1


def test_no_page_is_heavy(first_visits):
    """All pictures count, those in tabs that are not shown as well."""
    weights = first_visits[1]
    assert all(weight["document"] and weight["script"] for weight in weights.values())
    heavy = {path: dict(w) for path, w in weights.items() if w.total() > LIMIT}
    assert heavy == {}, heavy
    heaviest = max(weights, key=lambda path: weights[path].total())
    print(f"The heaviest page: {heaviest}, {dict(weights[heaviest])}")


def test_what_only_the_tests_need_is_not_in_the_book(book_folder):
    assert (book_folder / "reveal" / "LICENSE").exists()
    assert not list(book_folder.rglob("axe*"))
    assert not list(book_folder.rglob("fetch.py"))


@pytest.fixture(scope="module")
def unpacked(book_folder, tmp_path_factory):
    """The book's folder, as who unpacks the archive gets it."""
    folder = tmp_path_factory.mktemp("archive")
    archive = folder / "dropout-book.zip"
    subprocess.run([sys.executable, "-m", "tabbook.offline", book_folder, archive], check=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder / "dropout-book"


@pytest.fixture
def reader(chromium):
    """A page that may open files, and nothing else."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield context.new_page()
    context.close()


def test_the_same_book_gives_the_same_archive(book_folder, tmp_path):
    archives = [tmp_path / number / "book.zip" for number in "12"]
    for archive in archives:
        archive.parent.mkdir()
        assert pack(book_folder, archive) == archive.stat().st_size
    first, second = (archive.read_bytes() for archive in archives)
    assert first == second


def test_an_archive_of_nothing_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="Run: make book"):
        pack(tmp_path, tmp_path / "book.zip")


def test_every_page_opens_from_a_folder(reader, unpacked):
    home, problems = unpacked.as_uri(), {}
    links = set()
    for path in pages_of(unpacked):
        log = Log(reader.context.new_page())
        page = reader.context.pages[-1]
        page.goto(f"{home}/{path}", wait_until="load")
        page.wait_for_load_state("networkidle")
        links |= set(page.eval_on_selector_all("a[href]", "found => found.map(link => link.href)"))
        found = log.elsewhere(home) + log.missing + log.complaints
        if found:
            problems[path] = found
        page.close()
    assert problems == {}
    inside = {urlsplit(link).path for link in links if link.startswith("file:")}
    assert len(inside) > len(pages_of(unpacked)) - 2  # the front door's page, and the 404's
    # From the file system a folder has no page of its own
    assert [path for path in inside if not Path(unquote(path)).is_file()] == []


def test_the_front_door_leads_in_and_keeps_the_choice(reader, unpacked):
    reader.goto(f"{unpacked.as_uri()}/index.html?framework=jax")
    reader.wait_for_url(lambda url: "/chapters/index.html" in url)
    assert reader.locator("#framework-chooser").input_value() == "jax"
    assert reader.locator("article h1").is_visible()


def test_tabs_chosen_on_one_page_hold_on_the_next(reader, unpacked):
    reader.goto(f"{unpacked.as_uri()}/chapters/dropout.html")
    reader.locator('.framework-tabs label[data-sync-id="jax"]').first.click()
    reader.goto(f"{unpacked.as_uri()}/chapters/preliminaries.html")
    assert set(reader.evaluate(SHOWN)) == {"jax"}


def test_search_finds_from_a_folder(reader, unpacked):
    log = Log(reader)
    reader.goto(f"{unpacked.as_uri()}/chapters/references.html", wait_until="networkidle")
    reader.keyboard.press("Control+k")
    reader.keyboard.type("DropBlock")
    reader.keyboard.press("Enter")
    reader.wait_for_url("**/search.html?q=DropBlock")
    hits = reader.locator("ul.search li a")
    hits.first.wait_for()
    assert "chapters/spatial.html" in " ".join(
        hits.evaluate_all("found => found.map(link => link.href)")
    )
    hits.first.click()
    reader.wait_for_url("**/chapters/*.html*")
    reader.wait_for_load_state("networkidle")
    assert "DropBlock" in reader.locator("article").inner_text()
    assert log.elsewhere(unpacked.as_uri()) + log.missing + log.complaints == []


# What a browser would fetch: from a tag, a link or a style
LOADED = (
    r"""<(?:img|script|iframe|source|video|audio|embed|object|track|image|use)\b[^>]*?"""
    r"""\s(?:src|srcset|poster|data|(?:xlink:)?href)=["']((?:https?:)?//[^"']+)""",
    r"""<link\b(?![^>]*rel=["']canonical)[^>]*\shref=["']((?:https?:)?//[^"']+)""",
    r"""(?:url\(|@import )["']?((?:https?:)?//[^)"']+)""",
)


def test_no_file_names_a_third_party_where_a_browser_would_fetch_it(book_folder):
    """Sooner or later: a picture far down, a style for paper or for the dark, a `preconnect`."""
    found = {}
    for path in sorted(book_folder.rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            text = path.read_text(encoding="utf-8")
            if named := [url for rule in LOADED for url in re.findall(rule, text)]:
                found[path.name] = named
    assert found == {}

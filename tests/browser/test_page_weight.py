"""How much a reader has to fetch for a page."""

import gzip
from collections import Counter

from test_offline import pages_of

LIMIT = 600_000  # bytes, compressed as a server sends them; fonts come on top, once for all pages
WEIGHED = ("document", "stylesheet", "script", "image")


def test_no_page_is_heavy(chromium, book, book_folder):
    """All pictures count, those in tabs that are not shown as well."""
    weights = {}
    for path in pages_of(book_folder):
        if path == "index.html":  # leads to another page at once
            continue
        context = chromium.new_context()
        page = context.new_page()
        answers = {}
        page.on("response", lambda answer, into=answers: into.update({answer.url: answer}))
        page.goto(f"{book}/{path}")
        page.wait_for_load_state("networkidle")
        pictures = page.eval_on_selector_all("img", "found => found.map(img => img.currentSrc)")
        assert {url for url in pictures if url.startswith("http")} <= set(answers), path
        weights[path] = Counter()
        for answer in list(answers.values()):
            if answer.request.resource_type in WEIGHED:
                packed = len(gzip.compress(answer.body(), 6, mtime=0))
                weights[path][answer.request.resource_type] += packed
        context.close()
    assert all(weight["document"] and weight["script"] for weight in weights.values())
    heavy = {path: dict(w) for path, w in weights.items() if w.total() > LIMIT}
    assert heavy == {}, heavy
    heaviest = max(weights, key=lambda path: weights[path].total())
    print(f"The heaviest page: {heaviest}, {dict(weights[heaviest])}")

"""A table of the lengths of the built book's pages: words of prose, and screens of 1440 × 900.

This is no test, because a long page is only a warning. `make lengths` runs it on the built book.
"""

import functools
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS))  # as pytest does

from browsing import CHROMIUM, FONTS, PAGES, REFERENCE, QuietHandler, served, store  # noqa: E402

WORDS, SCREENS = 2600, 16
WIDTH, HEIGHT = 1440, 900

# The words that a reader of one framework sees, without code, outputs, formulas and folded text
PROSE = """() => {
    const other = '.cell, pre, math, script, style, .headerlink, .sd-tab-label, .toctree-wrapper';
    const walk = document.createTreeWalker(document.querySelector('article'), NodeFilter.SHOW_TEXT);
    let words = 0;
    while (walk.nextNode()) {
        const parent = walk.currentNode.parentElement;
        if (parent.closest(other) || !parent.checkVisibility()) continue;
        words += walk.currentNode.data.split(/\\s+/).filter(word => /\\w/.test(word)).length;
    }
    return words;
}"""
HEIGHT_OF = "() => document.querySelector('article').getBoundingClientRect().height"


def length(page: Page, address: str) -> tuple[int, float]:
    """The words and screens of a page, with its folds in their initial state."""
    page.goto(address)
    page.evaluate(FONTS)
    return page.evaluate(PROSE), page.evaluate(HEIGHT_OF) / HEIGHT


def main() -> None:
    """Print the table and mark pages over a limit."""
    html = Path(sys.argv[1]) if len(sys.argv) > 1 else TESTS.parent / "_build" / "html"
    if not (html / "index.html").exists():
        sys.exit(f"Expected a built book in {html}; found none. Run: make book")
    if CHROMIUM is None:
        sys.exit("Expected Chromium on the path; found none. Install Debian's package chromium.")
    print(f"{'page':<34}{'words':>7}{'screens':>9}")
    with (
        sync_playwright() as playwright,
        served(functools.partial(QuietHandler, directory=html)) as (book, _),
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.add_init_script(store("pytorch"))
        for path in PAGES:
            if path in REFERENCE or not path.startswith("chapters/"):
                continue
            words, screens = length(page, f"{book}/{path}")
            over = words > WORDS or screens > SCREENS
            name = path.removeprefix("chapters/").removesuffix(".html")
            print(f"{name:<34}{words:>7}{screens:>9.1f}{'  long' if over else ''}")
    print(f"Limits, as a warning: {WORDS} words, {SCREENS} screens of {WIDTH} x {HEIGHT}.")


if __name__ == "__main__":
    main()

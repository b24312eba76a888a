"""Helpers of the browser tests: the server, the pages, their requests and console, the choice,
axe-core."""

import contextlib
import http.server
import shutil
import threading

import pytest
from backends import FRAMEWORKS, ROOT

from tabbook.pages import source
from tabbook.slides import decks as slides

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SOURCES = {f"chapters/{page.name}.html": page for page in source.pages(ROOT / "chapters")}
# The pages whose code is in tabs. The others have code in NumPy only.
TABBED = [path for path, page in SOURCES.items() if len(page.frameworks) > 1]
PICTURED = [
    path
    for path, page in SOURCES.items()
    if "image/svg+xml" in page.notebook(page.frameworks[0]).read_text(encoding="utf-8")
]
REFERENCE = [f"chapters/api/{name}.html" for name in ("index", *FRAMEWORKS)]
DECKS = [
    slides.location(outline.stem, framework)
    for outline in slides.outlines(ROOT / "chapters")
    for framework in source.read_page(ROOT / "chapters" / outline.name).frameworks
]
PAGES = [
    *(f"chapters/{path.stem}.html" for path in sorted((ROOT / "chapters").glob("*.md"))),
    *REFERENCE,
    *("search.html", "genindex.html", "py-modindex.html", "404.html"),
]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Print nothing: an access log would clutter pytest's output."""


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Print nothing: a page that is left early closes its connection."""


@contextlib.contextmanager
def served(handler):
    """The address of a server on the loopback interface, and the server."""
    with QuietServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", server
        server.shutdown()


def pages_of(folder):
    """The paths of the book's HTML files, without those in ``_static``."""
    paths = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
    return [path for path in paths if not path.startswith("_static/")]


def fail_where(found):
    """Fail with the findings of every page, if there are any."""
    told = [f"{path}: {what}" for path, all_of_it in found.items() for what in all_of_it]
    if told:
        pytest.fail("\n".join(told), pytrace=False)


class Log:
    """The requests of a page, the failed ones, and the messages of its console."""

    def __init__(self, page):
        self.start()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("requestfailed", self.failed)
        page.on("response", lambda answer: answer.status >= 400 and self.missing.append(answer.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: said.type in ("error", "warning") and self.complaints.append(said.text),
        )

    def start(self):
        """Begin again: what was logged before no longer counts."""
        self.asked, self.missing, self.complaints = [], [], []

    def failed(self, request):
        # A redirect or a new page aborts pending requests; a missing file is another error.
        if request.failure != "net::ERR_ABORTED":
            self.missing.append(request.url)

    def problems(self, home):
        """Requests to other places than ``home``, missing files, and messages of the console."""
        elsewhere = [url for url in self.asked if not url.startswith((home, "data:", "blob:"))]
        return elsewhere + self.missing + self.complaints


# --- the choice of a framework ------------------------------------------------------------------

KEY = "sphinx-design-tab-id-framework"
STORED = f"localStorage.getItem('{KEY}')"


def store(framework):
    """A script that stores the choice of this framework before a page opens."""
    return f"localStorage.setItem('{KEY}', '{framework}');"


# The framework that each framework tab set of the page shows
SHOWN = """() => [...document.querySelectorAll('.sd-tab-set')]
    .filter(set => set.querySelector('[data-sync-group="framework"]'))
    .map(set => set.querySelector(':scope > input:checked + label').dataset.syncId)"""


def pick(page, framework, number=0):
    label = f'label[data-sync-group="framework"][data-sync-id="{framework}"]'
    page.locator(label).nth(number).click()


def shown(page):
    """The one framework that all tab sets of the page show."""
    (framework,) = set(page.evaluate(SHOWN))
    return framework


# --- layout shifts ------------------------------------------------------------------------------

SHIFTS = """
    window.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
      window.shift += entry.value;
    })).observe({ type: "layout-shift", buffered: true });
"""
FONTS = "() => document.fonts.ready.then(() => true)"
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LATER = "() => performance.now() > performance.getEntriesByType('navigation')[0].loadEventEnd + 200"


def wait_until_loaded(page, path=None):
    """Wait for the page, its fonts, and 0.2 s more in which its scripts may ask for something.

    The start page, by its ``path``, leads on: wait for the page that it leads to. Playwright's
    "networkidle" does not serve: a page that leads on can keep it waiting until its timeout.
    """
    if path == "index.html":
        page.wait_for_url("**/chapters/index.html")
    page.wait_for_load_state()
    page.evaluate(FONTS)
    page.wait_for_function(LATER)


@contextlib.contextmanager
def first_visits(chromium, theme, width, script=""):
    """A page on which each address opens as on a first visit: with an empty cache, and in storage
    only what ``script`` puts there; and a function that leaves an address. One page for all
    addresses takes half the time of a page for each.
    """
    context = chromium.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    empty = "localStorage.clear(); sessionStorage.clear();"
    page.add_init_script(f"if (location.origin !== 'null') {{ {empty} {script} {SHIFTS} }}")

    def leave():
        """Leave an address, so that its late requests do not count for the next one."""
        page.goto("about:blank")
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="no-preference")

    yield page, leave
    context.close()


def shift(page):
    """The layout shift of the page up to 0.2 s after it and its fonts have loaded."""
    wait_until_loaded(page)
    return page.evaluate("shift")


# --- text -----------------------------------------------------------------------------------------

# TeX left in prose or formulas; code may contain it
TEX = r"""() => [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('script, style, pre, code'))
    .flatMap(e => [...e.childNodes].filter(node => node.nodeType === Node.TEXT_NODE))
    .map(node => node.data)
    .filter(text => /\\[a-zA-Z]+|\\[([,;]|\$[^$]+\$/.test(text))"""

# --- axe-core -----------------------------------------------------------------------------------

AXE = (ROOT / "third_party" / "tests" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
AXE += "\n0"  # or else Playwright returns axe, which takes longer than to load it
#: WCAG 2.2 A and AA, and axe's best practices, for example landmarks and the order of headings
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OPEN_ALL = """() => {
  document.querySelectorAll('details').forEach(d => { d.open = true });
  document.querySelectorAll('.toggle-hidden .toggle-button').forEach(e => e.click());
}"""

# Axe skips the content of hidden tabs, but it is twice as fast without it.
EMPTY_HIDDEN = """() => document.querySelectorAll('.framework-tabs > .sd-tab-content')
    .forEach(panel => panel.checkVisibility() || panel.replaceChildren())"""

# Contrast takes most of axe's time, so it checks only three of the elements with the same colours,
# backgrounds and positioning. All other rules check every element.
SAME_LOOK = """() => {
  const seen = {}, grounds = new Map([[null, '']]);
  const ground = e => {
    if (!grounds.has(e)) {
      const style = getComputedStyle(e);
      const here = ['backgroundColor', 'backgroundImage', 'opacity', 'position', 'textShadow']
        .map(name => style[name]).join(' ');
      grounds.set(e, ground(e.parentElement)
                     + (here === 'rgba(0, 0, 0, 0) none 1 static none' ? '' : `|${here}`));
    }
    return grounds.get(e);
  };
  document.querySelectorAll('article *, nav *').forEach(e => {
    if (![...e.childNodes].some(node => node.nodeType === 3 && node.data.trim())) return;
    const {color, fontSize, fontWeight} = getComputedStyle(e);
    const look = [e.matches(':disabled'), e.checkVisibility({visibilityProperty: true}),
                  color, fontSize, fontWeight, ground(e)].join(' ');
    seen[look] = (seen[look] ?? 0) + 1;
    e.toggleAttribute('data-like', seen[look] > 3);
  });
  axe.configure({rules: [{id: 'color-contrast', selector: '*:not([data-like])'}]});
}"""

# Every element costs axe time, checked or not. The last check of a page may therefore remove those
# whose contrast it skips.
REMOVE_ALIKE = """() => {
  const goes = e => {
    const children = [...e.children], gone = children.filter(goes);
    const told = [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (gone.length === children.length && !e.matches('input, select, textarea')
        && (!told || e.matches('[data-like]'))) return true;
    gone.forEach(child => child.remove());
    return false;
  };
  document.querySelectorAll('article').forEach(goes);
}"""

# We allow one exception: axe ignores MathML, so a table heading that is a formula counts as empty.
VIOLATIONS = """async (rules) => {
  const result = await axe.run(document, {runOnly: rules, resultTypes: ['violations']});
  return result.violations.flatMap(({id, nodes}) => nodes
    .filter(({target}) => !(id === 'empty-table-header'
                            && document.querySelector(`${target[0]} math`)))
    .map(({target, failureSummary}) => `${id}: ${target}: ${failureSummary}`));
}"""

THEME = "() => document.documentElement.dataset.theme"

# The theme makes boxes that scroll focusable after a delay. The wait is limited, because axe
# reports boxes that stay unfocusable.
UNTIL_REACHABLE = """async () => {
  const scrolls = e => /auto|scroll/.test(getComputedStyle(e).overflow) && e.tabIndex < 0
    && (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight) && e.checkVisibility();
  const boxes = [...document.querySelectorAll('article *')].filter(scrolls);
  const end = performance.now() + 600;
  while (boxes.some(scrolls) && performance.now() < end)
    await new Promise(requestAnimationFrame);
}"""


def violations(page, rules=TAGS):
    """Axe-core's findings on the page in its present theme, with its folds open."""
    page.evaluate(OPEN_ALL)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(EMPTY_HIDDEN)
        page.evaluate(AXE)
        page.evaluate(UNTIL_REACHABLE)
    page.evaluate(SAME_LOOK)
    return page.evaluate(VIOLATIONS, rules)


def change_theme(page, theme):
    """Emulate a preference for this theme, and wait until the page has it."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(f"({THEME})() === {theme!r}")


def last_contrast_in(page, theme):
    """Axe-core's findings on the contrast of the page in this theme. The check removes parts of the
    page."""
    change_theme(page, theme)
    page.evaluate(OPEN_ALL)
    page.evaluate(SAME_LOOK)
    page.evaluate(REMOVE_ALIKE)
    return page.evaluate(VIOLATIONS, ["color-contrast"])

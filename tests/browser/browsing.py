"""What the browser tests share: the server, the pages, what a page asks for and says, the choice,
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
EXECUTED = list(SOURCES)
PICTURED = [
    path
    for path, page in SOURCES.items()
    if "image/svg+xml" in page.notebook("pytorch").read_text(encoding="utf-8")
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
        """Say nothing: pytest's output is no access log."""


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Say nothing: a page that is left early hangs up."""


@contextlib.contextmanager
def served(handler):
    """A server on the loopback: its address, and the server."""
    with QuietServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", server
        server.shutdown()


def pages_of(folder):
    """Every HTML file of the book but those of its scripts, by its path."""
    paths = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
    return [path for path in paths if not path.startswith("_static/")]


def fail_where(found):
    """Name every page for which something was found, and all of it; pass if there is none."""
    told = [f"{path}: {what}" for path, all_of_it in found.items() for what in all_of_it]
    if told:
        pytest.fail("\n".join(told), pytrace=False)


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

    def problems(self, home):
        """What was asked for elsewhere than at home, what is missing, what the console says."""
        elsewhere = [url for url in self.asked if not url.startswith((home, "data:", "blob:"))]
        return elsewhere + self.missing + self.complaints


# --- the choice of a framework ------------------------------------------------------------------

STORED = "localStorage.getItem('sphinx-design-tab-id-framework')"


def store(framework):
    """A script with which a page opens for somebody who chose this framework before."""
    return f"localStorage.setItem('sphinx-design-tab-id-framework', '{framework}');"


# For every framework tab set of the page: the framework that is shown.
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


# --- what moves ---------------------------------------------------------------------------------

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


def shift(page):
    """How far the page has moved by 0.2 s after it was loaded, its fonts included."""
    wait_until_loaded(page)
    return page.evaluate("shift")


# --- what is read ---------------------------------------------------------------------------------

# In words or in formulas; code may have it
TEX = r"""() => [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('script, style, pre, code'))
    .flatMap(e => [...e.childNodes].filter(node => node.nodeType === Node.TEXT_NODE))
    .map(node => node.data)
    .filter(text => /\\[a-zA-Z]+|\\[([,;]|\$[^$]+\$/.test(text))"""

# --- axe-core -----------------------------------------------------------------------------------

AXE = (ROOT / "third_party" / "tests" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
#: WCAG 2.2 A and AA, and axe's best practices: landmarks, order of headings, ...
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OPEN_ALL = """() => {
  document.querySelectorAll('details').forEach(d => { d.open = true });
  document.querySelectorAll('.toggle-hidden .toggle-button').forEach(e => e.click());
}"""

# Of a tab that is not shown axe judges nothing, and without what it holds it takes half the time
EMPTY_HIDDEN = """() => document.querySelectorAll('.framework-tabs > .sd-tab-content')
    .forEach(panel => panel.checkVisibility() || panel.replaceChildren())"""

# Contrast takes most of axe's time: of what has the same colours on the same grounds, and stands in
# the flow of the page or is placed likewise, it is to look at three. All other rules look at all.
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

# Axe takes its time for every element there is, looked at or not: what holds none whose contrast it
# is to look at can go, once nothing else is asked of the page
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

# The one exception: axe reads no MathML, so it counts a heading that is a formula as empty.
VIOLATIONS = """async (rules) => {
  const result = await axe.run(document, {runOnly: rules, resultTypes: ['violations']});
  return result.violations.flatMap(({id, nodes}) => nodes
    .filter(({target}) => !(id === 'empty-table-header'
                            && document.querySelector(`${target[0]} math`)))
    .map(({target, failureSummary}) => `${id}: ${target}: ${failureSummary}`));
}"""

THEME = "() => document.documentElement.dataset.theme"

# The theme puts boxes that scroll within reach of the keyboard, in its own time; not for ever, for
# what stays out of reach is for axe to tell
UNTIL_REACHABLE = """async () => {
  const scrolls = e => /auto|scroll/.test(getComputedStyle(e).overflow) && e.tabIndex < 0
    && (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight) && e.checkVisibility();
  const boxes = [...document.querySelectorAll('article *')].filter(scrolls);
  const end = performance.now() + 600;
  while (boxes.some(scrolls) && performance.now() < end)
    await new Promise(requestAnimationFrame);
}"""


def violations(page, rules=TAGS):
    """What axe-core finds on the page with its folds open, as it looks now."""
    page.evaluate(OPEN_ALL)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(EMPTY_HIDDEN)
        page.evaluate(AXE)
        page.evaluate(UNTIL_REACHABLE)
    page.evaluate(SAME_LOOK)
    return page.evaluate(VIOLATIONS, rules)


def change_theme(page, theme):
    """Wish for this theme, and wait until the page has it."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(f"({THEME})() === {theme!r}")


def last_contrast_in(page, theme):
    """What axe-core finds wrong about the colours of the page once it has this theme. After that
    the page is no longer whole."""
    change_theme(page, theme)
    page.evaluate(OPEN_ALL)
    page.evaluate(SAME_LOOK)
    page.evaluate(REMOVE_ALIKE)
    return page.evaluate(VIOLATIONS, ["color-contrast"])

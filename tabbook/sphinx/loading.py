"""Sphinx extension: what a page loads before it is shown.

1. One style sheet, and one of fonts, for all pages, with only the rules that they can use
   (``join_styles``). The theme and its helpers have a dozen, of half a megabyte, mostly icons and
   utilities.
2. The icon fonts of the theme, reduced to the icons of that style sheet.
3. Scripts that wait until the page is parsed (``defer_scripts``).
4. The text face, requested together with the page, because lines move if it is late
   (``preload_text``).
"""

import hashlib
import posixpath
import re
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tabbook.editions import menus
from tabbook.sphinx.css import move, prune, shown_characters
from tabbook.sphinx.theme_patches import count_matches

#: The style sheet of all pages, in ``_static``, and the fonts that it uses. They are apart, because
#: Chromium loads the fonts of a sheet with rules for paper again, too late for the print.
JOINED, FACES = "styles/book_joined.css", "styles/book_faces.css"
#: The faces that a page shows at once.
TEXT = tuple(
    f"source-serif-4/source-serif-4-latin-{face}.woff2" for face in ("400-normal", "600-normal")
)
#: These must run before the page is painted, or before a script in the page.
BLOCKING = ("documentation_options.js", "framework_tabs.js", "framework_compare.js")
# Names in the menus that tabbook.editions writes into pages after they are built
LATER = {"fas", *(f"fa-{icon}" for _, icon in menus.KINDS.values())}

# From the file system no page may fetch a font so, only use it
PRELOAD = """<script>
  if (location.protocol !== "file:") {{
    for (const href of {addresses}) {{
      document.head.append(Object.assign(document.createElement("link"), {{
        rel: "preload", as: "font", crossOrigin: "", href,
      }}));
    }}
  }}
</script>
"""

_LINK = re.compile(
    r'[ \t]*<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="([^"]*?_static/)([^"?]+)[^"]*"[^>]*>\n?'
)
_CLASSES = re.compile(r'\bclass="([^"]*)"')
_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL)
_NAME = re.compile(r"[\w-]+")
_SOURCES = re.compile(r"/\*! Joined from: (.*?) \*/")
_FONT_SOURCE = re.compile(r'src:\s*url\("([^"]*)\.woff2"\)[^;}]*\.ttf"\)[^;}]*')
_FACE = re.compile(r"^@font-face\s*{.*}\n?", re.MULTILINE)
_PRIVATE = range(0xE000, 0xF900)


def preload(context: dict[str, Any], *fonts: str) -> None:
    """Make a page request fonts before it has read its style sheet."""
    addresses = [context["pathto"](font, 1) for font in fonts]
    context["metatags"] = context.get("metatags", "") + PRELOAD.format(addresses=addresses)


def has_font(app: Sphinx, font: str) -> bool:
    """Whether the font is in a folder of ``html_extra_path``."""
    extra = (Path(app.confdir) / folder / font for folder in app.config.html_extra_path)
    return any(path.exists() for path in extra)


def preload_text(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Preload the text face; a book without it uses the reader's fonts."""
    if fonts := [font for font in TEXT if has_font(app, font)]:
        preload(context, *fonts)


def defer_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Let scripts wait for the page; they keep their order."""
    for script in context.get("script_files", []):
        name = posixpath.basename(str(script.filename or ""))
        if name and name not in BLOCKING:
            script.attributes.setdefault("defer", "defer")


def join_styles(app: Sphinx, exception: Exception | None) -> None:
    """Write the style sheet of all pages, and let the pages load it instead of its sources.

    Sheets that only some of the pages load are not joined.

    Raises:
        ExtensionError: a sheet is missing or cannot be read, or no font has an icon.
    """
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    pages = {path: path.read_text(encoding="utf-8") for path in _pages(Path(app.outdir))}
    names = _common([[name for _, name in _LINK.findall(page)] for page in pages.values()], static)
    if not names:
        return
    known = set().union(LATER, *map(_names, pages.values()), *map(_words, static.rglob("*.js")))
    folder = posixpath.dirname(JOINED)
    try:
        sheets = [
            move(prune((static / name).read_text("utf-8"), known), posixpath.dirname(name), folder)
            for name in names
        ]
    except (OSError, ValueError) as error:
        raise ExtensionError(
            f"Expected style sheets that can be joined; {error}. Build the book from scratch. If "
            "that does not help, correct the sheet."
        ) from error
    joined = "\n".join(['@charset "utf-8";', f"/*! Joined from: {' '.join(names)} */", *sheets])
    joined = _trim_icons(app, joined, static / folder)
    faces = _FACE.findall(joined)
    (static / FACES).write_text("\n".join(faces), encoding="utf-8")
    (static / JOINED).write_text(_FACE.sub("", joined), encoding="utf-8")
    digest = hashlib.sha256(joined.encode()).hexdigest()[:8]
    for path, page in pages.items():
        changed = _load_joined(page, {*names, JOINED, FACES}, digest)
        if changed != page:
            path.write_text(changed, encoding="utf-8")


def _pages(book: Path) -> list[Path]:
    """The pages of the theme; slides have styles of their own."""
    apart = {book / name for name in ("_static", "slides", "reveal")}
    return [path for path in sorted(book.rglob("*.html")) if apart.isdisjoint(path.parents)]


def _common(sheets: list[list[str]], static: Path) -> list[str]:
    """The sheets that all pages load; pages of an earlier build load their joined sheet."""
    fresh = [names for names in sheets if names and JOINED not in names]
    earlier = len(fresh) < sum(map(bool, sheets)) and (static / JOINED).exists()
    if earlier and (found := _SOURCES.search((static / JOINED).read_text(encoding="utf-8"))):
        fresh.append(found[1].split())
    return [name for name in fresh[0] if all(name in names for names in fresh)] if fresh else []


def _names(page: str) -> set[str]:
    """The classes of a page, and the words of its own scripts."""
    classes = " ".join(_CLASSES.findall(page)).split()
    return {*classes, *_NAME.findall(" ".join(_SCRIPT.findall(page)))}


def _words(script: Path) -> set[str]:
    """All words of a script, among them the classes that it sets."""
    if script.name == "fontawesome.js":  # not loaded: see theme_patches.py
        return set()
    return set(_NAME.findall(script.read_text(encoding="utf-8")))


def _load_joined(page: str, names: set[str], digest: str) -> str:
    """The page, with links to the joined sheets in the place of the first of these sheets."""
    found = [link for link in _LINK.finditer(page) if link[2] in names]
    for link in reversed(found):
        new = "".join(
            f'    <link rel="stylesheet" href="{link[1]}{name}?v={digest}" />\n'
            for name in (FACES, JOINED)
        )
        page = page[: link.start()] + (new if link is found[0] else "") + page[link.end() :]
    return page


def _trim_icons(app: Sphinx, css: str, folder: Path) -> str:
    """Reduce the icon fonts of a style sheet to its icons; they are written beside it.

    Raises:
        ExtensionError: no font has one of the icons.
    """
    shown = shown_characters(css)
    missing = {character for character in shown if character in _PRIVATE}

    def trimmed(source: re.Match[str]) -> str:
        font = TTFont((folder / source[1]).with_suffix(".ttf"), recalcTimestamp=False)
        missing.difference_update(font.getBestCmap())
        subsetter = subset.Subsetter(subset.Options(hinting=False))
        subsetter.populate(unicodes=shown)
        subsetter.subset(font)
        font.flavor = "woff"
        name = f"{posixpath.basename(source[1])}.woff"
        font.save(folder / name)
        return f'src:url("{name}") format("woff")'

    css, times = _FONT_SOURCE.subn(trimmed, css)
    count_matches(app, "icon fonts", times)
    if times and missing:
        icons = ", ".join(f"U+{character:04X}" for character in sorted(missing))
        raise ExtensionError(
            f"Expected the theme's icon fonts to have all icons of its styles; they lack {icons}. "
            "Compare the theme's version with the one in constraints.txt."
        )
    return css


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", preload_text)
    app.connect("html-page-context", defer_scripts, priority=950)
    # After everything that writes pages
    app.connect("build-finished", join_styles, priority=920)

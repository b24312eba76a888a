"""Sphinx extension: parts of the web site beyond the pages.

1. If the site's address is known: sitemap, canonical links, social cards, and absolute addresses on
   the 404 page (``set_address``).
2. The start page, which redirects to the first page (``write_start_page``).
3. The sizes of pictures, so that the page does not move while they load (``state_picture_sizes``).
4. Redirects of old addresses: sections that moved to a page of their own (``redirect_moved``).
"""

import html
import json
import os
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.images import get_image_size

from tabbook.sphinx.theme_patches import count_matches

ADDRESS = "BOOK_ADDRESS"
GIT = shutil.which("git") is not None

NOT_FOUND = """<h1>There is no such page</h1>
<p>The address may be mistyped, or the page has moved. The contents are at the side; or
<a href="{address}">go to the start page</a>.</p>"""


def set_address(app: Sphinx, config: Config) -> None:
    """Set up the parts that need the address of the book.

    The address is ``html: baseurl`` in ``_config.yml`` or the environment variable
    ``BOOK_ADDRESS``. Without it, there are no sitemap, canonical links and cards.

    Raises:
        ExtensionError: the address is not that of a website.
    """
    address = os.environ.get(ADDRESS) or config.html_baseurl
    config.ogp_site_name = config.html_title
    if address:
        address = address.rstrip("/") + "/"
        if urlsplit(address).scheme not in ("http", "https"):
            raise ExtensionError(
                f"Expected the book's address to begin with https://, found {address!r}. Set "
                f"html: baseurl in _config.yml, or the environment variable {ADDRESS}, to it."
            )
        config.html_baseurl = config.ogp_site_url = address
        config.sitemap_url_scheme = "{link}"
        config.sitemap_excludes = ["404.html", "genindex.html", "search.html"]
        config.sitemap_show_lastmod = GIT
        app.setup_extension("sphinx_sitemap")
    else:
        config.ogp_social_cards = {"enable": False}
    # A server shows this page in the place of any other, so its links begin at the root.
    root = urlsplit(address).path or "/"
    config.notfound_urls_prefix = root
    config.notfound_context = {
        "title": "No such page",
        "body": NOT_FOUND.format(address=root),
    }


START_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{favicon}">
<script>location.replace("{page}" + location.search + location.hash)</script>
<noscript><meta http-equiv="refresh" content="0; url={page}"></noscript>
</head>
<body><main><h1>{title}</h1><p><a href="{page}">Begin to read</a></p></main></body>
</html>
"""


def write_start_page(app: Sphinx, exception: Exception | None) -> None:
    """Write ``index.html``, unless it is the book's first page."""
    if exception or app.builder.format != "html" or app.config.root_doc == "index":
        return
    page = START_PAGE.format(
        language=app.config.language,
        title=html.escape(app.config.html_title),
        favicon=f"_static/{Path(app.config.html_favicon).name}",
        page=app.builder.get_target_uri(app.config.root_doc),
    )
    index = Path(app.outdir) / "index.html"
    found = index.read_text(encoding="utf-8") if index.exists() else page
    if found == page or 'http-equiv="Refresh"' in found:
        count_matches(app, "start page")
    index.write_text(page, encoding="utf-8")


# An image without a stated size
IMAGE = re.compile(r'<img (?![^>]*\b(?:width|style)=)(?=[^>]*src="[^"]*?([^"/]+)")')
SVG_SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"')
PIXELS_PER_POINT = 96 / 72


def state_picture_sizes(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add the size of the page's pictures, so that the page does not move while they load."""
    sources = {name: source for source, name in app.builder.images.items()}
    if "body" in context:
        body = IMAGE.sub(partial(_with_size, app, sources), context["body"])
        count_matches(app, "sizes of pictures", int(body != context["body"]))
        context["body"] = body


def _with_size(app: Sphinx, sources: dict[str, str], match: re.Match[str]) -> str:
    size = _size(Path(app.srcdir) / sources[match[1]]) if match[1] in sources else None
    return f'<img width="{size[0]}" height="{size[1]}" ' if size else match[0]


def _size(picture: Path) -> tuple[int, int] | None:
    """Width and height in CSS pixels."""
    if picture.suffix != ".svg":
        return get_image_size(str(picture))
    found = SVG_SIZE.search(picture.read_text(encoding="utf-8"))
    if not found:
        return None
    width, height = (round(float(points) * PIXELS_PER_POINT) for points in found.groups())
    return width, height


REDIRECT = """<script>
(() => {{
  const page = {pages}[decodeURIComponent(location.hash.slice(1))];
  if (page) location.replace(page + location.search + location.hash);
}})();
</script>"""


def check_moved(app: Sphinx, env: BuildEnvironment) -> None:
    """Check the pages of ``tabbook_moved``, which ``redirect_moved`` explains.

    Raises:
        ExtensionError: the book has no such page.
    """
    moved = app.config.tabbook_moved
    if missing := {*moved, *moved.values()} - env.all_docs.keys():
        raise ExtensionError(
            f"tabbook_moved in _config.yml expected pages of _toc.yml, found {min(missing)!r}. "
            "Correct the name, without .md."
        )


def redirect_moved(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Redirect links to sections that have moved from this page to another page.

    ``tabbook_moved`` in ``_config.yml`` maps each page with such sections to the page that had
    them, such as ``new: old``.
    """
    pages: dict[str, str] = {}
    for new, old in app.config.tabbook_moved.items():
        if old == pagename:
            moved = _ids(app.env.get_doctree(new)) - _ids(doctree)
            pages |= dict.fromkeys(sorted(moved), app.builder.get_relative_uri(old, new))
    if pages:
        script = REDIRECT.format(pages=json.dumps(pages))
        context["metatags"] = context.get("metatags", "") + script


def _ids(doctree: nodes.document) -> set[str]:
    return {name for node in doctree.findall(nodes.Element) for name in node.get("ids", ())}


def date_by_commit(app: Sphinx, config: Config) -> None:
    """Date a page by the last commit to it or its notebooks, independent of the build."""
    config.html_last_updated_fmt = "%d %B %Y"
    config.git_last_updated_timezone = "UTC"
    config.git_untracked_show_sourcelink = True
    # A copy without its history, an archive for example, has no dates; that is no fault of it.
    config.suppress_warnings = [
        *config.suppress_warnings,
        "git.subprocess_error",
        "git.too_shallow",
    ]


def setup(app: Sphinx) -> None:
    # Theirs listen for config-inited too, and rely on what is set here: hence the priority.
    app.connect("config-inited", set_address, priority=100)
    if GIT:
        app.connect("config-inited", date_by_commit, priority=100)
        app.setup_extension("sphinx_last_updated_by_git")
    app.setup_extension("sphinxext.opengraph")
    app.setup_extension("notfound.extension")
    app.add_config_value("tabbook_moved", {}, "html", [dict])
    app.connect("env-check-consistency", check_moved)
    app.connect("html-page-context", redirect_moved)
    app.connect("html-page-context", state_picture_sizes, priority=900)
    app.connect("build-finished", write_start_page)

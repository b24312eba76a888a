"""What the pages of a toy book load: one style sheet, small icon fonts, and scripts that wait."""

import re

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from sphinx_book import build, write_book

FILES = {
    "_toc.yml": "format: jb-book\nroot: index\nchapters:\n- file: next\n",
    "index.md": '# Start\n\n```{raw} html\n<p class="used">Words</p>\n```\n',
    "next.md": "# Next\n",
    "_static/own.css": "/* why */ .used { color: red }\n.unused, .used b { color: blue }\n",
    "_static/own.js": "document.body.classList.add('set-by-script');\n",
    "_static/more.css": ".set-by-script .unused { top: 0 } .set-by-script { top: 1px }\n",
}
JOINED = "_static/styles/book_joined.css"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The toy book's folder, built twice: the second build writes one page only."""
    folder = tmp_path_factory.mktemp("book")
    write_book(folder, FILES)
    build(folder)
    html = folder / "_build" / "html"
    first = {path.name: path.read_text("utf-8") for path in (html / "index.html", html / JOINED)}
    (folder / "next.md").write_text('# Next\n\n```{raw} html\n<p class="unused">More</p>\n```\n')
    build(folder)
    return html, first


def links(page):
    return re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="([^"]*)"', page)


def test_every_page_loads_the_newest_sheet_and_its_fonts(book):
    html, first = book
    for name in ("index.html", "next.html", "genindex.html", "search.html"):
        faces, address = links((html / name).read_text("utf-8"))
        assert faces.startswith("_static/styles/book_faces.css?v=")
        assert address.startswith(f"{JOINED}?v=")
        assert address != links(first["index.html"])[1]


def test_a_rule_is_there_as_soon_as_a_page_or_a_script_has_its_classes(book):
    html, first = book
    assert ".used{color: red}\n.used b{color: blue}" in first["book_joined.css"]
    assert ".set-by-script{top: 1px}" in first["book_joined.css"]
    assert ".unused" not in first["book_joined.css"]
    now = (html / JOINED).read_text("utf-8")
    assert ".used{color: red}\n.unused,.used b{color: blue}" in now
    assert ".set-by-script .unused{top: 0}" in now


def test_the_icons_of_the_sheet_are_in_its_fonts_and_few_others(book):
    html, _ = book
    sheet = (html / JOINED).read_text("utf-8")
    faces = (html / "_static/styles/book_faces.css").read_text("utf-8")
    assert "@font-face" not in sheet
    fonts = re.findall(r'url\("(fa-[^"]*)"\)', faces)
    assert len(fonts) == 3
    icons = set().union(*(TTFont(html / "_static/styles" / name).getBestCmap() for name in fonts))
    shown = {int(code, 16) for code in re.findall(r'content:\s*"\\(f[0-9a-f]{3})"', sheet)}
    assert len(shown) > 5
    assert shown <= icons
    assert len(icons) < 200
    assert sum((html / "_static/styles" / name).stat().st_size for name in fonts) < 30_000


def test_all_scripts_wait_but_those_that_must_not(book):
    html, _ = book
    page = BeautifulSoup((html / "index.html").read_text("utf-8"), "html.parser")
    at_once = [s["src"] for s in page.head.find_all("script", src=True) if not s.has_attr("defer")]
    names = [address.split("?")[0] for address in at_once]
    assert names == [
        f"_static/{name}.js"
        for name in ("documentation_options", "framework_tabs", "framework_compare")
    ]


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        (".x { color: red", "found an open block or rule"),
        ('.used::before { content: "\\eeee" }', "they lack U+EEEE"),
    ],
)
def test_what_cannot_be_joined_is_an_error(tmp_path, sheet, told):
    write_book(tmp_path, {**FILES, "_static/own.css": sheet})
    assert told in build(tmp_path, check=False)

"""What a page loads before it is shown, and the style sheet that is joined from those of others."""

import re

import pytest
from browsing import PAGES, wait_until_loaded

PAGE = "chapters/dropout.html"
JOINED = re.compile(
    r'<link rel="stylesheet" href="([^"]*?)styles/book_faces[^>]*>\s*<link[^>]*book_joined[^>]*>'
)
# Files that must arrive before a page is painted, and their bytes, uncompressed
FILES, BYTES = 6, 250_000

BLOCKING = """() => [...document.querySelectorAll('link[rel=stylesheet], head script[src]')]
    .filter(e => !e.defer && !e.async).map(e => e.href ?? e.src)"""
# The look of one element of each kind, and of the text before and after it. A kind is a tag with
# its classes, and its parent's.
LOOKS = """() => {
  const names = [...getComputedStyle(document.body)].filter(name => !name.startsWith('-'));
  const kinds = new Map();
  for (const e of document.querySelectorAll('body, body *:not(math *, script)')) {
    const kind = [e.parentElement, e].map(one => `${one.tagName}.${one.className}`).join(' > ');
    if (!kinds.has(kind)) kinds.set(kind, e);
  }
  return [...kinds].flatMap(([kind, e]) => [null, '::before', '::after'].map(part => {
    const style = getComputedStyle(e, part);
    if (part && style.content === 'none') return kind;
    const values = names.map(name => `${name}: ${style.getPropertyValue(name)}`).join('; ');
    return `${kind} ${part}: ${values}`.replaceAll(/url\\("[^"]*"\\)/g, 'url');
  }));
}"""


@pytest.mark.parametrize("path", [PAGE, "chapters/index.html", "chapters/api/jax.html"])
def test_few_files_come_before_a_page(visit, path):
    page = visit(path)
    loaded = page.evaluate(BLOCKING)
    assert len(loaded) <= FILES, loaded
    size = sum(len(page.request.get(url).body()) for url in loaded)
    assert 50_000 < size < BYTES


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [PAGE, "chapters/api/jax.html", "chapters/solutions_dropout.html"])
def test_the_joined_styles_look_like_their_sources(visit, book, book_folder, path, theme):
    page = visit(path, theme=theme)
    joined = page.evaluate(LOOKS)
    header = (book_folder / "_static/styles/book_joined.css").read_text(encoding="utf-8")
    names = re.search(r"/\*! Joined from: (.*?) \*/", header)[1].split()
    assert len(names) > 10

    def apart(route):
        links = "".join(rf'<link rel="stylesheet" href="\1{name}">' for name in names)
        text, times = JOINED.subn(links, route.fetch().text())
        assert times == 1
        route.fulfill(body=text, content_type="text/html")

    page.route(f"{book}/{path}", apart)
    page.goto(f"{book}/{path}")
    wait_until_loaded(page)
    assert "book_joined" not in page.content()
    differing = [
        pair for pair in zip(joined, page.evaluate(LOOKS), strict=True) if len(set(pair)) > 1
    ]
    assert differing[:3] == []
    assert len(joined) > 300


def test_every_page_has_the_joined_styles(book_folder):
    for path in PAGES:
        page = (book_folder / path).read_text(encoding="utf-8")
        names = re.findall(r'<link[^>]*rel="stylesheet"[^>]*?([\w-]+)\.css', page)
        assert names[:2] == ["book_faces", "book_joined"], path
        assert names[2:] in ([], ["playable_figures"]), path  # only on pages that need it


def test_the_text_has_its_face_and_icons_are_drawn(visit):
    page = visit(PAGE)
    loaded = page.evaluate(
        "() => document.fonts.ready.then(fonts => [...fonts]"
        ".filter(face => face.status === 'loaded').map(face => face.family))"
    )
    assert {family.strip('"') for family in loaded} >= {"Source Serif 4", "Font Awesome 6 Free"}


def test_the_print_has_the_faces_of_text_and_formulas(page, book):
    page.goto(f"{book}/{PAGE}")
    wait_until_loaded(page)
    printed = page.pdf()
    for face in (b"SourceSerif4-Regular", b"SourceSerif4-SemiBold", b"STIXTwoMath"):
        assert face in printed, face

"""Editions: their links in the pages of a toy book, and their parts alone."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from edition_book import FRAMEWORKS, LABELS, build_book, make
from hypothesis import given
from hypothesis import strategies as st
from sphinx_book import build

from tabbook.cli import main
from tabbook.config import book_of
from tabbook.editions import articles, menus
from tabbook.editions.contents import EditionError, contents
from tabbook.editions.links import Joined
from tabbook.editions.outline import headings
from tabbook.editions.pictures import light
from tabbook.figures.colours import shown, themed

# --- the links in the pages of the built book -----------------------------------------------------


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return build_book(tmp_path_factory.mktemp("book"))


def offered(html):
    """The editions that each page links to, as files, with the words of the links."""
    found = {}
    for page in sorted(html.glob("chapters/*.html")):
        links = BeautifulSoup(page.read_text(), "html.parser").select(".dropdown-menu a")
        found[page.name] = [
            ((page.parent / link["href"]).resolve(), link)
            for link in links
            if "editions/" in link["href"]
        ]
    return found


def test_pages_link_to_the_editions_that_exist(html):
    pages = {page: page.read_bytes() for page in html.rglob("*.html")}
    assert not any(offered(html).values())
    files = make("epub", html)
    for links in offered(html).values():
        assert [(file, link["class"][2]) for file, link in links] == [
            (files[name], f"btn-framework-{name}") for name in FRAMEWORKS
        ]
        for (file, link), name in zip(links, FRAMEWORKS, strict=True):
            size = f"{file.stat().st_size / 1e6:.1f} MB"
            assert link.get_text() == f"Book as ePub ({LABELS[name]}, {size})"
    for file in files.values():
        file.unlink()
    menus.offer(book_of(html.parents[1] / "chapters"), html)
    assert {page: page.read_bytes() for page in html.rglob("*.html")} == pages


def test_a_page_that_is_built_again_keeps_the_links(html):
    make("epub", html)
    source = html.parents[1] / "chapters/plain.md"
    source.write_text(source.read_text() + "\nMore.\n")
    build(html.parents[1])
    assert "More." in (html / "chapters/plain.html").read_text()
    assert {len(links) for links in offered(html).values()} == {2}


def test_links_need_a_menu(html, tmp_path):
    (tmp_path / menus.FOLDER).mkdir()
    (tmp_path / "page.html").write_text("<p>Words.</p>")
    book = book_of(html.parents[1] / "chapters")
    menus.offer(book, tmp_path)
    (tmp_path / menus.FOLDER / "toy-jax.pdf").write_bytes(b"%PDF")
    with pytest.raises(EditionError, match="Expected download menus"):
        menus.offer(book, tmp_path)


# --- what cannot be made --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pdf", "epub"])
def test_an_edition_needs_a_built_book(kind, html, tmp_path, capsys):
    chapters = str(html.parents[1] / "chapters")
    assert main([kind, "--folder", chapters, "--html", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"Expected the page {tmp_path}/chapters/index.html, found none.")
    assert "run: make book" in told


def test_an_edition_needs_a_known_framework(html, capsys):
    chapters = str(html.parents[1] / "chapters")
    with pytest.raises(SystemExit):
        main(["pdf", "--folder", chapters, "--framework", "jacks"])
    assert "unknown framework 'jacks'" in capsys.readouterr().err


def test_a_book_has_contents(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.tabbook]\n")
    with pytest.raises(EditionError, match=r"Expected a _toc\.yml"):
        contents(book_of(tmp_path))


def test_a_picture_must_exist(tmp_path):
    with pytest.raises(EditionError, match=r"Expected the picture .*x\.png"):
        Joined(tmp_path, {"page": article('<img src="x.png">')})


def test_a_page_has_a_heading():
    with pytest.raises(EditionError, match="Expected a heading on the page p"):
        headings(article("<p>Words.</p>"), "p")


# --- the contents, links and pictures alone -------------------------------------------------------


def article(text):
    return BeautifulSoup(f"<article>{text}</article>", "html5lib").article


def test_the_order_is_that_of_the_contents(html):
    pages = [one.page or one.title for top in contents(book_of(html)) for one in top.walk()]
    assert pages == [
        "chapters/index", "First & best", "chapters/toy", "chapters/deep", "Second",
        "chapters/plain",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "link", "wanted"),
    [
        ("", "b.html", "#a-b"),
        ("", "b.html#here", "#a-b--here"),
        ("", "b.html?framework=jax#here", "#a-b--here"),
        ("", "b.html#in-another-tab", "#a-b"),
        ("", "#top", "#a-a--top"),
        ("", "../a/b.html", "#a-b"),
        ("", "https://example.org/b.html", "https://example.org/b.html"),
        ("", "../genindex.html", None),
        ("https://x.org/book/", "../genindex.html", "https://x.org/book/genindex.html"),
        ("https://x.org/book/", "n.ipynb", "https://x.org/book/a/n.ipynb"),
    ],
)
def test_links(address, link, wanted, tmp_path):
    one = article(f'<p id="top"><a href="{link}">words</a></p>')
    Joined(tmp_path, {"a/a": one, "a/b": article('<p id="here">x</p>')}, address)
    assert one.get_text() == "words"
    assert [found["href"] for found in one.select("a")] == ([wanted] if wanted else [])


@given(
    st.sets(
        st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="_"), min_size=1)
    )
)
def test_ids_are_names_and_stay_different(ids):
    one = article("")
    for name in sorted(ids):
        one.append(BeautifulSoup("", "html.parser").new_tag("p", attrs={"id": name}))
    Joined(Path(), {"p": one})
    made = [tag["id"] for tag in one.select("p")]
    assert len(set(made)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) for name in made)


def test_two_ids_must_not_become_one():
    with pytest.raises(EditionError, match="Two pages or labels have the same id"):
        Joined(Path(), {"p": article('<p id="a/b"></p><p id="a_2f_b"></p>')})


@given(st.lists(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), min_size=1, max_size=5))
def test_a_themed_picture_becomes_light(colours):
    paths = "".join(f'<path style="fill: {colour}"/>' for colour in colours)
    svg = light(themed(f'<svg xmlns="http://www.w3.org/2000/svg">{paths}</svg>'))
    assert re.findall(r'style="fill: (.*?)"', svg) == [shown(one, "light") for one in colours]
    assert "prefers-color-scheme" not in svg
    assert "var(" not in svg


def test_a_picture_keeps_the_first_of_repeated_ids():
    assert light('<svg><image id="a"/><image id="a"/><use href="#a"/></svg>') == (
        '<svg><image id="a"/><image/><use href="#a"/></svg>'
    )


def test_a_page_without_the_framework_says_so(html):
    book = book_of(html.parents[1] / "chapters")
    page = articles.read(html, "chapters/toy")
    text = articles.select(page, book.frameworks["numpy"]).get_text()
    assert text.count("This page has no NumPy; it shows PyTorch.") == 1
    assert "pytorch source" in text
    assert "jax source" not in text

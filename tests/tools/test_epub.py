"""The ePub of a toy book, by the rules of EPUB 3."""

import posixpath
import shutil
import subprocess
import zipfile
from collections import Counter
from xml.etree import ElementTree

import pytest
from edition_book import FRAMEWORKS, OUTLINE, build_book, make, texts

X, OPF = "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/opf}"
MATH = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return build_book(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def epubs(html):
    return make("epub", html)


@pytest.fixture(params=FRAMEWORKS)
def framework(request):
    return request.param


@pytest.fixture
def files(epubs, framework):
    """The files of an ePub by name."""
    with zipfile.ZipFile(epubs[framework]) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture
def pages(files):
    """The pages in reading order, parsed, by name."""
    package = ElementTree.fromstring(files["EPUB/package.opf"])
    names = {item.get("id"): item.get("href") for item in package.iter(f"{OPF}item")}
    order = [names[item.get("idref")] for item in package.iter(f"{OPF}itemref")]
    return {name: ElementTree.fromstring(files[f"EPUB/{name}"]) for name in order}


def text_of(pages):
    return " ".join(" ".join("".join(page.itertext()).split()) for page in pages.values())


def test_it_begins_with_its_type(files):
    assert next(iter(files.items())) == ("mimetype", b"application/epub+zip")


def test_every_page_is_there_once_in_order_and_nothing_of_the_other_framework(pages, framework):
    said, never = texts(framework)
    text = text_of(pages)
    assert {words: text.count(words) for words in said} == dict.fromkeys(said, 1)
    assert [words for words in never if words in text] == []
    places = [text.index(words) for words in said[:4]]
    assert places == sorted(places)
    assert text.count("Folded: it is in the notebook.") == 1


def test_the_contents_are_the_headings(pages):
    def lines(items, depth):
        for item in items:
            yield " ".join("".join(item.find(f"{X}a").itertext()).split()), depth
            yield from lines(item.iterfind(f"{X}ol/{X}li"), depth + 1)

    (nav,) = pages["contents.xhtml"].iter(f"{X}nav")
    assert [*lines(nav.iterfind(f"{X}ol/{X}li"), 0)] == OUTLINE


def test_links_lead_to_ids_inside(pages):
    ids = {
        (name, tag.get("id"))
        for name, page in pages.items()
        for tag in page.iter()
        if tag.get("id")
    }
    counted = Counter(one for page in pages.values() for one in _ids(page))
    assert [one for one, count in counted.items() if count > 1] == []
    links = [
        (name, link.get("href")) for name, page in pages.items() for link in page.iter(f"{X}a")
    ]
    outside = {href for _, href in links if "//" in href}
    assert outside == {"https://example.org/x"}
    inside = [
        (path or name, fragment)
        for name, href in links
        if href not in outside
        for path, _, fragment in [href.partition("#")]
    ]
    assert len(inside) > 12  # the contents, and the references of the pages
    assert set(inside) <= ids
    assert ("chapters-deep.xhtml", "chapters-deep--sec-deep") in inside


def _ids(page):
    return (tag.get("id") for tag in page.iter() if tag.get("id"))


def test_every_picture_is_there_in_the_light_version_with_its_words(pages, files):
    images = [image for page in pages.values() for image in page.iter(f"{X}img")]
    assert sorted(image.get("alt") for image in images) == sorted(
        ["A line", "A drawn line", f"{_framework(files)} falls"]
    )
    pictures = {name: data for name, data in files.items() if name.endswith(".svg")}
    assert {posixpath.join("EPUB", image.get("src")) for image in images} == set(pictures)
    for data in pictures.values():
        assert b"#123456" in data
        assert b"fedcba" not in data
        assert b"var(" not in data


def _framework(files):
    return next(
        name for name in FRAMEWORKS if f"{name} output".encode() in b"".join(files.values())
    )


def test_a_drawing_in_the_text_is_light_and_refers_to_its_own_parts(pages):
    (svg,) = (
        tag for page in pages.values() for tag in page.iter("{http://www.w3.org/2000/svg}svg")
    )
    assert svg.get("aria-label") == "The same line"
    (marker,) = (tag.get("id") for tag in svg.iter() if tag.get("id"))
    (end,) = (tag.get("marker-end") for tag in svg.iter() if tag.get("marker-end"))
    assert end == f"url(#{marker})"
    assert [tag.get("stroke") for tag in svg.iter() if tag.get("stroke")] == ["#123456"]


def test_formulas_are_mathml(pages, files):
    formulas = [tag for page in pages.values() for tag in page.iter(f"{MATH}math")]
    assert len(formulas) == 3
    assert "mathml" in files["EPUB/package.opf"].decode()


def test_the_same_book_gives_the_same_bytes(epubs, html, framework):
    before = epubs[framework].read_bytes()
    assert make("epub", html)[framework].read_bytes() == before


@pytest.mark.skipif(shutil.which("epubcheck") is None, reason="epubcheck is not on the path")
def test_epubcheck_finds_no_fault(epubs):
    program = shutil.which("epubcheck")
    # Debian's is an archive of Java classes, which not every kernel starts by itself
    command = ["java", "-jar", program] if zipfile.is_zipfile(program) else [program]
    run = subprocess.run([*command, epubs["jax"]], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

"""The PDF of a toy book, printed by Chromium and read by another library than made it."""

import re
import shutil
import unicodedata

import pytest
from edition_book import FRAMEWORKS, OUTLINE, build_book, make, texts

pypdf = pytest.importorskip("pypdf")
pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is not on the path"
)


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return build_book(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def pdfs(html):
    return make("pdf", html)


@pytest.fixture(params=FRAMEWORKS)
def framework(request):
    return request.param


@pytest.fixture
def pdf(pdfs, framework):
    return pypdf.PdfReader(pdfs[framework])


def text_of(page):
    # A formula's x has a code of its own
    return " ".join(unicodedata.normalize("NFKC", page.extract_text()).split())


def lines(outline, depth=0):
    """The entries of an outline, and how deep each is."""
    for one in outline:
        if isinstance(one, list):
            yield from lines(one, depth + 1)
        else:
            yield one, depth


def test_every_page_is_there_once_in_order_and_nothing_of_the_other_framework(pdf, framework):
    said, never = texts(framework)
    text = " ".join(map(text_of, pdf.pages))
    assert {words: text.count(words) for words in said} == dict.fromkeys(said, 1)
    assert [words for words in never if words in text] == []
    places = [text.index(words) for words in said[:4]]
    assert places == sorted(places)
    assert text.count("Folded: it is in the notebook.") == 1


def test_the_outline_is_the_headings_and_leads_to_them(pdf):
    entries = [*lines(pdf.outline)]
    assert [(one.title, depth) for one, depth in entries] == OUTLINE
    for one, _ in entries:
        page = pdf.pages[pdf.get_destination_page_number(one)]
        assert one.title in text_of(page)


def test_the_contents_and_the_feet_name_the_pages(pdf):
    numbers = [pdf.get_destination_page_number(one) + 1 for one, _ in lines(pdf.outline)]
    told = " ".join(
        f"{title} {number}" for (title, _), number in zip(OUTLINE, numbers, strict=True)
    )
    assert text_of(pdf.pages[1]) == f"Toy & Co Contents 2 Contents {told}"
    for number, page in enumerate(pdf.pages[1:], 2):
        assert re.match(
            rf"Toy & Co (Contents|Start|1. Toy|1.2. Deep|Plain) {number}( |$)", text_of(page)
        )


def test_links_lead_inside(pdf):
    inside, outside = [], []
    for page in pdf.pages:
        for one in page.get("/Annots", []):
            link = one.get_object()
            if "/Dest" in link:
                inside.append(link["/Dest"])
            else:
                outside.append(link["/A"]["/URI"])
    assert outside == ["https://example.org/x"]
    assert len(inside) > len(OUTLINE)  # the contents, and the references of the pages
    assert set(inside) <= set(pdf.named_destinations)


def test_pictures_are_there_with_their_words(pdf, framework):
    words = []

    def visit(element):
        element = element.get_object()
        if isinstance(element, list):
            for child in element:
                visit(child)
        elif isinstance(element, dict):
            if "/Alt" in element:  # the picture, not the figure with its caption
                words.append(element["/Alt"])
            if "/K" in element:
                visit(element["/K"])

    visit(pdf.trailer["/Root"]["/StructTreeRoot"])
    assert words == [f"{framework} falls", "A drawn line", "A line", "The same line"]


def test_it_says_what_it_is(pdf, framework):
    assert pdf.metadata.title == f"Toy & Co ({'JAX' if framework == 'jax' else 'PyTorch'})"
    assert pdf.metadata.author == "Nobody"
    assert pdf.trailer["/Root"]["/Lang"] == "en"
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_the_same_book_gives_the_same_bytes(pdfs, html):
    before = {name: file.read_bytes() for name, file in pdfs.items()}
    assert {name: file.read_bytes() for name, file in make("pdf", html).items()} == before

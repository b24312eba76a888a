"""Slides: what a deck takes from the notebooks, and what is wrong with an outline."""

import base64
import functools
import html
import json
import re

import pytest
from backends import ROOT
from PIL import Image
from sphinx_book import store_notebooks, stream
from toy_book import code, prose, write

from tabbook.cli import main
from tabbook.pages.drawings import save
from tabbook.pages.merge import StaleNotebookError, alt_text
from tabbook.pages.source import pages, read_page
from tabbook.slides import decks
from tabbook.slides.outline import TAG, SlideError, read

CHAPTERS = ROOT / "chapters"
DECKS = [
    (outline, framework)
    for outline in decks.outlines(CHAPTERS)
    for framework in read_page(CHAPTERS / outline.name).frameworks
]
each_deck = pytest.mark.parametrize(
    ("outline", "framework"), DECKS, ids=lambda value: getattr(value, "stem", value)
)
NOTES = "\n:::{notes}\nSay it. Say why.\n:::\n"
FIGURE = "```{figure} toy.svg\n:name: fig-toy\n:alt: A toy.\n:width: 9%\n\nIts words.\n```\n"
FORMULA = "```{math}\n:label: eq-toy\na < b\n```\n"
PARTS = (
    "# Toy\n\n" + FIGURE + "\n" + FORMULA,
    code("loss = 1 < 2  # torch", "pytorch", options=":tags: [slide-loss]\n\n"),
    code("loss = 1 < 2  # jax", "jax", options=":tags: [slide-loss, slow]\n\n"),
    code("twice()", options=":tags: [slide-twice]\n\n"),
    code("again()", options=":tags: [slide-twice]\n\n"),
)


@pytest.fixture
def toy(tmp_path):
    """A book of one page. Called with an outline, it returns where that lies."""
    (tmp_path / "toy.svg").write_text("<svg/>")
    save(Image.new("L", (2, 2)), tmp_path / "toy.svg")
    page = read_page(write(tmp_path, *PARTS))
    store_notebooks(page, lambda framework, cell: stream(f"<{framework}>\n"))

    def outline(text):
        path = tmp_path / "slides" / "toy.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return outline


@functools.cache
def made(outline, framework):
    """A deck of the book, made once."""
    return read(outline, framework)


def shown(deck, kind):
    """The text of all blocks of code, or of output, from the first slide to the last."""
    content = "".join(slide.content for slide in deck.slides)
    blocks = re.findall(rf'<pre class="{kind}"><\w+>(.*?)</\w+></pre>', content, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", "", block)) for block in blocks]


def named(outline, framework, kind):
    """What an outline names, found without the code under test: the stored cells, in order."""
    for page, name in re.findall(rf"```{{{kind}}} (?:(\w+)/)?([\w-]+)", outline.read_text()):
        path = CHAPTERS / framework / f"{page or outline.stem}.ipynb"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield next(cell for cell in cells if f"slide-{name}" in cell["metadata"].get("tags", []))


@each_deck
def test_code_and_outputs_are_the_notebooks(outline, framework):
    deck = made(outline, framework)
    codes = list(named(outline, framework, "code"))
    assert len(codes) > 5
    assert shown(deck, "code") == ["".join(cell["source"]) for cell in codes]
    outputs = [o for cell in named(outline, framework, "output") for o in cell["outputs"]]
    pictures = [o["data"] for o in outputs if "image/svg+xml" in o.get("data", {})]
    texts = [o for o in outputs if "image/svg+xml" not in o.get("data", {})]
    assert len(texts) > 5
    assert shown(deck, "output") == [
        "".join(o.get("text") or o["data"]["text/plain"]).rstrip("\n") for o in texts
    ]
    content = "".join(slide.content for slide in deck.slides)
    assert pictures
    for data in pictures:
        svg = "".join(data["image/svg+xml"]).encode()
        assert base64.b64encode(svg).decode() in content
        joined = {kind: "".join(v) if isinstance(v, list) else v for kind, v in data.items()}
        assert html.escape(alt_text({"data": joined}) or "missing") in content


def test_every_framework_has_the_same_slides():
    headings = {}
    for outline, framework in DECKS:
        deck = made(outline, framework)
        headings.setdefault(outline.stem, []).append([slide.heading for slide in deck.slides])
        assert len({slide.id for slide in deck.slides}) == len(deck.slides) > 10
    for several in headings.values():
        assert len(several) == 4
        assert all(other == several[0] for other in several)


@each_deck
def test_there_is_something_to_say_to_every_slide(outline, framework):
    for slide in made(outline, framework).slides:
        (notes,) = re.findall(r'<aside class="notes">(.*?)</aside>', slide.content, re.DOTALL)
        assert 2 <= len(re.findall(r"[.?!](?=\s|<)", notes)) <= 6, slide.heading


def test_every_tag_for_slides_is_used():
    text = "".join(outline.read_text() for outline in decks.outlines(CHAPTERS))
    used = set(re.findall(r"```{(?:code|output)} (?:\w+/)?([\w-]+)", text))
    tags = {
        tag.removeprefix(TAG)
        for page in pages(CHAPTERS)
        for cell in page.cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith(TAG)
    }
    assert tags == used


def test_a_deck_names_nobody_else():
    for outline, framework in DECKS:
        deck = decks.render(made(outline, framework))
        addresses = re.findall(r"""(?:src|href)=["']?([^"'> ]+)|url\(([^)]+)|@import (\S+)""", deck)
        found = {next(filter(None, address)) for address in addresses}
        assert len(found) > 5
        assert all(address.startswith(("../", "?", "data:")) for address in found), found


def test_words_for_one_framework(toy):
    words = prose(jax="A key.", pytorch="A generator.")
    outline = toy(f"# T\n{NOTES}\n## Two\n\n{words}\n{NOTES}")
    assert "A key." in read(outline, "jax").slides[1].content
    assert "A key." not in read(outline, "pytorch").slides[1].content


def test_words_for_an_unknown_framework_are_an_error(toy):
    outline = toy(f"# T\n{NOTES}\n{prose(torch='A generator.')}")
    with pytest.raises(SlideError, match=r"toy\.md:10: `:sync:` expects .*; found 'torch'"):
        read(outline, "jax")


def test_a_slide_shows_what_it_names(toy):
    outline = toy(
        f"# T $p$\n{NOTES}\n## Two\n\n```{{code}} loss\n```\n\n```{{output}} toy/loss\n```\n\n"
        "::::{columns}\n```{math} eq-toy\n```\n\n***\n```{figure} fig-toy\n```\n::::\n" + NOTES
    )
    deck = read(outline, "jax")
    assert [slide.heading for slide in deck.slides] == ["T p", "Two"]
    assert shown(deck, "code") == ["loss = 1 < 2  # jax"]
    assert shown(deck, "output") == ["<jax>"]
    content = deck.slides[1].content
    assert '<math display="block"><mi>a</mi><mo>&lt;</mo><mi>b</mi></math>' in content
    image = base64.b64encode(b"<svg/>").decode()
    assert f'<img src="data:image/svg+xml;base64,{image}" alt="A toy.">' in content
    assert content.count("<div>\n") == 2
    page = decks.render(deck)
    assert "<title>T p: slides, JAX</title>" in page
    assert '<a href="../pytorch/toy.html">PyTorch</a>' in page


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "```{code} lost\n```",
            "tag slide-lost, once. Found 0; available: loss, twice",
        ),
        (
            "```{output} twice\n```",
            "expects a JAX cell with the tag slide-twice, once. Found 2",
        ),
        ("```{code} other/loss\n```", "no page 'other'"),
        (
            "```{math} eq-lost\n```",
            "`:label: eq-lost`, once. Found 0; available: eq-toy",
        ),
        ("```{figure} fig-lost\n```", "a `{figure}` with `:name: fig-lost`, once. Found 0"),
        ("```{cod} loss\n```", "unknown fence `{cod} loss`"),
        ("```python\nx = 1\n```", "unknown fence `python`"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_where(toy, body, expected):
    outline = toy(f"# T\n{NOTES}\n## Second\n\n{body}\n{NOTES}")
    with pytest.raises(SlideError) as error:
        read(outline, "jax")
    assert str(error.value).startswith(f"{outline}, jax, slide 'Second': ")
    assert expected in str(error.value)


def test_a_slide_without_notes_is_an_error(toy):
    with pytest.raises(SlideError, match="'Second': expected speaker notes, found none"):
        read(toy(f"# T\n{NOTES}\n## Second\n\nWords.\n"), "jax")


@pytest.mark.parametrize("text", ["", "## No title\n", "Words.\n\n# T\n", f"# T\n{NOTES}# U\n"])
def test_an_outline_begins_with_its_one_title(toy, text):
    with pytest.raises(SlideError, match="`# Title` must come first, and only once"):
        read(toy(text + NOTES), "jax")


def test_a_stale_notebook_is_an_error(toy):
    outline = toy(f"# T\n{NOTES}\n```{{code}} loss\n```\n")
    page = outline.parent.parent / "toy.md"
    page.write_text(page.read_text().replace("1 < 2  # jax", "2 < 3  # jax"))
    with pytest.raises(StaleNotebookError, match=r"toy/jax: .* was changed"):
        read(outline, "jax")


def test_the_command_writes_the_decks_and_what_they_need(tmp_path, capsys):
    assert main(["slides", "--folder", str(CHAPTERS), "--to", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(DECKS) >= 4
    for outline, framework in DECKS:
        deck = tmp_path / decks.location(outline.stem, framework)
        loaded = r'<(?:script src|link rel="stylesheet" href)="([^"]+)"'
        for address in re.findall(loaded, deck.read_text()):
            assert (deck.parent / address).exists(), address


def test_the_command_tells_a_mistake(toy, capsys):
    outline = toy("# T\n")
    chapters = outline.parent.parent
    for folder in decks.NEEDED:
        (chapters / "third_party" / "book" / folder).mkdir(parents=True)
    assert main(["slides", "--folder", str(chapters), "--to", str(chapters / "out")]) == 1
    assert "expected speaker notes" in capsys.readouterr().err

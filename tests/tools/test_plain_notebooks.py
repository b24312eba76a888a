"""Every committed notebook can be read where nobody knows MyST, and carries all it shows."""

import base64
import functools
import io
import re

import nbformat
import pytest
from backends import ROOT
from PIL import Image
from reading import COMMONMARK, anchors, left_over, links, tags, tokens

CHAPTERS = ROOT / "chapters"
NOTEBOOKS = sorted(CHAPTERS.glob("*/*.ipynb"))
#: What the sanitisers of JupyterLab, GitHub and VS Code leave in place.
TAGS = {"a", "b", "br", "code", "details", "em", "img", "strong", "sub", "summary", "sup"}

each_notebook = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)


@functools.cache
def prose(path):
    """The cells of prose of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


@functools.cache
def anchors_of(path):
    return [anchor for text in prose(path) for anchor in anchors(text)]


def test_there_are_notebooks():
    assert len(NOTEBOOKS) > 50
    kinds = [
        token.type
        for path in NOTEBOOKS[:24]
        for t in prose(path)
        for token in tokens(COMMONMARK, t)
    ]
    assert min(map(kinds.count, ("math_block", "math_inline", "table_open", "link_open"))) > 20


@each_notebook
def test_no_myst_is_left(path):
    assert [found for text in prose(path) for found in left_over(text)] == []


@each_notebook
def test_every_link_leads_somewhere(path):
    for target in (target for text in prose(path) for target in links(text)):
        if re.match(r"https?://[\w.-]+\.\w+(/|$)", target):
            continue
        name, _, anchor = target.partition("#")
        assert re.fullmatch(r"(\w+\.ipynb)?", name), target
        other = path.with_name(name or path.name)
        assert other in NOTEBOOKS, target
        assert anchor in anchors_of(other), target


@each_notebook
def test_an_anchor_is_there_once(path):
    assert len(anchors_of(path)) == len(set(anchors_of(path)))


@each_notebook
def test_every_picture_is_inside_and_told(path):
    for text in prose(path):
        assert not [one for one in tokens(COMMONMARK, text) if one.type == "image"]
        for name, attributes in tags(text):
            assert name in TAGS
            if name == "img":
                kind, data = re.fullmatch(
                    r"data:(image/png);base64,(.*)", attributes["src"]
                ).groups()
                picture = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
                picture.load()
                assert picture.get_format_mimetype() == kind
                assert picture.width == 2 * int(attributes["width"])
                assert len(attributes["alt"]) > 20


def test_a_picture_is_in_every_notebook_of_its_page():
    for page in CHAPTERS.glob("*.md"):
        figures = len(re.findall(r"^[`:]{3,}\{figure\}", page.read_text(), re.MULTILINE))
        for path in CHAPTERS.glob(f"*/{page.stem}.ipynb"):
            assert sum(name == "img" for t in prose(path) for name, _ in tags(t)) == figures


@each_notebook
def test_a_notebook_is_small(path):
    assert path.stat().st_size < 2_000_000

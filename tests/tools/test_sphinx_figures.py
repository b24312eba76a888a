"""A picture of the class ``inline`` becomes part of the page, with its text; others stay files."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx.errors import ExtensionError

from tabbook.sphinx.figures import InlinePictures, load_files_of_figures

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0"/></svg>\n'


@pytest.fixture
def page(tmp_path):
    """Puts a picture on a page and returns the page as the extension leaves it."""

    def run(svg=SVG, **attributes):
        (tmp_path / "net.svg").write_text(svg)
        document = new_document("page")
        document += nodes.image("", uri="net.svg", **attributes)
        env = SimpleNamespace(docname="page", app=SimpleNamespace(srcdir=tmp_path))
        document.settings.env = env
        InlinePictures(document).run()
        return document

    return run


def test_the_picture_and_its_text_become_part_of_the_page(page):
    document = page(classes=["inline"], alt='A "net" <small>')
    (raw,) = document.children
    assert isinstance(raw, nodes.raw)
    assert raw["format"] == "html"
    label = 'role="img" aria-label="A &quot;net&quot; &lt;small&gt;"'
    assert raw.astext() == SVG.replace("<svg ", f"<svg {label} ")


def test_other_pictures_stay_files(page):
    (image,) = page(classes=["wide"], alt="A net").children
    assert isinstance(image, nodes.image)


@pytest.mark.parametrize(
    ("svg", "alt"), [(SVG, ""), ("<?xml version='1.0'?>" + SVG, "A net"), ("PNG", "A net")]
)
def test_a_picture_without_text_or_that_is_no_svg_is_refused(page, svg, alt):
    with pytest.raises(ExtensionError, match=r"page: .*inline.*net\.svg"):
        page(svg, classes=["inline"], alt=alt)


@pytest.mark.parametrize("classes", [["inline"], ["inline", "playable"]])
def test_the_script_is_loaded_where_there_is_something_to_play_with(page, classes):
    loaded = []
    files = {"playable": ["moves.css", "moves.js"], "other": ["other.js"]}
    app = SimpleNamespace(
        add_css_file=loaded.append,
        add_js_file=lambda name, **kwargs: loaded.append(name),
        config=SimpleNamespace(tabbook_figure_files=files),
    )
    load_files_of_figures(app, "page", "page.html", {}, page(classes=classes, alt="A net"))
    wanted = files["playable"] if "playable" in classes else []
    assert loaded == wanted
    load_files_of_figures(app, "search", "search.html", {}, None)  # a page without a source
    assert loaded == wanted

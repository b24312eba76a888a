"""A toy book, really built: what the reader gets in the tabs."""

import json
import re

import nbformat
import pytest
from backends import ROOT
from bs4 import BeautifulSoup
from sphinx_book import build, store_notebooks, stream, write_book
from toy_book import code, prose, write

from d2lcompat._figures import SERIES
from tabbook.pages.elsewhere import NO_REPOSITORY
from tabbook.pages.source import read_page

CONFIG = """\
repository:
  url: https://github.com/someone/toy
  branch: main
launch_buttons:
  notebook_interface: jupyterlab
  binderhub_url: https://mybinder.org
  colab_url: https://colab.research.google.com
html:
  use_edit_page_button: true
  use_issues_button: true
"""
FILES = {
    "_toc.yml": "format: jb-book\nroot: chapters/index\nchapters:\n- file: chapters/toy\n",
    "chapters/index.md": "# Start\n\nHello.\n",
}
FRAMEWORKS = "pytorch, tensorflow, jax, mxnet"
PARTS = (
    "# Toy\n",
    code("raise SystemExit('nothing is executed')  # torch", "pytorch"),
    code("print('tf')", "tensorflow"),
    code("print('jax')", "jax", options=":tags: [hide-input]\n\n"),
    code("print('mx')", "mxnet"),
    "Words.\n",
    code("print('same')"),
    code("print('differs')"),
    code("print('differs too')"),
    code("key()", "jax"),
    "More words.\n",
    code("two()", "jax, pytorch"),
    prose(jax="Words for JAX.").replace("{tab-item} jax", "{tab-item} JAX"),
    code("figure()"),
    "::::{tab-set}\n:::{tab-item} Left\nx\n:::\n:::{tab-item} Right\ny\n:::\n::::\n",
)
DATA = {
    "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    "text/plain": "loss falls\nto 0.5",
    SERIES: {"axes": []},
}


def outputs(framework, cell):
    """What a cell shows."""
    if cell.source == "figure()":
        return [nbformat.v4.new_output("display_data", DATA)]
    return stream(f"{framework} says so" if "differs" in cell.source else "as everywhere")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The toy book's folder, built without a warning."""
    folder = tmp_path_factory.mktemp("book")
    write_book(folder, FILES, CONFIG)
    store_notebooks(read_page(write(folder / "chapters", *PARTS, frameworks=FRAMEWORKS)), outputs)
    build(folder)
    return folder


@pytest.fixture(scope="module")
def html(book):
    return (book / "_build/html/chapters/toy.html").read_text()


@pytest.fixture(scope="module")
def tabs(html):
    """The tab sets of the page: for each one ``(label, framework) -> text``."""
    return [
        {
            (label.text.strip(), label.get("data-sync-id")): " ".join(panel.text.split())
            for label, panel in zip(
                box.find_all("label"), box.find_all(class_="sd-tab-content"), strict=True
            )
        }
        for box in BeautifulSoup(html, "html.parser").article.find_all(class_="sd-tab-set")
    ]


def text(tabs, place, wanted):
    return next(words for (label, _), words in tabs[place].items() if label == wanted)


def test_every_set_has_every_framework_in_the_pages_order(tabs):
    every = [(name, name.lower()) for name in ("PyTorch", "TensorFlow", "JAX", "MXNet")]
    *ours, (left, right) = map(list, tabs)
    assert ours == [every] * 6
    assert (left[0], right[0]) == ("Left", "Right")


def test_code_and_outputs_stand_in_their_tabs(tabs, html):
    assert "# torch" in text(tabs, 0, "PyTorch")
    assert text(tabs, 0, "TensorFlow") == "print('tf') as everywhere"
    assert text(tabs, 0, "MXNet") == "print('mx') as everywhere"
    assert "tag_hide-input" in html
    for place in (1, 2):
        assert text(tabs, place, "JAX").endswith("jax says so")
        assert text(tabs, place, "MXNet").endswith("mxnet says so")
    assert "print('differs too')" in text(tabs, 2, "PyTorch")
    assert not any("print('same')" in panel for box in tabs for panel in box.values())


def test_a_missing_framework_has_an_empty_tab(tabs, html):
    assert text(tabs, 5, "JAX") == "Words for JAX."
    *ours, _ = BeautifulSoup(html, "html.parser").article.find_all(class_="sd-tab-set")
    for place, box in enumerate(ours):
        panels = zip(box.find_all("label"), box.find_all(class_="sd-tab-content"), strict=True)
        empty = {label["data-sync-id"] for label, panel in panels if not panel.text.strip()}
        marked = box.find_all(class_="framework-tabs-none")
        assert {panel.find_previous_sibling("label")["data-sync-id"] for panel in marked} == empty
        assert ("framework-tabs-partial" in box["class"]) == bool(empty)
        assert ("framework-tabs-prose" in box["class"]) == (place == 5)
        assert len(empty) == {3: 3, 4: 2, 5: 3}.get(place, 0)


def test_pictures_have_words(html):
    assert '<img alt="loss falls to 0.5"' in html


def test_buttons_lead_to_each_frameworks_notebook(book, html):
    for framework in ("pytorch", "tensorflow", "jax", "mxnet"):
        link = f"../notebooks/{framework}/toy.ipynb"
        assert f'href="{link}"' in html
        target = (book / "_build/html/chapters" / link).resolve()
        source = book / "chapters" / framework / "toy.ipynb"
        assert target.read_bytes() == source.read_bytes()
    assert "_sources/chapters/toy" not in html
    start = (book / "_build/html/chapters/index.html").read_text()
    assert "notebooks/" not in start


@pytest.mark.parametrize(("framework", "label"), [("pytorch", "PyTorch"), ("jax", "JAX")])
@pytest.mark.parametrize(
    ("machine", "address"),
    [
        ("Binder", "https://mybinder.org/v2/gh/someone/toy/main?urlpath=lab/tree/"),
        ("Colab", "https://colab.research.google.com/github/someone/toy/blob/main/"),
        (
            "Kaggle",
            "https://kaggle.com/kernels/welcome?src=https://github.com/someone/toy/blob/main/",
        ),
    ],
)
def test_a_notebook_opens_on_another_machine(book, html, machine, address, framework, label):
    path = f"chapters/{framework}/toy.ipynb"
    assert (book / path).exists()
    link = re.search(rf'<a href="{re.escape(address + path)}"(.*?)</a>', html, re.DOTALL)
    assert f"btn-framework-{framework}" in link[1]
    assert f"{machine} ({label})" in link[1]


def test_the_page_does_not_show_what_a_notebook_begins_with(book, html):
    notebook = (book / "chapters/jax/toy.ipynb").read_text()
    for words in ("Open in Colab", "COLAB_RELEASE_TAG"):
        assert words in notebook
        assert words not in html


def test_the_page_is_edited_where_its_source_is(book, html):
    assert (book / "chapters/toy.md").exists()
    assert 'href="https://github.com/someone/toy/edit/main/chapters/toy.md"' in html
    assert html.count("chapters/toy.md") == 1


def test_a_book_without_an_address_offers_nothing_that_needs_one(book, html):
    config = book / "_config.yml"
    before = config.read_text()
    page = read_page(book / "chapters/toy.md")
    try:
        config.write_text(before.replace("someone/toy", NO_REPOSITORY))
        store_notebooks(page, outputs)
        build(book)
        without = (book / "_build/html/chapters/toy.html").read_text()
    finally:
        config.write_text(before)
        store_notebooks(page, outputs)
    for thing in ("github.com", "issues/new", "mybinder", "colab", "kaggle", "launch-buttons"):
        assert thing in html
        assert thing not in without
    assert "../notebooks/jax/toy.ipynb" in without


def test_the_address_is_said_in_one_place():
    told = (ROOT / "_config.yml").read_text()
    assert len(re.findall(r"(?m)^  url: https://github\.com/[\w.-]+/[\w.-]+$", told)) == 1
    for path in ("CONTRIBUTING.md", "tabbook/pages/elsewhere.py"):
        assert "OWNER/REPOSITORY" in (ROOT / path).read_text()


def test_the_scripts_know_the_frameworks_and_come_first(html):
    scripts = re.findall(r"<script[^>]*(framework_tabs|framework_compare|design-tabs)\.js", html)
    assert scripts == ["framework_tabs", "framework_compare", "design-tabs"]
    assert "&#34;jax&#34;: &#34;JAX&#34;" in html or "&quot;jax&quot;: &quot;JAX&quot;" in html


def test_notebooks_are_no_pages_and_a_changed_one_builds_its_page_anew(book, html):
    inventory = list((book / "_build/html/chapters").rglob("*.html"))
    assert {path.name for path in inventory} == {"index.html", "toy.html"}
    path = book / "chapters" / "jax" / "toy.ipynb"
    before = path.read_text()
    try:
        path.write_text(before.replace("jax says so", "jax says otherwise"))
        build(book)
        rebuilt = (book / "_build/html/chapters/toy.html").read_text()
        assert "jax says otherwise" in rebuilt
        assert "jax says otherwise" not in html

        stale = json.loads(before)
        stale["cells"][3]["source"] = ["print('old')"]
        path.write_text(json.dumps(stale))
        told = build(book, check=False)
        assert "toy/jax: cell 1 (\"print('jax')\") was changed" in told
        assert "python -m tabbook execute --framework jax toy" in told
    finally:
        path.write_text(before)

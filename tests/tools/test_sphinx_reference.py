"""The reference and the glossary of a toy book that is built where no framework can be imported."""

import ast
import importlib
import inspect
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from unittest import mock
from urllib.parse import urldefrag

import pytest
from backends import ARRAYS, BOOK, FRAMEWORKS, ROOT
from bs4 import BeautifulSoup
from sphinx_book import build, store_notebooks, stream, write_book
from toy_book import code, prose, write

from tabbook.pages.source import read_page
from tabbook.sphinx.api_links import source_address

ABSENT = ("torch", "tensorflow", "keras", "jax", "flax", "optax", "mxnet")
TOC = """\
format: jb-book
root: index
chapters:
- file: chapters/toy
- file: chapters/glossary
- file: chapters/api/index
- glob: chapters/api/*
"""
GLOSSARY = """\
# Glossary

```{glossary}
mask
  Zeros and ones, see {term}`unit`.

  A second paragraph, which no card shows.

unit
  A number.
```
"""
TRAIN = "trainer = d2l.Trainer(max_epochs=1)\n\n@d2l.add_to_class(Net)\ndef f(): pass\nd2l.nothing"
PAGE = (
    "# Toy\n\nA {term}`Mask <mask>` and another {term}`mask`.\n",
    code(TRAIN, "pytorch"),
    code(TRAIN + "\nd2l.get_key()", "jax", options=":tags: [hide-cell]\n\n"),
    "Words.\n",
    code("d2l.Trainer"),
    prose(jax="Words."),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The built pages, by name."""
    folder = tmp_path_factory.mktemp("reference")
    glossary = {"chapters/glossary.md": GLOSSARY}
    write_book(folder, {"_toc.yml": TOC, "index.md": "# Start\n", **glossary})
    # The package is looked for in the book's folder
    (folder / "d2lcompat").symlink_to(ROOT / "d2lcompat")
    page = read_page(write(folder / "chapters", *PAGE, frameworks="pytorch, jax"))
    store_notebooks(page, lambda framework, cell: stream("as everywhere"))
    shutil.copytree(ROOT / "chapters" / "api", folder / "chapters" / "api")
    with mock.patch.dict(sys.modules, dict.fromkeys(ABSENT)):  # importing one is an error
        with pytest.raises(ImportError):
            importlib.import_module("torch")
        build(folder)
    pages = folder / "_build" / "html" / "chapters"
    return {
        str(path.relative_to(pages)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in pages.rglob("*.html")
    }


def exported(framework):
    """``__all__`` of a page, from its text."""
    page = ROOT / "d2lcompat" / f"{FRAMEWORKS[framework].module}.py"
    for statement in ast.parse(page.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "__all__":
            return ast.literal_eval(statement.value)
    raise AssertionError(f"{page} has no __all__")


def anchor(framework, name):
    return f"d2lcompat.{FRAMEWORKS[framework].module}.{name}"


def words(text):
    """The words of a text, whatever the quotes and the markup around them."""
    return re.sub(r"[^A-Za-z0-9]+", " ", text).strip()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_public_name_has_one_entry(built, framework):
    ids = Counter(tag["id"] for tag in built[f"api/{framework}.html"].find_all(id=True))
    for name in exported(framework):
        assert ids[anchor(framework, name)] == 1, name
        row = built["api/index.html"].find(id=f"d2l-{name}").find_parent("tr")
        links = [link["href"] for link in row.find_all("a")]
        assert f"{framework}.html#{anchor(framework, name)}" in links


def test_short_names_are_rows_of_one_table(built):
    page = built["api/jax.html"]
    rows = {
        row.td.get_text(strip=True): row.find_all("td")[1].get_text(strip=True)
        for row in page.find("table", class_="api-names").tbody.find_all("tr")
    }
    assert rows["concat"] == "jax.numpy.concatenate"
    assert rows["rand"] == "jax.random.uniform"
    assert rows["reduce_sum"] == "x.sum(…)"
    assert rows["plt"] == "matplotlib.pyplot"
    mxnet = built["api/mxnet.html"].find(id=anchor("mxnet", "matmul")).find_parent("tr")
    assert "mxnet.np.dot" in mxnet.get_text()


@pytest.mark.parametrize("framework", ARRAYS)
def test_entries_say_what_the_real_objects_say(built, framework):
    table = FRAMEWORKS[framework]
    if not table.supported:
        pytest.skip(f"{table.label} has no build for this platform")
    d2l, page = importlib.import_module(f"d2lcompat.{table.module}"), built[f"api/{framework}.html"]
    compared = 0

    def compare(path, item, drop=0):
        nonlocal compared
        entry = page.find(id=anchor(framework, path))
        shown = [p.find(class_="n").get_text() for p in entry.find_all(class_="sig-param")]
        real = list(inspect.signature(item).parameters)[drop:]
        assert [name for name in shown if name not in "*/"] == real, path
        paragraph = inspect.getdoc(item).split("\n\n")[0]
        assert words(paragraph) in words(entry.parent.get_text()), path
        compared += 1

    for name in exported(framework):
        item = getattr(d2l, name)
        if not getattr(item, "__module__", "").startswith("d2lcompat.") or name in short(page):
            continue
        if inspect.isfunction(item):
            compare(name, item)
            continue
        entry = page.find(id=anchor(framework, name)).parent
        assert words(item.__doc__.split("\n\n")[0]) in words(entry.get_text()), name
        inherited = {link["href"].rpartition(".")[2] for link in entry.find_all("a")}
        for method in dir(item):
            function = inspect.getattr_static(item, method)
            if method.startswith("_") or not inspect.isfunction(function):
                continue
            written_in = Path(inspect.unwrap(function).__code__.co_filename)
            if not written_in.is_relative_to(ROOT / "d2lcompat"):
                continue  # the framework's, or made by it
            if method in vars(item):
                assert page.find(id=anchor(framework, f"{name}.{method}")), f"{name}.{method}"
            if page.find(id=anchor(framework, f"{name}.{method}")):
                compare(f"{name}.{method}", getattr(item, method), drop=1)
            else:
                assert method in inherited, f"{name}.{method}"
    assert compared > (5 if framework == "numpy" else 30)


def short(page):
    table = page.find("table", class_="api-names")
    return {row.td.get_text(strip=True) for row in table.tbody.find_all("tr")}


def test_code_in_a_tab_leads_to_its_frameworks_page(built):
    page = built["toy.html"]
    found = {}
    for block in page.select(".sd-tab-content .cell_input pre"):
        for link in block.find_all("a"):
            found.setdefault(link["href"].partition("#")[0], []).append(link.get_text())
    uses = ["d2l.Trainer", "@d2l.add_to_class"]
    assert found == {"api/pytorch.html": uses, "api/jax.html": [*uses, "d2l.get_key"]}


def test_code_for_all_leads_to_the_overview(built):
    cell = next(cell for cell in built["toy.html"].select(".cell_input") if not in_tab(cell))
    assert [link["href"] for link in cell.find_all("a")] == ["api/index.html#d2l-Trainer"]


def in_tab(cell):
    return cell.find_parent(class_="sd-tab-content") is not None


def test_links_change_no_code(built):
    shown = [pre.get_text().strip() for pre in built["toy.html"].select(".cell_input pre")]
    assert shown == [TRAIN, TRAIN + "\nd2l.get_key()", "d2l.Trainer"]


def test_links_lead_to_what_is_there(built):
    links = [link for page in built.values() for link in page.select("a.api-link")]
    assert links
    for link in links:
        address, identity = urldefrag(link["href"])
        assert built[address].find(id=identity), link["href"]


def test_a_page_has_the_definitions_that_it_links_to(built):
    cards = built["toy.html"].select(".glossary-card")
    assert [(card["id"], card.get_text(strip=True)) for card in cards] == [
        ("card-term-mask", "Zeros and ones, see unit.")
    ]
    assert not cards[0].find_all("a")
    assert [card["id"] for card in built["glossary.html"].select(".glossary-card")] == [
        "card-term-unit"
    ]


@pytest.mark.parametrize("name", ["Trainer", "ProgressBoard", "Classifier.loss", "plot"])
def test_the_source_of_a_name_is_where_it_is_defined(name):
    options = {"repository_url": "https://github.com/someone/toy", "repository_branch": "trunk"}
    info = {"module": "d2lcompat.torch", "fullname": name}
    address = source_address(BOOK, SimpleNamespace(html_theme_options=options), info)
    path, _, line = address.removeprefix("https://github.com/someone/toy/blob/trunk/").partition(
        "#L"
    )
    text = (ROOT / path).read_text(encoding="utf-8").split("\n")[int(line) - 1]
    assert re.match(rf"\s*(class|def) {name.rpartition('.')[2]}\b", text)


@pytest.mark.parametrize("address", ["", "https://github.com/executablebooks/jupyter-book"])
def test_without_a_repository_there_is_no_source(address):
    config = SimpleNamespace(html_theme_options={"repository_url": address})
    assert (
        source_address(BOOK, config, {"module": "d2lcompat.torch", "fullname": "Trainer"}) is None
    )

"""A book that shares nothing with this one: its own layout, frameworks and key, really built."""

import json
import re

import pytest
from sphinx_book import CONFIG, build, store_notebooks, stream
from toy_book import code

from tabbook.math.font import FONT
from tabbook.pages.source import pages

PROJECT = """\
[tool.tabbook.frameworks.plain]
label = "Plain Python"
package = "math"

[tool.tabbook.frameworks.sklearn]
"""
PAGE = """\
---
tabbook:
  frameworks: [plain, sklearn]
---

# {title}

A formula: $x^2$.

"""
FILES = {
    "pyproject.toml": PROJECT,
    "_config.yml": CONFIG,
    "_toc.yml": "format: jb-book\nroot: index\nchapters:\n- file: fit\n  sections:\n"
    "  - file: deep/er/fit\n  - file: sklearn/words\n- file: own\n",
    "index.md": "# Start\n\nHello.\n",
    "sklearn/words.md": "# Words\n\nIn a folder that is called like a framework.\n",
    "own.md": "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n\n# Own\n\n"
    + code("print('not in tabs')"),
    **{
        name: PAGE.format(title=name) + code("1 + 1", "plain") + code("2 + 2", "sklearn")
        for name in ("fit.md", "deep/er/fit.md")
    },
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("any_book")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for page in pages(folder):
        store_notebooks(page, lambda framework, cell, page=page: stream(f"{page.name} {framework}"))
    build(folder)
    return folder


def html(book, name):
    return (book / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["fit", "deep/er/fit"])
def test_pages_at_any_depth_have_tabs_and_their_own_notebooks(book, name):
    page = html(book, name)
    assert page.count("framework-tabs docutils") == 1
    assert "%%tab" not in page
    for framework in ("plain", "sklearn"):
        assert f"{name} {framework}" in page
        (link,) = set(re.findall(rf'href="([^"]*notebooks/{framework}/[^"]+)"', page))
        target = (book / "_build" / "html" / f"{name}.html").parent / link
        cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
        assert any(f"{name} {framework}" in str(cell.get("outputs")) for cell in cells)


def test_the_chooser_offers_the_frameworks_of_the_book(book):
    for name in ("index", "fit", "sklearn/words"):
        (labels,) = re.findall(r'data-frameworks="([^"]+)"', html(book, name))
        labels = json.loads(labels.replace("&#34;", '"').replace("&quot;", '"'))
        assert labels == {"plain": "Plain Python", "sklearn": "sklearn"}
        assert "PyTorch" not in html(book, name)


def test_a_page_without_frameworks_is_jupyter_books(book):
    assert "not in tabs" in html(book, "own")
    assert "framework-tabs" not in re.sub("(?s)<head>.*?</head>", "", html(book, "own"))


def test_formulas_have_their_font(book):
    page = html(book, "fit")
    assert "<math" in page
    assert (book / "_build/html" / FONT).exists()
    assert FONT in page


def test_a_page_that_is_not_listed_stops_the_build(book):
    (book / "deep" / "draft.md").write_text(FILES["fit.md"])
    told = build(book, check=False)
    (book / "deep" / "draft.md").unlink()
    assert "deep/draft.md:2: this looks like a page with frameworks, but _toc.yml" in told


def test_the_folder_of_the_settings_is_the_one_that_is_built(tmp_path):
    for name in ("_config.yml", "_toc.yml", "index.md", "fit.md"):
        (tmp_path / "docs").mkdir(exist_ok=True)
        text = (
            "format: jb-book\nroot: index\nchapters: [{file: fit}]\n"
            if name == "_toc.yml"
            else FILES[name]
        )
        (tmp_path / "docs" / name).write_text("# Words\n" if name == "fit.md" else text)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    told = build(tmp_path / "docs", check=False)
    assert "[tool.tabbook] folder expects the folder of the book that is built" in told
    (tmp_path / "pyproject.toml").write_text(f'[tool.tabbook]\nfolder = "docs"\n{PROJECT}')
    build(tmp_path / "docs")

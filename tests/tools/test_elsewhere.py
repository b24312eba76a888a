"""A notebook begins with what a reader needs elsewhere, if the book has an address."""

import ast
import shlex
from types import SimpleNamespace

import nbformat
import pytest
from toy_book import code, write
from toy_notebooks import run_pytest

from tabbook.cells import is_for_elsewhere, is_skipped
from tabbook.config import ConfigError
from tabbook.pages.accept import bless
from tabbook.pages.agreement import check
from tabbook.pages.elsewhere import NO_REPOSITORY
from tabbook.pages.notebooks import split
from tabbook.pages.record import execute, refresh
from tabbook.pages.source import read_page

ADDRESS = """\
repository:
  url: https://github.com/someone/toy
  branch: trunk
launch_buttons:
  notebook_interface: jupyterlab
  binderhub_url: https://mybinder.org
  colab_url: https://colab.research.google.com
html:
  baseurl: https://someone.example/toy
"""
FRAMEWORKS = "pytorch, jax, mxnet, numpy"
PARTS = ("# Toy\n", code("1 + 1"), code("print('x' * 2)"))


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page of a book with an address."""
    monkeypatch.delenv("D2LCOMPAT_DATA", raising=False)
    path = write(tmp_path / "chapters", *PARTS, frameworks=FRAMEWORKS)
    (tmp_path / "_config.yml").write_text(ADDRESS)
    return read_page(path)


def config(page, *changes):
    text = ADDRESS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (page.book.root / "_config.yml").write_text(text)


def first(page, framework="jax"):
    return [cell for cell in split(page, framework).cells if is_for_elsewhere(cell)]


def run(cell, monkeypatch, **environment):
    """What a cell asks IPython for, in an environment."""
    asked = []
    for name in ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shell = SimpleNamespace(run_line_magic=lambda *arguments: asked.append(arguments))
    exec(cell.source, {"get_ipython": lambda: shell})
    return asked


def test_a_notebook_opens_elsewhere_and_leads_back(page):
    links, _ = first(page)
    path = "someone/toy/blob/trunk/chapters/jax/toy.ipynb"
    assert links.cell_type == "markdown"
    assert links.source.split(" · ") == [
        f"[Open in Colab](https://colab.research.google.com/github/{path})",
        "[Open in Binder](https://mybinder.org/v2/gh/someone/toy/trunk"
        "?urlpath=lab/tree/chapters/jax/toy.ipynb)",
        f"[Open in Kaggle](https://kaggle.com/kernels/welcome?src=https://github.com/{path})",
        "[This page in the book](https://someone.example/toy/chapters/toy.html?framework=jax)",
    ]


@pytest.mark.parametrize(
    ("framework", "wanted"),
    [
        ("pytorch", ["torch>=2,<3"]),
        ("jax", ["jax", "flax>=0.10"]),
        ("mxnet", ["mxnet==1.9.1", "numpy<2"]),
        ("numpy", []),
    ],
)
@pytest.mark.parametrize("machine", ["COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"])
def test_the_first_code_installs_what_is_needed_there_and_nothing_here(
    page, monkeypatch, framework, wanted, machine
):
    _, install = first(page, framework)
    assert run(install, monkeypatch) == []
    ((magic, line),) = run(install, monkeypatch, **{machine: "1"})
    package = "toy @ git+https://github.com/someone/toy@trunk"
    assert (magic, shlex.split(line)) == ("pip", ["install", "--quiet", package, *wanted])
    assert ast.parse(install.source)
    assert is_skipped(install)


@pytest.mark.parametrize(
    ("changes", "links", "package"),
    [
        ([("  baseurl: https://someone.example/toy", "  baseurl: ''")], "Colab Binder Kaggle", ""),
        ([("  colab_url: https://colab.research.google.com\n", "")], "Binder Kaggle book", ""),
        ([("  branch: trunk", "  path_to_book: docs/en")], "Colab Binder Kaggle book", "docs/en"),
        ([("github.com", "git.example")], "book", ""),
    ],
    ids=["no site", "no Colab", "in a folder", "not on GitHub"],
)
def test_nothing_is_made_up(page, changes, links, package):
    config(page, *changes)
    shown, install = first(page)
    assert [link.rpartition("](")[0].split()[-1] for link in shown.source.split(" · ")] == (
        links.split()
    )
    assert ("#subdirectory=docs/en" in install.source) == bool(package)
    assert shown.source.count("docs/en/chapters") == (3 if package else 0)


@pytest.mark.parametrize("text", [None, "", ADDRESS.replace("someone/toy", NO_REPOSITORY)])
def test_without_an_address_there_is_none_of_it(page, text):
    path = page.book.root / "_config.yml"
    path.unlink() if text is None else path.write_text(text)
    assert first(page) == []


def test_a_configuration_that_is_none_is_told(page):
    (page.book.root / "_config.yml").write_text("repository: [")
    with pytest.raises(ConfigError, match=r"_config\.yml"):
        first(page)


def test_setting_the_address_needs_a_refresh_and_no_execution(page):
    config(page, ("someone/toy", NO_REPOSITORY))
    path = execute(page, "jax", require_installed=False)
    before = nbformat.read(path, as_version=4)
    config(page)
    problem, *_ = check(page, "jax")
    assert "refresh --framework jax toy" in problem
    refresh(page, "jax")
    assert check(page, "jax") == []
    after = nbformat.read(path, as_version=4)
    assert after.cells[2:] == before.cells
    assert after.metadata == before.metadata
    # Executed, it is the same: the first cell is not run.
    text = path.read_text()
    execute(page, "jax", require_installed=False)
    assert path.read_text() == text


def test_accepting_outputs_counts_and_reports_the_cells_of_the_page_alone(page):
    config(page, ("someone/toy", NO_REPOSITORY))
    execute(page, "numpy")
    config(page)
    assert bless([(page, "numpy")]) == []
    assert check(page, "numpy") == []


def test_the_check_runs_the_page_and_counts_no_ignored_cell(page, tmp_path):
    path = execute(page, "numpy")
    status, report = run_pytest(tmp_path, str(path), "-o", "max_ignored_cells=0", "-v")
    assert status == 0, report
    assert "2 passed" in report
    assert "skipped" not in report

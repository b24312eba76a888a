"""What the pre-execution checks say of a notebook; only the page that they compare is run."""

import sys

import nbformat
import pytest
from toy_book import code, configure, write
from toy_notebooks import cell, save

from tabbook.check.preflight import problems_of
from tabbook.pages import record
from tabbook.pages.source import read_page

PAGE = (code("a = 0.5"), code("print(a)"), code("print(2)"), code("a"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page executed once for all tests."""
    page = read_page(write(tmp_path_factory.mktemp("page"), *PAGE, frameworks="numpy"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("D2LCOMPAT_DATA", raising=False)
        record.execute(page, "numpy")
    return page


@pytest.fixture
def spoil(page, tmp_path):
    """Change the page's notebook and run the pre-execution checks."""

    def run(change):
        notebook = nbformat.read(page.notebook("numpy"), as_version=4)
        change(notebook)
        configure(tmp_path)
        (tmp_path / "toy.md").write_bytes(page.path.read_bytes())
        (tmp_path / "numpy").mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / "numpy" / "toy.ipynb")
        return "\n".join(problems_of(tmp_path / "numpy" / "toy.ipynb"))

    return run


def test_what_was_executed_has_no_problem(spoil):
    assert spoil(lambda notebook: None) == ""


def strip(notebook):
    for one in notebook.cells:
        one.outputs = []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.cells[1].update(source="print(a )"), "cell 1 ('print(a)') was changed"),
        (lambda n: n.cells.clear(), "cell 0 ('a = 0.5') is missing"),
        (
            lambda n: n.metadata.d2lcompat.update(framework="jax"),
            "the notebook's framework is 'jax'",
        ),
        (lambda n: n.metadata.d2lcompat.update(framework="jacks"), "unknown framework 'jacks'"),
        (strip, "no cell has an output"),
        (lambda n: n.cells[2].metadata.update(tags=["skip-execution"]), "without a reason"),
        (lambda n: n.cells[2].metadata.update(tags=["skip-execution"]), "or an execution count"),
        (lambda n: n.cells[2].metadata.update(tags=["nbval-ignore-output"]), "without a reason"),
        (lambda n: n.cells[2].metadata.update(tags=["nbval-skip", "reason= "]), "without a reason"),
        (lambda n: n.cells[2].update(source="# NBVAL_IGNORE_OUTPUT\n2"), "without a reason"),
        (lambda n: n.cells[2].metadata.update(tags=["timeout=soon"]), "at least 0"),
        (lambda n: n.cells[2].metadata.update(tags=["rtol=ten"]), "at least 0"),
    ],
)
def test_what_is_wrong_is_named(spoil, change, message):
    assert message in spoil(change)


def test_a_notebook_without_a_source_is_looked_at_too(tmp_path):
    configure(tmp_path)
    path = save(tmp_path / "x.ipynb", [cell("print(1)", "1\n"), cell(""), cell("print(2)", "2\n")])
    assert problems_of(path) == [
        "cell 2 ('print(2)') has execution count 3 instead of 2: the cells were not executed in "
        "order"
    ]
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].execution_count, notebook.cells[2].execution_count = None, 2
    nbformat.write(notebook, path)
    assert problems_of(path, "python3") == []
    assert "its kernel 'nosuch' is not installed (available: " in problems_of(path, "nosuch")[0]
    notebook.metadata["d2lcompat"] = {"framework": "jax"}
    nbformat.write(notebook, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tabbook.config.Framework.installed", property(lambda self: False))
        assert problems_of(path) == ['JAX is not installed. Run: pip install -e ".[jax]"']


def test_without_jupytext_a_source_cannot_be_compared_and_that_is_said(spoil, monkeypatch):
    for name in ("tabbook.pages.agreement", "tabbook.pages.source", "jupytext.myst"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jupytext", None)
    assert "toy.md is its source; jupytext" in spoil(lambda notebook: None)

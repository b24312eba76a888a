"""Blessing writes what has changed and nothing else, shows it, and refuses what is not right."""

import functools
import json
import re
import subprocess
import sys

import nbformat
import pytest
from toy_book import code, write

from tabbook.check.compare import Tolerance
from tabbook.cli import main
from tabbook.pages import notebooks
from tabbook.pages.accept import bless, default_tolerance
from tabbook.pages.agreement import check
from tabbook.pages.notebooks import NotebookError
from tabbook.pages.record import execute
from tabbook.pages.source import read_page

SVG = """\
from IPython.display import display
display({'image/svg+xml': f'<svg>{values.noise}</svg>', 'text/plain': 'figure',
         'application/vnd.d2lcompat.series+json': {'y': [values.loss, 1.0]}}, raw=True)"""
# What is printed comes from a module beside the notebook, so that it can move under the same code.
PARTS = (
    code("import values\nprint('start', 0.25)"),
    code("print('loss', values.loss)\n2 * values.noise", options=":tags: [rtol=0.01]\n\n"),
    code("print(values.noise)", options=":tags: [rtol=0.01]\n\n"),
    code(SVG, options=":tags: [rtol=0.01]\n\n"),
)


@pytest.fixture(autouse=True)
def real_data(monkeypatch):
    monkeypatch.delenv("D2LCOMPAT_DATA", raising=False)


def move_numbers(page, loss=0.5, noise=1.0):
    folder = page.notebook("numpy").parent
    folder.mkdir(exist_ok=True)
    (folder / "values.py").write_text(f"loss = {loss!r}\nnoise = {noise!r}\n")


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook of the page with loss 0.5, executed once for all tests."""
    page = read_page(write(tmp_path_factory.mktemp("book"), *PARTS, frameworks="numpy"))
    move_numbers(page)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("D2LCOMPAT_DATA", raising=False)
        return execute(page, "numpy").read_bytes()


@pytest.fixture
def book(executed, tmp_path):
    """A page executed with loss 0.5: the page, its notebook, and a function that moves numbers."""
    page = read_page(write(tmp_path, *PARTS, frameworks="numpy"))
    move_numbers(page)
    path = page.notebook("numpy")
    path.write_bytes(executed)
    return page, path, functools.partial(move_numbers, page)


def changed_lines(before, after):
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [(one.strip(), other.strip()) for one, other in pairs if one != other]


def test_one_number_moves_and_nothing_else(book):
    page, path, move = book
    before = path.read_text()
    move(loss=0.75, noise=1.001)
    changes = bless([(page, "numpy")])
    # What is within its tolerance stays as it is stored: an output beside the one that changed,
    # and another cell. A picture changes with its data.
    lines = [one for one, _ in changed_lines(before, path.read_text())]
    assert [re.sub(r"[^\w.]+", " ", line).strip() for line in lines] == [
        "loss 0.5 n",
        "0.5",
        "svg 1.0 svg",
    ]
    taken = [(one.cell, one.difference.where) for one in changes if one.taken]
    series = "application/vnd.d2lcompat.series+json.y[0]"
    assert taken == [(1, "stdout"), (3, series)]
    kept = [(one.cell, one.difference.stored) for one in changes if not one.taken]
    assert kept == [(1, "2.0"), (2, "1.0")]
    assert bless([(page, "numpy")]) == [one for one in changes if not one.taken]


def test_all_digits_are_taken_if_asked_for(book):
    page, path, move = book
    move(noise=1.001)
    before = path.read_bytes()
    assert not any(change.taken for change in bless([(page, "numpy")]))
    assert path.read_bytes() == before
    changes = bless([(page, "numpy")], exact=True)
    assert {change.cell for change in changes} == {1, 2, 3}
    assert all(change.taken for change in changes)
    assert "1.001" in path.read_text()
    assert not check(page, "numpy")


def test_an_edited_source_shows_old_and_new_numbers(book):
    page, _, _ = book
    text = page.path.read_text().replace("'start', 0.25", "'start', 0.35")
    page.path.write_text(text.replace("print(values.noise)", "print(values.noise)\nprint(7)"))
    changes = bless([(read_page(page.path), "numpy")])
    (first, second) = changes
    assert (first.cell, first.difference.stored, first.difference.new) == (0, "0.25", "0.35")
    assert (second.cell, second.difference.where) == (2, "stdout")
    assert not check(read_page(page.path), "numpy")


def test_new_and_removed_cells_are_told(book):
    page, _, _ = book
    write(page.path.parent, *PARTS[:3], frameworks="numpy")
    (change,) = bless([(read_page(page.path), "numpy")])
    assert (change.cell, change.difference.note) == (3, "removed")
    write(page.path.parent, *PARTS, frameworks="numpy")
    (change,) = bless([(read_page(page.path), "numpy")])
    assert (change.cell, change.difference.note) == (3, "new")
    page.notebook("numpy").unlink()
    (change,) = bless([(read_page(page.path), "numpy")])
    assert change.difference.where == "notebook"


def test_a_picture_without_data_is_taken_when_it_changed(tmp_path):
    source = "from IPython.display import SVG\nimport values\nSVG(f'<svg>{values.x}</svg>')"
    page = read_page(write(tmp_path, code(source), frameworks="numpy"))
    path = page.notebook("numpy")
    path.parent.mkdir()
    for x in (1, 2):
        (path.parent / "values.py").write_text(f"x = {x}")
        changes = bless([(page, "numpy")])
    assert [change.taken for change in changes] == [True]
    assert "<svg>2</svg>" in path.read_text()


@pytest.mark.parametrize("fault", ["error", "synthetic data", "source edited meanwhile"])
def test_what_is_not_right_is_refused(book, fault, monkeypatch):
    page, path, move = book
    first = read_page(write(page.path.parent, code("print(1)"), frameworks="numpy", name="first"))
    pairs = [(first, "numpy"), (page, "numpy")]
    match fault:
        case "error":
            (path.parent / "values.py").write_text("1 / 0")
        case "synthetic data":
            move(loss=0.75)
            monkeypatch.setenv("D2LCOMPAT_DATA", "synthetic")
        case "source edited meanwhile":
            move(loss=0.75)
            page.path.write_text(page.path.read_text().replace("0.25", "0.35"))
    before = path.read_bytes()
    with pytest.raises(NotebookError):
        bless(pairs)
    assert path.read_bytes() == before
    assert not first.notebook("numpy").exists()


def test_the_command_prints_a_table_and_writes_figures(book, capsys):
    page, _, move = book
    move(loss=0.75, noise=1.001)
    figures = page.path.parent / "figures"
    arguments = ["bless", "--folder", str(page.path.parent), "--figures", str(figures), "toy"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    head, *rows, last = out.splitlines()
    assert head.split()[:4] == ["page", "framework", "cell", "what"]
    assert head.split()[4:] == ["stored", "new", "difference", "tolerance"]
    row = next(row for row in rows if "'loss'" in row and "stdout" in row)
    assert re.search(r"toy +numpy +1 print\('loss', values.*stdout +0.5 +0.75 +0.25 +0.005", row)
    assert "within, kept as stored" in out
    assert "Executed 1 notebooks, stored 2 changes" in last
    assert {file.name: file.read_text() for file in figures.iterdir()} == {
        "toy-numpy-cell3-0-before.svg": "<svg>1.0</svg>",
        "toy-numpy-cell3-0-after.svg": "<svg>1.001</svg>",
    }
    assert main(["bless", "--folder", str(page.path.parent), "--exact"]) == 0
    assert "within, taken" in capsys.readouterr().out


def test_the_default_tolerance_is_that_of_the_tests(tmp_path):
    folder = tmp_path / "chapters"
    folder.mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\noutput_rtol = "0.25"\n')
    assert default_tolerance(folder) == Tolerance(rtol=0.25)


def test_blessing_what_did_not_change_changes_nothing(book):
    page, path, _ = book
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.d2lcompat.versions["numpy"] = "1.0"
    notebooks.write(notebook, path)
    before = path.read_bytes()
    assert bless([(page, "numpy")]) == []
    assert path.read_bytes() == before


def test_a_fault_in_a_notebook_is_told_by_the_command(book):
    page, path, _ = book
    (path.parent / "values.py").write_text("1 / 0")
    done = subprocess.run(
        [sys.executable, "-m", "tabbook", "bless", "--folder", str(page.path.parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "toy/numpy: cell 0 ('import values') failed" in done.stderr
    assert json.loads(path.read_text())

"""Laws of the notebooks: made from the source, executed whole or not at all, and watched."""

import json
import os
import platform
import re

import nbformat
import pytest
from backends import BOOK
from hypothesis import given
from hypothesis import strategies as st
from ipykernel.ipkernel import IPythonKernel
from toy_book import code, prose, write

from tabbook.cli import main
from tabbook.pages import record
from tabbook.pages.agreement import check, differences
from tabbook.pages.notebooks import NotebookError, split
from tabbook.pages.record import execute
from tabbook.pages.source import read_page
from tabbook.text import clip

PARTS = (
    "# Toy\n",
    code("import os, sys\nname = os.environ['D2LCOMPAT_FRAMEWORK']"),
    code("print('torch')", "pytorch", options=":tags: [rtol=0.05]\n\n"),
    code("print('jax', file=sys.stderr)", "jax"),
    prose(jax="Words for JAX."),
    code("for i in range(3):\n    print(name, i, flush=True)"),
    code("import warnings\nwarnings.warn('careful')\n2 + 2"),
)


@pytest.fixture(autouse=True)
def real_data(monkeypatch):
    monkeypatch.delenv("D2LCOMPAT_DATA", raising=False)


@pytest.fixture
def chapters(tmp_path):
    write(tmp_path, *PARTS)
    return tmp_path


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The toy page and its notebook in JAX, executed once for all tests."""
    folder = tmp_path_factory.mktemp("executed")
    page = read_page(write(folder, *PARTS))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("D2LCOMPAT_DATA", raising=False)
        execute(page, "jax", require_installed=False)
    return page


@pytest.fixture
def copy(executed, tmp_path):
    """A copy of the executed page that a test may spoil: the page and a function to edit it."""
    path = write(tmp_path, *PARTS)
    page = read_page(path)
    target = page.notebook("jax")
    target.parent.mkdir()
    target.write_bytes(executed.notebook("jax").read_bytes())

    def edit(change):
        notebook = nbformat.read(target, as_version=4)
        change(notebook)
        nbformat.write(notebook, target)
        return check(read_page(path), "jax")

    return page, edit


def test_split_is_stable_and_an_edit_changes_one_id(tmp_path):
    parts = [code("a = 1"), code("b = 1"), code("a = 1"), "Words.\n"]
    page = read_page(write(tmp_path, *parts))
    first = split(page, "jax")
    assert nbformat.writes(first) == nbformat.writes(split(page, "jax"))
    nbformat.validate(first)
    assert first.cells[2].id == first.cells[0].id + "-2"
    parts[1] = code("b = 2")
    second = split(read_page(write(tmp_path, *parts)), "jax")
    assert [a.id == b.id for a, b in zip(first.cells, second.cells, strict=True)] == [
        True,
        False,
        True,
        True,
    ]
    assert first.metadata.d2lcompat.source_hash != second.metadata.d2lcompat.source_hash


@pytest.mark.parametrize("tag", ["hide-input", "hide-cell"])
def test_what_a_page_folds_is_folded_in_the_notebook(tmp_path, tag):
    page = read_page(write(tmp_path, code("a = 1", options=f":tags: [{tag}]\n\n"), code("b = 1")))
    folded, other = split(page, "jax").cells
    assert folded.metadata == {"tags": [tag], "jupyter": {"source_hidden": True}}
    assert other.metadata == {}


def test_an_executed_notebook_holds_what_it_should(executed):
    text = executed.notebook("jax").read_text()
    notebook = nbformat.reads(text, as_version=4)
    assert text.endswith("}\n")
    assert json.dumps(json.loads(text), sort_keys=True) == json.dumps(json.loads(text))
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code_cells] == [1, 2, 3, 4]
    assert [out.text for out in code_cells[2].outputs] == ["jax 0\njax 1\njax 2\n"]
    assert code_cells[3].outputs[0].text.startswith("<cell>:2: UserWarning: careful")
    assert code_cells[3].outputs[1].data == {"text/plain": "4"}
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    assert set(notebook.metadata) == {"d2lcompat", "kernelspec", "language_info"}
    opened = {**notebook.metadata.language_info, "version": platform.python_version()}
    assert opened == IPythonKernel.language_info  # which a front end writes into it
    ours = notebook.metadata.d2lcompat
    assert (ours.page, ours.framework, ours.seed) == ("toy", "jax", 0)
    assert {"python", "numpy", "d2lcompat"} <= set(ours.versions)
    assert "ipykernel_" not in text
    assert check(executed, "jax") == []


def test_executing_again_gives_the_same_bytes(executed):
    path = executed.notebook("jax")
    before = path.read_bytes()
    execute(executed, "jax", require_installed=False)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["toy.ipynb"]


def test_the_first_error_stops_and_leaves_the_old_notebook(copy):
    page, _ = copy
    target = page.notebook("jax")
    before = target.read_bytes()
    write(page.path.parent, code("x = 1"), code("\nx / 0  # here"), code("open('later', 'w')"))
    with pytest.raises(NotebookError) as caught:
        execute(read_page(page.path), "jax", require_installed=False)
    line = page.path.read_text().split("\n").index("x / 0  # here") + 1
    told = f"{page.path}:{line}: toy/jax: cell 1 ('x / 0  # here') failed"
    assert str(caught.value).startswith(told)
    assert "ZeroDivisionError" in str(caught.value)
    assert target.read_bytes() == before
    assert os.listdir(target.parent) == ["toy.ipynb"]


def test_a_missing_framework_is_told_before_anything_runs(chapters, monkeypatch):
    monkeypatch.setattr("tabbook.config.Framework.installed", property(lambda self: False))
    page = read_page(chapters / "toy.md")
    with pytest.raises(NotebookError, match=r"JAX is not installed. Run: pip install"):
        execute(page, "jax")
    assert not page.notebook("jax").exists()


def test_outputs_of_synthetic_data_are_not_kept(chapters, monkeypatch):
    monkeypatch.setenv("D2LCOMPAT_DATA", "synthetic")
    with pytest.raises(NotebookError, match="synthetic data"):
        execute(read_page(chapters / "toy.md"), "jax", require_installed=False)


def test_the_data_folder_is_found_from_the_notebooks_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("D2LCOMPAT_DATA", "data")
    assert BOOK.kernel_environment("jax")["D2LCOMPAT_DATA"] == str(tmp_path / "data")
    monkeypatch.setenv("D2LCOMPAT_DATA", "synthetic")
    assert BOOK.kernel_environment("jax")["D2LCOMPAT_DATA"] == "synthetic"
    monkeypatch.delenv("D2LCOMPAT_DATA")
    assert "D2LCOMPAT_DATA" not in BOOK.kernel_environment("jax")


def last_code(notebook):
    return notebook.cells[-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda nb: last_code(nb).update(source="2 + 3"), "cell 3 ('import warnings') was changed"),
        (
            lambda nb: nb.cells[0].update(source="# Other"),
            "text before cell 0 ('# Toy') was changed: line 1",
        ),
        (lambda nb: nb.cells.pop(2), "(\"print('jax', file=sys.stderr)\") is missing"),
        (lambda nb: nb.cells.insert(3, nb.cells.pop(0)), "text before cell 0 ('# Toy') was moved"),
        (
            lambda nb: nb.cells.append(nbformat.v4.new_code_cell("extra", execution_count=5)),
            "cell 4 ('extra') is only in the notebook",
        ),
        (lambda nb: last_code(nb).update(execution_count=None), "was not executed"),
        (lambda nb: last_code(nb).update(execution_count=9), "has execution count 9 instead of 4"),
        (
            lambda nb: last_code(nb).metadata.update(tags=["rtol=1"]),
            'marked {} in the source and {"',
        ),
        (lambda nb: nb.metadata.d2lcompat.update(seed=1), "the notebook's seed is 1"),
        (lambda nb: nb.metadata.d2lcompat.update(source_hash="0"), "source_hash is '0'"),
        (lambda nb: nb.metadata.pop("d2lcompat"), "the notebook's framework is None"),
    ],
)
def test_check_finds_an_edited_notebook(copy, change, message):
    _, edit = copy
    problems = edit(change)
    assert any(message in problem for problem in problems), problems
    for problem in problems:
        assert problem.startswith("toy/jax: ")
        assert re.search(r"Run: python -m tabbook (execute|refresh) --framework jax toy$", problem)


def test_cells_that_changed_places_are_moved_and_not_changed(copy):
    def swap(notebook):
        notebook.cells[1], notebook.cells[-1] = notebook.cells[-1], notebook.cells[1]

    _, edit = copy
    problems = [problem for problem in edit(swap) if "has execution count" not in problem]
    assert len(problems) == 2
    assert all("was moved: in the notebook it is cell" in problem for problem in problems)


LONG = "so " * 99 + "on"


@pytest.mark.parametrize(
    ("old", "new", "source", "notebook"),
    [
        (LONG + " right" + LONG, LONG + " wrong" + LONG, "so on wrongso", "so on rightso"),
        (LONG + ".", LONG + ". A new sentence.", "so on. A new sentence.'", "so so on.'"),
        (LONG + ". An old sentence.", LONG + ".", "so so on.'", "so on. An old sentence.'"),
        ("so " * 50, "so " * 51 + "so", "", ""),
        (LONG + LONG, LONG + " and " + LONG, "so on and so", "so onso so"),
        (LONG + " and " + LONG, LONG + LONG, "so onso so", "so on and so"),
        ("New.", LONG + " New.", "'so so", "'New.'"),
        (LONG, LONG + "\nA new line.", "line 2 is 'A new line.'", "absent"),
    ],
)
def test_of_a_long_line_the_difference_is_told(tmp_path, old, new, source, notebook):
    path = write(tmp_path, old + "\n", code("1"))
    stored = split(read_page(path), "jax")
    write(tmp_path, new + "\n", code("1"))
    (problem, *_) = differences(read_page(path), "jax", stored)
    ours, theirs = problem.partition("was changed: ")[2].split(" in the source and ")
    assert source in ours
    assert notebook in theirs
    assert ours.partition(" is ")[2] != theirs.removesuffix(" in the notebook")
    assert len(problem) < 320


@given(st.text("ab", max_size=200), st.text("ab", max_size=200), st.integers(12, 80))
def test_two_clipped_lines_differ_where_the_lines_do(one, other, width):
    at = len(os.path.commonprefix([one, other]))  # noqa: RUF071 - they are no paths
    clipped = [clip(text, width, at) for text in (one, other)]
    assert (clipped[0] == clipped[1]) == (one == other)
    assert all(len(text) <= width for text in clipped)
    assert all(piece.strip("…") in text for piece, text in zip(clipped, (one, other), strict=True))


def test_a_cell_may_be_folded_or_unfolded(copy):
    def fold(notebook):
        code_cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
        code_cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}

    _, edit = copy
    assert edit(fold) == []


def test_check_finds_stripped_outputs(copy):
    def strip(notebook):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)

    _, edit = copy
    assert len(edit(strip)) == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2 + 2", "2 + 3", "line 3 is '2 + 3' in the source and '2 + 2' in the notebook"),
        ("Words for JAX.", "Other words.", "('Other words.') was changed"),
        ("seed: 0", "seed: 7", "the notebook's seed is 0, the source's is 7"),
        ("%%tab jax\n", "%%tab pytorch\n", "is only in the notebook"),
    ],
)
def test_check_finds_an_edited_source(copy, old, new, message):
    page, edit = copy
    page.path.write_text(page.path.read_text().replace(old, new))
    problems = edit(lambda notebook: None)
    assert any(message in problem for problem in problems), problems


def test_a_corrected_word_costs_no_execution(copy, monkeypatch):
    page, edit = copy
    before = nbformat.read(page.notebook("jax"), as_version=4)
    text = page.path.read_text()
    page.path.write_text(text.replace("Words for JAX.", "Better words.").replace("# Toy", "# T"))
    problems = edit(lambda notebook: None)
    assert len(problems) == 2
    assert all("tabbook refresh --framework jax toy" in p for p in problems)
    monkeypatch.setattr(record, "_run", lambda *arguments: pytest.fail("it was executed"))
    assert main(["refresh", "--folder", str(page.path.parent), "--framework", "jax"]) == 0
    assert edit(lambda notebook: None) == []
    after = nbformat.read(page.notebook("jax"), as_version=4)
    assert [c.source for c in after.cells if c.cell_type == "markdown"] == ["# T", "Better words."]
    assert [c for c in after.cells if c.cell_type == "code"] == [
        c for c in before.cells if c.cell_type == "code"
    ]
    assert after.metadata == before.metadata


@pytest.mark.parametrize(("old", "new"), [("2 + 2", "2 + 3"), ("seed: 0", "seed: 1")])
def test_changed_code_is_never_refreshed(copy, capsys, old, new):
    page, _ = copy
    before = page.notebook("jax").read_bytes()
    page.path.write_text(page.path.read_text().replace(old, new))
    assert main(["refresh", "--folder", str(page.path.parent), "--framework", "jax"]) == 1
    assert "Run: python -m tabbook execute --framework jax toy" in capsys.readouterr().err
    assert page.notebook("jax").read_bytes() == before


def test_check_leaves_one_framework_alone_when_another_changes(copy):
    page, edit = copy
    page.path.write_text(page.path.read_text().replace("print('torch')", "print('other')"))
    assert edit(lambda notebook: None) == []


def test_the_commands(chapters, capsys, monkeypatch):
    monkeypatch.chdir(chapters.parent)
    monkeypatch.setattr("tabbook.config.Framework.installed", property(lambda self: True))
    monkeypatch.setattr(
        "tabbook.config.Framework.supported", property(lambda self: self.id != "pytorch")
    )
    folder = ["--folder", str(chapters)]
    assert main(["check", *folder]) == 1
    assert capsys.readouterr().out.count("there is no notebook") == 2

    assert main(["execute", *folder, "toy"]) == 0
    assert "Skipped toy/pytorch: PyTorch has no build" in capsys.readouterr().out
    assert main(["check", *folder, "--framework", "jax", str(chapters / "toy.md")]) == 0
    assert capsys.readouterr().out == "1 notebooks agree with their sources\n"

    assert main(["split", *folder, "--to", str(chapters / "out")]) == 0
    assert (chapters / "out" / "pytorch" / "toy.ipynb").exists()
    kept = (chapters / "jax" / "toy.ipynb").read_bytes()
    assert main(["split", *folder, "--to", str(chapters)]) == 1
    assert "contains outputs" in capsys.readouterr().err
    assert (chapters / "jax" / "toy.ipynb").read_bytes() == kept

    (chapters / "jax" / "old.ipynb").write_bytes(kept)
    assert main(["check", *folder, "--framework", "jax"]) == 1
    assert "old.ipynb: this notebook has no page" in capsys.readouterr().out

    assert main(["check", *folder, "nowhere"]) == 1
    assert "No page 'nowhere' with notebooks. Expected one of: toy" in capsys.readouterr().err
    assert main(["check", *folder, "--framework", "mxnet"]) == 1


def test_what_is_not_there_or_no_notebook_is_told(chapters, capsys):
    assert main(["check", "--folder", str(chapters / "nowhere")]) == 1
    assert "Expected pages with notebooks in" in capsys.readouterr().err
    path = chapters / "jax" / "toy.ipynb"
    path.parent.mkdir()
    path.write_text("<<<<<<< HEAD")
    for command in ("check", "refresh"):
        assert main([command, "--folder", str(chapters), "--framework", "jax"]) == 1
        assert "toy.ipynb is not a notebook" in capsys.readouterr().err

"""Laws of ``%%tab`` in a live notebook, tried on real kernels."""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from d2lcompat import tab
from tabbook.pages import source as page_source

LOAD = "%load_ext d2lcompat.tab"
OFFER = "tab.interact_select('pytorch', 'tensorflow', 'jax')"


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.delenv(tab.VARIABLE, raising=False)
    monkeypatch.setattr(tab, "_chosen", None)


def notebook(*sources):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def run(*sources, framework=None):
    """Run cells in a fresh kernel; the text that each one printed, drop-downs left out."""
    env = {**os.environ, **({tab.VARIABLE: framework} if framework else {})}
    nb = notebook(*sources)
    NotebookClient(nb, kernel_name="python3").execute(env=env)
    return ["".join(out.get("text", "") for out in cell.outputs) for cell in nb.cells]


def failure(*sources, framework=None):
    with pytest.raises(CellExecutionError) as caught:
        run(*sources, framework=framework)
    return caught.value


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("%%tab jax\nx", ("jax",)),
        ("%%tab jax, tensorflow", ("jax", "tensorflow")),
        ("%%tab all\nx", ("all",)),
        ("%%tab\nx", ()),
        ("%%table\nx", None),
        ("x\n%%tab jax", None),
        ("", None),
    ],
)
def test_only_a_first_line_is_a_tab_line(source, names):
    assert tab.tab_line(source) == names


@given(st.sampled_from(["", "%", "%%tab", " %%tab", "%%table"]), st.text("jax, -\t\r\n\u00a0%"))
def test_a_live_page_and_its_notebooks_read_the_line_alike(begin, rest):
    assert tab.tab_line(begin + rest) == page_source.tab_line(begin + rest)


def test_exactly_the_selected_framework_runs():
    cells = (
        "%%tab pytorch\nprint('torch')",
        "%%tab jax\nprint('jax')",
        "%%tab jax, tensorflow\nprint('two')",
        "%%tab all\nprint('all')",
        "print('plain')",
        "print(tab.selected('jax'), tab.selected('pytorch', 'jax'), tab.selected('pytorch'))",
        # d2l's own reading of an alternative, which its magic made a SyntaxError
        "if tab.selected('pytorch'):\n    print(1)\nelse:\n    print(2)",
    )
    assert run(LOAD, OFFER, *cells, framework="jax")[2:] == [
        "Skipped: this cell is for PyTorch; JAX is selected.\n",
        "jax\n",
        "two\n",
        "all\n",
        "plain\n",
        "True True False\n",
        "2\n",
    ]


def test_a_list_is_offered_like_names_and_percent_env_chooses():
    out = run(
        LOAD,
        "tab.interact_select(['pytorch', 'jax'])",
        "%env D2LCOMPAT_FRAMEWORK=pytorch",
        "%%tab pytorch\nprint('torch')",
        "%unload_ext d2lcompat.tab\nprint('tab' in globals())",
    )
    assert out[3:] == ["torch\n", "False\n"]


def test_the_drop_down_chooses(monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    dropdown, shown = widgets.Dropdown, []
    monkeypatch.setattr(widgets, "Dropdown", lambda **k: shown.append(dropdown(**k)) or shown[0])
    tab.interact_select("pytorch", "jax")
    with pytest.raises(tab.SelectionError, match="No framework is selected"):
        tab.selected("jax")
    shown[0].value = "jax"
    assert tab.selected("jax")
    assert tab.transform(["%%tab jax\n", "x"]) == ["\n", "x"]


def test_without_widgets_it_says_how_to_choose(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    tab.interact_select("pytorch", "jax")
    assert "%env D2LCOMPAT_FRAMEWORK=pytorch" in capsys.readouterr().out
    monkeypatch.setenv(tab.VARIABLE, "jax")
    assert tab.selected("jax")


WRONG = [
    ("%%tab jax\nprint(1)", None, "No framework is selected"),
    ("tab.selected('jax')", None, "No framework is selected"),
    ("%%tab jacks\nprint(1)", "jax", "Unknown framework 'jacks'"),
    ("%%tab\nprint(1)", "jax", "expects a framework"),
    ("tab.selected('jacks')", "jax", "Unknown framework 'jacks'"),
    ("tab.interact_select('pytorch')", "jax", "is not available"),
    ("tab.interact_select()", None, "at least one framework"),
]


@pytest.fixture(scope="module")
def last_outputs():
    """What cells that have to fail show last, by cell; those of one framework share a kernel."""
    found = {}
    for framework in {framework for _, framework, _ in WRONG}:
        env = {name: value for name, value in os.environ.items() if name != tab.VARIABLE}
        env |= {tab.VARIABLE: framework} if framework else {}
        nb = notebook(LOAD, *(cell for cell, chosen, _ in WRONG if chosen == framework))
        NotebookClient(nb, kernel_name="python3", allow_errors=True).execute(env=env)
        found |= {cell.source: cell.outputs[-1] for cell in nb.cells[1:]}
    return found


@pytest.mark.parametrize(("cell", "framework", "message"), WRONG)
def test_a_wrong_or_missing_choice_fails_the_cell(last_outputs, cell, framework, message):
    error = last_outputs[cell]
    assert error.output_type == "error"
    assert error.ename == "SelectionError"
    assert message in error.evalue


def test_an_exception_is_the_cells_own_with_its_line():
    error = failure(LOAD, OFFER, "%%tab jax\nx = 1\nx / 0", framework="jax")
    assert error.ename == "ZeroDivisionError"
    traceback = re.sub(r"\x1b\[[\d;]*m", "", error.traceback)
    assert re.search(r"-> 3 x / 0", traceback)


def test_jupyter_execute_fails_too(tmp_path):
    path = tmp_path / "live.ipynb"
    nbformat.write(notebook(LOAD, OFFER, "%%tab jax\nprint(1)"), path)
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "execute", str(path)], capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "No framework is selected" in done.stderr

"""The check on a notebook that was not written for it: the one in Jupyter Book's template."""

import shutil
import subprocess
import sys
from pathlib import Path

import jupyter_book
import nbformat
import pytest
from nbclient import NotebookClient

TEMPLATE = Path(jupyter_book.__file__).parent / "book_template" / "notebooks.ipynb"

TWO_LINES = """\
[pytest]
addopts = -p tabbook.check.pytest_plugin --nbval
output_rtol = 1e-6
"""


def check(folder):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", "notebooks.ipynb"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def folder(tmp_path):
    shutil.copy(TEMPLATE, tmp_path)
    (tmp_path / "pytest.ini").write_text(TWO_LINES)
    return tmp_path


def test_as_it_comes_it_was_never_run_and_the_gate_says_so(folder):
    status, output = check(folder)
    assert status == 1
    assert "was not executed" in output
    assert "0 cells compared" in output


def test_executed_it_passes_until_an_output_is_changed(folder):
    path = folder / "notebooks.ipynb"
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, kernel_name="python3").execute()
    nbformat.write(notebook, path)
    status, output = check(folder)
    assert status == 0, output
    changed = [cell for cell in notebook.cells if cell.get("outputs")][-1]
    changed.outputs = changed.outputs[:-1]
    nbformat.write(notebook, path)
    status, output = check(folder)
    assert status == 1
    assert "an extra" in output or "no cell has an output" in output

"""The check on notebooks that were not written for it, with two lines of configuration."""

import copy
from pathlib import Path

import jupyter_book
import nbformat
import pytest
from nbclient import NotebookClient
from toy_notebooks import cell, run_pytest, save, shown, verdicts

TEMPLATE = Path(jupyter_book.__file__).parent / "book_template" / "notebooks.ipynb"
TWO_LINES = """\
[tool.pytest.ini_options]
addopts = "-p tabbook.check.pytest_plugin --nbval"
output_rtol = "1e-3"
"""
PNG = "iVBORw0KGgo="
PLOT = """\
%matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
plt.plot(np.linspace(0, 1, 5));"""
ARRAY = "array([0.  , 0.25, 0.5 , 0.75, 1.001])"


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """What pytest said of all of them, in one run."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "pyproject.toml").write_text(TWO_LINES)
    plot = cell(PLOT, [shown(image_png=PNG, text_plain="<Figure size 640x480 with 1 Axes>")])
    for name, array in (("analysis", ARRAY), ("changed", ARRAY.replace("0.25", "0.35"))):
        values = shown("execute_result", text_plain=array)
        save(
            folder / f"{name}.ipynb", [copy.deepcopy(plot), cell("np.linspace(0, 1, 5)", [values])]
        )
    save(folder / "stripped.ipynb", [cell(PLOT), cell("np.linspace(0, 1, 5)")])
    # The notebook in Jupyter Book's template: never run, executed, and then changed.
    template = nbformat.read(TEMPLATE, as_version=4)
    nbformat.write(template, folder / "template_new.ipynb")
    NotebookClient(template, kernel_name="python3").execute()
    nbformat.write(template, folder / "template.ipynb")
    last = [one for one in copy.deepcopy(template).cells if one.get("outputs")][-1]
    changed = copy.deepcopy(template)
    [one for one in changed.cells if one.get("outputs")][-1].outputs = last.outputs[:-1]
    nbformat.write(changed, folder / "template_changed.ipynb")
    _, output = run_pytest(folder, "--junitxml=all.xml", plugin=[])
    return output, verdicts(folder / "all.xml")


def outcomes(found, name):
    return {outcome for place, (outcome, _) in found.items() if place.partition(" ")[0] == name}


@pytest.mark.parametrize("name", ["analysis", "template"])
def test_what_is_unchanged_passes(checked, name):
    output, found = checked
    assert outcomes(found, name) == {"passed"}, output


def test_a_changed_number_is_found(checked):
    output, found = checked
    assert found["changed Cell 0"][0] == "passed"
    assert found["changed Cell 1"][0] == "failure"
    assert "notebook changed.ipynb, cell 1: np.linspace(0, 1, 5)" in output
    assert "stored 0.35, new 0.25" in output
    assert "bless" not in output


def test_a_missing_output_is_found(checked):
    output, found = checked
    failed = [element for outcome, element in found.values() if outcome == "failure"]
    texts = [
        "".join(one.itertext()) for one in failed if "template_changed" in one.get("classname")
    ]
    assert len(texts) == 1, output
    assert "an extra" in texts[0] or "no cell has an output" in texts[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [("stripped", "no cell has an output"), ("template_new", "was not executed")],
)
def test_what_was_never_run_or_stripped_is_refused(checked, name, message):
    _, found = checked
    assert outcomes(found, name) == {"failure", "skipped"}
    assert message in "".join(found[f"{name} Preflight"][1].itertext())

"""The plugin on real notebooks, real kernels and a pytest of its own."""

import os
import subprocess
import sys

import nbformat
import pytest

PLUGIN = ["-p", "d2lcompat.book.nbval_plugin", "--nbval", "--nbval-current-env"]


def cell(source, stored="", tags=()):
    """A cell and what it has printed: a text, or outputs in the notebook format."""
    if isinstance(stored, str):
        stored = [nbformat.v4.new_output("stream", name="stdout", text=stored)] if stored else []
    return nbformat.v4.new_code_cell(source, outputs=stored, metadata={"tags": list(tags)})


def shown(kind="display_data", **data):
    data = {name.replace("_", "/"): value for name, value in data.items()}
    extra = {"execution_count": 1} if kind == "execute_result" else {}
    return nbformat.v4.new_output(kind, data=data, **extra)


@pytest.fixture
def check(tmp_path):
    """Write a notebook of these cells, check it, and return pytest's exit status and output."""

    def run(*cells, arguments=(), framework="numpy", metadata=None, **environment):
        notebook = nbformat.v4.new_notebook(cells=list(cells))
        for count, one in enumerate(notebook.cells, start=1):
            one.setdefault("execution_count", None)
            one.execution_count = one.execution_count or count
        ours = {"framework": framework, "page": "toy"} if metadata is None else metadata
        notebook.metadata["d2lcompat"] = ours
        folder = tmp_path / framework
        folder.mkdir(exist_ok=True)
        nbformat.write(notebook, folder / "toy.ipynb")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--color=no", *PLUGIN, *arguments, str(folder)],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_an_unchanged_notebook_passes(check):
    status, output = check(cell("print(0.5)", "0.5\n"), cell("x = 1"))
    assert status == 0, output
    assert "2 passed" in output


def test_a_changed_number_fails_and_names_the_place(check):
    status, output = check(cell("loss = 0.75\nprint(loss)", "0.5\n"))
    assert status == 1
    assert "page toy, framework numpy, cell 0: loss = 0.75" in output
    assert "stored 0.5, new 0.75" in output
    assert "python -m d2lcompat.book bless --framework numpy toy" in output


def test_a_tag_widens_the_tolerance_of_its_cell_only(check):
    status, output = check(cell("print(0.75)", "0.7\n", ["rtol=0.1"]), cell("print(0.75)", "0.7\n"))
    assert status == 1
    assert "1 failed, 1 passed" in output


def test_an_extra_output_fails(check):
    status, output = check(cell("print(1)", "1\n"), cell("print('new')"))
    assert status == 1
    assert "an extra one" in output


def test_kernels_start_in_the_environment_of_the_record(check):
    source = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['D2LCOMPAT_LIVE_PLOTS'])"
    status, output = check(cell(source, "1 0\n"), OMP_NUM_THREADS="2")
    assert status == 0, output


def test_without_the_data_a_cell_that_depends_on_it_runs_and_is_named(check):
    cells = (
        cell("accuracy = 0.4; print(accuracy)", "0.86\n", ["fashion-mnist"]),
        cell("print(1)", "1\n"),
    )
    status, output = check(*cells, D2LCOMPAT_DATA="synthetic")
    assert status == 0, output
    last_lines = output[output.index("not compared") :]
    assert "1 cells ran" in last_lines
    assert "numpy/toy, cell 0: accuracy = 0.4" in last_lines
    status, _ = check(*cells, D2LCOMPAT_DATA="")
    assert status == 1


def test_without_the_data_a_raising_cell_still_fails(check):
    status, _ = check(cell("1 / 0", "1\n", ["fashion-mnist"]), D2LCOMPAT_DATA="synthetic")
    assert status == 1


def test_one_framework_can_be_asked_for(check):
    _, output = check(cell("print(1)", "1\n"), arguments=["--framework", "jax"])
    assert "1 deselected" in output
    _, output = check(cell("print(1)", "1\n"), arguments=["--framework", "numpy"])
    assert "1 passed" in output


def test_parallel_gives_the_same_verdicts(check):
    cells = (
        cell("print(0.5)", "0.5\n"),
        cell("print(0.7)", "0.5\n"),
        cell("print(9)", "8\n", ["fashion-mnist"]),
    )
    status, output = check(
        *cells, arguments=["-n", "2", "--dist", "loadfile"], D2LCOMPAT_DATA="synthetic"
    )
    assert status == 1
    assert "1 failed, 2 passed" in output
    assert "numpy/toy, cell 2: print(9)" in output

"""The plugin on real notebooks, real kernels and a pytest of its own."""

import inspect
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import nbformat
import nbval.kernel
import nbval.plugin
import pytest
from toy_book import code, write

from tabbook.check.pytest_plugin import gate
from tabbook.pages import record
from tabbook.pages.source import read_page

PLUGIN = ["-p", "tabbook.check.pytest_plugin", "--nbval", "--nbval-current-env"]


def cell(source, stored="", tags=()):
    """A cell and what it has printed: a text, or outputs in the notebook format."""
    if isinstance(stored, str):
        stored = [nbformat.v4.new_output("stream", name="stdout", text=stored)] if stored else []
    return nbformat.v4.new_code_cell(source, outputs=stored, metadata={"tags": list(tags)})


def shown(kind="display_data", **data):
    data = {name.replace("_", "/"): value for name, value in data.items()}
    extra = {"execution_count": 1} if kind == "execute_result" else {}
    return nbformat.v4.new_output(kind, data=data, **extra)


def save(path, cells, **metadata):
    """Write a notebook of these cells, as if they had been run from first to last."""
    notebook = nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
    for count, one in enumerate(notebook.cells, start=1):
        one.execution_count = count
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


# With CI set, pytest prints every failure a second time, whole, in its summary.
UNSET = ("CI", "D2LCOMPAT_DATA")


def run_pytest(folder, *arguments, plugin=PLUGIN, **environment):
    """Run a pytest of its own; return its exit status and output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", *plugin, *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in UNSET} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def check(tmp_path):
    """Write a notebook of these cells, check it, and return pytest's exit status and output."""

    def run(*cells, arguments=(), framework="numpy", **environment):
        ours = {"framework": framework, "page": "toy"}
        save(tmp_path / framework / "toy.ipynb", cells, d2lcompat=ours)
        return run_pytest(tmp_path, *arguments, framework, **environment)

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
    assert "python -m tabbook bless --framework numpy toy" in output


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


# --- before anything runs -----------------------------------------------------------------------

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
    """Change the page's notebook and ask the gate."""

    def run(change):
        notebook = nbformat.read(page.notebook("numpy"), as_version=4)
        change(notebook)
        (tmp_path / "toy.md").write_bytes(page.path.read_bytes())
        (tmp_path / "numpy").mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / "numpy" / "toy.ipynb")
        return "\n".join(gate(tmp_path / "numpy" / "toy.ipynb"))

    return run


def test_the_gate_is_open_for_what_was_executed(spoil):
    assert spoil(lambda notebook: None) == ""


def strip(notebook):
    for one in notebook.cells:
        one.outputs = []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.cells[1].update(execution_count=None), "cell 1 ('print(a)') was not executed"),
        (lambda n: n.cells[1].update(execution_count=9), "ran as number 9 instead of 2"),
        (lambda n: n.cells[1].update(source="print(a )"), "cell 1 ('print(a)') was changed"),
        (lambda n: n.cells.pop(2), "cell 2 ('print(2)') is missing"),
        (lambda n: n.cells.insert(0, n.cells.pop(2)), "cell 2 ('print(2)') was moved"),
        (lambda n: n.cells.append(cell("print(3)")), "is only in the notebook"),
        (lambda n: n.cells.clear(), "cell 0 ('a = 0.5') is missing"),
        (lambda n: n.metadata.pop("d2lcompat"), "the notebook's framework is None"),
        (
            lambda n: n.metadata.d2lcompat.update(framework="jax"),
            "the notebook's framework is 'jax'",
        ),
        (lambda n: n.metadata.d2lcompat.update(framework="jacks"), "unknown framework 'jacks'"),
        (strip, "no cell has an output"),
        (lambda n: n.cells[2].metadata.update(tags=["nbval-ignore-output"]), "without a reason"),
        (lambda n: n.cells[2].metadata.update(tags=["nbval-skip", "reason= "]), "without a reason"),
        (lambda n: n.cells[2].update(source="# NBVAL_IGNORE_OUTPUT\n2"), "without a reason"),
        (lambda n: n.cells[2].metadata.update(tags=["timeout=soon"]), "a number of seconds"),
        (lambda n: n.cells[2].metadata.update(tags=["rtol=ten"]), "at least 0"),
    ],
)
def test_the_gate_names_what_is_wrong(spoil, change, message):
    assert message in spoil(change)


@pytest.mark.parametrize("text", ['{"cells": [{"cell_ty', "", "[]", '{"nbformat": 4}'])
def test_half_a_notebook_is_named(tmp_path, text):
    (tmp_path / "half.ipynb").write_text(text)
    status, output = run_pytest(tmp_path)
    assert status != 0
    assert "half.ipynb is not a whole notebook (" in output
    assert "Take it from git again" in output
    assert "Traceback" not in output


def test_the_gate_looks_at_a_notebook_without_a_source_too(tmp_path):
    path = save(tmp_path / "x.ipynb", [cell("print(1)", "1\n"), cell(""), cell("print(2)", "2\n")])
    assert gate(path) == ["cell 2 ('print(2)') ran as number 3 instead of 2: the notebook was not "
                          "run from first to last"]  # fmt: skip
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].execution_count, notebook.cells[2].execution_count = None, 2
    nbformat.write(notebook, path)
    assert gate(path, "python3") == []
    assert "its kernel 'nosuch' is not installed (there are: " in gate(path, "nosuch")[0]
    notebook.metadata["d2lcompat"] = {"framework": "jax"}
    nbformat.write(notebook, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tabbook.config.Framework.installed", property(lambda self: False))
        assert gate(path) == ['JAX is not installed. Run: pip install -e ".[jax]"']


def test_nothing_runs_behind_a_closed_gate(check, tmp_path):
    cells = cell("open('ran', 'w')"), cell("print(1)", "1\n", ["nbval-ignore-output"])
    for arguments in ([], ["-k", "Cell and not Gate"]):
        status, output = check(*cells, arguments=arguments)
        assert status == 1
        assert "page toy, framework numpy: nothing was run." in output
        assert "cell 1 is ignored without a reason" in output
        assert "1 failed, 2 skipped" in output
    assert not (tmp_path / "numpy" / "ran").exists()


def test_ignored_cells_are_counted_and_capped(check):
    tags = ["nbval-ignore-output", "reason=prints the time of day"]
    skipped = cell("1 / 0", "", ["nbval-skip", "reason=slow"])
    cells = cell("print(1)", "1\n"), cell("print(3)", "2\n", tags), skipped
    status, output = check(*cells)
    assert status == 1
    assert "cells 1, 2 are ignored; in all 2 are, and max_ignored_cells allows 0" in output
    status, output = check(*cells, arguments=["-o", "max_ignored_cells=2"])
    assert status == 0, output
    assert "ignored: numpy/toy, cell 1: print(3) (prints the time of day)" in output
    assert "ignored: numpy/toy, cell 2: 1 / 0 (slow)" in output


# --- faults, false alarms and the report, all in one run ----------------------------------------

ONE = cell("print(1)", "1\n")
FOUR = shown("execute_result", text_plain="4")
DIVIDED = nbformat.v4.new_output(
    "error", ename="ZeroDivisionError", evalue="division by zero", traceback=[]
)
PNG = "iVBORw0KGgo="
LIVE = """\
from IPython.display import clear_output
for loss in (0.9, 0.5):
    clear_output(wait=True)
    print(loss)"""
STUBBORN = """\
import time
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass"""
BAR = """\
import sys, time
for i in range(4):
    print(f"\\r{i}/3 loss {%s}", end="", file=sys.stderr, flush=True)
    time.sleep(0.01)"""
WARN = "import warnings, tempfile\nwarnings.warn(tempfile.mkdtemp())"
WARNED = "<cell>:2: UserWarning: /tmp/tmpabcd1234\n  warnings.warn(tempfile.mkdtemp())\n"


def stderr(text):
    return [nbformat.v4.new_output("stream", name="stderr", text=text)]


FAULTS = {
    "dead": [ONE, cell("import os\nos._exit(1)"), cell("open('ran', 'w')")],
    "killed": [ONE, cell("import os\nos.kill(os.getpid(), 9)"), cell("open('ran', 'w')")],
    "hang": [ONE, cell("__import__('time').sleep(60)", "", ["timeout=1"]), cell("open('ran','w')")],
    "stubborn": [ONE, cell(STUBBORN, tags=["timeout=1"]), cell("open('ran', 'w')")],
    "raises": [ONE, cell("1 / 0"), cell("open('ran', 'w')")],
    "magic": [ONE, cell("%nosuch\nprint(2)", "", ["nbval-ignore-output", "reason=it is random"])],
    "number": [
        cell("x = 0.75\nprint('loss', x)", "loss 0.5\n"),
        cell("print(1.00000900)", "1.00000000\n"),
        cell("print(1.00000100)", "1.00000000\n"),
        cell("print(1)\ndisplay(2)", [shown(text_plain="2"), *ONE.outputs]),
        cell(BAR % "float('nan')", stderr("\r0/3 loss 0.7\r1/3 loss 0.6\r3/3 loss 0.5")),
    ],
    "never_updated": [cell("h = display(1, display_id='h')", [shown(text_plain="3")]),
                      cell("h.update(2)")],
}  # fmt: skip
HARMLESS = {
    "live": [
        cell("2 + 2", [FOUR]),
        cell("2 + 2;"),
        cell("Out[1]", [FOUR]),
        cell(LIVE, "0.5\n"),
        cell(LIVE.replace("wait=True", ""), "0.5\n"),
        cell(BAR % "0.5", stderr("\r0/3 loss 0.9\r3/3 loss 0.5")),
        cell(WARN, stderr(WARNED)),
        cell("1 / 0", [DIVIDED], ["raises-exception"]),
        cell("h = display(1, display_id='h')\nh.update(2)", [shown(text_plain="3")]),
        cell("print('between')", "between\n"),
        cell("h.update(3)"),
    ],
}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """All of these notebooks in one run, and once more in two processes."""
    folder = tmp_path_factory.mktemp("many")
    for name, cells in (FAULTS | HARMLESS).items():
        recorded = {"python": "2.7.18", "d2lcompat": "0.1.0"}
        ours = {"framework": "numpy", "page": name, "versions": recorded}
        save(folder / "numpy" / f"{name}.ipynb", cells, d2lcompat=ours)
    # So that a death that is not noticed fails this test instead of stopping it.
    arguments = ["-v", "-o", "max_ignored_cells=1", "--nbval-cell-timeout=20", "numpy"]
    _, output = run_pytest(folder, "--junitxml=one.xml", *arguments)
    _, parallel = run_pytest(folder, "--junitxml=two.xml", "-n", "2", *arguments)
    return folder, output, parallel


def verdicts(path):
    found = {}
    for case in ElementTree.parse(path).iter("testcase"):
        place = f"{case.get('classname').split('.')[1]} {case.get('name')}"
        outcome = next((child.tag for child in case if child.tag != "properties"), "passed")
        found[place] = (outcome, case)
    return found


@pytest.mark.parametrize("number", range(len(HARMLESS["live"])))
def test_what_a_front_end_does_raises_no_alarm(many, number):
    outcome, case = verdicts(many[0] / "one.xml")[f"live Cell {number}"]
    assert outcome == "passed", "".join(case.itertext())


@pytest.mark.parametrize(
    ("name", "message", "left"),
    [
        ("dead", "The kernel died in cell 1", "the kernel died in cell 1"),
        ("killed", "The kernel died in cell 1", "the kernel died in cell 1"),
        ("hang", "Cell 1 ran for longer than 1 s", "cell 1 ran for longer than 1 s"),
        ("stubborn", "Cell 1 ran for longer than 1 s", "cell 1 ran for longer than 1 s"),
        ("raises", "ZeroDivisionError", "cell 1 failed with ZeroDivisionError: division by zero"),
        ("magic", "Line magic function `%nosuch` not found", None),
    ],
)
def test_a_fault_is_named_and_nothing_follows_it(many, name, message, left):
    folder, output, _ = many
    found = verdicts(folder / "one.xml")
    assert found[f"{name} Cell 0"][0] == "passed"
    outcome, case = found[f"{name} Cell 1"]
    assert outcome == "failure"
    assert f"page {name}, framework numpy, cell 1: " in case.find("failure").text
    assert message in case.find("failure").text
    if left:
        outcome, case = found[f"{name} Cell 2"]
        assert outcome == "skipped"
        assert left in case.find("skipped").get("message")
        assert f"skipped: numpy/{name}, cells 2: {left}" in output
    assert not (folder / "numpy" / "ran").exists()


@pytest.mark.parametrize("name", ["dead", "killed"])
def test_a_dead_kernel_ends_the_check_within_five_seconds(many, name):
    found = verdicts(many[0] / "one.xml")
    assert sum(float(found[f"{name} Cell {n}"][1].get("time")) for n in (1, 2)) < 5


@pytest.mark.parametrize("place", ["number Cell 3", "number Cell 4", "never_updated Cell 1"])
def test_what_nbval_passes_is_found(many, place):
    outcome, case = verdicts(many[0] / "one.xml")[place]
    assert outcome == "failure", case.get("name")
    if "updated" in place:
        assert "in cell 0: h = display" in case.find("failure").text


def test_a_failure_says_all_that_is_needed_once(many):
    _, output, _ = many
    report = """\
page number, framework numpy, cell 0: x = 0.75
  stdout: stored 0.5, new 0.75 (differ by 0.25, allowed 5e-06)
  (rtol 1e-05, atol 1e-08)
If the new output is right: python -m tabbook bless --framework numpy number
"""
    assert output.count(report) == 1
    assert output.count("stored 0.5, new 0.75") == 1


def summary(output):
    begin = re.search("^=+ notebooks =+$", output, re.MULTILINE).end()
    return re.split("^=+ ", output[begin:], maxsplit=1, flags=re.MULTILINE)[0]


def test_the_summary_counts_and_warns(many):
    _, output, _ = many
    text = summary(output)
    first = re.search(r"(\d+) cells compared, \d+ numbers: (\d+) exact, (\d+) within tolerance, "
                      r"(\d+) different", text)  # fmt: skip
    compared, exact, within, different = map(int, first.groups())
    assert compared == exact + within + different
    assert (within, different) == (2, 4)
    place = "numpy/number, cell 1: print(1.00000900), stdout"
    assert f"worst use of a tolerance: 90% ({place})" in text
    assert text.count("less than a factor of 2 left") == 1
    assert f"warning: less than a factor of 2 left, 90% used: {place}" in text
    assert re.search(r"version: python 2.7.18 recorded, 3\.\d+\.\d+ installed \(numpy/dead, ", text)
    assert "version: d2lcompat" not in text


def test_two_processes_give_the_same_verdicts_and_the_same_summary(many):
    folder, output, parallel = many
    one, two = (
        {place: outcome for place, (outcome, _) in verdicts(folder / name).items()}
        for name in ("one.xml", "two.xml")
    )
    assert one == two
    assert summary(output) == summary(parallel)


def test_junit_keeps_the_deviations(many):
    for name in ("one.xml", "two.xml"):
        _, case = verdicts(many[0] / name)["number Cell 1"]
        kept = {one.get("name"): one.get("value") for one in case.iter("property")}
        assert kept["compared"] == "within tolerance"
        assert kept["worst_use_of_tolerance"] == "0.9"
        assert kept["deviation"].startswith(
            "stdout: stored 1.00000000, new 1.000009 (differ by 9e-06"
        )


# --- somebody else's notebooks ------------------------------------------------------------------

FOREIGN = """\
[tool.pytest.ini_options]
addopts = "-p tabbook.check.pytest_plugin --nbval"
output_rtol = "1e-3"
"""
PLOT = """\
%matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
plt.plot(np.linspace(0, 1, 5));"""


def test_a_foreign_notebook_needs_two_lines_of_configuration(tmp_path):
    (tmp_path / "pyproject.toml").write_text(FOREIGN)
    image = shown(image_png=PNG, text_plain="<Figure size 640x480 with 1 Axes>")
    array = "array([0.  , 0.25, 0.5 , 0.75, 1.001])"
    values = shown("execute_result", text_plain=array)
    cells = [cell(PLOT, [image]), cell("np.linspace(0, 1, 5)", [values])]
    path = save(tmp_path / "analysis.ipynb", cells)
    status, output = run_pytest(tmp_path, plugin=[])
    assert status == 0, output
    assert "2 cells compared" in output
    cells[1].outputs = [shown("execute_result", text_plain=array.replace("0.25", "0.35"))]
    save(path, cells)
    status, output = run_pytest(tmp_path, plugin=[])
    assert status == 1
    assert "notebook analysis.ipynb, cell 1: np.linspace(0, 1, 5)" in output
    assert "stored 0.35, new 0.25" in output
    assert "bless" not in output
    for one in cells:
        one.outputs = []
    save(path, cells)
    status, output = run_pytest(tmp_path, plugin=[])
    assert status == 1
    assert "no cell has an output" in output


# --- nbval's insides ----------------------------------------------------------------------------


def test_what_we_rely_on_in_nbval_is_where_it_was():
    """If this fails after an upgrade: read nbval's plugin.py and kernel.py again."""

    def parameters(function):
        return list(inspect.signature(function).parameters)

    file, one, kernel = nbval.plugin.IPyNbFile, nbval.plugin.IPyNbCell, nbval.kernel.RunningKernel
    assert parameters(file.collect) == parameters(file.setup) == ["self"]
    assert parameters(file.teardown) == parameters(one.setup) == parameters(one.runtest) == ["self"]
    assert parameters(one.__init__) == ["self", "name", "parent", "cell_num", "cell", "options"]
    assert parameters(one.repr_failure) == ["self", "excinfo"]
    assert parameters(one.sanitize_outputs)[:2] == ["self", "outputs"]
    assert parameters(kernel.__init__) == ["self", "kernel_name", "cwd", "startup_timeout"]
    for method in (kernel.is_alive, kernel.interrupt, kernel.stop):
        assert parameters(method) == ["self"]
    assert file.kernel is None
    for attribute in ("self.kernel = RunningKernel(", "nbval_current_env", "nbval_kernel_name"):
        assert attribute in inspect.getsource(file.setup)
    assert "self.nb = nbformat.read(" in inspect.getsource(file.collect)
    assert "self.km, self.kc = " in inspect.getsource(kernel.__init__)
    assert "self.sanitize_patterns" in inspect.getsource(file.__init__)
    assert "nbval_cell_timeout" in inspect.getsource(one.runtest)
    tagged = nbformat.v4.new_code_cell(metadata={"tags": ["nbval-ignore-output", "nbval-skip"]})
    assert dict(nbval.plugin.find_metadata_tags(tagged.metadata)) == {"check": False, "skip": True}
    assert dict(nbval.plugin.find_comment_markers("# NBVAL_IGNORE_OUTPUT")) == {"check": False}

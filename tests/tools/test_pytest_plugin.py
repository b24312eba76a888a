"""The plugin on real notebooks, real kernels and a pytest of its own.

Starting pytest and a kernel costs more than any of these cells: notebooks that can share a run do.
"""

import inspect
import re
from concurrent.futures import ThreadPoolExecutor

import nbformat
import nbval.plugin
import pytest
from nbclient import NotebookClient
from toy_book import configure
from toy_notebooks import cell, run_pytest, save, shown, verdicts


def save_toys(folder, toys, framework="numpy", **extra):
    """Write the notebooks of a toy book, by name; return the folder."""
    configure(folder)
    for name, cells in toys.items():
        ours = {"framework": framework, "page": name, **extra}
        save(folder / framework / f"{name}.ipynb", cells, d2lcompat=ours)
    return folder


# --- before anything runs -----------------------------------------------------------------------


def test_half_a_notebook_is_named(tmp_path):
    texts = '{"cells": [{"cell_ty', "", "[]", '{"nbformat": 4}'
    for number, text in enumerate(texts):
        (tmp_path / f"half{number}.ipynb").write_text(text)
    status, output = run_pytest(tmp_path)
    assert status != 0
    for number in range(len(texts)):
        assert f"half{number}.ipynb is not a valid notebook (" in output
    assert output.count("Restore it from git") == len(texts)
    assert "Traceback" not in output


UNREASONED = [cell("open('ran', 'w')"), cell("print(1)", "1\n", ["nbval-ignore-output"])]
IGNORED = [
    cell("print(1)", "1\n"),
    cell("print(3)", "2\n", ["nbval-ignore-output", "reason=prints the time of day"]),
    cell("1 / 0", "", ["nbval-skip", "reason=slow"]),
    cell("open('ran', 'w')", "", ["skip-execution", "reason=asks a server"]),
]


def test_nothing_runs_where_something_is_wrong(tmp_path):
    save_toys(tmp_path, {"unreasoned": UNREASONED, "capped": IGNORED})
    for arguments in ([], ["-k", "Cell and not Preflight"]):
        status, output = run_pytest(tmp_path, *arguments)
        assert status == 1
        assert "page unreasoned, framework numpy: nothing was executed." in output
        assert "cell 1 is ignored without a reason" in output
        assert "cells 1, 2, 3 are ignored; in all 4 are, and max_ignored_cells allows 0" in output
        assert "2 failed, 6 skipped" in output
    assert not (tmp_path / "numpy" / "ran").exists()


# --- faults, false alarms and the report, all in one run ----------------------------------------

ONE = cell("print(1)", "1\n")
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
    "toy": [
        cell("loss = 0.8\nprint(loss)", "0.6\n"),
        cell("print(0.75)", "0.72\n", ["rtol=0.1"]),
        cell("print(0.75)", "0.72\n"),
        cell("print('new')"),
        cell("accuracy = 0.4; print(accuracy)", "0.86\n", ["fashion-mnist"]),
    ],
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
    "updated_after_all": [cell("h = display(1, display_id='h')", [shown(text_plain="1")]),
                          cell("h.update(2)")],
}  # fmt: skip
ENVIRONMENT = """\
import os
print(os.environ["OMP_NUM_THREADS"], os.environ["D2LCOMPAT_LIVE_PLOTS"])"""
HARMLESS = {
    "ignored": IGNORED,
    "live": [
        cell(BAR % "0.5", stderr("\r0/3 loss 0.9\r3/3 loss 0.5")),
        cell(WARN, stderr(WARNED)),
        cell(ENVIRONMENT, "1 0\n"),
    ],
}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """All of these notebooks in one run, and once more in two processes."""
    folder = tmp_path_factory.mktemp("many")
    recorded = {"python": "2.7.18", "d2lcompat": "0.1.0"}
    save_toys(folder, FAULTS | HARMLESS, versions=recorded)
    save_toys(folder, {"other": [ONE]}, framework="jax")
    # So that a death that is not noticed fails this test instead of stopping it.
    arguments = ["-v", "-o", "max_ignored_cells=4", "--nbval-cell-timeout=20"]
    arguments += ["--framework=numpy"]
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(run_pytest, folder, "--junitxml=one.xml", *arguments, OMP_NUM_THREADS="2")
        two = pool.submit(run_pytest, folder, "--junitxml=two.xml", "-n", "2", *arguments)
        return folder, one.result()[1], two.result()[1]


@pytest.mark.parametrize("number", range(len(HARMLESS["live"])))
def test_what_says_nothing_raises_no_alarm(many, number):
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


@pytest.mark.parametrize(
    "place", ["number Cell 3", "number Cell 4", "never_updated Cell 1", "updated_after_all Cell 1"]
)
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
    assert (within, different) == (3, 9)
    place = "numpy/number, cell 1: print(1.00000900), stdout"
    assert f"largest share of a tolerance: 90% ({place})" in text
    assert text.count("of a tolerance used") == 1
    assert f"warning: 90% of a tolerance used: {place}" in text
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


def test_other_frameworks_are_left_out_if_one_is_asked_for(many):
    _, output, parallel = many
    assert "1 deselected" in output
    assert "jax/other" not in output + parallel


def test_ignored_and_skipped_cells_are_counted_with_their_reason(many):
    text = summary(many[1])
    assert "ignored: numpy/ignored, cell 1: print(3) (prints the time of day)" in text
    assert "ignored: numpy/ignored, cell 2: 1 / 0 (slow)" in text
    assert "ignored: numpy/ignored, cell 3: open('ran', 'w') (asks a server)" in text


def test_a_tag_widens_the_tolerance_of_its_cell_only(many):
    found = verdicts(many[0] / "one.xml")
    assert [found[f"toy Cell {n}"][0] for n in range(5)] == ["failure", "passed", *3 * ["failure"]]
    assert "an extra one" in found["toy Cell 3"][1].find("failure").text


def test_without_the_data_what_depends_on_it_runs_and_is_named(tmp_path):
    cells = [
        cell("accuracy = 0.4; print(accuracy)", "0.86\n", ["fashion-mnist"]),
        cell("print(1)", "1\n"),
        cell("1 / 0", "1\n", ["fashion-mnist"]),
    ]
    save_toys(tmp_path, {"toy": cells})
    status, output = run_pytest(tmp_path, "-n", "2", D2LCOMPAT_DATA="synthetic")
    assert status == 1
    assert "1 failed, 2 passed" in output
    assert "failed with ZeroDivisionError" in output
    last_lines = output[output.index("not compared") :]
    assert "1 cells were executed" in last_lines
    assert "numpy/toy, cell 0: accuracy = 0.4" in last_lines


# --- nbval's insides ----------------------------------------------------------------------------


def test_what_we_rely_on_in_nbval_is_where_it_was():
    """If this fails after an upgrade: read nbval's plugin.py and kernel.py again."""

    def parameters(function):
        return list(inspect.signature(function).parameters)

    file, one = nbval.plugin.IPyNbFile, nbval.plugin.IPyNbCell
    assert parameters(file.collect) == parameters(file.setup) == ["self"]
    assert parameters(file.teardown) == parameters(one.setup) == parameters(one.runtest) == ["self"]
    assert parameters(one.__init__) == ["self", "name", "parent", "cell_num", "cell", "options"]
    assert parameters(one.repr_failure) == ["self", "excinfo"]
    assert parameters(one.sanitize_outputs)[:2] == ["self", "outputs"]
    assert "IPyNbFile.from_parent(" in inspect.getsource(nbval.plugin.pytest_collect_file)
    for attribute in ("nbval_current_env", "nbval_kernel_name", "self.setup_sanitize_files()"):
        assert attribute in inspect.getsource(file.setup)
    assert "self.nb = nbformat.read(" in inspect.getsource(file.collect)
    assert "self.sanitize_patterns" in inspect.getsource(file.__init__)
    assert "nbval_cell_timeout" in inspect.getsource(one.runtest)
    tagged = nbformat.v4.new_code_cell(metadata={"tags": ["nbval-ignore-output", "nbval-skip"]})
    assert dict(nbval.plugin.find_metadata_tags(tagged.metadata)) == {"check": False, "skip": True}
    assert dict(nbval.plugin.find_comment_markers("# NBVAL_IGNORE_OUTPUT")) == {"check": False}


def test_what_we_rely_on_in_nbclient_is_where_it_was():
    """If this fails after an upgrade: read nbclient's client.py again."""
    parameters = inspect.signature(NotebookClient.output).parameters
    assert list(parameters) == ["self", "outs", "msg", "display_id", "cell_index"]
    assert inspect.iscoroutinefunction(NotebookClient._async_cleanup_kernel)
    execute = inspect.getsource(NotebookClient.async_execute_cell)
    for said in ("skip_cells_with_tag", "self.allow_errors", "self._get_timeout(cell)"):
        assert said in execute
    assert "Timeout waiting for IOPub" in inspect.getsource(NotebookClient._async_poll_for_reply)

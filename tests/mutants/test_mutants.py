"""The half of the mutants that is fast enough to be tried at every change.

All faults of stored notebooks in one framework, since no framework runs in the pre-execution
checks, and a few faults of training in each. ``make mutants`` tries all of them everywhere.
"""

import json
import os
import subprocess
import sys

import checks
import pytest
import run
import yaml
from all_faults import FAULTS, FILES, FRAMEWORKS, MISSES
from backends import FRAMEWORKS as TABLE

pytestmark = pytest.mark.slow

TRAINING = {
    "pytorch": (
        "learning rate × 1.01",
        "dropout left on at evaluation, by the trainer",
        "accuracy as the mean of batch means",
        "legend swapped",
        "preliminaries: a dying kernel",
    ),
    "tensorflow": ("dropout: no dropout", "batches shuffled, not examples"),
    "jax": ("one mask for all steps, by the trainer", "seed changed"),
    "mxnet": ("dropout: scaled by 1", "last, smaller batch dropped"),
}
STORED = tuple(fault.name for fault in FAULTS if fault.kind in ("stored", "file"))
CHOSEN = {f: names + (STORED if f == "pytorch" else ()) for f, names in TRAINING.items()}
PAIRS = [(framework, name) for framework, names in CHOSEN.items() for name in names]


def test_every_fault_still_applies_wherever_it_is_declared():
    for fault in FAULTS:
        for framework in fault.frameworks:
            run.apply(fault, framework)


def test_no_name_stands_twice_in_a_file():
    """Of two entries with one name, YAML keeps the last."""
    nodes = [yaml.compose(path.read_text("utf-8")) for path in FILES]
    for node in nodes:
        if isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value]
            assert sorted(names) == sorted(set(names))
            nodes += [value for _, value in node.value]


def test_faults_are_many_and_distinct():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) >= 60
    assert set(MISSES) <= set(names)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """A framework's verdicts by fault, made when first asked for."""
    reason = checks.cannot_run()
    if reason:
        pytest.skip(reason)
    made = {}

    def of(framework):
        if framework not in made:
            if not TABLE[framework].supported:
                pytest.skip(f"{framework} has no build for this platform")
            path = tmp_path_factory.mktemp("mutants") / f"{framework}.json"
            # In a process of its own: kernels are forked, and this one has run other tests.
            command = [sys.executable, run.__file__, "--framework", framework, "--check", "ours"]
            command += [f"--only={name}" for name in CHOSEN[framework]] + ["--json", str(path)]
            done = subprocess.run(
                command, env=os.environ, capture_output=True, text=True, check=False
            )
            assert path.exists(), done.stdout + done.stderr
            made[framework] = {v["fault"]: v for v in json.loads(path.read_text())}
        return made[framework]

    return of


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_unchanged_notebooks_pass(verdicts, framework):
    assert not verdicts(framework)[""]["failed"], verdicts(framework)[""]["where"]


@pytest.mark.parametrize(("framework", "name"), PAIRS)
def test_a_fault_is_found(verdicts, framework, name):
    found = verdicts(framework)[name]["failed"]
    if name in MISSES:
        assert not found, "It is found now: take it from the list of misses."
        pytest.xfail(MISSES[name])
    assert found


def test_a_dying_kernel_is_named_in_five_seconds(verdicts):
    verdict = verdicts("pytorch")["preliminaries: a dying kernel"]
    assert verdict["by"] == "error"
    assert "The kernel died in cell" in verdict["where"]

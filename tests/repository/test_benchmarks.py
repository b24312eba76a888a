"""What `make bench` compares is one model, trained to the end by each; its report says what was
measured, and marks what missed."""

import importlib
import json
import math
import shutil
import sys

import numpy as np
import pytest
from backends import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch):
    """Imports a module of benchmarks/."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module
    for name in ("in_pytorch", "in_tensorflow", "in_jax", "in_mxnet", "measure", "report"):
        sys.modules.pop(name, None)


def images(number, seed=0):
    """Images whose class can be told from one row, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, number).astype(np.int32)
    pixels = rng.integers(0, 50, (number, 28, 28)).astype(np.uint8)
    pixels[np.arange(number), 2 * labels] = 255
    return pixels, labels


def test_the_bare_loop_trains(backend, benchmarks):
    ticks = []
    _, val_loss, val_acc = benchmarks(f"in_{backend.name}").bare(
        images(2000), images(300, seed=1), 5, 50, lambda: ticks.append(0)
    )
    assert len(ticks) == 5
    assert val_acc > 0.5
    assert val_loss < math.log(10)


@pytest.mark.filterwarnings("ignore:These are synthetic data")
def test_the_same_model_in_the_classes_of_d2l_trains(backend, benchmarks):
    model = benchmarks(f"in_{backend.name}").model(backend.d2l)
    data = backend.d2l.FashionMNIST(batch_size=50, num_train=100, num_val=100, data_dir="synthetic")
    data._arrays = {True: images(2000), False: images(300, seed=1)}
    history = backend.d2l.Trainer(max_epochs=5).fit(model, data)
    assert history["val_acc"][-1] > 0.5


def test_results_say_what_was_measured(benchmarks, tmp_path):
    for name in ("results.json", "RESULTS.md.jinja"):
        shutil.copy(BENCHMARKS / name, tmp_path)
    report = benchmarks("report")
    report.HERE = tmp_path
    report.write(tmp_path / "results.json")
    for name in ("RESULTS.md", "seconds.svg", "growth.svg"):
        written, kept = ((folder / name).read_text("utf-8") for folder in (tmp_path, BENCHMARKS))
        assert written == kept, f"{name} is not what report.py makes of results.json"


@pytest.mark.parametrize(
    ("value", "direction", "missed"),
    [
        (1.1, "at most", False),
        (1.11, "at most", True),
        (5, "at least", False),
        (4.9, "at least", True),
    ],
)
def test_what_missed_is_marked(benchmarks, value, direction, missed):
    bound = 1.1 if direction == "at most" else 5
    assert ("missed" in benchmarks("report").marked(value, ".2f", bound, direction)) == missed


def test_a_ratio_is_that_of_a_turn(benchmarks):
    """A machine that was slow in one turn slows both: the ratio does not see it."""
    slow, quick = (
        {
            name: {"epochs": [9, *[pace * factor] * 3]}
            for name, factor in (("ours", 1.1), ("bare", 1))
        }
        for pace in (40, 1)
    )
    trainings = {name: [slow[name], quick[name], quick[name]] for name in ("ours", "bare")}
    run = {"trainings": {"jax": trainings}}
    report = benchmarks("report")
    assert report.ratio(run, "jax", "ours", "bare", report.steady) == pytest.approx(1.1)
    assert report.ratio(run, "mxnet", "ours", "bare", report.steady) is None


def test_a_run_of_one_framework_replaces_only_its_own_results(benchmarks):
    report = benchmarks("report")
    runs = [
        {"date": date, "trainings": dict.fromkeys(names, date)}
        for date, names in enumerate([["jax", "mxnet"], ["jax"], ["jax", "mxnet"], ["jax"]])
    ]
    assert [run["date"] for run in report.recent(runs)] == [0, 2, 3]
    assert report.last_of_each(runs) == {"jax": 3, "mxnet": 2}


def test_every_contender_is_asked_for(benchmarks):
    kept = json.loads((BENCHMARKS / "results.json").read_text())
    asked = {
        "pytorch": {"ours", "bare", "d2l"},
        "tensorflow": {"ours", "bare"},
        "jax": {"ours", "bare", "d2l"},
        "mxnet": {"ours", "bare"},
    }
    assert set().union(*(run["trainings"] for run in kept["runs"])) == set(asked)
    for run in kept["runs"]:
        for framework, trainings in run["trainings"].items():
            assert set(trainings) <= asked[framework]
            assert {"ours", "bare"} <= set(trainings)

"""What goes wrong, or is merely unusual, in the code that uses the package: it ends in an answer or
in a sentence that says what to change, alike in every framework."""

import copy
import json
import os
import pickle
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
from backends import BOOK, FRAMEWORKS, KINDS, examples, mlp

from d2lcompat import _datamodule
from d2lcompat._data.files import Arrays
from d2lcompat._data.synthetic import draw
from d2lcompat._figures import SERIES

# Batches of one size: JAX and TensorFlow compile once for each.
TRAIN, VAL = examples(24, seed=1), examples(16, seed=2)
STEPS = 3 + 2  # an epoch, in batches of 8


def given(backend, train, val=None):
    """A data module whose loaders are the given lists of batches."""

    class Given(backend.d2l.DataModule):
        def get_dataloader(self, is_train):
            return train if is_train else val

        def train_dataloader(self):
            return train

        def val_dataloader(self):
            return val

    return Given()


def batch(backend, X, y):
    return backend.tensor(X), backend.tensor(y)


def outputs(backend, trainer, X=VAL[0], model=None):
    """What a model answers who is simply called, by its user, after training."""
    model = trainer.model if model is None else model
    if backend.name == "jax":
        return backend.numpy(model.apply({"params": trainer.state.params}, backend.tensor(X)))
    return backend.numpy(model(backend.tensor(X)))


# --------------------------------------------------------------------------------------------- data


def test_an_empty_data_set_is_refused(backend):
    nothing = (np.zeros((0, 4, 5)), np.zeros(0, np.int32))
    with pytest.raises(ValueError, match=r"Expected equal lengths above 0. Received: .*\[0, 0\]"):
        backend.fit_new(backend.data(nothing))
    with pytest.raises(ValueError, match=r"the training loader of Given is empty\. Check"):
        backend.fit_new(given(backend, []))


def test_a_validation_loader_without_batches_is_none(backend):
    trainer = backend.fit_new(given(backend, [batch(backend, *TRAIN)], []))
    assert set(trainer.history) == {"train_loss"}


def test_a_batch_may_be_larger_than_the_data(backend):
    larger = backend.fit_new(backend.data(TRAIN, VAL, batch_size=1000), max_epochs=2)
    exact = backend.fit_new(backend.data(TRAIN, VAL, batch_size=24), max_epochs=2)
    assert larger.history == exact.history
    assert larger.num_train_batches == larger.num_val_batches == 1


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_has_a_positive_size(backend, monkeypatch, size):
    few = Arrays(*draw(10, seed=1), *draw(10, seed=2), synthetic=True)
    monkeypatch.setattr(_datamodule._data, "fashion_mnist", lambda data_dir=None: few)
    expected = f"Invalid batch_size. Expected a positive integer. Received: {size}."
    with pytest.raises(ValueError, match=expected):
        backend.fit_new(backend.data(TRAIN, VAL, batch_size=size))
    with pytest.raises(ValueError, match=expected):
        backend.d2l.FashionMNIST(batch_size=size).train_dataloader()


def fit_labels(backend, y):
    """The history of a classifier with a network of its own, and nothing else."""
    backend.d2l.seed_everything(0)
    model = backend.net()
    type(model).lr = 0.1
    X = backend.tensor(TRAIN[0].reshape(24, 20))
    return backend.fit(model, given(backend, [(X, backend.tensor(y))])).history


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_labels_are_integers_of_any_width(backend, dtype):
    assert fit_labels(backend, TRAIN[1].astype(dtype)) == fit_labels(backend, TRAIN[1])


@pytest.mark.parametrize("dtype", ["bool", "float32"])
def test_labels_of_another_type_are_refused(backend, dtype):
    y = TRAIN[1].astype(dtype)
    if backend.name == "mxnet" and dtype == "float32":  # what its arrays are unless told otherwise
        assert fit_labels(backend, y) == fit_labels(backend, TRAIN[1])
        y += np.float32(0.5)
    with pytest.raises(TypeError, match=rf"integer labels; received .*{dtype}.*\. Convert them"):
        fit_labels(backend, y)


# ----------------------------------------------------------------------------------------- training


def test_a_loss_that_is_no_number_is_said_once_and_training_goes_on(backend):
    X = np.ones((20, 2), np.float32)
    y = np.ones((20, 1), np.float32)
    lost = y.copy()
    lost[7] = np.nan
    d2l = backend.d2l

    def run(targets, times):
        backend.d2l.seed_everything(0)
        model = backend.line(lr=0.1)
        model.board.display = False
        trainer = d2l.Trainer(max_epochs=3)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(times):
                trainer.fit(model, backend.data((X, targets), (X, targets)))
        return trainer.history, [w for w in caught if "Training continues" in str(w.message)]

    history, caught = run(lost, times=2)
    assert len(caught) == 2  # once for each fit
    for warning in caught:
        assert "train_loss is nan, val_loss is nan in epoch 1 of 3." in str(warning.message)
        assert "lower lr" in str(warning.message)
        assert warning.filename == __file__
    assert [len(values) for values in history.values()] == [3, 3]
    assert np.isnan(history["train_loss"]).all()
    history, caught = run(y, times=1)
    assert not caught
    assert np.isfinite(history["train_loss"]).all()


@pytest.fixture(scope="module")
def uninterrupted(backend):
    return backend.fit_new(backend.data(TRAIN, VAL), p=0.5, max_epochs=3).history


@pytest.mark.parametrize("step", [2, 10], ids=["training, first epoch", "validation, second epoch"])
def test_interrupted(backend, uninterrupted, step):
    """Ctrl-C, before one of the steps: the signal itself."""
    seen = []

    class Interrupted(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            if len(seen) == step:  # the first batch only tells the shapes
                signal.raise_signal(signal.SIGINT)
            seen.append(len(batch[-1]))
            return super().prepare_batch(batch)

    data = backend.data(TRAIN, VAL)
    backend.d2l.seed_everything(0)
    model = backend.model(p=0.5)
    trainer = Interrupted(max_epochs=3)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # runners may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(model, data)
    finally:
        signal.signal(signal.SIGINT, before)
    finished = (step - 1) // STEPS
    assert trainer.history == {
        name: values[:finished] for name, values in uninterrupted.items() if finished
    }
    model.board.flush()
    drawn = sum(point.weight for point in model.board.data["train_loss"])
    in_epochs = [*seen[1:], *[0] * STEPS]
    assert drawn == sum(in_epochs[0:3]) + sum(in_epochs[STEPS : STEPS + 3])
    # Simply called, it evaluates: dropout is off.
    expected = mlp(backend.weights(trainer), VAL[0])
    np.testing.assert_allclose(outputs(backend, trainer), expected, atol=1e-5)
    again = backend.d2l.Trainer(max_epochs=2).fit(model, data)
    assert [len(values) for values in again.values()] == [2, 2, 2]


def test_two_models_do_not_touch_each_other(backend):
    first = backend.fit_new(backend.data(TRAIN, VAL), seed=0, p=0.5)
    kept = outputs(backend, first), dict(first.history), dict(first.model.board.data)
    second = backend.fit_new(backend.data(VAL, TRAIN), seed=1, p=0.2, max_epochs=2)
    np.testing.assert_array_equal(outputs(backend, first), kept[0])
    assert (first.history, first.model.board.data) == kept[1:]
    assert first.model.trainer is first
    assert second.model.trainer is second
    assert len(second.model.board.data["val_acc"]) == 2
    other = outputs(backend, second)
    first.fit(first.model, backend.data(TRAIN, VAL))
    np.testing.assert_array_equal(outputs(backend, second), other)


# ------------------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_a_trained_model(backend, kind):
    trainer = backend.fit_new(backend.data(TRAIN, VAL), kind=kind, p=0.5)
    model, answers = trainer.model, outputs(backend, trainer)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(outputs(backend, trainer, model=copied), answers)
        assert type(copied) is type(model)
        assert (copied.lr, copied.dropout_1, copied.num_outputs) == (0.1, 0.5, 3)
        assert copied.board.data == model.board.data
        assert copied.board is not model.board
        assert model.trainer is trainer
        with pytest.raises(RuntimeError, match=r"call trainer\.fit\(model, data\)"):
            copied.plot("loss", 1.0, train=True)
    further = backend.fit(copied, backend.data(TRAIN, VAL), max_epochs=2)
    assert len(further.history["val_acc"]) == 2
    np.testing.assert_array_equal(outputs(backend, trainer), answers)
    assert not np.array_equal(outputs(backend, further), answers)


def test_a_copy_of_a_model_from_scratch_learns(backend):
    """Parameters that no layer holds are copied, too, with their gradients."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = X @ [[2.0], [-3.4]] + 4.2
    data = backend.data((X, y), batch_size=32)
    model = backend.line(lr=0.1)
    model.board.display = False
    untrained = copy.deepcopy(model)
    trainer = backend.fit(model, data, max_epochs=6)
    trained = copy.deepcopy(model)
    if backend.name != "jax":  # where a model holds none
        np.testing.assert_array_equal(backend.numpy(trained.w), backend.numpy(model.w))
        assert not backend.numpy(untrained.w).any()
    for twin in (untrained, trained):
        twin_trainer = backend.fit(twin, data, max_epochs=6)
        np.testing.assert_allclose(backend.line_parameters(twin_trainer), [2, -3.4, 4.2], atol=0.1)
    np.testing.assert_allclose(backend.line_parameters(trainer), [2, -3.4, 4.2], atol=0.1)


# ------------------------------------------------------------------------------------ in a notebook

LIVE = """
import os, sys
os.environ["D2LCOMPAT_LIVE_PLOTS"] = "1"
sys.path.insert(0, {tests!r})
from backends import backend_of, examples
backend = backend_of("pytorch")
d2l = backend.d2l
data = backend.data(examples(24), examples(16))
model = backend.model()
model.board.display = True

class Telling(d2l.Trainer):
    def fit_epoch(self):
        if self.epoch == 3:
            print("three epochs", flush=True)
        super().fit_epoch()

trainer = Telling(max_epochs=10**6)
"""

ASKED = """
import json
print(json.dumps([trainer.history, {k: len(v) for k, v in model.board.data.items()},
                  d2l.Trainer(max_epochs=1).fit(model, data), model.training]))
"""


@pytest.mark.skipif(not FRAMEWORKS["pytorch"].supported, reason="no PyTorch for this platform")
def test_interrupting_a_kernel_leaves_the_figure_whole():
    """The stop button of a notebook: a signal from another process, at any moment of training."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(env={**os.environ, **BOOK.kernel_environment("pytorch")})

    def run(code, told=lambda message: None):
        reply = client.execute_interactive(code, timeout=120, output_hook=told)
        return reply["content"]

    figures, pictures, text = [], [], []

    def watch(message):
        content = message["content"]
        if message["msg_type"] in ("display_data", "update_display_data"):
            figures.append(content["data"][SERIES])
            pictures.append("image/png" in content["data"])
        elif message["msg_type"] == "stream":
            text.append(content["text"])
            if "three epochs" in content["text"]:
                manager.interrupt_kernel()

    try:
        assert run(LIVE.format(tests=str(Path(__file__).parents[1])), watch)["status"] == "ok"
        assert run("trainer.fit(model, data)", watch)["ename"] == "KeyboardInterrupt"
        last = figures[-1]
        # Drawing a PNG would slow training down, and nobody sees it before the last.
        assert (pictures[0], pictures[-1]) == (False, True)
        text.clear()
        assert run(ASKED, watch)["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    history, points, after, training = json.loads(text[0])
    epochs = len(history["val_acc"])
    assert epochs >= 3
    assert {len(values) for values in history.values()} == {epochs}
    (axes,) = last["axes"]
    assert {line["label"]: len(line["x"]) for line in axes["lines"]} == points
    assert epochs <= points["val_acc"] <= epochs + 1
    assert len(after["val_acc"]) == 1
    assert training is False

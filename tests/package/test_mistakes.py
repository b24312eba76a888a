"""Mistakes of who calls ``fit``: each is an error before the first step, in all frameworks alike,
that says what was expected, what came and what to do."""

import traceback
from pathlib import Path

import numpy as np
import pytest
from backends import examples

from d2lcompat import _checks, _datamodule
from d2lcompat._data.files import Arrays
from d2lcompat._data.synthetic import draw

PACKAGE = Path(_checks.__file__).parent
TRAIN, VAL = examples(24, seed=1), examples(16, seed=2)  # labels 0, 1 and 2


def loaders(backend, train, val=None):
    """Data whose loaders are what is given."""

    class Given(backend.d2l.DataModule):
        def train_dataloader(self):
            return train

        def val_dataloader(self):
            return val

    return Given()


def batch_of(backend, X, y):
    return backend.tensor(X), backend.tensor(y.astype(backend.label_dtype))


def bytes_of(X):
    return (255 * np.abs(X) / np.abs(X).max()).astype(np.uint8)


def refused(error, message, function, *arguments):
    """The function raises the error; its traceback shows three of our own functions at most."""
    with pytest.raises(error, match=message) as caught:
        function(*arguments)
    shown = [
        frame.f_code.co_qualname
        for frame, _ in traceback.walk_tb(caught.tb)
        if Path(frame.f_code.co_filename).is_relative_to(PACKAGE)
        and "__tracebackhide__" not in frame.f_locals
    ]
    assert 1 <= len(shown) <= 3, shown


def fit(backend, model, data, Trainer=None):
    return (Trainer or backend.d2l.Trainer)(max_epochs=1).fit(model, data)


# ---------------------------------------------------------------------------------------- arguments


def mistaken_arguments(backend):
    """What ``fit`` is given by mistake, and what it says."""
    model, data = backend.model(), backend.data(TRAIN, VAL)
    Model, Data = type(model), type(data)
    swap = r"Expected fit\(model, data\); received fit\(data, model\)\. Swap the two\."
    return {
        "swapped": (data, model, swap),
        "swapped classes": (Data, Model, swap),
        "a class for the model": (
            Model, data, rf"the class {Model.__name__} as model\. Create an object: Drop.*\(",
        ),
        "a class for the data": (
            model, Data, r"the class Examples as data\. Create an object: Examples\(\.\.\.\)",
        ),
        "no model": (lambda X: X, data, r"a function as model\. Derive a class from d2l\.Module"),
        "no data": (model, None, r"received None as data\. Derive a class from d2l\.DataModule"),
        "a loader for the data": (
            model, data.train_dataloader(), r"a BatchLoader as data\. Derive a class from d2l\.Da",
        ),
        "two models": (model, model, r"received a DropoutMLP as data\. Derive a class"),
    }  # fmt: skip


CASES = [
    "swapped", "swapped classes", "a class for the model", "a class for the data", "no model",
    "no data", "a loader for the data", "two models",
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_fit_is_given(backend, case):
    model, data, message = mistaken_arguments(backend)[case]
    trainer = backend.d2l.Trainer(max_epochs=1)
    refused(TypeError, message, trainer.fit, model, data)
    refused(TypeError, message, trainer.fingerprint, model, data)


# ---------------------------------------------------------------------------------------- optimiser


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, r"returned None\. End it with: return optimizer\."),
        (([object()], [object()]), r"returned a tuple\. Return the optimiser alone, without sche"),
        ({"optimizer": object()}, r"returned a dict\. Return the optimiser alone"),
        (0.1, r"returned a float\. Return an optimiser of the framework, or a d2l\.SGD\."),
    ],
    ids=["nothing", "Lightning's pair", "Lightning's dict", "a rate"],
)
def test_what_configure_optimizers_returns(backend, monkeypatch, returned, message):
    model = backend.model()
    monkeypatch.setattr(type(model), "configure_optimizers", lambda self: returned, raising=False)
    expected = r"DropoutMLP\.configure_optimizers\(\) expected to return an optimiser, .*; it "
    refused(TypeError, expected + message, fit, backend, model, backend.data(TRAIN, VAL))


def test_an_optimiser_is_an_object(backend, monkeypatch):
    model = backend.model()
    monkeypatch.setattr(
        type(model), "configure_optimizers", lambda self: backend.d2l.SGD, raising=False
    )
    message = r"returned the class SGD\. Create an object: SGD\(\.\.\.\)"
    refused(TypeError, message, fit, backend, model, backend.data(TRAIN, VAL))


# ---------------------------------------------------------------------------------- the first batch


def test_images_are_floats(backend):
    batch = batch_of(backend, bytes_of(TRAIN[0]), TRAIN[1])
    message = r"images as floats, .* received uint8 of shape \(24, 4, 5\)\. Scale them where the"
    refused(TypeError, message, fit, backend, backend.model(), loaders(backend, [batch]))

    d2l = backend.d2l

    class Scaling(d2l.Trainer):
        def prepare_batch(self, batch):
            X, y = super().prepare_batch(batch)
            return d2l.astype(X, d2l.float32) / 255, y

    # What the message advises
    history = fit(backend, backend.model(), loaders(backend, [batch]), Scaling)
    assert history["train_loss"][0] < 2


def test_bytes_may_be_tokens():
    _checks.inputs([np.zeros((8, 20), np.uint8), np.zeros((8, 4, 5), np.float32)])


@pytest.mark.parametrize("kind", ["stock", "scratch"])
def test_an_output_for_every_label(backend, kind):
    """The page's models have a loss of their own in JAX, and the package's elsewhere."""
    data = backend.data(TRAIN, VAL)
    message = (
        r"expected labels below 2, its number of outputs; received the label 2\. "
        r"Give it 3 outputs or more, or correct the labels\."
    )
    refused(ValueError, message, fit, backend, backend.model(kind, outputs=2), data)
    assert fit(backend, backend.model(kind, outputs=3), data)


def test_one_output_may_stand_for_two_classes(backend):
    """As a loss of one's own takes it; so may labels have another shape than the classes say."""
    scores = backend.tensor(np.zeros((4, 1), np.float32))
    model = backend.model()
    to_numpy = backend.d2l.DataModule.to_numpy
    for labels in ([0, 1, 1, 0], [[0], [5], [9], [3]], [0.5, 7.5, 2.0, 1.0]):
        labels = backend.tensor(np.array(labels))
        _checks.outputs(model, scores, labels, to_numpy)
    with pytest.raises(ValueError, match=r"received the label 2\. Give it 3"):
        _checks.outputs(model, scores, backend.tensor(np.array([0, 1, 2, 0])), to_numpy)


def test_only_the_first_batch_is_looked_at(backend, monkeypatch):
    seen = {"inputs": 0, "outputs": 0}
    for name in seen:

        def counted(*args, name=name, function=getattr(_checks, name)):
            seen[name] += 1
            function(*args)

        monkeypatch.setattr(_checks, name, counted)
    backend.fit_new(backend.data(TRAIN, VAL), max_epochs=2)
    assert seen == {"inputs": 1, "outputs": 1}


# --------------------------------------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("size", "advice"), [(0, ""), (-1, ""), (32.0, " Write 32."), (2.5, ""), ("64", ""), (True, "")]
)
def test_the_size_of_a_batch_at_construction(backend, monkeypatch, size, advice):
    few = Arrays(*draw(10, seed=1), *draw(10, seed=2), synthetic=True)
    monkeypatch.setattr(_datamodule._data, "fashion_mnist", lambda data_dir=None: few)
    with pytest.raises(ValueError, match="Invalid batch_size") as caught:
        backend.d2l.FashionMNIST(batch_size=size)
    expected = f"Invalid batch_size. Expected a positive integer. Received: {size!r}.{advice}"
    assert str(caught.value) == expected


def endless(batch):
    while True:
        yield batch


def test_a_loader_has_a_length(backend):
    batch = batch_of(backend, *TRAIN)
    without = r"\.{}\(\) expected a loader with a length, its number of batches; received a "
    for data, method in (
        (loaders(backend, endless(batch)), "train_dataloader"),
        (loaders(backend, [batch], endless(batch)), "val_dataloader"),
    ):
        message = (
            "Given"
            + without.format(method)
            + r"generator without a length\. Return a list of batches"
        )
        refused(TypeError, message, fit, backend, backend.model(), data)
    with pytest.raises(TypeError, match=r"generator without a length\. Return a list of batches"):
        backend.d2l.Trainer(1).fingerprint(backend.model(), loaders(backend, endless(batch)))


def test_a_loader_that_knows_no_length_says_so():
    """PyTorch's and TensorFlow's have ``__len__`` and raise TypeError there."""

    class Unknown:
        def __len__(self):
            raise TypeError("the length is unknown")

    with pytest.raises(TypeError, match="received a Unknown without a length"):
        _checks.loader(Unknown(), None, "train_dataloader")


def test_no_loader(backend):
    message = r"Given\.train_dataloader\(\) expected a loader with a length; received None\. End"
    refused(TypeError, message, fit, backend, backend.model(), loaders(backend, None))

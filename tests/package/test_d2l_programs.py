"""Programs as readers of *Dive into Deep Learning* write them run when only the import is changed.

They stand in ``d2l_programs/``, one file a framework, one function a section, and are run on a few
synthetic images. What is checked is what a reader sees: shapes printed, losses that fall, a history
without gaps. ``test_d2l_contract.py`` has the names and signatures one by one.
"""

import contextlib
import functools
import importlib
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt

from d2lcompat import _datamodule
from d2lcompat._data.files import Arrays
from d2lcompat._data.synthetic import draw

# MXNet calls its own old name.
pytestmark = pytest.mark.filterwarnings("ignore:ndarray.as_in_context:DeprecationWarning")

# The side and channels of the images after each convolution and block of ``convolutional_design``
BLOCKS = [(14, 8), (7, 16), (7, 16)]
ACCURACIES = {"train_loss", "val_loss", "val_acc"}


@functools.cache
def garments(number) -> Arrays:
    """So many synthetic training images, and 96 for validation."""
    return Arrays(*draw(number, seed=1), *draw(96, seed=2), synthetic=True)


@pytest.fixture
def number():
    """How many training images there are."""
    return 512


@pytest.fixture(autouse=True)
def small_set(monkeypatch, number):
    monkeypatch.setattr(_datamodule._data, "fashion_mnist", lambda data_dir=None: garments(number))
    monkeypatch.setenv("D2LCOMPAT_LIVE_PLOTS", "0")


@pytest.fixture
def run(backend):
    """Runs the program of a section; methods that it put into d2l's classes are taken out again."""
    programs = importlib.import_module(f"d2l_programs.on_{backend.name}")
    classes = backend.d2l.Module, backend.d2l.Classifier, backend.d2l.Trainer
    before = [dict(vars(Class)) for Class in classes]
    backend.d2l.seed_everything(0)
    yield lambda section: getattr(programs, section)()
    backend.finish()
    plt.close("all")
    for Class, methods in zip(classes, before, strict=True):
        for name in set(vars(Class)) - set(methods):
            delattr(Class, name)
        for name, method in methods.items():
            if vars(Class)[name] is not method:
                setattr(Class, name, method)


def assert_learned(history, epochs, names=ACCURACIES):
    """A value for each epoch under each name, and losses that fall."""
    assert set(history) == names
    assert {len(values) for values in history.values()} == {epochs}
    assert all(np.isfinite(values).all() for values in history.values())
    for name in ("train_loss", "val_loss"):
        assert history[name] == sorted(history[name], reverse=True)


def without_gpu(backend):
    """What warns when a program asks for a GPU that is not there."""
    if backend.d2l.num_gpus():
        return contextlib.nullcontext()
    return pytest.warns(UserWarning, match=r"asked for 1 GPU.* found 0: training on the CPU")


def image(backend, batch, side, channels=1):
    """The shape of a batch of images; where the channels stand is the framework's choice."""
    first = backend.name in ("pytorch", "mxnet")
    return (batch, channels, side, side) if first else (batch, side, side, channels)


def printed_shapes(capsys):
    """The shapes that ``layer_summary`` printed, line by line."""
    lines = capsys.readouterr().out.splitlines()
    assert all("output shape:\t" in line for line in lines)
    return [tuple(map(int, re.findall(r"\d+", line.split(":")[1]))) for line in lines]


def test_object_oriented_design(run):
    trainer, found = run("object_oriented_design")
    assert_learned(trainer.history, 4, {"train_loss", "val_loss"})
    np.testing.assert_allclose(found, [2, -3.4, 4.2], atol=0.15)


def test_a_fit_of_ones_own_trains_and_draws(run, backend):
    trainer = run("own_fit")
    losses = [point.y for point in trainer.model.board.data["train_loss"]]
    assert len(losses) == 4
    assert losses == sorted(losses, reverse=True)
    assert (trainer.epoch, trainer.train_batch_idx, trainer.val_batch_idx) == (1, 16, 4)


def test_classification(run):
    history = run("classification").history
    assert_learned(history, 2, {"train_loss", "val_loss", "val_err"})
    assert history["val_loss"][-1] < 1.9  # Adam's work: SGD at this rate is above 2.2
    assert history["val_err"][-1] < history["val_err"][0] < 1


def test_softmax_regression_from_scratch(run):
    history = run("softmax_regression_scratch").history
    assert_learned(history, 3)
    assert history["val_acc"][-1] > 0.4
    titles = [axes.get_title() for axes in plt.gcf().axes]
    assert len(titles) == 8
    assert all("\n" in title and len(set(title.split("\n"))) == 2 for title in titles)


def test_softmax_regression_concise(run):
    history = run("softmax_regression_concise").history
    assert_learned(history, 3)
    assert 2.5 < history["train_loss"][0] < 3.4  # bits: the loss is the program's own


@pytest.mark.parametrize("section", ["multilayer_perceptron", "dropout"])
def test_two_models_one_trainer(run, section):
    trainer, of_the_first_model = run(section)
    for history in (of_the_first_model, trainer.history):
        assert_learned(history, 3)
    assert trainer.history != of_the_first_model


def test_lenet(run, backend, capsys):
    asks = contextlib.nullcontext() if backend.name == "tensorflow" else without_gpu(backend)
    with asks:
        trainer = run("lenet")
    shapes = printed_shapes(capsys)
    assert image(backend, 1, 28, channels=6) == shapes[0]
    assert image(backend, 1, 5, channels=16) in shapes
    assert shapes[-1] == (1, 10)
    assert_learned(trainer.history, 2)


@pytest.mark.parametrize("number", [128])
def test_larger_images(run, backend, capsys):
    trainer, (X, y) = run("larger_images")
    assert tuple(X.shape) == image(backend, 128, 96)
    assert tuple(y.shape) == (128,)
    assert image(backend, 1, 48, channels=6) in printed_shapes(capsys)
    assert_learned(trainer.history, 1)


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")
def test_batch_statistics(run, backend, capsys):
    trainer, running_mean = run("batch_normalization")
    assert image(backend, 2, 24, channels=6) in printed_shapes(capsys) or backend.name == "jax"
    assert_learned(trainer.history, 2)
    assert running_mean.shape == (6,)
    assert (running_mean != 0).all()


def test_convolutional_design(run, backend, capsys):
    """The size of a block's 3 × 3 kernel tells ``groups`` from the number of groups."""
    trainer, sizes = run("convolutional_design")
    shapes = printed_shapes(capsys)
    assert shapes[:3] == [image(backend, 2, side, channels) for side, channels in BLOCKS]
    assert shapes[-1] == (2, 10)
    assert_learned(trainer.history, 2)
    width, bottleneck, group = 16, 8, 4
    kernels = [width * bottleneck, 9 * bottleneck * group, bottleneck * width]
    others = [bottleneck] * 6 + [width] * 3  # biases, and the normalisations' two vectors
    assert sorted(sizes) == sorted(kernels + others)


def test_devices(run, backend):
    """Where the program has put in d2l's own ``Trainer.__init__``, nothing warns."""
    patched = backend.name != "tensorflow"
    with contextlib.nullcontext() if patched else without_gpu(backend):
        assert_learned(run("devices").history, 2)


def test_image_dataset(run, backend):
    trainer, (number, shape) = run("image_dataset")
    assert number == 512
    assert tuple(shape) == ((1, 28, 28) if backend.name in ("pytorch", "mxnet") else (28, 28))
    assert_learned(trainer.history, 2)
    assert trainer.num_train_batches == 8

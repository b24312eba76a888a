"""What code published for d2l 1.0.3 may rely on: shapes, types, attributes.

Names and signatures are in ``test_d2l_signatures.py``, what was wrong in d2l in
``test_d2l_faults*.py``, whole programs in ``test_d2l_programs.py``.
"""

import numpy as np
import pytest
from backends import examples
from matplotlib import pyplot as plt

pytestmark = pytest.mark.filterwarnings("ignore:ndarray.as_in_context:DeprecationWarning")

TRAIN, VAL = examples(20, seed=1), examples(13, seed=2)

# ------------------------------------------------------------------------------------------- arrays

A = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
ARRAYS = {  # with X = d2l.tensor(A): what it is worth, and of which type it is
    "d2l.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])": (A, "float32"),
    "d2l.zeros((2, 3))": (np.zeros((2, 3)), "float32"),
    "d2l.ones((2, 3))": (np.ones((2, 3)), "float32"),
    "d2l.zeros(3)": (np.zeros(3), "float32"),
    "d2l.zeros_like(X)": (np.zeros((2, 3)), "float32"),
    "d2l.arange(4)": (np.arange(4), "integer"),
    "d2l.exp(X)": (np.exp(A), "float32"),
    "d2l.log(X)": (np.log(A), "float32"),
    "d2l.transpose(X)": (A.T, "float32"),
    "d2l.matmul(X, d2l.transpose(X))": (A @ A.T, "float32"),
    "d2l.reshape(X, (3, 2))": (A.reshape(3, 2), "float32"),
    "d2l.reshape(X, (-1,))": (A.ravel(), "float32"),
    "d2l.reshape(X, (-1, X.shape[-1]))": (A, "float32"),
    "d2l.reduce_sum(X)": (A.sum(), "float32"),
    "d2l.reduce_sum(X, 0, keepdims=True)": (A.sum(0, keepdims=True), "float32"),
    "d2l.reduce_mean(X)": (A.mean(), "float32"),
    "d2l.reduce_mean(X, axis=1)": (A.mean(1), "float32"),
    "d2l.argmax(X, axis=1)": (A.argmax(1), "integer"),
    "d2l.astype(X, d2l.int32)": (A.astype(int), "int32"),
    "d2l.astype(X > 2, d2l.float32)": (A > 2, "float32"),
    "d2l.concat([X, X], 0)": (np.concatenate([A, A]), "float32"),
    "d2l.concat((X, X), 1)": (np.concatenate([A, A], 1), "float32"),
    "d2l.stack([X, X], 0)": (np.stack([A, A]), "float32"),
    "d2l.stack((X, X), 1)": (np.stack([A, A], 1), "float32"),
}
INTEGERS = {  # of arange and argmax: each framework's own
    "pytorch": ("int64", "int64"),
    "tensorflow": ("int32", "int64"),
    "jax": ("int32", "int32"),
    "mxnet": ("float32", "int64"),
}
RANDOM = {
    "pytorch": ("d2l.normal(0, 1, (2, 3))", "d2l.rand(2, 3)", "d2l.rand((2, 3))",
                "d2l.randn(2, 3)"),
    "tensorflow": ("d2l.normal((2, 3), 0, 1)", "d2l.normal((2, 3))", "d2l.rand((2, 3))"),
    "jax": (),  # d2l leaves random numbers to jax.random
    "mxnet": ("d2l.normal(0, 1, (2, 3))", "d2l.rand(2, 3)", "d2l.randn(2, 3)"),
}  # fmt: skip


def evaluate(expression, backend):
    """What an expression in ``d2l`` and ``X`` is worth, as an array."""
    names = {"d2l": backend.d2l, "X": backend.tensor(A)}
    return backend.numpy(eval(expression, names))


@pytest.mark.parametrize("expression", ARRAYS)
def test_arrays(backend, expression):
    value, dtype = ARRAYS[expression]
    if dtype == "integer":
        dtype = INTEGERS[backend.name]["argmax" in expression]
    found = evaluate(expression, backend)
    assert found.dtype == dtype
    assert found.shape == np.shape(value)
    np.testing.assert_allclose(found, value, rtol=1e-5)


def test_random_arrays(backend):
    for expression in RANDOM[backend.name]:
        first, second = evaluate(expression, backend), evaluate(expression, backend)
        assert (first.dtype, first.shape) == (np.float32, (2, 3)), expression
        assert not np.array_equal(first, second), expression
        if "rand(" in expression:
            assert 0 <= first.min() <= first.max() < 1


def test_numpy_and_devices(backend):
    d2l, X = backend.d2l, backend.tensor(A)
    assert type(d2l.numpy(X)) is np.ndarray
    assert type(d2l.num_gpus()) is int
    assert type(d2l.try_gpu()) is type(d2l.cpu())
    np.testing.assert_array_equal(backend.numpy(d2l.to(X, d2l.try_gpu())), A)
    far = d2l.try_gpu(d2l.num_gpus())  # one more than there are
    if backend.name == "tensorflow":  # contexts: where they put an array is what they are
        with far:
            assert d2l.ones(1).device.endswith("CPU:0")
    else:
        assert far == d2l.cpu()


# ------------------------------------------------------------------------------- training and data


def test_attributes_that_programs_read(backend):
    d2l = backend.d2l
    trainer = backend.fit_new(backend.data(TRAIN, VAL), max_epochs=2, lr=0.25)
    model = trainer.model
    assert model.trainer is trainer
    assert trainer.hparams == {"max_epochs": 2, "num_gpus": 0, "gradient_clip_val": 0}
    assert (trainer.max_epochs, trainer.gpus, trainer.epoch) == (2, [], 1)
    assert (trainer.num_train_batches, trainer.num_val_batches) == (3, 2)
    assert (trainer.train_batch_idx, trainer.val_batch_idx) == (6, 4)
    assert (len(trainer.train_dataloader), len(trainer.val_dataloader)) == (3, 2)
    assert trainer.optim is not None
    assert (model.lr, model.plot_train_per_epoch, model.plot_valid_per_epoch) == (0.25, 2, 1)
    assert isinstance(model.board, d2l.ProgressBoard)
    assert (model.board.xlim, model.board.xlabel) == ([0, 2], "epoch")
    assert set(model.board.data) == set(model.board.raw_points) == set(trainer.history)
    point = model.board.data["val_acc"][-1]
    assert (point.x, point.y) == (2, pytest.approx(trainer.history["val_acc"][-1]))
    if backend.name == "jax":
        state = trainer.state
        assert int(state.step) == 6
        assert state.batch_stats == {}
        assert state.apply_fn({"params": state.params}, backend.tensor(VAL[0])).shape == (13, 3)
        assert state.dropout_rng.shape == (2,)


def test_an_epoch_more_and_a_loop_of_ones_own_afterwards(backend):
    """As d2l's search for hyper-parameters trains and measures."""
    trainer = backend.fit_new(backend.data(TRAIN, VAL), lr=0.25)
    before = [weights.copy() for weights in backend.weights(trainer)]
    history = dict(trainer.history)
    trainer.fit_epoch()
    assert all((a != b).any() for a, b in zip(before, backend.weights(trainer), strict=True))
    assert trainer.history == history  # of fit, which is over
    batches = [trainer.prepare_batch(batch) for batch in trainer.val_dataloader]
    assert [len(y) for _, y in batches] == [8, 5]


def test_fashion_mnist(backend, monkeypatch):
    from d2lcompat import _datamodule
    from d2lcompat._data.files import Arrays
    from d2lcompat._data.synthetic import draw

    few = Arrays(*draw(100, seed=1), *draw(50, seed=2), synthetic=True)
    monkeypatch.setattr(_datamodule._data, "fashion_mnist", lambda data_dir=None: few)
    data = backend.d2l.FashionMNIST()
    assert (data.root, data.num_workers) == ("../data", 4)
    assert (data.batch_size, data.resize) == (64, (28, 28))
    X, y = next(iter(data.train_dataloader()))
    channels_first = backend.name in ("pytorch", "mxnet")
    assert tuple(X.shape) == ((64, 1, 28, 28) if channels_first else (64, 28, 28, 1))
    assert backend.numpy(X).dtype == np.float32
    assert 0 <= backend.numpy(X).min() < backend.numpy(X).max() <= 1
    assert backend.numpy(y).dtype == ("int64" if backend.name == "pytorch" else "int32")
    assert len(data.train if channels_first else data.train[0]) == 100
    labels = data.text_labels(y)
    assert len(labels) == 64
    assert all(type(label) is str for label in labels)
    assert data.visualize([X, y]) is None
    assert [axes.get_title() for axes in plt.gcf().axes] == labels[:8]
    plt.close("all")


def test_a_model_keeps_its_arguments(backend):
    """As ``save_hyperparameters`` does, or as a dataclass does in JAX."""
    d2l = backend.d2l
    if backend.name == "jax":

        class Model(d2l.Classifier):
            num_outputs: int
            lr: float = 0.1
    else:

        class Model(d2l.Classifier):
            def __init__(self, num_outputs, lr=0.1):
                super().__init__()
                self.save_hyperparameters()

    model = Model(7, lr=0.5)
    assert (model.num_outputs, model.lr) == (7, 0.5)
    if backend.name != "jax":
        assert model.hparams == {"num_outputs": 7, "lr": 0.5}


def test_drawing(backend):
    d2l = backend.d2l
    axes = d2l.show_images(backend.tensor(np.zeros((6, 4, 4), np.float32)), 2, 3, titles=["a"] * 6)
    assert axes.shape == (6,)
    x = backend.tensor(np.arange(3, dtype=np.float32))
    d2l.set_figsize((4, 3))
    d2l.plot(x, [x * x, 2 * x], "x", "f(x)", legend=["square", "double"], figsize=(5, 2.5))
    shown = d2l.plt.gca()
    assert [line.get_ydata().tolist() for line in shown.lines] == [[0, 1, 4], [0, 2, 4]]
    assert (shown.get_xlabel(), shown.get_ylabel()) == ("x", "f(x)")
    assert [text.get_text() for text in shown.get_legend().get_texts()] == ["square", "double"]
    plt.close("all")
    board = d2l.ProgressBoard("x", display=False)
    for k in range(6):
        board.draw(k, 2 * k, "double", every_n=3)
    assert [(point.x, point.y) for point in board.data["double"]] == [(1, 2), (4, 8)]


def test_timer(backend):
    timer = backend.d2l.Timer()
    times = [timer.stop(), timer.stop()]
    assert timer.times == times
    assert timer.sum() == pytest.approx(sum(times))
    assert timer.avg() == pytest.approx(sum(times) / 2)
    assert timer.cumsum() == pytest.approx([times[0], sum(times)])


# ------------------------------------------------------------------------- where steps are compiled


def test_code_that_looks_at_values_can_be_run_line_by_line(backend):
    """d2l runs a step line by line; TensorFlow and JAX compile ours. They say so, and how to undo
    it; what they say works."""
    model = backend.model()
    seen = []

    class Looking(type(model)):
        def training_step(self, *args):
            result = super().training_step(*args)
            loss = result[0][0] if backend.name == "jax" else result
            seen.append(backend.d2l.numpy(loss).item())
            return result

    def fit():
        model = Looking(
            num_outputs=3, num_hiddens_1=4, num_hiddens_2=4, dropout_1=0, dropout_2=0, lr=0.1
        )
        model.board.display = False
        backend.fit(model, backend.data(examples(8), None))

    if backend.name == "tensorflow":
        import tensorflow as tf

        with pytest.raises(AttributeError, match="SymbolicTensor") as caught:
            fit()
        assert caught.value.__notes__[-1].endswith(": tf.config.run_functions_eagerly(True)")
        tf.config.run_functions_eagerly(True)
        try:
            fit()
        finally:
            tf.config.run_functions_eagerly(False)
    elif backend.name == "jax":
        import jax

        with pytest.raises(jax.errors.TracerArrayConversionError) as caught:
            fit()
        assert "with jax.disable_jit(): trainer.fit(model, data)" in caught.value.__notes__[-1]
        with jax.disable_jit():
            fit()
    else:
        fit()
    assert len(seen) == 1
    assert np.isfinite(seen).all()


def test_a_network_may_be_called_as_keras_does():
    """Overriding ``call`` instead of ``forward``, with or without ``training``."""
    tf = pytest.importorskip("tensorflow", reason="a law of TensorFlow's module")
    from backends import backend_of

    backend = backend_of("tensorflow")

    class Plain(backend.d2l.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(3)])

        def call(self, X):
            return self.net(X)

    class Aware(Plain):
        def call(self, X, training=False):
            modes.append(training)
            return self.net(X)

    modes = []
    for Model in (Plain, Aware):
        model = Model()
        model.board.display = False
        history = backend.fit(model, backend.data(TRAIN, VAL)).history
        assert set(history) == {"train_loss", "val_loss", "val_acc"}
    assert set(modes) == {True, False}


def test_parameters_of_flax_are_plain_dicts():
    """Flax before 0.7 froze them. ``flax.core.unfreeze`` takes both; the method is gone."""
    flax = pytest.importorskip("flax", reason="a law of JAX's module")
    from backends import backend_of

    backend = backend_of("jax")
    params = backend.fit_new(backend.data(TRAIN, None)).state.params
    assert flax.core.unfreeze(params).keys() == params.keys()
    assert not hasattr(params, "unfreeze")

"""The loop: what it measures, what it leaves alone, and the ways in which books change it."""

import numpy as np
import pytest
from backends import cross_entropies, examples, mlp

from d2lcompat._data import BatchLoader

TRAIN, VAL = examples(20, seed=1), examples(13, seed=2)  # batches of 8: 8, 8, 4 and 8, 5
EVEN = examples(16, seed=3)  # fewer shapes: JAX compiles once for each


# ------------------------------------------------------------------------------------- what it does


def test_history_is_weighted_by_sample(backend):
    """With lr = 0 and p = 0 all means are those of one fixed network, whatever the batches."""
    trainer = backend.fit_new(backend.data(TRAIN, VAL), lr=0.0, max_epochs=2)
    weights = backend.weights(trainer)
    expected = {
        "train_loss": cross_entropies(mlp(weights, TRAIN[0]), TRAIN[1]).mean(),
        "val_loss": cross_entropies(mlp(weights, VAL[0]), VAL[1]).mean(),
        "val_acc": (mlp(weights, VAL[0]).argmax(axis=1) == VAL[1]).mean(),
    }
    assert set(trainer.history) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(trainer.history[name], [value] * 2, atol=1e-5)


def test_a_step_goes_against_the_gradient(backend):
    """One batch, one epoch: the change of the last offset is -lr times the mean of softmax - y."""
    data = backend.data(examples(8), None)
    before = backend.weights(backend.fit_new(data, lr=0.0))
    after = backend.weights(backend.fit_new(data, lr=0.5))
    X, y = examples(8)
    logits = mlp(before, X)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gradient = (softmax - np.eye(3)[y]).mean(axis=0)
    np.testing.assert_allclose(after[-1] - before[-1], -0.5 * gradient, atol=1e-6)


def test_training_learns(backend):
    X, _ = examples(200, seed=3)
    y = X.reshape(200, -1)[:, :3].argmax(axis=1)
    data = backend.data((X[:150], y[:150]), (X[150:], y[150:]))
    history = backend.fit_new(data, lr=0.3, max_epochs=12).history
    assert history["train_loss"][-1] < 0.5 * history["train_loss"][0]
    assert history["val_acc"][-1] > 0.7


@pytest.mark.parametrize("same_trainer", [True, False])
def test_a_second_fit_goes_on(backend, same_trainer):
    """One batch an epoch and plain descent: twice one epoch is two epochs."""
    data = backend.data(examples(8), None)
    expected = backend.weights(backend.fit_new(data, lr=0.5, max_epochs=2))
    trainer = backend.fit_new(data, lr=0.5)
    model = trainer.model
    if not same_trainer:
        trainer = backend.d2l.Trainer(max_epochs=1)
    assert len(trainer.fit(model, data)["train_loss"]) == 1
    for weight, same in zip(backend.weights(trainer), expected, strict=True):
        np.testing.assert_allclose(weight, same, atol=1e-6)


def global_norm(arrays):
    return np.sqrt(sum((array.astype(float) ** 2).sum() for array in arrays))


@pytest.mark.filterwarnings("ignore:ndarray.context:DeprecationWarning:mxnet")
@pytest.mark.parametrize("clip", [0, 0.05, 1e6])
def test_clipping_bounds_the_norm_of_all_gradients(backend, clip):
    data = backend.data(examples(8), None)
    start = backend.weights(backend.fit_new(data, lr=0.0))

    def change(**options):
        end = backend.weights(backend.fit_new(data, lr=1.0, **options))
        return [new - old for old, new in zip(start, end, strict=True)]

    free, clipped = change(), change(gradient_clip_val=clip)
    norm = global_norm(free)
    assert norm > 0.2
    factor = clip / norm if 0 < clip < norm else 1
    for ours, theirs in zip(clipped, free, strict=True):
        np.testing.assert_allclose(ours, theirs * factor, atol=1e-5)


def test_without_validation_data(backend):
    trainer = backend.fit_new(backend.data(TRAIN, None), max_epochs=2)
    assert trainer.val_dataloader is None
    assert set(trainer.history) == {"train_loss"}
    assert len(trainer.history["train_loss"]) == 2


def test_a_second_fit_starts_anew(backend):
    backend.d2l.seed_everything(0)
    model = backend.model()
    trainer = backend.d2l.Trainer(max_epochs=3)
    first = trainer.fit(model, backend.data(TRAIN, VAL))
    points = {label: len(curve) for label, curve in model.board.data.items()}
    second = trainer.fit(model, backend.data(TRAIN, VAL))
    assert first is not second
    assert trainer.history is second
    for history in (first, second):
        assert {len(values) for values in history.values()} == {3}
    assert {label: len(curve) for label, curve in model.board.data.items()} == points
    assert first["train_loss"] != second["train_loss"]


def test_every_point_is_drawn(backend):
    """5 batches an epoch, 2 points wanted: what is left over at its end is a point, too."""
    trainer = backend.fit_new(backend.data(examples(37), VAL), max_epochs=3)
    board = trainer.model.board
    weights = [point.weight for point in board.data["train_loss"]]
    assert weights == [24, 13] * 3
    assert [point.weight for point in board.data["val_acc"]] == [13] * 3
    assert [point.x for point in board.data["val_acc"]] == [1, 2, 3]
    np.testing.assert_allclose(
        [point.x for point in board.data["train_loss"]],
        [0.2, 0.7, 1.2, 1.7, 2.2, 2.7],
    )
    assert board.xlim == [0, 3]
    means = np.reshape([point.y for point in board.data["train_loss"]], (3, 2)) @ [24, 13] / 37
    np.testing.assert_allclose(means, trainer.history["train_loss"], rtol=1e-6)


# ---------------------------------------------------------------------------------------- repeating


@pytest.mark.parametrize("kind", ["scratch", "stock"])
def test_one_seed_one_history(backend, kind):
    data = backend.data(EVEN, EVEN)
    first, same, other = (
        backend.fit_new(data, seed, kind, p=0.5, max_epochs=2).history for seed in (5, 5, 6)
    )
    assert first == same
    for name in ("train_loss", "val_loss"):
        assert first[name] != other[name]


def test_a_run_does_not_depend_on_what_was_drawn_before(backend):
    data = backend.data(EVEN, EVEN)
    first = backend.fit_new(data, 5, p=0.5).history
    backend.fit_new(backend.data(examples(8)), 8, p=0.2)
    assert backend.fit_new(data, 5, p=0.5).history == first


def seen_labels(backend, data, **options):
    """The labels of the batches that reach a step, in order, without the batch that ``fit`` takes
    to learn the shapes."""
    seen = []

    class Watched(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            seen.append(backend.numpy(batch[-1]).tolist())
            return super().prepare_batch(batch)

    backend.d2l.seed_everything(4)
    Watched(**options).fit(backend.model(outputs=40), data)
    return seen[1:]


def test_looking_at_a_batch_does_not_change_the_order(backend):
    labelled = (TRAIN[0], np.arange(20))
    before = seen_labels(backend, backend.data(labelled), max_epochs=2)
    data = backend.data(labelled)
    backend.d2l.seed_everything(9)
    data.train_dataloader().peek()
    list(data.train_dataloader())
    assert seen_labels(backend, data, max_epochs=2) == before
    # d2l on TensorFlow and JAX shuffles batches. Here, the order is BatchLoader's in all of them.
    order = BatchLoader((np.arange(20),), 8, True, lambda arrays: arrays[0].tolist(), seed=4)
    assert before == [*order, *order]


# ----------------------------------------------------------------------------- d2l's published ways


@pytest.mark.filterwarnings("ignore:ndarray.context:DeprecationWarning:mxnet")
@pytest.mark.parametrize("clip", [0, 0.1])
def test_an_eager_loop_of_ones_own_trains_alike(backend, clip):
    """``fit_epoch`` as the book prints it: no compiled step, and the same numbers."""

    class Eager(backend.d2l.Trainer):
        pass

    backend.eager_loop(Eager)
    data = backend.data(EVEN, EVEN)
    ours = backend.fit_new(data, max_epochs=3, gradient_clip_val=clip)
    backend.d2l.seed_everything(0)
    theirs = Eager(max_epochs=3, gradient_clip_val=clip)
    theirs.fit(backend.model(), data)
    for name, values in ours.history.items():
        np.testing.assert_allclose(theirs.history[name], values, atol=1e-5)
    for ours_, theirs_ in zip(backend.weights(ours), backend.weights(theirs), strict=True):
        np.testing.assert_allclose(theirs_, ours_, atol=1e-5)


def test_an_epoch_can_be_wrapped(backend):
    d2l, epochs = backend.d2l, []

    class Counting(d2l.Trainer):
        pass

    @d2l.add_to_class(Counting)
    def fit_epoch(self):
        epochs.append(self.epoch)
        super(Counting, self).fit_epoch()

    history = Counting(max_epochs=3).fit(backend.model(), backend.data(TRAIN, VAL))
    assert epochs == [0, 1, 2]
    assert len(history["val_acc"]) == 3


def test_batches_can_be_prepared(backend):
    class Blank(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            X, y = super().prepare_batch(batch)
            return 0 * X, y

    backend.d2l.seed_everything(0)
    trainer = Blank(max_epochs=1)
    trainer.fit(backend.model(lr=0.0), backend.data(TRAIN, VAL))
    blank = mlp(backend.weights(trainer), 0 * VAL[0])
    expected = cross_entropies(blank, VAL[1]).mean()
    assert trainer.history["val_loss"] == [pytest.approx(expected, abs=1e-5)]


def test_a_line_is_found_from_scratch(backend):
    """Linear regression with parameters, a loss and an optimiser of one's own."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(256, 2))
    y = X @ [[2.0], [-3.4]] + 4.2 + 0.01 * rng.normal(size=(256, 1))
    data = backend.data((X[:200], y[:200]), (X[200:], y[200:]), batch_size=32)
    model = backend.line(lr=0.1)
    model.board.display = False
    trainer = backend.fit(model, data, seed=0, max_epochs=12)
    np.testing.assert_allclose(backend.line_parameters(trainer), [2, -3.4, 4.2], atol=0.02)
    assert trainer.history["val_loss"][-1] < 1e-3 < trainer.history["val_loss"][0]
    assert set(trainer.history) == {"train_loss", "val_loss"}


def test_apply_init(backend):
    X = backend.tensor(TRAIN[0].reshape(20, 20))
    hidden, output = backend.net().initialise(X)
    np.testing.assert_array_equal(hidden, np.full(hidden.shape, 0.5, np.float32))
    np.testing.assert_array_equal(output, np.full(output.shape, 0.5, np.float32))
    assert sorted(hidden.shape) == [8, 20]


# ----------------------------------------------------------------------------------- compiled steps


def test_steps_are_traced_once_for_each_shape(backend):
    steps = {"train": 0, "val": 0}

    def counted(Class):
        class Counted(Class):
            def training_step(self, *args):
                steps["train"] += 1
                return super().training_step(*args)

            def validation_step(self, *args):
                steps["val"] += 1
                return super().validation_step(*args)

        return Counted

    model = backend.model()
    model = counted(type(model))(**model_arguments())
    model.board.display = False
    epochs = 4
    backend.fit(model, backend.data(TRAIN, VAL), max_epochs=epochs)
    if backend.name in ("tensorflow", "jax"):
        assert steps == {"train": 2, "val": 2}  # batches of 8 and 4, of 8 and 5
    else:
        assert steps == {"train": 3 * epochs, "val": 2 * epochs}


def test_tensors_of_ones_own_reach_the_steps(backend):
    """Compiled or line by line, a step gets what ``to_tensors`` makes of a batch."""
    data = backend.data(TRAIN, VAL)
    convert = type(data).to_tensors
    type(data).to_tensors = staticmethod(lambda arrays: convert((2 * arrays[0], *arrays[1:])))
    doubled = backend.data((2 * TRAIN[0], TRAIN[1]), (2 * VAL[0], VAL[1]))
    assert backend.fit_new(data).history == backend.fit_new(doubled).history


def test_steps_get_tensors(backend):
    """In JAX also where nothing is compiled: NumPy's arrays would not do as a learner expects."""
    seen = []

    class Watched(type(backend.model())):
        def training_step(self, *args):
            batch = args[-1] if backend.name != "jax" else args[1]
            seen.extend(isinstance(array, backend.d2l.Tensor) for array in batch)
            return super().training_step(*args)

    def fit():
        model = Watched(**model_arguments())
        model.board.display = False
        backend.fit(model, backend.data(examples(4)))

    fit()
    if backend.name == "jax":
        import jax

        with jax.disable_jit():
            fit()
    assert seen
    assert all(seen)


def model_arguments():
    return {
        "num_outputs": 3, "num_hiddens_1": 16, "num_hiddens_2": 16,
        "dropout_1": 0.5, "dropout_2": 0.5, "lr": 0.1,
    }  # fmt: skip


def test_batch_statistics_are_carried_from_step_to_step():
    """A model in Flax that normalises by batch: its statistics are variables, too."""
    jax = pytest.importorskip("jax", reason="a law of JAX's module")
    from backends import backend_of
    from flax import linen as nn

    backend = backend_of("jax")

    class Normalised(backend.d2l.Classifier):
        lr: float
        training: bool = True

        @nn.compact
        def __call__(self, X):
            X = X.reshape((X.shape[0], -1))
            X = nn.BatchNorm(use_running_average=not self.training, momentum=0.5)(X)
            return nn.Dense(3)(X)

    model = Normalised(lr=0.1)
    model.board.display = False
    X = (TRAIN[0] * 3 + 2).astype(np.float32)
    trainer = backend.fit(
        model, backend.data((X, TRAIN[1]), (X, TRAIN[1]), batch_size=20), max_epochs=20
    )
    (stats,) = trainer.state.batch_stats.values()
    flat = X.reshape(20, -1)
    np.testing.assert_allclose(stats["mean"], flat.mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(stats["var"], flat.var(axis=0), rtol=1e-4, atol=1e-4)
    assert trainer.history["val_loss"][-1] < trainer.history["val_loss"][0]
    assert all(leaf.ndim for leaf in jax.tree_util.tree_leaves(trainer.state.batch_stats))

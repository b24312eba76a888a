"""What the page on choosing defines, held against NumPy.

Moves, early stopping and the variance behind dropout are plain NumPy and Python; the data module,
the models and their optimisers are each framework's own. The notebook whose definitions are tested
is in a test's name. Nothing is compared with a stored number.
"""

import functools
import itertools

import numpy as np
import pytest
from backends import BACKENDS, cross_entropies, each, examples, mlp, page_of
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = "choosing"
pytestmark = each(PAGE, BACKENDS)
some = settings(deadline=None, max_examples=25)
MEAN, STD = 0.286, 0.353  # of the pixels, as the page states them


# ------------------------------------------------------------------------------------- moved images


def moved_one_by_one(images, moves):
    """Image by image, what the page does at once: the part of a padded one that comes to lie."""
    rim = abs(moves).max()
    padded = np.pad(images, ((0, 0), (rim, rim), (rim, rim)))
    height, width = images.shape[1:]
    return np.stack([
        image[rim - down : rim - down + height, rim - right : rim - right + width]
        for image, (down, right) in zip(padded, moves, strict=True)
    ])  # fmt: skip


def test_moved_images_are_the_images_moved(page):
    @some
    @given(st.integers(0, 2**31 - 1), st.integers(0, 4), st.sampled_from(["float32", "uint8"]))
    def law(seed, shift, dtype):
        rng = np.random.default_rng(seed)
        images = rng.integers(1, 256, (5, 4, 6)).astype(dtype)
        moves = page.code.draw_moves(5, shift, rng)
        out = page.code.move_images(images, moves)
        assert (out.shape, out.dtype) == (images.shape, images.dtype)
        np.testing.assert_array_equal(out, moved_one_by_one(images, moves))

    law()


def test_no_move_is_the_identity(page):
    images = np.random.default_rng(0).random((3, 28, 28), np.float32)
    moves = page.code.draw_moves(3, 0, np.random.default_rng(0))
    np.testing.assert_array_equal(moves, np.zeros((3, 2), int))
    np.testing.assert_array_equal(page.code.move_images(images, moves), images)


def test_a_move_and_its_opposite_lose_only_the_rim(page):
    images = np.random.default_rng(0).random((1, 8, 8), np.float32)
    there = page.code.move_images(images, np.array([[2, -1]]))
    back = page.code.move_images(there, np.array([[-2, 1]]))
    np.testing.assert_array_equal(back[:, :6, 1:], images[:, :6, 1:])
    assert not back[:, 6:].any()
    assert not back[:, :, :1].any()


def test_moves_are_uniform_and_independent(page):
    shift, number = 2, 20_000
    moves = page.code.draw_moves(number, shift, np.random.default_rng(1))
    assert moves.shape == (number, 2)
    pairs = (moves + shift) @ (2 * shift + 1, 1)
    counts = np.bincount(pairs, minlength=(2 * shift + 1) ** 2)
    expected = number / (2 * shift + 1) ** 2
    assert len(counts) == (2 * shift + 1) ** 2
    assert np.abs(counts - expected).max() < 6.5 * expected**0.5
    again = page.code.draw_moves(number, shift, np.random.default_rng(1))
    np.testing.assert_array_equal(moves, again)


@pytest.mark.parametrize("shift", [-1, 1.5, "2", None])
def test_what_is_no_shift_is_refused(page, shift):
    with pytest.raises(ValueError, match=f"expected shift .*received {shift}"):
        page.code.draw_moves(3, shift, np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(2, 2), (3, 1), (3,)])
def test_moves_of_another_shape_are_refused(page, shape):
    with pytest.raises(ValueError, match=r"expected moves of shape \(3, 2\), received"):
        page.code.move_images(np.zeros((3, 4, 4)), np.zeros(shape, int))


# ----------------------------------------------------------------------------------------- the data


def few_images(page, number=24, **options):
    """A data module of images that can be told apart, with their numbers as labels."""
    backend = page.backend
    backend.d2l.seed_everything(3)
    rng = np.random.default_rng(0)
    images = rng.random((number, 28, 28, 1), np.float32) + 0.5
    if page.framework in ("pytorch", "mxnet"):
        images = images.reshape(number, 1, 28, 28)
    labels = np.arange(number).astype(backend.label_dtype)
    data = page.code.FewImages(
        backend.tensor(images), backend.tensor(labels), batch_size=8, **options
    )
    return images, data


def epoch_of(page, loader):
    """Images and labels of one iteration, in its order."""
    numpy = page.backend.numpy
    parts = [(numpy(X), numpy(y)) for X, y in loader]
    assert len(parts) == len(loader)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def test_moving_changes_images_and_nothing_else(page):
    _, still = few_images(page)
    images, moving = few_images(page, shift=2)
    loader, reference = moving.train_dataloader(), still.train_dataloader()
    loader.peek()
    outs = []
    for _ in range(2):
        X, y = epoch_of(page, loader)
        X_still, y_still = epoch_of(page, reference)
        np.testing.assert_array_equal(y, y_still)  # the same batches in the same order
        np.testing.assert_array_equal(X_still, images[y])
        assert (X.shape, X.dtype) == (images.shape, images.dtype)
        for image, label in zip(X.reshape(-1, 28, 28), y, strict=True):
            original = images[label].reshape(1, 28, 28)
            candidates = [
                moved_one_by_one(original, np.array([move]))[0]
                for move in itertools.product(range(-2, 3), repeat=2)
            ]
            assert sum(np.array_equal(image, candidate) for candidate in candidates) == 1
        outs.append(X[np.argsort(y)])
    assert (outs[0] != outs[1]).any()


def test_equal_seeds_move_alike(page):
    runs = [
        epoch_of(page, few_images(page, shift=1, seed=seed)[1].train_dataloader())
        for seed in (5, 5, 6)
    ]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert (runs[0][0] != runs[2][0]).any()


@pytest.mark.parametrize("shift", [0, 1])
def test_held_out_images_are_never_trained_on_nor_moved(page, shift):
    images, data = few_images(page, held_out=6, shift=shift)
    _, trained = epoch_of(page, data.train_dataloader())
    X, held = epoch_of(page, data.val_dataloader())
    assert sorted(trained) == list(range(18))
    assert list(held) == list(range(18, 24))
    np.testing.assert_array_equal(X, images[18:])
    _, data = few_images(page, shift=shift)
    assert data.val_dataloader() is None


def test_watched_images_are_for_validation_and_change_no_batch(page):
    images, plain = few_images(page)
    watched = page.backend.tensor(images[:5]), page.backend.tensor(np.arange(5))
    _, data = few_images(page, watched=watched)
    for X, y in (epoch_of(page, data.val_dataloader()),):
        np.testing.assert_array_equal(X, images[:5])
        assert list(y) == list(range(5))
    both = (epoch_of(page, data.train_dataloader()) for data in (plain, data))
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)


# ----------------------------------------------------------------------------------- early stopping


def stopped_by_hand(losses, patience):
    """Look at every beginning of the run and ask whether one would have stopped by then."""
    for seen in range(1, len(losses) + 1):
        best = losses.index(min(losses[:seen]))
        if seen - 1 - best >= patience:
            return best + 1
    return losses.index(min(losses)) + 1


def test_early_stop_is_what_waiting_would_give(page):
    @settings(deadline=None, max_examples=200)
    @given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=1, max_size=12),
           st.integers(1, 13))  # fmt: skip
    def law(losses, patience):
        epochs = page.code.early_stop(losses, patience)
        assert epochs == stopped_by_hand(losses, patience)
        if patience >= len(losses):
            assert epochs == losses.index(min(losses)) + 1

    law()


def test_early_stop_takes_the_first_of_equal_losses(page):
    assert page.code.early_stop([0.5] * 4, 9) == 1
    assert page.code.early_stop([0.6, 0.5, 0.5], 9) == 2
    assert page.code.early_stop([0.6, 0.5, 0.6, 0.4], 1) == 2
    assert page.code.early_stop([0.6, 0.5, 0.6, 0.4], 2) == 4


@pytest.mark.parametrize(("losses", "patience"), [([], 3), ([1.0], 0), ([1.0], -2)])
def test_early_stop_refuses_what_makes_no_sense(page, losses, patience):
    with pytest.raises(ValueError, match=f"expected .*received {patience} and {len(losses)}"):
        page.code.early_stop(losses, patience)


# ----------------------------------------------------------------------------------- variance shift


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_shifted_variance_is_that_over_all_masks(page, p):
    """Every mask of four units, weighted by its probability, for every row."""
    rng = np.random.default_rng(0)
    H, W = rng.random((5, 4)), rng.normal(size=(4, 3))
    masks = np.array(list(itertools.product((0, 1), repeat=4)))
    weights = (p ** (1 - masks) * (1 - p) ** masks).prod(axis=1)
    Z = np.stack([(H * mask / (1 - p)) @ W for mask in masks])
    weights = weights[:, None, None] / len(H)
    mean = (weights * Z).sum(axis=(0, 1))
    variance = (weights * (Z - mean) ** 2).sum(axis=(0, 1))
    np.testing.assert_allclose(page.code.shifted_variance(H, W, p), variance, rtol=1e-10)


def test_single_units_have_the_ratio_of_the_page(page):
    h = np.random.default_rng(0).normal(1, 2, (1000, 1))
    for p in (0.0, 0.3, 0.7):
        second = h.var() + h.mean() ** 2
        ratio = h.var() / (second / (1 - p) - h.mean() ** 2)
        shifted = page.code.shifted_variance(h, np.ones((1, 1)), p)[0]
        assert h.var() / shifted == pytest.approx(ratio)
        assert ratio <= 1 - p + 1e-12
    centred = h - h.mean()
    assert centred.var() / page.code.shifted_variance(centred, np.ones((1, 1)), 0.3)[0] == (
        pytest.approx(0.7)
    )


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
def test_no_probability_is_refused(page, p):
    with pytest.raises(ValueError, match=f"expected 0 <= p < 1, received {p}"):
        page.code.shifted_variance(np.ones((2, 2)), np.ones((2, 2)), p)


# --------------------------------------------------------------------------------------- the models

TRAIN, VAL = examples(32, seed=1), examples(16, seed=2)


def fit(page, model, max_epochs=1, train=TRAIN, val=VAL, batch_size=8):
    """A trainer after training."""
    data = page.backend.data(train, val, batch_size)
    return page.backend.fit(model, data, max_epochs=max_epochs)


def fit_mlp(page, max_epochs=1, batch_size=32, **options):
    """A trainer after training; initial weights and batches are the same at each call."""
    page.seed(4)
    return fit(page, page.model("MLP", **options), max_epochs, batch_size=batch_size)


def test_weight_decay_is_an_l2_gradient(page):
    """After one step on the whole data, w = w0 - lr * (gradient + decay * w0), biases too."""
    lr, decay = 0.5, 0.3
    trainers = (
        page.begin(page.backend.data(TRAIN), "MLP", lr=lr, seed=4),
        fit_mlp(page, lr=lr), fit_mlp(page, lr=lr, decay=decay),
    )  # fmt: skip
    starts, *ends = map(page.backend.weights, trainers)
    for start, plain, decayed in zip(starts, *ends, strict=True):
        np.testing.assert_allclose(decayed, plain - lr * decay * start, atol=1e-6)
    assert any((np.abs(start) > 1e-3).any() for start in starts)


def test_after_the_full_steps_a_step_is_a_tenth(page):
    """The second step, on the same batch, of all weights."""
    runs = fit_mlp(page), fit_mlp(page, 2, full_steps=2), fit_mlp(page, 2, full_steps=1)
    for first, full, tenth in zip(*map(page.backend.weights, runs), strict=True):
        np.testing.assert_allclose(tenth - first, (full - first) / 10, atol=1e-6)
        assert np.abs(full - first).max() > 1e-4


def test_biases_decay_as_well(page):
    """Two steps: the first gives the biases a value, the second shrinks it."""
    plain, decayed = (
        page.backend.weights(fit_mlp(page, 2, decay=decay, lr=0.5)) for decay in (0.0, 0.3)
    )
    assert np.abs(decayed[-1] - plain[-1]).max() > 1e-3


def test_evaluation_is_the_network_without_dropout(page):
    backend = page.backend
    trainer = fit_mlp(page, batch_size=8, dropout=0.8)
    weights = backend.weights(trainer)
    assert [w.shape for w in weights] == [(20, 128), (128,), (128, 10), (10,)]
    X, y = VAL
    logits = mlp(weights, (X - MEAN) / STD)
    loss, accuracy = page.code.evaluate(
        trainer.model, backend.tensor(X), backend.tensor(y.astype(backend.label_dtype))
    )
    assert loss == pytest.approx(cross_entropies(logits, y).mean(), abs=1e-4)
    assert accuracy == pytest.approx((logits.argmax(axis=1) == y).mean(), abs=1e-6)
    assert type(loss) is type(accuracy) is float


NORM = examples(512, seed=3)


@pytest.fixture(scope="module")
def normed(framework):
    """(place, p, epochs) -> a trainer whose steps, of all examples at once, have moved nothing but
    the running averages of its model."""
    page = page_of(framework, PAGE)

    @functools.cache
    def train(place, p, epochs=150):
        page.seed(5)
        model = page.model("NormMLP", place, p, lr=0.0)
        return fit(page, model, epochs, train=NORM, val=None, batch_size=512)

    return train


def inspected(page, model):
    """H and W of the page's ``inspect``, the variances of all H W + b, and the running ones."""
    H, W, b, running = page.code.inspect(model, page.tensor(NORM[0]))
    assert (H.shape, W.shape, b.shape) == ((512, 128), (128, 128), (128,))
    # PyTorch's running variance divides by n - 1, the others' by n.
    unbiased = 512 / 511 if page.framework == "pytorch" else 1.0
    return H, W, (H @ W + b).var(axis=0), running / unbiased


@pytest.mark.parametrize(("place", "p"), [("before", 0.0), ("after", 0.5)])
def test_without_dropout_before_it_there_is_no_shift(page, normed, place, p):
    _, _, variance, running = inspected(page, normed(place, p).model)
    np.testing.assert_allclose(running, variance, rtol=1e-3, atol=1e-5)


def test_dropout_before_shifts_the_running_variance_as_computed(page, normed):
    H, W, variance, running = inspected(page, normed("before", 0.5).model)
    predicted = page.code.shifted_variance(H, W, 0.5)
    # An average over about 20 batches of 512: each unit to a few hundredths, their mean closer.
    np.testing.assert_allclose(running / predicted, 1, atol=0.15)
    assert (running / predicted).mean() == pytest.approx(1, abs=0.02)
    assert (predicted / variance).min() > 1.2


@pytest.mark.parametrize("place", ["before", "after"])
def test_dropout_acts_in_training(normed, place):
    """At a learning rate of 0, only masks can make the losses of two epochs differ."""
    off = normed(place, 0.0, *((2,) if place == "after" else ())).history["train_loss"]
    on = normed(place, 0.5).history["train_loss"]
    assert off[0] == pytest.approx(off[1], rel=1e-5)
    assert abs(on[0] - on[1]) > 1e-4
    assert abs(on[0] - off[0]) > 1e-4


LAST = {
    "pytorch": lambda model: (model.lin3.weight.detach().numpy().T, model.lin3.bias),
    "tensorflow": lambda model: (model.lin3.kernel, model.lin3.bias),
    "jax": lambda model: tuple(model.trainer.state.params["lin3"][k] for k in ("kernel", "bias")),
    "mxnet": lambda model: (model.lin3.weight.data().asnumpy().T, model.lin3.bias.data()),
}


@pytest.mark.parametrize("place", ["before", "after"])
def test_recalibrated_the_network_evaluates_with_what_it_was_given(page, place):
    backend = page.backend
    model = page.begin(backend.data(TRAIN), "NormMLP", place, 0.5, lr=0.0).model
    X, y = VAL
    tensors = backend.tensor(X), backend.tensor(y.astype(backend.label_dtype))
    H, W, b, _ = page.code.inspect(model, tensors[0])
    rng = np.random.default_rng(0)
    mean = rng.normal(size=128).astype(np.float32)
    variance = rng.uniform(0.5, 2, 128).astype(np.float32)
    page.code.recalibrate(model, mean, variance)
    np.testing.assert_allclose(page.code.inspect(model, tensors[0])[3], variance, rtol=1e-6)
    A = np.maximum((H @ W + b - mean) / np.sqrt(variance + 1e-5), 0)
    kernel, bias = LAST[page.framework](model)
    bias = backend.numpy(bias)
    loss, accuracy = page.code.evaluate(model, *tensors)
    logits = A @ np.asarray(kernel) + bias
    assert loss == pytest.approx(cross_entropies(logits, y).mean(), abs=1e-4)
    assert accuracy == pytest.approx((logits.argmax(axis=1) == y).mean(), abs=1e-6)


@pytest.mark.parametrize("place", ["behind", "", None])
def test_another_place_is_refused(page, place):
    with pytest.raises(ValueError, match=f"expected place 'before' or 'after', received {place!r}"):
        fit(page, page.model("NormMLP", place, 0.5))

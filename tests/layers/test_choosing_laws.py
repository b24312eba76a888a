"""What the page on choosing defines, held against NumPy.

Moves, early stopping and the variance behind dropout are plain NumPy and Python; the data module,
the models and their optimisers are each framework's own. The notebook whose definitions are tested
is in a test's name. Nothing is compared with a stored number.
"""

import itertools

import numpy as np
import pytest
from backends import BACKENDS, backend_of, cross_entropies, definitions, examples, mlp, required
from hypothesis import given, settings
from hypothesis import strategies as st

some = settings(deadline=None, max_examples=25)
MEAN, STD = 0.286, 0.353  # of the pixels, as the page states them


@pytest.fixture(scope="module", params=BACKENDS, ids=lambda name: f"chapters/{name}/choosing.ipynb")
def framework(request):
    return request.param


@pytest.fixture(scope="module")
def page(framework):
    """The definitions of the page."""
    required(framework)  # imports the framework as tests want it
    return definitions(framework, "choosing")


# ------------------------------------------------------------------------------------- moved images


def moved_one_by_one(images, moves):
    """Pixel by pixel, what the page does at once."""
    out = np.zeros_like(images)
    number, height, width = images.shape
    for n, i, j in itertools.product(range(number), range(height), range(width)):
        row, column = i - moves[n, 0], j - moves[n, 1]
        if 0 <= row < height and 0 <= column < width:
            out[n, i, j] = images[n, row, column]
    return out


def test_moved_images_are_the_images_moved(page):
    @some
    @given(st.integers(0, 2**31 - 1), st.integers(0, 4), st.sampled_from(["float32", "uint8"]))
    def law(seed, shift, dtype):
        rng = np.random.default_rng(seed)
        images = rng.integers(1, 256, (5, 4, 6)).astype(dtype)
        moves = page.draw_moves(5, shift, rng)
        out = page.move_images(images, moves)
        assert (out.shape, out.dtype) == (images.shape, images.dtype)
        np.testing.assert_array_equal(out, moved_one_by_one(images, moves))

    law()


def test_no_move_is_the_identity(page):
    images = np.random.default_rng(0).random((3, 28, 28), np.float32)
    moves = page.draw_moves(3, 0, np.random.default_rng(0))
    np.testing.assert_array_equal(moves, np.zeros((3, 2), int))
    np.testing.assert_array_equal(page.move_images(images, moves), images)


def test_a_move_and_its_opposite_lose_only_the_rim(page):
    images = np.random.default_rng(0).random((1, 8, 8), np.float32)
    there = page.move_images(images, np.array([[2, -1]]))
    back = page.move_images(there, np.array([[-2, 1]]))
    np.testing.assert_array_equal(back[:, :6, 1:], images[:, :6, 1:])
    assert not back[:, 6:].any()
    assert not back[:, :, :1].any()


def test_moves_are_uniform_and_independent(page):
    shift, number = 2, 20_000
    moves = page.draw_moves(number, shift, np.random.default_rng(1))
    assert moves.shape == (number, 2)
    pairs = (moves + shift) @ (2 * shift + 1, 1)
    counts = np.bincount(pairs, minlength=(2 * shift + 1) ** 2)
    expected = number / (2 * shift + 1) ** 2
    assert len(counts) == (2 * shift + 1) ** 2
    assert np.abs(counts - expected).max() < 6.5 * expected**0.5
    again = page.draw_moves(number, shift, np.random.default_rng(1))
    np.testing.assert_array_equal(moves, again)


@pytest.mark.parametrize("shift", [-1, 1.5, "2", None])
def test_what_is_no_shift_is_refused(page, shift):
    with pytest.raises(ValueError, match=f"expected shift .*received {shift}"):
        page.draw_moves(3, shift, np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(2, 2), (3, 1), (3,)])
def test_moves_of_another_shape_are_refused(page, shape):
    with pytest.raises(ValueError, match=r"expected moves of shape \(3, 2\), received"):
        page.move_images(np.zeros((3, 4, 4)), np.zeros(shape, int))


# ----------------------------------------------------------------------------------------- the data


def few_images(framework, page, number=24, **options):
    """A data module of images that can be told apart, with their numbers as labels."""
    backend = backend_of(framework)
    backend.d2l.seed_everything(3)
    rng = np.random.default_rng(0)
    images = rng.random((number, 28, 28, 1), np.float32) + 0.5
    if framework in ("pytorch", "mxnet"):
        images = images.reshape(number, 1, 28, 28)
    labels = np.arange(number).astype(backend.label_dtype)
    data = page.FewImages(backend.tensor(images), backend.tensor(labels), batch_size=8, **options)
    return images, data


def epoch_of(framework, loader):
    """Images and labels of one iteration, in its order."""
    numpy = backend_of(framework).numpy
    parts = [(numpy(X), numpy(y)) for X, y in loader]
    assert len(parts) == len(loader)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def test_moving_changes_images_and_nothing_else(framework, page):
    _, still = few_images(framework, page)
    images, moving = few_images(framework, page, shift=2)
    loader, reference = moving.train_dataloader(), still.train_dataloader()
    loader.peek()
    outs = []
    for _ in range(2):
        X, y = epoch_of(framework, loader)
        X_still, y_still = epoch_of(framework, reference)
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


def test_equal_seeds_move_alike(framework, page):
    runs = [
        epoch_of(framework, few_images(framework, page, shift=1, seed=seed)[1].train_dataloader())
        for seed in (5, 5, 6)
    ]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert (runs[0][0] != runs[2][0]).any()


@pytest.mark.parametrize("shift", [0, 1])
def test_held_out_images_are_never_trained_on_nor_moved(framework, page, shift):
    images, data = few_images(framework, page, held_out=6, shift=shift)
    _, trained = epoch_of(framework, data.train_dataloader())
    X, held = epoch_of(framework, data.val_dataloader())
    assert sorted(trained) == list(range(18))
    assert list(held) == list(range(18, 24))
    np.testing.assert_array_equal(X, images[18:])
    _, data = few_images(framework, page, shift=shift)
    assert data.val_dataloader() is None


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
        epochs = page.early_stop(losses, patience)
        assert epochs == stopped_by_hand(losses, patience)
        if patience >= len(losses):
            assert epochs == losses.index(min(losses)) + 1

    law()


def test_early_stop_takes_the_first_of_equal_losses(page):
    assert page.early_stop([0.5] * 4, 9) == 1
    assert page.early_stop([0.6, 0.5, 0.5], 9) == 2
    assert page.early_stop([0.6, 0.5, 0.6, 0.4], 1) == 2
    assert page.early_stop([0.6, 0.5, 0.6, 0.4], 2) == 4


@pytest.mark.parametrize(("losses", "patience"), [([], 3), ([1.0], 0), ([1.0], -2)])
def test_early_stop_refuses_what_makes_no_sense(page, losses, patience):
    with pytest.raises(ValueError, match=f"expected .*received {patience} and {len(losses)}"):
        page.early_stop(losses, patience)


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
    np.testing.assert_allclose(page.shifted_variance(H, W, p), variance, rtol=1e-10)


def test_single_units_have_the_ratio_of_the_page(page):
    h = np.random.default_rng(0).normal(1, 2, (1000, 1))
    for p in (0.0, 0.3, 0.7):
        second = h.var() + h.mean() ** 2
        ratio = h.var() / (second / (1 - p) - h.mean() ** 2)
        shifted = page.shifted_variance(h, np.ones((1, 1)), p)[0]
        assert h.var() / shifted == pytest.approx(ratio)
        assert ratio <= 1 - p + 1e-12
    centred = h - h.mean()
    assert centred.var() / page.shifted_variance(centred, np.ones((1, 1)), 0.3)[0] == (
        pytest.approx(0.7)
    )


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
def test_no_probability_is_refused(page, p):
    with pytest.raises(ValueError, match=f"expected 0 <= p < 1, received {p}"):
        page.shifted_variance(np.ones((2, 2)), np.ones((2, 2)), p)


# --------------------------------------------------------------------------------------- the models

TRAIN, VAL = examples(32, seed=1), examples(16, seed=2)


def fit(framework, model, max_epochs=1, train=TRAIN, val=VAL, batch_size=8):
    """A trainer after training; initial weights and batches are the same at each call."""
    backend = backend_of(framework)
    model.board.display = False
    data = backend.data(train, val, batch_size)
    return backend.fit(model, data, max_epochs=max_epochs)


def fit_mlp(framework, page, max_epochs=1, **options):
    backend_of(framework).d2l.seed_everything(4)
    return fit(framework, page.MLP(**options), max_epochs)


def test_weight_decay_is_an_l2_gradient(framework, page):
    """After one step on the whole data, w = w0 - lr * (gradient + decay * w0), biases too."""
    lr, decay = 0.5, 0.3
    weights = {}
    for name, options in {
        "start": {"lr": 0.0}, "plain": {"lr": lr}, "decayed": {"lr": lr, "decay": decay},
    }.items():  # fmt: skip
        backend_of(framework).d2l.seed_everything(4)
        trainer = fit(framework, page.MLP(**options), batch_size=32)
        weights[name] = backend_of(framework).weights(trainer)
    for start, plain, decayed in zip(*weights.values(), strict=True):
        np.testing.assert_allclose(decayed, plain - lr * decay * start, atol=1e-6)
    assert any((np.abs(start) > 1e-3).any() for start in weights["start"])


def test_biases_decay_as_well(framework, page):
    """Two steps: the first gives the biases a value, the second shrinks it."""
    runs = []
    for decay in (0.0, 0.3):
        backend_of(framework).d2l.seed_everything(4)
        runs.append(fit(framework, page.MLP(decay=decay, lr=0.5), 2, batch_size=32))
    plain, decayed = (backend_of(framework).weights(trainer) for trainer in runs)
    assert np.abs(decayed[-1] - plain[-1]).max() > 1e-3


def test_initial_weights_do_not_depend_on_the_remedy(framework, page):
    starts = [
        backend_of(framework).weights(fit_mlp(framework, page, lr=0.0, **options))
        for options in ({}, {"dropout": 0.5}, {"dropout": 0.9, "decay": 0.5})
    ]
    for other in starts[1:]:
        for weight, same in zip(starts[0], other, strict=True):
            np.testing.assert_array_equal(weight, same)


def test_evaluation_is_the_network_without_dropout(framework, page):
    backend = backend_of(framework)
    trainer = fit_mlp(framework, page, dropout=0.8)
    weights = backend.weights(trainer)
    assert [w.shape for w in weights] == [(20, 128), (128,), (128, 10), (10,)]
    X, y = VAL
    logits = mlp(weights, (X - MEAN) / STD)
    loss, accuracy = page.evaluate(
        trainer.model, backend.tensor(X), backend.tensor(y.astype(backend.label_dtype))
    )
    assert loss == pytest.approx(cross_entropies(logits, y).mean(), abs=1e-4)
    assert accuracy == pytest.approx((logits.argmax(axis=1) == y).mean(), abs=1e-6)
    assert type(loss) is type(accuracy) is float


def norm_model(framework, page, place, p, max_epochs, train=TRAIN):
    """A network of which only the running averages have moved, on whole batches."""
    backend_of(framework).d2l.seed_everything(5)
    model = page.NormMLP(place, p, lr=0.0)
    return fit(framework, model, max_epochs, train=train, batch_size=len(train[1])).model


def unbiased(framework, number):
    """PyTorch's running variance divides by n - 1, the others' by n."""
    return number / (number - 1) if framework == "pytorch" else 1.0


@pytest.mark.parametrize(("place", "p"), [("before", 0.0), ("after", 0.5)])
def test_without_dropout_before_it_there_is_no_shift(framework, page, place, p):
    model = norm_model(framework, page, place, p, max_epochs=150)
    H, W, b, running = page.inspect(model, backend_of(framework).tensor(TRAIN[0]))
    assert (H.shape, W.shape, b.shape) == ((32, 128), (128, 128), (128,))
    variance = (H @ W + b).var(axis=0) * unbiased(framework, 32)
    np.testing.assert_allclose(running, variance, rtol=1e-3, atol=1e-5)


def test_dropout_before_shifts_the_running_variance_as_computed(framework, page):
    train = examples(512, seed=3)
    model = norm_model(framework, page, "before", 0.5, 150, train)
    H, W, b, running = page.inspect(model, backend_of(framework).tensor(train[0]))
    predicted = page.shifted_variance(H, W, 0.5) * unbiased(framework, 512)
    # An average over about 20 batches of 512: each unit to a few hundredths, their mean closer.
    np.testing.assert_allclose(running / predicted, 1, atol=0.15)
    assert (running / predicted).mean() == pytest.approx(1, abs=0.02)
    assert (predicted / (H @ W + b).var(axis=0)).min() > 1.2


LAST = {
    "pytorch": lambda model: (model.lin3.weight.detach().numpy().T, model.lin3.bias),
    "tensorflow": lambda model: (model.lin3.kernel, model.lin3.bias),
    "jax": lambda model: tuple(model.trainer.state.params["lin3"][k] for k in ("kernel", "bias")),
    "mxnet": lambda model: (model.lin3.weight.data().asnumpy().T, model.lin3.bias.data()),
}


@pytest.mark.parametrize("place", ["before", "after"])
def test_recalibrated_the_network_evaluates_with_what_it_was_given(framework, page, place):
    backend = backend_of(framework)
    model = norm_model(framework, page, place, 0.5, 1)
    X, y = VAL
    tensors = backend.tensor(X), backend.tensor(y.astype(backend.label_dtype))
    H, W, b, _ = page.inspect(model, tensors[0])
    rng = np.random.default_rng(0)
    mean = rng.normal(size=128).astype(np.float32)
    variance = rng.uniform(0.5, 2, 128).astype(np.float32)
    page.recalibrate(model, mean, variance)
    np.testing.assert_allclose(page.inspect(model, tensors[0])[3], variance, rtol=1e-6)
    A = np.maximum((H @ W + b - mean) / np.sqrt(variance + 1e-5), 0)
    kernel, bias = LAST[framework](model)
    bias = backend.numpy(bias)
    loss, accuracy = page.evaluate(model, *tensors)
    logits = A @ np.asarray(kernel) + bias
    assert loss == pytest.approx(cross_entropies(logits, y).mean(), abs=1e-4)
    assert accuracy == pytest.approx((logits.argmax(axis=1) == y).mean(), abs=1e-6)


@pytest.mark.parametrize("place", ["before", "after"])
def test_dropout_acts_in_training(framework, page, place):
    """At a rate of 0, only masks can make the losses of two epochs over one batch differ."""
    losses = {}
    for p in (0.0, 0.5):
        backend_of(framework).d2l.seed_everything(6)
        trainer = fit(framework, page.NormMLP(place, p, lr=0.0), 2, batch_size=32)
        losses[p] = trainer.history["train_loss"]
    assert losses[0.0][0] == pytest.approx(losses[0.0][1], rel=1e-5)
    assert abs(losses[0.5][0] - losses[0.5][1]) > 1e-4
    assert abs(losses[0.5][0] - losses[0.0][0]) > 1e-4


@pytest.mark.parametrize("place", ["behind", "", None])
def test_another_place_is_refused(framework, page, place):
    with pytest.raises(ValueError, match=f"expected place 'before' or 'after', received {place!r}"):
        fit(framework, page.NormMLP(place, 0.5))

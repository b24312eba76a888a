"""The laws of the page on expectation, variance and gradient, held against what readers see.

``scales``, ``dropout`` and ``DropoutLayer`` come from the executed notebook that a test's name
states. NumPy, in double precision, gives the answers. Masks are given, or read off from a layer of
ones; where chance has a say, it breaks a bound at most once in a thousand million runs.
"""

import inspect

import numpy as np
import pytest
from backends import ARRAYS, BACKENDS, FALSE_ALARM, bound, definitions, required
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SCALINGS = ("train", "test", "none")
some = settings(deadline=None, max_examples=15)
shapes = st.sampled_from([(6,), (4, 5)])  # few: JAX compiles for each
values = st.floats(-100, 100, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)
rates = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(2**-10, 1 - 2**-6, width=32))
seeds = st.integers(0, 2**31 - 1)


def path(name):
    return f"chapters/{name}/signal.ipynb"


every = pytest.mark.parametrize("framework", ARRAYS, ids=path)
training_ones = pytest.mark.parametrize("framework", BACKENDS, ids=path)
each_scaling = pytest.mark.parametrize("scaling", SCALINGS)


class Page:
    """A notebook's definitions, with NumPy arrays going in and coming out."""

    def __init__(self, framework):
        self.backend = required(framework)
        self.page = definitions(framework, "signal")
        self.framework = framework

    def random(self):
        """What a function that draws has to be given: a key, a generator, or nothing."""
        if self.framework == "jax":
            return {"key": self.backend.d2l.get_key()}
        return {"rng": self.page.new_rng()} if self.framework == "numpy" else {}

    def seed(self, seed):
        self.backend.d2l.seed_everything(seed)

    def tensor(self, array):
        return None if array is None else self.backend.tensor(array)

    def dropout(self, x, p, mask=None, scaling="train"):
        draw = self.random() if mask is None else {}
        out = self.page.dropout(self.tensor(x), p, self.tensor(mask), scaling, **draw)
        return self.backend.numpy(out)

    def layer(self, x, p, mask=None, scaling="train", training=True):
        x, mask = self.tensor(x), self.tensor(mask)
        if self.framework == "numpy":
            out = self.page.DropoutLayer(p, self.page.new_rng(), scaling).train(training)
            return out.forward(x, mask)
        if self.framework == "jax":
            layer = self.page.DropoutLayer(p, scaling, not training)
            out = layer.apply({}, x, mask, rngs={"dropout": self.backend.d2l.get_key()})
        elif self.framework == "mxnet":
            autograd = self.page.autograd
            with autograd.train_mode() if training else autograd.predict_mode():
                out = self.page.DropoutLayer(p, scaling)(x, mask)
        elif self.framework == "tensorflow":
            out = self.page.DropoutLayer(p, scaling)(x, keep=mask, training=training)
        else:
            out = self.page.DropoutLayer(p, scaling).train(training)(x, mask)
        return self.backend.numpy(out)

    def gradient(self, x, p, mask, scaling, weights):
        """Of the sum of weights times the layer's output: by autograd, or by the backward pass."""
        if self.framework == "numpy":
            layer = self.page.DropoutLayer(p, self.page.new_rng(), scaling)
            layer.forward(x, mask)
            return layer.backward(weights)
        mask = self.tensor(mask)
        return self.backend.gradient(lambda X: self.page.dropout(X, p, mask, scaling), x, weights)


@pytest.fixture
def page(framework):
    return Page(framework)


def oracle(x, p, mask, scaling):
    factor = {"train": 1 / (1 - p) if p < 1 else 0.0, "test": 1.0, "none": 1.0}[scaling]
    return mask.astype(float) * x.astype(float) * factor


def some_mask(shape, p, seed):
    return (np.random.default_rng(seed).random(shape) >= p).astype(np.float32)


def close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=1e-6, atol=1e-6)


# ------------------------------------------------------------------------------------- a given mask


@every
@each_scaling
def test_given_mask_gives_numpys_output_and_gradient(page, scaling):
    @some
    @given(shapes.flatmap(lambda s: hnp.arrays(np.float32, s, elements=values)), rates, seeds)
    def law(x, p, seed):
        mask = some_mask(x.shape, p, seed)
        weights = np.linspace(-2, 3, x.size, dtype=np.float32).reshape(x.shape)
        expected = oracle(x, p, mask, scaling)
        close(page.dropout(x, p, mask, scaling), expected)
        close(page.layer(x, p, mask, scaling), expected)
        slope = oracle(weights, p, mask, scaling)
        close(page.gradient(x, p, mask, scaling, weights), slope)
        backward = page.page.dropout_backward(page.tensor(weights), p, page.tensor(mask), scaling)
        close(page.backend.numpy(backward), slope)

    law()


@every
@each_scaling
@pytest.mark.parametrize("p", [0.0, 0.3, 0.9, 1.0])
def test_evaluation_multiplies_by_its_scale(page, scaling, p):
    x = np.linspace(-3, 3, 20, dtype=np.float32).reshape(4, 5)
    out = page.layer(x, p, scaling=scaling, training=False)
    if scaling == "test":
        close(out, (1 - p) * x)
    else:
        np.testing.assert_array_equal(out, x)


def test_numpy_layer_passes_gradients_of_evaluation():
    page = Page("numpy").page
    x, grad = np.arange(6.0), np.arange(6.0) - 2
    for scaling, factor in (("train", 1), ("test", 0.75), ("none", 1)):
        layer = page.DropoutLayer(0.25, page.new_rng(), scaling).eval()
        np.testing.assert_array_equal(layer.forward(x), factor * x)
        np.testing.assert_array_equal(layer.backward(grad), factor * grad)


# -------------------------------------------------------------------------------------- drawn masks


@every
@each_scaling
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_mean_and_variance_are_those_of_the_table(page, scaling, p):
    x = np.full((400, 500), 2, np.float32)
    page.seed(1)
    out = page.dropout(x, p, scaling=scaling).astype(float)
    factor = 1 / (1 - p) if scaling == "train" else 1
    assert set(np.round(np.unique(out), 4)) == {0.0, round(2 * factor, 4)}
    slack = bound(out.size, 2 * factor)
    mean = 2 * factor * (1 - p)
    assert abs(out.mean() - mean) < slack
    # A variable with two values: its variance follows from its mean.
    assert abs((out**2).mean() - mean * 2 * factor) < slack * 2 * factor
    # Every entry for itself: no row and no column is dropped together.
    for axis, others in ((0, 500), (1, 400)):
        shares = (out == 0).mean(axis=axis)
        allowed = np.sqrt(np.log(2 * others / FALSE_ALARM) / (2 * out.shape[axis]))
        assert np.abs(shares - p).max() < allowed


@every
def test_linear_unit_has_the_variance_of_the_formula(page):
    x, w, p = np.array([1.0, 2, 3, 4, 5], np.float32), np.array([1.0, -2, 1, 0.5, -0.5]), 0.5
    page.seed(2)
    z = page.page.many(x.tolist(), p, 100_000).astype(float) @ w
    exact = p / (1 - p) * (w**2 @ x.astype(float) ** 2)
    low, high = -8.0 - 5, 6.0 + 4 + 5  # outside of which no mask takes z
    assert abs(z.mean() - w @ x) < bound(z.size, high - low)
    assert abs(((z - w @ x) ** 2).mean() - exact) < bound(z.size, max(low**2, high**2) * 2)


@every
def test_p_0_keeps_all_and_p_1_none(page):
    x = np.linspace(-3, 3, 20, dtype=np.float32)
    for scaling in SCALINGS:
        np.testing.assert_array_equal(page.dropout(x, 0, scaling=scaling), x)
        np.testing.assert_array_equal(page.dropout(x, 1, scaling=scaling), 0 * x)


@every
def test_equal_seeds_repeat_and_calls_differ(page):
    x = np.ones(1000, np.float32)
    draws = []
    for seed in (7, 7, 8):
        page.seed(seed)
        draws.append([page.dropout(x, 0.5) for _ in range(2)])
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0][0] != draws[2][0]).any()
    assert abs((draws[0][0] == draws[0][1]).mean() - 0.5) < bound(1000, 1)


@every
def test_dtype_and_empty_input_are_kept(page):
    for dtype in (np.float16, np.float32):
        out = page.dropout(np.ones((3, 4), dtype), 0.5)
        assert out.dtype == dtype
    assert page.dropout(np.ones((0, 4), np.float32), 0.5).shape == (0, 4)


@training_ones
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_stock_layer_is_ours_with_its_own_mask(page, p):
    x, grad = np.random.default_rng(0).normal(size=(2, 6, 50)).astype(np.float32)
    mask, output, gradient = page.page.stock(x, p, grad)
    assert set(np.unique(mask)) == {0, 1}
    close(output, oracle(x, p, mask, "train"))
    close(gradient, oracle(grad, p, mask, "train"))
    close(page.page.by_hand(x, p, mask), output)


# ------------------------------------------------------------------------------------ bad arguments


@every
@pytest.mark.parametrize("p", [-0.1, 1.1, 100, float("nan")])
def test_no_probability_is_refused(page, p):
    for attempt in (page.dropout, page.layer):
        with pytest.raises(ValueError, match=rf"expected 0 <= p <= 1, received {p}"):
            attempt(np.ones(3, np.float32), p)


@every
def test_other_bad_arguments_are_refused(page):
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"expected scaling 'train', .* received 'keep'"):
        page.dropout(x, 0.5, scaling="keep")
    with pytest.raises(ValueError, match=r"expected a mask of shape \(2, 3\), received \(3,\)"):
        page.dropout(x, 0.5, np.ones(3, np.float32))
    with pytest.raises(TypeError, match=r"expected floating-point x, received .*int"):
        page.dropout(np.ones(3, np.int32), 0.5)


@pytest.mark.parametrize("framework", ["jax", "numpy"], ids=path)
def test_no_source_of_chance_is_refused_and_none_is_the_default(page, framework):
    x = page.tensor(np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"expected a mask or .*, received neither"):
        page.page.dropout(x, 0.5)
    defaults = inspect.signature(page.page.dropout).parameters
    assert defaults["key" if framework == "jax" else "rng"].default is None


# ---------------------------------------------------------------- depth, gradients, linear models


@every
def test_gradient_of_the_loss_agrees_with_central_differences(page):
    rng = np.random.default_rng(3)
    x, mask = rng.normal(size=(2, 3)), np.array([[1.0, 0, 1], [0, 1, 1]])
    value, gradient = page.page.loss_of(x, 0.3, mask)
    output = oracle(x, 0.3, mask, "train")
    assert value == pytest.approx(((output - 1) ** 2).sum() / 2, rel=1e-12)
    np.testing.assert_allclose(gradient, oracle(output - 1, 0.3, mask, "train"), rtol=1e-12)
    differences = page.page.central_differences(lambda x: page.page.loss_of(x, 0.3, mask)[0], x)
    np.testing.assert_allclose(differences, gradient, atol=1e-8)


@every
@pytest.mark.parametrize("relu", [False, True])
def test_evaluated_stack_is_the_product_of_its_layers(page, relu):
    page.seed(4)
    x = page.page.random_input(3, 8)
    weights = page.page.random_weights(4, 8, 1.0)
    arrays = [page.backend.numpy(W).astype(float) for W in weights]
    for scaling, factor in (("train", 1), ("test", 0.75), ("none", 1)):
        outputs = page.page.stack_outputs(x, weights, 0.25, scaling, relu, False)
        h = page.backend.numpy(x).astype(float)
        assert (h == h[0]).all()
        assert len(outputs) == len(weights) + 1
        for W, output in zip(arrays, outputs[1:], strict=True):
            h = factor * h @ W
            h = np.maximum(h, 0) if relu else h
            np.testing.assert_allclose(output, h, rtol=1e-4, atol=1e-5)


@every
def test_random_weights_have_their_gain(page):
    page.seed(5)
    (W,) = (page.backend.numpy(W) for W in page.page.random_weights(1, 300, 2.0))
    assert abs(W.mean()) < 7 * np.sqrt(2 / 300) / 300
    assert (W**2).mean() * 300 == pytest.approx(2, rel=7 * np.sqrt(2) / 300)


@every
def test_linear_stack_keeps_its_mean_and_grows_as_the_formula_says(page):
    for scaling, kept in (("train", 1.0), ("none", 0.75)):
        mean, moment = page.page.mean_and_moment(
            0.25, scaling, False, 1, num_layers=2, width=100, rows=400
        )
        np.testing.assert_allclose(mean, [kept, kept**2], rtol=0.1)
        growth = 1 / 0.75 if scaling == "train" else 0.75
        np.testing.assert_allclose(moment, [growth, growth**2], rtol=0.6)


def linear_problem(number=12):
    rng = np.random.default_rng(6)
    X = (rng.normal(size=(number, 3)) * [1, 2, 0.5]).astype(np.float32)
    return X, (X @ [1, -1, 2] + rng.normal(size=number)).astype(np.float32)


@every
def test_ridge_is_the_minimum_of_the_expected_loss(page):
    X, y = linear_problem(3)
    p = 0.4
    penalty = page.page.dropout_penalty(page.tensor(X), p)
    w = page.backend.numpy(page.page.ridge(page.tensor(X), page.tensor(y), penalty)).astype(float)
    factor = p / (1 - p) * (X.astype(float) ** 2).sum(axis=0)
    np.testing.assert_allclose(page.backend.numpy(penalty), factor, rtol=1e-5)

    # The expectation, over all masks of every example: no formula for the variance is used.
    masks = np.array(list(np.ndindex(2, 2, 2)))
    weights = np.prod(np.where(masks, 1 - p, p), axis=1)

    def expected_loss(w):
        outputs = (X[:, None] * masks / (1 - p)) @ w
        return (weights * (y[:, None] - outputs) ** 2).sum()

    plain = ((y - X.astype(float) @ w) ** 2).sum()
    assert expected_loss(w) == pytest.approx(plain + factor @ w**2, rel=1e-6)
    for direction in np.eye(3):
        slope = expected_loss(w + 1e-3 * direction) - expected_loss(w - 1e-3 * direction)
        assert abs(slope) / 2e-3 < 1e-3


@every
def test_training_with_dropped_inputs_ends_at_the_ridge(page):
    X, y = linear_problem()
    page.seed(7)
    trained = page.page.train_dropped(page.tensor(X), page.tensor(y), 0.2, steps=300)
    penalty = page.page.dropout_penalty(page.tensor(X), 0.2)
    exact = page.page.ridge(page.tensor(X), page.tensor(y), penalty)
    np.testing.assert_allclose(page.backend.numpy(trained), page.backend.numpy(exact), atol=0.15)


@training_ones
def test_model_starts_alike_and_drops_in_training_only(page):
    """Runs can be compared only if they begin alike, whatever p and the scaling are."""
    rng = np.random.default_rng(8)
    X = rng.random((16, 4, 5)).astype(np.float32)
    y = rng.integers(0, 10, 16).astype(np.int32)
    data = page.backend.data((X, y), (X, y), batch_size=16)
    starts, losses = [], []
    for p, scaling in ((0.0, "train"), (0.5, "train"), (0.5, "none")):
        page.seed(9)
        model = page.page.ScalingMLP(p, scaling, 0.0)
        model.board.display = False
        trainer = page.backend.fit(model, data)
        starts.append(page.backend.predict(trainer, X))
        losses.append(trainer.history["train_loss"][0])
        again = page.page.outputs_with(scaling, model, page.tensor(X))
        np.testing.assert_allclose(again, starts[-1], atol=1e-6)
    np.testing.assert_array_equal(starts[0], starts[1])
    np.testing.assert_array_equal(starts[0], starts[2])
    assert len(set(losses)) == 3

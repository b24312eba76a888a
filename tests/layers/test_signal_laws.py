"""The laws of the page on expectation, variance and gradient, tested on the code in the notebook.

``scales``, ``dropout`` and ``DropoutLayer`` come from the executed notebook that a test's name
states. NumPy, in double precision, gives the answers. Masks are given, or read off from a layer of
ones; where chance has a say, it breaks a bound at most once in a thousand million runs.
"""

import inspect

import numpy as np
import pytest
from backends import BACKENDS, bound, close, each, page_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

PAGE, SCALINGS = "signal", ("train", "test", "none")
some = settings(deadline=None, max_examples=15)
shapes = st.sampled_from([(6,), (4, 5)])  # few: JAX compiles for each
values = st.floats(-100, 100, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)
rates = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(2**-10, 1 - 2**-6, width=32))
seeds = st.integers(0, 2**31 - 1)


every, training_ones = each(PAGE), each(PAGE, BACKENDS)
each_scaling = pytest.mark.parametrize("scaling", SCALINGS)


def dropout(page, x, p, mask=None, scaling="train"):
    return page.call("dropout", x, p, mask, scaling, draws=mask is None)


def layer(page, x, p, mask=None, scaling="train", training=True):
    call = page.layer("DropoutLayer", p, scaling=scaling, training=training)
    return page.numpy(call(page.tensor(x), page.tensor(mask)))


def gradient(page, x, p, mask, scaling, weights):
    """By autograd, or by the backward pass of NumPy's layer."""
    if page.framework != "numpy":
        mask = page.tensor(mask)
        return page.gradient(lambda X: page.code.dropout(X, p, mask, scaling), x, weights)
    made = page.code.DropoutLayer(p, page.rng, scaling)
    made.forward(x, mask)
    return made.backward(weights)


def oracle(x, p, mask, scaling):
    factor = {"train": 1 / (1 - p) if p < 1 else 0.0, "test": 1.0, "none": 1.0}[scaling]
    return mask.astype(float) * x.astype(float) * factor


def some_mask(shape, p, seed):
    return (np.random.default_rng(seed).random(shape) >= p).astype(np.float32)


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
        close(dropout(page, x, p, mask, scaling), expected)
        close(layer(page, x, p, mask, scaling), expected)
        slope = oracle(weights, p, mask, scaling)
        close(gradient(page, x, p, mask, scaling, weights), slope)
        backward = page.code.dropout_backward(page.tensor(weights), p, page.tensor(mask), scaling)
        close(page.numpy(backward), slope)

    law()


@every
def test_evaluation_multiplies_by_its_scale(page):
    x = np.linspace(-3, 3, 20, dtype=np.float32).reshape(4, 5)
    for p in (0.0, 0.3, 0.9, 1.0):
        close(layer(page, x, p, scaling="test", training=False), (1 - p) * x)


def test_numpy_generators_repeat_with_the_seed():
    page = page_of("numpy", PAGE)
    draws = []
    for seed in (7, 7, 8):
        page.seed(seed)
        draws.append([page.code.new_rng().random(9) for _ in range(2)])
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0][0] != draws[2][0]).any()
    assert (draws[0][0] != draws[0][1]).any()


def test_numpy_layer_passes_gradients_of_evaluation():
    page = page_of("numpy", PAGE).code
    x, grad = np.arange(6.0), np.arange(6.0) - 2
    for scaling, factor in (("train", 1), ("test", 0.75), ("none", 1)):
        layer = page.DropoutLayer(0.25, page.new_rng(), scaling).eval()
        np.testing.assert_array_equal(layer.forward(x), factor * x)
        np.testing.assert_array_equal(layer.backward(grad), factor * grad)


# -------------------------------------------------------------------------------------- drawn masks


@every
def test_linear_unit_has_the_variance_of_the_formula(page):
    x, w, p = np.array([1.0, 2, 3, 4, 5], np.float32), np.array([1.0, -2, 1, 0.5, -0.5]), 0.5
    page.seed(2)
    z = page.code.many(x.tolist(), p, 100_000).astype(float) @ w
    exact = p / (1 - p) * (w**2 @ x.astype(float) ** 2)
    low, high = -8.0 - 5, 6.0 + 4 + 5  # outside of which no mask takes z
    assert abs(z.mean() - w @ x) < bound(z.size, high - low)
    assert abs(((z - w @ x) ** 2).mean() - exact) < bound(z.size, max(low**2, high**2) * 2)


@training_ones
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_stock_layer_is_ours_with_its_own_mask(page, p):
    x, grad = np.random.default_rng(0).normal(size=(2, 6, 50)).astype(np.float32)
    mask, output, gradient = page.code.stock(x, p, grad)
    assert set(np.unique(mask)) == {0, 1}
    close(output, oracle(x, p, mask, "train"))
    close(gradient, oracle(grad, p, mask, "train"))
    close(page.code.by_hand(x, p, mask), output)


# ------------------------------------------------------------------------------------ bad arguments


@every
def test_other_bad_arguments_are_refused(page):
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"expected scaling 'train', .* received 'keep'"):
        dropout(page, x, 0.5, scaling="keep")
    with pytest.raises(ValueError, match=r"expected a mask of shape \(2, 3\), received \(3,\)"):
        dropout(page, x, 0.5, np.ones(3, np.float32))


@each(PAGE, ["jax", "numpy"])
def test_no_source_of_chance_is_refused_and_none_is_the_default(page, framework):
    x = page.tensor(np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"expected a mask or .*, received neither"):
        page.code.dropout(x, 0.5)
    defaults = inspect.signature(page.code.dropout).parameters
    assert defaults["key" if framework == "jax" else "rng"].default is None


# -------------------------------------------------------------------------------------- gradients


@every
def test_gradient_of_the_loss_agrees_with_central_differences(page):
    rng = np.random.default_rng(3)
    x, mask = rng.normal(size=(2, 3)), np.array([[1.0, 0, 1], [0, 1, 1]])
    value, gradient = page.code.loss_of(x, 0.3, mask)
    output = oracle(x, 0.3, mask, "train")
    assert value == pytest.approx(((output - 1) ** 2).sum() / 2, rel=1e-12)
    np.testing.assert_allclose(gradient, oracle(output - 1, 0.3, mask, "train"), rtol=1e-12)
    differences = page.code.central_differences(lambda x: page.code.loss_of(x, 0.3, mask)[0], x)
    np.testing.assert_allclose(differences, gradient, atol=1e-8)

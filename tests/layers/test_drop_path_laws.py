"""The laws of the page on DropPath's names, FractalNet's joins and gradients.

The definitions come from the executed notebook that a test's name states. NumPy, in double
precision, gives the answers. Where chance has a say, it breaks a bound at most once in a thousand
million runs.
"""

import itertools

import numpy as np
import pytest
from backends import BACKENDS, bound, close, definitions, each

PAGE = "drop_path"
every, trained = each(PAGE), each(PAGE, BACKENDS)


def join(page, inputs, mask=None):
    inputs = [page.tensor(X) for X in inputs]
    return page.call("join", inputs, mask, draws=False)


@every
def test_framework_s_own_dropout_does_the_same(page):
    """Rows are kept or dropped whole, and divided; its mean is the input."""
    out = page.call("stock_drop_path", np.ones((3000, 2, 2), np.float32), 0.8)
    each = out.reshape(3000, 4)
    assert (each == each[:, :1]).all()
    np.testing.assert_allclose(each[each > 0], 1.25, rtol=1e-6)
    assert abs((each[:, 0] > 0).mean() - 0.8) < bound(3000)


def test_numpy_s_drop_path_of_nothing_is_zero():
    page = definitions("numpy", PAGE)
    out = page.stock_drop_path(np.ones((3, 2), np.float32), 0, np.random.default_rng(0))
    np.testing.assert_array_equal(out, np.zeros((3, 2)))


# ------------------------------------------------------------------------------------------- joins


@every
@pytest.mark.parametrize("drop", [0.0, 0.5, 0.9, 1.0])
def test_local_keeps_at_least_one_and_not_much_more(page, drop):
    masks = np.stack([page.call("draw_local", 3, drop) for _ in range(600)])
    assert masks.shape == (600, 3)
    assert set(np.unique(masks)) <= {0, 1}
    assert (masks.sum(axis=1) >= 1).all()
    alive = 1 - drop + drop**3 / 3
    assert (np.abs(masks.mean(axis=0) - alive) < bound(600)).all()
    if drop == 1:
        assert (masks.sum(axis=1) == 1).all()


@every
def test_global_keeps_one_column_and_each_in_turn(page):
    masks = np.stack([page.call("draw_global", 4) for _ in range(600)])
    assert (masks.sum(axis=1) == 1).all()
    assert (np.abs(masks.mean(axis=0) - 1 / 4) < bound(600)).all()


@every
def test_join_is_the_mean_of_those_alive(page):
    inputs = [np.linspace(-2, 3, 6, dtype=np.float32).reshape(2, 3) * scale for scale in (1, -2, 5)]
    close(join(page, inputs), np.mean(inputs, axis=0))
    close(join(page, inputs[:1]), inputs[0])
    for bits in itertools.product((0, 1), repeat=3):
        if any(bits):
            alive = [X for X, bit in zip(inputs, bits, strict=True) if bit]
            close(join(page, inputs, np.array(bits, np.float32)), np.mean(alive, axis=0))


@every
def test_bad_joins_are_refused(page):
    ones = np.ones((2, 3), np.float32)
    cases = [
        (([],), ValueError, "at least one input, received 0"),
        (([ones, ones[:1]],), ValueError, r"one shape, received \[\(1, 3\), \(2, 3\)\]"),
        (([np.ones(2, np.int32)],), TypeError, "floating-point.*received.*int32"),
        (([ones, ones], np.zeros(2, np.float32)), ValueError, "at least one.*received zeros"),
        (([ones, ones], np.ones(3, np.float32)), ValueError, r"\(2,\), received \(3,\)"),
    ]
    for arguments, error, message in cases:
        with pytest.raises(error, match="expected.*" + message):
            join(page, *arguments)
    with pytest.raises(ValueError, match=r"expected.*received 0"):
        page.call("draw_local", 0, 0.5)
    with pytest.raises(ValueError, match=r"expected 0 <= drop <= 1, received -0.5"):
        page.call("draw_local", 3, -0.5)


@each(PAGE, ["tensorflow", "jax"])
def test_a_compiled_join_of_nothing_is_nan(page):
    """Its mask has no values when it is checked, which the cell says."""
    compiled = page.code.tf.function if page.framework == "tensorflow" else page.code.jax.jit
    out = compiled(page.code.join)([page.tensor(np.ones(2))] * 2, page.tensor(np.zeros(2)))
    assert np.isnan(page.numpy(out)).all()


# -------------------------------------------------------------------------------------- gradients


def stack(H, weights, masks, survivals):
    """The oracle: a residual stack in double precision, and its input's gradient by differences."""
    H = H.astype(float)
    for (W_1, W_2), mask, p in zip(weights, masks, survivals, strict=True):
        H = H + mask[:, None] / p * (np.maximum(H @ W_1, 0) @ W_2)
    return H


def some_stack(blocks=4, n=5, width=3):
    rng = np.random.default_rng(8)
    weights = rng.normal(0, 0.7, (blocks, 2, width, width)).astype(np.float32)
    masks = (rng.random((blocks, n)) < 0.6).astype(np.float32)
    X, V = rng.normal(size=(2, n, width)).astype(np.float32)
    return X, V, weights, masks, [0.9, 0.8, 0.7, 0.6]


def by_differences(function, x, step=1e-6):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        high, low = x.astype(float), x.astype(float)
        high[place] += step
        low[place] -= step
        gradient[place] = (function(high) - function(low)) / (2 * step)
    return gradient


def test_backward_pass_by_hand():
    page = definitions("numpy", PAGE)
    X, V, weights, masks, survivals = some_stack()
    X, V, weights = X.astype(float), V.astype(float), weights.astype(float)
    for shortcut in (True, False):
        factors = [mask[:, None] / p for mask, p in zip(masks, survivals, strict=True)]
        if not shortcut:
            factors = [np.ones((len(X), 1))] * len(weights)

        def total(X, weights, factors=factors, shortcut=shortcut):
            return (page.stack_forward(X, list(weights), factors, shortcut)[0] * V).sum()

        out, inputs = page.stack_forward(X, list(weights), factors, shortcut)
        if shortcut:
            close(out, stack(X, weights, masks, survivals))
        G, gradients = page.stack_backward(V, inputs, list(weights), factors, shortcut)
        np.testing.assert_allclose(
            G, by_differences(lambda x: total(x, weights), X), rtol=1e-5, atol=1e-6
        )
        np.testing.assert_allclose(
            np.array(gradients), by_differences(lambda w: total(X, w), weights),
            rtol=1e-5, atol=1e-6,
        )  # fmt: skip


@trained
def test_stack_and_its_gradient_are_those_written_by_hand(page):
    X, V, weights, masks, survivals = some_stack()
    by_hand = definitions("numpy", PAGE)
    factors = [mask[:, None] / p for mask, p in zip(masks, survivals, strict=True)]
    out, inputs = by_hand.stack_forward(X.astype(float), list(weights), factors)
    G, _ = by_hand.stack_backward(V.astype(float), inputs, list(weights), factors)
    tensors = [tuple(map(page.tensor, pair)) for pair in weights]

    def branch(H, pair):
        if page.framework == "mxnet":
            from mxnet import np as mnp

            return mnp.matmul(mnp.maximum(mnp.matmul(H, pair[0]), 0), pair[1])
        A = H @ pair[0]
        return ((A + abs(A)) / 2) @ pair[1]

    def network(H):
        for pair, mask, p in zip(tensors, masks, survivals, strict=True):
            given_mask = page.tensor(mask)
            H = page.code.residual(
                H, lambda H, pair=pair: branch(H, pair), p, True, "row", given_mask
            )
        return H

    np.testing.assert_allclose(page.numpy(network(page.tensor(X))), out, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(page.gradient(network, X, V), G, rtol=1e-5, atol=1e-6)

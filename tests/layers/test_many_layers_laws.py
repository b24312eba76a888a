"""The laws of the page on the signal through many layers, tested on the code in the notebook.

The stacks, the model and the linear regression come from the executed notebook that a test's name
states. NumPy, in double precision, gives the answers. The functions that the page repeats are
tested in ``test_signal_laws.py``.
"""

import numpy as np
import pytest
from backends import BACKENDS, each, mlp

PAGE = "many_layers"

every, training_ones = each(PAGE), each(PAGE, BACKENDS)


@every
@pytest.mark.parametrize("relu", [False, True])
def test_evaluated_stack_is_the_product_of_its_layers(page, relu):
    page.seed(4)
    x = page.code.random_input(3, 8)
    weights = page.code.random_weights(4, 8, 1.0)
    arrays = [page.numpy(W).astype(float) for W in weights]
    for scaling, factor in (("train", 1), ("test", 0.75), ("none", 1)):
        outputs = page.code.stack_outputs(x, weights, 0.25, scaling, relu, False)
        h = page.numpy(x).astype(float)
        assert (h == h[0]).all()
        assert len(outputs) == len(weights) + 1
        for W, output in zip(arrays, outputs[1:], strict=True):
            h = factor * h @ W
            h = np.maximum(h, 0) if relu else h
            np.testing.assert_allclose(output, h, rtol=1e-4, atol=1e-5)


@every
def test_random_weights_have_their_gain(page):
    page.seed(5)
    (W,) = (page.numpy(W) for W in page.code.random_weights(1, 300, 2.0))
    assert abs(W.mean()) < 7 * np.sqrt(2 / 300) / 300
    assert (W**2).mean() * 300 == pytest.approx(2, rel=7 * np.sqrt(2) / 300)


@every
def test_linear_stack_keeps_its_mean_and_grows_as_the_formula_says(page):
    for scaling, kept in (("train", 1.0), ("none", 0.75)):
        mean, moment = page.code.mean_and_moment(
            0.25, scaling, False, 1, num_layers=2, width=100, rows=400
        )
        np.testing.assert_allclose(mean, [kept, kept**2], rtol=0.1)
        growth = 1 / 0.75 if scaling == "train" else 0.75
        np.testing.assert_allclose(moment, [growth, growth**2], rtol=0.6)


@training_ones
def test_a_factor_multiplies_the_dropped_layers_in_evaluation(page):
    X = np.random.default_rng(8).random((16, 4, 5)).astype(np.float32)
    data = page.backend.data((X, np.arange(16) % 10), batch_size=16)
    trainer = page.begin(data, "ScalingMLP", 0.5, "train", 0.0)
    weights = page.backend.weights(trainer)
    for factor in (1.0, 2.0, 0.5):  # the same as a factor of the weights behind dropped layers
        outputs = page.code.outputs_with(factor, trainer.model, page.tensor(X))
        scaled = [W * factor if place in (2, 4) else W for place, W in enumerate(weights)]
        np.testing.assert_allclose(outputs, mlp(scaled, X), atol=1e-5)


def linear_problem(number=12):
    rng = np.random.default_rng(6)
    X = (rng.normal(size=(number, 3)) * [1, 2, 0.5]).astype(np.float32)
    return X, (X @ [1, -1, 2] + rng.normal(size=number)).astype(np.float32)


@every
def test_ridge_is_the_minimum_of_the_expected_loss(page):
    X, y = linear_problem(3)
    p = 0.4
    penalty = page.code.dropout_penalty(page.tensor(X), p)
    w = page.numpy(page.code.ridge(page.tensor(X), page.tensor(y), penalty)).astype(float)
    factor = p / (1 - p) * (X.astype(float) ** 2).sum(axis=0)
    np.testing.assert_allclose(page.numpy(penalty), factor, rtol=1e-5)

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
    trained = page.code.train_dropped(page.tensor(X), page.tensor(y), 0.2, steps=300)
    penalty = page.code.dropout_penalty(page.tensor(X), 0.2)
    exact = page.code.ridge(page.tensor(X), page.tensor(y), penalty)
    np.testing.assert_allclose(page.numpy(trained), page.numpy(exact), atol=0.15)

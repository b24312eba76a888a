"""The four backends are one model: held against each other and against a calculation by hand.

What runs are the cells of the page "The same model four times", and the models of the page on
dropout and the layers that d2l's users see. Each framework is compared with NumPy in double
precision, given the same weights, batches and masks; so any two agree as well.
"""

import numpy as np
import pytest
from backends import BACKENDS, each, examples, page_of

pytestmark = each("parity", BACKENDS)
P = (0.0, 0.25, 0.5)
STEPS = 50


@pytest.fixture(scope="module")
def page(framework):
    """The definitions of the page, for a network of 8 inputs, 32 hidden units twice, 10 outputs."""
    page = page_of(framework, "parity").code
    page.sizes = (8, 32, 32, 10)
    return page


def given(number=16):
    """The batches of all steps."""
    _, y = examples(number * STEPS, classes=10)
    X = np.random.default_rng(1).normal(size=(len(y), 8)).astype(np.float32)
    return [(X[i : i + number], y[i : i + number]) for i in range(0, len(X), number)]


def relative(found, exact):
    """The root of the mean squared difference, relative to the exact."""
    return np.sqrt(((found - exact) ** 2).mean() / (exact**2).mean())


def follow(page, layers, p, lr=0.1):
    """Train, and by hand beside it: for each step logits, loss and gradients of both."""
    state = page.load(page.make_weights())
    exact = {name: w.astype(np.float64) for name, w in page.make_weights().items()}
    for step, (X, y) in enumerate(given()):
        drops, masks = layers(step, len(X), p)
        state, *found = page.take_step(state, X, y, drops)
        *expected, nearest = page.by_hand(exact, X, y, masks, p)
        exact = {name: w - lr * expected[2][name] for name, w in exact.items()}
        yield found, expected, nearest


@pytest.mark.parametrize("p", P)
@pytest.mark.parametrize("kind", ["from_scratch", "stock"])
def test_logits_gradients_and_losses_are_those_by_hand(page, kind, p):
    for step, (found, expected, nearest) in enumerate(follow(page, getattr(page, kind), p)):
        if nearest < 1e-5:
            break  # single precision may decide otherwise at a ReLU, and that is no fault
        assert found[1] == pytest.approx(expected[1], rel=1e-4)
        if step == 0:
            assert relative(found[0], expected[0]) < 1e-6
            for name, gradient in expected[2].items():
                assert found[2][name].shape == gradient.shape
                assert relative(found[2][name], gradient) < 1e-5
    assert step > 2
    if kind == "from_scratch":
        assert step == STEPS - 1, "choose a seed of the weights with no ReLU that near to zero"


def test_the_calculation_by_hand_has_the_gradient_of_its_loss(page):
    weights = {name: w.astype(np.float64) for name, w in page.make_weights().items()}
    (X, y), *_ = given()
    masks = page.make_masks(0, len(X), 0.5)
    gradients = page.by_hand(weights, X, y, masks, 0.5)[2]
    rng = np.random.default_rng(0)
    for name, w in weights.items():
        direction = rng.normal(size=w.shape)
        above, below = (
            page.by_hand(weights | {name: w + e * direction}, X, y, masks, 0.5)[1]
            for e in (1e-6, -1e-6)
        )
        assert (above - below) / 2e-6 == pytest.approx(
            (gradients[name] * direction).sum(), rel=1e-5
        )


def test_the_masks_of_a_stock_layer_differ_by_layer_and_step_and_repeat(page):
    masks = [page.stock(step, 64, 0.5)[1] for step in (0, 1, 0)]
    assert masks[0].shape == (2, 64, 32)
    assert (masks[0] == masks[2]).all()
    for one, other in ((masks[0], masks[1]), (masks[0][0], masks[0][1])):
        assert 0.4 < (one == other).mean() < 0.6
    assert page.stock(0, 64, 0.0)[1].all()


def test_in_evaluation_nothing_drops(page):
    (X, y), *_ = given()
    weights = page.make_weights()
    exact = {name: w.astype(np.float64) for name, w in weights.items()}
    ones = np.ones((2, len(X), 32))
    logits = page.predict(page.load(weights), X)
    assert relative(logits, page.by_hand(exact, X, y, ones, 0)[0]) < 1e-6

"""Two workers train as one does, and what they drop is what the page says.

What runs are the cells of the page "When one machine is not enough", in a process of its own for
each framework: it has to know of two devices before it first uses one.
"""

import multiprocessing
import pickle
import sys

import numpy as np
import pytest
from backends import (
    BACKENDS,
    declare_two_processors,
    definitions,
    each,
    examples,
    required,
    run_alone,
)

STEPS, SIZE, FEATURES, HIDDEN = 6, 8, 20, 12
pytestmark = each("devices", BACKENDS)
WAYS = ("alike", "own", "whole")


def given(size=SIZE):
    """Weights, batches of ``size`` examples, and masks of ones and with p = 0.5, as a page's
    ``train`` takes them."""
    X, y = examples(size * STEPS, classes=10)
    cuts = range(0, len(X), size)
    batches = [(X[i : i + size].reshape(size, -1), y[i : i + size]) for i in cuts]
    rng = np.random.default_rng(1)
    weights = tuple(
        rng.normal(size=shape).astype(np.float32) for shape in ((FEATURES, HIDDEN), (HIDDEN, 10))
    )
    drawn = 2 * (rng.random((STEPS, size, HIDDEN)) >= 0.5).astype(np.float32)
    return weights, batches, {"ones": list(np.ones_like(drawn)), "drawn": list(drawn)}


def by_hand(weights, batches, masks, lr=0.1):
    """The losses of all steps, in double precision."""
    W1, W2 = (W.astype(np.float64) for W in weights)
    b1, b2, losses = 0, 0, []
    for (X, y), mask in zip(batches, masks, strict=True):
        Z = X @ W1 + b1
        H = np.maximum(Z, 0) * mask
        G = np.exp(H @ W2 + b2)
        G /= G.sum(axis=1, keepdims=True)
        losses.append(-np.log(G[np.arange(len(y)), y]).mean())
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        back = G @ W2.T * (Z > 0) * mask
        W1, b1 = W1 - lr * X.T @ back, b1 - lr * back.sum(axis=0)
        W2, b2 = W2 - lr * H.T @ G, b2 - lr * G.sum(axis=0)
    return losses


def measure(framework):
    """What the page's functions return, for one worker and for two."""
    declare_two_processors(framework)
    page = definitions(framework, "devices")
    weights, batches, masks = given()
    found = {(n, kind): page.train(n, weights, batches, masks[kind])
             for n in (1, 2) for kind in masks}  # fmt: skip
    found |= {(n, way): page.draw_mask(n, way) for n in (1, 2) for way in WAYS}
    found["again"] = {way: page.draw_mask(2, way) for way in WAYS}
    weights, batches, masks = given(size=7)
    try:
        found["odd"] = page.train(2, weights, batches, masks["ones"])
    except ValueError as error:
        found["odd"] = str(error)
    return found


@pytest.fixture(scope="module")
def measured(framework, tmp_path_factory):
    """What ``measure`` found in a fresh process."""
    required(framework)
    if framework == "pytorch" and "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("the page's workers are forked, which this platform can't do")
    path = tmp_path_factory.mktemp("devices") / "found"
    run_alone(__file__, framework, path)
    return pickle.loads(path.read_bytes())


@pytest.mark.parametrize("kind", ["ones", "drawn"])
@pytest.mark.parametrize("number", [1, 2])
def test_the_losses_are_those_by_hand(measured, number, kind):
    weights, batches, masks = given()
    losses, _ = measured[number, kind]
    assert losses == pytest.approx(by_hand(weights, batches, masks[kind]), rel=1e-5)


@pytest.mark.parametrize("kind", ["ones", "drawn"])
def test_all_workers_end_with_the_weights_of_one(measured, kind):
    (alone,), (first, second) = (measured[n, kind][1] for n in (1, 2))
    assert len(alone) == FEATURES * HIDDEN + HIDDEN + HIDDEN * 10 + 10
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, alone, rtol=1e-4, atol=1e-5)


def test_an_odd_batch_goes_as_the_table_says(framework, measured):
    odd = measured["odd"]
    refused = {"jax": "divisible", "mxnet": "evenly split"}
    if framework in refused:
        assert refused[framework] in odd
        return
    weights, batches, masks = given(size=7)
    exact = by_hand(weights, batches, masks["ones"])
    if framework == "tensorflow":
        assert odd[0] == pytest.approx(exact, rel=1e-5)
    else:  # the mean of a mean over four and one over three
        assert abs(odd[0] - exact).max() > 1e-3


@pytest.mark.parametrize("way", WAYS)
def test_a_mask_keeps_half_and_repeats(measured, way):
    for number in (1, 2):
        mask = measured[number, way]
        assert mask.shape == (32, 64)
        assert 0.4 < mask.mean() < 0.6
    np.testing.assert_array_equal(measured["again"][way], mask)


def test_workers_that_are_seeded_alike_share_a_mask_and_others_do_not(measured):
    agree = {way: (mask[:16] == mask[16:]).mean() for way in WAYS for mask in [measured[2, way]]}
    assert agree["alike"] == 1
    for way in ("own", "whole"):
        assert 0.4 < agree[way] < 0.6


def test_only_a_mask_for_the_whole_batch_is_that_of_one_worker(measured):
    same = {way: (measured[1, way] == measured[2, way]).all() for way in WAYS}
    assert same == {"alike": False, "own": False, "whole": True}


def test_the_gradient_of_a_batch_is_the_weighted_mean_of_its_parts(framework):
    page = definitions(framework, "devices")
    weights, batches, _ = given()
    W, (X, y) = 0.1 * weights[0][:, :10].astype(np.float64), batches[0]
    whole = page.gradient(W, X, y)
    for cut in range(1, len(y)):
        parts = page.gradient(W, X[:cut], y[:cut]), page.gradient(W, X[cut:], y[cut:])
        share = cut / len(y)
        np.testing.assert_allclose(share * parts[0] + (1 - share) * parts[1], whole)
        assert (page.apart((parts[0] + parts[1]) / 2, whole) < 1e-9) == (share == 0.5)

    def loss(W):
        log_sums = np.log(np.exp(X @ W).sum(axis=1))
        return (log_sums - (X @ W)[np.arange(len(y)), y]).mean()

    D = np.random.default_rng(2).normal(size=W.shape)
    slope = (loss(W + 1e-6 * D) - loss(W - 1e-6 * D)) / 2e-6
    assert (whole * D).sum() == pytest.approx(slope, rel=1e-6)


if __name__ == "__main__":
    framework, path = sys.argv[1:]
    found = measure(framework)
    with open(path, "wb") as file:
        pickle.dump(found, file)

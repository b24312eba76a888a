"""What the page on calibration defines for probabilities and images, held against brute force and
closed forms. The functions are the same text in every notebook and are tried as each notebook has
them.
"""

import numpy as np
import pytest
from backends import BACKENDS, definitions, each
from distributions import distributions, seeds, some
from hypothesis import given
from hypothesis import strategies as st

pytestmark = each("calibration", BACKENDS)


@pytest.fixture(scope="module")
def page(framework, backend):
    """The definitions of the page; the backend sees to it that the framework can be had."""
    return definitions(framework, "calibration")


# ----------------------------------------------------------------------- functions on probabilities


def test_auroc_is_the_share_of_pairs_in_order(page):
    @some
    @given(
        st.lists(st.integers(-3, 3), min_size=1, max_size=8),
        st.lists(st.integers(-3, 3), min_size=1, max_size=8),
    )
    def law(low, high):
        points = [1.0 if b > a else 0.5 if a == b else 0.0 for a in low for b in high]
        assert page.auroc(low, high) == pytest.approx(np.mean(points))
        assert page.auroc(low, high) + page.auroc(high, low) == pytest.approx(1)
        # Nothing but the order counts.
        assert page.auroc(np.exp(low), np.exp(high)) == pytest.approx(page.auroc(low, high))

    law()
    # By ranks, as Mann and Whitney have it.
    rng = np.random.default_rng(0)
    low, high = rng.normal(size=70), rng.normal(size=50) + 1
    ranks = np.argsort(np.argsort(np.concatenate([low, high]))) + 1
    by_ranks = (ranks[70:].sum() - 50 * 51 / 2) / (70 * 50)
    assert page.auroc(low, high) == pytest.approx(by_ranks)


@pytest.mark.parametrize(("low", "high"), [([], [1]), ([1], []), ([], [])])
def test_auroc_needs_both_kinds(page, low, high):
    with pytest.raises(ValueError, match=f"expected.*received {len(low)} and {len(high)}"):
        page.auroc(low, high)


def calibration_by_hand(P, labels, num_bins):
    """ECE image by image; a bin holds its upper end."""
    confidence, correct = P.max(axis=-1), P.argmax(axis=-1) == labels
    total = 0.0
    for m in range(num_bins):
        members = [
            i for i, c in enumerate(confidence)
            if (c > m / num_bins or m == 0) and (c <= (m + 1) / num_bins or m == num_bins - 1)
        ]  # fmt: skip
        if members:
            gap = abs(np.mean(correct[members]) - np.mean(confidence[members]))
            total += len(members) / len(P) * gap
    return total


def test_calibration_error_is_the_weighted_mean_over_bins(page):
    @some
    @given(distributions(passes=st.just(1), rows=st.integers(1, 40)), st.integers(1, 30), seeds)
    def law(P, num_bins, seed):
        labels = np.random.default_rng(seed).integers(0, P.shape[-1], P.shape[1])
        found = page.expected_calibration_error(P[0], labels, num_bins)
        assert found == pytest.approx(calibration_by_hand(P[0], labels, num_bins), abs=1e-12)
        share, confidence, accuracy = page.calibration_bins(P[0], labels, num_bins)
        assert share.shape == confidence.shape == accuracy.shape == (num_bins,)
        assert share.sum() == pytest.approx(1)
        assert share @ accuracy == pytest.approx((P[0].argmax(axis=-1) == labels).mean())
        assert share @ confidence == pytest.approx(P[0].max(axis=-1).mean())
        # Finer bins within coarser ones cannot let more cancel.
        finer = page.expected_calibration_error(P[0], labels, 2 * num_bins)
        assert finer >= found - 1e-12

    law()


def test_a_bin_holds_its_upper_end(page):
    P = np.array([[0.6, 0.4], [0.61, 0.39], [1.0, 0.0]])
    share, _, _ = page.calibration_bins(P, [0, 0, 0], 10)
    np.testing.assert_allclose(np.flatnonzero(share), [5, 6, 9])


def test_calibration_refuses_what_does_not_fit(page):
    P = np.full((3, 2), 0.5)
    for labels, bins in (([0, 1], 15), ([0, 1, 0], 0)):
        with pytest.raises(ValueError, match=r"expected at least 1 bin and a label.*received"):
            page.calibration_bins(P, labels, bins)


def test_likelihood_is_that_of_the_labels(page):
    P = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])
    assert page.negative_log_likelihood(P, [1, 2]) == pytest.approx(
        -(np.log(0.25) + np.log(0.7)) / 2
    )


# ------------------------------------------------------------------------------------------ images


def test_turned_images(page):
    rng = np.random.default_rng(0)
    images = rng.random((3, 28, 28)).astype(np.float32)
    for turns in range(5):
        turned = page.rotate(images, 90 * turns)
        assert turned.dtype == np.float32
        np.testing.assert_allclose(turned, np.rot90(images, turns, axes=(1, 2)), atol=1e-6)
    # Back and forth is the same picture, only softer; corners are black.
    smooth = np.zeros((1, 28, 28))
    smooth[:, 8:20, 8:20] = 0.5 + 0.5 * np.cos(np.linspace(-3, 3, 12))
    back = page.rotate(page.rotate(smooth, 30), -30)
    assert abs(back - smooth).mean() < 0.02
    turned = page.rotate(np.ones((1, 28, 28)), 45)[0]
    assert turned[0, 0] == turned[-1, -1] == 0
    np.testing.assert_allclose(turned[8:20, 8:20], 1)
    with pytest.raises(ValueError, match=r"expected.*received shape \(28, 28\)"):
        page.rotate(np.ones((28, 28)), 10)


def test_foreign_images(page):
    rng = np.random.default_rng(0)
    images = rng.random((6, 28, 28)).astype(np.float32)
    foreign = page.foreign_images(images, np.random.default_rng(1))
    again = page.foreign_images(images, np.random.default_rng(1))
    assert set(foreign) == {"inverted", "noise", "faint"}
    for name, made in foreign.items():
        assert made.shape == images.shape
        assert made.dtype == np.float32
        assert made.min() >= 0
        assert made.max() <= 1
        np.testing.assert_array_equal(made, again[name])
    np.testing.assert_allclose(foreign["inverted"] + images, 1)
    np.testing.assert_allclose(foreign["faint"] * 5, images, rtol=1e-6)
    assert len(np.unique(foreign["noise"])) > foreign["noise"].size // 2

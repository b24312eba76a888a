"""The laws of the page on stochastic depth, tested on the code in the notebook.

The definitions come from the executed notebook that a test's name states. NumPy, in double
precision, gives the answers. Masks are given, or read off from a branch of ones; where chance has
a say, it breaks a bound at most once in a thousand million runs.
"""

import itertools
import math

import numpy as np
import pytest
from backends import BACKENDS, bound, close, each
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE, MODES = "depth", ("row", "batch")
some = settings(deadline=None, max_examples=12)
chances = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(2**-8, 1, width=32))
seeds = st.integers(0, 2**31 - 1)


every, trained = each(PAGE), each(PAGE, BACKENDS)
each_mode = pytest.mark.parametrize("mode", MODES)
each_scaling = pytest.mark.parametrize("scaled", [True, False])


def drop_path(page, F, survival, mode="row", mask=None, scaled=True):
    return page.call("drop_path", F, survival, mode, mask, scaled)


def residual(page, *args):
    return page.call("residual", *args)


def some_mask(n, mode, seed):
    return np.random.default_rng(seed).integers(0, 2, n if mode == "row" else 1).astype(np.float32)


def some_array(*shape):
    return np.linspace(-2, 3, math.prod(shape), dtype=np.float32).reshape(shape)


def factor_of(survival, scaled):
    return 1 / survival if scaled and survival > 0 else 1.0


# -------------------------------------------------------------------------------------- drop_path


@every
@each_mode
@each_scaling
def test_given_mask_is_applied_to_whole_examples(page, mode, scaled):
    """The same mask put into all five gives the same, to 1e-6: each is held to NumPy's answer."""

    @some
    @given(st.sampled_from([(4,), (4, 3), (4, 2, 3)]), chances, seeds)
    def law(shape, survival, seed):
        F, mask = some_array(*shape), some_mask(4, mode, seed)
        columns = mask.astype(float).reshape((-1,) + (1,) * (len(shape) - 1))
        close(
            drop_path(page, F, survival, mode, mask, scaled),
            F.astype(float) * columns * factor_of(survival, scaled),
        )

    law()


@every
@each_mode
def test_drawn_masks_have_the_promised_shape_and_mean(page, mode):
    for survival in (0.1, 0.5, 0.9):
        masks = np.concatenate([page.call("draw_mask", 50, survival, mode) for _ in range(100)])
        assert masks.shape == ((5000,) if mode == "row" else (100,))
        assert set(np.unique(masks)) <= {0, 1}
        assert abs(masks.mean() - survival) < bound(masks.size)


@every
@each_mode
@each_scaling
def test_dropped_as_a_whole_and_scaled(page, mode, scaled):
    """Every example is there or gone, whole; in the mode 'batch' all are alike."""
    out = drop_path(page, np.ones((2000, 2, 3), np.float32), 0.8, mode, None, scaled)
    each = out.reshape(2000, -1)
    assert (each == each[:, :1]).all()
    kept = each[:, 0] > 0
    np.testing.assert_allclose(each[kept], factor_of(0.8, scaled), rtol=1e-6)
    if mode == "batch":
        assert kept.all() or not kept.any()
    else:
        assert abs(kept.mean() - 0.8) < bound(2000)


@every
@each_mode
def test_a_seed_repeats_the_coins_and_the_next_call_does_not(page, mode):
    def coins():
        return np.concatenate([page.call("draw_mask", 40, 0.5, mode) for _ in range(40)])

    runs = []
    for seed in (5, 5, 6):
        page.seed(seed)
        runs.append(coins())
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()
    assert len(np.unique(runs[0])) == 2


@trained
@each_scaling
def test_gradient_is_the_mask_scaled(page, scaled):
    F, weights, mask = some_array(4, 3), some_array(4, 3)[::-1].copy(), some_mask(4, "row", 1)
    given_mask = page.tensor(mask)
    gradient = page.gradient(
        lambda X: page.code.drop_path(X, 0.8, "row", given_mask, scaled), F, weights
    )
    close(gradient, weights * mask[:, None] * factor_of(0.8, scaled))


@every
def test_bad_arguments_are_refused(page):
    ones = np.ones((3, 2), np.float32)
    cases = [
        ((np.ones((3, 2), np.int32), 0.5), TypeError, "floating-point.*received.*int32"),
        ((np.array(1, np.float32), 0.5), ValueError, r"\(n, ...\), received a scalar"),
        ((np.ones((0, 2), np.float32), 0.5), ValueError, "at least one example, received 0"),
        ((ones, 0.5, "column"), ValueError, "'row' or 'batch', received 'column'"),
        ((ones, 0.5, "batch", np.ones(3, np.float32)), ValueError, r"\(1,\), received \(3,\)"),
        ((ones, 0.5, "row", np.ones(1, np.float32)), ValueError, r"\(3,\), received \(1,\)"),
    ]
    for arguments, error, message in cases:
        with pytest.raises(error, match="expected.*" + message):
            drop_path(page, *arguments)


# ---------------------------------------------------------------------------------------- residual


@every
@each_mode
@each_scaling
def test_block_trains_and_evaluates_as_defined(page, mode, scaled):
    H, survival = some_array(4, 3), 0.75

    def triple(H):
        return 3 * H

    for seed in range(3):
        mask = some_mask(4, mode, seed)
        factor = mask[:, None] * factor_of(survival, scaled)
        out = residual(page, H, triple, survival, True, mode, mask, scaled)
        close(out, H + 3 * H * factor)
    # In evaluation there is no coin, and the scalings differ by the factor survival.
    out = residual(page, H, triple, survival, False, mode, None, scaled)
    close(out, H + 3 * H * (1.0 if scaled else survival))


@every
@each_mode
@each_scaling
@pytest.mark.parametrize("survival", [0.3, 0.75])
def test_training_has_the_mean_of_evaluation(page, mode, scaled, survival):
    """Over all masks, weighted by their probabilities."""

    def square(H):
        return H * H

    H = some_array(2, 3)
    mean = np.zeros(H.shape)
    for bits in itertools.product((0, 1), repeat=2 if mode == "row" else 1):
        chance = math.prod(survival if bit else 1 - survival for bit in bits)
        mask = np.array(bits, np.float32)
        mean += chance * residual(page, H, square, survival, True, mode, mask, scaled)
    close(mean, residual(page, H, square, survival, False, mode, None, scaled))


@every
def test_coin_for_the_batch_decides_whether_the_branch_runs(page):
    survivals = page.code.linear_survival(6, 0.5)
    for mode in MODES:
        computed, kept = page.code.count_rows(survivals, mode, n=4, steps=10, seed=3)
        if mode == "batch":
            assert computed == kept
            assert 0 < computed < 6 * 4 * 10
        else:
            assert kept < computed == 6 * 4 * 10


@trained
@each_mode
def test_skipped_branch_has_no_gradient_and_the_shortcut_has(page, mode):
    H, weights = some_array(4, 3), some_array(4, 3)[::-1].copy()
    for value in (0, 1):
        mask = page.tensor(np.full(4 if mode == "row" else 1, value, np.float32))
        gradient = page.gradient(
            lambda X, mask=mask: page.code.residual(X, lambda H: 2 * H, 0.5, True, mode, mask),
            H,
            weights,
        )
        close(gradient, weights * (1 + 4 * value))

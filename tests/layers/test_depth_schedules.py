"""Which blocks the page on stochastic depth drops: its schedules, and the joins of FractalNet.

The definitions come from the executed notebook that a test's name states. NumPy, in double
precision, gives the answers. Where chance has a say, it breaks a bound at most once in a thousand
million runs.
"""

import itertools
import math

import numpy as np
import pytest
from backends import bound, close, definitions, each
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = "depth"
every = each(PAGE)
some = settings(deadline=None, max_examples=12)


def join(page, inputs, mask=None):
    inputs = [page.tensor(X) for X in inputs]
    return page.call("join", inputs, mask, draws=False)


# --------------------------------------------------------------------------------------- schedules


@every
@given(st.integers(1, 60), st.floats(0, 1))
@some
def test_linear_rule(framework, num_blocks, last):
    survivals = definitions(framework, "depth").linear_survival(num_blocks, last)
    assert len(survivals) == num_blocks
    assert survivals[-1] == pytest.approx(last, abs=1e-12)
    steps = np.diff([1.0, *survivals])
    np.testing.assert_allclose(steps, (last - 1) / num_blocks, atol=1e-12)
    assert sum(survivals) == pytest.approx(num_blocks - (1 - last) * (num_blocks + 1) / 2)


@every
def test_expected_depth_of_the_paper(framework):
    page = definitions(framework, "depth")
    assert sum(page.linear_survival(20, 0.5)) == pytest.approx(14.75)
    for bad, word in (((0, 0.5), "received 0"), ((5, 1.5), "received 1.5")):
        with pytest.raises(ValueError, match=f"expected.*{word}"):
            page.linear_survival(*bad)


@every
@given(st.lists(st.floats(0, 1), max_size=6))
@some
def test_distribution_of_the_depth_by_all_subsets(framework, survivals):
    exact = np.zeros(len(survivals) + 1)
    for bits in itertools.product((0, 1), repeat=len(survivals)):
        exact[sum(bits)] += math.prod(
            p if bit else 1 - p for p, bit in zip(survivals, bits, strict=True)
        )
    distribution = definitions(framework, "depth").depth_distribution(survivals)
    np.testing.assert_allclose(distribution, exact, atol=1e-12)


@every
def test_coins_of_a_network_are_independent(page):
    masks = page.code.draw_network([0.5] * 8, 4000, "row", seed=2)
    assert masks.shape == (8, 4000)
    assert page.code.draw_network([0.5] * 8, 4000, "batch").shape == (8, 1)
    for a, b in itertools.combinations(masks, 2):
        assert abs((a == b).mean() - 0.5) < bound(4000)


@every
def test_framework_s_own_dropout_does_the_same(page):
    """Rows are kept or dropped whole, and divided; its mean is the input."""
    out = page.call("stock_drop_path", np.ones((3000, 2, 2), np.float32), 0.8)
    each = out.reshape(3000, 4)
    assert (each == each[:, :1]).all()
    np.testing.assert_allclose(each[each > 0], 1.25, rtol=1e-6)
    assert abs((each[:, 0] > 0).mean() - 0.8) < bound(3000)


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

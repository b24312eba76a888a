"""Which blocks the page on stochastic depth drops: its schedules.

The definitions come from the executed notebook that a test's name states. NumPy, in double
precision, gives the answers. Where chance has a say, it breaks a bound at most once in a thousand
million runs.
"""

import itertools
import math

import numpy as np
import pytest
from backends import bound, definitions, each
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = "depth"
every = each(PAGE)
some = settings(deadline=None, max_examples=12)


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

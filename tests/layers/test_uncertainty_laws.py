"""What the page on uncertainty defines for probabilities, held against brute force and closed
forms. The functions are the same text in every notebook and are tried as each notebook has
them.
"""

import numpy as np
import pytest
from backends import BACKENDS, definitions, each
from distributions import distributions, some
from hypothesis import given

pytestmark = each("uncertainty", BACKENDS)


@pytest.fixture(scope="module")
def page(framework, backend):
    """The definitions of the page; the backend sees to it that the framework can be had."""
    return definitions(framework, "uncertainty")


def entropy_by_hand(p):
    return sum(-x * np.log(x) for x in p if x > 0)


def test_entropy_is_the_sum_over_classes(page):
    @some
    @given(distributions())
    def law(P):
        found = page.entropy(P)
        assert found.shape == P.shape[:-1]
        expected = [[entropy_by_hand(p) for p in row] for row in P]
        np.testing.assert_allclose(found, expected, atol=1e-12)

    law()


def test_entropy_of_certainty_and_of_indifference(page):
    assert page.entropy([1, 0, 0]) == 0
    assert not np.signbit(page.entropy([1.0, 0.0]))  # prints as 0.000
    for classes in (2, 3, 10, 1000):
        uniform = np.full(classes, 1 / classes)
        assert page.entropy(uniform) == pytest.approx(np.log(classes))


def test_the_three_numbers_and_their_bounds(page):
    @some
    @given(distributions())
    def law(P):
        predictive, expected, mutual = page.uncertainty(P)
        mean = P.mean(axis=0)
        np.testing.assert_allclose(predictive, [entropy_by_hand(p) for p in mean], atol=1e-12)
        np.testing.assert_allclose(
            expected, np.mean([[entropy_by_hand(p) for p in row] for row in P], axis=0), atol=1e-12
        )
        np.testing.assert_allclose(predictive, expected + mutual, atol=1e-12)
        assert (mutual >= -1e-12).all()
        assert (mutual <= predictive + 1e-12).all()
        assert (predictive <= np.log(P.shape[-1]) + 1e-12).all()
        assert (mutual <= np.log(len(P)) + 1e-12).all()

    law()


def test_mutual_information_is_the_mean_divergence_from_the_mean(page):
    @some
    @given(distributions())
    def law(P):
        mean = P.mean(axis=0)
        ratio = np.where(P > 0, P, 1) / np.where(P > 0, mean, 1)
        divergences = (P * np.log(ratio)).sum(axis=-1)
        np.testing.assert_allclose(page.uncertainty(P)[2], divergences.mean(axis=0), atol=1e-12)

    law()


def test_mutual_information_in_extreme_cases(page):
    one = np.random.default_rng(0).dirichlet(np.ones(4), size=3)
    np.testing.assert_allclose(page.uncertainty(np.stack([one] * 5))[2], 0, atol=1e-12)
    np.testing.assert_allclose(page.uncertainty(one[None])[2], 0, atol=1e-12)
    for passes in (2, 3, 6):
        _, expected, mutual = page.uncertainty(np.eye(passes)[:, None])
        assert expected == pytest.approx(0)
        assert mutual == pytest.approx(np.log(passes))


def test_few_passes_miss_their_share_of_mutual_information(page):
    """Dirichlet passes: the expected entropy is known in closed form."""
    alpha = np.array([20, 30, 50])
    mean, total = alpha / alpha.sum(), alpha.sum()
    psi = np.array([(1 / np.arange(a + 1, total + 1)).sum() for a in alpha])
    true = entropy_by_hand(mean) - mean @ psi
    rng = np.random.default_rng(0)
    for T in (2, 4, 10):
        found = page.uncertainty(rng.dirichlet(alpha, size=(T, 20_000)))[2].mean()
        assert found == pytest.approx((1 - 1 / T) * true, rel=0.05)


@pytest.mark.parametrize(
    "wrong", [[[0.5, 0.6]], [[1.5, -0.5]], [], [[]], [[np.nan, 1.0]], 1.0, [[0.2, 0.2]]]
)
def test_what_is_no_distribution_is_refused(page, wrong):
    for function in (page.entropy, page.uncertainty):
        with pytest.raises(ValueError, match=r"(?s)expected.*received"):
            function(wrong)


def test_passes_need_an_axis_of_their_own(page):
    with pytest.raises(ValueError, match=r"expected.*passes.*received shape \(2,\)"):
        page.uncertainty([0.5, 0.5])

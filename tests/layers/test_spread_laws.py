"""What the page on the spread computes for a line, held against masks that are drawn."""

import numpy as np
import pytest
from backends import BACKENDS, definitions, each

pytestmark = each("spread", BACKENDS)


@pytest.fixture(scope="module")
def page(framework, backend):
    """The definitions of the page; the backend sees to it that the framework can be had."""
    return definitions(framework, "spread")


def test_the_spread_of_a_line(page):
    """Against least squares with masks drawn, and against the posterior's closed form."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=50)
    y = 2 * x + rng.normal(size=50)
    for p in (0.1, 0.5):
        passes, posterior = page.spreads_of_a_line(50, p)
        masks = np.random.default_rng(1).random((20_000, 50)) >= p
        dropped = masks * x / (1 - p)
        w = (dropped * y).sum() / (dropped**2).sum()
        draws = w * (np.random.default_rng(2).random(100_000) >= p) / (1 - p)
        assert passes == pytest.approx(draws.std(), rel=0.02)
        assert posterior == pytest.approx(1 / np.sqrt((x**2).sum()))

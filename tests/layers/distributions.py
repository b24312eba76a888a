"""Passes and probabilities that Hypothesis draws, for the pages on uncertainty."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

some = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**31 - 1)


@st.composite
def distributions(draw, passes=st.integers(1, 7), rows=st.integers(1, 5)):
    """Passes of shape (T, n, K): from nearly uniform to certain, some entries exactly 0."""
    shape = draw(passes), draw(rows), draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(seeds))
    P = rng.dirichlet(np.full(shape[-1], draw(st.sampled_from([0.01, 0.3, 1, 50]))), shape[:-1])
    cut = draw(st.sampled_from([0, 0.1]))
    P[cut >= P] = 0
    P[..., 0] += 1 - P.sum(axis=-1)
    return P.clip(0, 1)

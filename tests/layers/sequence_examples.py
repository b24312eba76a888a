"""What the tests of sequences and of recurrent networks share: rates, seeds and a tolerance."""

from backends import close
from hypothesis import settings
from hypothesis import strategies as st

some = settings(deadline=None, max_examples=8)
# Few rates: JAX compiles nothing anew for a rate, but every example runs in five frameworks.
rates = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9])
seeds = st.integers(0, 2**31 - 1)


def near(actual, desired, rtol=1e-5, atol=1e-6):
    """Equal up to rounding in single precision, over several operations."""
    close(actual, desired, rtol, atol)

"""NumPy's answers, in double precision, and how far chance may be from them."""

import numpy as np

# How often chance may break a bound in tests of drawn masks.
FALSE_ALARM = 1e-9

# Why its own layer is expected to fail where p = 1
NAN_OF_MXNET = "MXNet 1.9.1's own layer multiplies 0 by 1/0 and returns nan for p = 1"


def mlp(weights, X) -> np.ndarray:
    """A multilayer perceptron without dropout, in float64."""
    H = np.asarray(X, np.float64).reshape(len(X), -1)
    for place in range(0, len(weights), 2):
        if place:
            H = np.maximum(H, 0)
        H = H @ weights[place].astype(np.float64) + weights[place + 1]
    return H


def cross_entropies(logits, y) -> np.ndarray:
    """The loss of each example, in nats."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    log_sums = np.log(np.exp(logits).sum(axis=-1))
    return log_sums - logits[np.arange(len(y)), y]


def examples(number, classes=3, seed=0):
    """Inputs of shape (4, 5) and labels."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(number, 4, 5)).astype(np.float32)
    return X, rng.integers(0, classes, number).astype(np.int32)


def bound(number, width=1.0):
    """How far the mean of ``number`` independent values from an interval of that width may lie
    from its expectation, but once in ``1 / FALSE_ALARM`` runs (Hoeffding)."""
    return width * np.sqrt(np.log(2 / FALSE_ALARM) / (2 * number))


def batches(number, batch_size) -> list[int]:
    """The sizes of the batches of an epoch."""
    return [min(batch_size, number - start) for start in range(0, number, batch_size)]


def close(actual, desired, rtol=1e-6, atol=1e-6) -> None:
    """Assert that arrays are equal up to rounding in single precision."""
    np.testing.assert_allclose(actual, desired, rtol=rtol, atol=atol)


def normals(seed, *shapes) -> list[np.ndarray]:
    """Normal float32 arrays of the given shapes."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def draw_masks(seed, p, *shapes) -> list[np.ndarray]:
    """Masks of the given shapes: 0 with probability ``p``, else 1."""
    rng = np.random.default_rng(seed)
    return [(rng.random(shape) >= p).astype(np.float32) for shape in shapes]

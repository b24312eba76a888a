"""The laws of the page on spatial dropout, tested on the code in the notebook.

The definitions come from the executed notebook that a test's name states. Here maps are NumPy
arrays with channels first; ``backends`` carries them into the framework's order of axes and back.
The answers are NumPy's.
"""

import numpy as np
import pytest
from backends import each

PAGE = "spatial"

every = each(PAGE)


def spatial_dropout(page, p, mask=None):
    """The page's function: tensor -> tensor."""
    more = page.source()
    if mask is not None:
        more = {**dict.fromkeys(more), "mask": page.tensor(mask)}
    return lambda X: page.code.spatial_dropout(X, p, **more)


def drop(page, x, *args):
    return page.numpy(spatial_dropout(page, *args)(page.tensor(x)))


def maps(shape, seed=0):
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return x + np.sign(x)  # none is zero


@every
def test_a_given_mask_is_applied_and_scaled(page):
    x = maps((2, 3, 6, 9))
    mask = (np.random.default_rng(1).random((2, 3, 1, 1)) < 0.6).astype(np.float32)
    out = drop(page, x, 0.3, mask)
    np.testing.assert_allclose(out, x * mask.astype(float) / 0.7, rtol=1e-6)


@every
def test_no_maps_are_refused(page):
    for shape in ((3, 6, 9), (0, 3, 6, 9), (2, 3, 6, 0)):
        # The order of axes does not matter here
        X = page.backend.tensor(np.ones(shape, np.float32))
        with pytest.raises(ValueError, match=r"expected a batch of maps.*received \("):
            spatial_dropout(page, 0.5)(X)
    X = page.backend.tensor(np.ones((2, 3, 6, 9), np.int32))
    with pytest.raises(TypeError, match=r"expected floating-point maps; received .*int32"):
        spatial_dropout(page, 0.5)(X)


@every
def test_a_mask_for_the_other_order_of_axes_is_refused(page):
    x = maps((2, 3, 3, 3))
    for shape in ((2, 1, 1, 3), (2, 3, 3, 3)):
        with pytest.raises(ValueError, match=r"expected a mask of shape .* received"):
            drop(page, x, 0.5, np.ones(shape, np.float32))


# --------------------------------------------------------------------------------- smooth maps


@every
def test_filling_in(page):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 7, 8))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    sums = [[padded[:, i : i + 3, j : j + 3].sum((1, 2)) for j in range(8)] for i in range(7)]
    np.testing.assert_allclose(page.code.around(x), np.transpose(sums, (2, 0, 1)))
    kept = (rng.random(x.shape) < 0.3).astype(float)
    filled = page.code.fill_in(x, kept)
    np.testing.assert_array_equal(filled[kept == 1], x[kept == 1])
    np.testing.assert_allclose(page.code.fill_in(np.full_like(x, 2.5), kept), 2.5)
    np.testing.assert_array_equal(page.code.fill_in(x, np.zeros_like(x)), np.zeros_like(x))
    one = np.ones((1, 3, 3))
    one[0, 1, 1] = 0
    y = x[:1, :3, :3]
    assert page.code.fill_in(y, one)[0, 1, 1] == pytest.approx((y * one).sum() / 8)


@every
def test_recovered_is_the_coefficient_of_determination(page):
    rng = np.random.default_rng(1)
    x, kept = rng.normal(2, 1, size=(3, 7, 8)), (rng.random((3, 7, 8)) < 0.5).astype(float)
    gone = kept == 0
    missing, guess = x[gone], page.code.fill_in(x, kept)[gone]
    share = 1 - np.mean((guess - missing) ** 2) / np.var(missing)
    assert page.code.recovered(x, kept) == pytest.approx(share)

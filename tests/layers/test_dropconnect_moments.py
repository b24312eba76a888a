"""The moments that the page on DropConnect's noise states, checked by going through *all* masks of
a small layer, so that chance has no say in them; where it has, it breaks a bound at most once in a
thousand million runs. The definitions come from the executed notebook that a test's name states.
"""

import itertools

import numpy as np
import pytest
from backends import bound, each, normals

PAGE = "dropconnect_inference"
every = each(PAGE)


def all_masks(bits, p):
    """Every mask of so many bits, and its probability."""
    masks = np.array(list(itertools.product((0, 1), repeat=bits)), np.float32)
    return masks, np.prod(np.where(masks == 1, 1 - p, p), axis=1)


def exact_moments(x, w, p, kind):
    """Means and covariances of all outputs, (n * d_out) of them, over all masks."""
    shape = {
        "dropout": (len(x), w.shape[0], 1), "example": (len(x), *w.shape), "batch": (1, *w.shape),
    }[kind]  # fmt: skip
    masks, weights = all_masks(int(np.prod(shape)), p)
    kept = np.broadcast_to(masks.reshape(-1, *shape), (len(masks), len(x), *w.shape)) / (1 - p)
    Y = np.einsum("nj,snjk,jk->snk", x, kept, w).reshape(len(masks), -1)
    mean = weights @ Y
    return mean, np.einsum("s,sa,sb->ab", weights, Y - mean, Y - mean)


@every
@pytest.mark.parametrize("kind", ["dropout", "example", "batch"])
@pytest.mark.parametrize("p", [0.5, 0.2])
def test_the_formulas_are_the_moments_over_all_masks(page, kind, p):
    rng = np.random.default_rng(1)
    x, w = rng.random((2, 3)), rng.normal(size=(3, 2))
    mean, cov = exact_moments(x, w, p, kind)  # in the order (0, 0), (0, 1), (1, 0), (1, 1)
    told = page.code.formulas(x, w, p, kind)
    batch_mean = (cov[0, 0] + cov[2, 2] + 2 * cov[0, 2]) / 4
    want = [mean[0], cov[0, 0] ** 0.5, cov[0, 0], cov[0, 1], cov[0, 2], batch_mean]
    np.testing.assert_allclose(list(told.values()), want, atol=1e-12)
    assert list(told) == list(page.code.measured(rng.normal(size=(9, 2, 2))))


@every
@pytest.mark.parametrize("p", [0.0, 0.5, 0.8])
def test_the_moments_of_the_gaussian_are_those_over_all_masks(page, p):
    """With the page's own function, whose batch is all masks of one example."""
    rng = np.random.default_rng(2)
    x, w, b = (rng.normal(size=s).astype(np.float32) for s in ((1, 4), (4, 1), (1,)))
    masks, weights = all_masks(4, p)
    outputs = page.call("dropconnect", np.repeat(x, 16, axis=0), w, b, p, mask=masks[:, :, None])[
        :, 0
    ]
    mean = weights @ outputs
    told = [page.numpy(a) for a in page.code.gaussian_moments(*map(page.tensor, (x, w, b)), p)]
    np.testing.assert_allclose(told[0], mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(told[1], weights @ (outputs - mean) ** 2, rtol=1e-5, atol=1e-6)


@every
def test_a_gaussian_has_a_rate_below_one(page):
    x, w, b = normals(0, (3, 5), (5, 4), (4,))
    for p in (1, -0.5):
        with pytest.raises(ValueError, match=r"expected.*received"):
            page.code.gaussian_moments(x, w, b, p)


@every
def test_gaussian_outputs_are_the_moments_and_the_noise(page):
    x, w, b, noise = normals(8, (3, 5), (5, 4), (4,), (7, 3, 4))
    out = page.call("gaussian_outputs", x, w, b, 0.3, 7, noise=noise)
    u = x @ w + b + np.sqrt(0.3 / 0.7 * (x**2 @ w**2)) * noise
    np.testing.assert_allclose(out, np.maximum(u, 0), atol=1e-5)
    drawn = page.call("gaussian_outputs", x, w, b, 0.3, 7)
    assert drawn.shape == out.shape
    assert (drawn >= 0).all()
    assert (drawn[0] != drawn[1]).any()


@every
def test_masked_outputs_use_each_mask_for_all_examples(page):
    page.seed(1)
    x = np.tile(2.0 ** np.arange(8), (2, 1)).astype(np.float32)
    w, b = np.ones((8, 3), np.float32), np.zeros(3, np.float32)
    out = page.call("masked_outputs", x, w, b, 0.5, 500)
    assert out.shape == (500, 2, 3)
    np.testing.assert_array_equal(out[:, 0], out[:, 1])
    bits = (out[:, 0].astype(int)[..., None] >> np.arange(1, 9)) & 1  # of sums that are doubled
    assert abs(bits.mean() - 0.5) < bound(bits.size)


@every
def test_numbers_of_masks(page):
    for d_in, d_out in ((1, 1), (3, 2), (10, 7)):
        told = page.code.log10_masks(d_in, d_out)
        np.testing.assert_allclose(told, np.log10([2.0**d_in, 2.0 ** (d_in * d_out)]))

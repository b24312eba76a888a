"""The laws of the page on DropBlock, tested on the code in the notebook.

The definitions come from the executed notebook that a test's name states. Here maps are NumPy
arrays with channels first; ``backends`` carries them into the framework's order of axes and back.
The answers are NumPy's, by brute force where that is possible. Where chance has a say, it breaks a
bound at most once in a thousand million runs.
"""

import itertools

import numpy as np
import pytest
from backends import FALSE_ALARM, bound, each
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = "dropblock"
SIGMAS = 6.2  # of a normal mean, for that chance
SIZES = [(6, 9, 3), (5, 5, 5), (7, 4, 1)]  # height, width, block; few: JAX compiles for each


every = each(PAGE)
each_size = pytest.mark.parametrize(
    ("height", "width", "size"), SIZES, ids=lambda value: str(value)
)
some = settings(deadline=None, max_examples=25)


@st.composite
def geometries(draw):
    """Height, width and block size that fit."""
    height, width = draw(st.integers(1, 16)), draw(st.integers(1, 16))
    return height, width, draw(st.sampled_from(range(1, min(height, width) + 1, 2)))


def dropblock(page, p, size=3, mask=None, count=True):
    """The page's function: tensor -> tensor."""
    more = page.source()
    if mask is not None:
        more = {**dict.fromkeys(more), "mask": page.tensor(mask)}
    return lambda X: page.code.dropblock(X, p, size, **more, count=count)


def drop(page, x, *args, **options):
    return page.numpy(dropblock(page, *args, **options)(page.tensor(x)))


def block_mask(page, shape, p, size):
    return page.call("block_mask", np.ones(shape, np.float32), p, size)


def maps(shape, seed=0):
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return x + np.sign(x)  # none is zero


def covered(centres, height, width, size):
    """Which pixels the blocks around the given centres cover, pixel by pixel."""
    half = size // 2
    gone = np.zeros((height, width), bool)
    for i, j in centres:
        assert half <= i < height - half
        assert half <= j < width - half
        gone[i - half : i + half + 1, j - half : j + half + 1] = True
    return gone


def valid_centres(height, width, size):
    half = size // 2
    return list(itertools.product(range(half, height - half), range(half, width - half)))


# --------------------------------------------------------------------------------- masks


@every
def test_a_given_mask_is_applied_and_scaled(page):
    x = maps((2, 3, 6, 9))
    mask = (np.random.default_rng(1).random(x.shape) < 0.6).astype(np.float32)
    for count, share in ((True, mask.mean(dtype=float)), (False, 0.7)):
        out = drop(page, x, 0.3, 3, mask, count=count)
        np.testing.assert_allclose(out, x * mask.astype(float) / share, rtol=1e-6)


# --------------------------------------------------------------------------------- gamma


@every
def test_the_expected_rate_is_that_of_all_masks(page):
    """Brute force over every set of centres of small maps."""
    for height, width, size in [(4, 4, 3), (3, 6, 3), (5, 5, 5), (2, 3, 1)]:
        centres = valid_centres(height, width, size)
        rows, columns = (page.code.cover(length, size) for length in (height, width))
        for gamma in (0.0, 0.2, 0.7, 1.0):
            rates = np.zeros((height, width))
            for number in range(len(centres) + 1):
                chance = gamma**number * (1 - gamma) ** (len(centres) - number)
                for chosen in itertools.combinations(centres, number):
                    rates += chance * covered(chosen, height, width, size)
            np.testing.assert_allclose(
                page.code.drop_rates(gamma, rows, columns), rates, atol=1e-12
            )


@every
def test_solved_gamma_meets_the_rate_and_the_papers_stays_below(page):
    @some
    @given(geometries(), st.floats(0, 1))
    def law(geometry, p):
        height, width, size = geometry
        rows, columns = (page.code.cover(length, size) for length in (height, width))
        solved = page.code.solve_gamma(p, height, width, size)
        assert page.code.drop_rates(solved, rows, columns).mean() == pytest.approx(p, abs=1e-9)
        paper = page.code.paper_gamma(p, height, width, size)
        assert paper <= p + 1e-12
        assert paper <= solved + 1e-12
        assert page.code.drop_rates(paper, rows, columns).mean() <= p + 1e-12
        valid = len(valid_centres(height, width, size))
        assert paper * valid * size**2 == pytest.approx(p * height * width)

    law()


@every
def test_gamma_of_the_rates_zero_and_one(page):
    assert page.code.solve_gamma(0, 6, 9, 3) == 0
    assert page.code.solve_gamma(1, 6, 9, 3) == 1


@every
def test_the_rate_rises_linearly_and_holds(page):
    rates = [page.code.scheduled(0.3, step, 10) for step in range(15)]
    np.testing.assert_allclose(rates, np.minimum(np.arange(15), 10) * 0.03)


# --------------------------------------------------------------------------------- blocks


@every
@each_size
@pytest.mark.parametrize("p", [0.2, 0.6])
def test_a_mask_is_a_union_of_whole_blocks(page, height, width, size, p):
    page.seed(2)
    masks = block_mask(page, (10, 20, height, width), p, size).reshape(-1, height, width)
    assert set(np.unique(masks)) == {0, 1}
    blocks = [
        covered([centre], height, width, size) for centre in valid_centres(height, width, size)
    ]
    for mask in masks:
        gone = mask == 0
        whole = np.zeros_like(gone)
        for block in blocks:
            whole |= block & gone[block].all()
        np.testing.assert_array_equal(gone, whole)


@every
@each_size
def test_drawn_rates_are_the_expected_ones(page, height, width, size):
    page.seed(3)
    number = 20_000
    masks = block_mask(page, (100, number // 100, height, width), 0.3, size)
    shares = (masks == 0).mean((2, 3)).ravel()
    off = SIGMAS * shares.std() / np.sqrt(number)
    assert off < 0.021
    assert abs(shares.mean() - 0.3) < off
    centres = valid_centres(height, width, size)
    number_of_blocks = sum(covered([c], height, width, size).astype(int) for c in centres)
    gamma = page.code.solve_gamma(0.3, height, width, size)
    exact = 1 - (1 - gamma) ** number_of_blocks
    slack = np.sqrt(np.log(2 * height * width / FALSE_ALARM) / (2 * number))
    assert np.abs((masks == 0).mean((0, 1)) - exact).max() < slack
    # Each map of each example for itself
    for axis in (0, 1):
        assert (masks != np.take(masks, [0], axis)).any()


@every
def test_the_extremes_are_the_other_two_kinds(page):
    page.seed(4)
    whole = block_mask(page, (20, 30, 5, 5), 0.4, 5)
    assert (whole == whole[:, :, :1, :1]).all()
    assert abs((whole == 0).mean() - 0.4) < bound(20 * 30)
    single = block_mask(page, (20, 30, 7, 4), 0.4, 1) == 0
    assert abs((single[:, :, 1:] & single[:, :, :-1]).mean() - 0.16) < 0.02
    assert abs(single.mean() - 0.4) < bound(single.size)


@every
def test_the_mean_of_the_factors_is_one_in_every_draw(page):
    for seed in range(5):
        page.seed(seed)
        out = drop(page, np.ones((2, 3, 6, 9), np.float32), 0.5, 3)
        assert out.mean(dtype=float) == pytest.approx(1, abs=1e-6)
        assert len(np.unique(out)) == 2


@every
def test_nothing_kept_gives_zeros_and_a_single_one_its_share(page):
    x = maps((1, 1, 6, 9))
    mask = np.zeros(x.shape, np.float32)
    for count in (True, False):
        out = drop(page, x, 0.5, 3, mask, count)
        np.testing.assert_array_equal(out, np.zeros_like(x))
    mask[0, 0, 4, 5] = 1
    np.testing.assert_allclose(drop(page, x, 0.5, 3, mask), x * mask * 54, rtol=1e-6)


# --------------------------------------------------------------------------------- bad arguments


@every
@pytest.mark.parametrize("size", [0, 2, 7, -1, 2.5])
def test_no_block_size_is_refused(page, size):
    with pytest.raises(
        ValueError, match=f"expected an odd block size from 1 to 6; received {size}"
    ):
        drop(page, maps((2, 3, 6, 9)), 0.5, size)


@every
def test_no_maps_are_refused(page):
    for shape in ((3, 6, 9), (0, 3, 6, 9), (2, 3, 6, 0)):
        # The order of axes does not matter here
        X = page.backend.tensor(np.ones(shape, np.float32))
        with pytest.raises(ValueError, match=r"expected a batch of maps.*received \("):
            dropblock(page, 0.5, 3)(X)
    X = page.backend.tensor(np.ones((2, 3, 6, 9), np.int32))
    with pytest.raises(TypeError, match=r"expected floating-point maps; received .*int32"):
        dropblock(page, 0.5, 3)(X)


@every
def test_a_mask_of_whole_channels_is_refused(page):
    with pytest.raises(ValueError, match=r"expected a mask of shape .* received"):
        drop(page, maps((2, 3, 3, 3)), 0.5, 3, np.ones((2, 3, 1, 1), np.float32))


# --------------------------------------------------------------------------------- three kinds


@every
def test_each_kind_has_its_pieces(page):
    page.seed(6)
    X = page.code.ones(20, 30, 6, 9)
    gone = {kind: ~page.code.draw(kind, X, 0.4, 3) for kind in ("standard", "spatial", "block")}
    whole = {kind: (g == g[:, :, :1, :1]).all((2, 3)).mean() for kind, g in gone.items()}
    assert whole["standard"] == 0
    assert whole["spatial"] == 1
    assert 0 < whole["block"] < 0.9
    inside = {kind: page.code.inside(~g) for kind, g in gone.items()}
    assert inside["standard"] < 0.05 < 0.2 < inside["block"] < 0.9
    assert inside["spatial"] == 1
    for g in gone.values():
        assert abs(g.mean() - 0.4) < 0.13


@every
def test_contiguity_is_counted_where_there_are_four_neighbours(page):
    gone = np.zeros((1, 5, 6), bool)
    gone[0, 0:3, 0:3] = True
    gone[0, 3, 4] = True
    # Of the dropped pixels (1,1), (1,2), (2,1), (2,2) and (3,4) inside the map only (1,1) is inside
    assert page.code.inside(~gone) == pytest.approx(1 / 5)

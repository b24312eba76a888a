"""The laws of masks on what is remembered: memory, zoneout, the recurrent network.

Definitions come from the executed notebook that a test's name states. NumPy's tab is held to the
same laws as the four frameworks, and its hand-written gradients are their oracle.
"""

import math

import numpy as np
import pytest
from backends import definitions, draw_masks, each, normals
from hypothesis import given
from sequence_examples import near, rates, seeds, some

PAGE = "recurrent"
pytestmark = each(PAGE)


# ------------------------------------------------------------------------------- memory and zoneout


@pytest.mark.parametrize("every_step", [True, False])
def test_memory_survives_one_mask_and_not_many(page, every_step):
    p, steps, units = 0.2, 6, 20_000
    masks = page.call("step_masks", steps, np.ones(units, np.float32), p, every_step)
    assert masks.shape == (steps if every_step else 1, units)
    S = page.call("remember", np.ones(units, np.float32), masks, p, steps, draws=False)
    assert S.shape == (steps + 1, units)
    for t in range(steps + 1):
        kept = np.prod([masks[s % len(masks)] for s in range(t)], axis=0)
        near(S[t], kept * (1 - p) ** -t * np.ones(units), 1e-4)
        alive = (1 - p) ** (t if every_step else min(t, 1))
        assert abs((S[t] > 0).mean() - alive) < 6 * math.sqrt(0.25 / units)


@pytest.mark.parametrize("training", [True, False])
def test_zoneout_keeps_old_values_and_evaluates_to_its_mean(page, training):
    @some
    @given(rates, seeds)
    def law(p, seed):
        new, old = normals(seed, (4, 5), (4, 5))
        (mask,) = draw_masks(seed, p, (4, 5))
        out = page.call("zoneout", new, old, p, training, mask)
        expected = np.where(mask > 0, new, old) if training else (1 - p) * new + p * old
        near(out, expected)

    law()


def test_zoneout_draws_with_its_rate_and_means_what_it_evaluates(page):
    n, p = 40_000, 0.15
    new, old = np.full((n, 2), 3, np.float32), np.zeros((n, 2), np.float32)
    out = page.call("zoneout", new, old, p, True)
    assert set(np.unique(out)) == {0.0, 3.0}
    assert abs((out == 0).mean() - p) < 6 * math.sqrt(p * (1 - p) / out.size)
    evaluated = page.call("zoneout", new, old, p, False)
    assert abs(out.mean() - evaluated.mean()) < 6 * 3 * math.sqrt(p * (1 - p) / out.size)
    near(page.call("zoneout", new, old, 1, True), old)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_zoneout_are_those_by_hand(page, training):
    new, old, dH = normals(2, (3, 4), (3, 4), (3, 4))
    (mask,) = draw_masks(3, 0.4, (3, 4))
    by_hand = definitions("numpy", PAGE).zoneout_backward(dH, 0.4, training, mask)
    share = mask if training else 0.6
    near(by_hand[0], share * dH)
    near(by_hand[1], (1 - share) * dH)
    if page.framework != "numpy":
        m = page.tensor(mask)
        gradients = page.gradients(
            lambda new, old: page.code.zoneout(new, old, 0.4, training, m), [new, old], dH
        )
        for gradient, expected in zip(gradients, by_hand, strict=True):
            near(gradient, expected)


# ---------------------------------------------------------------------------- the recurrent network


def recur_by_hand(Z, U, p, place, training, masks):
    H = np.zeros((Z.shape[1], len(U)))
    for t, z in enumerate(Z.astype(float)):
        m = masks[t % len(masks)] if training else np.ones_like(H)
        factor = m / (1 - p) if training else 1
        old = H * factor if place == "state" else H
        seen = H * factor if place == "weights" else old
        c, g = np.split(z + seen @ U, 2, axis=1)
        new = old + (np.tanh(c) - old) / (1 + np.exp(1 - g))
        if place == "zoneout":
            new = np.where(m > 0, new, H) if training else (1 - p) * new + p * H
        H = new
    return H


@pytest.mark.parametrize("place", ["state", "weights", "zoneout"])
@pytest.mark.parametrize("every_step", [True, False])
def test_recurrent_network_multiplies_what_it_says(page, place, every_step):
    Z, U = normals(8, (5, 3, 8), (4, 8))
    (masks,) = draw_masks(9, 0.3, (5 if every_step else 1, 3, 4))
    for training in (True, False):
        out = page.call("recur", Z, U, 0.3, place, training, masks, draws=False)
        near(out, recur_by_hand(Z, U, 0.3, place, training, masks), 1e-4, 1e-5)


# ------------------------------------------------------------------------------------ bad arguments


def test_wrong_shapes_and_types_are_refused(page):
    (X,) = normals(0, (2, 3, 4))
    integers, refused = np.ones((2, 3), np.int32), (TypeError, ValueError)
    for function, args in (
        ("zoneout", (X, X, 0.1, True)),
        ("zoneout", (X[0], X[0, :2], 0.1, True)),
        ("zoneout", (integers, integers, 0.1, True)),
    ):
        with pytest.raises(refused, match=r"expected .*received"):
            page.call(function, *args)

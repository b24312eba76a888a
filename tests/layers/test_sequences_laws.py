"""The laws of masks on sequences: attention, the block, embeddings.

Definitions come from the executed notebook that a test's name states. NumPy's tab is held to the
same laws as the four frameworks, and its hand-written gradients are their oracle.
"""

import itertools
import math

import numpy as np
import pytest
from backends import definitions, draw_masks, each, normals
from hypothesis import given
from sequence_examples import near, rates, seeds, some

PAGE = "sequences"
pytestmark = each(PAGE)


def run_block(page, weights, X, masks, training, **rates):
    """The output of the page's block with the weights (inputs, outputs) by name."""
    width, hidden = weights["up"].shape
    code, X = page.code, page.tensor(X)
    masks = masks and {k: page.tensor(v) for k, v in masks.items()}
    if page.framework == "numpy":
        block = code.TransformerBlock(width, hidden, **rates, rng=page.rng)
        block.weights, block.training = weights, training
        return block(X, masks)
    if page.framework == "jax":
        block = code.TransformerBlock(width, hidden, **rates, training=training)
        key = code.d2l.get_key()
        params = block.init({"params": key, "dropout": key}, X)["params"]
        for part, W in weights.items():
            params[part]["kernel"] = page.tensor(W)
        rngs = {"dropout": code.d2l.get_key()} if training else {}
        return page.numpy(block.apply({"params": params}, X, masks, rngs=rngs))
    block = code.TransformerBlock(width, hidden, **rates)
    if page.framework == "pytorch":
        block.train(training)
        for part, W in weights.items():
            getattr(block, part).weight.data = page.tensor(W.T.copy())
            getattr(block, part).bias.data.zero_()
        return page.numpy(block(X, masks))
    if page.framework == "tensorflow":
        block(X)
        for part, W in weights.items():
            getattr(block, part).kernel.assign(W)
        return page.numpy(block(X, masks=masks, training=training))
    autograd = code.autograd
    block.initialize()
    block(X)
    for part, W in weights.items():
        getattr(block, part).weight.set_data(page.tensor(W.T.copy()))
    with autograd.train_mode() if training else autograd.predict_mode():
        return page.numpy(block(X, masks))


# -------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_masks_are_zeros_and_ones_in_the_stated_share(page, p):
    mask = page.call("keep_mask", (100, 200), p, np.zeros(1, np.float32))
    assert mask.shape == (100, 200)
    assert mask.dtype == np.float32
    assert set(np.unique(mask)) <= {0.0, 1.0}
    assert abs(mask.mean() - (1 - p)) <= 6 * math.sqrt(p * (1 - p) / mask.size)
    for axis in (0, 1):  # no row and no column goes together
        assert mask.mean(axis=axis).std() <= 0.1 * (0 < p < 1)


def test_drop_applies_a_mask_of_any_shape_that_broadcasts(page):
    @some
    @given(rates, seeds)
    def law(p, seed):
        (X,) = normals(seed, (3, 4, 5))
        for shape in ((3, 4, 5), (3, 4, 1), (1, 1, 5), (4, 5)):
            (mask,) = draw_masks(seed + 1, 0.5, shape)
            out = page.call("drop", X, p, mask)
            near(out, np.broadcast_to(mask, X.shape) * X / (1 - p))

    law()


def test_gradient_of_drop_passes_the_same_mask(page):
    X, dY = normals(0, (3, 4), (3, 4))
    (mask,) = draw_masks(1, 0.4, (3, 4))
    by_hand = definitions("numpy", PAGE).drop_backward(dY, 0.4, mask)
    near(by_hand, dY * mask / 0.6)
    if page.framework != "numpy":
        m = page.tensor(mask)
        (gradient,) = page.gradients(lambda X: page.code.drop(X, 0.4, m), [X], dY)
        near(gradient, by_hand)


# ---------------------------------------------------------------------------------------- attention


def softmax_attention(Q, K, V, p, mask):
    """The definition, in float64 and with loops."""
    Y = np.zeros((*Q.shape[:2], V.shape[2]))
    for b, i in np.ndindex(*Q.shape[:2]):
        a = np.exp([Q[b, i] @ k / math.sqrt(Q.shape[2]) for k in K[b].astype(float)])
        Y[b, i] = sum(
            m / (1 - p) * w * v for m, w, v in zip(mask[b, i], a / a.sum(), V[b], strict=True)
        )
    return Y


def test_attention_is_the_definition_with_its_weights_masked(page):
    @some
    @given(rates, seeds)
    def law(p, seed):
        Q, K, V = normals(seed, (2, 3, 4), (2, 5, 4), (2, 5, 6))
        (mask,) = draw_masks(seed, 0.5, (2, 3, 5))
        near(page.call("attention", Q, K, V, p, mask), softmax_attention(Q, K, V, p, mask), 1e-4)
        ones = np.ones_like(mask)
        near(page.call("attention", Q, K, V), softmax_attention(Q, K, V, 0, ones), 1e-4)
        near(page.call("attention_weights", Q, K, draws=False).sum(axis=2), 1)

    law()


def test_gradients_of_attention_are_those_by_hand(page):
    Q, K, V, dY = normals(3, (2, 3, 4), (2, 5, 4), (2, 5, 6), (2, 3, 6))
    (mask,) = draw_masks(4, 0.3, (2, 3, 5))
    by_hand = definitions("numpy", PAGE).attention_backward(dY, Q, K, V, 0.3, mask)
    if page.framework == "numpy":
        inputs = [X.astype(float) for X in (Q, K, V)]
        by_hand = definitions("numpy", PAGE).attention_backward(
            dY.astype(float), *inputs, 0.3, mask
        )
        for place, gradient in enumerate(by_hand):

            def of_one(X, place=place):
                given = [*inputs[:place], X, *inputs[place + 1 :]]
                return softmax_attention(*given, 0.3, mask)

            near(gradient, definitions("numpy", PAGE).slope(of_one, inputs[place], dY), 1e-6)
    else:
        m = page.tensor(mask)
        gradients = page.gradients(
            lambda Q, K, V: page.code.attention(Q, K, V, 0.3, m), [Q, K, V], dY
        )
        for gradient, expected in zip(gradients, by_hand, strict=True):
            near(gradient, expected, 1e-4)


def test_rows_sum_to_one_on_average_with_the_stated_variance(page):
    A = np.array([0.4, 0.3, 0.2, 0.1], np.float32)
    n, p = 40_000, 0.2
    sums = page.call("drop", np.tile(A, (n, 1)), p).sum(axis=1, dtype=float)
    variance = p / (1 - p) * (A**2).sum()
    assert abs(sums.mean() - 1) < 6 * math.sqrt(variance / n)
    assert abs(sums.var() / variance - 1) < 0.05


def test_each_example_query_and_key_has_its_own_draw(page):
    Q = np.zeros((20, 10, 4), np.float32)
    V = np.tile(np.eye(10, dtype=np.float32), (20, 1, 1))
    dropped = page.call("attention", Q, Q, V, 0.5) == 0  # V passes the weights themselves on
    assert abs(dropped.mean() - 0.5) < 6 * math.sqrt(0.25 / dropped.size)
    for axes in ((0, 1), (0, 2), (1, 2)):
        assert dropped.mean(axis=axes).std() < 0.1
    for a, b in ((dropped[0], dropped[1]), (dropped[:, 0], dropped[:, 1])):
        assert 0.2 < (a == b).mean() < 0.8


def test_renormalised_rows_sum_to_one_or_are_lost(page):
    (A,) = normals(1, (6, 4))
    A = abs(A) * np.array([[1, 1, 1, 1], [1, 0, 1, 0], [0] * 4, [0, 0, 1, 0], [1] * 4, [0] * 4])
    out = page.call("renormalise", A.astype(np.float32), draws=False)
    near(out.sum(axis=1), A.any(axis=1).astype(float))
    near(out * A.sum(axis=1, keepdims=True), A)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_every_mask_is_listed_with_its_probability(page, p):
    masks, chances = (page.numpy(x) for x in page.code.every_mask(3, p))
    assert {tuple(m) for m in masks} == set(itertools.product((0.0, 1.0), repeat=3))
    near(chances, [np.prod(np.where(m > 0, 1 - p, p)) for m in masks])
    near(chances @ masks, np.full(3, 1 - p))


# ---------------------------------------------------------------------------------------- the block

WIDTH, HIDDEN = 6, 10
SHAPES = {part: (WIDTH, WIDTH) for part in ("query", "key", "value", "project")}
SHAPES |= {"up": (WIDTH, HIDDEN), "down": (HIDDEN, WIDTH)}
MASKS = {"attention": (2, 4, 4), "residual_1": (2, 4, WIDTH)}
MASKS |= {"hidden": (2, 4, HIDDEN), "residual_2": (2, 4, WIDTH)}


def normalised(X):
    return (X - X.mean(-1, keepdims=True)) / np.sqrt(X.var(-1, keepdims=True) + 1e-5)


def block_by_hand(W, X, masks, attention, residual, feed_forward):
    """Attention, linear layer, R, sum, norm; linear layer, ReLU, F, linear layer, R, sum, norm."""
    Y = softmax_attention(X @ W["query"], X @ W["key"], X @ W["value"], attention,
                          masks["attention"])  # fmt: skip
    X = normalised(X + Y @ W["project"] * masks["residual_1"] / (1 - residual))
    Y = np.maximum(X @ W["up"], 0) * masks["hidden"] / (1 - feed_forward)
    return normalised(X + Y @ W["down"] * masks["residual_2"] / (1 - residual))


def test_block_drops_in_its_four_places_and_nowhere_else(page):
    weights = dict(zip(SHAPES, normals(5, *SHAPES.values()), strict=True))
    weights = {part: W / 2 for part, W in weights.items()}
    (X,) = normals(6, (2, 4, WIDTH))
    masks = dict(zip(MASKS, draw_masks(7, 0.4, *MASKS.values()), strict=True))
    ones = {place: np.ones_like(mask) for place, mask in masks.items()}
    rates = {"attention": 0.1, "residual": 0.2, "feed_forward": 0.3}
    out = run_block(page, weights, X, masks, True, **rates)
    near(out, block_by_hand(weights, X, masks, **rates), 1e-4, 1e-5)
    off = dict.fromkeys(rates, 0.0)
    plain = block_by_hand(weights, X, ones, **off)
    near(run_block(page, weights, X, None, False, **rates), plain, 1e-4, 1e-5)
    near(run_block(page, weights, X, masks, False, **rates), plain, 1e-4, 1e-5)
    near(run_block(page, weights, X, None, True, **off), plain, 1e-4, 1e-5)


@pytest.mark.parametrize("place", ["attention", "residual", "feed_forward"])
def test_each_place_alone_makes_the_output_vary(page, place):
    weights = dict(zip(SHAPES, normals(5, *SHAPES.values()), strict=True))
    X = np.tile(normals(6, (1, 4, WIDTH))[0], (2, 1, 1))
    out = run_block(page, weights, X, None, True, **{place: 0.5})
    assert (out[0] != out[1]).any()


# --------------------------------------------------------------------------------------- embeddings

TOKENS = np.array([[0, 1, 0, 2, 0], [3, 3, 1, 2, 1]], np.int32)


def tokens_for(page):
    return TOKENS.astype(np.int64) if page.framework == "pytorch" else TOKENS


def test_a_word_type_goes_everywhere_and_a_position_alone(page):
    (E,) = normals(0, (5, 3))
    E, tokens = E + 10 * np.sign(E), tokens_for(page)
    by_type, by_position = draw_masks(2, 0.5, (2, 5), (2, 5))
    out = page.call("drop_embedding", tokens, E, 0.2, "type", by_type)
    for b, t in np.ndindex(2, 5):
        near(out[b, t], by_type[b, TOKENS[b, t]] * E[TOKENS[b, t]] / 0.8)
    out = page.call("drop_embedding", tokens, E, 0.2, "position", by_position)
    near(out, by_position[:, :, None] * E[TOKENS] / 0.8)


@pytest.mark.parametrize("by", ["type", "position"])
def test_embeddings_keep_their_mean_and_share_draws_as_stated(page, by):
    E = np.ones((4, 3), np.float32)
    tokens = np.tile(tokens_for(page)[0], (5000, 1))
    out = page.call("drop_embedding", tokens, E, 0.3, by)
    assert abs(out.mean() - 1) < 6 * math.sqrt(0.3 / 0.7 / 5000)
    assert (out == out[:, :, :1]).all()  # all features together
    equal = (out[:, 0] == out[:, 2]).all(axis=1).mean()
    expected = 1 if by == "type" else 1 - 2 * 0.3 * 0.7
    assert abs(equal - expected) < 6 * math.sqrt(0.25 / 5000) * (by == "position") + 1e-9
    assert len(np.unique(out[:, :, 0], axis=0)) > 4  # sequences have masks of their own


@pytest.mark.parametrize("by", ["type", "position"])
def test_gradient_of_an_embedding_is_the_sum_over_its_places(page, by):
    E, dX = normals(1, (5, 3), (2, 5, 3))
    (mask,) = draw_masks(3, 0.4, (2, 5))
    by_hand = definitions("numpy", PAGE).drop_embedding_backward(dX, TOKENS, E, 0.4, by, mask)
    if page.framework == "numpy":

        def of_E(E):
            return definitions("numpy", PAGE).drop_embedding(TOKENS, E, 0.4, by, mask)

        near(by_hand, definitions("numpy", PAGE).slope(of_E, E.astype(float), dX), 1e-5)
    else:
        tokens, m = page.tensor(tokens_for(page)), page.tensor(mask)
        (gradient,) = page.gradients(
            lambda E: page.code.drop_embedding(tokens, E * 1.0, 0.4, by, m), [E], dX
        )
        near(gradient, by_hand)


# ------------------------------------------------------------------------------------ bad arguments


def test_wrong_shapes_and_types_are_refused(page):
    (X,) = normals(0, (2, 3, 4))
    integers, refused = np.ones((2, 3, 4), np.int32), (TypeError, ValueError)
    for function, args in (
        ("attention", (X[0], X[0], X[0], 0.1)),
        ("attention", (X[:0], X[:0], X[:0], 0.1)),
        ("attention", (X, X[:, :, :2], X, 0.1)),
        ("attention", (X, X, X[:, :2], 0.1)),
        ("attention", (integers, integers, integers, 0.1)),
        ("drop_embedding", (X[0], X[0], 0.1)),
        ("drop_embedding", (tokens_for(page)[0], X[0], 0.1)),
        ("drop_embedding", (tokens_for(page), X, 0.1)),
        ("drop_embedding", (tokens_for(page), X[0], 0.1, "type", np.ones((2, 9), np.float32))),
    ):
        with pytest.raises(refused, match=r"expected .*received"):
            page.call(function, *args)

"""The laws of the page on DropConnect, tested on the code in the notebook.

The definitions come from the executed notebook that a test's name states; NumPy, in double
precision, gives the answers. Masks are put in, or read off from the outputs. Where chance has a
say, it breaks a bound at most once in a thousand million runs.
"""

import numpy as np
import pytest
from backends import BACKENDS, bound, each, mlp, page_of
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = "dropconnect"
SHAPE = N, D_IN, D_OUT = 3, 5, 4  # one: JAX compiles for each
some = settings(deadline=None, max_examples=12)
rates = st.one_of(st.sampled_from([0.0, 0.5, 0.75, 1.0]), st.floats(2**-10, 1 - 2**-5, width=32))
seeds = st.integers(0, 2**31 - 1)


every, training_ones = each(PAGE), each(PAGE, BACKENDS)
each_per = pytest.mark.parametrize("per", ["example", "batch"])


def oracle(x, w, b, p, mask):
    """The definition, in float64."""
    kept = np.broadcast_to(mask, (len(x), *w.shape)) * (0 if p == 1 else 1 / (1 - p))
    return np.einsum("nj,njk,jk->nk", x.astype(float), kept, w.astype(float)) + b


def oracle_backward(g, x, w, p, mask):
    """Its derivatives, term by term."""
    kept = np.broadcast_to(mask, (len(x), *w.shape)) * (0 if p == 1 else 1 / (1 - p))
    return (
        np.einsum("njk,jk,nk->nj", kept, w, g),
        np.einsum("njk,nj,nk->jk", kept, x, g),
        g.sum(axis=0),
    )


def problem(seed, p, per):
    """Inputs, weights, biases, gradients and a mask of zeros and ones."""
    rng = np.random.default_rng(seed)
    shapes = ((N, D_IN), (D_IN, D_OUT), (D_OUT,), (N, D_OUT))
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    mask = rng.random(SHAPE if per == "example" else (D_IN, D_OUT)) >= p
    return *arrays, mask.astype(np.float32)


def dropconnect(page, x, w, b, p, mask=None, per="example"):
    return page.call("dropconnect", x, w, b, p, mask=mask, per=per)


def read_masks(page, n, d_in, d_out, p, per="example"):
    """The masks that were drawn, (N, d_in, d_out), as bits of the outputs: inputs are powers
    of two, weights ones, and outputs are sums of those that were kept."""
    x = np.tile(2.0 ** np.arange(d_in), (n, 1)).astype(np.float32)
    w, b = np.ones((d_in, d_out), np.float32), np.zeros(d_out, np.float32)
    sums = np.rint(dropconnect(page, x, w, b, p, per=per).astype(float) * (1 - p)).astype(int)
    return (sums[:, None, :] >> np.arange(d_in)[:, None]) & 1


def layer(page, num_inputs, num_outputs, p, per):
    """A function (x, training) -> output that calls a new layer, its weights and its biases."""
    sizes = (num_inputs, num_outputs)[page.framework in ("tensorflow", "jax") :]
    more = {"rng": page.rng} if page.framework == "numpy" else {}
    layer = page.code.DropConnectLinear(*sizes, p, per=per, **more)
    x = page.tensor(np.ones((1, num_inputs), np.float32))
    if page.framework == "jax":
        variables = layer.init(page.backend.d2l.get_key(), x)

        def call(x, training):
            rngs = {"dropout": page.backend.d2l.get_key()} if training else {}
            return layer.apply(variables, x, training=training, rngs=rngs)

        weights = variables["params"]["kernel"], variables["params"]["bias"]
    elif page.framework == "numpy":

        def call(x, training):
            layer.training = training
            return layer.forward(x)

        weights = layer.W, layer.b
    elif page.framework == "tensorflow":
        layer(x)
        call, weights = layer, (layer.W, layer.b)
    elif page.framework == "pytorch":

        def call(x, training):
            return layer.train(training)(x)

        weights = layer.linear.weight.T, layer.linear.bias
    else:
        layer.initialize()

        def call(x, training):
            with page.backend.mode(training):
                return layer(x)

        weights = layer.dense.weight.data().T, layer.dense.bias.data()
    return (
        lambda x, training: page.numpy(call(page.tensor(x), training=training)),
        tuple(map(page.numpy, weights)),
    )


# ------------------------------------------------------------------------------------- the function


@every
@each_per
def test_a_given_mask_gives_the_same_output_everywhere(page, per):
    @some
    @given(seeds, rates)
    def law(seed, p):
        x, w, b, _, mask = problem(seed, p, per)
        out = dropconnect(page, x, w, b, p, mask)
        assert out.shape == (N, D_OUT)
        np.testing.assert_allclose(out, oracle(x, w, b, p, mask), rtol=1e-6, atol=2e-5)

    law()
    x, w, b, _, mask = problem(1, 0.5, per)  # of the order of one: to a millionth
    x, w = x / 4, w / 4
    out = dropconnect(page, x, w, b, 0.5, mask)
    np.testing.assert_allclose(out, oracle(x, w, b, 0.5, mask), rtol=0, atol=1e-6)


@every
@each_per
@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 1.0])
def test_the_backward_pass_by_hand_is_the_derivative(page, per, p):
    x, w, _, g, mask = problem(3, p, per)
    hand = page.code.dropconnect_backward(g, x, w, p, mask)
    for by_hand, derivative in zip(hand, oracle_backward(g, x, w, p, mask), strict=True):
        np.testing.assert_allclose(by_hand, derivative, rtol=1e-5, atol=1e-6)


@training_ones
@each_per
@pytest.mark.parametrize("p", [0.25, 1.0])
def test_autograd_equals_the_gradient_by_hand(page, per, p):
    x, w, b, g, mask = problem(3, p, per)
    X, W, B, M, G = map(page.tensor, (x, w, b, mask, g))
    d2l, draws = page.backend.d2l, page.source()

    def total(X=X, W=W, B=B):
        return d2l.reduce_sum(page.code.dropconnect(X, W, B, p, **draws, mask=M) * G)

    hand = page.code.dropconnect_backward(g, x, w, p, mask)
    for name, array, by_hand in zip("XWB", (x, w, b), hand, strict=True):
        one = np.full(array.shape, 1 / array.size, np.float32)  # sums to 1
        auto = page.backend.gradient(lambda T, name=name: total(**{name: T}), array, one)
        np.testing.assert_allclose(auto, by_hand, rtol=1e-5, atol=1e-5, err_msg=name)


@every
@each_per
@pytest.mark.parametrize("p", [0.5, 0.75])
def test_a_bit_for_each_weight_and_for_each_example_or_none(page, per, p):
    page.seed(5)
    n, d_in, d_out = 60, 12, 50
    bits = read_masks(page, n, d_in, d_out, p, per)
    own = bits if per == "example" else bits[:1]
    if per == "batch":
        assert (bits == bits[:1]).all()
    assert abs((own == 0).mean() - p) < bound(own.size)
    # Two independent bits agree with this probability; shared ones always.
    agree = p**2 + (1 - p) ** 2
    for axis in (0, 1, 2) if per == "example" else (1, 2):
        half = own.shape[axis] // 2
        one, two = np.split(own.take(range(2 * half), axis), 2, axis)
        assert abs((one == two).mean() - agree) < bound(one.size), axis


@every
@each_per
def test_a_seed_repeats_its_masks_and_the_next_call_does_not(page, per):
    runs = []
    for seed in (7, 7, 8):
        page.seed(seed)
        runs.append(read_masks(page, 6, 10, 8, 0.5, per))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()
    assert (read_masks(page, 6, 10, 8, 0.5, per) != runs[2]).any()


@every
@each_per
def test_nothing_dropped_and_everything_dropped(page, per):
    x, w, b, _, _ = problem(4, 0.5, per)
    np.testing.assert_allclose(dropconnect(page, x, w, b, 0, per=per), x @ w + b, atol=1e-5)
    out = dropconnect(page, x, w, b, 1, per=per)
    np.testing.assert_array_equal(out, np.broadcast_to(b, out.shape))


@every
def test_appending_the_biases_drops_them_too(page):
    """What the paper does, by the page's own function."""
    x, w, b, _, _ = problem(6, 0.5, "example")
    mask = (np.random.default_rng(6).random((N, D_IN + 1, D_OUT)) >= 0.5).astype(np.float32)
    longer = np.append(x, np.ones((N, 1), np.float32), axis=1)
    out = dropconnect(page, longer, np.append(w, b[None], axis=0), 0 * b, 0.5, mask)
    want = oracle(x, w, 0, 0.5, mask[:, :-1]) + 2 * mask[:, -1] * b
    np.testing.assert_allclose(out, want, atol=1e-5)


@every
def test_what_has_no_meaning_is_refused(page):
    x, w, b, _, mask = problem(0, 0.5, "example")
    wrong = [
        ({"per": "row"}, "'row'"),
        ({"x": x[:, :-1]}, str((N, D_IN - 1))),
        ({"x": x[0]}, str((D_IN,))),
        ({"mask": mask[:-1]}, str((N - 1, D_IN, D_OUT))),
        ({"mask": mask[0].T.copy()}, str((D_OUT, D_IN))),
        ({"mask": mask[:, :, 0]}, str((N, D_IN))),
    ]
    for changed, received in wrong:
        arguments = {"x": x, "w": w, "b": b, "p": 0.5} | changed
        with pytest.raises(ValueError, match=r"(?s)expected.*received") as caught:
            dropconnect(page, **arguments)
        assert received in str(caught.value), changed


@every
@each_per
def test_the_rows_of_an_example_share_its_mask(page, per):
    """More axes: what comes between the example and the inputs."""
    x, w, b, _, mask = problem(2, 0.25, per)
    rows = np.stack([x, 2 * x, -x], axis=1)[:, :, None]  # (n, 3, 1, d_in)
    out = dropconnect(page, rows, w, b, 0.25, mask, per)
    assert out.shape == (N, 3, 1, D_OUT)
    for place in range(3):
        expected = oracle(rows[:, place, 0], w, b, 0.25, mask)
        np.testing.assert_allclose(out[:, place, 0], expected, atol=1e-5)


@every
def test_costs(page):
    assert list(page.code.cost(2, 3, 5).values()) == [(0, 30), (6, 36), (15, 45), (30, 60)]


# ---------------------------------------------------------------------------------------- the layer


@every
@each_per
def test_the_layer_drops_in_training_only(page, per):
    page.seed(2)
    call, (w, b) = layer(page, 12, 8, 0.5, per)
    x = np.random.default_rng(0).normal(size=(6, 12)).astype(np.float32)
    np.testing.assert_allclose(call(x, False), x @ w + b, atol=1e-5)
    first, second = call(x, True), call(x, True)
    assert (first != second).any()
    assert (first != call(x, False)).any()
    alike = call(np.ones((6, 12), np.float32), True)  # equal examples
    assert np.isclose(alike, alike[:1], atol=1e-6).all() == (per == "batch")


@every
def test_a_layer_that_drops_nothing_is_linear_in_training(page):
    call, (w, b) = layer(page, 12, 8, 0, "example")
    x = np.random.default_rng(0).normal(size=(6, 12)).astype(np.float32)
    np.testing.assert_allclose(call(x, True), x @ w + b, atol=1e-5)


def test_the_layer_of_numpy_goes_back_as_it_went_forth():
    page = page_of("numpy", PAGE)
    x, _, _, g, _ = problem(0, 0.5, "example")
    for training in (True, False):
        layer = page.code.DropConnectLinear(D_IN, D_OUT, 0.5, page.rng)
        layer.training = training
        layer.forward(x)
        p = 0.5 if training else 0
        for got, want in zip(
            layer.backward(g), oracle_backward(g, x, layer.W, p, layer.mask), strict=True
        ):
            np.testing.assert_allclose(got, want, atol=1e-5)


# ---------------------------------------------------------------------------------------- the model


def pictures(number, seed=0):
    """Examples of the size that the model asks for."""
    rng = np.random.default_rng(seed)
    x = rng.random((number, 28, 28)).astype(np.float32)
    return x, rng.integers(0, 10, number).astype(np.int32)


def fit(page, seed=3, **options):
    page.seed(seed)
    model = page.model("NoisyMLP", num_hiddens_1=24, num_hiddens_2=12, **options)
    return page.backend.fit(model, page.backend.data(pictures(16), pictures(8, seed=1)))


def layers(page, trainer):
    """Weights and biases in the order of the network; JAX sorts them by name."""
    weights = page.backend.weights(trainer)
    return [weights[i] for i in (0, 1, 4, 5, 2, 3)] if page.framework == "jax" else weights


NOISE = ({"dropout": 0.5}, {"dropconnect": 0.5}, {"dropconnect": 0.5, "per": "batch"})


@training_ones
@pytest.mark.parametrize("noise", NOISE, ids=["dropout", "example", "batch"])
def test_the_model_evaluates_with_all_weights_and_trains_with_some(page, noise):
    trainer, x = fit(page, **noise), pictures(8, seed=1)[0]
    once = page.backend.predict(trainer, x)
    weights = layers(page, trainer)
    assert [w.shape for w in weights] == [(784, 24), (24,), (24, 12), (12,), (12, 10), (10,)]
    np.testing.assert_allclose(once, mlp(weights, x), atol=1e-5)
    trained, again = (page.backend.predict(trainer, x, training=True) for _ in range(2))
    assert (trained != again).any()

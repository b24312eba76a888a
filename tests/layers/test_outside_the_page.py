"""What a reader copies from a page works outside of it: elsewhere, smaller, larger, and compiled.

Every layer, function and model of ``catalogue.py`` is run in its framework. Nothing is cast or
reshaped here that a user would not cast or reshape.
"""

import contextlib
import functools

import numpy as np
import pytest
from backends import page_of
from catalogue import EVERYTHING, FUNCTIONS, LAYERS, MODELS, Copied

NETWORKS = (*LAYERS, *MODELS)


def for_all(things, *frameworks, case="", modes=False):
    """A mark that runs a test for each of them, in its frameworks that are among those given; with
    ``modes``, once in training and, unless it is a function, once in evaluation."""
    both = {"-training": (True,), "-evaluation": (False,)} if modes else {"": ()}
    rows = [
        pytest.param(name, one, *mode, id=f"{name}-{one.page}-{one.name}{end}")
        for one in things
        if case not in one.without
        for name in one.frameworks
        if name in (frameworks or one.frameworks)
        for end, mode in both.items()
        if mode != (False,) or one.kind != "function"
    ]
    names = ("framework", "copied", *(["training"] if modes else []))
    return pytest.mark.parametrize(names, rows, indirect=["framework"])


@pytest.fixture
def page(framework, copied):
    page = page_of(framework, copied.page)
    page.seed(0)
    return page


def made(page, copied: Copied, p=0.5):
    """The page's function or layer, ready for use."""
    thing = copied.make(page, p)
    if page.framework == "mxnet" and copied.kind == "layer":
        thing.initialize()
    return thing


def run(page, thing, *X, training=True):
    return page.backend.run(thing, *X, training=training)


def tensors(page, copied, **options):
    return [page.backend.tensor(x) for x in copied.inputs(page, **options)]


def dtype_of(tensor) -> str:
    """The name of a tensor's type: float16."""
    dtype = tensor.dtype
    return getattr(dtype, "name", None) or getattr(dtype, "__name__", str(dtype).split(".")[-1])


# ------------------------------------------------------------------------------ elsewhere


@for_all(EVERYTHING, "pytorch", case="elsewhere", modes=True)
def test_on_another_device(page, copied, training):
    """A tensor on ``meta`` has a shape and no numbers; one on the processor can't be mixed in."""
    thing, X = made(page, copied), tensors(page, copied)
    if copied.kind != "function":
        run(page, thing, *X, training=training)  # a lazy layer moved to "meta" learns no shape
        thing.to("meta")
    out = run(page, thing, *(x.to("meta") for x in X), training=training)
    assert out.device.type == "meta"
    assert len(out) == 4


@for_all(EVERYTHING, "mxnet", modes=True)
def test_in_another_context(page, copied, training):
    thing, X = made(page, copied), tensors(page, copied)
    context = page.code.d2l.mxnet.cpu(1)
    if copied.kind != "function":
        run(page, thing, *X, training=training)  # parameters have no context before
        thing.collect_params().reset_ctx(context)
    out = run(page, thing, *(x.as_in_ctx(context) for x in X), training=training)
    out.wait_to_read()
    assert out.ctx == context


@for_all(EVERYTHING, "jax", case="jit", modes=True)
def test_without_numbers(page, copied, training):
    """``jax.eval_shape`` knows shapes only: code that looks at a number fails."""
    thing, X = made(page, copied), tensors(page, copied)
    call = functools.partial(run, page, thing, training=training)
    out = page.code.jax.eval_shape(call, *X)
    assert (len(out.shape) > 0, dtype_of(out)) == (True, "float32")


# ------------------------------------------------------------------------------ types


@contextlib.contextmanager
def keras_policy(page, dtype):
    """In Keras, layers that are made here compute in that type."""
    policy = page.code.tf.keras.config if page.framework == "tensorflow" else None
    before = policy and policy.dtype_policy()
    if policy:
        policy.set_dtype_policy(f"mixed_{dtype}")
    try:
        yield
    finally:
        if policy:
            policy.set_dtype_policy(before)


def in_type(page, x, dtype):
    """A tensor of that type, if it has one of floats."""
    if not np.issubdtype(x.dtype, np.floating):
        return page.backend.tensor(x)
    if page.framework == "pytorch":
        return page.backend.tensor(x).to(getattr(page.code.torch, dtype))
    if page.framework == "tensorflow":
        return page.code.tf.cast(x, dtype)
    return page.backend.tensor(x).astype(dtype)


@for_all(EVERYTHING)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_stays(page, copied, dtype):
    if dtype == "bfloat16" and page.framework in ("mxnet", "numpy"):
        pytest.skip("NumPy and MXNet's arrays have no bfloat16")
    if page.framework == "mxnet" and copied.products:
        pytest.skip("MXNet multiplies no matrices in float16 on a processor")
    with keras_policy(page, dtype):
        thing = made(page, copied)
        if page.framework == "pytorch" and copied.kind != "function":
            thing.to(getattr(page.code.torch, dtype))
        elif page.framework == "mxnet" and copied.kind != "function":
            thing.cast(dtype)
        X = [in_type(page, x, dtype) for x in copied.inputs(page)]
        for training in (True, False):
            out = run(page, thing, *X, training=training)
            assert dtype_of(out) == dtype, training


# ------------------------------------------------------------------------------ shapes


def outcomes(page, thing, X) -> list[str]:
    """In training and in evaluation: the shape of what comes out, or that X is refused."""
    found = []
    for training in (True, False):
        try:  # as an array, since MXNet fails only when someone waits for numbers
            out = page.backend.numpy(run(page, thing, *X, training=training))
            found.append(str(out.shape))
        except ValueError as error:
            found.append("refused" if "expected" in str(error) else str(error))
    return found


@for_all([*FUNCTIONS, *LAYERS])
def test_more_axes_are_taken_or_refused_in_both_modes(page, copied):
    thing, X = made(page, copied), tensors(page, copied, more=(2, 3))
    training, evaluation = outcomes(page, thing, X)
    assert training == evaluation
    assert training.startswith(("(4, ", "refused"))


@for_all([*FUNCTIONS, *LAYERS], "pytorch", "tensorflow", "jax", "numpy")
def test_an_empty_batch_is_taken_or_refused_in_both_modes(page, copied):
    """Not in MXNet: an empty array makes an operation fail that comes later."""
    thing = made(page, copied)
    if copied.kind != "function":
        run(page, thing, *tensors(page, copied), training=False)  # to learn shapes
    X = tensors(page, copied, batch=0)
    training, evaluation = outcomes(page, thing, X)
    assert training == evaluation
    assert training.startswith(("(0,", "refused"))


# ------------------------------------------------------------------------------ gradients


@for_all([*FUNCTIONS, *LAYERS, MODELS[0]], "pytorch", "tensorflow", "jax", "mxnet")
@pytest.mark.parametrize("p", [0, 1])
def test_nothing_and_everything_dropped_have_a_gradient(page, copied, p):
    if p == 1 and "p = 1" in copied.without:
        with pytest.raises(ValueError, match="expected 0 <= p < 1, received 1"):
            run(page, made(page, copied, p), *tensors(page, copied))
        return
    thing = made(page, copied, p)
    first, *others = copied.inputs(page)
    arrays = [page.backend.tensor(x) for x in others]
    if copied.tokens:  # which have no gradient
        tokens, (first,) = page.backend.tensor(first), others
        call = functools.partial(run, page, thing, tokens)
    else:

        def call(X):
            return run(page, thing, X, *arrays)

    out = page.backend.numpy(call(page.backend.tensor(first)))
    gradient = page.backend.gradient(call, first, np.ones(out.shape, np.float32))
    assert gradient.shape == first.shape
    assert np.isfinite(out).all()
    assert np.isfinite(gradient).all()


# ------------------------------------------------------------------------------ compiled


@for_all(EVERYTHING, "tensorflow", case="open", modes=True)
def test_a_graph_for_any_batch(page, copied, training):
    tf, thing = page.code.tf, made(page, copied)
    arrays = copied.inputs(page)
    signature = [
        tf.TensorSpec([None, *x.shape[1:]] if place in copied.batched else x.shape, x.dtype)
        for place, x in enumerate(arrays)
    ]
    graph = tf.function(
        lambda *X: run(page, thing, *X, training=training), input_signature=signature
    )
    for batch in (3, 5):
        assert graph(*copied.inputs(page, batch=batch)).shape[0] == batch


@for_all(LAYERS, "tensorflow")
@pytest.mark.parametrize("api", ["sequential", "functional"])
def test_in_a_network_of_keras(page, copied, api):
    keras, (x,) = page.code.tf.keras, copied.inputs(page, batch=5)
    layers = [made(page, copied), keras.layers.Flatten(), keras.layers.Dense(3)]
    if api == "sequential":
        net = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    else:
        start = end = keras.Input(x.shape[1:])
        for one in layers:
            end = one(end)
        net = keras.Model(start, end)
    fit(keras, net, x)


def fit(keras, net, x):
    """Train with Keras' own loop: two batches of two and one of one."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(loss=loss, optimizer="sgd")
    history = net.fit(x, np.arange(5) % 3, batch_size=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert net.predict(x, batch_size=2, verbose=0).shape[0] == 5


@for_all(MODELS, "tensorflow")
def test_trained_by_keras(page, copied):
    keras, (x,) = page.code.tf.keras, copied.inputs(page, batch=5)
    start = keras.Input(x.shape[1:])
    fit(keras, keras.Model(start, made(page, copied)(start)), x)


@for_all(EVERYTHING, "jax", case="jit")
def test_compiled_is_the_same(page, copied):
    thing, X = made(page, copied), tensors(page, copied)
    call = functools.partial(run, page, thing)
    compiled = page.code.jax.jit(call)(*X)
    np.testing.assert_allclose(compiled, call(*X), rtol=1e-5, atol=1e-5)


@for_all(NETWORKS, "mxnet", modes=True)
def test_hybridized(page, copied, training):
    thing, X = made(page, copied), tensors(page, copied)
    thing.hybridize()
    X[0].attach_grad()
    with page.code.autograd.record(train_mode=training):
        out = thing(*X)
    out.backward()
    assert np.isfinite(page.backend.numpy(out)).all()
    assert out.shape[0] == 4

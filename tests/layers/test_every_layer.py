"""The laws of every layer that drops, whichever page defines it.

The layers come from the executed notebook that a test's name states; what is special to one of them
is tested in its page's file. Masks are never compared with stored ones: every law holds for
whatever was drawn, and chance breaks a bound at most once in a thousand million runs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from backends import ARRAYS, BACKENDS, FALSE_ALARM, NAN_OF_MXNET, Page, bound, page_of


@dataclass(frozen=True)
class Layer:
    """A layer and how it is called.

    Attributes:
        page: the page that defines it.
        name: what tests call it.
        at: (page, rate) -> a function of a tensor, that drops.
        shape: of an input.
        scale: rate -> what a unit that is kept is multiplied by; None where draws decide.
        frameworks: those that have it.
        message: what an error says of a rate ``{p}`` that is none.
    """

    page: str
    name: str
    at: Callable
    shape: Sequence[int] = (4, 6)
    scale: Callable | None = lambda p: 1 / (1 - p)
    frameworks: Sequence[str] = tuple(ARRAYS)
    message: str = ""

    def out(self, page: Page, x, p) -> np.ndarray:
        """What the layer makes of an array."""
        return page.numpy(self.at(page, p)(page.tensor(x)))


def for_all(*layers):
    """A mark that runs a test for each layer in each framework."""
    rows = [
        pytest.param(name, layer, id=f"chapters/{name}/{layer.page}.ipynb-{layer.name}")
        for layer in layers
        for name in layer.frameworks
    ]
    return pytest.mark.parametrize(("framework", "layer"), rows, indirect=["framework"])


@pytest.fixture
def page(framework, layer):
    page = page_of(framework, layer.page)
    page.seed(0)
    return page


def function(name, *more, **options):
    """A page's function of an input, a rate and more."""
    return lambda page, p: (
        lambda X: getattr(page.code, name)(X, p, *more, **options, **page.source())
    )


def layer(name, *more, **options):
    """A page's layer, made with a rate and more."""
    return lambda page, p: page.layer(name, p, *more, **options)


def drop_path(mode):
    return lambda page, p: lambda X: page.code.drop_path(X, 1 - p, mode, **page.source())


def embed(page, p):
    """``drop_embedding`` of the words 0, 1 and 2."""
    tokens = np.arange(3, dtype=np.int64 if page.framework == "pytorch" else np.int32)
    return lambda E: page.code.drop_embedding(page.tensor(tokens[None]), E, p, **page.source())


def dropconnect(page, p):
    W, b = page.tensor(np.ones((6, 2), np.float32)), page.tensor(np.zeros(2, np.float32))
    return lambda X: page.code.dropconnect(X, W, b, p, **page.source())


MAPS = (2, 3, 6, 9)
EQUAL_PIXELS = (60, 50, 2, 3)
SCRATCH = Layer(
    "dropout", "scratch", lambda page, p: page.backend.scratch(p), frameworks=BACKENDS,
    message=r"(?i)expected.*0.*1.*received.*{p}",
)  # fmt: skip
STOCK = Layer("dropout", "stock", lambda page, p: page.backend.stock(p), frameworks=BACKENDS)
SIGNAL = [
    Layer("signal", scaling, function("dropout", None, scaling), scale=scale,
          message="expected 0 <= p <= 1, received {p}")
    for scaling, scale in {
        "train": lambda p: 1 / (1 - p), "test": lambda p: 1, "none": lambda p: 1,
    }.items()
]  # fmt: skip
SPATIAL = Layer("spatial", "spatial", function("spatial_dropout"), MAPS,
                message="expected 0 <= p <= 1; received {p}")  # fmt: skip
BLOCK = Layer("dropblock", "block", function("dropblock", 3), MAPS, None, message=SPATIAL.message)
SPATIAL_LAYERS = (
    Layer("spatial", "SpatialDropout", layer("SpatialDropout"), MAPS),
    Layer("dropblock", "DropBlock", layer("DropBlock", 3), MAPS, None),
)
DEPTH = [Layer("depth", mode, drop_path(mode), (6, 2)) for mode in ("row", "batch")]
DROP = Layer("sequences", "drop", function("drop"))
ELEMENTWISE = (SCRATCH, STOCK, *SIGNAL, SPATIAL, BLOCK, *DEPTH, DROP)


# ------------------------------------------------------------------------------ rates and types

A_RATE = r"expected a rate in \[0, 1\], received {p}"
NO_RATES = (-1, -0.1, 1.1, 1.5, 2, 100, math.inf, math.nan)


@for_all(
    SCRATCH, SIGNAL[0], SPATIAL, BLOCK,
    Layer("signal", "layer", layer("DropoutLayer"), message=SIGNAL[0].message),
    Layer("depth", "drop_path", function("drop_path"),
          message="expected 0 <= survival <= 1, received {p}"),
    Layer("sequences", "attention", lambda page, p: lambda X: page.code.attention(
        X, X, X, p, **page.source()), (2, 3, 4), message=A_RATE),
    Layer("recurrent", "zoneout", lambda page, p: lambda X: page.code.zoneout(
        X, X, p, True, **page.source()), message=A_RATE),
    Layer("sequences", "embedding", embed, message=A_RATE),
    Layer("dropconnect", "dropconnect", dropconnect, message="(?s)expected.*received.*{p}"),
)  # fmt: skip
def test_no_probability_is_refused(page, layer):
    for p in NO_RATES:
        with pytest.raises(ValueError, match=layer.message.format(p=p)):
            layer.out(page, np.ones(layer.shape, np.float32), p)


@for_all(SCRATCH, *SIGNAL, SPATIAL, BLOCK, *DEPTH)
def test_half_precision_is_kept(page, layer):
    out = layer.out(page, np.full(layer.shape, 3, np.float16), 0.25)
    assert out.dtype == np.float16
    assert np.isfinite(out).all()
    if layer.scale:
        np.testing.assert_allclose(out[out != 0], 3 * layer.scale(0.25), rtol=2e-3)


@for_all(SCRATCH, STOCK, *SIGNAL)
def test_shape_and_type_are_kept(page, layer):
    for shape in ((0,), (0, 5), (3, 0), (1,), (2, 1, 3, 1)):
        for p in (0, 0.5, 1):
            out = layer.out(page, np.ones(shape, np.float32), p)
            assert (out.shape, out.dtype) == (shape, np.float32)


def signs(shape):
    """Numbers of both signs, none of them zero."""
    return np.linspace(-3, 3, math.prod(shape), dtype=np.float32).reshape(shape)


@for_all(*ELEMENTWISE)
def test_probability_zero_is_the_identity(page, layer):
    x = signs(layer.shape)
    for p in (0, 0.0) * 5:
        np.testing.assert_array_equal(layer.out(page, x, p), x)


@for_all(*ELEMENTWISE)
def test_probability_one_leaves_nothing_and_no_gradient(page, layer, request):
    if (page.framework, layer) == ("mxnet", STOCK):
        request.applymarker(pytest.mark.xfail(strict=True, reason=NAN_OF_MXNET))
    x = signs(layer.shape)
    for p in (1, 1.0) * 5:
        np.testing.assert_array_equal(layer.out(page, x, p), np.zeros_like(x))
    for p in (1, 1.0):
        if page.framework in BACKENDS:
            gradient = page.gradient(layer.at(page, p), x, np.ones_like(x))
            np.testing.assert_array_equal(gradient, np.zeros_like(x))


def evaluated(layer, *more, **options):
    return lambda page, p: page.layer(layer, p, *more, training=False, **options)


@for_all(
    Layer("dropout", "stock", lambda page, p: page.backend.stock(p, training=False),
          frameworks=BACKENDS),
    Layer("signal", "train", evaluated("DropoutLayer", scaling="train")),
    Layer("signal", "none", evaluated("DropoutLayer", scaling="none")),
    Layer("spatial", "SpatialDropout", evaluated("SpatialDropout"), MAPS),
    Layer("dropblock", "DropBlock", evaluated("DropBlock", 3), MAPS),
)  # fmt: skip
def test_evaluation_is_the_identity(page, layer):
    x = signs(layer.shape)
    for p in (0.0, 0.3, 0.5, 0.9, 1.0):
        np.testing.assert_array_equal(layer.out(page, x, p), x)


# ------------------------------------------------------------------------------ draws


@for_all(SCRATCH, STOCK, *SIGNAL, SPATIAL, DROP)
def test_every_unit_is_dropped_for_itself_at_the_rate_and_scaled(page, layer):
    """Units of maps are channels: their pixels are alike."""
    x = np.full(EQUAL_PIXELS if layer is SPATIAL else (1000, 500), 2, np.float32)
    for p in (0.01, 0.2, 0.5, 0.8, 0.99):
        out = layer.out(page, x, p)
        if layer is SPATIAL:
            assert (out == out[:, :, :1, :1]).all()
            out = out[:, :, 0, 0]
        gone, scale = out == 0, layer.scale(p)
        np.testing.assert_allclose(out[~gone], 2 * scale, rtol=1e-6)
        assert abs(gone.mean() - p) < bound(gone.size)
        assert abs(out.mean(dtype=float) - 2 * scale * (1 - p)) < bound(gone.size, 2 * scale)
        # No row and no column is dropped together.
        for axis in (0, 1):
            shares = gone.mean(axis=axis)
            slack = np.sqrt(np.log(2 * shares.size / FALSE_ALARM) / (2 * gone.shape[axis]))
            assert np.abs(shares - p).max() < slack


@for_all(SCRATCH, STOCK, *SIGNAL, *SPATIAL_LAYERS, DROP)
def test_every_call_draws_anew_and_a_seed_repeats(page, layer):
    x = np.ones((20, 30, 6, 9) if layer in SPATIAL_LAYERS else (100, 1000), np.float32)
    runs = []
    for seed in (7, 7, 8):
        page.seed(seed)
        at = layer.at(page, 0.5)
        runs.append([page.numpy(at(page.tensor(x))) for _ in range(2)])
    np.testing.assert_array_equal(runs[0], runs[1])
    for other in (runs[2][0], runs[0][1]):
        assert (runs[0][0] != other).any()
    if layer not in SPATIAL_LAYERS:
        # Independent masks agree on half of the units; equal or opposite ones on all or none.
        first, second = (out == 0 for out in runs[0])
        assert abs((first == second).mean() - 0.5) < bound(first.size)


@for_all(*SPATIAL_LAYERS, *(
    Layer(one.page, one.name, one.at, frameworks=BACKENDS)
    for one in (SCRATCH, STOCK, *SIGNAL, *DEPTH, DROP)
))  # fmt: skip
def test_gradient_goes_through_the_same_factors(page, layer):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(2, *layer.shape)).astype(np.float32)
    for p in (0.4, 0.5):
        page.seed(5)
        factors = layer.out(page, np.ones_like(x), p).astype(float)
        page.seed(5)
        np.testing.assert_allclose(layer.out(page, x, p), x * factors, rtol=1e-6)
        page.seed(5)
        gradient = page.gradient(layer.at(page, p), x, weights)
        np.testing.assert_allclose(gradient, weights * factors, rtol=1e-6)

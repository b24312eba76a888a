"""What a reader may copy from the pages: every layer, function and model that drops.

A new one is added here, and all tests of ``test_outside_the_page.py`` run on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from backends import ARRAYS, BACKENDS, Page

# Of images: channels come last in TensorFlow and JAX.
IMAGES = (4, 28, 28)


@dataclass(frozen=True)
class Copied:
    """Something that a page defines.

    Attributes:
        page: the page that defines it.
        name: what tests call it.
        make: (page, rate) -> a function of tensors or a layer, of the framework's own type.
        shapes: of its inputs.
        batched: the inputs whose first axis is the batch.
        kind: "function", "layer" or "model".
        tokens: whether the first input holds integers.
        frameworks: those that have it.
        products: whether it multiplies matrices, which MXNet can't do in half precision here.
        without: the cases that make no sense for it.
    """

    page: str
    name: str
    make: Callable
    shapes: Sequence[Sequence[int]] = ((4, 6),)
    batched: Sequence[int] = (0,)
    kind: str = "function"
    tokens: bool = False
    frameworks: Sequence[str] = tuple(ARRAYS)
    products: bool = False
    without: Sequence[str] = ()

    def inputs(self, page: Page, batch=4, more=()) -> list[np.ndarray]:
        """Arrays to call it with, of numbers between -1 and 2; ``more`` are further axes, before
        the last one."""
        rng, arrays = np.random.default_rng(0), []
        for place, shape in enumerate(self.shapes):
            first, *rest = shape
            if place in self.batched:
                first = batch
                rest = [*rest[:-1], *more, *rest[-1:]]
            array = rng.uniform(-1, 2, (first, *rest)).astype(np.float32)
            if self.tokens and place == 0:
                whole = np.int64 if page.framework == "pytorch" else np.int32
                array = rng.integers(0, 3, (first, *rest)).astype(whole)
            elif len(shape) == 3 and shape[1:] == (28, 28):
                last = page.framework in ("tensorflow", "jax")
                array = np.expand_dims(array, -1 if last else 1)
            arrays.append(array)
        return arrays


def function(name, *more, **options):
    """A page's function of inputs, a rate and more, with one key for all calls in JAX."""

    def make(page, p):
        source = page.source()
        return lambda *X: getattr(page.code, name)(*X, p, *more, **options, **source)

    return make


def layer(name, *more, before=(), **options):
    """A page's layer, made with a rate and more."""

    def make(page, p):
        source = {"rng": page.rng} if page.framework == "numpy" else {}
        return getattr(page.code, name)(*before, p, *more, **options, **source)

    return make


def model(name, rates, **options):
    """A page's model, in which all the rates named are the same."""
    return lambda page, p: page.model(name, **options, **dict.fromkeys(rates, p))


def by_survival(name, *more):
    """A page's function that is given the chance to stay."""
    return lambda page, p: function(name, *more)(page, 1 - p)


def residual(mode):
    def make(page, p):
        source = page.source()
        return lambda H: page.code.residual(H, lambda X: X * X, 1 - p, mode=mode, **source)

    return make


def dropconnect(per):
    def make(page, p):
        source = page.source()
        return lambda X, W, b: page.code.dropconnect(X, W, b, p, per=per, **source)

    return make


def dropconnect_layer(page, p):
    """Keras and Flax find the number of inputs out."""
    before = () if page.framework in ("tensorflow", "jax") else (6,)
    return layer("DropConnectLinear", before=(*before, 5))(page, p)


def zoneout(page, p):
    source = page.source()
    return lambda new, old: page.code.zoneout(new, old, p, True, **source)


def drop_embedding(page, p):
    source = page.source()
    return lambda tokens, E: page.code.drop_embedding(tokens, E, p, **source)


def joined(page, p):
    source = page.source()
    return lambda *X: page.code.join(X, page.code.draw_local(len(X), p, **source))


def block(page, p):
    rates = dict.fromkeys(("attention", "residual", "feed_forward"), p)
    source = {"rng": page.rng} if page.framework == "numpy" else {}
    return page.code.TransformerBlock(6, 10, **rates, **source)


def small_cnn(kind):
    return lambda page, p: page.model("SmallCNN", kind, p)


def gaussian(page, p):
    return page.code.GaussianDropout(p)


MAPS = ((4, 9, 8, 6),)
TWO_RATES = ("dropout_1", "dropout_2")
MLP = {"num_outputs": 3, "num_hiddens_1": 8, "num_hiddens_2": 8, "lr": 0.1}
DEEP = {"num_outputs": 3, "num_hiddens": 4, "num_blocks": 3, "lr": 0.1}


def a_model(page, name, make):
    return Copied(
        page, name, make, (IMAGES,), kind="model", products=True, frameworks=tuple(BACKENDS)
    )


FUNCTIONS = (
    Copied("dropout", "dropout_layer", function("dropout_layer"), frameworks=tuple(BACKENDS)),
    *(Copied("signal", scaling, function("dropout", None, scaling))
      for scaling in ("train", "test", "none")),
    Copied("spatial", "spatial_dropout", function("spatial_dropout"), MAPS),
    Copied("dropblock", "dropblock", function("dropblock", 3), MAPS),
    Copied("depth", "row", by_survival("drop_path", "row")),
    Copied("depth", "batch", by_survival("drop_path", "batch")),
    Copied("depth", "residual-row", residual("row")),
    Copied("depth", "residual-batch", residual("batch"), without=("elsewhere",)),  # a coin decides
    Copied("drop_path", "stock", by_survival("stock_drop_path")),
    Copied("drop_path", "join", joined, ((4, 6), (4, 6)), (0, 1)),
    Copied("sequences", "drop", function("drop")),
    Copied("sequences", "attention", function("attention"), ((4, 3, 6),) * 3, (0, 1, 2),
           products=True),
    Copied("recurrent", "zoneout", zoneout, ((4, 6), (4, 6)), (0, 1)),
    Copied("sequences", "embedding", drop_embedding, ((4, 5), (3, 6)), tokens=True),
    Copied("dropconnect", "example", dropconnect("example"), ((4, 6), (6, 5), (5,)),
           products=True),
    Copied("dropconnect", "batch", dropconnect("batch"), ((4, 6), (6, 5), (5,)), products=True),
)  # fmt: skip
LAYERS = (
    Copied("signal", "DropoutLayer", layer("DropoutLayer"), kind="layer"),
    Copied("signal", "DropoutLayer-test", layer("DropoutLayer", scaling="test"), kind="layer"),
    Copied("spatial", "SpatialDropout", layer("SpatialDropout"), MAPS, kind="layer"),
    Copied("dropblock", "DropBlock", layer("DropBlock", 3), MAPS, kind="layer"),
    Copied("sequences", "TransformerBlock", block, ((4, 3, 6),), kind="layer",
           products=True),
    Copied("dropconnect", "DropConnectLinear", dropconnect_layer, kind="layer", products=True),
    Copied("solutions_dropout", "GaussianDropout", gaussian, kind="layer",
           frameworks=("pytorch", "jax", "mxnet"), without=("p = 1",)),  # Keras has one
)  # fmt: skip
MODELS = (
    a_model("dropout", "DropoutMLPScratch", model("DropoutMLPScratch", TWO_RATES, **MLP)),
    a_model("dropout", "DropoutMLP", model("DropoutMLP", TWO_RATES, **MLP)),
    a_model("choosing", "MLP", model("MLP", ["dropout"], lr=0.1)),
    a_model("choosing", "NormMLP", model("NormMLP", ["dropout"], place="after")),
    a_model("dropconnect", "NoisyMLP", model("NoisyMLP", ["dropconnect"])),
    a_model("drop_path", "ResidualMLP", lambda page, p: page.model(
        "ResidualMLP", last=1 - p, mode="row", **DEEP)),
    a_model("recurrent", "RowReader", model(
        "RowReader", ["p"], num_hiddens=4, place="weights", every_step=True, lr=0.1)),
    a_model("many_layers", "ScalingMLP", model("ScalingMLP", ["p"], scaling="train", lr=0.1)),
    a_model("dropblock", "SmallCNN-spatial", small_cnn("spatial")),
    a_model("dropblock", "SmallCNN-block", small_cnn("block")),
    a_model("uncertainty", "DropoutMLP", model("DropoutMLP", TWO_RATES, **MLP)),
)  # fmt: skip
EVERYTHING = (*FUNCTIONS, *LAYERS, *MODELS)

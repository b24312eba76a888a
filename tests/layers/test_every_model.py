"""Laws of every page's model: whatever is dropped, runs begin alike and evaluate without it.

Else they could not be compared. The models come from the executed notebook that a test's name
states. What is special to one of them is tested in its page's file.
"""

import numpy as np
import pytest
from backends import BACKENDS, examples, page_of

FLAT = examples(16)[0]
IMAGES = np.random.default_rng(0).random((16, 1, 28, 28)).astype(np.float32)
MLP = {"num_outputs": 3, "num_hiddens_1": 16, "num_hiddens_2": 16, "lr": 0.1}
RATES = [{"dropout_1": p, "dropout_2": q} for p, q in ((0.0, 0.0), (0.5, 0.5), (0.0, 0.9))]
# Page, model, inputs, what all models are made with, and what each drops; the first drops nothing.
MODELS = [
    ("dropout", "DropoutMLPScratch", FLAT, MLP, RATES),
    ("dropout", "DropoutMLP", FLAT, MLP, RATES),
    ("choosing", "MLP", FLAT, {"lr": 0.1}, [
        {}, {"dropout": 0.5}, {"dropout": 0.9, "decay": 0.5},
    ]),
    ("dropconnect", "NoisyMLP", IMAGES, {"num_hiddens_1": 24, "num_hiddens_2": 12, "lr": 0.1}, [
        {}, {"dropout": 0.5}, {"dropconnect": 0.5}, {"dropconnect": 0.5, "per": "batch"},
    ]),
    ("drop_path", "ResidualMLP", IMAGES,
     {"num_outputs": 3, "num_hiddens": 4, "num_blocks": 3, "lr": 0.1}, [
        {"last": 1.0, "mode": "row"}, {"last": 0.5, "mode": "row"}, {"last": 0.0, "mode": "batch"},
    ]),
    ("recurrent", "RowReader", IMAGES, {"num_hiddens": 4, "every_step": True, "lr": 0.1}, [
        {"p": 0.0, "place": "weights"}, {"p": 0.5, "place": "weights"},
        {"p": 0.5, "place": "zoneout"},
    ]),
    ("many_layers", "ScalingMLP", FLAT, {"lr": 0.1}, [
        {"p": 0.0, "scaling": "train"}, {"p": 0.5, "scaling": "train"},
        {"p": 0.5, "scaling": "none"},
    ]),
    ("dropblock", "SmallCNN", IMAGES, {"lr": 0.1}, [
        {"kind": "none"}, {"kind": "standard"}, {"kind": "spatial"}, {"kind": "block"},
    ]),
]  # fmt: skip


each_model = pytest.mark.parametrize(
    ("framework", "row"),
    [
        pytest.param(name, row, id=f"chapters/{name}/{row[0]}.ipynb-{row[1]}")
        for row in MODELS
        for name in BACKENDS
    ],
    indirect=["framework"],
)


def starter(framework, row):
    """(seed, what is dropped) -> a trainer ready for training; and the inputs."""
    name, Model, X, options, _ = row
    page = page_of(framework, name)
    if X is IMAGES and page.backend.d2l.FashionMNIST.channel_axis != 1:
        X = X.reshape(16, 28, 28, 1)
    data = page.backend.data((X, np.arange(16) % 3))
    return lambda seed, drop: page.begin(data, Model, **options, **drop, seed=seed), X


@each_model
def test_initial_weights_do_not_depend_on_what_is_dropped(backend, framework, row):
    start, _ = starter(framework, row)
    plain, *others = (backend.parameters(start(3, drop)) for drop in row[-1])
    for other in others:
        for weight, same in zip(plain, other, strict=True):
            np.testing.assert_array_equal(weight, same)
    pairs = list(zip(plain, backend.parameters(start(4, row[-1][-1])), strict=True))
    assert any((one != other).any() for one, other in pairs)


@each_model
def test_a_model_drops_in_training_only(backend, framework, row):
    start, X = starter(framework, row)
    plain = None
    for place, drop in enumerate(row[-1]):
        trainer = start(3, drop)
        once = backend.predict(trainer, X)
        np.testing.assert_array_equal(once, backend.predict(trainer, X))
        draws = [backend.predict(trainer, X, training=True) for _ in range(6)]
        assert any((draw != draws[0]).any() for draw in draws) == (place > 0), drop
        plain = once if plain is None else plain
        if drop.get("place") != "zoneout":  # which evaluates to a mean
            np.testing.assert_allclose(once, plain, atol=1e-6)

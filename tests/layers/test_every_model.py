"""A law of every page's model: runs can be compared only if they begin alike, whatever is dropped.

The models come from the executed notebook that a test's name states. What is special to one of
them is tested in its page's file.
"""

import numpy as np
import pytest
from backends import BACKENDS, examples, page_of

FLAT = examples(16)[0]
IMAGES = np.random.default_rng(0).random((16, 1, 28, 28)).astype(np.float32)
MLP = {"num_outputs": 3, "num_hiddens_1": 16, "num_hiddens_2": 16, "lr": 0.1}
RATES = [{"dropout_1": p, "dropout_2": q} for p, q in ((0.0, 0.0), (0.5, 0.5), (0.0, 0.9))]
# Page, model, inputs, what all models are made with, and what each of them drops.
MODELS = [
    ("dropout", "DropoutMLPScratch", FLAT, MLP, RATES),
    ("dropout", "DropoutMLP", FLAT, MLP, RATES),
    ("choosing", "MLP", FLAT, {"lr": 0.1}, [
        {}, {"dropout": 0.5}, {"dropout": 0.9, "decay": 0.5},
    ]),
    ("dropconnect", "NoisyMLP", IMAGES, {"num_hiddens_1": 24, "num_hiddens_2": 12, "lr": 0.1}, [
        {}, {"dropout": 0.5}, {"dropconnect": 0.5}, {"dropconnect": 0.5, "per": "batch"},
    ]),
    ("depth", "ResidualMLP", IMAGES,
     {"num_outputs": 3, "num_hiddens": 4, "num_blocks": 3, "lr": 0.1}, [
        {"last": 1.0, "mode": "row"}, {"last": 0.5, "mode": "row"}, {"last": 0.0, "mode": "batch"},
    ]),
    ("sequences", "RowReader", IMAGES, {"num_hiddens": 4, "every_step": True, "lr": 0.1}, [
        {"p": 0.0, "place": "weights"}, {"p": 0.5, "place": "weights"},
        {"p": 0.5, "place": "zoneout"},
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("framework", "row"),
    [
        pytest.param(name, row, id=f"chapters/{name}/{row[0]}.ipynb-{row[1]}")
        for row in MODELS
        for name in BACKENDS
    ],
    indirect=["framework"],
)
def test_initial_weights_do_not_depend_on_what_is_dropped(framework, row):
    name, Model, X, options, drops = row
    page = page_of(framework, name)
    if X is IMAGES and page.backend.d2l.FashionMNIST.channel_axis != 1:
        X = X.reshape(16, 28, 28, 1)
    data = page.backend.data((X, np.arange(16) % 3))

    def start(seed, drop):
        trainer = page.begin(data, Model, **options, **drop, seed=seed)
        return page.backend.parameters(trainer)

    plain, *others = (start(3, drop) for drop in drops)
    for other in others:
        for weight, same in zip(plain, other, strict=True):
            np.testing.assert_array_equal(weight, same)
    pairs = list(zip(plain, start(4, drops[-1]), strict=True))
    assert any((one != other).any() for one, other in pairs)

"""The laws of the page on the signal through many layers, tested on the code in the notebook.

The stacks, the model and its evaluation come from the executed notebook that a test's name states.
NumPy, in double precision, gives the answers. The functions that the page repeats are tested in
``test_signal_laws.py``; here they are compared with the original.
"""

import ast
import json

import numpy as np
import pytest
from backends import BACKENDS, each, mlp
from backends.notebooks import ROOT

PAGE, ORIGINAL = "many_layers", "signal"

every, training_ones = each(PAGE), each(PAGE, BACKENDS)


def definitions_of(framework, page):
    """The name and the source of each function and class in a notebook."""
    path = ROOT / "chapters" / framework / f"{page}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {
        node.name: ast.get_source_segment(source, node)
        for source in ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


@every
def test_what_the_page_repeats_is_the_original(framework):
    repeated, original = (definitions_of(framework, name) for name in (PAGE, ORIGINAL))
    last = "new_rng" if framework == "numpy" else "DropoutLayer"
    for name in ("scales", "check_mask", "draw_mask", "dropout", last):
        assert repeated[name] == original[name]


@every
@pytest.mark.parametrize("relu", [False, True])
def test_evaluated_stack_is_the_product_of_its_layers(page, relu):
    page.seed(4)
    x = page.code.random_input(3, 8)
    weights = page.code.random_weights(4, 8, 1.0)
    arrays = [page.numpy(W).astype(float) for W in weights]
    for scaling, factor in (("train", 1), ("test", 0.75), ("none", 1)):
        outputs = page.code.stack_outputs(x, weights, 0.25, scaling, relu, False)
        h = page.numpy(x).astype(float)
        assert (h == h[0]).all()
        assert len(outputs) == len(weights) + 1
        for W, output in zip(arrays, outputs[1:], strict=True):
            h = factor * h @ W
            h = np.maximum(h, 0) if relu else h
            np.testing.assert_allclose(output, h, rtol=1e-4, atol=1e-5)


@every
def test_random_weights_have_their_gain(page):
    page.seed(5)
    (W,) = (page.numpy(W) for W in page.code.random_weights(1, 300, 2.0))
    assert abs(W.mean()) < 7 * np.sqrt(2 / 300) / 300
    assert (W**2).mean() * 300 == pytest.approx(2, rel=7 * np.sqrt(2) / 300)


@every
def test_linear_stack_keeps_its_mean_and_grows_as_the_formula_says(page):
    for scaling, kept in (("train", 1.0), ("none", 0.75)):
        mean, moment = page.code.mean_and_moment(
            0.25, scaling, False, 1, num_layers=2, width=100, rows=400
        )
        np.testing.assert_allclose(mean, [kept, kept**2], rtol=0.1)
        growth = 1 / 0.75 if scaling == "train" else 0.75
        np.testing.assert_allclose(moment, [growth, growth**2], rtol=0.6)


@training_ones
def test_a_factor_multiplies_the_dropped_layers_in_evaluation(page):
    X = np.random.default_rng(8).random((16, 4, 5)).astype(np.float32)
    data = page.backend.data((X, np.arange(16) % 10), batch_size=16)
    trainer = page.begin(data, "ScalingMLP", 0.5, "train", 0.0)
    weights = page.backend.weights(trainer)
    for factor in (1.0, 2.0, 0.5):  # the same as a factor of the weights behind dropped layers
        outputs = page.code.outputs_with(factor, trainer.model, page.tensor(X))
        scaled = [W * factor if place in (2, 4) else W for place, W in enumerate(weights)]
        np.testing.assert_allclose(outputs, mlp(scaled, X), atol=1e-5)

"""What was found wrong in d2l 1.0.3 with what a notebook shows: none of it is wrong here."""

import base64
import io
import json
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
from backends import BOOK, FRAMEWORKS, ROOT
from PIL import Image

SERIES = "application/vnd.d2lcompat.series+json"

FIT = """
d2l.seed_everything(0)
model = Model(**dict(num_outputs=3, num_hiddens_1=4, num_hiddens_2=4,
                     dropout_1=0.5, dropout_2=0.5, lr=0.1))
history = d2l.Trainer(max_epochs=2).fit(model, data)
"""

SETUP = """
import os, sys
sys.path.insert(0, {tests!r})
from backends import backend_of, examples
backend = backend_of({framework!r})
d2l, Model = backend.d2l, backend.page.DropoutMLP
d2l.use_svg_display()
data = backend.data(examples(160), examples(80))
"""


def run_notebook(cells, tmp_path):
    """Execute cells in a fresh kernel and return the outputs of each."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    client = NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env={**os.environ, **BOOK.kernel_environment("any")})
    return [cell.outputs for cell in notebook.cells]


def assert_same_size(output):
    """A PNG of two pixels for one of the page, shown as large as the SVG."""
    picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
    shown = output.metadata["image/png"]
    points = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', output.data["image/svg+xml"])
    for side, pixels, size in zip(("width", "height"), picture.size, points.groups(), strict=True):
        assert shown[side] == pytest.approx(pixels / 2, abs=0.5)
        assert shown[side] == pytest.approx(float(size) * 96 / 72, abs=2)


@pytest.fixture(scope="module")
def fits(framework, tmp_path_factory):
    """What a kernel shows that trains for the record, for the record again, and live; the history
    of the last fit; and what it shows for four small fits more."""
    table = FRAMEWORKS[framework]
    if not table.supported:
        pytest.skip(f"{table.label} has no build for this platform")
    live = "os.environ['D2LCOMPAT_LIVE_PLOTS'] = '1'"
    cells = [
        SETUP.format(tests=str(ROOT / "tests"), framework=framework),
        FIT,
        FIT,
        f"{live}\n{FIT}",
        "import json; print(json.dumps(history))",
        "for seed in range(4):\n"
        "    backend.fit_new(backend.data(examples(20), examples(13)), seed)",
    ]
    _, *shown, history, small = run_notebook(cells, tmp_path_factory.mktemp("kernel"))
    return SimpleNamespace(shown=shown, history=json.loads(history[0].text), small=small)


def test_many_small_fits_are_quiet(fits):
    """What is said while a notebook is executed stays in it."""
    assert fits.small == []


def test_a_fit_shows_one_figure_that_carries_its_data(fits):
    """d2l: 116 artists and 41 messages of 1.6 MB for ten epochs."""
    history = fits.history
    figures = []
    for outputs in fits.shown:  # the last live: its drafts had no PNG
        (output,) = [out for out in outputs if out.output_type != "stream"]
        assert [out for out in outputs if out.output_type == "stream"] == []
        assert output.output_type == "display_data"
        figures.append(output.data)
        assert_same_size(output)
    for figure in figures:
        assert {"image/svg+xml", "image/png", "text/plain", SERIES} == set(figure)
        (axes,) = figure[SERIES]["axes"]
        curves = {line["label"]: line for line in axes["lines"]}
        assert set(curves) == set(history)
        for name in ("val_loss", "val_acc"):
            assert curves[name]["x"] == [1, 2]
            np.testing.assert_allclose(curves[name]["y"], history[name], rtol=1e-6)
            assert f"{name} ends at {history[name][-1]:.3g}" in figure["text/plain"]
        assert axes["xlabel"] == "epoch"
    assert figures[0]["image/svg+xml"] == figures[1]["image/svg+xml"]
    assert figures[0][SERIES] == figures[1][SERIES] == figures[2][SERIES]


def test_a_figure_is_the_same_byte_for_byte_in_another_process(tmp_path):
    cells = [
        "from d2lcompat._board import ProgressBoard\n"
        "from d2lcompat._figures import use_svg_display, plot\n"
        "use_svg_display()\nboard = ProgressBoard('x')",
        "for x in range(9):\n    board.draw(x, x * x, 'square', every_n=3)",
        "plot([1, 2, 3], [[1, 4, 9], [1, 8, 27]], 'x', 'f', legend=['square', 'cube'])",
    ]
    runs = [run_notebook(cells, tmp_path)[1:] for _ in range(2)]
    assert [len(outputs) for outputs in runs[0]] == [1, 1]
    for first, second in zip(*runs, strict=True):
        assert first[0].data == second[0].data  # the PNG, too
        assert_same_size(first[0])
        assert first[0].data["image/svg+xml"].lstrip().startswith("<?xml")
    (line,) = runs[0][0][0].data[SERIES]["axes"][0]["lines"]
    assert line["x"] == [1, 4, 7]

"""The page's copy of a picture is lighter and shows the same."""

import base64
import io
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from PIL import Image

from tabbook.figures.svg import SVG, lighten, lighter_svg


def drawn(pixels, **options):
    """An SVG as Matplotlib writes it."""
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.imshow(pixels, **options)
    out = io.StringIO()
    figure.savefig(out, format="svg")
    plt.close(figure)
    return out.getvalue()


def embedded(svg):
    """The picture inside an SVG, and all that stands around it."""
    around = re.split(r'data:image/png;base64,([^"]*)', svg)
    picture = Image.open(io.BytesIO(base64.b64decode(around[1])))
    return np.asarray(picture.convert("RGBA")), around[0] + around[2]


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (np.arange(64).reshape(8, 8), {"cmap": "gray"}),
        (np.random.default_rng(0).random((40, 40, 3)), {}),  # more colours than a palette holds
    ],
)
def test_a_lighter_picture_has_the_same_pixels(pixels, options):
    svg = drawn(pixels, **options)
    lighter = lighter_svg(svg)
    assert len(lighter) < len(svg)
    before, drawing = embedded(svg)
    after, rest = embedded(lighter)
    np.testing.assert_array_equal(after, before)
    assert rest == drawing[drawing.index("<svg") :].replace(
        drawing[drawing.index("<metadata>") : drawing.index("<defs>")], ""
    )


def test_what_shines_through_stays_as_it_is():
    svg = drawn(np.arange(64).reshape(8, 8), alpha=0.5)
    np.testing.assert_array_equal(embedded(lighter_svg(svg))[0], embedded(svg)[0])


def test_only_the_pictures_of_a_notebook_change():
    svg = drawn(np.arange(64).reshape(8, 8))
    output = nbformat.v4.new_output("display_data", data={SVG: svg, "text/plain": "a figure"})
    cell = nbformat.v4.new_code_cell("draw()", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Words"), cell])
    data = lighten(notebook).cells[1].outputs[0].data
    assert data == {SVG: lighter_svg(svg), "text/plain": "a figure"}

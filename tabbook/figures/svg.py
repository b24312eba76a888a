"""Reduce the size of pictures without a visible loss.

Matplotlib embeds heat maps in an SVG as PNG with four bytes per pixel, and writes metadata into
every SVG. A page contains a picture for each framework, so the sizes add up. Only the page's copies
are reduced; the notebooks are not changed.
"""

import base64
import io
import re

from nbformat import NotebookNode
from PIL import Image

SVG = "image/svg+xml"
EMBEDDED_PNG = re.compile(r'(?<=data:image/png;base64,)[^"]*')
# Matplotlib states paths to a millionth of a point; a hundredth can't be seen
COORDINATES = re.compile(r'(?<= d=")[^"]*')
HUNDREDTHS = re.compile(r"(\.\d\d)\d+")
# What Matplotlib writes before the drawing, and no browser needs
PREAMBLE = re.compile(r"<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*|<metadata>.*?</metadata>\s*", re.DOTALL)


def lighten(notebook: NotebookNode) -> NotebookNode:
    """Replace each SVG among a notebook's outputs by a lighter one; return the notebook."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if SVG in output.get("data", {}):
                output.data[SVG] = lighter_svg(output.data[SVG])
    return notebook


def lighter_svg(svg: str) -> str:
    """Return the text of an SVG without its preamble, with paths to a hundredth of a point and
    with smaller PNGs inside it."""
    svg = COORDINATES.sub(lambda path: HUNDREDTHS.sub(r"\1", path[0]), PREAMBLE.sub("", svg))
    return EMBEDDED_PNG.sub(_lighter_png, svg)


def _lighter_png(match: re.Match[str]) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(match[0])))
    colours = picture.convert("RGB")
    if "A" in picture.mode and picture.getchannel("A").getextrema() != (255, 255):
        return match[0]  # something shows through
    # The few colours of a colour map: one byte a pixel
    palette = colours.convert("P", palette=Image.Palette.ADAPTIVE)
    exact = palette.convert("RGB").tobytes() == colours.tobytes()
    out = io.BytesIO()
    (palette if exact else colours).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()

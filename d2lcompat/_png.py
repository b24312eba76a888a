"""A figure as a small PNG, for readers who are shown no SVG.

JupyterLab shows none in a notebook that isn't trusted, and so none in a fresh clone. Readers who
can choose take the SVG.
"""

import io
from typing import Any

DPI = 96  # of a page: what a front end takes a pixel for, and the size of the SVG
SHARPNESS = 2  # pixels of the picture for one of the page


def png(figure: Any) -> tuple[bytes, dict[str, int]] | None:
    """Draw a Matplotlib figure as IPython asks for it.

    The same figure gives the same bytes on one machine.

    Returns:
        The picture, and the ``width`` and ``height`` in pixels of the page at which it is as large
        as the SVG: half of its own. None for a figure without axes and for one whose ``draft`` is
        true: another drawing of it follows.
    """
    if getattr(figure, "draft", False):
        return None
    from IPython.core.pylabtools import print_figure
    from PIL import Image

    drawn = print_figure(figure, dpi=DPI * SHARPNESS, pil_kwargs={"compress_level": 1})
    if drawn is None:
        return None
    colours = Image.open(io.BytesIO(drawn)).convert("RGB")
    # A third of the bytes, and no line in another's colour, as the default method may draw it; the
    # smaller errors of MAXCOVERAGE take half as many bytes again.
    few = colours.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue(), {
        side: round(pixels / SHARPNESS)
        for side, pixels in zip(("width", "height"), few.size, strict=True)
    }

"""A figure as a small PNG, for programs that do not show SVG.

JupyterLab does not show SVG in untrusted notebooks, for example in a new clone. Programs that
support both formats use the SVG.
"""

import io
from typing import Any

DPI = 96  # CSS pixels per inch, which gives the size of the SVG
SHARPNESS = 2  # pixels of the picture per CSS pixel


def png(figure: Any) -> tuple[bytes, dict[str, int]] | None:
    """Draw a Matplotlib figure in the form that IPython expects.

    On one machine, the same figure gives the same bytes.

    Returns:
        The picture, and its ``width`` and ``height`` in CSS pixels, which equal those of the SVG.
        None for a figure without axes, and for one whose ``draft`` is true, because it will be
        drawn again.
    """
    if getattr(figure, "draft", False):
        return None
    from IPython.core.pylabtools import print_figure
    from PIL import Image

    drawn = print_figure(figure, dpi=DPI * SHARPNESS, pil_kwargs={"compress_level": 1})
    if drawn is None:
        return None
    colours = Image.open(io.BytesIO(drawn)).convert("RGB")
    # This needs a third of the bytes. The default method may change the colour of a line;
    # MAXCOVERAGE has smaller errors but needs 50% more bytes.
    few = colours.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue(), {
        side: round(pixels / SHARPNESS)
        for side, pixels in zip(("width", "height"), few.size, strict=True)
    }

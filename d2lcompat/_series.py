"""The data of a figure as JSON, and its description.

This module is imported only for a figure, when Matplotlib is already loaded.
"""

import hashlib
import math
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryLocator
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator
from numpy.typing import ArrayLike, NDArray


def _numbers(values: ArrayLike, digits: int = 10) -> list[float | str]:
    # Ten digits are more precise than any tolerance and short enough for a readable diff.
    rounded = (float(f"{float(value):.{digits}g}") for value in np.ravel(values))
    return [value if math.isfinite(value) else str(value) for value in rounded]  # JSON has no nan


SMALL_IMAGE = 1024  # pixels


def _repeats_exactly(pixels: NDArray[Any]) -> bool:
    # Masks have few values, photographs 256 grey levels; computed values vary in the last digits.
    greys = pixels * 255.0
    return len(np.unique(pixels)) <= 16 or bool(np.allclose(greys, np.rint(greys), atol=1e-4))


def _image(image: AxesImage) -> dict[str, Any]:
    pixels = np.ascontiguousarray(np.ma.filled(image.get_array(), np.nan))
    mean, std = _numbers((pixels.mean(), pixels.std()))
    shown = {
        "shape": list(pixels.shape),
        "cmap": image.get_cmap().name,
        "range": _numbers(image.get_clim()),
        "mean": mean,
        "std": std,
    }
    if _repeats_exactly(pixels):
        return shown | {"sha256": hashlib.sha256(pixels.tobytes()).hexdigest()[:16]}
    if pixels.size <= SMALL_IMAGE:
        return shown | {"pixels": _numbers(pixels, digits=6)}
    means = [
        block.mean()
        for rows in np.array_split(pixels, 8)
        for block in np.array_split(rows, 8, axis=1)
    ]
    return shown | {"block_means": _numbers(means, digits=6)}


def _line(line: Line2D) -> dict[str, Any]:
    return {
        "label": str(line.get_label()),
        "style": " ".join(
            str(part)
            for part in (line.get_linestyle(), line.get_marker(), to_hex(line.get_color()))
            if part not in ("None", None)
        ),
        "x": _numbers(line.get_xdata()),
        "y": _numbers(line.get_ydata()),
    }


def _collection(collection: Collection) -> list[float | str]:
    if isinstance(collection, PathCollection):  # scattered points
        return _numbers(collection.get_offsets())
    paths = collection.get_paths()  # bands, error bars
    return _numbers(np.concatenate([path.vertices for path in paths]) if paths else [])


def _where_set(ax: Axes) -> dict[str, Any]:
    """The limits, ticks and texts that the author set instead of Matplotlib."""
    found: dict[str, Any] = {}
    for name, axis, automatic, limits in (
        ("x", ax.xaxis, ax.get_autoscalex_on(), ax.get_xlim()),
        ("y", ax.yaxis, ax.get_autoscaley_on(), ax.get_ylim()),
    ):
        if not automatic:
            found[f"{name}lim"] = _numbers(limits)
        locator = axis.get_major_locator()
        if isinstance(locator, FixedLocator | StrCategoryLocator) and len(locator()):
            found[f"{name}ticks"] = axis.get_major_formatter().format_ticks(
                cast("list[float]", locator())
            )
    if ax.texts:
        found["texts"] = [text.get_text() for text in ax.texts]
    return found


def series(figure: Figure) -> dict[str, Any]:
    """The data of a figure as plain JSON: for each of its axes the labels, scales, legend,
    lines, bars, points, bands and images, and the limits, ticks and texts that were set.

    An image is described by its shape, colours, mean and standard deviation. A mask or a picture
    with 256 grey levels also has a hash; other images have their pixels or, if there are many, the
    means of 8 × 8 blocks.
    """
    axes = []
    for ax in figure.axes:
        legend = ax.get_legend()
        axes.append(
            {
                "title": ax.get_title(),
                "xlabel": ax.get_xlabel(),
                "ylabel": ax.get_ylabel(),
                "xscale": ax.get_xscale(),
                "yscale": ax.get_yscale(),
                "legend": [text.get_text() for text in legend.get_texts()] if legend else [],
                "lines": [_line(line) for line in ax.lines],
                "bars": [
                    _numbers((bar.get_x(), bar.get_width(), bar.get_height()))
                    for bar in ax.patches
                    if isinstance(bar, Rectangle)
                ],
                "points": [_collection(collection) for collection in ax.collections],
                "images": [_image(image) for image in ax.images],
                **_where_set(ax),
            }
        )
    title = figure.get_suptitle()
    return {"axes": axes} | ({"title": title} if title else {})


def describe(figure: Figure) -> str:
    """The text alternative of a figure: its ``alt`` attribute if it was set, else a sentence made
    from its axes, legend and last values."""
    stated = getattr(figure, "alt", None)
    if stated:
        return str(stated)
    parts = []
    for ax in figure.axes:
        shown = f"{ax.get_ylabel() or 'Curves'} against {ax.get_xlabel() or 'index'}"
        ends = [
            f"{'the line' if str(line.get_label()).startswith('_') else line.get_label()} "
            f"ends at {float(np.ravel(line.get_ydata())[-1]):.3g}"
            for line in ax.lines
            if np.size(line.get_ydata())
        ]
        if ends:
            parts.append(f"{shown}: {', '.join(ends)}")
        elif ax.images:
            parts.append(ax.get_title() or "an image")
        elif ax.patches:
            parts.append(f"{shown}, as bars")
    return "; ".join(parts) + "." if parts else "An empty figure."

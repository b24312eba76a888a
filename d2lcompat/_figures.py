"""Figures that carry their data.

A picture alone can't be read by a screen reader, a terminal or a regression check. Once
``use_svg_display`` was called (importing a framework module calls it), every Matplotlib figure that
a notebook shows has, beside its picture, a sentence and the plotted numbers as JSON.
"""

import hashlib
import math
import sys
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from matplotlib import pyplot as plt
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

from d2lcompat._png import png
from d2lcompat._types import Tensor

SERIES = "application/vnd.d2lcompat.series+json"

Limits = Sequence[float]


def _array(values: Tensor) -> NDArray[Any]:
    # MXNet's arrays are the only ones that NumPy can't read, PyTorch's the only ones with a graph.
    if hasattr(values, "asnumpy"):
        return cast("NDArray[Any]", values.asnumpy())
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _numbers(values: ArrayLike, digits: int = 10) -> list[float | str]:
    # Ten digits: far below any tolerance, and short enough for a readable diff.
    rounded = (float(f"{float(value):.{digits}g}") for value in np.ravel(values))
    return [value if math.isfinite(value) else str(value) for value in rounded]  # JSON has no nan


SMALL_IMAGE = 1024  # pixels


def _repeats_exactly(pixels: NDArray[Any]) -> bool:
    # Masks have few values, and photographs 256 greys; what was computed moves in its last digits.
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
    """What an author set, of what Matplotlib would choose by itself."""
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
    """What a figure plots, as plain JSON: for each of its axes the labels, scales, legend,
    lines, bars, points, bands and images, and the limits, ticks and texts that were set.

    An image is its shape, colours, mean and standard deviation; and its hash if it is a mask or a
    picture of 256 greys, else its pixels, or the means of 8 × 8 blocks where these are many.
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
    """A sentence for those who do not see the figure: its ``alt`` attribute where it was set,
    else what its axes, legend and last values say."""
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


def ipython_shell() -> Any:
    """The IPython that runs this process, or None."""
    if "IPython" not in sys.modules:  # asked so, since importing it takes a while
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def use_svg_display() -> None:
    """Show figures as SVG that is the same byte for byte for the same data, together with a PNG,
    their description and data. Outside IPython there is nothing to set and this does nothing."""
    plt.rcParams["svg.hashsalt"] = "d2lcompat"  # else element ids are random at each run
    shell = ipython_shell()
    if shell is None:
        return
    from matplotlib_inline import backend_inline

    backend_inline.set_matplotlib_formats("svg", metadata={"Date": None, "Creator": None})
    shell.display_formatter.mimebundle_formatter.for_type(
        Figure, lambda figure, **_: {SERIES: series(figure), "text/plain": describe(figure)}
    )
    shell.display_formatter.formatters["image/png"].for_type(Figure, png)


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """Set the size of the figures to come, in inches (width, height)."""
    use_svg_display()
    plt.rcParams["figure.figsize"] = figsize


def set_axes(
    axes: Axes,
    xlabel: str | None,
    ylabel: str | None,
    xlim: Limits | None,
    ylim: Limits | None,
    xscale: str,
    yscale: str,
    legend: Sequence[str] | None,
) -> None:
    """Set labels, scales, limits and legend of ``axes``, with a grid."""
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    if xlim is not None:
        axes.set(xlim=xlim)
    if ylim is not None:
        axes.set(ylim=ylim)
    if legend:
        axes.legend(legend)
    axes.grid(alpha=0.3)


def _is_one_curve(values: Tensor) -> bool:
    ndim = getattr(values, "ndim", None)
    if ndim is not None:
        return bool(ndim == 1)
    return isinstance(values, list | tuple) and not hasattr(values[0], "__len__")


def plot(
    X: Tensor,
    Y: Tensor | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    legend: Sequence[str] = [],
    xlim: Limits | None = None,
    ylim: Limits | None = None,
    xscale: str = "linear",
    yscale: str = "linear",
    fmts: Sequence[str] = ("-", "m--", "g-.", "r:"),
    figsize: tuple[float, float] = (3.5, 2.5),
    axes: Axes | None = None,
) -> None:
    """Plot one or more curves: ``Y`` against ``X``, or ``X`` against its index.

    ``X`` and ``Y`` are one curve (a list, or an array with one axis) or a list of curves. More
    curves than ``fmts`` start over with the first format; none is left out.

    Raises:
        ValueError: nothing to plot, or neither one ``X`` for all curves nor one for each.
    """
    if len(X) == 0:
        raise ValueError("plot() expected at least one value in X; received none.")
    curves = [X] if _is_one_curve(X) else list(X)
    if Y is None:
        pairs = [(np.arange(len(curve)), curve) for curve in curves]
    else:
        ordinates = [Y] if _is_one_curve(Y) else list(Y)
        if len(curves) not in (1, len(ordinates)):
            raise ValueError(
                f"plot() expected one X for all curves or one for each of the {len(ordinates)} "
                f"in Y; received {len(curves)}."
            )
        pairs = list(zip(curves * (len(ordinates) // len(curves)), ordinates, strict=True))
    set_figsize(figsize)
    axes = axes if axes is not None else plt.gca()
    axes.cla()
    for index, (x, y) in enumerate(pairs):
        axes.plot(_array(x), _array(y), fmts[index % len(fmts)])
    set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


def show_images(
    imgs: Tensor,
    num_rows: int,
    num_cols: int,
    titles: Sequence[str] | None = None,
    scale: float = 1.5,
) -> NDArray[np.object_]:
    """Show the first ``num_rows`` × ``num_cols`` images in a grid and return its axes, row by row.

    Args:
        imgs: images of shape (height, width) or (height, width, 3); anything NumPy can read.
        titles: a title for each image shown.
        scale: width and height of one image in inches.

    Raises:
        ValueError: fewer titles than images shown.
    """
    shown = min(len(imgs), num_rows * num_cols)
    if titles and len(titles) < shown:
        raise ValueError(
            f"show_images() expected a title for each of the {shown} images; "
            f"received {len(titles)}."
        )
    figure, grid = plt.subplots(
        num_rows, num_cols, figsize=(num_cols * scale, num_rows * scale), squeeze=False
    )
    axes = grid.flatten()
    for ax in axes:
        ax.axis("off")
    for index in range(shown):
        axes[index].imshow(_array(imgs[index]), cmap="gray_r")
        if titles:
            axes[index].set_title(titles[index], fontsize=8)
    names = f": {', '.join(str(title) for title in titles[:shown])}" if titles else ""
    figure.alt = f"{shown} of {len(imgs)} images{names}."  # type: ignore[attr-defined]
    return axes

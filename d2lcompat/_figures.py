"""Figures that contain their data.

Screen readers, terminals and regression tests cannot read a picture. After a call of
``use_svg_display``, which the import of a framework module makes, every Matplotlib figure in a
notebook also has a description and the plotted numbers as JSON.

Matplotlib takes a third of a second to load, so it is imported at the first plot.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from d2lcompat._png import png
from d2lcompat._types import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SERIES = "application/vnd.d2lcompat.series+json"

Limits = Sequence[float]


def _array(values: Tensor) -> NDArray[Any]:
    # NumPy cannot read MXNet arrays, and PyTorch tensors must be detached first.
    if hasattr(values, "asnumpy"):
        return cast("NDArray[Any]", values.asnumpy())
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def ipython_shell() -> Any:
    """The IPython shell of this process, or None."""
    if "IPython" not in sys.modules:  # importing it would be slow
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def use_svg_display() -> None:
    """Show figures as SVG, with a PNG, a description and their data. The same data give the same
    bytes of SVG. Outside IPython this does nothing."""
    shell = ipython_shell()
    if "matplotlib.figure" not in sys.modules:
        if shell is not None:  # the rest is set when the first figure is shown
            shell.display_formatter.mimebundle_formatter.for_type_by_name(
                "matplotlib.figure", "Figure", _first_bundle
            )
        return
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    plt.rcParams["svg.hashsalt"] = "d2lcompat"  # otherwise element ids are random
    if shell is None:
        return
    from matplotlib_inline import backend_inline

    backend_inline.set_matplotlib_formats("svg", metadata={"Date": None, "Creator": None})
    shell.display_formatter.mimebundle_formatter.for_type(Figure, _bundle)
    shell.display_formatter.formatters["image/png"].for_type(Figure, png)


def _bundle(figure: Figure, **_: Any) -> dict[str, Any]:
    from d2lcompat import _series

    return {SERIES: _series.series(figure), "text/plain": _series.describe(figure)}


def _first_bundle(figure: Figure, **_: Any) -> dict[str, Any]:
    use_svg_display()  # before IPython asks for the picture
    return _bundle(figure)


def pyplot_when_asked(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module that provides Matplotlib's pyplot as ``plt``."""

    def __getattr__(name: str) -> Any:
        if name != "plt":
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        from matplotlib import pyplot as plt

        use_svg_display()
        vars(sys.modules[module])[name] = plt  # later accesses do not call this function
        return plt

    return __getattr__


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """Set the size of later figures, in inches (width, height)."""
    from matplotlib import pyplot as plt

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
    """Set the labels, scales, limits and legend of ``axes``, and add a grid."""
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

    ``X`` and ``Y`` are one curve (a list, or an array with one axis) or a list of curves. The
    formats ``fmts`` are reused cyclically.

    Raises:
        ValueError: ``X`` is empty, or there is neither one ``X`` for all curves nor one for each.
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
    from matplotlib import pyplot as plt

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
        imgs: arrays or tensors of shape (height, width) or (height, width, 3).
        titles: a title for each image.
        scale: width and height of one image in inches.

    Raises:
        ValueError: there are fewer titles than images.
    """
    shown = min(len(imgs), num_rows * num_cols)
    if titles and len(titles) < shown:
        raise ValueError(
            f"show_images() expected a title for each of the {shown} images; "
            f"received {len(titles)}."
        )
    from matplotlib import pyplot as plt

    use_svg_display()
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

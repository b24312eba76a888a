"""The board that plots a model's curves during training.

Matplotlib is imported at the first plot, because its import would take most of this package's time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from d2lcompat import _figures
from d2lcompat._hparams import HyperParameters
from d2lcompat._types import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


class Point(NamedTuple):
    """A value ``y`` at ``x``, the mean over ``weight`` examples."""

    x: float
    y: float
    weight: float


def _live() -> bool:
    # When outputs are stored, a notebook should contain only the final figure.
    return os.environ.get("D2LCOMPAT_LIVE_PLOTS", "1") != "0"


def _shell() -> Any:
    shell = _figures.ipython_shell()
    return shell if getattr(shell, "kernel", None) else None


class ProgressBoard(HyperParameters):
    """A board that plots points as they are added, in one figure.

    In a live notebook the figure is updated in place. With ``D2LCOMPAT_LIVE_PLOTS=0``, as when
    outputs are stored, it is shown once, at the end of the cell or of ``fit``.

    Args:
        xlabel, ylabel, xlim, ylim, xscale, yscale: as in Matplotlib.
        ls, colors: line styles and colours, which are reused cyclically for more curves.
        fig, axes: the figure and axes to plot in; by default the board creates a figure.
        figsize: width and height in inches.
        display: if False, store the points in ``data`` and show nothing.
    """

    # The largest share of the time spent on drawing. The first and the last figure are always
    # drawn, so short training runs may exceed it.
    DRAWING_SHARE = 0.02

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        ls: Sequence[str] = ["-", "--", "-.", ":"],
        colors: Sequence[str] = ["C0", "C1", "C2", "C3"],
        fig: Figure | None = None,
        axes: Axes | None = None,
        figsize: tuple[float, float] = (3.5, 2.5),
        display: bool = True,
    ) -> None:
        self.save_hyperparameters()
        self.clear()

    def clear(self) -> None:
        """Delete all points, and the figure if the board created it."""
        self.raw_points: dict[str, list[Point]] = {}
        self.data: dict[str, list[Point]] = {}
        self._lines: dict[str, Line2D] = {}
        self._handle: Any = None
        self._pending = False
        self._begun, self._spent, self._drawings = time.perf_counter(), 0.0, 0
        self.fig, self.axes = self.hparams["fig"], self.hparams["axes"]

    def __getstate__(self) -> dict[str, Any]:
        """The state of a copy or a pickle: the points, without the figure that shows them."""
        given = {name: self.hparams[name] for name in ("fig", "axes")}
        return vars(self) | given | dict(_lines={}, _handle=None, _pending=False)

    def draw(self, x: Tensor, y: Tensor, label: str, every_n: int = 1, weight: float = 1) -> None:
        """Add a point to the curve ``label``.

        Args:
            x, y: numbers, or arrays or tensors with one element.
            every_n: draw the mean of every ``every_n`` points as one point.
            weight: the number of examples that ``y`` is the mean of, used to average points.

        Raises:
            ValueError: ``every_n`` is below 1.
        """
        if every_n < 1:
            raise ValueError(f"draw() expected every_n of at least 1; received {every_n}.")
        points = self.raw_points.setdefault(label, [])
        self.data.setdefault(label, [])
        points.append(Point(x, y, weight))  # converted later: it waits for the device
        if len(points) >= every_n:
            self._close(label)
        self._update()

    def flush(self) -> None:
        """Draw the remaining points, even if they are fewer than ``every_n``."""
        for label in self.raw_points:
            self._close(label)
        self._update()

    def _close(self, label: str) -> None:
        points = self.raw_points[label]
        if points:
            xs, ys, weights = (
                np.array([float(value) for value in column]) for column in zip(*points, strict=True)
            )
            self.data[label].append(
                Point(float(xs.mean()), float(np.average(ys, weights=weights)), weights.sum())
            )
            points.clear()

    def _update(self) -> None:
        shell = _shell()
        if not self.display or shell is None:
            return
        if not self._pending:
            self._pending = True
            # Without a trainer, the board is shown at the end of the cell.
            shell.events.register("post_execute", self._show_pending)
        now = time.perf_counter()
        one = self._spent / max(1, self._drawings)
        # Reserve time for this drawing and for the last one, which takes twice as long because it
        # also creates a PNG.
        if _live() and self._spent + 3 * one <= self.DRAWING_SHARE * (now - self._begun):
            self._display(draft=True)
            self._spent += time.perf_counter() - now
            self._drawings += 1

    def _show_pending(self) -> None:
        shell = _shell()
        if shell is not None:
            shell.events.unregister("post_execute", self._show_pending)
        if self._pending:
            self._pending = False
            for label in self.raw_points:
                self._close(label)
            self._display()

    def show(self) -> None:
        """Show the figure with all its points now, unless it already shows them."""
        if self._pending:
            self._show_pending()

    def figure(self) -> Figure:
        """The Matplotlib figure with all curves."""
        from matplotlib import pyplot as plt

        _figures.use_svg_display()
        if self.fig is None:
            self.fig = (
                self.axes.figure
                if self.axes is not None
                else plt.figure(figsize=self.figsize, layout="tight")
            )
        if self.axes is None:
            self.axes = self.fig.gca()
        axes = self.axes
        for index, (label, points) in enumerate(self.data.items()):
            if label not in self._lines:
                (self._lines[label],) = axes.plot(
                    [],
                    [],
                    linestyle=self.ls[index % len(self.ls)],
                    color=self.colors[index % len(self.colors)],
                    label=label,
                )
            self._lines[label].set_data([p.x for p in points], [p.y for p in points])
        axes.relim()
        axes.autoscale_view()
        if self.xlim:
            axes.set_xlim(self.xlim)
        if self.ylim:
            axes.set_ylim(self.ylim)
        axes.set_xlabel(self.xlabel or "")
        axes.set_ylabel(self.ylabel or "")
        axes.set_xscale(self.xscale)
        axes.set_yscale(self.yscale)
        if self._lines:
            axes.legend()
        figure: Figure = self.fig
        return figure

    def _display(self, draft: bool = False) -> None:
        from IPython.display import display
        from matplotlib import pyplot as plt

        figure = self.figure()
        figure.draft = draft  # type: ignore[attr-defined]
        if self._handle is not None:
            self._handle.update(figure)
        elif _live():
            self._handle = display(figure, display_id=True)
        else:
            display(figure)
        plt.close(figure)  # otherwise the inline backend shows it a second time

"""The board on which a model's curves are drawn while it trains.

Matplotlib is imported where it draws: most of the time that an import of this package would take.
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
    """A value ``y`` at ``x`` that stands for ``weight`` examples."""

    x: float
    y: float
    weight: float


def _live() -> bool:
    # A notebook executed for the record keeps one final figure and no trace of its making.
    return os.environ.get("D2LCOMPAT_LIVE_PLOTS", "1") != "0"


def _shell() -> Any:
    shell = _figures.ipython_shell()
    return shell if getattr(shell, "kernel", None) else None


class ProgressBoard(HyperParameters):
    """A board that plots points as they come and shows one figure for all of them.

    In a live notebook the figure updates in place; with ``D2LCOMPAT_LIVE_PLOTS=0``, as when a
    notebook is executed for the record, it is shown once, when the cell or ``fit`` ends.

    Args:
        xlabel, ylabel, xlim, ylim, xscale, yscale: as in Matplotlib.
        ls, colors: line styles and colours; further curves start over with the first.
        fig, axes: draw here instead of in a figure of its own.
        figsize: width and height in inches.
        display: False keeps the points in ``data`` and shows nothing.
    """

    # Drawing may take this share of the time at most, however slow the machine. Only the first
    # figure and the last, which are always drawn, can make it more, where training is over soon.
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
        """Forget all points, and the figure if it is the board's own."""
        self.raw_points: dict[str, list[Point]] = {}
        self.data: dict[str, list[Point]] = {}
        self._lines: dict[str, Line2D] = {}
        self._handle: Any = None
        self._pending = False
        self._begun, self._spent, self._drawings = time.perf_counter(), 0.0, 0
        self.fig, self.axes = self.hparams["fig"], self.hparams["axes"]

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle keeps: the points, and not the figure that they are shown in."""
        given = {name: self.hparams[name] for name in ("fig", "axes")}
        return vars(self) | given | dict(_lines={}, _handle=None, _pending=False)

    def draw(self, x: Tensor, y: Tensor, label: str, every_n: int = 1, weight: float = 1) -> None:
        """Add a point to the curve ``label``.

        Args:
            x, y: numbers, or arrays and tensors that hold one.
            every_n: draw one point for each ``every_n``, at their mean.
            weight: how many examples ``y`` is the mean of; the mean over points is weighted by it.

        Raises:
            ValueError: ``every_n`` is below 1.
        """
        if every_n < 1:
            raise ValueError(f"draw() expected every_n of at least 1; received {every_n}.")
        points = self.raw_points.setdefault(label, [])
        self.data.setdefault(label, [])
        points.append(Point(x, y, weight))  # not converted yet: that would wait for the device
        if len(points) >= every_n:
            self._close(label)
        self._update()

    def flush(self) -> None:
        """Draw what has not filled its ``every_n`` yet, so that no point is lost."""
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
            # A board drawn on without a trainer is shown when its cell ends.
            shell.events.register("post_execute", self._show_pending)
        now = time.perf_counter()
        one = self._spent / max(1, self._drawings)
        # There has to be enough left for this drawing and for the last, which takes twice as long:
        # it has a PNG.
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
        """Show the figure with all its points, now, unless it was shown with them already."""
        if self._pending:
            self._show_pending()

    def figure(self) -> Figure:
        """The Matplotlib figure with all that was drawn."""
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
        plt.close(figure)  # else the inline backend shows it a second time

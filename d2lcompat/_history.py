"""The history of a training run, and its representation in notebooks."""

import ast
import html
from itertools import zip_longest
from typing import Any

from d2lcompat import _figures


class History(dict[str, list[float]]):
    """The results of ``fit``: a dict from names to lists of floats, with one value per epoch.

    A notebook shows it as a table of all epochs. A cell that ends with a call of ``fit`` shows only
    the last epoch, because its figure shows all of them.
    """

    def last(self) -> str:
        """The last epoch's values, as text."""
        epochs = max(map(len, self.values()), default=0)
        numbers = ", ".join(f"{name} {values[-1]:.3f}" for name, values in self.items() if values)
        return f"epoch {epochs}: {numbers}" if numbers else "no epoch yet"

    def rows(self) -> list[list[str]]:
        """The table's rows as text: the names, then a row for each epoch."""
        epochs = zip_longest(*self.values())
        return [["epoch", *self]] + [
            [str(epoch), *("" if value is None else f"{value:.3f}" for value in values)]
            for epoch, values in enumerate(epochs, start=1)
        ]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        rows = self.rows()
        if len(rows) == 1 or _cell_calls_fit():
            printer.text(self.last())
            return
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for number, row in enumerate(rows):
            if number:
                printer.break_()
            cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            printer.text("  ".join(cells))

    def _repr_html_(self) -> str | None:
        names, *epochs = self.rows()
        if not epochs or _cell_calls_fit():
            return None
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        body = "".join(
            f"<tr>{''.join(f'<td>{cell}</td>' for cell in epoch)}</tr>\n" for epoch in epochs
        )
        return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def _cell_calls_fit() -> bool:
    """Whether the current cell ends with a call of a method ``fit``."""
    shell = _figures.ipython_shell()
    try:
        last = ast.parse(shell.user_ns["In"][-1]).body[-1] if shell else None
    except (SyntaxError, LookupError):  # a shell that keeps no cells
        return False
    call = last.value if isinstance(last, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "fit"

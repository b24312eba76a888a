"""Run a page of the book as it stands, with all its frameworks in one live notebook.

The sources in ``chapters/`` hold the code of every framework side by side, each cell marked
``%%tab <framework>``. This module lets one of them speak::

    %load_ext d2lcompat.tab
    tab.interact_select("pytorch", "jax")  # a drop-down

From then on a cell of another framework is passed over, and says so. Without a screen the choice
comes from the environment variable ``D2LCOMPAT_FRAMEWORK``.

``%%tab`` only rewrites the text of a cell before IPython runs it. A magic that ran the code inside
itself would have to pass on exceptions, line numbers and ``await``; here they stay the cell's own.
"""

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from d2lcompat._frameworks import FRAMEWORKS, framework_id

__all__ = [
    "LABELS", "VARIABLE", "SelectionError", "interact_select", "load_ipython_extension", "refuse",
    "selected", "tab_line", "transform", "unload_ipython_extension",
]  # fmt: skip

#: Names the framework where nobody can choose it from the drop-down.
VARIABLE = "D2LCOMPAT_FRAMEWORK"

#: The frameworks: their ids and the names that readers see.
LABELS: dict[str, str] = {name: entry["label"] for name, entry in FRAMEWORKS.items()}

_TAB_LINE = re.compile(r"%%tab(?![\w-])(?P<names>.*)")

# What the drop-down says; None until somebody chooses.
_chosen: str | None = None


class SelectionError(ValueError):
    """A framework was asked for that is unknown, or none is selected."""


def tab_line(source: str) -> tuple[str, ...] | None:
    """Read the ``%%tab`` line of a cell.

    Args:
        source: the text of the cell.

    Returns:
        The names on the line as they are written (perhaps none), or None where the cell's first
        line is something else.
    """
    match = _TAB_LINE.match(source.split("\n", 1)[0])
    if match is None:
        return None
    return tuple(dict.fromkeys(name for name in re.split(r"[,\s]+", match["names"]) if name))


def interact_select(*names: str | Sequence[str]) -> None:
    """Show a drop-down of frameworks, or say how to choose where there are no widgets.

    Args:
        names: the frameworks on offer, one by one or as one list.

    Raises:
        SelectionError: a name is unknown, none is given, or ``D2LCOMPAT_FRAMEWORK`` names a
            framework that is not on offer.
    """
    global _chosen
    offered = [name for item in names for name in ([item] if isinstance(item, str) else item)]
    if not offered:
        raise SelectionError("interact_select expects at least one framework and received none.")
    labels = {name: _label(name) for name in offered}
    preset = _preset()
    if preset is not None and preset not in labels:
        raise SelectionError(
            f"{VARIABLE}={preset!r} is not on offer here. Expected one of: {', '.join(labels)}."
        )
    _chosen = preset
    try:
        import ipywidgets
        from IPython.display import display
    except ImportError:
        state = f"{labels[preset]} is selected" if preset else "No framework is selected"
        print(f"{state}. To choose one of {', '.join(labels)}, run for example:")
        print(f"%env {VARIABLE}={offered[0]}")
        _chosen = None  # the variable alone decides
        return

    def choose(change: dict[str, Any]) -> None:
        global _chosen
        _chosen = change["new"]

    box = ipywidgets.Dropdown(
        options=[("choose …", None), *((label, name) for name, label in labels.items())],
        value=preset,
        description="Framework",
    )
    box.observe(choose, names="value")
    display(box)


def selected(*names: str) -> bool:
    """Whether the selected framework is one of ``names``.

    Raises:
        SelectionError: a name is unknown, or no framework is selected.
    """
    for name in names:
        _label(name)
    return _selection() in names


def _preset() -> str | None:
    """The framework that the environment names; ``torch`` will do for ``pytorch``."""
    name = os.environ.get(VARIABLE)
    return framework_id(name) if name else None


def _label(name: str) -> str:
    try:
        return LABELS[name]
    except KeyError:
        raise SelectionError(
            f"Unknown framework {name!r}. Expected one of: {', '.join(LABELS)}."
        ) from None


def _selection() -> str:
    """The selected framework: the drop-down's, else the environment's."""
    name = _chosen or _preset()
    if not name:
        raise SelectionError(
            "No framework is selected. Choose one in the drop-down of tab.interact_select(…), "
            f"or run %env {VARIABLE}=pytorch (or another), and then this cell again."
        )
    _label(name)
    return name


def refuse(message: str) -> None:
    """Raise the error of a ``%%tab`` line as the cell's own (the transformation calls this)."""
    raise SelectionError(message)


def transform(lines: list[str]) -> list[str]:
    """Rewrite a cell that begins with ``%%tab``; leave every other one alone.

    An error is written into the cell instead of being raised here: raised while IPython still
    reads the cell, it would not be a failure of the cell for every tool that runs notebooks.

    Args:
        lines: the lines of the cell, with their ends.

    Returns:
        The lines to run. The first is left empty where ``%%tab`` stood, so that line numbers in a
        traceback are those that the reader sees.
    """
    names = tab_line(lines[0].rstrip("\r\n")) if lines else None
    if names is None:
        return lines
    try:
        if names == ("all",):
            return ["\n", *lines[1:]]
        if not names:
            raise SelectionError("%%tab expects a framework, as in `%%tab pytorch`, or `all`.")
        labels = [_label(name) for name in names]
        selection = _selection()
    except SelectionError as error:
        return [f"__import__({__name__!r}, fromlist=['refuse']).refuse({str(error)!r})\n"]
    if selection in names:
        return ["\n", *lines[1:]]
    message = (
        f"Passed over: this cell is for {' and '.join(labels)}; {_label(selection)} is selected."
    )
    return [f"print({message!r})\n"]


def load_ipython_extension(ip: Any) -> None:
    """Put ``tab`` into the notebook and let ``%%tab`` mean something (``%load_ext``)."""
    ip.push({"tab": sys.modules[__name__]})
    if transform not in ip.input_transformers_cleanup:
        ip.input_transformers_cleanup.append(transform)


def unload_ipython_extension(ip: Any) -> None:
    """Take back what loading did, and forget the choice."""
    global _chosen
    _chosen = None
    if transform in ip.input_transformers_cleanup:
        ip.input_transformers_cleanup.remove(transform)
    ip.drop_by_id({"tab": sys.modules[__name__]})

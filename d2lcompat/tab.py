"""Run the source of a page in one live notebook, with one framework at a time.

The sources in ``chapters/`` contain the code of every framework, in cells that begin with
``%%tab <framework>``. This module selects one framework::

    %load_ext d2lcompat.tab
    tab.interact_select("pytorch", "jax")  # a drop-down

Cells of other frameworks are then skipped with a message. If there are no widgets, the environment
variable ``D2LCOMPAT_FRAMEWORK`` selects the framework.

``%%tab`` only rewrites the text of a cell before IPython runs it. A magic that ran the code itself
would have to handle exceptions, line numbers and ``await``; rewriting preserves them.
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

#: The environment variable that selects the framework without the drop-down list.
VARIABLE = "D2LCOMPAT_FRAMEWORK"

#: The frameworks: their ids and the names shown to readers.
LABELS: dict[str, str] = {name: entry["label"] for name, entry in FRAMEWORKS.items()}

_TAB_LINE = re.compile(r"%%tab(?![\w-])(?P<names>.*)")

# The selection in the drop-down list; None before the first choice.
_chosen: str | None = None


class SelectionError(ValueError):
    """A framework is unknown, or none is selected."""


def tab_line(source: str) -> tuple[str, ...] | None:
    """Read the ``%%tab`` line of a cell.

    Args:
        source: the text of the cell.

    Returns:
        The names on the line as they are written, which may be none; or None if the first line
        is not a ``%%tab`` line.
    """
    match = _TAB_LINE.match(source.split("\n", 1)[0])
    if match is None:
        return None
    return tuple(dict.fromkeys(name for name in re.split(r"[,\s]+", match["names"]) if name))


def interact_select(*names: str | Sequence[str]) -> None:
    """Show a drop-down list of frameworks or, without widgets, explain how to choose.

    Args:
        names: the available frameworks, as separate arguments or as one list.

    Raises:
        SelectionError: a name is unknown, none is given, or ``D2LCOMPAT_FRAMEWORK`` names a
            framework that is not available.
    """
    global _chosen
    offered = [name for item in names for name in ([item] if isinstance(item, str) else item)]
    if not offered:
        raise SelectionError("interact_select expects at least one framework and received none.")
    labels = {name: _label(name) for name in offered}
    preset = _preset()
    if preset is not None and preset not in labels:
        raise SelectionError(
            f"{VARIABLE}={preset!r} is not available here. Expected one of: {', '.join(labels)}."
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
    """The framework from the environment variable; ``torch`` is accepted for ``pytorch``."""
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
    """The selected framework: from the drop-down list, else from the environment variable."""
    name = _chosen or _preset()
    if not name:
        raise SelectionError(
            "No framework is selected. Choose one in the drop-down of tab.interact_select(…), "
            f"or run %env {VARIABLE}=pytorch (or another), and then this cell again."
        )
    _label(name)
    return name


def refuse(message: str) -> None:
    """Raise the error of a ``%%tab`` line; rewritten cells call this function."""
    raise SelectionError(message)


def transform(lines: list[str]) -> list[str]:
    """Rewrite a cell that begins with ``%%tab``; return any other cell unchanged.

    An error is not raised here but written into the cell. If it were raised while IPython reads the
    cell, some tools that run notebooks would not report it as a failure of the cell.

    Args:
        lines: the lines of the cell, with line endings.

    Returns:
        The lines to run. An empty first line replaces ``%%tab``, so that line numbers in a
        traceback are those of the cell.
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
    message = f"Skipped: this cell is for {' and '.join(labels)}; {_label(selection)} is selected."
    return [f"print({message!r})\n"]


def load_ipython_extension(ip: Any) -> None:
    """Define ``tab`` in the notebook and activate ``%%tab`` (called by ``%load_ext``)."""
    ip.push({"tab": sys.modules[__name__]})
    if transform not in ip.input_transformers_cleanup:
        ip.input_transformers_cleanup.append(transform)


def unload_ipython_extension(ip: Any) -> None:
    """Undo the effects of loading and reset the choice."""
    global _chosen
    _chosen = None
    if transform in ip.input_transformers_cleanup:
        ip.input_transformers_cleanup.remove(transform)
    ip.drop_by_id({"tab": sys.modules[__name__]})

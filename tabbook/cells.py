"""The tags, names and outputs of a notebook's cells.

This module reads the tags ``timeout=SECONDS``, ``skip-execution``, ``raises-exception`` and
``elsewhere``.
"""

import math
from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

from tabbook.text import CELL_FILE, CELL_NAME, clip, first_line

#: The tag of the first cells, which are for Colab, Kaggle and Binder.
ELSEWHERE = "elsewhere"


def tags_of(cell: NotebookNode) -> list[str]:
    """A cell's tags."""
    tags: list[str] = cell.metadata.get("tags", [])
    return tags


def stated(tags: Iterable[str], name: str) -> str:
    """The value of a tag such as ``reason=…``; empty if there is none."""
    return next((tag.partition("=")[2].strip() for tag in tags if tag.startswith(f"{name}=")), "")


def stated_number(tags: Iterable[str], name: str, default: float) -> float:
    """The number in a tag such as ``rtol=0.1``, else the default.

    Raises:
        ValueError: the tag does not hold a number of at least 0.
    """
    for tag in tags:
        if tag.startswith(f"{name}="):
            try:
                number = float(tag.partition("=")[2])
            except ValueError:
                number = math.nan
            if not number >= 0:
                raise ValueError(f"Expected a number of at least 0 in the tag {tag!r}.")
            return number
    return default


def timeout_of(tags: Iterable[str], default: float | None = None) -> float | None:
    """The time limit of a cell in seconds, from its tag ``timeout=…``; None means no limit.

    Raises:
        ValueError: the tag does not hold a number of at least 0.
    """
    seconds = stated_number(tags, "timeout", math.inf if default is None else default)
    return None if seconds == math.inf else seconds


def is_skipped(cell: NotebookNode) -> bool:
    """Whether a tag excludes the cell from execution."""
    return "skip-execution" in tags_of(cell)


def is_for_elsewhere(cell: NotebookNode) -> bool:
    """Whether `tabbook.pages.elsewhere` added the cell, so that it is not part of the page."""
    return ELSEWHERE in tags_of(cell)


def may_raise(cell: NotebookNode) -> bool:
    """Whether the cell may raise an error, according to a tag or nbval's comment."""
    return bool({"raises-exception", "nbval-raises-exception"} & {*tags_of(cell)}) or any(
        line.strip().lstrip("#").strip() == "NBVAL_RAISES_EXCEPTION"
        for line in cell.source.splitlines()
        if line.strip().startswith("#")
    )


def name_of_cell(notebook: NotebookNode, place: int) -> str:
    """The name of a cell in messages: its number, as counted by nbval, and its first line."""
    cell = notebook.cells[place]
    kind = "cell" if cell.cell_type == "code" else "text before cell"
    return f"{kind} {number_of_cell(notebook, place)} ({clip(first_line(cell.source))!r})"


def number_of_cell(notebook: NotebookNode, place: int) -> int:
    """The number of the cell at an index, as in nbval: code cells, counted from 0."""
    return sum(cell.cell_type == "code" for cell in notebook.cells[:place])


def not_executed(notebook: NotebookNode) -> list[str]:
    """Code cells without an execution count, or with another count than a complete run gives."""
    problems = []
    count = 0
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue  # front ends do not count cells without code
        if is_skipped(cell):
            if cell.execution_count is not None or cell.outputs:
                problems.append(
                    f"{name_of_cell(notebook, place)} is tagged skip-execution, but has an output "
                    "or an execution count"
                )
            continue
        count += 1
        if cell.execution_count is None:
            problems.append(f"{name_of_cell(notebook, place)} was not executed")
        elif cell.execution_count != count:
            problems.append(
                f"{name_of_cell(notebook, place)} has execution count {cell.execution_count} "
                f"instead of {count}: the cells were not executed in order"
            )
    return problems


def normalise_outputs(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Outputs without the parts that change from run to run.

    Consecutive pieces of one stream are joined, because a kernel may flush at any time. The
    temporary file names that IPython gives to cells are removed from warnings.
    """
    merged: list[NotebookNode] = []
    for output in outputs:
        output = nbformat.from_dict(output)
        if output.output_type == "stream":
            output.text = CELL_FILE.sub(CELL_NAME, output.text)
            last = merged[-1] if merged else None
            if last and last.output_type == "stream" and last.name == output.name:
                last.text += output.text
                continue
        merged.append(output)
    return merged

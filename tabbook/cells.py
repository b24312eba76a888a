"""What a notebook's cells say to those who run and check them.

Tags that count here: ``timeout=SECONDS``, ``skip-execution``, ``raises-exception`` and
``elsewhere``.
"""

import math
from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

from tabbook.text import CELL_FILE, CELL_NAME, clip, first_line

#: The tag of what a notebook begins with for those who open it on another machine.
ELSEWHERE = "elsewhere"


def tags_of(cell: NotebookNode) -> list[str]:
    """A cell's tags."""
    tags: list[str] = cell.metadata.get("tags", [])
    return tags


def stated(tags: Iterable[str], name: str) -> str:
    """What a tag such as ``reason=…`` says; empty where there is none."""
    return next((tag.partition("=")[2].strip() for tag in tags if tag.startswith(f"{name}=")), "")


def stated_number(tags: Iterable[str], name: str, default: float) -> float:
    """The number that a tag such as ``rtol=0.1`` states, else the default.

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
    """The seconds that a cell may take, by its tag ``timeout=…``; None: as many as it needs.

    Raises:
        ValueError: the tag does not hold a number of at least 0.
    """
    seconds = stated_number(tags, "timeout", math.inf if default is None else default)
    return None if seconds == math.inf else seconds


def is_skipped(cell: NotebookNode) -> bool:
    """Whether a tag says that the cell is never run."""
    return "skip-execution" in tags_of(cell)


def is_for_elsewhere(cell: NotebookNode) -> bool:
    """Whether the cell is none of the page's: `tabbook.pages.elsewhere` has put it there."""
    return ELSEWHERE in tags_of(cell)


def may_raise(cell: NotebookNode) -> bool:
    """Whether a tag, or nbval's comment, says that the cell raises."""
    return bool({"raises-exception", "nbval-raises-exception"} & {*tags_of(cell)}) or any(
        line.strip().lstrip("#").strip() == "NBVAL_RAISES_EXCEPTION"
        for line in cell.source.splitlines()
        if line.strip().startswith("#")
    )


def name_of_cell(notebook: NotebookNode, place: int) -> str:
    """What messages call a cell: its number, as nbval counts, and its first line."""
    cell = notebook.cells[place]
    kind = "cell" if cell.cell_type == "code" else "text before cell"
    return f"{kind} {number_of_cell(notebook, place)} ({clip(first_line(cell.source))!r})"


def number_of_cell(notebook: NotebookNode, place: int) -> int:
    """The number of the cell at a place, as nbval counts: code cells, from 0."""
    return sum(cell.cell_type == "code" for cell in notebook.cells[:place])


def not_executed(notebook: NotebookNode) -> list[str]:
    """Code cells that have no count, or not the one that a run from first to last gives."""
    problems = []
    count = 0
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue  # front ends do not count cells without code
        if is_skipped(cell):
            if cell.execution_count is not None or cell.outputs:
                problems.append(
                    f"{name_of_cell(notebook, place)} is tagged skip-execution, yet has an output "
                    "or a count: no run gives one"
                )
            continue
        count += 1
        if cell.execution_count is None:
            problems.append(f"{name_of_cell(notebook, place)} was not executed")
        elif cell.execution_count != count:
            problems.append(
                f"{name_of_cell(notebook, place)} ran as number {cell.execution_count} instead of "
                f"{count}: the notebook was not run from first to last"
            )
    return problems


def normalise_outputs(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Outputs without what changes from run to run.

    Consecutive pieces of one stream become one, since a kernel flushes when it likes, and the
    temporary file names that IPython gives to cells are taken out of warnings.
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

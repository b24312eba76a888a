"""Train twice as long, and list each printed verdict that changes.

    python tests/doubled_epochs.py [--framework jax] [--page dropout]

A verdict is a line with a letter that a cell with the tag ``verdict`` prints. Two lines are the
same verdict if they are equal to the letter once every decimal number, with its sign, is replaced
by ``#`` and every run of spaces by one space. So ``+0.13`` may become ``-0.02``, but ``True``,
``lower`` and ``2 of 3 seeds`` may not change.

A copy of each notebook runs with twice the ``max_epochs`` of every ``Trainer`` that has more than
one. The tag ``twice=NAME`` is for a page that computes with its number of epochs, or trains in a
loop of its own: every whole number that the cell gives to the argument or variable NAME is doubled
instead, also in the values of a dict. On such a page, no ``Trainer`` is changed. A page without any
doubled training is listed as such. A cell that draws, without a verdict, may fail, because some
figures have room for the stored number of epochs only; the table names it.

Nothing is stored. Ends with status 1 if a verdict changed or a notebook failed.
"""

import argparse
import ast
import copy
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError

from d2lcompat import _data
from tabbook import config
from tabbook.cells import is_skipped, number_of_cell, stated, tags_of
from tabbook.execution import Execution, ExecutionError
from tabbook.pages import notebooks, source

REPOSITORY = Path(__file__).parents[1]
BOOK = config.book_of(REPOSITORY)
VERDICT, TWICE = "verdict", "twice"
NUMBER = re.compile(r"[-+]?\d+\.\d+")
# Runs after the cell that imports the package. Each trainer that is made says so at the end.
DOUBLED = """
def _doubled(init, epochs=[]):
    def __init__(self, max_epochs, *args, **options):
        if max_epochs > 1:
            epochs.append(max_epochs)
            max_epochs *= 2
        init(self, max_epochs, *args, **options)
    __init__.epochs = epochs
    return __init__

d2l.Trainer.__init__ = _doubled(d2l.Trainer.__init__)
"""
EPOCHS = "print(*d2l.Trainer.__init__.epochs)"


def printed(cell: nbformat.NotebookNode) -> list[str]:
    """The lines that a cell printed."""
    outputs = (one.text for one in cell.outputs if one.output_type == "stream")
    return "".join(outputs).splitlines()


def verdicts(notebook: nbformat.NotebookNode) -> list[str]:
    """The lines with a letter that the cells with the tag printed, in the notebook's order."""
    tagged = (cell for cell in notebooks.code_cells(notebook) if VERDICT in tags_of(cell))
    lines = (line for cell in tagged for line in printed(cell))
    return [line for line in lines if any(map(str.isalpha, line))]


def without_decimals(line: str) -> str:
    """A line in which ``#`` stands for each decimal number, and one space for several."""
    return " ".join(NUMBER.sub("#", line).split())


def changed(before: list[str], after: list[str]) -> list[str]:
    """The pairs of lines that are not the same verdict, each with its sign of old or new."""
    return [
        f"    {sign} {line}"
        for old, new in zip_longest(before, after, fillvalue="")
        if without_decimals(old) != without_decimals(new)
        for sign, line in (("-", old), ("+", new))
    ]


def given_to(name: str, program: ast.AST) -> Iterator[ast.Constant]:
    """The whole numbers that a program gives to a name: as an argument, a default, or a value."""
    for node in ast.walk(program):
        pairs: list[tuple[str | None, ast.expr | None]] = []
        if isinstance(node, ast.arguments):
            names = [argument.arg for argument in [*node.posonlyargs, *node.args]]
            pairs += zip(names[len(names) - len(node.defaults) :], node.defaults, strict=True)
            pairs += zip((one.arg for one in node.kwonlyargs), node.kw_defaults, strict=True)
        elif isinstance(node, ast.keyword):
            pairs.append((node.arg, node.value))
        elif isinstance(node, ast.Assign):
            pairs += ((one.id, node.value) for one in node.targets if isinstance(one, ast.Name))
        for key, value in pairs:
            for one in value.values if isinstance(value, ast.Dict) else [value]:
                if key == name and isinstance(one, ast.Constant) and type(one.value) is int:
                    yield one


def double(cell: nbformat.NotebookNode) -> list[int]:
    """Double the numbers that the cell's tag names, and return what they were.

    Raises:
        ValueError: the cell gives no whole number to that name.
    """
    name, program = stated(tags_of(cell), TWICE), ast.parse(cell.source)
    numbers = list(given_to(name, program))
    if not numbers:
        raise ValueError(f"expected a whole number given to {name}, found none in {cell.source!r}")
    before = [int(ast.literal_eval(number)) for number in numbers]
    for number, value in zip(numbers, before, strict=True):
        number.value = 2 * value
    cell.source = ast.unparse(program)
    return before


def with_twice_the_epochs(
    notebook: nbformat.NotebookNode, framework: str, folder: Path
) -> tuple[list[int], list[str]]:
    """Run a notebook, which then has new outputs.

    Returns:
        The numbers that were doubled, and the names of the figures' cells that failed.

    Raises:
        ExecutionError: a cell failed that draws nothing or has a verdict, or the kernel died.
        ValueError: no cell imports the package as ``d2l``, or a tag names no number.
    """
    cells, failed = notebook.cells, []
    tagged = [cell for cell in notebooks.code_cells(notebook) if stated(tags_of(cell), TWICE)]
    epochs = [number for cell in tagged for number in double(cell)]
    if not tagged:
        imports = (
            place
            for place, cell in enumerate(cells)
            if cell.cell_type == "code" and " as d2l" in cell.source and not is_skipped(cell)
        )
        first = next(imports, None)
        if first is None:
            raise ValueError("expected a cell that imports the package as d2l, found none")
        cells.insert(first + 1, nbformat.v4.new_code_cell(DOUBLED))
        cells.append(nbformat.v4.new_code_cell(EPOCHS, metadata={"tags": [VERDICT]}))
    variables = BOOK.kernel_environment(framework)
    with Execution(notebook, folder, variables=variables) as execution:
        for place, cell in enumerate(cells):
            if cell.cell_type != "code":
                continue
            draws = any(one.output_type == "display_data" for one in cell.outputs)
            try:
                execution.run(place)
            except ExecutionError as error:
                raised = isinstance(error.__cause__, CellExecutionError)
                if not (raised and draws) or VERDICT in tags_of(cell):
                    raise
                failed.append(f"cell {number_of_cell(notebook, place) - (not tagged)}")
    if not tagged:
        epochs = [int(number) for number in printed(cells.pop())[0].split()]
    return epochs, failed


def row(path: Path, framework: str) -> tuple[str, bool]:
    """A line of the table, with the changes below it, and whether all is as it was."""
    stored = nbformat.read(path, as_version=4)
    before, name = verdicts(stored), f"{path.stem} | {framework}"
    if not before:
        return f"| {name} | no verdict | |", True
    doubled = copy.deepcopy(stored)
    try:
        epochs, failed = with_twice_the_epochs(doubled, framework, path.parent)
    except (ExecutionError, ValueError) as error:
        return f"| {name} | failed: {str(error).splitlines()[0]} | |", False
    if not epochs:
        return f"| {name} | nothing doubled: no Trainer with more than one epoch | |", True
    changes = changed(before, verdicts(doubled))
    trained = ", ".join(
        f"{times} × {number} → {2 * number}" for number, times in Counter(epochs).items()
    )
    said = f"{len(changes) // 2} of {len(before)} lines changed" if changes else "unchanged"
    note = f" (no figure: {', '.join(failed)})" if failed else ""
    return "\n".join([f"| {name} | {trained} | {said}{note} |", *changes]), not changes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [page.name for page in source.pages(REPOSITORY / "chapters")]
    frameworks = list(BOOK.frameworks)
    parser.add_argument("--framework", action="append", type=BOOK.framework_id, choices=frameworks)
    parser.add_argument("--page", action="append", choices=names)
    options = parser.parse_args(arguments)
    if _data.fashion_mnist().synthetic:
        sys.exit("The stored verdicts are of the real data: unset D2LCOMPAT_DATA, or name them")
    same = True
    print("| page | framework | epochs or steps, doubled | verdicts |\n|---|---|---|---|")
    for page in options.page or names:
        for framework in options.framework or frameworks:
            path = REPOSITORY / "chapters" / framework / f"{page}.ipynb"
            if path.exists():
                line, fine = row(path, framework)
                print(line, flush=True)
                same = same and fine
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

"""Train twice as long, and list each printed verdict that changes.

    python tests/doubled_epochs.py [--framework jax] [--page dropout]

A verdict is what a cell with the tag ``verdict`` prints: one sentence a line, compared to the
letter. A copy of each notebook runs with twice the ``max_epochs`` of every ``Trainer`` that has
more than one. What trains in a loop of its own, or for one epoch, stays as it is: a page where
nothing was doubled is listed as such. Nothing is stored. Ends with status 1 where a verdict
changed or a notebook failed.
"""

import argparse
import copy
import sys
from pathlib import Path

import nbformat

from d2lcompat import _data
from tabbook import config
from tabbook.cells import is_skipped, tags_of
from tabbook.execution import Execution, ExecutionError
from tabbook.pages import notebooks, source

REPOSITORY = Path(__file__).parents[1]
BOOK = config.book_of(REPOSITORY)
VERDICT = "verdict"
# Runs after the cell that imports the package. Each trainer that is made says so at the end.
DOUBLED = """
def _doubled(init, doubled=[0]):
    def __init__(self, max_epochs, *args, **options):
        if max_epochs > 1:
            doubled[0] += 1
            max_epochs *= 2
        init(self, max_epochs, *args, **options)
    __init__.doubled = doubled
    return __init__

d2l.Trainer.__init__ = _doubled(d2l.Trainer.__init__)
"""
COUNT = "print(d2l.Trainer.__init__.doubled[0])"


def printed(cell: nbformat.NotebookNode) -> list[str]:
    """The lines that a cell printed."""
    outputs = (one.text for one in cell.outputs if one.output_type == "stream")
    return "".join(outputs).splitlines()


def verdicts(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell with the tag printed, in the notebook's order."""
    tagged = (c for c in notebooks.code_cells(notebook) if VERDICT in tags_of(c))
    return [printed(cell) for cell in tagged]


def with_twice_the_epochs(stored: nbformat.NotebookNode, framework: str, folder: Path) -> int:
    """Run a notebook, which then has new outputs, and return how many trainers were doubled.

    Raises:
        ExecutionError: a cell failed.
        ValueError: no cell imports the package as ``d2l``.
    """
    cells = stored.cells
    imports = (
        place
        for place, cell in enumerate(cells)
        if cell.cell_type == "code" and " as d2l" in cell.source and not is_skipped(cell)
    )
    first = next(imports, None)
    if first is None:
        raise ValueError("expected a cell that imports the package as d2l, found none")
    cells.insert(first + 1, nbformat.v4.new_code_cell(DOUBLED))
    cells.append(nbformat.v4.new_code_cell(COUNT))
    variables = BOOK.kernel_environment(framework)
    with Execution(stored, folder, variables=variables) as execution:
        for place, cell in enumerate(cells):
            if cell.cell_type == "code":
                execution.run(place)
    return int(printed(cells[-1])[0])


def row(path: Path, framework: str) -> tuple[str, bool]:
    """A line of the table, with the changes below it, and whether all is as it was."""
    stored = nbformat.read(path, as_version=4)
    before, name = verdicts(stored), f"{path.stem} | {framework}"
    if not before:
        return f"| {name} | no verdict |", True
    doubled = copy.deepcopy(stored)
    try:
        number = with_twice_the_epochs(doubled, framework, path.parent)
    except (ExecutionError, ValueError) as error:
        return f"| {name} | failed: {str(error).splitlines()[0]} |", False
    if not number:
        return f"| {name} | nothing doubled: no Trainer with more than one epoch |", True
    sentences, changes = 0, []
    for old, new in zip(before, verdicts(doubled), strict=True):
        sentences += len(old)
        if old != new:
            changes += [f"    - {one}" for one in old if one not in new]
            changes += [f"    + {one}" for one in new if one not in old]
    line = f"| {name} | {number} trainings doubled; {sentences} lines of verdicts, "
    line += "changed: |" if changes else "none changed |"
    return "\n".join([line, *changes]), not changes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [page.name for page in source.pages(REPOSITORY / "chapters")]
    trained = [name for name in BOOK.frameworks if name != "numpy"]
    parser.add_argument("--framework", action="append", type=BOOK.framework_id, choices=trained)
    parser.add_argument("--page", action="append", choices=names)
    options = parser.parse_args(arguments)
    if _data.fashion_mnist().synthetic:
        sys.exit("The stored verdicts are of the real data: unset D2LCOMPAT_DATA, or name them")
    same = True
    print("| page | framework | with twice the epochs |\n|---|---|---|")
    for page in options.page or names:
        for framework in options.framework or trained:
            path = REPOSITORY / "chapters" / framework / f"{page}.ipynb"
            if path.exists():
                line, fine = row(path, framework)
                print(line, flush=True)
                same = same and fine
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

"""Check, without executing anything, whether a stored notebook agrees with its page's source.

Outputs are stored only in the executed notebooks. For a notebook that differs from its source, this
module lists each cell that differs and the command that corrects it.
"""

import difflib
import itertools
import json
from typing import Any

from nbformat import NotebookNode

from tabbook.cells import name_of_cell, not_executed
from tabbook.pages.notebooks import code_cells, kernelspec, split, stored_notebook
from tabbook.pages.source import Page
from tabbook.text import clip


def check(page: Page, framework: str) -> list[str]:
    """Compare an executed notebook with its source, without executing anything.

    Returns:
        One message for each problem, with the command that corrects it; empty if the notebook
        agrees and has been executed in order.
    """
    path = page.notebook(framework)
    notebook = stored_notebook(path)
    if notebook is None:
        problems = [f"there is no notebook {path}"]
    else:
        problems = differences(page, framework, notebook) + not_executed(notebook)
    command = remedy(page, framework, notebook)
    return [f"{page.name}/{framework}: {problem}. Run: {command}" for problem in problems]


def remedy(page: Page, framework: str, notebook: NotebookNode | None) -> str:
    """The command that updates a notebook; the notebook is None if it does not exist."""
    fits = notebook is not None and same_code(split(page, framework), notebook, page.book.key)
    command = "refresh" if fits else "execute"
    return f"python -m tabbook {command} --framework {framework} {page.name}"


def differences(page: Page, framework: str, notebook: NotebookNode) -> list[str]:
    """The differences between a notebook and its source, cell by cell."""
    expected = split(page, framework)
    wanted = [(cell.cell_type, cell.source) for cell in expected.cells]
    found = [(cell.cell_type, cell.source) for cell in notebook.cells]
    missing: list[int] = []
    extra: list[int] = []
    changed: list[tuple[int, int]] = []
    same: list[tuple[int, int]] = []
    matcher = difflib.SequenceMatcher(a=wanted, b=found, autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        pairs = list(zip(range(a, a_end), range(b, b_end), strict=False))
        if kind == "equal":
            same += pairs
            continue
        # A cell at another position was moved; it is not an edited version of this one.
        pairs = [
            (i, j)
            for i, j in pairs
            if wanted[i] not in found and found[j] not in wanted and wanted[i][0] == found[j][0]
        ]
        changed += pairs
        missing += sorted(set(range(a, a_end)) - {i for i, _ in pairs})
        extra += sorted(set(range(b, b_end)) - {j for _, j in pairs})

    messages = []
    for i, j in changed:
        line, source, stored = _first_difference(wanted[i][1], found[j][1])
        messages.append(
            f"{name_of_cell(expected, i)} was changed: line {line} is {source} in the source "
            f"and {stored} in the notebook"
        )
    for i in missing:
        elsewhere = next((j for j in extra if found[j] == wanted[i]), None)
        if elsewhere is None:
            messages.append(f"{name_of_cell(expected, i)} is missing from the notebook")
        else:
            extra.remove(elsewhere)
            place = name_of_cell(notebook, elsewhere)
            messages.append(f"{name_of_cell(expected, i)} was moved: in the notebook it is {place}")
    messages += [f"{name_of_cell(notebook, j)} is only in the notebook" for j in extra]
    for i, j in same:
        marks, found_marks = map(_lasting, (expected.cells[i], notebook.cells[j]))
        if marks != found_marks:
            messages.append(
                f"{name_of_cell(expected, i)} is marked {json.dumps(marks, sort_keys=True)} in "
                f"the source and {json.dumps(found_marks, sort_keys=True)} in the notebook"
            )
        if expected.cells[i].id != notebook.cells[j].get("id"):
            messages.append(
                f"{name_of_cell(expected, i)} has an id that does not belong to its text"
            )
    kernel = kernelspec(page.book.frameworks[framework])
    if notebook.metadata.get("kernelspec") != kernel:
        recorded = notebook.metadata.get("kernelspec", {}).get("name")
        messages.append(f"the notebook's kernel is {recorded!r}, not {kernel['name']!r}")
    stated = notebook.metadata.get(page.book.key, {})
    for key, value in expected.metadata[page.book.key].items():
        # A changed cell has been told already, and better.
        if stated.get(key) != value and not (key == "source_hash" and messages):
            messages.append(
                f"the notebook's {key} is {stated.get(key)!r}, the source's is {value!r}"
            )
    return messages


def _lasting(cell: NotebookNode) -> dict[str, Any]:
    """A cell's metadata without what changes when a reader folds or unfolds the cell."""
    return {key: value for key, value in cell.metadata.items() if key != "jupyter"}


def same_code(expected: NotebookNode, stored: NotebookNode, key: str) -> bool:
    """Whether the stored outputs come from a complete run of the expected code."""
    return (
        [cell.source for cell in code_cells(expected)]
        == [cell.source for cell in code_cells(stored)]
        and stored.metadata.get(key, {}).get("seed") == expected.metadata[key].get("seed")
        and not not_executed(stored)
    )


def _first_difference(source: str, stored: str) -> tuple[int, str, str]:
    """The first line that differs, counted from 1, and the text around the difference in both."""
    pairs = itertools.zip_longest(source.split("\n"), stored.split("\n"))
    line, (a, b) = next((n, pair) for n, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
    if a is None or b is None:
        ours, theirs = ("absent" if text is None else repr(clip(text)) for text in (a, b))
        return line, ours, theirs
    both = enumerate(zip(a, b, strict=False))
    at = next((place for place, (x, y) in both if x != y), min(len(a), len(b)))
    return line, repr(clip(a, at=at)), repr(clip(b, at=at))

"""One notebook per framework: made from the source, executed, kept, and checked against it.

The executed notebook is the only place where outputs are stored. So nothing is written before
every cell has run, nothing is written that differs from run to run, and a notebook that has
drifted from its source is found without running anything.
"""

import difflib
import hashlib
import itertools
import json
import os
import re
from collections import Counter
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm.auto import tqdm

from tabbook.cells import name_of_cell as _name
from tabbook.cells import normalise_outputs, not_executed
from tabbook.execution import Execution, ExecutionError
from tabbook.pages.source import Page, cells_for
from tabbook.text import clip

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Without Python's version: it would change every notebook with every machine.
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
# A picture beside the page: the notebook lies one folder deeper.
_PICTURE = re.compile(r"^([`:]{3,}\{(?:figure|image)\} +)(?![/.]|\w+:)", re.MULTILINE)


class NotebookError(RuntimeError):
    """A notebook could not be executed; the message says which, where and why."""


def split(page: Page, framework: str) -> NotebookNode:
    """Make the notebook of one framework, not yet executed.

    The same source always gives the same notebook: cell ids come from the cells' text, so that
    editing one cell changes that cell's id and no other.

    Raises:
        ValueError: the page is not written in that framework.
    """
    notebook = nbformat.v4.new_notebook()
    seen: Counter[str] = Counter()
    for _, cell in cells_for(page, framework):
        key = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:8]
        seen[key] += 1
        new = getattr(nbformat.v4, f"new_{cell.kind}_cell")
        metadata = json.loads(json.dumps(cell.metadata))
        name = key if seen[key] == 1 else f"{key}-{seen[key]}"
        text = _PICTURE.sub(r"\1../", cell.source) if cell.kind == "markdown" else cell.source
        notebook.cells.append(new(text, id=name, metadata=metadata))
    notebook.metadata = nbformat.from_dict(
        {
            page.book.key: {
                "framework": framework,
                "page": page.name,
                "seed": page.seed,
                "source_hash": _source_hash(notebook),
            },
            "kernelspec": KERNEL,
            "language_info": LANGUAGE,
        }
    )
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook whole or not at all, in the one form that leaves a readable ``git diff``."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        partial.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def was_executed(path: Path) -> bool:
    """Whether a notebook is there and one of its cells has run."""
    return path.exists() and any(
        cell.get("execution_count") for cell in nbformat.read(path, as_version=4).cells
    )


# --- execution ----------------------------------------------------------------------------------


def execute(
    page: Page, framework: str, *, require_installed: bool = True, timeout: int | None = None
) -> Path:
    """Run a page's notebook of one framework in a fresh kernel and keep it.

    Returns:
        The path of the notebook.

    Raises:
        NotebookError: as ``run`` does. The notebook that was there is untouched.
    """
    notebook = run(page, framework, require_installed=require_installed, timeout=timeout)
    path = page.notebook(framework)
    write(notebook, path)
    return path


def run(
    page: Page, framework: str, *, require_installed: bool = True, timeout: int | None = None
) -> NotebookNode:
    """Run a page's notebook of one framework in a fresh kernel; write nothing.

    Args:
        page: the page.
        framework: one of its frameworks.
        require_installed: see that the framework is installed before anything runs; False for
            pages that don't import what they are named after.
        timeout: the seconds that one cell may take; None: as long as it needs.

    Returns:
        The notebook with its outputs, without what changes from run to run.

    Raises:
        NotebookError: the framework is missing, the data are made up, or a cell failed.
    """
    where = f"{page.name}/{framework}"
    table = page.book.framework(framework)
    if require_installed and not table.installed:
        raise NotebookError(f"{where}: {table.label} is not installed. Run: {table.install_hint}")
    if (data := page.book.data).is_synthetic:
        raise NotebookError(
            f"{where}: {data.variable}={data.synthetic} gives synthetic data; outputs that are kept must "
            "come from the real ones. Unset it, or name the folder that holds the data."
        )
    notebook = split(page, framework)
    folder = page.notebook(framework).parent
    folder.mkdir(parents=True, exist_ok=True)
    _run(notebook, where, folder, page.book.kernel_environment(framework), timeout)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = normalise_outputs(cell.outputs)
    notebook.metadata[page.book.key]["versions"] = page.book.versions(framework)
    return notebook


def refresh(page: Page, framework: str) -> Path:
    """Take changed prose and tags into a notebook whose code is what was executed; run nothing.

    A corrected word must not cost the training of every model on the page.

    Raises:
        NotebookError: there is no notebook, or its code is not the source's.
    """
    path = page.notebook(framework)
    stored = nbformat.read(path, as_version=4) if path.exists() else None
    notebook = split(page, framework)
    if stored is None or not _same_code(notebook, stored, page.book.key):
        raise NotebookError(
            f"{page.name}/{framework}: the code is not what was executed. "
            f"Run: {remedy(page, framework, stored)}"
        )
    for cell, old in zip(_code(notebook), _code(stored), strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    notebook.metadata[page.book.key]["versions"] = stored.metadata[page.book.key].get(
        "versions", {}
    )
    write(notebook, path)
    return path


def _run(
    notebook: NotebookNode,
    where: str,
    folder: Path,
    variables: dict[str, str],
    timeout: int | None,
) -> None:
    try:
        with (
            Execution(notebook, folder, variables=variables, timeout=timeout) as execution,
            tqdm(notebook.cells, desc=where, unit="cell") as cells,
        ):
            for place, cell in enumerate(cells):
                if cell.cell_type == "code":
                    try:
                        execution.run(place)
                    except (ExecutionError, ValueError) as error:
                        name = _name(notebook, place)
                        raise NotebookError(f"{where}: {name} failed.\n{error}") from error
    except ExecutionError as error:
        raise NotebookError(f"{where}: {error}") from error


# --- checking -----------------------------------------------------------------------------------


def check(page: Page, framework: str) -> list[str]:
    """Compare an executed notebook with its source; run nothing.

    Returns:
        What is wrong, one message for each cell, each with the command that puts it right; empty
        where the notebook agrees and has been executed from first to last.
    """
    path = page.notebook(framework)
    notebook = nbformat.read(path, as_version=4) if path.exists() else None
    if notebook is None:
        problems = [f"there is no notebook {path}"]
    else:
        problems = differences(page, framework, notebook) + not_executed(notebook)
    command = remedy(page, framework, notebook)
    return [f"{page.name}/{framework}: {problem}. Run: {command}" for problem in problems]


def remedy(page: Page, framework: str, notebook: NotebookNode | None) -> str:
    """The command that makes a notebook (None: there is none) agree with its source again."""
    fits = notebook is not None and _same_code(split(page, framework), notebook, page.book.key)
    command = "refresh" if fits else "execute"
    return f"python -m tabbook {command} --framework {framework} {page.name}"


def differences(page: Page, framework: str, notebook: NotebookNode) -> list[str]:
    """How a notebook differs from what its source says, cell by cell."""
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
        # A cell that stands elsewhere was moved; it is no edited form of the one opposite.
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
            f"{_name(expected, i)} was changed: line {line} is {source} in the source "
            f"and {stored} in the notebook"
        )
    for i in missing:
        elsewhere = next((j for j in extra if found[j] == wanted[i]), None)
        if elsewhere is None:
            messages.append(f"{_name(expected, i)} is missing from the notebook")
        else:
            extra.remove(elsewhere)
            place = _name(notebook, elsewhere)
            messages.append(f"{_name(expected, i)} was moved: in the notebook it is {place}")
    messages += [f"{_name(notebook, j)} is only in the notebook" for j in extra]
    for i, j in same:
        source, stored = expected.cells[i].metadata, notebook.cells[j].metadata
        if source != stored:
            messages.append(
                f"{_name(expected, i)} is marked {json.dumps(source, sort_keys=True)} in the "
                f"source and {json.dumps(stored, sort_keys=True)} in the notebook"
            )
        if expected.cells[i].id != notebook.cells[j].get("id"):
            messages.append(f"{_name(expected, i)} has another id than its text gives it")
    if notebook.metadata.get("kernelspec") != KERNEL:
        recorded = notebook.metadata.get("kernelspec", {}).get("name")
        messages.append(f"the notebook's kernel is {recorded!r}, not {KERNEL['name']!r}")
    stated = notebook.metadata.get(page.book.key, {})
    for key, value in expected.metadata[page.book.key].items():
        # A changed cell has been told already, and better.
        if stated.get(key) != value and not (key == "source_hash" and messages):
            messages.append(
                f"the notebook's {key} is {stated.get(key)!r}, the source's is {value!r}"
            )
    return messages


def _same_code(expected: NotebookNode, stored: NotebookNode, key: str) -> bool:
    """Whether the stored outputs are those of the expected notebook's code, all of it run."""
    return (
        [cell.source for cell in _code(expected)] == [cell.source for cell in _code(stored)]
        and stored.metadata.get(key, {}).get("seed") == expected.metadata[key].seed
        and not not_executed(stored)
    )


def _has_code(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _source_hash(notebook: NotebookNode) -> str:
    """What the outputs depend on: the code, and the tags that say how to judge it."""
    parts = [[cell.source, cell.metadata.get("tags", [])] for cell in _code(notebook)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _first_difference(source: str, stored: str) -> tuple[int, str, str]:
    """The first line that differs, from 1, and how it reads in both."""
    pairs = itertools.zip_longest(source.split("\n"), stored.split("\n"))
    line, (a, b) = next((n, pair) for n, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
    texts = zip(a or "", b or "", strict=False)
    at = next((place for place, (x, y) in enumerate(texts) if x != y), 0)
    ours, theirs = ("absent" if text is None else repr(clip(text, at=at)) for text in (a, b))
    return line, ours, theirs

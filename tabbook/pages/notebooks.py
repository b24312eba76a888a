"""One notebook for each framework: made from the source, written whole or not at all."""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tabbook.pages.plain import Writer
from tabbook.pages.prose import ProseError, lines_for
from tabbook.pages.source import Page, SourceError, cells_for
from tabbook.text import first_line

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Without Python's version: it would change every notebook with every machine.
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}


class NotebookError(RuntimeError):
    """A notebook can't be read or executed; the message says which, where and why."""


def split(page: Page, framework: str) -> NotebookNode:
    """Make the notebook of one framework, not yet executed.

    The same source always gives the same notebook: cell ids come from the cells' text, so that
    editing one cell changes that cell's id and no other. Prose is CommonMark with formulas.

    Raises:
        SourceError: some prose can't be shown in a notebook.
        ValueError: the page is not written in that framework.
    """
    notebook: NotebookNode = nbformat.v4.new_notebook()
    writer = Writer(page, framework)
    seen: Counter[str] = Counter()
    for place, cell in cells_for(page, framework):
        key = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:8]
        seen[key] += 1
        new = getattr(nbformat.v4, f"new_{cell.kind}_cell")
        metadata = json.loads(json.dumps(cell.metadata))
        name = key if seen[key] == 1 else f"{key}-{seen[key]}"
        text = cell.source
        if cell.kind == "markdown":
            try:
                text = writer.cell(lines_for(page.cells[place].source, framework), cell.line - 1)
            except ProseError as error:
                raise SourceError(f"{page.path}:{cell.line + error.line}: {error}") from error
        if text:
            notebook.cells.append(new(text, id=name, metadata=metadata))
    if references := writer.references():
        notebook.cells.append(nbformat.v4.new_markdown_cell(references, id="references"))
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


def stored_notebook(path: Path) -> NotebookNode | None:
    """Read a notebook; None where there is none.

    Raises:
        NotebookError: the file is no notebook.
    """
    if not path.exists():
        return None
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        problem = first_line(str(error))
        raise NotebookError(f"{path} is no notebook: {problem} Restore or remove it.") from error
    return notebook


def was_executed(path: Path) -> bool:
    """Whether a notebook is there and one of its cells has run."""
    notebook = stored_notebook(path)
    return notebook is not None and any(cell.get("execution_count") for cell in notebook.cells)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of code, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _source_hash(notebook: NotebookNode) -> str:
    """What the outputs depend on: the code, and the tags that say how to judge it."""
    parts = [[cell.source, cell.metadata.get("tags", [])] for cell in code_cells(notebook)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

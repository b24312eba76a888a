"""One notebook for each framework, generated from the source and written atomically."""

import hashlib
import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from tabbook.cells import is_for_elsewhere
from tabbook.config import Framework
from tabbook.pages.elsewhere import first_cells
from tabbook.pages.plain import Writer
from tabbook.pages.prose import ProseError, lines_for
from tabbook.pages.source import Page, SourceError, cells_for
from tabbook.text import first_line

_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# What JupyterLab adds when it opens a notebook. Without Python's version, though: it would change
# every notebook with every machine.
_LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}


#: The tags of cells whose source a page folds, and JupyterLab too.
FOLDED = {"hide-input", "hide-cell"}


class NotebookError(RuntimeError):
    """A notebook cannot be read or executed; the message says which, where and why."""


def split(page: Page, framework: str) -> NotebookNode:
    """Create the notebook of one framework, without outputs.

    The same source always gives the same notebook: cell ids come from the cells' text, so that
    a change of one cell changes only the id of that cell. Prose is CommonMark with formulas.

    Raises:
        SourceError: the prose has markup that notebooks cannot show.
        ValueError: the page is not written in that framework.
    """
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=first_cells(page, framework))
    writer = Writer(page, framework)
    seen: Counter[str] = Counter()
    for place, cell in cells_for(page, framework):
        key = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:8]
        seen[key] += 1
        new = getattr(nbformat.v4, f"new_{cell.kind}_cell")
        metadata = json.loads(json.dumps(cell.metadata))
        if FOLDED.intersection(metadata.get("tags", ())):
            metadata["jupyter"] = {"source_hidden": True}
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
                **({} if page.seed is None else {"seed": page.seed}),
                "source_hash": _source_hash(notebook),
            },
            "kernelspec": kernelspec(page.book.frameworks[framework]),
            "language_info": _language(page.book.frameworks[framework]),
        }
    )
    return notebook


def kernelspec(framework: Framework) -> dict[str, str]:
    """The kernel in the metadata of a framework's notebooks."""
    if not framework.kernel:
        return _KERNEL
    return {
        "display_name": framework.label,
        "language": framework.language,
        "name": framework.kernel,
    }


def _language(framework: Framework) -> dict[str, Any]:
    return {"name": framework.language} if framework.kernel else _LANGUAGE


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook atomically, in the form in which JupyterLab saves it, so that ``git diff``
    is readable."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        text = nbformat.writes(_integers_as_such(notebook)).rstrip("\n") + "\n"
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _integers_as_such(value: Any) -> Any:
    """JSON with 1 instead of 1.0, because JavaScript does not distinguish them and a front end
    would save 1. JupyterLab's server restores 1e-05 from 0.00001."""
    if isinstance(value, dict):
        return nbformat.from_dict({key: _integers_as_such(one) for key, one in value.items()})
    if isinstance(value, list):
        return [_integers_as_such(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(value)))  # the digits that JavaScript writes, however large
    return value


def stored_notebook(path: Path) -> NotebookNode | None:
    """Read a notebook; return None if it does not exist.

    Raises:
        NotebookError: the file is not a notebook.
    """
    if not path.exists():
        return None
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        problem = first_line(str(error))
        raise NotebookError(f"{path} is not a notebook: {problem} Restore or remove it.") from error
    return notebook


def was_executed(path: Path) -> bool:
    """Whether a notebook exists and one of its cells was executed."""
    notebook = stored_notebook(path)
    return notebook is not None and any(cell.get("execution_count") for cell in notebook.cells)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The page's code cells, in order."""
    return [
        cell for cell in notebook.cells if cell.cell_type == "code" and not is_for_elsewhere(cell)
    ]


def _source_hash(notebook: NotebookNode) -> str:
    """The parts of a cell that determine its outputs and their check: the code, and some tags."""
    parts = [[cell.source, cell.metadata.get("tags", [])] for cell in code_cells(notebook)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

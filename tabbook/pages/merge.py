"""Merge the executed notebooks of a page into one, with framework tabs where they differ.

This module does not import Sphinx. It returns a notebook with marked cells, which any tool can
show.
"""

import copy
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode

from tabbook.figures.colours import themed
from tabbook.figures.tables import curves_in_words, data_of_figure
from tabbook.pages.agreement import differences, remedy
from tabbook.pages.notebooks import code_cells
from tabbook.pages.source import Cell, Page, cells_for

#: A code cell with this tag and a framework's id belongs into that framework's tab.
TAB_TAG = "tab-"

#: Where a cell's metadata say to which group of alternatives it belongs.
GROUP_KEY = "tabbook"

# Figures contain their data for the checks; the page shows them as a table.
_DATA_TYPES = "application/vnd.d2lcompat."
_SERIES = f"{_DATA_TYPES}series+json"


class StaleNotebookError(RuntimeError):
    """A notebook is missing or differs from the page's source."""


def merge(page: Page, notebooks: Mapping[str, NotebookNode]) -> NotebookNode:
    """Merge a page from its source and the executed notebook of each framework.

    Prose comes unchanged from the source. A code cell for all frameworks with equal outputs
    remains one cell. Every other code cell becomes one cell per framework, tagged
    ``tab-<framework>`` and numbered ``tabbook: {group: n}`` in its metadata: cells of one group
    are alternatives and are adjacent.

    Args:
        page: the page.
        notebooks: its executed notebooks by framework.

    Returns:
        The page as a notebook; it asks MyST-NB not to execute it.

    Raises:
        StaleNotebookError: a notebook is missing, or its cells are not those of the source.
    """
    stored = {framework: stored_cells(page, framework, notebooks) for framework in page.frameworks}
    merged: NotebookNode = nbformat.v4.new_notebook()
    lines: list[int] = []
    group, grouped = 0, set(page.frameworks)

    def add(cell: NotebookNode, source: Cell) -> None:
        cell.id = f"cell-{len(merged.cells)}"
        merged.cells.append(cell)
        lines.append(source.line - 1)

    for place, cell in enumerate(page.cells):
        if cell.kind == "setup":
            continue
        if cell.kind != "code":
            new = getattr(nbformat.v4, f"new_{cell.kind}_cell")
            add(new(cell.source, metadata=copy.deepcopy(cell.metadata)), cell)
            grouped = set(page.frameworks)  # a group does not reach across prose
            continue
        versions = {
            framework: _for_page(stored[framework][place], cell)
            for framework in cell.frameworks or page.frameworks
        }
        first = next(iter(versions.values()))
        if cell.frameworks is None and all(_same(first, other) for other in versions.values()):
            add(first, cell)
            grouped = set(page.frameworks)
            continue
        if grouped & set(versions):
            group, grouped = group + 1, set()
        grouped |= set(versions)
        for framework, version in versions.items():
            version.metadata.setdefault("tags", []).append(TAB_TAG + framework)
            version.metadata[GROUP_KEY] = {"group": group}
            add(version, cell)

    merged.metadata = nbformat.from_dict(
        {
            **copy.deepcopy(page.metadata),
            "language_info": {"name": "python"},
            "source_map": lines,
            "mystnb": {**page.metadata.get("mystnb", {}), "execution_mode": "off"},
        }
    )
    return merged


def stored_cells(
    page: Page, framework: str, notebooks: Mapping[str, NotebookNode]
) -> dict[int, NotebookNode]:
    """A framework's stored code cells, by their index in the source."""
    notebook = notebooks.get(framework)
    if notebook is None:
        stale = ["there is no executed notebook"]
    else:
        stale = differences(page, framework, notebook)
    if stale:
        raise StaleNotebookError(
            f"{page.name}/{framework}: {stale[0]}. Run: {remedy(page, framework, notebook)}"
        )
    places = [place for place, cell in cells_for(page, framework) if cell.kind == "code"]
    return dict(zip(places, code_cells(notebooks[framework]), strict=True))


def _for_page(stored: NotebookNode, source: Cell) -> NotebookNode:
    """A cell for the page: each picture has both themes, a text alternative and its data."""
    outputs = []
    words = []
    for output in copy.deepcopy(stored.outputs):
        outputs.append(output)
        text = alt_text(output)
        if text is None:
            continue
        words.append(text)
        if "image/svg+xml" in output.data:
            output.data["image/svg+xml"] = themed(output.data["image/svg+xml"])
            output.data.pop("image/png", None)  # for front ends that show no SVG
        table = data_of_figure(output.data.get(_SERIES, {"axes": []}))
        for kind in [kind for kind in output.data if kind.startswith(_DATA_TYPES)]:
            del output.data[kind]
        if table:
            outputs.append(nbformat.v4.new_output("display_data", {"text/html": table}))
    metadata = copy.deepcopy(source.metadata)
    if words:
        # MyST-NB takes the text from the cell, so several pictures of a cell are told together.
        image = metadata.setdefault("mystnb", {}).setdefault("image", {})
        image.setdefault("alt", " ".join(filter(None, words)))
    cell: NotebookNode = nbformat.v4.new_code_cell(
        stored.source,
        execution_count=stored.execution_count,
        outputs=outputs,
        metadata=metadata,
    )
    return cell


def alt_text(output: Mapping[str, Any]) -> str | None:
    """The text alternative of a picture; None if the output is not a picture."""
    data = output.get("data", {})
    if not any(kind.startswith("image/") for kind in data):
        return None
    text = " ".join(str(data.get("text/plain", "")).split())
    # Matplotlib's own text tells the size of the figure, which helps nobody who can't see it, and
    # the one of a figure without an author's text only where its curves end.
    if _SERIES in data and (text.startswith("<") or " ends at " in text):
        return curves_in_words(data[_SERIES])
    return "" if text.startswith("<") and text.endswith(">") else text


def _same(one: NotebookNode, other: NotebookNode) -> bool:
    """Whether two cells have the same outputs, apart from counts and metadata."""

    def essence(cell: NotebookNode) -> list[dict[str, Any]]:
        hidden = {"execution_count", "metadata"}
        return [{k: v for k, v in output.items() if k not in hidden} for output in cell.outputs]

    return essence(one) == essence(other)

"""Execute notebooks and store them with their outputs.

A notebook is written only after all its cells have run, and without values that differ between
runs.
"""

from pathlib import Path

from nbformat import NotebookNode
from tqdm.auto import tqdm

from tabbook.cells import name_of_cell, normalise_outputs
from tabbook.execution import THIS_ENVIRONMENT, Execution, ExecutionError
from tabbook.pages.agreement import remedy, same_code
from tabbook.pages.notebooks import NotebookError, code_cells, split, stored_notebook, write
from tabbook.pages.source import Page, cells_for


def execute(
    page: Page, framework: str, *, require_installed: bool = True, timeout: int | None = None
) -> Path:
    """Execute a page's notebook of one framework in a new kernel and store it.

    Returns:
        The path of the notebook.

    Raises:
        NotebookError: as in ``run``. The stored notebook is then unchanged.
    """
    notebook = run(page, framework, require_installed=require_installed, timeout=timeout)
    path = page.notebook(framework)
    write(notebook, path)
    return path


def run(
    page: Page, framework: str, *, require_installed: bool = True, timeout: int | None = None
) -> NotebookNode:
    """Execute a page's notebook of one framework in a new kernel, without storing it.

    Args:
        page: the page.
        framework: one of its frameworks.
        require_installed: check first that the framework is installed; False for pages that do not
            import it.
        timeout: the time limit in seconds of a cell without such a tag; None means no limit.

    Returns:
        The notebook with its outputs, without parts that change from run to run.

    Raises:
        NotebookError: the framework is missing, the data are synthetic, or a cell failed.
    """
    where = f"{page.name}/{framework}"
    table = page.book.framework(framework)
    if require_installed and not table.installed:
        raise NotebookError(f"{where}: {table.label} is not installed. Run: {table.install_hint}")
    if (data := page.book.data).is_synthetic:
        raise NotebookError(
            f"{where}: {data.variable}={data.synthetic} selects synthetic data, but "
            "stored outputs must come from the real data. Unset it, or set it to the folder "
            "with the data."
        )
    notebook = split(page, framework)
    folder = page.notebook(framework).parent
    folder.mkdir(parents=True, exist_ok=True)
    _run(notebook, where, folder, page, framework, timeout)
    for cell in code_cells(notebook):
        cell.outputs = normalise_outputs(cell.outputs)
    notebook.metadata[page.book.key]["versions"] = page.book.versions(framework)
    return notebook


def refresh(page: Page, framework: str) -> Path:
    """Copy changed prose and tags into a notebook with unchanged code, without executing it.

    After a change of prose, no model has to be trained again.

    Raises:
        NotebookError: there is no notebook, or its code differs from the source.
    """
    path = page.notebook(framework)
    stored = stored_notebook(path)
    notebook = split(page, framework)
    if stored is None or not same_code(notebook, stored, page.book.key):
        raise NotebookError(
            f"{page.name}/{framework}: the code differs from the executed code. "
            f"Run: {remedy(page, framework, stored)}"
        )
    for cell, old in zip(code_cells(notebook), code_cells(stored), strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    notebook.metadata[page.book.key]["versions"] = stored.metadata[page.book.key].get(
        "versions", {}
    )
    write(notebook, path)
    return path


def _line(page: Page, framework: str, notebook: NotebookNode, cell: NotebookNode) -> int:
    """The line of the page in which a code cell of its notebook begins."""
    lines = [one.line for _, one in cells_for(page, framework) if one.kind == "code"]
    return next(line for line, one in zip(lines, code_cells(notebook), strict=True) if one is cell)


def _run(
    notebook: NotebookNode,
    where: str,
    folder: Path,
    page: Page,
    framework: str,
    timeout: int | None,
) -> None:
    table = page.book.frameworks[framework]
    try:
        with (
            Execution(
                notebook,
                folder,
                variables=page.book.kernel_environment(framework),
                kernel=table.kernel or THIS_ENVIRONMENT,
                timeout=timeout,
                seeding=table.seeding(page.seed),
            ) as execution,
            tqdm(notebook.cells, desc=where, unit="cell") as cells,
        ):
            for place, cell in enumerate(cells):
                if cell.cell_type == "code":
                    try:
                        execution.run(place)
                    except (ExecutionError, ValueError) as error:
                        name = name_of_cell(notebook, place)
                        line = _line(page, framework, notebook, cell)
                        told = f"{page.path}:{line}: {where}: {name} failed."
                        raise NotebookError(f"{told}\n{error}") from error
    except ExecutionError as error:
        raise NotebookError(f"{where}: {error}") from error

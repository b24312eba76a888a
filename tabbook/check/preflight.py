"""The pre-execution checks: what is wrong with a notebook, seen without running anything.

A notebook that was stripped, never run, edited by hand or told to ignore its own outputs would pass
any comparison. Where it lies beside its source page, the page is read, too; only then are
`tabbook.pages` and Jupytext imported.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbformat import NotebookNode
from nbval.plugin import find_comment_markers, find_metadata_tags

from tabbook.cells import is_skipped, not_executed, stated, tags_of, timeout_of
from tabbook.check.tolerance import Tolerance
from tabbook.config import Framework, book_of, install_extra
from tabbook.execution import Kernels

if TYPE_CHECKING:
    from tabbook.pages.source import Page


def problems_of(path: Path, kernel: str | None = None) -> list[str]:
    """Find the problems of a notebook.

    Args:
        path: the notebook. If it is the notebook of a page, it must agree with the page's source.
        kernel: the name of its kernel; None if the kernel of this environment is used.

    Returns:
        The problems, one sentence each; empty if there are none.
    """
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    problems = _against_source(path, notebook)
    if problems is None:
        problems = not_executed(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if code and not any(cell.outputs for cell in code):
        problems.append(
            "no cell has an output: outputs were stripped, or the notebook was never executed"
        )
    for number, cell in enumerate(code):
        tags = tags_of(cell)
        if is_ignored(cell) and not stated(tags, "reason"):
            problems.append(f'cell {number} is ignored without a reason: add the tag "reason=…"')
        try:
            Tolerance.of(tags, Tolerance())
            timeout_of(tags)
        except ValueError as error:
            problems.append(f"cell {number}: {error}")
    name, framework = framework_of(path, notebook)
    if name and not framework:
        expected = ", ".join(book_of(path).frameworks)
        problems.append(f"unknown framework {name!r}. Expected one of: {expected}")
    if framework and framework.supported and not framework.installed:
        problems.append(f"{framework.label} is not installed. Run: {framework.install_hint}")
    if kernel is not None:
        try:
            Kernels().get_kernel_spec(kernel)
        except NoSuchKernel:
            there = ", ".join(sorted(Kernels().find_kernel_specs())) or "none"
            problems.append(
                f"its kernel {kernel!r} is not installed (available: {there}). "
                "Install it, or check with --nbval-current-env"
            )
    return problems


def _against_source(path: Path, notebook: NotebookNode) -> list[str] | None:
    """How a notebook differs from its source page; None if it has no source."""
    source, folder = path.parent.parent / f"{path.stem}.md", path.parent.name
    if folder not in book_of(path).frameworks or not source.exists():
        return None
    try:
        from tabbook.pages import agreement
        from tabbook.pages.source import SourceError, read_page
    except ModuleNotFoundError as error:
        return [
            f"{source} is its source; {error.name} is needed to compare them. "
            f"Run: {install_extra('book')}"
        ]
    try:
        page: Page = read_page(source)
    except SourceError as error:
        return [str(error)] if framework_of(path, notebook)[0] else None
    if folder not in page.frameworks:
        return [f"{source} has no {folder!r}: this notebook has no source"]
    return agreement.check(page, folder)


def is_ignored(cell: NotebookNode) -> bool:
    """Whether a code cell is excluded from comparison or from execution."""
    with warnings.catch_warnings():  # nbval repeats these warnings when it collects
        warnings.simplefilter("ignore")
        options = dict(find_metadata_tags(cell.metadata)) | dict(find_comment_markers(cell.source))
    return is_skipped(cell) or not options.get("check", True) or options.get("skip", False)


def framework_of(path: Path, notebook: NotebookNode) -> tuple[str | None, Framework | None]:
    """The framework in a notebook's metadata: its id, and its entry in the book's table."""
    book = book_of(path)
    name: str | None = notebook.metadata.get(book.key, {}).get("framework")
    return name, book.frameworks.get(name or "")


def version_changes(path: Path, notebook: NotebookNode) -> list[str]:
    """The differences between the recorded versions of a notebook and the installed ones."""
    book = book_of(path)
    recorded = notebook.metadata.get(book.key, {}).get("versions", {})
    here = book.versions(framework_of(path, notebook)[0])
    return [
        f"{name} {recorded.get(name, 'none')} recorded, {here.get(name, 'none')} installed"
        for name in sorted(recorded.keys() | here.keys() if recorded else [])
        if recorded.get(name) != here.get(name)
    ]

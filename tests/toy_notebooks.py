"""Notebooks small enough to be checked in a test, and a pytest of its own to check them."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from nbformat import NotebookNode

PLUGIN = ("-p", "tabbook.check.pytest_plugin", "--nbval", "--nbval-current-env")

# With CI set, pytest prints every failure a second time, whole, in its summary.
UNSET = ("CI", "D2LCOMPAT_DATA")

# They take longer to import than a notebook to run, and have no say here.
QUICK = ("-p", "no:hypothesispytest", "-p", "no:playwright", "-p", "no:cacheprovider")


def cell(source: str, stored: str | list = "", tags: Iterable[str] = ()) -> NotebookNode:
    """A cell and what it has printed: a text, or outputs in the notebook format."""
    if isinstance(stored, str):
        stored = [nbformat.v4.new_output("stream", name="stdout", text=stored)] if stored else []
    return nbformat.v4.new_code_cell(source, outputs=stored, metadata={"tags": list(tags)})


def shown(kind: str = "display_data", **data: str) -> NotebookNode:
    """An output with data: ``text_plain="1"``."""
    data = {name.replace("_", "/"): value for name, value in data.items()}
    extra = {"execution_count": 1} if kind == "execute_result" else {}
    return nbformat.v4.new_output(kind, data=data, **extra)


def save(path: Path, cells: Iterable[NotebookNode], **metadata: object) -> Path:
    """Write a notebook of these cells, as if they had been run from first to last."""
    notebook = nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
    run = [one for one in notebook.cells if "skip-execution" not in one.metadata.get("tags", [])]
    for count, one in enumerate(run, start=1):
        one.execution_count = count
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def run_pytest(
    folder: Path, *arguments: str, plugin: Iterable[str] = PLUGIN, **environment: str
) -> tuple[int, str]:
    """Run a pytest of its own; return its exit status and output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", *QUICK, *plugin, *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in UNSET} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def verdicts(path: Path) -> dict[str, tuple[str, ElementTree.Element]]:
    """What JUnit's XML says: ``"notebook Cell 0"`` -> the outcome and its element."""
    found = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = (case.get("classname") or "").removesuffix(".ipynb").rpartition(".")[2]
        place = f"{name} {case.get('name')}"
        outcome = next((child.tag for child in case if child.tag != "properties"), "passed")
        found[place] = (outcome, case)
    return found

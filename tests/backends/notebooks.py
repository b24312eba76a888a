"""What the book's executed notebooks define: its configuration, and the code that readers see."""

import ast
import functools
import json
import linecache
import os
import sys
import types
from pathlib import Path

import matplotlib

from tabbook.config import book_of

if "MPLBACKEND" not in os.environ:  # a kernel is told to show figures in its notebook
    matplotlib.use("Agg")

ROOT = Path(__file__).parents[2]
BOOK = book_of(ROOT)
FRAMEWORKS = BOOK.frameworks
BACKENDS = [name for name in FRAMEWORKS if name != "numpy"]  # those that train
ARRAYS = [*BACKENDS, "numpy"]

# What a notebook defines. Its other statements train for minutes and print.
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


@functools.cache
def definitions(framework: str, page: str) -> types.ModuleType:
    """A module with the imports, functions and classes of a page's executed notebook.

    A notebook is executed once in a session: who changes the module changes it back.
    """
    path = ROOT / "chapters" / framework / f"{page}.ipynb"
    if not path.exists():
        raise AssertionError(
            f"{path} is missing. Run: python -m tabbook execute --framework {framework} {page}"
        )
    module = types.ModuleType(f"notebook_{framework}_{page}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # Flax looks a class's module up there
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], start=1):
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        tree = ast.parse(source)
        tree.body = [statement for statement in tree.body if isinstance(statement, DEFINITIONS)]
        name = f"{path.relative_to(ROOT)}, cell {number}"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(tree, name, "exec"), vars(module))
    return module

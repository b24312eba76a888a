"""Toy books, really built by Jupyter Book: all but the first take a second.

One process builds them all, which does nothing else. What other tests import and set in theirs
(loggers, filters of warnings, an event loop) makes Sphinx report errors that are none.
"""

import contextlib
import functools
import io
import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from unittest import mock

import nbformat
from backends import ROOT
from toy_book import configure

from tabbook.pages.notebooks import code_cells, split
from tabbook.pages.notebooks import write as write_notebook

CONFIG = """\
title: Toy & Co
author: Nobody
copyright: "2026"
execute: {execute_notebooks: auto}
sphinx:
  extra_extensions: [tabbook.sphinx]
"""


def write_book(folder, files, config=""):
    """Write a book: files (path -> text), configuration, and the library of the search."""
    configure(folder)
    for name, text in {"_config.yml": CONFIG + config, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    libraries = folder / "third_party" / "book"
    libraries.mkdir(parents=True)
    shutil.copytree(ROOT / "third_party" / "book" / "minisearch", libraries / "minisearch")


def build(folder, *options, check=True, within=contextlib.nullcontext, **environment):
    """Build a book, warnings being errors.

    Args:
        options: of ``jupyter-book build``.
        check: fail where the book does not build, or builds with a warning.
        within: a function of a module that gives a context manager in which to build.
        environment: variables to set for it.

    Returns:
        What Jupyter Book printed; where it failed, with the error as the last line.
    """
    arguments = ["build", "-W", "-n", "--keep-going", *options, str(folder)]
    # No repository above the test's folder is asked for dates
    variables = {"NO_COLOR": "1", "GIT_CEILING_DIRECTORIES": str(folder.parent), **environment}
    text, failed = _builder().submit(_build, arguments, variables, within).result()
    if check:
        assert not failed, text[-3000:]
        assert "WARNING:" not in text, text[-3000:]
    return text


@functools.cache
def _builder():
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _build(arguments, variables, within):
    """Run ``jupyter-book``; return what it printed and whether it failed."""
    from jupyter_book.cli.main import main
    from sphinx.config import Config

    # The theme adds its folder to Sphinx's own default, where the next build would find it
    Config.config_values["templates_path"].default.clear()
    told, error = io.StringIO(), None
    with (
        within(),
        mock.patch.dict(os.environ, variables),
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(told),
    ):
        if "BOOK_ADDRESS" not in variables:
            os.environ.pop("BOOK_ADDRESS", None)
        try:
            main(arguments, standalone_mode=False)
        except (Exception, SystemExit) as failed:
            error = failed
    return f"{told.getvalue()}\n{error or ''}", error is not None


def store_notebooks(page, outputs):
    """Store a page's notebooks as if they had been executed.

    Args:
        page: the page.
        outputs: a function of a framework and a code cell that returns the cell's outputs.
    """
    for framework in page.frameworks:
        notebook = split(page, framework)
        for count, cell in enumerate(code_cells(notebook), start=1):
            cell.execution_count, cell.outputs = count, outputs(framework, cell)
        write_notebook(notebook, page.notebook(framework))


def stream(text):
    """Printed text as an output."""
    return [nbformat.v4.new_output("stream", name="stdout", text=text)]

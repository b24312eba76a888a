"""Sphinx extension: make MyST-NB read each page together with its executed notebooks.

``jupyter-book build .`` then works in a new clone without executing anything.
"""

from pathlib import Path

import nbformat
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from tabbook.config import ConfigError, book_of
from tabbook.figures.svg import lighten
from tabbook.pages.contents import folders
from tabbook.pages.merge import StaleNotebookError, merge
from tabbook.pages.source import SourceError, pages, read_page


def find_pages(app: Sphinx, config: Config) -> None:
    """Make MyST-NB read each page with frameworks by ``read``.

    Raises:
        ExtensionError: the book's settings or a page's front matter are invalid.
    """
    try:
        book = book_of(app.srcdir)
        if book.root != Path(app.srcdir).resolve():
            raise ConfigError(
                f"{book.file}: [tool.tabbook] folder expects the folder of the book that is built, "
                f"{app.srcdir}. Received: {book.root}."
            )
        found = pages(book.root)
    except (ConfigError, SourceError) as error:
        raise ExtensionError(str(error)) from error
    formats, frameworks = dict(config.nb_custom_formats), {}
    for page in found:
        # MyST-NB asks whether the path *ends* with the key, so a whole path names one file. Added
        # after MyST-NB itself has looked: it would take the key for a suffix of source files.
        path = page.path.relative_to(book.root).with_suffix("")
        formats[str(Path(app.srcdir) / page.path.relative_to(book.root))] = [
            f"{__name__}.read",
            {"path": str(page.path)},
        ]
        frameworks[path.as_posix()] = list(page.frameworks)
    config.nb_custom_formats = formats
    config.tabbook_pages = frameworks
    # The notebooks are parts of their pages, not separate pages.
    config.exclude_patterns = [
        *config.exclude_patterns,
        *(
            (folder.relative_to(book.root) / name / "*.ipynb").as_posix()
            for folder in folders(book, book.root)
            for name in book.frameworks
        ),
    ]


def read(text: str, path: str) -> nbformat.NotebookNode:
    """Read a page for MyST-NB.

    Args:
        text: the text of the source.
        path: its path.

    Raises:
        ExtensionError: the source or a notebook is invalid; Sphinx shows the message.
    """
    try:
        page = read_page(path)
        notebooks = {
            framework: nbformat.read(page.notebook(framework), as_version=4)
            for framework in page.frameworks
            if page.notebook(framework).exists()
        }
        return lighten(merge(page, notebooks))
    except (SourceError, StaleNotebookError) as error:
        raise ExtensionError(str(error)) from error


def note_notebooks(app: Sphinx, docname: str, content: list[str]) -> None:
    """Rebuild the page when one of its notebooks changes."""
    for framework in app.config.tabbook_pages.get(docname, []):
        app.env.note_dependency(str(notebook_path(app, docname, framework)))


def notebook_path(app: Sphinx, docname: str, framework: str) -> Path:
    """The path of the executed notebook of a page."""
    source = Path(app.srcdir) / docname
    return source.parent / framework / f"{source.name}.ipynb"


def setup(app: Sphinx) -> None:
    app.setup_extension("myst_nb")
    # What find_pages finds: document -> its frameworks.
    app.add_config_value("tabbook_pages", {}, "env", dict)
    app.connect("config-inited", find_pages, priority=900)
    app.connect("source-read", note_notebooks)

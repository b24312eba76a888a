"""The first cells of a notebook, for Colab, Kaggle and Binder.

They contain links to open the notebook there, a link to its page, and code that installs the
requirements on Colab and Kaggle. They need the address of the book's repository, ``repository:
url`` in ``_config.yml``; without it, notebooks do not have these cells.
"""

import json
import shlex
import tomllib
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from tabbook.cells import ELSEWHERE
from tabbook.config import Book
from tabbook.pages.settings import address_of, config_of, folder
from tabbook.pages.source import Page

#: In ``_config.yml`` as long as the book has no address.
NO_REPOSITORY = "OWNER/REPOSITORY"

GITHUB = "https://github.com/"  # Colab and Kaggle open notebooks of no other host
KAGGLE = "https://kaggle.com/kernels/welcome?src="
FOLDERS = {"jupyterlab": "lab/tree", "classic": "tree"}  # of Binder's address

# One of the variables is set there. Plain Python, not `%pip`, so that all programs can parse it.
INSTALL = """\
# On Colab or Kaggle, run this cell first: it installs {what}. Elsewhere it does nothing.
import os

if {{"COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"}} & set(os.environ):
    get_ipython().run_line_magic("pip", {command})"""
TAGS = [ELSEWHERE, "skip-execution", "reason=it installs on Colab and Kaggle only"]


@dataclass(frozen=True)
class Published:
    """The addresses of a book, from its ``_config.yml``.

    Attributes:
        repository: the address of its repository, without a slash at the end.
        branch: the branch for readers.
        folder: the book's folder in the repository, with a slash at the end; empty for the root.
        site: the address of the built book, with a slash at the end; empty if there is none.
        launch: the ``launch_buttons``.
    """

    repository: str
    branch: str
    folder: str
    site: str
    launch: dict[str, Any]


def published(book: Book) -> Published | None:
    """The addresses of a book; None if its repository has no address.

    Raises:
        ConfigError: ``_config.yml`` is not valid YAML.
    """
    settings = config_of(book)
    repository = settings.get("repository") or {}
    address = repository.get("url") or NO_REPOSITORY
    if NO_REPOSITORY in address:
        return None
    return Published(
        address.removesuffix("/").removesuffix(".git"),
        repository.get("branch") or "master",  # as in Jupyter Book
        folder(repository.get("path_to_book")),
        address_of(book),
        settings.get("launch_buttons") or {},
    )


def first_cells(page: Page, framework: str) -> list[NotebookNode]:
    """The cells before those of the page, with the tag ``elsewhere``.

    Raises:
        ConfigError: ``_config.yml`` is not valid YAML.
    """
    where = published(page.book)
    if where is None:
        return []
    links = _links(page, framework, where)
    install = _install(page.book, framework, where)
    cells = []
    if links:
        cells.append(nbformat.v4.new_markdown_cell(links, metadata={"tags": [ELSEWHERE]}))
    if install:
        cells.append(nbformat.v4.new_code_cell(install, metadata={"tags": TAGS}))
    for cell in cells:
        cell.id = f"{ELSEWHERE}-{cell.cell_type}"
    return cells


def machines(where: Published, path: str) -> dict[str, str]:
    """The addresses that open a notebook on other machines, by their names.

    Colab and Binder come from ``launch_buttons``, if it has them; Kaggle needs GitHub.

    Args:
        where: of the book.
        path: of the notebook, relative to the book's folder.
    """
    if not where.repository.startswith(GITHUB):
        return {}
    name, path = where.repository.removeprefix(GITHUB), f"{where.folder}{path}"
    found = {}
    if colab := where.launch.get("colab_url"):
        found["Colab"] = f"{colab.rstrip('/')}/github/{name}/blob/{where.branch}/{path}"
    if binder := where.launch.get("binderhub_url"):
        tree = FOLDERS[where.launch.get("notebook_interface", "classic")]
        found["Binder"] = f"{binder.rstrip('/')}/v2/gh/{name}/{where.branch}?urlpath={tree}/{path}"
    found["Kaggle"] = f"{KAGGLE}{where.repository}/blob/{where.branch}/{path}"
    return found


def _links(page: Page, framework: str, where: Published) -> str:
    root = page.book.root.resolve()
    path = page.notebook(framework).resolve().relative_to(root).as_posix()
    links = [f"[Open in {name}]({address})" for name, address in machines(where, path).items()]
    if where.site:
        document = page.path.resolve().relative_to(root).with_suffix(".html").as_posix()
        links.append(f"[This page in the book]({where.site}{document}?framework={framework})")
    return " · ".join(links)


def _install(book: Book, framework: str, where: Published) -> str:
    """The code that installs the framework, with the book's own package if it has one."""
    project = tomllib.loads(book.file.read_text(encoding="utf-8")).get("project")
    table = book.frameworks[framework]
    if table.kernel:
        return ""
    if not project:
        command = shlex.join(["install", "--quiet", *table.distributions])
        what, code = table.label, json.dumps(command)
        return INSTALL.format(what=what, command=code) if table.distributions else ""
    name = project["name"]
    inner = book.root.relative_to(book.file.parent).as_posix()
    inner = "" if inner == "." else folder(inner)
    package = where.folder.removesuffix(inner).rstrip("/")
    below = f"#subdirectory={package}" if package else ""
    wanted = [f"{name} @ git+{where.repository}@{where.branch}{below}"]
    if table.extra:
        # Not the extra itself: with the project's other extras it may bring a front end, and there
        # is one. What a requirement says of platforms is true: both are Linux on x86-64.
        wanted += [
            requirement.partition(";")[0].strip()
            for requirement in project["optional-dependencies"][table.extra]
            if not requirement.startswith(f"{name}[")
        ]
    what = f"{table.label} and {name}" if table.extra else name
    command = shlex.join(["install", "--quiet", *wanted])
    return INSTALL.format(what=what, command=json.dumps(command))

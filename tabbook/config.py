"""The settings of a book: its frameworks, data, folders and environment.

All other modules of this package work for any book. A book has its settings in the table
``[tool.tabbook]`` of its ``pyproject.toml``; the keys are the attributes of `Book` and `Framework`.
A folder without such a table is a book without frameworks; its notebooks can still be checked.

This module imports no framework, because imports are slow and not every framework is installed.
"""

import functools
import importlib.util
import os
import platform
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import metadata
from pathlib import Path
from typing import Any

FILE = "pyproject.toml"

#: The distribution that contains these tools.
DISTRIBUTION = "d2lcompat"


_SEEDING = """\
import importlib.util, random
random.seed({seed})
if importlib.util.find_spec("numpy"):
    import numpy
    numpy.random.seed({seed})
"""


class ConfigError(ValueError):
    """A book's settings are invalid; the message names the file and the key."""


@dataclass(frozen=True)
class Framework:
    """A framework that a page can be written in.

    Attributes:
        id: the name in sources, folders and links (``pytorch``).
        label: the name that readers see (``PyTorch``).
        package: the module to import (``torch``); the id if it is not given. It is only looked up,
            never imported.
        module: its module in the package that the book documents, if it has one (``torch``).
        extra: the extra of the book's own project that installs it, as in ``pip install -e
            ".[torch]"``.
        install: the command that installs it, for messages. By default it installs the extra, or
            else ``distributions``.
        kernel: the name of the Jupyter kernel that runs it, such as ``ir``; empty means Python in
            the environment of the tools.
        language: the language of that kernel, for the highlighting of its code.
        environment: variables for its kernel, in addition to the book's.
        seed: code that seeds its random numbers with ``{seed}``, the seed of a page. It is executed
            before the first cell. In Python, ``random`` and NumPy are seeded without it.
        distributions: the packages whose versions an executed notebook records.
        platforms: the ``(sys.platform, machine)`` pairs that have builds; empty means all.
    """

    id: str
    label: str
    package: str
    module: str = ""
    extra: str | None = None
    distributions: tuple[str, ...] = ()
    install: str = ""
    kernel: str = ""
    language: str = "python"
    environment: dict[str, str] = field(default_factory=dict, hash=False)
    seed: str = ""
    platforms: tuple[tuple[str, str], ...] = ()

    @property
    def supported(self) -> bool:
        """Whether there is a build of the framework for this platform."""
        return not self.platforms or (sys.platform, platform.machine()) in self.platforms

    @property
    def installed(self) -> bool:
        """Whether the framework, or its kernel if it has one, can be found; nothing is imported."""
        if self.kernel:
            from jupyter_client.kernelspec import KernelSpecManager

            return self.kernel in KernelSpecManager().find_kernel_specs()
        return importlib.util.find_spec(self.package.partition(".")[0]) is not None

    def seeding(self, seed: int | None) -> str:
        """The code that seeds a kernel for a page with this seed; empty if it has none."""
        if seed is None:
            return ""
        own = self.seed.replace("{seed}", str(seed))
        if self.kernel:
            return own
        return f"exec({_SEEDING.format(seed=seed) + own!r}, {{}})"  # adds no name to the notebook's

    @property
    def install_hint(self) -> str:
        """The command that installs the framework."""
        if self.install:
            return self.install
        if self.kernel:
            return f"install the Jupyter kernel {self.kernel!r}"
        if self.extra:
            return f'pip install -e ".[{self.extra}]"'
        return f"pip install {' '.join(self.distributions) or self.package}"


@dataclass(frozen=True)
class Data:
    """The data set that a book's outputs depend on.

    Attributes:
        name: its name.
        tag: the tag of cells whose output depends on it.
        variable: the environment variable for its folder.
        synthetic: the value of the variable that selects synthetic data. Outputs that depend on
            them are neither stored nor compared.
    """

    name: str = ""
    tag: str = ""
    variable: str = ""
    synthetic: str = ""

    @property
    def is_synthetic(self) -> bool:
        """Whether the environment selects synthetic data."""
        return bool(self.variable) and os.environ.get(self.variable) == self.synthetic


@dataclass(frozen=True)
class Reference:
    """The package that a book documents.

    Attributes:
        package: its name; empty means none. It is read but never imported.
        alias: the name of its module in the code of the pages (``d2l``).
        folder: the folder of its pages, relative to the book's.
    """

    package: str = ""
    alias: str = ""
    folder: str = ""


@dataclass(frozen=True, eq=False)
class Book:
    """A book, as its ``[tool.tabbook]`` describes it.

    Attributes:
        root: the folder of its ``_toc.yml`` and ``_config.yml``, which is that of ``file`` or,
            with the key ``folder``, a folder in it (``folder = "docs"``).
        file: its ``pyproject.toml``.
        key: its name in the front matter of pages and in the metadata of notebooks.
        frameworks: by id, in the order in which readers see them.
        framework_variable: the environment variable that tells a kernel its framework's id.
        live_extension: the IPython extension that runs a page's source as a live notebook.
        distributions: packages whose versions every executed notebook records.
        environment: variables that are set for every kernel.
        data: the data set.
        reference: the documented package.
        third_party: the folder of third-party files that are copied into the built book,
            relative to ``root``.
        archive: the name of the archive for offline reading, without suffix.
    """

    root: Path
    file: Path
    key: str = "tabbook"
    frameworks: dict[str, Framework] = field(default_factory=dict)
    framework_variable: str = "TABBOOK_FRAMEWORK"
    live_extension: str = ""
    distributions: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    data: Data = field(default_factory=Data)
    reference: Reference = field(default_factory=Reference)
    third_party: str = "third_party/book"
    archive: str = "book"

    @property
    def third_party_folder(self) -> Path:
        """The folder of third-party files: the book's, or else the one installed with the tools."""
        own, clone = (
            self.root / self.third_party,
            Path(__file__).parents[1] / "third_party" / "book",
        )
        installed = Path(sys.prefix) / "share" / "tabbook"
        return next((path for path in (own, clone) if path.exists()), installed)

    def framework(self, name: str) -> Framework:
        """Look up a framework by id.

        Raises:
            ValueError: the id is unknown; the message lists the known ids.
        """
        try:
            return self.frameworks[name]
        except KeyError:
            raise ValueError(
                f"Unknown framework {name!r}. Expected one of: {', '.join(self.frameworks)}."
            ) from None

    def framework_id(self, name: str) -> str:
        """The id of a framework from its id, package or module, such as ``torch`` for PyTorch.

        Sources use only the id. An unknown name is returned unchanged.
        """
        if name in self.frameworks:
            return name
        others = (one.id for one in self.frameworks.values() if name in (one.package, one.module))
        return next(others, name)

    def kernel_environment(self, framework: str) -> dict[str, str]:
        """The variables to set for a kernel, in addition to the current environment."""
        own = self.frameworks[framework].environment if framework in self.frameworks else {}
        variables = {**self.environment, **own, self.framework_variable: framework}
        folder = os.environ.get(self.data.variable) if self.data.variable else None
        if folder:  # the kernel starts in the notebook's folder
            synthetic = folder == self.data.synthetic
            variables[self.data.variable] = folder if synthetic else str(Path(folder).resolve())
        return variables

    def versions(self, framework: str | None) -> dict[str, str]:
        """The versions that an executed notebook records: Python's, and those of the installed
        ``distributions`` of the book and the framework."""
        table = self.frameworks.get(framework or "")
        found = {}
        for name in (*self.distributions, *(table.distributions if table else ())):
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return {"python": platform.python_version(), **found}


def install_extra(extra: str) -> str:
    """The command that installs an extra of these tools: in their clone, or elsewhere."""
    if (Path(__file__).parents[1] / "constraints.txt").is_file():
        return f'pip install -e ".[{extra}]" -c constraints.txt'
    return f'pip install "{DISTRIBUTION}[{extra}]"'


def book_of(path: Path | str) -> Book:
    """The book that a file or folder belongs to: the nearest folder above with ``[tool.tabbook]``.

    Returns:
        The book; if there is none, a book with default values whose root is ``path``.

    Raises:
        ConfigError: its settings are invalid.
    """
    start = Path(path).resolve()
    for folder in [start, *start.parents]:
        file = folder / FILE
        if file.is_file() and (book := _read(file, file.stat().st_mtime_ns)):
            return book
    return Book(root=start, file=start / FILE)


def expect_own_settings(book: Book, folder: Path | str) -> None:
    """Check that a folder does not belong to another book, inside this one and without settings.

    Raises:
        ConfigError: a ``_toc.yml`` is nearer to the folder than the book's.
    """
    start = Path(folder).resolve()
    for above in [start, *start.parents]:
        if above in (book.root.resolve(), book.file.parent):
            return
        if (above / "_toc.yml").is_file():
            raise ConfigError(
                f"{above / FILE}: expected [tool.tabbook.frameworks], because {above} has a "
                f"_toc.yml. Found settings only in {book.file}, for the book in {book.root}. "
                f"Declare the frameworks in {above / FILE}, or set `folder` in {book.file}."
            )


@functools.cache
def _read(file: Path, stamp: int) -> Book | None:
    """The book that a file describes; ``stamp`` changes when the file does."""
    table = _toml(file).get("tool", {}).get("tabbook")
    if table is None:
        return None
    table = dict(table)
    frameworks = table.get("frameworks", {})
    if isinstance(frameworks, str):
        frameworks = _toml(file.parent / frameworks)
    table["frameworks"] = {
        name: _checked(
            Framework,
            {"id": name, "label": name, "package": name, **entry},
            file,
            "frameworks",
            name,
        )
        for name, entry in frameworks.items()
    }
    for key, kind in (("data", Data), ("reference", Reference)):
        table[key] = _checked(kind, table.get(key, {}), file, key)
    folder = table.pop("folder", ".")
    if not isinstance(folder, str) or not (file.parent / folder).is_dir():
        raise ConfigError(f"{file}: [tool.tabbook] folder expects a folder; found {folder!r}.")
    where = {"root": (file.parent / folder).resolve(), "file": file}
    book: Book = _checked(Book, {**table, **where}, file)
    return book


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from error


def _checked(kind: Any, values: Mapping[str, Any], file: Path, *where: str) -> Any:
    """An instance of one of the classes above; unknown keys raise an error."""
    known = [one.name for one in fields(kind)]
    if unknown := [name for name in values if name not in known]:
        place = ".".join(("tool.tabbook", *where))
        expected = ", ".join(name for name in known if name not in ("id", "root", "file"))
        raise ConfigError(f"{file}: [{place}] expects {expected}. Found: {', '.join(unknown)}.")
    return kind(**{name: _frozen(value) for name, value in values.items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value

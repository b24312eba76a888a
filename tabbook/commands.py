"""The commands of ``python -m tabbook``."""

import argparse
import platform
import shutil
import sys
from pathlib import Path

from tabbook import new
from tabbook.config import FILE, ConfigError, book_of
from tabbook.editions.contents import EditionError
from tabbook.import_d2l import command as import_d2l
from tabbook.import_d2l.dialect import ImportD2lError
from tabbook.math import font as formula_font
from tabbook.pages import accept, agreement, notebooks, record
from tabbook.pages.contents import TOC, unlisted
from tabbook.pages.merge import StaleNotebookError
from tabbook.pages.notebooks import NotebookError
from tabbook.pages.settings import config_of
from tabbook.pages.source import Page, SourceError, pages
from tabbook.slides import decks
from tabbook.slides.outline import SlideError

#: What ``_config.yml`` lists so that the build knows tabs.
EXTENSION = "tabbook.sphinx"

#: Errors that are printed without a traceback.
ERRORS = (
    ConfigError,
    EditionError,
    ImportD2lError,
    NotebookError,
    OSError,
    SlideError,
    SourceError,
    StaleNotebookError,
)


def run(options: argparse.Namespace) -> int:
    """Run the command in the options; the option ``folder`` is the book's, or one in it.

    Returns:
        The exit status.

    Raises:
        ERRORS: an argument is wrong; the message says what to do.
    """
    if options.command == "import-d2l":
        return import_d2l.run(options)
    if options.command == "new":
        new.make(options.to)
        return 0
    found = {}
    if options.folder.is_dir():
        found = {page.name: page for page in pages(options.folder)}
    if not found:
        raise NotebookError(
            f"Expected pages with notebooks in {options.folder}, found "
            f"{'none' if options.folder.is_dir() else 'no such folder'}. Run this in the "
            f"book's folder, whose {FILE} has [tool.tabbook] and whose {TOC} lists the pages, or "
            "give that folder: --folder DIR"
        )
    return _COMMANDS[options.command](options, _choose(found, options))


def _choose(found: dict[str, Page], options: argparse.Namespace) -> list[Page]:
    """The pages that the arguments name; all if there are none."""
    chosen = [_named(name, found, options.folder) for name in options.pages]
    return list({page.name: page for page in chosen}.values()) or [*found.values()]


def _named(name: str, found: dict[str, Page], folder: Path) -> Page:
    """The page with a name, a path, or a notebook at a path."""
    path = Path(name).resolve()
    for page in found.values():
        notebooks = [page.notebook(framework).resolve() for framework in page.frameworks]
        if path in (page.path.resolve(), *notebooks):
            return page
    if path.exists() and len(Path(name).parts) > 1:  # a page of another book may have the same name
        raise NotebookError(
            f"{name} is no page in {folder}. Give a page in it, or the other folder: --folder DIR"
        )
    short = name.removesuffix(".md").removesuffix(".ipynb")
    ending = [one for one in found if f"/{one}".endswith(f"/{short}")]
    match [short] if short in found else ending:
        case [one]:
            return found[one]
        case []:
            raise NotebookError(
                f"No page {name!r} with notebooks. Expected one of: {', '.join(found)}."
            )
    raise NotebookError(f"Several pages are called {name!r}. Expected one of: {', '.join(ending)}.")


def _pairs(options: argparse.Namespace, chosen: list[Page]) -> list[tuple[Page, str]]:
    """The notebooks that a command applies to."""
    pairs = [
        (page, framework)
        for page in chosen
        for framework in page.frameworks
        if not options.framework or framework in options.framework
    ]
    if options.framework and not pairs:
        names = ", ".join(f"{page.name} ({', '.join(page.frameworks)})" for page in chosen)
        raise NotebookError(
            f"No page has {', '.join(options.framework)}. Expected one of: {names}."
        )
    return pairs


def _split(options: argparse.Namespace, chosen: list[Page]) -> int:
    pairs = _pairs(options, chosen)
    targets = [options.to / framework / f"{page.name}.ipynb" for page, framework in pairs]
    for path in targets:
        if notebooks.was_executed(path):
            raise NotebookError(
                f"{path} contains outputs, which split does not overwrite. Choose another folder."
            )
    for (page, framework), path in zip(pairs, targets, strict=True):
        notebooks.write(notebooks.split(page, framework), path)
        print(path)
    return 0


def _runnable(options: argparse.Namespace, chosen: list[Page]) -> list[tuple[Page, str]]:
    pairs = []
    for page, framework in _pairs(options, chosen):
        table = page.book.frameworks[framework]
        if not table.supported:
            here = f"{sys.platform} {platform.machine()}"
            print(f"Skipped {page.name}/{framework}: {table.label} has no build for {here}.")
        elif not table.installed:  # report it before the first notebook is executed
            raise NotebookError(
                f"{page.name}/{framework}: {table.label} is not installed. "
                f"Run: {table.install_hint}"
            )
        else:
            pairs.append((page, framework))
    if not pairs:
        raise NotebookError("No notebook was executed. Choose another --framework or another page.")
    return pairs


def _execute(options: argparse.Namespace, chosen: list[Page]) -> int:
    for page, framework in _runnable(options, chosen):
        print(f"Wrote {record.execute(page, framework)}")
    return 0


def _bless(options: argparse.Namespace, chosen: list[Page]) -> int:
    pairs = _runnable(options, chosen)
    changes = accept.bless(
        pairs,
        exact=options.exact,
        figures=options.figures,
        default=accept.default_tolerance(options.folder),
    )
    if changes:
        print(accept.table(changes))
    taken = sum(change.taken for change in changes)
    print(
        f"Executed {len(pairs)} notebooks, stored {taken} changes. Read `git diff` before a commit."
    )
    return 0


def _refresh(options: argparse.Namespace, chosen: list[Page]) -> int:
    failed = []
    for page, framework in _pairs(options, chosen):
        if not agreement.check(page, framework):
            continue
        try:
            print(f"Wrote {record.refresh(page, framework)}")
        except NotebookError as error:  # the other notebooks can still be updated
            failed.append(str(error))
    if failed:
        raise NotebookError("\n".join(failed))
    return 0


def _check(options: argparse.Namespace, chosen: list[Page]) -> int:
    pairs = _pairs(options, chosen)
    problems = [problem for pair in pairs for problem in agreement.check(*pair)]
    if not options.pages:
        problems += [*_orphans(options.folder, chosen), *_missing_extension(options.folder)]
    for problem in problems:
        print(problem)
    if problems:
        return 1
    print(f"{len(pairs)} notebooks agree with their sources")
    return 0


def _slides(options: argparse.Namespace, chosen: list[Page]) -> int:
    book = book_of(options.folder)
    for folder in decks.NEEDED:
        source = book.root / book.third_party / folder
        if not source.is_dir():
            raise SlideError(
                f"Slides need {source}, which is missing. Restore it: git checkout {source}"
            )
    if not decks.outlines(options.folder):
        raise SlideError(
            "Expected outlines of slides in a folder `slides` beside the pages in "
            f"{options.folder}, found none."
        )
    for path in decks.write(options.folder, options.to):
        print(path)
    for folder in decks.NEEDED:  # a built book already has them
        source = book.root / book.third_party / folder
        shutil.copytree(source, options.to / folder, dirs_exist_ok=True)
    formula_font.trim(options.to)
    return 0


def _edition(options: argparse.Namespace, chosen: list[Page]) -> int:
    from tabbook.editions import files, menus  # needs packages that other commands do not

    book = book_of(options.folder)
    for path in files.write(book, options.html, options.command, options.framework or ()):
        print(f"{path}: {menus.megabytes(path)}")
    return 0


def _orphans(folder: Path, found: list[Page]) -> list[str]:
    """Notebooks without a page."""
    book = book_of(folder)
    known = {page.notebook(framework).resolve() for page in found for framework in page.frameworks}
    return [
        f"{path}: this notebook has no page in {path.parent.parent}. Remove it, or rename it if "
        "its page was renamed."
        for path in unlisted(book, folder, ".ipynb")
        if path.parent.name in book.frameworks and path not in known
    ]


def _missing_extension(folder: Path) -> list[str]:
    """The problem of a book whose build would show pages without tabs and outputs."""
    book = book_of(folder)
    config = config_of(book)
    extensions = (config.get("sphinx") or {}).get("extra_extensions") or []
    if not config or EXTENSION in extensions:
        return []
    return [
        f"{book.root / '_config.yml'}: expected {EXTENSION} in the list `sphinx: "
        "extra_extensions:`. Without it, the built book has no tabs and no outputs. Add it."
    ]


_COMMANDS = {
    "split": _split,
    "execute": _execute,
    "bless": _bless,
    "refresh": _refresh,
    "check": _check,
    "slides": _slides,
    "pdf": _edition,
    "epub": _edition,
}

"""``python -m tabbook``: split, execute, bless, refresh and check the book's notebooks.

And make the slides of them.
"""

import argparse
import platform
import shutil
import sys
from pathlib import Path

from tabbook.config import ConfigError, book_of
from tabbook.math import font as formula_font
from tabbook.pages import accept as bless
from tabbook.pages import notebooks
from tabbook.pages.merge import StaleNotebookError
from tabbook.pages.notebooks import NotebookError
from tabbook.pages.source import Page, SourceError, pages
from tabbook.slides import decks as slides


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        book = book_of(options.chapters or Path.cwd())
        if options.chapters is None:
            options.chapters = book.root / book.chapters
        for name in getattr(options, "framework", None) or ():
            if name not in book.frameworks:
                parser.error(
                    f"unknown framework {name!r}; expected one of: {', '.join(book.frameworks)}"
                )
        found = {page.name: page for page in pages(options.chapters)}
        chosen = _choose(found, options.pages)
        return options.command(options, chosen)
    except (
        ConfigError,
        SourceError,
        NotebookError,
        StaleNotebookError,
        slides.SlideError,
    ) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tabbook", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("pages", nargs="*", metavar="PAGE", help="a page's name or path; none: all")
    common.add_argument("--chapters", type=Path, metavar="DIR", help="default: the book's")
    common.add_argument(
        "--framework",
        action="append",
        metavar="NAME",
        help="only this framework; may be given more than once",
    )
    split = commands.add_parser(
        "split", parents=[common], help="write the notebooks into a folder, without outputs"
    )
    split.add_argument("--to", required=True, type=Path, metavar="DIR")
    split.set_defaults(command=_split)
    execute = commands.add_parser(
        "execute", parents=[common], help="run the notebooks and keep them with their outputs"
    )
    execute.set_defaults(command=_execute)
    taken = commands.add_parser(
        "bless", parents=[common], help="run the notebooks and keep what has changed; show it"
    )
    taken.add_argument(
        "--exact", action="store_true", help="take every new digit, also within the tolerances"
    )
    taken.add_argument(
        "--figures", type=Path, metavar="DIR", help="write changed figures here, before and after"
    )
    taken.set_defaults(command=_bless)
    refresh = commands.add_parser(
        "refresh", parents=[common], help="take changed prose and tags into them; run nothing"
    )
    refresh.set_defaults(command=_refresh)
    check = commands.add_parser(
        "check", parents=[common], help="compare the kept notebooks with the sources; run nothing"
    )
    check.set_defaults(command=_check)
    decks = commands.add_parser("slides", help="make the slides of the kept notebooks; run nothing")
    decks.add_argument("--chapters", type=Path, metavar="DIR", help="default: the book's")
    decks.add_argument(
        "--to", default=Path("_build/html"), type=Path, metavar="DIR", help="default: _build/html"
    )
    decks.set_defaults(command=_slides, pages=[])
    return parser


def _choose(found: dict[str, Page], names: list[str]) -> list[Page]:
    for name in names:
        if Path(name).stem not in found:
            raise NotebookError(
                f"There is no page {name!r}. Expected one of: {', '.join(found) or '(none)'}."
            )
    return [found[Path(name).stem] for name in names] or list(found.values())


def _pairs(options: argparse.Namespace, chosen: list[Page]) -> list[tuple[Page, str]]:
    """The notebooks that a command is about."""
    pairs = [
        (page, framework)
        for page in chosen
        for framework in page.frameworks
        if not options.framework or framework in options.framework
    ]
    if options.framework and not pairs:
        names = ", ".join(f"{page.name} ({', '.join(page.frameworks)})" for page in chosen)
        raise NotebookError(f"No page in {', '.join(options.framework)} among: {names}.")
    return pairs


def _split(options: argparse.Namespace, chosen: list[Page]) -> int:
    pairs = _pairs(options, chosen)
    targets = [options.to / framework / f"{page.name}.ipynb" for page, framework in pairs]
    for path in targets:
        if notebooks.was_executed(path):
            raise NotebookError(f"{path} holds outputs; split does not write over them.")
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
        elif not table.installed:  # before the first notebook runs, not after an hour
            raise NotebookError(
                f"{page.name}/{framework}: {table.label} is not installed. "
                f"Run: {table.install_hint}"
            )
        else:
            pairs.append((page, framework))
    return pairs


def _execute(options: argparse.Namespace, chosen: list[Page]) -> int:
    for page, framework in _runnable(options, chosen):
        print(f"Wrote {notebooks.execute(page, framework)}")
    return 0


def _bless(options: argparse.Namespace, chosen: list[Page]) -> int:
    pairs = _runnable(options, chosen)
    changes = bless.bless(
        pairs,
        exact=options.exact,
        figures=options.figures,
        default=bless.default_tolerance(options.chapters),
    )
    if changes:
        print(bless.table(changes))
    taken = sum(change.taken for change in changes)
    print(f"{len(pairs)} notebooks run, {taken} changes taken. Read `git diff` before you commit.")
    return 0


def _refresh(options: argparse.Namespace, chosen: list[Page]) -> int:
    refused = []
    for page, framework in _pairs(options, chosen):
        if not notebooks.check(page, framework):
            continue
        try:
            print(f"Wrote {notebooks.refresh(page, framework)}")
        except NotebookError as error:  # the others can still be brought up to date
            refused.append(str(error))
    if refused:
        raise NotebookError("\n".join(refused))
    return 0


def _check(options: argparse.Namespace, chosen: list[Page]) -> int:
    pairs = _pairs(options, chosen)
    problems = [problem for pair in pairs for problem in notebooks.check(*pair)]
    if not options.pages:
        problems += _orphans(options.chapters, chosen)
    for problem in problems:
        print(problem)
    if problems:
        return 1
    print(f"{len(pairs)} notebooks agree with their sources")
    return 0


def _slides(options: argparse.Namespace, chosen: list[Page]) -> int:
    book = book_of(options.chapters)
    vendored = book.root / book.third_party
    for folder in slides.NEEDED:  # a book that is built has them already
        shutil.copytree(vendored / folder, options.to / folder, dirs_exist_ok=True)
    for path in slides.write(options.chapters, options.to):
        print(path)
    formula_font.trim(options.to)
    return 0


def _orphans(chapters: Path, found: list[Page]) -> list[str]:
    """Notebooks that no page accounts for: a learner would still open them."""
    known = {page.notebook(framework) for page in found for framework in page.frameworks}
    return [
        f"{path}: no page in {chapters} has this notebook. Remove it."
        for framework in book_of(chapters).frameworks
        for path in sorted((chapters / framework).glob("*.ipynb"))
        if path not in known
    ]

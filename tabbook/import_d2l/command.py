"""``python -m tabbook import-d2l``: write a book of ours, or list the names that pages need."""

import argparse
import sys
from pathlib import Path, PurePosixPath

from tabbook.import_d2l.dialect import NO_BASE, ImportD2lError, Problem
from tabbook.import_d2l.names import uses
from tabbook.import_d2l.saved import libraries
from tabbook.import_d2l.sources import Folder, read
from tabbook.import_d2l.write import Written, check_target, write
from tabbook.pages import drawings


def run(options: argparse.Namespace) -> int:
    """Run the command; problems are printed, each with file and line.

    Returns:
        The exit status: 1 if a page was not converted, or a name is missing.

    Raises:
        ImportD2lError: an argument is wrong; the message says what to do.
    """
    if options.names == (options.to is not None):
        raise ImportD2lError("import-d2l expects either --to DIR or --names.")
    folder = read(options.folder.resolve())
    base = "" if options.base == NO_BASE else options.base
    chosen = folder.chosen(options.pages)
    if options.names:
        return _names(folder, chosen, base)
    check_target(options.to, folder.root)
    written = write(folder, chosen, base, options.to)
    _print_problems(written.problems)
    _print_summary(written, options.to)
    return int(any(problem.is_error for problem in written.problems))


def _names(folder: Folder, chosen: list[PurePosixPath], base: str) -> int:
    """Print what each page needs of the modules; one line for a page and framework."""
    every = folder.convert(list(folder.sources))
    modules = libraries(folder, every, base)
    found: dict[tuple[str, str], dict[bool, list[str]]] = {}
    for use in uses({page: every[page] for page in chosen}, modules):
        kinds = found.setdefault((str(use.page), use.framework), {True: [], False: []})
        if use.defined is None:
            kinds[True].append(f"{use.name} (line {use.line})")
        elif use.name not in modules[use.framework].preferred:
            kinds[False].append(f"{use.name} ({use.defined})")
    _print_problems(
        [p for page in chosen for p in folder.sources[page].report.problems if p.is_error]
    )
    for (page, framework), kinds in found.items():
        for is_missing, words in ((True, "missing"), (False, "defined by the book")):
            if kinds[is_missing]:
                print(f"{page} {framework}: {words}: {', '.join(kinds[is_missing])}")
    missing = sum(bool(kinds[True]) for kinds in found.values())
    pairs = sum(len(every[page].frameworks) for page in chosen)
    print(f"{missing} of {pairs} pairs of page and framework lack a name")
    return int(missing > 0)


def _print_problems(problems: list[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)


def _print_summary(written: Written, to: Path) -> None:
    errors = sum(problem.is_error for problem in written.problems)
    print(
        f"Wrote {written.pages} pages ({written.pairs} pairs of page and framework), "
        f"{written.pictures} pictures and {written.modules} modules into {to}; "
        f"{errors} errors, {len(written.problems) - errors} warnings."
    )
    drawn = f"python -m {drawings.__name__} img/*.svg ; " if written.drawings else ""
    print(
        f"Next, in {to}: pip install -e . ; {drawn}python -m tabbook execute --framework NAME "
        "PAGE ; jupyter-book build ."
    )

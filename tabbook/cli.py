"""``python -m tabbook``: split, execute, bless, refresh and check the book's notebooks.

The command also builds the slides, writes the book as PDF and ePub, and imports books that are
written for d2lbook.
"""

import argparse
import sys
from pathlib import Path

from tabbook.config import ConfigError, book_of, expect_own_settings, install_extra
from tabbook.import_d2l.dialect import NO_BASE, dialect


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command in ("import-d2l", "new"):  # they make a book
        return _run(options)
    try:
        book = book_of(options.folder or Path.cwd())
        expect_own_settings(book, options.folder or Path.cwd())
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    if options.folder is None:
        options.folder = book.root
    for output in ("to", "html"):
        if getattr(options, output, "") is None:
            setattr(options, output, book.root / "_build" / "html")
    if getattr(options, "framework", None):
        options.framework = [book.framework_id(name) for name in options.framework]
    for name in getattr(options, "framework", None) or ():
        if name not in book.frameworks:
            parser.error(
                f"unknown framework {name!r}; expected one of: {', '.join(book.frameworks)}"
            )

    return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Run the command in the options; print its errors."""
    try:
        from tabbook import commands  # needs Jupytext, unlike `--help`

        try:
            return commands.run(options)
        except commands.ERRORS as error:
            print(error, file=sys.stderr)
            return 1
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "tabbook"):
            raise  # a fault of the tools, not a missing package
        print(
            f"python -m tabbook {options.command} needs the package {package}, which is not "
            f"installed. Run: {install_extra(options.extra)}",
            file=sys.stderr,
        )
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tabbook", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    parser.set_defaults(extra="book")
    framework = argparse.ArgumentParser(add_help=False)
    framework.add_argument(
        "--framework",
        action="append",
        metavar="NAME",
        help="only this framework; can be repeated",
    )
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="only the pages in this folder (default: all pages of the book)",
    )
    common = argparse.ArgumentParser(add_help=False, parents=[framework, folder])
    common.add_argument(
        "pages", nargs="*", metavar="PAGE", help="name or path of a page (default: all)"
    )
    split = commands.add_parser(
        "split", parents=[common], help="write notebooks without outputs into a folder"
    )
    split.add_argument("--to", required=True, type=Path, metavar="DIR")
    split.set_defaults(command="split")
    execute = commands.add_parser(
        "execute", parents=[common], help="execute the notebooks and store their outputs"
    )
    execute.set_defaults(command="execute")
    taken = commands.add_parser(
        "bless",
        parents=[common],
        help="accept new outputs: execute the notebooks, store changed outputs and list them",
    )
    taken.add_argument(
        "--exact", action="store_true", help="also store changes within the tolerances"
    )
    taken.add_argument(
        "--figures",
        type=Path,
        metavar="DIR",
        help="write old and new versions of changed figures into this folder",
    )
    taken.set_defaults(command="bless")
    refresh = commands.add_parser(
        "refresh",
        parents=[common],
        help="copy changed prose and tags into the notebooks; executes nothing",
    )
    refresh.set_defaults(command="refresh")
    check = commands.add_parser(
        "check", parents=[common], help="compare the notebooks with their sources; executes nothing"
    )
    check.set_defaults(command="check")
    decks = commands.add_parser(
        "slides",
        parents=[folder],
        help="build the slides from the stored notebooks; executes nothing",
    )
    decks.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="output folder (default: _build/html in the book's folder)",
    )
    decks.set_defaults(command="slides", pages=[])
    for kind, name in (("pdf", "PDF"), ("epub", "ePub")):
        edition = commands.add_parser(
            kind,
            parents=[framework, folder],
            help=f"write the built book as one {name} for each framework",
        )
        edition.add_argument(
            "--html",
            type=Path,
            metavar="DIR",
            help="folder of the built book (default: _build/html in the book's folder)",
        )
        edition.set_defaults(command=kind, pages=[], extra="editions")
    importing = commands.add_parser(
        "import-d2l", help="write a book from the sources of Dive into Deep Learning"
    )
    importing.add_argument("folder", type=Path, metavar="FOLDER", help="folder with the sources")
    importing.add_argument(
        "pages",
        nargs="*",
        metavar="PAGE",
        help="name or path of a page, or a folder of pages (default: all)",
    )
    importing.add_argument("--to", type=Path, metavar="DIR", help="folder of the new book")
    importing.add_argument(
        "--names",
        action="store_true",
        help="write nothing; list the names that pages need and nothing defines",
    )
    importing.add_argument(
        "--base",
        default=dialect().base,
        metavar="PACKAGE",
        help="package whose modules are preferred to the definitions of the pages, or "
        f"{NO_BASE} (default: %(default)s)",
    )
    importing.set_defaults(command="import-d2l")
    new = commands.add_parser(
        "new", help="make a small book of two pages in two frameworks, and execute its notebooks"
    )
    new.add_argument("to", type=Path, metavar="DIR", help="the new folder of the book")
    new.set_defaults(command="new")
    return parser

"""``python -m tabbook.offline``: pack the built book into an archive for offline reading.

The same book always gives the same bytes.
"""

import argparse
import sys
import zipfile
from pathlib import Path

from tabbook.config import ConfigError, book_of

# Files that are useless without a server: the 404 page, source maps of scripts, and Sphinx's build
# information. Icons come from a font: see sphinx/theme_patches.py; the search is not Sphinx's: see
# sphinx/search.py.
LEFT_OUT = (
    *("404.html", "*.map", ".buildinfo", "fontawesome.js"),
    *("searchtools.js", "language_data.js", "sphinx_highlight.js"),
)
TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can state


def pack(html: Path, archive: Path) -> int:
    """Write the pages of a folder into a zip archive, in a folder named for the archive.

    Args:
        html: the built book, with an ``index.html``.
        archive: the file to write.

    Returns:
        The archive's size in bytes.

    Raises:
        FileNotFoundError: there is no built book.
    """
    if not (html / "index.html").exists():
        raise FileNotFoundError(
            f"Expected a built book at {html}, found none. Build it first: jupyter-book build ."
        )
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(html.rglob("*")):
            if path.is_file() and not any(path.match(pattern) for pattern in LEFT_OUT):
                name = Path(archive.stem) / path.relative_to(html)
                packed.writestr(
                    zipfile.ZipInfo(name.as_posix(), TIME),
                    path.read_bytes(),
                    compress_type=zipfile.ZIP_DEFLATED,
                )
    return archive.stat().st_size


def main(arguments: list[str] | None = None) -> int:
    """Pack the book and print the archive's path; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tabbook.offline", description=__doc__)
    default = "default: in the folder _build of the book"
    parser.add_argument("html", type=Path, nargs="?", help=default)
    parser.add_argument("archive", type=Path, nargs="?", help=default)
    options = parser.parse_args(arguments)
    try:
        book = book_of(Path.cwd())
        built = book.root / "_build"
        archive = options.archive or built / f"{book.archive}.zip"
        size = pack(options.html or built / "html", archive) / 1e6
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{archive}: {size:.1f} MB. Unpack it and open {archive.stem}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())

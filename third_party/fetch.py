"""Fetch the files of others that the table in README.md records, and check that they are those.

    python third_party/fetch.py [PACKAGE ...]

Needs npm, and no more than Python's standard library.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Entry(NamedTuple):
    """A line of the table: what to take from a package, and how to know that it is the package."""

    folder: str
    package: str
    version: str
    licence: str
    origin: str
    files: list[str]
    hash: str


def entries(table: str) -> list[Entry]:
    """Read the lines of README.md's table."""
    rows = [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("|")
    ]
    return [
        Entry(folder, package, version, licence, origin, files.split(), digest)
        for folder, package, version, licence, origin, files, digest in rows[2:]
    ]


def fetch(entry: Entry, target: Path) -> None:
    """Put the files of a package into a folder; what was there before goes.

    Raises:
        SystemExit: the package is not the recorded one, or lacks a file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        named = f"{entry.package}@{entry.version}"
        subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", scratch, named], check=True
        )
        (archive,) = Path(scratch).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if entry.hash != f"sha512-{digest}":
            sys.exit(
                f"Expected {entry.package} {entry.version} to have the hash {entry.hash}, found "
                f"sha512-{digest}. Is the version meant? Then record that in README.md."
            )
        with tarfile.open(archive) as content:
            content.extractall(scratch, filter="data")
        package = Path(scratch) / "package"
        licence = json.loads((package / "package.json").read_text(encoding="utf-8"))["license"]
        if licence != entry.licence:
            sys.exit(
                f"Expected {entry.package} under {entry.licence}, found {licence}. May the project "
                "carry it? Then record that in README.md."
            )
        for name in entry.files:
            if not (package / entry.origin / name).exists():
                sys.exit(f"{entry.package} {entry.version} has no {entry.origin}/{name}.")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for text in package.glob("LICENSE*"):
            shutil.copyfile(text, target / text.name)
        for name in entry.files:
            source = package / entry.origin / name
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target / name)
            else:
                shutil.copyfile(source, target / name)


def main(wanted: list[str]) -> None:
    """Fetch the packages of these names, or all."""
    recorded = entries((HERE / "README.md").read_text(encoding="utf-8"))
    if unknown := set(wanted) - {entry.package for entry in recorded}:
        names = ", ".join(entry.package for entry in recorded)
        sys.exit(f"Expected names of README.md's table ({names}), found {', '.join(unknown)}.")
    for entry in recorded:
        if not wanted or entry.package in wanted:
            fetch(entry, HERE / entry.folder)
            print(f"third_party/{entry.folder}: {entry.package} {entry.version}")


if __name__ == "__main__":
    main(sys.argv[1:])

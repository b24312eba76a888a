"""The files of others: recorded, and fetched by a script that takes nothing else for them."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile

import pytest
from backends import ROOT

THIRD_PARTY = ROOT / "third_party"
HEADINGS = ["folder", "package", "version", "licence", "from", "files", "hash"]


def table(text):
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    assert rows[0] == HEADINGS
    return rows[2:]


def test_the_record_names_every_folder_and_every_folder_has_its_licence():
    recorded = [row[0].strip("`") for row in table((THIRD_PARTY / "README.md").read_text())]
    there = [
        path.relative_to(THIRD_PARTY).as_posix()
        for area in ("book", "tests")
        for path in (THIRD_PARTY / area).iterdir()
    ]
    assert sorted(recorded) == sorted(there)
    for folder in recorded:
        assert list((THIRD_PARTY / folder).glob("LICENSE*")), folder


@pytest.fixture
def registry(tmp_path):
    """A copy of the script, and an npm that has one package, `toy`."""
    contents = {
        "package.json": json.dumps({"license": "MIT"}),
        "LICENSE": "free",
        "dist/toy.js": "1",
        "dist/fonts/a.woff": "2",
        "dist/other.js": "3",
    }
    archive = tmp_path / "toy.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        for name, text in contents.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(
        "#!/bin/sh\n"
        "# npm pack --silent --pack-destination FOLDER toy@1.0\n"
        f'test "$5" = toy@1.0 && cp "{archive}" "$4/toy-1.0.tgz"\n'
    )
    npm.chmod(0o755)
    folder = tmp_path / "third_party"
    folder.mkdir()
    shutil.copy(THIRD_PARTY / "fetch.py", folder)
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()

    def fetch(licence="MIT", files="`toy.js` `fonts`", digest=f"sha512-{digest}", wanted=()):
        line = f"| `book/toy` | toy | 1.0 | {licence} | `dist` | {files} | {digest} |\n"
        heading = "| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|\n"
        (folder / "README.md").write_text(heading + line)
        return subprocess.run(
            [sys.executable, folder / "fetch.py", *wanted],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ['PATH']}"},
        )

    return folder, fetch


def test_fetching_replaces_a_folder_by_the_recorded_files(registry):
    folder, fetch = registry
    stale = folder / "book" / "toy" / "stale.js"
    stale.parent.mkdir(parents=True)
    stale.touch()
    done = fetch()
    assert done.returncode == 0, done.stderr
    got = {p.relative_to(folder / "book" / "toy").as_posix() for p in folder.rglob("toy/**/*")}
    assert {name for name in got if "." in name or name == "LICENSE"} == {
        "LICENSE",
        "toy.js",
        "fonts/a.woff",
    }


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"digest": "sha512-AAAA"}, "to have the hash sha512-AAAA, found sha512-"),
        ({"licence": "GPL-3.0"}, "under GPL-3.0, found MIT"),
        ({"files": "`gone.js`"}, "toy 1.0 has no dist/gone.js"),
        ({"wanted": ["tyo"]}, "names of README.md's table (toy), found tyo"),
    ],
)
def test_another_package_than_the_recorded_one_is_refused(registry, wrong, words):
    folder, fetch = registry
    refused = fetch(**wrong)
    assert refused.returncode != 0
    assert words in refused.stderr
    assert not list(folder.rglob("book/toy/*.js"))

"""``python -m tabbook new`` makes a book that agrees with itself, passes its check and builds."""

import json
import os
import shutil
import subprocess
import sys
import venv
from datetime import date
from pathlib import Path

import nbformat
import pytest
import yaml
from backends import ROOT
from sphinx_book import build

from tabbook.cli import main
from tabbook.config import book_of
from tabbook.new import _requirement
from tabbook.pages.source import pages


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new") / "my-first_book"
    assert main(["new", str(folder)]) == 0
    return folder


def test_it_is_complete_and_agrees_with_its_sources(book, capsys):
    assert main(["check", "--folder", str(book)]) == 0
    assert capsys.readouterr().out == "4 notebooks agree with their sources\n"
    assert {page.name: page.frameworks for page in pages(book)} == {
        "mean": ("python", "numpy"),
        "walks/walk": ("python", "numpy"),
    }
    assert all(framework.installed for framework in book_of(book).frameworks.values())
    assert yaml.safe_load((book / "_config.yml").read_text())["title"] == "My first book"
    assert (book / "index.md").read_text().startswith("# My first book\n")
    config = yaml.safe_load((book / "_config.yml").read_text())
    assert config["copyright"] == str(date.today().year)
    assert "_build/" in (book / ".gitignore").read_text().splitlines()
    assert not any("MY TITLE" in path.read_text() for path in book.rglob("*") if path.is_file())
    for path in book.rglob("*.ipynb"):
        outputs = [cell.outputs for cell in nbformat.read(path, 4).cells if "outputs" in cell]
        assert any(outputs), path


def test_its_workflow_runs_the_commands_that_the_book_has(book):
    workflow = yaml.safe_load((book / ".github/workflows/book.yml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["book"]["steps"]]
    assert [step.split()[0] for step in steps if step] == [
        "pip",
        "python",
        "pytest",
        "jupyter-book",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows",
         str(book / ".github/workflows/book.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_it_builds_without_a_warning(book):
    build(book)
    page = (book / "_build/html/walks/walk.html").read_text(encoding="utf-8")
    assert page.count("After 1000 steps, the walk is at") == 2
    assert "framework-tabs" in page


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.md").write_text("Mine.")
    for target in (tmp_path, tmp_path / "mine.md"):
        assert main(["new", str(target)]) == 1
        assert "to be new or empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.md"]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, "d2lcompat[book,check]=="),
        ({"url": "file:///home/me/a.whl", "archive_info": {}}, "d2lcompat[book,check]=="),
        ({"url": "https://a.org/a.whl", "archive_info": {}}, "@ https://a.org/a.whl"),
        (
            {"url": "https://a.org/a", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "d2lcompat[book,check] @ git+https://a.org/a@c0ffee",
        ),
    ],
)
def test_the_requirement_is_what_is_installed(origin, expected, monkeypatch):
    class Installed:
        version = "7"

        def read_text(self, name):
            return json.dumps(origin) if origin else None

    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Installed())
    assert expected in _requirement()


@pytest.mark.slow
def test_from_nothing_to_a_checked_and_built_book_in_five_commands(tmp_path):
    """In an empty environment, from a wheel; it takes minutes and needs a package index."""
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PATH"] = os.pathsep.join([str(scripts), environment["PATH"]])

    def run(*command, cwd=tmp_path):
        return subprocess.run(
            [str(scripts / command[0]), *command[1:]],
            cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False,
        )  # fmt: skip

    source = tmp_path / "source"  # a copy: to build leaves traces
    for name in ("d2lcompat", "tabbook", "third_party"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "MANIFEST.in", "pyproject.toml"):
        shutil.copy(ROOT / name, source / name)
    made = run("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(source))
    if any(words in made.stdout for words in ("NewConnectionError", "NameResolutionError")):
        pytest.skip("no package index can be reached")
    assert made.returncode == 0, made.stdout
    (wheel,) = tmp_path.glob("*.whl")
    constraints = ["-c", str(ROOT / "constraints.txt")]
    book = tmp_path / "mybook"
    for command, cwd in (
        (["pip", "install", "--quiet", f"{wheel}[book,check]", *constraints], tmp_path),
        (["python", "-m", "tabbook", "new", "mybook"], tmp_path),
        (["python", "-m", "tabbook", "check"], book),
        (["pytest"], book),
        (["jupyter-book", "build", "-W", "-n", "--keep-going", "."], book),
    ):
        done = run(*command, cwd=cwd)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}"
    assert Path(book, "_build", "html", "walks", "walk.html").exists()

"""Commands that cannot do what they were asked say where to stand or what to install, and fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from backends import ROOT
from toy_book import code, configure, write

from tabbook import offline
from tabbook.cli import main

COMMANDS = {
    "split": ["--to", "out"], "execute": [], "bless": [], "refresh": [], "check": [], "slides": [],
    "pdf": [], "epub": [],
}  # fmt: skip
SCRIPTS = ("tests/mutants/run.py", "tests/false_alarms.py")

#: Runs a module or a script in a Python that lacks a package.
WITHOUT = """
import os, runpy, sys

package, what = sys.argv[1:3]
sys.argv[:3] = [what]
sys.path.insert(0, os.path.dirname(what))

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in package.split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
run = runpy.run_path if what.endswith(".py") else runpy.run_module
run(what, run_name="__main__")
"""


def run(*command, cwd=ROOT, **environment):
    """Run a command of this Python; return its status and all that it printed."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env={**os.environ, "PYTHONPATH": path}
        | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.fixture
def toy(tmp_path):
    """The folder of a book with one page and no notebook."""
    write(tmp_path / "chapters", code("1 + 1"))
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: chapters/toy\n")
    return tmp_path


def fails(capsys, arguments, *expected):
    """The command ends with status 1 and a line that has the given words."""
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert not printed.out
    for words in expected:
        assert words in printed.err


# ------------------------------------------------------------------------------------ wrong folders


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_without_a_book(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = [command, *COMMANDS[command]]
    expected = "found none. Run this in the book's folder, whose pyproject.toml has"
    fails(capsys, arguments, expected)
    assert not any(tmp_path.iterdir())
    configure(tmp_path)
    (tmp_path / "index.md").write_text("# Words without code\n")
    fails(capsys, arguments, expected, "and whose _toc.yml lists the pages", "--folder DIR")
    fails(capsys, [*arguments, "--folder", "nowhere"], "in nowhere, found no such folder.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.md", "pyproject.toml"]


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"slides", "pdf", "epub"}))
def test_a_page_of_another_folder(command, toy, tmp_path, monkeypatch, capsys):
    """Of the same name: it is not the one that would be taken."""
    configure(tmp_path / "other")
    other = write(tmp_path / "other" / "chapters", code("1 + 1"))
    monkeypatch.chdir(toy)
    arguments = [command, *COMMANDS[command]]
    fails(capsys, [*arguments, str(other)], f"{other} is no page in {toy}.")
    fails(capsys, [*arguments, "nowhere"], "No page 'nowhere' with notebooks", "one of: toy.")


def test_a_page_is_found_from_where_one_stands(toy, monkeypatch, capsys):
    for folder, names in {
        toy: ("toy", "toy.md", "chapters/toy.md", "chapters/jax/toy.ipynb"),
        toy / "chapters": ("toy", "toy.md", "./toy.md", "jax/toy.ipynb"),
    }.items():
        monkeypatch.chdir(folder)
        for name in names:
            assert main(["split", "--to", str(toy / "out"), name, name]) == 0
            assert len(capsys.readouterr().out.splitlines()) == 2  # a line for each framework


def test_a_book_without_settings_inside_another(toy, monkeypatch, capsys):
    inner = toy / "inner"
    write(inner, code("1 + 1"))
    (inner / "_toc.yml").write_text("format: jb-book\nroot: toy\n")
    for folder in (inner, inner / "part"):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        expected = f"{inner / 'pyproject.toml'}: expected [tool.tabbook.frameworks]"
        capsys.readouterr()
        fails(capsys, ["check"], expected, f"settings only in {toy / 'pyproject.toml'}", "`folder`")
    text = (toy / "pyproject.toml").read_text()
    (toy / "pyproject.toml").write_text(
        text.replace("[tool.tabbook]", '[tool.tabbook]\nfolder = "inner"')
    )
    assert main(["split", "--to", str(toy / "out")]) == 0


def test_the_check_expects_the_extension_of_the_build(toy, monkeypatch, capsys):
    monkeypatch.chdir(toy)
    config = toy / "_config.yml"
    expected = f"{config}: expected tabbook.sphinx in the list `sphinx: extra_extensions:`."
    for text, told in {
        "title: A": True,
        "sphinx: {extra_extensions: [sphinx_exercise]}": True,
        "sphinx: {extra_extensions: [sphinx_exercise, tabbook.sphinx]}": False,
    }.items():
        config.write_text(text)
        assert main(["check"]) == 1  # there is no notebook
        assert (expected in capsys.readouterr().out) == told


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"slides"}))
def test_an_unknown_framework(command, toy, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, *COMMANDS[command], "--folder", str(toy), "--framework", "jacks"])
    assert ended.value.code == 2
    assert "unknown framework 'jacks'; expected one of: pytorch" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- slides


def test_slides_without_an_outline_or_without_their_files(toy, capsys):
    command = ["slides", "--folder", str(toy / "chapters"), "--to", str(toy / "out")]
    fails(capsys, command, f"Slides need {toy / 'third_party' / 'book' / 'reveal'}", "git checkout")
    for folder in ("reveal", "stix-two-math"):
        (toy / "third_party" / "book" / folder).mkdir(parents=True)
    fails(capsys, command, "Expected outlines of slides", f"in {toy / 'chapters'}, found")
    assert not (toy / "out").exists()


def test_slides_and_the_archive_go_into_the_book_from_any_folder_in_it(tmp_path, monkeypatch):
    from tabbook import commands

    configure(tmp_path)
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path / "chapters")
    targets = []
    monkeypatch.setattr(commands, "run", lambda options: targets.append(options.to) or 0)
    assert main(["slides"]) == 0
    assert targets == [tmp_path / "_build" / "html"]
    (tmp_path / "_build" / "html").mkdir(parents=True)
    (tmp_path / "_build" / "html" / "index.html").write_text("a book")
    assert offline.main([]) == 0
    assert [path.name for path in (tmp_path / "_build").glob("*.zip")] == ["book.zip"]


# ------------------------------------------------------------------------------------------ offline


def test_offline_without_a_built_book(tmp_path, monkeypatch, capsys):
    configure(tmp_path)
    monkeypatch.chdir(tmp_path)
    for arguments, folder in ([], tmp_path / "_build" / "html"), (["nowhere"], "nowhere"):
        assert offline.main(arguments) == 1
        expected = f"Expected a built book at {folder}, found none. Build it first: "
        assert expected in capsys.readouterr().err
    (tmp_path / "index.html").write_text("a book")
    assert offline.main([str(tmp_path), str(tmp_path / "nowhere" / "book.zip")]) == 1
    assert "nowhere/book.zip" in capsys.readouterr().err


# --------------------------------------------------------------------------------- missing packages


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        ("check", "jupytext", "book"),
        ("execute", "nbclient", "book"),
        ("slides", "jinja2", "book"),
        ("epub", "html5lib", "editions"),
        ("pdf", "pikepdf", "editions"),
    ],
)
def test_a_missing_package_is_named(command, package, extra):
    status, printed = run("-c", WITHOUT, package, "tabbook", command)
    assert status == 1
    assert printed == (
        f"python -m tabbook {command} needs the package {package}, which is not installed. "
        f'Run: pip install -e ".[{extra}]" -c constraints.txt\n'
    )


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"]])
def test_help_needs_no_package(arguments):
    status, printed = run("-c", WITHOUT, "jupytext,nbclient,nbformat,jinja2", "tabbook", *arguments)
    assert status == 0
    assert printed.startswith("usage: python -m tabbook")


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("package", ["jupytext", "pytest"])
def test_scripts_name_a_missing_package(script, package):
    status, printed = run("-c", WITHOUT, package, ROOT / script, "--help")
    assert status == 1
    install = "pip install -r requirements.txt -c constraints.txt"
    assert printed == f"This needs {package}. Run: {install}\n"


def test_a_missing_framework_is_said_before_a_notebook_runs(toy, monkeypatch, capsys):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "jax" else find(name)
    )
    for command in ("execute", "bless"):
        arguments = [command, "--folder", str(toy / "chapters"), "--framework", "jax"]
        fails(capsys, arguments, 'toy/jax: JAX is not installed. Run: pip install -e ".[jax]"')


@pytest.mark.parametrize("command", ["execute", "bless"])
def test_nothing_executed_is_an_error(command, toy, monkeypatch, capsys):
    table = (ROOT / "d2lcompat" / "frameworks.toml").read_text(encoding="utf-8")
    (toy / "frameworks.toml").write_text(table)
    configured = (toy / "pyproject.toml").read_text()
    at = str(ROOT / "d2lcompat" / "frameworks.toml")
    (toy / "pyproject.toml").write_text(configured.replace(at, "frameworks.toml"))
    write(toy / "chapters", code("1 + 1"), frameworks="mxnet")
    monkeypatch.setattr("sys.platform", "plan9")
    assert main([command, "--folder", str(toy / "chapters")]) == 1
    printed = capsys.readouterr()
    assert "Skipped toy/mxnet: MXNet has no build for plan9" in printed.out
    assert "No notebook was executed." in printed.err


# --------------------------------------------------------------------- the measures of the checking


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        (SCRIPTS[0], ["--only", "no such fault"], "--only 'no such fault' matches no fault;"),
        (SCRIPTS[0], ["--framework", "jacks"], "invalid choice: 'jacks'"),
        (SCRIPTS[0], ["--json", "nowhere/x.json"], "Expected a folder for nowhere/x.json, found"),
        (SCRIPTS[1], ["--setting", "no such"], "unknown setting 'no such'; expected one of: as"),
        (SCRIPTS[1], ["--repeats", "0"], "--repeats expected a positive integer; received 0"),
        (SCRIPTS[1], ["--page", "nowhere"], "invalid choice: 'nowhere'"),
        (SCRIPTS[1], ["--json", "nowhere/x.json"], "Expected a folder for nowhere/x.json, found"),
    ],
    ids=lambda value: Path(value).stem if isinstance(value, str) else " ".join(value),
)  # fmt: skip
def test_scripts_refuse_what_they_do_not_know(script, arguments, message, tmp_path):
    status, printed = run(ROOT / script, *arguments, cwd=tmp_path)
    assert status == 2
    assert message in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_need_the_data(script, tmp_path):
    status, printed = run(ROOT / script, D2LCOMPAT_DATA=str(tmp_path / "nowhere"))
    assert status == 2
    assert "cannot be" in printed
    assert str(tmp_path / "nowhere") in printed
    status, printed = run(ROOT / script, D2LCOMPAT_DATA="synthetic")
    assert status == 2
    assert "D2LCOMPAT_DATA names the synthetic data" in printed

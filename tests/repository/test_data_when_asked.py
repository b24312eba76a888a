"""The root ``conftest.py``: a run looks for the data if one of its tests asks, else it does not."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from backends import ROOT

# A plugin: whoever connects anywhere, or sends a datagram, is written down and refused.
OFFLINE = """
import socket
from pathlib import Path

def refused(self, *args):
    if self.family == socket.AF_UNIX:
        return connect(self, *args)
    Path({log!r}).open("a").write("asked\\n")
    raise OSError("no network here")

connect = socket.socket.connect
socket.socket.connect = refused
socket.getaddrinfo = lambda *args, **kwargs: refused(socket.socket())
"""

CASES = """
import os
import pytest

def test_plain():
    assert "D2LCOMPAT_DATA" not in os.environ

@pytest.mark.data
def test_asking():
    assert os.environ["D2LCOMPAT_DATA"] == "synthetic"
"""


@pytest.fixture
def run(tmp_path):
    """Runs pytest in a folder with the root's conftest, two tests and a notebook, offline and with
    an empty cache; returns what it printed and whether the cache or the network was touched."""
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    shutil.copy(ROOT / "conftest.py", project)
    shutil.copytree(ROOT / "d2lcompat", project / "d2lcompat")
    shutil.copy(ROOT / "pyproject.toml", project)
    (project / "test_cases.py").write_text(CASES)
    (project / "offline.py").write_text(OFFLINE.format(log=str(tmp_path / "log")))
    printed = nbformat.v4.new_output("stream", text="of the real data")
    cell = nbformat.v4.new_code_cell(
        "print('of other data')", outputs=[printed], metadata={"tags": ["fashion-mnist"]}
    )
    cell.execution_count = 1
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), project / "tagged.ipynb")

    def run(*arguments):
        env = {k: v for k, v in os.environ.items() if k != "D2LCOMPAT_DATA"}
        env |= dict.fromkeys(("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"), str(home))
        env["PYTHONPATH"] = os.pathsep.join([str(project), str(ROOT)])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "offline", "-p", "no:cacheprovider",
             *arguments],
            cwd=project, env=env, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, (tmp_path / "log").exists() or (home / "d2lcompat").exists()

    return run


@pytest.mark.parametrize(
    "arguments", [("--collect-only",), ("-k", "plain")], ids=["only collected", "no test asks"]
)
def test_nothing_is_touched_unasked(run, arguments):
    _, touched = run(*arguments)
    assert not touched


def test_who_asks_gets_synthetic_data_where_no_mirror_answers(run):
    printed, touched = run("test_cases.py::test_asking", "tagged.ipynb", "-n", "2")
    assert touched
    assert "2 passed" in printed
    assert "so synthetic data were used: 1 cells were executed" in printed

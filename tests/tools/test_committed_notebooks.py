"""The committed notebooks agree with their sources, and a source that was changed is named."""

import shutil
import subprocess
import sys

import pytest
from backends import FRAMEWORKS, ROOT

from tabbook.pages import notebooks, source

CHAPTERS = ROOT / "chapters"
PAGES = source.pages(CHAPTERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_notebooks_agree_with_their_source(page):
    problems = [problem for name in page.frameworks for problem in notebooks.check(page, name)]
    assert not problems, "\n".join(map(str, problems))


def test_every_notebook_belongs_to_a_page():
    made = {f"{name}/{page.name}.ipynb" for page in PAGES for name in page.frameworks}
    there = {f"{path.parent.name}/{path.name}" for path in CHAPTERS.glob("*/*.ipynb")}
    assert there == made


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax", "mxnet"])
def test_a_changed_source_is_found_and_named(framework, tmp_path):
    chapters = tmp_path / "chapters"
    shutil.copytree(CHAPTERS, chapters)
    page = chapters / "dropout.md"
    text = page.read_text()
    begin = text.index(f"%%tab {framework}\ndef dropout_layer")
    at = text.index("(1.0 - dropout)", begin)
    page.write_text(text[:at] + "1.0" + text[at + len("(1.0 - dropout)") :])
    done = subprocess.run(
        [sys.executable, "-m", "tabbook", "check", "--chapters", str(chapters)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    report = done.stdout + done.stderr
    assert "def dropout_layer" in report
    assert f"--framework {framework}" in report
    others = [name for name in FRAMEWORKS if f"--framework {name}" in report]
    assert others == [framework]

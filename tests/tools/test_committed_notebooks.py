"""The committed notebooks agree with their sources, and a source that was changed is named."""

import shutil

import pytest
from backends import FRAMEWORKS, ROOT
from toy_book import configure

from tabbook.cli import main
from tabbook.pages import agreement, source

CHAPTERS = ROOT / "chapters"
PAGES = source.pages(CHAPTERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_notebooks_agree_with_their_source(page):
    problems = [problem for name in page.frameworks for problem in agreement.check(page, name)]
    assert not problems, "\n".join(map(str, problems))


def test_every_notebook_belongs_to_a_page():
    made = {f"{name}/{page.name}.ipynb" for page in PAGES for name in page.frameworks}
    there = {f"{path.parent.name}/{path.name}" for path in CHAPTERS.glob("*/*.ipynb")}
    assert there == made


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax", "mxnet"])
def test_a_changed_source_is_found_and_named(framework, tmp_path, capsys):
    chapters = configure(tmp_path) / "chapters"
    page = chapters / "dropout.md"
    # Numbers and references come from all pages
    shutil.copytree(CHAPTERS, chapters, ignore=shutil.ignore_patterns("*.ipynb"))
    for name in ("_toc.yml", "_config.yml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    for path in CHAPTERS.glob("*/dropout.ipynb"):
        shutil.copyfile(path, chapters / path.relative_to(CHAPTERS))
    text = (CHAPTERS / page.name).read_text()
    begin = text.index(f"%%tab {framework}\ndef dropout_layer")
    at = text.index("(1.0 - dropout)", begin)
    page.write_text(text[:at] + "1.0" + text[at + len("(1.0 - dropout)") :])
    assert main(["check", "--folder", str(chapters), "dropout"]) == 1
    report = "".join(capsys.readouterr())
    assert "def dropout_layer" in report
    assert f"--framework {framework}" in report
    others = [name for name in FRAMEWORKS if f"--framework {name}" in report]
    assert others == [framework]

"""Pages are where ``_toc.yml`` says, at any depth, and pages of one name are told apart."""

import re

import nbformat
import pytest
from sphinx.util.matching import compile_matchers
from toy_book import code, configure, write

from tabbook.cli import main
from tabbook.config import ConfigError, book_of
from tabbook.pages.contents import _expression, listed, name_of, unlisted
from tabbook.pages.notebooks import split
from tabbook.pages.source import SourceError, pages, read_page

TOC = """\
format: jb-book
root: first
parts:
- caption: A
  chapters:
  - file: a/first
    sections: [{file: a/b/first.md}]
- caption: B
  chapters:
  - glob: c/*
  - url: https://example.org
"""
PAGES = ("first", "a/first", "a/b/first", "c/first", "c/second")


@pytest.fixture
def book(tmp_path):
    """A book whose pages are in its root and in folders, most of them with one name."""
    configure(tmp_path)
    (tmp_path / "_toc.yml").write_text(TOC)
    for name in PAGES:
        folder, _, stem = name.rpartition("/")
        words = f"# Title of {name}\n\nSee {{doc}}`/c/first` and {{ref}}`in-second`.\n"
        words = f"(in-second)=\n{words}" if stem == "second" else words
        write(tmp_path / folder, words, code(f"print({name!r})"), name=stem)
    return tmp_path


def test_pages_are_those_of_the_contents(book):
    assert [page.name for page in pages(book)] == sorted(PAGES)
    assert [page.name for page in pages(book / "a")] == ["a/b/first", "a/first"]
    notebooks = [page.notebook("jax") for page in pages(book)]
    assert len({*notebooks}) == len(PAGES)
    assert book / "a" / "b" / "jax" / "first.ipynb" in notebooks


def test_names_leave_out_the_folder_of_all_pages(tmp_path):
    configure(tmp_path)
    (tmp_path / "_toc.yml").write_text("root: docs/a\nchapters: [{file: docs/en/b}]\n")
    for name in ("a", "en/b"):
        write(tmp_path / "docs", code("1"), name=name) if "/" not in name else write(
            tmp_path / "docs" / "en", code("1"), name="b"
        )
    assert [page.name for page in pages(tmp_path)] == ["a", "en/b"]
    assert name_of(book_of(tmp_path), tmp_path / "README.md") == "README"


@pytest.mark.parametrize("change", ["front matter", "%%tab only"])
def test_a_page_that_is_not_listed_is_an_error_with_its_line(book, change):
    path = write(book / "a", code("1", "jax"), name="draft")
    text, line = path.read_text(), 11
    if change == "%%tab only":
        text, line = "# Draft\n\n" + code("1", "jax"), 3
    path.write_text(text)
    assert text.split("\n")[line - 1] in ("d2lcompat:", "```{code-cell} ipython3")
    with pytest.raises(SourceError, match=rf"a/draft\.md:{line}: .* _toc\.yml in .* not list it"):
        pages(book)
    (book / "_config.yml").write_text('exclude_patterns: ["a/dr*"]\n')
    assert len(pages(book)) == len(PAGES)


@pytest.mark.parametrize("folder", [".hidden", "_build/html", "node_modules/x", "env", "inner"])
def test_what_is_no_part_of_the_book_is_not_read(book, folder):
    (book / "env").mkdir()
    (book / "env" / "pyvenv.cfg").touch()
    path = write(book / folder, code("1", "jax"), name="other")
    if folder == "inner":
        configure(book / folder)
    assert path.exists()
    assert len(pages(book)) == len(PAGES)


def test_a_listed_file_that_does_not_exist(book):
    (book / "c" / "second.md").unlink()
    (book / "_toc.yml").write_text("root: first\nchapters: [{file: c/second}]\n")
    expected = r"_toc\.yml:2: expected the file c/second\.md in .* none"
    with pytest.raises(ConfigError, match=expected):
        listed(book_of(book))
    assert main(["check", "--folder", str(book)]) == 1


@pytest.mark.parametrize(("text", "line"), [("root: a\n - x: [\n", 2), ("a: 1\nb: [1\n\n", 2)])
def test_contents_that_are_not_yaml_are_told_with_their_line(book, text, line):
    (book / "_toc.yml").write_text(text)
    with pytest.raises(ConfigError, match=rf"_toc\.yml:{line}: this is not valid YAML: "):
        pages(book)


def test_commands_tell_pages_of_one_name_apart(book, monkeypatch, capsys):
    monkeypatch.chdir(book / "a")
    out = str(book / "out")
    for name, expected in {
        "first": "/first.ipynb", "a/first": "a/first.ipynb", "b/first": "a/b/first.ipynb",
        "first.md": "a/first.ipynb", "second": "c/second.ipynb",
        "b/jax/first.ipynb": "b/first.ipynb",
    }.items():  # fmt: skip
        assert main(["split", "--framework", "jax", "--to", out, name]) == 0
        assert capsys.readouterr().out.strip().endswith(expected)
    (book / "_toc.yml").write_text(TOC.replace("root: first", "root: c/second"))
    (book / "first.md").unlink()
    assert main(["split", "--to", out, "first"]) == 1
    assert "Several pages are called 'first'. Expected one of: a/b/first" in capsys.readouterr().err


def test_notebooks_link_to_notebooks_in_other_folders(book):
    notebook = split(read_page(book / "a" / "b" / "first.md"), "jax")
    assert notebook.metadata.d2lcompat.page == "a/b/first"
    text = "\n".join(cell.source for cell in notebook.cells)
    links = re.findall(r"\]\(([^)#]*)", text)
    assert links == ["../../../c/jax/first.ipynb", "../../../c/jax/second.ipynb"]
    here = book / "a" / "b" / "jax"
    assert (here / links[0]).resolve() == read_page(book / "c" / "first.md").notebook("jax")


def test_a_notebook_without_a_page_is_reported_at_any_depth(book, capsys):
    lost = book / "a" / "b" / "jax" / "lost.ipynb"
    lost.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(), lost)
    assert main(["check", "--folder", str(book)]) == 1
    assert f"{lost}: this notebook has no page in {book / 'a' / 'b'}." in capsys.readouterr().out


@pytest.mark.parametrize(
    "pattern", ["*.md", "_build", "**/.*", "a/**", "**b*", "a/?.md", "[ab].md", "[!ab].md", "a.md"]
)
def test_patterns_exclude_what_sphinx_excludes(pattern):
    (theirs,) = compile_matchers([pattern])
    ours = re.compile(_expression(pattern))
    for path in (
        "a.md",
        "b.md",
        "c.md",
        "a/b.md",
        "a/bb.md",
        "a/b/c.md",
        "_build",
        "x/.git",
        "amd",
    ):
        assert bool(ours.fullmatch(path)) == bool(theirs(path)), path


def test_the_book_may_be_a_folder_of_a_repository(tmp_path):
    config = (configure(tmp_path) / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(
        config.replace("[tool.tabbook]\n", '[tool.tabbook]\nfolder = "docs"\n')
    )
    path = write(tmp_path / "docs", code("1"))
    (tmp_path / "docs" / "_toc.yml").write_text("root: toy\n")
    assert book_of(tmp_path).root == tmp_path / "docs" == book_of(path).root
    assert [page.path for page in pages(tmp_path / "docs")] == [path]
    assert list(unlisted(book_of(path), path.parent, ".md")) == []
    (tmp_path / "pyproject.toml").write_text('[tool.tabbook]\nfolder = "nowhere"\n')
    with pytest.raises(ConfigError, match="folder expects a folder; found 'nowhere'"):
        book_of(tmp_path)

"""Frameworks are data of a book: an id alone will do, and a kernel may be another one."""

import json
import sys

import nbformat
import pytest

from tabbook.cli import main
from tabbook.config import book_of

PROJECT = """\
[tool.tabbook]
environment = {{WHO = "book", ALL = "book"}}

[tool.tabbook.frameworks.plain]
package = "json"
environment = {{WHO = "plain"}}

[tool.tabbook.frameworks.other]
label = "Other"
kernel = "toy-kernel"
language = "ruby"
{other}
"""
PAGE = """\
---
tabbook:
  frameworks: [plain, other]
  {seed}
---

# Page

```{{code-cell}}
import os
print(os.environ["WHO"], os.environ["ALL"], os.environ["TABBOOK_FRAMEWORK"], os.environ.get("TOY"))
```
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A function that writes a book with a framework that has a kernel of its own."""
    kernel = tmp_path / "data" / "kernels" / "toy-kernel"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Toy", "language": "ruby", "env": {"TOY": "toy"}}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    root = tmp_path / "book"
    root.mkdir()
    monkeypatch.chdir(root)

    def make(seed="", other="", extra=""):
        (root / "pyproject.toml").write_text(PROJECT.format(other=other))
        (root / "_toc.yml").write_text("format: jb-book\nroot: page\n")
        (root / "page.md").write_text(PAGE.format(seed=seed) + extra)
        return root

    return make


def outputs(root, framework):
    cells = nbformat.read(root / framework / "page.ipynb", as_version=4).cells
    return "".join(one.get("text", "") for cell in cells for one in cell.get("outputs", ()))


def test_each_framework_has_its_kernel_and_its_environment(book, capsys):
    root = book()
    assert main(["execute"]) == 0
    assert outputs(root, "plain") == "plain book plain None\n"
    assert outputs(root, "other") == "book book other toy\n"
    metadata = nbformat.read(root / "other" / "page.ipynb", as_version=4).metadata
    assert metadata.kernelspec == {
        "display_name": "Other",
        "language": "ruby",
        "name": "toy-kernel",
    }
    assert metadata.language_info == {"name": "ruby"}
    assert main(["check"]) == 0
    metadata.kernelspec.name = "python3"
    notebook = nbformat.read(root / "other" / "page.ipynb", as_version=4)
    notebook.metadata = metadata
    nbformat.write(notebook, root / "other" / "page.ipynb")
    assert main(["check"]) == 1
    assert "the notebook's kernel is 'python3', not 'toy-kernel'" in capsys.readouterr().out


def test_an_unknown_key_is_told_with_its_table(book, capsys):
    root = book(other='lable = "O"')
    assert main(["check"]) == 1
    told = capsys.readouterr().err
    assert f"{root / 'pyproject.toml'}: [tool.tabbook.frameworks.other] expects label, pack" in told
    assert told.endswith("Found: lable.\n")


@pytest.mark.parametrize(
    ("keys", "hint"),
    [
        ("", "pip install missing_module"),
        ('distributions = ["one", "two"]', "pip install one two"),
        ('install = "conda install it"', "conda install it"),
        ('extra = "it"', 'pip install -e ".[it]"'),
        ('kernel = "nowhere"', "install the Jupyter kernel 'nowhere'"),
    ],
)
def test_what_is_not_installed_says_how_to_install_it(book, keys, hint, capsys):
    root = book()
    text = f'[tool.tabbook.frameworks.plain]\npackage = "missing_module"\n{keys}\n'
    (root / "pyproject.toml").write_text(text + "[tool.tabbook.frameworks.other]\n")
    assert not book_of(root).frameworks["plain"].installed
    assert main(["execute", "--framework", "plain"]) == 1
    assert f"page/plain: plain is not installed. Run: {hint}" in capsys.readouterr().err

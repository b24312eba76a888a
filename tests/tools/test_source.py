"""What a page's source may say, and what it is told when it says something else."""

import subprocess
import sys

import jupytext
import pytest
from toy_book import code, prose, write

from tabbook.pages.source import SourceError, cells_for, pages, prose_for, read_page

SETUP = '%load_ext d2lcompat.tab\ntab.interact_select("pytorch", "jax")'


def test_a_page_is_what_it_says(tmp_path):
    path = write(
        tmp_path,
        "# Title\n",
        code(SETUP),
        code("a = 1", "jax", options=":tags: [rtol=0.05, hide-input]\n\n"),
        code("b = 1", "all"),
        code("c = 1"),
        code("d = 1", "jax, pytorch"),
    )
    page = read_page(path)
    assert (page.name, page.frameworks, page.seed) == ("toy", ("pytorch", "jax"), 0)
    assert [(c.kind, c.source, c.frameworks) for c in page.cells] == [
        ("markdown", "# Title", None),
        ("setup", SETUP, None),
        ("code", "a = 1", ("jax",)),
        ("code", "b = 1", None),
        ("code", "c = 1", None),
        ("code", "d = 1", None),
    ]
    assert page.cells[2].metadata == {"tags": ["rtol=0.05", "hide-input"]}
    lines = path.read_text().split("\n")
    assert [lines[c.line - 1] for c in page.cells[:3]] == [
        "# Title",
        "%load_ext d2lcompat.tab",
        "%%tab jax",
    ]
    assert page.notebook("jax") == tmp_path / "jax" / "toy.ipynb"


def test_only_pages_with_frameworks_are_listed_and_sorted(tmp_path):
    write(tmp_path, code("1"), name="b")
    write(tmp_path, code("1"), name="a")
    (tmp_path / "plain.md").write_text("# Words\n\n````\n```{code-cell}\n1\n```\n````\n")
    assert [page.name for page in pages(tmp_path)] == ["a", "b"]
    with pytest.raises(SourceError, match="names none"):
        read_page(tmp_path / "plain.md")


def test_jupytext_keeps_what_a_page_says_about_frameworks(tmp_path):
    path = write(tmp_path, code("1", "jax"))
    jupytext.write(jupytext.read(path), path, fmt="md:myst")  # as JupyterLab saves it
    assert read_page(path).frameworks == ("pytorch", "jax")


@pytest.mark.parametrize(
    ("cell", "at", "message"),
    [
        (code("x", "jacks"), "%%tab jacks", "'jacks' in `%%tab` is unknown. Expected some of:"),
        (code("x", "mxnet"), "%%tab mxnet", "a framework that this page does not list"),
        (code("x", ""), "%%tab ", "`%%tab` expects `all` or some of: pytorch, jax"),
        (code("", "jax"), "%%tab jax", "a code cell expects code"),
        (code(""), "", "a code cell expects code"),
        (code("x = 1\n%%tab jax\ny = 1"), "x = 1", "only once, in the first line"),
        (code("print(tab.selected('jax'))"), None, "write one cell for each framework"),
        (code(SETUP + "\nx = 1"), "%load_ext d2lcompat.tab", "may hold only"),
        (code(SETUP.replace("jax", "mxnet")), None, "expects the page's frameworks: pytorch, jax"),
        (prose(jacks="x"), ":::{tab-item} jacks", "'jacks' in `:sync:` is unknown"),
        (prose(mxnet="x"), ":::{tab-item} mxnet", "a framework that this page does not list"),
        (prose(jax="x").replace(":sync: jax\n", ""), None, "expects `:sync: <framework>`"),
        (prose(jax="x").replace("::::\n", "loose\n::::\n"), "loose", "and nothing else"),
        (prose(jax=code("1")), "::::{tab-set}", "not closed"),
        (prose(jax="x", pytorch="y").replace("pytorch", "jax"), None, "two tab-items"),
        (prose(jax="x").replace("work\n\n", "work\n"), ":::{tab-item} jax", "an empty line"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, cell, at, message):
    path = write(tmp_path, "# Title\n", code("good = 1"), "Words.\n", cell)
    with pytest.raises(SourceError) as caught:
        read_page(path)
    assert message in str(caught.value)
    assert "in the cell:" in str(caught.value)
    line = int(str(caught.value).removeprefix(f"{path}:").split(":")[0])
    lines = path.read_text().split("\n")
    assert line > lines.index("Words.")
    if at is not None:
        assert lines[line - 1] == at


@pytest.mark.parametrize(
    ("frameworks", "message"),
    [
        ("pytorch, pytorch", "'pytorch' stands twice"),
        ("pytorch, keras", "unknown framework 'keras'"),
        ("", "expects a list"),
    ],
)
def test_front_matter_is_checked(tmp_path, frameworks, message):
    path = write(tmp_path, code("1"), frameworks=frameworks)
    with pytest.raises(SourceError, match=message):
        read_page(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 0", "seed: none", "whole number"),
        ("seed: 0", "seeds: 0", "knows `frameworks` and `seed`"),
        ("d2lcompat:\n  frameworks: [pytorch, jax]\n  seed: 0\n", "", "names its frameworks"),
    ],
)
def test_the_rest_of_front_matter_is_checked(tmp_path, old, new, message):
    path = write(tmp_path, code("1"))
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SourceError, match=message):
        read_page(path)


def test_words_for_one_framework_stay_with_it(tmp_path):
    page = read_page(write(tmp_path, "Before.\n", prose(jax="Keys."), "After.\n", code("1")))
    assert {f: next(cells_for(page, f))[1].source for f in page.frameworks} == {
        "pytorch": "Before.\n\nAfter.",
        "jax": "Before.\n\nKeys.\n\nAfter.",
    }
    alone = read_page(write(tmp_path, code("1"), prose(jax="Keys."), code("2")))
    assert [cell.source for _, cell in cells_for(alone, "pytorch")] == ["1", "2"]
    with pytest.raises(ValueError, match="has no 'mxnet'"):
        list(cells_for(alone, "mxnet"))


NESTED = """\
`````{tab-set}
---
sync-group: framework
---
````{tab-item} JAX
:sync: jax

```{note}
A note.
```
````
`````"""
OTHER = "::::{tab-set}\n:::{tab-item} Left\n:sync: jax\n\nx\n:::\n::::"
SHOWN = "````md\n" + prose(jax="x") + "````"
LISTING = SHOWN.replace("````md", "````{code-block} md")
INSIDE = ":::::{note}\nA.\n\n" + prose(jax="B.", pytorch="C.") + ":::::"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NESTED, "```{note}\nA note.\n```"),
        (OTHER, OTHER),
        (SHOWN, SHOWN),
        (LISTING, LISTING),
        (INSIDE, ":::::{note}\nA.\n\nB.\n:::::"),
        ("```x``` is code\n:::\n```\nopen", "```x``` is code\n:::\n```\nopen"),
        (":::{note}\nnever closed", ":::{note}\nnever closed"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("one {term}`mask`, *{term}`two <mask>`* {eq}`three`", "one mask, *two* {eq}`three`"),
    ],
)
def test_fences_are_read_as_myst_reads_them(text, expected):
    assert prose_for(text, "jax") == expected


def test_the_workshop_needs_no_sphinx_and_no_framework():
    code = (
        "import sys, tabbook.pages.source, tabbook.pages.notebooks, tabbook.pages.merge; "
        "print([m for m in ('sphinx', 'torch', 'tensorflow', 'jax', 'mxnet') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""What a page's source may say, and what it is told when it says something else."""

import subprocess
import sys
import textwrap

import jupytext
import pytest
from toy_book import code, configure, prose, write

from tabbook.pages.source import SourceError, cells_for, pages, read_page

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
    with pytest.raises(SourceError, match="names no frameworks"):
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
        (code("x = 1\n%%tab jax\ny = 1"), "%%tab jax", "only once, in the first line"),
        (code("%%tabs jax\nx"), "%%tabs jax", "misspelt `%%tab`. Expected `%%tab` and some of: py"),
        (code("%% tab jax\nx"), "%% tab jax", "misspelt `%%tab`"),
        (code("%%Tab pytorch, jax\nx"), "%%Tab pytorch, jax", "misspelt `%%tab`"),
        (code("%tab all\nx"), "%tab all", "misspelt `%%tab`"),
        (code("print(tab.selected('jax'))"), None, "write one cell for each framework"),
        (code(SETUP + "\nx = 1"), "%load_ext d2lcompat.tab", "may contain only"),
        (code(SETUP.replace("jax", "mxnet")), None, "expects the page's frameworks: pytorch, jax"),
        (prose(jacks="x"), ":::{tab-item} jacks", "'jacks' in `:sync:` is unknown"),
        (prose(mxnet="x"), ":::{tab-item} mxnet", "a framework that this page does not list"),
        (prose(jax="x").replace(":sync: jax\n", ""), None, "expects `:sync: <framework>`"),
        (prose(jax="x").replace("::::\n", "loose\n::::\n"), "loose", "and nothing else"),
        (prose(jax=code("1")), "::::{tab-set}", "not closed"),
        (prose(jax="x", pytorch="y").replace("pytorch", "jax"), None, "two tab-items"),
        (prose(jax="x").replace("work\n\n", "work\n"), ":::{tab-item} jax", "an empty line"),
        ("x\n\n%%tab jax\n", "%%tab jax", "not in prose"),
        (code("1").replace("```{", "``` {"), "``` {code-cell} ipython3", "expected at the margin"),
        (code("1").replace("```", ":::"), ":::{code-cell} ipython3", "expected at the margin"),
        (f"````{{note}}\n{code('1')}````\n", "```{code-cell} ipython3", "expected at the margin"),
        ("- x\n\n  " + code("1").replace("\n", "\n  "), None, "expected at the margin"),
        (prose(jax="x").replace("sync-group", "sync"), ":::{tab-item} jax", "`:sync: <framework>`"),
        (prose(jax="x").replace("{tab-set}", "{note}"), "::::{note}", "`{tab-set}` and of nothing"),
        (prose(jax="x").replace(":sync-", "\n:sync-"), ":sync-group: framework", "of nothing else"),
        (textwrap.indent(prose(jax="x"), "    "), "    :sync-group: framework", "of nothing else"),
        ("<div>\n" + prose(jax="x") + "</div>\n", ":sync-group: framework", "of nothing else"),
        ("```text\n" + prose(jax="x"), ":sync-group: framework", "of nothing else"),
        ("- " + prose(jax="x").replace("\n", "\n  "), "- ::::{tab-set}", "below the mark"),
        (prose(jax="```\nx"), ":::{tab-item} jax", "not closed"),
        (":::{note}\n:a b\n\nx\n:::\n", ":a b", "these options are not valid MyST"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, cell, at, message):
    path = write(tmp_path, "# Title\n", code("good = 1"), "Words.\n", cell)
    with pytest.raises(SourceError) as caught:
        read_page(path)
    assert message in str(caught.value)
    line = int(str(caught.value).removeprefix(f"{path}:").split(":")[0])
    lines = path.read_text().split("\n")
    assert line > lines.index("Words.")
    if at is not None:
        assert lines[line - 1] == at
    shown = str(caught.value).rpartition("\n  in the ")[2]
    assert shown == f"line: {lines[line - 1].strip()}" or (shown == "cell: " and at == "")


@pytest.mark.parametrize("line", ["%%time", "%%bash -s jax", "%load jax", "# %%tabs jax"])
def test_other_magics_are_code(tmp_path, line):
    page = read_page(write(tmp_path, code(f"{line}\nx")))
    assert page.cells[-1].source == f"{line}\nx"


def test_the_language_of_a_fence_does_not_matter(tmp_path, recwarn):
    path = write(tmp_path, code("1", "jax"), code("2", "jax").replace("ipython3", "r"))
    assert [cell.source for cell in read_page(path).cells] == ["1", "2"]
    assert not [one for one in recwarn if "same language" in str(one.message)]


@pytest.mark.parametrize(
    ("frameworks", "message"),
    [
        ("pytorch, pytorch", "'pytorch' is listed twice"),
        ("pytorch, keras", "toy.md:12: unknown framework 'keras'"),
        ("", "toy.md:12: .*expects a list"),
    ],
)
def test_front_matter_is_checked(tmp_path, frameworks, message):
    path = write(tmp_path, code("1"), frameworks=frameworks)
    with pytest.raises(SourceError, match=message):
        read_page(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 0", "seed: none", "expects an integer"),
        ("seed: 0", "seeds: 0", "knows `frameworks` and `seed`"),
        ("seed: 0", "seed: -1", "less than 2\\*\\*32"),
    ],
)
def test_the_rest_of_front_matter_is_checked(tmp_path, old, new, message):
    path = write(tmp_path, code("1"))
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SourceError, match=message):
        read_page(path)


def test_a_key_without_a_value_is_told_with_its_line(tmp_path):
    path = write(tmp_path, code("1"))
    path.write_text(path.read_text().replace("\n  frameworks: [pytorch, jax]\n  seed: 0", ""))
    with pytest.raises(SourceError, match=r"toy\.md:11: .*expects a list .* Received: None"):
        pages(tmp_path)


def test_empty_front_matter_is_none(tmp_path):
    (tmp_path / "toy.md").write_text("---\n---\n\n# Words\n")
    assert pages(tmp_path) == []


def test_a_byte_order_mark_is_no_part_of_the_page(tmp_path):
    path = write(tmp_path, code("1", "jax"))
    path.write_text(path.read_text(), encoding="utf-8-sig")
    (page,) = pages(tmp_path)
    assert [cell.source for cell in page.cells] == ["1"]
    path.write_text(path.read_text(), encoding="utf-16")
    with pytest.raises(SourceError, match=r"toy\.md: expected text in UTF-8"):
        pages(tmp_path)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda text: "\n" + text, "d2lcompat:"),
        (lambda text: text.split("---\n\n")[1], "```{code-cell} ipython3"),
        (lambda text: "# Title\n\n%%tab jax\n", "%%tab jax"),
    ],
)
@pytest.mark.parametrize("folder", ["", "part"])
def test_what_looks_like_a_page_and_is_none_is_refused(tmp_path, change, line, folder):
    configure(tmp_path)
    path = write(tmp_path / folder, code("1", "jax"))
    text = change(path.read_text())
    path.write_text(text)
    number = [one.strip() for one in text.split("\n")].index(line) + 1
    what = "does not list it" if folder else "names its frameworks"
    with pytest.raises(SourceError, match=rf"toy\.md:{number}: .* {what}"):
        pages(tmp_path)


def test_a_page_with_code_but_without_tabs_is_jupyter_books_own(tmp_path):
    page = read_page(write(tmp_path, code("1")))
    page.path.write_text("# Title\n\n" + code("1"))
    assert pages(tmp_path) == []
    page.notebook("jax").parent.mkdir()
    page.notebook("jax").write_text("{}")  # it was a page with frameworks
    with pytest.raises(
        SourceError, match=r"(?s)toy\.md:1: .*there is the notebook .*jax/toy\.ipynb"
    ):
        pages(tmp_path)


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("just words", "`key: value` lines"),
        ("a: *b", r"toy\.md:2: .*undefined alias"),
        ("a: 1\nb: [", r"toy\.md:3: this is not valid YAML"),
    ],
)
def test_front_matter_that_is_none_is_told(tmp_path, front, message):
    path = tmp_path / "toy.md"
    path.write_text(f"---\n{front}\n---\n\nWords.\n")
    with pytest.raises(SourceError, match=message):
        pages(tmp_path)


@pytest.mark.parametrize("character", ["\u2028", "\x0c", "\x85"])
def test_a_character_that_only_some_take_for_an_end_of_line_is_refused(tmp_path, character):
    path = write(tmp_path, f"Words{character}and words.\n", code("1"))
    with pytest.raises(SourceError, match=r"toy\.md:16: this line contains a character"):
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


def test_the_tools_need_no_sphinx_and_no_framework():
    code = (
        "import sys, tabbook.pages.merge, tabbook.pages.accept, tabbook.pages.record; "
        "print([m for m in ('sphinx', 'torch', 'tensorflow', 'jax', 'mxnet') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

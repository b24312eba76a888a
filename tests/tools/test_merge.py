"""Split and merge undo each other, on any page."""

import copy
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_book import code, prose, write

from tabbook.pages.merge import GROUP_KEY, StaleNotebookError, merge
from tabbook.pages.notebooks import split
from tabbook.pages.source import read_page

ALL = ["pytorch", "tensorflow", "jax", "mxnet", "numpy"]


def run(page, framework, output):
    """The page's notebook as if executed: ``output(framework, source)`` is what a cell prints."""
    notebook = split(page, framework)
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            text = output(framework, cell.source)
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return notebook


def merged(page, output=lambda framework, source: source):
    return merge(page, {f: run(page, f, output) for f in page.frameworks})


def tab(cell):
    """The framework of a tabbed cell, or None."""
    tabs = [tag[4:] for tag in cell.metadata.get("tags", []) if tag.startswith("tab-")]
    assert len(tabs) <= 1
    return tabs[0] if tabs else None


def groups(notebook):
    """Runs of tabbed cells as lists of frameworks, by group."""
    found = {}
    for cell in notebook.cells:
        if tab(cell):
            found.setdefault(cell.metadata[GROUP_KEY]["group"], []).append(tab(cell))
    return list(found.values())


@st.composite
def a_page(draw):
    """A page's frameworks and parts: ``(kind, text, frameworks)``."""
    frameworks = draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=4, unique=True))
    some = st.lists(st.sampled_from(frameworks), min_size=1, unique=True)
    text = st.sampled_from(["a = 1", "b = 1", "for i in x:\n    y", "# only words", "differs"])
    part = st.one_of(
        st.tuples(st.just("code"), text, st.none() | some),
        st.tuples(st.just("words"), st.sampled_from(["One.", "Two."]), st.none() | some),
    )
    return frameworks, draw(st.lists(part, max_size=8))


@settings(deadline=None, max_examples=80)
@given(a_page())
def test_split_keeps_order_and_merge_recovers_all(tmp_path_factory, drawn):
    frameworks, parts = drawn
    texts = []
    for kind, text, some in parts:
        if kind == "code":
            texts.append(code(text, ", ".join(some) if some else None))
        else:
            texts.append(prose(**dict.fromkeys(some, text)) if some else text + "\n")
    folder: Path = tmp_path_factory.mktemp("page")
    page = read_page(write(folder, *texts, frameworks=", ".join(frameworks)))

    for framework in frameworks:
        mine = [p for p in parts if p[2] is None or framework in p[2]]
        notebook = split(page, framework)
        assert [c.source for c in notebook.cells if c.cell_type == "code"] == [
            text for kind, text, _ in mine if kind == "code"
        ]
        words = " ".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        assert words.split() == [text for kind, text, _ in mine if kind == "words"]
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)

    def output(framework, source):
        return framework if source == "differs" else "same"

    expected = []
    for kind, text, some in parts:
        everyone = some is None or set(some) == set(frameworks)
        if kind == "code" and everyone and (text != "differs" or len(frameworks) == 1):
            expected.append((None, text))
        elif kind == "code":
            expected += [(f, text) for f in frameworks if some is None or f in some]
    book = merged(page, output)
    assert [(tab(c), c.source) for c in book.cells if c.cell_type == "code"] == expected
    assert all(
        cell.outputs[0].text == output(tab(cell) or frameworks[0], cell.source)
        for cell in book.cells
        if cell.cell_type == "code"
    )
    assert all(len(set(group)) == len(group) for group in groups(book))
    assert [c.source for c in book.cells if c.cell_type == "markdown"] == [
        c.source for c in page.cells if c.kind == "markdown"
    ]
    nbformat.validate(nbformat.from_dict({**book, "metadata": {}}))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([code("a", "pytorch"), code("b", "jax")], [["pytorch", "jax"]]),
        ([code("a", "jax"), code("b", "pytorch")], [["jax", "pytorch"]]),
        ([code("a", "jax"), code("b", "jax")], [["jax"], ["jax"]]),
        ([code("a", "jax"), "Words.\n", code("b", "pytorch")], [["jax"], ["pytorch"]]),
        ([code("a", "jax"), code("same"), code("b", "pytorch")], [["jax"], ["pytorch"]]),
        ([code("x"), code("x")], [["pytorch", "jax"], ["pytorch", "jax"]]),
        ([code("a", "jax"), code("x")], [["jax"], ["pytorch", "jax"]]),
    ],
)
def test_neighbours_form_a_group_until_a_framework_returns(tmp_path, parts, expected):
    page = read_page(write(tmp_path, *parts))
    book = merged(page, lambda framework, source: framework if source == "x" else source)
    assert groups(book) == expected


def test_counts_and_metadata_do_not_make_a_difference(tmp_path):
    page = read_page(write(tmp_path, code("a = 1", "jax"), code("b")))
    notebooks = {f: run(page, f, lambda framework, source: "same") for f in page.frameworks}
    for notebook in notebooks.values():
        cell = notebook.cells[-1]
        data, count = {"text/plain": "1"}, cell.execution_count
        cell.outputs = [
            nbformat.v4.new_output(
                "execute_result", data, execution_count=count, metadata={"count": count}
            )
        ]
    assert [tab(cell) for cell in merge(page, notebooks).cells] == ["jax", None]


def test_the_set_up_cell_is_left_out(tmp_path):
    setup = code("%load_ext d2lcompat.tab") + code("tab.interact_select('pytorch', 'jax')")
    page = read_page(write(tmp_path, setup, code("a = 1")))
    assert [cell.source for cell in split(page, "jax").cells] == ["a = 1"]
    assert [cell.source for cell in merged(page).cells] == ["a = 1"]


def test_a_stale_or_missing_notebook_is_named(tmp_path):
    page = read_page(write(tmp_path, "Words.\n", code("a = 1")))
    notebooks = {f: run(page, f, lambda f, s: s) for f in page.frameworks}
    stale = copy.deepcopy(notebooks)
    stale["jax"].cells[1].source = "a = 2"
    with pytest.raises(StaleNotebookError, match=r"toy/jax: cell 0 \('a = 1'\) was changed"):
        merge(page, stale)
    del notebooks["pytorch"]
    with pytest.raises(StaleNotebookError, match="toy/pytorch: there is no executed notebook"):
        merge(page, notebooks)


SERIES = "application/vnd.d2lcompat.series+json"


def picture(text):
    line = {"label": "loss", "style": "-", "x": [1, 2, 3], "y": [9, 7, 5]}
    ax = {"title": "", "xlabel": "step", "ylabel": "", "legend": [], "lines": [line]}
    ax |= {"bars": [], "points": [], "images": []}
    svg = '<svg><path style="stroke: #000000"/></svg>'
    data = {"image/svg+xml": svg, "image/png": "AA==", SERIES: {"axes": [ax]}}
    return nbformat.v4.new_output(
        "display_data", {**data, **({"text/plain": text} if text else {})}
    )


CURVE = "1 curve against step. loss falls from 9 at 1 to 5 at 3."


@pytest.mark.parametrize(
    ("texts", "options", "alt"),
    [
        (["loss  falls\n to 0.5"], "", "loss falls to 0.5"),
        (["Curves against step: loss ends at 5."], "", CURVE),
        (["<Figure size 350x250 with 1 Axes>"], "", CURVE),
        ([None], "", ""),
        (["one", "two"], "", "one two"),
        (["ours"], "---\nmystnb:\n  image:\n    alt: the author's\n---\n", "the author's"),
    ],
)
def test_a_picture_has_words_colours_and_a_table(tmp_path, texts, options, alt):
    page = read_page(write(tmp_path, code("draw()", options=options), frameworks="jax"))
    notebook = split(page, "jax")
    notebook.cells[0].outputs = [picture(text) for text in texts]
    cell = merge(page, {"jax": notebook}).cells[0]
    assert cell.metadata["mystnb"]["image"]["alt"] == alt
    assert ("mystnb" in page.cells[0].metadata) == bool(options)  # the page itself is as it was
    shown, tables = cell.outputs[0::2], cell.outputs[1::2]
    assert len(shown) == len(tables) == len(texts)
    for output in shown:
        assert not any("d2lcompat" in kind for kind in output.data)
        assert "prefers-color-scheme" in output.data["image/svg+xml"]
        assert "image/png" not in output.data
    for output in tables:
        assert list(output.data) == ["text/html"]
        assert "<td>7</td>" in output.data["text/html"]
    stored = notebook.cells[0].outputs[0].data
    assert SERIES in stored
    assert "prefers-color-scheme" not in stored["image/svg+xml"]


def test_a_picture_without_data_has_no_table_and_matplotlibs_words_are_none(tmp_path):
    page = read_page(write(tmp_path, code("draw()"), frameworks="jax"))
    notebook = split(page, "jax")
    data = {"image/png": "AA==", "text/plain": "<Figure size 350x250 with 1 Axes>"}
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data)]
    cell = merge(page, {"jax": notebook}).cells[0]
    assert cell.metadata["mystnb"]["image"]["alt"] == ""
    assert len(cell.outputs) == 1


def test_tags_and_front_matter_reach_the_page(tmp_path):
    page = read_page(write(tmp_path, code("a", "jax", options=":tags: [hide-input]\n\n")))
    book = merged(page)
    assert book.cells[0].metadata["tags"] == ["hide-input", "tab-jax"]
    assert page.cells[0].metadata == {"tags": ["hide-input"]}
    assert book.metadata.kernelspec.name == "python3"
    assert book.metadata.mystnb.execution_mode == "off"
    assert "d2lcompat" not in book.metadata

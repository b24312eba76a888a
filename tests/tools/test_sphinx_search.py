"""The sections that the search finds: from pages as Sphinx writes them, and in a toy book."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sphinx_book import build, write_book

from tabbook.sphinx.search_sections import read_sections


def page(body):
    return f'<nav>Contents</nav><article class="bd-article">{body}</article><p>Footer</p>'


def sections(body):
    """Of a page with this body: (anchor, parent, title, text, code) of each section."""
    return [
        (one.anchor, one.parent, one.title, one.text, one.code)
        for one in read_sections(page(body), "d2l")
    ]


def test_a_section_has_its_own_text_without_the_sections_inside():
    found = sections("""
        <section id="a"><h1><span class="section-number">1. </span>Title
        <a class="headerlink">#</a></h1>
        <p>First.</p><section id="b"><h2>Inner</h2><p>Second.</p></section><p>Last.</p>
        </section>""")
    assert found == [
        ("a", -1, "1. Title", ["First.", "Last."], []),
        ("b", 0, "Inner", ["Second."], []),
    ]


def test_what_tabs_repeat_counts_once_and_their_labels_not_at_all():
    tabs = "".join(
        f'<input type="radio"><label class="sd-tab-label">{name}</label>'
        f'<div class="sd-tab-content"><p>Both say this.</p>'
        f"<pre><span>import</span> {name}\nmask = draw()\n</pre></div>"
        for name in ("torch", "jax")
    )
    ((*_, text, code),) = sections(f'<section id="a"><h1>T</h1>{tabs}</section>')
    assert text == ["Both say this."]
    assert code == ["import torch", "mask = draw()", "import jax"]


def test_entries_of_the_reference_have_the_names_that_readers_write():
    found = sections("""
        <section id="c"><h1>Classes</h1><dl>
        <dt class="sig" id="p.Trainer"><em class="property">class
        </em><span class="sig-name"><span class="pre">Train<wbr>er</span></span>(epochs)</dt>
        <dd><p>Trains.</p>
        <dl><dt class="sig" id="p.Trainer.fit"><span class="sig-name">fit</span>()</dt><dd>
        <p>Fits.</p></dd>
        <dt class="sig" id="p.Trainer.stop"><span class="sig-name">stop</span>()</dt>
        <dd>Stops.</dd></dl>
        </dd></dl><dl><dt class="sig" id="p.gpu"><span class="sig-name">gpu</span>()</dt><dd>
        <p>A GPU.</p></dd>
        </dl></section>""")
    assert [(anchor, parent, title) for anchor, parent, title, *_ in found] == [
        ("c", -1, "Classes"),
        ("p.Trainer", 0, "d2l.Trainer"),
        ("p.Trainer.fit", 1, "d2l.Trainer.fit"),
        ("p.Trainer.stop", 1, "d2l.Trainer.stop"),
        ("p.gpu", 0, "d2l.gpu"),
    ]
    assert [text for *_, text, _ in found] == [[], ["Trains."], ["Fits."], ["Stops."], ["A GPU."]]
    assert found[1][-1] == ["(epochs)"]


def test_terms_exercises_and_solutions_are_sections():
    found = sections("""
        <section id="g"><h1>Glossary</h1><dl class="glossary"><dt id="term-mask">mask</dt><dd>
        <p>Zeros.</p></dd>
        <dt id="term-unit">unit</dt><dd><p>A number.</p></dd></dl>
        <div class="exercise admonition" id="ex"><p class="admonition-title">Exercise 1</p>
        <p>Show it.</p>
        <div class="note admonition"><p class="admonition-title">Note</p></div></div></section>""")
    assert [(anchor, title, text) for anchor, _, title, text, _ in found] == [
        ("g", "Glossary", []),
        ("term-mask", "mask", ["Zeros."]),
        ("term-unit", "unit", ["A number."]),
        ("ex", "Exercise 1", ["Show it.", "Note"]),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>word</script>",
        "<svg><text>word</text></svg>",
        '<ul><li><a href="x.html"><span>word</span></a></li></ul>',
        '<div class="glossary-card" popover>word</div>',
        '<p class="collapsed admonition-title">Show word</p>',
        '<math display="block"><mi>word</mi></math>',
        "<table><tr><td>1</td><td>2.5</td></tr></table>",
    ],
)
def test_navigation_labels_pictures_and_numbers_are_left_out(hidden):
    ((*_, text, code),) = sections(f'<section id="a"><h1>T</h1><p>Kept</p>{hidden}</section>')
    assert (text, code) == (["Kept"], [])


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<mfrac><mi>h</mi><mrow><mn>1</mn><mo>−</mo><mi>p</mi></mrow></mfrac>", "h/1−p"),
        ("<msup><mn>2</mn><mi>n</mi></msup>", "2^n"),
        ("<msup><mi>h</mi><mo>′</mo></msup>", "h′"),
        ("<msub><mi>h</mi><mn>2</mn></msub>", "h_2"),
    ],
)
def test_a_formula_in_a_sentence_can_be_read(formula, text):
    ((*_, lines, _),) = sections(
        f'<section id="a"><h1>T</h1><p>Let <math>{formula}</math> be</p></section>'
    )
    assert lines == [f"Let {text} be"]


WORDS = st.text("abc", min_size=2, max_size=4)


@given(
    st.recursive(
        st.lists(WORDS, max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=12
    )
)
def test_every_word_is_in_the_section_that_it_is_in(tree):
    expected = []

    def write(node):
        number = len(expected)
        lines = expected.append([]) or expected[-1]
        body = ""
        for one in node:
            if isinstance(one, str):
                lines += [one] * (one not in lines)
                body += f"<p>{one}</p>"
            else:
                body += write(one)
        return f'<section id="s{number}"><h2>Title</h2>{body}</section>'

    found = sections(write(tree))
    assert [text for *_, text, _ in found] == expected
    assert [anchor for anchor, *_ in found] == [f"s{number}" for number in range(len(expected))]


FILES = {
    "_toc.yml": "format: jb-book\nroot: index\nchapters:\n- file: solutions\n- file: next\n",
    "index.md": "# Begin\n\nA mask of units.\n",
    "next.md": "# Next\n\n## Part\n\nA mask again.\n",
    "solutions.md": "# Solutions\n\nOne mask.\n",
}
CONFIG = "  config: {tabbook_search_weights: {solution*: 0.5}}\n"


def test_a_book_stores_its_sections_in_the_order_of_its_contents(tmp_path):
    write_book(tmp_path, FILES, CONFIG)
    build(tmp_path)
    html = tmp_path / "_build" / "html"
    name, text = (html / "_static/search_sections.js").read_text(encoding="utf-8").split(" = ", 1)
    stored = json.loads(text.rstrip(";\n"))
    assert name == "globalThis.bookSections"
    assert stored["pages"] == [
        ["Begin", "index.html", 1],
        ["Solutions", "solutions.html", 0.5],
        ["Next", "next.html", 1],
    ]
    assert stored["sections"] == [
        [0, -1, "begin", "Begin", "A mask of units.", ""],
        [1, -1, "solutions", "Solutions", "One mask.", ""],
        [2, -1, "next", "Next", "", ""],
        [2, 2, "part", "Part", "A mask again.", ""],
    ]
    assert (html / "minisearch" / "index.js").exists()
    assert not (html / "searchindex.js").exists()
    for path in html.glob("*.html"):
        assert "sphinx_highlight.js" not in path.read_text(encoding="utf-8")
    assert "needs JavaScript" in (html / "search.html").read_text(encoding="utf-8")


def test_a_book_without_the_library_says_how_to_get_it(tmp_path):
    write_book(tmp_path, FILES)
    (tmp_path / "third_party/book/minisearch/index.js").unlink()
    told = build(tmp_path, check=False)
    assert "third_party/book/minisearch/index.js: python third_party/fetch.py minisearch" in told

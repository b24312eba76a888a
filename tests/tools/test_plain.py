"""Laws of the plain prose of notebooks: CommonMark stays, MyST is written out, else an error."""

import base64
import io
import re

import pytest
from backends import ROOT
from PIL import Image
from reading import COMMONMARK, MYST, left_over, links
from toy_book import code, configure, prose, write

from tabbook.pages import drawings, numbers
from tabbook.pages.notebooks import split
from tabbook.pages.source import SourceError, read_page

TOC = "format: jb-book\nroot: chapters/index\nparts:\n- numbered: 2\n  chapters:\n"
BIB = r"""
@article{ho2020, author = {Ho, Jonathan and van den Berg, {\O}ystein}, title = {A {GAN}},
  journal = {J}, year = {2020}, doi = {10.1/a_b}}
@misc{many, author = {A, B and C, D and E, F}, title = {T}, year = {1999}, url = {http://x.org}}
"""
OTHER = """\
(sec-other)=
# Other

(sec-inner)=
## An *inner* one

```{math}
:label: eq-other
a
```
"""


@pytest.fixture
def book(tmp_path):
    """A book of three pages. Called with prose for ``toy``, it returns the cells in JAX."""
    chapters = tmp_path / "chapters"
    configure(chapters)
    toc = TOC + "".join(f"  - file: chapters/{name}\n" for name in ("other", "toy", "words"))
    (tmp_path / "_toc.yml").write_text(toc)
    (tmp_path / "_config.yml").write_text("bibtex_bibfiles: [a.bib]\n")
    (tmp_path / "a.bib").write_text(BIB)
    write(chapters, OTHER, code("1"), name="other")
    (chapters / "index.md").write_text("# Start\n")
    (chapters / "words.md").write_text("(sec-words)=\n# Only words\n")
    (chapters / "net.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    drawings.save(Image.new("RGB", (8, 4), "white"), chapters / "net.svg")

    def made(*parts):
        cells = split(read_page(write(chapters, "# Toy\n", code("1"), *parts)), "jax").cells
        return [cell.source for cell in cells[2:]]

    return made


EXAMPLES = {
    "math": ("```{math}\na\n```", "$$\na\n$$"),
    "math in one line": ("```{math} a\n```", "$$\na\n$$"),
    "math with rows": (
        "```{math}\na \\\\ b\n```",
        "$$\n\\begin{split}\na \\\\ b\n\\end{split}\n$$",
    ),
    "math with rows of its own": (
        "```{math}\n\\begin{cases}a \\\\ b\\end{cases}\n```",
        "$$\n\\begin{cases}a \\\\ b\\end{cases}\n$$",
    ),
    "a label": (
        "See\n\n```{math}\n:label: eq-a\na\n```\n\nand {eq}`eq-a`.",
        'See<a id="eq-a"></a>\n\n$$\na\n\\tag{2.1}\n$$\n\nand [(2.1)](#eq-a).',
    ),
    "dollars with a label": (
        "See:\n\n$$\na\n$$ (eq-a)\n",
        'See:<a id="eq-a"></a>\n\n$$\na\n\\tag{2.1}\n$$',
    ),
    "a label without words above": (
        "## A\n\n```{math}\n:label: eq-a\na\n```",
        '## 2.1. A\n\n<a id="eq-a"></a>\n\n$$\na\n\\tag{2.1}\n$$',
    ),
    "math in a list": ("- a\n\n  ```{math}\n  a\n  b\n  ```", "- a\n\n  $$ a b $$"),
    "math in a quotation": ("> ```{math}\n> a\n> b\n> ```", "> $$ a b $$"),
    "dollars over two lines in a list": ("- $a\n  b$", "- $a b$"),
    "headings": (
        "(sec-a)=\n## A $x$\n\n### B\n\n## C\n\n{ref}`sec-a`, {numref}`sec-a`, {ref}`so <sec-a>`",
        '## <a id="sec-a"></a>2.1. A $x$\n\n### B\n\n## 2.2. C\n\n'
        "[A $x$](#sec-a), [Section 2.1](#sec-a), [so](#sec-a)",
    ),
    "another page": (
        "{numref}`sec-other`, {ref}`sec-inner`, {numref}`part %s <sec-inner>`, {eq}`eq-other`",
        "[Section 1](other.ipynb#sec-other), [An *inner* one](other.ipynb#sec-inner), "
        "[part 1.1](other.ipynb#sec-inner), [(1.1)](other.ipynb#eq-other)",
    ),
    "a page that is no notebook": ("{numref}`sec-words`, {doc}`words`", "Section 3, Only words"),
    "a page by its name": ("{doc}`other`, {doc}`it </chapters/other>`", "[Other](other.ipynb), "
                           "[it](other.ipynb)"),
    "links that MyST knows": (
        "[a *b*](#sec-other), [](#sec-other), [c](other.md), [d](https://d.org/a_b), <http://e.org>",
        "[a *b*](other.ipynb#sec-other), [Other](other.ipynb#sec-other), [c](other.ipynb), "
        "[d](https://d.org/a_b), <http://e.org>",
    ),
    "a paragraph with a label": ("(here)=\nWords.\n\n{ref}`so <here>`",
                                 '<a id="here"></a>Words.\n\n[so](#here)'),
    "a table": (
        ":::{list-table} A $t|$ {eq}`eq-other`\n:header-rows: 1\n:name: tab-a\n\n"
        "* - a|b\n  - `c|d`\n* - $|x|$\n  -\n:::\n\n{numref}`tab-a`",
        '<a id="tab-a"></a>**Table 2.1** A $t|$ [(1.1)](other.ipynb#eq-other)\n\n'
        "| a\\|b | `c\\|d` |\n|---|---|\n| $\\vert x\\vert $ |  |\n\n[Table 2.1](#tab-a)",
    ),
    "a table without headings": (
        "```{list-table}\n* - a\n\n    b\n```",
        "|  |\n|---|\n| a<br>b |",
    ),
    "a pipe table": (
        "| {eq}`eq-other` | {eq}`eq-other` |\n|---|---|\n| $a\\|b$ | {eq}`eq-other` |",
        "| [(1.1)](other.ipynb#eq-other) | [(1.1)](other.ipynb#eq-other) |\n|---|---|\n"
        "| $a\\vert b$ | [(1.1)](other.ipynb#eq-other) |",
    ),
    "an exercise": (
        ":::{exercise} Of $n$\n:label: ex-a\n\nTry\n\n- a\n:::\n\n{ref}`ex-a`; {ref}`it <ex-a>`",
        '> <a id="ex-a"></a>**Exercise 2.1 (Of $n$)**\n>\n> Try\n>\n> - a\n\n'
        "[Exercise 2.1](#ex-a); [it](#ex-a)",
    ),
    "exercises without label or number": (
        ":::{exercise}\nA.\n:::\n\n:::{exercise} B\n:nonumber:\n\nB.\n:::",
        "> **Exercise 2.1**\n>\n> A.\n\n> **Exercise (B)**\n>\n> B.",
    ),
    "a solution": (
        ":::{exercise} `A` & *B*\n:label: ex-a\n\nC.\n:::\n\n:::{solution} ex-a\nD.\n:::",
        '> <a id="ex-a"></a>**Exercise 2.1 (`A` & *B*)**\n>\n> C.\n\n<details>\n<summary><strong>'
        "Solution to Exercise 2.1 (<code>A</code> &amp; <em>B</em>)</strong></summary>\n\n"
        "[Exercise 2.1 (`A` & *B*)](#ex-a)\n\nD.\n\n</details>",
    ),
    "a box": (
        "::::{note}\nA.\n\n:::{tip} B\n```{math}\nc\nd\n```\n:::\n::::",
        "> **Note**\n>\n> A.\n>\n> > **B**\n> >\n> > $$ c d $$",
    ),
    "a box in a list": ("- a\n\n  :::{warning}\n  b\n  :::\n- c", "- a\n\n  > **Warning**\n  >\n"
                        "  > b\n\n- c"),
    "a box between words": ("A:\n:::{note}\nb\n:::\nC", "A:\n\n> **Note**\n>\n> b\n\nC"),
    "other tabs": (
        "::::{tab-set}\n:::{tab-item} A\nb\n:::\n:::{tab-item} C\nd\n:::\n::::",
        "**A**\n\nb\n\n**C**\n\nd",
    ),
    "code": (
        "```{code-block} python\n:linenos:\n\n{eq}`x`\n```\n\n```md\n{eq}`x`\n```\n\n`{eq}`",
        "```python\n{eq}`x`\n```\n\n```md\n{eq}`x`\n```\n\n`{eq}`",
    ),
    "what only the source says": ("A.\n\n% not this\n\nB.", "A.\n\n\nB."),
    "citations": (
        "{cite:p}`ho2020,many`, {cite:t}`ho2020`",
        "[[Ho and van den Berg, 2020](#cite-ho2020), [A *et al.*, 1999](#cite-many)], "
        "Ho and van den Berg [[2020](#cite-ho2020)]",
    ),
    "terms and the like": ("{term}`net`, {term}`nets <net>`, {math}`a`, H{sub}`2`",
                           "net, nets, $a$, H<sub>2</sub>"),
    "CommonMark": (text := "A *b* **c** `d` [e](http://f) <b>g</b>  \nh\n\n1. i\n   - j\n\n"
                   "> k\n\n<!-- l -->\n\n***\n\n    m", text),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(book, name):
    source, expected = EXAMPLES[name]
    cells = book(source)
    assert cells[0] == expected
    assert not left_over(cells[0])
    assert set(links("\n".join(cells))) >= set(links(expected))


def test_the_end_of_a_notebook_lists_what_was_cited(book):
    _, last = book("{cite:t}`many` and {cite:t}`ho2020`; {cite:p}`many`")
    assert last.split("\n") == [
        "## References",
        "",
        '- <a id="cite-many"></a>B A, D C, and F E. T. 1999. URL: <http://x.org>.',
        '- <a id="cite-ho2020"></a>Jonathan Ho and Øystein van den Berg. A GAN. *J*, 2020. '
        r"[doi:10.1/a\_b](https://doi.org/10.1/a_b).",
    ]
    assert len(book("No one.")) == 1


def test_a_figure_travels_in_the_notebook(book):
    (text,) = book(
        '```{figure} net.svg\n:name: fig-a\n:alt: A "net".\n\nA net, {numref}`fig-a`.\n```'
    )
    picture, caption = text.split("\n\n")
    assert caption == "**Fig. 2.1** A net, [Fig. 2.1](#fig-a)."
    anchor, data = re.fullmatch(
        r'(<a id="fig-a"></a>)<img alt="A &quot;net&quot;." width="4" '
        r'src="data:image/png;base64,([^"]*)">',
        picture,
    ).groups()
    assert anchor
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (8, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda svg: svg.write_text("<svg>changed</svg>"), "Run: python -m tabbook.pages.drawings"),
        (lambda svg: svg.with_suffix(".png").unlink(), "Run: python -m tabbook.pages.drawings"),
        (lambda svg: svg.unlink(), "does not exist"),
    ],
)
def test_a_picture_that_is_not_there_or_not_drawn_anew_is_told(book, tmp_path, change, message):
    change(tmp_path / "chapters" / "net.svg")
    with pytest.raises(SourceError, match=f"toy.md:24: .*{message}"):
        book("Words.\n\n```{figure} net.svg\n```")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{eq}`eq-lost`", "has the label 'eq-lost'"),
        ("[a](#lost)", "has the label 'lost'"),
        ("{cite:p}`ho2020,lost`", "entry 'lost'"),
        ("{doc}`lost`", "no page 'chapters/lost'"),
        ("{abbr}`lost`", "nothing like {abbr}"),
        ("[a](b.py)", "cannot link to 'b.py'"),
        ("a[^b]\n\n[^b]: c", "footnote into the text"),
        ("a\n: b", "list of definitions"),
        ("{{ a }}", "write its text out"),
        ("a {{ b }}", "cannot show '{{ b }}'"),
        ("\\begin{align}\na\n\\end{align}", "write the formula as"),
        ("```{mermaid}\n```", "nothing like `{mermaid}`"),
        ("```{table} Two\n| a |\n|---|\n```", "a table with a caption as a `{list-table}`"),
        ("::: {.a}\n:::", "nothing like `{.a}`"),
        ("```{math}\na\n\nb\n```", "no empty line"),
        ("> ```{math}\n> a % b\n> ```", "no % comment"),
        (":::{note}\na", "not closed"),
        ("```{note} `a`\nb\n```", "backquotes"),
        ("```{list-table}\n* - a\n  - b\n* - c\n```", "as many cells as the first"),
        ("```{list-table}\n* - ```text\n    a\n    ```\n```", "paragraphs only"),
    ],
)
def test_what_a_notebook_can_not_show_is_an_error_with_its_line(book, source, message):
    with pytest.raises(SourceError) as caught:
        book("Words.\n\n- a list\n  - in it\n\n" + source)
    place, _, told = str(caught.value).partition(": ")
    assert re.search(r"toy\.md:2[5-9]$", place)
    assert message in told


def test_a_book_with_an_address_is_led_to(book, tmp_path):
    (tmp_path / "_config.yml").write_text("html: {baseurl: 'https://a.org/b'}\n")
    (text,) = book("{numref}`sec-words`, {doc}`words`, {ref}`sec-other`")
    assert text == (
        "[Section 3](https://a.org/b/chapters/words.html#sec-words), "
        "[Only words](https://a.org/b/chapters/words.html), [Other](other.ipynb#sec-other)"
    )


def test_what_another_framework_reads_has_no_anchor_here(book, tmp_path):
    inside = "A.\n\n```{math}\n:label: eq-theirs\na\n```"
    (text,) = book(prose(pytorch=inside), "{eq}`eq-theirs`.")
    assert text == "(2.1)."
    page = read_page(tmp_path / "chapters" / "toy.md")
    theirs = split(page, "pytorch").cells[-1].source
    assert theirs.endswith("[(2.1)](#eq-theirs).")


def test_a_page_by_itself_is_read_by_its_words(tmp_path):
    text = "(sec-a)=\n# A\n\n{numref}`sec-a` {eq}`eq-b` {eq}`eq-c` {cite:p}`d`\n\n$$\nx\n$$ (eq-b)"
    (cell,) = split(read_page(write(tmp_path, text)), "jax").cells
    assert cell.source == (
        '# <a id="sec-a"></a>A\n\n[A](#sec-a) [(eq-b)](#eq-b) eq-c [d]<a id="eq-b"></a>\n\n'
        "$$\nx\n$$"
    )


def test_numbers_change_with_the_table_of_contents(book, tmp_path):
    (before,) = book("{numref}`sec-inner`")
    toc = TOC + "  - file: chapters/toy\n  - file: chapters/other\n  - file: chapters/words\n"
    (tmp_path / "_toc.yml").write_text(toc)
    (after,) = book("{numref}`sec-inner`")
    assert (before, after) == (
        "[Section 1.1](other.ipynb#sec-inner)",
        "[Section 2.1](other.ipynb#sec-inner)",
    )


def test_the_names_of_places_are_sphinxs():
    from docutils.nodes import make_id

    labels = numbers.places_of(read_page(ROOT / "chapters" / "dropout.md")).labels
    for label in [*labels, "A_b c", "x--y"]:
        assert numbers.anchor(label) == make_id(label)


def test_the_oracle_sees_what_only_myst_understands():
    for text in ["{eq}`a`", "(a)=\n", ":::{note}\n:::", "```{math}\n```", "a\n: b", "% a", "$a"]:
        assert left_over(text), text
    assert MYST is not COMMONMARK

"""A page of d2lbook becomes a page of ours: every construct, and nothing else, changes."""

import re

import pytest
from d2l_sources import SETUP, cell, tab, write_sources
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import MYST, tokens

from tabbook.import_d2l.sources import read
from tabbook.pages.fences import all_fences, parse


def converted(folder, text, name="page", **files):
    """A page after its import, and its problems as printed."""
    others = {"other.md": "# The other\n:label:`sec_other`\n"}
    index = "# Book\n\n```toc\npage\nother\n```\n"
    folder = read(write_sources(folder, {"index.md": index, f"{name}.md": text, **others, **files}))
    pages = list(folder.sources)
    page = next(page for page in pages if page.stem == name)
    result = folder.convert(pages)[page]
    return result, [str(problem) for problem in folder.sources[page].report.problems]


def prose(text):
    """A page's text without its front matter."""
    return re.sub(r"\A---\n.*?\n---\n\n", "", text, flags=re.DOTALL).strip("\n")


CASES = {
    "label of a heading": ("# T\n:label:`sec_t`\n\nX", "(sec_t)=\n# T\n\nX"),
    "text below a label": ("## T\n:label:`sec_t`\nX", "(sec_t)=\n## T\n\nX"),
    "underlined heading": ("Title\n=====\n\nX", "# Title\n\nX"),
    "numref": ("See :numref:`sec_other`.", "See {numref}`sec_other`."),
    "numref in two lines": ("See :numref:\n`sec_other`.", "See {numref}`sec_other`."),
    "numref with two backquotes": ("See :numref:``sec_other``.", "See {numref}`sec_other`."),
    "ref": ("See :ref:`sec_other`.", "See {ref}`sec_other`."),
    "reference in a list": ("* a :numref:`sec_other`\n* b", "* a {numref}`sec_other`\n* b"),
    "reference in a link": (
        "[a :numref:`sec_other`](http://x.org)", "[a {numref}`sec_other`](http://x.org)"
    ),
    "reference in code": ("`:numref:`sec_other``", "`:numref:`sec_other``"),
    "reference in emphasis": ("*:numref:`sec_other`*", "*{numref}`sec_other`*"),
    "cite": (":cite:`One2020`", "{cite}`One2020`"),
    "citet": (":citet:`One2020` says", "{cite:t}`One2020` says"),
    "cite twice": (":cite:`One2020, One2020`", "{cite}`One2020,One2020`"),
    "equation": (
        "$$a$$\n:eqlabel:`eq_a`\n\nIn :eqref:`eq_a`.",
        "```{math}\n:label: eq_a\na\n```\n\nIn {eq}`eq_a`.",
    ),
    "equation below text": (
        "Text\n$$a$$\n:eqlabel:`eq_a`\nmore", "Text\n\n```{math}\n:label: eq_a\na\n```\n\nmore"
    ),
    "equation with its label beside it": (
        "$$a$$ :eqlabel:`eq_a`", "```{math}\n:label: eq_a\na\n```"
    ),
    "equation for slides": (
        "(**$$a$$**)\n:eqlabel:`eq_a`", "```{math}\n:label: eq_a\na\n```"
    ),
    "equation between marks": ("(**\n$$\na\n$$\n**)", "$$\na\n$$"),
    "formula in a text": ("A\n$$a$$\nb", "A\n$$a$$\nb"),
    "mark": ("a [**b $c$ *d***] e", "a b $c$ *d* e"),
    "mark in a heading": ("## [**B**]", "## B"),
    "mark over lines": ("a [**b\nc**] d", "a b\nc d"),
    "mark in round brackets": ("a (**b**) c", "a b c"),
    "mark from block to block": ("a (**b\n\n* c**) d", "a b\n\n* c d"),
    "marks beside emphasis": ("(see **b**) and (**c** d)", "(see **b**) and (**c** d)"),
    "link in bold": ("[**a**](http://x.org)", "[**a**](http://x.org)"),
    "picture": (
        "![A net, $x$.](img/net.svg)\n:width:`40px`\n:label:`fig_net`",
        ':::{figure} ../img/net.svg\n:width: 40px\n:name: fig_net\n:alt: "A net, x."\n\n'
        "A net, $x$.\n:::",
    ),
    "picture without caption": ("![](img/net.svg)", ":::{image} ../img/net.svg\n:::"),
    "picture in a text": ("a ![b](img/net.svg) c", "a ![b](../img/net.svg) c"),
    "picture elsewhere": ("a ![b](http://x.org/a.png) c", "a ![b](http://x.org/a.png) c"),
    "link to a page": ("[a](other.md#b)", "[a](other.md#b)"),
    "plain table": (
        "|a|b|\n|-|-|\n|:numref:`sec_other`|d|", "|a|b|\n|-|-|\n|{numref}`sec_other`|d|"
    ),
    "table with a caption": (
        ":A caption :cite:`One2020`\n:label:`tab_a`\n\n|a|b|\n|-|-|\n|$c$|d|",
        ":::{list-table} A caption {cite}`One2020`\n:header-rows: 1\n:name: tab_a\n\n"
        "* - a\n  - b\n* - $c$\n  - d\n:::",
    ),
    "other fences": ("```bash\n:numref:`x` [**a**]\n```", "```bash\n:numref:`x` [**a**]\n```"),
    "contents": ("```toc\n:maxdepth: 2\n\nother\n```", "```{tableofcontents}\n```"),
    "a title as reStructuredText": (
        "```eval_rst\n\n.. only:: html\n\n   References\n   ==========\n\n```", "# References"
    ),
    "bibliography": (":bibliography:`d2l.bib`", "```{bibliography}\n```"),
    "a line that MyST takes for a comment": ("a\n% b $%$", "a\n\\% b $%$"),
    "a line that MyST takes for a break": ("+++\na", "\\+++\na"),
    "a line that MyST takes for a target": ("(a)=\nb", "\\(a)=\nb"),
    "text that MyST takes for a role": ("{a}`b` `{a}`", "\\{a}`b` `{a}`"),
    "text that MyST takes for a substitution": ("{{ a }} `{{ a }}`", "\\{{ a }} `{{ a }}`"),
    "text for frameworks": (
        tab("pytorch", "P") + tab("jax", "J\n\n* K"),
        "::::::{tab-set}\n:sync-group: framework\n\n"
        ":::::{tab-item} PyTorch\n:sync: pytorch\n\nP\n:::::\n"
        ":::::{tab-item} JAX\n:sync: jax\n\nJ\n\n* K\n:::::\n::::::",
    ),
    "one text for two frameworks": (
        tab("pytorch, jax", "P") + "\n" + tab("jax", "J"),
        "::::::{tab-set}\n:sync-group: framework\n\n"
        ":::::{tab-item} PyTorch\n:sync: pytorch\n\nP\n:::::\n"
        ":::::{tab-item} JAX\n:sync: jax\n\nP\n\nJ\n:::::\n::::::",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_construct(tmp_path, case):
    source, expected = CASES[case]
    page, problems = converted(tmp_path, source)
    assert prose(page.text) == expected
    assert not problems


WARNINGS = {
    "slides only": ("a\n[~~b~~] c", 2, "left out, because only slides show it: 'b'", "a\nc"),
    "unknown label": ("a\n\n:numref:`x`", 3, "no page has the label 'x'", "`x`"),
    "unknown entry": (":cite:`Two`", 1, "no entry 'Two'", "{cite}`Two`"),
    "unknown construct": ("a\n:foo:`x`", 2, "`:foo:` stays", ":foo:`x`"),
    "missing picture": ("a\n\n![b](img/none.svg)", 3, "picture img/none.svg does not", "none.svg"),
    "missing page": ("[a](none.md)", 1, "leads to no page", "[a](none.md)"),
    "reStructuredText": ("```eval_rst\n.. note:: a\n```", 1, "only Sphinx", "{eval-rst}"),
    "open tab": (":begin_tab:`jax`\nJ\n\n" + tab("pytorch", "P"), 1, "`:end_tab:`", "J"),
    "unknown mark": (cell("x = 1 #@hide"), 3, "`#@hide` has no meaning", "x = 1 #@hide"),
    "text without code": (cell("x", "%%tab jax") + tab("pytorch", "P"), 5, "left out", "x"),
    "other frameworks": (SETUP + cell("x", "%%tab jax"), 3, "which are taken", "x"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_is_not_exact_is_a_warning_with_its_line(tmp_path, case):
    source, line, words, kept = WARNINGS[case]
    page, problems = converted(tmp_path, source)
    assert len(problems) == 1
    assert problems[0].startswith(f"{tmp_path / 'page.md'}:{line}: warning: ")
    assert words in problems[0]
    assert kept.strip() in page.text


ERRORS = {
    "label in a list": ("* a\n  :label:`x`", 2, "expected at the margin"),
    "cell in a list": ("* a\n\n  ```{.python .input}\n  x = 1\n  ```", 3, "expected at the margin"),
    "cell in a tab": (":begin_tab:`jax`\n" + cell("x", "%%tab jax") + ":end_tab:", 2, "outside of"),
    "label of nothing": ("a\n\n:eqlabel:`eq`", 3, "belongs to no formula"),
    "width of nothing": (":width:`3px`", 1, "belongs to nothing"),
    "two labels": ("# a\n:label:`a`\n:label:`b`", 3, "a second `:label:`"),
    "end of nothing": ("a\n\n:end_tab:", 3, "`:end_tab:` belongs to nothing"),
    "unknown framework in a tab": (tab("jaxx", "a"), 1, "unknown framework 'jaxx'"),
    "unknown framework of a cell": (cell("x", "%%tab jaxx"), 2, "unknown framework 'jaxx'"),
    "no Python": (cell("x = 1\ndef f(:", "%%tab jax"), 4, "no Python for jax"),
    "no such question": (cell("\nx = tab.selected('jax')", "%%tab jax"), 4, "whole condition"),
    "other code in the first cell": (SETUP.replace("tab.", "x = 1\ntab.", 1), 3, "the rest"),
    "other magic in the first cell": (SETUP.replace("tab.", "%pip a\ntab.", 1), 3, "alone"),
    "a label twice": (tab("pytorch, jax", "$$a$$\n:eqlabel:`eq`"), 2, "is twice"),
    "another kind of cell": ("```{.r .input}\nx\n```", 1, "expected ```{.python .input}"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_cannot_be_converted_is_an_error_with_its_line(tmp_path, case):
    source, line, words = ERRORS[case]
    _, problems = converted(tmp_path, source)
    assert [words in one for one in problems] == [True], problems
    assert problems[0].startswith(f"{tmp_path / 'page.md'}:{line}: error: ")


# --- code -----------------------------------------------------------------------------------------


def test_frameworks_and_cells(tmp_path):
    source = SETUP + "\n".join(
        [
            cell("import a", "%%tab pytorch"),
            cell("import b", "#@tab jax"),
            cell("x = 1"),
            cell("if tab.selected('jax'):\n    y = 1\nz = 2"),
            cell("if tab.selected('jax'):\n    y = 1"),
            cell("w = 1", ""),
        ]
    )
    page, problems = converted(tmp_path, source)
    assert not problems
    assert page.frameworks == ("pytorch", "jax")
    assert [(one.frameworks, one.source) for one in page.code] == [
        (("pytorch",), "import a"),
        (("jax",), "import b"),
        (("pytorch", "jax"), "x = 1"),
        (("pytorch",), "z = 2"),
        (("jax",), "y = 1\nz = 2"),
        (("jax",), "y = 1"),
        (("pytorch",), "w = 1"),
    ]
    fences = [one for one in all_fences(parse(prose(page.text))) if "code-cell" in one.info]
    assert len(fences) == len(page.code)
    assert page.text.count("%%tab") == len(page.code) - 1


def test_a_page_whose_cells_name_no_framework_has_the_first(tmp_path):
    page, _ = converted(tmp_path, cell("x = 1"))
    assert page.frameworks == ("pytorch",)


def test_further_packages(tmp_path):
    setup = SETUP.replace("```\n", '#required_libs("a==1", "b")\n```\n')
    page, _ = converted(tmp_path, setup + cell("x", "%%tab pytorch") + cell("x", "%%tab jax"))
    assert page.libraries == ("a==1", "b")


# --- properties -----------------------------------------------------------------------------------

# A label is once in a page, and so are contents; tabs depend on the page's frameworks.
ALONE = ("equation", "contents", "frameworks")
PIECES = st.sampled_from([CASES[name][0] for name in CASES if not any(w in name for w in ALONE)])
CODE = st.sampled_from(["x = 1", "def f():\n    ':label:`a` [**b**]'", "print('$$', '`')"])
TEXT = st.one_of(PIECES, CODE.map(cell))


@settings(max_examples=30)
@given(st.lists(TEXT, min_size=1, max_size=6))
def test_constructs_do_not_depend_on_their_neighbours(tmp_path_factory, texts):
    """Blocks that stand one after the other become what each becomes by itself."""
    expected = {source: result for source, result in CASES.values()}
    source = "\n\nBetween.\n\n".join(texts)
    page, _ = converted(tmp_path_factory.mktemp("book"), source)
    parts = prose(page.text).split("\n\nBetween.\n\n")
    assert len(parts) == len(texts)
    for text, part in zip(texts, parts, strict=True):
        if text in expected:
            assert part == expected[text]
    # MyST reads no markup of its own where the author wrote none
    kinds = {token.type for token in tokens(MYST, prose(page.text))}
    assert not kinds & {"myst_line_comment", "substitution_inline", "dl_open", "myst_block_break"}


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), max_size=40))
@settings(max_examples=50)
def test_text_without_constructs_is_not_touched(tmp_path_factory, text):
    line = "a " + " ".join(text.split())
    if re.search(r"[:*~\[(|$`<>#&\\!]", line):
        return  # may be markup
    page, problems = converted(tmp_path_factory.mktemp("book"), line)
    assert prose(page.text) == line.strip()
    assert not problems

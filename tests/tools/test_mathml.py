"""Formulas become MathML, or an error that says what to do; their font has what they need."""

import io
import re
import shutil

import pytest
from backends import ROOT
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

from tabbook.math import font as formula_font
from tabbook.math.mathml import FormulaError, keep_punctuation, mathml


def test_a_formula_is_mathml_and_nothing_of_its_tex_is_left():
    tex = r" \operatorname{Var}[h'] = \frac{p}{1-p}\, \bar{\mathbf{w}} \quad\text{keep\_prob} < 1 "
    formula = mathml(tex)
    assert re.fullmatch("<math>.*<mfrac><mi>p</mi>.*</math>", formula)
    assert "\\" not in formula
    assert "<mtext>keep_prob</mtext><mo>&lt;</mo>" in formula
    assert mathml(tex, display=True).startswith('<math display="block">')


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\nosuch{h}", r'Received: \\nosuch{h}\n.*"\\nosuch"'),
        (r"\frac{p}{1-p", "expected a formula in TeX"),
        (r"a & b", "table-like environment"),
        ("a \\\\ b", "expects an environment, `aligned`"),
        ("a\n\nb", "expects an environment, `aligned`"),
        (r"\bigl(1 - p\bigr)^T", r"braces before an exponent: \{\\bigl"),
        (r"\bigl(1 - p\bigr)_t^T", "braces before an exponent"),
    ],
)
def test_what_is_no_formula_is_refused(tex, words):
    with pytest.raises(FormulaError, match=words):
        mathml(tex)


def test_brackets_in_braces_take_an_exponent():
    assert "<msup><mrow><mo minsize" in mathml(r"{\bigl(1 - p\bigr)}^T")


@pytest.mark.parametrize(
    ("before", "kept", "after"),
    [
        ("for ", "F,", " and"),
        ("so ", "(F)", " <em>is</em>"),
        ("a ", "“F”-test.", "</p>"),
        ("as [x], ", "(F", " and"),
        ("<math><mi>q</mi></math> and ", "F:", " <math><mi>q</mi></math>"),
    ],
)
def test_a_formula_keeps_its_punctuation(before, kept, after):
    kept = kept.replace("F", mathml("p"))
    page = f"<p>{before}{kept}{after}"
    assert keep_punctuation(page) == f'<p>{before}<span class="unbroken">{kept}</span>{after}'


@pytest.mark.parametrize("page", ["(x) <math>p</math> is", "<td><math>p</math></td>"])
def test_a_formula_alone_is_left_alone(page):
    assert keep_punctuation(page) == page


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of a built book of one page, and what Sphinx warned of."""
    folder = tmp_path_factory.mktemp("formulas")
    source, out, said = folder / "source", folder / "out", io.StringIO()
    source.mkdir()
    (source / "index.md").write_text(
        "# Toy\n\nHere $h'$, see {eq}`eq-toy`.\n\n```{math}\n:label: eq-toy\n"
        "\\sum_k \\sqrt{(k)}\n```\n\nThere $\\nosuch < 1$.\n"
    )
    settings = {
        "extensions": ["myst_nb", "tabbook.sphinx.math"],
        "html_extra_path": [str(ROOT / "third_party" / "book")],
        "myst_enable_extensions": ["dollarmath"],
    }
    app = Sphinx(
        source, None, out, folder / "doctrees", "html", settings, status=None, warning=said
    )
    app.build()
    return out, said.getvalue()


def test_a_page_has_mathml_numbers_that_are_links_and_a_warning_where_a_formula_is_wrong(book):
    folder, said = book
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.count("<math") == 2
    assert 'Here <span class="unbroken"><math><msup><mi>h</mi><mo>′</mo></msup></math>,' in page
    assert '<a class="reference internal" href="#equation-eq-toy">(1)</a>' in page
    assert re.search(r'<div class="math" id="equation-eq-toy">\s*<span class="eqno">\(1\)<a', page)
    assert r"There <code>\nosuch &lt; 1</code>." in page
    assert re.search(r'index\.md:\d+: WARNING: expected a formula in TeX.*\n.*"\\nosuch"', said)
    assert "MathJax" not in page


def test_the_font_has_what_the_pages_have_and_little_else(book):
    folder, _ = book
    font = TTFont(folder / formula_font.FONT)
    assert set(map(ord, "∑√′𝑘ℎ")) <= set(font.getBestCmap())
    assert not set(map(ord, "∂∫𝐡⊙")) & set(font.getBestCmap())
    whole = ROOT / "third_party" / "book" / formula_font.FONT
    assert (folder / formula_font.FONT).stat().st_size < whole.stat().st_size / 8
    # A tall root takes the room of a small one
    assert len({font["hmtx"][name][0] for name in tall(font, "√")}) == 1
    assert len(tall(font, "(")) > 4


def tall(font, character):
    """The names of a character's glyphs, the small one and those it grows by."""
    variants = font["MATH"].table.MathVariants
    name = font.getBestCmap()[ord(character)]
    found = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(name)]
    larger = [variant.VariantGlyph for variant in found.MathGlyphVariantRecord]
    return {name, *larger, *(part.glyph for part in found.GlyphAssembly.PartRecords)}


def test_the_same_pages_give_the_same_font(book, monkeypatch, tmp_path):
    folder = shutil.copytree(book[0], tmp_path / "again")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # at another time
    once = (folder / formula_font.FONT).read_bytes()
    shutil.copytree(ROOT / "third_party" / "book", folder, dirs_exist_ok=True)
    formula_font.trim(folder)
    assert (folder / formula_font.FONT).read_bytes() == once

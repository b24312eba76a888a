"""Whatever stands in whatever comes out plain, with all its words."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from reading import COMMONMARK, anchors, left_over, links, tokens
from toy_book import write

from tabbook.pages.notebooks import split
from tabbook.pages.source import read_page

WORD = st.integers(0, 999).map("w{}".format)
ROLES = ["{{eq}}`{0} <eq-a>`", "{{ref}}`{0} <sec-a>`", "{{term}}`{0}`", "[{0}](#sec-a)", "*{0}*"]
ROLES += ["{0} $|a|$", "`{0}`", "{0} {{cite:p}}`ho2020`", "{0}\n$b\nc$"]
BOXES = ["{note}", "{tip} T", "{exercise} E", "{dropdown} More", "{admonition} A", "{solution} ex"]


@st.composite
def blocks(draw, depth=3):
    """Lines of MyST, nested in any way."""
    lines = []
    for _ in range(draw(st.integers(1, 2))):
        lines += ([""] if lines else []) + draw(block(depth))
    return lines


@st.composite
def block(draw, depth):
    word = draw(WORD)
    kinds = ["words", "words", "math", "code", "table", "label"]
    kind = draw(st.sampled_from(kinds + ["quotation", "list", "box", "box"] * bool(depth)))
    if kind == "words":
        return draw(st.sampled_from(ROLES)).format(word).split("\n")
    if kind == "math":
        return ["```{math}", *draw(st.sampled_from([[], [":label: eq-a"]])), "x", "y", "```"]
    if kind == "code":
        return ["```text", word, "{eq}`eq-a`", "```"]
    if kind == "label":
        return [f"(l-{word})=", word]
    if kind == "table":
        cell = draw(st.sampled_from(ROLES)).format(word).replace("\n", " ")
        return ["```{list-table}", f"* - {cell}", "  - a|b", "```"]
    inner = draw(blocks(depth - 1))
    if kind == "quotation":
        return ["> " + line if line else ">" for line in inner]
    if kind == "list":
        mark = draw(st.sampled_from(["- ", "* ", "12. "]))
        return [mark + word, "", *(" " * len(mark) + line if line else "" for line in inner)]
    runs = [len(run) for line in inner for run in re.findall(r"[:`]{3,}", line)]
    fence = draw(st.sampled_from(":`")) * (max(runs, default=2) + 1)
    return [fence + draw(st.sampled_from(BOXES)), "", *inner, fence]


def words_of(parser, text):
    """The drawn words that a reader sees, in order."""
    shown = " ".join(token.content for token in tokens(parser, text) if not token.children)
    return re.findall(r"(?<!-)\bw\d+\b", shown)


def source_words(lines):
    return [word for line in lines for word in re.findall(r"(?<!-)\bw\d+\b", line)]


@settings(deadline=None, max_examples=200)
@given(lines=blocks())
def test_any_nesting_comes_out_plain_with_all_its_words(lines, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "nestings"
    top = ["(sec-a)=", "# Toy", "", ":::{exercise} Words", ":label: ex", "x", ":::", ""]
    page = read_page(write(folder, "\n".join([*top, *lines]) + "\n"))
    text = split(page, "jax").cells[0].source
    assert left_over(text) == []
    assert words_of(COMMONMARK, text) == source_words(lines)
    formulas = [one for one in tokens(COMMONMARK, text) if one.type.startswith("math_block")]
    assert len(formulas) == sum(line.endswith("```{math}") for line in lines)
    assert not [one for one in formulas if ">" in one.content]
    assert set(links(text)) <= {f"#{anchor}" for anchor in anchors(text)}
    # What is plain stays as it is
    again = split(read_page(write(folder, text + "\n")), "jax").cells[0].source
    assert again == re.sub(r"\[([^\]]*)\]\(#[a-z-]*\)", r"\1", text)  # labels that are gone

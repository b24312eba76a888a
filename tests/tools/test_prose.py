"""Laws of prose for frameworks: each notebook says what its framework's tabs show, or an error.

The oracle reads a text with MyST's own parser and its own reading of directives, from tokens to
words, and knows nothing of lines.
"""

import re
import textwrap

import pytest
import yaml
from backends import ROOT
from docutils.parsers.rst.directives import misc
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.directives import parse_directive_text
from myst_parser.parsers.mdit import create_md_parser
from toy_book import prose

from tabbook.pages import fences
from tabbook.pages.prose import (
    ProseError,
    expect_nothing_left,
    prose_for,
    sync_names,
)

NAMES = ["pytorch", "jax", "numpy"]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())["parse"]["myst_enable_extensions"]
MYST = create_md_parser(MdParserConfig(enable_extensions=set(CONFIG)), RendererHTML)


class AnyDirective(misc.TestDirective):
    """A directive that takes every option."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {"": str}


def shown(text, framework):
    """Every word that MyST shows in a framework's tabs, with what it stands in, in order."""
    found = []
    inside = []
    with MYST.reset_rules():
        MYST.disable("front_matter")
        tokens = MYST.parse(text + "\n")
    for token in tokens:
        # Not lists: what comes after a list and is indented belongs to it in a notebook.
        if token.type == "blockquote_open":
            inside.append("quotation")
        elif token.type == "blockquote_close":
            inside.pop()
        elif token.type == "inline" or token.type.endswith("_block") or token.type.startswith("my"):
            found += [(*inside, word) for word in re.findall(r"w\d+", token.content)]
        elif token.type in ("fence", "colon_fence"):
            found += [(*inside, *rest) for rest in shown_in_fence(token, framework)]
    return found


def shown_in_fence(token, framework):
    name, _, argument = token.info.strip().partition(" ")
    if not name and token.type == "colon_fence":
        return [("div", *rest) for rest in shown(token.content, framework)]
    if not name.startswith("{") or name in ("{code-block}", "{math}"):
        return [("code", word) for word in re.findall(r"w\d+", token.content)]
    content = token.content
    if token.type == "colon_fence" and content.startswith(":::"):
        content = "\n" + content
    parsed = parse_directive_text(AnyDirective, argument, content)
    rest = shown("\n".join(parsed.body), framework)
    if name == "{tab-set}" and parsed.options.get("sync-group") == "framework":
        # Out of the item of this framework
        return [words[1:] for words in rest if words[0] == f"{{tab-item}} {framework}"]
    if name == "{tab-item}":
        name += f" {parsed.options.get('sync')}"
    return [(name, *words) for words in rest]


# --- examples ------------------------------------------------------------------------------------

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


TABS = prose(jax="B.", pytorch="C.").strip()
DEEPER = prose(jax="In.", numpy="Not.").replace("::::", "````").replace(":::", "```")
TIP = DEEPER.replace("In.", ":::{tip}\nB.\n:::")
WITHIN = textwrap.indent(TABS, "  ")
LIST = "- A.\n\n" + textwrap.indent(TABS + "\n\nD.", "  ")
QUOTATION = textwrap.indent("A.\n" + TABS + "\nD.", "> ", lambda line: True)


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
        (LIST, "- A.\n\n  B.\n\n  D."),
        (QUOTATION, "> A.\n>\n> B.\n>\n> D."),
        (prose(jax=DEEPER), "In."),
        (prose(numpy=DEEPER), ""),
        ("Before.\n" + TABS + "\nAfter.", "Before.\n\nB.\n\nAfter."),
        ("Before.\n" + prose(numpy="x") + "After.", "Before.\n\nAfter."),
        ("    " + TABS.replace("\n", "\n    "), "    " + TABS.replace("\n", "\n    ")),
        ("- :::::{note}\n\n" + WITHIN + "\n  :::::", "- :::::{note}\n\n  B.\n  :::::"),
        ("- A.\n\n" + textwrap.indent(WITHIN, "   "), "- A.\n\n  B."),
        ("`````{note}\n" + TIP + "`````", "`````{note}\n\n:::{tip}\nB.\n:::\n`````"),
        (TABS.replace("tab-set", "Tab-Set"), "B."),
        (TABS.replace(":sync-group: framework", "---\n  sync-group: framework\n---"), "B."),
        ("one {term}`mask`, *{term}`two <mask>`* {eq}`three`", "one mask, *two* {eq}`three`"),
    ],
)
def test_fences_are_read_as_myst_reads_them(text, expected):
    assert prose_for(text, "jax") == expected


def test_the_parser_is_the_books():
    theirs = create_md_parser(MdParserConfig(enable_extensions=set(CONFIG)), RendererHTML)
    theirs.disable("front_matter")
    assert fences._parser().block.ruler.get_active_rules() == theirs.block.ruler.get_active_rules()
    assert set(CONFIG) - fences.EXTENSIONS == {"linkify"}  # it is about what is inside a line


# --- random pages -------------------------------------------------------------------------------


@st.composite
def blocks(draw, depth=3, indent=True):
    """Lines of MyST, nested in any way; every word is ``w`` and a number that is drawn."""
    parts = [draw(block(depth, indent=indent))]
    parts += draw(st.lists(block(depth), max_size=1 if depth else 0))
    lines = []
    for part in parts:
        tight = lines and (part[0][:1] == ":" or lines[-1][:1] == ":") and draw(st.booleans())
        lines += ([""] if lines and not tight else []) + part
    return lines


@st.composite
def block(draw, depth, indent=True):
    word = f"w{draw(st.integers(0, 999))}"
    kind = draw(st.sampled_from(["words", "code", *KINDS] if depth else ["words", "code"]))
    if kind == "words":
        return [f"Some {word} here"]
    if kind == "code":
        sample = draw(st.sampled_from([word, "::::{tab-set}\n:sync-group: framework\n::::"]))
        return ["```text", *sample.split("\n"), "```"]
    if kind == "quotation":
        return ["> " + line if line else ">" for line in draw(blocks(depth - 1))]
    if kind == "list":
        mark = draw(st.sampled_from(["- ", "* ", "12. "]))
        inner = [word, "", *draw(blocks(depth - 1))]
        return [mark + word, *(" " * len(mark) + line if line else "" for line in inner[1:])]
    if kind == "tabs":
        names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=2))
        inner = []
        for name in names:
            options = draw(st.sampled_from([f":sync: {name}", f"---\nsync: '{name}'\n---"]))
            body = draw(blocks(depth - 1, indent=False))
            inner += draw(fenced("{tab-item} Label", [*options.split("\n"), "", *body]))
            inner += [""] * draw(st.integers(0, 1))
        option = draw(
            st.sampled_from([":sync-group: framework", '---\nsync-group: "framework"\n---'])
        )
        lines = draw(fenced("{tab-set}", [*option.split("\n"), "", *inner]))
    else:
        options = draw(st.sampled_from([[], [":class: tip"]]))
        lines = draw(fenced(kind, [*options, "", *draw(blocks(depth - 1))]))
    spaces = " " * (draw(st.integers(0, 3)) if indent and draw(st.booleans()) else 0)
    return [spaces + line if line else "" for line in lines]


KINDS = ["quotation", "list", "tabs", "tabs", "{note}", "{dropdown} More", "{Exercise}", ""]


@st.composite
def fenced(draw, opening, lines):
    """Lines in a fence of some kind, longer than those inside of it."""
    mark = draw(st.sampled_from(":::`~")) if opening else ":"
    runs = [len(run) for line in lines for run in re.findall(r"[:`~]{3,}", line)]
    fence = mark * (max(runs, default=2) + draw(st.integers(1, 2)))
    return [fence + opening, *lines, fence]


def refusal(text):
    """Why a text can't be prose of a page; None where it can."""
    try:
        sync_names(text)
        expect_nothing_left(text, NAMES)
    except ProseError as error:
        return error
    return None


@settings(deadline=None, max_examples=100)
@given(blocks())
def test_each_notebook_has_the_words_that_its_tabs_show(lines):
    text = "\n".join(lines)
    assert refusal(text) is None
    for name in NAMES:
        assert shown(prose_for(text, name), None) == shown(text, name)


@settings(deadline=None, max_examples=150)
@given(blocks(), st.data())
def test_a_page_with_a_slip_has_the_same_words_or_is_refused(lines, data):
    at = data.draw(st.integers(0, len(lines) - 1))
    slip = data.draw(st.sampled_from(["drop", "indent", "dedent", "shorter", "longer", "colons"]))
    line = lines[at]
    lines[at : at + 1] = {
        "drop": [],
        "indent": ["    " + line],
        "dedent": [line.lstrip()],
        "shorter": [re.sub(r"([:`~])\1{2}", r"\1\1", line, count=1)],
        "longer": [re.sub(r"([:`~])\1{2}", r"\1\1\1\1", line, count=1)],
        "colons": [re.sub(r"[`~]", ":", line)],
    }[slip]
    text = "\n".join(lines)
    error = refusal(text)
    if error:
        assert error.line < max(1, len(lines))
        return
    for name in NAMES:
        ours, theirs = shown(prose_for(text, name), None), shown(text, name)
        assert [words[-1] for words in ours] == [words[-1] for words in theirs]

"""Reading style sheets: what is kept of them, where their addresses lead, and their icons."""

import posixpath
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabbook.sphinx.css import move, prune, shown_characters

NAMES = ["a", "b-c", "d_e", "w-1/2"]
SETS = st.sets(st.sampled_from(NAMES))
COMBINATORS = ["", " ", " > ", " + div.", ":hover ", "::before, ."]


def escaped(name):
    return name.replace("/", r"\/")


@st.composite
def rules(draw):
    """A rule, its block, and the classes that each of its selectors needs."""
    needs = draw(st.lists(SETS, min_size=1, max_size=3))
    selectors = [
        "p"
        + "".join(f".{escaped(name)}{draw(st.sampled_from([':hover', '', ' span']))}" for name in n)
        for n in map(sorted, needs)
    ]
    block = draw(st.sampled_from(["color:red", 'content:"} .x {"', "a:1;b:url(data:x/y,z)"]))
    return selectors, block, needs


@given(
    st.lists(rules(), max_size=4), SETS, st.sampled_from(["", "@media print", "@supports (a:b)"])
)
def test_a_selector_stays_if_all_its_classes_are_known(sheet, known, group):
    css = " /* a } comment */ ".join(f"{', '.join(s)} {{ {block} }}" for s, block, _ in sheet)
    expected = [
        f"{','.join(kept)}{{{block}}}"
        for selectors, block, needs in sheet
        if (kept := [s for s, need in zip(selectors, needs, strict=True) if need <= known])
    ]
    inside = "\n".join(expected)
    if group:
        css, inside = f"{group} {{{css}}}", f"{group}{{{inside}}}" if inside else ""
    assert prune(css, known) == inside
    assert prune(inside, known) == inside


@pytest.mark.parametrize(
    "css",
    [
        "@font-face{font-family:x;src:url(y.woff2)}",
        "@keyframes k{from{top:0}to{top:1px}}",
        "@import url(x.css);",
        "/*! licence { */",
        ":not(.gone){top:0}",
        ":is(.gone,p) b{top:0}",
        '[class*=".gone"],[x="a,.b"]{top:0}',
        "p{&.gone{top:0}}",
        'a{content:"a  b"}',
    ],
)
def test_what_may_apply_stays_as_it_is(css):
    assert prune(css, set()) == css


@pytest.mark.parametrize("css", ["a{", "a{b:c}}d", "@media x{a{b:c}", "a"])
def test_an_open_block_is_an_error(css):
    with pytest.raises(ValueError, match="found an open block or rule"):
        prune(css, set())


FOLDERS = st.lists(st.sampled_from(["x", "y"]), max_size=3).map("/".join)


@given(
    FOLDERS,
    FOLDERS,
    st.lists(st.sampled_from(["..", "x", "z"]), min_size=1, max_size=5).map("/".join),
)
def test_a_moved_address_leads_to_the_same_file(origin, target, address):
    found = re.search(r'url\("(.*)"\)', move(f"a{{b:url({address}/f.woff)}}", origin, target))
    root = "/1/2/3/4/5/6"
    same = [
        posixpath.normpath(posixpath.join(root, *parts))
        for parts in ((origin, address, "f.woff"), (target, found[1]))
    ]
    assert same[0] == same[1]


@pytest.mark.parametrize("address", ["data:image/svg+xml,x", '"https://a.test/b"', "/c", "#d"])
def test_other_addresses_stay(address):
    assert move(f"a{{b:url({address})}}", "x", "y") == f"a{{b:url({address})}}"


def test_icons_are_escapes_and_characters_of_strings():
    css = '.x{content:"\\f0c9"}:root{--y:"\\f0";--z:"\uf1c9"}p{content:"+"}.a\\31{b:c}'
    assert shown_characters(css) == {0xF0C9, 0xF0, 0xF1C9, ord("+"), ord(" ")}

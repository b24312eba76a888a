"""The import of Dive into Deep Learning itself, whose sources are not in this repository.

``D2L_SOURCES`` names a folder with them (https://github.com/d2l-ai/d2l-en, commit 23d7a5a).
"""

import ast
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from reading import MYST, tokens

from tabbook.import_d2l.markup import CELL, blocks
from tabbook.import_d2l.names import uses
from tabbook.import_d2l.saved import libraries, module_text
from tabbook.import_d2l.sources import read
from tabbook.pages.fences import all_fences, parse

SOURCES = os.environ.get("D2L_SOURCES", "")
pytestmark = pytest.mark.skipif(
    not SOURCES, reason="D2L_SOURCES names no folder with the sources of d2l-en"
)


@pytest.fixture(scope="module")
def folder():
    return read(Path(SOURCES).resolve())


@pytest.fixture(scope="module")
def converted(folder):
    return folder.convert(list(folder.sources))


def test_all_sections_convert(folder, converted):
    with_code = [page for page in converted.values() if page.frameworks]
    assert len(with_code) == 139
    assert sum(len(page.frameworks) for page in with_code) == 413
    problems = [one for source in folder.sources.values() for one in source.report.problems]
    assert not [str(one) for one in problems if one.is_error]
    kinds = Counter(re.sub(r"\W.*", "", one.message) for one in problems)
    assert kinds == {"left": 8, "reStructuredText": 6, "expected": 1, "this": 1, "": 1}, problems


def test_every_cell_is_there(folder, converted):
    """A cell becomes one cell for each group of frameworks with the same code."""
    for path, page in converted.items():
        source = folder.sources[path]
        cells = [
            block.first
            for block in source.blocks
            if block.kind == "fence"
            and CELL.match(block.token.info)
            and "%load_ext d2lbook" not in block.token.content
        ]
        assert {cell.line for cell in page.code} <= {*cells}
        missing = {*cells} - {cell.line for cell in page.code}
        assert not missing, (path, missing)
        fences = [one for one in all_fences(parse(page.text)) if "code-cell" in one.info]
        assert len(fences) == len(page.code), path


def all_tokens(text):
    """What MyST reads in a text, in its directives too."""
    for token in tokens(MYST, text):
        yield token
        name = re.match(r"\{(tab-set|tab-item|figure|list-table)\}(.*)", token.info)
        if token.type == "colon_fence" and name:
            yield from tokens(MYST, name[2] if name[1] == "list-table" else "")
            yield from all_tokens(re.sub(r"^:[\w-]+:.*", "", token.content, flags=re.MULTILINE))


#: What a construct of the source becomes, as a token of MyST.
ROLES = {"numref": "numref", "ref": "ref", "eqref": "eq", "cite": "cite", "citet": "cite:t"}


def test_every_reference_is_there(folder, converted):
    """Text for several frameworks is in each tab, and text for slides only is left out."""
    expected, found = Counter(), Counter()
    for source in folder.sources.values():
        times = 1
        for block in blocks(source.text):
            if block.kind == "line" and block.token.info == "begin_tab":
                times = block.token.content.count(",") + 1
            elif block.kind == "line" and block.token.info == "end_tab":
                times = 1
            for token in block.tokens:
                for one in token.children or ():
                    inner = [*(one.children or ()), one] if one.type == "image" else [one]
                    for role in inner:
                        if role.type == "d2l_role" and role.info in ROLES:
                            expected[ROLES[role.info]] += times
    for page in converted.values():
        found.update(t.meta["name"] for t in all_tokens(page.text) if t.type == "myst_role")
    assert {name: found[name] - expected[name] for name in found} == dict.fromkeys(found, 0)


LEFT = re.compile(
    r":(numref|ref|eqref|eqlabel|label|cite|citet|width|begin_tab|end_tab|bibliography):"
)


def test_nothing_of_the_dialect_is_left(converted):
    """Outside of code, no construct is left, and MyST reads none of its own instead."""
    for path, page in converted.items():
        for token in all_tokens(page.text):
            if token.type == "text":
                assert not LEFT.search(token.content), (path, token.content)
            assert token.type not in ("myst_line_comment", "myst_block_break", "dl_open"), path
            if token.type == "inline" and not token.content.startswith(":"):
                assert not re.search(r"\[\*\*[^*]+\*\*\](?!\()", token.content), token.content
                assert "~~" not in token.content, token.content


@pytest.mark.parametrize("base", ["", "d2lcompat"])
def test_no_name_is_missing(converted, folder, base):
    found = uses(converted, libraries(folder, converted, base))
    missing = [(use.page.stem, use.framework, use.name) for use in found if use.defined is None]
    assert missing == [("pooling", "tensorflow", "d2l")]  # this page forgets to import it


def test_the_modules_define_what_d2l_s_own_library_defines(converted, folder):
    for library in libraries(folder, converted, "").values():
        theirs = defined(Path(SOURCES, "d2l", f"{library.module}.py").read_text(encoding="utf-8"))
        ours = defined(module_text(library, "d2l"))
        assert len(theirs) > 90
        assert ours - {"_Missing"} - theirs == set()
        assert theirs - ours - {*library.names} == set()


def defined(text):
    """The classes, functions and variables at the top of a module, without imports."""
    found = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return found

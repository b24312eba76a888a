"""`if tab.selected(…)` is decided in the text of a cell; Python's own parser is the oracle."""

import ast
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabbook.import_d2l.cells import CellError, code_for, joining_lines, masked, read_cell

FRAMEWORKS = ("pytorch", "mxnet", "jax", "tensorflow")

# --- properties -----------------------------------------------------------------------------------


def asks(node):
    return "tab.selected" in ast.unparse(node.test)


class Decided(ast.NodeTransformer):
    """A program in which the questions for the framework are answered."""

    def __init__(self, framework):
        self.framework = framework

    def visit_If(self, node):
        if not asks(node):
            return self.generic_visit(node)

        class tab:
            selected = staticmethod(lambda *names: self.framework in names)

        chosen = node.body if eval(ast.unparse(node.test), {"tab": tab}) else node.orelse
        return [
            one
            for statement in chosen
            for visited in [self.visit(statement)]
            for one in (visited if isinstance(visited, list) else [visited])
        ]

    def generic_visit(self, node):
        suites = [name for name in ("body", "orelse", "finalbody") if getattr(node, name, None)]
        super().generic_visit(node)
        for name in suites:
            if not getattr(node, name) and not isinstance(node, ast.Module):
                setattr(node, name, [ast.Pass()])
        return node


def meaning(source):
    return ast.dump(ast.parse(source))


NAMES = st.lists(st.sampled_from(FRAMEWORKS), min_size=1, max_size=3, unique=True)
TESTS = st.recursive(
    NAMES.map(lambda names: f"tab.selected({', '.join(map(repr, names))})"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(("or", "and")), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda one: f"(not {one})"),
    ),
    max_leaves=2,
)
LINES = st.sampled_from(
    [
        "a = 1", "f(1,\n  2)", "# a comment", "", "x = '''one\n  two\n'''", "s = f'''{1}\n   x'''",
        "d = {\n    'a': 1,\n}", "with open('if tab') as file: pass",
    ]
)  # fmt: skip


def indented(text):
    """A suite, one level deeper; the lines within strings stay where they are."""
    lines = text.split("\n")
    fixed = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant | ast.JoinedStr) and hasattr(node, "lineno"):
            fixed |= {*range(node.lineno, node.end_lineno)}
    return "\n".join(
        line if number in fixed or not line else f"    {line}" for number, line in enumerate(lines)
    )


def suite(statements):
    return "\n".join([*statements, "end = 0"])


def branches(inner):
    block = st.lists(inner, max_size=2).map(suite).map(indented)
    ask = st.tuples(TESTS, block).map(lambda t: f"if {t[0]}:\n{t[1]}")
    return st.one_of(
        ask,
        st.tuples(ask, block).map(lambda t: f"{t[0]}\nelse:\n{t[1]}"),
        st.tuples(ask, TESTS, block, block).map(
            lambda t: f"{t[0]}\nelif {t[1]}:\n{t[2]}\nelse:\n{t[3]}"
        ),
        st.tuples(ask, block).map(lambda t: f"{t[0]}\nelif other:\n{t[1]}"),
        ask.map(indented).map(lambda body: f"def g(x):\n{body}"),
        ask.map(indented).map(lambda body: f"class C(D):\n{body}"),
        ask.map(indented).map(lambda body: f"for i in y:\n{body}\nelse:\n    z = 1"),
        ask.map(indented).map(lambda body: f"try:\n{body}\nexcept E:\n{body}\nfinally:\n{body}"),
    )


CELLS = st.lists(st.recursive(LINES, branches, max_leaves=4), min_size=1, max_size=3).map("\n".join)


@settings(max_examples=50)
@given(CELLS, st.sampled_from(FRAMEWORKS))
def test_the_chosen_code_means_what_python_would_run(source, framework):
    if [*joining_lines(source)]:
        return  # d2lbook's own reading, below
    expected = ast.unparse(Decided(framework).visit(ast.parse(source)))
    assert meaning(code_for(source, framework)) == meaning(expected)


@settings(max_examples=50)
@given(CELLS, st.sampled_from(FRAMEWORKS))
def test_what_is_kept_is_in_the_source_line_by_line(source, framework):
    """Nothing is written anew, but `pass` and `if` in the place of `elif`."""
    stripped = {line.strip() for line in source.split("\n")}
    known = stripped | {line.removeprefix("el") for line in stripped} | {"pass", ""}
    kept = code_for(source, framework).split("\n")
    assert {line.strip() for line in kept} <= known


@settings(max_examples=50)
@given(CELLS, st.sampled_from(FRAMEWORKS))
def test_a_second_decision_changes_nothing(source, framework):
    once = code_for(source, framework)
    assert code_for(once, framework) == once


@given(st.text(alphabet="ab=+\n #'%(", max_size=60).filter(lambda t: "tab.selected" not in t))
def test_code_without_a_question_is_not_touched(source):
    assert code_for(source, "jax") == source


# --- samples --------------------------------------------------------------------------------------


def test_comments_of_a_branch_stay_with_it():
    source = textwrap.dedent("""\
        class A:
            if tab.selected('jax'):
                # before
                def f(self):
                    return 1
                # after

            # of the class
            x = 1
        """)
    assert "# before" in code_for(source, "jax")
    assert "# after" in code_for(source, "jax")
    assert "# before" not in code_for(source, "mxnet")
    assert "# after" not in code_for(source, "mxnet")
    assert all("    # of the class" in code_for(source, name) for name in FRAMEWORKS)


def test_a_docstring_moves_with_its_function():
    source = "if tab.selected('jax'):\n    def f():\n        '''One.\n\n        Two.'''"
    assert code_for(source, "jax") == "def f():\n    '''One.\n\n    Two.'''"


def test_only_comments_left_is_no_cell():
    assert code_for("# hello\nif tab.selected('jax'):\n    x = 1", "mxnet") == ""


def test_a_nested_question_below_a_function_ends_the_function():
    """d2lbook dedents such lines once only, and the published notebooks rely on it."""
    source = textwrap.dedent("""\
        class A:
            if tab.selected('mxnet', 'tensorflow'):
                def f(self):
                    self.x = 1
                if tab.selected('tensorflow'):
                    self.y = 2
            z = 3
        """)
    assert [*joining_lines(source)] == [4]
    expected = "class A:\n    def f(self):\n        self.x = 1\n"
    assert code_for(source, "tensorflow") == f"{expected}        self.y = 2\n    z = 3"
    assert code_for(source, "mxnet") == f"{expected}    z = 3"
    assert code_for(source, "jax") == "class A:\n    z = 3"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("x = 1\ny = 2 if tab.selected('jax') else 3", 1, "whole condition"),
        ("x = 1\nif tab.selected('jax') and x:\n    y = 1", 1, "alone; found x"),
        ("if x:\n    pass\nelif y and tab.selected('jax'):\n    y = 1", 2, "expected `if tab"),
        ("if tab.selected(name):\n    y = 1", 0, "alone"),
        ("if tab.selected('jax'): y = 1", 0, "line of its own"),
        ("x = (\nif tab.selected('jax'):\n    y = 1", 0, "this is not Python"),
        ("if x:\n    y = 1\nelif tab.selected('jax'):\n    y = 2", 2, "expected `if tab"),
        ("while tab.selected('jax'):\n    pass", 0, "whole condition"),
    ],
)
def test_what_cannot_be_decided_is_an_error_with_its_line(source, line, words):
    with pytest.raises(CellError, match=words) as caught:
        code_for(source, "jax")
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("source", "names", "code", "line"),
    [
        ("%%tab all\nx = 1\n", ("all",), "x = 1", 6),
        ("%%tab mxnet, pytorch\n\nx = 1\n", ("mxnet", "pytorch"), "x = 1", 7),
        ("#@tab mxnet,pytorch\nx = 1\n", ("mxnet", "pytorch"), "x = 1", 6),
        ("# @tab jax\nx = 1\n", ("jax",), "x = 1", 6),
        ("x = 1\n", (), "x = 1", 5),
        ("%%tab jax\nx = 1\n#@tab jax\ny = 2\n", ("jax",), "x = 1\n\ny = 2", 6),
    ],
)
def test_the_frameworks_of_a_cell(source, names, code, line):
    cell = read_cell(source, 5)
    assert (cell.names, cell.source, cell.line) == (names, code, line)


@pytest.mark.parametrize("source", ["%%tab\nx = 1", "%%tab jax\nx = 1\n#@tab mxnet\n"])
def test_frameworks_that_contradict_are_an_error(source):
    with pytest.raises(CellError, match="expected the frameworks of a cell"):
        read_cell(source, 0)


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("for x in y:\n    !ls\n", "for x in y:\n    pass\n"),
        ("%%bash\nls", ""),
        ("x = 1 \\\n  % 2", "x = 1 \\\n  % 2"),
    ],
)
def test_lines_for_ipython(source, python):
    assert masked(source) == python

"""Code cells of d2lbook: the frameworks they are for, and their code for each of them."""

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

_TAB = re.compile(r"\s*(?:#\s*@|%%)tab\b(?P<names>.*)")
_MARK = re.compile(r"#\s*@(?!save\b|tab\b)(\w+)")
_MAGIC = re.compile(r"(\s*)[%!]")
_SETUP = "%load_ext d2lbook.tab"
_LIBRARIES = re.compile(r"#\s*required_libs\((.*)\)")


class CellError(ValueError):
    """A cell cannot be converted; ``line`` is its line in the cell, counted from 0."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class CodeCell:
    """A code cell as d2lbook's source has it.

    Attributes:
        source: its code, without the line that names its frameworks.
        names: the frameworks of that line, or ``("all",)``; empty if there is no such line.
        line: the first line of ``source`` in the page, counted from 0.
    """

    source: str
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Setup:
    """The cell that prepares a page.

    Attributes:
        names: the frameworks of ``tab.interact_select``.
        libraries: the further packages of ``required_libs``.
    """

    names: tuple[str, ...]
    libraries: tuple[str, ...]


def read_cell(source: str, line: int) -> CodeCell:
    """Read a cell.

    Args:
        source: the text between its fences.
        line: the line of that text in the page, counted from 0.

    Raises:
        CellError: two lines name different frameworks, or a line names none.
    """
    lines = source.rstrip("\n").split("\n")
    found = [
        (number, tuple(name for name in re.split(r"[,\s]+", match["names"]) if name))
        for number, text in enumerate(lines)
        if (match := _TAB.match(text))
    ]
    names = found[0][1] if found else ()
    for number, others in found:
        if not others or set(others) != set(names):
            raise CellError(
                number, "expected the frameworks of a cell, or `all`, once; this line differs."
            )
        lines[number] = ""  # lines keep their numbers
    while len(lines) > 1 and not lines[0].strip():
        lines, line = lines[1:], line + 1
    return CodeCell("\n".join(lines), names, line)


def read_setup(source: str) -> Setup | None:
    """Read the cell that loads d2lbook's tabs; None if this is another cell.

    Raises:
        CellError: it contains something else, which would be lost.
    """
    if _SETUP not in source:
        return None
    rest = "\n".join("" if line.strip() == _SETUP else line for line in source.split("\n"))
    names: list[str] = []
    try:
        statements = ast.parse(rest).body
    except SyntaxError as error:
        raise CellError((error.lineno or 1) - 1, f"expected `{_SETUP}` alone.") from error
    for statement in statements:
        call = getattr(statement, "value", None)
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "tab.interact_select":
            raise CellError(
                statement.lineno - 1,
                f"a cell with `{_SETUP}` is left out, so it may contain only that and "
                "`tab.interact_select(…)`. Put the rest into another cell.",
            )
        names += [
            one.value
            for one in ast.walk(call)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
    libraries = [_strings(found) for found in _LIBRARIES.findall(source)]
    return Setup(tuple(names), tuple(name for found in libraries for name in found))


def marks(source: str) -> Iterator[tuple[int, str]]:
    """The comments for d2lbook that are neither ``#@save`` nor ``#@tab``, with their lines."""
    for number, text in enumerate(source.split("\n")):
        yield from ((number, name) for name in _MARK.findall(text))


def masked(source: str) -> str:
    """A cell as Python alone: lines for IPython become ``pass``.

    A cell that is not Python as a whole, such as ``%%bash``, becomes empty.
    """
    if source.lstrip().startswith("%%"):
        return ""
    try:
        ast.parse(source)
    except SyntaxError:
        lines = source.split("\n")
        return "\n".join(f"{m[1]}pass" if (m := _MAGIC.match(line)) else line for line in lines)
    return source


def code_for(source: str, framework: str) -> str:
    """A cell's code for one framework: each ``if tab.selected(…)`` is decided.

    Args:
        source: the code.
        framework: the framework that is selected.

    Returns:
        The chosen branches, dedented, and everything else unchanged; empty if nothing is left.

    Raises:
        CellError: the code is no Python, or it asks for the framework in another way.
    """
    if "tab.selected" not in source:
        return source
    try:
        tree = ast.parse(masked(source))
    except SyntaxError as error:
        raise CellError((error.lineno or 1) - 1, f"this is not Python: {error.msg}.") from error
    decision = _Decision(source.split("\n"), framework, _whole_lines_of_strings(tree))
    decision.suite(tree.body, 0)
    text = decision.text()
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.split("\n")):
        return ""
    return text


class _Decision:
    """The lines of a cell while its branches are chosen."""

    def __init__(self, lines: list[str], framework: str, fixed: set[int]) -> None:
        self.lines: list[str | None] = [*lines]
        self.old = lines
        self.framework = framework
        self.fixed = fixed  # lines within strings, whose spaces are part of them

    def text(self) -> str:
        return "\n".join(line for line in self.lines if line is not None).strip("\n")

    def suite(self, statements: Sequence[ast.stmt], shift: int, is_branch: bool = False) -> bool:
        """Decide all branches in a suite; return whether a statement is left.

        Args:
            shift: the spaces that its lines have lost already.
            is_branch: whether it is the branch of a decided ``if``.
        """
        left = []
        for above, statement in itertools.pairwise([None, *statements]):
            assert statement is not None
            if is_branch and _joins(statement, above):
                # Lines that are not dedented a second time end the function above
                end = self.end(statement, statement.col_offset)
                if _value(statement.test, self.framework):
                    self.drop(statement.lineno - 1, statement.test.end_lineno or statement.lineno)
                else:
                    self.drop(statement.lineno - 1, end)
                continue
            left.append(self.statement(statement, shift))
        return any(left)

    def statement(self, node: ast.stmt, shift: int) -> bool:
        if isinstance(node, ast.If) and _asks(node.test):
            return self.choose(node, shift)
        if isinstance(node, ast.If) and node.orelse and self.is_elif(node.orelse[0]):
            after = node.orelse[0]
            if _asks(getattr(after, "test", ast.Constant(None))):
                raise CellError(
                    after.lineno - 1,
                    "expected `if tab.selected(…):` in the place of this `elif`, which follows "
                    "another condition.",
                )
        suites = [
            part
            for _, value in ast.iter_fields(node)
            if isinstance(value, list)
            for part in _suites(value)
        ]
        for number in _asking_lines(node, suites):
            raise CellError(
                number - 1,
                "`tab.selected(…)` is expected as the whole condition of an `if`. Write it so.",
            )
        for statements in suites:
            if not self.suite(statements, shift):
                first = statements[0]
                spaces = " " * (first.col_offset - shift)
                self.lines[first.lineno - 1] = f"{spaces}pass"
        return True

    def choose(self, node: ast.If, shift: int) -> bool:
        """Replace an ``if`` by one of its branches; return whether a statement is left."""
        is_true = _value(node.test, self.framework)
        first, end = node.lineno - 1, self.end(node, node.col_offset)
        after = node.orelse[0] if node.orelse else None
        if not is_true and after and self.is_elif(after):
            self.drop(first, after.lineno - 1)
            line = self.lines[after.lineno - 1]
            assert line is not None
            self.lines[after.lineno - 1] = line.replace("elif", "if", 1)
            return self.statement(after, shift)
        branch = node.body if is_true else node.orelse
        if not branch:
            self.drop(first, end)
            self.join(first, end)
            return False
        body_end = self.end(node.body[-1], node.col_offset)
        header = node.test.end_lineno or node.lineno
        start, stop = (header, body_end) if is_true else (body_end, end)
        if not is_true:
            while not self.old[start].lstrip().startswith("else"):
                start += 1
            header = start = start + 1
        if branch[0].lineno == header:
            raise CellError(header - 1, "expected the branch to begin on a line of its own.")
        self.drop(first, start)
        self.drop(stop, end)
        move = branch[0].col_offset - node.col_offset
        for number in range(start, stop):
            line = self.lines[number]
            if line is not None and number not in self.fixed:
                spaces = len(line) - len(line.lstrip())
                self.lines[number] = line[min(move, spaces) :]
        return self.suite(branch, shift + move, is_branch=True)

    def is_elif(self, node: ast.stmt) -> bool:
        return self.old[node.lineno - 1].lstrip().startswith("elif")

    def drop(self, start: int, stop: int) -> None:
        self.lines[start:stop] = [None] * (stop - start)

    def join(self, start: int, stop: int) -> None:
        """Leave one empty line where a branch was between two."""
        above = next((line for line in reversed(self.lines[:start]) if line is not None), "")
        while stop < len(self.lines) and not above.strip() and self.lines[stop] == "":
            self.lines[stop] = None
            stop += 1

    def end(self, node: ast.stmt, indent: int) -> int:
        """The line after a statement and the comments that are deeper than ``indent``."""
        end = at = node.end_lineno or node.lineno
        while at < len(self.old):
            line = self.old[at].lstrip()
            at += 1
            if not line:
                continue
            if not line.startswith("#") or len(self.old[at - 1]) - len(line) <= indent:
                break
            end = at
        return end


def _suites(values: list[ast.AST]) -> Iterator[list[ast.stmt]]:
    """The suites in a field of a statement: its own, or those of handlers and cases."""
    if values and isinstance(values[0], ast.stmt):
        yield [value for value in values if isinstance(value, ast.stmt)]
    for value in values:
        if isinstance(value, ast.ExceptHandler | ast.match_case):
            yield value.body


def _joins(node: ast.stmt, above: ast.stmt | None) -> TypeGuard[ast.If]:
    """Whether d2lbook reads a nested ``if tab.selected(…)`` as the end of the function above it."""
    is_nested = isinstance(node, ast.If) and _asks(node.test) and not node.orelse
    return is_nested and isinstance(above, ast.FunctionDef)


def joining_lines(source: str) -> Iterator[int]:
    """The lines, from 0, with an ``if tab.selected(…)`` that ends the function above it."""
    if "tab.selected" not in source:
        return
    for node in ast.walk(ast.parse(masked(source))):
        if isinstance(node, ast.If) and _asks(node.test):
            for branch in (node.body, node.orelse):
                for above, below in itertools.pairwise(branch):
                    if _joins(below, above):
                        yield below.lineno - 1


def _asks(node: ast.AST) -> bool:
    return any(
        isinstance(call, ast.Call) and ast.unparse(call.func) == "tab.selected"
        for call in ast.walk(node)
    )


def _asking_lines(node: ast.stmt, suites: list[list[ast.stmt]]) -> Iterator[int]:
    """The lines of a statement, without its suites, that ask for the framework."""
    inside = {id(one) for suite in suites for statement in suite for one in ast.walk(statement)}
    for one in ast.walk(node):
        if (
            id(one) not in inside
            and isinstance(one, ast.Call)
            and ast.unparse(one.func) == "tab.selected"
        ):
            yield one.lineno


def _value(test: ast.expr, framework: str) -> bool:
    match test:
        case ast.BoolOp(op=ast.Or()):
            return any([_value(one, framework) for one in test.values])
        case ast.BoolOp(op=ast.And()):
            return all([_value(one, framework) for one in test.values])
        case ast.UnaryOp(op=ast.Not()):
            return not _value(test.operand, framework)
        case ast.Call() if ast.unparse(test.func) == "tab.selected" and not test.keywords:
            names = [one for argument in test.args for one in ast.walk(argument)]
            if all(
                isinstance(one, ast.Constant | ast.List | ast.Tuple | ast.Load) for one in names
            ):
                return framework in {one.value for one in names if isinstance(one, ast.Constant)}
    raise CellError(
        test.lineno - 1,
        f"expected a condition of `tab.selected(…)` alone; found {ast.unparse(test)}.",
    )


def _whole_lines_of_strings(tree: ast.AST) -> set[int]:
    """The lines, from 0, that begin within a string which is no docstring."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        if id(node) not in docstrings
        for number in range(node.lineno, node.end_lineno or node.lineno)
    }


def _strings(text: str) -> list[str]:
    return re.findall(r"[\"']([^\"']+)[\"']", text)

"""`make converged` finds a verdict that depends on the number of epochs."""

import ast

import nbformat
import pytest
from doubled_epochs import changed, given_to, row
from hypothesis import given
from hypothesis import strategies as st

code, output = nbformat.v4.new_code_cell, nbformat.v4.new_output


def notebook(path, *cells, printed):
    """A notebook of cells, of which the last one has a verdict and printed something."""
    cells = [code("from d2lcompat import torch as d2l"), *cells]
    cells[-1].metadata["tags"] = ["verdict"]
    cells[-1].outputs = [output("stream", text=printed)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def trained(epochs):
    verdict = "print(1, max)\nprint('It ends after', max)\nprint('It trains')"
    return (
        code(f"trainer = d2l.Trainer(max_epochs={epochs})"),
        code(verdict.replace("max", "trainer.max_epochs")),
    )


@pytest.mark.parametrize("framework", ["pytorch"], indirect=True)
@pytest.mark.parametrize(
    ("epochs", "same", "words"),
    [
        (2, False, ["1 × 2 → 4", "1 of 2 lines", "- It ends after 2", "+ It ends after 4"]),
        (1, True, ["nothing doubled"]),
    ],
)
def test_a_verdict_that_changes_is_listed(framework, tmp_path, epochs, same, words):
    said = f"1 {epochs}\nIt ends after {epochs}\nIt trains\n"
    line, fine = row(notebook(tmp_path / "toy.ipynb", *trained(epochs), printed=said), framework)
    assert fine == same
    assert all(word in line for word in words)
    assert "+ It trains" not in line
    assert "+ 1" not in line


LOOP = "def descend(w, steps=3):\n    for _ in range(steps):\n        w /= 2\n    return w"


@pytest.mark.parametrize("framework", ["pytorch"], indirect=True)
@pytest.mark.parametrize(
    ("tags", "same", "words"),
    [
        (["twice=steps"], False, ["1 × 3 → 6", "- 1 of 8", "+ 1 of 64"]),
        (["twice=epochs"], False, ["failed: expected a whole number given to epochs"]),
    ],
)
def test_a_loop_of_the_page_is_doubled(framework, tmp_path, tags, same, words):
    loop = code(LOOP, metadata={"tags": tags})
    verdict = code("print('1 of', round(1 / descend(1.0)))")
    line, fine = row(notebook(tmp_path / "toy.ipynb", loop, verdict, printed="1 of 8\n"), framework)
    assert fine == same
    assert all(word in line for word in words)


@pytest.mark.parametrize("framework", ["pytorch"], indirect=True)
@pytest.mark.parametrize(("draws", "same"), [(True, True), (False, False)])
def test_only_a_figure_may_fail(framework, tmp_path, draws, same):
    training, verdict = trained(2)
    fixed = code("assert trainer.max_epochs == 2", outputs=[output("display_data")] * draws)
    verdict.source = "print('It trains')"
    path = notebook(tmp_path / "toy.ipynb", training, fixed, verdict, printed="It trains\n")
    line, fine = row(path, framework)
    assert fine == same
    assert ("unchanged (no figure: cell 2)" if same else "failed: Cell") in line


LETTERS = st.text("abc:?", min_size=1)
DECIMAL = st.floats(-1e3, 1e3).map("{:+.3f}".format)


@given(LETTERS, DECIMAL, DECIMAL, st.integers(1, 5))
def test_decimal_numbers_and_spaces_are_no_verdict(word, one, other, width):
    assert changed([f"{word} {one} end"], [f"{word}{' ' * width}{other} end"]) == []


@given(st.lists(LETTERS | st.integers(0, 9).map("{} of 3 seeds".format)), st.data())
def test_any_other_change_is_listed_with_both_lines(lines, data):
    assert changed(lines, lines) == []
    place, new = data.draw(st.integers(0, len(lines))), data.draw(LETTERS) + "!"
    old = lines[place] if place < len(lines) else ""
    after = [*lines[:place], new, *lines[place + 1 :]]
    assert changed(lines, after) == [f"    - {old}", f"    + {new}"]


@given(st.integers(0, 3), st.integers(0, 3), DECIMAL)
def test_a_count_is_a_verdict(one, other, number):
    lines = [f"{count} of 3 seeds: by {number}" for count in (one, other)]
    assert bool(changed(lines[:1], lines[1:])) == (one != other)


@pytest.mark.parametrize(
    ("program", "numbers"),
    [
        ("def f(a, n=2, *, m=3): ...", [2]),
        ("def f(a, *, n=2, m): ...", [2]),
        ("lambda n=2: n", [2]),
        ("f(n=2, m=n)", [2]),
        ("n = {5: 2, 6: 3}", [2, 3]),
        ("n = 2\nn = k\nf(n=k)\nn = 2.5\nn = True", [2]),
        ("def f(n, m=2): ...\nm = 2", []),
    ],
)
def test_the_numbers_that_a_tag_names(program, numbers):
    assert [number.value for number in given_to("n", ast.parse(program))] == numbers

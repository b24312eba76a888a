"""`make converged` finds a verdict that hangs on the number of epochs."""

import nbformat
import pytest
from doubled_epochs import row


def notebook(path, epochs, printed):
    code = nbformat.v4.new_code_cell
    cells = [
        code("from d2lcompat import torch as d2l"),
        code(f"trainer = d2l.Trainer(max_epochs={epochs})"),
        code(
            "print('It ends after', trainer.max_epochs)\nprint('It trains')",
            metadata={"tags": ["verdict"]},
            outputs=[nbformat.v4.new_output("stream", text=printed)],
        ),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.mark.parametrize("framework", ["pytorch"], indirect=True)
@pytest.mark.parametrize(
    ("epochs", "same", "words"),
    [
        (2, False, ["1 trainings doubled", "- It ends after 2", "+ It ends after 4"]),
        (1, True, ["nothing doubled"]),
    ],
)
def test_a_verdict_that_changes_is_listed(framework, tmp_path, epochs, same, words):
    path = notebook(tmp_path / "toy.ipynb", epochs, f"It ends after {epochs}\nIt trains\n")
    line, fine = row(path, framework)
    assert fine == same
    assert all(word in line for word in words)
    assert "+ It trains" not in line

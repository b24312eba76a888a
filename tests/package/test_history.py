"""What a notebook shows of a history; ``test_trainer.py`` has what ``fit`` puts into it."""

import json
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from d2lcompat import _figures
from d2lcompat._history import History

VALUES = {"train_loss": [1.0, 0.5, 0.25], "val_acc": [0.75, 0.8125, 0.9]}
TABLE = """\
epoch  train_loss  val_acc
    1       1.000    0.750
    2       0.500    0.812
    3       0.250    0.900"""
LAST = "epoch 3: train_loss 0.250, val_acc 0.900"


class Cells(HTMLParser):
    """The texts of a table's cells, row by row."""

    def __init__(self, text):
        super().__init__()
        self.rows = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data):
        if data.strip():
            self.rows[-1].append(data)


@pytest.fixture
def shell(monkeypatch):
    """A notebook's shell that knows ``trainer``, whose ``fit`` returns its history."""
    history = History(VALUES)
    trainer = SimpleNamespace(history=history, fit=lambda *_: history)
    shell = InteractiveShell(user_ns={"trainer": trainer, "data": None, "model": None})
    monkeypatch.setattr(_figures, "ipython_shell", lambda: shell)
    return shell


def shown(shell, cell):
    """What the cell shows, as text and as the rows of an HTML table."""
    with capture_output() as captured:
        result = shell.run_cell(cell, store_history=True)
    result.raise_error()
    text = captured.stdout.partition(": ")[2].strip("\n")
    if result.result is None:
        return captured.stdout, None
    html = shell.display_formatter.format(result.result)[0].get("text/html")
    return text, html and Cells(html).rows


@pytest.mark.parametrize(
    "cell",
    [
        "trainer.history",
        "history = trainer.fit(model, data)\nhistory",
        "trainer.fit(model, data)\ntrainer.history",
        "dict.copy; trainer.history # the last",
    ],
)
def test_a_cell_that_shows_a_history_shows_all_epochs(shell, cell):
    text, rows = shown(shell, cell)
    assert text == TABLE
    assert rows == [line.split() for line in TABLE.splitlines()]


@pytest.mark.parametrize(
    "cell", ["trainer.fit(model, data)", "x = 3\n(trainer.fit(model,\n data))"]
)
def test_a_cell_that_ends_by_calling_fit_shows_the_last(shell, cell):
    assert shown(shell, cell) == (LAST, None)


def test_what_display_asks_for_shows_all_epochs(shell):
    shell.run_cell("html = trainer.history._repr_html_()", store_history=True)
    assert Cells(shell.user_ns["html"]).rows == [line.split() for line in TABLE.splitlines()]


def test_it_is_a_dict_of_lists():
    history = History(VALUES)
    assert (dict(history), repr(history)) == (VALUES, repr(VALUES))
    assert json.loads(json.dumps(history)) == VALUES
    assert history.rows()[-1] == ["3", "0.250", "0.900"]


def test_nothing_measured_yet(shell):
    shell.user_ns["trainer"].history = History(val_acc=[])
    assert shown(shell, "trainer.history") == ("no epoch yet", None)
    assert History().last() == "no epoch yet"
    assert History(VALUES).last() == LAST


def test_curves_of_other_lengths_and_names():
    history = History({"<loss>": [1.0, float("nan")], "seldom": [2.0], "never": []})
    assert history.last() == "epoch 2: <loss> nan, seldom 2.000"
    assert history.rows() == [
        ["epoch", "<loss>", "seldom", "never"], ["1", "1.000", "2.000", ""], ["2", "nan", "", ""],
    ]  # fmt: skip
    assert "<th>&lt;loss&gt;</th>" in history._repr_html_()

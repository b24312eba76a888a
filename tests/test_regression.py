"""The comparison finds every change beyond a tolerance, and keeps quiet about the rest."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2lcompat.book.regression import Tolerance, compare

TIGHT = Tolerance(rtol=1e-5, atol=1e-8)
NONE = Tolerance(rtol=0.0, atol=0.0)
SERIES = "application/vnd.d2lcompat.series+json"

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def texts(stored, new, tolerance=TIGHT):
    return compare([stream(stored)], [stream(new)], tolerance).differences


@given(st.text())
def test_a_text_is_the_same_as_itself(text):
    assert not texts(text, text, NONE)


@given(json_values)
def test_json_is_the_same_as_itself(value):
    outputs = [display(**{"application/json": value})]
    assert not compare(outputs, outputs, NONE).differences


@given(finite, st.floats(1e-6, 0.5), st.floats(0.1, 10.0), st.booleans())
def test_a_float_may_move_by_its_tolerance_and_no_further(value, rtol, share, down):
    allowed = max(1e-9, rtol * abs(value))
    moved = value - share * allowed if down else value + share * allowed
    found = texts(f"loss {value!r}", f"loss {moved!r}", Tolerance(rtol, 1e-9))
    distance = abs(moved - value)
    if distance <= allowed * 0.999:
        assert not found
    if distance >= allowed * 1.001 and not repr(moved).endswith((".0", "e")):
        # Rounded forms such as 0.5 are forgiven a unit of their last place while that is small.
        unit = 10.0 ** -len(repr(value).partition(".")[2]) if "e" not in repr(value) else 0
        assert found or distance <= unit * 1.0002


@given(st.integers(), st.integers())
def test_integers_must_be_equal_whatever_the_tolerance(one, other):
    assert bool(texts(f"n {one}", f"n {other}", Tolerance(10.0, 1e30))) == (one != other)


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("a word", "another word"),
        ("loss 0.5", "acc 0.5"),
        ("0.5", "0.5 0.5"),
        ("nan", "0.5"),
        ("0.5", "nan"),
        ("inf", "-inf"),
        ("inf", "nan"),
        ("0.351", "0.381"),
        ("0.05", "0.06"),
        ("1e-3", "2e-3"),
        ("True", "False"),
        ("line", "line\nand another"),
        ("something", ""),
    ],
)
def test_a_change_is_found(stored, new):
    assert texts(stored, new)


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("nan", "nan"),
        ("NaN inf", "nan inf"),
        ("[1. 2.\n 3.]", "[1. 2. 3.]"),
        ("[ 1.5  2.5]", "[1.5 2.5]"),
        ("<object at 0x7f00aa11bb22>", "<object at 0x7f99cc33dd44>"),
        ("/tmp/ipykernel_12/345.py:1: UserWarning", "/tmp/ipykernel_99/888.py:1: UserWarning"),
        ("0.351", "0.352"),
        ("12.000001", "12.000002"),
    ],
)
def test_what_says_nothing_raises_no_alarm(stored, new):
    assert not texts(stored, new)


def test_pieces_of_a_stream_are_one_stream():
    assert not compare([stream("a\nb\n")], [stream("a\n"), stream("b\n")], NONE).differences


def test_stdout_is_not_stderr():
    assert compare([stream("a")], [stream("a", "stderr")], NONE).differences


@pytest.mark.parametrize("swap", [False, True])
def test_a_missing_output_and_an_extra_one_are_found(swap):
    one, two = [stream("a")], [stream("a"), display(**{"text/plain": "b"})]
    assert compare(*((two, one) if swap else (one, two)), NONE).differences


def test_a_picture_is_compared_by_its_presence_only():
    stored = [display(**{"image/svg+xml": "<svg a/>", "text/plain": "figure"})]
    other = [display(**{"image/svg+xml": "<svg b/>", "text/plain": "figure"})]
    gone = [display(**{"text/plain": "figure"})]
    assert not compare(stored, other, NONE).differences
    assert compare(stored, gone, NONE).differences


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda line: line["y"].__setitem__(1, 0.6), "y[1]"),
        (lambda line: line["y"].append(0.4), "y"),
        (lambda line: line.update(label="val_loss"), "label"),
        (lambda line: line.pop("x"), "x"),
        (lambda line: line["y"].__setitem__(1, math.nan), "y[1]"),
    ],
)
def test_a_changed_curve_is_found_and_named(change, place):
    def figure():
        return {"lines": [{"label": "train_loss", "x": [1.0, 2.0], "y": [0.7, 0.5]}]}

    changed = figure()
    change(changed["lines"][0])
    outputs = [[display(**{SERIES: data})] for data in (figure(), changed)]
    (difference,) = compare(*outputs, TIGHT).differences
    assert difference.where == f"{SERIES}.lines[0].{place}"


def test_a_difference_names_the_line_the_values_and_what_was_allowed():
    (difference,) = texts("seed 0\nloss 0.500 acc 0.8", "seed 0\nloss 0.900 acc 0.8")
    assert difference.where == "stdout line 2"
    assert (difference.stored, difference.new) == ("0.500", "0.900")
    assert "0.4" in difference.note
    assert "allowed" in difference.note


def test_the_use_of_a_tolerance_is_measured():
    result = compare([stream("1.00000000")], [stream("1.00000400")], TIGHT)
    assert not result.differences
    assert result.worst == pytest.approx(0.4, rel=1e-3)


def test_tags_state_a_tolerance():
    stated = Tolerance.of(["hide-input", "rtol=0.1", "atol=2e-2"], TIGHT)
    assert stated == Tolerance(0.1, 0.02)
    assert Tolerance.of(["fashion-mnist"], TIGHT) == TIGHT


@pytest.mark.parametrize("tag", ["rtol=", "rtol=ten", "atol=-1", "atol=nan"])
def test_a_tag_that_states_no_tolerance_is_an_error(tag):
    with pytest.raises(ValueError, match="at least 0"):
        Tolerance.of([tag], TIGHT)

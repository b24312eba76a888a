"""The comparison finds every change beyond a tolerance, and keeps quiet about the rest."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tabbook.check.compare import Tolerance, compare

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


@example(1e-06, 1e-06, 10.0, True)
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
        unit = 10.0 ** Decimal(repr(value)).as_tuple().exponent
        assert found or distance <= unit * 1.0002


@given(st.integers(), st.integers())
def test_integers_must_be_equal_whatever_the_tolerance(one, other):
    assert bool(texts(f"n {one}", f"n {other}", Tolerance(10.0, 1e30))) == (one != other)


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("loss 0.5", "acc 0.5"),
        ("0.5", "0.5 0.5"),
        ("0.5", "nan"),
        ("inf", "nan"),
        ("0.05", "0.06"),
        ("True", "False"),
        ("line", "line\nand another"),
        ("line\nand another", "line and another"),
        ("loss 0.5\nacc 0.6", "loss 0.5 acc 0.6"),
        (":( 1\n2", ":( 1 2"),
        ("20", "20.0"),
        ("20", "nan"),
        ("# 5", "5 #"),
        ("\x00", "5"),
        ("12 34", "1234"),
        ("[12 34]", "[1234]"),
        ("1,234", "1,235"),
        ("nan+1.5j", "1.5+nanj"),
        ("0.35ms", "0.36s"),
        ("<td>0.5</td>", "<th>0.5</th>"),
        ("\rloss 0.5\rloss nan", "\rloss 0.5\rloss 0.4"),
        ("\r0/2 loss 0.5\r2/2 loss 0.4\n", "\r0/2 loss 0.5\r1/2 loss 0.4\n"),
        ("3/3 [00:01<00:00, 9.0it/s, loss=0.5]", "3/3 [00:01<00:00, 9.0it/s, loss=0.9]"),
        ("/a/site-packages/x.py:3: UserWarning", "/a/site-packages/y.py:3: UserWarning"),
    ],
)
def test_a_change_is_found(stored, new):
    assert texts(stored, new)


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("nan", "nan"),
        ("NaN inf", "nan inf"),
        ("[ 1.5  2.5]", "[1.5 2.5]"),
        ("<object at 0x7f00aa11bb22>", "<object at 0x7f99cc33dd44>"),
        ("/tmp/ipykernel_12/345.py:1: UserWarning", "/tmp/ipykernel_99/888.py:1: UserWarning"),
        ("0.351", "0.352"),
        ("tensor([1., 2.,\n        3.])", "tensor([1., 2., 3.])"),
        ("loss   acc\n 0.50000001  0.9", "loss acc\n0.5  0.9"),
        ("-0.0", "0.0"),
        ("1e-05", "1e-5"),
        ("1e5", "100000.0"),
        ("1.5+1e-17j", "1.5-1e-17j"),
        ("nan+nanj", "nan+nanj"),
        ("0.350001ms", "0.350002ms"),
        ('<table id="T_a1b2c">', '<table id="T_d3e4f">'),
        ("100%|█| 3/3 [00:01<00:00, 9.0it/s]", "100%|█| 3/3 [01:00:05<00:00, 1.2s/it]"),
        ("3it [00:00, ?it/s]", "3it [00:00, 12.1kB/s]"),
        ("abc\b\bx", "axc"),
        ("one\r\ntwo", "one\ntwo"),
        ("<cell>:2: UserWarning: x", "/tmp/ipykernel_99/888.py:2: UserWarning: x"),
        ("open /tmp/tmpabcd1234/x", "open /var/folders/tmpx_cd9999/x"),
        ("/a/b/site-packages/x.py:3: UserWarning", "/c/x.py:3: UserWarning"),
        ("ends \n", "ends"),
    ],
)
def test_what_says_nothing_raises_no_alarm(stored, new):
    assert not texts(stored, new)


# As wide as a band can be: what is text, or an integer, differs all the same.
BAND = Tolerance(rtol=0.5, atol=100.0)


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("2.13.0", "2.14.0"),
        ("v2.13", "v2.14"),
        ("x0.5", "x0.6"),
        ("fc1.weight", "fc2.weight"),
        ("12e3ab", "13e3ab"),
        ("2024-01-02", "2024-01-03"),
        ("2024-01-02T10:11:12.5", "2024-01-02T10:11:12.6"),
        ("There are 5.", "There are 6."),
        ("100%", "99%"),
        ("nan", "0.5"),
        ("-inf", "inf"),
    ],
)
def test_no_band_is_wide_enough_for_text_and_integers(stored, new):
    assert texts(stored, new, BAND)
    assert not texts(stored, stored, BAND)


def test_pieces_of_a_stream_are_one_stream():
    assert not compare([stream("a\nb\n")], [stream("a\n"), stream("b\n")], NONE).differences


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/png"])
def test_a_picture_is_compared_by_its_presence_only(kind):
    both = {"image/svg+xml": "<svg a/>", "image/png": "AA==", "text/plain": "figure"}
    stored, other = [display(**both)], [display(**both | {kind: "another"})]
    gone = [display(**{mime: value for mime, value in both.items() if mime != kind})]
    assert not compare(stored, other, NONE).differences
    (found,) = compare(stored, gone, NONE).differences
    assert found.where == kind


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


def test_the_tolerance_is_a_share_of_what_is_stored():
    assert texts("1.000", "2.000", Tolerance(0.6, 0.0))
    assert not texts("2.000", "1.000", Tolerance(0.6, 0.0))


def test_what_is_within_its_tolerance_is_told_and_how_much_of_it_was_used():
    result = compare([stream("a 0.5000 2")], [stream("a 0.5200 2")], Tolerance(0.1, 0.0))
    assert result.verdict == "within tolerance"
    assert [(one.stored, one.new) for one in result.within] == [("0.5000", "0.5200")]
    assert result.worst == pytest.approx(0.4)


def test_tags_state_a_tolerance():
    stated = Tolerance.of(["hide-input", "rtol=0.1", "atol=2e-2"], TIGHT)
    assert stated == Tolerance(0.1, 0.02)
    assert Tolerance.of(["fashion-mnist"], TIGHT) == TIGHT


@pytest.mark.parametrize("tag", ["rtol=", "rtol=ten", "atol=-1", "atol=nan"])
def test_a_tag_that_states_no_tolerance_is_an_error(tag):
    with pytest.raises(ValueError, match="at least 0"):
        Tolerance.of([tag], TIGHT)


# --- several outputs ----------------------------------------------------------------------------


def test_the_order_of_a_print_and_a_display_counts():
    one, two = stream("a"), display(**{"text/plain": "b"})
    (difference,) = compare([one, two], [two, one], NONE).differences
    assert difference.note == "in another order"


def test_two_outputs_of_a_kind_are_told_apart():
    stored = [display(**{"text/plain": text}) for text in ("0.5", "0.6")]
    (difference,) = compare(stored, [stored[1], stored[1]], NONE).differences
    assert difference.where == "text/plain 1"


def test_errors_are_compared_without_their_traceback():
    def error(ename="ValueError", evalue="p is 0.5", traceback=()):
        return [{"output_type": "error", "ename": ename, "evalue": evalue, "traceback": traceback}]

    assert not compare(error(), error(traceback=["File /x"]), NONE).differences
    assert not compare(error(), error(evalue="p is 0.500001"), TIGHT).differences
    assert compare(error(), error(ename="TypeError"), BAND).differences
    assert compare(error(), error(evalue="q is 0.5"), BAND).differences


@pytest.mark.parametrize(
    ("stored", "new", "same"),
    [
        (1, 1.0, True),  # JavaScript front ends write 1.0 as 1
        (1, 2, False),
        (1, 1.1, False),
        (1.0, 1.0000001, True),
        (True, 1, False),
        (True, 1.0, False),
        (False, 0.0, False),
        (None, math.nan, False),
        (math.nan, math.nan, True),
        (10**400, 1.5, False),
        ("p = 0.5", "p = 0.500001", False),  # a label was written, not measured
        ([1, 2], [2, 1], False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, [1], False),
    ],
)
def test_json_is_compared_by_type_and_value(stored, new, same):
    outputs = [[display(**{"application/json": {"value": value}})] for value in (stored, new)]
    assert (not compare(*outputs, TIGHT).differences) == same
    assert (not compare(*outputs[::-1], TIGHT).differences) == same


# --- laws ---------------------------------------------------------------------------------------

words = st.text("abcxyz #.,:()[]<>%=-", max_size=20)


@given(words, words, st.text("abcxyz", min_size=1, max_size=3))
def test_an_added_word_is_always_found(before, after, word):
    assert texts(f"{before} {after}", f"{before} {word} {after}", BAND)


kind = st.sampled_from(["out", "err", "show", "result"])


def changed(kinds):
    """The same kinds in another order; or one of them gone, one more, or another one."""
    place, new = st.integers(0, len(kinds)), st.lists(kind, max_size=1)
    edited = st.builds(lambda at, new: [*kinds[:at], *new, *kinds[at + 1 :]], place, new)
    return st.tuples(st.just(kinds), st.permutations(kinds) | edited)


@given(st.lists(kind, max_size=4).flatmap(changed))
def test_outputs_that_change_places_are_missing_or_extra_are_found(pair):
    def outputs(order):
        return [
            stream("x", f"std{kind}")
            if kind in ("out", "err")
            else display(**{"text/plain": "x"}) | {"output_type": kind}
            for kind in order
        ]

    def without_luck(order):
        """Between two displays only how often each stream was written to."""
        runs = [[]]
        for kind in order:
            if kind in ("out", "err"):
                runs[-1].append(kind)
            else:
                runs += [[kind], []]
        return [sorted(run) for run in runs]

    one, other = pair
    found = compare(outputs(one), outputs(other), NONE).differences
    assert bool(found) == (without_luck(one) != without_luck(other))


@given(st.lists(finite, min_size=1, max_size=40), st.integers(30, 200), st.integers(30, 200))
def test_the_width_of_a_line_does_not_matter_in_an_array(values, width, other):
    array = np.array(values)
    one, two = (np.array2string(array, max_line_width=w, threshold=1000) for w in (width, other))
    assert not texts(one, two, NONE)


@given(st.lists(st.floats(0.5, 2.0), min_size=1, max_size=30), st.data())
def test_a_changed_element_of_an_array_is_found(values, data):
    array = np.array(values)
    changed = array.copy()
    changed[data.draw(st.integers(0, len(values) - 1))] += 0.25
    assert texts(str(array), str(changed))


@given(st.lists(st.text("abc 0.5", max_size=8), max_size=4), st.text("abc 0.5", max_size=8))
def test_of_a_line_that_is_written_over_the_last_counts(frames, last):
    width = max(map(len, [*frames, last]))  # as tqdm pads
    line = "\r".join([*frames, last.ljust(width)])
    assert not texts(line, last, NONE)


@given(finite, st.floats(-3e-3, 3e-3))
def test_a_number_is_the_same_in_any_dress(one, share):
    other, tolerance = one * (1 + share), Tolerance(1e-3, 0.0)
    plain = bool(texts(repr(one), repr(other), tolerance))
    for dress in ("\x1b[31m{!r}\x1b[0m", "loss={!r}%", "<td>{!r}</td>", "[{!r}, 1]"):
        found = texts(dress.format(one), dress.format(other), tolerance)
        assert bool(found) == plain, dress


@given(st.floats(1e3, 1e12), st.floats(-3e-3, 3e-3))
def test_thousands_may_be_separated(value, share):
    moved, tolerance = value * (1 + share), Tolerance(1e-3, 0.0)
    plain = texts(f"{value:.2f}", f"{moved:.2f}", tolerance)
    assert bool(texts(f"{value:,.2f}", f"{moved:,.2f}", tolerance)) == bool(plain)


@given(st.floats(0.1, 1e6), st.floats(-1e6, 1e6), st.booleans())
def test_both_parts_of_a_complex_number_are_compared(real, imag, which):
    value = complex(real, imag)
    moved = complex(real, imag * 1.5 + math.copysign(0.5, imag))
    if which:
        moved = complex(real * 1.5, imag)
    assert not texts(repr(value), repr(value), NONE)
    if moved != value:
        assert texts(repr(value), repr(moved), Tolerance(1e-6, 0.0))


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(-1e-4, 1e-4)), min_size=1, max_size=8))
def test_verdict_and_counts_belong_together(pairs):
    one = " ".join(f"{value!r}" for value, _ in pairs)
    other = " ".join(f"{value * (1 + share)!r}" for value, share in pairs)
    result = compare([stream(one)], [stream(other)], Tolerance(1e-5, 0.0))
    assert result.numbers == len(pairs)
    assert 0 <= result.worst <= 1
    assert bool(result.worst_where) == (result.worst > 0)
    expected = "within tolerance" if result.within else "exact"
    assert result.verdict == ("different" if result.differences else expected)
    assert all(one.distance > one.allowed for one in result.differences)
    assert all(0 < one.distance <= one.allowed for one in result.within)


pieces = st.sampled_from(
    ["loss 0.512", "loss 0.51200001", "loss 0.612", "steps 12", "end.", "[1. 2.]"]
)


@given(st.lists(pieces, max_size=4), st.lists(pieces, max_size=4), st.integers(0, 700))
def test_a_long_line_is_compared_as_a_short_one(stored, new, count):
    one, other = " ".join(stored), " ".join(new)
    long, again = (f"{'word 0.5 ' * count}{text}{' and 7 more' * count}" for text in (one, other))
    assert bool(texts(long, again)) == bool(texts(f"a {one} b", f"a {other} b"))

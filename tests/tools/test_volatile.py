"""Clocks and random ids are not compared, whichever library prints them; all else is."""

import csv
import io
import re
import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tqdm import tqdm

from tabbook.check.compare import Tolerance, compare
from tabbook.check.volatile import without_ignored

TIGHT = Tolerance()
#: As wide as a band can be; what is text differs all the same.
BAND = Tolerance(rtol=0.5, atol=100.0)


def differences(stored, new, mime="text/plain", tolerance=TIGHT):
    both = [{"output_type": "display_data", "data": {mime: text}} for text in (stored, new)]
    return compare([both[0]], [both[1]], tolerance).differences


def streams(stored, new):
    both = [{"output_type": "stream", "name": "stdout", "text": text} for text in (stored, new)]
    return compare([both[0]], [both[1]], TIGHT).differences


# --- clocks --------------------------------------------------------------------------------------

short = st.builds(
    "{:.3g}{}{}".format,
    st.floats(0.01, 900),
    st.sampled_from(["", " "]),
    st.sampled_from(["ns", "us", "µs", "ms", "s"]),
)
long = st.builds("{}min {}s".format, st.integers(1, 59), st.integers(0, 59))
clock = st.builds(
    "{}:{:02}:{:02}".format, st.integers(0, 30), st.integers(0, 59), st.integers(0, 59)
)
rate = st.builds(
    "{:.1f}{}".format, st.floats(0.1, 999), st.sampled_from([" MB/s", "it/s", " kB/s", "step/s"])
)
duration = short | long

# Beside each clock is a number that counts.
PRINTERS = {
    "Keras": (st.tuples(duration, short), "3/3 ━━━━━━━━ {} {}/step - loss: {number}"),
    "Keras 2": (st.tuples(duration, short), "3/3 [==========] - {} {}/step - loss: {number}"),
    "Keras, at work": (st.tuples(duration, short), "1/3 [===>......] - ETA: {} {}/step {number}"),
    "rich": (st.tuples(clock), "Training ━━━━━━━━━━╸━━━━━  65% {} loss {number}"),
    "pip": (st.tuples(rate, clock), "   ━━━━━━━━━━━━━━ {number}/4.5 MB {} eta {}"),
    "tqdm's bar": (st.tuples(rate), "100%|██████████| 3/3 [00:01<00:00, {}, loss={number}]"),
    "%time": (
        st.tuples(duration, duration),
        "{number}\nCPU times: user {}, sys: 0 ns\nWall time: {}",
    ),
    "%timeit": (
        st.tuples(duration, short),
        "{} ± {} per loop (mean ± std. dev. of 7 runs, 1,000 loops each)\n{number}",
    ),
    "%timeit of old": (st.tuples(short), "1000 loops, best of 3: {} per loop\n{number}"),
    "joblib": (st.tuples(duration), "[Parallel(n_jobs=1)]: Done 5 | elapsed:    {} {number}"),
    "scikit-learn": (st.tuples(duration), "[CV] END ....C={number}; total time=   {}"),
    "words": (st.tuples(duration), "Loss {number} after training, which took {}."),
    "more words": (st.tuples(clock), "Elapsed time: {}, loss {number}"),
    "words after it": (st.tuples(duration), "{} elapsed, loss {number}"),
    "a verb": (st.tuples(duration), "Finished in {} with loss {number}"),
}


@pytest.mark.parametrize("name", PRINTERS)
@given(st.data())
def test_a_clock_is_not_compared_but_the_number_beside_it_is(name, data):
    clocks, template = PRINTERS[name]
    one, other = (template.format(*data.draw(clocks), number="0.512") for _ in range(2))
    assert not streams(one, other)
    assert streams(one, other.replace("0.512", "0.912"))


@given(st.lists(st.tuples(duration, short), min_size=1, max_size=5), st.integers(0, 4))
def test_the_frames_of_a_bar_are_not_compared(clocks, width):
    frames = [
        f"\r\x1b[1m{n}/9\x1b[0m \x1b[32m{'━' * width}━\x1b[0m \x1b[1m{a}\x1b[0m {b}/step loss: {n}"
        for n, (a, b) in enumerate(clocks)
    ]
    last = (
        f"\r\x1b[1m9/9\x1b[0m \x1b[32m{'━' * 9}\x1b[0m \x1b[1m0s\x1b[0m 4ms/step - loss: 0.5"
        + " " * 40
    )
    assert not streams("".join(frames) + last, last)


@given(st.integers(1, 9), st.floats(0.001, 9e4), st.floats(0.001, 9e4), st.integers(60, 90))
def test_a_bar_is_as_long_as_its_clock_allows(n, elapsed, other, width):
    one, two = (tqdm.format_meter(n, 9, seconds, ncols=width) for seconds in (elapsed, other))
    assert not streams(one, two)
    assert streams(one, tqdm.format_meter(n - 1, 9, other, ncols=width))


def test_a_bar_without_a_clock_is_compared():
    assert streams("a ███ 3", "a ████ 3")


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("0.35 ms", "0.36 s"),
        ("half-life 5.3 s", "half-life 5.9 s"),
        ("v = 9.81 m/s", "v = 9.91 m/s"),
        ("t = 0.5 s, x = 1.0", "t = 0.9 s, x = 1.0"),
        ("took 5 steps", "took 6 steps"),
        ("finished in 3 epochs", "finished in 4 epochs"),
        ("Time: 5 epochs", "Time: 6 epochs"),
        ("departs 10:15:00", "departs 10:16:00"),
        ("2024-01-02 10:11:12", "2024-01-02 10:11:13"),
        ("a\nWall time: 5 s", "b\nWall time: 5 s"),
        ("| 0.5 ms | 3 |", "| 0.9 ms | 3 |"),
    ],
)
def test_a_measurement_is_no_clock(stored, new):
    assert streams(stored, new)


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("Date:   Sat, 28 Nov 2026  AIC: 99.5", "Date:   Sun, 06 Dec 2026  AIC: 99.5"),
        ("Time:" + " " * 40 + "16:05:00   Df: 5", "Time:" + " " * 40 + "09:15:59   Df: 5"),
        ("<th>Time:</th> <td>16:05:00</td>", "<th>Time:</th> <td>09:15:59</td>"),
        (r"\textbf{Time:} & 16:05:00 & x", r"\textbf{Time:} & 09:15:59 & x"),
        ("2026-11-28 16:05:00,123 INFO begun", "2026-12-06 09:15:59,001 INFO begun"),
        ("[I 2026-11-28 16:05:00,123] Trial 0", "[I 2026-12-06 09:15:59,001] Trial 0"),
        ("The slowest run took 4.27 times longer than the fastest.\nok", "ok"),
        ("Compiler : 180 ms\nok", "ok"),
        ("<dc:date>2026-11-28T16:05:00</dc:date>", "<dc:date>2026-12-06T09:15:59</dc:date>"),
    ],
)
def test_the_date_of_a_run_is_not_compared(stored, new):
    assert not streams(stored, new)
    assert streams(stored, new + " and more")


CLOCKS = "Time: |Date: |took |3 s|5ms|1:02:03|━|[==>..]|CPU times: |Wall time: | ± |/step|elapsed"
OTHERS = "\n|\r|<a id=|<|>|0x123456|/tmp/tmpabcd1234| per loop"
fragments = st.sampled_from([*CLOCKS.split("|"), *OTHERS.split("|")])


@given(st.lists(fragments | st.text(max_size=5), max_size=20).map("".join))
def test_ignoring_keeps_lines_and_is_done_once(text):
    shown = without_ignored(text)
    assert shown.count("\n") == text.count("\n")
    assert without_ignored(shown) == shown


# --- ids -----------------------------------------------------------------------------------------

hexadecimal = st.integers(16**9, 16**10 - 1).map("{:x}".format)
FORMS = {
    "plotly": (
        st.uuids().map(str),
        '<div id="{a}"></div><script>plot("{a}"); plot("{b}")</script>',
    ),
    "altair": (
        st.uuids().map(lambda one: f"altair-viz-{one.hex}"),
        '<div id="{a}"></div><div id="{b}"></div><script>f("#{a}", "#{b}", "#{a}")</script>',
    ),
    "matplotlib": (
        hexadecimal.map("m{}1".format),
        '<path id="{a}"/><path id="{b}"/><use xlink:href="#{b}"/><g clip-path="url(#{a})"/>',
    ),
    "xarray": (
        st.uuids().map("section-{}".format),
        "<input id='{a}'><label for='{a}'>x</label><input id='{b}'><label for='{b}'>y</label>",
    ),
    "itables": (
        st.uuids().map(lambda one: f"itables_{str(one).replace('-', '_')}"),
        '<table id="{a}"></table><script>new ITable("#{a}"); new ITable("#{b}")</script>',
    ),
}
numbers = st.integers(0, 999)


@pytest.mark.parametrize("form", FORMS)
@given(st.data(), numbers, numbers)
def test_an_id_may_be_renamed_throughout_and_not_at_one_place(form, data, number, other):
    ids, template = FORMS[form]
    a, b, c, d = data.draw(st.lists(ids, min_size=4, max_size=4, unique=True))
    html = f"<b>{number}</b>{template}"
    one, renamed = html.format(a=a, b=b), html.format(a=c, b=d)
    assert not differences(one, renamed, "text/html")
    at = renamed.rindex(c if renamed.rindex(c) > renamed.rindex(d) else d)
    last = renamed[at : at + len(c)]
    wrong = renamed[:at] + (d if last == c else c) + renamed[at + len(c) :]
    assert differences(one, wrong, "text/html")
    if number != other:
        assert differences(one, renamed.replace(f"<b>{number}", f"<b>{other}"), "text/html")


@given(st.uuids(), st.uuids(), st.uuids(), st.uuids())
def test_an_id_is_renamed_in_all_parts_of_a_display(a, b, c, d):
    def shown(one, other):
        data = {
            "text/html": f'<div id="{one}"></div>',
            "application/json": {"doc": {str(one): {"roots": [str(other)]}}, "n": 1},
            "text/plain": f"Plot {one}",
        }
        return [{"output_type": "display_data", "data": data}]

    assume(len({a, b, c, d}) == 4)
    assert not compare(shown(a, b), shown(c, d), TIGHT).differences
    wrong = shown(c, d)
    wrong[0]["data"]["text/plain"] = f"Plot {d}"
    assert compare(shown(a, b), wrong, TIGHT).differences


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ('<a id="loss">', '<a id="accuracy">'),
        ('<td id="12345">5</td>', '<td id="12346">5</td>'),
        ("<p>group12 wins</p>", "<p>group13 wins</p>"),
        ("sha256 24d195b1a15a4248b89adf5c26955a13", "sha256 99d195b1a15a4248b89adf5c26955a77"),
        ("Node(id=node12)", "Node(id=node13)"),
    ],
)
def test_a_name_is_no_id(stored, new):
    assert differences(stored, new, "text/html", BAND)


def test_two_ids_do_not_become_one():
    a, b, c = (str(uuid.UUID(int=n, version=4)) for n in (1, 2, 3))
    assert differences(f"{a} {b}", f"{c} {c}")
    assert not differences(f"{a} {a}", f"{c} {c}")


# --- numbers with commas -------------------------------------------------------------------------

cells = st.one_of(
    st.integers(0, 999),
    st.floats(0.01, 999).map(lambda value: round(value, 2)),
    st.sampled_from(["a", "word"]),
)


@given(st.lists(cells, min_size=3, max_size=6), st.data())
def test_the_fields_of_a_row_are_numbers_of_their_own(row, data):
    place = data.draw(st.integers(0, len(row) - 1))
    assume(isinstance(row[place], int | float))
    changed = [*row]
    changed[place] = row[place] + 1

    def written(fields):
        file = io.StringIO()
        csv.writer(file).writerow(fields)
        return file.getvalue()

    # A row such as 100,256.75 cannot be distinguished from a number with separated thousands.
    assume(not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", written(row).strip()))
    assert not streams(written(row), written(row))
    assert streams(written(row), written(changed))

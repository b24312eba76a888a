"""Comparing takes time in proportion to what is compared, whatever is in it."""

import time

import pytest

from tabbook.check.compare import Tolerance, compare

LONG = 100_000
WORDS = {
    "a word": "x" * LONG,
    "digits": "1" * LONG,
    "blanks": "x" + " " * LONG + "y",
    "a path": "/".join(["abcdefgh"] * (LONG // 9)),
    "an address": f'<img src="data:image/png;base64,{"aB1+/" * (LONG // 5)}">',
    "brackets": "[" * LONG,
    "points": "1." * (LONG // 2),
    "signs": "+-" * (LONG // 2),
    "a clock": "[00:01, " + "1" * LONG,
    "lines": "".join(f"{i} {i * 0.5}\n" for i in range(LONG // 10)),
}


def differences(stored, new):
    one, other = (
        [{"output_type": "stream", "name": "stdout", "text": text}] for text in (stored, new)
    )
    return compare(one, other, Tolerance()).differences


@pytest.mark.parametrize("name", WORDS)
def test_comparing_takes_time_in_proportion_to_the_text(name):
    """With a cost that grows with the square, one of these takes minutes."""
    assert not differences(WORDS[name], WORDS[name])
    begin = time.process_time()
    assert differences(WORDS[name], WORDS[name] + " end")
    assert time.process_time() - begin < 5


def test_a_long_line_equal_to_itself_takes_no_time():
    text = "x" * 3_000_000
    begin = time.process_time()
    assert not differences(text, text)
    assert time.process_time() - begin < 1

"""Compare two texts: words must be equal, integers exact, and floats within a tolerance.

Carriage returns are applied. Colours and other text without meaning are ignored. These are numbers:

- ``0.35ms``, ``12.5%``, ``1,234.5``, ``1e-5``, ``nan`` and both parts of ``1.5-2j`` are floats;
- a part of a name (``x1``, ``v2.13``), of a version (``2.13.0``) or of a time of day is text;
- an integer is not a float: ``20`` and ``20.0`` differ.

In an array that was printed with ``...``, only the printed numbers can be compared.

Every step takes time proportional to the length of the text: patterns begin at the start of a word.
"""

import math
import re
from itertools import accumulate, zip_longest
from typing import NamedTuple

from tabbook.check.tolerance import Comparison, Difference, Tolerance
from tabbook.text import ANSI, CELL_FILE, CELL_NAME

NUMBER = re.compile(
    r"""
    (?: (?<![\w.]) (?<!\d\d:\d\d:) [-+]?    # no part of a name, a version or a time of day
      | (?<=[\w.]) [-+] (?= (?>[\d.]+(?:e[-+]?\d+)? | nan | inf) j )    # the imaginary part
    )
    (?: (?> \d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)? | \d+\.?\d* | \.\d+ )
        (?! \.\d )                          # 2.13.0 is a version
        (?: e (?: [-+]\d+ | \d+(?!\w) ) )?  # 12e3ab is the beginning of a hash
      | (?:nan|inf) (?= j?\b )
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)

# What differs from run to run and has no meaning: it is ignored.
VOLATILE = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (CELL_FILE, CELL_NAME),
    # The files of the tempfile module.
    (re.compile(r"(?<![^\s'\"=(])[^\s'\"=(]*[/\\]tmp[a-z0-9_]{8}(?![a-z0-9_])"), "<tmp>"),
    # Where a package that warns is installed.
    (re.compile(r"^\S*[/\\](?=[^/\\\s:]+\.py:\d+: \w*Warning)", re.MULTILINE), "…/"),
    # The ids of a pandas table with a style.
    (re.compile(r"\bT_[0-9a-f]{5}(?=_|\b)"), "T_…"),
    # How long tqdm took, and how fast it was.
    (
        re.compile(r"\[(?:\d+:)?\d\d:\d\d(?:<(?:\?|(?:\d+:)?\d\d:\d\d))?, *[?\d.]++[kMGT]?\w*/\w+"),
        "[<time>",
    ),
)

# A printed number is rounded: 0.34999 and 0.35001 differ by a unit of the last printed place. That
# is forgiven only while such a unit is a small part of the number.
FORGIVEN_SHARE = 0.02

# Stands for a number in a text without its numbers; no text that is compared holds it.
MASK = "\0"


def compare_text(
    where: str, stored: str, new: str, tolerance: Tolerance, result: Comparison
) -> None:
    """Add the differences between two texts to a result.

    Args:
        where: the name of the texts in reports: ``stdout`` or a MIME type.
    """
    if stored == new:
        result.numbers += sum(1 for _ in NUMBER.finditer(stored))
        return
    before, after = _Text.read(as_shown(stored)), _Text.read(as_shown(new))
    if before.skeleton != after.skeleton:
        one, other = _first_difference(before.text, after.text)
        result.differences.append(Difference(where, repr(one), repr(other), "the text differs"))
        return
    for (line, one), (_, other) in zip(before.numbers, after.numbers, strict=True):
        at = where if "\n" not in before.text.strip() else f"{where} line {line}"
        compare_numbers(at, one, other, tolerance, result, max(_unit(one), _unit(other)))


def compare_numbers(
    where: str, stored: str, new: str, tolerance: Tolerance, result: Comparison, unit: float
) -> None:
    """Compare two numbers that are written as text; ``unit`` is the largest effect of rounding."""
    result.numbers += 1
    if stored == new:
        return
    if not (is_float(stored) and is_float(new)):
        mixed = is_float(stored) or is_float(new)
        note = "an integer is no float" if mixed else "integers must be equal"
        result.differences.append(Difference(where, stored, new, note))
        return
    one, other = (float(number.replace(",", "")) for number in (stored, new))
    if not (math.isfinite(one) and math.isfinite(other)):
        if repr(one) != repr(other):
            result.differences.append(Difference(where, stored, new, "not both finite"))
        return
    distance = abs(one - other)
    stated = max(tolerance.atol, tolerance.rtol * abs(one))
    rounding = unit * 1.0001 if unit <= FORGIVEN_SHARE * abs(one) else 0.0
    allowed = max(stated, rounding)
    note = f"differ by {distance:.3g}, allowed {allowed:.3g}"
    difference = Difference(where, stored, new, note, distance, allowed)
    if distance > allowed:
        result.differences.append(difference)
        return
    if distance > 0:
        result.within.append(difference)
    if distance > rounding and distance / stated > result.worst:
        result.worst, result.worst_where = distance / stated, where


class _Text(NamedTuple):
    """A text without its numbers, and its numbers with their lines, counted from 1.

    The amount of white space is ignored, because the width of numbers changes the padding of
    columns. Line breaks count, except in brackets, because the width of numbers also changes the
    line breaks of arrays.
    """

    text: str
    skeleton: str
    numbers: list[tuple[int, str]]

    @classmethod
    def read(cls, text: str) -> "_Text":
        depths = _depths(text)
        flat = re.sub("\n", lambda match: " " if depths[match.start()] else "\n", text)
        pieces: list[str] = []
        numbers: list[tuple[int, str]] = []
        end, line = 0, 1
        for match in NUMBER.finditer(flat):
            number = match.group()
            if number.endswith(".") and not depths[match.start()]:
                number = number[:-1]  # arrays print 5. for 5.0; elsewhere a sentence ends
            pieces.append(flat[end : match.start()])
            line += text.count("\n", end, match.start())
            end = match.start() + len(number)
            numbers.append((line, number))
        pieces.append(flat[end:])
        lines = MASK.join(piece.strip(" \t") for piece in pieces).split("\n")
        return cls(text, "\n".join(" ".join(line.split()) for line in lines).rstrip(), numbers)


def _depths(text: str) -> list[int]:
    """The number of open brackets at each position of a text; zero if they do not match."""
    steps = {"[": 1, "(": 1, "]": -1, ")": -1}
    depths = list(accumulate(steps.get(character, 0) for character in text))
    paired = not depths or (depths[-1] == 0 and min(depths) >= 0)
    return depths if paired else [0] * len(text)


def as_shown(text: str) -> str:
    """The text that remains on the screen, without ignored parts."""
    text = ANSI.sub("", text.replace(MASK, "␀").replace("\r\n", "\n"))
    text = "\n".join(map(_overwritten, text.split("\n")))
    for pattern, name in VOLATILE:
        text = pattern.sub(name, text)
    return text


def _overwritten(line: str) -> str:
    """Apply the carriage returns and backspaces in a line, which progress bars use."""
    if "\r" not in line and "\b" not in line:
        return line
    shown: list[str] = []
    at = 0
    for character in line:
        if character == "\r":
            at = 0
        elif character == "\b":
            at = max(0, at - 1)
        else:
            shown[at : at + 1] = [character]
            at += 1
    return "".join(shown).rstrip()


def is_float(number: str) -> bool:
    """Whether a number is written as a float."""
    return any(mark in number.lower() for mark in ".en")


def _unit(number: str) -> float:
    """One unit in the last printed place; 0 if the number was not rounded."""
    match = re.fullmatch(r"[-+]?[\d,]*\.(\d+)(?:[eE]([-+]?\d+))?", number)
    return 10.0 ** (int(match[2] or 0) - len(match[1])) if match else 0.0


def _first_difference(stored: str, new: str) -> tuple[str, str]:
    """The first lines that differ in more than their numbers, else all of both texts."""
    for pair in zip_longest(stored.split("\n"), new.split("\n"), fillvalue=""):
        if pair[0] != pair[1] and _Text.read(pair[0]).skeleton != _Text.read(pair[1]).skeleton:
            return pair
    return stored, new

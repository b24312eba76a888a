"""Compare two texts as a reader sees them: words equal, integers exact, floats within a tolerance.

Carriage returns are applied; colours and other text without meaning are left out. What is and is
not a number in a text:

- ``0.35ms``, ``12.5%``, ``1,234.5``, ``1e-5``, ``nan`` and both parts of ``1.5-2j`` are floats;
- a part of a name (``x1``, ``v2.13``), of a version (``2.13.0``) or of a time of day is text;
- an integer is no float: ``20`` and ``20.0`` differ.

In an array that was printed with ``...``, only what was printed can be compared.

Every step takes time in proportion to the text: patterns begin where a word does.
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
    """Add to a result what differs in two texts.

    Args:
        where: what the texts are, for reports: ``stdout`` or a mime type.
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
    """Compare two numbers that are written as text; ``unit`` is what rounding may have changed."""
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
    """A text in two: what must be equal, and its numbers with their lines, counted from 1.

    Blanks beside numbers, and how many stand elsewhere, are no matter: columns are padded by the
    width of their numbers. Line breaks are, except in brackets: arrays are broken by it.
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
    """How many brackets are open at each place of a text; none where they don't pair up."""
    steps = {"[": 1, "(": 1, "]": -1, ")": -1}
    depths = list(accumulate(steps.get(character, 0) for character in text))
    paired = not depths or (depths[-1] == 0 and min(depths) >= 0)
    return depths if paired else [0] * len(text)


def as_shown(text: str) -> str:
    """The text that stays on the screen, without what is ignored."""
    text = ANSI.sub("", text.replace(MASK, "␀").replace("\r\n", "\n"))
    text = "\n".join(map(_overwritten, text.split("\n")))
    for pattern, name in VOLATILE:
        text = pattern.sub(name, text)
    return text


def _overwritten(line: str) -> str:
    """Carry out the carriage returns and backspaces in a line: progress bars write over it."""
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
    """One unit in the last printed place; 0 where nothing was rounded."""
    match = re.fullmatch(r"[-+]?[\d,]*\.(\d+)(?:[eE]([-+]?\d+))?", number)
    return 10.0 ** (int(match[2] or 0) - len(match[1])) if match else 0.0


def _first_difference(stored: str, new: str) -> tuple[str, str]:
    """The first lines that differ in more than their numbers, else all of both texts."""
    for pair in zip_longest(stored.split("\n"), new.split("\n"), fillvalue=""):
        if pair[0] != pair[1] and _Text.read(pair[0]).skeleton != _Text.read(pair[1]).skeleton:
            return pair
    return stored, new

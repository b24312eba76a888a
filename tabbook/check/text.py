"""Compare two texts: words must be equal, integers exact, and floats within a tolerance.

Carriage returns are applied. Colours and what `tabbook.check.volatile` lists are ignored. These are
numbers:

- ``0.35ms``, ``12.5%``, ``1,234.5``, ``1e-5``, ``nan`` and both parts of ``1.5-2j`` are floats;
- the fields of a row such as ``100,256.75,0.5`` are numbers of their own;
- a part of a name (``x1``, ``v2.13``), of a version (``2.13.0``) or of a time of day is text;
- an integer is not a float: ``20`` and ``20.0`` differ.

In an array that was printed with ``...``, only the printed numbers can be compared.

Every step takes time proportional to the length of the text; equal rows take the least.
"""

import math
import re
from itertools import accumulate, pairwise, zip_longest
from typing import NamedTuple

from tabbook.check.tolerance import Comparison, Difference, Tolerance
from tabbook.check.volatile import LONG_RUNS, without_ignored
from tabbook.text import ANSI, clip

NUMBER = re.compile(
    r"""
    (?: (?<![\w.]) (?<!\d\d:\d\d:) [-+]?    # no part of a name, a version or a time of day
      | (?<=[\w.]) [-+] (?= (?>[\d.]+(?:e[-+]?\d+)? | nan | inf) j )    # the imaginary part
    )
    (?: (?> (?<![\w."'],) (?<![\w."'],[-+]) \d{1,3}(?:,\d{3})++(?!\d)(?:\.\d+)?+ (?!,\S)
          | \d+\.?\d* | \.\d+ )
        (?! \.\d )                          # 2.13.0 is a version
        (?: e (?: [-+]\d+ | \d+(?!\w) ) )?  # 12e3ab is the beginning of a hash
      | (?:nan|inf) (?= j?\b )
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)

# A printed number is rounded: 0.34999 and 0.35001 differ by a unit of the last printed place. That
# is forgiven only while such a unit is a small part of the number.
FORGIVEN_SHARE = 0.02

# The largest number of characters of a row in a report.
MOST_SHOWN = 300

# A line of more characters is read only where it differs, and so many beside it.
LONG = 2000

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
        result.numbers += len(NUMBER.findall(stored))
        return
    both = _rows(_on_screen(stored)), _rows(_on_screen(new))
    pairs = [*zip_longest(*both, fillvalue=_Row(0, ""))]
    changed = [pair for pair in pairs if pair[0].text != pair[1].text]
    equal = [one.text for one, other in pairs if one.text == other.text]
    for place, (one, other) in enumerate(changed):
        if min(len(one.text), len(other.text)) > LONG and "\n" not in one.text + other.text:
            begin, end = _equal_ends(one.text, other.text)
            changed[place] = one.middle(begin, end), other.middle(begin, end)
            equal += [one.text[:begin], one.text[len(one.text) - end :]]
    result.numbers += len(NUMBER.findall("\n".join(equal)))
    before, after = (_Text.read([pair[side] for pair in changed]) for side in (0, 1))
    if before.skeletons != after.skeletons:
        rows = zip(before.skeletons, after.skeletons, strict=True)
        place = next(place for place, (a, b) in enumerate(rows) if a != b)
        one, other = changed[place]
        shown = _clipped(without_ignored(one.text), without_ignored(other.text))
        note = "the text differs"
        result.differences.append(Difference(where, repr(shown[0]), repr(shown[1]), note))
        return
    for (line, number), (_, again) in zip(before.numbers, after.numbers, strict=True):
        at = where if "\n" not in stored.strip() else f"{where} line {line}"
        compare_numbers(at, number, again, tolerance, result, max(_unit(number), _unit(again)))


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


class _Row(NamedTuple):
    """A line and its number, counted from 1, or an array of several lines.

    Line breaks count, except in brackets, because the width of numbers changes where arrays break.
    """

    line: int
    text: str

    def middle(self, begin: int, end: int) -> "_Row":
        """The row without so many characters at its beginning and end."""
        return _Row(self.line, self.text[begin : len(self.text) - end])


class _Text(NamedTuple):
    """Rows without their numbers, and the numbers with their lines.

    The amount of white space is ignored, because the width of numbers changes the padding of
    columns.
    """

    skeletons: list[str]
    numbers: list[tuple[int, str]]

    @classmethod
    def read(cls, rows: list[_Row]) -> "_Text":
        lines = iter(without_ignored("\n".join(row.text for row in rows)).split("\n"))
        skeletons: list[str] = []
        numbers: list[tuple[int, str]] = []
        for row in rows:
            own = [next(lines) for _ in range(row.text.count("\n") + 1)]
            flat, ends = " ".join(own), [*accumulate(len(line) + 1 for line in own)]
            pieces: list[str] = []
            depths: list[int] = []
            end = passed = 0
            for match in NUMBER.finditer(flat):
                number = match.group()
                if number.endswith("."):  # arrays print 5. for 5.0; elsewhere a sentence ends
                    depths = depths or _depths(flat)
                    number = number if depths[match.start()] else number[:-1]
                pieces.append(flat[end : match.start()].strip(" \t"))
                end = match.start() + len(number)
                while ends[passed] <= match.start():
                    passed += 1
                numbers.append((row.line + passed, number))
            pieces.append(flat[end:].strip(" \t"))
            skeletons.append(" ".join(MASK.join(pieces).split()))
        return cls(skeletons, numbers)


def _rows(text: str) -> list[_Row]:
    """The rows of a text; its lines if its brackets do not match."""
    lines = text.split("\n")
    depths = [*accumulate(map(_opened, lines))]
    if depths[-1] != 0 or min(depths) < 0:
        return [_Row(number, line) for number, line in enumerate(lines, start=1)]
    ends = [number for number, depth in enumerate(depths, start=1) if not depth]
    return [
        _Row(start + 1, lines[start] if end == start + 1 else "\n".join(lines[start:end]))
        for start, end in pairwise([0, *ends])
    ]


def _opened(text: str) -> int:
    """How many brackets a text opens and does not close."""
    return text.count("[") + text.count("(") - text.count("]") - text.count(")")


def _depths(text: str) -> list[int]:
    """The number of open brackets at each position of a text; zero if they do not match."""
    steps = {"[": 1, "(": 1, "]": -1, ")": -1}
    depths = list(accumulate(steps.get(character, 0) for character in text))
    return depths if depths[-1] == 0 and min(depths) >= 0 else [0] * len(text)


def as_shown(text: str) -> str:
    """The text that remains on the screen, without ignored parts."""
    return without_ignored(_on_screen(text))


def _on_screen(text: str) -> str:
    """The text that remains on the screen, without colours and blank lines at its end."""
    text = text.replace(MASK, "␀").replace("\r\n", "\n")
    if "\x1b" in text:
        text = ANSI.sub("", text)
    if "\r" in text or "\b" in text:
        text = "\n".join(map(_overwritten, text.split("\n")))
    if any(hint in text for hint in ("Compiler", "Parser", "The slowest run")):
        text = LONG_RUNS.sub("", text)
    return text.rstrip()


def _overwritten(line: str) -> str:
    """Apply the carriage returns and backspaces in a line, which progress bars use."""
    shown = ""
    for frame in reversed(line.split("\r")):
        # Of an earlier frame remains what is to the right of all later ones.
        shown += (_erased(frame) if "\b" in frame else frame)[len(shown) :]
    return shown.rstrip() if "\r" in line or "\b" in line else line


def _erased(frame: str) -> str:
    """Apply the backspaces in a text without line breaks."""
    shown: list[str] = []
    at = 0
    for character in frame:
        if character == "\b":
            at = max(0, at - 1)
        else:
            shown[at : at + 1] = [character]
            at += 1
    return "".join(shown)


def is_float(number: str) -> bool:
    """Whether a number is written as a float."""
    return any(mark in number.lower() for mark in ".en")


def _unit(number: str) -> float:
    """One unit in the last printed place; 0 if the number was not rounded."""
    match = re.fullmatch(r"[-+]?[\d,]*\.(\d+)(?:[eE]([-+]?\d+))?", number)
    return 10.0 ** (int(match[2] or 0) - len(match[1])) if match else 0.0


def _equal_ends(stored: str, new: str) -> tuple[int, int]:
    """The lengths of an equal beginning and an equal end that need not be read.

    Both end at a blank, far enough from the first and the last difference for every pattern.
    """
    same = max(0, _same(stored, new) - LONG // 2)
    begin = stored.rfind(" ", 0, same) + 1
    rest = stored[begin:][::-1], new[begin:][::-1]
    same = max(0, _same(*rest) - LONG // 2)
    return begin, rest[0].rfind(" ", 0, same) + 1


def _same(one: str, other: str) -> int:
    """The length of the equal beginning of two texts, found by halves because they are long."""
    same, most = 0, min(len(one), len(other))
    while same < most:
        middle = (same + most + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            most = middle - 1
    return same


def _clipped(stored: str, new: str) -> tuple[str, str]:
    """Two texts, shortened to where they first differ."""
    at = _same(stored, new)
    return clip(stored, MOST_SHOWN, at), clip(new, MOST_SHOWN, at)

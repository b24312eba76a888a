"""What "the same output" means: text equal, integers exact, floats within a stated tolerance.

nbval re-executes a notebook; this module decides whether what came is what was stored. Pictures
are not compared: a figure carries its data (``application/vnd.d2lcompat.series+json``), and that
is. Nothing here imports nbval or pytest, so that it serves any other runner as well.

Text is read as a reader sees it: carriage returns carried out, colours and whatever else says
nothing left away. What is and is not a number in it:

- ``0.35ms``, ``12.5%``, ``1,234.5``, ``1e-5``, ``nan`` and both parts of ``1.5-2j`` are floats;
- a part of a name (``x1``, ``v2.13``), of a version (``2.13.0``) or of a time of day is text;
- an integer is no float: ``20`` and ``20.0`` differ. In JSON they don't: JavaScript front ends
  write 20.0 as 20.

In an array that was printed with ``...``, only what was printed can be compared.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

# A figure's picture changes with the fonts of a machine, a widget's id with every run.
SKIPPED_MIME = re.compile(r"image/.*|application/vnd\.jupyter\.widget-view\+json")

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

# The colours of a terminal.
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# What differs from run to run and says nothing.
VOLATILE = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    # The files that IPython gives to cells, and those of the tempfile module.
    (re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py"), "<cell>"),
    (re.compile(r"[^\s'\"=(]*[/\\]tmp[a-z0-9_]{8}(?![a-z0-9_])"), "<tmp>"),
    # Where a package that warns is installed.
    (re.compile(r"^\S*[/\\](?=[^/\\\s:]+\.py:\d+: \w*Warning)", re.MULTILINE), "…/"),
    # The ids of a pandas table with a style.
    (re.compile(r"\bT_[0-9a-f]{5}(?=_|\b)"), "T_…"),
    # How long tqdm took, and how fast it was.
    (
        re.compile(r"\[(?:\d+:)?\d\d:\d\d(?:<(?:\?|(?:\d+:)?\d\d:\d\d))?, *[?\d.]+[kMGT]?\w*/\w+"),
        "[<time>",
    ),
)

# A printed number is rounded: 0.34999 and 0.35001 differ by a unit of the last printed place. That
# is forgiven only while such a unit is a small part of the number.
FORGIVEN_SHARE = 0.02

# Stands for a number in a text without its numbers; no text that is compared holds it.
MASK = "\0"


@dataclass(frozen=True)
class Tolerance:
    """Two floats are the same if they differ by at most ``max(atol, rtol * abs(stored))``."""

    rtol: float = 1e-5
    atol: float = 1e-8

    @classmethod
    def of(cls, tags: Iterable[str], default: "Tolerance") -> "Tolerance":
        """The tolerance that a cell's tags state (``rtol=0.1``, ``atol=0.02``), else the default.

        Raises:
            ValueError: a tag does not hold a number of at least 0.
        """
        stated = {"rtol": default.rtol, "atol": default.atol}
        for tag in tags:
            name, equals, value = tag.partition("=")
            if equals and name in stated:
                try:
                    stated[name] = float(value)
                except ValueError:
                    stated[name] = math.nan
                if not stated[name] >= 0:
                    raise ValueError(f"Expected a number of at least 0 in the tag {tag!r}.")
        return cls(**stated)


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same.

    Attributes:
        where: the output, the line or the path in JSON, such as ``stdout line 3``.
        stored, new: the values, as text.
        note: how far apart they are and what was allowed, or what else is wrong.
        distance, allowed: the same as numbers; None where they are not two finite floats.
    """

    where: str
    stored: str
    new: str
    note: str
    distance: float | None = None
    allowed: float | None = None

    def __str__(self) -> str:
        return f"{self.where}: stored {self.stored}, new {self.new} ({self.note})"


@dataclass
class Comparison:
    """What came of comparing two lists of outputs.

    Attributes:
        differences: what is not the same; empty if the outputs are.
        within: floats that are not equal, but within their tolerance.
        numbers: how many numbers were compared.
        worst: the largest share of its tolerance that a float within it has used.
        worst_where: where that was.
    """

    differences: list[Difference]
    within: list[Difference] = field(default_factory=list)
    numbers: int = 0
    worst: float = 0.0
    worst_where: str = ""

    @property
    def verdict(self) -> str:
        """``exact``, ``within tolerance`` or ``different``."""
        if self.differences:
            return "different"
        return "within tolerance" if self.within else "exact"


class _Part(NamedTuple):
    """What stands in one place of a cell's outputs: the text of a stream, an error, a display."""

    kind: str
    content: Any

    @property
    def shown(self) -> str:
        return f"{self.kind} {json.dumps(self.content)[:200]}"


def compare(
    stored: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]], tolerance: Tolerance
) -> Comparison:
    """Compare the outputs of a cell with those stored in its notebook.

    Args:
        stored, new: outputs in the notebook format. The pieces of a stream are joined between two
            displays; whether stdout or stderr came first there is a matter of luck.
        tolerance: for floats.
    """
    result = Comparison([])
    before, after = _parts(stored), _parts(new)
    ours, theirs = [part.kind for part in before], [part.kind for part in after]
    if ours != theirs:
        result.differences += _misplaced(before, after)
        return result
    seen: Counter[str] = Counter()
    for (kind, one), (_, other) in zip(before, after, strict=True):
        seen[kind] += 1
        number = "" if ours.count(kind) == 1 else f" {seen[kind]}"
        if not isinstance(one, Mapping):
            _compare_text(kind + number, one, other, tolerance, result)
            continue
        for mime in sorted(one.keys() | other.keys()):
            if mime not in one or mime not in other:
                present = "new" if mime in other else "stored"
                note = f"only in the {present} output"
                result.differences.append(Difference(mime + number, "…", "…", note))
            elif not SKIPPED_MIME.fullmatch(mime):
                # An SVG says that there is a picture; its data says which.
                both_text = isinstance(one[mime], str) and isinstance(other[mime], str)
                compare_values = _compare_text if both_text else _compare_json
                compare_values(mime + number, one[mime], other[mime], tolerance, result)
    return result


def _parts(outputs: Iterable[Mapping[str, Any]]) -> list[_Part]:
    """Outputs in the order in which they are compared."""
    parts: list[_Part] = []
    streams: dict[str, str] = {}

    def flush() -> None:
        parts.extend(_Part(name, streams[name]) for name in sorted(streams, reverse=True))
        streams.clear()

    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
            continue
        flush()
        if kind == "error":  # without the traceback: it is full of paths
            parts.append(_Part(kind, f"{output['ename']}: {output['evalue']}"))
        else:
            parts.append(_Part(kind, output.get("data", {})))
    flush()
    return parts


def _misplaced(before: list[_Part], after: list[_Part]) -> Iterator[Difference]:
    """What is missing, what is extra, or else that the order has changed."""
    ours, theirs = (Counter(part.kind for part in parts) for parts in (before, after))
    if ours == theirs:
        one, other = (", ".join(part.kind for part in parts) for parts in (before, after))
        yield Difference("order of the outputs", one, other, "in another order")
    for kind in sorted(ours.keys() | theirs.keys()):
        if ours[kind] != theirs[kind]:
            extra = theirs[kind] > ours[kind]
            shown = next(p.shown for p in reversed(after if extra else before) if p.kind == kind)
            note = f"{'an extra' if extra else 'a missing'} one: {shown}"
            yield Difference(kind, f"{ours[kind]} output(s)", f"{theirs[kind]}", note)


def _compare_json(where: str, stored, new, tolerance: Tolerance, result: Comparison) -> None:
    if isinstance(stored, Mapping) and isinstance(new, Mapping):
        for key in sorted(stored.keys() | new.keys()):
            if key in stored and key in new:
                _compare_json(f"{where}.{key}", stored[key], new[key], tolerance, result)
            else:
                note = f"only in the {'new' if key in new else 'stored'} output"
                result.differences.append(Difference(f"{where}.{key}", "…", "…", note))
    elif isinstance(stored, list) and isinstance(new, list):
        if len(stored) != len(new):
            lengths = f"{len(stored)} values", f"{len(new)}"
            result.differences.append(Difference(where, *lengths, "another length"))
            return
        for index, pair in enumerate(zip(stored, new, strict=True)):
            _compare_json(f"{where}[{index}]", *pair, tolerance, result)
    elif isinstance(stored, float | int) and isinstance(new, float | int):
        if isinstance(stored, bool) or isinstance(new, bool):
            if stored is not new:
                result.differences.append(Difference(where, repr(stored), repr(new), "not equal"))
            return
        one, other = repr(stored), repr(new)
        if isinstance(stored, float) or isinstance(new, float):
            one, other = (text if _is_float(text) else f"{text}.0" for text in (one, other))
        _compare_numbers(where, one, other, tolerance, result, 0.0)
    elif isinstance(stored, str) and isinstance(new, str):
        # Words in JSON are names and labels: a number in them was written, not measured.
        if _as_shown(stored) != _as_shown(new):
            result.differences.append(Difference(where, repr(stored), repr(new), "not equal"))
    elif stored is not new:
        result.differences.append(Difference(where, repr(stored), repr(new), "not equal"))


def _compare_text(where: str, stored: str, new: str, tolerance: Tolerance, result) -> None:
    before, after = _Text.read(_as_shown(stored)), _Text.read(_as_shown(new))
    if before.skeleton != after.skeleton:
        one, other = _first_difference(before.text, after.text)
        result.differences.append(Difference(where, repr(one), repr(other), "the text differs"))
        return
    for (line, one), (_, other) in zip(before.numbers, after.numbers, strict=True):
        at = where if "\n" not in before.text.strip() else f"{where} line {line}"
        _compare_numbers(at, one, other, tolerance, result, max(_unit(one), _unit(other)))


def _compare_numbers(
    where: str, stored: str, new: str, tolerance: Tolerance, result: Comparison, unit: float
) -> None:
    """Compare two numbers that are written as text; ``unit`` is what rounding may have changed."""
    result.numbers += 1
    if stored == new:
        return
    if not (_is_float(stored) and _is_float(new)):
        mixed = _is_float(stored) or _is_float(new)
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


# --- text and the numbers in it -----------------------------------------------------------------


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
        inside = _in_brackets(text)
        flat = "".join(
            " " if character == "\n" and depth else character
            for character, depth in zip(text, inside, strict=True)
        )
        pieces: list[str] = []
        numbers: list[tuple[int, str]] = []
        end = 0
        for match in NUMBER.finditer(flat):
            number = match.group()
            if number.endswith(".") and not inside[match.start()]:
                number = number[:-1]  # arrays print 5. for 5.0; elsewhere a sentence ends
            pieces += [flat[end : match.start()], MASK]
            end = match.start() + len(number)
            numbers.append((text.count("\n", 0, match.start()) + 1, number))
        pieces.append(flat[end:])
        lines = re.sub(rf"[ \t]*{MASK}[ \t]*", MASK, "".join(pieces)).split("\n")
        return cls(text, "\n".join(" ".join(line.split()) for line in lines).rstrip(), numbers)


def _as_shown(text: str) -> str:
    """The text that stays on the screen, without what says nothing."""
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


def _in_brackets(text: str) -> list[int]:
    """For each character how many brackets are open there; all 0 where they don't pair up."""
    depths, depth = [], 0
    for character in text:
        depth += (character in "[(") - (character in "])")
        if depth < 0:
            break
        depths.append(depth)
    return depths if depth == 0 else [0] * len(text)


def _is_float(number: str) -> bool:
    return any(mark in number.lower() for mark in ".en")


def _unit(number: str) -> float:
    """One unit in the last printed place; 0 where nothing was rounded."""
    match = re.fullmatch(r"[-+]?[\d,]*\.(\d+)(?:[eE]([-+]?\d+))?", number)
    return 10.0 ** (int(match[2] or 0) - len(match[1])) if match else 0.0


def _first_difference(stored: str, new: str) -> tuple[str, str]:
    """The first lines that differ in more than their numbers, else all of both texts."""
    for pair in zip_longest(stored.split("\n"), new.split("\n"), fillvalue=""):
        if _Text.read(pair[0]).skeleton != _Text.read(pair[1]).skeleton:
            return pair
    return stored, new

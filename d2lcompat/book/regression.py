"""What "the same output" means: text equal, integers exact, floats within a stated tolerance.

nbval re-executes a notebook; this module decides whether what came is what was stored. Pictures
are not compared: a figure carries its data (``application/vnd.d2lcompat.series+json``), and that
is. Nothing here imports nbval or pytest, so that it serves any other runner as well.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

# A figure's picture changes with the fonts of a machine, a widget's id with every run.
SKIPPED_MIME = re.compile(r"image/.*|application/vnd\.jupyter\.widget-view\+json")

NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan\b|inf\b)", re.IGNORECASE
)
# What differs from run to run and says nothing: addresses, and the files IPython gives to cells.
VOLATILE = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"\S*ipykernel_\d+\S*"), "<cell>"),
)

# A printed number is rounded: 0.34999 and 0.35001 differ by a unit of the last printed place. That
# is forgiven only while such a unit is a small part of the number.
FORGIVEN_SHARE = 0.02


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
    """

    where: str
    stored: str
    new: str
    note: str

    def __str__(self) -> str:
        return f"{self.where}: stored {self.stored}, new {self.new} ({self.note})"


@dataclass
class Comparison:
    """What came of comparing two lists of outputs.

    Attributes:
        differences: what is not the same; empty if the outputs are.
        numbers: how many floats were compared.
        worst: the largest share of its tolerance that a float within it has used.
    """

    differences: list[Difference]
    numbers: int = 0
    worst: float = 0.0


def compare(
    stored: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]], tolerance: Tolerance
) -> Comparison:
    """Compare the outputs of a cell with those stored in its notebook.

    Args:
        stored, new: outputs in the notebook format; the pieces of a stream are joined.
        tolerance: for floats.
    """
    result = Comparison([])
    before, after = _by_kind(stored), _by_kind(new)
    for kind in before | after:
        ours, theirs = before.get(kind, []), after.get(kind, [])
        if len(ours) != len(theirs):
            text = json.dumps((theirs or ours)[-1])
            result.differences.append(
                Difference(
                    kind,
                    f"{len(ours)} output(s)",
                    f"{len(theirs)}",
                    f"{'an extra' if len(theirs) > len(ours) else 'a missing'} one: {text[:200]}",
                )
            )
            continue
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            where = kind if len(ours) == 1 else f"{kind} {index + 1}"
            _compare_values(where, one, other, tolerance, result)
    return result


def _by_kind(outputs: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The comparable parts of outputs: streams by name, data by mime type, errors by name."""
    kinds: dict[str, list[Any]] = {}
    for output in outputs:
        match output["output_type"]:
            case "stream":
                parts = kinds.setdefault(output["name"], [""])
                parts[0] += output["text"]
            case "error":
                kinds.setdefault("error", []).append(f"{output['ename']}: {output['evalue']}")
            case _:
                for mime, value in output.get("data", {}).items():
                    # An SVG says that there is a picture; its data says which.
                    compared = None if SKIPPED_MIME.fullmatch(mime) else value
                    kinds.setdefault(mime, []).append(compared)
    return kinds


def _compare_values(where: str, stored, new, tolerance: Tolerance, result: Comparison) -> None:
    if isinstance(stored, Mapping) and isinstance(new, Mapping):
        for key in stored.keys() | new.keys():
            if key not in stored or key not in new:
                present = "new" if key in new else "stored"
                result.differences.append(
                    Difference(f"{where}.{key}", "…", "…", f"only in the {present} output")
                )
        for key in stored:
            if key in new:
                _compare_values(f"{where}.{key}", stored[key], new[key], tolerance, result)
    elif isinstance(stored, list) and isinstance(new, list):
        if len(stored) != len(new):
            result.differences.append(
                Difference(where, f"{len(stored)} values", f"{len(new)}", "another length")
            )
            return
        for index, (one, other) in enumerate(zip(stored, new, strict=True)):
            _compare_values(f"{where}[{index}]", one, other, tolerance, result)
    elif isinstance(stored, str) and isinstance(new, str):
        _compare_text(where, stored, new, tolerance, result)
    elif isinstance(stored, float) or isinstance(new, float):
        _compare_numbers(where, json.dumps(stored), json.dumps(new), tolerance, result, 0.0)
    elif stored != new or type(stored) is not type(new):
        result.differences.append(Difference(where, repr(stored), repr(new), "not equal"))


def _compare_text(where: str, stored: str, new: str, tolerance: Tolerance, result) -> None:
    for pattern, name in VOLATILE:
        stored, new = pattern.sub(name, stored), pattern.sub(name, new)
    if stored == new:
        result.numbers += sum(1 for _ in NUMBER.finditer(stored))
        return
    if _skeleton(stored) != _skeleton(new):
        one, other = _first_difference(stored, new)
        result.differences.append(Difference(where, repr(one), repr(other), "the text differs"))
        return
    for (line, one), (_, other) in zip(_numbers(stored), _numbers(new), strict=True):
        at = where if "\n" not in stored.strip() else f"{where} line {line}"
        _compare_numbers(at, one, other, tolerance, result, max(_unit(one), _unit(other)))


def _compare_numbers(
    where: str, stored: str, new: str, tolerance: Tolerance, result: Comparison, unit: float
) -> None:
    if stored == new:
        result.numbers += 1
        return
    if not any(mark in (stored + new).lower() for mark in ".en"):
        result.differences.append(Difference(where, stored, new, "integers must be equal"))
        return
    try:
        one, other = float(stored), float(new)
    except ValueError:  # null, true: JSON that is no number
        result.differences.append(Difference(where, stored, new, "not equal"))
        return
    result.numbers += 1
    if not (math.isfinite(one) and math.isfinite(other)):
        if repr(one) != repr(other):
            result.differences.append(Difference(where, stored, new, "not both finite"))
        return
    difference = abs(one - other)
    allowed = max(tolerance.atol, tolerance.rtol * abs(one))
    rounding = unit * 1.0001 if unit <= FORGIVEN_SHARE * abs(one) else 0.0
    if difference > max(allowed, rounding):
        note = f"differ by {difference:.3g}, allowed {max(allowed, rounding):.3g}"
        result.differences.append(Difference(where, stored, new, note))
    elif difference > rounding:
        result.worst = max(result.worst, difference / allowed)


def _skeleton(text: str) -> list[str]:
    """The text with its numbers masked. Blanks and line breaks beside them go too: arrays are
    padded and broken by the width of their numbers."""
    return re.sub(r"\s*#\s*", "#", NUMBER.sub("#", text)).split()


def _numbers(text: str) -> Iterator[tuple[int, str]]:
    """Every number in the text, with its line counted from 1."""
    for match in NUMBER.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group()


def _unit(number: str) -> float:
    """One unit in the last printed place; 0 where nothing was rounded."""
    match = re.fullmatch(r"[-+]?\d*\.(\d+)(?:[eE]([-+]?\d+))?", number)
    return 10.0 ** (int(match[2] or 0) - len(match[1])) if match else 0.0


def _first_difference(stored: str, new: str) -> tuple[str, str]:
    """The first lines that differ in more than their numbers."""
    lines = zip_longest(stored.splitlines(), new.splitlines(), fillvalue="")
    return next(pair for pair in lines if _skeleton(pair[0]) != _skeleton(pair[1]))

"""Decide whether two outputs of a cell are equal.

A cell is executed again, and this module compares the new outputs with the stored ones. Texts are
compared by `tabbook.check.text`. Pictures are not compared; instead, the data that a figure
contains (``application/vnd.d2lcompat.series+json``) are. In JSON an integer equals its float,
because JavaScript front ends write 20.0 as 20.

This module does not import nbval or pytest, so other test runners can use it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tabbook.check.text import as_shown, compare_numbers, compare_text, is_float
from tabbook.check.tolerance import Comparison, Difference, Tolerance
from tabbook.check.volatile import rename_ids

__all__ = ["SKIPPED_MIME", "Comparison", "Difference", "Tolerance", "compare"]

# A figure's picture depends on the machine's fonts, and a widget's id changes in every run.
SKIPPED_MIME = re.compile(r"image/.*|application/vnd\.jupyter\.widget-view\+json")


class _Part(NamedTuple):
    """One output of a cell: the text of a stream, an error, or a display."""

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
            displays, because the order of stdout and stderr there is random.
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
        if isinstance(one, Mapping):
            for mime in sorted(one.keys() ^ other.keys()):
                note = f"only in the {'new' if mime in other else 'stored'} output"
                result.differences.append(Difference(mime + number, "…", "…", note))
            # The picture shows only that there is one; its data are compared.
            mimes = [mime for mime in one if mime in other and not SKIPPED_MIME.fullmatch(mime)]
            one, other = ({mime: data[mime] for mime in sorted(mimes)} for data in (one, other))
        else:
            one, other = {kind: one}, {kind: other}
        if one != other:
            one, other = rename_ids(one, other)
        for name in one:
            both_text = isinstance(one[name], str) and isinstance(other[name], str)
            compare_values = compare_text if both_text else _compare_json
            compare_values(name + number, one[name], other[name], tolerance, result)
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
        if kind == "error":  # without the traceback, which contains paths
            parts.append(_Part(kind, f"{output['ename']}: {output['evalue']}"))
        else:
            parts.append(_Part(kind, output.get("data", {})))
    flush()
    return parts


def _misplaced(before: list[_Part], after: list[_Part]) -> Iterator[Difference]:
    """The missing and extra outputs, or a change of their order."""
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


def _compare_json(
    where: str, stored: Any, new: Any, tolerance: Tolerance, result: Comparison
) -> None:
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
        for index, (one, other) in enumerate(zip(stored, new, strict=True)):
            if type(one) is type(other) is float and one == other:
                result.numbers += 1  # most values of long arrays
            else:
                _compare_json(f"{where}[{index}]", one, other, tolerance, result)
    elif isinstance(stored, float | int) and isinstance(new, float | int):
        if isinstance(stored, bool) or isinstance(new, bool):
            if stored is not new:
                result.differences.append(Difference(where, repr(stored), repr(new), "not equal"))
            return
        one, other = repr(stored), repr(new)
        if isinstance(stored, float) or isinstance(new, float):
            one, other = (text if is_float(text) else f"{text}.0" for text in (one, other))
        compare_numbers(where, one, other, tolerance, result, 0.0)
    elif isinstance(stored, str) and isinstance(new, str):
        # Strings in JSON are names and labels, and their numbers are not measurements.
        if as_shown(stored) != as_shown(new):
            result.differences.append(Difference(where, repr(stored), repr(new), "not equal"))
    elif stored is not new:
        result.differences.append(Difference(where, repr(stored), repr(new), "not equal"))

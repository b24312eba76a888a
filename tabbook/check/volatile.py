"""The parts of a text that differ from run to run and have no meaning, so they are not compared.

These are addresses in memory, temporary files, clocks, and ids that a library drew at random. Each
is recognised by its form, whichever library printed it:

- In a line with a progress bar, every duration, time and rate is a clock.
- Elsewhere, a duration is a clock if its words say so: ``took 3.1 s``, ``Wall time: 2 ms``,
  ``5 µs ± 40 ns per loop``. A duration without such words is a measurement.
- A time of day is a clock in a report's field ``Time:`` or ``Date:``, and in front of a log's line.
- An id is a UUID, or the value of an attribute such as ``id`` or ``display_id`` in a tag, if
  it has letters and digits.

Ids are not ignored: `rename_ids` names them in the order in which they appear, so two outputs with
the same ids at the same places are equal, and a reference to another element is found.

No pattern crosses the end of a line, and each takes time proportional to the length of the text.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tabbook.text import CELL_FILE, CELL_NAME

CLOCK = "<time>"

_UNIT = r"(?:[nuµμm]s|m?secs?|(?:milli|micro|nano)?seconds?|s|min(?:ute)?s?|h(?:ou)?rs?|[hmd])"
_NUMBER = r"(?<![\w.])\d[\d,]*+(?:\.\d*+)?(?:[eE][-+]?\d++)?"
_DURATION = rf"{_NUMBER} ?{_UNIT}(?!\w|\.\w)(?: {{0,2}}\d[\d.]*+ ?{_UNIT}(?!\w)){{0,3}}+"
_TIME = r"(?<![\w.:])(?:\d++ days?, )?\d++(?::\d\d)++(?:\.\d++)?(?![\w:])"

# A line of tqdm, Keras, rich or pip, drawn with blocks, lines or ASCII.
_BAR = re.compile(r"[█▉▊▋▌▍▎▏░▒▓━╸╺╹]|\d%\||\[(?=[-=#>])[-=#>. ]{5,}\]")
_BLOCKS = re.compile(r"(?<=%\|)[^|]*+(?=\|)|[█▉▊▋▌▍▎▏░▒▓━╸╺╹][█▉▊▋▌▍▎▏░▒▓━╸╺╹ ]*+")
_BAR_CLOCKS = re.compile(
    rf"(?:(?:{_NUMBER} ?[kMGT]?[A-Za-z]{{0,12}}/s(?:ec)?\b|{_DURATION}(?:/\w++)?|{_TIME}|-:--:--)"
    r"(?:[ ,<]{0,3}(?=[\d-]))?)++"
)

# The words beside a duration that make it a clock.
_BEFORE = (
    r"(?:(?:elapsed|remaining|wall|cpu|clock|run|running|execution|computation|training|fit|fitting"
    r"|total|processing|build)[ _-]?(?:cpu |wall |run |clock )?times?|time (?:taken|elapsed|spent)"
    r"|elapsed|remaining|runtime|eta|duration|took|taking"
    r"|(?:finished|done|completed|ran|run|solved|executed|calls|fitted|trained|computed|built"
    r"|loaded|passed|failed) in)"
)
_AFTER = r"(?:elapsed|remaining|left)"
_BETWEEN = r"[^\w\n<]{0,40}(?:(?:is|was|of|about) )?"
_IN_TAGS = r"(?:[^\w\n<]|<[^<>\n]*+>)*+"


class _Ignored(NamedTuple):
    """What is not compared.

    Attributes:
        hints: the text contains one of them, else the pattern need not be tried.
        pattern, name: the part, and what stands for it.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    name: str


IGNORED = (
    _Ignored(("0x",), re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    _Ignored(("ipykernel_",), CELL_FILE, CELL_NAME),
    # The files of the tempfile module.
    _Ignored(
        ("/tmp", "\\tmp"),
        re.compile(r"(?<![^\s'\"=(])[^\s'\"=(]*[/\\]tmp[a-z0-9_]{8}(?![a-z0-9_])"),
        "<tmp>",
    ),
    # Where a package that warns is installed.
    _Ignored(
        ("Warning",),
        re.compile(r"^\S*[/\\](?=[^/\\\s:]+\.py:\d+: \w*Warning)", re.MULTILINE),
        "…/",
    ),
    # The ids of a pandas table with a style.
    _Ignored(("T_",), re.compile(r"\bT_[0-9a-f]{5}(?=_|\b)"), "T_…"),
    # tqdm's clock, also without a bar.
    _Ignored(
        ("[",),
        re.compile(r"\[(?:\d+:)?\d\d:\d\d(?:<(?:\?|(?:\d+:)?\d\d:\d\d))?, *[?\d.]++[kMGT]?\w*/\w+"),
        f"[{CLOCK}",
    ),
    # %time and %timeit.
    _Ignored(
        ("CPU times: ", "Wall time: "),
        re.compile(r"^(CPU times|Wall time): .*", re.MULTILINE),
        rf"\1: {CLOCK}",
    ),
    _Ignored(
        (" per loop",),
        re.compile(
            rf"(?:(?<![\w,])\d[\d,]*+ loops?, best of \d+: )?{_DURATION}(?: ± {_DURATION})?"
            r" per loop(?: \(mean ± std\. dev\. of \d+ runs?, \d[\d,]* loops? each\))?"
        ),
        f"{CLOCK} per loop",
    ),
    _Ignored(
        (
            "ime",
            "IME",
            "lapsed",
            "LAPSED",
            "emaining",
            "ETA",
            "eta",
            "uration",
            "ook",
            "aking",
            " in ",
        ),
        re.compile(rf"(?i)\b({_BEFORE}{_BETWEEN})(?:{_DURATION}|{_TIME})"),
        rf"\1{CLOCK}",
    ),
    _Ignored(
        ("elapsed", "remaining", "left"),
        re.compile(rf"(?:{_DURATION}|{_TIME})( {_AFTER}\b)"),
        rf"{CLOCK}\1",
    ),
    # The date of a report, of a log's line or of a drawing.
    _Ignored(
        ("Date:",),
        re.compile(rf"\b(Date:{_IN_TAGS})[A-Z][a-z]{{2}}, \d\d? [A-Z][a-z]{{2}} \d{{4}}\b"),
        rf"\1{CLOCK}",
    ),
    _Ignored(("Time:",), re.compile(rf"\b(Time:{_IN_TAGS})\d\d:\d\d:\d\d\b"), rf"\1{CLOCK}"),
    _Ignored(
        (",",),
        re.compile(r"^(\W{0,2}(?:[A-Z] )?)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\b", re.MULTILINE),
        rf"\1{CLOCK}",
    ),
    _Ignored(("<dc:date>",), re.compile(r"(<dc:date>)[^<\n]*"), rf"\1{CLOCK}"),
)

# What %time and %timeit print only if it took long.
LONG_RUNS = re.compile(
    r"^(?:(?:Compiler|Parser) *: \d.*|The slowest run took [\d.]+ times longer than .*"
    r"(?:\nThis could mean .*)?)(?:\n|\Z)",
    re.MULTILINE,
)

_HEX = "[0-9a-f]"
_UUID = re.compile(
    rf"(?<![0-9a-zA-Z]){_HEX}{{8}}([-_]){_HEX}{{4}}\1{_HEX}{{4}}\1{_HEX}{{4}}\1{_HEX}{{12}}"
    r"(?![0-9a-zA-Z])"
)
_DECLARED = re.compile(r"<\w[^<>]*?[\s_-]id\s?=\s?\\?[\"']?([\w-]{6,})")
_WORD = re.compile(r"[\w-]{6,}")
_GENERATED = re.compile(r"(?=\D*\d)(?=[\W\d_]*[^\W\d_]).*")


def without_ignored(text: str) -> str:
    """A text in which each ignored part has a fixed name; it has as many lines as before."""
    for hints, pattern, name in IGNORED:
        if any(hint in text for hint in hints):
            text = pattern.sub(name, text)
    if not _BAR.search(text):
        return text
    return "\n".join(map(_without_bar, text.split("\n")))


def _without_bar(line: str) -> str:
    """A line without the clocks of a progress bar and, if there are any, without the bar itself.

    A bar is as long as the clock beside it leaves room; its numbers say how far it has come.
    """
    if not _BAR.search(line):
        return line
    line = _BAR_CLOCKS.sub(CLOCK, line)
    return _BLOCKS.sub("<bar>", line) if CLOCK in line else line


def rename_ids(stored: Any, new: Any) -> tuple[Any, Any]:
    """Name the ids that only one of two values contains in the order of their appearance.

    Args:
        stored, new: texts, or JSON that contains texts.

    Returns:
        Both values. They are equal if they differ only in ids, and each id was replaced by the same
        other one throughout.
    """
    ids, others = _ids_of(stored), _ids_of(new)
    only_stored, only_new = ids - others, others - ids
    if not (only_stored and only_new):
        return stored, new
    return _renamed(stored, only_stored, {}), _renamed(new, only_new, {})


def _ids_of(value: Any) -> set[str]:
    if isinstance(value, str):
        declared = {one for one in _DECLARED.findall(value) if _GENERATED.fullmatch(one)}
        return declared | {match.group() for match in _UUID.finditer(value)}
    if isinstance(value, Mapping):
        return set().union(*map(_ids_of, value), *map(_ids_of, value.values()))
    return set().union(*map(_ids_of, value)) if isinstance(value, list) else set()


def _renamed(value: Any, ids: set[str], names: dict[str, str]) -> Any:
    """A value with a name in place of each id; ``names`` is extended."""

    def name(found: re.Match[str]) -> str:
        one = found.group()
        return names.setdefault(one, f"id{len(names) + 1}") if one in ids else one

    if isinstance(value, str):
        # A UUID is also a part of words such as `section-UUID`.
        return _UUID.sub(name, _WORD.sub(name, value))
    if isinstance(value, Mapping):
        # A notebook's file has its keys in alphabetical order, a kernel's message has not.
        keys = sorted(value, key=lambda key: (key in ids, key))
        return {_renamed(key, ids, names): _renamed(value[key], ids, names) for key in keys}
    return [_renamed(one, ids, names) for one in value] if isinstance(value, list) else value

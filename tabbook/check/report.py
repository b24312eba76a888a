"""The summary of a run: which outputs were compared, how closely, and which were not.

It uses only pytest's reports, which include those of worker processes.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tabbook.config import book_of

# Past this share of a tolerance the next processor may well be outside it.
HEADROOM = 0.5


def write(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the summary of the notebooks of a run; nothing if there were none."""
    reports = [
        (report, facts)
        for outcome in ("passed", "failed", "skipped", "error")
        for report in terminalreporter.stats.get(outcome, [])
        if (facts := _facts(report)) and "cell" in facts
    ]
    if not reports:
        return
    # Workers finish when they do; the summary is the same.
    reports.sort(key=lambda pair: (pair[0].nodeid.rpartition(" ")[0], _number(pair[0].nodeid)))
    terminalreporter.section("notebooks")
    for line in _summary(reports):
        terminalreporter.line(line)
    left_out = [text for _, facts in reports for text in facts["not_compared"]]
    if left_out:
        data = book_of(terminalreporter.config.rootpath).data
        terminalreporter.section("not compared")
        terminalreporter.line(
            f"{data.name} is not available, so synthetic data were used: {len(left_out)} "
            f"cells were executed, but their outputs were not compared. Set {data.variable} to a "
            "folder with the data to compare them."
        )
        for line in left_out:
            terminalreporter.line(f"  {line}")


def _facts(report: Any) -> defaultdict[str, list[Any]]:
    facts: defaultdict[str, list[Any]] = defaultdict(list)
    for name, value in getattr(report, "user_properties", []):
        facts[name].append(value)
    return facts


def _number(nodeid: str) -> int:
    return int(nodeid.rpartition(" ")[2])


def _summary(reports: Sequence[tuple[Any, Mapping[str, list[Any]]]]) -> Iterator[str]:
    verdicts = [verdict for _, facts in reports for verdict in facts["compared"]]
    numbers = sum(number for _, facts in reports for number in facts["numbers"])
    counts = [
        f"{verdicts.count(kind)} {kind}" for kind in ("exact", "within tolerance", "different")
    ]
    yield f"{len(verdicts)} cells compared, {numbers} numbers: {', '.join(counts)}"
    uses = [
        (facts["worst_use_of_tolerance"][0], facts["worst_at"][0])
        for _, facts in reports
        if facts["worst_at"]
    ]
    if uses:
        use, where = max(uses, key=lambda pair: pair[0])
        yield f"largest share of a tolerance: {use:.0%} ({where})"
    for use, where in uses:
        if use > HEADROOM:
            yield f"warning: {use:.0%} of a tolerance used: {where}"
    for _, facts in reports:
        for reason in facts["ignored"]:
            yield f"ignored: {facts['cell'][0]} ({reason})"
    skipped: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for report, facts in reports:
        if report.outcome == "skipped" and not facts["ignored"]:
            reason = report.longrepr[2].removeprefix("Skipped: ")
            notebook = facts["cell"][0].partition(",")[0]
            skipped[notebook, reason].append(str(_number(report.nodeid)))
    for (notebook, reason), cells in skipped.items():
        yield f"skipped: {notebook}, cells {', '.join(cells)}: {reason}"
    changes: defaultdict[str, list[str]] = defaultdict(list)
    for _, facts in reports:
        for change in facts["version_change"]:
            changes[change].append(facts["cell"][0].partition(",")[0])
    for change, where in sorted(changes.items()):
        yield f"version: {change} ({', '.join(where)})"

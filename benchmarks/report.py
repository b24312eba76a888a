"""Generate RESULTS.md and its figures from ``results.json``.

    python benchmarks/report.py

``run.py`` calls this module. It measures nothing itself.
"""

import json
import statistics
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import jinja2
from matplotlib import pyplot as plt

from tabbook.config import book_of
from tabbook.figures.colours import themed

HERE = Path(__file__).parent
TEMPLATE = HERE / "RESULTS.md.jinja"
FRAMEWORKS = {  # NumPy trains nothing
    name: framework.label
    for name, framework in book_of(__file__).frameworks.items()
    if name != "numpy"
}
NAMES = {"ours": "d2lcompat", "bare": "plain loop", "d2l": "d2l 1.0.3"}
STYLES = {"ours": "-", "bare": "--"}
STEADY = "a steady epoch"


def steady(result: dict) -> float:
    """The median of the epochs after the first, in seconds."""
    return statistics.median(result["epochs"][1:])


def ratio(run: dict, framework: str, one: str, other: str, of: Callable) -> float | None:
    """The median over turns of the ratio of ``of`` for two programs; None if one is missing."""
    trainings = run["trainings"].get(framework, {})
    pairs = zip(trainings.get(one, []), trainings.get(other, []), strict=False)
    return median(of(a) / of(b) for a, b in pairs)


def median(values) -> float | None:
    """The median, or None if there are no values."""
    values = list(values)
    return statistics.median(values) if values else None


def ours(run: dict, framework: str) -> list[dict]:
    """The training runs of this package."""
    return run["trainings"].get(framework, {}).get("ours", [])


#: What is asked, how it is written, the bound and its direction, and what came out in a run.
QUESTIONS: list[tuple[str, str, dict[str, float], str, Callable]] = [
    (
        f"{STEADY}, d2lcompat ÷ plain loop", ".2f", dict.fromkeys(FRAMEWORKS, 1.10), "at most",
        lambda run, name: ratio(run, name, "ours", "bare", steady),
    ),
    (
        "all epochs, including the first, d2lcompat ÷ plain loop", ".2f",
        dict.fromkeys(FRAMEWORKS, 1.25), "at most",
        lambda run, name: ratio(run, name, "ours", "bare", lambda result: sum(result["epochs"])),
    ),
    (
        f"{STEADY}, d2l 1.0.3 ÷ d2lcompat", ".1f", {"pytorch": 5, "jax": 2}, "at least",
        lambda run, name: ratio(run, name, "d2l", "ours", steady),
    ),
    (
        "peak memory, d2lcompat ÷ plain loop", ".2f", dict.fromkeys(FRAMEWORKS, 1.25), "at most",
        lambda run, name: ratio(run, name, "ours", "bare", lambda result: result["memory"]),
    ),
    (
        "import time of the page minus that of the framework, seconds", ".2f",
        dict.fromkeys(FRAMEWORKS, 0.35), "at most",
        lambda run, name: median(t["page"] - t["framework"] for t in run["imports"].get(name, [])),
    ),
    (
        "from `FashionMNIST()` to the first batch, seconds", ".2f",
        dict.fromkeys(FRAMEWORKS, 0.5), "at most",
        lambda run, name: median(result["first batch"] for result in ours(run, name)),
    ),
    (
        "share of `fit` spent on plotting", ".1%", dict.fromkeys(FRAMEWORKS, 0.02), "at most",
        lambda run, name: median(r["drawing"] / r["fit"] for r in ours(run, name)),
    ),
]  # fmt: skip


def targets(runs: list[dict]) -> str:
    """A table of targets and of the results of each run; missed targets are marked."""
    lines = [
        "| measured | " + " | ".join([*FRAMEWORKS.values(), "target"]) + " |",
        "|---" * (len(FRAMEWORKS) + 2) + "|",
    ]
    for question, form, bounds, direction, answer in QUESTIONS:
        cells = []
        for framework in FRAMEWORKS:
            found = [answer(run, framework) for run in runs]
            known = [value for value in found if value is not None]
            bound = bounds.get(framework)
            cells.append(
                "; ".join(marked(value, form, bound, direction) for value in known)
                if bound is not None
                else "–"
            )
        wanted = ", ".join(
            f"{bound:{'.0%' if form == '.1%' else 'g'}}"
            for bound in sorted(set(bounds.values()), reverse=True)
        )
        lines.append(f"| {question} | {' | '.join(cells)} | {direction} {wanted} |")
    return "\n".join(lines)


def recent(runs: list[dict]) -> list[dict]:
    """The runs that hold each framework's last two, in their order."""
    later: Counter[str] = Counter()
    kept = []
    for run in reversed(runs):
        if any(later[framework] < 2 for framework in run["trainings"]):
            kept.append(run)
        later.update(run["trainings"].keys())
    return kept[::-1]


def last_of_each(runs: list[dict]) -> dict:
    """The trainings of each framework's last run, by framework."""
    found = {name: one for run in runs for name, one in run["trainings"].items()}
    return {name: found[name] for name in FRAMEWORKS if name in found}


def described(run: dict) -> str:
    """When a run was made, of what, and how often."""
    trainings = run["trainings"]
    turns = len(next(iter(trainings.values()))["ours"])
    whole = len(trainings) == len(FRAMEWORKS)
    some = "" if whole else ", ".join(FRAMEWORKS[name] for name in trainings) + ", "
    return f"{run['date']} ({some}{turns} turns, {run['machine']['cpu']})"


def marked(value: float, form: str, bound: float, direction: str) -> str:
    """A number, marked if it misses its bound."""
    missed = value > bound if direction == "at most" else value < bound
    return f"{value:{form}}" + (" (missed)" if missed else "")


def seconds(trainings: dict) -> str:
    """A table of medians over turns, from ``last_of_each``."""
    lines = [
        "| framework | program | first epoch | steady epoch | complete `fit` | memory, MB "
        "| accuracy |",
        "|---|---|---|---|---|---|---|",
    ]
    for framework, programs in trainings.items():
        for contender, results in programs.items():
            first, usual, fit, memory, accuracy = (
                statistics.median(column)
                for column in zip(
                    *(
                        (r["epochs"][0], steady(r), r["fit"], r["memory"], r["values"][2])
                        for r in results
                    ),
                    strict=True,
                )
            )
            lines.append(
                f"| {FRAMEWORKS[framework]} | {NAMES[contender]} | {first:.2f} | {usual:.2f} "
                f"| {fit:.1f} | {memory:.0f} | {accuracy:.2f} |"
            )
    return "\n".join(lines)


def growth(rows: list[dict]) -> str:
    """A table of seconds of a steady epoch by size."""
    sizes = list(dict.fromkeys((row["share"], row["batch_size"]) for row in rows))
    found = {(row["framework"], row["share"], row["batch_size"]): row for row in rows}
    frameworks = list(dict.fromkeys(row["framework"] for row in rows))
    lines = [
        "| images | batch | " + " | ".join(FRAMEWORKS[name] for name in frameworks) + " |",
        "|---" * (len(frameworks) + 2) + "|",
    ]
    for share, batch_size in sorted(sizes, key=lambda size: (size[1] != 256, size)):
        cells = []
        for name in frameworks:
            row = found[name, share, batch_size]
            cells.append(f"{row['ours']:.2f} ({row['ours'] / row['bare']:.2f})")
        lines.append(f"| {60000 * share:,.0f} | {batch_size} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw_seconds(trainings: dict):
    """A bar chart of the seconds of a steady epoch for every program, from ``last_of_each``."""
    figure, axes = plt.subplots(figsize=(6.4, 2.8), layout="tight")
    frameworks = list(trainings)
    for place, contender in enumerate(NAMES):
        heights = {
            name: statistics.median(map(steady, trainings[name][contender]))
            for name in frameworks
            if contender in trainings[name]
        }
        axes.bar(
            [frameworks.index(name) + (place - 1) * 0.27 for name in heights],
            list(heights.values()), 0.25, label=NAMES[contender], color=f"C{place}",
        )  # fmt: skip
    axes.set_xticks(range(len(frameworks)), [FRAMEWORKS[name] for name in frameworks])
    axes.set_ylabel("seconds per epoch")
    axes.legend()
    return figure


def draw_growth(rows: list[dict]):
    """Two panels: seconds of a steady epoch by the number of images and by the size of a batch."""
    figure, panels = plt.subplots(1, 2, figsize=(6.4, 3.2), sharey=True, layout="tight")
    for axes, along, fixed, label in (
        (panels[0], "share", ("batch_size", 256), "images, batches of 256"),
        (panels[1], "batch_size", ("share", 1), "batch, 60,000 images"),
    ):
        for place, framework in enumerate(dict.fromkeys(row["framework"] for row in rows)):
            own = [row for row in rows if row["framework"] == framework]
            chosen = [row for row in own if row[fixed[0]] == fixed[1]]
            chosen.sort(key=lambda row: row[along])
            xs = [row[along] * (60000 if along == "share" else 1) for row in chosen]
            for contender, style in STYLES.items():
                axes.loglog(
                    xs, [row[contender] for row in chosen], style, color=f"C{place}",
                    label=FRAMEWORKS[framework] if contender == "ours" else None,
                )  # fmt: skip
        axes.set_xlabel(label)
        axes.set_xticks(xs, [f"{x:,.0f}" for x in xs])
        axes.minorticks_off()
    ticks = (0.25, 0.5, 1, 2, 4, 8)
    panels[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    panels[0].set_ylabel("seconds per epoch")
    panels[0].legend()
    return figure


def save(figure, name: str) -> None:
    """Keep a figure beside RESULTS.md, for light pages and dark ones."""
    with plt.rc_context({"svg.hashsalt": name}):
        figure.savefig(HERE / name, format="svg", metadata={"Date": None}, transparent=True)
    plt.close(figure)
    path = HERE / name
    path.write_text(themed(path.read_text(encoding="utf-8")), encoding="utf-8")


def write(path: Path) -> None:
    """Write RESULTS.md and its figures beside ``path``, a ``results.json``."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    runs = kept["runs"]
    last, where = last_of_each(runs), runs[-1]["machine"]
    save(draw_seconds(last), "seconds.svg")
    if kept.get("growth"):
        save(draw_growth(kept["growth"]), "growth.svg")
    template = jinja2.Template(
        TEMPLATE.read_text(encoding="utf-8"), trim_blocks=True, keep_trailing_newline=True
    )
    text = template.render(
        epochs=runs[-1]["epochs"],
        runs=len(runs),
        dates="; ".join(map(described, runs)),
        cores=where["cores"],
        versions=", ".join(f"{name} {number}" for name, number in where["versions"].items()),
        python=where["python"],
        targets=targets(runs),
        seconds=seconds(last),
        growth=growth(kept["growth"]) if kept.get("growth") else "",
    )
    path.with_name("RESULTS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(HERE / "results.json")

"""The plotted numbers of a figure as tables, for readers who cannot see it or prefer numbers.

A stored figure can contain its data in a separate MIME type. This module converts them to HTML
tables, and adds a description if the figure's author wrote none.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from tabbook.math.mathml import mathml

#: Longer tables show every second, third, ... point, and say so.
MOST_ROWS = 60
DIGITS = 4


def data_of_figure(series: Mapping[str, Any]) -> str:
    """The data of a figure as tables behind a toggle; empty if it has none.

    Args:
        series: the figure's data: for each of its ``axes`` the labels, lines, bands, bars, images.

    Returns:
        HTML: curves, bands and bars point by point, with four significant digits, a table for
        each of the axes; of pictures their size, mean, spread and share of zeros.
    """
    tables = [table for ax in series["axes"] for table in _plotted(ax)]
    tables += _pictures(series["axes"])
    if not tables:
        return ""
    summary = "<summary>Data of this figure</summary>"
    return f'<details class="figure-data">{summary}{"".join(tables)}</details>'


def curves_in_words(series: Mapping[str, Any]) -> str:
    """A description of the curves of a figure, from the first point to the last.

    For example: "3 curves against epoch. train_loss falls from 1.46 at 0.249 to 0.414 at 9.75."
    """
    sentences = []
    for ax in series["axes"]:
        named = _curves(ax)
        if named:
            what = ax["ylabel"] or ("1 curve" if len(named) == 1 else f"{len(named)} curves")
            heading = f"{ax['title']}: {what}" if ax["title"] else what
            sentences.append(f"{heading} against {ax['xlabel'] or 'index'}.")
            sentences += [_course(name, line) for name, line in named]
    return " ".join(sentences)


def _course(name: str, line: Mapping[str, Any]) -> str:
    x, y = line["x"], line["y"]
    if min(y) == max(y):
        return f"{name} stays at {y[0]:.3g}."
    verb = "goes" if y[0] == y[-1] else "falls" if y[-1] < y[0] else "rises"
    words = f"{name} {verb} from {y[0]:.3g} at {x[0]:.3g} to {y[-1]:.3g} at {x[-1]:.3g}"
    for extreme, word in ((min(y), "lowest"), (max(y), "highest")):
        if extreme not in (y[0], y[-1]):
            words += f", {word} {extreme:.3g} at {x[y.index(extreme)]:.3g}"
    return words + "."


def _plotted(ax: Mapping[str, Any]) -> Iterable[str]:
    """The tables of one of the axes: one for all curves over the same points, and one for bars."""
    over = ax["xlabel"] or "index"
    caption = ax["title"] or ax["ylabel"] or f"Curves against {over}"
    notes: list[str] = []
    groups: dict[tuple[float, ...], list[tuple[str, Sequence[float]]]] = {}
    bands = [_band(points) for points in ax["points"]]
    for name, line in _curves(ax):
        if len(line["x"]) == 2 and line["y"][0] == line["y"][1]:
            notes.append(f"{name} is {_number(line['y'][0])} throughout")
            continue
        columns = groups.setdefault(tuple(line["x"]), [])
        columns.append((name, line["y"]))
        for index, band in enumerate(bands):
            if band and _encloses(band, line):
                columns += [(f"{name}, band from", band[1]), (f"{name}, band to", band[2])]
                bands[index] = None
                break
    for band in filter(None, bands):
        edges = [("band from", band[1]), ("band to", band[2])]
        groups.setdefault(tuple(band[0]), []).extend(edges)
    if len(groups) > 2:  # one long table, rather than many short ones
        points = [
            (name, at, value)
            for x, columns in groups.items()
            for name, values in columns
            for at, value in zip(x, values, strict=True)
        ]
        heads = ("curve", over, ax["ylabel"] or "value")
        yield _table(caption, notes, list(zip(heads, zip(*points, strict=True), strict=True)))
    else:
        for x, columns in groups.items():
            yield _table(caption, notes, [(over, x), *columns])
    if ax["bars"]:
        left, width, height = zip(*ax["bars"], strict=True)
        right = [start + size for start, size in zip(left, width, strict=True)]
        columns = [("from", left), ("to", right), (ax["ylabel"] or "height", height)]
        yield _table(f"Bars over {ax['xlabel'] or 'the axis'}", [], columns)


def _curves(ax: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The lines with their names from the legend; other lines are numbered."""
    lines = ax["lines"]
    # Where a legend was given as a list, the lines themselves know nothing of their names.
    given = ax["legend"] if len(ax["legend"]) == len(lines) else []
    found = []
    for place, line in enumerate(lines):
        name = line["label"]
        if name.startswith("_"):
            if ax["images"]:
                continue  # a rule that divides a picture
            alone = ax["ylabel"] if len(lines) == 1 else ""
            name = given[place] if given else alone or f"curve {place + 1}"
        if line["x"]:
            found.append((name, line))
    return found


def _band(points: Sequence[float]) -> tuple[list[float], list[float], list[float]] | None:
    """A filled band as ``(x, low, high)`` from its outline; None if it is not a band.

    Matplotlib's outline goes along one edge and back along the other, and starts in a corner.
    """
    x, y = points[0::2], points[1::2]
    count = (len(x) - 3) // 2
    there, back = slice(1, count + 1), slice(2 * count + 1, count + 1, -1)
    if count < 1 or len(x) != 2 * count + 3 or x[there] != x[back]:
        return None
    pairs = [sorted(pair) for pair in zip(y[there], y[back], strict=True)]
    return list(x[there]), [low for low, _ in pairs], [high for _, high in pairs]


def _encloses(band: tuple[Sequence[float], ...], line: Mapping[str, Any]) -> bool:
    return band[0] == line["x"] and all(
        low <= value <= high for value, low, high in zip(line["y"], *band[1:], strict=True)
    )


def _pictures(axes: Sequence[Mapping[str, Any]]) -> list[str]:
    """One table of all pictures of a figure, without their pixels."""
    named = [
        (name, image)
        for name, ax in zip(_picture_names(axes), axes, strict=True)
        for image in ax["images"]
    ]
    if not named:
        return []
    images = [image for _, image in named]
    zeros = [_zeros(image) for image in images]
    columns: list[tuple[str, Sequence[Any]]] = [
        ("picture", [name for name, _ in named]),
        ("rows × columns", [" × ".join(map(str, image["shape"][:2])) for image in images]),
        ("mean", [image["mean"] for image in images]),
        ("standard deviation", [image["std"] for image in images]),
    ]
    if any(zeros):
        columns.append(("share of zeros", zeros))
    return [_table("Pictures", [], columns)]


def _picture_names(axes: Sequence[Mapping[str, Any]]) -> list[str]:
    """A name for each of the axes, from the titles above a grid and the labels beside it."""
    titles = [ax["title"] for ax in axes]
    wide = titles.index("") if "" in titles else len(titles)
    if 0 < wide < len(titles) and len(titles) % wide == 0 and not any(titles[wide:]):
        rows = [axes[start]["ylabel"] for start in range(0, len(axes), wide)]
        return [
            f"{row or f'row {number}'}, {title}"
            for number, row in enumerate(rows, 1)
            for title in titles[:wide]
        ]
    names, row, column = [], "picture", 0
    for ax in axes:
        row, column = (ax["ylabel"], 1) if ax["ylabel"] else (row, column + 1)
        names.append(ax["title"] or f"{row} {column}")
    return names


def _zeros(image: Mapping[str, Any]) -> str:
    """The share of zeros if it is known, that is, if all pixels are stored."""
    mean, pixels = image["mean"], image.get("pixels")
    if pixels:
        found = sum(pixel == 0 for pixel in pixels)
        return f"{found / len(pixels):.1%}" if found else ""
    if abs(image["std"] ** 2 - mean * (1 - mean)) < 1e-6:  # only zeros and ones spread so far
        return f"{1 - mean:.1%}"
    return ""


def _table(caption: str, notes: Sequence[str], columns: Sequence[tuple[str, Sequence[Any]]]) -> str:
    rows = list(zip(*(values for _, values in columns), strict=True))
    step = -(-len(rows) // MOST_ROWS)
    if step > 1:
        notes = [*notes, f"every {step}th of {len(rows)} points, and the last"]
        rows = [*rows[:-1:step], rows[-1]]
    words = "; ".join([caption, *notes])
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name, _ in columns)
    body = "".join(
        f'<tr><th scope="row">{_number(first)}</th>'
        + "".join(f"<td>{_number(value)}</td>" for value in rest)
        + "</tr>"
        for first, *rest in rows
    )
    # A box of its own scrolls sideways, and so must be in reach of the keyboard.
    return (
        f'<div class="figure-data-table" role="group" aria-label="{escape(words)}" tabindex="0">'
        f"<table><caption>{_text(words)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _number(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.{DIGITS}g}"


def _text(words: str) -> str:
    """Text as HTML; text between dollars is a formula."""
    return "".join(
        mathml(part) if place % 2 else escape(part)
        for place, part in enumerate(re.split(r"\$([^$]+)\$", words))
    )

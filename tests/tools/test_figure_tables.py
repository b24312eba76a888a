"""The tables below the figures say what is plotted, and say it so that it can be read out."""

import nbformat
import numpy as np
import pytest
from backends import ROOT
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from d2lcompat._figures import SERIES
from d2lcompat._series import series
from tabbook.figures.tables import MOST_ROWS, curves_in_words, data_of_figure

# What four digits leave open
CLOSE = 5.01e-4
VALUES = st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.10g}"))


def numbers(cells):
    return [float(cell.replace(",", "")) for cell in cells]


def tables(data) -> list[dict]:
    """The tables below a figure: ``caption``, ``heads``, and ``rows`` of words."""
    return [
        {
            "caption": table.caption.text,
            "heads": [cell.text for cell in table.thead.find_all("th")],
            "rows": [[cell.text for cell in row] for row in table.tbody.find_all("tr")],
        }
        for table in BeautifulSoup(data_of_figure(data), "html.parser").find_all("table")
    ]


def drawn(draw, **labels) -> dict:
    """The data of a figure with one pair of axes."""
    figure = Figure()
    ax = figure.subplots()
    draw(ax)
    ax.set(**labels)
    return series(figure)


STORED = [
    (f"{path.parent.name}/{path.stem}", output.data[SERIES])
    for path in sorted((ROOT / "chapters").glob("*/*.ipynb"))
    for cell in nbformat.read(path, as_version=4).cells
    for output in cell.get("outputs", [])
    if SERIES in output.get("data", {})
]


assert len(STORED) > 50


@pytest.mark.parametrize(("name", "data"), STORED)
def test_every_point_of_a_stored_figure_is_told(name, data):
    found = tables(data)
    told = [numbers(row[-2:]) for table in found for row in table["rows"] if len(row) == 3]
    for ax in data["axes"]:
        for line in ax["lines"]:
            if len(line["x"]) == 2 or len(line["x"]) > MOST_ROWS:
                continue  # a rule, or thinned: below
            columns = [
                column
                for table in found
                if table["heads"][0] != "curve" and len(table["rows"]) == len(line["x"])
                for column in list(zip(*table["rows"], strict=True))[1:]
            ]
            assert any(
                np.allclose(numbers(column), line["y"], rtol=CLOSE, atol=0) for column in columns
            ) or all(
                any(np.allclose(pair, point, rtol=CLOSE, atol=0) for pair in told)
                for point in zip(line["x"], line["y"], strict=True)
            ), (name, line["label"])
        for image in ax["images"]:
            shape = " × ".join(map(str, image["shape"][:2]))
            rows = [row for table in found for row in table["rows"] if row[1] == shape]
            assert any(
                np.allclose(numbers(row[2:4]), [image["mean"], image["std"]], rtol=CLOSE, atol=0)
                for row in rows
            )


@pytest.mark.parametrize(("name", "data"), STORED)
def test_a_table_can_be_read_out(name, data):
    heads = BeautifulSoup(data_of_figure(data), "html.parser").find_all("th")
    assert all(head["scope"] in ("col", "row") for head in heads)
    for table in tables(data):
        assert table["caption"]
        assert all(head.strip() for head in table["heads"])
        assert 0 < len(table["rows"]) <= MOST_ROWS + 1
        assert {len(row) for row in table["rows"]} == {len(table["heads"])}


@settings(max_examples=40)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=3, max_size=300))
def test_a_curve_comes_back_and_a_long_one_thinned(points):
    x, y = zip(*points, strict=True)
    (table,) = tables(drawn(lambda ax: ax.plot(x, y, label="loss"), xlabel="epoch"))
    assert table["heads"] == ["epoch", "loss"]
    told = [numbers(row) for row in table["rows"]]
    step = -(-len(points) // MOST_ROWS)
    expected = points if step == 1 else [*points[:-1:step], points[-1]]
    assert np.allclose(told, expected, rtol=CLOSE, atol=0.51 * (np.abs(told) >= 1000))
    assert (f"every {step}th of {len(points)} points" in table["caption"]) == (step > 1)


def test_curves_over_the_same_points_share_a_table_with_their_bands():
    def draw(ax):
        ax.plot([1, 2, 3], [5, 6, 7], label="a")
        ax.plot([1, 2, 3], [1, 2, 4], label="b")
        ax.fill_between([1, 2, 3], [0, 1, 2], [2, 3, 5])

    (table,) = tables(drawn(draw, xlabel="layer", title="T"))
    assert table["caption"] == "T"
    assert table["heads"] == ["layer", "a", "b", "b, band from", "b, band to"]
    assert [numbers(row) for row in table["rows"]] == [
        [1, 5, 1, 0, 2],
        [2, 6, 2, 1, 3],
        [3, 7, 4, 2, 5],
    ]


def test_bars_have_edges_and_heights():
    (table,) = tables(drawn(lambda ax: ax.bar([0, 1], [0.25, 4]), ylabel="share"))
    assert table["heads"] == ["from", "to", "share"]
    assert [numbers(row) for row in table["rows"]] == [[-0.4, 0.4, 0.25], [0.6, 1.4, 4]]


def test_a_mask_is_told_by_its_share_of_zeros():
    mask = np.array([[0.0, 1, 1, 1], [1, 1, 0, 1]])
    (table,) = tables(drawn(lambda ax: ax.imshow(mask), title="mask"))
    row = dict(zip(table["heads"], table["rows"][0], strict=True))
    assert row["picture"] == "mask"
    assert row["rows × columns"] == "2 × 4"
    assert row["share of zeros"] == "25.0%"
    greys = np.arange(256).reshape(16, 16) / 255  # no mask: no share is made up
    (table,) = tables(drawn(lambda ax: ax.imshow(greys)))
    assert "share of zeros" not in table["heads"]


def test_a_grid_is_named_by_its_titles_and_labels():
    figure = Figure()
    grid = figure.subplots(2, 2)
    for ax in grid.flat:
        ax.imshow([[0, 1]])
    grid[0, 0].set(title="left", ylabel="dropout")
    grid[0, 1].set(title="right")
    grid[1, 0].set(ylabel="block")
    (table,) = tables(series(figure))
    assert [row[0] for row in table["rows"]] == [
        "dropout, left",
        "dropout, right",
        "block, left",
        "block, right",
    ]


def test_names_are_text_and_formulas_formulas():
    data = drawn(lambda ax: ax.plot([1, 2, 3], [1, 2, 3], label=r"$\sqrt{T}$"), xlabel="a < b")
    html = data_of_figure(data)
    assert "a &lt; b" in html
    assert "<math><msqrt><mi>T</mi></msqrt></math>" in html


def test_no_data_no_toggle():
    assert data_of_figure(drawn(lambda ax: None)) == ""
    assert curves_in_words(drawn(lambda ax: None)) == ""


def test_words_follow_a_curve_from_its_first_point_to_its_last():
    def draw(ax):
        ax.plot([0, 5, 10], [2, 3, 1], label="loss")
        ax.plot([0, 5, 10], [1, 1, 1], label="chance")

    assert curves_in_words(drawn(draw, xlabel="epoch")) == (
        "2 curves against epoch. loss falls from 2 at 0 to 1 at 10, highest 3 at 5. "
        "chance stays at 1."
    )

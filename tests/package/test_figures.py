"""A board draws every point it was given; a figure carries the numbers that it shows."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.pylabtools import print_figure
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from d2lcompat import _board, _figures, _png, _series
from d2lcompat._board import ProgressBoard


@pytest.fixture(autouse=True)
def closed_figures():
    before = plt.rcParams["figure.figsize"]
    yield
    plt.close("all")
    plt.rcParams["figure.figsize"] = before


# ---------------------------------------------------------------------------------------- the board

points = st.lists(st.tuples(st.floats(-100, 100), st.integers(1, 50)), min_size=1, max_size=30)


@settings(deadline=None)
@given(points, st.integers(1, 12))
def test_a_point_is_the_weighted_mean_of_every_n(values, every_n):
    board = ProgressBoard(display=False)
    for x, (y, weight) in enumerate(values):
        board.draw(x, y, "loss", every_n=every_n, weight=weight)
    assert len(board.data["loss"]) == len(values) // every_n
    board.flush()
    groups = [values[start : start + every_n] for start in range(0, len(values), every_n)]
    assert len(board.data["loss"]) == len(groups)
    for place, (point, group) in enumerate(zip(board.data["loss"], groups, strict=True)):
        ys, weights = np.array(group, float).T
        xs = place * every_n + np.arange(len(group))
        assert point.x == pytest.approx(xs.mean())
        assert point.y == pytest.approx((ys * weights).sum() / weights.sum(), abs=1e-9)
        assert point.weight == weights.sum()
    board.flush()
    assert len(board.data["loss"]) == len(groups)


def test_curves_do_not_mix():
    board = ProgressBoard(display=False)
    for x in range(4):
        board.draw(x, x, "a", every_n=2)
        board.draw(x, -x, "b", every_n=4)
    assert [(p.x, p.y) for p in board.data["a"]] == [(0.5, 0.5), (2.5, 2.5)]
    assert [(p.x, p.y) for p in board.data["b"]] == [(1.5, -1.5)]


@pytest.mark.parametrize("every_n", [0, -1, 0.5])
def test_every_n_below_one_is_refused(every_n):
    board = ProgressBoard(display=False)
    with pytest.raises(ValueError, match=rf"every_n of at least 1; received {every_n}"):
        board.draw(0, 1, "loss", every_n=every_n)


def test_every_curve_is_drawn_however_many():
    board = ProgressBoard(display=False)
    for curve in range(9):
        board.draw(0, curve, f"curve {curve}")
        board.draw(1, curve, f"curve {curve}")
    axes = board.figure().axes[0]
    assert [line.get_label() for line in axes.lines] == [f"curve {k}" for k in range(9)]
    assert [line.get_ydata()[-1] for line in axes.lines] == list(range(9))
    assert len(axes.get_legend().get_texts()) == 9
    board.draw(2, 7, "curve 0")
    assert len(board.figure().axes[0].lines) == 9  # redrawn, not drawn once more
    assert list(axes.lines[0].get_xdata()) == [0, 1, 2]


def test_clear_forgets():
    board = ProgressBoard(display=False)
    board.draw(0, 1, "a")
    board.draw(0, 1, "pending", every_n=3)
    first = board.figure()
    board.clear()
    board.flush()
    assert board.data == {}
    board.draw(5, 2, "b")
    assert board.figure() is not first
    assert [line.get_label() for line in board.figure().axes[0].lines] == ["b"]


def test_a_board_draws_where_it_is_told():
    figure, (left, right) = plt.subplots(1, 2)
    board = ProgressBoard(
        xlabel="x", ylabel="y", xlim=[0, 4], ylim=[1, 10], yscale="log", fig=figure, axes=right,
        display=False,
    )  # fmt: skip
    board.draw(1, 2, "a")
    assert board.figure() is figure
    assert not left.lines
    assert (right.get_xlabel(), right.get_ylabel(), right.get_yscale()) == ("x", "y", "log")
    assert (right.get_xlim(), right.get_ylim()) == ((0, 4), (1, 10))
    board.clear()
    board.draw(1, 2, "a")
    assert board.figure() is figure


def test_values_may_be_arrays_of_one_number():
    board = ProgressBoard(display=False)
    board.draw(np.array(1), np.float32(2.5), "a")
    assert board.data["a"] == [(1.0, 2.5, 1.0)]
    assert all(type(number) is float for number in board.data["a"][0][:2])


def test_without_display_nothing_is_made():
    board = ProgressBoard(display=False)
    board.draw(0, 1, "a")
    board.flush()
    board.show()
    assert plt.get_fignums() == []


# ------------------------------------------------------------------------------------------- series


def test_series_says_what_is_plotted():
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], "r--o", label="a line")
    axes.bar([0, 1], [5, 6])
    axes.scatter([7], [8])
    axes.fill_between([1, 2], [3, 4], [5, 6])
    axes.text(0, 0, "here")
    axes.set_xlim(0, 3)
    axes.set_yticks([1, 2], ["one", "two"])
    axes.imshow(np.arange(4.0).reshape(2, 2))
    axes.set(title="t", xlabel="x", ylabel="y")
    axes.legend()
    (found,) = json.loads(json.dumps(_series.series(figure)))["axes"]
    assert (found["title"], found["xlabel"], found["ylabel"]) == ("t", "x", "y")
    assert found["lines"] == [
        {"label": "a line", "style": "-- o #ff0000", "x": [1.0, 2.0], "y": [3.0, 4.0]}
    ]
    assert [bar[2] for bar in found["bars"]] == [5.0, 6.0]
    points, band = found["points"]
    assert points == [7.0, 8.0]
    assert {3.0, 4.0, 5.0, 6.0} <= set(band)
    assert (found["xlim"], "ylim" in found) == ([0.0, 3.0], False)
    assert (found["yticks"], found["texts"]) == (["one", "two"], ["here"])
    assert found["images"][0]["shape"] == [2, 2]
    assert found["images"][0]["mean"] == 1.5
    assert found["legend"] == ["a line"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(deadline=None, max_examples=30)
def test_series_is_true_to_the_data(ys):
    figure = Figure()
    figure.gca().plot(range(len(ys)), ys)
    (line,) = _series.series(figure)["axes"][0]["lines"]
    np.testing.assert_allclose(line["y"], ys, rtol=1e-9)
    assert line["x"] == list(range(len(ys)))


def test_no_number_is_named():
    board = ProgressBoard(display=False)
    for x, y in enumerate([1, np.nan, np.inf, -np.inf]):
        board.draw(x, y, "loss")
    found = json.loads(json.dumps(_series.series(board.figure()), allow_nan=False))
    assert found["axes"][0]["lines"][0]["y"] == [1, "nan", "inf", "-inf"]


@pytest.mark.parametrize(
    "change", ["y", "x", "label", "style", "pixel", "colours", "band", "limits", "ticks", "title"]
)
def test_series_notices_a_change(change):
    def drawn(changed):
        figure = Figure()
        axes = figure.gca()
        axes.plot(
            [0, 1.001 if changed == "x" else 1],
            [0, 1.001 if changed == "y" else 1],
            "--" if changed == "style" else "-",
            label="B" if changed == "label" else "A",
        )
        image = np.zeros((3, 3))
        image[1, 2] = changed == "pixel"
        axes.imshow(image, cmap="gray_r" if changed == "colours" else "gray")
        axes.fill_between([0, 1], [0, 0], [1, 1.001 if changed == "band" else 1])
        axes.set_xlim(0, 2.001 if changed == "limits" else 2)
        axes.set_xticks([0, 1], ["p", "q" if changed == "ticks" else "1 - p"])
        figure.suptitle("B" if changed == "title" else "A")
        return _series.series(figure)

    assert drawn(None) == drawn(None)
    assert drawn(change) != drawn(None)


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (np.eye(9) / 0.7, "sha256"),
        (np.arange(256.0, dtype=np.float32).reshape(16, 16) / np.float32(255), "sha256"),
        (np.sin(np.arange(64.0)).reshape(8, 8), "pixels"),
        (np.sin(np.arange(4096.0)).reshape(64, 64), "block_means"),
    ],
    ids=["mask", "photograph", "computed", "large"],
)
def test_images_repeat_exactly_or_are_compared_as_numbers(image, kind):
    def shown(pixels):
        figure = Figure()
        figure.gca().imshow(pixels)
        return _series.series(figure)["axes"][0]["images"][0]

    found = shown(image)
    assert {"sha256", "pixels", "block_means"} & set(found) == {kind}
    if kind != "sha256":
        np.testing.assert_allclose(found[kind], shown(image * (1 + 1e-9))[kind], rtol=1e-5)
        assert found[kind] != shown(image[::-1])[kind]


def test_describe():
    figure = Figure()
    assert _series.describe(figure) == "An empty figure."
    axes = figure.gca()
    axes.plot([0, 1], [2, 0.1234], label="loss")
    axes.set(xlabel="epoch", ylabel="value")
    assert _series.describe(figure) == "value against epoch: loss ends at 0.123."
    figure.alt = "What I say."
    assert _series.describe(figure) == "What I say."


# ------------------------------------------------------------------------------------------ the PNG


def drawn():
    figure = Figure(figsize=(3.5, 2.5))
    axes = figure.gca()
    for place in range(8):
        axes.plot([0, 1], [0, place], f"C{place}", lw=0.5, label=f"C{place}")
    axes.imshow(np.linspace(0, 1, 4096).reshape(64, 64), extent=(0, 1, 0, 7))
    axes.legend()
    return figure


def test_a_png_keeps_all_colours_in_half_of_the_bytes():
    data, shown = _png.png(drawn())
    assert (data, shown) == _png.png(drawn())
    few = Image.open(io.BytesIO(data))
    everything = io.BytesIO(print_figure(drawn(), dpi=192))
    every = Image.open(everything).convert("RGB")
    assert few.size == every.size
    assert few.size == pytest.approx([2 * shown["width"], 2 * shown["height"]], abs=1)
    change = np.abs(np.asarray(few.convert("RGB"), int) - np.asarray(every, int))
    assert change.max() < 48
    assert len(data) < len(everything.getvalue()) / 2


def test_a_draft_and_an_empty_figure_have_no_png():
    assert _png.png(Figure()) is None
    figure = drawn()
    figure.draft = True
    assert _png.png(figure) is None


# ---------------------------------------------------------------------------------- plot and images


def lines():
    return [
        (list(map(float, line.get_xdata())), list(map(float, line.get_ydata())))
        for line in plt.gca().lines
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (([3, 4],), [([0, 1], [3, 4])]),
        (([1, 2], [3, 4]), [([1, 2], [3, 4])]),
        (([1, 2], [[3, 4], [5, 6]]), [([1, 2], [3, 4]), ([1, 2], [5, 6])]),
        (([[1, 2], [0]], [[3, 4], [5]]), [([1, 2], [3, 4]), ([0], [5])]),
        (([[1, 2], [3, 4]],), [([0, 1], [1, 2]), ([0, 1], [3, 4])]),
        ((np.array([1, 2]), [np.array([3, 4])] * 6), [([1, 2], [3, 4])] * 6),
    ],
)
def test_plot_draws_every_curve(arguments, expected):
    _figures.plot(*arguments)
    assert lines() == expected


def test_plot_labels():
    _figures.plot([1, 2], [3, 4], "x", "f(x)", legend=["f"], xlim=[0, 3], yscale="log")
    axes = plt.gca()
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("x", "f(x)", "log")
    assert axes.get_xlim() == (0, 3)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["f"]


def test_plot_takes_tensors(backend):
    x = backend.tensor(np.array([0, 1], np.float32))
    backend.d2l.plot(x, [x * 2, x * 3])
    assert lines() == [([0, 1], [0, 2]), ([0, 1], [0, 3])]


def test_plot_refuses():
    with pytest.raises(ValueError, match="at least one value"):
        _figures.plot([])
    with pytest.raises(ValueError, match="one for each of the 3 in Y; received 2"):
        _figures.plot([[1], [2]], [[1], [2], [3]])


def test_show_images(backend):
    images = backend.tensor(np.arange(5 * 4, dtype=np.float32).reshape(5, 2, 2))
    axes = backend.d2l.show_images(images, 2, 2, titles=["a", "b", "c", "d"])
    assert [ax.get_title() for ax in axes] == ["a", "b", "c", "d"]
    for place, ax in enumerate(axes):
        np.testing.assert_array_equal(
            ax.images[0].get_array(), np.arange(4).reshape(2, 2) + 4 * place
        )
    assert _series.describe(axes[0].figure) == "4 of 5 images: a, b, c, d."


def test_show_fewer_images_than_places():
    axes = _figures.show_images(np.zeros((3, 2, 2)), 2, 2)
    assert [len(ax.images) for ax in axes] == [1, 1, 1, 0]
    with pytest.raises(ValueError, match="title for each of the 3 images; received 1"):
        _figures.show_images(np.zeros((3, 2, 2)), 2, 2, titles=["a"])


class Shell:
    """Where a board would be in a notebook; it calls nothing back."""

    events = SimpleNamespace(register=lambda *_: None, unregister=lambda *_: None)


@pytest.mark.parametrize("cost", [0.01, 0.1, 1.0])
def test_drawing_keeps_to_its_share_of_the_time(monkeypatch, cost):
    now = [0.0]
    drawings = []

    def display(board, draft=False):
        now[0] += cost
        drawings.append(now[0])

    monkeypatch.setattr(_board, "_shell", Shell)
    monkeypatch.setattr(_board.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(ProgressBoard, "_display", display)
    monkeypatch.setenv("D2LCOMPAT_LIVE_PLOTS", "1")
    board = ProgressBoard()
    for step in range(5000):
        now[0] += 0.2
        board.draw(step, 1.0, "loss")
        assert cost * len(drawings) <= max(cost, board.DRAWING_SHARE * now[0])
    assert drawings[0] < 0.2 + 2 * cost  # the first at once
    # With the last, and not for want of trying
    board.show()
    assert 0.015 < cost * len(drawings) / now[0] <= board.DRAWING_SHARE

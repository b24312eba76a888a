"""Synthetic images of ten kinds of garments, for machines without access to Fashion-MNIST.

With these data the notebooks run without a network. They have the shapes and classes of
Fashion-MNIST but none of its images. Results on them do not apply to Fashion-MNIST, and the class
names say that they are synthetic.

Only exact arithmetic and uniform random numbers are used, so the data are equal on every machine.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 28
_FINE = 8  # the outlines are drawn on a grid this many times finer than the pixels
_CHUNK = 1000  # images generated at a time, so that they fit into the processor's cache

Polygon = list[tuple[float, float]]
Floats = NDArray[np.float64]
Images = NDArray[np.uint8]


def _outline(points: str) -> Polygon:
    """``"x,y x,y …"`` as points."""
    return [(float(x), float(y)) for x, y in (point.split(",") for point in points.split())]


def _mirrored(points: str) -> Polygon:
    """A left half, listed from top to bottom, closed with its mirror image."""
    left = _outline(points)
    return left + [(SIZE - x, y) for x, y in reversed(left)]


def _box(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


_LONG_SLEEVES = "10.5,3 5.5,5.5 2.5,22 5.5,23 8.2,12 8.2,25"
_SOLE = "1.5,21 11,19.5 19,14.5 26,12.5 26.2,22 23.5,22 22.5,17 14,22 2,23"
_TOE_STRAP = "3.5,20.8 7.5,14.5 10.5,14 11,19.8 9.3,19.8 8.8,16 5.5,20.8"
_HEEL_STRAP = "17,15.8 20.5,6.5 25.5,5.5 26.2,13 24.6,13 24,7.3 21.6,7.8"
_LOW_SHOE = "2,20.5 2.3,16.8 7.5,15.2 13.5,10.2 17,9.3 19.5,11.8 24.5,10.5 26,14 26,20.5"
_BOOT = (
    "13,2 23,2.6 24,12 25.5,20 25.5,25 21.2,25 20.5,22.8 12,23.4 2,24 1.8,20 6,17.2 10.5,15 12.6,10"
)
_WELT = "1.8,22 12,21.6 20.5,21 25.5,21 25.5,22.2 20.5,22.2 2,23.4"

# One garment per class, in the order of the labels: (outline, level) layers, painted in this
# order. A point is x,y in pixels, y downwards; a level is a grey value, 0 being background.
_GARMENTS: list[list[tuple[Polygon, int]]] = [
    [  # t-shirt
        (_mirrored("10.5,3 3,7 5,12.5 8.2,10.5 8.2,25"), 220),
        (_mirrored("11,2.5 12.5,5"), 0),
    ],
    [  # trouser
        (_mirrored("9,2 7.5,26 12.6,26 14,9"), 215),
        (_mirrored("9,2 8.9,3.6"), 150),
    ],
    [  # pullover
        (_mirrored(_LONG_SLEEVES), 215),
        (_mirrored("8.2,23.4 8.2,25"), 160),
        (_mirrored("10.8,3 12,5.4"), 160),
        (_mirrored("11.4,2.5 12.4,4.2"), 0),
    ],
    [  # dress
        (_mirrored("11,2 9.5,8 11,12.5 6.5,26"), 220),
        (_mirrored("12,1.5 12.8,5.5"), 0),
        (_mirrored("11,12 11,13.2"), 150),
    ],
    [  # coat
        (_mirrored("10,2 5,5 2,23 5.4,24 7.4,13 6.8,26.3"), 205),
        (_mirrored("11,1.5 14,9"), 90),
        (_mirrored("12,1.5 14,6"), 0),
        (_box(13.5, 8, 14.5, 26.3), 60),
        (_box(9, 17.5, 12, 18.4), 110),
        (_box(16, 17.5, 19, 18.4), 110),
    ],
    [  # sandal
        (_outline(_SOLE), 200),
        (_outline(_TOE_STRAP), 230),
        (_outline(_HEEL_STRAP), 230),
    ],
    [  # shirt
        (_mirrored(_LONG_SLEEVES), 210),
        (_mirrored("10.4,2.4 11.4,6.2 14,5"), 250),
        (_mirrored("12,1.5 14,5"), 0),
        (_box(13.6, 5, 14.4, 25), 130),
        *((_box(13.3, y, 14.7, y + 1.2), 40) for y in (8, 12, 16, 20)),
    ],
    [  # sneaker
        (_outline(_LOW_SHOE), 205),
        (_box(1.8, 19.8, 26.2, 22.4), 250),
        (_outline("11,13.8 12,13.4 13.6,18 12.6,18"), 60),
        (_outline("13.6,13.8 14.6,13.4 16.2,18 15.2,18"), 60),
        (_outline("16.2,13.8 17.2,13.4 18.8,18 17.8,18"), 60),
    ],
    [  # bag
        (_mirrored("7.5,12 8.8,5.5 12,2.5"), 200),
        (_mirrored("9.5,12 10.6,6.6 12.8,4.6"), 0),
        (_mirrored("4.5,11 3,25"), 220),
        (_mirrored("4.2,14.6 4.1,15.4"), 120),
        (_box(12.6, 13.6, 15.4, 16.8), 60),
    ],
    [  # ankle boot
        (_outline(_BOOT), 210),
        (_outline(_WELT), 110),
        (_outline("17,4 18,4 19.5,11 18.5,11"), 110),
    ],
]


def _inside(polygon: Polygon, x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Which grid points are in a polygon: those with an odd number of edges to their right."""
    inside = np.zeros((len(y), len(x)), dtype=bool)
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if y0 != y1:
            crossing = (x1 - x0) * (y - y0) / (y1 - y0) + x0
            between = (y0 > y) != (y1 > y)
            inside ^= between[:, None] & (x[None, :] < crossing[:, None])
    return inside


def _box_blur(image: NDArray[np.integer[Any]], width: int) -> NDArray[np.int64]:
    """Mean over a width × width window along the last two axes, with repeated edge values."""
    half = width // 2
    padding = [(0, 0)] * (image.ndim - 2) + [(half, width - 1 - half)] * 2
    blurred = np.pad(image.astype(np.int64), padding, mode="edge")
    for axis in (-2, -1):
        windows = np.lib.stride_tricks.sliding_window_view(blurred, width, axis=axis)
        blurred = windows.sum(axis=-1)
    return blurred // (width * width)


def _templates() -> Images:
    """The ten garments on the fine grid, blurred so that each point is the mean over one pixel."""
    points = (np.arange(SIZE * _FINE) + 0.5) / _FINE + 1e-4  # no round numbers, so no ties
    drawn = np.zeros((len(_GARMENTS), SIZE * _FINE, SIZE * _FINE), dtype=np.uint8)
    for image, layers in zip(drawn, _GARMENTS, strict=True):
        for polygon, level in layers:
            image[_inside(polygon, points, points)] = level
    return _box_blur(drawn, _FINE).astype(np.uint8)


def _textures(rng: np.random.Generator) -> Images:
    """Textures, (n, 28, 28) in 64..255: plain, striped, checked, blotched and shaded."""
    row, column = np.mgrid[:SIZE, :SIZE]
    plain = np.full((12, SIZE, SIZE), 235)
    across = [150 + 100 * ((row + p) // (p // 2) % 2) for p in (4, 6, 8, 10)]
    along = [150 + 100 * ((column + p) // (p // 2) % 2) for p in (4, 6, 8)]
    checked = [140 + 55 * (row // p % 2) + 55 * (column // p % 2) for p in (2, 3)]
    blotched = _box_blur(rng.integers(0, 256, (8, SIZE, SIZE)), 4) * 3 - 190
    shaded = [110 + 5 * row, 250 - 5 * row, 110 + 5 * column, 250 - 5 * column]
    cloths = np.concatenate([plain, across, along, checked, blotched, shaded])
    return np.clip(cloths, 64, 255).astype(np.uint8)


def draw(number: int, seed: int) -> tuple[Images, NDArray[np.int32]]:
    """Draw garments of ten classes in equal shares and random order.

    Args:
        number: the number of images, a multiple of ten.
        seed: the seed of the random numbers; the same seed gives the same images.

    Returns:
        Images, uint8 (number, 28, 28), and labels 0 … 9, int32 (number,).
    """
    rng = np.random.default_rng(seed)
    templates = _templates()
    textures = _textures(rng)
    labels = rng.permutation(np.arange(number, dtype=np.int32) % len(_GARMENTS))
    images = np.empty((number, SIZE, SIZE), dtype=np.uint8)
    for start in range(0, number, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        images[chunk] = _worn(templates, textures, labels[chunk], rng)
    return images, labels


def _worn(
    templates: Images, textures: Images, labels: NDArray[np.int32], rng: np.random.Generator
) -> Images:
    """One image per label: a garment, shifted, stretched, textured, lit, hidden in part, noisy."""
    n = len(labels)

    def uniform(low: float, high: float) -> Floats:
        return low + (high - low) * rng.random((n, 1))

    pixels = np.arange(SIZE) + 0.5 - SIZE / 2

    def source() -> NDArray[np.intp]:
        """The index on the fine grid for each pixel of one axis, (n, 28)."""
        moved = (pixels - uniform(-2.5, 2.5)) / uniform(0.75, 1.15) + SIZE / 2
        return np.clip((moved * _FINE).astype(np.intp), 0, SIZE * _FINE - 1)

    rows, columns = source(), source()
    slant = uniform(-0.15, 0.15)  # columns shift with the row, so that the garment leans
    lean = (slant * pixels * _FINE).astype(np.intp)
    columns = np.clip(columns[:, None, :] + lean[:, :, None], 0, SIZE * _FINE - 1)
    garment = templates[labels[:, None, None], rows[:, :, None], columns].astype(np.uint16)

    cloth = textures[rng.integers(0, len(textures), n)].astype(np.uint16)
    light = np.minimum(uniform(90, 290), 255).astype(np.uint16)[:, :, None]
    picture: NDArray[np.uint16] = garment * cloth // 255 * light // 255

    # A dark rectangle covers part of 40% of the images, so that no single pixel reveals a class.
    top, left = rng.integers(-4, SIZE, (2, n, 1))
    height, width = rng.integers(5, 14, (2, n, 1))
    hides = rng.random((n, 1)) < 0.4
    index = np.arange(SIZE)
    hidden = ((index >= top) & (index < top + height) & hides)[:, :, None] & (
        (index >= left) & (index < left + width)
    )[:, None, :]
    picture[hidden] //= 6

    grain = np.frombuffer(rng.bytes(picture.size), np.uint8).reshape(picture.shape)
    picture = picture * (192 + grain // 4).astype(np.uint16) // 255 + grain // 12
    return np.minimum(picture, 255).astype(np.uint8)

"""The class names of Fashion-MNIST, and its pixels as floats."""

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from d2lcompat._data.integers import positive_integer

TEXT_LABELS = [
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
]


def text_labels(indices: Iterable[Any], synthetic: bool = False) -> list[str]:
    """The names of classes.

    Args:
        indices: whole numbers 0 … 9, as an array or tensor of any framework.
        synthetic: whether the data are synthetic (``Arrays.synthetic``); the names then say so.

    Raises:
        ValueError: an index is not one of 0 … 9.
    """
    names = []
    for index in indices:
        if float(index) not in range(len(TEXT_LABELS)):
            raise ValueError(f"Invalid class. Expected an integer from 0 to 9. Received: {index}.")
        names.append(TEXT_LABELS[int(index)] + (" (synthetic)" if synthetic else ""))
    return names


def pixels(images: NDArray[np.uint8], size: tuple[int, int] = (28, 28)) -> NDArray[np.float32]:
    """Convert grey values: uint8 (n, h, w) to float32 (n, *size), from 0 to 1."""
    return resize(np.divide(images, np.float32(255), dtype=np.float32), size)


def resize(images: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize images bilinearly, with antialiasing if they become smaller, as in Pillow.

    Args:
        images: float32 (n, h, w).
        size: height and width to resize to, in pixels.

    Returns:
        float32 (n, *size); ``images`` itself if it already has that size.

    Raises:
        ValueError: ``images`` are not three-dimensional, or ``size`` is not two positive integers.
    """
    images = np.asarray(images, dtype=np.float32)
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise ValueError(f"Expected images of shape (n, h, w). Received: shape {images.shape}.")
    height, width = _size(size)
    if (height, width) == images.shape[1:]:
        return images
    # resized = rows @ image @ columnsᵀ
    return _weights(images.shape[1], height) @ (images @ _weights(images.shape[2], width).T)


def _size(size: Any) -> tuple[int, int]:
    try:
        height, width = (positive_integer("size", side) for side in size)
    except (TypeError, ValueError):
        raise ValueError(
            f"Invalid size. Expected (height, width), two positive integers. Received: {size!r}."
        ) from None
    return height, width


@functools.lru_cache(maxsize=32)
def _weights(old: int, new: int) -> NDArray[np.float32]:
    """The matrix (new, old) that resizes one axis: each row is a triangle of weights, sum 1."""
    scale = old / new
    support = max(scale, 1.0)  # wider than a pixel if the image shrinks: antialiasing
    centre = (np.arange(new) + 0.5) * scale
    distance = np.abs(np.arange(old) + 0.5 - centre[:, None]) / support
    weights = np.maximum(1 - distance, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    weights = weights.astype(np.float32)
    weights.setflags(write=False)
    return weights

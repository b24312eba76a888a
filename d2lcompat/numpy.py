"""``from d2lcompat import numpy as d2l``: the functions that the NumPy tabs of the book need.

NumPy does not compute gradients, so this module has no trainer: the pages define forward and
backward passes by hand. Data and figures are those of the four framework modules.
"""

import random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from d2lcompat import _data, _datamodule, _figures
from d2lcompat._figures import plot, set_axes, set_figsize, show_images, use_svg_display

__all__ = [
    "DataModule", "FashionMNIST", "plot", "plt", "seed_everything", "set_axes", "set_figsize",
    "show_images", "use_svg_display",
]  # fmt: skip

use_svg_display()

if TYPE_CHECKING:
    from matplotlib import pyplot as plt
else:
    __getattr__ = _figures.pyplot_when_asked(__name__)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy's global generator and the order of the training examples."""
    random.seed(seed)
    np.random.seed(seed)
    _data.set_data_seed(seed)


class DataModule(_datamodule.DataModule[NDArray[Any]]):
    __doc__ = _datamodule.DataModule.__doc__

    to_tensors = staticmethod(tuple)
    to_numpy = staticmethod(np.asarray)


class FashionMNIST(_datamodule.FashionMNIST[NDArray[Any]], DataModule):
    __doc__ = _datamodule.FashionMNIST.__doc__

    channel_axis = 1

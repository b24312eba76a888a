"""Fashion-MNIST, and the loader of batches that all frameworks share.

Two models can be compared only if they were trained on the same data in the same order. Therefore
this package verifies the published files by SHA-256 and defines one seeded order of batches. It
uses only NumPy; a framework module converts each batch to its tensors in one call.
"""

from d2lcompat._data.images import pixels, text_labels
from d2lcompat._data.loader import BatchLoader, data_seed, set_data_seed
from d2lcompat._data.sets import fashion_mnist

__all__ = [
    "BatchLoader", "data_seed", "fashion_mnist", "pixels", "set_data_seed", "text_labels",
]  # fmt: skip

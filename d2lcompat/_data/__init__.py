"""Fashion-MNIST, and the loader of batches that all backends share.

Two models can be compared only if they saw the same data in the same order. So there is one module
for data: the published files, known by their SHA-256, and one seeded order of batches. Everything
here is NumPy; a framework module converts a batch to its own tensors in one call.
"""

from d2lcompat._data.images import pixels, text_labels
from d2lcompat._data.loader import BatchLoader, data_seed, set_data_seed
from d2lcompat._data.sets import fashion_mnist

__all__ = [
    "BatchLoader", "data_seed", "fashion_mnist", "pixels", "set_data_seed", "text_labels",
]  # fmt: skip

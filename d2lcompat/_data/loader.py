"""Batches of examples, in one seeded order that all backends share.

Two models can be compared only if they saw the same examples in the same order.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, SupportsIndex, TypeVar

import numpy as np
from numpy.typing import NDArray

from d2lcompat._data.integers import non_negative_integer, positive_integer

Batch = tuple[NDArray[Any], ...]
T = TypeVar("T")

_data_seed = 0


def set_data_seed(seed: SupportsIndex) -> None:
    """Set the seed of the order of batches, for loaders made from now on.

    Raises:
        ValueError: ``seed`` is not a non-negative integer.
    """
    global _data_seed
    _data_seed = non_negative_integer("seed", seed)


def data_seed() -> int:
    """The seed of the order of batches; 0 if nobody has set one."""
    return _data_seed


class BatchLoader(Generic[T]):
    """Batches of examples, in an order that is the same for every framework.

    For training, the k-th iteration of a loader (k = 0, 1, …) goes through the examples in the
    order ``np.random.default_rng((seed, k)).permutation(n)``: anew each epoch, and alike for two
    loaders made with one seed, whatever else drew random numbers in between. An iteration counts
    from the moment it starts, finished or not; ``peek`` looks at a batch without starting one.
    For validation, the order is that of the arrays. The last batch may be smaller.

    Attributes:
        batch_size: examples a batch.
        num_examples: examples an epoch.
        convert: makes of a tuple of NumPy arrays what the loader yields.
    """

    def __init__(
        self,
        arrays: Batch,
        batch_size: int,
        train: bool,
        convert: Callable[[Batch], T],
        seed: int | None = None,
        transform: Callable[[Batch], Batch] | None = None,
    ) -> None:
        """
        Args:
            arrays: equally long arrays, one example a row: features first, labels last.
            batch_size: examples a batch, a positive integer.
            train: whether to shuffle.
            convert: makes of a tuple of NumPy arrays what the loader yields. The arrays are
                fresh and writable: it may keep them without a copy.
            seed: of the order; None: ``data_seed()``, read now.
            transform: applied to the arrays of a whole batch before ``convert``, so that the set
                stays in memory as it came, images as bytes.

        Raises:
            ValueError: what is said above does not hold; the message says what was received.
        """
        self._arrays = tuple(np.asarray(array) for array in arrays)
        lengths = [len(array) if array.ndim else 0 for array in self._arrays]
        if not lengths or len(set(lengths)) != 1 or not lengths[0]:
            raise ValueError(
                f"Invalid arrays. Expected equal lengths above 0. Received: lengths {lengths}."
            )
        self.num_examples = lengths[0]
        self.batch_size = positive_integer("batch_size", batch_size)
        self._seed = data_seed() if seed is None else non_negative_integer("seed", seed)
        self._train = bool(train)
        self.convert = convert
        self._transform = transform
        self._iterations = 0

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.num_examples // self.batch_size)

    def __iter__(self) -> Iterator[T]:
        return map(self.convert, self.arrays())

    def arrays(self) -> Iterator[Batch]:
        """An iteration that yields each batch as it is before ``convert``."""
        # Not a generator itself: the iteration counts from here, not from its first batch.
        order = np.arange(self.num_examples)
        if self._train:
            rng = np.random.default_rng((self._seed, self._iterations))
            order = order[rng.permutation(self.num_examples)]
            self._iterations += 1
        starts = range(0, self.num_examples, self.batch_size)
        return (self._batch(order[start : start + self.batch_size]) for start in starts)

    def peek(self) -> T:
        """The first batch in the order of the arrays; the iterations to come do not change."""
        return self.convert(self._batch(np.arange(min(self.batch_size, self.num_examples))))

    def _batch(self, chosen: NDArray[np.intp]) -> Batch:
        batch = tuple(array[chosen] for array in self._arrays)
        return batch if self._transform is None else self._transform(batch)

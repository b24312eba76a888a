"""Batches of examples, in one seeded order that all frameworks share.

Two models can be compared only if they were trained on the same examples in the same order.
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
    """Set the seed of the order of batches, for loaders that are created later.

    Raises:
        ValueError: ``seed`` is not a non-negative integer.
    """
    global _data_seed
    _data_seed = non_negative_integer("seed", seed)


def data_seed() -> int:
    """The seed of the order of batches; 0 if none has been set."""
    return _data_seed


class BatchLoader(Generic[T]):
    """Batches of examples, in an order that is the same for every framework.

    For training, the k-th iteration of a loader (k = 0, 1, …) goes through the examples in the
    order ``np.random.default_rng((seed, k)).permutation(n)``. The order differs between epochs. Two
    loaders with the same seed have the same order, whatever other random numbers are drawn. An
    iteration counts when it starts, even if it is not finished; ``peek`` returns a batch without
    starting one. For validation, the order is that of the arrays. The last batch may be smaller.

    Attributes:
        batch_size: the number of examples per batch.
        num_examples: the number of examples per epoch.
        convert: the function from a tuple of NumPy arrays to the batch that the loader yields.
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
            convert: the function from a tuple of NumPy arrays to the batch that the loader yields.
                The arrays are new and writable, so it may store them without a copy.
            seed: the seed of the order; None means the current ``data_seed()``.
            transform: a function applied to the arrays of a batch before ``convert``. With it, the
                data set can stay in memory in a compact form, such as images of type uint8.

        Raises:
            ValueError: an argument is invalid; the message says what was received.
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
        """An iterator over the batches before ``convert``."""
        # Not a generator, because the iteration must count from here, not from its first batch.
        order = np.arange(self.num_examples)
        if self._train:
            rng = np.random.default_rng((self._seed, self._iterations))
            order = order[rng.permutation(self.num_examples)]
            self._iterations += 1
        starts = range(0, self.num_examples, self.batch_size)
        return (self._batch(order[start : start + self.batch_size]) for start in starts)

    def peek(self) -> T:
        """The first batch in the order of the arrays. Later iterations do not change."""
        return self.convert(self._batch(np.arange(min(self.batch_size, self.num_examples))))

    def _batch(self, chosen: NDArray[np.intp]) -> Batch:
        batch = tuple(array[chosen] for array in self._arrays)
        return batch if self._transform is None else self._transform(batch)

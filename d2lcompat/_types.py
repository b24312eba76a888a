"""Types of the shared modules, which cannot import those of a framework."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

#: A tensor of the framework in use; for figures and data, also anything that NumPy can read.
Tensor: TypeAlias = Any

#: The framework module's ``Module``, and any object with the methods of its ``SGD``.
Model: TypeAlias = Any
Optimizer: TypeAlias = Any

#: A GPU or the CPU, as the framework names it.
Device: TypeAlias = Any

#: Inputs first, labels last.
Tensors: TypeAlias = Sequence[Tensor]


T_co = TypeVar("T_co", covariant=True)


class Loader(Protocol[T_co]):
    """An iterable over the batches of an epoch, each a sequence of tensors."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sequence[T_co]]: ...


class Data(Protocol):
    """The methods of ``DataModule`` that a trainer calls."""

    def train_dataloader(self) -> Loader[Tensor]:
        """The loader of training batches."""
        ...

    def val_dataloader(self) -> Loader[Tensor] | None:
        """The loader of validation batches, or None."""
        ...

"""Names of types that the shared modules can't import, since each framework has its own."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

#: A tensor of the framework in use; where figures and data are concerned, what NumPy can read too.
Tensor: TypeAlias = Any

#: The framework module's ``Module``, and what has the methods of its ``SGD``.
Model: TypeAlias = Any
Optimizer: TypeAlias = Any

#: A GPU or the CPU, as the framework names it.
Device: TypeAlias = Any

#: Inputs first, labels last.
Tensors: TypeAlias = Sequence[Tensor]


T_co = TypeVar("T_co", covariant=True)


class Loader(Protocol[T_co]):
    """What gives the batches of an epoch, each a sequence of tensors."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sequence[T_co]]: ...


class Data(Protocol):
    """What a trainer is given: the methods of ``DataModule`` that it calls."""

    def train_dataloader(self) -> Loader[Tensor]:
        """The loader of training batches."""
        ...

    def val_dataloader(self) -> Loader[Tensor] | None:
        """The loader of validation batches, if there are some."""
        ...

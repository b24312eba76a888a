"""Data modules: loaders of training and validation batches.

Batches are taken from NumPy arrays in memory, in one seeded order for all frameworks. A framework
module defines only how to convert a batch to tensors and which axis of an image is the channel.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from d2lcompat import _data, _figures
from d2lcompat._data.integers import positive_integer
from d2lcompat._hparams import HyperParameters
from d2lcompat._types import Loader, Tensor, Tensors

Images = NDArray[np.uint8]
Labels = NDArray[np.int32]
T = TypeVar("T")  # a tensor of the framework


class DataModule(HyperParameters, Generic[T]):
    """The base class of data: a training loader and a validation loader.

    Args:
        root: a folder with the files of a data set, for subclasses that read files.
        num_workers: ignored; accepted for code written for d2l.
    """

    # Set by each framework module.
    to_tensors: Callable[[Sequence[NDArray[Any]]], tuple[T, ...]]
    to_numpy: Callable[[Tensor], NDArray[Any]]

    def __init__(self, root: str = "../data", num_workers: int = 4) -> None:
        self.save_hyperparameters()

    def get_dataloader(self, train: bool) -> Loader[T]:
        """The loader of training or validation batches; subclasses define it."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method get_dataloader(self, train)."
        )

    def train_dataloader(self) -> Loader[T]:
        """The loader of training batches."""
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Loader[T]:
        """The loader of validation batches."""
        return self.get_dataloader(train=False)

    def get_tensorloader(
        self,
        tensors: Sequence[Tensor],
        train: bool,
        indices: slice | Sequence[int] = slice(0, None),
    ) -> Loader[T]:
        """A loader of minibatches of ``tensors[indices]``, shuffled by example if ``train``.

        Args:
            tensors: tensors or arrays of equal length along their first axis.
            train: whether to shuffle the examples in each epoch.
            indices: a slice or index array that selects examples.
        """
        arrays = tuple(type(self).to_numpy(tensor)[indices] for tensor in tensors)
        return _data.BatchLoader(arrays, self.batch_size, train, type(self).to_tensors)


class ImageExamples(Sequence[tuple[Tensor, Tensor]]):
    """Images and labels as a sequence of ``(image, label)`` pairs of tensors, made on demand."""

    def __init__(
        self, images: Images, labels: Labels, to_batch: Callable[[tuple[Images, Labels]], Tensors]
    ) -> None:
        self.images, self.labels, self.to_batch = images, labels, to_batch

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> Any:
        X, y = self.to_batch((self.images[index][None], self.labels[index][None]))
        return X[0], y[0]


class FashionMNIST(DataModule[T]):
    """Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): 60,000 training and 10,000 validation images
    of ten kinds of clothes. If ``synthetic`` is True, the images are synthetic.

    A batch is ``X``, float32 in [0, 1], of shape (batch, 1, height, width) or, where the framework
    keeps channels last, (batch, height, width, 1); and ``y``, integers of shape (batch,).

    Args:
        batch_size: examples in a batch; the last one may be smaller.
        resize: height and width of the images.
        num_train: use only the first ``num_train`` training images; None uses all.
        num_val: use only the first ``num_val`` validation images; None uses all.
        data_dir: a folder with the four published files. If None, use the folder in the variable
            ``D2LCOMPAT_DATA``, else the user's cache, else download the files.

    Raises:
        ValueError: ``batch_size`` is not a positive integer, ``resize`` is not positive, or
            ``num_train`` or ``num_val`` is less than 1 or larger than the data set.
        OSError: the data are not available, or a file is not the published one.
    """

    # Set by each framework module.
    channel_axis: int
    label_dtype = "int32"

    def __init__(
        self,
        batch_size: int = 64,
        resize: tuple[int, int] = (28, 28),
        num_train: int | None = None,
        num_val: int | None = None,
        data_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        positive_integer("batch_size", batch_size)
        if len(resize) != 2 or min(resize) < 1:
            raise ValueError(f"FashionMNIST expected resize=(height, width); received {resize!r}.")
        arrays = _data.fashion_mnist(data_dir)
        self.synthetic = arrays.synthetic
        self._arrays = {
            True: self._first("num_train", arrays.train_images, arrays.train_labels),
            False: self._first("num_val", arrays.val_images, arrays.val_labels),
        }
        self.train = self._examples(*self._arrays[True])
        self.val = self._examples(*self._arrays[False])

    def _first(self, argument: str, images: Images, labels: Labels) -> tuple[Images, Labels]:
        number = getattr(self, argument)
        if number is None:
            return images, labels
        if not 1 <= number <= len(images):
            raise ValueError(
                f"FashionMNIST expected {argument} between 1 and {len(images)}; received {number}."
            )
        return images[:number], labels[:number]

    def _examples(self, images: Images, labels: Labels) -> ImageExamples | tuple[Images, Labels]:
        if self.channel_axis == 1:  # torch's and MXNet's users index pairs of tensors ...
            convert = type(self).to_tensors
            return ImageExamples(images, labels, lambda batch: convert(self._to_floats(batch)))
        return images, labels  # ... TensorFlow's and JAX's a pair of arrays

    def _to_floats(self, batch: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
        images, labels = batch
        pixels = _data.pixels(images, self.resize)
        return np.expand_dims(pixels, self.channel_axis), labels.astype(self.label_dtype)

    def text_labels(self, indices: Iterable[Any]) -> list[str]:
        """The names of the classes ``indices``."""
        return _data.text_labels(indices, self.synthetic)

    def get_dataloader(self, train: bool) -> Loader[T]:
        """The loader of training batches, shuffled by example, or of validation batches."""
        return _data.BatchLoader(
            self._arrays[train],
            self.batch_size,
            train,
            type(self).to_tensors,
            transform=self._to_floats,
        )

    def visualize(
        self, batch: Tensors, nrows: int = 1, ncols: int = 8, labels: Sequence[str] = []
    ) -> None:
        """Show the first ``nrows`` × ``ncols`` images of a batch with their labels."""
        X, y = (type(self).to_numpy(tensor) for tensor in batch)
        images = np.squeeze(X, self.channel_axis)
        _figures.show_images(images, nrows, ncols, titles=labels or self.text_labels(y))

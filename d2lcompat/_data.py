"""Fashion-MNIST and the loader of batches that all four dialects share.

Two models can be compared only if they saw the same data in the same order. So there is one room
for data: the published files, known by their SHA-256, and one seeded order of batches. Everything
here is NumPy; a dialect page converts a batch to its own tensors in one call.
"""

import functools
import hashlib
import io
import math
import operator
import os
import shutil
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, SupportsIndex, TypeVar

import filelock
import numpy as np
import pooch

from d2lcompat import _synthetic

Batch = tuple[np.ndarray, ...]
T = TypeVar("T")

#: The environment variable that names a folder with the four files, or `MADE_UP`.
VARIABLE = "D2LCOMPAT_DATA"
MADE_UP = "synthetic"

#: Where the files are published, in the order of asking. One of them has no https: what makes a
#: file trustworthy is its hash, not the way it came.
MIRRORS: tuple[str, ...] = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)

#: Seconds without an answer, or without a further byte, until a mirror is given up.
TIMEOUT = 20.0

#: Seconds to wait for another process that is downloading the same files.
LOCK_TIMEOUT = 1800.0


class DataUnavailableError(OSError):
    """The data cannot be had; the message says why, file by file, and what to do next."""


@dataclass(frozen=True)
class DataFile:
    """A published file: its name, size in bytes, SHA-256, and the shape of the array in it."""

    name: str
    size: int
    sha256: str
    shape: tuple[int, ...]


FILES: dict[str, DataFile] = {
    "train_images": DataFile(
        "train-images-idx3-ubyte.gz",
        26421880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        (60000, 28, 28),
    ),
    "train_labels": DataFile(
        "train-labels-idx1-ubyte.gz",
        29515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        (60000,),
    ),
    "val_images": DataFile(
        "t10k-images-idx3-ubyte.gz",
        4422102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        (10000, 28, 28),
    ),
    "val_labels": DataFile(
        "t10k-labels-idx1-ubyte.gz",
        5148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        (10000,),
    ),
}

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


@dataclass(frozen=True, eq=False)
class Arrays:
    """Fashion-MNIST, or its made-up stand-in, in memory; the arrays are shared and read-only.

    Attributes:
        train_images: uint8 (60000, 28, 28), grey values, 0 is background.
        train_labels: int32 (60000,), classes 0 … 9 in the order of ``TEXT_LABELS``.
        val_images: uint8 (10000, 28, 28).
        val_labels: int32 (10000,).
        made_up: True if these are drawn garments and not Fashion-MNIST.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    val_images: np.ndarray
    val_labels: np.ndarray
    made_up: bool


# ------------------------------------------------------------------------------ where the files are


def fashion_mnist(data_dir: str | os.PathLike[str] | None = None) -> Arrays:
    """Fashion-MNIST, from the first of: ``data_dir``, ``$D2LCOMPAT_DATA``, the cache, a mirror.

    Every file is checked by its SHA-256 before it is used. A folder that you name is read and
    never written to. The cache is the user's cache folder of this platform; what is missing or
    damaged there is downloaded, once, however many processes ask at the same time.

    Args:
        data_dir: a folder with the four published files, or ``"synthetic"`` for a made-up set of
            the same shapes (a folder of that name is ``"./synthetic"``). The environment
            variable takes the same values.

    Returns:
        The arrays, loaded once a process.

    Raises:
        DataUnavailableError: a file in the named folder is missing or is not the published one,
            or no mirror gives it.
    """
    named = data_dir if data_dir is not None else os.environ.get(VARIABLE) or None
    if named is None:
        return _cached_set((pooch.os_cache("d2lcompat") / "fashion-mnist").resolve())
    if os.fspath(named) == MADE_UP:
        return _made_up_set()
    asked_by = "argument `data_dir`" if data_dir is not None else f"environment variable {VARIABLE}"
    # os.path, not Path: it leaves an unknown ~user and a loop of links for is_dir to refuse.
    return _named_set(Path(os.path.realpath(os.path.expanduser(named))), asked_by)


@functools.cache
def _made_up_set() -> Arrays:
    warnings.warn(
        "These are made-up garments, not Fashion-MNIST: results say nothing about the real set.",
        UserWarning,
        stacklevel=3,
    )
    train_images, train_labels = _synthetic.draw(60000, seed=1)
    val_images, val_labels = _synthetic.draw(10000, seed=2)
    return _read_only(
        Arrays(train_images, train_labels, val_images, val_labels, made_up=True),
    )


def _named_set(folder: Path, asked_by: str) -> Arrays:
    next_step = (
        f"Put the four files {', '.join(file.name for file in FILES.values())} there, name another "
        f"folder, or set {VARIABLE}={MADE_UP} for a made-up set."
    )
    if not os.path.isdir(folder):
        raise DataUnavailableError(
            f"Expected a folder with the files of Fashion-MNIST (named by the {asked_by}). "
            f"Received: {folder}, which is not a folder. {next_step}"
        )
    try:
        return _read_set(folder)
    except _UnusableFileError as error:
        raise DataUnavailableError(
            f"{error} The folder was named by the {asked_by}; nothing in it was changed. "
            f"{next_step}"
        ) from None


def _cached_set(folder: Path) -> Arrays:
    try:
        return _read_set(folder)
    except _UnusableFileError as error:
        why = str(error)
    _fetch(folder, why)
    try:
        return _read_set(folder)
    except _UnusableFileError as error:
        raise DataUnavailableError(
            f"{error} It was downloaded into the cache a moment ago and has changed since."
        ) from None


def _read_only(arrays: Arrays) -> Arrays:
    for name in FILES:
        getattr(arrays, name).setflags(write=False)
    return arrays


# -------------------------------------------------------------------------------- files on the disk


class _UnusableFileError(Exception):
    """A file is missing, or is not the published one."""

    def __init__(self, message: str, missing: bool = False):
        super().__init__(message)
        self.missing = missing


@functools.cache
def _read_set(folder: Path) -> Arrays:
    arrays = {}
    for key, file in FILES.items():
        path = folder / file.name
        data = _read_published(path, file)
        try:
            arrays[key] = read_idx(data, file.shape)
            if key.endswith("labels"):
                arrays[key] = _classes(arrays[key])
        except ValueError as error:
            raise DataUnavailableError(
                f"{path} is the file that `d2lcompat._data.FILES` describes, and can't be used: "
                f"{error} Correct that table, or install d2lcompat anew."
            ) from error
    return _read_only(Arrays(**arrays, made_up=False))


def _classes(labels: np.ndarray) -> np.ndarray:
    if labels.max() >= len(TEXT_LABELS):
        raise ValueError(f"Invalid labels. Expected 0 to 9. Received: {labels.max()}.")
    return labels.astype(np.int32)


def _read_published(path: Path, file: DataFile) -> bytes:
    """The bytes of a file, checked: what is parsed later is exactly what was hashed here."""
    expected = f"Expected the published file: {file.size} bytes, SHA-256 {file.sha256}."
    try:
        if not path.exists():
            raise _UnusableFileError(f"{path} is missing. {expected}", missing=True)
        if not path.is_file():
            raise _UnusableFileError(f"{path} is not a file. {expected}")
        with path.open("rb") as stream:
            data = stream.read(file.size + 1)
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise _UnusableFileError(f"{path} cannot be read ({error}). {expected}") from error
    if size != file.size or len(data) != file.size:
        raise _UnusableFileError(f"{path} has the wrong size. {expected} Found: {size} bytes.")
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != file.sha256:
        raise _UnusableFileError(
            f"{path} has the wrong content. {expected} Found: {size} bytes, SHA-256 {sha256}."
        )
    return data


def read_idx(
    source: str | os.PathLike[str] | bytes, shape: tuple[int, ...] | None = None
) -> np.ndarray:
    """Read a gzip-compressed IDX file of unsigned bytes.

    Memory is taken only for as many bytes as the header announces, and a header that announces
    more than the file can possibly hold is refused first.

    Args:
        source: a path, or the compressed bytes themselves.
        shape: the shape to insist on.

    Returns:
        A read-only uint8 array of the announced shape.

    Raises:
        ValueError: it is not gzip, not IDX, not of unsigned bytes, of another shape than
            ``shape``, or does not hold exactly what its header announces.
    """
    if isinstance(source, bytes):
        name, pending = "data", source
    else:
        name, pending = os.fspath(source), Path(source).read_bytes()
    compressed_size = len(pending)
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: gzip and nothing else

    def wrong(expected: str, received: str) -> ValueError:
        return ValueError(f"Invalid IDX {name}. Expected {expected}. Received: {received}.")

    def take(number: int) -> bytes:
        nonlocal pending
        try:
            content = stream.decompress(pending, number)
        except zlib.error as error:
            raise wrong("a sound gzip file", str(error)) from None
        pending = stream.unconsumed_tail
        return content

    magic = take(4)
    if len(magic) < 4 or magic[:3] != b"\0\0\x08" or not magic[3]:
        raise wrong("magic bytes 00 00 08 and a number of dimensions", magic.hex(" ") or "nothing")
    header = take(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise wrong(f"{magic[3]} dimensions of 4 bytes each", f"{len(header)} bytes")
    announced = struct.unpack(f">{magic[3]}I", header)
    if shape is not None and announced != tuple(shape):
        raise wrong(f"shape {tuple(shape)}", f"shape {announced}")
    size = math.prod(announced)
    most = 1032 * compressed_size  # deflate cannot compress better than this
    if size > most:
        raise wrong(f"a shape that fits into {compressed_size} bytes of gzip", f"shape {announced}")
    # One byte more than announced: shows that something follows, and makes zlib check the CRC.
    content = take(size + 1)
    if len(content) > size:
        raise wrong(f"{size} bytes of content, as announced by shape {announced}", "more bytes")
    if len(content) < size or not stream.eof:
        found = f"{len(content)} bytes in a file cut off"
        raise wrong(f"{size} bytes of content, as announced by shape {announced}", found)
    if stream.unused_data:
        raise wrong("the end of the file", f"{len(stream.unused_data)} bytes after it")
    try:
        return np.frombuffer(content, np.uint8).reshape(announced)
    except ValueError as error:  # too many dimensions, or no bytes in huge ones
        raise wrong("a shape that NumPy can hold", f"shape {announced}: {error}") from None


# ----------------------------------------------------------------------------------------- download


def _fetch(folder: Path, why: str) -> None:
    """Bring the cache into order: every file that is missing or wrong comes from a mirror.

    ``why`` says what was found wrong first, for the message if nothing can be written.
    """
    staging = folder / "incoming"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "fetch.lock", timeout=LOCK_TIMEOUT):
            mirrors = list(MIRRORS)
            try:
                for file in FILES.values():
                    try:
                        _read_published(folder / file.name, file)
                    except _UnusableFileError as error:
                        if not error.missing:
                            warnings.warn(f"{error} It is replaced.", UserWarning, stacklevel=4)
                        # A process that was killed may have left its half here.
                        shutil.rmtree(staging, ignore_errors=True)
                        _download(file, staging, mirrors)
                        os.replace(staging / file.name, folder / file.name)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except DataUnavailableError:
        raise
    except filelock.Timeout:
        raise DataUnavailableError(
            f"Another process has been downloading Fashion-MNIST for {LOCK_TIMEOUT:.0f} seconds "
            f"(lock {folder / 'fetch.lock'}). Wait for it or end it, then try again."
        ) from None
    except OSError as error:
        raise DataUnavailableError(
            f"{why} The cache folder {folder} cannot be written to: {error}. {_NEXT_STEPS}"
        ) from None


_NEXT_STEPS = (
    f"Set the environment variable {VARIABLE} to a folder with the four published files, "
    f"or {VARIABLE}={MADE_UP} for a made-up set of the same shape."
)


def _download(file: DataFile, staging: Path, mirrors: list[str]) -> None:
    """Download a file into the folder ``staging`` from the first mirror that has the right one.

    A mirror that failed goes to the end of ``mirrors``: a dead one costs its time-out once.
    """

    import requests  # here, as pooch does: who has the files does not wait for it

    # The bytes as published: no further compression on the way, so that the bar tells the truth.
    http = pooch.HTTPDownloader(
        progressbar=True, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}
    )

    def download(url: str, target: str, _: Any) -> None:
        with _Bounded(target, file.size) as stream:
            http(url, stream, None)

    reasons = []
    for mirror in tuple(mirrors):
        try:
            pooch.retrieve(
                mirror + file.name,
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=staging,
                downloader=download,
            )
            return
        except (requests.RequestException, ValueError) as error:  # a wrong hash is a ValueError
            reasons.append(f"  {mirror}{file.name}: {type(error).__name__}: {error}")
            mirrors.append(mirrors.pop(mirrors.index(mirror)))
        except OSError as error:  # the disk's fault: another mirror would not mend it
            what = f"{error.strerror}, while writing {file.name} ({file.size} bytes)"
            raise OSError(error.errno, what) from error
    raise DataUnavailableError("\n".join([f"No mirror gives {file.name}:", *reasons, _NEXT_STEPS]))


class _Bounded(io.FileIO):
    """A file that refuses to grow beyond a size: an endless answer must not fill the disk."""

    def __init__(self, path: str, limit: int):
        super().__init__(path, "wb")
        self._limit = limit

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._limit:
            raise ValueError(f"Expected {self._limit} bytes. Received: more.")
        return super().write(data)


# ----------------------------------------------------------------------------------------- pictures


def text_labels(indices: Iterable[Any], made_up: bool = False) -> list[str]:
    """The names of classes.

    Args:
        indices: whole numbers 0 … 9, as an array or tensor of any framework.
        made_up: whether the set is (``Arrays.made_up``); its labels say so.

    Raises:
        ValueError: an index is none of 0 … 9.
    """
    names = []
    for index in indices:
        if float(index) not in range(len(TEXT_LABELS)):
            raise ValueError(f"Invalid class. Expected an integer from 0 to 9. Received: {index}.")
        names.append(TEXT_LABELS[int(index)] + (" (made up)" if made_up else ""))
    return names


def pixels(images: np.ndarray, size: tuple[int, int] = (28, 28)) -> np.ndarray:
    """Grey values as numbers: uint8 (n, h, w) to float32 (n, *size) from 0 to 1."""
    return resize(np.divide(images, np.float32(255), dtype=np.float32), size)


def pixel_transform(size: tuple[int, int] = (28, 28)) -> Callable[[Batch], Batch]:
    """The ``transform`` of a loader of images and labels: ``pixels`` of the images."""
    size = _size(size)
    return lambda batch: (pixels(batch[0], size), *batch[1:])


def resize(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize pictures bilinearly, with antialiasing where they shrink, as Pillow does.

    Args:
        images: float32 (n, h, w).
        size: height and width to resize to, in pixels.

    Returns:
        float32 (n, *size); ``images`` itself if it has that size already.

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
        height, width = (_positive_integer("size", side) for side in size)
    except (TypeError, ValueError):
        raise ValueError(
            f"Invalid size. Expected (height, width), two positive integers. Received: {size!r}."
        ) from None
    return height, width


@functools.lru_cache(maxsize=32)
def _weights(old: int, new: int) -> np.ndarray:
    """The matrix (new, old) that resizes one axis: every row a triangle of weights, sum 1."""
    scale = old / new
    support = max(scale, 1.0)  # wider than a pixel when shrinking: that is the antialiasing
    centre = (np.arange(new) + 0.5) * scale
    distance = np.abs(np.arange(old) + 0.5 - centre[:, None]) / support
    weights = np.maximum(1 - distance, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    weights = weights.astype(np.float32)
    weights.setflags(write=False)
    return weights


# ------------------------------------------------------------------------------------------ batches

_data_seed = 0


def set_data_seed(seed: SupportsIndex) -> None:
    """Set the seed of the order of batches, for loaders made from now on.

    Raises:
        ValueError: ``seed`` is not a non-negative integer.
    """
    global _data_seed
    _data_seed = _seed(seed)


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
    """

    def __init__(
        self,
        arrays: tuple[np.ndarray, ...],
        batch_size: int,
        train: bool,
        convert: Callable[[Batch], T],
        indices: slice | np.ndarray | None = None,
        seed: int | None = None,
        transform: Callable[[Batch], Batch] | None = None,
    ):
        """
        Args:
            arrays: equally long arrays, one example a row: features first, labels last.
            batch_size: examples a batch, a positive integer.
            train: whether to shuffle.
            convert: makes of a tuple of NumPy arrays what the loader yields. The arrays are
                fresh and writable: it may keep them without a copy.
            indices: the examples to use, a slice or an array of integers; None: all.
            seed: of the order; None: ``data_seed()``, read now.
            transform: applied to the arrays of a whole batch before ``convert``, such as
                ``pixel_transform()``, so that the set stays in memory as bytes.

        Raises:
            ValueError: what is said above does not hold; the message says what was received.
        """
        self._arrays = tuple(np.asarray(array) for array in arrays)
        lengths = [len(array) if array.ndim else 0 for array in self._arrays]
        if not lengths or len(set(lengths)) != 1 or not lengths[0]:
            raise ValueError(
                f"Invalid arrays. Expected equal lengths above 0. Received: lengths {lengths}."
            )
        self._indices = _selected(lengths[0], indices)
        self.num_examples = len(self._indices)
        self.batch_size = _positive_integer("batch_size", batch_size)
        self._seed = data_seed() if seed is None else _seed(seed)
        self._train = bool(train)
        self._convert = convert
        self._transform = transform
        self._iterations = 0

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.num_examples // self.batch_size)

    def __iter__(self) -> Iterator[T]:
        # Not a generator itself: the iteration counts from here, not from its first batch.
        order = self._indices
        if self._train:
            rng = np.random.default_rng((self._seed, self._iterations))
            order = order[rng.permutation(self.num_examples)]
            self._iterations += 1
        starts = range(0, self.num_examples, self.batch_size)
        return (self._batch(order[start : start + self.batch_size]) for start in starts)

    def peek(self) -> T:
        """The first batch in the order of the arrays; the iterations to come do not change."""
        return self._batch(self._indices[: self.batch_size])

    def _batch(self, chosen: np.ndarray) -> T:
        batch = tuple(array[chosen] for array in self._arrays)
        return self._convert(batch if self._transform is None else self._transform(batch))


def _selected(number: int, indices: slice | np.ndarray | None) -> np.ndarray:
    everything: np.ndarray = np.arange(number)
    if indices is None:
        return everything
    try:
        chosen = everything[indices]
    except (IndexError, TypeError):
        chosen = np.empty(0)
    if chosen.ndim != 1 or not len(chosen):
        raise ValueError(
            f"Invalid indices. Expected a slice or a one-dimensional array of integers that "
            f"chooses among {number} examples. Received: {indices!r}."
        )
    return chosen


def _integer(value: Any) -> int | None:
    """The value as int; None if it is no integer. True and False are none here."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _positive_integer(name: str, value: Any) -> int:
    number = _integer(value)
    if number is None or number < 1:
        raise ValueError(f"Invalid {name}. Expected a positive integer. Received: {value!r}.")
    return number


def _seed(value: Any) -> int:
    number = _integer(value)
    if number is None or number < 0:
        raise ValueError(f"Invalid seed. Expected a non-negative integer. Received: {value!r}.")
    return number

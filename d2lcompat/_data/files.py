"""The published files of Fashion-MNIST, with their SHA-256 and the arrays in them."""

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from d2lcompat._data.idx import read_idx
from d2lcompat._data.images import TEXT_LABELS

#: The environment variable for the folder with the four files; it may also be `SYNTHETIC`.
VARIABLE = "D2LCOMPAT_DATA"
SYNTHETIC = "synthetic"

NEXT_STEPS = (
    f"Set the environment variable {VARIABLE} to a folder with the four published files, "
    f"or {VARIABLE}={SYNTHETIC} for a synthetic set of the same shape."
)


class DataUnavailableError(OSError):
    """The data are not available. The message gives the reason for each file and the next step."""


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


@dataclass(frozen=True, eq=False)
class Arrays:
    """Fashion-MNIST or the synthetic data, in memory; the arrays are shared and read-only.

    Attributes:
        train_images: uint8 (60000, 28, 28), grey values, 0 is background.
        train_labels: int32 (60000,), classes 0 … 9 in the order of ``TEXT_LABELS``.
        val_images: uint8 (10000, 28, 28).
        val_labels: int32 (10000,).
        synthetic: True if these are synthetic images and not Fashion-MNIST.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int32]
    val_images: NDArray[np.uint8]
    val_labels: NDArray[np.int32]
    synthetic: bool

    def __post_init__(self) -> None:
        for name in FILES:
            getattr(self, name).setflags(write=False)


class UnusableFileError(Exception):
    """A file is missing, or is not the published one."""

    def __init__(self, message: str, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


@functools.cache
def read_set(folder: Path) -> Arrays:
    """The arrays in a folder with the four files.

    Raises:
        UnusableFileError: a file is missing or is not the published one.
        DataUnavailableError: the contents of a published file differ from ``FILES``.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for key, file in FILES.items():
        path = folder / file.name
        data = read_published(path, file)
        try:
            arrays[key] = read_idx(data, file.shape)
            if key.endswith("labels"):
                arrays[key] = _classes(arrays[key])
        except ValueError as error:
            raise DataUnavailableError(
                f"{path} is the file that `d2lcompat._data.files.FILES` describes, but cannot be "
                f"used: {error} Correct that table, or reinstall d2lcompat."
            ) from error
    return Arrays(**arrays, synthetic=False)


def _classes(labels: NDArray[np.uint8]) -> NDArray[np.int32]:
    if labels.max() >= len(TEXT_LABELS):
        raise ValueError(f"Invalid labels. Expected 0 to 9. Received: {labels.max()}.")
    return labels.astype(np.int32)


def read_published(path: Path, file: DataFile) -> bytes:
    """The verified bytes of a file. The same bytes are hashed here and parsed later.

    Raises:
        UnusableFileError: it is missing, or is not the published one.
    """
    expected = f"Expected the published file: {file.size} bytes, SHA-256 {file.sha256}."
    try:
        if not path.exists():
            raise UnusableFileError(f"{path} is missing. {expected}", missing=True)
        if not path.is_file():
            raise UnusableFileError(f"{path} is not a file. {expected}")
        with path.open("rb") as stream:
            data = stream.read(file.size + 1)
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise UnusableFileError(f"{path} cannot be read ({error}). {expected}") from error
    if size != file.size or len(data) != file.size:
        raise UnusableFileError(f"{path} has the wrong size. {expected} Found: {size} bytes.")
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != file.sha256:
        raise UnusableFileError(
            f"{path} has the wrong content. {expected} Found: {size} bytes, SHA-256 {sha256}."
        )
    return data

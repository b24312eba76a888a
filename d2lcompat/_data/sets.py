"""Fashion-MNIST in memory, from a folder, the cache or a mirror."""

import functools
import os
import warnings
from pathlib import Path

import pooch

from d2lcompat._data import synthetic
from d2lcompat._data.download import fetch
from d2lcompat._data.files import (
    FILES,
    SYNTHETIC,
    VARIABLE,
    Arrays,
    DataUnavailableError,
    UnusableFileError,
    read_set,
)


def fashion_mnist(data_dir: str | os.PathLike[str] | None = None) -> Arrays:
    """Fashion-MNIST, from the first of: ``data_dir``, ``$D2LCOMPAT_DATA``, the cache, a mirror.

    Every file is verified by its SHA-256 before use. A folder that you name is only read. The cache
    is the user's cache folder of this platform. Files that are missing or damaged there are
    downloaded once, even if several processes need them at the same time.

    Args:
        data_dir: a folder with the four published files, or ``"synthetic"`` for a synthetic set of
            the same shapes (a folder of that name is ``"./synthetic"``). The environment
            variable has the same values.

    Returns:
        The arrays, which are loaded once per process.

    Raises:
        DataUnavailableError: a file in the named folder is missing or is not the published one,
            or no mirror returns it.
    """
    named = data_dir if data_dir is not None else os.environ.get(VARIABLE) or None
    if named is None:
        return _cached_set((pooch.os_cache("d2lcompat") / "fashion-mnist").resolve())
    if os.fspath(named) == SYNTHETIC:
        return _synthetic_set()
    asked_by = "argument `data_dir`" if data_dir is not None else f"environment variable {VARIABLE}"
    # os.path, not Path: with an unknown ~user or a loop of links, isdir is then False.
    return _named_set(Path(os.path.realpath(os.path.expanduser(named))), asked_by)


@functools.cache
def _synthetic_set() -> Arrays:
    warnings.warn(
        "These are synthetic data, not Fashion-MNIST: results say nothing about the real set.",
        UserWarning,
        stacklevel=3,
    )
    train_images, train_labels = synthetic.draw(60000, seed=1)
    val_images, val_labels = synthetic.draw(10000, seed=2)
    return Arrays(train_images, train_labels, val_images, val_labels, synthetic=True)


def _named_set(folder: Path, asked_by: str) -> Arrays:
    next_step = (
        f"Put the four files {', '.join(file.name for file in FILES.values())} there, name another "
        f"folder, or set {VARIABLE}={SYNTHETIC} for a synthetic set."
    )
    if not os.path.isdir(folder):
        raise DataUnavailableError(
            f"Expected a folder with the files of Fashion-MNIST (named by the {asked_by}). "
            f"Received: {folder}, which is not a folder. {next_step}"
        )
    try:
        return read_set(folder)
    except UnusableFileError as error:
        raise DataUnavailableError(
            f"{error} The folder was named by the {asked_by}; nothing in it was changed. "
            f"{next_step}"
        ) from None


def _cached_set(folder: Path) -> Arrays:
    try:
        return read_set(folder)
    except UnusableFileError as error:
        why = str(error)
    fetch(folder, why)
    try:
        return read_set(folder)
    except UnusableFileError as error:
        raise DataUnavailableError(
            f"{error} It was downloaded into the cache a moment ago and has changed since."
        ) from None

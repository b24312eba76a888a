"""The download of the published files into the user's cache."""

import io
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import filelock
import pooch

from d2lcompat._data.files import (
    FILES,
    NEXT_STEPS,
    DataFile,
    DataUnavailableError,
    UnusableFileError,
    read_published,
)

#: The addresses of the files, in the order in which they are tried. One has no https, which is safe
#: because every file is verified by its hash.
MIRRORS: tuple[str, ...] = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)

#: Seconds without an answer or another byte after which a mirror is abandoned.
TIMEOUT = 20.0

#: Seconds to wait for another process that is downloading the same files.
LOCK_TIMEOUT = 1800.0


def fetch(folder: Path, why: str) -> None:
    """Download every file of the cache that is missing or wrong.

    Args:
        folder: the cache.
        why: the first fault that was found, for the message if the folder is not writable.

    Raises:
        DataUnavailableError: no mirror returns a file, or the folder cannot be written to.
    """
    staging = folder / "incoming"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "fetch.lock", timeout=LOCK_TIMEOUT):
            mirrors = list(MIRRORS)
            try:
                for file in FILES.values():
                    try:
                        read_published(folder / file.name, file)
                    except UnusableFileError as error:
                        if not error.missing:
                            warnings.warn(
                                f"{error} It will be replaced.", UserWarning, stacklevel=4
                            )
                        # A process that was killed may have left an incomplete file here.
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
            f"{why} The cache folder {folder} cannot be written to: {error}. {NEXT_STEPS}"
        ) from None


def _download(file: DataFile, staging: Path, mirrors: list[str]) -> None:
    """Download a file into the folder ``staging`` from the first mirror that has the right file.

    A mirror that fails is moved to the end of ``mirrors``, so its time-out occurs only once.
    """

    import requests  # here, as in pooch: not needed if the files exist

    # No compression in the transfer, so that the progress bar is right.
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
        except OSError as error:  # a fault of the disk: another mirror would not help
            what = f"{error.strerror}, while writing {file.name} ({file.size} bytes)"
            raise OSError(error.errno, what) from error
    raise DataUnavailableError(
        "\n".join([f"No mirror returned {file.name}:", *reasons, NEXT_STEPS])
    )


class _Bounded(io.FileIO):
    """A file with a maximum size, so that an endless answer cannot fill the disk.

    Beyond that size, ``write`` raises ``ValueError``.
    """

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(path, "wb")
        self._limit = limit

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._limit:
            raise ValueError(f"Expected {self._limit} bytes. Received: more.")
        return super().write(data)

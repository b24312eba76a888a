"""What all tests share, those in tests/ and the notebooks in chapters/: the data they run on."""

import os

import pytest

from d2lcompat import _data


def pytest_configure(config: pytest.Config) -> None:
    """Where Fashion-MNIST can't be had, run on made-up garments; the last lines then say so."""
    if hasattr(config, "workerinput") or os.environ.get(_data.VARIABLE):
        return  # a worker of pytest-xdist inherits what the main process decided
    try:
        _data.fashion_mnist()
    except OSError:
        os.environ[_data.VARIABLE] = _data.MADE_UP

"""Finds the backend of a framework, which is imported when a test asks for it."""

import functools
import importlib
import warnings

import pytest

from backends.base import Backend
from backends.notebooks import FRAMEWORKS

CLASSES = {
    "pytorch": "Torch", "tensorflow": "TensorFlow", "jax": "Jax", "mxnet": "MXNet",
    "numpy": "NumPy",
}  # fmt: skip


@functools.cache
def backend_of(framework: str) -> Backend:
    """The one backend object of a framework."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="mxnet")
        # d2l comes first: MXNet needs names that NumPy no longer has.
        d2l = importlib.import_module(f"d2lcompat.{FRAMEWORKS[framework].module}")
        module = importlib.import_module(f"backends.{framework}")
    return getattr(module, CLASSES[framework])(framework, d2l)


def required(framework: str) -> Backend:
    """The backend that a test asks for. One that cannot be imported fails the test; one that has no
    build for this platform skips it."""
    table = FRAMEWORKS[framework]
    if not table.supported:
        pytest.skip(f"{table.label} has no build for this platform")
    try:
        return backend_of(framework)
    except ImportError as error:
        pytest.fail(f"{table.label} cannot be imported ({error}). Run: {table.install_hint}")

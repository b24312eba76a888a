"""Fixtures that let one test speak to every framework."""

import os

import pytest
from backends import BACKENDS, required
from hypothesis import settings
from toy_book import NO_BOOK

from d2lcompat import _data

# Set before any framework is imported, here or in a kernel: no chatter, and one thread, so that
# sums are added up in one order and a busy machine does not stall a run.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
for threads in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(threads, "1")

# JAX compiles programs that run once, in half the time.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")

# No test is about time: on a busy machine any example may take long.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# `make fuzz`
settings.register_profile("fuzz", settings.get_profile("untimed"), max_examples=100_000)


@pytest.fixture(scope="session", autouse=True)
def book_above_temporary_folders(tmp_path_factory):
    """A toy in a temporary folder belongs to no book that happens to be configured above it."""
    (tmp_path_factory.getbasetemp() / "pyproject.toml").write_text(NO_BOOK)


@pytest.fixture(scope="module", params=BACKENDS)
def framework(request):
    """The id of a framework; a test that asks for it runs once for each."""
    return request.param


@pytest.fixture(scope="module")
def backend(framework):
    """A framework as ``backends.Backend``."""
    return required(framework)


@pytest.fixture(autouse=True)
def data_seed_as_before():
    """Seeding everything in one test leaves the order of the data alone in the next."""
    before = _data.data_seed()
    yield
    _data.set_data_seed(before)

"""Fixtures: stand-ins for the published files."""

import gzip
import hashlib
import threading
from dataclasses import replace

import numpy as np
import pytest
from stand_ins import Mirror, idx

from d2lcompat._data import download
from d2lcompat._data.files import FILES, VARIABLE


@pytest.fixture
def mirror():
    """Start servers; stop them at the end."""
    started = []

    def start(contents, behaviour="right"):
        server = Mirror(contents, behaviour)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        return server

    yield start
    for server, thread in started:
        server.proceed.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Small files in place of the published ones, an empty cache, no environment variable."""
    rng = np.random.default_rng(3)
    contents, files = {}, {}
    for key, file in FILES.items():
        shape = (30 if "train" in key else 12, *file.shape[1:])
        array = rng.integers(0, 256 if "images" in key else 10, shape, dtype=np.uint8)
        data = gzip.compress(idx(array), mtime=0)
        contents[file.name] = data
        files[key] = replace(
            file, size=len(data), sha256=hashlib.sha256(data).hexdigest(), shape=shape
        )
    for key, file in files.items():
        monkeypatch.setitem(FILES, key, file)
    monkeypatch.setattr(download, "MIRRORS", ())
    monkeypatch.setattr(download, "TIMEOUT", 5.0)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # One of these is what decides where the cache is, on Linux, macOS and Windows.
    for variable in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    return contents


@pytest.fixture
def folder(stand_in, tmp_path):
    """A folder with the four stand-in files that may not be written to."""
    path = tmp_path / "mine"
    path.mkdir()
    for name, data in stand_in.items():
        (path / name).write_bytes(data)
        (path / name).chmod(0o444)
    path.chmod(0o555)
    yield path
    path.chmod(0o755)

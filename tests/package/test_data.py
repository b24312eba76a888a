"""The data room: what is read is what was published, and the order is the seed's and nobody else's.

The faults here are real ones: a server on the loopback that cuts the line, processes that start
together or are killed, files with a byte changed. Only the table of files and the list of mirrors
are replaced, to describe small stand-in files.
"""

import contextlib
import gzip
import hashlib
import http.server
import json
import math
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from d2lcompat import _data
from d2lcompat._data import BatchLoader, DataUnavailableError

REAL = os.environ.get(_data.VARIABLE, "")


def idx(array: np.ndarray) -> bytes:
    """The array as an IDX file, not compressed."""
    return struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


# -------------------------------------------------------------------------------- the published set


@pytest.mark.skipif(
    REAL in ("", _data.MADE_UP), reason=f"{_data.VARIABLE} names no folder with Fashion-MNIST"
)
def test_published_set():
    data = _data.fashion_mnist(REAL)
    assert not data.made_up
    assert data.train_images.shape == (60000, 28, 28)
    assert data.val_images.shape == (10000, 28, 28)
    assert data.train_images.dtype == data.val_images.dtype == np.uint8
    assert data.train_labels.dtype == data.val_labels.dtype == np.int32
    assert np.bincount(data.train_labels).tolist() == [6000] * 10
    assert np.bincount(data.val_labels).tolist() == [1000] * 10
    assert data.train_labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    values = data.train_images / 255
    assert values.mean() == pytest.approx(0.28604, abs=5e-6)
    assert values.std() == pytest.approx(0.35302, abs=5e-6)
    assert _data.fashion_mnist(Path(REAL)) is data


# ---------------------------------------------------------------------------------------- IDX files


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_read_idx_round_trip(shape, rng):
    array = np.frombuffer(rng.randbytes(int(np.prod(shape))), np.uint8).reshape(shape)
    read = _data.read_idx(gzip.compress(idx(array)), tuple(shape))
    assert read.dtype == np.uint8
    assert not read.flags.writeable
    np.testing.assert_array_equal(read, array, strict=True)


def test_read_idx_reads_a_path(tmp_path):
    path = tmp_path / "some.gz"
    path.write_bytes(gzip.compress(idx(np.arange(6, dtype=np.uint8))))
    assert _data.read_idx(path).tolist() == [0, 1, 2, 3, 4, 5]
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="Expected"):
        _data.read_idx(path)


_EXAMPLE = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("data", "received"),
    [
        (b"", "nothing"),
        (_EXAMPLE, "incorrect header check"),
        (zlib.compress(_EXAMPLE), "incorrect header check"),
        (gzip.compress(_EXAMPLE[:3]), "00 00 08"),
        (gzip.compress(b"\x00\x00\x09\x03" + _EXAMPLE[4:]), "00 00 09 03"),
        (gzip.compress(b"\x00\x00\x08\x00" + _EXAMPLE[4:]), "00 00 08 00"),
        (gzip.compress(_EXAMPLE[:10]), "6 bytes"),
        (gzip.compress(_EXAMPLE[:-1]), "23 bytes"),
        (gzip.compress(_EXAMPLE + b"!"), "more bytes"),
        (gzip.compress(_EXAMPLE)[:-4], "cut off"),
        (gzip.compress(_EXAMPLE)[:-9], "cut off"),
        (gzip.compress(_EXAMPLE) + b"\0", "1 bytes after it"),
        (gzip.compress(_EXAMPLE) + gzip.compress(b"x"), "bytes after it"),
        (gzip.compress(_EXAMPLE)[:-8] + b"0000" + gzip.compress(_EXAMPLE)[-4:], "data check"),
        (gzip.compress(_EXAMPLE[:4] + b"\xff" * 12 + _EXAMPLE[16:]), "4294967295"),
    ],
    ids=range(15),
)
def test_read_idx_refuses(data, received):
    with pytest.raises(ValueError, match=r"(?s)Expected.*Received.*" + received):
        _data.read_idx(data)


def test_read_idx_insists_on_the_shape():
    with pytest.raises(ValueError, match=r"Expected shape \(2, 12\). Received: shape \(2, 3, 4\)"):
        _data.read_idx(gzip.compress(_EXAMPLE), (2, 12))


def test_read_idx_takes_no_more_memory_than_announced():
    bomb = gzip.compress(idx(np.zeros(1, np.uint8)) + bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more bytes"):
            _data.read_idx(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@st.composite
def idx_files(draw):
    """Files that are IDX, almost or not at all: lying headers, content cut, too long, or a bomb;
    compressed, and then damaged here and there."""
    side = (
        st.integers(0, 6) | st.sampled_from([2**16, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
    )
    dimensions = draw(st.lists(side, max_size=4) | st.lists(st.integers(0, 2), max_size=80))
    size = min(math.prod(dimensions), 4096)
    content = draw(st.binary(max_size=min(size, 8)))
    raw = b"".join(
        (
            draw(st.sampled_from([b"\0\0\x08"] * 9 + [b"\0\0\x0d", b"\0\0", b""])),
            bytes([draw(st.sampled_from([len(dimensions)] * 5) | st.integers(0, 255))]),
            struct.pack(f">{len(dimensions)}I", *dimensions),
            content,
            bytes(max(0, size - len(content) + draw(st.sampled_from([0, 0, 0, 0, -1, 1, 10**6])))),
        )
    )
    raw = draw(st.sampled_from([raw, raw, raw, _EXAMPLE]) | st.binary(max_size=100))
    level = draw(st.sampled_from([9, 9, 1, 0, None]))
    data = bytearray(raw if level is None else gzip.compress(raw, level, mtime=0))
    damage = draw(st.sampled_from(["none", "none", "none", "edits", "cut", "longer"]))
    if damage == "edits" and data:
        for _ in range(draw(st.integers(1, 3))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    elif damage == "cut" and data:
        del data[len(data) - draw(st.integers(1, len(data))) :]
    elif damage == "longer":
        data += draw(st.binary(min_size=1, max_size=9))
    return bytes(data)


def announced_size(data: bytes) -> int:
    """How many bytes an IDX file says that it holds; 0 if it could not hold them, or says none."""
    try:
        head = zlib.decompressobj(wbits=31).decompress(data, 4 + 4 * 255)
        size = math.prod(struct.unpack_from(f">{head[3]}I", head, 4))
    except (zlib.error, IndexError, struct.error):
        return 0
    return size if size <= 1032 * len(data) else 0


# `make fuzz` tries a hundred thousand.
@settings(max_examples=max(1000, settings().max_examples), deadline=None)
@given(idx_files())
def test_read_idx_fuzzed(data):
    """A file is read exactly or refused in a sentence, in no more memory than it stands for."""
    tracemalloc.start()
    try:
        array, refusal = _data.read_idx(data), ""
    except ValueError as error:
        array, refusal = None, str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100_000 + 2 * len(data) + 2 * announced_size(data)
    if array is not None:
        event("read")
        assert idx(array) == gzip.decompress(data)
    else:
        assert re.fullmatch(r"(?s)Invalid IDX data\. Expected .+\. Received: .+\.", refusal)
        event("refused: expected " + re.sub(r"\d+|\(.*?\)", "…", refusal.split(". ")[1][9:]))


# ----------------------------------------------------------------------- stand-ins and the loopback


class Mirror(http.server.ThreadingHTTPServer):
    """A server of stand-in files that misbehaves on demand, and counts who asks for what."""

    daemon_threads = True

    def __init__(self, contents, behaviour="right"):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.contents = contents
        self.behaviour = behaviour
        self.requests = []
        self.half_sent = threading.Event()
        self.proceed = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/files/"

    def handle_error(self, request, client_address):
        """A client that hangs up is what some of the tests are about."""


REDIRECTS = {"redirect loop": None, "redirect to a file": "file:///etc/hostname"}
NOT_HTTP = {
    "garbage": b"\0\1\2 garbage\r\n\r\n",
    "nothing": b"",
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: some\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabcd",
    "broken encoding": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nabcd",
}


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self):
        name = self.path.rsplit("/", 1)[1]
        self.server.requests.append(name)
        data = self.server.contents[name]
        behaviour = self.server.behaviour
        if behaviour in ("404", "500"):
            self.send_error(int(behaviour))
            return
        if behaviour in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[behaviour] or self.path)
            self.end_headers()
            return
        if behaviour in NOT_HTTP:
            self.wfile.write(NOT_HTTP[behaviour])
            return
        if behaviour == "wrong":
            data = bytes([data[0] ^ 1]) + data[1:]
        elif behaviour == "truncated":
            data = data[: len(data) // 2]
        elif behaviour == "page":
            data = b"<html>Please sign in to the network.</html>"
        elif behaviour == "bomb":
            data = gzip.compress(idx(np.zeros(1, np.uint8)) + bytes(20_000_000))
        self.send_response(200)
        if behaviour == "encoded bomb":  # unpacked on arrival, before anyone asked for the hash
            self.send_header("Content-Encoding", "gzip")
            data = gzip.compress(bytes(20_000_000))
        if behaviour == "endless":
            self.end_headers()
            for _ in range(2000):
                self.wfile.write(bytes(65536))
            return
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        if behaviour == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if behaviour == "held":
            self.wfile.flush()
            self.server.half_sent.set()
            self.server.proceed.wait(30)
        if behaviour == "slow":
            time.sleep(0.2)
        self.wfile.write(data[len(data) // 2 :])
        if behaviour == "surplus":
            self.wfile.write(b"more than was announced")

    def log_message(self, *args):
        pass


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
    for key, file in _data.FILES.items():
        shape = (30 if "train" in key else 12, *file.shape[1:])
        array = rng.integers(0, 256 if "images" in key else 10, shape, dtype=np.uint8)
        data = gzip.compress(idx(array), mtime=0)
        contents[file.name] = data
        files[key] = replace(
            file, size=len(data), sha256=hashlib.sha256(data).hexdigest(), shape=shape
        )
    monkeypatch.setattr(_data, "FILES", files)
    monkeypatch.setattr(_data, "MIRRORS", ())
    monkeypatch.setattr(_data, "TIMEOUT", 5.0)
    monkeypatch.delenv(_data.VARIABLE, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # One of these is what decides where the cache is, on Linux, macOS and Windows.
    for variable in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    return contents


def cache() -> Path:
    return (_data.pooch.os_cache("d2lcompat") / "fashion-mnist").resolve()


def assert_nothing_bad_is_left(contents, complete):
    """Under a published name there is the published file or nothing, and no half file anywhere."""
    found = {path.name: path for path in cache().iterdir()} if cache().is_dir() else {}
    assert set(found) <= {*contents, "fetch.lock"}
    for name in set(found) & set(contents):
        assert found[name].read_bytes() == contents[name]
    assert not complete or set(found) >= set(contents)


def assert_is(data, contents):
    for key, file in _data.FILES.items():
        array = getattr(data, key)
        np.testing.assert_array_equal(array, _data.read_idx(contents[file.name]))
        assert not array.flags.writeable
    assert data.train_labels.dtype == np.int32
    assert not data.made_up


_FETCH = """
import json, signal, sys
from d2lcompat import _data
# A shell has what it starts in the background, these tests for example, ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
told = json.loads(sys.argv[1])
_data.MIRRORS = tuple(told["mirrors"])
for key, (*file, shape) in told["files"].items():
    _data.FILES[key] = _data.DataFile(*file, tuple(shape))
print(_data.fashion_mnist().train_labels.sum())
"""


def fetching(mirrors) -> list[str]:
    """The command of another Python that asks for the stand-in set."""
    files = {k: (f.name, f.size, f.sha256, f.shape) for k, f in _data.FILES.items()}
    return [sys.executable, "-c", _FETCH, json.dumps({"mirrors": mirrors, "files": files})]


def start(command) -> subprocess.Popen:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# ----------------------------------------------------------------------------------------- download


def test_download_then_cache_then_memory(stand_in, mirror, monkeypatch, capfd):
    server = mirror(stand_in)
    monkeypatch.setattr(_data, "MIRRORS", (server.url,))
    first = _data.fashion_mnist()
    assert_is(first, stand_in)
    assert "100%" in capfd.readouterr().err  # the bar
    assert sorted(server.requests) == sorted(stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)
    assert _data.fashion_mnist() is first
    _data._read_set.cache_clear()
    monkeypatch.setattr(_data, "MIRRORS", ())
    assert_is(_data.fashion_mnist(), stand_in)


@pytest.mark.parametrize(
    "behaviour",
    ["404", "500", "wrong", "truncated", "cut", "page", "endless", "bomb", "encoded bomb",
     *REDIRECTS, *NOT_HTTP],
)  # fmt: skip
def test_second_mirror_helps(stand_in, mirror, monkeypatch, behaviour):
    bad, good = mirror(stand_in, behaviour), mirror(stand_in)
    monkeypatch.setattr(_data, "MIRRORS", (bad.url, good.url))
    assert_is(_data.fashion_mnist(), stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)
    # It failed once and is not asked again while another gives; a loop is followed 30 times.
    assert bad.requests == bad.requests[:1] * (31 if behaviour == "redirect loop" else 1)
    assert sorted(good.requests) == sorted(stand_in)


def test_no_mirror_gives_the_right_file(stand_in, mirror, monkeypatch):
    behaviours = ("404", "500", "wrong", "truncated", "cut", "endless", "redirect loop", "bomb")
    urls = [mirror(stand_in, behaviour).url for behaviour in behaviours]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        urls.append(f"http://127.0.0.1:{free.getsockname()[1]}/")
    monkeypatch.setattr(_data, "MIRRORS", tuple(urls))
    with pytest.raises(DataUnavailableError) as caught:
        _data.fashion_mnist()
    message = str(caught.value)
    lines = message.splitlines()
    reasons = dict(zip(urls, lines[1:-1], strict=True))
    for url, reason in reasons.items():
        assert f"{url}train-images-idx3-ubyte.gz: " in reason
    for url, words in zip(
        urls,
        ("404", "500", "hash", "hash", "IncompleteRead", "Received: more", "30 redirects",
         "hash", "Connection"),
        strict=True,
    ):  # fmt: skip
        assert words in reasons[url]
    assert f"{_data.VARIABLE} to a folder" in lines[-1]
    assert f"{_data.VARIABLE}={_data.MADE_UP}" in lines[-1]
    assert_nothing_bad_is_left(stand_in, complete=False)


def test_what_follows_the_announced_length_is_not_read(stand_in, mirror, monkeypatch):
    monkeypatch.setattr(_data, "MIRRORS", (mirror(stand_in, "surplus").url,))
    assert_is(_data.fashion_mnist(), stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)


@pytest.mark.parametrize("silent", ["from the start", "after half"])
def test_a_silent_mirror_is_given_up(stand_in, mirror, monkeypatch, silent):
    held, good = mirror(stand_in, "held"), mirror(stand_in)
    with socket.socket() as listening:  # and never accepting
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        mute = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        urls = (mute if silent == "from the start" else held.url, good.url)
        monkeypatch.setattr(_data, "MIRRORS", urls)
        monkeypatch.setattr(_data, "TIMEOUT", 0.3)
        assert_is(_data.fashion_mnist(), stand_in)
    assert sorted(good.requests) == sorted(stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)


def test_what_came_before_a_failure_is_kept(stand_in, mirror, monkeypatch):
    server = mirror({"train-images-idx3-ubyte.gz": stand_in["train-images-idx3-ubyte.gz"]})
    monkeypatch.setattr(_data, "MIRRORS", (server.url,))
    with pytest.raises(DataUnavailableError, match="train-labels"):
        _data.fashion_mnist()
    assert_nothing_bad_is_left(stand_in, complete=False)
    server = mirror(stand_in)
    monkeypatch.setattr(_data, "MIRRORS", (server.url,))
    assert_is(_data.fashion_mnist(), stand_in)
    assert sorted(server.requests) == sorted(set(stand_in) - {"train-images-idx3-ubyte.gz"})


@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "empty"])
def test_damaged_cache_is_named_and_replaced(stand_in, mirror, monkeypatch, damage):
    server = mirror(stand_in)
    monkeypatch.setattr(_data, "MIRRORS", (server.url,))
    name = "t10k-images-idx3-ubyte.gz"
    cache().mkdir(parents=True)
    for other, data in stand_in.items():
        (cache() / other).write_bytes(data)
    data = stand_in[name]
    damaged = {
        "flip": data[:100] + bytes([data[100] ^ 4]) + data[101:],
        "cut": data[:-1],
        "longer": data + b"\0",
        "empty": b"",
    }
    (cache() / name).write_bytes(damaged[damage])
    with pytest.warns(UserWarning, match=rf"(?s){name}.*Expected.*Found.*replaced"):
        assert_is(_data.fashion_mnist(), stand_in)
    assert server.requests == [name]
    assert_nothing_bad_is_left(stand_in, complete=True)


def test_four_processes_fetch_once(stand_in, mirror):
    server = mirror(stand_in, "slow")
    processes = [start(fetching([server.url])) for _ in range(4)]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, results
    expected = _data.read_idx(stand_in["train-labels-idx1-ubyte.gz"]).sum()
    assert {int(out) for out, _ in results} == {expected}
    assert sorted(server.requests) == sorted(stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)


@pytest.mark.parametrize("by", ["SIGKILL", "SIGINT"])
def test_killed_while_downloading(stand_in, mirror, monkeypatch, by):
    server = mirror(stand_in, "held")
    process = start(fetching([server.url]))
    assert server.half_sent.wait(30)
    process.send_signal(getattr(signal, by))
    _, said = process.communicate(timeout=30)
    assert not set(stand_in) & {path.name for path in cache().iterdir()}
    if by == "SIGINT":  # as Ctrl-C: there is time to tidy up
        assert "KeyboardInterrupt" in said
        assert_nothing_bad_is_left(stand_in, complete=False)
    server.behaviour = "right"
    monkeypatch.setattr(_data, "MIRRORS", (server.url,))
    assert_is(_data.fashion_mnist(), stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)


@pytest.mark.parametrize("place", ["home", "cache", "incoming", "name"])
def test_something_stands_where_the_cache_belongs(stand_in, mirror, monkeypatch, tmp_path, place):
    """A file where a folder belongs, or a folder where a file does."""
    monkeypatch.setattr(_data, "MIRRORS", (mirror(stand_in).url,))
    name = next(iter(stand_in))
    where = {
        "home": tmp_path / "home",
        "cache": cache(),
        "incoming": cache() / "incoming",
        "name": cache() / name,
    }[place]
    where.parent.mkdir(parents=True, exist_ok=True)
    if place == "name":
        where.mkdir()
        (where / "mine").write_text("kept")
        context: Any = pytest.warns(UserWarning, match=rf"{name} is not a file")
    else:
        where.write_text("kept")
        context = contextlib.nullcontext()
    with (
        context,
        pytest.raises(
            DataUnavailableError,
            match=rf"(?s){name} .*cache folder.* cannot be written to: .*{_data.VARIABLE} to",
        ),
    ):
        _data.fashion_mnist()
    kept = where / "mine" if place == "name" else where
    assert kept.read_text() == "kept"


# Runs a command where a file system of our own is mounted: only for that command, and gone with it.
# Unlike a permission, it binds root, too.
_MOUNTED = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


@pytest.fixture(scope="module")
def mounts():
    """Skips where no process may mount, not even in a namespace of its own, as outside Linux."""
    try:
        subprocess.run(
            [*_MOUNTED, "mount -t tmpfs none /mnt"], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"nothing can be mounted here: {getattr(error, 'stderr', error)}")


def assert_says(errors, *parts):
    """The parts, in this order, and then the next step."""
    message = errors.rpartition("DataUnavailableError: ")[2]
    parts = (*parts, f"{_data.VARIABLE} to a folder")
    places = [message.find(part) for part in parts]
    assert -1 not in places, (parts, message)
    assert places == sorted(places), message


def test_disk_full(mounts, stand_in, mirror):
    """What fits is kept; a second mirror, which could not help, is not asked; once there is room,
    what was kept is not fetched again."""
    server, other = mirror(stand_in), mirror(stand_in)
    cache().mkdir(parents=True)
    files = 'find "$0" -type f ! -name fetch.lock -exec sha256sum {} +'
    script = f"""
        mount -t tmpfs -o size=32k none "$0" && "$@"
        {files}; echo then; mount -o remount,size=1m "$0" && "$@"
        {files}
    """
    command = [*_MOUNTED, script, str(cache()), *fetching([server.url, other.url])]
    out, err = start(command).communicate(timeout=60)
    full, mended = (set(re.findall(r"(\w{64})  .*/(.*)", part)) for part in out.split("then\n"))
    hashes = [(file.sha256, file.name) for file in _data.FILES.values()]
    assert full == set(hashes[:2])  # 24 KiB, 4 KiB; the next would need 12
    assert mended == set(hashes)
    assert_says(err, "No space left on device", hashes[2][1])
    assert server.requests == [name for _, name in (*hashes[:3], *hashes[2:])]
    assert other.requests == []


def test_no_file_may_be_so_long(stand_in, mirror):
    """A quota, as the shell sets one: the same without mounting anything."""
    resource = pytest.importorskip("resource")
    server, other = mirror(stand_in), mirror(stand_in)
    limited = "import os, resource, sys\n" + (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] in (resource.RLIM_INFINITY, -1)
    command = [sys.executable, "-c", limited, *fetching([server.url, other.url])]
    _, err = start(command).communicate(timeout=60)
    assert_says(err, "train-images-idx3-ubyte.gz", "File too large")
    assert_nothing_bad_is_left(stand_in, complete=False)
    assert server.requests == ["train-images-idx3-ubyte.gz"]
    assert other.requests == []


@pytest.mark.parametrize("found", ["nothing", "a damaged file", "everything"])
def test_read_only_cache(mounts, stand_in, mirror, found):
    server = mirror(stand_in)
    cache().mkdir(parents=True)
    for name, data in stand_in.items():
        if found != "nothing":
            (cache() / name).write_bytes(data)
    damaged = cache() / "t10k-labels-idx1-ubyte.gz"
    if found == "a damaged file":
        damaged.write_bytes(b"damaged")
    before = listing(cache())
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "$@"'
    process = start([*_MOUNTED, script, str(cache()), *fetching([server.url])])
    out, err = process.communicate(timeout=60)
    if found == "everything":
        assert int(out) == _data.read_idx(stand_in["train-labels-idx1-ubyte.gz"]).sum()
    else:
        first = damaged if found == "a damaged file" else cache() / next(iter(stand_in))
        assert_says(err, str(first), "cannot be written to", "Read-only file system")
    assert server.requests == []
    assert listing(cache()) == before


def test_waiting_for_the_lock_ends(stand_in, monkeypatch):
    monkeypatch.setattr(_data, "LOCK_TIMEOUT", 0.2)
    cache().mkdir(parents=True)
    with (
        _data.filelock.FileLock(cache() / "fetch.lock"),
        pytest.raises(DataUnavailableError, match="Another process"),
    ):
        _data.fashion_mnist()


# ----------------------------------------------------------------------------------- a named folder


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


def listing(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_named_folder_is_read_and_left_alone(stand_in, folder, monkeypatch):
    before = listing(folder)
    data = _data.fashion_mnist(folder)
    assert_is(data, stand_in)
    monkeypatch.setenv(_data.VARIABLE, str(folder))
    assert _data.fashion_mnist() is data
    monkeypatch.chdir(folder.parent)
    assert _data.fashion_mnist("mine") is data
    assert listing(folder) == before
    assert not cache().exists()


def test_argument_comes_before_the_variable(stand_in, folder, monkeypatch):
    monkeypatch.setenv(_data.VARIABLE, "/nowhere at all")
    assert_is(_data.fashion_mnist(folder), stand_in)


@pytest.mark.parametrize("by", ["argument", "variable"])
@pytest.mark.parametrize("fault", ["missing", "flip", "cut", "folder"])
def test_named_folder_with_a_wrong_file_is_refused(
    stand_in, folder, mirror, monkeypatch, by, fault
):
    server = mirror(stand_in)
    monkeypatch.setattr(_data, "MIRRORS", (server.url,))
    folder.chmod(0o755)
    name = "t10k-labels-idx1-ubyte.gz"
    path, data = folder / name, stand_in[name]
    path.unlink()
    if fault == "flip":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif fault == "cut":
        path.write_bytes(data[:-1])
    elif fault == "folder":
        path.mkdir()
    before = sorted(folder.iterdir())
    if by == "variable":
        monkeypatch.setenv(_data.VARIABLE, str(folder))
    with pytest.raises(DataUnavailableError) as caught:
        _data.fashion_mnist(folder if by == "argument" else None)
    message = str(caught.value)
    file = _data.FILES["val_labels"]
    assert str(path) in message
    assert f"{file.size} bytes, SHA-256 {file.sha256}" in message
    assert _data.VARIABLE in message
    if fault == "flip":
        assert hashlib.sha256(path.read_bytes()).hexdigest() in message
    if fault == "cut":
        assert f"Found: {file.size - 1} bytes" in message
    assert sorted(folder.iterdir()) == before
    assert server.requests == []


@pytest.mark.parametrize("where", ["nowhere", "file", "loop", "~nobody-of-that-name", "x" * 300])
def test_variable_that_names_no_folder(stand_in, monkeypatch, tmp_path, where):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(_data.VARIABLE, where)
    with pytest.raises(
        DataUnavailableError,
        match=rf"(?s){_data.VARIABLE}\).*{where}, which is not a folder. Put the four files",
    ):
        _data.fashion_mnist()


_LABELS = np.arange(30, dtype=np.uint8) % 10
# What each would be if the table of files were wrong; the last is what comes of a sound one.
_PUBLISHED_WRONG = {
    "no gzip": (idx(_LABELS), "a sound gzip file"),
    "magic": (gzip.compress(b"\0\0\x0d" + idx(_LABELS)[3:]), "00 00 0d 01"),
    "dimensions": (gzip.compress(idx(_LABELS)[:4] + b"\0\0\1\0" + bytes(30)), "shape (256,)"),
    "too few": (gzip.compress(idx(_LABELS[:29])), "shape (29,)"),
    "fewer than announced": (gzip.compress(idx(_LABELS)[:-1]), "29 bytes"),
    "bomb": (gzip.compress(idx(_LABELS) + bytes(20_000_000)), "more bytes"),
    "label 10": (gzip.compress(idx(np.where(_LABELS == 9, 10, _LABELS))), "Received: 10"),
}


@pytest.mark.parametrize("from_", ["folder", "mirror"])
@pytest.mark.parametrize("fault", _PUBLISHED_WRONG)
def test_a_right_hash_does_not_make_it_right(stand_in, folder, mirror, monkeypatch, from_, fault):
    data, reason = _PUBLISHED_WRONG[fault]
    file = replace(
        _data.FILES["train_labels"], size=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
    monkeypatch.setitem(_data.FILES, "train_labels", file)
    stand_in[file.name] = data
    server = mirror(stand_in)
    monkeypatch.setattr(_data, "MIRRORS", (server.url,))
    (folder / file.name).chmod(0o644)
    (folder / file.name).write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(DataUnavailableError) as caught:
            _data.fashion_mnist(folder if from_ == "folder" else None)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(str((folder if from_ == "folder" else cache()) / file.name))
    assert reason in message
    assert message.endswith("Correct that table, or install d2lcompat anew.")
    assert sorted(server.requests) == ([] if from_ == "folder" else sorted(stand_in))


# ---------------------------------------------------------------------------------- the made-up set


@pytest.fixture(scope="module")
def made_up():
    _data._made_up_set.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = _data.fashion_mnist(_data.MADE_UP)
        assert _data.fashion_mnist(_data.MADE_UP) is data
    assert [warning.category for warning in caught] == [UserWarning]
    assert "made-up garments, not Fashion-MNIST" in str(caught[0].message)
    assert caught[0].filename == __file__
    return data


def test_made_up_set_has_the_published_shapes(made_up, monkeypatch):
    assert made_up.made_up
    for key, file in _data.FILES.items():
        array = getattr(made_up, key)
        assert array.shape == file.shape
        assert array.dtype == (np.uint8 if "images" in key else np.int32)
        assert not array.flags.writeable
    assert np.bincount(made_up.train_labels).tolist() == [6000] * 10
    assert np.bincount(made_up.val_labels).tolist() == [1000] * 10
    assert (np.diff(made_up.train_labels) != 0).mean() > 0.85  # shuffled
    monkeypatch.setenv(_data.VARIABLE, _data.MADE_UP)
    assert _data.fashion_mnist() is made_up


def test_made_up_set_is_the_same_everywhere(made_up):
    code = (
        "import hashlib; from d2lcompat import _data; d = _data.fashion_mnist('synthetic');"
        "print(hashlib.sha256(b''.join(getattr(d, k).tobytes() for k in _data.FILES)).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = hashlib.sha256(b"".join(getattr(made_up, key).tobytes() for key in _data.FILES))
    assert run.stdout.strip() == here.hexdigest()
    # Equal under NumPy 1.26 and 2.4, with AVX-512 and without.
    assert here.hexdigest().startswith("b75079077114eef6")
    assert "made-up garments" in run.stderr


def test_made_up_set_can_be_learned_but_not_at_a_glance(made_up):
    """Softmax regression, three epochs."""
    features = made_up.val_images.reshape(-1, 784) / np.float32(255)
    weights = np.zeros((784, 10), np.float32)
    loader = BatchLoader(
        (made_up.train_images, made_up.train_labels),
        256,
        True,
        lambda batch: batch,
        transform=_data.pixel_transform(),
    )
    for _ in range(3):
        for images, labels in loader:
            inputs = images.reshape(-1, 784)
            scores = np.exp(inputs @ weights)
            scores /= scores.sum(axis=1, keepdims=True)
            scores[np.arange(len(labels)), labels] -= 1
            weights -= 0.1 / len(labels) * inputs.T @ scores
    accuracy = ((features @ weights).argmax(axis=1) == made_up.val_labels).mean()
    assert 0.8 < accuracy < 0.95


# ------------------------------------------------------------------------------------------- labels


def test_text_labels():
    assert _data.text_labels(range(10)) == _data.TEXT_LABELS
    assert _data.text_labels(np.array([9, 0], np.int32)) == ["ankle boot", "t-shirt"]
    assert _data.text_labels(np.array([1.0], np.float32)) == ["trouser"]
    assert _data.text_labels([1], made_up=True) == ["trouser (made up)"]


@pytest.mark.parametrize("index", [-1, 10, 1.5, float("nan"), float("inf")])
def test_text_labels_outside(index):
    with pytest.raises(ValueError, match=r"from 0 to 9. Received: "):
        _data.text_labels([0, index])


# ------------------------------------------------------------------------------------------- resize

sides = st.integers(1, 40)


@settings(deadline=None)
@given(sides, sides, sides, sides, st.floats(0, 1, width=32))
def test_resize_keeps_a_constant(h, w, height, width, value):
    resized = _data.resize(np.full((2, h, w), value, np.float32), (height, width))
    assert resized.shape == (2, height, width)
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, value, atol=1e-6)


def test_resize_to_the_same_size_is_the_identity():
    images = np.random.default_rng(0).random((3, 28, 20), dtype=np.float32)
    assert _data.resize(images, (28, 20)) is images


def test_resize_by_hand():
    """4 pixels to 2: triangles of half-width 2 about 1 and 3 weigh 3, 3, 1, 0 and 0, 1, 3, 3."""
    image = np.array([[[1, 2, 4, 8]]], np.float32)
    np.testing.assert_allclose(_data.resize(image, (1, 2)), [[[13 / 7, 38 / 7]]], rtol=1e-6)
    np.testing.assert_allclose(
        _data.resize(image.transpose(0, 2, 1), (2, 1)), [[[13 / 7], [38 / 7]]], rtol=1e-6
    )


@pytest.mark.parametrize("size", [(28, 14), (14, 28), (96, 64), (13, 31), (1, 1), (5, 224)])
def test_resize_matches_pillow(size):
    image_module = pytest.importorskip("PIL.Image")
    images = np.random.default_rng(1).random((4, 28, 28), dtype=np.float32)
    resized = _data.resize(images, size)
    for ours, image in zip(resized, images, strict=True):
        theirs = image_module.fromarray(image).resize(size[::-1], image_module.Resampling.BILINEAR)
        np.testing.assert_allclose(ours, np.asarray(theirs), atol=1e-5)


@pytest.mark.parametrize("size", [(0, 3), (3,), 28, (2.5, 3), (True, 3), None])
def test_resize_refuses(size):
    with pytest.raises(ValueError, match=r"Expected \(height, width\).*Received"):
        _data.resize(np.zeros((1, 2, 2), np.float32), size)
    with pytest.raises(ValueError, match=r"shape \(n, h, w\)"):
        _data.resize(np.zeros((2, 2), np.float32), (1, 1))


def test_pixels():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    numbers = _data.pixels(images, (16, 16))
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, images.astype(np.float32) / np.float32(255))
    assert _data.pixels(images, (4, 8)).shape == (1, 4, 8)


# ------------------------------------------------------------------------------------------ batches


def loader(n, batch_size, train, **options):
    """Of examples that carry their own number."""
    arrays = (np.arange(n), np.arange(n, dtype=np.float32)[:, None] * 2)
    return BatchLoader(arrays, batch_size, train, lambda batch: batch, **options)


def epoch(batches):
    return np.concatenate([features for features, _ in batches])


numbers = st.integers(1, 60)
seeds = st.integers(0, 2**40)


@given(numbers, numbers, st.booleans(), seeds)
def test_every_example_exactly_once_an_epoch(n, batch_size, train, seed):
    batches = loader(n, batch_size, train, seed=seed)
    for _ in range(3):
        seen = list(batches)
        assert len(seen) == len(batches) == -(-n // batch_size)
        sizes = [len(features) for features, _ in seen]
        assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
        assert sum(sizes) == n == batches.num_examples
        assert 1 <= sizes[-1] <= batch_size
        assert sorted(epoch(seen)) == list(range(n))
        assert all((labels[:, 0] == 2 * features).all() for features, labels in seen)
        if not train:
            assert epoch(seen).tolist() == list(range(n))


@given(numbers, numbers, seeds)
def test_one_seed_one_order(n, batch_size, seed):
    first, second = (loader(n, batch_size, True, seed=seed) for _ in range(2))
    orders = [epoch(first) for _ in range(3)]
    for k, order in enumerate(orders):
        np.random.seed(k)
        random.random()
        list(loader(7, 2, True, seed=seed))
        second.peek()
        np.testing.assert_array_equal(epoch(second), order)
        np.testing.assert_array_equal(order, np.random.default_rng((seed, k)).permutation(n))


def test_epochs_and_seeds_differ():
    first, second = loader(100, 9, True, seed=1), loader(100, 9, True, seed=2)
    orders = [tuple(epoch(batches)) for batches in (first, first, second, second)]
    assert len(set(orders)) == 4


def test_order_does_not_depend_on_the_batch_size():
    assert epoch(loader(50, 7, True)).tolist() == epoch(loader(50, 50, True)).tolist()


def test_an_iteration_counts_when_it_starts_and_a_peek_does_not():
    batches, other = loader(40, 8, True), loader(40, 8, True)
    assert batches.peek()[0].tolist() == list(range(8))
    second_begun = (iter(batches), iter(batches))[1]
    epoch(other)
    np.testing.assert_array_equal(epoch(second_begun), epoch(other))


def test_the_data_seed():
    before = _data.data_seed()
    try:
        _data.set_data_seed(11)
        made_then = loader(30, 4, True)
        _data.set_data_seed(np.int64(12))
        assert _data.data_seed() == 12
        assert epoch(made_then).tolist() == epoch(loader(30, 4, True, seed=11)).tolist()
        refused: list[Any] = [-1, 1.0, "1", None, True]
        for wrong in refused:
            with pytest.raises(ValueError, match=r"non-negative integer. Received"):
                _data.set_data_seed(wrong)
        assert _data.data_seed() == 12
    finally:
        _data.set_data_seed(before)


@pytest.mark.parametrize(
    "indices", [slice(3, 9), np.array([8, 3, 5]), [8, 3, 5], np.arange(20) % 2 == 0]
)
def test_indices_choose_examples(indices):
    chosen = np.arange(20)[indices]
    batches = loader(20, 4, False, indices=indices)
    assert batches.num_examples == len(chosen)
    assert epoch(batches).tolist() == chosen.tolist()
    assert sorted(epoch(loader(20, 4, True, indices=indices))) == sorted(chosen)


@pytest.mark.parametrize("train", [True, False])
def test_batches_are_converted_whole_and_fresh(train):
    images = np.zeros((10, 28, 28), np.uint8)
    images.setflags(write=False)
    calls = []

    def convert(batch):
        calls.append(batch)
        return batch[0].shape, batch[1].sum()

    batches = BatchLoader(
        (images, np.ones(10)), 4, train, convert, transform=_data.pixel_transform((14, 7))
    )
    assert list(batches) == [((4, 14, 7), 4), ((4, 14, 7), 4), ((2, 14, 7), 2)]
    assert all(array.flags.writeable for batch in calls for array in batch)
    plain = BatchLoader((images,), 4, train, lambda batch: batch[0])
    assert all(batch.flags.writeable and batch.base is None for batch in plain)


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "2", None, True])
def test_batch_size_refused(batch_size):
    with pytest.raises(ValueError, match=r"batch_size. Expected a positive integer. Received"):
        loader(5, batch_size, True)


@pytest.mark.parametrize(
    "arrays", [(), (np.zeros(0),), (np.zeros(2), np.zeros(3)), (np.zeros(()),)]
)
def test_arrays_refused(arrays):
    with pytest.raises(ValueError, match=r"Invalid arrays. Expected .* Received"):
        BatchLoader(arrays, 2, True, lambda batch: batch)


@pytest.mark.parametrize(
    "indices", [[5], [0.5], [], slice(3, 3), 2, [[0, 1]], "all", np.zeros(4, bool)]
)
def test_indices_refused(indices):
    with pytest.raises(ValueError, match=r"Invalid indices. Expected .* 5 examples. Received"):
        loader(5, 2, True, indices=indices)


# ----------------------------------------------------------------------------------------- laziness


def test_no_framework_is_loaded():
    code = (
        "import sys, d2lcompat._data; print({m.split('.')[0] for m in sys.modules} & "
        "{'torch', 'tensorflow', 'jax', 'mxnet', 'matplotlib', 'requests'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"

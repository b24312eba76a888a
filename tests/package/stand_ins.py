"""Small stand-ins for the published files, and a server on the loopback that misbehaves on demand.

The faults are real ones: a server that cuts the line, processes that start together or are killed,
files with a byte changed. Only the table of files and the list of mirrors are replaced.
"""

import gzip
import http.server
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pooch

from d2lcompat._data.files import FILES
from d2lcompat._data.idx import read_idx


def idx(array: np.ndarray) -> bytes:
    """The array as an IDX file, not compressed."""
    return struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


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


def cache() -> Path:
    return (pooch.os_cache("d2lcompat") / "fashion-mnist").resolve()


def assert_nothing_bad_is_left(contents, complete):
    """Under a published name there is the published file or nothing, and no half file anywhere."""
    found = {path.name: path for path in cache().iterdir()} if cache().is_dir() else {}
    assert set(found) <= {*contents, "fetch.lock"}
    for name in set(found) & set(contents):
        assert found[name].read_bytes() == contents[name]
    assert not complete or set(found) >= set(contents)


def assert_is(data, contents):
    for key, file in FILES.items():
        array = getattr(data, key)
        np.testing.assert_array_equal(array, read_idx(contents[file.name]))
        assert not array.flags.writeable
    assert data.train_labels.dtype == np.int32
    assert not data.synthetic


_FETCH = """
import json, signal, sys
from d2lcompat._data import download, fashion_mnist
from d2lcompat._data.files import FILES, DataFile
# A shell has what it starts in the background, these tests for example, ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
told = json.loads(sys.argv[1])
download.MIRRORS = tuple(told["mirrors"])
for key, (*file, shape) in told["files"].items():
    FILES[key] = DataFile(*file, tuple(shape))
print(fashion_mnist().train_labels.sum())
"""


def fetching(mirrors) -> list[str]:
    """The command of another Python that asks for the stand-in set."""
    files = {k: (f.name, f.size, f.sha256, f.shape) for k, f in FILES.items()}
    return [sys.executable, "-c", _FETCH, json.dumps({"mirrors": mirrors, "files": files})]


def start(command) -> subprocess.Popen:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def listing(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}

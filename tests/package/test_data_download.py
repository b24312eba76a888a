"""The download: whatever a mirror, another process or the disk does, the cache has the published
files or nothing, and a message says what to do."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
from typing import Any

import filelock
import pytest
from stand_ins import (
    NOT_HTTP,
    REDIRECTS,
    assert_is,
    assert_nothing_bad_is_left,
    cache,
    fetching,
    listing,
    start,
)  # fmt: skip

from d2lcompat._data import download, fashion_mnist
from d2lcompat._data.files import FILES, SYNTHETIC, VARIABLE, DataUnavailableError, read_set
from d2lcompat._data.idx import read_idx


def test_download_then_cache_then_memory(stand_in, mirror, monkeypatch, capfd):
    server = mirror(stand_in)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    first = fashion_mnist()
    assert_is(first, stand_in)
    assert "100%" in capfd.readouterr().err  # the bar
    assert sorted(server.requests) == sorted(stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)
    assert fashion_mnist() is first
    read_set.cache_clear()
    monkeypatch.setattr(download, "MIRRORS", ())
    assert_is(fashion_mnist(), stand_in)


@pytest.mark.parametrize(
    "behaviour",
    ["404", "500", "wrong", "truncated", "cut", "page", "endless", "bomb", "encoded bomb",
     *REDIRECTS, *NOT_HTTP],
)  # fmt: skip
def test_second_mirror_helps(stand_in, mirror, monkeypatch, behaviour):
    bad, good = mirror(stand_in, behaviour), mirror(stand_in)
    monkeypatch.setattr(download, "MIRRORS", (bad.url, good.url))
    assert_is(fashion_mnist(), stand_in)
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
    monkeypatch.setattr(download, "MIRRORS", tuple(urls))
    with pytest.raises(DataUnavailableError) as caught:
        fashion_mnist()
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
    assert f"{VARIABLE} to a folder" in lines[-1]
    assert f"{VARIABLE}={SYNTHETIC}" in lines[-1]
    assert_nothing_bad_is_left(stand_in, complete=False)


def test_what_follows_the_announced_length_is_not_read(stand_in, mirror, monkeypatch):
    monkeypatch.setattr(download, "MIRRORS", (mirror(stand_in, "surplus").url,))
    assert_is(fashion_mnist(), stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)


@pytest.mark.parametrize("silent", ["from the start", "after half"])
def test_a_silent_mirror_is_given_up(stand_in, mirror, monkeypatch, silent):
    held, good = mirror(stand_in, "held"), mirror(stand_in)
    with socket.socket() as listening:  # and never accepting
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        mute = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        urls = (mute if silent == "from the start" else held.url, good.url)
        monkeypatch.setattr(download, "MIRRORS", urls)
        monkeypatch.setattr(download, "TIMEOUT", 0.3)
        assert_is(fashion_mnist(), stand_in)
    assert sorted(good.requests) == sorted(stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)


def test_what_came_before_a_failure_is_kept(stand_in, mirror, monkeypatch):
    server = mirror({"train-images-idx3-ubyte.gz": stand_in["train-images-idx3-ubyte.gz"]})
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    with pytest.raises(DataUnavailableError, match="train-labels"):
        fashion_mnist()
    assert_nothing_bad_is_left(stand_in, complete=False)
    server = mirror(stand_in)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    assert_is(fashion_mnist(), stand_in)
    assert sorted(server.requests) == sorted(set(stand_in) - {"train-images-idx3-ubyte.gz"})


@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "empty"])
def test_damaged_cache_is_named_and_replaced(stand_in, mirror, monkeypatch, damage):
    server = mirror(stand_in)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
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
        assert_is(fashion_mnist(), stand_in)
    assert server.requests == [name]
    assert_nothing_bad_is_left(stand_in, complete=True)


def test_four_processes_fetch_once(stand_in, mirror):
    server = mirror(stand_in, "slow")
    processes = [start(fetching([server.url])) for _ in range(4)]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, results
    expected = read_idx(stand_in["train-labels-idx1-ubyte.gz"]).sum()
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
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    assert_is(fashion_mnist(), stand_in)
    assert_nothing_bad_is_left(stand_in, complete=True)


@pytest.mark.parametrize("place", ["home", "cache", "incoming", "name"])
def test_something_stands_where_the_cache_belongs(stand_in, mirror, monkeypatch, tmp_path, place):
    """A file where a folder belongs, or a folder where a file does."""
    monkeypatch.setattr(download, "MIRRORS", (mirror(stand_in).url,))
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
            match=rf"(?s){name} .*cache folder.* cannot be written to: .*{VARIABLE} to",
        ),
    ):
        fashion_mnist()
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
    parts = (*parts, f"{VARIABLE} to a folder")
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
    full, completed = (set(re.findall(r"(\w{64})  .*/(.*)", part)) for part in out.split("then\n"))
    hashes = [(file.sha256, file.name) for file in FILES.values()]
    assert full == set(hashes[:2])  # 24 KiB, 4 KiB; the next would need 12
    assert completed == set(hashes)
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
        assert int(out) == read_idx(stand_in["train-labels-idx1-ubyte.gz"]).sum()
    else:
        first = damaged if found == "a damaged file" else cache() / next(iter(stand_in))
        assert_says(err, str(first), "cannot be written to", "Read-only file system")
    assert server.requests == []
    assert listing(cache()) == before


def test_waiting_for_the_lock_ends(stand_in, monkeypatch):
    monkeypatch.setattr(download, "LOCK_TIMEOUT", 0.2)
    cache().mkdir(parents=True)
    with (
        filelock.FileLock(cache() / "fetch.lock"),
        pytest.raises(DataUnavailableError, match="Another process"),
    ):
        fashion_mnist()

"""A folder of files: what is read is what was published, and it is left as it is."""

import gzip
import hashlib
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from stand_ins import assert_is, cache, idx, listing

from d2lcompat._data import download, fashion_mnist
from d2lcompat._data.files import FILES, VARIABLE, DataUnavailableError


@pytest.mark.data
def test_published_set():
    data = fashion_mnist()
    if data.synthetic:
        pytest.skip("Fashion-MNIST can't be had")
    assert data.train_images.shape == (60000, 28, 28)
    assert data.val_images.shape == (10000, 28, 28)
    assert data.train_images.dtype == data.val_images.dtype == np.uint8
    assert data.train_labels.dtype == data.val_labels.dtype == np.int32
    assert np.bincount(data.train_labels).tolist() == [6000] * 10
    assert np.bincount(data.val_labels).tolist() == [1000] * 10
    assert data.train_labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    values, counts = np.arange(256) / 255, np.bincount(data.train_images.ravel(), minlength=256)
    mean = np.average(values, weights=counts)
    assert mean == pytest.approx(0.28604, abs=5e-6)
    assert np.average((values - mean) ** 2, weights=counts) ** 0.5 == pytest.approx(
        0.35302, abs=5e-6
    )
    assert fashion_mnist() is data


def test_named_folder_is_read_and_left_alone(stand_in, folder, monkeypatch):
    before = listing(folder)
    data = fashion_mnist(folder)
    assert_is(data, stand_in)
    monkeypatch.setenv(VARIABLE, str(folder))
    assert fashion_mnist() is data
    monkeypatch.chdir(folder.parent)
    assert fashion_mnist("mine") is data
    assert listing(folder) == before
    assert not cache().exists()


def test_argument_comes_before_the_variable(stand_in, folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, "/nowhere at all")
    assert_is(fashion_mnist(folder), stand_in)


@pytest.mark.parametrize("by", ["argument", "variable"])
@pytest.mark.parametrize("fault", ["missing", "flip", "cut", "folder"])
def test_named_folder_with_a_wrong_file_is_refused(
    stand_in, folder, mirror, monkeypatch, by, fault
):
    server = mirror(stand_in)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
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
        monkeypatch.setenv(VARIABLE, str(folder))
    with pytest.raises(DataUnavailableError) as caught:
        fashion_mnist(folder if by == "argument" else None)
    message = str(caught.value)
    file = FILES["val_labels"]
    assert str(path) in message
    assert f"{file.size} bytes, SHA-256 {file.sha256}" in message
    assert VARIABLE in message
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
    monkeypatch.setenv(VARIABLE, where)
    with pytest.raises(
        DataUnavailableError,
        match=rf"(?s){VARIABLE}\).*{where}, which is not a folder. Put the four files",
    ):
        fashion_mnist()


_LABELS = np.arange(30, dtype=np.uint8) % 10
# What each would be if the table of files were wrong; the last is what comes of a sound one.
_PUBLISHED_WRONG = {
    "no gzip": (idx(_LABELS), "a valid gzip file"),
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
    file = replace(FILES["train_labels"], size=len(data), sha256=hashlib.sha256(data).hexdigest())
    monkeypatch.setitem(FILES, "train_labels", file)
    stand_in[file.name] = data
    server = mirror(stand_in)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    (folder / file.name).chmod(0o644)
    (folder / file.name).write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(DataUnavailableError) as caught:
            fashion_mnist(folder if from_ == "folder" else None)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(str((folder if from_ == "folder" else cache()) / file.name))
    assert reason in message
    assert message.endswith("Correct that table, or reinstall d2lcompat.")
    assert sorted(server.requests) == ([] if from_ == "folder" else sorted(stand_in))

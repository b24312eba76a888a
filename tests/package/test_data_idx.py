"""The reader of IDX: a file is read exactly or refused in a sentence."""

import gzip
import math
import re
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from stand_ins import idx

from d2lcompat._data.idx import read_idx


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_read_idx_round_trip(shape, rng):
    array = np.frombuffer(rng.randbytes(int(np.prod(shape))), np.uint8).reshape(shape)
    read = read_idx(gzip.compress(idx(array)), tuple(shape))
    assert read.dtype == np.uint8
    assert not read.flags.writeable
    np.testing.assert_array_equal(read, array, strict=True)


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
        (gzip.compress(_EXAMPLE)[:-4], "truncated"),
        (gzip.compress(_EXAMPLE)[:-9], "truncated"),
        (gzip.compress(_EXAMPLE) + b"\0", "1 bytes after it"),
        (gzip.compress(_EXAMPLE) + gzip.compress(b"x"), "bytes after it"),
        (gzip.compress(_EXAMPLE)[:-8] + b"0000" + gzip.compress(_EXAMPLE)[-4:], "data check"),
        (gzip.compress(_EXAMPLE[:4] + b"\xff" * 12 + _EXAMPLE[16:]), "4294967295"),
    ],
    ids=range(15),
)
def test_read_idx_refuses(data, received):
    with pytest.raises(ValueError, match=r"(?s)Expected.*Received.*" + received):
        read_idx(data)


def test_read_idx_insists_on_the_shape():
    with pytest.raises(ValueError, match=r"Expected shape \(2, 12\). Received: shape \(2, 3, 4\)"):
        read_idx(gzip.compress(_EXAMPLE), (2, 12))


def test_read_idx_takes_no_more_memory_than_announced():
    bomb = gzip.compress(idx(np.zeros(1, np.uint8)) + bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more bytes"):
            read_idx(bomb)
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
            bytes(max(0, size - len(content) + draw(st.sampled_from([0, 0, 0, 0, -1, 1, 2**18])))),
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
        array, refusal = read_idx(data), ""
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

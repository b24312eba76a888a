"""The reader of IDX, the format in which Fashion-MNIST is published."""

import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def read_idx(compressed: bytes, shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    """Read a gzip-compressed IDX file of unsigned bytes.

    The reader allocates only as many bytes as the header announces. It first rejects a header that
    announces more bytes than the file can contain.

    Args:
        compressed: the bytes of the file.
        shape: the required shape, if any.

    Returns:
        A read-only uint8 array of the announced shape.

    Raises:
        ValueError: it is not gzip, not IDX, not of unsigned bytes, of another shape than
            ``shape``, or its contents differ from its header.
    """
    pending = compressed
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: gzip and nothing else

    def wrong(expected: str, received: str) -> ValueError:
        return ValueError(f"Invalid IDX data. Expected {expected}. Received: {received}.")

    def take(number: int) -> bytes:
        nonlocal pending
        try:
            content = stream.decompress(pending, number)
        except zlib.error as error:
            raise wrong("a valid gzip file", str(error)) from None
        pending = stream.unconsumed_tail
        return content

    magic = take(4)
    if len(magic) < 4 or magic[:3] != b"\0\0\x08" or not magic[3]:
        raise wrong("magic bytes 00 00 08 and a number of dimensions", magic.hex(" ") or "nothing")
    header = take(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise wrong(f"{magic[3]} dimensions of 4 bytes each", f"{len(header)} bytes")
    announced = struct.unpack(f">{magic[3]}I", header)
    if shape is not None and announced != tuple(shape):
        raise wrong(f"shape {tuple(shape)}", f"shape {announced}")
    size = math.prod(announced)
    most = 1032 * len(compressed)  # deflate cannot compress better than this
    if size > most:
        raise wrong(f"a shape that fits into {len(compressed)} bytes of gzip", f"shape {announced}")
    # One byte more than announced, to detect trailing data and to make zlib check the CRC.
    content = take(size + 1)
    if len(content) > size:
        raise wrong(f"{size} bytes of content, as announced by shape {announced}", "more bytes")
    if len(content) < size or not stream.eof:
        found = f"{len(content)} bytes in a truncated file"
        raise wrong(f"{size} bytes of content, as announced by shape {announced}", found)
    if stream.unused_data:
        raise wrong("the end of the file", f"{len(stream.unused_data)} bytes after it")
    try:
        return np.frombuffer(content, np.uint8).reshape(announced)
    except ValueError as error:  # too many dimensions, or no bytes in huge ones
        raise wrong("a shape that NumPy can hold", f"shape {announced}: {error}") from None

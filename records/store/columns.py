"""Columns of unsigned numbers: differences modulo their width, and byte planes packed with zlib.

A packed column is one byte plane after the other, low byte first, each as its length (u32,
big-endian) and one zlib stream; length 0 stands for a plane of zeros.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.unsignedinteger]

_LENGTH = struct.Struct(">I")
_SIGNED = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
# Noise repeats no strings: only Huffman codes suit it. Slow columns repeat.
_STRATEGIES = (zlib.Z_HUFFMAN_ONLY, zlib.Z_FILTERED, zlib.Z_DEFAULT_STRATEGY)


def deltas(column: Column) -> Column:
    """Returns differences from each value to the next; the first value stays."""
    out = column.copy()
    out[1:] -= column[:-1]
    return out


def running_sums(column: Column) -> Column:
    """Returns the inverse of ``deltas``."""
    return np.cumsum(column, dtype=column.dtype)


def grid(count: int, step_ms: int) -> Column:
    """Returns 0, step, 2 x step ... as u32."""
    return np.arange(count, dtype=np.uint32) * np.uint32(step_ms)


def fold(column: Column) -> Column:
    """Returns small numbers for differences near 0 of either sign: 0, -1, 1, -2 -> 0, 1, 2, 3."""
    signed = column.view(_SIGNED[column.itemsize])
    sign = (signed >> (8 * column.itemsize - 1)).view(column.dtype)
    return np.asarray((column << 1) ^ sign, dtype=column.dtype)


def unfold(column: Column) -> Column:
    """Returns the inverse of ``fold``."""
    # 0 or all ones (0 - 1 wraps), by the lowest bit.
    sign = np.zeros_like(column) - (column & 1)
    return np.asarray((column >> 1) ^ sign, dtype=column.dtype)


def split_planes(column: Column) -> list[bytes]:
    """Returns one plane per byte of the column's width, low byte first."""
    little = column.astype(column.dtype.newbyteorder("<"))
    planes = np.frombuffer(little.tobytes(), dtype=np.uint8).reshape(-1, column.itemsize)
    return [planes[:, index].tobytes() for index in range(column.itemsize)]


def join_planes(planes: Sequence[bytes | None], count: int) -> Column:
    """Returns the inverse of ``split_planes``; None stands for a plane of zeros."""
    total = np.zeros((count, len(planes)), dtype=np.uint8)
    for index, plane in enumerate(planes):
        if plane is not None:
            total[:, index] = np.frombuffer(plane, dtype=np.uint8)
    unsigned = np.dtype(_UNSIGNED[len(planes)])
    little = total.reshape(-1).view(unsigned.newbyteorder("<"))
    return little.astype(unsigned, copy=False)


def pack_column(column: Column) -> bytes:
    """Returns the packed form of a column."""
    streams = [_smallest(plane) if any(plane) else b"" for plane in split_planes(column)]
    return b"".join(_LENGTH.pack(len(stream)) + stream for stream in streams)


def unpack_column(data: bytes, at: int, count: int, width: int) -> tuple[Column, int]:
    """Returns the column of ``count`` numbers of ``width`` bytes at ``at``, and where it ends.

    Raises ValueError, struct.error or zlib.error for what ``pack_column`` does not write.
    """
    planes: list[bytes | None] = []
    for _ in range(width):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        planes.append(inflate(data[at : at + length], count) if length else None)
        at += length
    return join_planes(planes, count), at


def _smallest(plane: bytes) -> bytes:
    """Returns the smallest zlib stream of the strategies that fit measurements."""
    return min((_deflate(plane, strategy) for strategy in _STRATEGIES), key=len)


def inflate(stream: bytes, size: int) -> bytes:
    """Returns the ``size`` bytes of a zlib stream.

    ValueError or zlib.error when it holds anything else.
    """
    unpacker = zlib.decompressobj()
    # A block that claims few samples must not be able to fill the memory.
    raw = unpacker.decompress(stream, size + 1)
    if len(raw) != size or not unpacker.eof or unpacker.unused_data:
        raise ValueError("a column of a sealed block or session has the wrong length")
    return raw


def _deflate(plane: bytes, strategy: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
    return packer.compress(plane) + packer.flush()

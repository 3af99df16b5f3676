"""Reads sealed blocks of version 1, which earlier programs wrote. Nothing writes them any more.

Layout: version u8 (1), count u32, time step u32 (ms), then per column length u32 and its zlib
stream: time - index x step, target deltas, force 1 - target, force 2 - force 1, phase deltas and
flags. Each column is stored as byte planes, low byte first, signed differences folded to 0, -1, 1,
-2...
"""

from __future__ import annotations

import struct

import numpy as np

from records.store.canonical import SAMPLE_DTYPE, SampleArray
from records.store.columns import Column, grid, inflate, join_planes, running_sums, unfold

VERSION = 1
_HEAD = struct.Struct(">BII")
_LENGTH = struct.Struct(">I")
_WIDTHS = (4, 2, 2, 2, 1, 2)


def unpack_v1(data: bytes) -> SampleArray:
    """Returns the samples of a block of version 1.

    ValueError, struct.error or zlib.error when damaged.
    """
    _, count, step_ms = _HEAD.unpack_from(data)
    offset = _HEAD.size
    columns: list[Column] = []
    for width in _WIDTHS:
        (length,) = _LENGTH.unpack_from(data, offset)
        offset += _LENGTH.size
        raw = inflate(data[offset : offset + length], width * count)
        columns.append(join_planes([raw[i * count : (i + 1) * count] for i in range(width)], count))
        offset += length
    if offset != len(data):
        raise ValueError("a sealed block has a tail")
    return _assemble(columns, count, step_ms)


def _assemble(columns: list[Column], count: int, step_ms: int) -> SampleArray:
    time_ms, target, residual, second, phase, flags = columns
    samples = np.zeros(count, dtype=SAMPLE_DTYPE)
    samples["taken_at_ms"] = unfold(time_ms) + grid(count, step_ms)
    target = running_sums(unfold(target))
    force_1 = unfold(residual) + target
    samples["target_dn"] = target.view(np.int16)
    samples["force_1_dn"] = force_1.view(np.int16)
    samples["force_2_dn"] = (unfold(second) + force_1).view(np.int16)
    samples["phase"] = running_sums(unfold(phase))
    samples["flags"] = flags
    return samples

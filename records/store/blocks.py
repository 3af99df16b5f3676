"""The sealed form of a session's samples: the differences from target and course, packed.

A *course* is a slow line through the mean of both forces relative to the target: one knot every
``SPAN`` samples, straight between them. It is not causal, so it follows breath, creep and lag
closely, and the rest of each force is little more than the noise of its cell. Absent forces, and
everything else, are restored exactly: all differences are modulo the column's width.

Measured by ``tests/unit/records/store/test_blocks.py`` on the reference signal (15 minutes at 50
Hz, two channels with 0.3 N of noise each); two such channels alone have 0.91 bytes a sample of
noise.

Layout (version 2, big-endian): version u8, count u32, time step u32 (ms), span u8 (0 = no course),
reference of force 2 u8 (0 none, 1 target and course, 2 force 1), then per column one stream for
each byte of its width, low byte first: length u32, zlib; length 0 stands for zeros. Columns and
widths: time - index x step as deltas (4), target deltas (2), knots as deltas (2; only with a
course), force 1 - target - course (2), force 2 - its reference (2), phase deltas (1), flags (2).
All but the flags are folded: 0, -1, 1, -2 ... are stored as 0, 1, 2, 3 ...
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from records.store.blocks_v1 import VERSION as VERSION_1
from records.store.blocks_v1 import unpack_v1
from records.store.canonical import ABSENT_DN, SAMPLE_DTYPE, SampleArray
from records.store.columns import (
    Column,
    deltas,
    fold,
    grid,
    pack_column,
    running_sums,
    unfold,
    unpack_column,
)

VERSION = 2
SPAN = 12
"""Samples between two knots: shorter costs more knots, longer leaves more of the breath."""
MOST_SAMPLES = 1 << 24
"""46 hours at 100 Hz. A damaged count must not be able to fill the memory."""
NO_REFERENCE, COURSE, FORCE_1 = 0, 1, 2
_HEAD = struct.Struct(">BIIBB")

Floats = NDArray[np.float64]


def pack_block(data: bytes) -> bytes:
    """Returns the sealed form of canonical sample bytes."""
    samples = np.frombuffer(data, dtype=SAMPLE_DTYPE)
    columns = _Columns.of(samples)
    return min((_pack(columns, span) for span in (0, SPAN)), key=len)


def unpack_block(data: bytes) -> bytes:
    """Returns the canonical sample bytes of a sealed block; ValueError when it is damaged."""
    try:
        version = data[0] if data else None
        if version == VERSION_1:
            return unpack_v1(data).tobytes()
        if version != VERSION:
            raise ValueError(
                f"a sealed block has version {version}; this program knows {VERSION_1}-{VERSION}"
            )
        return _unpack(data).tobytes()
    except (struct.error, zlib.error, IndexError) as error:
        raise ValueError(f"a sealed block cannot be unpacked: {error}") from error


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of the samples as unsigned numbers."""

    time_ms: Column
    target: Column
    force_1: Column
    force_2: Column
    phase: Column
    flags: Column

    @classmethod
    def of(cls, samples: SampleArray) -> _Columns:
        return cls(
            time_ms=samples["taken_at_ms"].astype(np.uint32),
            target=_unsigned(samples["target_dn"]),
            force_1=_unsigned(samples["force_1_dn"]),
            force_2=_unsigned(samples["force_2_dn"]),
            phase=samples["phase"].copy(),
            flags=samples["flags"].astype(np.uint16),
        )


# --- packing ----------------------------------------------------------------------------------


def _pack(columns: _Columns, span: int) -> bytes:
    count = len(columns.time_ms)
    step_ms = _usual_step_ms(columns.time_ms)
    knots = _knots(columns, span) if span else np.zeros(0, dtype=np.uint16)
    expected = columns.target + _course(knots, span, count)
    reference, second = min(
        (
            (kind, pack_column(fold(columns.force_2 - force)))
            for kind, force in (
                (NO_REFERENCE, np.zeros_like(expected)),
                (COURSE, expected),
                (FORCE_1, columns.force_1),
            )
        ),
        key=lambda candidate: len(candidate[1]),
    )
    return b"".join(
        (
            _HEAD.pack(VERSION, count, step_ms, span, reference),
            pack_column(fold(deltas(columns.time_ms - grid(count, step_ms)))),
            pack_column(fold(deltas(columns.target))),
            pack_column(fold(deltas(knots))) if span else b"",
            pack_column(fold(columns.force_1 - expected)),
            second,
            pack_column(fold(deltas(columns.phase))),
            pack_column(columns.flags),
        )
    )


def _usual_step_ms(time_ms: Column) -> int:
    """Returns the tick: the median of the distances between samples."""
    if len(time_ms) < 2:
        return 0
    return int(np.sort(np.diff(time_ms))[(len(time_ms) - 1) // 2])


def _unsigned(forces: NDArray[np.signedinteger]) -> Column:
    return forces.astype(np.int16).view(np.uint16)


def _knots(columns: _Columns, span: int) -> Column:
    """Returns knots of the least-squares line through the mean of the present forces - target."""
    target = columns.target.view(np.int16).astype(np.float64)
    forces = [f.view(np.int16) for f in (columns.force_1, columns.force_2)]
    present = [f != ABSENT_DN for f in forces]
    total = sum((np.where(p, f - target, 0.0) for f, p in zip(forces, present, strict=True)))
    weight = sum(p.astype(np.float64) for p in present)
    count = len(target)
    left = np.arange(count) // span
    share = np.arange(count) % span / span
    size = _knot_count(count, span)

    def gathered(values: Floats, *, shift: int) -> Floats:
        return np.bincount(left + shift, values, minlength=size).astype(np.float64)

    own = gathered(weight * (1 - share) ** 2, shift=0) + gathered(weight * share**2, shift=1)
    beside = gathered(weight * share * (1 - share), shift=0)
    pull = gathered(total * (1 - share), shift=0) + gathered(total * share, shift=1)
    # A knot without a present force beside it is drawn to 0 instead of staying undefined.
    line = _solve_tridiagonal(own + 1e-3, beside[:-1], pull)
    return np.clip(np.rint(line), -0x7FFF, 0x7FFF).astype(np.int16).view(np.uint16)


def _solve_tridiagonal(diagonal: Floats, beside: Floats, right: Floats) -> Floats:
    """Solve a symmetric system by Thomas' elimination."""
    own, off, value = diagonal.tolist(), beside.tolist(), right.tolist()
    for index, factor in enumerate(off):
        share = factor / own[index]
        own[index + 1] -= share * factor
        value[index + 1] -= share * value[index]
    value[-1] /= own[-1]
    for index in range(len(off) - 1, -1, -1):
        value[index] = (value[index] - off[index] * value[index + 1]) / own[index]
    return np.array(value)


# --- unpacking --------------------------------------------------------------------------------


def _unpack(data: bytes) -> SampleArray:
    _, count, step_ms, span, reference = _HEAD.unpack_from(data)
    if count > MOST_SAMPLES:
        raise ValueError(f"a sealed block names {count} samples; the limit is {MOST_SAMPLES}")
    streams = _StreamReader(data, _HEAD.size)
    time_ms = running_sums(streams.folded(4, count)) + grid(count, step_ms)
    target = running_sums(streams.folded(2, count))
    knots = running_sums(streams.folded(2, _knot_count(count, span))) if span else _NO_KNOTS
    expected = target + _course(knots, span, count)
    force_1 = streams.folded(2, count) + expected
    force_2 = streams.folded(2, count) + _reference(reference, expected, force_1)
    samples = np.empty(count, dtype=SAMPLE_DTYPE)
    samples["taken_at_ms"] = time_ms
    samples["target_dn"] = target.view(np.int16)
    samples["force_1_dn"] = force_1.view(np.int16)
    samples["force_2_dn"] = force_2.view(np.int16)
    samples["phase"] = running_sums(streams.folded(1, count))
    samples["flags"] = streams.plain(2, count)
    streams.end()
    return samples


_NO_KNOTS = np.zeros(0, dtype=np.uint16)


class _StreamReader:
    """Reads one column after the other from a block."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self._offset = offset

    def folded(self, width: int, count: int) -> Column:
        return unfold(self.plain(width, count))

    def plain(self, width: int, count: int) -> Column:
        column, self._offset = unpack_column(self._data, self._offset, count, width)
        return column

    def end(self) -> None:
        if self._offset != len(self._data):
            raise ValueError("a sealed block has a tail")


def _reference(kind: int, expected: Column, force_1: Column) -> Column:
    references: Sequence[Column] = (np.zeros_like(expected), expected, force_1)
    return references[kind]


# --- the course -------------------------------------------------------------------------------


def _knot_count(count: int, span: int) -> int:
    return -(-count // span) + 1


def _course(knots: Column, span: int, count: int) -> Column:
    """Returns the line through the knots, in whole tenths of a newton, rounded half up."""
    if not span:
        return np.zeros(count, dtype=np.uint16)
    ends = knots.view(np.int16).astype(np.int32)
    steps = np.arange(span, dtype=np.int32)
    line = ends[:-1, None] * (span - steps) + ends[1:, None] * steps
    whole: Column = np.floor_divide(2 * line + span, 2 * span).astype(np.int16).view(np.uint16)
    return whole.reshape(-1)[:count]

"""The content of a sealed session between opening and end, in one piece: events and samples.

Layout (big-endian): version u8 (1), length u32 of the packed events, the packed events, and after
them the sealed block of the samples (``records.store.blocks``); each is empty where there is none.

Packed events: base u64, then packed columns (``records.store.columns``), then the texts one after
the other: their length in bytes u32 and one zlib stream. Columns and widths: time as folded deltas
(4), wall clock - time - base as folded deltas (8), kind (2), version (1), length of the text in
bytes (4). ``base`` is the wall clock less the time of the first event; both modulo 2^64.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from records.store.blocks import pack_block
from records.store.canonical import EventRow
from records.store.columns import (
    Column,
    deltas,
    fold,
    inflate,
    pack_column,
    running_sums,
    unfold,
    unpack_column,
)

VERSION: Final = 1
MOST_EVENTS: Final = 1 << 18
"""36 a second over two hours. A damaged count must not be able to fill the memory."""
MOST_TEXT_BYTES: Final = 1 << 26
"""256 bytes for each of the most events; the program's events have 80 on average."""
_HEAD: Final = struct.Struct(">BI")
_BASE: Final = struct.Struct(">Q")
_WRAP: Final = (1 << 64) - 1
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedSession:
    """The row of a sealed session, unpacked up to its events. ``block`` has the samples."""

    events: list[EventRow]
    sample_count: int
    block: bytes


def fits_packing(events: Sequence[EventRow]) -> bool:
    """Returns False for too many or too long events; they stay rows."""
    text_bytes = sum(len(event.detail_json.encode()) for event in events)
    return len(events) <= MOST_EVENTS and text_bytes <= MOST_TEXT_BYTES


def pack_session(events: Sequence[EventRow], samples: bytes) -> bytes:
    """Returns the packed form of events numbered from 1 without a gap, and of canonical samples."""
    packed = _pack_events(events) if events else b""
    block = pack_block(samples) if samples else b""
    return _HEAD.pack(VERSION, len(packed)) + packed + block


def unpack_session(data: bytes, event_count: int, sample_count: int) -> PackedSession:
    """Returns the events again, and the samples' block unchanged.

    Raises ValueError for anything that ``pack_session`` does not write, except for the block.
    """
    try:
        version, length = _HEAD.unpack_from(data)
        if version != VERSION or not 0 <= event_count <= MOST_EVENTS:
            raise ValueError(f"a packed session of version {version} with {event_count} events")
        packed = data[_HEAD.size : _HEAD.size + length]
        if len(packed) != length or bool(packed) != bool(event_count):
            raise ValueError(f"{len(packed)} bytes hold {event_count} packed events")
        events = _unpack_events(packed, event_count) if event_count else []
    except (struct.error, zlib.error, IndexError) as error:
        raise ValueError(f"packed events cannot be read: {error}") from error
    return PackedSession(
        events=events, sample_count=sample_count, block=data[_HEAD.size + length :]
    )


def _pack_events(events: Sequence[EventRow]) -> bytes:
    texts = [event.detail_json.encode() for event in events]
    behind_ms = [(event.utc_ms - event.at_ms) & _WRAP for event in events]
    base = behind_ms[0]
    columns = (
        fold(deltas(_column((event.at_ms for event in events), np.uint32))),
        fold(deltas(_column(((value - base) & _WRAP for value in behind_ms), np.uint64))),
        _column((event.kind for event in events), np.uint16),
        _column((event.version for event in events), np.uint8),
        _column((len(text) for text in texts), np.uint32),
    )
    text = b"".join(texts)
    packed = b"".join(pack_column(column) for column in columns)
    return _BASE.pack(base) + packed + _LENGTH.pack(len(text)) + zlib.compress(text, 9)


def _column(values: Any, dtype: Any) -> Column:
    return np.array(list(values), dtype=dtype)


class _Reader:
    """Takes one piece of packed events after the other."""

    def __init__(self, data: bytes, count: int) -> None:
        self._data, self._count, self._at = data, count, _BASE.size

    def column(self, width: int) -> Column:
        column, self._at = unpack_column(self._data, self._at, self._count, width)
        return column

    def text(self) -> bytes:
        (size,) = _LENGTH.unpack_from(self._data, self._at)
        self._at += _LENGTH.size
        if size > MOST_TEXT_BYTES:
            raise ValueError(f"the packed texts have {size} bytes, more than {MOST_TEXT_BYTES}")
        return inflate(self._data[self._at :], size)


def _unpack_events(data: bytes, count: int) -> list[EventRow]:
    (base,) = _BASE.unpack_from(data)
    reader = _Reader(data, count)
    at_ms = running_sums(unfold(reader.column(4)))
    behind_ms = running_sums(unfold(reader.column(8))) + np.uint64(base)
    utc_ms = (behind_ms + at_ms.astype(np.uint64)).view(np.int64)
    kinds, versions = reader.column(2).tolist(), reader.column(1).tolist()
    lengths = reader.column(4).tolist()
    texts = _split(reader.text(), lengths)
    columns = (range(1, count + 1), at_ms.tolist(), utc_ms.tolist(), kinds, versions, texts)
    return [EventRow(*row) for row in zip(*columns, strict=True)]


def _split(text: bytes, lengths: list[int]) -> list[str]:
    if sum(lengths) != len(text):
        raise ValueError(f"{len(text)} bytes of text are packed, {sum(lengths)} are named")
    texts, at = [], 0
    for length in lengths:
        texts.append(text[at : at + length].decode())
        at += length
    return texts

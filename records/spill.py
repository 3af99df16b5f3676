"""The side file: where a session's records go at once when the database takes none.

``DIR/units/<unit id>.spill`` exists while a session is open. Its space is reserved on the disk
before the unit is armed, so that a full disk cannot take it away. It holds canonical bytes, so
what was put aside can be taken up into the database with the same links.

Layout (big-endian): "TSPILL1" LF, session number u32. Then records, each: length u32, CRC-32 of the
payload u32, payload. Payload: number of the link u32, digest of the link (32), events u32,
samples u32, the canonical events, the canonical samples. A length of 0 or a CRC that does not fit
ends the file: what stands there was never acknowledged.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable
from records.canonical import SAMPLE_SIZE, EventRow, event_from_canonical
from records.session_rows import Tail, canonical

RESERVED_BYTES = 8 << 20
"""Two hours at 50 Hz take 5 MB of samples; the rest is for events and heads."""
MAGIC = b"TSPILL1\n"
_OPEN_NEW = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_HEAD = struct.Struct(">8sI")
_RECORD = struct.Struct(">II")
_PAYLOAD = struct.Struct(">I32sII")


@dataclass(frozen=True, slots=True)
class SpilledBatch:
    """One commit that the database did not take."""

    link_number: int
    link: bytes
    events: list[EventRow]
    samples: bytes


def spill_path(database: Path) -> Path:
    """The side file of a unit's file."""
    return database.with_suffix(".spill")


class SpillFile:
    """The reserved side file of an open session; written by the journal's thread alone."""

    def __init__(self, path: Path, *, size: int = RESERVED_BYTES) -> None:
        """Reserve the space; raises JournalUnavailable."""
        self._path = path
        self._size = size
        self._end = _HEAD.size
        try:
            self._descriptor = os.open(path, _OPEN_NEW, 0o600)
        except OSError as error:
            raise _not_reserved(path, size, error) from error
        try:
            _reserve(self._descriptor, size)
            os.fsync(self._descriptor)
        except OSError as error:
            self.discard()
            raise _not_reserved(path, size, error) from error

    def assign(self, session: int) -> None:
        """Say which session the file is for; raises OSError."""
        _write_at(self._descriptor, _HEAD.pack(MAGIC, session), 0)
        os.fsync(self._descriptor)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    @property
    def is_empty(self) -> bool:
        """True while nothing was put aside."""
        return self._end == _HEAD.size

    def put(self, before: Tail, events: list[EventRow], samples: bytes) -> None:
        """Keep one batch; durable on return. Raises OSError, also when the space is used up."""
        payload = (
            _PAYLOAD.pack(
                before.link_count,
                before.follow(events, samples).link,
                len(events),
                len(samples) // SAMPLE_SIZE,
            )
            + canonical(events)
            + samples
        )
        record = _RECORD.pack(len(payload), zlib.crc32(payload)) + payload
        if self._end + len(record) + _RECORD.size > self._size:
            raise OSError(f"the reserved {self._size} bytes are used up")
        written = _write_at(self._descriptor, record, self._end)
        if written != len(record):
            raise OSError(f"{written} of {len(record)} bytes were written")
        _sync_data(self._descriptor)
        self._end += len(record)

    def batches(self) -> list[SpilledBatch]:
        """What was put aside so far."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return list(_batches(os.read(self._descriptor, self._end)))

    def empty(self) -> None:
        """Forget what was put aside: the database has it now. The reservation stays."""
        _write_at(self._descriptor, bytes(_RECORD.size), _HEAD.size)
        _sync_data(self._descriptor)
        self._end = _HEAD.size

    def close(self) -> None:
        """Leave the file to the next start."""
        os.close(self._descriptor)

    def discard(self) -> None:
        """Give the space back."""
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)


def read_spill(path: Path) -> tuple[int, list[SpilledBatch]]:
    """Session number and whole batches of a side file that a program left behind."""
    data = path.read_bytes()
    if len(data) < _HEAD.size:
        return 0, []
    magic, session = _HEAD.unpack_from(data)
    if magic != MAGIC:
        # A stop before the head was durable: nothing was put aside yet.
        return 0, []
    return session, list(_batches(data))


def _batches(data: bytes) -> Iterator[SpilledBatch]:
    offset = _HEAD.size
    while offset + _RECORD.size <= len(data):
        length, crc = _RECORD.unpack_from(data, offset)
        payload = data[offset + _RECORD.size : offset + _RECORD.size + length]
        if length == 0 or len(payload) != length or zlib.crc32(payload) != crc:
            return
        yield _batch(payload)
        offset += _RECORD.size + length


def _batch(payload: bytes) -> SpilledBatch:
    try:
        link_number, link, event_count, sample_count = _PAYLOAD.unpack_from(payload)
        offset, events = _PAYLOAD.size, []
        for _ in range(event_count):
            event, offset = event_from_canonical(payload, offset)
            events.append(event)
        samples = payload[offset:]
        if len(samples) != sample_count * SAMPLE_SIZE:
            raise ValueError(f"{len(samples)} bytes instead of {sample_count} samples")
    except (struct.error, ValueError) as error:
        raise JournalCorrupt(f"a record put aside in the side file is damaged: {error}") from error
    return SpilledBatch(link_number, link, events, samples)


def _not_reserved(path: Path, size: int, error: OSError) -> JournalUnavailable:
    return JournalUnavailable(
        f"{path}: {size >> 20} MiB for the emergency record cannot be reserved "
        f"({error.strerror or error}); free space on the disk, then start again"
    )


def _reserve(descriptor: int, size: int) -> None:
    """Take ``size`` bytes of the disk now; where the system cannot promise them, write them."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    for offset in range(0, size, 1 << 16):
        _write_at(descriptor, bytes(min(1 << 16, size - offset)), offset)


def _write_at(descriptor: int, data: bytes, offset: int) -> int:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, data)


_sync_data = getattr(os, "fdatasync", os.fsync)

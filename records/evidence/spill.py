"""The side file beside a unit's database while a session is open.

``DIR/units/<unit id>.spill`` has two uses. It takes a session's records when the database cannot be
written: its space is reserved on the disk before the unit is armed, so that a full disk cannot take
it away, and it contains canonical bytes, so that they are read in with the same links. And its head
has the end mark: how many links the session has, made with a key that was forgotten immediately
afterwards (``records.evidence.session_keys``), so that a cut tail is noticed.

Layout (big-endian): "TSPILL2" LF, session number u32, count of links u32, end mark (32), 16 zero
bytes. Then records, each: length u32, CRC-32 of the payload u32, payload. Payload: number of the
link u32, digest of the link (32), tag (16), events u32, samples u32, the canonical events, the
canonical samples. A length of 0 or a wrong CRC ends the file: what follows was never acknowledged.
"TSPILL1" files from before session keys have a head of 12 bytes, no mark and no tags; they are
read, not written.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable
from records.evidence.session_rows import Tail, canonical
from records.store.canonical import SAMPLE_SIZE, EventRow, event_from_canonical
from records.store.durable import sync_folder
from records.store.plain_files import read_plain

RESERVED_BYTES = 8 << 20
"""Two hours at 50 Hz take 5 MB of samples; the rest is for events and heads."""
MAGIC = b"TSPILL2\n"
OLD_MAGIC = b"TSPILL1\n"
_OPEN_AGAIN = os.O_RDWR | getattr(os, "O_BINARY", 0)
_OPEN_NEW = _OPEN_AGAIN | os.O_CREAT | os.O_TRUNC
_HEAD = struct.Struct(">8sII32s16x")
_OLD_HEAD = struct.Struct(">8sI")
_RECORD = struct.Struct(">II")
_PAYLOAD = struct.Struct(">I32s16sII")
_OLD_PAYLOAD = struct.Struct(">I32sII")
MARK_SYNC_S = 1.0
"""Session seconds between two flushes of the end mark: after a power cut so much of a tail can be
missing unnoticed, after a killed program nothing.
"""


@dataclass(frozen=True, slots=True)
class SpilledBatch:
    """One commit that the database did not take. ``tag`` is empty without session keys."""

    link_number: int
    link: bytes
    tag: bytes
    events: list[EventRow]
    samples: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFile:
    """A side file that a program left. ``session`` is 0 before it was assigned.

    ``link_count`` and ``end_mark`` are None in a file from before session keys.
    """

    session: int
    link_count: int | None
    end_mark: bytes | None
    batches: list[SpilledBatch]


NOT_ASSIGNED = SideFile(session=0, link_count=None, end_mark=None, batches=[])


def spill_path(database: Path) -> Path:
    """Returns the side file of a unit's file."""
    return database.with_suffix(".spill")


class SpillFile:
    """The reserved side file of an open session; only the journal's thread writes it."""

    def __init__(self, path: Path, descriptor: int, size: int, end: int) -> None:
        """Use ``reserve`` for a new session and ``reopen`` for an interrupted one."""
        self._path = path
        self._descriptor = descriptor
        self._size = size
        self._end = end
        self._mark_synced_s: float | None = None

    @classmethod
    def reserve(cls, path: Path, *, size: int = RESERVED_BYTES) -> SpillFile:
        """Returns a new file with its space reserved; raises JournalUnavailable."""
        try:
            descriptor = create_file(path)
        except OSError as error:
            raise _not_reserved(path, size, error) from error
        spill = cls(path, descriptor, size, _HEAD.size)
        try:
            _reserve(descriptor, size)
            sync_data(descriptor)
            sync_folder(path.parent)
        except OSError as error:
            spill.discard()
            raise _not_reserved(path, size, error) from error
        return spill

    @classmethod
    def reopen(cls, path: Path) -> SpillFile:
        """Returns the file of an interrupted session, whose records were read in.

        Raises OSError.
        """
        descriptor = os.open(path, _OPEN_AGAIN)
        return cls(path, descriptor, os.fstat(descriptor).st_size, _HEAD.size)

    def mark(self, session: int, link_count: int, end_mark: bytes, now_s: float) -> None:
        """Mark where the session's chain ends; raises OSError.

        Durable at once where the session begins, and once in ``MARK_SYNC_S`` of session time.
        """
        write_at(self._descriptor, _HEAD.pack(MAGIC, session, link_count, end_mark), 0)
        if self._mark_synced_s is None or now_s - self._mark_synced_s >= MARK_SYNC_S:
            sync_data(self._descriptor)
            self._mark_synced_s = now_s

    @property
    def path(self) -> Path:
        """Returns its path."""
        return self._path

    def put(self, after: Tail, events: list[EventRow], samples: bytes, tag: bytes) -> None:
        """Store one batch that leads to ``after``; durable on return.

        Raises OSError, also when the space is used up.
        """
        payload = (
            _PAYLOAD.pack(
                after.link_number,
                after.link,
                tag,
                len(events),
                len(samples) // SAMPLE_SIZE,
            )
            + canonical(events)
            + samples
        )
        record = _RECORD.pack(len(payload), zlib.crc32(payload)) + payload
        if self._end + len(record) + _RECORD.size > self._size:
            raise OSError(f"the reserved {self._size} bytes are used up")
        written = write_at(self._descriptor, record, self._end)
        if written != len(record):
            raise OSError(f"{written} of {len(record)} bytes were written")
        sync_data(self._descriptor)
        self._end += len(record)

    def batches(self) -> list[SpilledBatch]:
        """Returns the batches stored so far."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return list(_batches(os.read(self._descriptor, self._end), _HEAD.size, _PAYLOAD))

    def empty(self) -> None:
        """Forget the batches: the database has them now. The reservation stays."""
        write_at(self._descriptor, bytes(_RECORD.size), _HEAD.size)
        sync_data(self._descriptor)
        self._end = _HEAD.size

    def close(self) -> None:
        """Leave the file to the next start."""
        os.close(self._descriptor)

    def give_up(self) -> None:
        """Keep the file for the next start once it is marked; release its space before."""
        if self._mark_synced_s is None:
            self.discard()
        else:
            self.close()

    def discard(self) -> None:
        """Release the space."""
        os.close(self._descriptor)
        remove_spill(self._path)


def remove_spill(path: Path) -> None:
    """Remove a side file without remaining information."""
    path.unlink(missing_ok=True)


def read_spill(path: Path) -> SideFile:
    """Returns what a program left.

    Raises JournalCorrupt for a record that cannot be read.
    """
    data = read_plain(path)
    if data.startswith(MAGIC) and len(data) >= _HEAD.size:
        _, session, link_count, end_mark = _HEAD.unpack_from(data)
        return SideFile(
            session=session,
            link_count=link_count,
            end_mark=end_mark,
            batches=list(_batches(data, _HEAD.size, _PAYLOAD)),
        )
    if data.startswith(OLD_MAGIC) and len(data) >= _OLD_HEAD.size:
        _, session = _OLD_HEAD.unpack_from(data)
        batches = list(_batches(data, _OLD_HEAD.size, _OLD_PAYLOAD))
        return SideFile(session=session, link_count=None, end_mark=None, batches=batches)
    # A stop before the head was durable: nothing was stored yet.
    return NOT_ASSIGNED


def _batches(data: bytes, offset: int, layout: struct.Struct) -> Iterator[SpilledBatch]:
    while offset + _RECORD.size <= len(data):
        length, crc = _RECORD.unpack_from(data, offset)
        payload = data[offset + _RECORD.size : offset + _RECORD.size + length]
        if length == 0 or len(payload) != length or zlib.crc32(payload) != crc:
            return
        yield _batch(payload, layout)
        offset += _RECORD.size + length


def _batch(payload: bytes, layout: struct.Struct) -> SpilledBatch:
    try:
        link_number, link, *tag, event_count, sample_count = layout.unpack_from(payload)
        offset, events = layout.size, []
        for _ in range(event_count):
            event, offset = event_from_canonical(payload, offset)
            events.append(event)
        samples = payload[offset:]
        if len(samples) != sample_count * SAMPLE_SIZE:
            raise ValueError(f"{len(samples)} bytes instead of {sample_count} samples")
    except (struct.error, ValueError) as error:
        raise JournalCorrupt(f"a record put aside in the side file is damaged: {error}") from error
    return SpilledBatch(link_number, link, tag[0] if tag else b"", events, samples)


def _not_reserved(path: Path, size: int, error: OSError) -> JournalUnavailable:
    return JournalUnavailable(
        f"{path}: {size >> 20} MiB for the emergency record cannot be reserved "
        f"({error.strerror or error}); free space on the disk, then start again"
    )


def _reserve(descriptor: int, size: int) -> None:
    """Reserve ``size`` bytes of the disk; where the system cannot guarantee them, write them."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    for offset in range(0, size, 1 << 16):
        write_at(descriptor, bytes(min(1 << 16, size - offset)), offset)


def create_file(path: Path) -> int:
    """Create a new side file for its owner only; returns its descriptor."""
    return os.open(path, _OPEN_NEW, 0o600)


def write_at(descriptor: int, data: bytes, offset: int) -> int:
    """Write at an offset; returns the bytes written, which may be fewer."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, data)


sync_data = getattr(os, "fdatasync", os.fsync)

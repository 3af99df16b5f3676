"""A zip file in which every byte belongs to a member: nothing before, between, after or beside.

``zipfile`` reads what it finds and skips the rest, so bytes could be hidden in a verified file.
Here the file is read from its first byte to its last: local heads and contents one after the other,
then the list of members, then the end, whose comment is reported. Sizes are limited as declared and
again during unpacking. Accepted are stored and deflated members, without encryption, extra fields,
comments of members, volumes and 64 bit sizes, as ``records.evidence.bundle`` writes them and most
programs do for small files.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from controller.errors import JournalCorrupt

CHUNK = 1 << 16
"""Bytes in memory at once."""
STORED, DEFLATED = 0, 8
NEEDED_VERSION = 20
"""Version of the zip format for what is accepted here: 2.0."""
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_UTF_8 = 0x800
"""The only accepted flag: the name is UTF-8. Names are ASCII anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of the list; ``start`` is where its bytes begin in the file."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    start: int


class PlainZip:
    """The members of an open file. Raises JournalCorrupt naming the member, the limit, the fault.

    ``limit_of`` returns the most bytes of a member of that name, None for an unknown one;
    ``most_bytes`` limits the file, and all its contents together.
    """

    def __init__(
        self,
        file: BinaryIO,
        limit_of: Callable[[str], int | None],
        *,
        most_members: int,
        most_bytes: int,
    ) -> None:
        self._file = file
        size = file.seek(0, io.SEEK_END)
        if size > most_bytes:
            raise JournalCorrupt(f"it has {size} bytes, at most {most_bytes} are read")
        self.comment, entries = self._entries(size, most_members)
        self.members: dict[str, Member] = {}
        self._walk(entries, limit_of)
        total = sum(member.size for member in self.members.values())
        if total > most_bytes:
            raise JournalCorrupt(f"its files hold {total} bytes, at most {most_bytes} are read")

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yields a member's content, a chunk at a time; size and CRC are checked at its end."""
        member = self.members[name]
        crc = size = 0
        for chunk in self._unpacked(member):
            size += len(chunk)
            if size > member.size:
                raise JournalCorrupt(f"{name} unpacks to more than its {member.size} bytes")
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if (size, crc) != (member.size, member.crc):
            raise JournalCorrupt(f"{name} does not unpack to the bytes that are declared")

    def read(self, name: str) -> bytes:
        """Returns the whole content of a member, up to its limit."""
        return b"".join(self.chunks(name))

    def text(self, name: str) -> io.TextIOWrapper:
        """Returns the content of a member as UTF-8 lines that end with LF only."""
        raw = io.BufferedReader(_Stream(self.chunks(name)), CHUNK)
        return io.TextIOWrapper(raw, encoding="utf-8", newline="\n")

    # --- the frame ----------------------------------------------------------------------------

    def _entries(self, size: int, most: int) -> tuple[bytes, list[tuple[int, Member]]]:
        """Returns the comment, and each entry of the list with the place of its local head."""
        end_at, comment, count, list_at, list_size = self._end(size)
        if count > most:
            raise JournalCorrupt(f"it holds {count} files, at most {most} are read")
        if list_at + list_size != end_at:
            raise JournalCorrupt("bytes stand between its list of files and its end")
        at, entries = list_at, []
        for _ in range(count):
            member, local_at, at = self._entry(at)
            entries.append((local_at, member))
        if at != end_at:
            raise JournalCorrupt("there are bytes after its list of files")
        self._list_at = list_at
        return comment, entries

    def _end(self, size: int) -> tuple[int, bytes, int, int, int]:
        """Returns the end of the file: the last record whose comment reaches to the last byte."""
        most = min(size, _END.size + 0xFFFF)
        tail = self._bytes(size - most, most)
        at = tail.rfind(b"PK\5\6")
        if at < 0 or at + _END.size > len(tail):
            raise JournalCorrupt("it is not a whole zip file: its end is missing")
        _, disk, list_disk, here, count, list_size, list_at, length = _END.unpack_from(tail, at)
        comment = tail[at + _END.size :]
        if len(comment) != length:
            raise JournalCorrupt("there are bytes after the end of the zip file")
        if disk or list_disk or here != count:
            raise JournalCorrupt("it is a part of a zip file in several volumes")
        return size - most + at, comment, count, list_at, list_size

    def _entry(self, at: int) -> tuple[Member, int, int]:
        (
            mark,
            _,
            needed,
            flags,
            method,
            _,
            _,
            crc,
            packed,
            size,
            name_size,
            extra,
            comment,
            disk,
            _,
            _,
            local_at,
        ) = _ENTRY.unpack(self._bytes(at, _ENTRY.size))
        if mark != b"PK\1\2":
            raise JournalCorrupt("its list of files is damaged")
        raw = self._bytes(at + _ENTRY.size, name_size)
        name = _name(raw)
        if extra or comment or disk:
            raise JournalCorrupt(f"{name} has an extra field or a comment in the list of files")
        if flags & ~_UTF_8:
            raise JournalCorrupt(f"{name} is encrypted or has its sizes after the data")
        if needed > NEEDED_VERSION:
            raise JournalCorrupt(f"{name} needs version {needed} of zip, at most {NEEDED_VERSION}")
        if method not in (STORED, DEFLATED):
            raise JournalCorrupt(f"{name} is packed by method {method}; 0 and 8 are read")
        member = Member(
            name=name,
            method=method,
            crc=crc,
            packed=packed,
            size=size,
            start=local_at + _LOCAL.size + name_size,
        )
        return member, local_at, at + _ENTRY.size + name_size

    def _walk(
        self, entries: list[tuple[int, Member]], limit_of: Callable[[str], int | None]
    ) -> None:
        """Check that each member follows the one before it, and that its head matches the list."""
        at = 0
        for local_at, member in sorted(entries, key=lambda entry: entry[0]):
            if member.name in self.members:
                raise JournalCorrupt(f"{member.name} stands in it twice")
            limit = limit_of(member.name)
            if limit is None:
                raise JournalCorrupt(f"{member.name} does not belong into it")
            if member.size > limit:
                raise JournalCorrupt(f"{member.name} has {member.size} bytes, at most {limit}")
            if local_at != at:
                raise JournalCorrupt(f"bytes stand before {member.name}, outside of every file")
            self._check_head(local_at, member)
            self.members[member.name] = member
            at = member.start + member.packed
        if at != self._list_at:
            raise JournalCorrupt("bytes stand before its list of files, outside of every file")

    def _check_head(self, at: int, member: Member) -> None:
        mark, needed, flags, method, _, _, crc, packed, size, name_size, extra = _LOCAL.unpack(
            self._bytes(at, _LOCAL.size)
        )
        name = _name(self._bytes(at + _LOCAL.size, name_size))
        listed = (member.name, member.method, member.crc, member.packed, member.size)
        plain = (mark, extra, flags & ~_UTF_8) == (b"PK\3\4", 0, 0) and needed <= NEEDED_VERSION
        if not plain:
            raise JournalCorrupt(f"the head of {member.name} is damaged or has an extra field")
        if (name, method, crc, packed, size) != listed:
            raise JournalCorrupt(f"the head of {member.name} differs from the list of files")

    # --- contents -----------------------------------------------------------------------------

    def _unpacked(self, member: Member) -> Iterator[bytes]:
        if member.method == STORED:
            yield from self._packed(member)
            return
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        for packed in self._packed(member):
            data = packed
            while data and not unpacker.eof:
                yield _inflated(unpacker, data, member)
                data = unpacker.unconsumed_tail
            if unpacker.eof and (data or unpacker.unused_data):
                raise JournalCorrupt(f"there are bytes after the content of {member.name}")
        while not unpacker.eof and (more := _inflated(unpacker, b"", member)):
            yield more
        if not unpacker.eof:
            raise JournalCorrupt(f"{member.name} is cut off")

    def _packed(self, member: Member) -> Iterator[bytes]:
        for offset in range(0, member.packed, CHUNK):
            yield self._bytes(member.start + offset, min(CHUNK, member.packed - offset))

    def _bytes(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        data = self._file.read(count)
        if len(data) != count:
            raise JournalCorrupt("it is not a whole zip file: it is cut off")
        return data


class _Stream(io.RawIOBase):
    """Chunks as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = chunk
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _inflated(unpacker: zlib._Decompress, data: bytes, member: Member) -> bytes:
    try:
        return unpacker.decompress(data, CHUNK)
    except zlib.error as error:
        raise JournalCorrupt(f"{member.name} cannot be unpacked: {error}") from error


def _name(raw: bytes) -> str:
    try:
        name = raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise JournalCorrupt(f"the name {raw!r} of a file in it is not ASCII") from error
    if not name.isprintable() or not name:
        raise JournalCorrupt(f"the name {raw!r} of a file in it is no name")
    return name

"""A capture: the bytes of a line, chunk by chunk, in a text file that can be read and replayed.

    traction-capture 1 2026-11-29T16:44:12.123Z SHA-256-OF-THE-PROFILE modbus-tcp://host:502?unit=1
    0.000000 > 000100000006010300000020
    0.012345 < 00010000004301034054524331
    end 2

Times are seconds since the first line was made, on the program's monotonic clock. Each line of text
is one chunk of bytes as written or read. The last line counts the chunks; without it the capture
was cut off.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from controller.errors import AddressInvalid, CaptureInvalid
from controller.ports import Clock
from firmware_bridge.line.line import Direction
from firmware_bridge.line.uri import parse_uri

VERSION: Final = "1"
HAND_OVER_S: Final = 0.5
"""At most this much of a capture is lost if the program is killed."""
QUEUE_LIMIT: Final = 1024
"""Batches that may wait for a disk: more than eight minutes of a session."""
CLOSE_LIMIT_S: Final = 2.0
"""How long the end of a session waits for the capture's disk; the record is closed by then."""
LINE_LIMIT: Final = 65_536
"""Maximum characters of a line; a chunk is never longer than one read (4096 bytes)."""

_USER_NAME = re.compile(r"(?<=://)[^/?]*@")
_HEAD = re.compile(r"traction-capture (\S{1,9}) (\S+) ([0-9a-f]{64}) (.+)")
_LUMP = re.compile(r"([0-9]{1,9}\.[0-9]{6}) ([<>]) ((?:[0-9a-f]{2})+)")
_END = re.compile(r"end ([0-9]{1,12})")

_Lumps = list[tuple[float, Direction, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureHead:
    """The origin of a capture's bytes. ``start_utc`` is text such as 2026-...T...Z."""

    address: str
    profile_digest: str
    start_utc: str

    @classmethod
    def of(cls, uri: str, profile_digest: str, clock: Clock) -> CaptureHead:
        """Returns the head of a capture that begins now; raises AddressInvalid.

        Keeps of the address what leads to the unit; a user name before the host is left out, since
        nothing uses it and it may identify somebody.
        """
        parse_uri(uri)
        address = _USER_NAME.sub("", uri)
        moment = datetime.fromtimestamp(clock.utc_ms() / 1000, UTC)
        start_utc = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return cls(address=address, profile_digest=profile_digest, start_utc=start_utc)

    def line(self) -> str:
        """Returns the first line of the file."""
        return f"traction-capture {VERSION} {self.start_utc} {self.profile_digest} {self.address}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lump:
    """Bytes that went over a line at once. ``at_s``: seconds since the capture began.

    ``line_number`` is the line in the file, from 1.
    """

    at_s: float
    direction: Direction
    data: bytes
    line_number: int


class CaptureWriter:
    """Listens to a line (it is a ``Capture``) and writes the bytes in a thread of its own.

    A call only collects; it never waits or raises. Any failure ends the capture and nothing else;
    ``close`` reports it.
    """

    def __init__(self, file: BinaryIO, head: CaptureHead, clock: Clock) -> None:
        self._file = file
        self._head = head
        self._origin_s = self._handed_s = clock.now_s()
        self._lumps: _Lumps = []
        self._queue: queue.Queue[_Lumps | None] = queue.Queue(QUEUE_LIMIT)
        self._trouble = ""
        self._is_whole = False
        self._writer = threading.Thread(target=self._write, name="capture", daemon=True)
        self._writer.start()

    def __call__(self, at_s: float, direction: Direction, data: bytes) -> None:
        """Keep a chunk; ``at_s`` is in monotonic seconds."""
        if self._trouble:
            return
        self._lumps.append((at_s, direction, bytes(data)))
        if at_s - self._handed_s >= HAND_OVER_S:
            self._handed_s = at_s
            self._hand_over(self._lumps)
            self._lumps = []

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> str:
        """Write what is left. Returns why the capture is incomplete, "" if it is complete."""
        self._hand_over(self._lumps)
        self._hand_over(None)
        self._writer.join(limit_s)
        if self._is_whole:
            return ""
        if self._writer.is_alive():
            return self._trouble or f"the disk took nothing for {limit_s:g} s"
        return self._trouble or "the thread that writes it ended early"

    def _hand_over(self, lumps: _Lumps | None) -> None:
        """Queue a batch; after a failure only the end (None) is queued."""
        if self._trouble and lumps is not None:
            return
        try:
            self._queue.put_nowait(lumps)
        except queue.Full:
            self._trouble = self._trouble or "the disk is too slow for it"

    # --- the writer's thread ------------------------------------------------------------------

    def _write(self) -> None:
        """Write batch by batch; the first error ends the capture without disturbing the loop."""
        try:
            with self._file as file:
                file.write(self._head.line().encode())
                file.flush()
                count_n = self._write_lumps(file)
                if self._trouble:
                    return
                file.write(b"end %d\n" % count_n)
            self._is_whole = True
        except (OSError, ValueError) as error:
            self._trouble = getattr(error, "strerror", None) or str(error)

    def _write_lumps(self, file: BinaryIO) -> int:
        count_n = 0
        while (lumps := self._queue.get()) is not None and not self._trouble:
            for at_s, direction, data in lumps:
                line = f"{max(0.0, at_s - self._origin_s):.6f} {direction.value} {data.hex()}\n"
                file.write(line.encode())
            file.flush()
            count_n += len(lumps)
        return count_n


def read_capture(path: Path) -> tuple[CaptureHead, Iterator[Lump]]:
    """Returns the head and an iterator over the chunks.

    Raises CaptureInvalid naming file, line and reason; if the capture was cut off, after its last
    complete chunk.
    """
    lines = _lines(path)
    first = next(lines, (1, ""))[1]
    return _head(path, first), _lumps(path, lines)


def _head(path: Path, line: str) -> CaptureHead:
    found = _HEAD.fullmatch(line)
    if not found:
        raise _invalid(path, 1, "it does not begin as a capture does (traction-capture 1 ...)")
    version, start_utc, digest, address = found.groups()
    if version != VERSION:
        raise _invalid(path, 1, f"version {version} is not supported, only {VERSION}")
    try:
        parse_uri(address)
    except AddressInvalid as error:
        raise _invalid(path, 1, error.message) from error
    return CaptureHead(address=address, profile_digest=digest, start_utc=start_utc)


def _lumps(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[Lump]:
    count_n, before_s, number = 0, 0.0, 1
    for number, line in lines:
        if found := _END.fullmatch(line):
            _check_end(path, number, int(found[1]), count_n, next(lines, None))
            return
        lump = _lump(path, number, line)
        if lump.at_s < before_s:
            raise _invalid(path, number, f"{lump.at_s:.6f} s is before the {before_s:.6f} s above")
        count_n, before_s = count_n + 1, lump.at_s
        yield lump
    raise _invalid(
        path,
        number,
        f"the capture is cut off after {count_n} chunks: its last line is missing, because "
        "the program was ended, the disk was full or somebody shortened the file",
    )


def _lump(path: Path, number: int, line: str) -> Lump:
    found = _LUMP.fullmatch(line)
    if not found:
        raise _invalid(
            path,
            number,
            f"{line[:40]!r} is no chunk; expected: seconds with six decimals, > or <, and hex",
        )
    at_s, sign, data = found.groups()
    return Lump(
        at_s=float(at_s), direction=Direction(sign), data=bytes.fromhex(data), line_number=number
    )


def _check_end(
    path: Path, number: int, said_n: int, count_n: int, behind: tuple[int, str] | None
) -> None:
    if said_n != count_n:
        raise _invalid(path, number, f"the end counts {said_n} chunks, but {count_n} are above it")
    if behind is not None:
        raise _invalid(path, behind[0], "something follows the end of the capture")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yields number and text of every complete line; a last line without line end was cut off."""
    try:
        if path.exists() and not path.is_file():
            raise CaptureInvalid(f"capture {path} is not a file; name one that --capture wrote")
        with path.open("rb") as file:
            number = 0
            while (line := file.readline(LINE_LIMIT)).endswith(b"\n"):
                number += 1
                yield number, line[:-1].decode()
            if len(line) == LINE_LIMIT:
                raise _invalid(path, number + 1, f"it is longer than {LINE_LIMIT} characters")
    except OSError as error:
        raise CaptureInvalid(
            f"capture {path} cannot be read ({error.strerror}); correct the name"
        ) from error
    except UnicodeDecodeError as not_text:
        raise _invalid(path, number, "it is not UTF-8 text") from not_text


def _invalid(path: Path, number: int, reason: str) -> CaptureInvalid:
    return CaptureInvalid(
        f"capture {path}, line {number}: {reason}; use the file as --capture wrote it"
    )

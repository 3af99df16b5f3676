"""Captures of the bytes of a unit's line, and the last minutes of one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.errors import AddressInvalid, CaptureInvalid, RecordNotFound
from firmware_bridge.line.capture import read_capture
from firmware_bridge.line.uri import parse_uri
from workstation.station.line_trace import SUFFIX
from workstation.station.place import ChannelPlace

LAST_S: Final = 300.0
"""How much of the end of a capture is shown."""
MOST_LUMPS: Final = 5000
"""Most chunks that are shown: a busy line has 40 a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBytes:
    """The end of a capture: seconds since its beginning, direction, and the bytes in hex.

    ``kind`` is the transport ("TcpAddress"); ``trouble`` says why the file is incomplete.
    """

    kind: str
    lines: Sequence[str]
    trouble: str


def captures_of(place: ChannelPlace) -> list[Path]:
    """Returns the files of a unit, newest first."""
    return sorted(place.folder.glob(f"{place.stem}-*{SUFFIX}"), reverse=True)


def capture_named(place: ChannelPlace, name: str) -> Path:
    """Returns one of them by its name; raises RecordNotFound."""
    for path in captures_of(place):
        if path.name == name:
            return path
    raise RecordNotFound(f"the capture {name} does not exist for {place.called}")


def last_bytes(path: Path) -> LastBytes:
    """Returns the last minutes of a file, complete or still being written."""
    lines: deque[tuple[float, str]] = deque(maxlen=MOST_LUMPS)
    kind, trouble = "", ""
    try:
        head, lumps = read_capture(path)
        kind = type(parse_uri(head.address)).__name__
        for lump in lumps:
            text = f"{lump.at_s:13.6f} {lump.direction.value} {lump.data.hex()}"
            lines.append((lump.at_s, text))
    except (CaptureInvalid, AddressInvalid) as error:
        trouble = error.message
    since_s = lines[-1][0] - LAST_S if lines else 0.0
    shown = [text for at_s, text in lines if at_s >= since_s]
    return LastBytes(kind=kind, lines=shown, trouble=trouble)

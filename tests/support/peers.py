"""Two sides of a channel in one process: an echoing listener, and clients of any behaviour."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controller.errors import MessageRefused
from controller.ports import Clock
from controller.runtime.clock import SystemClock
from workstation.station.channel import ChannelListener, Peer, connect_to
from workstation.station.place import ChannelPlace, short_path, station_folder

STRANGERS = {
    "wrong proof": struct.pack("!i", 64) + bytes(64),
    "short": struct.pack("!i", 3) + b"abc",
    "half a message": struct.pack("!i", 64) + b"half",
    "half a length": b"\x00",
    "10 MiB": struct.pack("!i", 10 * 1024 * 1024) + b"x" * 1000,
    "2^63": struct.pack("!i", -1) + struct.pack("!Q", 2**63),
    "a browser": b"GET / HTTP/1.0\r\n\r\n",
}
"""What a client without the key may send to a listener."""


def as_bytes(message: object) -> bytes:
    assert isinstance(message, bytes)
    return message


def echo(peer: Peer) -> None:
    """Send back what is received, and report what is refused."""
    with suppress(EOFError):
        while True:
            try:
                said = peer.receive()
            except MessageRefused as refused:
                return peer.close(refused.message.encode())
            assert said is not None
            peer.send(said)


class Echoing:
    """A listener at ``Table 1`` with its reports."""

    def __init__(self, data: Path, clock: Clock | None = None) -> None:
        self.place = ChannelPlace(folder=station_folder(data), called="Table 1")
        self.reported: list[str] = []
        self.listener = ChannelListener(
            self.place,
            echo,
            encode=as_bytes,
            clock=clock or SystemClock(),
            report=self.reported.append,
        )

    def connect(self) -> Peer:
        return connect_to(self.place, encode=as_bytes)

    def raw(self) -> socket.socket:
        """A connection that has not authenticated."""
        return raw_connection(self.place)


def raw_connection(place: ChannelPlace) -> socket.socket:
    """A connection to a listener that has not authenticated."""
    plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_path(place.socket) as path:
        plain.connect(path)
    return plain


@contextmanager
def echoing(data: Path) -> Iterator[Echoing]:
    both = Echoing(data)
    try:
        yield both
    finally:
        both.listener.close()

"""One connection of ``multiprocessing.connection``: bytes only, and every wait in it is bounded.

Nothing is ever pickled. A Unix socket on POSIX systems; on Windows, where nothing of this was
tried, a named pipe.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol, TypeAlias

from controller.errors import MessageRefused
from workstation.station.place import ChannelPlace, short_path

if sys.platform == "win32":
    from multiprocessing.connection import Client, Listener, PipeConnection

    AnyConnection: TypeAlias = "Connection[Any, Any] | PipeConnection[Any, Any]"
else:
    AnyConnection: TypeAlias = "Connection[Any, Any]"

MOST_BYTES: Final = 65_536
"""Largest message."""
REST_S: Final = 1.0
"""Time for the rest of a message that has begun."""
STALL_S: Final = 30.0
"""Time for a message that the other side does not take; a hung console may recover before."""
CONNECT_S: Final = 1.0
OFFERED_BYTES: Final = 16_384
"""Largest message that is offered; the library sends so much in one piece."""
OFFERED_SHARE: Final = 4
"""A socket that accepts anything has room for this part of its buffer, whatever its size."""
WAITING_CONNECTIONS: Final = 64
"""Backlog that the system keeps for a listener that has not accepted yet."""

_TOO_LONG = "message length"
"""Distinguishes the library's error about a message that is too long from its others."""


class MessageLine:
    """Messages of at most ``MOST_BYTES`` both ways.

    ``receive`` and ``send`` by one thread each; any thread may ``offer``.
    """

    def __init__(self, connection: AnyConnection) -> None:
        self._connection = connection
        self._socket: socket.socket | None = None
        self._is_torn = False
        self._sending = threading.Lock()
        self._waiting: select.poll | None = None
        self._room: select.poll | None = None
        self._offered_bytes = 0
        if sys.platform != "win32":
            # Made once: the library's own poll makes a selector for every message.
            self._waiting = select.poll()
            self._waiting.register(connection.fileno(), select.POLLIN)
            self._room = select.poll()
            self._room.register(connection.fileno(), select.POLLOUT)
            self._socket = socket.socket(fileno=os.dup(connection.fileno()))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _interval(REST_S))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _interval(STALL_S))
            buffer_bytes = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            self._offered_bytes = min(OFFERED_BYTES, buffer_bytes // OFFERED_SHARE)

    def send(self, content: bytes) -> None:
        """Send one message; raises EOFError when the other side is gone or does not take it."""
        with self._sending:
            self._send(content)

    def offer(self, content: bytes) -> bool:
        """Send one message unless that would have to wait; False: nothing of it was sent.

        Raises EOFError when the other side is gone.
        """
        if self._room is None or len(content) > self._offered_bytes:
            return False
        if not self._sending.acquire(blocking=False):
            return False
        try:
            if not self._room.poll(0):
                return False
            self._send(content)
            return True
        finally:
            self._sending.release()

    def _send(self, content: bytes) -> None:
        try:
            self._connection.send_bytes(content)
        except OSError as error:
            raise EOFError("the connection is gone") from error

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        """Returns one message; None when none begins in time. Raises EOFError at the other's end.

        Raises MessageRefused for one that is too long or does not end; nothing can be received
        after it.
        """
        if self._is_torn:
            raise EOFError("the connection was closed because a message was refused")
        try:
            if not self._begins(timeout_s):
                return None
            return self._connection.recv_bytes(MOST_BYTES)
        except BlockingIOError as error:
            self._is_torn = True
            raise MessageRefused(
                f"half a message: its rest did not arrive within {REST_S:g} s"
            ) from error
        except OSError as error:
            if _TOO_LONG in str(error):
                self._is_torn = True
                raise MessageRefused(
                    f"a message has more than {MOST_BYTES} bytes; nothing of it was read"
                ) from error
            raise EOFError("the connection is gone") from error

    def _begins(self, timeout_s: float | None) -> bool:
        """Wait until a message begins, or the other side has gone."""
        if self._waiting is None:
            return self._connection.poll(timeout_s)
        return bool(self._waiting.poll(None if timeout_s is None else timeout_s * 1000))

    def cut(self) -> None:
        """End the calls of both threads; may be called from any thread."""
        with suppress(OSError):
            if self._socket is None:
                self._connection.close()
            else:
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; no thread may use it any more."""
        with suppress(OSError):
            self._connection.close()
        if self._socket is not None:
            self._socket.close()


class Accepting(Protocol):
    """Accepts one connection after the other."""

    def accept(self) -> MessageLine:
        """Wait for the next; raises OSError."""
        ...

    def close(self) -> None:
        """End the wait of ``accept`` and accept no more."""


def _interval(seconds: float) -> bytes:
    """Returns a time as sockets take it (``struct timeval``)."""
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))


if sys.platform == "win32":

    class _NamedPipe:
        def __init__(self, place: ChannelPlace) -> None:
            self._listener = Listener(place.pipe, "AF_PIPE")

        def accept(self) -> MessageLine:
            return MessageLine(self._listener.accept())

        def close(self) -> None:
            self._listener.close()

    def listen(place: ChannelPlace) -> Accepting:
        """Listen at ``place``; raises OSError."""
        return _NamedPipe(place)

    def connect(place: ChannelPlace) -> MessageLine:
        """Connect to ``place``; raises OSError."""
        return MessageLine(Client(place.pipe, "AF_PIPE"))

else:

    class _UnixSocket:
        def __init__(self, place: ChannelPlace) -> None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                with short_path(place.socket) as path:
                    self._socket.bind(path)
                place.socket.chmod(0o600)
                self._socket.listen(WAITING_CONNECTIONS)
            except BaseException:
                self._socket.close()
                raise

        def accept(self) -> MessageLine:
            accepted, _ = self._socket.accept()
            return _line_of(accepted)

        def close(self) -> None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def listen(place: ChannelPlace) -> Accepting:
        """Listen at ``place``, whose lock is held: a socket there is a leftover; raises OSError."""
        place.socket.unlink(missing_ok=True)
        return _UnixSocket(place)

    def connect(place: ChannelPlace) -> MessageLine:
        """Connect to ``place``; raises OSError. It does not wait for a listener that hangs."""
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connecting.settimeout(CONNECT_S)
            with short_path(place.socket) as path:
                connecting.connect(path)
        except BaseException:
            connecting.close()
            raise
        return _line_of(connecting)

    def _line_of(connected: socket.socket) -> MessageLine:
        connected.setblocking(True)
        return MessageLine(Connection(connected.detach()))

"""A TCP connection to a unit that never blocks."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

from controller.errors import LinkLost
from firmware_bridge.line.uri import TcpAddress

CONNECT_LIMIT_S: Final = 3.0


class TcpSocket:
    """Counts the bytes sent and received, so that virtual time can account for them."""

    def __init__(self, address: TcpAddress) -> None:
        self.name = f"{address.host}:{address.port}"
        self.bytes_sent = 0
        self.bytes_received = 0
        try:
            self._socket = socket.create_connection(
                (address.host, address.port), timeout=CONNECT_LIMIT_S
            )
        except OSError as error:
            raise LinkLost(f"{self.name}: {_why_not(error)}") from error
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """Returns the file descriptor of the open socket."""
        return self._socket.fileno()

    def write(self, data: bytes) -> None:
        """Send; raises LinkLost if the connection is gone."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self._lost(str(error)) from error
        self.bytes_sent += sent
        if sent < len(data):
            # An incomplete request would shift all later ones, so the connection is given up.
            raise self._lost("the unit takes no more bytes")

    def read_available(self) -> bytes:
        """Returns the bytes that have arrived, if any; raises LinkLost if the other side closed."""
        try:
            data = self._socket.recv(4096)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data:
            raise self._lost("the unit closed the connection")
        self.bytes_received += len(data)
        return data

    def close(self) -> None:
        """Close the socket, ignoring errors."""
        with suppress(OSError):
            self._socket.close()

    def _lost(self, reason: str) -> LinkLost:
        return LinkLost(
            f"the connection to {self.name} is gone ({reason}); "
            "look at the patient, check cable and unit"
        )


def _why_not(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused; switch the unit on or correct the port number"
    if isinstance(error, socket.gaierror):
        return "the name is not known; correct the host"
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_LIMIT_S:g} s; check cable, unit and address"
    return f"cannot be reached ({error.strerror or error}); check cable, unit and address"

"""The URL ``ptymaster://<fd>`` for pyserial: serve on the master side of a pseudo-terminal.

pyserial opens ports by path, and a pseudo-terminal's master has none. pyserial looks for this
module name. Only what a server needs of a port is here.
"""

from __future__ import annotations

import os
from typing import Any

import serial


def register_protocol() -> None:
    """Register this module with pyserial."""
    package = __name__.rpartition(".")[0]
    if package not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(package)


class PtyMaster:
    """A port on a file descriptor; raises serial.SerialException if the other end is closed."""

    def __init__(self, _port: None = None, **_settings: Any) -> None:
        self.timeout: float | None = 0
        self.write_timeout: float | None = 0
        self._fd = -1

    def open(self) -> None:
        """Copy the descriptor, so that closing the port leaves its owner's open."""
        self._fd = os.dup(int(self.port.removeprefix("ptymaster://")))
        os.set_blocking(self._fd, False)

    port: str = ""

    def fileno(self) -> int:
        return self._fd

    def read(self, size: int) -> bytes:
        try:
            return os.read(self._fd, size)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise serial.SerialException(f"pseudo-terminal closed: {error}") from error

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except OSError as error:
            raise serial.SerialException(f"pseudo-terminal closed: {error}") from error

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def serial_class_for_url(url: str) -> tuple[str, type[PtyMaster]]:
    """Returns the class for a URL, called by pyserial."""
    return url, PtyMaster

"""A serial port to a unit that never blocks. pyserial opens it exclusively.

Bytes go through the file descriptor: pyserial's own ``write`` blocks forever if the other end does
not read, and a blocked loop cannot release.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
from contextlib import suppress
from typing import Final

import serial

from controller.errors import LinkError, LinkLost
from firmware_bridge.line.ports import connected_words, device_of, latency_timer
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.uri import PortAddress, UsbAdapter

DEFAULT_ADAPTER_LATENCY_S: Final = 0.016
"""An FTDI adapter delivers in chunks of 16 ms unless its latency timer is lowered."""
PROMPT_LATENCY_S: Final = 0.001
"""Ports without a latency timer (pty, CDC, PCI) count as 1 ms (times.md)."""
_IN_USE = (errno.EAGAIN, errno.EBUSY, errno.EWOULDBLOCK)
_WHY_NOT_OPENED = {
    errno.ENOENT: "it does not exist; plug the adapter in or correct the address",
    errno.ENODEV: "its device is gone; plug the adapter in again",
    errno.EACCES: "this user may not use it; add the user to the group that owns the port",
} | dict.fromkeys(_IN_USE, "another program uses it; end that program or choose another port")


if sys.platform == "win32":
    _OPENING_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError)
else:
    import termios

    # pyserial passes on the system's refusal of a setting, which is not an OSError.
    _OPENING_ERRORS = (OSError, ValueError, termios.error)


class SerialPort:
    """Counts the bytes sent and received, so that virtual time can account for them."""

    def __init__(self, address: PortAddress, defaults: SerialSettings) -> None:
        # An adapter is looked up only here: a lost port ends the session.
        port = address.port
        self.name = device_of(port) if isinstance(port, UsbAdapter) else port
        self.baudrate = address.baudrate or defaults.baudrate
        self.bytes_sent = 0
        self.bytes_received = 0
        self._is_remote = address.is_gateway
        try:
            self._port = serial.serial_for_url(
                self.name,
                baudrate=self.baudrate,
                bytesize=address.bytesize or defaults.bytesize,
                parity=address.parity or defaults.parity,
                stopbits=address.stopbits or defaults.stopbits,
                timeout=0,
                exclusive=None if self._is_remote else True,
            )
        except _OPENING_ERRORS as error:
            why = _why_not(error, self.name)
            raise LinkLost(f"port {self.name} cannot be opened: {why}") from error
        self._socket: socket.socket | None = getattr(self._port, "_socket", None)
        self._refuse_without_descriptor()
        self.adapter_latency_s = self._lower_latency()

    def fileno(self) -> int:
        """Returns the file descriptor of the open port."""
        number: int = self._port.fileno()
        return number

    def write(self, data: bytes) -> None:
        """Send at once; raises LinkLost if the port is gone, LinkError if it is full."""
        try:
            sent = os.write(self.fileno(), data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self._lost(_reason(error)) from error
        self.bytes_sent += sent
        if sent < len(data):
            raise LinkError(
                f"port {self.name} took {sent} of {len(data)} bytes: nobody reads at the other "
                "end; check cable and unit"
            )

    def read_available(self) -> bytes:
        """Returns the bytes that have arrived, if any; raises LinkLost if the port is gone."""
        data = self._read() or self._read_or_hung_up()
        self.bytes_received += len(data)
        return data

    def close(self) -> None:
        """Close the port, ignoring errors."""
        with suppress(OSError):
            self._port.close()
        if self._socket is not None:
            # pyserial does not close a connection that was reset.
            self._socket.close()

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno(), 4096)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(_reason(error)) from error

    def _read_or_hung_up(self) -> bytes:
        """Tells no data from a hang-up; a terminal returns nothing in both cases."""
        readable, _, _ = select.select([self.fileno()], [], [], 0)
        if not readable:
            return b""
        data = self._read()
        if not data:
            raise self._lost("the other end hung up")
        return data

    def _refuse_without_descriptor(self) -> None:
        """Refuse pyserial's port on Windows: without a descriptor no wait can have a deadline."""
        if hasattr(self._port, "fileno"):
            return
        self.close()
        raise LinkLost(
            f"port {self.name} cannot be waited on with a deadline on this system; reach the unit "
            "over Modbus TCP or a serial server (modbus-rtu+socket)"
        )

    def _lower_latency(self) -> float:
        """Request a latency of 1 ms from the driver; returns the effective latency in seconds."""
        if self._is_remote:
            return DEFAULT_ADAPTER_LATENCY_S
        timer = latency_timer(self.name)
        if not timer.exists():
            return PROMPT_LATENCY_S
        with suppress(OSError, ValueError, AttributeError):
            self._port.set_low_latency_mode(True)
        with suppress(OSError, ValueError):
            return int(timer.read_text()) / 1000
        return DEFAULT_ADAPTER_LATENCY_S

    def _lost(self, reason: str) -> LinkLost:
        if self._is_remote:
            return LinkLost(
                f"the gateway at {self.name} closed the connection ({reason}); look at the "
                "patient; no serial port may be behind it, or another program uses that"
            )
        return LinkLost(
            f"port {self.name} is gone ({reason}); look at the patient, check cable and adapter"
        )


def _why_not(error: Exception, name: str) -> str:
    if "://" in name:
        return "the connection was refused; switch the serial server on or correct host and port"
    if sys.platform != "win32" and name.upper().startswith("COM"):
        there = connected_words()
        return f"that is a Windows name; here ports are named like /dev/ttyUSB0 ({there})"
    number = getattr(error, "errno", None) or 0
    known = _WHY_NOT_OPENED.get(number)
    if number == errno.ENOENT:
        return f"{known} ({connected_words()})"
    return known or f"{_reason(error)}; check address, cable and adapter"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)

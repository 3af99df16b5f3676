"""A serial port to a unit, without waiting of its own. pyserial opens it, exclusively."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import serial

from controller.errors import LinkLost
from firmware_bridge.profiles import SerialSettings
from firmware_bridge.uri import SerialAddress

DEFAULT_ADAPTER_LATENCY_S = 0.016
"""An FTDI adapter delivers in lumps of 16 ms unless its latency timer is lowered."""
PROMPT_LATENCY_S = 0.001
"""Ports without a latency timer (pty, CDC, PCI) count as 1 ms ("Times that bind")."""


class SerialPort:
    """Counts what it sent and received, so that virtual time can account for it."""

    def __init__(self, address: SerialAddress, defaults: SerialSettings) -> None:
        self.name = address.port
        self.baudrate = address.baudrate or defaults.baudrate
        self.bytes_sent = 0
        self.bytes_received = 0
        try:
            self._port = serial.serial_for_url(
                address.port,
                baudrate=self.baudrate,
                parity=address.parity or defaults.parity,
                stopbits=address.stopbits or defaults.stopbits,
                timeout=0,
                exclusive=True if "://" not in address.port else None,
            )
        except (OSError, ValueError) as error:
            raise LinkLost(
                f"port {self.name} cannot be opened ({_reason(error)}); check that the adapter is "
                "plugged in and that no other program uses the port"
            ) from error
        self.adapter_latency_s = self._lower_latency()

    def fileno(self) -> int:
        number: int = self._port.fileno()
        return number

    def write(self, data: bytes) -> None:
        """Send; raises LinkLost when the port is gone."""
        try:
            self._port.write(data)
        except OSError as error:
            raise self._lost(error) from error
        self.bytes_sent += len(data)

    def read_available(self) -> bytes:
        """What has arrived, perhaps nothing; raises LinkLost when the port is gone."""
        try:
            data = self._port.read(4096)
        except OSError as error:
            raise self._lost(error) from error
        self.bytes_received += len(data)
        return data

    def close(self) -> None:
        with suppress(OSError):
            self._port.close()

    def _lower_latency(self) -> float:
        """Ask the driver for 1 ms; answers the latency that holds, in seconds."""
        timer = Path("/sys/class/tty", Path(self.name).name, "device", "latency_timer")
        if not timer.exists():
            return PROMPT_LATENCY_S
        with suppress(OSError, ValueError, AttributeError):
            self._port.set_low_latency_mode(True)
        with suppress(OSError, ValueError):
            return int(timer.read_text()) / 1000
        return DEFAULT_ADAPTER_LATENCY_S

    def _lost(self, error: OSError) -> LinkLost:
        return LinkLost(
            f"port {self.name} is gone ({_reason(error)}); "
            "look at the patient, check cable and adapter"
        )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)

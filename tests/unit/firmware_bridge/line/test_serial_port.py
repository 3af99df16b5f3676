"""A serial port never waits, also where the library that opens it would wait for ever."""

from __future__ import annotations

import os
import socket
import struct

import pytest

from controller.errors import LinkError, LinkLost
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.uri import SerialAddress

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("COM12", "port COM12 cannot be opened: that is a Windows name"),
        ("socket://127.0.0.1:1", "the connection was refused; switch the serial server on"),
        ("/dev/serial/by-id/usb-gone", "it does not exist; plug the adapter in or correct"),
    ],
)
def test_a_port_that_is_not_there_is_named_with_what_to_do(port: str, words: str) -> None:
    with pytest.raises(LinkLost, match=words):
        SerialPort(
            SerialAddress(port=port, unit=1),
            SerialSettings(baudrate=38400, parity="N", stopbits=1),
        )


def test_a_port_that_nobody_empties_is_an_error_and_never_a_wait() -> None:
    """Pyserial issue 163: its ``write`` hangs behind such a port."""
    master, slave = os.openpty()
    port = SerialPort(
        SerialAddress(port=os.ttyname(slave), unit=1, baudrate=38400),
        SerialSettings(baudrate=38400, parity="N", stopbits=1),
    )

    def fill() -> None:
        for _ in range(1000):
            port.write(bytes(1024))

    try:
        with pytest.raises(LinkError, match="nobody reads at the other end") as full:
            fill()
        assert not isinstance(full.value, LinkLost), "the port is there, and may be emptied yet"
    finally:
        port.close()
        os.close(master)
        os.close(slave)


def test_a_connection_that_was_reset_is_closed_all_the_same() -> None:
    """Pyserial forgets such a socket without closing it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, tcp_port = server.getsockname()
        port = SerialPort(
            SerialAddress(port=f"socket://{host}:{tcp_port}", unit=1),
            SerialSettings(baudrate=38400, parity="N", stopbits=1),
        )
        descriptor = port.fileno()
        connection, _ = server.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        with pytest.raises(LinkLost, match="closed the connection"):
            port.read_available()
        port.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)

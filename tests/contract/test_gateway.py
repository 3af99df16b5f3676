"""Serial servers on a real connection: what they do to bytes, and what is said of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from controller.errors import LinkError, LinkLost, ReplyTimeout
from controller.runtime.clock import SystemClock
from firmware_bridge.connect import connect_unit
from tests.unit.firmware_bridge.modbus.test_transparency import FlowControl, telnet
from tests.unit.firmware_bridge.scripted import DeskUnit, crc, framed

Filter = Callable[[bytes], bytes]


def as_it_is(data: bytes) -> bytes:
    return data


class SerialServer:
    """A gateway with one port, and a unit with the reference map behind it."""

    def __init__(self, passes: Filter, *, answers: bool = True, closes: bool = False) -> None:
        self._passes, self._answers, self._closes = passes, answers, closes
        self._desk = DeskUnit()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"modbus-rtu+socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while not self._closes and (data := connection.recv(512)):
                frame = self._passes(data)
                if self._answers and len(frame) > 3 and not crc(frame):
                    connection.sendall(self._answer(frame))

    def _answer(self, frame: bytes) -> bytes:
        """Registers that the map does not have are refused, as a unit does."""
        offered = (0x0000, 0x0020, 0x0100)
        if int.from_bytes(frame[2:4], "big") in offered:
            return self._desk.answer(frame)
        return framed(bytes([frame[0], frame[1] | 0x80, 2]))

    def stop(self) -> None:
        self._listener.close()
        self._thread.join()


@contextmanager
def serving(
    passes: Filter = as_it_is, *, answers: bool = True, closes: bool = False
) -> Iterator[str]:
    server = SerialServer(passes, answers=answers, closes=closes)
    try:
        yield server.uri
    finally:
        server.stop()


def test_a_gateway_that_passes_every_byte_is_used_without_a_word() -> None:
    said: list[str] = []
    with serving() as uri:
        unit = connect_unit(uri, SystemClock(), said.append)
        assert unit.identity.unit_id == "0011223344556677"
        unit.close()
    assert said == []


@pytest.mark.parametrize(
    ("passes", "words"),
    [(telnet, "set to telnet or RFC 2217"), (FlowControl(), "loses the byte 11")],
)
def test_a_gateway_that_loses_bytes_is_refused_behind_identification(
    passes: Filter, words: str
) -> None:
    with serving(passes) as uri, pytest.raises(LinkError, match=words):
        connect_unit(uri, SystemClock())


def test_what_could_not_be_checked_is_said() -> None:
    said: list[str] = []

    def knows_only_what_it_offers(data: bytes) -> bytes:
        return data if data[2:4] in (b"\0\0", b"\0\x20") else b""

    with serving(knows_only_what_it_offers) as uri:
        connect_unit(uri, SystemClock(), said.append).close()
    assert len(said) == 1
    assert "not done" in said[0]


def test_a_gateway_without_a_port_behind_it_is_named() -> None:
    with serving(closes=True) as uri, pytest.raises(LinkLost, match="no serial port may be behind"):
        connect_unit(uri, SystemClock())
    with serving(answers=False) as uri, pytest.raises(ReplyTimeout, match="took the connection"):
        connect_unit(uri, SystemClock())

"""A serial server on a real connection, with a unit or a transmitter on its serial side."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.transmitters import SimulatedDinRailScale
from simulator.map_v1 import RegisterRefused
from tests.unit.firmware_bridge.scripted import DeskUnit, crc, framed

Filter = Callable[[bytes], bytes]


def as_it_is(data: bytes) -> bytes:
    return data


GRAM_N = 9.80665e-3
"""A count of the simulated transmitter, newtons."""


class Transmitter:
    """A simulated transmitter on the serial side of a gateway; its cell carries a push of 0.1 N."""

    def __init__(self, force_n: float = -0.1) -> None:
        self.force_n = force_n
        self.instrument = SimulatedDinRailScale(HangingCell(lambda _: self.force_n, noise_n=0.0))
        self.functions: set[int] = set()
        self.answers = True

    def answer(self, frame: bytes) -> bytes:
        if not self.answers:
            return b""
        self.functions.add(frame[1])
        address, count = (int.from_bytes(frame[at : at + 2], "big") for at in (2, 4))
        try:
            registers = self.instrument.read_registers(address, count)
        except RegisterRefused as refused:
            return framed(bytes([frame[0], frame[1] | 0x80, int(refused.exception_code)]))
        values = b"".join(value.to_bytes(2, "big") for value in registers)
        return framed(bytes([frame[0], frame[1], len(values)]) + values)


class SerialServer:
    """A gateway with one port, and behind it a unit with the reference map, or a transmitter."""

    def __init__(
        self,
        passes: Filter,
        *,
        answers: bool = True,
        closes: bool = False,
        transmitter: Transmitter | None = None,
    ) -> None:
        self._passes, self._answers, self._closes = passes, answers, closes
        self._desk = DeskUnit()
        self._transmitter = transmitter
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
        """Answer a frame; registers that the map does not have are refused, as by a unit."""
        if self._transmitter is not None:
            return self._passes(self._transmitter.answer(frame))
        offered = (0x0000, 0x0020, 0x0100)
        if int.from_bytes(frame[2:4], "big") in offered:
            return self._desk.answer(frame)
        return framed(bytes([frame[0], frame[1] | 0x80, 2]))

    def stop(self) -> None:
        self._listener.close()
        self._thread.join()


@contextmanager
def serving(
    passes: Filter = as_it_is,
    *,
    answers: bool = True,
    closes: bool = False,
    transmitter: Transmitter | None = None,
) -> Iterator[str]:
    server = SerialServer(passes, answers=answers, closes=closes, transmitter=transmitter)
    try:
        yield server.uri
    finally:
        server.stop()

"""A unit that can be stopped, and a stop door before it, with clients of any behaviour."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC

from controller.order.force_unit import ForceUnit
from controller.runtime.clock import SystemClock
from workstation.hosts import LOOPBACK
from workstation.station.stop_desk import StopDesk
from workstation.station.stop_door import DoorAddress, StopDoor
from workstation.station.stop_request import Neighbours
from workstation.station.stop_target import SeenForce, StopAnswer, StopResult, StopWording

AT_14_03_22 = 1_795_615_402_000
"""Milliseconds of 2026-11-25 14:03:22 UTC."""
ORDERED = StopAnswer(result=StopResult.ORDERED, utc_ms=AT_14_03_22, force_n=59.2)
FREE = SeenForce(utc_ms=AT_14_03_22 + 2000, force_n=1.8)
WORDS = StopWording(zone=UTC, unit=ForceUnit.NEWTON)
CONSOLE_PORT = 8720


@dataclass
class PressOnTable:
    source: str
    given: StopAnswer | None
    press: str = ""

    def answer(self) -> StopAnswer | None:
        return self.given


@dataclass
class Table:
    """A unit whose answers a test sets: None means that the process does not answer."""

    called: str
    answers: StopAnswer | None = ORDERED
    present: SeenForce = FREE
    seen_free: SeenForce | None = None
    manual_release: str = ""
    presses: list[PressOnTable] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def order_stop(self, source: str, press: str = "") -> PressOnTable:
        self.presses.append(PressOnTable(source, self.answers, press))
        return self.presses[-1]

    def tell(self, text: str) -> None:
        self.told.append(text)

    def force(self) -> SeenForce:
        return self.present

    def released(self) -> SeenForce | None:
        return self.seen_free


def neighbours(port: int, *names: str) -> Neighbours:
    ports = frozenset({CONSOLE_PORT, port})
    return Neighbours(names=LOOPBACK, ports=ports, tls_names=frozenset(names))


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class OpenDoor:
    """A stop door on a port of its own, with two tables behind it."""

    def __init__(self, tables: Sequence[Table], tls: ssl.SSLContext | None = None) -> None:
        self.port = free_port()
        self.reported: list[str] = []
        desk = StopDesk(
            tables,
            neighbours(self.port),
            words=WORDS,
            clock=SystemClock(),
            report=self.reported.append,
        )
        self.door = StopDoor(
            [DoorAddress(host="127.0.0.1", port=self.port, tls=tls)],
            desk,
            clock=SystemClock(),
            report=self.reported.append,
        )

    def connect(self) -> socket.socket:
        return connected_to(self.port)

    def say(self, request: bytes) -> str:
        """Send bytes and read the whole answer."""
        return connect_and_say(self.port, request)

    def post(self, path: str = "/stop/Table%201", *headers: str) -> str:
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers]
        return self.say("\r\n".join([*lines, "", ""]).encode())

    def get(self, path: str) -> str:
        return self.say(f"GET {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())


def connected_to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def connect_and_say(port: int, request: bytes) -> str:
    """Send bytes to a stop door and read its whole answer."""
    with closing(connected_to(port)) as caller:
        caller.sendall(request)
        return read_all(caller)


def read_all(caller: socket.socket) -> str:
    answer = b""
    while piece := caller.recv(65_536):
        answer += piece
    return answer.decode()


@contextmanager
def open_door(*tables: Table, tls: ssl.SSLContext | None = None) -> Iterator[OpenDoor]:
    opened = OpenDoor(tables, tls)
    try:
        yield opened
    finally:
        opened.door.close()

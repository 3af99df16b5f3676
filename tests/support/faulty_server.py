"""Runs pymodbus' servers with answers that can be corrupted on their way out, in real time.

Register n holds n, so that an answer for another address is recognized. A fault turns the good
frame into pieces with delays.
"""

from __future__ import annotations

import asyncio
import os
import threading
import tty
from collections.abc import Callable
from typing import Any

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.line.protocol_ptymaster import register_protocol

Pieces = list[tuple[float, bytes]]
Fault = Callable[[bytes], Pieces]
Action = Callable[..., Any]

REGISTERS = 0x0700


class _Handler(ServerRequestHandler):
    def __init__(self, owner: Any, faulty: FaultyServer) -> None:
        super().__init__(owner, None, None, None)  # type: ignore[no-untyped-call]
        self._faulty = faulty

    def send(self, data: bytes, addr: Any = None) -> None:
        for delay_s, piece in self._faulty.spoil(data):
            if delay_s:
                self.loop.call_later(delay_s, super().send, piece, addr)
            else:
                super().send(piece, addr)


class _Tcp(ModbusTcpServer):
    faulty: FaultyServer

    def callback_new_connection(self) -> _Handler:
        return _Handler(self, self.faulty)


class _Serial(ModbusSerialServer):
    faulty: FaultyServer

    def callback_new_connection(self) -> _Handler:
        return _Handler(self, self.faulty)


class FaultyServer:
    """A context manager. Each answer takes one of ``faults``; without any the answer is good."""

    def __init__(self, kind: str, action: Action | None = None, *, unit: int = 1) -> None:
        self.kind = kind
        self.faults: list[Fault] = []
        self.faults_done = 0
        self.answers: list[bytes] = []
        self.port = 0
        self.path = ""
        self._action = action
        self._unit = unit
        self._ready = threading.Event()
        self._descriptors: list[int] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def spoil(self, data: bytes) -> Pieces:
        """Returns what is sent instead of the good frame ``data``."""
        self.answers.append(data)
        if not self.faults:
            return [(0.0, data)]
        self.faults_done += 1
        return self.faults.pop(0)(data)

    def __enter__(self) -> FaultyServer:
        if self.kind == "rtu":
            self._descriptors = list(os.openpty())
            tty.setraw(self._descriptors[1])
            self.path = os.ttyname(self._descriptors[1])
            register_protocol()
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        for descriptor in self._descriptors:
            os.close(descriptor)

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        device = SimDevice(
            self._unit,
            simdata=[SimData(0, values=list(range(REGISTERS)), datatype=DataType.REGISTERS)],
            action=self._action,
        )
        server: Any
        if self.kind == "tcp":
            server = _Tcp(device, address=("127.0.0.1", 0))
        else:
            port = f"ptymaster://{self._descriptors[0]}"
            server = _Serial(device, framer=FramerType.RTU, port=port, baudrate=115200)
        server.faulty = self
        await server.serve_forever(background=True)
        if self.kind == "tcp":
            self.port = server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        await server.shutdown()

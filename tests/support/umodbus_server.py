"""uModbus' servers on TCP and on a pseudo-terminal, in a thread; register n holds n until written.

It has functions 1 to 6, 15 and 16 and refuses 23, as many instruments do.
"""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import TCPServer
from typing import Any

from umodbus import conf
from umodbus.server.serial import get_server as serial_server
from umodbus.server.serial.rtu import RTUServer
from umodbus.server.tcp import RequestHandler
from umodbus.server.tcp import get_server as tcp_server

REGISTERS = 0x0700
IDLE_S = 0.02
"""How often a serial server checks whether it has to end."""


class _PtyPort:
    """The part of a pyserial port that uModbus uses, on the master side of a pseudo-terminal."""

    baudrate = 115200
    timeout = inter_byte_timeout = 0.0

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, size: int) -> bytes:
        ready, _, _ = select.select([self._descriptor], [], [], IDLE_S)
        return os.read(self._descriptor, size) if ready else b""

    def write(self, data: bytes) -> int:
        return os.write(self._descriptor, data)


@contextmanager
def umodbus_serving(kind: str, unit: int) -> Iterator[str]:
    """A running server; gives its TCP port or the path of its pseudo-terminal."""
    conf.SIGNED_VALUES = False
    descriptors: list[int] = []
    if kind == "tcp":
        server: Any = tcp_server(TCPServer, ("127.0.0.1", 0), RequestHandler)
        place = str(server.server_address[1])
    else:
        descriptors = list(os.openpty())
        tty.setraw(descriptors[1])
        server = serial_server(RTUServer, _PtyPort(descriptors[0]))
        place = os.ttyname(descriptors[1])
    _route(server, unit)
    thread = threading.Thread(target=server.serve_forever, args=(IDLE_S,))
    thread.start()
    try:
        yield place
    finally:
        server.shutdown()
        thread.join()
        if kind == "tcp":
            server.server_close()
        for descriptor in descriptors:
            os.close(descriptor)


def _route(server: Any, unit: int) -> None:
    registers = list(range(REGISTERS))
    everywhere = list(range(REGISTERS))

    @server.route(slave_ids=[unit], function_codes=[3, 4], addresses=everywhere)  # type: ignore[untyped-decorator]
    def read(slave_id: int, function_code: int, address: int) -> int:
        return registers[address]

    @server.route(slave_ids=[unit], function_codes=[6, 16], addresses=everywhere)  # type: ignore[untyped-decorator]
    def write(slave_id: int, function_code: int, address: int, value: int) -> None:
        registers[address] = value

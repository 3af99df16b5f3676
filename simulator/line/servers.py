"""Serves a simulated unit with real bytes: by pymodbus' servers, or on lines of text.

The device time determines the thread of the server. An exchange takes its wire time and the unit's
answer time, real or virtual, and the host notices by waiting. A unit that is not addressed stays
silent, as on a real bus.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, Final

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.line.device_time import DeviceTime
from simulator.line.protocol_ptymaster import register_protocol
from simulator.line.text_server import TextServer
from simulator.line.unit_lines import UnitLines
from simulator.line.wire import (
    LOCAL_HOST,
    READ_WRITE,
    TCP_WIRE,
    TURNAROUND_S,
    WRITE_MANY,
    UnitFirmware,
    Wire,
    rtu_wire,
)
from simulator.map_v1 import RegisterRefused

REGISTER_SPACE: Final = 0x0700
"""Registers 0x0000-0x06FF are served; the flash block at 0x0700 has no code that writes it."""
READS = (3, 4)
BROADCAST: Final = 0
"""The address that every unit on a serial line hears and none answers."""
EXCEPTION_BYTES: Final = 2
"""Function and exception code."""
WRITE_ECHO_BYTES: Final = 5
"""Function, address and count."""


class FunctionRefused(Exception):
    """The unit offers functions 3, 4, 16 and 23 only."""


class _Desk:
    """Passes one request at a time to the firmware and delays its answer as needed."""

    def __init__(self, firmware: UnitFirmware, time: DeviceTime, wire: Wire) -> None:
        self.firmware, self.time, self.wire = firmware, time, wire
        self.request: ModbusPDU | None = None
        self._read_ahead: list[int] = []

    async def action(
        self,
        function: int,
        start_address: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[Any] | None,
    ) -> ExcCodes | None:
        """Pymodbus' hook: called once for a request, twice (write, read) for function 23."""
        if function == READ_WRITE and values is None:
            registers[address - start_address : address - start_address + count] = self._read_ahead
            return None
        arrived_s = self.time.now_s() + self.wire.request_s(function, len(values or ()))
        self.firmware.advance_to(arrived_s)
        if self.request is not None and self.request.dev_id == BROADCAST:
            if function == WRITE_MANY:
                self.firmware.write_broadcast(address, values or [])
            return None
        try:
            read = self._serve(function, address, count, values)
        except RegisterRefused as refused:
            await self._answer_at(arrived_s, EXCEPTION_BYTES)
            return ExcCodes(int(refused.exception_code))
        except FunctionRefused:
            await self._answer_at(arrived_s, EXCEPTION_BYTES)
            return ExcCodes.ILLEGAL_FUNCTION
        if function in READS:
            registers[address - start_address : address - start_address + count] = read
        self._read_ahead = read
        await self._answer_at(arrived_s, 2 + 2 * len(read) if read else WRITE_ECHO_BYTES)
        return None

    def _serve(
        self, function: int, address: int, count: int, values: list[int] | None
    ) -> list[int]:
        if function in READS:
            return self.firmware.read_registers(address, count)
        if function == WRITE_MANY:
            self.firmware.write_registers(address, values or [])
            return []
        if function == READ_WRITE and self.request is not None:
            request: Any = self.request
            return self.firmware.read_write(
                address, values or [], request.read_address, request.read_count
            )
        raise FunctionRefused

    async def _answer_at(self, arrived_s: float, pdu_bytes: int) -> None:
        await self.time.sleep_until(arrived_s + TURNAROUND_S + self.wire.answer_s(pdu_bytes))


class _Handler(ServerRequestHandler):
    """pymodbus' connection handler, which counts bytes and stays silent for other units."""

    def __init__(self, owner: Any, desk: _Desk, unit: int) -> None:
        super().__init__(owner, None, None, None)  # type: ignore[no-untyped-call]
        self._desk, self._unit = desk, unit

    def datagram_received(self, data: bytes, addr: Any) -> None:
        super().datagram_received(data, addr)
        self._desk.time.consumed(len(data))

    def callback_data(self, data: bytes, addr: Any = None) -> int:
        used: int = super().callback_data(data, addr)
        if self.last_pdu is not None:
            self._desk.time.began()
            silent = not self._desk.firmware.powered
            if silent or self.last_pdu.dev_id not in self._addresses():
                self.last_pdu = None
        return used

    def handle_later(self) -> None:
        """Handle it here; pymodbus calls this to change threads, but is in its own."""
        self._task = self.loop.create_task(self.handle_request())

    async def handle_request(self) -> None:
        try:
            self._desk.request = self.last_pdu
            await super().handle_request()  # type: ignore[no-untyped-call]
        finally:
            self._desk.time.ended()

    def send(self, data: bytes, addr: Any = None) -> None:
        if self.transport:
            self._desk.time.produced(len(data))
        super().send(data, addr)

    def callback_connected(self) -> None:
        super().callback_connected()
        self.server.connection_count += 1

    def callback_disconnected(self, exc: Exception | None) -> None:
        super().callback_disconnected(exc)
        self.server.connection_count -= 1
        if self.server.connection_count == 0 and self.server.closes_count:
            self._desk.firmware.connection_lost(self._desk.time.now_s())

    def _addresses(self) -> tuple[int, ...]:
        return (self._unit, 0) if self.server.broadcast_enable else (self._unit,)


class _TcpServer(ModbusTcpServer):
    """Tells the unit when its host's TCP connection closes."""

    closes_count = True

    def __init__(self, desk: _Desk, device: SimDevice, unit: int, address: tuple[str, int]) -> None:
        super().__init__(device, address=address)
        self.desk, self.unit, self.connection_count = desk, unit, 0

    def callback_new_connection(self) -> _Handler:
        return _Handler(self, self.desk, self.unit)


class _SerialServer(ModbusSerialServer):
    """Does without that, since a serial line has no connection to close."""

    closes_count = False

    def __init__(self, desk: _Desk, device: SimDevice, unit: int, port: str, baudrate: int) -> None:
        super().__init__(
            device, framer=FramerType.RTU, port=port, baudrate=baudrate, broadcast_enable=True
        )
        self.desk, self.unit, self.connection_count = desk, unit, 0

    def callback_new_connection(self) -> _Handler:
        return _Handler(self, self.desk, self.unit)


class SimulatedUnit:
    """A unit on the wire: serve it, give its ``uri`` to a host, stop it. A context manager.

    ``text`` is its server if it is served on lines of text.
    """

    def __init__(self, firmware: UnitFirmware, time: DeviceTime, *, unit: int = 1) -> None:
        self.firmware = firmware
        self.uri = ""
        self._time = time
        self._unit = unit
        self.text: TextServer | None = None
        self._server: Any = None
        self._stepping: asyncio.Task[None] | None = None
        self._descriptors: list[int] = []

    def serve_tcp(self, port: int = 0) -> SimulatedUnit:
        """Serve on TCP on this machine only; port 0 lets the system choose one.

        Raises OSError if the port is in use.
        """

        async def make() -> str:
            desk, device = self._desk(TCP_WIRE)
            server: Any = _TcpServer(desk, device, self._unit, (LOCAL_HOST, port))
            await self._listen(server, f"{LOCAL_HOST}:{port}")
            chosen = server.transport.sockets[0].getsockname()[1]
            return f"modbus-tcp://{LOCAL_HOST}:{chosen}?unit={self._unit}"

        return self._start(make)

    def serve_rtu(self, baudrate: int = 38400) -> SimulatedUnit:
        """Serve RTU on a new pseudo-terminal, whose path is in ``uri``.

        Raises OSError on a system without pseudo-terminals.
        """
        if not hasattr(os, "openpty"):
            raise OSError("this system has no pseudo-terminals")
        import tty  # missing on systems without pseudo-terminals

        master, slave = os.openpty()
        tty.setraw(slave)
        self._descriptors = [master, slave]
        register_protocol()

        async def make() -> str:
            desk, device = self._desk(rtu_wire(baudrate))
            server = _SerialServer(desk, device, self._unit, f"ptymaster://{master}", baudrate)
            await self._listen(server, "pseudo-terminal")
            path = os.ttyname(slave)
            # A pseudo-terminal has no parity; requesting it again on a used one is an error there.
            return f"modbus-rtu://{path}?baudrate={baudrate}&parity=N&unit={self._unit}"

        return self._start(make)

    def serve_ascii(self, baudrate: int = 115200) -> SimulatedUnit:
        """Serve lines of text (B.9) on a new pseudo-terminal; raises OSError without them."""
        server = TextServer(UnitLines(self.firmware), self._time, baudrate=baudrate)
        self.text = server.serve_pty()
        self.uri = self.text.uri
        self._time.run(self._begin_stepping())
        return self

    def stop(self) -> None:
        """Close the server and its port; a host then loses the link."""
        if self.text is not None:
            self._time.run(self._stop_stepping())
            self.text.stop()
            self.text = None
            return
        if self._server is not None:
            self._time.run(self._shut_down())
            self._server = None
        self._time.end()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def __enter__(self) -> SimulatedUnit:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _desk(self, wire: Wire) -> tuple[_Desk, SimDevice]:
        desk = _Desk(self.firmware, self._time, wire)
        data = SimData(0, count=REGISTER_SPACE, values=0, datatype=DataType.REGISTERS)
        return desk, SimDevice(self._unit, simdata=[data], action=desk.action)

    async def _listen(self, server: Any, where: str) -> None:
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:
            raise OSError(
                f"cannot serve on {where}: the address is in use or not this machine's"
            ) from error
        self._server = server

    def _start(self, make: Callable[[], Coroutine[Any, Any, str]]) -> SimulatedUnit:
        self._time.begin()
        try:
            self.uri = self._time.run(self._serve(make))
        except OSError:
            self.stop()
            raise
        return self

    async def _serve(self, make: Callable[[], Coroutine[Any, Any, str]]) -> str:
        uri = await make()
        await self._begin_stepping()
        return uri

    async def _begin_stepping(self) -> None:
        if self._time.idle_step_s is not None:
            self._stepping = asyncio.create_task(self._keep_stepping(self._time.idle_step_s))

    async def _stop_stepping(self) -> None:
        if self._stepping is not None:
            self._stepping.cancel()

    async def _shut_down(self) -> None:
        await self._stop_stepping()
        await self._server.shutdown()

    async def _keep_stepping(self, period_s: float) -> None:
        """Step the body and the firmware in real time while no request comes."""
        while True:
            await asyncio.sleep(period_s)
            self.firmware.advance_to(self._time.now_s())

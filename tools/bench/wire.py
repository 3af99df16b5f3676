"""`make bench`: our exchange beside a raw client and two libraries, and a simulated treatment.

All clients talk to the same pymodbus server in a process of its own, in turns (A B C A B C), so
that a noisy machine disturbs all of them alike. Only the ratios mean something elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import minimalmodbus
import serial
from fastcrc import crc16
from pymodbus.client import (
    AsyncModbusSerialClient,
    AsyncModbusTcpClient,
    ModbusSerialClient,
    ModbusTcpClient,
)
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from rich.console import Console
from rich.table import Table

from controller.runtime.clock import SystemClock
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.tcp_socket import TcpSocket
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.line.uri import SerialAddress, TcpAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import Framing, ModbusLink, RtuFraming, TcpFraming
from simulator.line.protocol_ptymaster import register_protocol
from tools.bench.billing import scrub_line
from tools.bench.commands import commands_table
from tools.bench.documents import documents_table
from tools.bench.treatment import shares_line, treatment_table
from workstation.session.realtime import take_realtime_rights

ROUNDS = 12
CALLS = 60
BAUDRATE = 115200
READ = (0x100, 20)
WRITE = (0x200, [1, 2, 3, 4, 5, 6, 7, 8])
GOAL = 1.20
Call = Callable[[], object]


def main() -> None:
    """Run everything and print it."""
    console = Console()
    if sys.argv[1:2] == ["serve"]:
        if sys.argv[3:] == ["first"]:
            take_realtime_rights()
        asyncio.run(serve(sys.argv[2]))
        return
    for kind in ("tcp", "rtu"):
        for function in (3, 23):
            console.print(wire_table(kind, function))
    console.print(treatment_table())
    console.print(shares_line())
    console.print(scrub_line())
    console.print(documents_table())
    console.print(commands_table())


# --- the wire ---------------------------------------------------------------------------------


def wire_table(kind: str, function: int) -> Table:
    """Median, spread and ratio to the raw client of every client that offers the function."""
    with ExitStack() as stack:
        calls = clients(kind, function, stack)
        times_us: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                times_us[name] += timed_us(call)
    raw_us = statistics.median(times_us["raw"])
    table = Table(title=f"{kind.upper()} FC{function}, goal for ours: at most {GOAL:.2f} x raw")
    for column in ("client", "n", "p50 us", "p10-p90 us", "x raw"):
        table.add_column(column, justify="left" if column == "client" else "right")
    for name, values in times_us.items():
        deciles = statistics.quantiles(values, n=10)
        p50_us = statistics.median(values)
        table.add_row(
            name,
            str(len(values)),
            f"{p50_us:.0f}",
            f"{deciles[0]:.0f}-{deciles[-1]:.0f}",
            f"{p50_us / raw_us:.2f}",
        )
    return table


def timed_us(call: Call) -> list[float]:
    """Microseconds of each of ``CALLS`` calls."""
    values = []
    for _ in range(CALLS):
        started_s = time.perf_counter()
        call()
        values.append((time.perf_counter() - started_s) * 1e6)
    return values


def clients(kind: str, function: int, stack: ExitStack) -> dict[str, Call]:
    """The clients by name, each on a server of its own kind; the raw one first."""
    calls: dict[str, Call] = {}
    for name, make in MAKERS.items():
        place = stack.enter_context(running_server(kind))
        call = make(kind, place, function, stack)
        if call is not None:
            call()
            calls[name] = call
    return calls


def raw(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    """About twenty lines: send, poll and read until complete, check the CRC."""
    write = b"".join(value.to_bytes(2, "big") for value in WRITE[1])
    pdu = bytes([function]) + READ[0].to_bytes(2, "big") + READ[1].to_bytes(2, "big")
    if function == 23:
        pdu += WRITE[0].to_bytes(2, "big") + (8).to_bytes(2, "big") + b"\x10" + write
    if kind == "tcp":
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", int(place))))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number, length = connection.fileno(), 49
        request = b"\x00\x01\x00\x00" + (len(pdu) + 1).to_bytes(2, "big") + b"\x01" + pdu
    else:
        port = stack.enter_context(serial.Serial(place, BAUDRATE, timeout=0))
        number, length = port.fileno(), 45
        request = b"\x01" + pdu
        request += crc16.modbus(request).to_bytes(2, "little")
    poll = select.poll()
    poll.register(number, select.POLLIN)

    def exchange() -> list[int]:
        os.write(number, request)
        data = b""
        while len(data) < length:
            if not poll.poll(500):
                raise TimeoutError
            data += os.read(number, 512)
        if kind == "rtu" and crc16.modbus(data[:-2]) != int.from_bytes(data[-2:], "little"):
            raise ValueError("CRC")
        body = data[9:] if kind == "tcp" else data[3:-2]
        return [int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body), 2)]

    return exchange


def ours(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    """The link of this program, with every check that it makes."""
    if kind == "tcp":
        socket_ = TcpSocket(TcpAddress(host="127.0.0.1", port=int(place), unit=1))
        line = Line(socket_, SystemClock(), NO_WIRE, numbered=True)
        framing: Framing = TcpFraming()
    else:
        port = SerialPort(
            SerialAddress(port=place, unit=1, baudrate=BAUDRATE),
            SerialSettings(baudrate=BAUDRATE, parity="N", stopbits=1),
        )
        # The silence between frames is spent while waiting for the next tick; here there is none.
        line = Line(port, SystemClock(), replace(serial_times(BAUDRATE), silence_s=0.0))
        framing = RtuFraming()
    link = ModbusLink(line, framing, unit=1, functions=FUNCTIONS, timeout_s=0.5)
    stack.callback(link.close)
    if function == 3:
        return lambda: link.read_registers(3, *READ)
    return lambda: link.read_write_registers(*READ, *WRITE)


def pymodbus_sync(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    client: ModbusTcpClient | ModbusSerialClient
    if kind == "tcp":
        client = ModbusTcpClient("127.0.0.1", port=int(place), retries=0)
    else:
        client = ModbusSerialClient(place, baudrate=BAUDRATE, retries=0)
    client.connect()
    stack.callback(client.close)
    if function == 3:
        return lambda: client.read_holding_registers(READ[0], count=READ[1], device_id=1)
    return lambda: client.readwrite_registers(
        read_address=READ[0],
        read_count=READ[1],
        write_address=WRITE[0],
        values=WRITE[1],
        device_id=1,
    )


def pymodbus_async(kind: str, place: str, function: int, stack: ExitStack) -> Call:
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    client: AsyncModbusTcpClient | AsyncModbusSerialClient

    async def connect() -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if kind == "tcp":
            made: AsyncModbusTcpClient | AsyncModbusSerialClient = AsyncModbusTcpClient(
                "127.0.0.1", port=int(place), retries=0
            )
        else:
            made = AsyncModbusSerialClient(place, baudrate=BAUDRATE, retries=0)
        await made.connect()
        return made

    client = loop.run_until_complete(connect())
    stack.callback(client.close)

    async def exchange() -> object:
        if function == 3:
            return await client.read_holding_registers(READ[0], count=READ[1], device_id=1)
        return await client.readwrite_registers(
            read_address=READ[0],
            read_count=READ[1],
            write_address=WRITE[0],
            values=WRITE[1],
            device_id=1,
        )

    return lambda: loop.run_until_complete(exchange())


def minimal(kind: str, place: str, function: int, stack: ExitStack) -> Call | None:
    """minimalmodbus: serial only, without function 23."""
    if kind == "tcp" or function == 23:
        return None
    instrument = minimalmodbus.Instrument(place, 1)
    instrument.serial.baudrate = BAUDRATE
    instrument.serial.timeout = 0.5
    stack.callback(instrument.serial.close)
    return lambda: instrument.read_registers(*READ)


MAKERS: dict[str, Callable[[str, str, int, ExitStack], Call | None]] = {
    "raw": raw,
    "ours": ours,
    "pymodbus sync": pymodbus_sync,
    "pymodbus async": pymodbus_async,
    "minimalmodbus": minimal,
}


@contextmanager
def running_server(kind: str, *, first: bool = False) -> Iterator[str]:
    """A server in its own process; returns its TCP port or the path of its pseudo-terminal.

    ``first``: it runs before ordinary programs where the system allows it, as a unit's own
    processor does.
    """
    command = [sys.executable, "-m", "tools.bench.wire", "serve", kind, *(["first"] * first)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def serve(kind: str) -> None:
    """The server's process."""
    data = SimData(0, count=0x400, values=0, datatype=DataType.REGISTERS)
    device = SimDevice(1, simdata=[data])
    server: ModbusTcpServer | ModbusSerialServer
    if kind == "tcp":
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        place = str(server.transport.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
    else:
        import tty

        register_protocol()
        master, slave = os.openpty()
        tty.setraw(slave)
        server = ModbusSerialServer(
            device, framer=FramerType.RTU, port=f"ptymaster://{master}", baudrate=BAUDRATE
        )
        await server.serve_forever(background=True)
        place = os.ttyname(slave)
    print(place, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()

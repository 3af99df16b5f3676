"""`make bench`: our exchange beside a raw client and five libraries, and a simulated treatment.

All clients talk to servers of one kind, each in a process of its own, in turns (A B C A B C), so
that a noisy machine disturbs all of them alike. Clients and servers have different processors where
the system has several. Only the ratios mean something elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from rich.console import Console
from rich.table import Table

from simulator.line.protocol_ptymaster import register_protocol
from tests.support.foreign_programs import Libmodbus
from tests.support.installed import place_of_program
from tools.bench.billing import scrub_line
from tools.bench.commands import commands_table
from tools.bench.documents import documents_table
from tools.bench.processors import on_processor
from tools.bench.treatment import shares_line, treatment_table
from tools.bench.wire_clients import BAUDRATE, MAKERS, Call
from workstation.session.realtime import take_realtime_rights

ROUNDS = 24
CALLS = 60
GOAL, AIM = 1.20, 1.10
Serving = Callable[[str], AbstractContextManager[str]]
"""Starts a server of a kind (tcp, rtu) and gives its TCP port or its pseudo-terminal."""


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
        serving, server = stack.enter_context(servers())
        calls = clients(kind, function, serving, stack)
        stack.enter_context(on_processor(0))
        times_us: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                times_us[name] += timed_us(call)
    table = Table(
        title=f"{kind.upper()} FC{function} on {server}; ours: at most {GOAL:.2f} x raw, "
        f"aim {AIM:.2f}"
    )
    for column in ("client", "n", "p50 us", "p10-p90 us", "x raw", "x raw at p10"):
        table.add_column(column, justify="left" if column == "client" else "right")
    raw = Spread.of(times_us["raw"])
    for name, values in times_us.items():
        one = Spread.of(values)
        table.add_row(
            name,
            str(len(values)),
            f"{one.p50_us:.0f}",
            f"{one.p10_us:.0f}-{one.p90_us:.0f}",
            f"{one.p50_us / raw.p50_us:.2f}",
            f"{one.p10_us / raw.p10_us:.2f}",
        )
    return table


@dataclass(frozen=True, slots=True)
class Spread:
    """Microseconds. The tenth percentile says more than the median beside other work."""

    p10_us: float
    p50_us: float
    p90_us: float

    @classmethod
    def of(cls, values_us: list[float]) -> Spread:
        deciles = statistics.quantiles(values_us, n=10)
        return cls(deciles[0], deciles[4], deciles[-1])


def timed_us(call: Call) -> list[float]:
    """Microseconds of each of ``CALLS`` calls."""
    values = []
    for _ in range(CALLS):
        started_s = time.perf_counter()
        call()
        values.append((time.perf_counter() - started_s) * 1e6)
    return values


def clients(kind: str, function: int, serving: Serving, stack: ExitStack) -> dict[str, Call]:
    """The clients by name, each on a server of its own; the raw one first."""
    calls: dict[str, Call] = {}
    for name, make in MAKERS.items():
        with on_processor(-1):
            place = stack.enter_context(serving(kind))
        call = make(kind, place, function, stack)
        if call is not None:
            call()
            calls[name] = call
    return calls


@contextmanager
def servers() -> Iterator[tuple[Serving, str]]:
    """The fastest servers available, which hide the least of a client, and their name."""
    if find_library("modbus") is None or place_of_program("cc") is None:
        yield running_server, "pymodbus' server (libmodbus is not installed)"
        return
    with TemporaryDirectory() as folder:
        yield Libmodbus(Path(folder)).on_a_port, "libmodbus' server"


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
    """Run the server's process."""
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

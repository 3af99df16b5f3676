"""A station for measuring: real commands, simulated units, and Linux's figures for a process."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder
from tests.support.commands import said
from tests.support.real_time import ROOT, run_first, runs, simulated_unit, wait_until
from tests.support.station_console import TABLE, Console, configured, is_idle
from tests.support.stops import connect_and_say, free_port
from workstation.station.control_link import ControlLink
from workstation.station.messages import PeerRole
from workstation.station.place import ChannelPlace, console_lock, station_folder

CLOCK = SystemClock()
TICK_MS = 50
LATENESS = re.compile(
    r"session (\S+): (\d+) ticks, late by p50 ([\d.]+) ms, p99 ([\d.]+) ms, "
    r"p99.9 ([\d.]+) ms, at most ([\d.]+) ms"
)
STATIC = """
patient_reference = "TEST-1"
region = "lumbar"
mode = "static"
hold_force = "30 N"
treatment_time = "{minutes} min"
ramp_up = "10 N/s"
ramp_down = "20 N/s"
pretension_force = "0 N"
pretension_time = "0 s"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """How late the ticks of a session were, milliseconds."""

    ticks: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Station:
    """A parent on a folder, and its children; ``port`` is that of its stop door."""

    def __init__(self, records: RecordFolder) -> None:
        self.records = records
        self.port = free_port()
        self.folder = station_folder(records.path)
        self._parent: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start a parent; the previous one must have ended."""
        command = [sys.executable, "-m", "workstation.cli", "station"]
        environment = os.environ | {
            "TRACTION_STOP_PORT": str(self.port),
            "TRACTION_CONSOLE_PORT": str(free_port()),
            "TRACTION_TIME_ZONE": "UTC",
        }
        self._parent = subprocess.Popen(
            [*command, "--data", str(self.records.path)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )

    @property
    def parent(self) -> subprocess.Popen[bytes]:
        """The parent process."""
        assert self._parent is not None
        return self._parent

    def place(self, table: str = TABLE) -> ChannelPlace:
        """The path at which a table's program listens."""
        return ChannelPlace(folder=self.folder, called=table)

    def control(self, table: str = TABLE) -> int:
        """The process that keeps a table."""
        return int(self.place(table).lock.read_text(encoding="ascii"))

    def console(self, table: str, order: str) -> Console:
        """A console, once the table's program answers and its unit is idle."""
        consoles: list[Console] = []

        def connected() -> bool:
            with suppress(Exception):
                consoles.append(Console(self.records, table, order))
            return bool(consoles)

        wait_until(connected, f"the program of {table}")
        consoles[0].until(is_idle, "the idle unit")
        return consoles[0]

    def still_console(self) -> None:
        """Stop the station's own console: only the campaign's console attends to sessions."""

        def stopped() -> bool:
            with suppress(OSError, ValueError):
                process_id = int(console_lock(self.folder).read_text(encoding="ascii"))
                os.kill(process_id, signal.SIGSTOP)
                return True
            return False

        wait_until(stopped, "the station's console")

    @contextmanager
    def watched(self, table: str = TABLE) -> Iterator[ControlLink]:
        """A connection that only watches."""
        link = ControlLink(self.place(table), CLOCK, print, role=PeerRole.WATCH)
        try:
            wait_until(lambda: link.is_answering, "the first snapshot")
            yield link
        finally:
            link.close()

    def post(self, table: str = TABLE) -> str:
        """Press STOP at the stop door; returns the page."""
        path = table.replace(" ", "%20")
        return connect_and_say(self.port, f"POST /stop/{path} HTTP/1.1\r\n\r\n".encode())

    def door_answers(self) -> bool:
        """True if the door knows the force at a unit."""
        with suppress(OSError):
            page = connect_and_say(self.port, b"GET /stop HTTP/1.1\r\n\r\n")
            return "Force " in page and "not known" not in page
        return False

    @property
    def log(self) -> str:
        """The messages of the parents."""
        return (self.folder / "station.log").read_text(encoding="utf-8")

    def lateness(self, session_id: str, table: str = TABLE) -> Late:
        """A session's tick lateness, as the program of a table reports it."""
        found: list[re.Match[str]] = []

        def told() -> bool:
            found.extend(
                one
                for one in LATENESS.finditer(self.place(table).log.read_text(encoding="utf-8"))
                if one[1] == session_id
            )
            return bool(found)

        wait_until(told, "the lateness")
        ticks, p50, p99, _, most = found[0].groups()[1:]
        return Late(ticks=int(ticks), p50_ms=float(p50), p99_ms=float(p99), max_ms=float(most))

    def end(self) -> None:
        """End everything; programs that drive are killed, and their units release."""
        self.parent.kill()
        self.parent.wait()
        for lock in self.folder.glob("*.lock"):
            with suppress(OSError, ValueError):
                process_id = int(lock.read_text(encoding="ascii"))
                if process_id != os.getpid() and runs(process_id):
                    os.kill(process_id, signal.SIGKILL)


@contextmanager
def station(folder: Path, *, units: int = 1, wires: Sequence[str] = ()) -> Iterator[Station]:
    """A station with its units; ``wires`` are addresses to use instead."""
    with ExitStack() as stack:
        addresses = list(wires) or [
            stack.enter_context(a_unit(number)) for number in range(1, units + 1)
        ]
        records = configured(folder, *addresses)
        said(records, "sound-check", "--by", "A. Example", "--without", "a campaign")
        made = Station(records)
        stack.callback(made.end)
        try:
            yield made
        except BaseException:
            for log in sorted(made.folder.glob("*.log")):
                print(f"{log.name}:\n{log.read_text(encoding='utf-8')[-2000:]}", flush=True)
            raise


@contextmanager
def a_unit(number: int = 1) -> Iterator[str]:
    """Start a simulated unit that runs before ordinary programs; returns its address."""
    with simulated_unit("tcp", "--body", "lumbar_split", "--seed", str(number)) as (unit, uri):
        run_first(unit.process_id)
        yield uri


def peak_mb(process_id: int) -> float:
    """Peak memory of a process, megabytes."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def connections(station_: Station, table: str = TABLE) -> int:
    """Connections that a table's listener has accepted, as the system counts them."""
    path = str(station_.place(table).socket)
    lines = Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()
    return sum(1 for line in lines if line.endswith(path) and line.split()[5] == "03")


def load() -> str:
    """The load of the machine over the last minute."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that the given share of the values does not exceed."""
    return sorted(values)[max(0, -(-int(share * 1000) * len(values) // 1000) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)

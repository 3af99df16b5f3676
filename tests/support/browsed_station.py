"""A whole station for a browser: simulated units, their programs, the stop door and the console."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import httpx

from controller.runtime.clock import SystemClock
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.certificates import made_certificate
from tests.support.real_time import PATIENCE_S, ROOT, simulated_unit, wait_until
from tests.support.station_console import configured
from tests.support.stops import free_port
from tests.support.wire_tap import Tap, tap
from workstation.author_now import author_now
from workstation.settings import Settings, settings_at_the_clinic
from workstation.sound.day_check import Hearing, keep_hearing
from workstation.station.place import console_lock, station_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowsedStation:
    """The station's addresses and processes."""

    records: RecordFolder
    console_port: int
    stop_port: int
    parent: subprocess.Popen[bytes]
    taps: Sequence[Tap]
    """Taps in the TCP lines; empty when nothing listens there."""

    @property
    def address(self) -> str:
        """The console's pages."""
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def door(self) -> str:
        """The address of the stop door."""
        return f"http://127.0.0.1:{self.stop_port}"

    @property
    def console_process(self) -> int:
        """The process of the console."""
        lock = console_lock(station_folder(self.records.path))
        return int(lock.read_text(encoding="ascii"))

    def wait_for_console(self) -> None:
        """Wait until the console's pages can be loaded."""
        with httpx.Client(timeout=5.0) as client:  # creating a client takes longer than a request
            wait_until(lambda: _answers(client, self.address), "the console")

    def end(self) -> None:
        """End it as Ctrl-C does: every unit releases its patient first."""
        self.parent.send_signal(signal.SIGTERM)
        try:
            self.parent.wait(PATIENCE_S)
        finally:
            self.parent.kill()


def _as_it_is(_records: RecordFolder) -> None:
    """Leave the records of a clinic that has treated nobody yet unchanged."""


@contextmanager
def browsed_station(
    folder: Path,
    bodies: Sequence[str] = ("lumbar_split",),
    wires: Sequence[str] = (),
    before: Callable[[RecordFolder], None] = _as_it_is,
    *,
    tapped: bool = False,
    settings: Mapping[str, str] = {},
) -> Iterator[BrowsedStation]:
    """A station with a table for each of ``bodies``, whose console answers.

    ``wires`` of the first of them; the others are on TCP. With ``tapped`` somebody listens in the
    line of each unit on TCP for releases.
    ``settings`` are variables of the environment beside its own. ``before`` puts into its records
    what is to be there before it starts.
    The clinic has decided to work without sound today: a test machine has no loudspeaker.
    """
    with ExitStack() as stack:
        addresses = [
            stack.enter_context(simulated_unit(wire, "--body", body, "--seed", str(seed)))[1]
            for seed, (body, wire) in enumerate(zip_longest(bodies, wires, fillvalue="tcp"), 1)
        ]
        on_tcp = [each for each in addresses if tapped and each.startswith("modbus-tcp:")]
        taps = {each: stack.enter_context(tap(each)) for each in on_tcp}
        lines = [taps[each].uri if each in taps else each for each in addresses]
        records = configured(folder / "data", *lines)
        _work_without_sound(records)
        before(records)
        station = _started(records, [*taps.values()], settings)
        stack.callback(station.end)
        station.wait_for_console()
        yield station


def for_other_machines(folder: Path) -> Mapping[str, str]:
    """Settings of a station that other machines can reach; empty where there is no such address."""
    address = own_address()
    if not address:
        return {}
    certificate = made_certificate(folder / "station.pem", [address])
    return {
        "TRACTION_STATION_CERTIFICATE": str(certificate.file),
        "TRACTION_CONSOLE_ADDRESSES": address,
        "TRACTION_STOP_ADDRESSES": address,
    }


def own_address() -> str:
    """A non-loopback address of this machine; "" where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # sends nothing
            address = str(asking.getsockname()[0])
        except OSError:
            return ""
    return "" if address.startswith("127.") else address


def _started(
    records: RecordFolder, taps: Sequence[Tap], settings: Mapping[str, str]
) -> BrowsedStation:
    console_port, stop_port = free_port(), free_port()
    environment = os.environ | {
        "TRACTION_CONSOLE_PORT": str(console_port),
        "TRACTION_STOP_PORT": str(stop_port),
        "TRACTION_TIME_ZONE": "UTC",
        "TRACTION_CONSOLE_LOST": "60",
        **settings,
    }
    command = [sys.executable, "-m", "workstation.cli", "station", "--data", str(records.path)]
    parent = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    return BrowsedStation(
        records=records, console_port=console_port, stop_port=stop_port, parent=parent, taps=taps
    )


def _work_without_sound(records: RecordFolder) -> None:
    utc_ms = SystemClock().utc_ms()
    day = settings_at_the_clinic(Settings(), read_standing(records)).day_at(utc_ms)
    author = author_now(records, "A. Example", utc_ms)
    keep_hearing(records, author, day, Hearing.WITHOUT, "no loudspeaker")


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(address).status_code == 200
    except httpx.TransportError:
        return False

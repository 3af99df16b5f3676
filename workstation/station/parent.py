"""The parent of a station: keeps a process for each unit, the console, and the stop door running.

Standard library only, so that it is small and does not fail with a library. It has no patient,
order or record. When it is killed, the units' processes continue, and the next parent takes them
over. When it is told to end, it releases every patient first.

    python -m workstation.station.parent PLAN

``traction station`` reads settings and units and then becomes this program.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Final
from zoneinfo import ZoneInfo

from controller.errors import TractionError
from controller.ports import Clock
from controller.runtime.clock import SystemClock
from controller.words import one_line
from records.store.private_files import open_or_create
from workstation.exit_status import exit_status
from workstation.hosts import LOOPBACK
from workstation.station.attention import Attention
from workstation.station.console_process import ConsoleProcess
from workstation.station.control_link import ControlLink
from workstation.station.messages import Heartbeat
from workstation.station.place import (
    ChannelPlace,
    Held,
    other_station,
    parent_lock,
    station_folder,
)
from workstation.station.plan import PlannedUnit, StationPlan
from workstation.station.service_manager import ALIVE, READY, ServiceManager
from workstation.station.service_manager import ENDING as ENDING_STATE
from workstation.station.sparing_log import SparingLog
from workstation.station.stop_desk import StopDesk
from workstation.station.stop_door import DoorAddress, StopDoor
from workstation.station.stop_request import Neighbours
from workstation.station.stop_target import StopWording
from workstation.station.unit_process import UnitProcess
from workstation.tls import tls_of

TURN_S: Final = 0.1
TURNED_S: Final = 2.0
"""A loop that has not turned for so long does not look after its units."""
MOST_WAITING: Final = 1000
LAST_LINES_S: Final = 2.0
ENDING: Final = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGBREAK")
"""Each releases the patients and then ends the station."""


class StationLog:
    """Writes a line for each event, in a thread: no disk delays the stop door."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._descriptor = open_or_create(path)
        os.lseek(self._descriptor, 0, os.SEEK_END)
        self._clock = clock
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def __call__(self, text: str) -> None:
        """Have a line written; with too many waiting it is dropped."""
        if self._lines.qsize() < MOST_WAITING:
            at = datetime.fromtimestamp(self._clock.utc_ms() / 1000, UTC)
            self._lines.put(f"{at:%Y-%m-%dT%H:%M:%SZ} {one_line(text)}\n")

    def close(self) -> None:
        """Write what waits, for a limited time."""
        self._lines.put(None)
        self._thread.join(LAST_LINES_S)
        if not self._thread.is_alive():
            os.close(self._descriptor)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError):  # a full disk
                os.write(self._descriptor, line.encode("utf-8", "replace"))


class Station:
    """Everything that a parent keeps running."""

    def __init__(self, plan: StationPlan, clock: Clock) -> None:
        """Take the folder and open the door; raises StationBusy for one that is taken."""
        folder = station_folder(Path(plan.data))
        self._held = Held(parent_lock(folder), other_station(plan.data))
        self._clock = clock
        self._report = StationLog(folder / "station.log", clock)
        self._log = SparingLog(clock, self._report)
        self._plan = plan
        self._ends = ""
        self._turned_s = clock.now_s()
        self._sounds = False
        self._manager = ServiceManager()
        self._units: list[UnitProcess] = []
        try:
            self._units = [self._process_of(unit, folder, plan) for unit in plan.units]
            self._console = ConsoleProcess(folder, plan.console, clock=clock, report=self._report)
            self._door = self._opened(plan)
            lost = [unit.called for unit in plan.units if unit.is_lost]
            self._attention = Attention(clock, self._report, lost=lost)
        except BaseException:
            for unit in self._units:
                unit.link.close()
            self._report.close()
            self._held.release()
            raise

    def run(self) -> None:
        """Keep everything up until ``end``; then release every patient and wait for it."""
        self._report(f"station with {', '.join(unit.called for unit in self._units)}")
        self._manager.say(READY)
        while not self._ends:
            self.keep_up()
            self._manager.say(ALIVE)
            self._clock.sleep_until(self._clock.now_s() + TURN_S)
        self._manager.say(ENDING_STATE)
        for unit in self._units:
            unit.end(f"the station ends ({self._ends})")
        while remaining := [unit for unit in self._units if not unit.has_ended()]:
            self._attend(remaining)
            self._manager.say(ALIVE)
            self._clock.sleep_until(self._clock.now_s() + TURN_S)
        while not self._console.has_ended():
            self._clock.sleep_until(self._clock.now_s() + TURN_S)
        self._report("station ended")
        self.close()

    @property
    def door_is_open(self) -> bool:
        """Returns True while the stop door serves."""
        return self._door.is_open

    def keep_up(self) -> None:
        """Do one turn: start what has ended, and reopen a door that has failed."""
        for unit in self._units:
            unit.keep_up()
        self._console.keep_up(in_session=any(unit.link.in_session for unit in self._units))
        self._attend(self._units)
        if not self.door_is_open:
            self._log.say("door", "the stop door has failed and is opened again")
            self._door.close()
            self._open_again()

    def _open_again(self) -> None:
        """Reopen it at every address, or at least on this machine if that fails."""
        here = replace(self._plan, console_addresses=(), stop_addresses=())
        for plan in (self._plan, here):
            try:
                self._door = self._opened(plan)
                return
            except TractionError as error:
                self._say_shut(error.message)
            except OSError as error:  # what the system has run out of may become available again
                self._say_shut(error.strerror or str(error))

    def _say_shut(self, reason: str) -> None:
        self._log.say("door again", f"the stop door cannot be opened: {reason}")

    def close(self) -> None:
        """Leave folder and port; the processes that drive the units continue."""
        self._door.close()
        self._attention.close()
        for unit in self._units:
            unit.link.close()
        self._report.close()
        self._held.release()

    def end(self, number: int, _frame: FrameType | None) -> None:
        """The handler of the signals that end it."""
        self._ends = self._ends or signal.Signals(number).name

    def _attend(self, units: Sequence[UnitProcess]) -> None:
        self._attention.keep_up([unit.link for unit in units])
        self._sounds = self._attention.sounds
        self._turned_s = self._clock.now_s()

    def heartbeat(self) -> Heartbeat | None:
        """Returns what the programs are sent once a second.

        None from a loop that has stopped turning.
        """
        if self._clock.now_s() - self._turned_s > TURNED_S:
            return None
        return Heartbeat(live_pages=0, sounds=self._sounds)

    def _process_of(self, unit: PlannedUnit, folder: Path, plan: StationPlan) -> UnitProcess:
        place = ChannelPlace(folder=folder, called=unit.called)
        link = ControlLink(
            place,
            self._clock,
            self._report,
            manual_release=unit.manual_release,
            heartbeat=self.heartbeat,
        )
        return UnitProcess(link, place, plan.control, clock=self._clock, report=self._report)

    def _opened(self, plan: StationPlan) -> StopDoor:
        neighbours = Neighbours(
            names=LOOPBACK,
            ports=frozenset({plan.console_port, plan.stop_port}),
            tls_names=frozenset(plan.door_hosts),
        )
        words = StopWording(
            zone=ZoneInfo(plan.time_zone) if plan.time_zone else None,
            unit=plan.force_unit,
            is_training=plan.is_training,
        )
        desk = StopDesk(
            [unit.link for unit in self._units],
            neighbours,
            words=words,
            clock=self._clock,
            report=self._report,
        )
        addresses = list(door_addresses(plan))
        return StopDoor(addresses, desk, clock=self._clock, report=self._report)


def door_addresses(plan: StationPlan) -> Iterator[DoorAddress]:
    """Returns loopback without TLS, all others with it; raises RequestRefused."""
    yield DoorAddress(host="127.0.0.1", port=plan.stop_port)
    if _has_loopback_6():
        yield DoorAddress(host="::1", port=plan.stop_port)
    if plan.door_hosts:
        tls = tls_of(plan.certificate)
        for host in plan.door_hosts:
            yield DoorAddress(host=host, port=plan.stop_port, tls=tls)


def _has_loopback_6() -> bool:
    with closing(socket.socket(socket.AF_INET6, socket.SOCK_STREAM)) as tried:
        try:
            tried.bind(("::1", 0))
        except OSError:
            return False
    return True


def main(arguments: Sequence[str]) -> int:
    """Run a station to its end; returns the exit status."""
    try:
        station = Station(StationPlan.of_text(arguments[0]), SystemClock())
    except TractionError as error:
        sys.stderr.write(f"traction: {error}\n")
        return exit_status(error)
    for name in ENDING:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), station.end)
    station.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Parent, console and the driving program, each killed and hung during a treatment."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.alarms import CONTROL_GONE, alarm_kind
from controller.errors import LinkError
from controller.events import EventKind
from controller.ports import TractionUnit
from controller.session.free_cord import FREE_FORCE_N
from controller.snapshot import Doing
from controller.telemetry import CommandKind, ForceCommand
from firmware_bridge.connect import connect_unit
from records.evidence.reader import SessionRecord, list_sessions, read_session
from tests.campaigns.station_lab import (
    CLOCK,
    STATIC,
    TICK_MS,
    Station,
    a_unit,
    load,
    median,
    percentile,
    station,
)
from tests.support.real_time import ROOT, wait_until
from tests.support.station_console import TABLE, is_holding, is_idle
from workstation.station.control_link import ControlLink

HUNG_S = 10.0
HUNG_TOO_LONG_S = 20.0
GONE_S = 1.0
"""From a kill to the next start, as whatever keeps the processes may take."""
AFTER_S = 10.0
"""Samples so long behind a loss are compared with the others."""
WATCHED_ON_S = 10.0
LEAVE_S = 60.0
LOST_WORDS = alarm_kind(CONTROL_GONE).text
"""What the parent's log says of the alarm ``control_gone``."""
OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)


class TreatmentLost(Exception):
    """The treatment ended early; nothing more can be lost."""


@dataclass
class Losses:
    """A long treatment, its watcher, and when each process was lost (wall clock, ms)."""

    kept: Station
    link: ControlLink
    order: str
    spacing_s: float
    console: subprocess.Popen[bytes] = field(init=False)
    at_utc_ms: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def start_console(self, *order: str) -> None:
        """Start a console as a process."""
        place = (str(self.kept.records.path), TABLE, *order)
        command = [sys.executable, "-m", "tests.support.station_console", *place]
        self.console = subprocess.Popen(command, cwd=ROOT)

    def lose(self, what: str, loss: Callable[[], None]) -> None:
        """Wait, lose something, and check that the treatment goes on."""
        CLOCK.sleep_until(CLOCK.now_s() + self.spacing_s)
        self.at_utc_ms.append(CLOCK.utc_ms())
        loss()
        if not self.holds():
            self.faults.append(f"{what}: the treatment does not go on ({self.told()})")
            raise TreatmentLost
        print(f"{what}: {self.told()}", flush=True)

    def told(self) -> str:
        """The present alarms and messages in words."""
        shown = self.link.snapshot
        if shown is None:
            return "nothing"
        return ", ".join([shown.phase, *(one.code for one in shown.alarms)])

    def holds(self) -> bool:
        """True if the treatment goes on, by the present messages."""
        shown = self.link.snapshot
        return (
            self.link.is_answering
            and shown is not None
            and (shown.doing, shown.phase) == (Doing.SESSION, "holding")
        )

    def kill_parent(self) -> None:
        """Kill the parent; the next one takes over."""
        self.kept.parent.kill()
        self.kept.parent.wait()
        CLOCK.sleep_until(CLOCK.now_s() + GONE_S)
        self.kept.start()

    def kill_console(self) -> None:
        """Kill the console; the next one takes over."""
        self.end_console()
        CLOCK.sleep_until(CLOCK.now_s() + GONE_S)
        self.start_console()

    def end_console(self) -> None:
        """End the console for good."""
        self.console.kill()
        self.console.wait()

    def hang(self, process: subprocess.Popen[bytes], seconds: float) -> set[str]:
        """Suspend a process for a while; returns the alarms present at the end of it."""
        process.send_signal(signal.SIGSTOP)
        CLOCK.sleep_until(CLOCK.now_s() + seconds)
        shown = self.link.snapshot
        process.send_signal(signal.SIGCONT)
        return set() if shown is None else {one.code for one in shown.alarms}

    def hang_and_want(self, process: subprocess.Popen[bytes], alarm: str) -> None:
        """Check that a hanging process raises the alarm and has no other effect."""
        alarms = self.hang(process, HUNG_S)
        if alarm not in alarms:
            self.faults.append(f"{alarm} did not stand; {alarms} did")


def measure_losses(kills: int, spacing_s: float) -> dict[str, Any]:
    """Kill parent and console in turn, hang each, and at last hang the console for too long."""
    minutes = math.ceil(((2 * kills + 3) * (spacing_s + GONE_S + 1) + LEAVE_S) / 60)
    order = STATIC.format(minutes=minutes)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        uri = stack.enter_context(a_unit())
        kept = stack.enter_context(station(folder / "data", wires=[uri]))
        link = stack.enter_context(kept.watched())
        losses = Losses(kept, link, order, spacing_s)
        wait_until(kept.door_answers, "the door")
        kept.still_console()
        losses.start_console(order)
        try:
            wait_until(losses.holds, "the hold")
            with suppress(TreatmentLost):
                _lose_all(losses, kills)
            hung_utc_ms = CLOCK.utc_ms()
            losses.hang(losses.console, HUNG_TOO_LONG_S)
            wait_until(lambda: _is_over(link), "the end")
        finally:
            losses.end_console()
        (listed,) = list_sessions(kept.records)
        record = read_session(kept.records, listed.head.session_id)
    figures = _figures(record, losses.at_utc_ms, hung_utc_ms)
    return {**figures, "kills": kills, "spacing_s": spacing_s, "faults": losses.faults}


def _lose_all(losses: Losses, kills: int) -> None:
    for number in range(kills):
        losses.lose(f"parent killed ({number + 1})", losses.kill_parent)
        losses.lose(f"console killed ({number + 1})", losses.kill_console)
    losses.lose("console hung", lambda: losses.hang_and_want(losses.console, "console_quiet"))
    losses.lose("parent hung", lambda: losses.hang_and_want(losses.kept.parent, "station_quiet"))
    CLOCK.sleep_until(CLOCK.now_s() + losses.spacing_s)


def _is_over(link: ControlLink) -> bool:
    return link.snapshot is not None and is_idle(link.snapshot)


def _figures(record: SessionRecord, lost_utc_ms: list[int], hung_utc_ms: int) -> dict[str, Any]:
    """The record's figures for ticks and release."""
    origin_ms = record.opening.utc_ms - record.opening.at_ms
    times = record.samples["taken_at_ms"].astype(int)
    distances = times[1:] - times[:-1]
    near = [
        int(one)
        for at_ms, one in zip(times[1:], distances, strict=True)
        if any(0 <= at_ms - (lost - origin_ms) <= AFTER_S * 1000 for lost in lost_utc_ms)
    ]
    far = [
        int(one)
        for at_ms, one in zip(times[1:], distances, strict=True)
        if not any(0 <= at_ms - (lost - origin_ms) <= AFTER_S * 1000 for lost in lost_utc_ms)
    ]
    releases = record.of_kind(EventKind.RELEASE_ORDERED)
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    return {
        "losses": len(lost_utc_ms),
        "samples": len(times),
        "expected": round((int(times[-1]) - int(times[0])) / TICK_MS) + 1,
        "near": _spread(near),
        "far": _spread(far),
        "releases": len(releases),
        "released_after_s": (releases[0].utc_ms - hung_utc_ms) / 1000,
        "reason": str(ended.detail["reason"]),
        "outcome": record.outcome,
    }


def _spread(distances: list[int]) -> dict[str, float]:
    missed = sum(max(0, (one + TICK_MS // 2) // TICK_MS - 1) for one in distances)
    return {
        "n": len(distances),
        "p50_ms": median(distances),
        "p99_ms": percentile(distances, 0.99),
        "max_ms": max(distances),
        "missed": missed,
    }


def measure_control_killed(count: int) -> dict[str, Any]:
    """Kill the driving program in a hold; a second connection reads the unit."""
    begun, rounds = load(), []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        uri = stack.enter_context(a_unit())
        kept = stack.enter_context(station(folder / "data", wires=[uri]))
        wait_until(kept.door_answers, "the door")
        for _ in range(count):
            rounds.append(_kill_control(kept, uri))
            print(f"control killed: {json.dumps(rounds[-1])}", flush=True)
    return {"rounds": rounds, "load_at": begun}


def _kill_control(kept: Station, uri: str) -> dict[str, Any]:
    """One kill: seconds to the free cord, the highest force after it, and the unit's messages."""
    console = kept.console(TABLE, STATIC.format(minutes=1))
    console.prepare()
    console.until(is_holding, "the hold")
    console.look_on(2.0)
    control, said_n = kept.control(), kept.log.count(LOST_WORDS)
    with _second_reader(uri) as unit:
        os.kill(control, signal.SIGKILL)
        killed_at_s = CLOCK.now_s()
        forces = [(at_s - killed_at_s, force_n) for at_s, force_n in _read(unit, WATCHED_ON_S)]
    console.peer.close()
    free_s = next((at_s for at_s, force_n in forces if force_n <= FREE_FORCE_N), None)
    again = kept.console(TABLE, STATIC.format(minutes=1))
    again.peer.close()
    assert console.filed is not None
    ended = read_session(kept.records, console.filed.session_id)
    behind = [force_n for at_s, force_n in forces if free_s is not None and at_s >= free_s]
    return {
        "free_s": free_s,
        "highest_behind_n": max(behind, default=None),
        "readings": len(forces),
        "told": kept.log.count(LOST_WORDS) > said_n,
        "outcome": ended.outcome,
        "started_anew": kept.control() != control,
    }


@contextmanager
def _second_reader(uri: str) -> Iterator[TractionUnit]:
    unit = connect_unit(uri, CLOCK)
    try:
        yield unit
    finally:
        unit.close()


def _read(unit: TractionUnit, seconds: float) -> Iterator[tuple[float, float]]:
    """Time and force of each reading."""
    until_s = CLOCK.now_s() + seconds
    while CLOCK.now_s() < until_s:
        with suppress(LinkError):
            reading = unit.exchange(OBSERVE)
            if reading.force_n is not None:
                yield reading.taken_at_s, reading.force_n
        CLOCK.sleep_until(CLOCK.now_s() + 0.02)

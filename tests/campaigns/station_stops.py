"""STOP pressed at the door in every phase and between them: whether and how soon it releases.

A tap in the unit's line records when the release order passed.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.events import EventKind
from controller.snapshot import Doing, Snapshot
from records.evidence.reader import read_session
from tests.campaigns.station_lab import CLOCK, TICK_MS, Station, a_unit, load, station
from tests.support.real_time import wait_until
from tests.support.station_console import Console, is_idle
from tests.support.stops import connected_to
from tests.support.wire_tap import Tap, tap

LANES = 4
PHASES = ("taking_up_slack", "ramping_up", "holding", "ramping_down", "resting")
BESIDE = ("twice", "console hung", "six connections", "releasing")
WITHOUT_FORCE = ("checking", "busy", "after the end")
"""Nothing pulls there: the session is refused, or no treatment is running."""
NOTHING = "No treatment is open on"
ORDERED = ("STOP was ordered at", "STOP was already ordered at")
ORDER = """
patient_reference = "TEST-1"
region = "lumbar"
mode = "intermittent"
hold_force = "30 N"
rest_force = "10 N"
hold_time = "5 s"
rest_time = "5 s"
treatment_time = "1 min"
ramp_up = "10 N/s"
ramp_down = "5 N/s"
pretension_force = "0 N"
pretension_time = "0 s"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One press. ``to_wire_ms`` is None where nothing pulled."""

    situation: str
    page: str
    outcome: str
    to_wire_ms: float | None
    exchange_ms: float
    faults: tuple[str, ...]


def situations(count: int) -> list[str]:
    """``count`` presses under force, and a few without."""
    pulling = [(*PHASES, *BESIDE)[number % 9] for number in range(count)]
    return pulling + [WITHOUT_FORCE[number % 3] for number in range(max(3, count // 8))]


def measure_stops(count: int) -> dict[str, Any]:
    """Press, on as many units in parallel as there are lanes."""
    begun = load()
    with TemporaryDirectory() as name, ExitStack() as stack, ThreadPoolExecutor(LANES) as pool:
        taps = [stack.enter_context(tap(stack.enter_context(a_unit(n + 1)))) for n in range(LANES)]
        uris = [one.uri for one in taps]
        kept = stack.enter_context(station(Path(name) / "data", wires=uris))
        wait_until(kept.door_answers, "the door")
        wanted = situations(count)
        lanes = [
            pool.submit(_lane, kept, f"Table {n + 1}", taps[n], wanted[n::LANES])
            for n in range(LANES)
        ]
        trials = [trial for lane in lanes for trial in lane.result()]
    return {"trials": [vars_of(trial) for trial in trials], "load": begun, "lanes": LANES}


def vars_of(trial: Trial) -> dict[str, Any]:
    """A trial in the form for JSON."""
    return {name: getattr(trial, name) for name in Trial.__slots__}


def _lane(kept: Station, table: str, line: Tap, wanted: list[str]) -> list[Trial]:
    chance = random.Random(table)
    trials: list[Trial] = []
    console = kept.console(table, ORDER)
    for situation in wanted:
        try:
            trial = _press_in(kept, console, line, situation, chance)
        except Exception as error:
            trial = Trial(
                situation=situation,
                page="",
                outcome="",
                to_wire_ms=None,
                exchange_ms=0.0,
                faults=(f"{type(error).__name__}: ...{str(error)[-300:]}",),
            )
            console.peer.close()
            console = kept.console(table, ORDER)
        trials.append(trial)
        print(f"{table}: {json.dumps(vars_of(trial))}", flush=True)
    console.peer.close()
    return trials


def _press_in(
    kept: Station, console: Console, line: Tap, situation: str, chance: random.Random
) -> Trial:
    """One session up to the press and on to its end."""
    console.prepare()
    assert console.filed is not None
    shown = console.until(lambda seen: _has_come(seen, situation, console), situation)
    if situation == "releasing":
        kept.post(console.table)
        shown = console.until(lambda seen: seen.phase in ("releasing", "completed"), "the release")
    if situation == "after the end":
        kept.post(console.table)
        console.until(is_idle, "the idle unit")
    if situation == "console hung":
        CLOCK.sleep_until(CLOCK.now_s() + 2.0)
    CLOCK.sleep_until(CLOCK.now_s() + chance.uniform(0.0, TICK_MS / 1000))
    with _idle_connections(kept, 6 if situation == "six connections" else 0):
        pressed_at_s = CLOCK.now_s()
        pages = _posted(kept, console.table, 2 if situation == "twice" else 1)
    console.until(is_idle, "the idle unit behind the press")
    record = None
    if situation not in ("checking", "busy"):
        record = read_session(kept.records, console.filed.session_id)
    pulled = situation not in WITHOUT_FORCE and situation != "releasing"
    seen_s = line.first_release_s(pressed_at_s) if pulled else None
    faults = list(_faults(pages, situation))
    if pulled and seen_s is None:
        faults.append("no release came by on the line")
    if record is not None and not record.of_kind(EventKind.RELEASE_OBSERVED):
        faults.append("the release was not observed")
    return Trial(
        situation=situation,
        page=" / ".join(_told(page) for page in pages),
        outcome="" if record is None else record.outcome,
        to_wire_ms=None if seen_s is None else (seen_s - pressed_at_s) * 1000,
        exchange_ms=(shown.round_trip_s or 0.0) * 1000,
        faults=tuple(faults),
    )


def _has_come(seen: Snapshot, situation: str, console: Console) -> bool:
    """True when the moment for the press has come."""
    assert console.filed is not None
    if seen.session_id != console.filed.session_id:
        return False
    match situation:
        case "busy":
            return seen.doing is Doing.BUSY
        case phase if phase in (*PHASES, "checking"):
            return seen.doing is Doing.SESSION and seen.phase == phase
    return seen.phase == "holding"


@contextmanager
def _idle_connections(kept: Station, count: int) -> Iterator[None]:
    """Connections that a browser holds open: half of them have sent half a request."""
    with ExitStack() as stack:
        for number in range(count):
            held = stack.enter_context(connected_to(kept.port))
            if number % 2:
                held.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        yield


def _posted(kept: Station, table: str, count: int) -> list[str]:
    """The pages of ``count`` people who press at once."""
    pages: list[str] = []
    people = [threading.Thread(target=lambda: pages.append(kept.post(table))) for _ in range(count)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return pages


def _told(page: str) -> str:
    known = (*ORDERED, NOTHING, "STOP did not reach")
    return next((words for words in known if words in page), "something else")


def _faults(pages: list[str], situation: str) -> Iterator[str]:
    nothing_pulls = situation in WITHOUT_FORCE
    for page in pages:
        told = _told(page)
        if told not in ((*ORDERED, NOTHING) if nothing_pulls else ORDERED):
            yield f"the page says {told!r}"

"""`make campaign-kill`: kill -9 of ``traction run`` in the first 3 s after arming, in real time.

Every lane has one live ``traction simulate`` and one data folder, so each round's start closes
what the round before left open. A second reader follows the commits through its own read-only
connection; what it has read was acknowledged by the disk and must still be there afterwards, link
for link. The unit's own event ring says when it let go.

A start that ends before the unit is armed, or that lets the unit go before the kill, as it may on a
machine that is too busy, is no round: it is counted apart and repeated.
"""

from __future__ import annotations

import random
import statistics
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from controller.errors import JournalError, LinkError
from controller.events import EventKind, Outcome
from controller.ports import TractionUnit
from controller.runtime.clock import SystemClock
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitState, UnitStatus
from firmware_bridge.connect import connect_unit
from records.evidence.chain_walk import LinkRow
from records.evidence.integrity import verify
from records.evidence.reader import list_sessions
from records.evidence.session_rows import chain_start, first_misfit, link_rows
from records.evidence.stored_session import load_stored
from records.evidence.unit_reading import open_sessions, reading
from records.store.database import rows
from records.store.record_folder import RecordFolder
from tests.campaigns.asked import ran_on
from tests.support.real_time import SHORT_PULL, Program, program, simulated_unit, wait_until
from tests.support.typed import said

ROUNDS = 1_000
LANES = ("tcp", "rtu", "tcp", "rtu")
KILL_WITHIN_S = 3.0
LET_GO_MS = {"tcp": 100, "rtu": 500}
"""Reference map, B.5: 100 ms after the armed connection closed; else the armed watchdog."""
MEASURING_MS = 60
"""One tick of the unit's loop, the way of a reading, and the kernel's end of the process."""
WATCHDOG_EXPIRED = 30
REPEATS_PER_ROUND = 3
LOOK_EVERY_S = 0.05
"""A commit comes about once a second; each look computes the links of the session again."""
NEWEST_EVENTS = 8
SAY_EVERY = 25

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest link of the newest session that the second reader has read."""

    session: int
    link: LinkRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One kill. ``lost`` and ``broken`` are in words; both must be empty."""

    wire: str
    killed_after_s: float
    acknowledged_links: int
    acknowledged_samples: int
    let_go_ms: float
    lost: str
    broken: str

    @property
    def in_time(self) -> bool:
        return self.let_go_ms <= LET_GO_MS[self.wire] + MEASURING_MS


@dataclass
class Lane:
    """The rounds of one unit, and what was verified after the last one."""

    wire: str
    rounds: list[Round] = field(default_factory=list)
    repeated: int = 0
    interrupted: int = 0
    alterations: int = 0


def run_lane(wire: str, rounds: int, seed: int, folder: Path) -> Lane:
    """Run ``rounds`` kills on one unit."""
    lane, chance = Lane(wire), random.Random(seed)
    folder.mkdir(parents=True)
    order = folder / "order.toml"
    order.write_text(SHORT_PULL)
    with simulated_unit(wire, "--body", "test_fixture") as (_, uri):
        while len(lane.rounds) < rounds:
            try:
                done = _kill_once(wire, uri, order, RecordFolder(folder / "data"), chance)
            except Exception as error:
                print(f"{wire} {uri}: kill {len(lane.rounds) + 1}: {error!r}", flush=True)
                raise
            if done is not None:
                lane.rounds.append(done)
                if len(lane.rounds) % SAY_EVERY == 0:
                    print(f"{wire} {uri}: {len(lane.rounds)} of {rounds} kills", flush=True)
                continue
            lane.repeated += 1
            assert lane.repeated <= REPEATS_PER_ROUND * rounds, "the unit is never armed"
    lane.alterations = len(verify(RecordFolder(folder / "data")).alterations)
    outcomes = [record.outcome for record in list_sessions(RecordFolder(folder / "data"))]
    lane.interrupted = outcomes.count(Outcome.INTERRUPTED)
    return lane


def _kill_once(
    wire: str, uri: str, order: Path, data: RecordFolder, chance: random.Random
) -> Round | None:
    """Start once and kill; None if the program ended before it armed the unit."""
    clock = SystemClock()
    wait_s = chance.uniform(0.0, KILL_WITHIN_S)
    command = ("run", uri, "--order", str(order), "--yes", "--data", str(data))
    newest = _newest_link(data)
    earlier = newest.session if newest else 0
    with program(*command) as running, _second_reader(data) as seen:
        if not _is_armed(running, data, earlier):
            return None
        wait_until(lambda: bool(seen) and seen[-1].session > earlier, "a link for the reader")
        clock.sleep_until(clock.now_s() + wait_s)
        acknowledged = seen[-1]
        ended_before = running.has_ended
        running.kill()
        killed_at_s = clock.now_s()
    if ended_before or _had_let_go(data, earlier):
        return None
    let_go_ms = _watch_it_let_go(uri, clock, killed_at_s)
    if let_go_ms is None:
        return None
    lost, broken = _compare(data, acknowledged)
    return Round(
        wire=wire,
        killed_after_s=wait_s,
        acknowledged_links=acknowledged.link.number + 1,
        acknowledged_samples=acknowledged.link.covered.next_sample,
        let_go_ms=let_go_ms,
        lost=lost,
        broken=broken,
    )


def _is_armed(running: Program, data: RecordFolder, earlier: int) -> bool:
    """Wait until the unit is armed in a session after ``earlier``, or the program has ended."""
    armed = EventKind.UNIT_ARMED
    wait_until(lambda: running.has_ended or _happened_since(data, earlier, armed), "the arming")
    return _happened_since(data, earlier, armed)


def _had_let_go(data: RecordFolder, earlier: int) -> bool:
    """True if the session after ``earlier`` released by itself, or learned that the unit had."""
    kinds = (EventKind.RELEASE_ORDERED, EventKind.SESSION_ENDED)
    return any(_happened_since(data, earlier, kind) for kind in kinds)


def _happened_since(data: RecordFolder, earlier: int, kind: EventKind) -> bool:
    """True if a session after ``earlier`` has an event of ``kind``."""
    try:
        for path in data.unit_databases():
            with reading(path) as db:
                return bool(
                    rows(
                        db,
                        "SELECT 1 FROM event WHERE session > ? AND kind = ?",
                        (earlier, int(kind)),
                    )
                )
    except JournalError:  # the file is just being made
        return False
    return False


@contextmanager
def _second_reader(data: RecordFolder) -> Iterator[list[Seen]]:
    """Follows the commits of the newest session while a program writes them."""
    seen: list[Seen] = []
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(LOOK_EVERY_S):
            try:
                newest = _newest_link(data)
            except JournalError:  # the file is just being made
                continue
            if newest is not None and (not seen or newest != seen[-1]):
                seen.append(newest)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _newest_link(data: RecordFolder) -> Seen | None:
    for path in data.unit_databases():
        with reading(path) as db:
            newest = rows(db, "SELECT max(number) FROM session")[0][0]
            links = link_rows(db, newest) if newest else []
        if links:
            return Seen(newest, links[-1])
    return None


def _compare(data: RecordFolder, acknowledged: Seen) -> tuple[str, str]:
    """What was acknowledged and is missing, and inconsistencies of the chain."""
    (path,) = data.unit_databases()
    (head,) = open_sessions(path)
    with reading(path) as db:
        stored, start = load_stored(db, head), chain_start(db, head.number)
    links = {link.number: link for link in stored.links}
    lost = ""
    if head.number != acknowledged.session or (
        links.get(acknowledged.link.number) != acknowledged.link
    ):
        lost = f"{acknowledged} was read before the kill and is not there any more"
    misfit = first_misfit(start, stored.links, stored.events, stored.samples)
    covered = stored.links[-1].covered
    whole = (covered.next_event, covered.next_sample) == (len(stored.events), stored.sample_count)
    broken = "" if misfit is None and whole else f"link {misfit} of session {head.number}"
    return lost, broken


def _watch_it_let_go(uri: str, clock: SystemClock, killed_at_s: float) -> float | None:
    """Milliseconds from the kill to the unit's own release, on the unit's clock.

    None if a last command of the program had released before its watchdog could.
    """
    unit = _answered(lambda: connect_unit(uri, clock), "the unit's identity")
    try:
        last = _released(unit)
        newest = said(last.newest_event)
        count = min(newest, NEWEST_EVENTS)
        first = newest - count + 1
        events = _answered(lambda: unit.read_events(first, count), "the unit's events")
    finally:
        unit.close()
    if not last.status.has(UnitStatus.WATCHDOG_EXPIRED):
        return None
    expired_ms = [event.uptime_ms for event in events if event.code == WATCHDOG_EXPIRED][-1]
    read_at_s = last.taken_at_s + last.sample_age_s
    killed_ms = (said(last.uptime_s) - (read_at_s - killed_at_s)) * 1000
    return expired_ms - killed_ms


def _released(unit: TractionUnit) -> Telemetry:
    observe = ForceCommand(kind=CommandKind.OBSERVE)
    seen: list[Telemetry] = []

    def released() -> bool:
        seen.append(_answered(lambda: unit.exchange(observe), "a reading"))
        force_n = seen[-1].force_n
        latched = seen[-1].unit_state is UnitState.SAFE_LATCHED
        return latched and force_n is not None and abs(force_n) <= 20.0

    try:
        wait_until(released, "the unit's own release")
    except AssertionError as error:
        raise AssertionError(f"{error}; its last reading: {seen[-1:]}") from error
    return seen[-1]


def _answered(ask: Callable[[], Answer], what: str) -> Answer:
    """Ask until the answer arrives in time: this observer cannot expect a quiet machine."""
    answers: list[Answer] = []

    def asked() -> bool:
        with suppress(LinkError):
            answers.append(ask())
        return bool(answers)

    wait_until(asked, what)
    return answers[-1]


def main() -> None:
    """Run the campaign; returns the exit status."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with TemporaryDirectory() as folder, ThreadPoolExecutor(len(LANES)) as pool:
        running = [
            pool.submit(run_lane, wire, rounds // len(LANES), number, Path(folder) / str(number))
            for number, wire in enumerate(LANES)
        ]
        lanes = [lane.result() for lane in running]
    done = [one for lane in lanes for one in lane.rounds]
    for wire, limit_ms in LET_GO_MS.items():
        times_ms = [one.let_go_ms for one in done if one.wire == wire]
        print(
            f"{wire}: {len(times_ms)} rounds, let go p50 {statistics.median(times_ms):.0f} ms, at "
            f"most {max(times_ms):.0f} ms after (limit {limit_ms} ms + {MEASURING_MS} measuring)"
        )
    lost = [one.lost for one in done if one.lost]
    broken = [one.broken for one in done if one.broken]
    late = [one for one in done if not one.in_time]
    alterations = sum(lane.alterations for lane in lanes)
    print(
        f"{len(done)} kills, {sum(one.acknowledged_links for one in done)} acknowledged links with "
        f"{sum(one.acknowledged_samples for one in done)} samples: {len(lost)} lost, "
        f"{len(broken)} broken chains, {alterations} alterations, {len(late)} let go late; "
        f"{sum(lane.interrupted for lane in lanes)} closed as interrupted by the next start; "
        f"{sum(lane.repeated for lane in lanes)} starts did not come so far and were "
        "repeated"
    )
    print(ran_on())
    for line in (*lost[:5], *broken[:5], *late[:5]):
        print(line)
    sys.exit(1 if lost or broken or late or alterations else 0)


if __name__ == "__main__":
    main()

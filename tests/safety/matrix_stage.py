"""One cell of the matrix: the whole program in one phase, one fault, and the truth.

Everything is real but the table and its line: session machine, loop, supervisor, bridge, frames and
journal. A tap on the line keeps the commands that were sent; a witness keeps the table's truth.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from controller.errors import LinkLost, TractionError
from controller.events import EventKind
from controller.ports import NOBODY_WATCHES, Attendance, Clock, TractionUnit
from controller.questions import Answer, Question
from controller.requests import AskedRequest, RequestSettled, Stop
from controller.snapshot import SettledCheck, Snapshot
from firmware_bridge.connect import connect_serial
from records.evidence.journal import SqliteJournal
from records.evidence.reader import SessionRecord, read_session
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from simulator.device.firmware import ReferenceFirmware
from simulator.line.direct_line import DirectClock, DirectLine
from simulator.map_v1 import COMMAND, FAST_RELEASE, MOTOR_OFF, OPEN_TOKEN, RELEASE
from simulator.table.patient import PressTestPatient, UnitView
from simulator.units import simulated_firmware
from tests.campaigns.truth import Series
from tests.safety.matrix_cores import let_core_go_wrong
from tests.safety.matrix_phases import Phase, order_of, script_of
from tests.support.asked_requests import with_ids
from tests.support.memory import memory_folder
from tests.support.sessions import KEY, SETTINGS, fixed_identifiers
from workstation.exit_status import ENDED_EARLY, exit_status
from workstation.session.operators import SessionOperator
from workstation.session.session_script import SessionScript, parse_script
from workstation.session.treat import treat
from workstation.session.workplace import Recording, Workplace

BAUDRATE = 38400
CYCLE_S = 0.01
TICK_S = 0.05
WATCHED_AFTER_S = 60.0
END_AWAITED_S = 65.0
"""How long nobody acknowledges the end, where that is the phase in question."""
GIVE_UP_S = 1500.0
"""A session that has not ended by then never does: somebody ends it, and the cell has failed."""
RELEASES = (RELEASE, FAST_RELEASE, MOTOR_OFF)
WRITING = {0x17: 6, 0x10: 2}
"""Where in a request of this function the address of its write part stands."""


@dataclass(frozen=True, slots=True)
class WireOrder:
    """A command block on the wire, at the time when its first byte left."""

    at_s: float
    mode: int
    tokenless: bool


class TappedLine(DirectLine):
    """A direct line that keeps every command block written to it.

    ``cut``: nothing reaches the unit any more; ``gone``: the port is gone too.
    """

    orders: list[WireOrder]
    cut = gone = False

    def write(self, data: bytes) -> None:
        if self.gone:
            raise LinkLost("the port is gone; connect it and start again")
        at = WRITING.get(data[1])
        if at is not None and int.from_bytes(data[at : at + 2], "big") == COMMAND:
            values = data[at + 5 : -2]
            token, mode = int.from_bytes(values[:4], "big"), int.from_bytes(values[6:8], "big")
            self.orders.append(WireOrder(self._clock.now_s(), mode, token == OPEN_TOKEN))
        if not self.cut:
            super().write(data)


class Witness(PressTestPatient):
    """Does the press test, and keeps the truth of each device cycle."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = array("d")

    def act(self, unit: UnitView) -> None:
        super().act(unit)
        assert isinstance(unit, ReferenceFirmware), "only a simulated unit shows its plant"
        self.look(unit, unit.next_cycle_s() - CYCLE_S)

    def look(self, unit: ReferenceFirmware, at_s: float) -> None:
        """Keep the present truth; without power nobody else triggers it."""
        plant = unit.plant
        self.rows.extend(
            (
                at_s,
                plant.position_mm,
                plant.cord_force_n,
                float(int(unit.state)),
                float(plant.clutch_closed),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One row for each device cycle, without power for each tick: host's seconds, mm, newtons."""

    time_s: Series
    position_mm: Series
    cord_n: Series
    state: Series
    clutch: Series


class Person:
    """Confirms what is asked before the end, and acknowledges the end when asked.

    It never confirms that somebody has attended to a patient who hangs on the cord: nobody comes in
    the cells in which nothing moves.
    """

    begun_by = "examiner"

    def __init__(self, script: SessionScript, watch: Callable[[Snapshot], None]) -> None:
        self._script, self._watch = script, watch
        self._since_start_s: float | None = None
        self.acknowledges_end = True
        self.asked: set[Question] = set()
        self.told: list[str] = []
        self.stop: Stop | None = None
        self.leaving: str | None = None

    def ask(self, question: Question, text: str, *, person_only: bool = False) -> None:
        self.asked.add(question)

    def answer(self, question: Question) -> Answer | None:
        if question not in self.asked or self._waits(question):
            return None
        return Answer(accepted=True, answered_by="examiner")

    def stop_requested(self) -> Stop | None:
        return self.stop

    def withdraw(self, question: Question) -> None:
        self.asked.discard(question)

    def attendance(self) -> Attendance:
        return NOBODY_WATCHES

    def leave_requested(self) -> str | None:
        return self.leaving

    def requests(self) -> Sequence[AskedRequest]:
        return with_ids(self._script.due(self._since_start_s))

    def settle(self, request_id: str, outcome: RequestSettled) -> None:
        """Keep the outcome."""

    def tell(self, text: str) -> None:
        self.told.append(text)

    def tell_check(self, check: SettledCheck) -> None:
        self.told.append(check.told)

    def show(self, snapshot: Snapshot) -> None:
        self._since_start_s = snapshot.since_start_s
        self._watch(snapshot)

    def _waits(self, question: Question) -> bool:
        if question is Question.END_ACKNOWLEDGED:
            return not self.acknowledges_end
        return str(question.value).startswith("release")


@dataclass
class CellStage:
    """What an injection may reach, and the outcome; times are the host's seconds."""

    phase: Phase
    region: str
    clock: DirectClock
    firmware: ReferenceFirmware
    witness: Witness
    person: Person = field(init=False)
    orders: list[WireOrder] = field(default_factory=list)
    lines: list[TappedLine] = field(default_factory=list)
    injected_at_s: float = 0.0
    force_at_injection_n: float = 0.0
    core_is: str = ""
    refusals: int = 0
    changed: bool = False
    """True when the injection changed something of table, unit, line, clock, journal or core."""
    undo: list[Callable[[], None]] = field(default_factory=list)
    exit: int = 0
    outcome: str = ""
    reason: str = ""
    failure: str = ""
    record: SessionRecord | None = None
    clock_started_s: float = 0.0
    origin_s: float = 0.0

    @property
    def line(self) -> TappedLine:
        """The serial line of the current session."""
        return self.lines[-1]

    def look_without_power(self) -> None:
        """Record the truth in place of the witness: a unit without power has no cycles."""
        if not self.firmware.powered:
            self.firmware.advance_to(self.clock.now_s())
            self.witness.look(self.firmware, self.clock.now_s())

    def truth(self) -> Truth:
        """The truth that the witness recorded."""
        columns = np.frombuffer(self.witness.rows, dtype=np.float64).reshape(-1, 5).T
        return Truth(
            time_s=columns[0],
            position_mm=columns[1],
            cord_n=columns[2],
            state=columns[3],
            clutch=columns[4],
        )

    def releases(self, since_s: float) -> list[WireOrder]:
        """The release orders on the wire after a time."""
        return [o for o in self.orders if o.at_s >= since_s and o.mode in RELEASES]

    def set(self, thing: Any, name: str, value: Any) -> None:
        """Replace an attribute until the cell has ended."""
        before = getattr(thing, name)
        self.undo.append(lambda: setattr(thing, name, before))
        setattr(thing, name, value)


Inject = Callable[[CellStage], object]


def run_stage(
    phase: Phase, region: str, *, guards: bool, inject: Inject, seed: int = 3
) -> CellStage:
    """Treat, inject once in the phase, and watch 60 s more after the end."""
    clock = DirectClock()
    witness = Witness()
    firmware = simulated_firmware(
        {"cervical": "cervical_sliding", "lumbar": "lumbar_split"}[region],
        witness,
        seed=seed,
        powered_on_at_s=clock.now_s(),
    )
    if not guards:
        firmware.machine.blind()
    stage = CellStage(phase, region, clock, firmware, witness)
    let_core_go_wrong(stage)
    trigger = _Trigger(stage, inject)
    script = script_of(phase, region)
    stage.person = Person(
        parse_script(script, "cell") if script else SessionScript(), trigger.watch
    )
    with memory_folder() as folder:
        try:
            _treat(stage, trigger, RecordFolder(Path(folder)))
        finally:
            for undo in reversed(stage.undo):
                undo()
    end_s = clock.now_s() + WATCHED_AFTER_S
    while clock.now_s() < end_s:
        clock.sleep_until(clock.now_s() + TICK_S)
        stage.look_without_power()
        firmware.advance_to(clock.now_s())
    return stage


def fingerprint(stage: CellStage) -> list[object]:
    """Values that an injection may change; nothing else runs meanwhile."""
    unit = stage.firmware
    machine = unit.machine
    things = (
        unit,
        unit.plant,
        unit.cell,
        unit.second_cell,
        unit.switch,
        unit.estop,
        unit.winch,
        unit.watchdog,
        machine,
        machine.loop,
        machine.variants,
        stage.line,
        stage.line.faults,
    )
    now_s = stage.clock.now_s()
    outside = [
        now_s,
        stage.clock.boot_s() - now_s,
        stage.clock.utc_ms() - round(now_s * 1000),
        id(SqliteJournal.age_s),
        stage.core_is,
        stage.refusals,
    ]
    return [*outside, *(value for thing in things for value in _values_of(thing))]


def _values_of(thing: object) -> Iterator[object]:
    """Plain values and functions as they are; for containers, how much they hold."""
    slots = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
    for name in (*slots, *getattr(thing, "__dict__", ())):
        value = getattr(thing, name)
        plain = value is None or callable(value) or isinstance(value, int | float | str)
        yield name, value if plain else len(value) if hasattr(value, "__len__") else id(value)


class _Trigger:
    """Injects once, so many seconds into the phase, or around the arming."""

    def __init__(self, stage: CellStage, inject: Inject) -> None:
        self._stage, self._inject = stage, inject
        self._entered_s: float | None = None

    def watch(self, snapshot: Snapshot) -> None:
        """Called once a tick, in the loop's own thread."""
        stage = self._stage
        now_s = stage.clock.now_s()
        stage.look_without_power()
        if snapshot.phase in stage.phase.shown and self._entered_s is None:
            self._entered_s = now_s
            stage.person.acknowledges_end = not stage.phase.at_the_end
        if self._entered_s is not None and now_s >= self._entered_s + stage.phase.after_s:
            self.fire()
        if stage.phase.at_the_end and self._entered_s is not None:
            stage.person.acknowledges_end = now_s >= self._entered_s + END_AWAITED_S
        if now_s > stage.clock_started_s + GIVE_UP_S:
            stage.failure = stage.failure or f"the session had not ended after {GIVE_UP_S:g} s"
            stage.person.acknowledges_end = True
            stage.person.stop = Stop(by="the matrix", fast=True)
            stage.person.leaving = "the matrix"

    def around_arming(self, unit: TractionUnit) -> None:
        """Inject in the call that arms, before or after its writes."""
        stage, arm = self._stage, unit.arm

        def armed(request: Any) -> None:
            if stage.phase.shown == ("before the arming",):
                self.fire()
            arm(request)
            if stage.phase.shown == ("behind the arming",):
                self.fire()

        unit.arm = armed  # type: ignore[method-assign]

    def fire(self) -> None:
        """Inject, once."""
        stage = self._stage
        if not stage.injected_at_s:
            stage.injected_at_s = stage.clock.now_s()
            stage.force_at_injection_n = stage.firmware.plant.cord_force_n
            before = fingerprint(stage)
            self._inject(stage)
            stage.changed = fingerprint(stage) != before


def _treat(stage: CellStage, trigger: _Trigger, folder: RecordFolder) -> None:
    stage.clock_started_s = stage.clock.now_s()

    def connect(_uri: str, given: Clock) -> TractionUnit:
        assert isinstance(given, DirectClock)
        line = TappedLine(stage.firmware, given, baudrate=BAUDRATE)
        line.orders = stage.orders
        stage.lines.append(line)
        unit = connect_serial(line, given, BAUDRATE)
        trigger.around_arming(unit)
        return unit

    utc_ms = stage.clock.utc_ms()
    try:
        result = treat(
            "direct line",
            PlannedOrder.of(parse_order(order_of(stage.phase, stage.region), "cell")),
            workplace=Workplace(folder=folder, settings=SETTINGS, clock=stage.clock),
            operator=cast(SessionOperator, stage.person),
            connect=connect,
            recording=Recording(key=KEY, identifiers=fixed_identifiers(), commit_interval_s=1.0),
        )
        stage.exit = 0 if result.ending.outcome == "completed" else ENDED_EARLY
    except TractionError as error:
        stage.exit = exit_status(error, session_opened=True)
    except Exception as error:
        stage.exit, stage.failure = 1, f"{type(error).__name__}: {error}"
    stage.record = read_session(folder, "session-1")
    stage.origin_s = stage.clock_started_s + (stage.record.head.started_utc_ms - utc_ms) / 1000
    ended = stage.record.of_kind(EventKind.SESSION_ENDED)
    if ended:
        stage.outcome, stage.reason = (
            str(ended[-1].detail["outcome"]),
            str(ended[-1].detail["reason"]),
        )

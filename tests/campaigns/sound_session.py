"""Runs one drawn sound session, and keeps the truth beside the record."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controller.errors import OutcomeUncertain
from controller.events import EventKind
from controller.ports import Clock, TractionUnit
from controller.snapshot import Snapshot
from firmware_bridge.connect import connect_serial
from records.evidence.reader import SessionRecord, read_session
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from simulator.device.firmware import ReferenceFirmware
from simulator.line.direct_line import DirectClock, DirectLine
from simulator.line.line_faults import LineFaults
from simulator.table.patient import PressTestPatient, UnitView
from simulator.table.plant import TractionPlant
from tests.campaigns.device_loop import Examiner
from tests.campaigns.sound_population import SoundLine, SoundSession
from tests.campaigns.truth import Series
from tests.support.memory import memory_folder
from tests.support.sessions import KEY, SETTINGS, fixed_identifiers
from workstation.session.session_script import SessionScript, parse_script
from workstation.session.treat import treat
from workstation.session.workplace import Recording, Workplace

LATE_SHARE_OF_TICK = 0.6
"""How much too late a late answer comes: well behind the time-out of 0.8 ticks."""
TICK_S = {38400: 0.050, 19200: 0.100}
LATENESS_S = 0.050
"""What a commissioning would have measured on these lines."""
CYCLE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundTruth:
    """One row for each device cycle: host's seconds, newtons, millimetres."""

    time_s: Series
    cord_n: Series
    setpoint_n: Series
    position_mm: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundOutcome:
    """The outcome of a session. ``moved_at_s`` None: the patient lay still to the end."""

    session: SoundSession
    record: SessionRecord | None
    not_begun: str
    origin_s: float
    moved_at_s: float | None
    truth: SoundTruth
    spoilt: int


class Observer(PressTestPatient):
    """Does the press test, and keeps the truth of each cycle."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = array("d")

    def act(self, unit: UnitView) -> None:
        super().act(unit)
        assert isinstance(unit, ReferenceFirmware), "only a simulated unit shows its plant"
        plant = unit.plant
        self._rows.extend(
            (unit.next_cycle_s() - CYCLE_S, plant.cord_force_n, unit.setpoint_n, plant.position_mm)
        )

    def truth(self) -> SoundTruth:
        """The truth so far."""
        columns = np.frombuffer(self._rows, dtype=np.float64).reshape(-1, 4).T
        return SoundTruth(
            time_s=columns[0], cord_n=columns[1], setpoint_n=columns[2], position_mm=columns[3]
        )


class Mover:
    """Moves the patient as drawn, once, so many seconds into the drawn phase."""

    def __init__(
        self, session: SoundSession, firmware: ReferenceFirmware, clock: DirectClock
    ) -> None:
        self._session, self._firmware, self._clock = session, firmware, clock
        self._entered_s: float | None = None
        self.moved_at_s: float | None = None

    def watch(self, snapshot: Snapshot) -> None:
        """Called once a tick, with what a display is shown."""
        session, now_s = self._session, self._clock.now_s()
        if snapshot.phase != session.moves_in or session.patient.movement == "still":
            return
        if self._entered_s is None:
            self._entered_s = now_s
        if self.moved_at_s is None and now_s >= self._entered_s + session.moves_after_s:
            self.moved_at_s = now_s
            session.patient.move(self._firmware.body)


@dataclass
class SpoiltUnit:
    """The firmware as seen by the line (simulator.line.servers.UnitFirmware).

    ``connect`` gives it the faults of the line. It decides at each request which fault its exchange
    has; without power it receives nothing, so a request is lost.
    """

    firmware: ReferenceFirmware
    line: SoundLine
    tick_s: float
    source: random.Random
    done: int = 0
    _faults: LineFaults | None = None
    _next: int = 0
    _opened_s: float | None = None
    _kind: str = field(default="")

    def connect(self, faults: LineFaults) -> None:
        """Inject faults into the answers on this line."""
        faults.by(self._spoil)
        self._faults = faults

    @property
    def powered(self) -> bool:
        return self.firmware.powered and self._kind != "request"

    def advance_to(self, now_s: float) -> None:
        self.firmware.advance_to(now_s)
        if self._opened_s is None and self.firmware.token:
            self._opened_s = now_s
        self._choose(now_s)

    def read_registers(self, address: int, count: int) -> list[int]:
        return self.firmware.read_registers(address, count)

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self.firmware.write_registers(address, values)

    def read_write(
        self, write_address: int, values: Sequence[int], read_address: int, read_count: int
    ) -> list[int]:
        return self.firmware.read_write(write_address, values, read_address, read_count)

    def write_broadcast(self, address: int, values: Sequence[int]) -> None:
        self.firmware.write_broadcast(address, values)

    def connection_lost(self, now_s: float) -> None:
        self.firmware.connection_lost(now_s)

    def _choose(self, now_s: float) -> None:
        """The fault of the exchange that has just arrived; none before the arming."""
        spoiled, self._kind = self.line.spoiled, ""
        if self._opened_s is None or self._faults is None:
            return
        since_s = now_s - self._opened_s
        if self._next < len(spoiled) and since_s >= spoiled[self._next][0]:
            self._kind = spoiled[self._next][1]
            self._next += 1
            self.done += 1
        late = self._kind == "late"
        jitter_s = self.source.uniform(0.0, self.line.jitter_s)
        self._faults.delay(LATE_SHARE_OF_TICK * self.tick_s if late else jitter_s)

    def _spoil(self, answer: bytes, now_s: float) -> bytes:
        if self._kind == "answer":
            return b""
        return answer[:-1] + bytes([answer[-1] ^ 1]) if self._kind == "garbled" else answer


def run_session(session: SoundSession) -> SoundOutcome:
    """Run one session over a direct line, in virtual time, with the whole program."""
    clock = DirectClock()
    origin_s = clock.now_s()
    utc_ms = clock.utc_ms()
    observer = Observer()
    firmware = unit_of(session, observer, origin_s)
    source = random.Random(f"line/{session.seed}")
    unit = SpoiltUnit(firmware, session.line, TICK_S[session.unit.baudrate], source)
    mover = Mover(session, firmware, clock)

    def connect(_uri: str, given: Clock) -> TractionUnit:
        line = DirectLine(unit, clock, baudrate=session.unit.baudrate)
        unit.connect(line.faults)
        return connect_serial(line, given, session.unit.baudrate, lateness_s=LATENESS_S)

    script = parse_script(session.script, "drawn") if session.script else SessionScript()
    operator = Examiner(scripted=True, show=mover.watch, script=script)
    not_begun, record = "", None
    with memory_folder() as folder:
        try:
            treat(
                "direct line",
                PlannedOrder.of(parse_order(session.order, "drawn")),
                workplace=Workplace(
                    folder=RecordFolder(Path(folder)), settings=SETTINGS, clock=clock
                ),
                operator=operator,
                connect=connect,
                recording=Recording(
                    key=KEY, identifiers=fixed_identifiers(), commit_interval_s=1.0
                ),
            )
        except OutcomeUncertain as error:
            not_begun = error.message
        record = read_session(RecordFolder(Path(folder)), "session-1")
    return SoundOutcome(
        session=session,
        record=record,
        not_begun=not_begun or _not_begun(record),
        origin_s=origin_s + (record.head.started_utc_ms - utc_ms) / 1000,
        moved_at_s=mover.moved_at_s,
        truth=observer.truth(),
        spoilt=unit.done,
    )


def unit_of(session: SoundSession, observer: Observer, powered_on_at_s: float) -> ReferenceFirmware:
    """The unit and the patient of a session."""
    source, variant = random.Random(session.seed), session.unit
    firmware = ReferenceFirmware(
        TractionPlant(session.patient.body, source),
        random=source,
        patient=observer,
        reads_first=variant.reads_first,
        powered_on_at_s=powered_on_at_s,
    )
    firmware.reenters_release = variant.reenters_release
    firmware.renew_set_point_register(
        variant.set_point_period_s, variant.set_point_step_n, variant.set_point_phase_s
    )
    return firmware


def _not_begun(record: SessionRecord) -> str:
    """An arming whose answer was lost ends before anything moves (session-rules.md#arming)."""
    uncertain = record.of_kind(EventKind.OUTCOME_UNCERTAIN)
    if uncertain and uncertain[0].detail["what"] == "arming":
        return str(uncertain[0].detail["message"])
    return ""

"""One short treatment over a direct line with one injected hazard, and the truth about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.events import EventKind
from controller.ports import Clock, TractionUnit
from controller.questions import Answer, Question
from controller.session.inputs_and_effects import Ending
from controller.snapshot import Snapshot
from firmware_bridge.connect import connect_serial
from records.evidence.reader import SessionRecord
from records.store.record_folder import RecordFolder
from simulator.device.firmware import ReferenceFirmware
from simulator.line.direct_line import DirectClock, DirectLine
from simulator.map_v1 import State
from simulator.table.patient import PressTestPatient, UnitView
from simulator.units import body_region, simulated_firmware
from tests.support.sessions import Stage, fixed_identifiers
from tests.support.text_line import DirectTextLine, connected_on_lines
from workstation.session.operators import SessionOperator

BAUDRATE = 38400
WATCHED_AFTER_S = 60.0

ORDER = """
patient_reference = "HAZARD"
region = "cervical"
mode = "intermittent"
hold_force = "100 N"
rest_force = "50 N"
hold_time = "20 s"
rest_time = "10 s"
treatment_time = "1 min"
ramp_up = "20 N/s"
ramp_down = "20 N/s"
pretension_time = "1 s"
"""


@dataclass
class Moment:
    """The truth in one device cycle; seconds of the host, millimetres, newtons."""

    at_s: float
    position_mm: float
    force_n: float
    state: State


class Witness(PressTestPatient):
    """Does the press test and records the truth, cycle by cycle.

    ``blinds`` switches off the armed unit's own supervision of the force.
    """

    def __init__(self, *, blinds: bool) -> None:
        super().__init__()
        self._blinds = blinds
        self.moments: list[Moment] = []

    def act(self, unit: UnitView) -> None:
        super().act(unit)
        assert isinstance(unit, ReferenceFirmware)
        if self._blinds and unit.machine.limits is not None:
            unit.machine.blind()
        at_s = unit.next_cycle_s() - 0.01
        plant = unit.plant
        self.moments.append(Moment(at_s, plant.position_mm, plant.cord_force_n, unit.state))


class Bystander(SessionOperator):
    """A script answers what it may; a person frees the patient if the unit does not show it."""

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        super().ask(question, text, person_only=person_only)
        if question is Question.RELEASE_NOT_SEEN:
            self._answers[question] = Answer(accepted=True, answered_by="P. Jones")


@dataclass
class HazardStage:
    """What an injection may reach, and the outcome."""

    stage: Stage
    clock: DirectClock
    firmware: ReferenceFirmware
    witness: Witness
    order: str
    lines: list[DirectLine] = field(default_factory=list)
    injected_at_s: float = 0.0
    every_tick: Callable[[], None] | None = None
    ending: Ending | None = None
    record: SessionRecord | None = None
    monkeypatch: pytest.MonkeyPatch = field(default_factory=pytest.MonkeyPatch)

    @property
    def line(self) -> DirectLine:
        """The serial line of the current session."""
        return self.lines[-1]

    def run(self, inject: Callable[[HazardStage], object], *, phase: str, after_s: float) -> None:
        """Treat, inject once ``after_s`` into ``phase``, and watch 60 s more."""
        entered_s = 0.0

        def watch(snapshot: Snapshot) -> None:
            nonlocal entered_s
            now_s = self.clock.now_s()
            if snapshot.phase == phase and not entered_s:
                entered_s = now_s
            if entered_s and not self.injected_at_s and now_s >= entered_s + after_s:
                self.injected_at_s = now_s
                inject(self)
            if self.injected_at_s and self.every_tick is not None:
                self.every_tick()

        result = self.stage.treat(self.order, operator=Bystander(scripted=True, show=watch))
        self.ending = result.ending
        self.record = self.stage.visit(result.session_id).record
        self.firmware.advance_to(self.clock.now_s() + WATCHED_AFTER_S)

    @property
    def codes(self) -> list[str]:
        """The supervisor's findings, in order."""
        assert self.record is not None
        return [str(e.detail["code"]) for e in self.record.of_kind(EventKind.SAFETY_ACTED)]

    def finding(self, code: str) -> dict[str, Any]:
        """The first record of a finding."""
        assert self.record is not None
        events = self.record.of_kind(EventKind.SAFETY_ACTED)
        return dict(next(e.detail for e in events if e.detail["code"] == code))

    def after(self, at_s: float) -> list[Moment]:
        """The truth from a time on."""
        return [moment for moment in self.witness.moments if moment.at_s >= at_s]

    @property
    def let_go_at_s(self) -> float:
        """When the unit left the states in which it pulls."""
        pulling = (State.ARMED, State.TRACKING, State.HOLDING)
        return next(m.at_s for m in self.after(self.injected_at_s) if m.state not in pulling)


@contextmanager
def hazard_stage(
    folder: RecordFolder,
    *,
    blind: bool = True,
    body: str = "cervical_sliding",
    on_lines: bool = False,
) -> Iterator[HazardStage]:
    """With ``blind`` the unit's own supervision of the force is off, so that the host must see it.

    With ``on_lines`` the unit is driven over lines of text instead of Modbus.
    """
    clock = DirectClock()
    witness = Witness(blinds=blind)
    firmware = simulated_firmware(body, witness, seed=3, powered_on_at_s=clock.now_s())
    lines: list[DirectLine] = []

    def connect(_uri: str, given: Clock) -> TractionUnit:
        assert isinstance(given, DirectClock)
        if on_lines:
            lines.append(text_line := DirectTextLine(firmware, given))
            return connected_on_lines(text_line, given)
        lines.append(DirectLine(firmware, given, baudrate=BAUDRATE))
        return connect_serial(lines[-1], given, BAUDRATE)

    stage = Stage(firmware, clock, folder, fixed_identifiers(), "direct line", connect)
    order = ORDER.replace("cervical", body_region(body).value)
    yield HazardStage(stage, clock, firmware, witness, order, lines)

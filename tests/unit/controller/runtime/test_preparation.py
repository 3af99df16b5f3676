"""The way to arming on a unit that is a list of readings: what refuses, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from controller.errors import RequestRefused, SelfCheckFailed
from controller.events import EventKind, Sample, SessionEvent
from controller.order.prescription import Prescription, Table
from controller.ports import (
    NO_WEIGHT_TEST,
    NOBODY_WATCHES,
    Attendance,
    LastArming,
    SessionJournal,
    TractionUnit,
    WeightTest,
)
from controller.questions import Answer, Question
from controller.requests import (
    AskedRequest,
    CheckIn,
    Pause,
    Remark,
    RequestSettled,
    SessionRequest,
    Stop,
)
from controller.runtime.asides import hear_aside
from controller.runtime.clock import VirtualClock
from controller.runtime.preparation import Preparation
from controller.runtime.recorder import Recorder
from controller.runtime.session_ports import SessionPorts
from controller.snapshot import SettledCheck, Snapshot
from controller.telemetry import ForceCommand, Telemetry, UnitState, UnitStatus
from tests.support.asked_requests import with_ids
from tests.support.commissionings import TESTED
from tests.unit.controller.builders import (
    CAPABILITIES,
    CERVICAL,
    IDENTITY,
    prescription,
    reading,
    start_facts,
)

SAME = LastArming(
    firmware=IDENTITY.firmware,
    firmware_crc=IDENTITY.firmware_crc,
    gross_zero_n=0.4,
    armed_on="2026-11-01",
)
PRESENT = UnitStatus.PATIENT_SWITCH_PRESENT
PRESSED = PRESENT | UnitStatus.PATIENT_SWITCH_PRESSED
Look = Callable[[float], dict[str, Any]]


@dataclass
class Journal:
    events: list[SessionEvent] = field(default_factory=list)

    trouble = ""

    def age_s(self, now_s: float) -> float:
        return 0.0

    def append_event(self, event: SessionEvent, *, at_once: bool = False) -> None:
        self.events.append(event)

    def append_sample(self, sample: Sample) -> None:
        raise AssertionError("nothing is sampled before arming")


@dataclass
class Unit:
    """``look`` makes the reading of each second since the start."""

    clock: VirtualClock
    look: Look
    verified: bool = False
    identity = IDENTITY
    capabilities = CAPABILITIES
    unknown_in_motion: frozenset[str] = frozenset()
    tick_s = 0.05

    def __post_init__(self) -> None:
        self._started_s = self.clock.now_s()
        self._readings = 0

    def exchange(self, command: ForceCommand) -> Telemetry:
        self._readings += 1
        values: dict[str, Any] = {
            "unit_state": UnitState.IDLE,
            "status": PRESENT,
            "force_n": 0.1 * (self._readings % 3),
            "second_force_n": 0.2,
            "gross_force_n": 0.4,
            "newest_event": 0,
            "sample_number": self._readings,
            "taken_at_s": self.clock.now_s() - 0.004,
            "uptime_s": 100.0 + self.clock.now_s() - self._started_s,
        }
        return reading(**{**values, **self.look(self.clock.now_s() - self._started_s)})


@dataclass
class Yes:
    """Answers every question with yes, but for those in ``refused``."""

    refused: frozenset[Question] = frozenset()
    asked: list[Question] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    wanted: list[SessionRequest] = field(default_factory=list)
    begun_by: str = "P. Jones"

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        self.asked.append(question)

    def answer(self, question: Question) -> Answer | None:
        return Answer(accepted=question not in self.refused, answered_by="P. Jones")

    def stop_requested(self) -> Stop | None:
        return None

    def withdraw(self, question: Question) -> None:
        pass

    def attendance(self) -> Attendance:
        return NOBODY_WATCHES

    def leave_requested(self) -> str | None:
        return None

    def requests(self) -> Sequence[AskedRequest]:
        taken, self.wanted = self.wanted, []
        return with_ids(taken)

    def settle(self, request_id: str, outcome: RequestSettled) -> None:
        pass

    def tell(self, text: str) -> None:
        self.said.append(text)

    def tell_check(self, check: SettledCheck) -> None:
        self.said.append(check.told)

    def show(self, snapshot: Snapshot) -> None:
        pass


class Start:
    """One preparation with everything that it left behind."""

    def __init__(
        self,
        look: Look,
        *,
        verified: bool = False,
        screening: str = "",
        last_arming: LastArming | None = SAME,
        weight_test: WeightTest | None = None,
        order: Prescription = CERVICAL,
        requests: Sequence[SessionRequest] = (),
    ) -> None:
        clock = VirtualClock()
        self.journal, self.operator = Journal(), Yes(wanted=list(requests))
        recorder = Recorder(cast(SessionJournal, self.journal), clock, clock.now_s())
        unit = cast(TractionUnit, Unit(clock, look, verified))
        ports = SessionPorts.of(unit, clock, recorder, self.operator, "session-1")

        def hear() -> None:
            for asked in ports.requests.take():
                hear_aside(
                    asked.request,
                    recorder,
                    self.operator,
                    ports.alarms,
                    when="before the treatment",
                    now_s=clock.now_s(),
                )

        self.preparation = Preparation(
            ports=ports,
            order=order,
            facts=start_facts(
                screening=screening,
                last_arming=last_arming,
                identified_at_s=clock.now_s(),
                weight_test=weight_test or (TESTED if verified else NO_WEIGHT_TEST),
            ),
            hear=hear,
        )

    def items(self) -> dict[str, str]:
        recorded = [e for e in self.journal.events if e.kind is EventKind.SELF_CHECK_RECORDED]
        return {str(e.detail["item"]): str(e.detail["state"]) for e in recorded}

    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.journal.events]


def press_at_2_s(second: float) -> dict[str, Any]:
    return {"status": PRESSED if 2.0 <= second < 2.5 else PRESENT}


def never(second: float) -> dict[str, Any]:
    return {}


def test_a_good_unit_passes_item_by_item_and_asks_for_what_no_sensor_sees() -> None:
    order = prescription(table=Table.SLIDING)
    start = Start(press_at_2_s, verified=True, screening="A. Example PT, none found", order=order)
    start.preparation.prepare()
    items = start.items()
    confirmed = {
        "lift_locked",
        "quick_release",
        "call_bell",
        "patient_and_order",
        "screening",
        "table",
    }
    assert {name for name, state in items.items() if state == "confirmed"} == confirmed
    assert {state for name, state in items.items() if name not in confirmed} == {"passed"}
    assert start.operator.asked == [
        Question.TABLE_MOVES_FREELY,
        Question.LIFT_LOCKED,
        Question.QUICK_RELEASE_IN_REACH,
        Question.CALL_BELL_IN_HAND,
        Question.PATIENT_AND_ORDER,
        Question.START_TRACTION,
    ]
    assert len(start.operator.said) == len(items) == 27


def test_without_a_weight_test_a_unit_for_patients_is_refused_and_another_one_asked_about() -> None:
    patients = Start(
        press_at_2_s, verified=True, weight_test=NO_WEIGHT_TEST, screening="A. Example"
    )
    with pytest.raises(SelfCheckFailed, match="no weight test on record; do the weight test"):
        patients.preparation.prepare()
    assert not patients.operator.asked
    fixture = Start(press_at_2_s)
    fixture.preparation.prepare()
    assert fixture.operator.asked[0] is Question.UNIT_NOT_COMMISSIONED
    assert fixture.items()["commissioning"] == "confirmed"


def test_a_weight_test_that_holds_is_shown_with_its_days_and_nothing_is_asked() -> None:
    start = Start(press_at_2_s, weight_test=TESTED)
    start.preparation.prepare()
    assert Question.UNIT_NOT_COMMISSIONED not in start.operator.asked
    assert f"self-check commissioning: passed ({TESTED.text})" in start.operator.said
    (recorded,) = (e for e in start.journal.events if e.detail.get("item") == "commissioning")
    assert recorded.detail["numbers"] == {"days_left": 3}


REFUSALS: dict[str, tuple[Look, dict[str, Any], str]] = {
    "emergency stop": (
        lambda s: {"status": PRESENT | UnitStatus.EMERGENCY_STOP_OPEN},
        {},
        "release the button",
    ),
    "switch absent": (lambda s: {"status": UnitStatus.NONE}, {}, "absent: plug it in"),
    "zero off": (lambda s: {"force_n": 3.1 + 0.1 * (s % 0.2)}, {}, "self-check of zero failed"),
    "zero dead": (lambda s: {"force_n": 0.2}, {}, "does not move at all"),
    "no screening": (press_at_2_s, {"verified": True}, "screening failed: not attested"),
    "no press": (
        never,
        {"verified": True, "screening": "A. Example PT"},
        "not seen pressed and released within 60 s; have the patient press it",
    ),
    "stuck switch": (lambda s: {"status": PRESSED}, {}, "pressed for 10 s"),
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_refusals_name_the_item_and_what_to_do(name: str) -> None:
    look, unit, said = REFUSALS[name]
    start = Start(look, **unit)
    with pytest.raises(SelfCheckFailed) as refused:
        start.preparation.prepare()
    assert said in refused.value.message
    assert "failed" in start.items().values()


CHANGED: dict[str, tuple[LastArming, Question, str, str]] = {
    "firmware": (
        replace(SAME, firmware="0.99.0", firmware_crc=0xBEEF),
        Question.FIRMWARE_CHANGED,
        "1.00.0, CRC 0x00000001; was 0.99.0, CRC 0x0000BEEF on 2026-11-01); do the stop test and "
        "the weight test with this firmware",
        "stop test and weight test passed with it",
    ),
    "gross_zero": (
        replace(SAME, gross_zero_n=-4.7),
        Question.ZERO_SHIFTED,
        "0.4 N without the tare; was -4.7 N on 2026-11-01); have the force channel checked with a "
        "weight",
        "weight test passed since",
    ),
}
"""Item, what the unit was when it was last armed, and what is asked and said of it."""


@pytest.mark.parametrize("item", list(CHANGED))
def test_what_has_changed_since_the_last_arming_needs_somebody_who_answers_for_it(
    item: str,
) -> None:
    before, question, found, confirmed = CHANGED[item]
    start = Start(press_at_2_s, last_arming=before)
    start.preparation.prepare()
    assert start.operator.asked[0] is question
    assert start.items()[item] == "confirmed"
    name = f"self-check {item.replace('_', ' ')}"
    assert [text for text in start.operator.said if text.startswith(name)] == [
        f"{name}: failed ({found}",
        f"{name}: confirmed by P. Jones ({confirmed})",
    ]
    refused = Start(press_at_2_s, last_arming=before)
    refused.operator.refused = frozenset({question})
    asked = question.value.replace("_", " ")
    with pytest.raises(RequestRefused, match=rf"{asked}: refused by P\. Jones"):
        refused.preparation.prepare()


def test_a_unit_that_was_never_armed_from_here_has_nothing_to_compare_with() -> None:
    start = Start(press_at_2_s, last_arming=None)
    start.preparation.prepare()
    assert start.items()["firmware"] == start.items()["gross_zero"] == "not_covered"
    assert {Question.FIRMWARE_CHANGED, Question.ZERO_SHIFTED}.isdisjoint(start.operator.asked)


def test_a_moment_of_unrest_at_the_cord_is_waited_out() -> None:
    start = Start(lambda s: {**press_at_2_s(s), "force_n": 8.0 if s < 4.0 else 0.1 * (s % 0.3)})
    start.preparation.prepare()
    assert start.items()["zero"] == "passed"


def test_on_other_units_a_missing_press_and_screen_are_said_and_asked_about() -> None:
    start = Start(never)
    start.preparation.prepare()
    assert start.items()["press_test"] == start.items()["screening"] == "not_covered"
    asked = [Question.PRESS_TEST_NOT_SEEN, Question.START_TRACTION]
    assert start.operator.asked[-2:] == asked
    assert EventKind.PRESS_TEST_NOT_SEEN in start.kinds()


def test_words_are_heard_before_the_treatment_and_the_rest_is_refused_by_name() -> None:
    asked: list[SessionRequest] = [
        Remark(by="P. Jones", text="late"),
        CheckIn(by="P. Jones"),
        Pause(by="P. Jones"),
    ]
    start = Start(press_at_2_s, requests=asked)
    start.preparation.prepare()
    assert start.kinds()[0] is EventKind.REMARK_RECORDED
    assert EventKind.CHECK_IN_RECORDED in start.kinds()
    assert EventKind.REQUEST_REFUSED in start.kinds()
    assert "pause refused: not possible before the treatment" in start.operator.said

"""Everything before the unit moves: questions, a latched unit, the press test, arming.

session.md 1.3-1.6. The unit is observed in every tick of it, also while a person thinks.
"""

from __future__ import annotations

from controller.errors import (
    LinkError,
    PrescriptionInvalid,
    RequestRefused,
    UnitBusy,
    UnitFaulted,
)
from controller.events import EventKind
from controller.planner import plan
from controller.ports import (
    ArmingRequest,
    Clock,
    CommandKind,
    ForceCommand,
    Operator,
    Progress,
    Question,
    TractionUnit,
    UnitCapabilities,
)
from controller.prescription import LONG_TREATMENT_S, Prescription
from controller.release import FREE_FORCE_N
from controller.runtime.recorder import Recorder
from controller.runtime.ticker import Ticker
from controller.runtime.unit_events import ENTRIES_AT_REST, UnitEventReader
from controller.telemetry import PatientSwitch, Telemetry, UnitState, UnitStatus

PRESS_TEST_LIMIT_S = 60.0
SILENCE_LIMIT_S = 2.0
"""Without an accepted reading for so long, a unit that is not armed yet is given up."""

_OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)
_UNUSABLE = {
    UnitState.BOOT: "is still starting; wait and start again",
    UnitState.ARMED: "is armed by another host; release it there first",
    UnitState.TRACKING: "is driven by another host; release it there first",
    UnitState.HOLDING: "is driven by another host; release it there first",
    UnitState.RELEASING: "is still releasing; wait until it is slack and start again",
    UnitState.FAULT: "reports a fault; switch it off and have it serviced",
    UnitState.SELF_TEST: "is testing itself; wait and start again",
    UnitState.LOCAL: "is operated at its own panel; end that first",
}


def questions_before_start(order: Prescription, *, commissioned: bool) -> list[Question]:
    """The questions that are known before anything is read from the unit."""
    asked = [] if commissioned else [Question.UNIT_NOT_COMMISSIONED]
    if order.treatment_s > LONG_TREATMENT_S:
        asked.append(Question.LONG_TREATMENT)
    if order.force_limit_n > order.soft_limit_n:
        asked.append(Question.FORCE_ABOVE_SOFT_LIMIT)
    return asked


def check_order_fits_unit(order: Prescription, unit: UnitCapabilities, name: str) -> None:
    """Refuse an order that this unit cannot give; raises PrescriptionInvalid."""
    if order.region not in unit.regions:
        regions = ", ".join(sorted(region.value for region in unit.regions))
        raise PrescriptionInvalid(
            f"region={order.region.value} is not offered by {name} ({regions}); choose another unit"
        )
    for key, value, most, text in (
        ("maximum_force", order.force_limit_n, unit.rated_force_n, "N"),
        ("ramp_up", order.ramp_up_n_per_s, unit.max_rate_up_n_per_s, "N/s"),
        ("ramp_down", order.ramp_down_n_per_s, unit.max_rate_down_n_per_s, "N/s"),
    ):
        if value > most:
            raise PrescriptionInvalid(
                f"{key}={value:g} {text} exceeds {most:g} {text} of {name}; "
                "lower it or choose another unit"
            )


class PressTest:
    """The patient's switch was seen pressed and then open, on the wire; nothing else counts."""

    def __init__(self) -> None:
        self._pressed = False
        self.passed = False

    def watch(self, reading: Telemetry) -> bool:
        """Take one reading; True when this one completed the test."""
        if reading.patient_switch is PatientSwitch.PRESSED:
            self._pressed = True
        elif self._pressed and not self.passed and reading.patient_switch is PatientSwitch.OPEN:
            self.passed = True
            return True
        return False


class Preparation:
    """Brings an identified unit from idle to armed, or refuses. One per session."""

    def __init__(
        self,
        *,
        unit: TractionUnit,
        clock: Clock,
        recorder: Recorder,
        operator: Operator,
        order: Prescription,
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._recorder = recorder
        self._operator = operator
        self._order = order
        self._ticker = Ticker(clock, unit.tick_s)
        self._press_test = PressTest()
        self._answered_at_s = clock.now_s()
        self._reading = self._first_reading()
        self.events = UnitEventReader(unit, recorder, self._reading)

    def prepare(self) -> Telemetry:
        """Do all steps up to arming; raises RequestRefused, UnitFaulted or LinkError."""
        plan(self._order)
        self._check_state()
        for question in questions_before_start(self._order, commissioned=False):
            self._require(question, question_text(question, self._order))
        if self._latched():
            self._acknowledge()
        self._await_press_test()
        return self._reading

    def arming_request(self) -> ArmingRequest:
        """The session block for this order (session.md 1.6)."""
        order, unit = self._order, self._unit.capabilities
        return ArmingRequest(
            region=order.region,
            force_limit_n=min(order.force_limit_n, unit.rated_force_n),
            rate_up_n_per_s=order.ramp_up_n_per_s,
            rate_down_n_per_s=order.ramp_down_n_per_s,
        )

    def _first_reading(self) -> Telemetry:
        while True:
            reading = self._observe()
            if reading is not None:
                return reading

    def _observe(self) -> Telemetry | None:
        """One tick of looking; raises RequestRefused on a stop, LinkError on a silent unit."""
        self._ticker.wait()
        if (by := self._operator.stop_requested()) is not None:
            raise RequestRefused(f"stopped before arming by {by}; nothing was moved")
        try:
            reading = self._unit.exchange(_OBSERVE)
        except LinkError:
            if self._clock.now_s() - self._answered_at_s > SILENCE_LIMIT_S:
                raise
            return None
        self._answered_at_s = self._clock.now_s()
        self._reading = reading
        if self._press_test.watch(reading):
            self._recorder.event(EventKind.PRESS_TEST_SEEN, now_s=self._clock.now_s())
        self._show(reading)
        return reading

    def _show(self, reading: Telemetry) -> None:
        self._operator.show(
            Progress(
                phase="checking",
                elapsed_s=0.0,
                planned_s=self._order.treatment_s,
                target_n=0.0,
                force_n=reading.force_n,
                message="" if self._press_test.passed else "waiting for the patient's press test",
            )
        )

    def _check_state(self) -> None:
        state = self._reading.unit_state
        if state in _UNUSABLE:
            error = UnitFaulted if state is UnitState.FAULT else UnitBusy
            raise error(f"unit {self._unit.identity.unit_id} {_UNUSABLE[state]}")

    def _latched(self) -> bool:
        required = bool(self._reading.status & UnitStatus.ACKNOWLEDGE_REQUIRED)
        return required or self._reading.unit_state is UnitState.SAFE_LATCHED

    def _acknowledge(self) -> None:
        reading = self._reading
        newest = reading.newest_event
        entries = self._unit.read_events(max(1, newest - 4), min(newest, 5))
        causes = [f"code {entry.code}" for entry in entries]
        self._require(
            Question.ACKNOWLEDGE_LATCHED_UNIT,
            f"The unit latched a stop (first fault {reading.first_fault_code}, "
            f"status 0x{int(reading.status):04X}, newest events: {', '.join(causes) or 'none'}). "
            "Acknowledge it?",
        )
        if abs(reading.gross_force_n or 0.0) > FREE_FORCE_N:
            raise UnitFaulted(
                f"force is {reading.gross_force_n:g} N, above {FREE_FORCE_N:g} N; "
                "open the clutch, free the patient, then start again"
            )
        self._unit.acknowledge()
        self._recorder.event(EventKind.UNIT_ACKNOWLEDGED, now_s=self._clock.now_s())
        self._await_idle()

    def _await_idle(self) -> None:
        deadline_s = self._clock.now_s() + 2.0
        while self._reading.unit_state is not UnitState.IDLE or self._latched():
            if self._clock.now_s() > deadline_s:
                raise UnitFaulted(
                    f"the unit stayed in state {self._reading.unit_state.name.lower()} "
                    "after the acknowledgement; clear the cause at the unit"
                )
            self._observe()

    def _await_press_test(self) -> None:
        deadline_s = self._clock.now_s() + PRESS_TEST_LIMIT_S
        while not self._press_test.passed and self._clock.now_s() < deadline_s:
            self._observe()
        if not self._press_test.passed:
            self._go_on_without_press_test()
        while self._reading.patient_switch is PatientSwitch.PRESSED:
            self._observe()

    def _go_on_without_press_test(self) -> None:
        self._recorder.event(EventKind.PRESS_TEST_NOT_SEEN, now_s=self._clock.now_s())
        if self._unit.verified:
            raise RequestRefused(
                f"the patient switch was not seen pressed and released within "
                f"{PRESS_TEST_LIMIT_S:g} s; have the patient press it and start again"
            )
        self._require(
            Question.PRESS_TEST_NOT_SEEN, question_text(Question.PRESS_TEST_NOT_SEEN, self._order)
        )

    def _require(self, question: Question, text: str) -> None:
        """Ask and wait without a limit (nothing moves); a no is a refusal."""
        self._recorder.event(
            EventKind.QUESTION_ASKED, {"question": question.value}, now_s=self._clock.now_s()
        )
        self._operator.ask(question, text)
        while (answer := self._operator.answer(question)) is None:
            self._observe()
        self._recorder.event(
            EventKind.QUESTION_ANSWERED,
            {
                "question": question.value,
                "accepted": answer.accepted,
                "by": answer.answered_by,
            },
            now_s=self._clock.now_s(),
        )
        if not answer.accepted:
            raise RequestRefused(
                f"{question.value.replace('_', ' ')}: refused by {answer.answered_by}"
            )

    def read_events(self) -> None:
        """Record what the unit noted since the preparation began."""
        self.events.read(self._reading, self._clock.now_s(), limit=ENTRIES_AT_REST)


def question_text(question: Question, order: Prescription) -> str:
    """The words in which a question before the start is put to a person."""
    match question:
        case Question.UNIT_NOT_COMMISSIONED:
            return (
                "No weight test is on record for this unit: only a test fixture or a simulator "
                "may be pulled, no patient. Go on?"
            )
        case Question.LONG_TREATMENT:
            minutes = order.treatment_s / 60
            return f"The treatment time of {minutes:g} min is above 30 min. Go on?"
        case Question.FORCE_ABOVE_SOFT_LIMIT:
            return (
                f"The force of {order.force_limit_n:g} N is above the confirmation limit of "
                f"{order.soft_limit_n:g} N for the {order.region.value} region. Go on?"
            )
        case Question.PRESS_TEST_NOT_SEEN:
            return (
                "The patient's press of the stop switch was not seen. The record will say "
                '"switch not press-tested". Go on?'
            )
        case _:
            return f"{question.value.replace('_', ' ')}?"

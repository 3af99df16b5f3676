"""Everything before the unit moves: a latched unit, the self-check, questions, the press test.

session.md 1.3-1.6. The unit is observed in every tick of it, also while a person thinks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from controller import self_check
from controller.before_start import question_text, questions_before_start
from controller.errors import LinkError, RequestRefused, SelfCheckFailed, UnitBusy, UnitFaulted
from controller.events import EventKind
from controller.free_cord import FREE_FORCE_N
from controller.planner import plan
from controller.ports import (
    ArmingRequest,
    Clock,
    CommandKind,
    ForceCommand,
    LastArming,
    Operator,
    Progress,
    Question,
    TractionUnit,
)
from controller.prescription import Prescription
from controller.runtime.recorder import Recorder
from controller.runtime.ticker import Ticker
from controller.runtime.unit_events import ENTRIES_AT_REST, UnitEventReader
from controller.self_check import SURROUNDINGS, CheckItem, CheckState
from controller.telemetry import PatientSwitch, Telemetry, UnitState, UnitStatus

PRESS_TEST_LIMIT_S: Final = 60.0
STUCK_SWITCH_S: Final = 10.0
"""Row 19: a switch that is still pressed so long after the test refuses the start."""
ZERO_LIMIT_S: Final = 10.0
"""The cord may be touched while the patient is made ready; so long a quiet zero is waited for."""
SILENCE_LIMIT_S: Final = 2.0
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


_CONFIRMED_BY_ANSWER: dict[Question, tuple[tuple[str, ...], str]] = {
    Question.UNIT_NOT_COMMISSIONED: (("commissioning",), "no weight test on record: no patient"),
    Question.FIRMWARE_CHANGED: (("firmware",), "stop test and weight test passed with it"),
    Question.ZERO_SHIFTED: (("gross_zero",), "weight test passed since"),
    Question.LONG_TREATMENT: (("treatment_time",), "above 30 min"),
    Question.FORCE_ABOVE_SOFT_LIMIT: (("second_confirmation",), "force above the soft limit"),
    Question.SURROUNDINGS_SAFE: (SURROUNDINGS, "no sensor sees it"),
}
"""Items of the self-check that only an answer can settle."""
_ASKED_WHEN_FAILED = {
    "firmware": Question.FIRMWARE_CHANGED,
    "gross_zero": Question.ZERO_SHIFTED,
}
"""What is compared with the last arming: a change refuses nothing before a person has answered."""


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
        screening: str,
        last_arming: LastArming | None,
        hear: Callable[[], None],
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._recorder = recorder
        self._operator = operator
        self._order = order
        self._screening = screening
        self._last_arming = last_arming
        self._hear = hear
        self._at_rest: deque[Telemetry] = deque(maxlen=self_check.ZERO_READINGS)
        self.gross_zero_n: float | None = None
        self._ticker = Ticker(clock, unit.tick_s)
        self._press_test = PressTest()
        self._answered_at_s = clock.now_s()
        self._reading = self._first_reading()
        self.events = UnitEventReader(unit, recorder, self._reading)

    def prepare(self) -> Telemetry:
        """Do all steps up to arming; raises RequestRefused, UnitFaulted or LinkError."""
        plan(self._order)
        self._check_state()
        if self._latched():
            self._acknowledge()
        failed = {item.name for item in self._check_itself() if item.state is CheckState.FAILED}
        asked = [question for item, question in _ASKED_WHEN_FAILED.items() if item in failed]
        for question in [*asked, *questions_before_start(self._order, commissioned=False)]:
            by = self._require(question, question_text(question, self._order))
            names, value = _CONFIRMED_BY_ANSWER[question]
            self._record_items(self_check.confirmed_items(names, value, by))
        self._await_press_test()
        return self._reading

    def _check_itself(self) -> list[CheckItem]:
        """Everything that can be read; raises SelfCheckFailed for the first item that refuses."""
        unit, verified = self._unit, self._unit.verified
        today = datetime.fromtimestamp(self._clock.utc_ms() / 1000, UTC).date().isoformat()
        self._await_zero()
        self.gross_zero_n = self_check.gross_zero_n([r.gross_force_n for r in self._at_rest])
        items = [
            self_check.identity_item(unit.identity),
            self_check.firmware_item(unit.identity, self._last_arming),
            self_check.calibration_item(unit.identity, self._reading, today, verified=verified),
            self_check.stop_test_item(unit.capabilities, self._reading),
            self_check.emergency_stop_item(self._reading),
            self_check.patient_switch_item(self._reading),
            self_check.force_channels_item(unit.capabilities, self._reading),
            self_check.second_channel_item(unit.capabilities),
            self._zero_item(),
            self_check.gross_zero_item(self.gross_zero_n, self._last_arming),
            self_check.limits_item(self._order, unit.capabilities),
            self_check.screening_item(self._screening, verified=verified),
        ]
        self._record_items(items)
        return items

    def _await_zero(self) -> None:
        """Look at the free cord until it is quiet at zero, for a while."""
        deadline_s = self._clock.now_s() + ZERO_LIMIT_S
        while self._clock.now_s() < deadline_s:
            self._observe()
            full = len(self._at_rest) == self_check.ZERO_READINGS
            if full and self._zero_item().state is CheckState.PASSED:
                return

    def _zero_item(self) -> CheckItem:
        return self_check.zero_item([reading.force_n for reading in self._at_rest])

    def _record_items(self, items: list[CheckItem]) -> None:
        for item in items:
            self._recorder.event(
                EventKind.SELF_CHECK_RECORDED,
                {
                    "item": item.name,
                    "state": item.state.value,
                    "value": item.value,
                    "by": item.by,
                    "todo": item.todo,
                },
                now_s=self._clock.now_s(),
            )
            self._operator.tell(f"self-check {item.text}")
        for item in items:
            if item.refuses:
                name = item.name.replace("_", " ")
                raise SelfCheckFailed(f"self-check of {name} failed: {item.value}; {item.todo}")

    @property
    def reading(self) -> Telemetry:
        """The newest reading."""
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
        self._hear()
        if (stop := self._operator.stop_requested()) is not None:
            raise RequestRefused(f"stopped before arming by {stop.by}; nothing was moved")
        try:
            reading = self._unit.exchange(_OBSERVE)
        except LinkError:
            if self._clock.now_s() - self._answered_at_s > SILENCE_LIMIT_S:
                raise
            return None
        self._answered_at_s = self._clock.now_s()
        self._reading = reading
        self._at_rest.append(reading)
        if self._press_test.watch(reading):
            self._recorder.event(EventKind.PRESS_TEST_SEEN, now_s=self._clock.now_s())
        self._show(reading)
        return reading

    def _show(self, reading: Telemetry) -> None:
        self._operator.show(
            Progress(
                phase="checking",
                elapsed_s=0.0,
                planned_s=self._order.traction_s,
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
        if self._press_test.passed:
            self._record_items([self._press_test_item(verified=False)])
        else:
            self._go_on_without_press_test()
        self._await_open_switch()

    def _await_open_switch(self) -> None:
        deadline_s = self._clock.now_s() + STUCK_SWITCH_S
        while self._reading.patient_switch is PatientSwitch.PRESSED:
            self._observe()
            if self._clock.now_s() > deadline_s:
                self._record_items([self_check.stuck_switch_item(STUCK_SWITCH_S)])

    def _go_on_without_press_test(self) -> None:
        self._recorder.event(EventKind.PRESS_TEST_NOT_SEEN, now_s=self._clock.now_s())
        self._record_items([self._press_test_item(verified=self._unit.verified)])
        question = Question.PRESS_TEST_NOT_SEEN
        self._require(question, question_text(question, self._order))

    def _press_test_item(self, *, verified: bool) -> CheckItem:
        return self_check.press_test_item(
            self._press_test.passed, limit_s=PRESS_TEST_LIMIT_S, verified=verified
        )

    def _require(self, question: Question, text: str) -> str:
        """Ask and wait without a limit (nothing moves); answers who said yes, a no is a refusal."""
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
        return answer.answered_by

    def read_events(self) -> None:
        """Record what the unit noted since the preparation began."""
        self.events.read(self._reading, self._clock.now_s(), limit=ENTRIES_AT_REST)

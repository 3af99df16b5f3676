"""Everything before the unit moves: a latched unit, the self-check, questions, the press test.

session-rules.md#opening. The unit is observed in every tick, even while a person thinks. Time may
pass meanwhile, so ``last_look`` judges everything again on fresh readings before the arming.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from controller.errors import RequestRefused, SelfCheckFailed, UnitBusy, UnitFaulted
from controller.event_details.before_treatment import QuestionAsked
from controller.event_details.seen_of_unit import PressTestNotSeen, UnitAcknowledged
from controller.order.prescription import Prescription
from controller.ports import ArmingRequest, StartFacts
from controller.questions import Question
from controller.runtime.session_ports import SessionPorts
from controller.runtime.start_items import StartItems
from controller.runtime.unit_events import ENTRIES_AT_REST, UnitEventReader
from controller.runtime.unit_watch import UnitWatch
from controller.session.free_cord import FREE_FORCE_N, FRESH_S, FreeCord
from controller.session.recorded_events import answer_recorded
from controller.start import last_look, self_check
from controller.start.before_start import (
    START_QUESTION,
    needs_person,
    patient_question,
    question_text,
    questions_before_start,
    table_confirmed,
)
from controller.start.self_check import CheckItem, CheckState
from controller.telemetry import PatientSwitch, Telemetry, UnitEvent, UnitState, UnitStatus

PRESS_TEST_LIMIT_S: Final = 60.0
STUCK_SWITCH_S: Final = 10.0
"""Row 19: a switch still pressed this long after the test refuses the start."""
ACKNOWLEDGED_S: Final = 2.0
"""Time that a unit may take to become idle after an acknowledgement."""
ASKED_AT_MOST: Final = 3
"""A latched unit whose cause changes at every question cannot be judged by a person."""
EVENTS_SHOWN: Final = 5
EVENT_READS: Final = 4
"""The ring holds 32 entries, of which ten are read at once."""

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


CONFIRMED_BY_ANSWER: dict[Question, tuple[str, str]] = {
    Question.UNIT_NOT_COMMISSIONED: ("commissioning", "no weight test on record: no patient"),
    Question.CLOCK_IN_DOUBT: ("clock", "in doubt, and the start wanted all the same"),
    Question.FIRMWARE_CHANGED: ("firmware", "stop test and weight test passed with it"),
    Question.ZERO_SHIFTED: ("gross_zero", "weight test passed since"),
    Question.LONG_TREATMENT: ("treatment_time", "above 30 min"),
    Question.FORCE_ABOVE_SOFT_LIMIT: ("second_confirmation", "force above the soft limit"),
    Question.LIFT_LOCKED: ("lift_locked", "no sensor sees it"),
    Question.QUICK_RELEASE_IN_REACH: ("quick_release", "no sensor sees it"),
    Question.CALL_BELL_IN_HAND: ("call_bell", "no sensor sees it"),
    Question.PATIENT_AND_ORDER: ("patient_and_order", "compared with the patient"),
}
"""Items of the self-check that only an answer can settle."""
_ASKED_WHEN_FAILED = {
    "clock": Question.CLOCK_IN_DOUBT,
    "firmware": Question.FIRMWARE_CHANGED,
    "gross_zero": Question.ZERO_SHIFTED,
    "commissioning": Question.UNIT_NOT_COMMISSIONED,
}
"""Items compared with earlier records: a person is asked about a change before it refuses."""


class Preparation:
    """Takes an identified unit from idle to the arming, or refuses. One per session."""

    def __init__(
        self,
        *,
        ports: SessionPorts,
        order: Prescription,
        facts: StartFacts,
        hear: Callable[[], None],
    ) -> None:
        self._unit = ports.unit
        self._clock = ports.clock
        self._recorder = ports.recorder
        self._operator = ports.operator
        self._questions = ports.questions
        self._order = order
        self._facts = facts
        self._watch = UnitWatch(
            ports=ports,
            hear=hear,
            planned_s=order.traction_s,
            identified_at_s=facts.identified_at_s,
        )
        self._check = StartItems(
            unit=ports.unit,
            clock=ports.clock,
            order=order,
            facts=facts,
            request=self.arming_request(),
            watch=self._watch,
        )
        self._yes_at_s = 0.0
        self._asked_at_event: int | None = None
        self._events_since_asked: list[int] = []
        self.events = UnitEventReader(ports.unit, ports.recorder, self._watch.reading)

    @property
    def gross_zero_n(self) -> float | None:
        """The latest reading of channel 1 with the cord free and without the tare; newtons."""
        return self._check.gross_zero_n

    @property
    def reading(self) -> Telemetry:
        """The newest reading."""
        return self._watch.reading

    def arming_request(self) -> ArmingRequest:
        """Returns the session block for this order (session-rules.md#arming)."""
        order, unit = self._order, self._unit.capabilities
        return ArmingRequest(
            region=order.region,
            force_limit_n=min(order.force_limit_n, unit.rated_force_n),
            rate_up_n_per_s=order.ramp_up_n_per_s,
            rate_down_n_per_s=order.ramp_down_n_per_s,
        )

    def prepare(self) -> None:
        """Do all steps up to the yes to the start.

        Raises RequestRefused (including SelfCheckFailed), UnitFaulted or LinkError.
        """
        self._refuse_unusable()
        if self._latched:
            self._acknowledge()
        items = self._check.judge()
        self._record_items(items)
        failed = {item.name for item in items if item.state is CheckState.FAILED}
        asked = [question for item, question in _ASKED_WHEN_FAILED.items() if item in failed]
        for question in [*asked, *questions_before_start(self._order)]:
            self._confirm(question, question_text(question, self._order))
        self._confirm(
            Question.PATIENT_AND_ORDER,
            patient_question(self._order, self._facts, self._unit.identity),
        )
        self._press_and_start()

    def read_events(self) -> None:
        """Record the unit's events since the preparation began, or since the last call."""
        for _ in range(EVENT_READS):
            if not self.events.behind(self._watch.reading):
                return
            now_s = self._clock.now_s()
            self._note(self.events.read(self._watch.reading, now_s, limit=ENTRIES_AT_REST))
            self._watch.look_once()

    def last_look(self) -> Telemetry:
        """Judge everything again on new readings; the arming follows at once.

        Raises what ``prepare`` raises. Questions may have waited for hours and the journal for
        seconds, so nothing that was read before is used.
        """
        began_at_s = self._clock.now_s()
        self._check.take_window()
        self.read_events()
        self._refuse_unusable()
        if self._latched:
            raise UnitFaulted(
                f"unit {self._unit.identity.unit_id} latched a stop while the session was "
                "prepared; start again"
            )
        items = self._check.judge_again(
            self._events_since_asked,
            all_read=not self.events.behind(self._watch.reading),
            yes_at_s=self._yes_at_s,
        )
        refusing = [item for item in items if item.refuses]
        took_s = self._clock.now_s() - began_at_s
        self._record_items(refusing or [last_look.summary_item(len(items), took_s)])
        return self._watch.reading

    # --- the unit as it stands ----------------------------------------------------------------

    def _refuse_unusable(self) -> None:
        state = self._watch.reading.unit_state
        if state in _UNUSABLE:
            error = UnitFaulted if state is UnitState.FAULT else UnitBusy
            raise error(f"unit {self._unit.identity.unit_id} {_UNUSABLE[state]}")

    @property
    def _latched(self) -> bool:
        reading = self._watch.reading
        required = reading.status.has(UnitStatus.ACKNOWLEDGE_REQUIRED)
        return required or reading.unit_state is UnitState.SAFE_LATCHED

    def _acknowledge(self) -> None:
        """Ask about the present cause; force and state are read again after the yes."""
        for _ in range(ASKED_AT_MOST):
            cause = self._latched_cause()
            self._require(Question.ACKNOWLEDGE_LATCHED_UNIT, self._latched_text())
            free = self._looks_free()
            self._refuse_unusable()
            if not self._latched:
                return
            if self._latched_cause() == cause:
                break
            self._operator.tell("the latched stop changed while the question waited")
        else:
            raise UnitFaulted(
                f"the unit's latched stop changed at each of {ASKED_AT_MOST} questions; "
                "clear its cause at the unit, then start again"
            )
        if not free:
            self._refuse_force()
        self._unit.acknowledge()
        self._recorder.event(UnitAcknowledged(), now_s=self._clock.now_s())
        self._await_idle()

    def _latched_cause(self) -> tuple[int, int | None]:
        """Returns what is acknowledged; another fault or event is another cause."""
        return self._watch.reading.first_fault_code, self._watch.reading.newest_event

    def _latched_text(self) -> str:
        reading = self._watch.reading
        newest = reading.newest_event or 0
        first = max(1, newest - EVENTS_SHOWN + 1)
        entries = self._unit.read_events(first, min(newest, EVENTS_SHOWN)) if newest else ()
        causes = ", ".join(f"code {entry.code}" for entry in entries) or "none"
        return (
            f"The unit latched a stop (first fault {reading.first_fault_code}, status "
            f"0x{int(reading.status):04X}, newest events: {causes}). Acknowledge it?"
        )

    def _looks_free(self) -> bool:
        """True once a fresh sample shows a free cord, on every channel, with and without the tare.

        Waits for such a sample for as long as two samples may take to be fresh.
        """
        cord, deadline_s = FreeCord(), self._clock.now_s() + 2 * FRESH_S
        while self._clock.now_s() <= deadline_s:
            reading = self._watch.look_once()
            shown_n = self_check.shown_force_n(self._unit.capabilities, reading)
            free = cord.sees(reading, self._clock.now_s())
            if free and shown_n is not None and shown_n <= FREE_FORCE_N:
                return True
        return False

    def _refuse_force(self) -> None:
        force_n = self_check.shown_force_n(self._unit.capabilities, self._watch.reading)
        known = force_n is not None and force_n > FREE_FORCE_N
        found = f"{force_n:g} N, above {FREE_FORCE_N:g} N" if known else "not known"
        raise UnitFaulted(f"force is {found}; open the clutch, free the patient, then start again")

    def _await_idle(self) -> None:
        deadline_s = self._clock.now_s() + ACKNOWLEDGED_S
        while self._watch.reading.unit_state is not UnitState.IDLE or self._latched:
            if self._clock.now_s() > deadline_s:
                raise UnitFaulted(
                    f"the unit stayed in state {self._watch.reading.unit_state.name.lower()} "
                    "after the acknowledgement; clear the cause at the unit"
                )
            self._watch.look()

    # --- the press test and the start ---------------------------------------------------------

    def _press_and_start(self) -> None:
        """Do the press test, then ask; test again if people took too long."""
        while True:
            self._await_press_test()
            if not self._press_test_is_old:
                self._ask_to_start()
            if not self._press_test_is_old:
                return
            self._operator.tell("the press test is too old by now: have the patient press again")
            self._watch.begin_press_test()

    @property
    def _press_test_is_old(self) -> bool:
        return last_look.press_test_item(self._watch.press_test_age_s).refuses

    def _await_press_test(self) -> None:
        deadline_s = self._clock.now_s() + PRESS_TEST_LIMIT_S
        while not self._watch.press_test_passed and self._clock.now_s() < deadline_s:
            self._watch.look()
        if not self._watch.press_test_passed:
            self._go_on_without_press_test()
        if self._watch.press_test_passed:
            self._record_items([self._press_test_item()])
        self._await_open_switch()

    def _go_on_without_press_test(self) -> None:
        """Ask to continue without the test; a press while the question waits still counts."""
        self._recorder.event(PressTestNotSeen(), now_s=self._clock.now_s())
        self._record_items([self._press_test_item()])
        question = Question.PRESS_TEST_NOT_SEEN
        self._require(question, question_text(question, self._order))

    def _press_test_item(self) -> CheckItem:
        return self_check.press_test_item(
            self._watch.press_test_passed, limit_s=PRESS_TEST_LIMIT_S, verified=self._unit.verified
        )

    def _await_open_switch(self) -> None:
        deadline_s = self._clock.now_s() + STUCK_SWITCH_S
        while self._watch.reading.patient_switch is PatientSwitch.PRESSED:
            self._watch.look()
            if self._clock.now_s() > deadline_s:
                self._record_items([self_check.stuck_switch_item(STUCK_SWITCH_S)])

    def _ask_to_start(self) -> None:
        """Ask to start; nothing else is asked after this, so that the traction follows the yes."""
        self._asked_at_event = self._watch.reading.newest_event
        self._require(Question.START_TRACTION, START_QUESTION)
        self._yes_at_s = self._clock.now_s()

    def _note(self, entries: Sequence[UnitEvent]) -> None:
        """Keep the codes of events since the start was asked about."""
        asked = self._asked_at_event
        self._events_since_asked += [
            entry.code
            for entry in entries
            if asked is not None and 0 < (entry.sequence - asked) & 0xFFFF < 0x8000
        ]

    # --- questions and records ----------------------------------------------------------------

    def _confirm(self, question: Question, text: str) -> None:
        by = self._require(question, text)
        name, value = self._confirmed(question)
        self._record_items([self_check.confirmed_item(name, value, by)])

    def _confirmed(self, question: Question) -> tuple[str, str]:
        """Returns the name of the item that the answer settles, and its text."""
        if question is Question.TABLE_MOVES_FREELY:
            return "table", table_confirmed(self._order)
        return CONFIRMED_BY_ANSWER[question]

    def _require(self, question: Question, text: str) -> str:
        """Ask and wait without a limit (nothing moves); returns who said yes, a no is a refusal."""
        self._recorder.event(QuestionAsked(question=question.value), now_s=self._clock.now_s())
        person_only = needs_person(question, verified=self._unit.verified)
        self._questions.ask(question, text, person_only=person_only)
        while (answer := self._questions.answer(question)) is None:
            self._watch.look()
        self._recorder.event(answer_recorded(question, answer), now_s=self._clock.now_s())
        if not answer.accepted:
            raise RequestRefused(
                f"{question.value.replace('_', ' ')}: refused by {answer.answered_by}"
            )
        return answer.answered_by

    def _record_items(self, items: list[CheckItem]) -> None:
        for item in items:
            self._recorder.event(item.recorded, now_s=self._clock.now_s())
            self._operator.tell_check(item.settled)
        for item in items:
            if item.refuses:
                name = item.name.replace("_", " ")
                raise SelfCheckFailed(f"self-check of {name} failed: {item.value}; {item.todo}")

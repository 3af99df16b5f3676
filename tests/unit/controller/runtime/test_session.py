"""A whole session: refusals before the arming, the arming itself, failures, and the end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from controller.errors import (
    LinkError,
    OutcomeUncertain,
    ProgramFailed,
    ReplyTimeout,
    RequestRefused,
    TractionError,
    UnitFaulted,
)
from controller.events import EventKind, Outcome
from controller.order.planner import plan
from controller.ports import ArmingRequest
from controller.questions import Answer, Question
from controller.requests import EndEarly, Pause, Remark, Stop
from controller.runtime import session as session_module
from controller.runtime.clock import VirtualClock
from controller.runtime.lateness import Lateness
from controller.runtime.recorder import Recorder
from controller.runtime.session import Session
from controller.runtime.session_ports import SessionPorts
from controller.session.inputs_and_effects import Ending
from controller.session.machine import SessionMachine
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitState, UnitStatus
from tests.safety.obedient_unit import ORDER
from tests.unit.controller.builders import start_facts
from tests.unit.controller.runtime.loop_parts import FailingUnit, Once, Person
from tests.unit.controller.runtime.runtime_parts import ListJournal

PRESENT = UnitStatus.PATIENT_SWITCH_PRESENT
YES = {question.value: True for question in Question if question is not Question.RELEASE_NOT_SEEN}


class SessionUnit(FailingUnit):
    """Idle until it is armed; the patient's switch is pressed from 1 s to 2 s."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.state = UnitState.IDLE
        self.arm_failing: Exception | None = None
        self.order_failing: Exception | None = None
        self.armed_with: ArmingRequest | None = None
        self.armed_at_s: float | None = None

    def arm(self, request: ArmingRequest) -> None:
        self.armed_with, self.armed_at_s = request, self._clock.now_s()
        if not isinstance(self.arm_failing, UnitFaulted):
            self.state, self._fed_at_s = UnitState.ARMED, self._clock.now_s()
        if self.arm_failing is not None:
            raise self.arm_failing

    def find_order(self, ceiling_n: float) -> Telemetry:
        if self.order_failing is not None:
            raise self.order_failing
        return super().find_order(ceiling_n)


class SessionBench:
    """A session that is ready to run; it is ended early 12 s behind the arming.

    ``each_exchange`` is called before each exchange with the seconds since the arming, None before.
    """

    def __init__(self, *, operator: Person | None = None) -> None:
        self.clock = VirtualClock()
        self.unit = SessionUnit(self.clock)
        self.journal = ListJournal()
        self.operator = operator or Person(**YES)
        self.each_exchange: Callable[[float | None], None] = lambda since_s: None
        self._started_s = self.clock.now_s()
        self._end = Once(12.0)
        self.unit.before_exchange = self._before
        self.session = Session(
            ports=self.ports(),
            plan=plan(ORDER),
            facts=start_facts(identified_at_s=self._started_s),
            lateness=Lateness(),
        )

    def ports(self) -> SessionPorts:
        """What the session and its parts share."""
        recorder = Recorder(self.journal, self.clock, self._started_s)
        return SessionPorts.of(self.unit, self.clock, recorder, self.operator, "session-1")

    def _before(self) -> None:
        elapsed_s, armed_s = self.clock.now_s() - self._started_s, self.unit.armed_at_s
        if armed_s is None:
            pressed = 1.0 <= elapsed_s < 2.0
            switch = UnitStatus.PATIENT_SWITCH_PRESSED if pressed else UnitStatus.NONE
            self.unit.changes = {"status": PRESENT | switch}
            self.each_exchange(None)
            return
        since_s = self.clock.now_s() - armed_s
        self.unit.changes = {}
        if self._end(since_s):
            self.operator.queue.append(EndEarly(by="A. Person"))
        self.each_exchange(since_s)

    def run(self) -> Ending:
        return self.session.run()

    def details(self, kind: EventKind) -> list[dict[str, Any]]:
        """Details of the recorded events of a kind, in order."""
        return [dict(event.detail) for event in self.journal.events if event.kind is kind]

    @property
    def recorded_end(self) -> dict[str, Any]:
        """The last event, which is the end."""
        assert self.journal.kinds.count(EventKind.SESSION_ENDED) == 1
        assert self.journal.kinds[-1] is EventKind.SESSION_ENDED
        return dict(self.journal.events[-1].detail)

    @property
    def alarms(self) -> list[str]:
        """Codes of the alarms that were raised, in order."""
        return [detail["code"] for detail in self.details(EventKind.ALARM_RAISED)]


def test_a_session_is_armed_with_the_order_s_numbers_and_ends_in_the_record() -> None:
    bench = SessionBench()
    ending = bench.run()
    assert ending.outcome == Outcome.STOPPED
    assert ending.release_seen
    (armed,) = bench.details(EventKind.UNIT_ARMED)
    gross_zero_dn = armed.pop("gross_zero_dn")
    assert gross_zero_dn in (0, 1)
    assert armed == {
        "force_limit_dn": 600,
        "rate_up_dn_per_s": 100,
        "rate_down_dn_per_s": 200,
        "watchdog_ms": 500,
    }
    assert bench.recorded_end == {
        "outcome": "stopped",
        "reason": "ended early by A. Person",
        "reached_holding": True,
    }
    assert bench.unit.force_n == 0.0


# --- before the arming ------------------------------------------------------------------------


def test_a_stop_before_the_arming_is_a_refusal_that_is_recorded_and_raised() -> None:
    bench = SessionBench()
    bench.operator.stop = Stop(by="A. Person")
    with pytest.raises(RequestRefused, match="stopped before arming by A"):
        bench.run()
    assert bench.unit.armed_with is None
    assert bench.recorded_end == {
        "outcome": "refused",
        "reason": "stopped before arming by A. Person; nothing was moved",
        "reached_holding": False,
    }


def test_a_unit_that_falls_silent_before_the_arming_refuses_the_session() -> None:
    bench = SessionBench()

    def fail(command: ForceCommand) -> None:
        raise ReplyTimeout("no answer in 40 ms")

    bench.unit.failing = fail
    with pytest.raises(LinkError):
        bench.run()
    assert bench.recorded_end["outcome"] == "refused"
    assert bench.recorded_end["reason"] == "no answer in 40 ms"


def test_a_program_that_fails_before_the_arming_has_moved_nothing() -> None:
    bench = SessionBench()

    def fail(command: ForceCommand) -> None:
        raise ZeroDivisionError("two\nlines")

    bench.unit.failing = fail
    with pytest.raises(ZeroDivisionError):
        bench.run()
    assert bench.recorded_end["outcome"] == "refused"
    assert bench.recorded_end["reason"] == "the program failed: ZeroDivisionError: two lines"


def test_an_interrupt_without_words_is_named_by_its_kind() -> None:
    bench = SessionBench()

    def interrupt(command: ForceCommand) -> None:
        raise KeyboardInterrupt

    bench.unit.failing = interrupt
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    assert bench.recorded_end["reason"] == "the program failed: KeyboardInterrupt"


def test_requests_before_the_treatment_are_heard_and_refused_by_name() -> None:
    bench = SessionBench()
    bench.operator.queue += [Pause(by="A. Person"), Remark(by="A. Person", text="cold hands")]
    bench.run()
    assert "pause refused: not possible before the treatment" in bench.operator.told
    assert bench.details(EventKind.REMARK_RECORDED)[0]["text"] == "cold hands"


# --- the arming -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "alarms"),
    [
        (PRESENT, []),
        (PRESENT | UnitStatus.PATIENT_SWITCH_PRESSED, ["patient_switch_pressed"]),
        (UnitStatus.NONE, ["patient_switch_absent"]),
        (PRESENT | UnitStatus.EMERGENCY_STOP_OPEN, ["emergency_stop_open"]),
    ],
)
def test_what_stands_behind_a_refused_arming_is_an_alarm_of_its_own(
    status: UnitStatus, alarms: list[str]
) -> None:
    bench = SessionBench()
    bench.unit.arm_failing = UnitFaulted("the unit refuses to be armed")

    def show(since_s: float | None) -> None:
        if since_s is not None:
            bench.unit.changes = {"status": status}

    bench.each_exchange = show
    with pytest.raises(UnitFaulted, match="refuses to be armed"):
        bench.run()
    assert bench.alarms == alarms
    assert bench.recorded_end["outcome"] == "refused"
    assert bench.recorded_end["reason"] == "the unit refuses to be armed"
    assert {command.kind for command in bench.unit.attempts} == {CommandKind.OBSERVE}
    assert bench.details(EventKind.UNIT_ARMED) == []


def test_a_refused_arming_stays_one_when_the_look_behind_it_fails() -> None:
    bench = SessionBench()
    bench.unit.arm_failing = UnitFaulted("the unit refuses to be armed")

    def fail_behind(since_s: float | None) -> None:
        if since_s is not None:
            raise ReplyTimeout("no answer")

    bench.each_exchange = fail_behind
    with pytest.raises(UnitFaulted):
        bench.run()
    assert bench.alarms == []
    assert bench.recorded_end["reason"] == "the unit refuses to be armed"


UNCERTAIN = [OutcomeUncertain("the answer was lost"), ReplyTimeout("no answer in 40 ms")]


@pytest.mark.parametrize("error", UNCERTAIN)
def test_an_arming_that_may_have_happened_is_released_and_never_pulls(
    error: TractionError,
) -> None:
    bench = SessionBench()
    bench.unit.arm_failing = error
    ending = bench.run()
    assert bench.details(EventKind.OUTCOME_UNCERTAIN) == [
        {"what": "arming", "code": error.code, "message": error.message}
    ]
    assert bench.details(EventKind.UNIT_ARMED) == []
    assert ending.reason == f"arming uncertain: {error.message}"
    assert ending.outcome == Outcome.STOPPED
    kinds = {command.kind for command in bench.unit.attempts}
    assert kinds == {CommandKind.OBSERVE, CommandKind.RELEASE_FAST}


@pytest.mark.parametrize("error", UNCERTAIN)
def test_an_armed_unit_whose_first_answers_are_lost_is_released_too(error: TractionError) -> None:
    bench = SessionBench()
    bench.unit.order_failing = error
    ending = bench.run()
    assert len(bench.details(EventKind.UNIT_ARMED)) == 1
    assert ending.reason == f"arming uncertain: {error.message}"
    kinds = {command.kind for command in bench.unit.attempts}
    assert kinds == {CommandKind.OBSERVE, CommandKind.RELEASE_FAST}


def test_a_program_that_fails_in_the_arming_counts_as_stopped() -> None:
    bench = SessionBench()
    bench.unit.arm_failing = RuntimeError("broken")
    with pytest.raises(RuntimeError):
        bench.run()
    assert bench.recorded_end["outcome"] == "stopped"
    assert bench.recorded_end["reason"] == "the program failed: RuntimeError: broken"


# --- a program that fails behind the arming ---------------------------------------------------


def test_a_loop_that_breaks_ends_with_what_became_of_the_release() -> None:
    bench = SessionBench()
    breaks = Once(11.0)

    def break_once(since_s: float | None) -> None:
        if since_s is not None and breaks(since_s):
            raise RuntimeError("broken")

    bench.each_exchange = break_once
    with pytest.raises(ProgramFailed) as failed:
        bench.run()
    assert isinstance(failed.value.__cause__, RuntimeError)
    reason = "the program failed: RuntimeError: broken"
    assert failed.value.message == (
        f"{reason}; the release was ordered and seen; report this defect"
    )
    assert bench.details(EventKind.RELEASE_ORDERED) == [{"kind": "release_fast", "reason": reason}]
    (observed,) = bench.details(EventKind.RELEASE_OBSERVED)
    assert 0 <= observed["force_dn"] <= 200
    assert bench.recorded_end == {"outcome": "stopped", "reason": reason, "reached_holding": True}
    assert "release_not_seen" not in bench.alarms


def test_a_loop_that_breaks_on_a_unit_that_is_not_seen_free_calls_for_a_person() -> None:
    bench = SessionBench()
    breaks = Once(11.0)

    def break_and_stay_on(since_s: float | None) -> None:
        if since_s is not None and since_s >= 11.0:
            bench.unit.changes = {"force_n": 60.0}
            if breaks(since_s):
                raise RuntimeError("broken")

    bench.each_exchange = break_and_stay_on
    with pytest.raises(ProgramFailed) as failed:
        bench.run()
    assert "not seen: look at the patient, open the clutch" in failed.value.message
    assert bench.details(EventKind.RELEASE_NOT_OBSERVED) == [{"force_dn": 600}]
    assert bench.details(EventKind.RELEASE_OBSERVED) == []
    assert bench.alarms == ["release_not_seen"]


def test_a_session_logic_that_ends_too_early_is_a_failure_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = SessionBench()

    class HastyMachine(SessionMachine):
        @property
        def finished(self) -> bool:
            armed_s = bench.unit.armed_at_s
            return armed_s is not None and bench.clock.now_s() > armed_s + 5.0

    monkeypatch.setattr(session_module, "SessionMachine", HastyMachine)
    with pytest.raises(ProgramFailed, match="the session logic ended too early"):
        bench.run()
    assert bench.recorded_end["reason"] == ("the program failed: the session logic ended too early")
    assert bench.details(EventKind.RELEASE_OBSERVED)
    assert bench.unit.force_n == 0.0


# --- the rest of the unit's events ------------------------------------------------------------


def late_events(bench: SessionBench, count: int) -> None:
    """The unit notes so many events in the moment of its release."""

    def show(since_s: float | None) -> None:
        if since_s is not None and since_s > 12.0:
            bench.unit.changes = {"newest_event": 2 + count}

    bench.each_exchange = show


def test_what_the_unit_noted_in_the_release_is_read_at_rest_before_the_end() -> None:
    bench = SessionBench()
    late_events(bench, 25)
    show, at_rest = bench.each_exchange, []

    def count_at_rest(since_s: float | None) -> None:
        show(since_s)
        if bench.details(EventKind.UNIT_DISARMED):
            at_rest.append(bench.clock.now_s())

    bench.each_exchange = count_at_rest
    bench.run()
    seen = [detail["sequence"] for detail in bench.details(EventKind.UNIT_EVENT_SEEN)]
    assert seen == list(range(3, 28))
    # Ten at a time, each in a tick of its own.
    assert bench.unit.read_from[-3:] == [3, 13, 23]
    # The look that finds nothing more is the last one.
    assert len(at_rest) == 4
    apart_s = [after - before for before, after in pairwise(at_rest)]
    assert apart_s == pytest.approx([bench.unit.tick_s] * 3)


def test_a_look_that_fails_leaves_the_rest_of_the_events_and_ends_the_session_all_the_same() -> (
    None
):
    bench = SessionBench()
    late_events(bench, 25)
    show = bench.each_exchange

    def fail_at_rest(since_s: float | None) -> None:
        show(since_s)
        if bench.details(EventKind.UNIT_DISARMED):
            raise ReplyTimeout("no answer")

    bench.each_exchange = fail_at_rest
    ending = bench.run()
    assert ending.release_seen
    assert bench.details(EventKind.UNIT_EVENT_SEEN) == []


def test_a_unit_whose_port_vanished_is_not_read_any_more() -> None:
    bench = SessionBench()

    def vanish(since_s: float | None) -> None:
        bench.unit.gone = since_s is not None and since_s > 11.0

    bench.each_exchange = vanish
    ending = bench.run()
    assert ending.outcome == Outcome.LINK_LOST
    after_loss = bench.unit.attempts[len(bench.unit.sent) :]
    assert len(after_loss) == 1
    assert bench.recorded_end["outcome"] == Outcome.LINK_LOST


# --- the acknowledgement ----------------------------------------------------------------------


class LatePerson(Person):
    """Acknowledges the end so many looks after it was asked; ``leaves`` leaves instead."""

    def __init__(self, *, looks: int, accepts: bool = True, leaves: bool = False) -> None:
        super().__init__(**YES)
        self._left, self._accepts, self._leaves = looks, accepts, leaves

    def answer(self, question: Question) -> Answer | None:
        if question is not Question.END_ACKNOWLEDGED:
            return super().answer(question)
        self._left -= 1
        if self._left > 0:
            if self._left == 1 and not self._leaves:
                self.queue.append(Pause(by="B. Person"))
            return None
        if self._leaves:
            self.leaving = "SIGTERM"
            return None
        return Answer(accepted=self._accepts, answered_by="B. Person")


def ended_by(person: LatePerson) -> SessionBench:
    bench = SessionBench(operator=person)
    bench.run()
    return bench


def test_the_end_is_shown_with_a_tone_until_somebody_acknowledges_it() -> None:
    bench = ended_by(LatePerson(looks=1300))
    person = bench.operator
    assert person.asked[Question.END_ACKNOWLEDGED] is False
    assert person.texts[-1] == "The session has ended. Free the patient and confirm."
    shown = [progress for progress in person.shown if progress.phase == "stopped"]
    tones = [number for number, progress in enumerate(shown) if progress.tone]
    assert tones[0] == 0
    assert len(tones) == 3
    assert [alarm.code for alarm in shown[0].alarms] == ["treatment_done"]
    assert shown[0].force_n is None
    assert {progress.force_n is None for progress in shown[1:]} == {False}
    assert {(p.target_n, p.planned_s) for p in shown} == {(0.0, ORDER.traction_s)}
    assert bench.details(EventKind.QUESTION_ANSWERED)[-1] == {
        "question": "end_acknowledged",
        "accepted": True,
        "by": "B. Person",
    }
    assert bench.details(EventKind.ALARM_ACKNOWLEDGED) == [
        {"codes": ["treatment_done"], "by": "B. Person"}
    ]
    assert "pause refused: not possible after the end" in person.told


def test_who_does_not_accept_the_end_acknowledges_no_alarm() -> None:
    bench = ended_by(LatePerson(looks=3, accepts=False))
    assert bench.details(EventKind.QUESTION_ANSWERED)[-1]["accepted"] is False
    assert bench.details(EventKind.ALARM_ACKNOWLEDGED) == []


def test_who_leaves_ends_the_waiting_and_nothing_was_acknowledged() -> None:
    bench = ended_by(LatePerson(looks=3, leaves=True))
    questions = [detail["question"] for detail in bench.details(EventKind.QUESTION_ANSWERED)]
    assert "end_acknowledged" not in questions
    assert bench.recorded_end["outcome"] == "stopped"


def asking(bench: SessionBench, after_s: float, **wish: Any) -> SessionBench:
    """Run it with a person who wants something so long behind the arming."""
    due = Once(after_s)

    def ask(since_s: float | None) -> None:
        if since_s is not None and due(since_s):
            for name, value in wish.items():
                setattr(bench.operator, name, value)

    bench.each_exchange = ask
    bench.run()
    return bench


def test_behind_a_leave_nothing_is_asked_that_nobody_will_hear() -> None:
    """Whoever leaves need not stop as well: the release goes out all the same."""
    bench = asking(SessionBench(), 5.0, leaving="SIGTERM")
    assert Question.END_ACKNOWLEDGED not in bench.operator.asked
    assert bench.recorded_end["outcome"] == "stopped"
    assert bench.recorded_end["reason"] == "operator stop (SIGTERM)"


def test_behind_a_stop_the_tone_comes_until_a_person_acknowledges_the_end() -> None:
    bench = asking(SessionBench(operator=LatePerson(looks=1300)), 5.0, stop=Stop(by="A. Person"))
    person = bench.operator
    assert bench.recorded_end["outcome"] == "stopped"
    shown = [snapshot for snapshot in person.shown if snapshot.phase == "stopped"]
    assert [snapshot.tone for snapshot in shown].count(True) == 3
    assert [alarm.code for alarm in shown[-1].alarms] == ["treatment_done"]
    assert shown[-1].message == "operator stop (A. Person)"
    assert [asked.question for asked in shown[-1].questions] == [Question.END_ACKNOWLEDGED]
    assert bench.details(EventKind.QUESTION_ANSWERED)[-1]["by"] == "B. Person"
    assert [detail["action"] for detail in bench.details(EventKind.OPERATOR_ACTED)] == ["stop"]


@pytest.mark.parametrize("fast", [False, True])
def test_a_stop_behind_the_end_is_recorded_once_and_changes_nothing(fast: bool) -> None:
    """The same for the second stop of a person who did not see that the first one was heard."""
    first = [] if not fast else [Stop(by="A. Person")]

    class Presses(LatePerson):
        def answer(self, question: Question) -> Answer | None:
            if question is Question.END_ACKNOWLEDGED:
                self.stop = Stop(by=f"P. {self._left}", fast=fast)
            return super().answer(question)

    bench = SessionBench(operator=Presses(looks=20))
    if first:
        asking(bench, 5.0, stop=first[0])
    else:
        bench.run()
    late = [d for d in bench.details(EventKind.REQUEST_REFUSED) if d["request"] == "stop"]
    assert len(late) == 1
    assert late[0]["reason"] == "no treatment is running"
    assert [told for told in bench.operator.told if "heard" in told] == [
        f"stop by {late[0]['by']} heard: no treatment is running"
    ]
    assert bench.details(EventKind.ALARM_ACKNOWLEDGED)[-1]["by"] == "B. Person"


def test_only_a_person_acknowledges_the_end_of_a_release_that_was_not_seen() -> None:
    bench = SessionBench()

    def vanish(since_s: float | None) -> None:
        bench.unit.gone = since_s is not None and since_s > 11.0

    bench.each_exchange = vanish
    bench.run()
    assert bench.operator.asked[Question.END_ACKNOWLEDGED] is True

"""What the loop makes of a wire that fails, of the record's trouble, and of what people say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout, StaleAnswer, UnitRejected
from controller.events import EventKind, SampleFlag
from controller.order.planner import plan
from controller.questions import Question
from controller.requests import AcknowledgeAlarms, Pause, PauseSound, Remark, Resume, Stop
from controller.runtime.loop import EVENT_READ_SHARE
from controller.telemetry import CommandKind, ForceCommand, UnitState
from tests.safety import obedient_unit
from tests.safety.obedient_unit import LIMIT_N, TICK_S
from tests.unit.controller.runtime.loop_parts import HOLD_S, Bench, Once, Person

STOP = Stop(by="A. Person")


def stopping(bench: Bench, at_s: float, also: Callable[[float], None] = lambda s: None) -> Any:
    """A step that stops the session at ``at_s``."""

    def step(elapsed_s: float) -> None:
        also(elapsed_s)
        bench.operator.stop = STOP if elapsed_s >= at_s else None

    return step


def failing_at(bench: Bench, errors: dict[float, LinkError]) -> Any:
    """Each error comes once, at its second after the start."""
    left = dict(errors)

    def step(elapsed_s: float) -> None:
        due = [at_s for at_s in left if elapsed_s >= at_s - 1e-6]
        error = left.pop(due[0]) if due else None

        def fail(command: ForceCommand) -> None:
            if error is not None:
                raise error

        bench.unit.failing = fail

    return step


# --- the wire ---------------------------------------------------------------------------------


def test_a_run_of_failures_is_one_event_with_what_came_and_the_next_run_another() -> None:
    bench = Bench()
    first = FrameCorrupt("the CRC is wrong", raw=b"\x01\x17\xff")
    errors: dict[float, LinkError] = {
        2.0: first,
        2.05: ReplyTimeout("no answer in 40 ms"),
        3.0: ReplyTimeout("nothing"),
    }
    bench.run(stopping(bench, 4.0, failing_at(bench, errors)))
    assert bench.details(EventKind.LINK_TROUBLED) == [
        {"code": 2004, "message": "the CRC is wrong", "raw": "0117ff"},
        {"code": 2003, "message": "nothing", "raw": ""},
    ]
    flags = [sample.flags for sample in bench.journal.samples]
    assert flags.count(SampleFlag.NO_READING) == 3
    last = bench.operator.shown[-1]
    assert last.missed == 3, "each of them is counted for who watches"
    assert last.round_trip_s is not None
    assert 0.0 <= last.round_trip_s < TICK_S


def test_only_an_answer_to_another_request_counts_as_a_mismatch() -> None:
    bench = Bench()
    errors: dict[float, LinkError] = {
        2.0: StaleAnswer("another answer"),
        2.5: FrameCorrupt("CRC"),
        3.0: ReplyTimeout("nothing"),
    }
    bench.run(stopping(bench, 4.0, failing_at(bench, errors)))
    assert bench.loop.host.mismatches == 1


def test_the_reading_behind_a_refusal_is_the_reading_of_the_tick() -> None:
    bench = Bench()
    bench.unit.reading_after_refusal = bench.unit.shown(bench.clock.now_s())
    refusal = UnitRejected("the unit refuses", exception_code=3)
    bench.run(stopping(bench, 3.0, failing_at(bench, {2.0: refusal})))
    assert SampleFlag.NO_READING not in {sample.flags for sample in bench.journal.samples}
    (troubled,) = bench.details(EventKind.LINK_TROUBLED)
    assert troubled["code"] == 2006
    assert bench.unit.tokenless_at_s == []


# --- the unit's events ------------------------------------------------------------------------


@pytest.mark.parametrize("exchange_s", [0.027, 0.032])
def test_the_unit_s_events_are_read_only_while_enough_of_the_tick_is_left(
    monkeypatch: pytest.MonkeyPatch, exchange_s: float
) -> None:
    monkeypatch.setattr(obedient_unit, "EXCHANGE_S", exchange_s)
    bench = Bench()
    bench.unit.changes = {"newest_event": 4}
    bench.run(stopping(bench, 2.0))
    enough = TICK_S - exchange_s > EVENT_READ_SHARE * TICK_S
    assert bench.unit.read_from == ([3] if enough else [])
    seen = [detail["sequence"] for detail in bench.details(EventKind.UNIT_EVENT_SEEN)]
    assert seen == ([3, 4] if enough else [])


def test_in_a_release_and_without_a_reading_no_events_are_read() -> None:
    bench = Bench()

    def note_events(elapsed_s: float) -> None:
        bench.unit.changes = {"newest_event": 3} if elapsed_s > HOLD_S + 0.1 else {}

    bench.run(stopping(bench, HOLD_S, note_events))
    assert bench.details(EventKind.RELEASE_OBSERVED)
    assert bench.unit.read_from == []


def test_a_failure_in_the_very_first_exchange_is_recorded() -> None:
    bench = Bench()
    bench.run(stopping(bench, HOLD_S, failing_at(bench, {0.0: ReplyTimeout("nothing came")})))
    (troubled,) = bench.details(EventKind.LINK_TROUBLED)
    assert troubled["message"] == "nothing came"


def test_how_late_each_tick_comes_is_counted() -> None:
    bench = Bench()
    bench.run(stopping(bench, 3.0))
    assert bench.lateness.report()["ticks"] == len(bench.supervisor.judged)


# --- the record -------------------------------------------------------------------------------


def test_records_that_are_put_aside_are_one_alarm_for_a_run_of_failures() -> None:
    bench, seen = Bench(), Once(3.0)

    def step(elapsed_s: float) -> None:
        troubled = 2.0 <= elapsed_s < 4.0 or 5.0 <= elapsed_s < 6.0
        bench.journal.trouble = "the disk is full" if troubled else ""
        if seen(elapsed_s):
            bench.operator.queue.append(
                AcknowledgeAlarms(by="A. Person", alarms=bench.operator.shown[-1].alarms_on_screen)
            )

    bench.run(stopping(bench, 7.0, step))
    assert bench.alarms() == ["record_put_aside", "record_put_aside"]
    # One that was acknowledged stays so while the same trouble lasts.
    raised = [e for e in bench.journal.events if e.kind is EventKind.ALARM_RAISED]
    assert [round(event.at_ms / 1000) for event in raised] == [2, 5]
    assert bench.details(EventKind.ALARM_ACKNOWLEDGED) == [
        {"codes": ["record_put_aside"], "by": "A. Person"}
    ]


def test_the_display_is_told_of_alarms_their_tones_and_how_long_the_sound_is_paused() -> None:
    bench, paused = Bench(), Once(4.0)

    def step(elapsed_s: float) -> None:
        bench.journal.trouble = "the disk is full" if elapsed_s >= 2.0 else ""
        if paused(elapsed_s):
            bench.operator.queue.append(PauseSound(by="A. Person"))

    bench.run(stopping(bench, 7.0, step))
    shown = bench.operator.shown
    alarmed = [s for s in shown if "record_put_aside" in {alarm.code for alarm in s.alarms}]
    assert alarmed[0].tone
    assert {s.sound_paused_s for s in shown if s not in alarmed} == {0.0}
    assert alarmed[0].sound_paused_s == 0.0
    assert alarmed[-1].sound_paused_s > 0.0


def test_a_lock_that_is_lost_is_one_alarm_also_after_it_was_acknowledged() -> None:
    bench, seen = Bench(), Once(3.0)

    def step(elapsed_s: float) -> None:
        bench.journal.lock_fault = "the lock file is gone" if elapsed_s >= 2.0 else ""
        if seen(elapsed_s):
            bench.operator.queue.append(
                AcknowledgeAlarms(by="A. Person", alarms=bench.operator.shown[-1].alarms_on_screen)
            )

    bench.run(stopping(bench, 5.0, step))
    assert bench.alarms() == ["lock_lost"]


# --- people -----------------------------------------------------------------------------------


def test_a_stop_is_on_the_wire_in_its_tick_and_handled_once() -> None:
    bench = Bench()
    bench.run(stopping(bench, HOLD_S))
    acted = bench.details(EventKind.OPERATOR_ACTED)
    assert acted == [{"action": "stop", "by": "A. Person", "reason": ""}]
    assert bench.sent_s(CommandKind.RELEASE)[0] <= HOLD_S + 1.6 * TICK_S
    assert bench.ending.reason == "operator stop (A. Person)"


def test_a_second_stop_that_is_fast_is_a_stop_of_its_own() -> None:
    bench = Bench()

    def step(elapsed_s: float) -> None:
        if elapsed_s >= HOLD_S:
            bench.operator.stop = Stop(by="A. Person", fast=elapsed_s >= HOLD_S + 0.5)

    bench.run(step)
    acted = [detail["action"] for detail in bench.details(EventKind.OPERATOR_ACTED)]
    assert acted == ["stop", "stop_fast"]
    assert bench.sent_s(CommandKind.RELEASE_FAST)[0] <= HOLD_S + 0.5 + 1.6 * TICK_S


@pytest.mark.parametrize("verified", [False, True])
def test_a_question_is_asked_and_its_answer_recorded_once(verified: bool) -> None:
    bench = Bench()
    bench.unit.verified = verified
    bench.run(stopping(bench, HOLD_S))
    assert bench.details(EventKind.QUESTION_ASKED) == [{"question": "pretension_looks_right"}]
    assert bench.details(EventKind.QUESTION_ANSWERED) == [
        {"question": "pretension_looks_right", "accepted": True, "by": "A. Person"}
    ]
    assert bench.operator.asked == {Question.PRETENSION_LOOKS_RIGHT: verified}
    assert bench.operator.texts[0].startswith("Pretension is on.")


def test_a_pretension_that_looks_wrong_is_released() -> None:
    bench = Bench(operator=Person(pretension_looks_right=False))
    bench.run()
    assert bench.ending.reason == "pretension refused by A. Person"
    assert bench.ending.release_seen


def test_words_and_the_sound_are_heard_in_motion_and_the_pull_goes_on() -> None:
    bench = Bench()
    queue = bench.operator.queue
    queue += [PauseSound(by="A. Person"), Remark(by="A. Person", text="asleep")]
    bench.run(stopping(bench, HOLD_S))
    assert len(bench.details(EventKind.ALARM_SOUND_PAUSED)) == 1
    assert bench.details(EventKind.REMARK_RECORDED) == [{"by": "A. Person", "text": "asleep"}]
    assert bench.unit.force_n == 0.0
    assert max(force_n for _, _, force_n in bench.unit.path) > 55.0


def test_a_pause_is_the_session_logic_s_matter() -> None:
    bench, asked = Bench(), Once(HOLD_S)

    def step(elapsed_s: float) -> None:
        if asked(elapsed_s):
            bench.operator.queue.append(Pause(by="A. Person"))

    bench.run(stopping(bench, HOLD_S + 3.0, step))
    (paused,) = bench.details(EventKind.PAUSED)
    assert paused["by"] == "A. Person"
    assert "paused" in {shown.phase for shown in bench.operator.shown}


def test_a_request_that_is_refused_is_said_to_whoever_asked() -> None:
    bench, asked = Bench(), Once(HOLD_S)

    def step(elapsed_s: float) -> None:
        if asked(elapsed_s):
            bench.operator.queue.append(Resume(by="A. Person"))

    bench.run(stopping(bench, HOLD_S + 1.0, step))
    assert any(text.startswith("resume refused: ") for text in bench.operator.told)


def test_what_comes_with_the_word_that_ends_the_session_is_not_possible_any_more() -> None:
    """The question is open, the answer ends it; the other open question is left alone."""
    bench = Bench(operator=Person(release_not_seen=True))
    del bench.operator.answers["pretension_looks_right"]

    def step(elapsed_s: float) -> None:
        if Question.PRETENSION_LOOKS_RIGHT in bench.operator.asked:
            bench.unit.changes = {"unit_state": UnitState.SAFE_LATCHED, "force_n": 60.0}
        if Question.RELEASE_NOT_SEEN in bench.operator.asked:
            bench.operator.answers["pretension_looks_right"] = True

    bench.run_until_over(step)
    assert bench.failure is None
    answered = [detail["question"] for detail in bench.details(EventKind.QUESTION_ANSWERED)]
    assert answered[-1] == "release_not_seen"
    assert "release_not_seen" in bench.alarms()


def test_the_display_shows_what_is_ordered_read_and_left() -> None:
    bench, lost = Bench(), Once(HOLD_S)

    def step(elapsed_s: float) -> None:
        bench.unit.silent = lost(elapsed_s)

    bench.run(stopping(bench, HOLD_S + 1.0, step))
    shown = bench.operator.shown
    holding = [s for s in shown if s.phase == "holding"]
    assert {s.planned_s for s in shown} == {plan(bench.order).profile.end_s}
    assert {s.target_n for s in holding} == {LIMIT_N}
    assert [s.force_n for s in holding].count(None) == 1
    assert shown[0].since_start_s is None
    last = [s for s in shown if s.phase == "releasing"][-1]
    assert last.target_n == 0.0
    assert last.since_start_s is not None
    assert last.since_start_s > holding[0].elapsed_s > 0.0

"""What the loop makes of one verdict, one answer or one reading, in seconds after the arming."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from controller.events import EventKind, Sample, StopCause
from controller.order.phases import Phase
from controller.order.planner import SLACK_FOLLOW_N
from controller.requests import AdjustForce, Pause, Remark, Resume, SessionRequest, Stop
from controller.safety.situation import SupervisedStage
from controller.safety.verdict import Action
from controller.session.inputs_and_effects import ReadingTaken
from controller.telemetry import CommandKind, UnitState, UnitStatus
from tests.safety.loop_bench import strength
from tests.safety.obedient_unit import EXCHANGE_S, ORDER, TICK_S
from tests.unit.controller.runtime.loop_parts import (
    HOLD_S,
    LATCHED_FREE,
    LATCHED_WITH_FORCE,
    Bench,
    Once,
    Person,
)

SOUND = UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.WATCHDOG_ARMED
TAKEN_OVER = {"status": SOUND | UnitStatus.LOCAL_TAKEOVER}
PRESSED = {"status": SOUND | UnitStatus.PATIENT_SWITCH_PRESSED}
STOP = Stop(by="A. Person")
Step = Callable[[float], None]


def showing(bench: Bench, *shown: tuple[float, dict[str, Any]]) -> Step:
    """From each second on the unit shows what stands beside it; both in order of time."""

    def step(elapsed_s: float) -> None:
        since = [changes for from_s, changes in shown if elapsed_s >= from_s - 1e-6]
        bench.unit.changes = since[-1] if since else {}

    return step


def samples_of(bench: Bench, phase: Phase) -> Iterator[Sample]:
    return (sample for sample in bench.journal.samples if sample.phase == phase)


# --- verdicts ---------------------------------------------------------------------------------


def test_a_hold_that_ran_out_ends_the_session_though_nothing_new_was_found() -> None:
    bench = Bench()
    bench.run_until_over(showing(bench, (1.0, TAKEN_OVER)))
    actions = [action for _, action in bench.supervisor.judged]
    assert (actions.count(Action.HOLD), bench.codes) == (40, {"local_takeover"})
    assert bench.ending.reason == StopCause.HOLD_RAN_OUT
    assert bench.details(EventKind.RELEASE_ORDERED) == [
        {"kind": "release", "reason": StopCause.HOLD_RAN_OUT}
    ]
    assert bench.ending.release_seen


def test_the_force_of_a_position_that_is_held_is_recorded_and_shown_as_ordered() -> None:
    bench = Bench()
    bench.run_until_over(showing(bench, (1.0, TAKEN_OVER)))
    assert CommandKind.HOLD in {command.kind for command in bench.commands}
    *held, released = samples_of(bench, Phase.TAKING_UP_SLACK)
    assert {sample.target_dn for sample in held} == {SLACK_FOLLOW_N * 10}
    assert released.target_dn == 0
    taking_up = [shown for shown in bench.operator.shown if shown.phase == "taking_up_slack"]
    assert {shown.target_n for shown in taking_up} == {SLACK_FOLLOW_N}


def test_a_press_is_recorded_with_the_force_of_its_reading_and_the_hold_it_came_in() -> None:
    bench = Bench()
    bench.run_until_over(showing(bench, (HOLD_S, PRESSED)))
    (pressed,) = bench.details(EventKind.PATIENT_STOP_PRESSED)
    (acted,) = bench.details(EventKind.SAFETY_ACTED)
    last = [*samples_of(bench, Phase.HOLDING)][-1]
    assert pressed == {"force_dn": last.force_1_dn, "hold_number": 1, "phase": "holding"}
    assert acted["force_dn"] == last.force_1_dn
    assert last.force_1_dn in range(590, 611)


def test_a_free_patient_who_presses_while_getting_up_makes_no_order_to_the_unit() -> None:
    """The sample number stands for four ticks, so that the session is not over yet."""
    bench = Bench()
    free = {**LATCHED_FREE, "sample_number": 999}
    show = showing(bench, (1.0, free), (1.1, {**free, **PRESSED}), (1.2, LATCHED_FREE))
    stages: list[SupervisedStage] = []

    def step(elapsed_s: float) -> None:
        show(elapsed_s)
        bench.operator.stop = STOP if elapsed_s >= 0.9 else None
        if elapsed_s >= 1.1 - 1e-6:
            stages.append(bench.supervisor.stage)

    bench.run_until_over(step)
    assert stages[0] is SupervisedStage.FREE
    assert len(bench.details(EventKind.PATIENT_STOP_PRESSED)) == 1
    releases = [command.kind for command in bench.commands if strength(command)]
    assert set(releases) == {CommandKind.RELEASE}
    assert bench.ending.release_seen


# --- in the tick that decides -----------------------------------------------------------------


def test_the_sample_of_a_tick_holds_the_set_point_that_its_exchange_carried() -> None:
    """Also in the ticks in which a phase begins: the new set-point leaves with the next one."""
    bench = Bench()

    def step(elapsed_s: float) -> None:
        bench.operator.stop = STOP if elapsed_s >= 8.0 else None

    bench.run_until_over(step)
    pulling = [command for command in bench.commands if not strength(command)]
    carried = [round(command.force_n * 10) for command in pulling[:160]]
    assert [sample.target_dn for sample in bench.journal.samples[:160]] == carried
    assert {SLACK_FOLLOW_N * 10, ORDER.pretension_force_n * 10} < set(carried)


def test_a_no_to_the_pretension_lets_go_in_the_tick_that_hears_it() -> None:
    bench = Bench(operator=Person(pretension_looks_right=False))
    began_s: list[float] = []
    bench.run_until_over(began_s.append)
    first = next(n for n, command in enumerate(bench.unit.attempts) if strength(command))
    assert began_s[first] - began_s[first - 1] < EXCHANGE_S + 0.001
    assert bench.ending.reason == "pretension refused by A. Person"


def test_a_stop_that_is_not_there_any_more_a_tick_later_is_carried_out_all_the_same() -> None:
    bench, asked = Bench(), Once(1.0)

    def step(elapsed_s: float) -> None:
        bench.operator.stop = STOP if asked(elapsed_s) else None

    bench.run_until_over(step)
    assert bench.failure is None
    assert bench.ending.reason == "operator stop (A. Person)"
    assert bench.ending.release_seen


# --- the release without a token --------------------------------------------------------------


def told_free_at(bench: Bench, behind_s: float) -> Step:
    """Latched with force on from 1 s; so much later a person says that the patient is free."""
    show = showing(bench, (1.0, LATCHED_WITH_FORCE))

    def step(elapsed_s: float) -> None:
        show(elapsed_s)
        if elapsed_s >= 1.0 + behind_s - 1e-6:
            bench.operator.answers["release_not_seen"] = True

    return step


def test_the_first_release_without_a_token_is_the_one_in_the_record() -> None:
    bench = Bench()
    bench.run_until_over(told_free_at(bench, 3.5))
    assert len(bench.unit.tokenless_at_s) == 4
    at_ms = [
        event.at_ms
        for event in bench.journal.events
        if event.kind is EventKind.RELEASE_ORDERED
        and dict(event.detail)["kind"] == "release_without_token"
    ]
    assert at_ms == [1000]


def test_the_word_that_the_patient_is_free_is_the_last_that_the_loop_does() -> None:
    """The next release without a token is due in its tick, and the end is shown by others."""
    bench = Bench()
    bench.run_until_over(told_free_at(bench, 4.0))
    assert bench.ending.reason.endswith("A. Person says that the patient is free")
    assert len(bench.unit.tokenless_at_s) == 4
    assert {shown.phase for shown in bench.operator.shown} == {"taking_up_slack", "releasing"}


def test_a_unit_that_refused_one_release_and_takes_the_next_gets_one_without_a_token() -> None:
    """Though the force stays for long enough for a second one."""
    bench = Bench()
    refused = bench.refuse_releases(2)
    show = showing(bench, (1.0, {"force_n": 40.0}), (2.9, {}))

    def step(elapsed_s: float) -> None:
        show(elapsed_s)
        bench.operator.stop = STOP if elapsed_s >= 1.0 else None

    bench.run_until_over(step)
    assert refused == []
    assert len(bench.unit.tokenless_at_s) == 1
    assert bench.ending.release_seen


@pytest.mark.parametrize("state", [UnitState.SAFE_LATCHED, UnitState.FAULT])
def test_force_that_comes_back_on_a_patient_seen_free_gets_the_release_without_a_token(
    state: UnitState,
) -> None:
    """The sample number stands for three ticks: enough for the supervisor, not for the logic."""
    bench = Bench()
    free = {"unit_state": state, "force_n": 0.0, "sample_number": 999}
    show = showing(
        bench,
        (1.0, free),
        (1.15, {"unit_state": state, "force_n": 60.0}),
        (13.0, {"unit_state": state, "force_n": 0.0}),
    )
    bench.run_until_over(show)
    assert bench.supervisor.stage is SupervisedStage.FREE
    first_s, *more_s = bench.unit.tokenless_at_s
    assert first_s - 1000.0 <= 1.4
    assert len(more_s) == 11, "once a second, until the force is off"
    assert bench.failure is None, "the session logic is not to blame for force that is on"
    assert bench.ending.release_seen


# --- the tick that ends -----------------------------------------------------------------------


def test_a_core_that_ends_in_the_tick_in_which_it_would_be_ended_has_ended() -> None:
    """It hears one reading of the free patient, none for 10 s, and then the one that ends it."""
    bench = Bench()
    show = showing(bench, (1.0, LATCHED_FREE))
    free_s: list[float] = []

    def step(elapsed_s: float) -> None:
        show(elapsed_s)
        if bench.supervisor.stage is SupervisedStage.FREE:
            free_s.append(elapsed_s - TICK_S)
        deaf = elapsed_s >= 1.05 and not (free_s and elapsed_s - free_s[0] > 10.0 + 1e-6)
        bench.wrong_core.unheard = (ReadingTaken,) if deaf else ()

    bench.run_until_over(step)
    assert bench.failure is None
    assert bench.ending.release_seen
    assert bench.loop.last_resort is None
    assert bench.ended_s > 11.0


def test_what_is_said_in_the_tick_that_ends_the_session_is_left_to_whoever_comes_after() -> None:
    bench, said = Bench(), count(1)

    def step(elapsed_s: float) -> None:
        bench.unit.changes = LATCHED_FREE if elapsed_s >= 1.0 else {}
        bench.operator.queue[:] = [Remark(by="A. Person", text=f"remark {next(said)}")]

    bench.run_until_over(step)
    (left,) = bench.operator.queue
    last = len(bench.unit.attempts)
    assert left == Remark(by="A. Person", text=f"remark {last}")
    recorded = [detail["text"] for detail in bench.details(EventKind.REMARK_RECORDED)]
    assert recorded[0] == "remark 1"
    assert left.text not in recorded


def test_two_answers_of_which_the_first_ends_the_session_break_nothing() -> None:
    """The return from a pause waits for an answer when the unit latches with force on."""
    bench, paused = Bench(), Once(HOLD_S)
    lowered, raised, resumed = Once(HOLD_S + 0.1), Once(HOLD_S + 1.0), Once(HOLD_S + 1.5)
    show = showing(bench, (HOLD_S + 2.0, LATCHED_WITH_FORCE))
    asked: dict[Once, SessionRequest] = {
        paused: Pause(by="A. Person"),
        lowered: AdjustForce(by="A. Person", change_n=-10.0),
        raised: AdjustForce(by="A. Person", change_n=5.0, reason="well borne"),
        resumed: Resume(by="A. Person"),
    }

    def step(elapsed_s: float) -> None:
        show(elapsed_s)
        bench.operator.queue += [request for now, request in asked.items() if now(elapsed_s)]
        if "release_not_seen" in {question.value for question in bench.operator.asked}:
            bench.operator.answers |= {"release_not_seen": True, "resume_raises_force": True}

    bench.run_until_over(step)
    assert bench.failure is None
    assert {question.value for question in bench.operator.asked} >= {
        "resume_raises_force",
        "release_not_seen",
    }
    answered = [detail["question"] for detail in bench.details(EventKind.QUESTION_ANSWERED)]
    assert answered == ["pretension_looks_right", "release_not_seen"]


def test_a_port_that_is_gone_from_the_beginning_is_an_alarm() -> None:
    bench = Bench()
    bench.unit.gone = True
    bench.run_until_over(lambda elapsed_s: None)
    assert bench.alarms() == ["link_lost"]


def test_a_wire_that_fails_from_the_beginning_is_in_the_record() -> None:
    bench = Bench()

    def step(elapsed_s: float) -> None:
        bench.unit.silent = elapsed_s < TICK_S / 2
        bench.operator.stop = STOP if elapsed_s >= 0.5 else None

    bench.run_until_over(step)
    assert [detail["message"] for detail in bench.details(EventKind.LINK_TROUBLED)] == [
        "no answer in 40 ms"
    ]
    assert bench.ending.release_seen

"""The machine from arming to the observed release, fed by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import IllegalTransition
from controller.events import EventKind, Outcome
from controller.order.phases import FINAL_PHASES, TRANSITIONS, Phase
from controller.order.prescription import Mode
from controller.questions import Answer, Question
from controller.requests import (
    AdjustedForce,
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    Remark,
    Resume,
    Stop,
)
from controller.safety.verdict import Action
from controller.session.inputs_and_effects import (
    Ask,
    Disarm,
    LinkGone,
    QuestionAnswered,
    ReadingTaken,
    SettleAlarm,
    StopRequested,
    Tell,
    session_ms,
)
from controller.telemetry import CommandKind, UnitState
from tests.support.typed import now
from tests.unit.controller.session.machine_bench import NO, STATIC, TICK_S, WHO, YES, Bench, verdict


def test_slack_is_taken_up_slowly_until_three_readings_are_taut() -> None:
    bench = Bench()
    bench.tick()
    command = bench.machine.command(bench.now_s)
    assert (command.kind, command.force_n, command.rate_n_per_s) == (CommandKind.FOLLOW, 10.0, 2.0)
    bench.tick(2, force_n=6.0)
    bench.tick(1, force_n=4.9)
    bench.tick(2, force_n=5.0)
    assert now(bench.machine.phase) is Phase.TAKING_UP_SLACK
    bench.tick(1, force_n=5.0)
    assert now(bench.machine.phase) is Phase.PRETENSIONING


def test_slack_that_stays_slack_ends_in_a_release() -> None:
    bench = Bench()
    bench.tick(1 + 600, force_n=1.0)
    assert now(bench.machine.phase) is Phase.TAKING_UP_SLACK
    bench.tick(2, force_n=1.0)
    assert now(bench.machine.phase) is Phase.RELEASING
    assert bench.emitted(EventKind.RELEASE_ORDERED)[0]["reason"] == "slack not taken up in 30 s"


def test_pretension_waits_for_its_time_and_for_the_answer() -> None:
    bench = Bench().into_pretension()
    assert any(
        isinstance(e, Ask) and e.question is Question.PRETENSION_LOOKS_RIGHT for e in bench.effects
    )
    bench.tick(250, force_n=15.0)
    assert now(bench.machine.phase) is Phase.PRETENSIONING
    bench.give(QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, YES))
    bench.tick()
    assert now(bench.machine.phase) is Phase.RAMPING_UP


def test_pretension_without_an_answer_is_released_after_60_s() -> None:
    bench = Bench().into_pretension()
    bench.tick(1201, force_n=15.0)
    assert bench.machine.phase is Phase.RELEASING


def test_a_refused_pretension_is_released() -> None:
    bench = Bench().into_pretension()
    bench.give(
        QuestionAnswered(
            Question.PRETENSION_LOOKS_RIGHT, Answer(accepted=False, answered_by="P. Jones")
        )
    )
    assert bench.machine.phase is Phase.RELEASING


def test_ordered_minutes_are_never_one_tick_short() -> None:
    bench = Bench(treatment_s=60.0).into_treatment()
    bench.tick(1200, force_n=100.0)
    assert bench.machine.phase is Phase.RELEASING
    phases = [(e["from"], e["to"]) for e in bench.emitted(EventKind.PHASE_CHANGED)]
    assert phases[-2:] == [("ramping_up", "holding"), ("holding", "releasing")]


def test_command_follows_the_profile_at_the_time_it_leaves() -> None:
    bench = Bench().into_treatment()
    start_s = bench.now_s
    assert bench.machine.command(start_s + 1.0).force_n == 25.0
    assert bench.machine.command(start_s + 20.0).force_n == 102.0
    assert bench.machine.command(start_s).ceiling_n == 102.0


def test_normal_end_is_followed_to_idle() -> None:
    bench = Bench(treatment_s=60.0).into_treatment()
    bench.tick(1200, force_n=100.0)
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE
    bench.tick(1, unit_state=UnitState.RELEASING, force_n=60.0)
    bench.tick(1, unit_state=UnitState.ARMED, force_n=14.0)
    assert Disarm() in bench.effects
    assert bench.machine.command(bench.now_s).kind is CommandKind.OBSERVE
    bench.tick(1, unit_state=UnitState.IDLE, force_n=2.0)
    assert bench.machine.phase is Phase.COMPLETED
    assert bench.machine.ending.outcome == Outcome.COMPLETED


def test_a_verdict_releases_and_the_latched_unit_is_only_read() -> None:
    bench = Bench().into_treatment()
    bench.tick(300, force_n=100.0)
    assert bench.machine.hold_number == 1
    bench.give(verdict(Action.RELEASE_FAST, "patient_switch_pressed"))
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE_FAST
    assert bench.machine.hold_number == 0, "the treatment is over"
    bench.tick(1, unit_state=UnitState.SAFE_LATCHED, force_n=40.0)
    assert bench.machine.command(bench.now_s).kind is CommandKind.OBSERVE
    bench.tick(1, unit_state=UnitState.SAFE_LATCHED, force_n=9.0)
    assert bench.machine.phase is Phase.STOPPED
    assert bench.machine.ending.release_seen
    assert bench.machine.ending.reason == "patient switch pressed"


def test_a_release_can_only_become_stronger() -> None:
    bench = Bench().into_treatment()
    bench.give(StopRequested(Stop(by="SIGINT")))
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE
    bench.give(verdict(Action.CUT_POWER))
    assert bench.machine.command(bench.now_s).kind is CommandKind.CUT_POWER
    bench.give(verdict(Action.RELEASE_FAST))
    assert bench.machine.command(bench.now_s).kind is CommandKind.CUT_POWER
    assert bench.machine.ending.reason == "operator stop (SIGINT)"


def test_a_second_stop_makes_a_slow_release_fast() -> None:
    bench = Bench().into_treatment()
    bench.give(StopRequested(Stop(by="SIGINT")))
    bench.give(StopRequested(Stop(by="SIGINT", fast=True)))
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE_FAST
    actions = [acted["action"] for acted in bench.emitted(EventKind.OPERATOR_ACTED)]
    assert actions == ["stop", "stop_fast"]
    assert bench.machine.ending.reason == "operator stop (SIGINT)"


def test_a_hold_verdict_holds_and_a_silent_unit_is_given_up_after_the_release_time() -> None:
    bench = Bench().into_treatment()
    bench.give(verdict(Action.HOLD))
    assert bench.machine.command(bench.now_s).kind is CommandKind.HOLD
    bench.give(verdict(Action.RELEASE_FAST))
    for _ in range(int(8.0 / TICK_S) + 1):
        bench.now_s += TICK_S
        bench.give(ReadingTaken(None))
        if bench.machine.finished:
            break
    assert bench.machine.phase is Phase.FAULTED
    assert bench.machine.ending.outcome == Outcome.LINK_LOST
    assert len(bench.emitted(EventKind.RELEASE_NOT_OBSERVED)) == 1


def test_a_slow_normal_release_becomes_fast() -> None:
    bench = Bench().into_treatment()
    bench.give(StopRequested(Stop(by="P. Jones")))
    bench.tick(int((8.0 + 102.0 / 20.0) / TICK_S) + 2, unit_state=UnitState.RELEASING, force_n=60.0)
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE_FAST


def test_a_vanished_port_ends_the_session_at_once() -> None:
    bench = Bench().into_treatment()
    bench.give(LinkGone("port vanished"))
    assert bench.machine.phase is Phase.FAULTED
    assert bench.machine.ending.outcome == Outcome.LINK_LOST
    with pytest.raises(IllegalTransition):
        bench.give(ReadingTaken(None))


def test_final_phases_lead_nowhere_and_every_phase_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert all(not TRANSITIONS[phase] for phase in FINAL_PHASES)


def test_session_ms_does_not_lose_a_millisecond_to_binary_fractions() -> None:
    assert [session_ms(1000.0 + n * 0.05, 1000.0) for n in range(2001)] == [
        n * 50 for n in range(2001)
    ]


# --- modes ------------------------------------------------------------------------------------


def test_stages_are_named_on_each_phase_change() -> None:
    bench = Bench(**STATIC, treatment_s=60.0, progressive_steps=1, regressive_steps=1, step_s=30.0)
    bench.into_treatment().seconds(120.0)
    assert bench.machine.phase is Phase.RELEASING
    changes = [(e["stage"], e["to"]) for e in bench.emitted(EventKind.PHASE_CHANGED)][2:]
    assert changes == [
        ("progressive", "ramping_up"),
        ("progressive", "holding"),
        ("treatment", "ramping_up"),
        ("treatment", "holding"),
        ("regressive", "ramping_down"),
        ("regressive", "holding"),
        ("preparation", "releasing"),
    ]


def test_a_cyclic_treatment_reaches_its_force_without_holding_it() -> None:
    bench = Bench(mode=Mode.CYCLIC, hold_s=20.0, rest_s=20.0).into_treatment()
    bench.seconds(19.9)
    assert not bench.machine.ending.reached_holding
    bench.seconds(0.2)
    assert bench.machine.phase is Phase.RAMPING_DOWN
    assert bench.machine.ending.reached_holding


# --- pause and resume -------------------------------------------------------------------------


def test_a_pause_holds_the_force_and_the_clock() -> None:
    bench = Bench().into_treatment()
    bench.seconds(5.0)
    held_n = bench.target_n
    bench.ask(Pause(by=WHO, reason="head turned"))
    elapsed_s = bench.machine.treatment_elapsed_s(bench.now_s)
    bench.seconds(59.0)
    assert bench.target_n == held_n == 65.0
    assert bench.machine.treatment_elapsed_s(bench.now_s) == elapsed_s == pytest.approx(5.0)
    assert bench.course.since_start_s == pytest.approx(64.0)
    assert bench.emitted(EventKind.PAUSED) == [
        {"by": WHO, "reason": "head turned", "target_dn": 650, "treatment_ms": 5000}
    ]


def test_a_short_pause_resumes_where_it_was_without_a_question() -> None:
    bench = Bench().into_treatment()
    bench.seconds(5.0)
    bench.ask(Pause(by=WHO))
    bench.seconds(30.0)
    bench.ask(Resume(by="A. Example, PT"))
    bench.tick()
    assert bench.machine.phase is Phase.RAMPING_UP
    assert bench.asked() == [Question.PRETENSION_LOOKS_RIGHT]
    bench.seconds(1.0)
    assert bench.target_n == 75.0
    assert bench.emitted(EventKind.RESUMED) == [
        {"by": "A. Example, PT", "confirmed_by": "", "from_dn": 650, "to_dn": 650}
    ]


def test_the_treatment_is_as_long_as_ordered_whatever_was_paused() -> None:
    bench = Bench(treatment_s=60.0).into_treatment()
    bench.seconds(10.0)
    bench.ask(Pause(by=WHO))
    bench.seconds(20.0)
    bench.ask(Resume(by=WHO))
    bench.tick()
    bench.seconds(49.95)
    assert now(bench.machine.phase) is Phase.HOLDING
    bench.tick()
    assert now(bench.machine.phase) is Phase.RELEASING
    assert bench.machine.ending.outcome == Outcome.COMPLETED


def test_a_pause_of_60_s_regresses_to_the_pretension_and_is_released_after_5_min() -> None:
    bench = Bench().into_pause()
    bench.seconds(59.95)
    assert bench.target_n == 102.0
    bench.seconds(0.05 + 1.0)
    assert bench.target_n == pytest.approx(82.0)
    bench.seconds(4.0)
    assert bench.target_n == 15.0
    assert bench.emitted(EventKind.PAUSE_REGRESSED) == [{}]
    assert "pause_regressed" in bench.alarms()
    bench.seconds(298.0)
    assert now(bench.machine.phase) is Phase.PAUSED
    bench.seconds(3.0)
    assert now(bench.machine.phase) is Phase.RELEASING
    assert bench.machine.ending.reason == "pause longer than 5 min at the pretension"


def test_a_resume_that_raises_the_force_asks_first_and_ramps_back() -> None:
    bench = Bench().into_pause()
    bench.seconds(70.0)
    bench.ask(Resume(by=WHO))
    assert bench.asked()[-1] is Question.RESUME_RAISES_FORCE
    bench.seconds(2.0)
    assert bench.target_n == 15.0
    bench.give(QuestionAnswered(Question.RESUME_RAISES_FORCE, YES))
    before_s = bench.machine.treatment_elapsed_s(bench.now_s)
    bench.seconds(4.0)
    assert bench.target_n == pytest.approx(55.0)
    assert now(bench.machine.phase) is Phase.PAUSED
    assert bench.machine.treatment_elapsed_s(bench.now_s) == before_s
    bench.seconds(5.0)
    assert now(bench.machine.phase) is Phase.HOLDING
    assert bench.target_n == 102.0
    assert bench.emitted(EventKind.RESUMED)[0]["confirmed_by"] == WHO


def test_a_refused_resume_stays_paused_and_an_unanswered_one_is_released() -> None:
    bench = Bench().into_pause()
    bench.seconds(70.0)
    bench.ask(Resume(by=WHO))
    bench.give(QuestionAnswered(Question.RESUME_RAISES_FORCE, NO))
    bench.seconds(61.0)
    assert now(bench.machine.phase) is Phase.PAUSED
    bench.ask(Resume(by=WHO))
    bench.seconds(60.1)
    assert now(bench.machine.phase) is Phase.RELEASING
    assert bench.machine.ending.reason == "resume not confirmed in 60 s"
    assert "answer_missing" in bench.alarms()


def test_a_second_resume_is_refused_while_the_first_is_under_way() -> None:
    bench = Bench().into_pause()
    bench.seconds(70.0)
    bench.ask(Resume(by=WHO))
    effects = bench.ask(Resume(by=WHO))
    assert Tell("resume refused: the treatment is on its way back already") in effects


# --- adjustments ------------------------------------------------------------------------------


def test_a_decrease_ramps_down_at_once_and_lowers_the_ceiling_after_it() -> None:
    bench = Bench().into_hold()
    bench.ask(AdjustForce(by=WHO, change_n=-12.0, reason="pain"))
    assert bench.machine.phase is Phase.RAMPING_DOWN
    assert bench.machine.ceiling_n == 102.0
    bench.seconds(0.3)
    assert bench.target_n == pytest.approx(96.0)
    bench.seconds(0.4)
    assert (bench.target_n, bench.machine.phase) == (90.0, Phase.HOLDING)
    bench.seconds(2.0)
    assert bench.machine.ceiling_n == 90.0
    assert bench.emitted(EventKind.FORCE_ADJUSTED) == [
        {"by": WHO, "reason": "pain", "force": "hold", "old_force_dn": 1020, "new_force_dn": 900}
    ]


def test_an_increase_follows_the_rules_and_ends_at_the_order_s_maximum() -> None:
    bench = Bench(maximum_force_n=115.0).into_hold()
    bench.ask(AdjustForce(by=WHO, change_n=10.0, reason="tolerates it well"))
    assert bench.machine.phase is Phase.RAMPING_UP
    bench.seconds(1.0)
    assert (bench.target_n, bench.machine.ceiling_n) == (112.0, 112.0)
    for change_n, said in ((3.0, "the last increase was 1.0 s ago"), (3.0, ""), (3.0, "115 N")):
        before = len(bench.emitted(EventKind.REQUEST_REFUSED))
        bench.ask(AdjustForce(by=WHO, change_n=change_n, reason="once more"))
        refused = bench.emitted(EventKind.REQUEST_REFUSED)[before:]
        assert [said in str(r["reason"]) for r in refused] == ([True] if said else [])
        bench.seconds(2.5)
    assert bench.target_n == 115.0


def test_an_adjustment_does_not_count_as_another_hold() -> None:
    bench = Bench().into_hold()
    bench.ask(AdjustForce(by=WHO, change_n=-5.0))
    bench.seconds(5.0)
    assert bench.machine.hold_number == 1


def test_a_pause_on_the_way_down_never_orders_more_than_its_ceiling() -> None:
    """The unit refuses a set-point above 0x206, and a refused order ends a session."""
    bench = Bench().into_hold()
    bench.ask(AdjustForce(by=WHO, change_n=-30.0))
    bench.seconds(0.5)
    bench.ask(Pause(by=WHO))
    for _ in range(200):
        bench.tick()
        command = bench.machine.command(bench.now_s + TICK_S)
        assert command.force_n <= command.ceiling_n
    assert command.force_n > 72.0, "the pause holds what it found"


def test_a_decrease_before_the_treatment_is_where_the_treatment_goes() -> None:
    bench = Bench().into_pretension()
    bench.ask(AdjustForce(by=WHO, change_n=-22.0))
    bench.give(QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, YES))
    bench.seconds(10.0)
    bench.seconds(20.0)
    assert (bench.machine.phase, bench.target_n) == (Phase.HOLDING, 80.0)


def test_a_decrease_in_a_pause_lowers_the_held_force_and_needs_no_question_to_resume() -> None:
    bench = Bench().into_pause()
    bench.ask(AdjustForce(by=WHO, change_n=-22.0))
    bench.seconds(2.0)
    assert bench.target_n == 80.0
    bench.ask(Resume(by=WHO))
    bench.tick()
    assert (bench.machine.phase, bench.target_n) == (Phase.HOLDING, 80.0)


def test_an_increase_in_a_pause_is_confirmed_at_the_resume() -> None:
    bench = Bench(maximum_force_n=110.0).into_pause()
    bench.ask(AdjustForce(by=WHO, change_n=8.0, reason="ordered"))
    bench.seconds(1.0)
    assert bench.target_n == 102.0
    bench.ask(Resume(by=WHO))
    assert bench.asked()[-1] is Question.RESUME_RAISES_FORCE
    bench.give(QuestionAnswered(Question.RESUME_RAISES_FORCE, YES))
    bench.seconds(2.0)
    assert (bench.machine.phase, bench.target_n) == (Phase.HOLDING, 110.0)


def test_a_changed_rest_force_is_felt_in_the_next_rest() -> None:
    bench = Bench().into_hold()
    bench.ask(AdjustForce(by=WHO, change_n=-11.0, force=AdjustedForce.REST))
    assert bench.machine.phase is Phase.HOLDING
    bench.seconds(45.0)
    assert (bench.machine.phase, bench.target_n) == (Phase.RESTING, 40.0)


def test_an_adjustment_does_not_enter_the_phase_that_goes_on() -> None:
    bench = Bench().into_hold()
    entered = bench.emitted(EventKind.PHASE_CHANGED)
    bench.ask(AdjustForce(by=WHO, change_n=-11.0, force=AdjustedForce.REST))
    assert bench.emitted(EventKind.PHASE_CHANGED) == entered


# --- words, check-ins and the end -------------------------------------------------------------


def test_check_ins_and_remarks_are_recorded_with_their_words() -> None:
    bench = Bench().into_hold()
    assert SettleAlarm("check_in_due", "B. Example") in bench.ask(CheckIn(by="B. Example"))
    bench.ask(Remark(by=WHO, text="patient asleep"))
    assert bench.emitted(EventKind.CHECK_IN_RECORDED) == [{"by": "B. Example"}]
    assert bench.emitted(EventKind.REMARK_RECORDED) == [{"by": WHO, "text": "patient asleep"}]


def test_somebody_is_reminded_to_look_after_the_patient_every_5_min() -> None:
    bench = Bench().into_treatment()
    bench.seconds(299.9)
    assert bench.alarms() == []
    bench.seconds(0.2)
    assert bench.alarms() == ["check_in_due"]
    bench.ask(CheckIn(by=WHO))
    bench.seconds(299.9)
    assert bench.alarms() == ["check_in_due"]
    bench.seconds(0.2)
    assert bench.alarms() == ["check_in_due", "check_in_due"]


def test_an_early_end_is_a_normal_release_and_says_who_and_why() -> None:
    bench = Bench().into_hold()
    bench.ask(EndEarly(by=WHO, reason="numb fingers"))
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE
    assert bench.machine.ending.outcome == Outcome.STOPPED
    assert bench.machine.ending.reason == f"ended early by {WHO}: numb fingers"
    assert bench.emitted(EventKind.OPERATOR_ACTED) == [
        {"action": "end_early", "by": WHO, "reason": "numb fingers"}
    ]


@settings(max_examples=40)
@given(st.data())
def test_no_request_makes_the_force_jump_or_exceed_what_is_allowed(data: st.DataObject) -> None:
    bench = Bench(maximum_force_n=112.0, hold_s=20.0, rest_s=15.0).into_treatment()
    last_n = bench.target_n
    requests = st.one_of(
        st.builds(Pause, by=st.just(WHO)),
        st.builds(Resume, by=st.just(WHO)),
        st.builds(
            AdjustForce,
            by=st.just(WHO),
            change_n=st.integers(-400, 120).map(lambda dn: dn / 10),
            reason=st.just("tried"),
            force=st.sampled_from(AdjustedForce),
        ),
    )
    for request in data.draw(st.lists(requests, min_size=1, max_size=8)):
        bench.ask(request)
        bench.give(QuestionAnswered(Question.RESUME_RAISES_FORCE, YES))
        for _ in range(data.draw(st.integers(1, 80))):
            bench.tick()
            target_n = bench.target_n
            assert -20.0 * TICK_S - 0.11 <= target_n - last_n <= 10.0 * TICK_S + 0.11
            assert target_n <= bench.machine.ceiling_n <= 112.0
            last_n = target_n

"""The machine from arming to the observed release, fed by hand."""

from __future__ import annotations

import pytest

from controller.errors import IllegalTransition
from controller.events import EventKind, Outcome
from controller.phases import FINAL_PHASES, TRANSITIONS, Phase
from controller.planner import plan
from controller.ports import Answer, CommandKind, Question
from controller.safety.verdict import Action, Finding, Verdict
from controller.session_machine import (
    Ask,
    Disarm,
    Effect,
    Emit,
    LinkGone,
    MachineInput,
    QuestionAnswered,
    ReadingTaken,
    SessionMachine,
    StopRequested,
    VerdictGiven,
    session_ms,
)
from controller.telemetry import UnitState
from tests.unit.controller.builders import prescription, reading

TICK_S = 0.05
YES = Answer(accepted=True, answered_by="P. Jones")


class Bench:
    """A machine, a time and everything that it asked for."""

    def __init__(self, **changes: object) -> None:
        order = prescription(**changes)
        self.machine = SessionMachine(order, plan(order), origin_s=1000.0)
        self.now_s = 1000.0
        self.effects: list[Effect] = []

    def give(self, happened: MachineInput) -> list[Effect]:
        effects = self.machine.handle(happened, self.now_s)
        self.effects += effects
        return effects

    def tick(self, ticks: int = 1, **changes: object) -> None:
        for _ in range(ticks):
            self.now_s += TICK_S
            self.give(ReadingTaken(reading(**changes)))

    def into_pretension(self) -> Bench:
        self.tick(4, force_n=9.0)
        assert self.machine.phase is Phase.PRETENSIONING
        return self

    def into_treatment(self) -> Bench:
        self.into_pretension()
        self.give(QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, YES))
        self.tick(200, force_n=15.0)
        assert self.machine.phase is Phase.RAMPING_UP
        return self

    def emitted(self, kind: EventKind) -> list[dict[str, object]]:
        return [dict(e.detail) for e in self.effects if isinstance(e, Emit) and e.kind is kind]


def verdict(action: Action, code: str = "link_silent") -> VerdictGiven:
    finding = Finding(
        hazard=1, code=code, action=action, measured=0.35, limit=0.3, unit="s", clears="x"
    )
    return VerdictGiven(Verdict(action=action, granted_force_n=0.0, findings=(finding,)))


def test_slack_is_taken_up_slowly_until_three_readings_are_taut() -> None:
    bench = Bench()
    bench.tick()
    command = bench.machine.command(bench.now_s)
    assert (command.kind, command.force_n, command.rate_n_per_s) == (CommandKind.FOLLOW, 10.0, 2.0)
    bench.tick(2, force_n=6.0)
    bench.tick(1, force_n=4.9)
    bench.tick(2, force_n=5.0)
    assert bench.machine.phase is Phase.TAKING_UP_SLACK
    bench.tick(1, force_n=5.0)
    assert bench.machine.phase is Phase.PRETENSIONING


def test_slack_that_stays_slack_ends_in_a_release() -> None:
    bench = Bench()
    bench.tick(1 + 600, force_n=1.0)
    assert bench.machine.phase is Phase.TAKING_UP_SLACK
    bench.tick(2, force_n=1.0)
    assert bench.machine.phase is Phase.RELEASING
    assert bench.emitted(EventKind.RELEASE_ORDERED)[0]["reason"] == "slack not taken up in 30 s"


def test_pretension_waits_for_its_time_and_for_the_answer() -> None:
    bench = Bench().into_pretension()
    assert any(
        isinstance(e, Ask) and e.question is Question.PRETENSION_LOOKS_RIGHT for e in bench.effects
    )
    bench.tick(250, force_n=15.0)
    assert bench.machine.phase is Phase.PRETENSIONING
    bench.give(QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, YES))
    bench.tick()
    assert bench.machine.phase is Phase.RAMPING_UP


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
    bench.give(verdict(Action.RELEASE_FAST, "patient_switch_pressed"))
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE_FAST
    pressed = bench.emitted(EventKind.PATIENT_STOP_PRESSED)
    assert pressed == [{"force_dn": 1000, "hold_number": 1, "phase": "holding"}]
    bench.tick(1, unit_state=UnitState.SAFE_LATCHED, force_n=40.0)
    assert bench.machine.command(bench.now_s).kind is CommandKind.OBSERVE
    bench.tick(1, unit_state=UnitState.SAFE_LATCHED, force_n=9.0)
    assert bench.machine.phase is Phase.STOPPED
    assert bench.machine.ending.reason == "patient switch pressed"


def test_a_release_can_only_become_stronger() -> None:
    bench = Bench().into_treatment()
    bench.give(StopRequested("SIGINT"))
    assert bench.machine.command(bench.now_s).kind is CommandKind.RELEASE
    bench.give(verdict(Action.CUT_POWER))
    assert bench.machine.command(bench.now_s).kind is CommandKind.CUT_POWER
    bench.give(verdict(Action.RELEASE_FAST))
    assert bench.machine.command(bench.now_s).kind is CommandKind.CUT_POWER
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
    bench.give(StopRequested("P. Jones"))
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

"""The full product of phases and inputs: each pair does what the table says, and nothing else."""

from __future__ import annotations

import pytest

from controller.errors import IllegalTransition
from controller.events import EventKind
from controller.order.phases import FINAL_PHASES, Phase
from controller.questions import Question
from controller.requests import AdjustForce, CheckIn, EndEarly, Pause, Remark, Resume, Stop
from controller.safety.verdict import Action, Verdict
from controller.session.inputs_and_effects import (
    ArmingFailed,
    LinkGone,
    MachineInput,
    QuestionAnswered,
    ReadingTaken,
    Requested,
    StopRequested,
    VerdictGiven,
)
from tests.unit.controller.builders import reading
from tests.unit.controller.session.machine_bench import NO, REACH, WHO, YES, Bench, verdict

INPUTS: dict[str, MachineInput] = {
    "reading": ReadingTaken(reading()),
    "no reading": ReadingTaken(None),
    "allow": VerdictGiven(Verdict(action=Action.ALLOW)),
    "hold": verdict(Action.HOLD),
    "release": verdict(Action.RELEASE),
    "release fast": verdict(Action.RELEASE_FAST),
    "cut power": verdict(Action.CUT_POWER),
    "pretension yes": QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, YES),
    "pretension no": QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, NO),
    "resume yes": QuestionAnswered(Question.RESUME_RAISES_FORCE, YES),
    "resume no": QuestionAnswered(Question.RESUME_RAISES_FORCE, NO),
    "stop": StopRequested(Stop(by=WHO)),
    "arming failed": ArmingFailed("no answer"),
    "free says a person": QuestionAnswered(Question.RELEASE_NOT_SEEN, YES),
    "not free says a person": QuestionAnswered(Question.RELEASE_NOT_SEEN, NO),
    "link gone": LinkGone("port vanished"),
    "pause": Requested(Pause(by=WHO)),
    "resume": Requested(Resume(by=WHO)),
    "less": Requested(AdjustForce(by=WHO, change_n=-5.0)),
    "more": Requested(AdjustForce(by=WHO, change_n=5.0, reason="ordered")),
    "check": Requested(CheckIn(by=WHO)),
    "remark": Requested(Remark(by=WHO, text="quiet")),
    "end": Requested(EndEarly(by=WHO)),
}
REFUSED = "refused"
"""Stands where the request is refused by name and the phase stays."""

A, S, P = Phase.ARMED, Phase.TAKING_UP_SLACK, Phase.PRETENSIONING
U, H, D, R = Phase.RAMPING_UP, Phase.HOLDING, Phase.RAMPING_DOWN, Phase.RESTING
Z, X, F = Phase.PAUSED, Phase.RELEASING, Phase.FAULTED
PHASES = (A, S, P, U, H, D, R, Z, X)
NAY = REFUSED

TABLE: dict[str, tuple[Phase | str, ...]] = {
    #                  A    S    P    U    H    D    R    Z    X
    "reading": (S, S, P, U, H, D, R, Z, X),
    "no reading": (S, S, P, U, H, D, R, Z, X),
    "allow": (A, S, P, U, H, D, R, Z, X),
    "hold": (A, S, P, U, H, D, R, Z, X),
    "release": (X, X, X, X, X, X, X, X, X),
    "release fast": (X, X, X, X, X, X, X, X, X),
    "cut power": (X, X, X, X, X, X, X, X, X),
    "pretension yes": (A, S, P, U, H, D, R, Z, X),
    "pretension no": (X, X, X, X, X, X, X, X, X),
    "resume yes": (A, S, P, U, H, D, R, Z, X),
    "resume no": (A, S, P, U, H, D, R, Z, X),
    "stop": (X, X, X, X, X, X, X, X, X),
    "arming failed": (X, X, X, X, X, X, X, X, X),
    "free says a person": (A, S, P, U, H, D, R, Z, F),
    "not free says a person": (A, S, P, U, H, D, R, Z, X),
    "link gone": (F, F, F, F, F, F, F, F, F),
    "pause": (NAY, NAY, NAY, Z, Z, Z, Z, NAY, NAY),
    "resume": (NAY, NAY, NAY, NAY, NAY, NAY, NAY, Z, NAY),
    "less": (A, S, P, U, D, D, R, Z, NAY),
    "more": (NAY, NAY, NAY, U, U, D, R, Z, NAY),
    "check": (A, S, P, U, H, D, R, Z, X),
    "remark": (A, S, P, U, H, D, R, Z, X),
    "end": (X, X, X, X, X, X, X, X, NAY),
}


def test_the_table_names_every_input_and_every_phase_of_the_machine() -> None:
    assert set(TABLE) == set(INPUTS)
    assert {*PHASES, *FINAL_PHASES} == set(REACH)
    assert set(Phase) - set(REACH) == {Phase.IDLE, Phase.CHECKING, Phase.OBSERVING}


def reached(phase: Phase) -> Bench:
    bench = REACH[phase]()
    assert bench.machine.phase is phase
    return bench


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", list(INPUTS))
def test_each_input_in_each_phase(name: str, phase: Phase) -> None:
    bench = reached(phase)
    expected = TABLE[name][PHASES.index(phase)]
    before = len(bench.emitted(EventKind.REQUEST_REFUSED))
    bench.give(INPUTS[name])
    refused = bench.emitted(EventKind.REQUEST_REFUSED)[before:]
    assert bench.machine.phase is (phase if expected == REFUSED else expected)
    assert len(refused) == (expected == REFUSED)
    for refusal in refused:
        assert refusal["by"] == WHO
        assert phase.label.replace("_", " ") in str(refusal["reason"])


@pytest.mark.parametrize("phase", sorted(FINAL_PHASES))
@pytest.mark.parametrize("name", list(INPUTS))
def test_nothing_is_heard_in_a_final_phase(name: str, phase: Phase) -> None:
    bench = reached(phase)
    with pytest.raises(IllegalTransition, match=phase.label):
        bench.give(INPUTS[name])
    assert bench.machine.phase is phase

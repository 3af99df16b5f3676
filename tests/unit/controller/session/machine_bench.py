"""A session machine that is fed by hand, and how to bring it into each of its phases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.event_details.codec import encode_fields
from controller.events import EventKind
from controller.order.phases import Phase
from controller.order.planner import plan
from controller.order.prescription import Mode
from controller.questions import Answer, Question
from controller.requests import Pause, Stop, TreatmentRequest
from controller.safety.verdict import Action, Finding, Verdict
from controller.session.course import Course
from controller.session.inputs_and_effects import (
    Ask,
    Effect,
    Emit,
    LinkGone,
    MachineInput,
    QuestionAnswered,
    RaiseAlarm,
    ReadingTaken,
    Requested,
    StopRequested,
    VerdictGiven,
)
from controller.session.machine import SessionMachine
from controller.telemetry import UnitState
from tests.unit.controller.builders import prescription, reading

TICK_S = 0.05
WHO = "P. Jones"
YES = Answer(accepted=True, answered_by=WHO)
NO = Answer(accepted=False, answered_by=WHO)
STATIC: dict[str, Any] = {"mode": Mode.STATIC, "rest_force_n": 0.0, "hold_s": 0.0, "rest_s": 0.0}


class Bench:
    """A machine, a time and everything that it asked for."""

    def __init__(self, **changes: Any) -> None:
        order = prescription(**changes)
        self.machine = SessionMachine(plan(order), origin_s=1000.0)
        self.now_s = 1000.0
        self.number = 0
        self.effects: list[Effect] = []

    def give(self, happened: MachineInput) -> list[Effect]:
        effects = self.machine.handle(happened, self.now_s)
        self.effects += effects
        return effects

    def ask(self, request: TreatmentRequest) -> list[Effect]:
        return self.give(Requested(request))

    def tick(self, ticks: int = 1, **changes: Any) -> None:
        for _ in range(ticks):
            self.now_s += TICK_S
            self.number += 1
            self.give(ReadingTaken(reading(sample_number=self.number, **changes)))

    def seconds(self, seconds: float) -> None:
        self.tick(round(seconds / TICK_S))

    @property
    def target_n(self) -> float:
        return self.machine.command(self.now_s).force_n

    @property
    def course(self) -> Course:
        return self.machine.course(self.now_s)

    def emitted(self, kind: EventKind) -> list[dict[str, object]]:
        return [
            dict(encode_fields(e.said))
            for e in self.effects
            if isinstance(e, Emit) and e.said.KIND is kind
        ]

    def alarms(self) -> list[str]:
        return [e.code for e in self.effects if isinstance(e, RaiseAlarm)]

    def asked(self) -> list[Question]:
        return [e.question for e in self.effects if isinstance(e, Ask)]

    # --- ways into the phases -----------------------------------------------------------------

    def into_slack(self) -> Bench:
        self.tick()
        return self

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

    def into_hold(self) -> Bench:
        self.into_treatment().seconds(20.0)
        assert self.machine.phase is Phase.HOLDING
        return self

    def into_pause(self) -> Bench:
        self.into_hold().ask(Pause(by=WHO))
        assert self.machine.phase is Phase.PAUSED
        return self

    def into_release(self) -> Bench:
        self.into_hold().give(StopRequested(Stop(by=WHO)))
        assert self.machine.phase is Phase.RELEASING
        return self


def _bench(**changes: Any) -> Bench:
    return Bench(maximum_force_n=110.0, **changes)


def _after(start: Callable[[Bench], Bench], *steps: Callable[[Bench], object]) -> Bench:
    bench = start(_bench(treatment_s=120.0))
    for step in steps:
        step(bench)
    return bench


REACH: dict[Phase, Callable[[], Bench]] = {
    Phase.ARMED: _bench,
    Phase.TAKING_UP_SLACK: lambda: _bench().into_slack(),
    Phase.PRETENSIONING: lambda: _bench().into_pretension(),
    Phase.RAMPING_UP: lambda: _bench().into_treatment(),
    Phase.HOLDING: lambda: _bench().into_hold(),
    Phase.RAMPING_DOWN: lambda: _after(Bench.into_treatment, lambda b: b.seconds(61.0)),
    Phase.RESTING: lambda: _after(Bench.into_treatment, lambda b: b.seconds(70.0)),
    Phase.PAUSED: lambda: _bench().into_pause(),
    Phase.RELEASING: lambda: _bench().into_release(),
    Phase.COMPLETED: lambda: _after(
        Bench.into_treatment,
        lambda b: b.seconds(120.0),
        lambda b: b.tick(2, unit_state=UnitState.ARMED, force_n=10.0, second_force_n=10.0),
        lambda b: b.tick(1, unit_state=UnitState.IDLE, force_n=1.0, second_force_n=1.0),
    ),
    Phase.STOPPED: lambda: _after(
        Bench.into_release,
        lambda b: b.tick(2, unit_state=UnitState.SAFE_LATCHED, force_n=10.0, second_force_n=10.0),
    ),
    Phase.FAULTED: lambda: _after(Bench.into_hold, lambda b: b.give(LinkGone("port vanished"))),
}
"""Every phase that the machine knows; idle and checking come before it (controller.runtime)."""


def verdict(action: Action, code: str = "link_silent") -> VerdictGiven:
    finding = Finding(
        hazard=1, code=code, action=action, measured=0.35, limit=0.3, unit="s", clears="x"
    )
    return VerdictGiven(Verdict(action=action, findings=(finding,)))

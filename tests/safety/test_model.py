"""A search for a path around the supervisor: session machine and supervisor as the loop joins them.

Readings, link, host, operator and the core's own wishes are chosen by the search. After a stop the
unit's regulator wants to wind in as much as the motion grant allows: the worst one there is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from controller.errors import IllegalTransition
from controller.phases import Phase
from controller.planner import plan
from controller.ports import RELEASING_KINDS, Answer, CommandKind, ForceCommand, Question
from controller.requests import Stop
from controller.safety.limits import SafetyLimits
from controller.safety.motion_grant import inward_step_mm
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import Action, Verdict
from controller.session_machine import (
    LinkGone,
    MachineInput,
    QuestionAnswered,
    ReadingTaken,
    SessionMachine,
    StopRequested,
    VerdictGiven,
)
from controller.telemetry import Telemetry, UnitState
from tests.unit.controller.builders import health, prescription, reading
from tests.unit.controller.safety.causes import CAUSES

TICK_S = 0.05
LIMIT_N = 60.0
LIMITS = SafetyLimits().narrowed(force_n=LIMIT_N, rise_n=20.0, pull_mm=80.0, capacity_n=500.0)
WEAKEST = {
    Action.RELEASE: CommandKind.RELEASE,
    Action.RELEASE_FAST: CommandKind.RELEASE_FAST,
    Action.CUT_POWER: CommandKind.CUT_POWER,
}
STRENGTH = [CommandKind.RELEASE, CommandKind.RELEASE_FAST, CommandKind.CUT_POWER]


class SessionModel(RuleBasedStateMachine):
    """One session; ``commands`` are all that the unit was sent."""

    def __init__(self) -> None:
        super().__init__()
        order = prescription(
            hold_force_n=LIMIT_N, rest_force_n=20.0, hold_s=8.0, rest_s=6.0, treatment_s=60.0
        )
        self.now_s, self.number = 1000.0, 10
        self.position_mm, self.force_n, self.setpoint_n = 0.0, 6.0, 10.0
        self.excess_n = 0.0
        self.machine = SessionMachine(order, plan(order), origin_s=self.now_s)
        self.supervisor = Supervisor(
            LIMITS, self._reading({}), self.now_s, release_rate_n_per_s=20.0
        )
        self.command = self._granted(self.machine.command(self.now_s))
        self.commands: list[ForceCommand] = []
        self.verdict: Verdict | None = None
        self.released = False

    # --- the loop's joints ----------------------------------------------------------------------

    def _granted(self, wanted: ForceCommand) -> ForceCommand:
        excess_n = self.excess_n * (wanted.kind is CommandKind.FOLLOW)
        return self.supervisor.narrowed(replace(wanted, force_n=wanted.force_n + excess_n))

    def _reading(self, changes: dict[str, Any]) -> Telemetry:
        noise_n = 0.1 * (self.number % 2)
        values: dict[str, Any] = {
            "force_n": self.force_n + noise_n,
            "setpoint_in_effect_n": self.setpoint_n,
            "extension_mm": self.position_mm,
            "sequence_accepted": self.number,
            "uptime_s": self.now_s,
            "taken_at_s": self.now_s,
            "unit_state": UnitState.RELEASING if self._releasing() else UnitState.TRACKING,
            **changes,
        }
        net_n = values["force_n"]
        values.setdefault("second_force_n", net_n)
        values.setdefault("gross_force_n", net_n)
        return reading(sample_number=self.number, **values)

    def _releasing(self) -> bool:
        return hasattr(self, "command") and self.command.kind in RELEASING_KINDS

    def _apply(self, happened: MachineInput) -> None:
        was_releasing = self.machine.releasing
        self.machine.handle(happened, self.now_s)
        if self.machine.releasing and not self.machine.finished:
            command = self.supervisor.narrowed(self.machine.command(self.now_s))
            if not was_releasing or command.kind is not self.command.kind:
                self.supervisor.sent(command, self.now_s)
                self._send(command)

    def _send(self, command: ForceCommand) -> None:
        """The unit gets a command and moves as far as the grant lets it."""
        self.command = command
        self.commands.append(command)
        if command.kind is CommandKind.FOLLOW:
            self.setpoint_n = command.force_n
            eager = self.force_n < command.force_n - 0.5 or self.supervisor.latched
            self.position_mm += inward_step_mm(
                LIMITS,
                force_n=self.force_n,
                age_s=0.0,
                granted_force_n=command.force_n,
                latched=self.supervisor.latched,
                tick_s=TICK_S,
            ) * (0.05 if eager else 0.0)
            self.force_n += 0.3 * (command.force_n - self.force_n)
        elif command.kind in RELEASING_KINDS:
            self.force_n = max(0.0, self.force_n - 2.0)
            self.position_mm -= 0.5

    def _tick(
        self, *, silent: bool = False, host: dict[str, Any] | None = None, **changes: Any
    ) -> None:
        self.now_s += TICK_S
        self.number += 1
        before_mm = self.position_mm
        latched_before = self.supervisor.latched
        self._send(self.command)
        seen = None if silent else self._reading(changes)
        self.verdict = self.supervisor.judge(
            seen, sent=self.command, health=health(**(host or {})), now_s=self.now_s
        )
        if self.verdict.findings or self.verdict.action is not Action.ALLOW:
            self._apply(VerdictGiven(self.verdict))
            self._check_obeyed(self.verdict)
        if not self.machine.finished:
            self._apply(ReadingTaken(seen))
        if latched_before >= Action.HOLD:
            assert self.position_mm <= before_mm, "wound in after a stop"
        if not self.machine.finished:
            self.command = self._granted(self.machine.command(self.now_s + TICK_S))

    def _check_obeyed(self, verdict: Verdict) -> None:
        """A stop is on the wire in the tick that decided it, and as strong as it was ordered."""
        if verdict.action < Action.RELEASE:
            return
        assert self.machine.releasing
        if not self.machine.finished:
            sent = [c.kind for c in self.commands if c.kind in RELEASING_KINDS][-1]
            assert STRENGTH.index(sent) >= STRENGTH.index(WEAKEST[verdict.action])

    # --- what can happen ------------------------------------------------------------------------

    @precondition(lambda self: not self.machine.finished)
    @rule(ticks=st.integers(1, 40))
    def all_is_well(self, ticks: int) -> None:
        for _ in range(ticks):
            if not self.machine.finished:
                self._tick()

    @precondition(lambda self: not self.machine.finished)
    @rule(
        cause=st.sampled_from(sorted(set(CAUSES) - {"order_too_high", "order_unsound"})),
        ticks=st.integers(1, 3),
    )
    def a_hazard(self, cause: str, ticks: int) -> None:
        tick = {key: value for key, value in CAUSES[cause].tick.items() if key != "step_s"}
        for _ in range(ticks):
            if not self.machine.finished:
                self._tick(**tick)

    @precondition(lambda self: not self.machine.finished)
    @rule(force_n=st.one_of(st.none(), st.floats(-100, 600)), host_s=st.floats(0, 20))
    def anything_is_read(self, force_n: float | None, host_s: float) -> None:
        self._tick(force_n=force_n, host={"journal_age_s": host_s})

    @precondition(lambda self: not self.machine.finished)
    @rule(ticks=st.integers(1, 10))
    def silence(self, ticks: int) -> None:
        for _ in range(ticks):
            if not self.machine.finished:
                self._tick(silent=True)

    @precondition(lambda self: not self.machine.finished)
    @rule(excess_n=st.floats(0.5, 500))
    def the_core_wants_too_much(self, excess_n: float) -> None:
        self.excess_n = excess_n
        self._tick()
        self._tick() if not self.machine.finished else None
        self.excess_n = 0.0

    @precondition(lambda self: not self.machine.finished)
    @rule(accepted=st.booleans())
    def the_operator_answers(self, accepted: bool) -> None:
        answer = Answer(accepted=accepted, answered_by="P. Jones")
        self._apply(QuestionAnswered(Question.PRETENSION_LOOKS_RIGHT, answer))
        if self.machine.releasing:
            kinds = {command.kind for command in self.commands}
            assert kinds & RELEASING_KINDS or self.machine.finished

    @precondition(lambda self: not self.machine.finished)
    @rule()
    def the_operator_stops(self) -> None:
        self._apply(StopRequested(Stop(by="P. Jones")))
        assert self.machine.releasing

    @precondition(lambda self: not self.machine.finished)
    @rule(sure=st.integers(0, 9))
    def the_port_vanishes(self, sure: int) -> None:
        if sure == 9:
            self._apply(LinkGone("the port vanished"))
            assert self.machine.finished

    @precondition(lambda self: self.machine.finished)
    @rule()
    def nothing_follows_the_end(self) -> None:
        with pytest.raises(IllegalTransition):
            self.machine.handle(ReadingTaken(None), self.now_s)

    # --- what must never be ---------------------------------------------------------------------

    @invariant()
    def no_command_is_above_the_limit(self) -> None:
        assert all(command.force_n <= LIMIT_N for command in self.commands)

    @invariant()
    def after_a_release_nothing_pulls_again(self) -> None:
        kinds = [command.kind for command in self.commands]
        first = next((at for at, kind in enumerate(kinds) if kind in RELEASING_KINDS), len(kinds))
        assert set(kinds[first:]) <= {*RELEASING_KINDS, CommandKind.OBSERVE}

    @invariant()
    def a_latched_stop_grants_no_force(self) -> None:
        if self.supervisor.latched >= Action.RELEASE:
            pull = ForceCommand(kind=CommandKind.FOLLOW, force_n=LIMIT_N)
            assert self.supervisor.narrowed(pull).kind in RELEASING_KINDS
            assert self.machine.releasing or self.machine.finished


TestSessionModel = SessionModel.TestCase
TestSessionModel.settings = settings(
    max_examples=50, stateful_step_count=25, deadline=None, derandomize=True
)


def test_the_model_reaches_a_treatment_and_its_end() -> None:
    """Without this the search might only ever see sessions that end in the slack take-up."""
    model = SessionModel()
    for _ in range(10):
        model.all_is_well(1)
    model.the_operator_answers(True)
    phases = set()
    for _ in range(1800):
        if not model.machine.finished:
            model.all_is_well(1)
            phases.add(model.machine.phase)
    assert {Phase.RAMPING_UP, Phase.HOLDING, Phase.RESTING, Phase.RELEASING} <= phases
    assert model.verdict is not None
    assert model.verdict.action is Action.ALLOW
    assert max(command.force_n for command in model.commands) == LIMIT_N

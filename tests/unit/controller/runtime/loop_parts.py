"""An obedient unit whose wire fails on demand and a person who can be asked, for loop tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from controller.errors import UnitRejected
from controller.events import EventKind
from controller.questions import Answer, Question
from controller.requests import AskedRequest, SessionRequest
from controller.runtime.clock import VirtualClock
from controller.session.inputs_and_effects import MachineInput
from controller.session.machine import SessionMachine
from controller.snapshot import Snapshot
from controller.telemetry import ForceCommand, Telemetry, UnitEvent, UnitState
from tests.safety.loop_bench import LoopBench, YesOperator, strength
from tests.safety.obedient_unit import ObedientUnit
from tests.support.asked_requests import with_ids
from tests.unit.controller.runtime.runtime_parts import unit_event

HOLD_S = 13.0
"""The treatment of the bench holds its 60 N from about 10 s to 18 s."""
LATCHED_WITH_FORCE: dict[str, Any] = {"unit_state": UnitState.SAFE_LATCHED, "force_n": 60.0}
LATCHED_FREE: dict[str, Any] = {"unit_state": UnitState.SAFE_LATCHED, "force_n": 0.0}


def nothing_fails(command: ForceCommand) -> None:
    """The wire is sound."""


class FailingUnit(ObedientUnit):
    """``failing`` raises what an exchange is to raise; ``disarm_failing`` is raised by a disarm.

    ``read_from`` keeps the first sequence of each read of the event ring.
    """

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.failing: Callable[[ForceCommand], None] = nothing_fails
        self.disarm_failing: Exception | None = None
        self.attempts: list[ForceCommand] = []
        self.tokenless_at_s: list[float] = []
        self.read_from: list[int] = []

    def exchange(self, command: ForceCommand) -> Telemetry:
        self.before_exchange()
        self.attempts.append(command)
        self.failing(command)
        before, self.before_exchange = self.before_exchange, lambda: None
        try:
            return super().exchange(command)
        finally:
            self.before_exchange = before

    def release_without_token(self) -> None:
        self.tokenless_at_s.append(self._clock.now_s())
        super().release_without_token()

    def disarm(self) -> None:
        super().disarm()
        if self.disarm_failing is not None:
            raise self.disarm_failing

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        self.read_from.append(first)
        return [unit_event(number) for number in range(first, first + count)]


class Person(YesOperator):
    """Keeps what was asked, said and shown; answers only what is in ``answers``."""

    def __init__(self, **answers: bool) -> None:
        super().__init__()
        self.answers = {"pretension_looks_right": True, **answers}
        self.queue: list[SessionRequest] = []
        self.asked: dict[Question, bool] = {}
        self.texts: list[str] = []
        self.told: list[str] = []
        self.shown: list[Snapshot] = []

    def ask(self, question: Question, text: str, *, person_only: bool = False) -> None:
        self.asked[question] = person_only
        self.texts.append(text)

    def answer(self, question: Question) -> Answer | None:
        accepted = self.answers.get(question.value)
        return None if accepted is None else Answer(accepted=accepted, answered_by="A. Person")

    def requests(self) -> Sequence[AskedRequest]:
        queued, self.queue = self.queue, []
        return [*super().requests(), *with_ids(queued)]

    def tell(self, text: str) -> None:
        self.told.append(text)

    def show(self, snapshot: Snapshot) -> None:
        self.shown.append(snapshot)


class Once:
    """True one time only, in the first exchange at or behind ``at_s``."""

    def __init__(self, at_s: float) -> None:
        self._at_s = at_s
        self._over = False

    def __call__(self, elapsed_s: float) -> bool:
        now = not self._over and elapsed_s >= self._at_s
        self._over |= now
        return now


class ForgetfulCore:
    """The real session machine; does not hear the inputs of the types in ``unheard``.

    ``claims_end`` says that it has finished when it has not.
    """

    def __init__(self, machine: SessionMachine) -> None:
        self._machine = machine
        self.unheard: tuple[type, ...] = ()
        self.claims_end = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)

    @property
    def finished(self) -> bool:
        return self.claims_end or self._machine.finished

    def handle(self, happened: MachineInput, now_s: float) -> Any:
        return [] if isinstance(happened, self.unheard) else self._machine.handle(happened, now_s)


class Bench(LoopBench):
    """A loop bench with a unit that can fail, a person, and a core that can forget."""

    unit: FailingUnit
    operator: Person

    def __init__(self, **parts: Any) -> None:
        self.forgetful: ForgetfulCore | None = None
        super().__init__(
            core=self._forgetting,
            operator=parts.pop("operator", None) or Person(),
            make_unit=FailingUnit,
            **parts,
        )

    def _forgetting(self, machine: SessionMachine) -> ForgetfulCore:
        self.forgetful = ForgetfulCore(machine)
        return self.forgetful

    @property
    def wrong_core(self) -> ForgetfulCore:
        """The core of this bench."""
        assert self.forgetful is not None
        return self.forgetful

    def run_until_over(self, each_exchange: Callable[[float], None]) -> Bench:
        """Run the loop alone; the clock stands where it ended. Failures are kept."""
        self.unit.before_exchange = lambda: each_exchange(self.clock.now_s() - self.started_s)
        try:
            self.loop.run()
        except (Exception, KeyboardInterrupt) as failure:
            self.failure = failure
        self.ended_s = self.clock.now_s() - self.started_s
        self.unit.before_exchange = lambda: None
        return self

    def refuse_releases(self, count: int) -> list[int]:
        """Let the unit refuse so many releases and show what it does; what is left is returned."""
        left = [0] * count

        def refuse(command: ForceCommand) -> None:
            if strength(command) and left:
                left.pop()
                self.unit.reading_after_refusal = self.unit.shown(self.clock.now_s())
                raise UnitRejected("not your token", exception_code=3)

        self.unit.failing = refuse
        return left

    def details(self, kind: Any) -> list[dict[str, Any]]:
        """Details of the recorded events of a kind, in order."""
        return [dict(event.detail) for event in self.journal.events if event.kind is kind]

    def sent_s(self, kind: Any) -> list[float]:
        """When commands of a kind left, seconds since the start."""
        return [at_s - self.started_s for at_s, command in self.unit.sent if command.kind is kind]

    def alarms(self) -> list[str]:
        """Codes of the alarms that were raised, in order."""
        return [detail["code"] for detail in self.details(EventKind.ALARM_RAISED)]

"""The real force loop with the real session machine, supervisor and recorder, and an obedient unit.

``breaches`` lists what must never happen, whatever was injected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from controller.order.planner import plan
from controller.order.prescription import Prescription
from controller.ports import NOBODY_WATCHES, Attendance
from controller.questions import Answer, Question
from controller.requests import AskedRequest, EndEarly, RequestSettled, Stop
from controller.runtime.clock import VirtualClock
from controller.runtime.lateness import Lateness
from controller.runtime.loop import ForceLoop
from controller.runtime.recorder import Recorder
from controller.runtime.session_ports import SessionPorts
from controller.runtime.supervision import session_limits
from controller.runtime.unit_events import UnitEventReader
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import RELEASE_STRENGTH, Action
from controller.session.inputs_and_effects import Ending
from controller.session.machine import SessionMachine
from controller.snapshot import SettledCheck, Snapshot
from controller.telemetry import CommandKind, ForceCommand
from tests.safety.obedient_unit import LIMIT_N, ORDER, RELEASED_N, STEP_S, ObedientUnit
from tests.support.asked_requests import with_ids
from tests.unit.controller.runtime.runtime_parts import ListJournal

SHORTER = {"session_s": 90.0, "dwell_s": 15.0}
"""A session of the bench lasts 66 s and keeps one force for at most 8 s: what is bounded in
minutes there is bounded in seconds here."""


class YesOperator:
    """Confirms everything except that a patient on the cord was freed.

    ``stop`` stops; ``ends`` asks once for the normal end of the treatment.
    """

    begun_by = "examiner"

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self.settled: list[tuple[str, RequestSettled]] = []
        self.watchers = NOBODY_WATCHES
        self.withdrawn: list[Question] = []
        self.leaving: str | None = None
        self.ends = False

    def ask(self, question: Question, text: str, *, person_only: bool = False) -> None:
        """Answer the question; every question is known in advance."""

    def answer(self, question: Question) -> Answer | None:
        if question.value.startswith("release"):
            return None
        return Answer(accepted=True, answered_by="examiner")

    def stop_requested(self) -> Stop | None:
        return self.stop

    def withdraw(self, question: Question) -> None:
        self.withdrawn.append(question)

    def attendance(self) -> Attendance:
        return self.watchers

    def leave_requested(self) -> str | None:
        return self.leaving

    def requests(self) -> Sequence[AskedRequest]:
        ends, self.ends = self.ends, False
        return with_ids([EndEarly(by="examiner")] if ends else [])

    def settle(self, request_id: str, outcome: RequestSettled) -> None:
        self.settled.append((request_id, outcome))

    def tell(self, text: str) -> None:
        """Ignore the text."""

    def tell_check(self, check: SettledCheck) -> None:
        """Ignore the check."""

    def show(self, snapshot: Snapshot) -> None:
        """Ignore the snapshot."""


class ListeningSupervisor(Supervisor):
    """The real supervisor; notes when it judged what, and the number of commands sent by then."""

    def __init__(self, *args: Any, unit: ObedientUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unit = unit
        self.judged: list[tuple[int, Action]] = []

    def judge(self, *args: Any, **kwargs: Any) -> Any:
        verdict = super().judge(*args, **kwargs)
        self.judged.append((len(self._unit.sent), verdict.action))
        return verdict


@dataclass
class LoopBench:
    """A loop that is ready to run, and its parts; the treatment is ended at ``ends_at_s``."""

    order: Prescription = ORDER
    core: Callable[[SessionMachine], Any] = lambda machine: machine
    ends_at_s: float | None = None
    clock: VirtualClock = field(default_factory=VirtualClock)
    journal: ListJournal = field(default_factory=ListJournal)
    operator: YesOperator = field(default_factory=YesOperator)
    lateness: Lateness = field(default_factory=Lateness)
    make_unit: Callable[[VirtualClock], ObedientUnit] = ObedientUnit
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.started_s = self.clock.now_s()
        self.unit = self.make_unit(self.clock)
        self.limits = session_limits(plan(self.order), self.unit.capabilities).narrowed(**SHORTER)
        recorder = Recorder(self.journal, self.clock, self.started_s)
        first = self.unit.find_order(LIMIT_N)
        self.supervisor = ListeningSupervisor(
            self.limits,
            first,
            self.started_s,
            release_rate_n_per_s=self.order.ramp_down_n_per_s,
            unit=self.unit,
        )
        planned = plan(self.order)
        self.machine = SessionMachine(planned, origin_s=self.started_s)
        self.ports = SessionPorts.of(self.unit, self.clock, recorder, self.operator, "session-1")
        self.loop = ForceLoop(
            ports=self.ports,
            machine=self.core(self.machine),
            supervisor=self.supervisor,
            events=UnitEventReader(self.unit, recorder, first),
            lateness=self.lateness,
        )

    def run(self, each_exchange: Callable[[float], None] | None = None) -> LoopBench:
        """Run to the end; ``each_exchange`` gets the seconds since the start before each one."""

        def before() -> None:
            elapsed_s = self.clock.now_s() - self.started_s
            if self.ends_at_s is not None and elapsed_s >= self.ends_at_s:
                self.operator.ends, self.ends_at_s = True, None
            if each_exchange is not None:
                each_exchange(elapsed_s)

        self.unit.before_exchange = before
        try:
            self.loop.run()
        except (Exception, KeyboardInterrupt) as failure:
            self.failure = failure
        self.ended_s = self.clock.now_s() - self.started_s
        self.unit.before_exchange = lambda: None
        self.clock.sleep_until(self.clock.now_s() + 60.0)
        self.unit.live_to(self.clock.now_s())
        return self

    @property
    def ending(self) -> Ending:
        """How the session machine says that it ended."""
        return self.machine.ending

    @property
    def commands(self) -> list[ForceCommand]:
        """All commands sent to the unit, in order."""
        return [command for _, command in self.unit.sent]

    @property
    def codes(self) -> set[str]:
        """The supervisor's findings."""
        details = [event.detail for event in self.journal.events]
        return {str(detail["code"]) for detail in details if "hazard" in detail}


def strength(command: ForceCommand) -> Action:
    """How strongly a command releases; ALLOW if it does not."""
    return RELEASE_STRENGTH.get(command.kind, Action.ALLOW)


def breaches(bench: LoopBench) -> list[str]:
    """The violations of what must never happen, in words; empty if there are none."""
    return [
        *_beyond_limits(bench),
        *_pulled_behind_a_release(bench),
        *_not_in_the_deciding_tick(bench),
        *_force_left_on(bench),
        *_wound_in_behind_a_release(bench),
    ]


def _beyond_limits(bench: LoopBench) -> list[str]:
    limits = bench.limits
    return [
        f"{command} goes beyond the session's limits"
        for command in bench.commands
        if not (
            0.0 <= command.force_n <= limits.force_n
            and 0.0 <= command.ceiling_n <= limits.force_n
            and 0.0 <= command.rate_n_per_s <= limits.rate_n_per_s
        )
    ]


def _first_release(bench: LoopBench) -> int:
    return next(
        (number for number, c in enumerate(bench.commands) if strength(c)), len(bench.commands)
    )


def _pulled_behind_a_release(bench: LoopBench) -> list[str]:
    behind = bench.commands[_first_release(bench) :]
    return [
        f"{command} behind a release"
        for command in behind
        if not strength(command) and command.kind is not CommandKind.OBSERVE
    ]


def _not_in_the_deciding_tick(bench: LoopBench) -> list[str]:
    """Check that after a verdict, before the next tick's exchange, a command as strong was sent.

    A unit that is only observed has released already: no command is owed to it.
    """
    commands, strongest, seen = bench.commands, Action.ALLOW, 0
    found = []
    judged = [*bench.supervisor.judged, (len(commands) + 1, Action.ALLOW)]
    for (sent, action), (next_sent, _) in pairwise(judged):
        last = max(sent, next_sent - 1)
        strongest = max([strongest, *map(strength, commands[seen:last])])
        seen = last
        looks_only = commands[sent - 1].kind is CommandKind.OBSERVE
        if action >= Action.RELEASE and strongest < action and not looks_only:
            found.append(f"{action.name} was decided behind command {sent} and not sent in it")
    return found[:3]


def _force_left_on(bench: LoopBench) -> list[str]:
    force_n = bench.unit.force_n
    return [f"{force_n:.0f} N at the end"] if force_n > RELEASED_N else []


def _wound_in_behind_a_release(bench: LoopBench) -> list[str]:
    number = _first_release(bench)
    if number == len(bench.commands) or bench.unit.deaf:
        return []
    at_s = bench.unit.sent[number][0] + STEP_S
    path_mm = [position for time_s, position, _ in bench.unit.path if time_s > at_s]
    wound = [after - before for before, after in pairwise(path_mm) if after > before + 1e-9]
    return [f"{sum(wound):.3f} mm wound in behind a release"] if wound else []

"""A search for a way around the supervisor, on the real force loop.

The search chooses readings, link, host, operator and the core; nothing of the loop is copied here
(``loop_bench``). Whatever happens: no order beyond the session's limits, a release on the wire in
the tick that decides it, nothing pulled or wound in after it, and no force at the end.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import controller.runtime.loop as loop_module
from controller.events import EventKind, Outcome
from controller.order.phases import Phase
from controller.requests import Stop
from controller.session.inputs_and_effects import ReadingTaken, VerdictGiven
from controller.session.machine import SessionMachine
from controller.telemetry import CommandKind, ForceCommand, UnitFault, UnitState, UnitStatus
from tests.safety.loop_bench import LoopBench, breaches, strength
from tests.safety.obedient_unit import LIMIT_N, RELEASED_N

SOUND_STATUS = UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.WATCHDOG_ARMED
RELEASE_TAIL_S = 30.0
"""From the decision to let go to the end of the loop, with everything that can go wrong in it."""
ENDED_EARLY_S = 18.0
"""In the second half of the first hold: the operator ends the treatment, to save time."""

GIVE_UP_S = 20.0
"""Here the loop gives a core up after so long, there after 10 minutes."""


@pytest.fixture(autouse=True, scope="module")
def impatient_loop() -> Iterator[None]:
    """Limits in minutes are limited to seconds here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop_module, "GIVE_UP_S", GIVE_UP_S)
        yield


# --- the search -------------------------------------------------------------------------------

READINGS: dict[str, dict[str, Any]] = {
    "pressed": {"status": SOUND_STATUS | UnitStatus.PATIENT_SWITCH_PRESSED},
    "unplugged": {"status": UnitStatus.WATCHDOG_ARMED},
    "emergency stop": {"status": SOUND_STATUS | UnitStatus.EMERGENCY_STOP_OPEN},
    "over force": {"force_n": 200.0},
    "no channel": {"force_n": None, "faults": UnitFault.CHANNEL_2_VALID},
    "no second channel": {"second_force_n": None},
    "channels apart": {"second_force_n": 90.0},
    "not a number": {"force_n": math.nan},
    "stuck": {"force_n": 33.0},
    "negative": {"force_n": -40.0},
    "stale": {"sample_number": 7},
    "old": {"sample_age_s": 0.4},
    "watchdog off": {"status": UnitStatus.PATIENT_SWITCH_PRESENT, "watchdog_left_s": 0.0},
    "local": {"unit_state": UnitState.LOCAL},
    "stopped": {"unit_state": UnitState.SAFE_LATCHED},
    "idle": {"unit_state": UnitState.IDLE},
    "foreign set-point": {"setpoint_in_effect_n": 90.0},
    "ahead": {"sequence_accepted": 4000},
    "refused": {"command_result": 3},
    "restarted": {"uptime_s": 1.0},
}
HAPPENINGS = (
    *READINGS,
    "well",
    "silent",
    "late",
    "core wants more",
    "stop",
    "fast stop",
    "gone",
)


@dataclass(frozen=True)
class Happening:
    """``what`` for so many exchanges, and then a period without faults of so many exchanges."""

    what: str
    exchanges: int
    well: int


HAPPENING = st.builds(
    Happening,
    what=st.sampled_from(HAPPENINGS),
    exchanges=st.integers(1, 20),
    well=st.integers(0, 120),
)


class Story:
    """Runs one happening after the other, exchange by exchange, then no faults to the end."""

    def __init__(self, bench: LoopBench, happenings: list[Happening]) -> None:
        self._bench = bench
        self._plan = deque(
            what
            for happening in happenings
            for what in [happening.what] * happening.exchanges + ["well"] * happening.well
        )
        self.excess_n = 0.0

    def step(self, _elapsed_s: float) -> None:
        """Called before each exchange."""
        bench, what = self._bench, self._plan.popleft() if self._plan else "well"
        bench.unit.changes = dict(READINGS.get(what, {}))
        bench.unit.silent = what == "silent"
        bench.unit.gone |= what == "gone"
        self.excess_n = 500.0 if what == "core wants more" else 0.0
        if what == "late":
            bench.clock.sleep_until(bench.clock.now_s() + 0.15)
        if what in ("stop", "fast stop"):
            bench.operator.stop = Stop(by="P. Jones", fast=what == "fast stop")


class WishfulCore:
    """The real session machine; requests more where the story says so."""

    def __init__(self, machine: SessionMachine, excess_n: Callable[[], float]) -> None:
        self._machine, self._excess_n = machine, excess_n

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)

    def command(self, leave_s: float) -> ForceCommand:
        command = self._machine.command(leave_s)
        return replace(command, force_n=command.force_n + self._excess_n())


@given(happenings=st.lists(HAPPENING, min_size=1, max_size=6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_story_leads_around_the_supervisor(happenings: list[Happening]) -> None:
    stories: list[Story] = []
    bench = LoopBench(
        core=lambda machine: WishfulCore(machine, lambda: stories[0].excess_n if stories else 0.0),
        ends_at_s=30.0,
    )
    stories.append(Story(bench, happenings))
    bench.run(stories[0].step)
    assert breaches(bench) == []
    assert bench.ended_s <= bench.limits.session_s + GIVE_UP_S + RELEASE_TAIL_S


def test_a_story_in_which_all_is_well_is_a_whole_treatment() -> None:
    """Without this the search might only ever see sessions that end in the slack take-up."""
    bench = LoopBench().run(lambda elapsed_s: None)
    assert bench.failure is None
    assert bench.ending.outcome == Outcome.COMPLETED
    changes = [e.detail["to"] for e in bench.journal.events if e.kind is EventKind.PHASE_CHANGED]
    assert {"ramping_up", "holding", "ramping_down", "resting", "releasing"} <= set(changes)
    assert bench.codes == set()
    assert breaches(bench) == []
    assert max(command.force_n for command in bench.commands) == LIMIT_N
    assert max(force_n for _, _, force_n in bench.unit.path) == pytest.approx(LIMIT_N, abs=2.0)


@pytest.mark.parametrize("what", sorted(READINGS))
def test_each_reading_of_the_search_ends_a_hold(what: str) -> None:
    """Each of them is a cause, so that the search has something to find."""
    bench = LoopBench(ends_at_s=ENDED_EARLY_S)

    def spoil(elapsed_s: float) -> None:
        bench.unit.changes = dict(READINGS[what]) if 12.0 < elapsed_s < 17.0 else {}

    bench.run(spoil)
    assert bench.codes
    assert bench.ending.outcome != Outcome.COMPLETED
    assert breaches(bench) == []


# --- a core with one wrong output -------------------------------------------------------------

FROM_S = {"slack take-up": 1.0, "hold": 12.0, "releasing": ENDED_EARLY_S + 0.3}
"""When the output goes wrong."""


class WrongCore:
    """The real session machine with one output replaced from a time on."""

    def __init__(self, machine: SessionMachine, output: str, make: Callable[[Any], Any]) -> None:
        self._machine, self.output, self._make = machine, output, make
        self.wrong = False
        self.used = 0

    def __getattr__(self, name: str) -> Any:
        return self._through(name, lambda: getattr(self._machine, name))

    def command(self, leave_s: float) -> Any:
        return self._through("command", lambda: self._machine.command(leave_s))

    def handle(self, happened: Any, now_s: float) -> Any:
        if self.wrong and self.output in ("handle", type(happened).__name__):
            self.used += 1
            return self._make(lambda: self._machine.handle(happened, now_s))
        return self._machine.handle(happened, now_s)

    def _through(self, name: str, right: Callable[[], Any]) -> Any:
        if self.wrong and name == self.output:
            self.used += 1
            return self._make(right)
        return right()


def changed(**changes: Any) -> Callable[[Any], Any]:
    """A command with changes."""
    return lambda right: replace(right(), **{"kind": CommandKind.FOLLOW, **changes})


def shown(**changes: float) -> Callable[[Any], Any]:
    """What is displayed, with changes."""
    return lambda right: lambda now_s: replace(right()(now_s), **changes)


def kept() -> Callable[[Any], Any]:
    """The first value, kept."""
    first: list[Any] = []

    def make(right: Any) -> Any:
        first.append(right())
        return first[0]

    return make


def raising(error: type[BaseException]) -> Callable[[Any], Any]:
    """An exception instead of an answer."""

    def make(right: Any) -> Any:
        raise error("broken")

    return make


WRONG: dict[str, tuple[str, Callable[[], Callable[[Any], Any]]]] = {
    "force too high": ("command", lambda: changed(force_n=500.0)),
    "force at the limit": ("command", lambda: changed(force_n=LIMIT_N)),
    "force not a number": ("command", lambda: changed(force_n=math.nan)),
    "force without end": ("command", lambda: changed(force_n=math.inf)),
    "force negative": ("command", lambda: changed(force_n=-50.0)),
    "ceiling widened": ("command", lambda: changed(ceiling_n=900.0)),
    "ceiling not a number": ("command", lambda: changed(ceiling_n=math.nan)),
    "ceiling without end": ("command", lambda: changed(ceiling_n=math.inf)),
    "ceiling negative": ("command", lambda: changed(ceiling_n=-1.0)),
    "rate widened": ("command", lambda: changed(rate_n_per_s=400.0)),
    "rate not a number": ("command", lambda: changed(rate_n_per_s=math.nan)),
    "rate without end": ("command", lambda: changed(rate_n_per_s=math.inf)),
    "rate negative": ("command", lambda: changed(rate_n_per_s=-5.0)),
    "follows whatever was ordered": ("command", lambda: changed(force_n=40.0)),
    "only looks": ("command", lambda: lambda right: ForceCommand(kind=CommandKind.OBSERVE)),
    "holds for ever": ("command", lambda: changed(kind=CommandKind.HOLD)),
    "releases unasked": ("command", lambda: lambda right: ForceCommand(kind=CommandKind.RELEASE)),
    "command frozen": ("command", kept),
    "command is None": ("command", lambda: lambda right: None),
    "command breaks": ("command", lambda: raising(RuntimeError)),
    "says that it releases": ("releasing", lambda: lambda right: True),
    "never says that it releases": ("releasing", lambda: lambda right: False),
    "says that it has finished": ("finished", lambda: lambda right: True),
    "never finishes": ("finished", lambda: lambda right: False),
    "phase stuck in the slack take-up": ("phase", lambda: lambda right: Phase.TAKING_UP_SLACK),
    "phase breaks": ("phase", lambda: raising(ZeroDivisionError)),
    "clock frozen": ("course", lambda: shown(elapsed_s=0.0)),
    "clock not a number": ("course", lambda: shown(elapsed_s=math.nan)),
    "start time not a number": ("course", lambda: shown(since_start_s=math.nan)),
    "planned time without end": ("course", lambda: shown(planned_s=math.inf)),
    "what is shown breaks": ("course", lambda: raising(RuntimeError)),
    "handles nothing": ("handle", lambda: lambda right: []),
    "hears no verdict": (VerdictGiven.__name__, lambda: lambda right: []),
    "sees no reading": (ReadingTaken.__name__, lambda: lambda right: []),
    "handling breaks": ("handle", lambda: raising(RuntimeError)),
    "a verdict breaks it": (VerdictGiven.__name__, lambda: raising(KeyError)),
    "handling is interrupted": ("handle", lambda: raising(KeyboardInterrupt)),
    "effects are None": ("handle", lambda: lambda right: None),
}
HAZARDS: dict[str, dict[str, Any]] = {"well": {}, "pressed": READINGS["pressed"], "stop": {}}
"""Some outputs do harm only where something has to be obeyed."""


def run_wrong(
    name: str, from_s: float, hazard: str = "well", hazard_from_s: float = math.inf
) -> tuple[LoopBench, WrongCore]:
    """A whole session with a core that goes wrong, and a cause that must be obeyed later."""
    output, make = WRONG[name]
    cores: list[WrongCore] = []

    def core(machine: SessionMachine) -> WrongCore:
        cores.append(WrongCore(machine, output, make()))
        return cores[0]

    bench = LoopBench(core=core, ends_at_s=ENDED_EARLY_S)

    def step(elapsed_s: float) -> None:
        cores[0].wrong = elapsed_s >= from_s
        if hazard == "stop" and elapsed_s >= hazard_from_s:
            bench.operator.stop = Stop(by="P. Jones")
        bench.unit.changes = dict(HAZARDS[hazard]) if elapsed_s >= hazard_from_s else {}

    bench.run(step)
    return bench, cores[0]


@pytest.mark.parametrize("phase", FROM_S)
@pytest.mark.parametrize("name", WRONG)
def test_a_core_with_one_wrong_output_hurts_nobody(name: str, phase: str) -> None:
    bench, core = run_wrong(name, FROM_S[phase])
    if core.output != VerdictGiven.__name__:
        assert core.used, "the output was never asked for"
    assert breaches(bench) == []
    # A core that sees nothing does not end what the supervisor has ended: the loop gives it up.
    assert bench.ended_s <= bench.limits.session_s + GIVE_UP_S + RELEASE_TAIL_S
    assert let_go_s(bench) <= bench.limits.session_s + 1.0


@pytest.mark.parametrize("name", WRONG)
def test_a_press_is_obeyed_whatever_the_core_says(name: str) -> None:
    """The core goes wrong in the hold, and the patient presses a second later."""
    bench, _ = run_wrong(name, 12.0, "pressed", 13.0)
    assert breaches(bench) == []
    assert let_go_s(bench) <= 13.0 + 0.2
    assert free_from(bench, 13.0 + 2.0)


@pytest.mark.parametrize("name", WRONG)
def test_a_stop_is_obeyed_whatever_the_core_says(name: str) -> None:
    """The core goes wrong in the hold, and somebody stops the session a second later."""
    bench, _ = run_wrong(name, 12.0, "stop", 13.0)
    assert breaches(bench) == []
    assert let_go_s(bench) <= 13.0 + 0.2
    assert free_from(bench, 13.0 + 5.0)


def let_go_s(bench: LoopBench) -> float:
    """Seconds from the start to the first release order."""
    released = (at_s for at_s, command in bench.unit.sent if strength(command))
    return next(released, math.inf) - bench.started_s


def free_from(bench: LoopBench, elapsed_s: float) -> bool:
    """True when there are at most 15 N from then on."""
    at_s = bench.started_s + elapsed_s
    return all(force_n <= RELEASED_N for time_s, _, force_n in bench.unit.path if time_s > at_s)


def test_a_core_that_orders_one_force_for_ever_ends_all_the_same() -> None:
    cores: list[WrongCore] = []

    def core(machine: SessionMachine) -> WrongCore:
        cores.append(WrongCore(machine, "command", kept()))
        return cores[0]

    bench = LoopBench(core=core)

    def step(elapsed_s: float) -> None:
        cores[0].wrong = elapsed_s >= 12.0

    bench.run(step)
    assert "dwell_over_time" in bench.codes
    assert let_go_s(bench) <= 12.0 + bench.limits.dwell_s + 1.0
    assert breaches(bench) == []

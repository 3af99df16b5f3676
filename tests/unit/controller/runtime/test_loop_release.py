"""The loop's releases: in the tick that decides, never weaker, and certain before it ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from controller.errors import (
    LinkLost,
    OutcomeUncertain,
    ReplyTimeout,
    SessionLogicStuck,
    UnitRejected,
)
from controller.events import EventKind, Outcome
from controller.requests import EndEarly, Stop
from controller.runtime import loop
from controller.safety.situation import SupervisedStage
from controller.session.inputs_and_effects import ReadingTaken, StopRequested, VerdictGiven
from controller.telemetry import CommandKind, ForceCommand, UnitState, UnitStatus
from tests.safety.loop_bench import breaches, strength
from tests.safety.obedient_unit import EXCHANGE_S, TICK_S
from tests.unit.controller.runtime.loop_parts import (
    HOLD_S,
    LATCHED_FREE,
    LATCHED_WITH_FORCE,
    Bench,
    Once,
    Person,
)

PRESSED = {"status": UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.PATIENT_SWITCH_PRESSED}


def showing(bench: Bench, changes: dict[str, Any], from_s: float = HOLD_S) -> Any:
    """From ``from_s`` on the unit shows ``changes``."""

    def step(elapsed_s: float) -> None:
        bench.unit.changes = changes if elapsed_s >= from_s else {}

    return step


def second_exchanges(bench: Bench) -> list[CommandKind]:
    """Commands that left right behind another one of their tick.

    A tick with two exchanges overruns, so that the next one begins right behind it.
    """
    found: list[CommandKind] = []
    overrun = False
    for (before_s, _), (at_s, command) in pairwise(bench.unit.sent):
        overrun = at_s - before_s < EXCHANGE_S + 0.001 and not overrun
        found += [command.kind] if overrun else []
    return found


def test_a_core_that_does_not_hear_verdicts_is_overruled_in_the_deciding_tick() -> None:
    bench = Bench()
    bench.wrong_core.unheard = (VerdictGiven,)
    step = showing(bench, PRESSED)
    pressed_at_s: list[float] = []

    def press(elapsed_s: float) -> None:
        step(elapsed_s)
        if bench.unit.changes and not pressed_at_s:
            pressed_at_s.append(elapsed_s)
            bench.unit.failing = stop_when_released

    def stop_when_released(command: ForceCommand) -> None:
        bench.operator.stop = Stop(by="A. Person") if strength(command) else None

    bench.run(press)
    (first, *_) = bench.sent_s(CommandKind.RELEASE_FAST)
    assert first - pressed_at_s[0] == pytest.approx(EXCHANGE_S, abs=1e-6)
    assert breaches(bench) == []


def test_a_release_is_a_second_exchange_once_and_excuses_the_tick_that_it_makes_late() -> None:
    bench = Bench()
    bench.run(showing(bench, PRESSED))
    assert second_exchanges(bench) == [CommandKind.RELEASE_FAST]
    assert bench.lateness.report()["max_ms"] == 0.0


@pytest.mark.parametrize("fast", [False, True])
def test_a_stop_behind_a_release_that_is_as_strong_sends_nothing_more(fast: bool) -> None:
    bench = Bench()
    press = showing(bench, PRESSED)

    def step(elapsed_s: float) -> None:
        press(elapsed_s)
        if elapsed_s > HOLD_S + 0.1:
            bench.operator.stop = Stop(by="A. Person", fast=fast)

    bench.run(step)
    assert second_exchanges(bench) == [CommandKind.RELEASE_FAST]
    assert CommandKind.RELEASE not in [command.kind for command in bench.commands]


def test_a_press_in_a_normal_release_makes_it_fast_at_once() -> None:
    bench = Bench()
    press = showing(bench, PRESSED, HOLD_S + 0.5)

    def step(elapsed_s: float) -> None:
        press(elapsed_s)
        bench.operator.stop = Stop(by="A. Person") if elapsed_s > HOLD_S else None

    bench.run(step)
    assert second_exchanges(bench) == [CommandKind.RELEASE, CommandKind.RELEASE_FAST]
    assert bench.sent_s(CommandKind.RELEASE_FAST)[0] <= HOLD_S + 0.5 + 2 * TICK_S


def test_a_fast_stop_sends_nothing_weaker_before_the_fast_release() -> None:
    bench = Bench()

    def step(elapsed_s: float) -> None:
        bench.operator.stop = Stop(by="A. Person", fast=True) if elapsed_s > HOLD_S else None

    bench.run(step)
    assert {command.kind for command in bench.commands if strength(command)} == {
        CommandKind.RELEASE_FAST
    }


def test_a_core_that_does_not_hear_a_stop_pulls_no_more_behind_it() -> None:
    bench = Bench()
    bench.wrong_core.unheard = (StopRequested,)

    def step(elapsed_s: float) -> None:
        if HOLD_S < elapsed_s < HOLD_S + 2.0:
            bench.operator.stop = Stop(by="A. Person")
        bench.wrong_core.claims_end = elapsed_s > HOLD_S + 5.0

    bench.run(step)
    (first, *_) = bench.sent_s(CommandKind.RELEASE)
    assert first <= HOLD_S + 2 * TICK_S
    assert max([*bench.sent_s(CommandKind.FOLLOW), *bench.sent_s(CommandKind.HOLD)]) < first


def test_a_release_whose_answer_is_lost_breaks_nothing() -> None:
    bench = Bench()
    lost: list[ForceCommand] = []

    def lose_the_first(command: ForceCommand) -> None:
        if strength(command) and not lost:
            lost.append(command)
            raise ReplyTimeout("no answer in 40 ms")

    bench.unit.failing = lose_the_first
    bench.run(showing(bench, PRESSED))
    assert lost
    assert bench.failure is None
    assert bench.ending.release_seen


def test_an_arming_that_may_have_failed_lets_only_releases_out() -> None:
    bench = Bench()
    bench.unit.state = UnitState.HOLDING
    bench.loop.run(arming_failed="arming uncertain: no answer")
    kinds = {command.kind for command in bench.commands}
    assert bench.commands[0].kind is CommandKind.RELEASE_FAST
    assert kinds <= {CommandKind.RELEASE_FAST, CommandKind.OBSERVE}
    assert bench.ending.reason == "arming uncertain: no answer"


# --- the release without a token --------------------------------------------------------------


def stop_after(bench: Bench, seconds: float) -> Any:
    """The core ends with a person's word so long after the hold began."""

    def step(elapsed_s: float) -> None:
        bench.unit.changes = LATCHED_WITH_FORCE if elapsed_s >= HOLD_S else {}
        if elapsed_s >= HOLD_S + seconds:
            bench.operator.answers["release_not_seen"] = True

    return step


def test_a_unit_that_latched_with_force_on_gets_the_release_without_a_token_each_second() -> None:
    bench = Bench()
    bench.run_until_over(stop_after(bench, 4.5))
    at_s = bench.unit.tokenless_at_s
    assert at_s[0] - bench.started_s <= HOLD_S + 3 * TICK_S
    assert [round(b - a, 1) for a, b in pairwise(at_s)] == [1.0] * (len(at_s) - 1)
    assert len(at_s) == 5
    ordered = [d for d in bench.details(EventKind.RELEASE_ORDERED) if "token" in d["kind"]]
    assert ordered == [
        {
            "kind": "release_without_token",
            "reason": "the unit takes no other order and the force is on",
        }
    ]


@pytest.mark.parametrize(("force_n", "ordered"), [(60.0, True), (5.0, False)])
def test_an_open_emergency_stop_gets_it_only_while_force_is_on(
    force_n: float, ordered: bool
) -> None:
    bench = Bench()
    status = UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.EMERGENCY_STOP_OPEN
    shown = {"status": status, "force_n": force_n, "unit_state": UnitState.RELEASING}
    opened = showing(bench, shown)
    tokenless_in_loop: list[int] = []

    def step(elapsed_s: float) -> None:
        opened(elapsed_s)
        if elapsed_s > HOLD_S + 1.5 and not tokenless_in_loop:
            tokenless_in_loop.append(len(bench.unit.tokenless_at_s))
            bench.wrong_core.claims_end = True

    bench.run_until_over(step)
    assert bool(tokenless_in_loop[0]) is ordered
    assert "emergency_stop_open" in bench.codes


def test_a_unit_that_refuses_its_release_with_force_on_gets_it() -> None:
    bench = Bench()

    def refuse(command: ForceCommand) -> None:
        if strength(command):
            bench.unit.reading_after_refusal = replace(
                bench.unit.shown(bench.clock.now_s()), force_n=60.0, second_force_n=60.0
            )
            raise UnitRejected("not your token", exception_code=3)

    bench.unit.failing = refuse

    def step(elapsed_s: float) -> None:
        if elapsed_s > HOLD_S:
            bench.operator.stop = Stop(by="A. Person")
        if bench.unit.tokenless_at_s:
            bench.unit.failing = lambda command: None

    bench.run_until_over(step)
    assert bench.unit.tokenless_at_s[0] - bench.started_s <= HOLD_S + 4 * TICK_S
    assert len(bench.unit.tokenless_at_s) == 1


def test_a_unit_that_refused_one_release_and_takes_the_next_gets_it_once() -> None:
    """The release without a token is not taken either, and the unit comes down at its rate."""
    bench = Bench()
    refused = bench.refuse_releases(2)
    tokenless = bench.unit.tokenless_at_s
    bench.unit.release_without_token = lambda: tokenless.append(bench.clock.now_s())  # type: ignore[method-assign]

    def step(elapsed_s: float) -> None:
        if elapsed_s > HOLD_S:
            bench.operator.stop = Stop(by="A. Person")

    bench.run_until_over(step)
    assert refused == []
    assert len(tokenless) == 1
    assert bench.ending.release_seen


def test_a_release_that_the_session_logic_decides_is_on_the_wire_in_that_tick() -> None:
    bench, asked = Bench(), Once(HOLD_S)
    began_s: list[float] = []

    def step(elapsed_s: float) -> None:
        began_s.append(elapsed_s)
        if asked(elapsed_s):
            bench.operator.queue.append(EndEarly(by="A. Person"))

    bench.run(step)
    first = next(n for n, command in enumerate(bench.unit.attempts) if strength(command))
    assert began_s[first] - began_s[first - 1] < EXCHANGE_S + 0.001


def test_a_unit_that_still_takes_its_release_does_not_get_it() -> None:
    bench = Bench()
    bench.run(showing(bench, PRESSED))
    assert bench.unit.tokenless_at_s == []


# --- certain to have let go -------------------------------------------------------------------


def test_a_core_that_ends_too_early_does_not_leave_the_patient_on_the_cord() -> None:
    bench = Bench()

    def step(elapsed_s: float) -> None:
        bench.wrong_core.claims_end = elapsed_s > HOLD_S

    bench.run(step)
    assert bench.failure is None
    assert bench.loop.last_resort is not None
    assert bench.loop.last_resort.seen
    assert breaches(bench) == []


def test_a_session_that_was_seen_free_needs_no_last_resort() -> None:
    bench = Bench()
    bench.run(showing(bench, PRESSED))
    assert bench.supervisor.stage is SupervisedStage.FREE
    assert bench.loop.last_resort is None


def test_a_person_s_word_ends_the_loop_without_a_last_resort() -> None:
    bench = Bench()
    bench.run_until_over(stop_after(bench, 3.2))
    assert bench.ended_s < HOLD_S + 8.0
    assert bench.loop.last_resort is None
    assert bench.ending.reason.endswith("A. Person says that the patient is free")


def test_a_person_s_no_is_not_a_word_that_the_patient_is_free() -> None:
    bench = Bench(operator=Person(release_not_seen=False))
    latched = showing(bench, LATCHED_WITH_FORCE)

    def step(elapsed_s: float) -> None:
        latched(elapsed_s)
        bench.wrong_core.claims_end = elapsed_s > HOLD_S + 5.0

    bench.run_until_over(step)
    answered = bench.details(EventKind.QUESTION_ANSWERED)[-1]
    assert answered == {"question": "release_not_seen", "accepted": False, "by": "A. Person"}
    assert bench.loop.last_resort is not None


@pytest.mark.parametrize(("ends_after_s", "certain"), [(7.9, False), (8.1, True)])
def test_8_s_of_ordering_a_silent_unit_are_enough(ends_after_s: float, certain: bool) -> None:
    """Its watchdog and its own release have ended by then; the first order counts, not the last."""
    bench = Bench()
    released: list[float] = []

    def step(elapsed_s: float) -> None:
        bench.operator.stop = Stop(by="A. Person", fast=elapsed_s > HOLD_S + 2.0)
        if elapsed_s < HOLD_S:
            bench.operator.stop = None
        bench.unit.silent = elapsed_s > HOLD_S
        released.extend(bench.sent_s(CommandKind.RELEASE)[:1])
        bench.wrong_core.claims_end = bool(released) and elapsed_s > released[0] + ends_after_s

    bench.wrong_core.unheard = (VerdictGiven,)
    bench.run_until_over(step)
    assert bench.failure is None
    assert (bench.loop.last_resort is None) is certain


def test_a_port_that_vanished_ends_the_loop_in_that_tick_and_nothing_more_is_tried() -> None:
    bench = Bench()

    def vanish(elapsed_s: float) -> None:
        bench.unit.gone = elapsed_s >= HOLD_S

    bench.run_until_over(vanish)
    assert bench.loop.gone
    assert bench.loop.last_resort is None
    assert bench.ending.outcome == Outcome.LINK_LOST
    # One exchange met no port; it has no sample, no verdict and no release behind it.
    assert len(bench.unit.attempts) == len(bench.journal.samples) + 1
    assert len(bench.supervisor.judged) == len(bench.journal.samples)
    assert strength(bench.unit.attempts[-1]) == 0
    assert bench.details(EventKind.SAFETY_ACTED) == []


def test_whatever_breaks_the_loop_lets_the_unit_go_and_is_raised() -> None:
    bench = Bench()
    broken: list[bool] = []

    def break_once(elapsed_s: float) -> None:
        if elapsed_s >= HOLD_S and not broken:
            broken.append(True)
            raise RuntimeError("broken")

    bench.run(break_once)
    assert isinstance(bench.failure, RuntimeError)
    assert bench.loop.last_resort is not None
    assert bench.loop.last_resort.seen
    assert breaches(bench) == []


# --- a core that does not end -----------------------------------------------------------------


def test_a_core_that_does_not_end_10_s_behind_the_free_patient_is_ended() -> None:
    bench = Bench()
    bench.wrong_core.unheard = (VerdictGiven, ReadingTaken)
    seen_free_s: list[float] = []

    def step(elapsed_s: float) -> None:
        bench.unit.changes = LATCHED_FREE if elapsed_s >= 2.0 else {}
        if bench.supervisor.stage is SupervisedStage.FREE:
            seen_free_s.append(elapsed_s)

    bench.run_until_over(step)
    assert isinstance(bench.failure, SessionLogicStuck)
    assert bench.failure.message == (
        "the session logic did not end after the release; report this defect"
    )
    assert bench.loop.last_resort is not None
    assert bench.sent_s(CommandKind.RELEASE_FAST)[-1] - seen_free_s[0] == pytest.approx(
        10.0, abs=3 * TICK_S
    )


def test_a_core_that_follows_a_release_without_end_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GIVE_UP_S (here 3 s) is the core's own limit, 8 s that of the release, 10 s the reserve."""
    monkeypatch.setattr(loop, "GIVE_UP_S", 3.0)
    bench = Bench()
    bench.wrong_core.unheard = (VerdictGiven, ReadingTaken)
    stuck = {"force_n": 60.0, "unit_state": UnitState.RELEASING, **PRESSED}
    judged_s: list[float] = []
    judge = bench.supervisor.judge

    def note(*args: Any, **kwargs: Any) -> Any:
        judged_s.append(bench.clock.now_s() - bench.started_s)
        return judge(*args, **kwargs)

    monkeypatch.setattr(bench.supervisor, "judge", note)
    bench.run_until_over(showing(bench, stuck, 2.0))
    assert isinstance(bench.failure, SessionLogicStuck)
    released_s = bench.sent_s(CommandKind.RELEASE_FAST)[0]
    assert judged_s[-1] - released_s == pytest.approx(3.0 + 8.0 + 10.0, abs=2 * TICK_S)


# --- disarming --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OutcomeUncertain("the disarm may have gone"), ReplyTimeout("no answer in 40 ms")]
)
def test_a_disarm_without_an_answer_is_recorded_and_settled_by_the_readings(
    error: OutcomeUncertain | ReplyTimeout,
) -> None:
    bench = Bench()
    bench.unit.disarm_failing = error
    bench.run(showing(bench, PRESSED))
    assert bench.failure is None
    assert bench.details(EventKind.OUTCOME_UNCERTAIN) == [
        {"what": "disarm", "code": error.code, "message": error.message}
    ]
    assert bench.details(EventKind.UNIT_DISARMED) == [{}]


def test_a_port_that_vanishes_in_the_second_exchange_is_noticed_with_the_next_tick() -> None:
    bench = Bench()

    def vanish(command: ForceCommand) -> None:
        if strength(command):
            raise LinkLost("the port vanished")

    bench.unit.failing = vanish
    bench.run_until_over(showing(bench, PRESSED))
    assert bench.failure is None
    assert bench.loop.gone

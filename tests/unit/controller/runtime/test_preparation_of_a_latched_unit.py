"""A latched unit before the start: when its stop may be acknowledged, and what is waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.errors import UnitBusy, UnitFaulted
from controller.session.free_cord import FRESH_S
from controller.telemetry import Telemetry, UnitFault, UnitState, UnitStatus
from tests.unit.controller.runtime.runtime_parts import (
    IDLE,
    Answers,
    press_test,
    unit_event,
)
from tests.unit.controller.runtime.test_questions_before_arming import (
    GO_ON,
    LATCHED,
    Stage,
    latched_then,
)

YES = {**GO_ON, "acknowledge_latched_unit": True}


def latched(*, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> Stage:
    """A latched unit with changes ``before`` its acknowledgement, and an idle one ``after`` it."""
    stage = Stage(Answers(**YES))

    def story(elapsed_s: float) -> Telemetry:
        if stage.unit.acknowledged:
            return replace(press_test(elapsed_s), **(after or {}))
        return replace(LATCHED, **(before or {}))

    stage.unit.story = story
    stage.unit.ring = [unit_event(1, code=10)]
    return stage


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_age_s": FRESH_S + 0.01},
        {"faults": LATCHED.faults | UnitFault.CHANNELS_DISAGREE},
        {"faults": LATCHED.faults | UnitFault.CHANNEL_1_STUCK},
    ],
)
def test_a_small_force_that_is_old_or_in_doubt_frees_nobody(changes: dict[str, Any]) -> None:
    stage = latched(before=changes)
    with pytest.raises(UnitFaulted, match="force is not known; open the clutch"):
        stage.prepare()
    assert not stage.unit.acknowledged


def test_a_sample_that_stands_still_frees_nobody() -> None:
    stage = latched()
    exchange = stage.unit.exchange
    stage.unit.exchange = lambda command: replace(exchange(command), sample_number=7)  # type: ignore[method-assign]
    with pytest.raises(UnitFaulted, match="force is not known"):
        stage.prepare()
    assert not stage.unit.acknowledged


@pytest.mark.parametrize(("gross_force_n", "free"), [(20.0, True), (20.1, False)])
def test_up_to_20_n_a_stop_may_be_acknowledged(gross_force_n: float, free: bool) -> None:
    stage = latched(before={"gross_force_n": gross_force_n})
    if free:
        stage.prepare()
    else:
        with pytest.raises(UnitFaulted, match=r"force is 20\.1 N, above 20 N"):
            stage.prepare()
    assert stage.unit.acknowledged is free


def test_a_free_cord_is_awaited_for_as_long_as_two_samples_are_fresh() -> None:
    stage = latched(before={"gross_force_n": 60.0})
    with pytest.raises(UnitFaulted, match="force is 60 N, above 20 N"):
        stage.prepare()
    assert 2 * FRESH_S <= stage.clock.now_s() < 2 * FRESH_S + 0.1


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"unit_state": UnitState.SELF_TEST}, "self_test"),
        ({"unit_state": UnitState.SAFE_LATCHED}, "safe_latched"),
        ({"status": IDLE.status | UnitStatus.ACKNOWLEDGE_REQUIRED}, "idle"),
    ],
)
def test_an_acknowledged_unit_must_be_idle_and_want_no_acknowledgement_any_more(
    changes: dict[str, Any], state: str
) -> None:
    stage = latched(after=changes)
    with pytest.raises(UnitFaulted, match=f"stayed in state {state} after the acknowledgement"):
        stage.prepare()
    assert stage.unit.acknowledged


def test_a_unit_that_takes_a_while_to_become_idle_is_waited_for() -> None:
    stage = latched()
    story = stage.unit.story

    def slow(elapsed_s: float) -> Telemetry:
        reading = story(elapsed_s)
        testing = stage.unit.acknowledged and elapsed_s < 1.0
        return replace(reading, unit_state=UnitState.SELF_TEST) if testing else reading

    stage.unit.story = slow
    stage.prepare()


def test_who_is_asked_again_is_told_why() -> None:
    stage = latched_then({"first_fault_code": 20})
    stage.prepare()
    assert stage.operator.told.count("the latched stop changed while the question waited") == 1


def test_a_latched_unit_without_events_says_so() -> None:
    stage = latched(before={"newest_event": 0})
    stage.prepare()
    assert "(first fault 10, status 0x8004, newest events: none)" in stage.operator.texts[0]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (UnitState.ARMED, "is armed by another host; release it there first"),
        (UnitState.HOLDING, "is driven by another host; release it there first"),
        (UnitState.RELEASING, "is still releasing; wait until it is slack and start again"),
    ],
)
def test_a_unit_that_somebody_moves_is_refused_with_what_it_does(
    state: UnitState, words: str
) -> None:
    stage = Stage(Answers(**YES), lambda elapsed_s: replace(IDLE, unit_state=state))
    with pytest.raises(UnitBusy, match=words):
        stage.prepare()

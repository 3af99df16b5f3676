"""What a unit notes in its event ring before the arming: what counts against the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from controller.errors import RequestRefused
from controller.events import EventKind
from controller.telemetry import Telemetry, UnitEvent
from tests.unit.controller.runtime.runtime_parts import (
    Answers,
    ListJournal,
    press_test,
    unit_event,
)
from tests.unit.controller.runtime.test_questions_before_arming import GO_ON, Stage
from tests.unit.controller.start.test_last_look import Ready

TARE_SET = 60


def tared_at_half_a_second(elapsed_s: float) -> Telemetry:
    return replace(press_test(elapsed_s), newest_event=1 if elapsed_s < 0.5 else 2)


def sequences(journal: ListJournal) -> list[object]:
    """The unit's events that the record holds."""
    seen = [event for event in journal.events if event.kind is EventKind.UNIT_EVENT_SEEN]
    return [event.detail["sequence"] for event in seen]


def test_the_newest_event_when_the_start_was_asked_about_is_none_since() -> None:
    stage = Stage(Answers(**GO_ON), tared_at_half_a_second)
    stage.unit.ring = [unit_event(2, code=TARE_SET), unit_event(3, code=TARE_SET)]
    preparation = stage.prepare()
    preparation.last_look()
    assert sequences(stage.journal) == [2]
    stage.unit.story = lambda elapsed_s: replace(press_test(elapsed_s), newest_event=3)
    with pytest.raises(RequestRefused, match="events since yes failed: tare set"):
        preparation.last_look()
    assert sequences(stage.journal) == [2, 3]


def test_events_of_a_start_that_nobody_was_asked_about_are_recorded_all_the_same() -> None:
    stage = Stage(Answers(**{**GO_ON, "call_bell_in_hand": False}), tared_at_half_a_second)
    stage.unit.ring = [unit_event(2, code=TARE_SET)]
    preparation = stage.preparation()
    with pytest.raises(RequestRefused, match="call bell in hand: refused"):
        preparation.prepare()
    preparation.read_events()
    assert sequences(stage.journal) == [2]


def test_a_press_that_is_noted_while_earlier_events_are_read_refuses_the_start() -> None:
    ready = Ready()
    ready.unit.note(11)
    read = ready.unit.read_events

    def slowly(first: int, count: int) -> Sequence[UnitEvent]:
        found = read(first, count)
        ready.unit.note(11, 10)
        return found

    ready.unit.read_events = slowly  # type: ignore[method-assign]
    with pytest.raises(RequestRefused, match="events since yes failed: patient switch pressed"):
        ready.preparation.last_look()
    assert sequences(ready.journal) == [2, 3]

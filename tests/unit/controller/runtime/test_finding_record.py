"""Findings are recorded and heard by the loop itself, whatever the session logic does."""

from __future__ import annotations

import math

import pytest

from controller.events import EventKind
from controller.order.phases import Phase
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.clock import VirtualClock
from controller.runtime.finding_record import FindingRecord
from controller.runtime.recorder import Recorder
from controller.safety.verdict import Action, EndedFinding, Finding, Verdict
from tests.unit.controller.builders import reading
from tests.unit.controller.runtime.runtime_parts import Answers, ListJournal


def finding(code: str, measured: float = 0.3, unit: str = "s") -> Finding:
    return Finding(
        hazard=18,
        code=code,
        action=Action.RELEASE_FAST,
        measured=measured,
        limit=0.25,
        unit=unit,
        clears="look at the patient",
    )


class Told:
    """A record in memory that begins at 100 s."""

    def __init__(self) -> None:
        self.journal = ListJournal()
        recorder = Recorder(self.journal, VirtualClock(start_s=100.0), 100.0)
        self.alarms = AlarmKeeper(recorder, Answers())
        self.findings = FindingRecord(recorder, self.alarms, None)

    def tell(self, *found: Finding, ended: tuple[EndedFinding, ...] = (), **how: object) -> None:
        verdict = Verdict(action=Action.RELEASE_FAST, findings=found, ended=ended)
        self.findings.tell(verdict, Phase.HOLDING, 101.5, **how)  # type: ignore[arg-type]

    def detail(self, kind: EventKind) -> dict[str, object]:
        (event,) = [event for event in self.journal.events if event.kind is kind]
        return dict(event.detail)


def test_a_finding_is_an_event_with_the_force_that_was_read_last_and_an_alarm() -> None:
    told = Told()
    told.findings.read(reading(force_n=61.26))
    told.findings.read(None)
    told.tell(finding("reading_stale"))
    assert told.detail(EventKind.SAFETY_ACTED) == {
        "hazard": 18,
        "code": "reading_stale",
        "action": "release_fast",
        "measured": 300,
        "limit": 250,
        "unit": "ms",
        "clears": "look at the patient",
        "force_dn": 613,
    }
    assert told.detail(EventKind.ALARM_RAISED)["code"] == "reading_stale"
    assert {event.at_ms for event in told.journal.events} == {1500}


def test_a_press_is_an_event_of_its_own_with_hold_and_phase() -> None:
    told = Told()
    told.tell(finding("patient_switch_pressed"), hold_number=3)
    pressed = told.detail(EventKind.PATIENT_STOP_PRESSED)
    assert pressed == {"force_dn": None, "hold_number": 3, "phase": "holding"}


def test_what_is_not_alarming_is_recorded_all_the_same() -> None:
    told = Told()
    told.tell(finding("link_silent"), alarming=lambda code: code != "link_silent")
    assert [event.kind for event in told.journal.events] == [EventKind.SAFETY_ACTED]


def test_the_end_of_a_finding_is_told_with_its_times() -> None:
    told = Told()
    gone = EndedFinding(hazard=28, code="loop_slow", first_seen_s=100.2, last_seen_s=100.4)
    told.tell(ended=(gone,))
    assert told.detail(EventKind.SAFETY_CLEARED) == {
        "hazard": 28,
        "code": "loop_slow",
        "first_seen_ms": 200,
        "last_seen_ms": 400,
    }


@pytest.mark.parametrize("measured", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_recorded_as_null(measured: float) -> None:
    told = Told()
    told.tell(finding("order_too_high", measured, unit="N"))
    assert told.detail(EventKind.SAFETY_ACTED)["measured"] is None


def test_a_press_after_the_end_came_in_no_hold() -> None:
    told = Told()
    told.tell(finding("patient_switch_pressed"))
    assert told.detail(EventKind.PATIENT_STOP_PRESSED)["hold_number"] == 0

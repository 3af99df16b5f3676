"""The events by which the session machine says what it did: integers in the record's units."""

from __future__ import annotations

import math
from typing import Any

import pytest

from controller.event_details.codec import encode_fields
from controller.events import EventKind, Outcome
from controller.order.phases import Phase, Stage
from controller.requests import AdjustedForce, Pause, Resume
from controller.safety.verdict import Action, EndedFinding, Finding, Verdict
from controller.session import inputs_and_effects, recorded_events
from controller.session.adjustments import ForceChange
from controller.session.inputs_and_effects import decinewtons, session_ms
from controller.telemetry import UnitState
from tests.support.events import emitted
from tests.unit.controller.builders import reading


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "hazard": 1,
        "code": "link_silent",
        "action": Action.RELEASE_FAST,
        "measured": 0.35,
        "limit": 0.3,
        "unit": "s",
        "clears": "check cable and unit",
    }
    return Finding(**(values | changes))


def test_a_finding_is_recorded_with_what_was_measured_and_the_force() -> None:
    assert recorded_events.finding_events(finding(), Phase.HOLDING, 1000, 2) == [
        emitted(
            EventKind.SAFETY_ACTED,
            {
                "hazard": 1,
                "code": "link_silent",
                "action": "release_fast",
                "measured": 350,
                "limit": 300,
                "unit": "ms",
                "clears": "check cable and unit",
                "force_dn": 1000,
            },
        )
    ]


def test_a_pressed_switch_is_told_before_what_was_done_about_it() -> None:
    told = recorded_events.finding_events(
        finding(code="patient_switch_pressed", unit="pressed", measured=1.0, limit=0.0),
        Phase.HOLDING,
        1000,
        2,
    )
    assert [event.said.KIND for event in told] == [
        EventKind.PATIENT_STOP_PRESSED,
        EventKind.SAFETY_ACTED,
    ]
    assert encode_fields(told[0].said) == {"force_dn": 1000, "hold_number": 2, "phase": "holding"}


@pytest.mark.parametrize(
    ("unit", "measured", "recorded"),
    [
        ("s", 1.2345, (1234, "ms")),
        ("N", 12.34, (123, "0.1 N")),
        ("N below zero", 20.06, (201, "0.1 N below zero")),
        ("mm", 20.1, (201, "0.1 mm")),
        ("mm/s", 3.1, (31, "0.1 mm/s")),
        ("share of exchanges", 0.055, (55, "per mille of exchanges")),
        ("share of exchanges", 0.8, (800, "per mille of exchanges")),
        ("channel", 1.0, (1, "channel")),
        ("N", math.nan, (None, "0.1 N")),
        ("s", math.inf, (None, "ms")),
    ],
)
def test_a_measure_is_recorded_as_a_whole_number_of_its_unit(
    unit: str, measured: float, recorded: tuple[int | None, str]
) -> None:
    (acted,) = recorded_events.finding_events(
        finding(unit=unit, measured=measured), Phase.ARMED, None, 0
    )
    assert (encode_fields(acted.said)["measured"], encode_fields(acted.said)["unit"]) == recorded


def test_a_limit_that_is_no_number_is_none() -> None:
    (acted,) = recorded_events.finding_events(finding(limit=math.inf), Phase.ARMED, None, 0)
    assert (encode_fields(acted.said)["measured"], encode_fields(acted.said)["limit"]) == (
        350,
        None,
    )


def test_a_finding_that_ended_has_its_times_on_the_session_s_axis() -> None:
    ended = EndedFinding(hazard=3, code="answers_slow", first_seen_s=1001.5, last_seen_s=1002.25)
    assert recorded_events.finding_ended(ended, 1000.0) == emitted(
        EventKind.SAFETY_CLEARED,
        {
            "hazard": 3,
            "code": "answers_slow",
            "first_seen_ms": 1500,
            "last_seen_ms": 2250,
        },
    )


def test_a_phase_names_where_it_comes_from_and_where_it_leads() -> None:
    changed = recorded_events.phase_changed(
        Phase.RESTING, Phase.RAMPING_UP, 102.0, Stage.PROGRESSIVE
    )
    assert changed == emitted(
        EventKind.PHASE_CHANGED,
        {
            "from": "resting",
            "to": "ramping_up",
            "target_dn": 1020,
            "stage": "progressive",
        },
    )


def test_each_changed_force_is_an_event() -> None:
    changes = (
        ForceChange(force=AdjustedForce.HOLD, old_n=102.0, new_n=90.0, reason="pain"),
        ForceChange(force=AdjustedForce.REST, old_n=51.0, new_n=50.5, reason="follows"),
    )
    assert recorded_events.force_adjusted("P. Jones", changes) == [
        emitted(
            EventKind.FORCE_ADJUSTED,
            {
                "by": "P. Jones",
                "reason": "pain",
                "force": "hold",
                "old_force_dn": 1020,
                "new_force_dn": 900,
            },
        ),
        emitted(
            EventKind.FORCE_ADJUSTED,
            {
                "by": "P. Jones",
                "reason": "follows",
                "force": "rest",
                "old_force_dn": 510,
                "new_force_dn": 505,
            },
        ),
    ]


def test_a_pause_and_a_resume_are_recorded_with_force_and_clock() -> None:
    request = Pause(by="P. Jones", reason="head turned")
    assert recorded_events.paused(request, 65.04, 5.0004) == emitted(
        EventKind.PAUSED,
        {
            "by": "P. Jones",
            "reason": "head turned",
            "target_dn": 650,
            "treatment_ms": 5000,
        },
    )
    assert recorded_events.resumed("P. Jones", "B. Example", 15.0, 102.0) == emitted(
        EventKind.RESUMED,
        {
            "by": "P. Jones",
            "confirmed_by": "B. Example",
            "from_dn": 150,
            "to_dn": 1020,
        },
    )


def test_a_refusal_names_request_person_and_reason() -> None:
    refused = recorded_events.request_refused(Resume(by="P. Jones"), "not possible while holding")
    assert refused == emitted(
        EventKind.REQUEST_REFUSED,
        {
            "request": "resume",
            "by": "P. Jones",
            "reason": "not possible while holding",
        },
    )


def test_what_was_seen_of_a_release_is_recorded_as_it_was_read() -> None:
    seen = reading(unit_state=UnitState.SAFE_LATCHED, force_n=9.04)
    assert recorded_events.release_observed(seen) == emitted(
        EventKind.RELEASE_OBSERVED, {"unit_state": 6, "force_dn": 90}
    )
    assert recorded_events.release_not_observed(seen) == emitted(
        EventKind.RELEASE_NOT_OBSERVED, {"force_dn": 90}
    )
    for unknown in (None, reading(force_n=None)):
        assert encode_fields(recorded_events.release_not_observed(unknown).said) == {
            "force_dn": None
        }
        assert recorded_events.force_dn(unknown) is None


def test_a_disarming_that_nobody_saw_is_uncertain() -> None:
    assert recorded_events.disarming_uncertain("nothing shows it") == emitted(
        EventKind.OUTCOME_UNCERTAIN,
        {
            "what": "disarm",
            "code": 2007,
            "message": "nothing shows it",
        },
    )


def test_the_reason_of_a_verdict_is_its_worst_finding() -> None:
    mild, worst = finding(code="loop_late", action=Action.RELEASE), finding(code="over_force")
    for findings in ((mild, worst), (worst, mild)):
        verdict = Verdict(action=Action.RELEASE_FAST, findings=findings)
        assert recorded_events.reason_of(verdict) == "over force"
    assert recorded_events.reason_of(Verdict(action=Action.RELEASE)) == "a hold ran out"


@pytest.mark.parametrize(
    ("force_n", "force_dn"),
    [(None, None), (math.nan, None), (-math.inf, None), (0.0, 0), (10.06, 101), (-3.0, -30)],
)
def test_forces_are_tenths_of_a_newton_and_no_number_is_none(
    force_n: float | None, force_dn: int | None
) -> None:
    assert decinewtons(force_n) == force_dn


def test_milliseconds_are_whole_ones_from_the_session_s_origin() -> None:
    assert session_ms(1000.0, 1000.0) == 0
    assert session_ms(1001.9999, 1000.0) == 1999
    assert session_ms(1002.0 - 1e-9, 1000.0) == 2000


def test_an_ending_claims_neither_a_hold_nor_a_release_that_nobody_saw() -> None:
    ending = inputs_and_effects.Ending(outcome=Outcome.REFUSED, reason="the unit is busy")
    assert (ending.reached_holding, ending.release_seen) == (False, False)

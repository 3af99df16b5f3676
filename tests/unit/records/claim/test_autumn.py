"""A session over the autumn change of the clock: times are compared as moments, not by the wall."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import ClaimContextInvalid
from records.claim.charge_line import context_of_session
from records.claim.context import ClaimContext, Payer, ServiceLine
from records.claim.context_file import parse_context
from records.claim.rules.payer_profile import find_profile
from records.claim.rules.scrubber import scrub
from records.claim.rules.tables import shipped_tables
from records.exports.messages.fhir_bundle import fhir_bundle
from records.note.treatment_note import draft_note
from records.visit.visit import Visit
from tests.support.claims import made_claim
from tests.support.documents import made_order, made_record, made_visit
from tests.support.written import dft_of
from tests.unit.records.claim.rules.builders import CONTEXT, LINE, service, visit

NEW_YORK = ZoneInfo("America/New_York")
CHANGE = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
"""01:59:59 EDT is followed by 01:00:00 EST."""
PAYER = Payer(kind="medicare_b", profile="medicare_b")


def over_the_change(minutes_before: int = 5) -> Visit:
    """Ten minutes of traction around the change of the clock."""
    began = CHANGE - timedelta(minutes=minutes_before)
    order = made_order()
    record = made_record(order)
    head = replace(record.head, started_utc_ms=int(began.timestamp() * 1000), utc_offset_min=-240)
    record = replace(record, head=head)
    note = draft_note(record, order, NEW_YORK)
    return replace(made_visit(), record=record, note=note, zone=NEW_YORK)


def claimed(made: Visit) -> ClaimContext:
    return context_of_session(made.record, made.order, made.note, PAYER, NEW_YORK)


@given(st.integers(-30, 30))
def test_a_session_around_the_change_has_a_claim_and_a_report(minutes_before: int) -> None:
    made = over_the_change(minutes_before)
    context = claimed(made)
    (line,) = context.lines
    assert line.started_at is not None
    assert line.ended_at is not None
    assert timedelta(0) < line.ended_at - line.started_at < timedelta(minutes=15)
    report = scrub(made.note, made.record, context, find_profile("medicare_b"), shipped_tables())
    assert report.of_rule("T-016") == report.of_rule("T-019") == report.of_rule("N-10") == []


def test_exports_write_both_offsets() -> None:
    made = over_the_change()
    made = replace(made, context=made_claim(1))
    row = made.charge().values
    assert (row["start"][-14:], row["stop"][-14:]) == ("01:55:03-04:00", "01:05:11-05:00")
    assert "20261101015503-0400^20261101010511-0500" in dft_of(made)
    assert '"end": "2026-11-01T01:05:11-05:00"' in fhir_bundle(made, b"%PDF")


def test_a_line_of_a_named_zone_is_compared_by_its_moments() -> None:
    """Python compares two times of one zone by the clock on the wall."""
    began = datetime(2026, 11, 1, 1, 55, tzinfo=NEW_YORK)
    ended = datetime(2026, 11, 1, 1, 5, tzinfo=NEW_YORK, fold=1)
    line = ServiceLine(cpt="97140", started_at=began, ended_at=ended)
    assert line.ended_at is not None
    assert line.started_at is not None
    assert line.ended_at - line.started_at == timedelta(minutes=10)
    assert ClaimContext.model_validate({**CONTEXT, "lines": [line.model_dump()]}).lines == (line,)


@pytest.mark.parametrize(
    ("start", "end", "rule"),
    [
        ("2026-11-01T01:30:00-05:00", "2026-11-01T01:45:00-05:00", "T-029"),
        ("2026-11-01T06:30:00+00:00", "2026-11-01T06:45:00+00:00", "T-029"),
        ("2026-11-01T01:50:00-04:00", "2026-11-01T01:03:00-05:00", "T-028"),
        ("2026-11-01T06:00:00Z", "2026-11-01T06:03:00Z", "T-028"),
    ],
)
def test_the_partner_s_time_is_set_beside_the_log_as_a_moment(
    start: str, end: str, rule: str
) -> None:
    """01:30 after the change is later than 01:55 before it."""
    made = visit(
        words={"started_at": "2026-11-01 01:55:03-04:00", "ended_at": "2026-11-01 01:05:11-05:00"},
        note={"zone": NEW_YORK},
        line={"started_at": None, "ended_at": None},
        same_day=[service("97140", "59", "GP", started_at=start, ended_at=end)],
        claim={"date_of_service": "2026-11-01"},
    )
    assert {f.rule_id for f in made.report().findings} & {"T-028", "T-029"} == {rule}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-12:00"])
def test_a_time_outside_of_every_calendar_is_refused_in_words(moment: str) -> None:
    claim = {**CONTEXT, "lines": [{**LINE, "started_at": moment, "ended_at": None}]}
    with pytest.raises(ClaimContextInvalid, match="year is not between 1900 and 2100"):
        parse_context(json.dumps(claim), "claim.json")

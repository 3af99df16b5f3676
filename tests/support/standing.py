"""Standing records for tests: invented people, tables and doses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from records.standing.csv_rows import CsvRow
from records.standing.files import record_of
from records.standing.kinds import PatientRecord, StandingRecord
from records.standing.past_days import days_gone
from records.standing.versions import StandingVersion
from records.standing.write import NEW, StandingChange, write_standing
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.sessions import KEY, fixed_key

WRITTEN_MS = 1_764_441_600_000
"""2025-11-29 18:40:00 UTC."""
CLINIC: Mapping[str, Any] = {
    "name": "Example Spine Clinic",
    "npi": "1679576722",
    "tin": "12-3456789",
    "tin_kind": "EI",
    "time_zone": "America/Chicago",
    "force_unit": "lbf",
    "payers": ["medicare_b", "commercial"],
    "address": {"line_1": "1 Main Street", "city": "Springfield", "state": "IL", "zip": "62701"},
}
PERSON: Mapping[str, Any] = {
    "initials": "PJ",
    "first_name": "Pat",
    "last_name": "Jones",
    "credentials": "PT, DPT",
    "role": "PT",
    "npi": "1679576722",
}
UNIT: Mapping[str, Any] = {"name": "Table 1", "address": "modbus-tcp://192.0.2.5:502?unit=1"}
PRESET: Mapping[str, Any] = {
    "name": "Cervical mild",
    "region": "cervical",
    "source": "decided by the clinic's physician on 2026-01-05",
    "dose": {
        "mode": "static",
        "hold_force": "60 N",
        "maximum_force": "80 N",
        "treatment_time": "10 min",
    },
}
FLAG: Mapping[str, Any] = {
    "kind": "osteoporosis",
    "text": "T-score -3.1, ask before more than 60 N",
    "region": "cervical",
    "by": "P. Jones",
    "on": "2025-11-29",
}
PATIENT: Mapping[str, Any] = {
    "reference": "TEST-1",
    "last_name": "Doe",
    "first_name": "Jane",
    "birth_date": "1960-01-31",
    "diagnoses": ["M50.120"],
    "payer": {"kind": "medicare_b", "profile": "medicare_b", "name": "Medicare Part B"},
    "member_id": "1EG4TE5MK73",
    "harness": "two-piece head halter",
    "positioning": "supine, knees supported",
}
ACCOUNT: Mapping[str, Any] = {"account": "pat", "person": "PJ", "roles": ["administrator"]}
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "clinic": CLINIC,
    "person": PERSON,
    "unit": UNIT,
    "preset": PRESET,
    "patient": PATIENT,
    "account": ACCOUNT,
}


def writer(by: str = "P. Jones", at_utc_ms: int = WRITTEN_MS) -> Author:
    """An author of standing records."""
    return Author(by=by, user="desk", at_utc_ms=at_utc_ms, key=KEY)


def example(kind: str, **changes: Any) -> StandingRecord:
    """The invented record of a kind, with changes."""
    return record_of(kind, {**EXAMPLES[kind], **changes}, "test")


def patient(**changes: Any) -> PatientRecord:
    """The invented patient, with changes."""
    made = example("patient", **changes)
    assert isinstance(made, PatientRecord)
    return made


def appointment_row(reference: str, birth_date: date) -> CsvRow:
    """Returns the second line of a day's list: somebody at Table 1 at nine o'clock."""
    values = {
        "time": "09:00",
        "table": "Table 1",
        "reference": reference,
        "last_name": "Roe",
        "first_name": "Ann",
        "birth_date": birth_date,
    }
    return CsvRow(place="day.csv, line 2", values=values)


def _told_ms(record: StandingRecord) -> int:
    """Noon of the newest day that the record mentions, WRITTEN_MS at the earliest."""
    noons = (
        datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        for _, day in days_gone(record)
        if day
    )
    return max(WRITTEN_MS, *(round(noon.timestamp() * 1000) for noon in noons), 0)


def keep(
    folder: RecordFolder,
    record: StandingRecord,
    *,
    made_from: int = NEW,
    by: str = "P. Jones",
    at_utc_ms: int | None = None,
    reason: str = "",
) -> StandingVersion[StandingRecord]:
    """Write the record to the folder on the newest day that it mentions, or at a given moment."""
    fixed_key(folder)
    change = StandingChange(record=record, made_from=made_from, reason=reason)
    (kept,) = write_standing(
        folder, writer(by, _told_ms(record) if at_utc_ms is None else at_utc_ms), [change]
    )
    return kept

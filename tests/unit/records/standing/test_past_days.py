"""Days that people type into standing records: what has been was not tomorrow."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from controller.errors import StandingInvalid
from records.standing.appointments import plan_days
from records.standing.kinds import PatientRecord
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.standing import FLAG, appointment_row, example, keep, patient

EVENING_MS = round(datetime.fromisoformat("2026-11-30 20:00-06:00").timestamp() * 1000)
"""In UTC it is the first of December already."""
TODAY, TOMORROW = "2026-11-30", "2026-12-01"
INSURED = {"last_name": "Doe", "first_name": "Jo"}
SECOND = {"kind": "medicare_b", "profile": "medicare_b"}
FLAG_END = {"by": "P. Jones", "reason": "measured anew"}


def told(key: str, day: str) -> dict[str, Any]:
    """What a patient's record says with a day at this key."""
    said: dict[str, dict[str, Any]] = {
        "birth_date": {"birth_date": day},
        "onset_date": {"onset_date": day},
        "subscriber.birth_date": {"subscriber": {**INSURED, "birth_date": day}},
        "other_payer.insured.birth_date": {
            "other_payer": {**SECOND, "insured": {**INSURED, "birth_date": day}}
        },
        "plan.established": {"plan": {"established": day}},
        "plan.certified_on": {"plan": {"certified_on": day}},
        "plan.sent_to_referrer_on": {"plan": {"sent_to_referrer_on": day}},
        "threshold_check.checked_on": {
            "threshold_check": {"checked_on": day, "by": "A. Example", "result": "below"}
        },
        "flags.1.on": {"flags": [{**FLAG, "on": day}]},
        "flags.1.ended.on": {"flags": [{**FLAG, "ended": {**FLAG_END, "on": day}}]},
    }
    return said[key]


KEYS = [
    "birth_date",
    "onset_date",
    "subscriber.birth_date",
    "other_payer.insured.birth_date",
    "plan.established",
    "plan.certified_on",
    "plan.sent_to_referrer_on",
    "threshold_check.checked_on",
    "flags.1.on",
    "flags.1.ended.on",
]


@pytest.fixture
def clinic(folder: RecordFolder) -> RecordFolder:
    keep(folder, example("clinic"))
    return folder


@pytest.mark.parametrize("key", KEYS)
def test_what_has_been_was_not_after_the_clinics_day(clinic: RecordFolder, key: str) -> None:
    with pytest.raises(StandingInvalid) as refused:
        keep(clinic, patient(**told(key, TOMORROW)), at_utc_ms=EVENING_MS)
    assert refused.value.message.startswith(
        f"patient TEST-1: {key}={TOMORROW} is still to come, and {TODAY} is the latest day that"
    )
    keep(clinic, patient(**told(key, TODAY)), at_utc_ms=EVENING_MS)


def test_without_a_zone_on_file_no_day_is_refused_that_it_is_somewhere(
    folder: RecordFolder,
) -> None:
    flag = {**FLAG, "on": "2026-11-29", "until": "2026-11-30"}
    keep(folder, patient(birth_date=TOMORROW, flags=[flag]), at_utc_ms=EVENING_MS)
    with pytest.raises(StandingInvalid, match="2026-12-02 is still to come, and 2026-12-01 is the"):
        keep(folder, patient(birth_date="2026-12-02"), made_from=1, at_utc_ms=EVENING_MS)


def test_a_birth_date_of_another_century_is_refused(clinic: RecordFolder) -> None:
    with pytest.raises(StandingInvalid, match="birth_date=0960-01-31 is more than 130 years ago"):
        keep(clinic, patient(birth_date="0960-01-31"))


def test_a_table_was_not_tested_tomorrow(clinic: RecordFolder) -> None:
    tested = {"by": "A. Example", "what": "50 N", "on": TOMORROW}
    with pytest.raises(StandingInvalid, match=r"unit Table 1: commissioned\.1\.on=2026-12-01"):
        keep(clinic, example("unit", commissioned=[tested]), at_utc_ms=EVENING_MS)


def test_a_new_flag_that_is_over_would_never_be_told(clinic: RecordFolder) -> None:
    old, over, last = ({**FLAG, "until": day} for day in ("2025-12-24", "2026-11-29", TODAY))
    keep(clinic, patient(flags=[old]), at_utc_ms=EVENING_MS)
    with pytest.raises(StandingInvalid, match=r"until=2026-11-29 is past.* from 2026-11-30 on"):
        keep(clinic, patient(flags=[old, over]), made_from=1, at_utc_ms=EVENING_MS)
    keep(clinic, patient(flags=[old, last]), made_from=1, at_utc_ms=EVENING_MS)


def test_what_is_on_file_already_keeps_no_other_change_back(clinic: RecordFolder) -> None:
    flag = {**FLAG, "until": "2025-12-24"}
    keep(clinic, patient(birth_date="2025-11-28", flags=[flag]))
    a_day_before_ms = round(datetime.fromisoformat("2025-11-27 12:00-06:00").timestamp() * 1000)
    for number, at_ms in enumerate((EVENING_MS, a_day_before_ms), start=1):
        said = patient(birth_date="2025-11-28", flags=[flag], phone=f"555-010{number}")
        keep(clinic, said, made_from=number, at_utc_ms=at_ms)
    held = read_standing(clinic).patient("TEST-1")
    assert held is not None
    assert isinstance(held.record, PatientRecord)
    assert held.record.phone == "555-0102"


def test_nobody_on_the_days_list_is_born_behind_it(clinic: RecordFolder) -> None:
    row = appointment_row("TEST-9", date(2026, 12, 1))
    with pytest.raises(StandingInvalid, match=r"line 2: birth_date=2026-12-01 is after the day"):
        plan_days(read_standing(clinic), [row], date(2026, 11, 30))

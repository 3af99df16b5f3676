"""Days in standing records that have been or are still to come: nobody was born tomorrow.

Only what a change says anew is judged: what is on file already keeps no other change back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from controller.errors import StandingInvalid
from records.standing.kinds import PatientRecord, StandingRecord, UnitRecord
from records.standing.versions import StandingData

FIRST_ZONE, LAST_ZONE = timedelta(hours=-12), timedelta(hours=14)
"""No clinic's day is further from that of UTC."""
LONGEST_LIFE_YEARS: Final = 130


@dataclass(frozen=True, slots=True)
class ClinicsToday:
    """The clinic's day; where no zone is on file, the earliest and the latest that it may be."""

    earliest: date
    latest: date

    @classmethod
    def at(cls, held: StandingData, utc_ms: int) -> ClinicsToday:
        """Of a moment."""
        now = datetime.fromtimestamp(utc_ms / 1000, UTC)
        zone = held.clinic.record.time_zone if held.clinic else ""
        if not zone:
            return cls((now + FIRST_ZONE).date(), (now + LAST_ZONE).date())
        day = now.astimezone(ZoneInfo(zone)).date()
        return cls(day, day)


def refuse_other_days(
    old: StandingRecord | None, new: StandingRecord, name: str, today: ClinicsToday
) -> None:
    """Raise StandingInvalid for a new day that cannot be, with its limit and what to do.

    ``old`` is the record that is replaced.
    """
    before = {key: day for key, day in days_gone(old) if day} if old else {}
    for key, day in days_gone(new):
        if day is None or before.get(key) == day:
            continue
        if day > today.latest:
            raise StandingInvalid(
                f"{name}: {key}={day} is still to come, and {today.latest} is the latest day that "
                "is allowed; correct it, as in 1960-01-31"
            )
        if key.endswith("birth_date") and day.year < today.latest.year - LONGEST_LIFE_YEARS:
            raise StandingInvalid(
                f"{name}: {key}={day} is more than {LONGEST_LIFE_YEARS} years ago; correct it, as "
                "in 1960-01-31"
            )
    if isinstance(new, PatientRecord):
        _refuse_flags_that_are_over(old, new, name, today)


def _refuse_flags_that_are_over(
    old: StandingRecord | None, new: PatientRecord, name: str, today: ClinicsToday
) -> None:
    """A flag that would never be told is a mistake in its last day.

    Those that a new record brings along may be from long ago.
    """
    known = len(old.flags) if isinstance(old, PatientRecord) else len(new.flags)
    for number, flag in enumerate(new.flags[known:], start=known + 1):
        if flag.until is not None and flag.until < today.earliest and flag.ended is None:
            raise StandingInvalid(
                f"{name}: flags.{number}.until={flag.until} is past, so the flag would never "
                f"be shown; give a day from {today.earliest} on, or none"
            )


def days_gone(record: StandingRecord) -> Iterator[tuple[str, date | None]]:
    """What a record says of days that must have been, by key."""
    if isinstance(record, UnitRecord):
        for number, said in enumerate(record.commissioned, start=1):
            yield f"commissioned.{number}.on", said.on
    if isinstance(record, PatientRecord):
        yield "birth_date", record.birth_date
        yield "onset_date", record.onset_date
        yield from _days_of_insurance(record)
        for number, flag in enumerate(record.flags, start=1):
            yield f"flags.{number}.on", flag.on
            yield f"flags.{number}.ended.on", flag.ended.on if flag.ended else None


def _days_of_insurance(record: PatientRecord) -> Iterator[tuple[str, date | None]]:
    if record.subscriber is not None:
        yield "subscriber.birth_date", record.subscriber.birth_date
    if record.other_payer is not None and record.other_payer.insured is not None:
        yield "other_payer.insured.birth_date", record.other_payer.insured.birth_date
    if record.plan is not None:
        yield "plan.established", record.plan.established
        yield "plan.certified_on", record.plan.certified_on
        yield "plan.sent_to_referrer_on", record.plan.sent_to_referrer_on
    if record.threshold_check is not None:
        yield "threshold_check.checked_on", record.threshold_check.checked_on

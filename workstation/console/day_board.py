"""The day according to records and calendar: tables, appointments, open notes, yesterday.

Everything here was read at ``looked_utc_ms``. The present state of a unit is in its frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from controller.errors import TractionError
from records.evidence.reader import RUNNING, read_session
from records.keeping.search import FoundSession, SessionQuery, find_sessions
from records.keeping.stop_tests import stop_tests
from records.standing.appointments import Appointment, day_list
from records.standing.kinds import UnitRecord
from records.standing.versions import StandingData, read_standing
from records.store.record_folder import RecordFolder
from records.times_in_words import DayOf
from records.visit.worklist import ListedVisit, VisitState, list_visits
from workstation.console.due import due_on
from workstation.console.session_facts import initials_of
from workstation.session.commissioned import HOW, KnownFiled, all_known
from workstation.settings import Settings
from workstation.sound.day_check import SoundOfDay, sound_of_day

SOON_DAYS: Final = 7
"""From so many days before, an expiry is shown: no surprise on Monday at 8."""
LOOKED_BACK: Final = timedelta(days=30)
"""How far back unsigned notes are looked for, as in the list of notes."""
WITH_A_NOTE: Final = (VisitState.TO_COMPLETE, VisitState.TO_SIGN)
LEFT: Final = (VisitState.BEGUN, VisitState.LEFT_OPEN, VisitState.ALTERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDay:
    """A table according to its records.

    ``hindrances`` keep it from being ready, with what to do; ``due`` expires soon or has expired.
    """

    hindrances: tuple[str, ...] = ()
    due: tuple[str, ...] = ()
    last: FoundSession | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An appointment with the patient's initials, and whether the patient is on file."""

    time: str
    table: str
    reference: str
    initials: str
    on_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBoard:
    """One look. ``trouble`` says what could not be read; the rest is empty then.

    ``left`` are visits of before today that nobody has ended, ``notes_waiting`` counts unsigned
    notes.
    """

    looked_utc_ms: int
    day: date
    tables: Mapping[str, TableDay] = field(default_factory=dict)
    appointments: tuple[Expected, ...] = ()
    has_list: bool = False
    notes_waiting: int = 0
    left: tuple[ListedVisit, ...] = ()
    sound: SoundOfDay | None = None
    trouble: str = ""

    @property
    def references(self) -> tuple[str, ...]:
        """Returns every patient named on it."""
        named = [
            *(each.reference for each in self.appointments),
            *(each.reference for each in self.left),
            *(each.last.reference for each in self.tables.values() if each.last),
        ]
        return tuple(dict.fromkeys(filter(None, named)))


def look_at_day(folder: RecordFolder, settings: Settings, utc_ms: int) -> DayBoard:
    """Read everything once; what cannot be read is reported and never raised."""
    day = settings.day_at(utc_ms)
    try:
        return _board(folder, settings, utc_ms, day)
    except TractionError as error:
        return DayBoard(looked_utc_ms=utc_ms, day=day, trouble=error.message)


def _board(folder: RecordFolder, settings: Settings, utc_ms: int, day: date) -> DayBoard:
    held = read_standing(folder)
    days = (day - LOOKED_BACK, day)
    listed = list_visits(folder, settings, settings.day_at, days, unsigned_only=True)
    expected = day_list(folder, day)
    found = find_sessions(folder, SessionQuery(), settings.day_at)
    filed = all_known(folder, utc_ms, settings.day_at)
    known = {each.filed.record.tested.unit_id: each for each in filed}

    def table(unit: UnitRecord) -> TableDay:
        last = _last_on(unit, found)
        due = (
            *_weight_test(known.get(unit.unit_id or "")),
            *_stop_test(folder, unit, settings.day_at),
            *_calibration(folder, last, day),
        )
        return TableDay(hindrances=tuple(_hindrances(unit)), due=due, last=last)

    return DayBoard(
        looked_utc_ms=utc_ms,
        day=day,
        tables={each.name: table(each.record) for each in held.units},
        appointments=tuple(_expected(held, expected.appointments if expected else ())),
        has_list=expected is not None,
        notes_waiting=sum(each.state in WITH_A_NOTE for each in listed),
        left=tuple(
            each
            for each in listed
            if each.state in LEFT and settings.day_at(each.began_utc_ms) < day
        ),
        sound=sound_of_day(folder, day),
    )


def _expected(held: StandingData, made: tuple[Appointment, ...]) -> Iterator[Expected]:
    for each in made:
        known = held.patient_exactly(each.reference)
        letters = (each.first_name[:1], each.last_name[:1])
        yield Expected(
            time=each.time,
            table=each.table,
            reference=each.reference,
            initials=initials_of(known.record) if known else "".join(f"{a}." for a in letters if a),
            on_file=known is not None,
        )


# --- a table --------------------------------------------------------------------------------------


def _last_on(unit: UnitRecord, found: list[FoundSession]) -> FoundSession | None:
    ended = (
        each
        for each in found
        if each.head.unit_id == unit.unit_id and not each.refused and each.outcome != RUNNING
    )
    return next(ended, None)


def _hindrances(unit: UnitRecord) -> Iterator[str]:
    if unit.unit_id is None:
        yield (
            "It was never identified: commission it, then `traction units change` with its unit_id"
        )
    if not unit.manual_release:
        yield (
            "No instructions for the manual release are on file: `traction units change`, "
            "manual_release"
        )


def _weight_test(known: KnownFiled | None) -> Iterator[str]:
    if known is None:
        yield f"No weight test on record: {HOW}"
        return
    standing = known.standing
    if not standing.valid or (standing.days_left or 0) <= SOON_DAYS:
        yield f"{standing.text[:1].upper()}{standing.text[1:]}: {HOW}"


def _stop_test(folder: RecordFolder, unit: UnitRecord, day_of: DayOf) -> Iterator[str]:
    """Yields nothing for a table without any stop test: only its daily test is required."""
    filed = stop_tests(folder, unit.unit_id) if unit.unit_id else []
    if filed and not filed[-1].test.passed:
        yield f"The stop test of {filed[-1].day(day_of)} was not passed: {filed[-1].test.why}"


def _calibration(folder: RecordFolder, last: FoundSession | None, day: date) -> Iterator[str]:
    """Yields what the unit reported at its last session: it is not asked again for this."""
    if last is None:
        return
    try:
        identity = read_session(folder, last.head.session_id).started.session.identity
    except TractionError:
        return
    if identity is not None and identity.calibration_due:
        yield from due_on("Calibration", identity.calibration_due, day, SOON_DAYS)

"""Entry of a downtime sheet: each answer checked, kept while typing, conspicuous ones flagged.

A number without its unit is refused, as in an order. A past event is never refused for being too
much: it is flagged, and the note shows the flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from controller.errors import RequestRefused
from controller.events import Outcome
from controller.order.prescription import REGION_LIMITS, Region
from records.clinic.paper_names import PAPER
from records.clinic.paper_sheets import PaperSheet, sheets_on_file
from records.evidence.reader import REMOVED, read_session
from records.keeping.search import FoundSession, SessionQuery, find_sessions
from records.note.lifecycle import draft_in, keep_words
from records.note.typed import TYPED
from records.note.words import Word
from records.order.quantities import force_n, time_s
from records.standing.kinds import PatientRecord, UnitRecord
from records.store.author import Author
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.database import rows
from records.store.record_folder import RecordFolder

DAY, REFERENCE = "day", "patient_reference"
CLOCK = re.compile(r"(\d{1,2}):(\d\d)")
PAUSED, STOPPED_AT = "paused", "stopped_at"
TIMES_OF_DAY = ("began", "ended", STOPPED_AT)
DURATIONS = ("ordered_time", "ordered_hold_time", "ordered_rest_time", PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetDay:
    """The time base of a sheet: now and the clinic's zone, and its greatest age.

    ``most_days`` 0: no limit.
    """

    now_utc_ms: int
    zone_at: Callable[[int], tzinfo]
    most_days: int

    @property
    def today(self) -> date:
        """Returns the clinic's day now."""
        return self._local(self.now_utc_ms).date()

    def day(self, text: str) -> date:
        """Returns the day of a sheet; raises RequestRefused for a future or too old one."""
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise RequestRefused(f"day={text!r} is no date; write it like 2026-01-31") from error
        if day > self.today:
            raise RequestRefused(f"day={day} is ahead of today ({self.today}); correct it")
        if self.most_days and (self.today - day).days > self.most_days:
            raise RequestRefused(
                f"day={day} is {(self.today - day).days} days ago; sheets are entered up to "
                f"{self.most_days} days later (setting paper_days). Keep the sheet, or change the "
                "setting"
            )
        return day

    def moment_ms(self, name: str, day: date, text: str) -> int:
        """Returns a time of that day in UTC milliseconds.

        Raises RequestRefused for a future one.
        """
        hour, minute = clock_of(name, text)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        zone = self.zone_at(round(noon.timestamp() * 1000))
        at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        utc_ms = round(at.timestamp() * 1000)
        if utc_ms > self.now_utc_ms:
            raise RequestRefused(f"{name}={text} on {day} is ahead of now; correct it")
        return utc_ms

    def offset_min(self, utc_ms: int) -> int:
        """Returns minutes of the clinic's clock ahead of UTC at a moment."""
        offset = self._local(utc_ms).utcoffset() or timedelta()
        return round(offset.total_seconds() / 60)

    def _local(self, utc_ms: int) -> datetime:
        return datetime.fromtimestamp(utc_ms / 1000, self.zone_at(utc_ms))


def parse_value(name: str, text: str) -> object:
    """Returns a value of a sheet; raises PrescriptionInvalid naming the unit that is missing."""
    if name.endswith("force"):
        return force_n(name, text, None)
    if name in DURATIONS:
        return time_s(name, text)
    return clock_of(name, text) if name in TIMES_OF_DAY else text


def clock_of(name: str, text: str) -> tuple[int, int]:
    """Returns hour and minute of "13:05"; raises RequestRefused."""
    found = CLOCK.fullmatch(text)
    hour, minute = map(int, found.groups()) if found else (24, 0)
    if hour > 23 or minute > 59:
        raise RequestRefused(f"{name}={text!r} is no time of day; write it like 13:05")
    return hour, minute


def times_of(day: SheetDay, values: Mapping[str, str]) -> tuple[int, int]:
    """Returns beginning and end; raises RequestRefused if they contradict the pauses."""
    on = day.day(values[DAY])
    began, ended = (day.moment_ms(name, on, values[name]) for name in ("began", "ended"))
    if ended <= began:
        raise RequestRefused(
            f"ended={values['ended']} is not after began={values['began']}; correct one of both"
        )
    paused_ms = round(time_s(PAUSED, values[PAUSED]) * 1000)
    if paused_ms >= ended - began:
        raise RequestRefused(
            f"paused={values[PAUSED]} is all of the time from {values['began']} to "
            f"{values['ended']} or more; correct it"
        )
    if stopped := values.get(STOPPED_AT):
        at = day.moment_ms(STOPPED_AT, on, stopped)
        if not began <= at <= ended:
            raise RequestRefused(
                f"stopped_at={stopped} is outside of {values['began']} to {values['ended']}; "
                "correct it"
            )
    return began, ended


def forces_flagged(
    values: Mapping[str, str], patient: PatientRecord, unit: UnitRecord | None
) -> Iterator[str]:
    """Yields forces above a limit of the region, the patient or the table: each in words."""
    region = Region(values["region"])
    limits = [(REGION_LIMITS[region].hard_force_n, f"the most for the {region.value} region")]
    caps = patient.force_cap
    if caps is not None and (cap_n := caps.limit_n(region)) is not None:
        limits.append((cap_n, "the patient's own cap"))
    if unit is not None and unit.force_limit_n is not None:
        limits.append((unit.force_limit_n, f"the limit of {unit.name}"))
    for name in ("ordered_hold_force", "delivered_hold_force"):
        force = force_n(name, values[name], None)
        for limit_n, whose in limits:
            if force > limit_n + 1e-9:
                shown = name.replace("_", " ").capitalize()
                yield f"{shown} {values[name]} ({force:g} N) is above {limit_n:g} N, {whose}."


def overlaps(
    folder: RecordFolder,
    sheet: PaperSheet,
    day_of: Callable[[int], date],
    unit: UnitRecord | None,
) -> Iterator[str]:
    """Yields the patient's or table's other sessions and sheets at the same time, in words."""
    day = day_of(sheet.began_utc_ms)
    query = SessionQuery(first_day=day - timedelta(days=1), last_day=day)
    unit_id = unit.unit_id if unit else None
    for found in find_sessions(folder, query, day_of):
        if found.outcome in (REMOVED, Outcome.REFUSED):
            continue
        whose = _whose(sheet, found, unit_id)
        began = found.head.started_utc_ms
        ended = _ended_ms(folder, found.head.session_id, began)
        if whose and began < sheet.ended_utc_ms and sheet.began_utc_ms < ended:
            yield f"Overlaps session {found.head.session_id}, recorded of the same {whose}."
    for kept in sheets_on_file(folder):
        other = kept.sheet
        same = "patient" if other.reference == sheet.reference else ""
        if not same and other.values.get("table") == sheet.values.get("table"):
            same = "table"
        at_once = (
            other.began_utc_ms < sheet.ended_utc_ms and sheet.began_utc_ms < other.ended_utc_ms
        )
        if same and at_once:
            yield f"Overlaps sheet {other.sheet_id} of the same {same}."


def _whose(sheet: PaperSheet, found: FoundSession, unit_id: str | None) -> str:
    if sheet.reference in found.references:
        return "patient"
    return "table" if unit_id is not None and found.head.unit_id == unit_id else ""


def _ended_ms(folder: RecordFolder, session_id: str, began_ms: int) -> int:
    events = read_session(folder, session_id).events
    return max((event.utc_ms for event in events), default=began_ms)


# --- what was typed so far ----------------------------------------------------------------------


def keep_typed(folder: RecordFolder, sheet_id: str, name: str, text: str, author: Author) -> None:
    """Keep one answer of a sheet during its entry, replacing an earlier one."""
    word = Word(
        value=text,
        not_assessed=False,
        source=TYPED,
        said_by=author.by.strip(),
        said_utc_ms=author.at_utc_ms,
    )
    with clinic_writing(folder) as db:
        keep_words(db, sheet_id, {name: word})


def typed_of(folder: RecordFolder, sheet_id: str) -> dict[str, str]:
    """Returns what was typed of it so far, by name."""
    with clinic_reading(folder) as db:
        found = draft_in(db, sheet_id)
    return {name: word.value for name, word in found.items() if word.value is not None}


def unfinished(folder: RecordFolder, reference: str) -> list[str]:
    """Returns sheets of a patient with a started, unfinished entry."""
    if not folder.clinic_database.exists():
        return []
    kept = {each.sheet.sheet_id for each in sheets_on_file(folder)}
    with clinic_reading(folder) as db:
        found = rows(
            db,
            "SELECT session_id FROM draft_word WHERE substr(session_id, 1, ?) = ? "
            "AND name = ? AND value = ? ORDER BY said_utc_ms",
            (len(PAPER), PAPER, REFERENCE, reference),
        )
    return [str(name) for (name,) in found if name not in kept]


def forget_typed(folder: RecordFolder, sheet_id: str, names: Collection[str] = ()) -> None:
    """Drop what was typed of some lines of a sheet; of all without any."""
    with clinic_writing(folder) as db:
        for name in names:
            db.execute("DELETE FROM draft_word WHERE session_id = ? AND name = ?", (sheet_id, name))
        if not names:
            db.execute("DELETE FROM draft_word WHERE session_id = ?", (sheet_id,))

"""The day's appointments of the practice system: imported, never managed by this program.

The newest import of a day counts. A row whose reference belongs to somebody else here is wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from controller.errors import StandingInvalid
from controller.events import JsonValue
from records.clinic.checked_entries import checked_entries
from records.evidence.unreadable import refused_in_words
from records.standing.csv_patients import (
    another_patient,
    identity,
    identity_of,
    refuse_rows,
    wrong_rows,
)
from records.standing.csv_rows import NAMES, CsvRow
from records.standing.training import reference_fault
from records.standing.versions import StandingData
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Who comes when, and to which table. ``time`` is of the clinic's day, HH:MM."""

    time: str
    table: str
    reference: str
    last_name: str
    first_name: str
    birth_date: date

    @property
    def as_json(self) -> dict[str, JsonValue]:
        """Returns it as in an entry."""
        return {
            "time": self.time,
            "table": self.table,
            "reference": self.reference,
            "last_name": self.last_name,
            "first_name": self.first_name,
            "birth_date": self.birth_date.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DayList:
    """The appointments of a day, by time, from ``file`` (SHA-256 in hex: ``digest``)."""

    day: date
    appointments: tuple[Appointment, ...]
    file: str
    digest: str
    by: str
    at_utc_ms: int


def plan_days(
    held: StandingData, rows: Sequence[CsvRow], day: date | None
) -> dict[date, list[Appointment]]:
    """Returns the appointments of rows, by day; ``day`` is the day of rows without one.

    Raises StandingInvalid with every wrong row.
    """
    faults = wrong_rows(rows)
    days: dict[date, list[Appointment]] = {}
    taken: dict[tuple[date, str, str], str] = {}
    for row in rows if not faults else ():
        on = row.values.get("date", day)
        fault = _fault(held, row, on)
        if on is None:
            fault = "its day is not said; name the column (columns.date), or give --day"
        elif not fault:
            made = _appointment(row)
            before = taken.setdefault((on, made.table, made.time), row.place)
            if before != row.place:
                fault = f"{made.table} at {made.time} is taken by {before}"
            days.setdefault(on, []).append(made)
        if fault:
            faults.append(f"{row.place}: {fault}")
    refuse_rows(faults, len(rows))
    return {on: sorted(made, key=lambda each: (each.time, each.table)) for on, made in days.items()}


def write_days(
    folder: RecordFolder,
    author: Author,
    days: Mapping[date, Sequence[Appointment]],
    *,
    file: str,
    content: bytes,
) -> None:
    """Keep the lists of days, replacing earlier ones, in one transaction."""
    entries: list[tuple[EntryKind, dict[str, JsonValue]]] = []
    for day, appointments in sorted(days.items()):
        rows: list[JsonValue] = [each.as_json for each in appointments]
        entries.append(
            (
                EntryKind.APPOINTMENTS_SAID,
                {
                    "what": "appointments imported",
                    "day": day.isoformat(),
                    "rows": rows,
                    "file": file,
                    "digest": hashlib.sha256(content).hexdigest(),
                    "by": author.by.strip(),
                    "user": author.user,
                },
            )
        )
    if not entries:
        raise StandingInvalid(f"file {file}: holds no appointment; nothing was kept")
    with clinic_writing(folder) as db:
        append_entries(db, author, entries)


def day_list(folder: RecordFolder, day: date) -> DayList | None:
    """Returns the newest list of a day, checked with the whole chain; None without one."""
    found = list(_lists(checked_entries(folder, EntryKind.APPOINTMENTS_SAID)))
    return next((each for each in reversed(found) if each.day == day), None)


def _lists(entries: Iterable[Entry]) -> Iterator[DayList]:
    for entry in entries:
        detail = entry.detail
        with refused_in_words(f"entry {entry.sequence} of clinic.db, appointments,"):
            yield DayList(
                day=date.fromisoformat(detail["day"]),
                appointments=tuple(_stored(row) for row in detail["rows"]),
                file=str(detail["file"]),
                digest=str(detail["digest"]),
                by=str(detail["by"]),
                at_utc_ms=entry.utc_ms,
            )


def _stored(row: Mapping[str, str]) -> Appointment:
    return Appointment(**{**row, "birth_date": date.fromisoformat(row["birth_date"])})  # type: ignore[arg-type]


def _appointment(row: CsvRow) -> Appointment:
    values = row.values
    return Appointment(
        time=values["time"],
        table=values["table"],
        reference=values["reference"],
        last_name=values[NAMES[0]],
        first_name=values[NAMES[1]],
        birth_date=values["birth_date"],
    )


def _fault(held: StandingData, row: CsvRow, on: date | None) -> str:
    """Returns why a row contradicts what is on file; "" when it does not."""
    tables = [unit.name for unit in held.units]
    if tables and row.values["table"] not in tables:
        return f"table {row.values['table']!r} is not one of the clinic's ({', '.join(tables)})"
    if fault := reference_fault(held, row.values["reference"]):
        return fault
    born = row.values["birth_date"]
    if on is not None and born > on:
        return f"birth_date={born} is after the day of the appointment, {on}; correct it"
    known = held.patient_exactly(row.values["reference"])
    if known is None or identity_of(known.record) == identity(row.values):
        return ""
    return another_patient(known.record, row)

"""Patients from a practice system's CSV: new ones are added, different ones changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.errors import StandingInvalid
from records.standing.csv_rows import NAMES, CsvRow
from records.standing.files import ImportPlan, ReadRecord, plan_import, record_of, two_patients
from records.standing.kinds import PatientRecord
from records.standing.versions import StandingData, record_json

IDENTITY = (*NAMES, "birth_date")


def plan_patients(held: StandingData, rows: Sequence[CsvRow]) -> ImportPlan:
    """Returns what these rows would change; a value missing in a row stays as it is.

    Raises StandingInvalid with every wrong row, so that nothing is done partly.
    """
    faults = wrong_rows(rows)
    if not faults:
        faults = _said_twice(rows)
    records = list[ReadRecord]()
    for row in rows if not faults else ():
        try:
            records.append(_record(held, row))
        except StandingInvalid as error:
            faults.append(error.message)
    refuse_rows(faults, len(rows))
    return plan_import(held, records)


def wrong_rows(rows: Sequence[CsvRow]) -> list[str]:
    """Returns unreadable rows, and references of two rows with different people."""
    faults, seen = list[str](), dict[str, CsvRow]()
    for row in rows:
        if row.fault:
            faults.append(f"{row.place}: {row.fault}")
            continue
        before = seen.setdefault(row.values["reference"], row)
        if before is not row and identity(before.values) != identity(row.values):
            faults.append(
                f"{row.place}: reference {row.values['reference']} is that of another patient in "
                f"{before.place}; one reference is one patient"
            )
    return faults


def refuse_rows(faults: Sequence[str], rows: int) -> None:
    """Raise StandingInvalid with every wrong row; nothing without one."""
    if faults:
        raise StandingInvalid(
            f"{len(faults)} of {rows} rows are wrong, so none was taken: {faults[0]}",
            rows=tuple(faults),
        )


def another_patient(known: PatientRecord, row: CsvRow) -> str:
    """Returns that a row's reference belongs to somebody else on file."""
    name = ", ".join(str(row.values[key]) for key in NAMES)
    return two_patients(known, name, row.values["birth_date"])


def identity(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns names and date of birth; systems write names in capitals or not."""
    return tuple(str(values[key]).casefold() for key in IDENTITY)


def identity_of(patient: PatientRecord) -> tuple[str, ...]:
    """Returns the same of a record."""
    return identity({key: getattr(patient, key) for key in IDENTITY})


def _said_twice(rows: Sequence[CsvRow]) -> list[str]:
    """Yields rows of a reference that an earlier row has; which one is right is not guessed."""
    places = dict[str, str]()
    for row in rows:
        places.setdefault(row.values["reference"], row.place)
    return [
        f"{row.place}: reference {row.values['reference']} stands in "
        f"{places[row.values['reference']]} already; keep one row"
        for row in rows
        if places[row.values["reference"]] != row.place
    ]


def _record(held: StandingData, row: CsvRow) -> ReadRecord:
    """Returns the record as it would be after the row; raises StandingInvalid."""
    reference = row.values["reference"]
    place = f"{row.place} (reference {reference})"
    newest = held.patient_exactly(reference)
    if newest is None:
        record = record_of("patient", row.values, place)
        return ReadRecord(record=record, version=None, place=place)
    if identity_of(newest.record) != identity(row.values):
        raise StandingInvalid(f"{place}: {another_patient(newest.record, row)}")
    said = dict(_more(record_json(newest.record), row.values))
    return ReadRecord(record=record_of("patient", said, place), version=newest.number, place=place)


def _more(table: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Returns ``table`` with a row's values; names keep their spelling."""
    for key in dict.fromkeys((*table, *said)):
        old, new = table.get(key), said.get(key)
        if key in IDENTITY or new is None:
            yield key, old
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            yield key, {**old, **new}
        else:
            yield key, new

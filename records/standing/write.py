"""Writes standing records: checked completely, in one transaction, never over another change.

A change names the version that it was made from. If there is a newer one, the change is refused
with who and when. Of several changes none is kept when one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.errors import RecordNotFound, RequestRefused, StandingChanged
from controller.events import JsonValue
from controller.words import NAME_CHARACTERS, TEXT_CHARACTERS, check_text
from records.standing.account_rules import refuse_accounts
from records.standing.flags import refuse_lost_flags
from records.standing.kinds import (
    TABLES,
    PatientRecord,
    StandingRecord,
    UnitRecord,
    kind_of,
    name_of,
)
from records.standing.past_days import ClinicsToday, refuse_other_days
from records.standing.training import refuse_in_training
from records.standing.versions import (
    StandingData,
    StandingVersion,
    digest_of_record,
    label,
    record_json,
    standing_in,
)
from records.store.author import Author
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder

NEW = 0
"""``made_from`` of a record that is not on file yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingChange:
    """A record as it is to be, and the number of the version that it was made from."""

    record: StandingRecord
    made_from: int = NEW
    reason: str = ""

    @property
    def kind(self) -> str:
        """Returns clinic, person, unit, preset, patient or account."""
        return kind_of(self.record)

    @property
    def name(self) -> str:
        """Returns the record's name."""
        return name_of(self.record)


def write_standing(
    folder: RecordFolder, author: Author, changes: Sequence[StandingChange]
) -> list[StandingVersion[StandingRecord]]:
    """Keep every change, or none; returns the new versions.

    Raises StandingChanged where a record is newer than what a change was made from, RecordNotFound
    for a change of a missing record, StandingInvalid for an impossible day, and RequestRefused for
    a name that is taken, a flag that would be lost and an unchanged record.
    """
    check_text("by", author.by, NAME_CHARACTERS)
    for change in changes:
        check_text("reason", change.reason, TEXT_CHARACTERS)
    with clinic_writing(folder) as db:
        held = standing_in(db)
        _refuse_twice(changes)
        for change in changes:
            _check(held, change, author)
        _refuse_shared_units(held, changes)
        refuse_accounts(held, [change.record for change in changes])
        details = [_detail(db, change, author) for change in changes]
        append_entries(db, author, [(EntryKind.STANDING_SAID, detail) for detail in details])
        held = standing_in(db)
        return [held.found(change.kind, change.name) for change in changes]


def namesakes(held: StandingData, record: PatientRecord) -> Iterator[str]:
    """Returns references of other patients with the same names and date of birth."""
    own = (record.last_name.casefold(), record.first_name.casefold(), record.birth_date)
    for other in held.patients:
        said = other.record
        if said.reference != record.reference and own == (
            said.last_name.casefold(),
            said.first_name.casefold(),
            said.birth_date,
        ):
            yield said.reference


# --- what forbids a change ------------------------------------------------------------------------


def _refuse_twice(changes: Sequence[StandingChange]) -> None:
    seen = set[tuple[str, str]]()
    for change in changes:
        if (change.kind, change.name) in seen:
            raise RequestRefused(
                f"{label(change.kind, change.name)} is there twice; keep one and repeat"
            )
        seen.add((change.kind, change.name))


def _check(held: StandingData, change: StandingChange, author: Author) -> None:
    newest = held.newest(change.kind, change.name)
    called = label(change.kind, change.name)
    replaced = newest.record if newest else None
    refuse_in_training(held, replaced, change.record)
    refuse_other_days(replaced, change.record, called, ClinicsToday.at(held, author.at_utc_ms))
    if newest is None:
        if change.made_from != NEW:
            raise RecordNotFound(
                f"{called} is not on file, so there is no version {change.made_from} of it; add it"
            )
        return
    if change.made_from == NEW or newest.name != change.name:
        raise RequestRefused(_taken(newest, change))
    if change.made_from > newest.number:
        raise RecordNotFound(
            f"{newest.words}, is the newest; there is no version {change.made_from} that a change "
            "could be made from"
        )
    if change.made_from != newest.number:
        raise StandingChanged(
            f"{newest.words}, is newer than the version {change.made_from} that this change was "
            f"made from; read it again (`traction {TABLES[change.kind]} show`), then repeat"
        )
    if record_json(newest.record) == record_json(change.record):
        raise RequestRefused(f"{newest.words}, says all this already; nothing was changed")
    if isinstance(newest.record, PatientRecord) and isinstance(change.record, PatientRecord):
        refuse_lost_flags(newest.record, change.record, author)


def _taken(newest: StandingVersion[StandingRecord], change: StandingChange) -> str:
    if isinstance(newest.record, PatientRecord) and isinstance(change.record, PatientRecord):
        old, new = newest.record, change.record
        return (
            f"patient reference {newest.name} is on file already: {old.full_name}, born "
            f"{old.birth_date} ({newest.words}); {new.full_name}, born {new.birth_date}, needs "
            f"another one. To change what is on file: `traction patients change {newest.name}`"
        )
    return (
        f"{newest.words}, is on file already and {change.name!r} would be taken for it; "
        f"`traction {TABLES[change.kind]} change` changes it"
    )


def _refuse_shared_units(held: StandingData, changes: Sequence[StandingChange]) -> None:
    """Refuse two names for one table, which would separate its limits and its history."""
    units = {each.name: each.record for each in held.units}
    for change in changes:
        if isinstance(change.record, UnitRecord):
            units.pop(change.name, None)
            if change.record.in_use:
                _refuse_shared_unit(change.record, units)
                units[change.name] = change.record


def _refuse_shared_unit(unit: UnitRecord, others: dict[str, UnitRecord]) -> None:
    for name, other in others.items():
        for key in ("unit_id", "address"):
            said = getattr(unit, key)
            if said is not None and said == getattr(other, key):
                raise RequestRefused(
                    f"unit {unit.name}: {key}={said} is that of unit {name}; correct it, or say "
                    f"in_use=false of unit {name} first"
                )


def _detail(db: Database, change: StandingChange, author: Author) -> dict[str, JsonValue]:
    said = record_json(change.record)
    return {
        "what": f"{change.kind} {'changed' if change.made_from else 'added'}",
        "kind": change.kind,
        "name": change.name,
        "version": change.made_from + 1,
        "replaces": change.made_from,
        "record": said,
        "digest": digest_of_record(said),
        "reason": change.reason.strip(),
        "patient_key": _patient_key(db, change),
        "by": author.by.strip(),
        "user": author.user,
    }


def _patient_key(db: Database, change: StandingChange) -> str:
    """Returns the key in the patient's sessions; "" before the first one, and of other records."""
    if change.kind != "patient":
        return ""
    found = rows(db, "SELECT key FROM patient WHERE reference = ?", (change.name,))
    return str(found[0][0]) if found else ""

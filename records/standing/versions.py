"""Standing records in clinic.db's chain: every version, who wrote it and when.

The newest version of a record counts. Nothing is overwritten in the file: a change is an entry that
names the version it was made from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from controller.errors import JournalCorrupt, PrescriptionInvalid, RecordNotFound
from controller.events import JsonValue
from records.clinic.checked_entries import checked_entries
from records.evidence.unreadable import refused_in_words
from records.keys.key_records import shown
from records.standing.account_entries import ACCOUNT
from records.standing.kinds import (
    CLINIC,
    KINDS,
    ON_FILE,
    TABLES,
    AccountRecord,
    ClinicRecord,
    PatientRecord,
    PersonRecord,
    PresetRecord,
    StandingRecord,
    UnitRecord,
    folded,
    kind_of,
    name_of,
)
from records.store.canonical import canonical_json
from records.store.clinic_chain import Entry, EntryKind, entries_of_kind
from records.store.clinic_file import clinic_reading, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder

NAMED = 5
"""Most records that a message names."""
VERSIONS_KEPT = 10_000
Record = TypeVar("Record", bound=StandingRecord, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingVersion(Generic[Record]):
    """One version on file. ``digest`` is the SHA-256 (hex) of the record's canonical JSON."""

    number: int
    record: Record
    digest: str
    by: str
    user: str
    at_utc_ms: int
    reason: str
    entry: int

    @property
    def kind(self) -> str:
        """Returns clinic, person, unit, preset, patient or account."""
        return kind_of(self.record)

    @property
    def name(self) -> str:
        """Returns the record's name."""
        return name_of(self.record)

    @property
    def words(self) -> str:
        """Returns which version of what, by whom and when."""
        when = shown(self.at_utc_ms)
        return f"{label(self.kind, self.name)}, version {self.number} of {when} by {self.by}"

    @property
    def facts(self) -> dict[str, Any]:
        """Returns the same for programs, with the record."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.number,
            "replaces": self.number - 1,
            "digest": self.digest,
            "by": self.by,
            "user": self.user,
            "at_utc_ms": self.at_utc_ms,
            "reason": self.reason,
            "record": record_json(self.record),
        }


class StandingData:
    """Every standing record of a folder, each with all its versions, oldest first."""

    def __init__(self, versions: Iterable[StandingVersion[StandingRecord]] = ()) -> None:
        self._of: dict[tuple[str, str], list[StandingVersion[StandingRecord]]] = {}
        for version in versions:
            self._of.setdefault((version.kind, folded(version.name)), []).append(version)

    def versions(self, kind: str, name: str) -> tuple[StandingVersion[StandingRecord], ...]:
        """Returns every version of a record, oldest first; none for one that is not on file."""
        return tuple(self._of.get((kind, folded(name)), ()))

    def newest(self, kind: str, name: str) -> StandingVersion[StandingRecord] | None:
        """Returns the present version of a record; None: it is not on file."""
        return next(reversed(self.versions(kind, name)), None)

    def found(self, kind: str, name: str) -> StandingVersion[StandingRecord]:
        """Returns the same; raises RecordNotFound naming what is on file."""
        version = self.newest(kind, name)
        if version is not None and version.name == name:
            return version
        known = ", ".join(each.name for each in self.all_of(kind)[:NAMED]) or "none"
        near = repr(version.name) if version else known
        raise RecordNotFound(
            f"{label(kind, name)} is not on file (on file: {near}); `traction {TABLES[kind]} list` "
            "shows every one"
        )

    def all_of(self, kind: str) -> list[StandingVersion[StandingRecord]]:
        """Returns the newest version of each record of a kind, by its name."""
        found = [versions[-1] for (of, _), versions in self._of.items() if of == kind]
        return sorted(found, key=lambda version: folded(version.name))

    @property
    def clinic(self) -> StandingVersion[ClinicRecord] | None:
        """Returns the clinic; None without a record."""
        return _as(ClinicRecord, self.newest("clinic", CLINIC))

    @property
    def is_training(self) -> bool:
        """Returns True for the records of an invented clinic."""
        return self.clinic is not None and self.clinic.record.training

    def patient(self, reference: str) -> StandingVersion[PatientRecord] | None:
        """Returns the patient of a reference.

        None where none is on file, or the order names nobody.

        Raises PrescriptionInvalid for a reference that is nearly one on file: its lasting flags
        would not be shown.
        """
        found = self._patient_nearly(reference)
        if found is not None and found.name != reference:
            raise PrescriptionInvalid(
                f"patient_reference={reference!r} is not on file, and {found.name!r} is; if it is "
                "the same patient, correct the order, else give one of both another reference"
            )
        return found

    def patient_exactly(self, reference: str) -> StandingVersion[PatientRecord] | None:
        """Returns the same, but None for a reference that is nearly one on file."""
        found = self._patient_nearly(reference)
        return found if found is not None and found.name == reference else None

    def _patient_nearly(self, reference: str) -> StandingVersion[PatientRecord] | None:
        return _as(PatientRecord, self.newest("patient", reference)) if reference else None

    def preset(self, name: str) -> StandingVersion[PresetRecord]:
        """Returns a preset; raises RecordNotFound."""
        found = _as(PresetRecord, self.found("preset", name))
        assert found is not None, "a preset's record is one"
        return found

    @property
    def patients(self) -> Iterator[StandingVersion[PatientRecord]]:
        """Returns every patient, by reference."""
        return filter(None, (_as(PatientRecord, each) for each in self.all_of("patient")))

    @property
    def units(self) -> Iterator[StandingVersion[UnitRecord]]:
        """Returns every unit in use, by name."""
        found = (_as(UnitRecord, each) for each in self.all_of("unit"))
        return (each for each in found if each is not None and each.record.in_use)

    @property
    def people(self) -> Iterator[StandingVersion[PersonRecord]]:
        """Returns the present staff, by initials."""
        found = (_as(PersonRecord, each) for each in self.all_of("person"))
        return (each for each in found if each is not None and each.record.in_use)

    @property
    def accounts(self) -> Iterator[StandingVersion[AccountRecord]]:
        """Returns every account in use, by name."""
        found = (_as(AccountRecord, each) for each in self.all_of(ACCOUNT))
        return (each for each in found if each is not None and each.record.in_use)


def label(kind: str, name: str) -> str:
    """Returns the name of a record in messages; it may have no name yet."""
    return kind if kind == "clinic" or not name else f"{kind} {name}"


def record_json(record: StandingRecord) -> dict[str, JsonValue]:
    """Returns the record as in an entry: texts, integers and truth values, without None."""
    said: dict[str, JsonValue] = record.model_dump(mode="json", exclude_none=True)
    return said


def digest_of_record(said: Mapping[str, JsonValue]) -> str:
    """Returns the SHA-256 (hex) of a record's canonical JSON."""
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()


def standing_in(db: Database) -> StandingData:
    """Returns the standing records in clinic.db's entries; raises JournalCorrupt."""
    return standing_of(entries_of_kind(db, EntryKind.STANDING_SAID))


def standing_unchecked(folder: RecordFolder) -> StandingData:
    """Returns the same of a folder, for a caller that checks the chain itself."""
    if not folder.clinic_database.exists():
        return StandingData()
    with clinic_reading(folder) as db:
        return standing_in(db)


def read_standing(folder: RecordFolder) -> StandingData:
    """Returns the standing records of a folder, checked; raises JournalCorrupt."""
    return standing_of(checked_entries(folder, EntryKind.STANDING_SAID))


def newest_standing_entry(folder: RecordFolder, since: int) -> int:
    """Returns the newest entry of a standing record, ``since`` without a later one.

    A quick look without checks; 0 in a folder without standing records.
    """
    if not folder.clinic_database.exists():
        return 0
    with clinic_reading(folder) as db:
        if not has_chain(db):
            return 0
        found = rows(
            db,
            "SELECT MAX(sequence) FROM entry WHERE sequence > ? AND kind = ?",
            (since, int(EntryKind.STANDING_SAID)),
        )
    return since if found[0][0] is None else int(found[0][0])


def standing_of(entries: Iterable[Entry]) -> StandingData:
    """Returns the standing records of their entries, oldest first; raises JournalCorrupt."""
    counted: dict[tuple[str, str], int] = {}
    versions = []
    for entry in entries:
        version = _version(entry)
        key = (version.kind, folded(version.name))
        if version.number != counted.get(key, 0) + 1:
            raise JournalCorrupt(
                f"entry {entry.sequence} of clinic.db is version {version.number} of "
                f"{label(version.kind, version.name)}, behind version {counted.get(key, 0)}: the "
                "file was altered; `traction verify --all` says where"
            )
        counted[key] = version.number
        versions.append(version)
    return StandingData(versions)


@lru_cache(maxsize=VERSIONS_KEPT)
def _version(entry: Entry) -> StandingVersion[StandingRecord]:
    """Returns a version, cached: equal entries are equal, and every read decodes them all."""
    detail = entry.detail
    with refused_in_words(f"entry {entry.sequence} of clinic.db, a standing record,"):
        model, said = KINDS[str(detail["kind"])], detail["record"]
        record: StandingRecord = model.model_validate(said, context=ON_FILE)
        digest = digest_of_record(said)
        if digest != detail["digest"] or name_of(record) != detail["name"]:
            raise ValueError("its record is not the one that its digest or its name says")
        return StandingVersion(
            number=int(detail["version"]),
            record=record,
            digest=digest,
            by=str(detail["by"]),
            user=str(detail["user"]),
            at_utc_ms=entry.utc_ms,
            reason=str(detail["reason"]),
            entry=entry.sequence,
        )


def _as(
    model: type[Record], version: StandingVersion[StandingRecord] | None
) -> StandingVersion[Record] | None:
    """Returns the version, if its record is of the kind."""
    return version if version and isinstance(version.record, model) else None  # type: ignore[return-value]

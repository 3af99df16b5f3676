"""The standing records that a session was run with: kept with it, by value and by digest.

A later change of a record alters nothing of an earlier session. The entry is made in the
transaction that files the session's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.events import JsonValue
from records.evidence.unreadable import refused_in_words
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind

DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedRecord:
    """One version of a record as it was used. ``by`` and ``at_utc_ms`` are its author's.

    ``digest`` is the SHA-256 (hex) of the canonical JSON of ``record``.
    """

    kind: str
    name: str
    version: int
    digest: str
    by: str
    at_utc_ms: int
    record: Mapping[str, JsonValue]

    @property
    def words(self) -> str:
        """Returns which version of what."""
        called = self.kind if self.name == self.kind else f"{self.kind} {self.name}"
        return f"{called} version {self.version} ({self.digest[:DIGEST_SHOWN]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingUsed:
    """What a session was run with. ``flags`` are the texts that were shown before it."""

    records: tuple[UsedRecord, ...] = ()
    flags: tuple[str, ...] = ()

    def of(self, kind: str) -> UsedRecord | None:
        """Returns the record of a kind; None where none was used."""
        return next((each for each in self.records if each.kind == kind), None)

    def said_of_clinic(self, key: str) -> str:
        """Returns a text of the clinic's record; "" where it is empty or was not used."""
        clinic = self.of("clinic")
        return str(clinic.record.get(key, "")) if clinic else ""


NOTHING_USED = StandingUsed()


def used_entry(
    author: Author, session_id: str, patient_key: str, used: StandingUsed
) -> tuple[EntryKind, dict[str, JsonValue]]:
    """Returns the entry that keeps it, to be appended in the transaction that files the order."""
    records: list[JsonValue] = [
        {
            "kind": each.kind,
            "name": each.name,
            "version": each.version,
            "digest": each.digest,
            "by": each.by,
            "at_utc_ms": each.at_utc_ms,
            "record": dict(each.record),
        }
        for each in used.records
    ]
    return EntryKind.STANDING_USED, {
        "what": "standing data used",
        "session_id": session_id,
        "patient_key": patient_key,
        "records": records,
        "flags": list(used.flags),
        "by": author.by,
        "user": author.user,
    }


def used_of(entries: Iterable[Entry]) -> StandingUsed:
    """Returns what a session was run with, by its entries; nothing without one.

    Raises JournalCorrupt for an incomplete entry.
    """
    for entry in entries:
        if entry.kind is EntryKind.STANDING_USED:
            with refused_in_words(f"entry {entry.sequence} of clinic.db, standing data used,"):
                return StandingUsed(
                    records=tuple(_record(each) for each in entry.detail["records"]),
                    flags=tuple(map(str, entry.detail["flags"])),
                )
    return NOTHING_USED


def _record(said: Mapping[str, JsonValue]) -> UsedRecord:
    record = said["record"]
    version, at_utc_ms = said["version"], said["at_utc_ms"]
    if not isinstance(record, Mapping) or type(version) is not int or type(at_utc_ms) is not int:
        raise TypeError("a record is not whole")
    return UsedRecord(
        kind=str(said["kind"]),
        name=str(said["name"]),
        version=version,
        digest=str(said["digest"]),
        by=str(said["by"]),
        at_utc_ms=at_utc_ms,
        record=record,
    )

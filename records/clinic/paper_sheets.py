"""Downtime sheets that were entered later: a visit without a session, kept in clinic.db's chain.

No device recorded it, so there is no evidence. The entry has the whole sheet; a signed note names
its digest as it would a session's seal. A sheet is entered once and never changed: a remark
corrects it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.errors import RequestRefused
from controller.events import JsonValue
from records.evidence.unreadable import refused_in_words
from records.store.author import Author
from records.store.canonical import EventRow, canonical_json
from records.store.clinic_chain import (
    Entry,
    EntryKind,
    append_entries,
    entries_of_kind,
    entries_of_session,
)
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.database import rows
from records.store.record_folder import RecordFolder
from records.strict_json import object_or_empty

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSheet:
    """The content of a sheet, as written; times are UTC milliseconds by the clinic's clock.

    ``values`` are its numbers and choices by name, each with its unit; ``checks`` and ``screened``
    (contraindications) are pairs of question and answer, ``words`` the note's fields. ``flagged``
    says what was conspicuous at its entry, ``written_by`` who wrote it.
    """

    sheet_id: str
    reference: str
    began_utc_ms: int
    ended_utc_ms: int
    utc_offset_min: int
    written_by: str
    values: Mapping[str, str] = field(default_factory=dict)
    checks: Pairs = ()
    screened: Pairs = ()
    words: Mapping[str, str] = field(default_factory=dict)
    flagged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSheet:
    """A sheet on file: who entered it, when, and the digest of its entry."""

    sheet: PaperSheet
    patient_key: str
    by: str
    user: str
    at_utc_ms: int
    digest: str


def keep_sheet(folder: RecordFolder, author: Author, sheet: PaperSheet) -> None:
    """Keep a sheet and drop its unfinished entry, in one transaction.

    A patient without any session has no key yet. Raises RequestRefused for a sheet that somebody
    else entered meanwhile, JournalUnavailable when it cannot be stored.
    """
    with clinic_writing(folder) as db:
        for before in sheets_of(entries_of_session(db, sheet.sheet_id)):
            raise RequestRefused(
                f"sheet {sheet.sheet_id} was entered by {before.by} meanwhile; nothing was kept. "
                f"`traction note {sheet.sheet_id}` shows it"
            )
        found = rows(db, "SELECT key FROM patient WHERE reference = ?", (sheet.reference,))
        detail: dict[str, JsonValue] = {
            "what": "downtime sheet entered",
            "session_id": sheet.sheet_id,
            "patient_key": str(found[0][0]) if found else "",
            "by": author.by.strip(),
            "user": author.user,
            **_of_sheet(sheet),
        }
        append_entries(db, author, [(EntryKind.PAPER_SHEET, detail)])
        db.execute("DELETE FROM draft_word WHERE session_id = ?", (sheet.sheet_id,))


def sheets_on_file(folder: RecordFolder) -> list[KeptSheet]:
    """Returns every sheet, by the time of its treatment."""
    if not folder.clinic_database.exists():
        return []
    with clinic_reading(folder) as db:
        return sheets_by_time(entries_of_kind(db, EntryKind.PAPER_SHEET))


def sheets_by_time(entries: Iterable[Entry]) -> list[KeptSheet]:
    """Returns the sheets among some entries, by the time of their treatments.

    Raises JournalCorrupt.
    """
    return sorted(
        sheets_of(entries), key=lambda kept: (kept.sheet.began_utc_ms, kept.sheet.sheet_id)
    )


def sheets_of(entries: Iterable[Entry]) -> Iterator[KeptSheet]:
    """Yields the sheets among some entries; raises JournalCorrupt for an incomplete one."""
    for entry in entries:
        if entry.kind is EntryKind.PAPER_SHEET:
            with refused_in_words(f"entry {entry.sequence} of clinic.db, a downtime sheet,"):
                yield _stored(entry)


def digest_of_sheet(row: EventRow) -> str:
    """Returns the digest of a sheet that a note names, of its entry as stored."""
    return hashlib.sha256(row.detail_json.encode()).hexdigest()


def sheet_digests(entries: Iterable[EventRow]) -> dict[str, str]:
    """Returns each sheet among some entries, with its digest."""
    return {
        str(object_or_empty(row.detail_json).get("session_id", "")): digest_of_sheet(row)
        for row in entries
        if row.kind == EntryKind.PAPER_SHEET
    }


def fault_of_sheet(entries: Sequence[EventRow]) -> str:
    """Returns what is wrong with the entries of a sheet: a note names the digest of its one entry.

    "" for nothing.
    """
    sheets = [row for row in entries if row.kind == EntryKind.PAPER_SHEET]
    if len(sheets) != 1:
        return f"{len(sheets)} entries hold it, one belongs there"
    digest = digest_of_sheet(sheets[0])
    for row in entries:
        signs = row.kind in (EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED)
        if signs and object_or_empty(row.detail_json).get("seal") != digest:
            return f"entry {row.sequence}, a note over it, names another sheet"
    return ""


def _of_sheet(sheet: PaperSheet) -> dict[str, JsonValue]:
    return {
        "reference": sheet.reference,
        "began_utc_ms": sheet.began_utc_ms,
        "ended_utc_ms": sheet.ended_utc_ms,
        "utc_offset_min": sheet.utc_offset_min,
        "written_by": sheet.written_by,
        "values": dict(sheet.values),
        "checks": _pairs(sheet.checks),
        "screened": _pairs(sheet.screened),
        "words": dict(sheet.words),
        "flagged": list(sheet.flagged),
    }


def _pairs(pairs: Pairs) -> list[JsonValue]:
    return [[asked, answered] for asked, answered in pairs]


def _stored(entry: Entry) -> KeptSheet:
    said = entry.detail
    sheet = PaperSheet(
        sheet_id=str(said["session_id"]),
        reference=str(said["reference"]),
        began_utc_ms=int(said["began_utc_ms"]),
        ended_utc_ms=int(said["ended_utc_ms"]),
        utc_offset_min=int(said["utc_offset_min"]),
        written_by=str(said["written_by"]),
        values={str(name): str(text) for name, text in said["values"].items()},
        checks=tuple((str(asked), str(answered)) for asked, answered in said["checks"]),
        screened=tuple((str(asked), str(answered)) for asked, answered in said["screened"]),
        words={str(name): str(text) for name, text in said["words"].items()},
        flagged=tuple(map(str, said["flagged"])),
    )
    return KeptSheet(
        sheet=sheet,
        patient_key=str(said["patient_key"]),
        by=str(said["by"]),
        user=str(said["user"]),
        at_utc_ms=entry.utc_ms,
        digest=hashlib.sha256(canonical_json(said).encode()).hexdigest(),
    )

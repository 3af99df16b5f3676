"""Who read or wrote a patient's data, when and what: rows of clinic.db's chain.

An access whose row cannot be kept is refused. That holds on a read-only medium too: whoever must
read there copies the folder to a place that can be written, and the copy keeps the row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.errors import AuditUnavailable, JournalError
from controller.events import JsonValue
from records.author import Author
from records.clinic_chain import EntryKind, append_entries, entries_of_kind
from records.clinic_file import clinic_database, clinic_reading, clinic_writing

_OF_THE_FILE = (
    EntryKind.FILE_BEGUN, EntryKind.KEYS_NOTED, EntryKind.REGISTER_BEGUN,
    EntryKind.SESSION_OPENED, EntryKind.SESSION_SEALED,
)  # fmt: skip
AUDITED = tuple(kind for kind in EntryKind if kind not in _OF_THE_FILE)

AuditRow = tuple[EntryKind, dict[str, JsonValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One access as it was kept. ``fields`` are names of fields that were written, or ids found."""

    at_utc_ms: int
    kind: str
    what: str
    by: str
    user: str
    session_id: str
    patient_key: str
    fields: tuple[str, ...]


def written_row(
    author: Author, what: str, *, session_id: str, patient_key: str, fields: Sequence[str]
) -> AuditRow:
    """The row of a write, to be appended in the transaction of the write itself."""
    return EntryKind.RECORD_WRITTEN, _detail(author, what, session_id, patient_key, fields)


def record_read(
    data_dir: Path,
    author: Author,
    what: str,
    *,
    session_id: str = "",
    patient_key: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Keep the row of a read before the data are handed out; raises AuditUnavailable."""
    row = EntryKind.RECORD_READ, _detail(author, what, session_id, patient_key, fields)
    try:
        with clinic_writing(data_dir) as db:
            append_entries(db, author, [row])
    except JournalError as error:
        raise AuditUnavailable(
            f"the audit row of this access ({what}) cannot be kept, so the access is refused: "
            f"{error.message}. Make the data folder writable, or copy it to a place that is and "
            "read it there"
        ) from error


def accesses(data_dir: Path, of_sessions: Collection[str] | None = None) -> list[Access]:
    """Every access on file, oldest first; only those of some sessions where these are given."""
    if not clinic_database(data_dir).exists():
        return []
    with clinic_reading(data_dir) as db:
        entries = entries_of_kind(db, *AUDITED)
    found = [
        Access(
            at_utc_ms=entry.utc_ms,
            kind=entry.kind.name.lower(),
            what=str(entry.detail.get("what") or entry.kind.name.lower().replace("_", " ")),
            by=str(entry.detail.get("by", "")),
            user=str(entry.detail.get("user", "")),
            session_id=str(entry.detail.get("session_id", "")),
            patient_key=str(entry.detail.get("patient_key", "")),
            fields=tuple(entry.detail.get("fields") or entry.detail.get("words") or ()),
        )
        for entry in entries
    ]
    return [
        access
        for access in found
        if of_sessions is None or not {access.session_id, *access.fields}.isdisjoint(of_sessions)
    ]


def _detail(
    author: Author, what: str, session_id: str, patient_key: str, fields: Sequence[str]
) -> dict[str, JsonValue]:
    return {
        "what": what,
        "by": author.by,
        "user": author.user,
        "session_id": session_id,
        "patient_key": patient_key,
        "fields": list(fields),
    }

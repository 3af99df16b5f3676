"""Who read or wrote a patient's data, when and what: rows of clinic.db's chain.

An access whose row cannot be kept is refused, also on a read-only medium: to read there, copy the
folder to a place that can be written; the copy keeps the row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.errors import AuditUnavailable, JournalError
from controller.events import JsonValue
from records.clinic.chain_check import ChainCheck
from records.clinic.readings import leave_reading, left_readings
from records.evidence.unreadable import refused_in_words
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.store.author import Author, Person
from records.store.cell_check import CellCheck
from records.store.clinic_chain import Entry, EntryKind, append_entries, entries_of_kind
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.record_folder import RecordFolder

_OF_THE_FILE = (
    EntryKind.FILE_BEGUN,
    EntryKind.KEYS_NOTED,
    EntryKind.REGISTER_BEGUN,
    EntryKind.SESSION_OPENED,
    EntryKind.SESSION_SEALED,
    EntryKind.COMMISSIONED,
    EntryKind.STOP_TESTED,
)
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
    account: str = ""


def written_row(
    author: Author, what: str, *, session_id: str, patient_key: str, fields: Sequence[str]
) -> AuditRow:
    """Returns the row of a write, to be appended in the transaction of the write itself."""
    return EntryKind.RECORD_WRITTEN, access_detail(
        author, what, session_id=session_id, patient_key=patient_key, fields=fields
    )


def record_read(
    folder: RecordFolder,
    person: Person,
    what: str,
    *,
    session_id: str = "",
    patient_key: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Keep the row of a read before the data are handed out; raises AuditUnavailable.

    An account that only reads has no key: its row waits for the chain.
    """
    detail = access_detail(
        person, what, session_id=session_id, patient_key=patient_key, fields=fields
    )
    keep_access(folder, person, detail)


def keep_access(folder: RecordFolder, person: Person, detail: Mapping[str, JsonValue]) -> None:
    """Keep a row whose ``detail`` begins as ``access_detail`` made it; raises AuditUnavailable."""
    what = detail["what"]
    try:
        if isinstance(person, Author):
            with clinic_writing(folder) as db:
                append_entries(db, person, [(EntryKind.RECORD_READ, detail)])
        else:
            leave_reading(folder, person.at_utc_ms, detail)
    except JournalError as error:
        raise AuditUnavailable(
            f"the audit row of this access ({what}) cannot be kept, so the access is refused: "
            f"{error.message}. If the data folder is read-only, make it writable, or copy it to a "
            "place that is and read it there"
        ) from error
    except OSError as error:
        raise AuditUnavailable(
            f"the audit row of this access ({what}) cannot be kept, so the access is refused: "
            f"{error.filename} ({error.strerror}). The account that keeps the records shares them "
            "with the setting readers_group and any command of its own"
        ) from error


def altered_audit(folder: RecordFolder) -> str:
    """Returns what in the chain of the rows is altered, and where; "" for nothing.

    Every link is recomputed and its signature checked. Raises JournalCorrupt or JournalUnavailable.
    """
    if not folder.clinic_database.exists():
        return ""
    keys = key_history(folder).only(known_public_keys(folder))
    with clinic_reading(folder) as db:
        chain = ChainCheck(db, keys.public_keys, keys, CellCheck(db))
        found = next(chain.alterations(), None)
    return "" if found is None else f"clinic.db, {found.where}: {found.what}"


def accesses(folder: RecordFolder, of_sessions: Collection[str] | None = None) -> list[Access]:
    """Returns every access on file, oldest first; only those of some sessions if given.

    Those that wait for the chain come last; an invalid file among them is shown as such.
    """
    if not folder.clinic_database.exists():
        return []
    with clinic_reading(folder) as db:
        entries = entries_of_kind(db, *AUDITED)
    found = [_stored(entry) for entry in entries]
    for left in left_readings(folder):
        detail = left.detail or {"what": f"{left.path.name} is no row of an access"}
        what = f"{detail['what']} (not yet in the chain)"
        found.append(_access(EntryKind.RECORD_READ, left.at_utc_ms, {**detail, "what": what}))
    return [
        access
        for access in found
        if of_sessions is None or not {access.session_id, *access.fields}.isdisjoint(of_sessions)
    ]


def _stored(entry: Entry) -> Access:
    with refused_in_words(f"entry {entry.sequence} of clinic.db, an access,"):
        at_utc_ms = int(entry.detail.get("read_utc_ms", entry.utc_ms))
        return _access(entry.kind, at_utc_ms, entry.detail)


def _access(kind: EntryKind, at_utc_ms: int, detail: Mapping[str, Any]) -> Access:
    return Access(
        at_utc_ms=at_utc_ms,
        kind=kind.name.lower(),
        what=str(detail.get("what") or kind.name.lower().replace("_", " ")),
        by=str(detail.get("by", "")),
        user=str(detail.get("user", "")),
        session_id=str(detail.get("session_id", "")),
        patient_key=str(detail.get("patient_key", "")),
        fields=tuple(_fields(kind, detail)),
        account=str(detail.get("account", "")),
    )


def _fields(kind: EntryKind, detail: Mapping[str, Any]) -> Iterable[str]:
    """Returns the names of written fields or records, or the sessions found or of a visit."""
    if kind is EntryKind.VISIT_SAID:
        return detail.get("sessions") or ()
    if kind is EntryKind.APPOINTMENTS_SAID:
        return [standing_field("patient", str(row["reference"])) for row in detail["rows"]]
    if kind in (EntryKind.VISIT_STEP, EntryKind.PAPER_SHEET):
        return (standing_field("patient", str(detail["reference"])),)
    if kind is EntryKind.STANDING_SAID:
        return (standing_field(str(detail["kind"]), str(detail["name"])),)
    return detail.get("fields") or detail.get("words") or ()


def standing_field(kind: str, name: str) -> str:
    """Returns the name of a standing record in a row."""
    return kind if name == kind else f"{kind} {name}"


def access_detail(
    author: Person,
    what: str,
    *,
    session_id: str,
    patient_key: str,
    fields: Sequence[str] = (),
) -> dict[str, JsonValue]:
    """Returns the detail that the row of every access has."""
    return {
        "what": what,
        "by": author.by,
        "user": author.user,
        "session_id": session_id,
        "patient_key": patient_key,
        "fields": list(fields),
    }

"""Claims of a session that left the program: format, file, digests, by whom, when.

An export of a claim is an access that hands out data, so it is kept as the row of an access, with
what was written beside it. An account that may only read leaves its row like any other
(records/clinic/readings.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from controller.errors import JournalCorrupt
from controller.events import JsonValue
from records.clinic.audit import access_detail, keep_access
from records.clinic.readings import EXPORTED, left_readings
from records.store.author import Person
from records.store.clinic_chain import Entry, EntryKind
from records.store.record_folder import RecordFolder

EXPORT_OF_CLAIM = "claim exported"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimExport:
    """One file with a claim. Digests are SHA-256 in hexadecimal.

    ``digest`` is the file's, ``note_digest`` that of log, note and acceptances, ``context_digest``
    that of the imported context, "" without one. ``ready`` is False where the rules found an error,
    so that the file was not a claim to send.
    """

    format: str
    file: str
    digest: str
    note_digest: str
    context_digest: str
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledExport(ClaimExport):
    """An export on file: who made it and when."""

    by: str
    at_utc_ms: int


def record_claim_export(
    folder: RecordFolder,
    person: Person,
    export: ClaimExport,
    *,
    session_id: str,
    patient_key: str,
) -> None:
    """Keep the row before the file is written; raises AuditUnavailable when that is impossible."""
    detail = access_detail(person, EXPORT_OF_CLAIM, session_id=session_id, patient_key=patient_key)
    keep_access(folder, person, {**detail, EXPORTED: asdict(export)})


def claim_exports_of(
    folder: RecordFolder, session_id: str, entries: Iterable[Entry]
) -> tuple[FiledExport, ...]:
    """Returns every export of a session's claim by its entries, oldest first.

    Rows that wait for the chain come last. Raises JournalCorrupt for an incomplete row.
    """
    stored = [
        (int(entry.detail.get("read_utc_ms", entry.utc_ms)), entry.detail)
        for entry in entries
        if entry.kind is EntryKind.RECORD_READ
    ]
    waiting = [
        (left.at_utc_ms, left.detail)
        for left in left_readings(folder)
        if left.detail is not None and left.detail["session_id"] == session_id
    ]
    return tuple(
        _filed(at_utc_ms, detail) for at_utc_ms, detail in (*stored, *waiting) if EXPORTED in detail
    )


def _filed(at_utc_ms: int, detail: Mapping[str, Any]) -> FiledExport:
    said: Mapping[str, JsonValue] = detail[EXPORTED]
    try:
        known = {field.name: said[field.name] for field in fields(ClaimExport)}
    except (KeyError, TypeError) as error:
        raise JournalCorrupt(
            "the row of a claim's export in clinic.db does not name what was written: it was "
            "altered; `traction verify --all` says where"
        ) from error
    return FiledExport(**known, by=str(detail["by"]), at_utc_ms=at_utc_ms)  # type: ignore[arg-type]

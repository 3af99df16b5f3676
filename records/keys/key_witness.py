"""The keys according to the chains of a folder: how far they came, and the noted key record.

``clinic.db`` notes the newest record of keys with the next entry that is made after it
(records/store/clinic_chain.py), so that a removed record is noticed.
"""

from __future__ import annotations

from pathlib import Path

from controller.errors import JournalError, KeyUnavailable
from records.keys.key_folder import key_history
from records.keys.key_records import KeyHistory
from records.store.clinic_chain import PLACE, noted_key_records
from records.store.clinic_file import clinic_reading, has_chain
from records.store.database import failures_in_words, open_for_reading, rows
from records.store.record_folder import RecordFolder, unit_id_of
from records.store.unit_file import UNIT_SCHEMA


def fault_of_noted(history: KeyHistory, count: int, digest: str) -> str:
    """Returns why ``history`` is not what was noted as ``count`` records ending in ``digest``."""
    if len(history.records) < count:
        return (
            f"keys.jsonl holds {len(history.records)} records of keys, clinic.db saw {count}: "
            "the end was cut off or an older file was put in place"
        )
    if history.records[count - 1].digest != digest:
        return f"record {count - 1} of keys.jsonl is not the one that clinic.db saw"
    return ""


def believed_history(folder: RecordFolder) -> KeyHistory:
    """Returns the folder's record of keys; raises KeyUnavailable when it is altered.

    Nothing may be signed on the basis of altered or cut records.
    """
    history = key_history(folder)
    fault = history.fault or _fault_against_clinic(folder, history)
    if fault:
        raise KeyUnavailable(
            f"the record of keys {folder.key_records} was altered: {fault}. Nothing is signed; "
            "keep the folder, and put keys.jsonl back from a backup"
        )
    return history


def reached(folder: RecordFolder) -> dict[str, int | None]:
    """Returns how far each chain has come; None for a file that cannot be read."""
    found: dict[str, int | None] = {}
    for path in folder.every_database():
        name, last = unit_id_of(path), _last_session(path)
        before = found.get(name, 0)
        found[name] = None if last is None or before is None else max(before, last)
    if folder.clinic_database.exists():
        found[PLACE] = _entries(folder)
    return found


def _fault_against_clinic(folder: RecordFolder, history: KeyHistory) -> str:
    if not folder.clinic_database.exists():
        return ""
    with clinic_reading(folder) as db:
        noted = noted_key_records(db)
    return fault_of_noted(history, *noted) if noted else ""


def _last_session(path: Path) -> int | None:
    try:
        with failures_in_words(path, "read"):
            db = open_for_reading(path, UNIT_SCHEMA)
            try:
                return int(rows(db, "SELECT coalesce(max(number), 0) FROM session")[0][0])
            finally:
                db.close()
    except JournalError:
        return None


def _entries(folder: RecordFolder) -> int | None:
    try:
        with clinic_reading(folder) as db:
            if not has_chain(db):
                return 0
            return int(rows(db, "SELECT count(*) FROM entry")[0][0])
    except JournalError:
        return None

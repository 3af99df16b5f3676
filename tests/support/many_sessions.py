"""A folder with many sessions for measuring a search: one real session and copies of its rows.

The copies have ids, days, patients, outcomes and words of their own, and signed notes. A search
trusts their seals; ``verify`` would not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from controller.events import EventKind
from records.store.canonical import canonical_json
from records.store.clinic_chain import EntryKind, append_entries, entries_of_kind
from records.store.clinic_file import clinic_writing
from records.store.database import rows
from records.store.record_folder import RecordFolder
from tests.support.commands import said
from tests.support.notes import ALL_WORDS, BEGAN_MS, author, recorded

HOUR_MS = 3_600_000
PATIENTS = 400
OUTCOMES = ("completed", "completed", "completed", "stopped")
SYMPTOMS = ("left arm pain", "low back pain", "numb fingers", "stiff neck in the morning")
FIRST = "s-1"


def make_many_sessions(folder: RecordFolder, count: int) -> None:
    """``count`` sessions of one unit, an hour apart, each with a signed note."""
    recorded(folder, FIRST)
    completions = [
        part for name, text in ALL_WORDS.items() for part in ("--complete", f"{name}={text}")
    ]
    said(folder, "note", FIRST, *completions, "--by", "P. Jones", "--sign", "--credentials", "PT")
    (unit,) = folder.unit_databases()
    with _unguarded(str(unit)) as db:
        _copy_evidence(db, count)
    _copy_words(folder, count)


def called(number: int) -> str:
    """The id of a copy."""
    return f"s-{number}"


@contextmanager
def _unguarded(path: str) -> Iterator[sqlite3.Connection]:
    """Remove the triggers that keep rows from being changed while rows are copied."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        yield db


def _copy_evidence(db: sqlite3.Connection, count: int) -> None:
    (unit_id, offset) = db.execute("SELECT unit_id, utc_offset_min FROM session").fetchone()
    events = db.execute(
        "SELECT sequence, at_ms, utc_ms, kind, version, detail FROM event WHERE session = 1"
    ).fetchall()
    seal = db.execute("SELECT * FROM seal WHERE session = 1").fetchone()
    for number in range(2, count + 1):
        began_ms = BEGAN_MS + (number - 1) * HOUR_MS
        db.execute(
            "INSERT INTO session VALUES (?, ?, ?, ?, ?)",
            (number, called(number), unit_id, began_ms, offset),
        )
        db.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(number, *row[:5], _ended(row, number)) for row in events],
        )
        db.execute(f"INSERT INTO seal VALUES ({', '.join('?' * len(seal))})", (number, *seal[1:]))


def _ended(row: tuple[object, ...], number: int) -> str:
    detail = str(row[5])
    if row[3] != EventKind.SESSION_ENDED:
        return detail
    said = json.loads(detail) | {"outcome": OUTCOMES[number % len(OUTCOMES)]}
    return canonical_json(said)


def _copy_words(folder: RecordFolder, count: int) -> None:
    """Copy orders, their places in the register, and signed notes, behind one link of the chain."""
    with clinic_writing(folder) as db:
        ((key, digest, text),) = rows(
            db, "SELECT patient_key, order_digest, order_text FROM session_order"
        )
        details = {
            kind: entries_of_kind(db, kind)[0].detail
            for kind in (EntryKind.SESSION_OPENED, EntryKind.NOTE_SIGNED)
        }
        for each in range(1, PATIENTS):
            db.execute("INSERT INTO patient VALUES (?, ?)", (f"{key}-{each}", f"TEST-{each + 1}"))
        entries = []
        for number in range(2, count + 1):
            of_patient = number % PATIENTS
            patient_key = f"{key}-{of_patient}" if of_patient else key
            order = text.replace("TEST-1", f"TEST-{of_patient + 1}").replace(
                SYMPTOMS[0], SYMPTOMS[number % len(SYMPTOMS)]
            )
            stored = (called(number), patient_key, digest, order)
            db.execute("INSERT INTO session_order VALUES (?, ?, ?, ?)", stored)
            for kind, detail in details.items():
                said = {**detail, "session_id": called(number), "patient_key": patient_key}
                entries.append((kind, _of_patient(said, f"TEST-{of_patient + 1}")))
        append_entries(db, author(folder), entries)


def _of_patient(said: dict[str, Any], reference: str) -> dict[str, Any]:
    """Give a note the patient's own reference; leave anything else unchanged."""
    if "words" not in said:
        return said
    word = {**said["words"]["patient_reference"], "value": reference}
    return {**said, "words": {**said["words"], "patient_reference": word}}

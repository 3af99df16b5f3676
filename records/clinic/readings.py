"""Accesses by accounts without the right to write: rows that wait for the chain of clinic.db.

A second account that may only read leaves the row of its access as a file in ``DIR/readings``
before the data are handed out. The next program of the records' own account takes the rows into the
chain and signs them. The owner of the file, according to the system, is whose row it is.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.events import JsonValue
from records.store.author import Author
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.durable import sync_folder
from records.store.plain_files import open_plain
from records.store.private_files import (
    HAS_MODES,
    READINGS_FOLDER,
    create_new,
    is_shared,
    write_all,
)
from records.store.record_folder import RecordFolder

ROW_LIMIT_BYTES = 64 << 10
EXPORTED = "exported"
"""Key of an export's part of the row of its access."""
_NAME = re.compile(r"\d{1,15}-[0-9a-f]{16}\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftReading:
    """One row that waits. ``detail`` is None for an invalid file."""

    path: Path
    at_utc_ms: int
    detail: Mapping[str, JsonValue] | None


def only_reads(folder: RecordFolder) -> bool:
    """Returns True when the records belong to another account, and this one may not write them."""
    path = folder.clinic_database
    if not HAS_MODES or not path.exists():
        return False
    return path.stat().st_uid != os.geteuid() and not os.access(path, os.W_OK)


def offer_readings_folder(folder: RecordFolder) -> None:
    """Make the folder of readings in records that a group shares; called by their owner."""
    readings = folder.readings
    if not folder.path.exists() or not is_shared(folder.path):
        return
    if not readings.exists():
        os.mkdir(readings, 0o700)  # noqa: PTH102
    if stat.S_IMODE(readings.stat().st_mode) != READINGS_FOLDER:
        readings.chmod(READINGS_FOLDER)


def leave_reading(folder: RecordFolder, at_utc_ms: int, detail: Mapping[str, JsonValue]) -> None:
    """Leave a row, durably; raises OSError."""
    readings = folder.readings
    path = readings / f"{at_utc_ms}-{secrets.token_hex(8)}.json"
    descriptor = create_new(path)
    try:
        write_all(descriptor, json.dumps(dict(detail), sort_keys=True).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(readings)


def left_readings(folder: RecordFolder) -> Iterator[LeftReading]:
    """Returns the rows that wait, oldest first; an invalid file is shown without content."""
    readings = folder.readings
    if not readings.is_dir():
        return
    for path in sorted(readings.iterdir()):
        if _NAME.fullmatch(path.name):
            yield _left(path)


def take_up_readings(folder: RecordFolder, author: Author) -> int:
    """Append the rows that wait to the chain and return their number.

    A program that ends in between leaves them to the next one, which appends them twice at most. An
    invalid file stays where it is; ``traction audit`` shows it. The rows name no account: no
    sign-in was needed for them.
    """
    waiting = [(left, left.detail) for left in left_readings(folder)]
    rows = [(left, detail) for left, detail in waiting if detail is not None]
    if rows:
        with clinic_writing(folder) as db:
            nobody = replace(author, account="")
            append_entries(db, nobody, [(EntryKind.RECORD_READ, detail) for _, detail in rows])
        for left, _ in rows:
            left.path.unlink()
    return len(rows)


def _left(path: Path) -> LeftReading:
    at_utc_ms = int(path.name.partition("-")[0])
    try:
        with open_plain(path, follow=False) as file:
            owner, content = os.fstat(file.fileno()).st_uid, file.read(ROW_LIMIT_BYTES)
    except OSError:
        return LeftReading(path=path, at_utc_ms=at_utc_ms, detail=None)
    detail = _row(content)
    if detail is not None:
        detail |= {"user": _account(owner), "read_utc_ms": at_utc_ms}
    return LeftReading(path=path, at_utc_ms=at_utc_ms, detail=detail)


def _row(content: bytes) -> dict[str, JsonValue] | None:
    try:
        said: Any = json.loads(content)
        row: dict[str, JsonValue] = {
            name: str(said[name]) for name in ("what", "by", "session_id", "patient_key")
        }
        row["fields"] = [str(field) for field in said["fields"]]
        if EXPORTED in said:
            row[EXPORTED] = _exported(said[EXPORTED])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return row


def _exported(said: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Texts and a truth value, as ``records.clinic.claim_exports.ClaimExport`` has them."""
    return {
        str(name): value if isinstance(value, bool) else str(value) for name, value in said.items()
    }


def _account(user_id: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user {user_id}"

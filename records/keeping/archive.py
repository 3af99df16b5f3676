"""An archive for analysis: Parquet files without names, dates and texts, written by DuckDB.

To read it, neither this program nor the clinic's key is needed. Sessions, patients and units are
named by a keyed hash (HMAC-SHA-256, the key stays in ``DIR/keys/archive.key``), so that the visits
of one patient belong together, in every archive of this workstation, and nobody without the key can
identify them. Of dates only the year is kept; free text, orders and identities are left out.

DuckDB comes with the extra ``analysis``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controller.errors import BackupRefused, KeyUnavailable
from records.evidence.believed import read_checked
from records.evidence.reader import SessionRecord
from records.evidence.removal import removal_of
from records.evidence.stored_session import seal_row, session_rows_of
from records.evidence.unit_reading import reading
from records.note.delivered_dose import compute_dose
from records.store.canonical import ABSENT_DN
from records.store.drafts import draft_beside, put_in_place
from records.store.private_files import HAS_MODES, PRIVATE_FILE, make_folder, write_private
from records.store.record_folder import RecordFolder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEY_BYTES = 32
PSEUDONYM_LENGTH = 32
"""Hexadecimal digits: 128 bits, so that no two sessions of a clinic share one."""
_SESSION_COLUMNS = {
    "session": "VARCHAR",
    "patient": "VARCHAR",
    "unit": "VARCHAR",
    "year": "INTEGER",
    "outcome": "VARCHAR",
    "region": "VARCHAR",
    "mode": "VARCHAR",
    "hold_force_dn": "INTEGER",
    "rest_force_dn": "INTEGER",
    "treatment_ms": "BIGINT",
    "traction_ms": "BIGINT",
    "paused_ms": "BIGINT",
    "hold_time_ms": "BIGINT",
    "mean_hold_force_dn": "INTEGER",
    "peak_force_dn": "INTEGER",
    "in_band_permille": "INTEGER",
    "stops": "INTEGER",
    "samples": "INTEGER",
}
_SAMPLES = f"""SELECT ? AS session, taken_at_ms, target_dn,
    nullif(force_1_dn, {ABSENT_DN}) AS force_1_dn, nullif(force_2_dn, {ABSENT_DN}) AS force_2_dn,
    phase, flags FROM columns"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReport:
    """What was written. ``session_ids`` are the clinic's own, for the audit."""

    place: Path
    session_ids: tuple[str, ...]
    samples: int


def write_archive(folder: RecordFolder, out: Path) -> ArchiveReport:
    """Write ``sessions.parquet`` and one ``samples/<session>.parquet`` each into a new folder.

    Running sessions and those whose content was removed are left out. Raises BackupRefused without
    DuckDB, when ``out`` exists and when nothing is on file; JournalUnavailable when the disk fails.
    """
    duckdb = _duckdb()
    if out.exists():
        raise BackupRefused(f"{out} exists already; name a new folder with --out")
    if not folder.every_database():
        raise BackupRefused(f"{folder} holds no records; name the data folder with --data")
    pseudonyms = _Pseudonyms(load_or_create_archive_key(folder))
    ids, samples = [], 0
    with draft_beside(out) as draft, duckdb.connect() as parquet:
        make_folder(draft.content / "samples")
        columns = ", ".join(f"{name} {kind}" for name, kind in _SESSION_COLUMNS.items())
        parquet.execute(f"CREATE TABLE sessions ({columns})")
        try:
            for record in _records(folder):
                row = _session_row(record, pseudonyms)
                marks = ", ".join("?" * len(row))
                parquet.execute(f"INSERT INTO sessions VALUES ({marks})", row)
                _write_samples(parquet, record, row[0], draft.content / "samples")
                ids.append(record.head.session_id)
                samples += len(record.samples)
            parquet.execute(_copy("SELECT * FROM sessions", draft.content / "sessions.parquet"))
        except duckdb.IOException as error:
            raise OSError(0, str(error), str(out)) from error
        _close_to_others(draft.content)
        put_in_place(draft.content, out)
    return ArchiveReport(place=out, session_ids=tuple(ids), samples=samples)


def load_or_create_archive_key(folder: RecordFolder) -> bytes:
    """Returns the key of the pseudonyms, made at first use; raises KeyUnavailable."""
    path = folder.archive_key
    try:
        make_folder(path.parent)
        if not path.exists():
            write_private(path, secrets.token_hex(KEY_BYTES).encode(), secret=True)
        key = bytes.fromhex(path.read_text())
    except (OSError, ValueError) as error:
        raise KeyUnavailable(
            f"the archive's key {path} cannot be read or made ({error}); restore it, or move it "
            "away: a new key gives new names, which do not fit earlier archives"
        ) from error
    if len(key) != KEY_BYTES:
        raise KeyUnavailable(f"the archive's key {path} has {len(key)} bytes, not {KEY_BYTES}")
    return key


class _Pseudonyms:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, name: str) -> str:
        """Returns the pseudonym of ``name``; kinds never share one."""
        digest = hmac.digest(self._key, f"{kind}\n{name}".encode(), hashlib.sha256)
        return digest.hex()[:PSEUDONYM_LENGTH]


def _records(folder: RecordFolder) -> Iterator[SessionRecord]:
    """Yields sealed sessions; raises JournalCorrupt at the first altered one."""
    for path in folder.every_database():
        with reading(path) as db:
            for head in session_rows_of(db):
                if seal_row(db, head.number) is None or removal_of(db, head.number) is not None:
                    continue
                yield read_checked(folder, head.session_id).believed()


def _session_row(record: SessionRecord, pseudonyms: _Pseudonyms) -> list[Any]:
    said, dose = record.started.session, compute_dose(record)
    ordered = said.prescription
    return [
        pseudonyms.of("session", record.head.session_id),
        pseudonyms.of("patient", said.patient_key),
        pseudonyms.of("unit", record.head.unit_id),
        datetime.fromtimestamp(record.head.started_utc_ms / 1000, UTC).year,
        record.outcome,
        ordered.region,
        ordered.mode,
        ordered.hold_force_dn,
        ordered.rest_force_dn,
        ordered.treatment_ms,
        dose.traction_ms,
        dose.paused_ms,
        dose.hold_time_ms,
        dose.mean_hold_force_dn,
        dose.peak_force_dn,
        dose.in_band_permille,
        len(dose.stops),
        len(record.samples),
    ]


def _write_samples(
    parquet: DuckDBPyConnection, record: SessionRecord, name: str, folder: Path
) -> None:
    samples = record.samples
    names = samples.dtype.names or ()
    native = {
        column: samples[column].astype(samples.dtype[column].newbyteorder("=")) for column in names
    }
    parquet.register("columns", native)
    parquet.execute(_copy(_SAMPLES, folder / f"{name}.parquet"), [name])
    parquet.unregister("columns")


def _copy(query: str, path: Path) -> str:
    quoted = str(path).replace("'", "''")
    return f"COPY ({query}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)"


def _close_to_others(folder: Path) -> None:
    """Set the modes of the files that DuckDB made in a folder that nobody else can enter."""
    if HAS_MODES:
        for path in folder.rglob("*.parquet"):
            path.chmod(PRIVATE_FILE)


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise BackupRefused(
            "the archive needs DuckDB, which is not installed; install it with "
            "`python -m pip install 'duckdb>=1.3'` in the program's environment, then try again"
        ) from error
    return duckdb

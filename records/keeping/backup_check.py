"""Checks whether a backup is a complete and unaltered record; findings by the name concerned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalError
from records.clinic.chain_check import ClinicAlteration
from records.clinic.clinic_verify import is_of_clinic, verify_clinic
from records.evidence.integrity import Alteration, verify
from records.keeping.backup_list import file_names
from records.store.checkpoint import Checkpoint
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import (
    Database,
    failures_in_words,
    open_for_checking,
    schema_version,
    sqlite_verdict,
)
from records.store.record_folder import CLINIC, QUARANTINE, UNITS, RecordFolder
from records.store.unit_file import UNIT_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFinding:
    """An alteration. ``name`` is a file of the backup or a session's id."""

    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was checked and found."""

    sessions: int
    links: int
    findings: tuple[BackupFinding, ...]


def check_contents(
    folder: RecordFolder,
    known_keys: Mapping[str, bytes],
    checkpoints: Sequence[Checkpoint] = (),
    *,
    aside: Path,
) -> Checked:
    """Verify a copied record. Files that are not databases of ours wait in ``aside`` meanwhile.

    Files that a library leaves beside them are removed. Raises OSError.
    """
    of_clinic = [point for point in checkpoints if is_of_clinic(point)]
    of_sessions = [point for point in checkpoints if not is_of_clinic(point)]
    before = set(folder.path.rglob("*"))
    unreadable = list(_unreadable(folder.path))
    with _set_aside(folder.path, [finding.name for finding in unreadable], aside):
        evidence = verify(folder, public_keys=known_keys, checkpoints=of_sessions)
        clinic = verify_clinic(folder, public_keys=known_keys, checkpoints=of_clinic)
    for left_by_reading in set(folder.path.rglob("*.db-*")) - before:
        left_by_reading.unlink()
    found = [
        BackupFinding(name=one.session_id or _file_in(one.where, folder), what=_text(one))
        for one in evidence.alterations
    ]
    found += [BackupFinding(name=CLINIC, what=_text(one)) for one in clinic.alterations]
    return Checked(sessions=evidence.sessions, links=evidence.links, findings=(*unreadable, *found))


def fault_of_database(path: Path) -> str:
    """Returns why a file cannot be read as one of our databases; "" when it can."""
    schema = CLINIC_SCHEMA if path.name == CLINIC else UNIT_SCHEMA
    try:
        with failures_in_words(path, "read"):
            db = open_for_checking(path, schema)
            try:
                verdict = sqlite_verdict(db.execute("PRAGMA quick_check(1)"))
                fault = fault_of_empty(db, path)
            finally:
                db.close()
    except JournalError as error:
        return error.message
    return fault or ("" if verdict == "ok" else f"{path.name} is damaged ({verdict})")


def fault_of_empty(db: Database, path: Path) -> str:
    """Returns what is wrong with a file that SQLite opens but that is empty; "" with tables.

    A file of 0 bytes is a valid database to SQLite.
    """
    if schema_version(db):
        return ""
    return f"{path.name} is empty: no tables, {path.stat().st_size} bytes"


def _unreadable(folder: Path) -> Iterator[BackupFinding]:
    for name in file_names(folder):
        if name.endswith(".db") and not name.startswith(f"{QUARANTINE}/"):
            fault = fault_of_database(folder / name).replace(f"{folder}/", "")
            if fault:
                yield BackupFinding(name=name, what=fault)


@contextmanager
def _set_aside(folder: Path, names: list[str], aside: Path) -> Iterator[None]:
    """Move each with its log; back in place afterwards."""
    moved = [n for name in names for n in (name, f"{name}-wal") if (folder / n).exists()]
    for name in moved:
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).replace(aside / name)
    try:
        yield
    finally:
        for name in moved:
            (aside / name).replace(folder / name)


def _text(found: Alteration | ClinicAlteration) -> str:
    return f"{found.where}: {found.what}"


def _file_in(where: str, folder: RecordFolder) -> str:
    """Returns the file of a finding without a session."""
    names = [name for name in file_names(folder.path) if not name.startswith(f"{QUARANTINE}/")]
    for name in file_names(folder.path):
        if name in where:
            return name
    for name in names:
        if Path(name).name in where:
            return name
    return CLINIC if not folder.clinic_database.exists() else UNITS

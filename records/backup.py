"""Backup while sessions run, and restore: every database copied at one moment, then verified.

A backup is a folder, or one ``.zip`` of the same files: ``clinic.db``, ``units/*.db``, the public
keys and ``backup.json``, which names each file with its size and SHA-256. Private keys are not in
it: whoever holds a backup could sign with them. A restored workstation makes a new key.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.errors import BackupRefused, JournalCorrupt, JournalUnavailable
from records.clinic_file import CLINIC_SCHEMA, clinic_database
from records.clinic_verify import ClinicAlteration, verify_clinic
from records.database import copy_database
from records.integrity import Alteration, verify
from records.key_folder import records_file
from records.signing import key_folder, known_public_keys
from records.unit_file import UNIT_SCHEMA, unit_databases

MANIFEST = "backup.json"
FORMAT = 1
_NO_ZIP = (
    zipfile.BadZipFile, FileNotFoundError, EOFError, zlib.error, NotImplementedError, RuntimeError,
    ValueError, IndexError,
)  # fmt: skip
"""What ``zipfile`` raises for a file that is none, or is damaged."""
_NAMES = re.compile(r"clinic\.db|units/[\w-]+\.db|keys/[0-9a-f]{16}\.pub|keys/keys\.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What a backup holds. ``alterations`` were found in it by verify; they are the record's own:
    a copy that differs from its source is refused instead.
    """

    place: Path
    made_utc_ms: int
    files: tuple[str, ...]
    sessions: int
    links: int
    alterations: tuple[Alteration | ClinicAlteration, ...]


def back_up(data_dir: Path, target: Path, *, made_utc_ms: int, program: str) -> BackupReport:
    """Copy everything into ``target``, a new folder or a new ``.zip``, and verify the copy.

    Units first, clinic.db last, so that no note in it speaks of a session that is not copied.
    Raises BackupRefused, JournalUnavailable or JournalCorrupt; nothing is left behind then.
    """
    if target.exists():
        raise BackupRefused(f"{target} exists already; name a new folder or a new .zip file")
    sources = [*unit_databases(data_dir), *_if_there(clinic_database(data_dir))]
    if not sources:
        raise BackupRefused(f"{data_dir} holds no records; name the data folder with --data")
    with draft_beside(target) as draft:
        for source in sources:
            schema = CLINIC_SCHEMA if source == clinic_database(data_dir) else UNIT_SCHEMA
            copy_database(source, draft / source.relative_to(data_dir), schema)
        for key in _public_keys(data_dir):
            (draft / "keys").mkdir(exist_ok=True)
            shutil.copy(key, draft / "keys" / key.name)
        _write_manifest(draft, made_utc_ms, program)
        report = _verified(draft, target, made_utc_ms)
        _put_in_place(draft, target)
    return report


def restore(source: Path, data_dir: Path) -> BackupReport:
    """Check a backup file by file, put it into a data folder without records, and verify it.

    Raises BackupRefused for a folder that holds records and for a backup that is not whole.
    """
    if unit_databases(data_dir) or clinic_database(data_dir).exists():
        raise BackupRefused(
            f"{data_dir} holds records, which a restore never replaces; move that folder away or "
            "name another one with --data"
        )
    with draft_beside(data_dir) as draft:
        _unpack(source, draft)
        made_utc_ms, names = _checked_manifest(draft, source)
        report = _verified(draft, data_dir, made_utc_ms)
        for name in names:
            (data_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).replace(data_dir / name)
    return report


def _if_there(path: Path) -> list[Path]:
    return [path] if path.exists() else []


def _public_keys(data_dir: Path) -> list[Path]:
    """The record of keys, and their public halves named by their ids."""
    keys = [*_if_there(records_file(data_dir)), *sorted(key_folder(data_dir).glob("*.pub"))]
    return [key for key in keys if _NAMES.fullmatch(f"keys/{key.name}")]


@contextmanager
def draft_beside(place: Path) -> Iterator[Path]:
    """A folder on the same disk that is gone afterwards; what the system says comes in words."""
    draft = place.with_name(f"{place.name}.unfinished")
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        yield draft
    except OSError as error:
        raise JournalUnavailable(
            f"{error.filename or place} cannot be copied ({error.strerror}); check the disk and "
            "choose a place with enough space"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_manifest(draft: Path, made_utc_ms: int, program: str) -> None:
    files = {
        path.relative_to(draft).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": _sha256(path),
        }
        for path in sorted(draft.rglob("*"))
        if path.is_file()
    }
    manifest = {"format": FORMAT, "program": program, "made_utc_ms": made_utc_ms, "files": files}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")


def _verified(draft: Path, place: Path, made_utc_ms: int) -> BackupReport:
    evidence = verify(draft, public_keys=known_public_keys(draft))
    clinic = verify_clinic(draft)
    for left_by_reading in (*draft.rglob("*-wal"), *draft.rglob("*-shm")):
        left_by_reading.unlink()
    names = (path.relative_to(draft).as_posix() for path in sorted(draft.rglob("*.*")))
    return BackupReport(
        place=place,
        made_utc_ms=made_utc_ms,
        files=tuple(name for name in names if _NAMES.fullmatch(name)),
        sessions=evidence.sessions,
        links=evidence.links,
        alterations=(*evidence.alterations, *clinic.alterations),
    )


def _put_in_place(draft: Path, target: Path) -> None:
    """Durable, then under its name."""
    if target.suffix == ".zip":
        packed = target.with_name(f"{target.name}.packing")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(draft.rglob("*")):
                if path.is_file():
                    file.write(path, path.relative_to(draft).as_posix())
        _sync(packed)
        packed.replace(target)
        return
    for path in draft.rglob("*"):
        if path.is_file():
            _sync(path)
    draft.rename(target)


def _unpack(source: Path, draft: Path) -> None:
    """Only names that a backup has; anything else in the file stays where it is."""
    if source.is_dir():
        for path in source.rglob("*"):
            name = path.relative_to(source).as_posix()
            if name == MANIFEST or _NAMES.fullmatch(name):
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, draft / name)
        return
    try:
        with zipfile.ZipFile(source) as file:
            for name in file.namelist():
                if name == MANIFEST or _NAMES.fullmatch(name):
                    file.extract(name, draft)
    except _NO_ZIP as error:
        raise BackupRefused(
            f"{source} is neither a folder nor a .zip of `traction backup` ({error}); name another"
        ) from error


def _checked_manifest(draft: Path, source: Path) -> tuple[int, list[str]]:
    """When the backup was made, and its files, each of which is the one that was copied."""
    try:
        manifest = json.loads((draft / MANIFEST).read_text())
        version, made_utc_ms = int(manifest["format"]), int(manifest["made_utc_ms"])
        digests = {str(name): str(said["sha256"]) for name, said in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupRefused(
            f"{source} holds no {MANIFEST} of `traction backup`; name another backup"
        ) from error
    if version != FORMAT:
        raise BackupRefused(
            f"{source} has backup format {version}, this program knows {FORMAT}; update the program"
        )
    for name, digest in digests.items():
        path = draft / name
        if not _NAMES.fullmatch(name) or not path.is_file() or _sha256(path) != digest:
            raise JournalCorrupt(
                f"{name} in the backup {source} is missing or is not the file that was copied; "
                "nothing was restored. Use another backup"
            )
    return made_utc_ms, list(digests)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

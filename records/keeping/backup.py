"""Backup while sessions run: every database copied at one moment, verified, listed and signed.

A backup is a folder, one ``.zip`` of the same files, or that zip encrypted with age. It contains
``clinic.db``, ``units/*.db``, the public keys, the quarantine, the clinic's own profiles, tables
and code lists, and the signed list (records/keeping/backup_list.py). It contains no private keys,
with which its holder could sign. A restored workstation makes a new key.

A file that is not a database of ours is copied byte for byte and named: it must not keep the others
from being saved.
"""

from __future__ import annotations

import errno
import os
import secrets
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import BackupRefused, JournalCorrupt, JournalError
from records.keeping.backup_check import BackupFinding, check_contents, fault_of_empty
from records.keeping.backup_list import SignedList, belongs_in_a_backup, write_list
from records.keys.signing import SigningKey, known_public_keys
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import copy_opened, open_for_checking
from records.store.drafts import Draft, draft_beside, put_in_place, remove_left_overs
from records.store.plain_files import what_it_is
from records.store.private_files import create_new, make_folder, make_read_only, write_all
from records.store.record_folder import (
    CLINIC,
    KEYS,
    MOVED,
    QUARANTINE,
    UNITS,
    RecordFolder,
    is_year_file,
)
from records.store.unit_file import UNIT_SCHEMA

if TYPE_CHECKING:
    from pyrage.x25519 import Recipient

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """The content of a backup.

    ``findings`` are the record's own: a copy that differs from its source is an error instead.
    ``elsewhere`` are files of closed years that were moved out of the folder: they are not in it.
    ``checkpoint`` anchors this backup outside.
    """

    place: Path
    made_utc_ms: int
    checkpoint: str
    files: tuple[str, ...]
    sessions: int
    links: int
    encrypted: bool
    elsewhere: tuple[str, ...]
    findings: tuple[BackupFinding, ...]


def back_up(
    folder: RecordFolder,
    target: Path,
    key: SigningKey,
    *,
    made_utc_ms: int,
    program: str,
    recipients: Sequence[Recipient] = (),
) -> BackupReport:
    """Copy everything into ``target``, a new folder, ``.zip`` or ``.zip.age``, and verify the copy.

    Units first, clinic.db last, so that no note in it mentions a session that is not copied.
    ``target`` appears by one rename, complete and durable, or not at all. Raises BackupRefused or
    JournalUnavailable.
    """
    remove_left_overs(target.parent)
    _refuse_target(target, encrypted=bool(recipients))
    sources = list(_sources(folder))
    if not any(source.suffix == ".db" for source in sources):
        raise BackupRefused(f"{folder} holds no records; name the data folder with --data")
    # Unencrypted files stay on the disk of the records.
    with draft_beside(folder.backup if recipients else target) as draft:
        found = list(_misnamed(folder))
        found += [f for source in sources for f in _copied(source, folder, draft.content)]
        signed = write_list(
            draft.content,
            key,
            backup_id=_new_id(made_utc_ms),
            made_utc_ms=made_utc_ms,
            program=program,
        )
        copy = RecordFolder(draft.content)
        checked = check_contents(copy, known_public_keys(copy), aside=draft.folder / "aside")
        _finish(draft, target, recipients)
    return BackupReport(
        place=target,
        made_utc_ms=made_utc_ms,
        checkpoint=_checkpoint_text(signed),
        files=tuple(signed.content.files),
        sessions=checked.sessions,
        links=checked.links,
        encrypted=bool(recipients),
        elsewhere=tuple(str(place or name) for name, place in folder.moved_years().items()),
        findings=(*found, *_new(checked.findings, found)),
    )


def _refuse_target(target: Path, *, encrypted: bool) -> None:
    if os.path.lexists(target):
        raise BackupRefused(f"{target} exists already; name a new folder or a new .zip file")
    if encrypted and not target.name.endswith(".zip.age"):
        raise BackupRefused(
            f"{target} does not end in .zip.age, and backups are encrypted here (setting "
            "backup_recipients); name such a file"
        )
    if not encrypted and target.suffix == ".age":
        raise BackupRefused(
            f"{target} ends in .age, and nobody is set to encrypt to; set backup_recipients first"
        )


def _sources(folder: RecordFolder) -> Iterator[Path]:
    """Yields what belongs in a backup, of any kind; clinic.db last."""
    for pattern in (f"{KEYS}/*", f"{UNITS}/*.db", f"{UNITS}/*{MOVED}", f"{QUARANTINE}/*/*"):
        for path in sorted(folder.path.glob(pattern)):
            if belongs_in_a_backup(folder.name_of(path)):
                yield path
    yield from (path for path in _own_files(folder) if belongs_in_a_backup(folder.name_of(path)))
    if os.path.lexists(folder.clinic_database):
        yield folder.clinic_database


def _own_files(folder: RecordFolder) -> Iterator[Path]:
    """Yields the clinic's own profiles, tables and code lists, which sessions and claims use."""
    for own in (folder.profiles, folder.payers, folder.receivers):
        yield from sorted(own.glob("*.toml"))
    yield from sorted(folder.code_lists.glob("*"))
    if os.path.lexists(folder.tables):
        yield folder.tables


def _misnamed(folder: RecordFolder) -> Iterator[BackupFinding]:
    """Returns the clinic's own files whose names no list of a backup may contain."""
    for path in _own_files(folder):
        name = folder.name_of(path)
        if not belongs_in_a_backup(name):
            yield BackupFinding(
                name=name,
                what="not copied; a backup takes names of letters, digits, blanks, ., - and _ that "
                "begin with a letter or digit: rename it",
            )


def _copied(source: Path, folder: RecordFolder, content: Path) -> Iterator[BackupFinding]:
    """Copy one file; yields why it is not copied as its kind."""
    name = folder.name_of(source)
    make_folder((content / name).parent)
    if not source.is_file():
        yield BackupFinding(name=name, what=f"it is {what_it_is(source) or 'gone'}; not copied")
        return
    if source.suffix != ".db" or name.startswith(f"{QUARANTINE}/") or is_year_file(source):
        yield from _copied_bytes(source, content / name, name)
        if is_year_file(source):
            make_read_only(content / name)
        return
    fault = _database_fault(source, content / name)
    if fault:
        yield BackupFinding(name=name, what=f"{fault} (copied byte for byte)")
        log = source.with_name(f"{source.name}-wal")
        for path in (source, log) if log.exists() else (source,):
            relative = folder.name_of(path)
            yield from _copied_bytes(path, content / relative, relative)


def _database_fault(source: Path, target: Path) -> str:
    """Copy a database at one moment; returns why it cannot be read as one, "" when copied.

    A disk that cannot be written is not a fault of the source: raises JournalUnavailable.
    """
    schema = CLINIC_SCHEMA if source.name == CLINIC else UNIT_SCHEMA
    try:
        db = open_for_checking(source, schema)
    except JournalError as error:
        return error.message
    try:
        if fault := fault_of_empty(db, source):
            return fault
        copy_opened(db, target)
    except JournalCorrupt as error:
        target.unlink(missing_ok=True)
        return error.message.replace(str(target), source.name)
    finally:
        db.close()
    return ""


def _copied_bytes(source: Path, target: Path, name: str) -> Iterator[BackupFinding]:
    """Copy byte for byte; an unreadable source is a finding, a full target an OSError."""
    descriptor = create_new(target)
    try:
        with source.open("rb") as file:
            while chunk := _read(file.fileno(), name):
                write_all(descriptor, chunk)
    except _Unreadable as error:
        yield BackupFinding(name=name, what=f"cannot be read to its end ({error})")
    except PermissionError as error:
        yield BackupFinding(name=name, what=f"cannot be read ({error.strerror})")
    finally:
        os.close(descriptor)


class _Unreadable(Exception):
    pass


def _read(descriptor: int, name: str) -> bytes:
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except OSError as error:
        raise _Unreadable(error.strerror or errno.errorcode.get(error.errno or 0, name)) from error


def _finish(draft: Draft, target: Path, recipients: Sequence[Recipient]) -> None:
    """Pack and encrypt according to the name, then rename once."""
    if not target.name.endswith((".zip", ".zip.age")):
        put_in_place(draft.content, target)
        return
    packed = draft.folder / "packed.zip"
    _pack(draft.content, packed)
    if not recipients:
        put_in_place(packed, target)
        return
    from records.keeping.backup_encryption import encrypt

    with draft_beside(target) as beside:
        encrypt(packed, beside.folder / "packed.age", list(recipients))
        put_in_place(beside.folder / "packed.age", target)


def _pack(content: Path, packed: Path) -> None:
    with (
        os.fdopen(create_new(packed), "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in sorted(content.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(content).as_posix())


def _new_id(made_utc_ms: int) -> str:
    stamp = datetime.fromtimestamp(made_utc_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{stamp}-{secrets.token_hex(3)}"


def _checkpoint_text(signed: SignedList) -> str:
    checkpoint = signed.checkpoint
    return checkpoint.text if checkpoint else ""


def _new(findings: Sequence[BackupFinding], known: Sequence[BackupFinding]) -> list[BackupFinding]:
    """Returns new findings: a file that could not be copied as a database is reported once."""
    told = {finding.name for finding in known}
    return [finding for finding in findings if finding.name not in told]

"""Reads a backup from outside: a folder, a zip, or a zip encrypted with age.

Nothing of it is trusted. Only names that a backup has are read, only as many bytes as listed, and
no link is followed.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from controller.errors import BackupRefused
from records.keeping.backup_check import BackupFinding
from records.keeping.backup_list import (
    LIST,
    LIST_LIMIT_BYTES,
    SIGNATURE,
    ListedFile,
    SignedList,
    belongs_in_a_backup,
    listed,
    parse_list,
)
from records.store.private_files import create_new, make_folder, make_read_only, write_all
from records.store.record_folder import is_year_file

_CHUNK_BYTES = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""Errors of the zip library for a member that is damaged, encrypted or otherwise compressed."""


class BackupSource(Protocol):
    """Files by name."""

    def names(self) -> list[str]:
        """Returns every name, as often as it occurs."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Open one file; raises OSError or one of the zip library's errors."""
        ...


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        files = (p for p in self._root.rglob("*") if p.is_file() and not p.is_symlink())
        return [path.relative_to(self._root).as_posix() for path in files]

    def open(self, name: str) -> IO[bytes]:
        return (self._root / name).open("rb")


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def names(self) -> list[str]:
        return self._archive.namelist()

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(name)


@contextmanager
def opened_backup(source: Path, decrypted: Path, identity: Path | None) -> Iterator[BackupSource]:
    """Open a backup; an encrypted one is decrypted into the new file ``decrypted`` first.

    Raises BackupRefused.
    """
    if source.is_dir():
        yield _Folder(source)
        return
    if source.suffix == ".age":
        source = _decrypted(source, decrypted, identity)
    elif identity is not None:
        raise BackupRefused(f"{source} is not encrypted; leave --identity out")
    try:
        archive = zipfile.ZipFile(source)
    except (*_DAMAGED, OSError) as error:
        raise BackupRefused(
            f"{source} is neither a folder nor a .zip of `traction backup` ({error}); name another"
        ) from error
    with archive:
        yield _Zip(archive)


def read_list(backup: BackupSource, place: Path) -> SignedList:
    """Returns the list and its signature; raises BackupRefused."""
    names = backup.names()
    doubled = [name for name in (LIST, SIGNATURE) if names.count(name) > 1]
    if doubled or LIST not in names:
        what = f"{doubled[0]} twice" if doubled else f"no {LIST}"
        raise BackupRefused(f"{place} holds {what}; name another backup of `traction backup`")
    signature = _small(backup, SIGNATURE, place) if SIGNATURE in names else None
    return parse_list(_small(backup, LIST, place), signature, place)


def unpack(
    backup: BackupSource, files: Mapping[str, ListedFile], content: Path
) -> Iterator[BackupFinding]:
    """Write the files into ``content``; yields what differs from the list. Raises OSError.

    A missing file, or one with more bytes than listed, is not written.
    """
    names = [name for name in backup.names() if belongs_in_a_backup(name)]
    for name in sorted({*names, *files}):
        if name not in names:
            yield BackupFinding(name=name, what="it is in the list and not in the backup")
        elif names.count(name) > 1:
            yield BackupFinding(
                name=name, what="it is in the backup more than once; none was taken"
            )
        elif name not in files:
            yield BackupFinding(name=name, what="it is not in the list; it was not taken")
        else:
            make_folder((content / name).parent)
            fault = _written(backup, name, content / name, files[name])
            if is_year_file(content / name):
                make_read_only(content / name)
            if fault:
                yield BackupFinding(name=name, what=fault)


def _written(backup: BackupSource, name: str, target: Path, said: ListedFile) -> str:
    """Write one file; returns why it is not the one that was copied, "" when it is."""
    descriptor = create_new(target)
    written = 0
    try:
        try:
            file = backup.open(name)
        except (*_DAMAGED, PermissionError) as error:
            return f"it cannot be read ({error})"
        with file:
            while chunk := file.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > said.size:
                    return f"it has more than the {said.size} bytes of the list; cut off there"
                write_all(descriptor, chunk)
    except _DAMAGED as error:
        return f"it is damaged ({error})"
    finally:
        os.close(descriptor)
    return "" if listed(target) == said else "it is not the file that was copied"


def _small(backup: BackupSource, name: str, place: Path) -> bytes:
    try:
        with backup.open(name) as file:
            content = file.read(LIST_LIMIT_BYTES + 1)
    except (*_DAMAGED, OSError) as error:
        raise BackupRefused(
            f"{name} in {place} cannot be read ({error}); name another backup"
        ) from error
    if len(content) > LIST_LIMIT_BYTES:
        raise BackupRefused(
            f"{name} in {place} has more than {LIST_LIMIT_BYTES >> 20} MiB; name another backup"
        )
    return content


def _decrypted(source: Path, target: Path, identity: Path | None) -> Path:
    from records.keeping.backup_encryption import decrypt, read_identities

    if identity is None:
        raise BackupRefused(
            f"{source} is encrypted; name the file of `age-keygen` with --identity FILE"
        )
    if not source.is_file():
        raise BackupRefused(f"{source} is not a file; name a backup")
    decrypt(source, target, read_identities(identity))
    return target

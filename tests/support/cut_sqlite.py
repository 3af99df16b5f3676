"""Counts and notes what SQLite does to its files, for ``tests.support.cut_files``.

Every connection of the process goes through apsw, including readers: two copies of SQLite in one
process do not see each other's locks. A file that SQLite synced keeps its name as well, and a new
one makes the earlier names durable with it, as in ``tests.support.recording_storage``: file systems
write them together.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import apsw
import pytest

from tests.support.apsw_connection import ApswConnection

_COUNTED = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL


class Noting(Protocol):
    """Notes what is durable."""

    def file(self, descriptor: int) -> None: ...

    def name(self, path: Path) -> None: ...

    def folder(self, descriptor: int) -> None: ...


class _CountedFile(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], step: Callable[[], None], notes: Noting):
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        if not path.exists():
            step()
        super().__init__("", name, flags)
        self._path, self._step, self._notes = path, step, notes

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._step()
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._step()
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._step()
        super().xSync(flags)
        _tell(self._path, self._notes.file)
        self._notes.name(self._path)


class _CountedVfs(apsw.VFS):
    def __init__(self, name: str, step: Callable[[], None], notes: Noting) -> None:
        self.vfs_name = name
        super().__init__(name, "")
        self._step, self._notes = step, notes

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        if flags[0] & _COUNTED:
            return _CountedFile(name, flags, self._step, self._notes)
        return apsw.VFSFile("", name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._step()
        super().xDelete(filename, syncdir)
        if syncdir:
            _tell(Path(filename).parent, self._notes.folder)


def count_sqlite(patch: pytest.MonkeyPatch, step: Callable[[], None], notes: Noting) -> None:
    """Count every operation of SQLite on a database or its log, and note its syncs.

    Only for a process that ends soon: the storage stays registered.
    """
    vfs = _CountedVfs("counted", step, notes)
    real = sqlite3.connect

    def connect(path: Any, timeout: float = 5.0, *, uri: bool = False) -> Any:
        """Connect; a URI belongs to a reader, which writes nothing."""
        if path == ":memory:":
            return real(path, timeout)
        return ApswConnection(path, None if uri else vfs.vfs_name, timeout)

    patch.setattr(sqlite3, "connect", connect)


def _tell(path: Path, note: Callable[[int], None]) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        note(descriptor)
    finally:
        os.close(descriptor)

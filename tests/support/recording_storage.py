"""A disk that records every write, truncate, sync and delete by SQLite, in order.

From the recording the disk is rebuilt as a power cut after any operation could have left it: what
was not synced may be present, missing, or torn at sector boundaries.

The project's own storage code runs on it: ``recording`` uses an apsw connection where
``records.store.database`` makes its own.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import pytest

from records.evidence import spill
from records.store import database
from records.store.durable import sync_folder
from tests.support.apsw_connection import ApswConnection

SECTOR = 512
_DATABASE_FILES = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
_names = count(1)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on a file. ``inode`` distinguishes files of the same name."""

    kind: str
    name: str
    inode: int
    offset: int = 0
    data: bytes = b""


@dataclass
class Recording:
    """The operations, in the order in which they were ordered."""

    operations: list[Operation] = field(default_factory=list)
    _inodes: dict[str, int] = field(default_factory=dict)
    _next_inode: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, kind: str, name: str, offset: int = 0, data: bytes = b"") -> None:
        with self._lock:
            if name not in self._inodes:
                self._inodes[name] = next(self._next_inode)
                self.operations.append(Operation("create", name, self._inodes[name]))
            if kind != "create":
                inode = self._inodes[name]
                self.operations.append(Operation(kind, name, inode, offset, data))
            if kind in ("delete", "delete and sync"):
                del self._inodes[name]

    def __len__(self) -> int:
        return len(self.operations)


class _RecordingFile(apsw.VFSFile):
    def __init__(self, recording: Recording, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._recording, self._name = recording, Path(path).name
        if flags[0] & apsw.SQLITE_OPEN_CREATE:
            recording.add("create", self._name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._recording.add("write", self._name, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._recording.add("truncate", self._name, newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._recording.add("sync", self._name)


class _RecordingVfs(apsw.VFS):
    def __init__(self, recording: Recording) -> None:
        self.vfs_name = f"recording-{next(_names)}"
        super().__init__(self.vfs_name, "")
        self._recording = recording

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        if flags[0] & _DATABASE_FILES:
            return _RecordingFile(self._recording, name, flags)
        return apsw.VFSFile("", name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self._recording.add("delete and sync" if syncdir else "delete", Path(filename).name)


@contextmanager
def recording(*, autocheckpoint_pages: int = 1000) -> Iterator[Recording]:
    """Meanwhile, every connection that may write uses the recording disk."""
    recorded = Recording()
    vfs = _RecordingVfs(recorded)

    def connect(path: Path, busy_timeout_s: float) -> Any:
        connection = ApswConnection(path, vfs.vfs_name, busy_timeout_s)
        connection.execute(f"PRAGMA wal_autocheckpoint = {autocheckpoint_pages}")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "connect", connect)
        _record_side_files(patch, recorded)
        yield recorded
    vfs.unregister()


def _record_side_files(patch: pytest.MonkeyPatch, recorded: Recording) -> None:
    """Record side files too, which are written with the system's own calls."""
    names: dict[int, str] = {}
    create, write_at, sync_data = spill.create_file, spill.write_at, spill.sync_data
    remove = spill.remove_spill

    def created(path: Path) -> int:
        descriptor = create(path)
        names[descriptor] = path.name
        recorded.add("create", path.name)
        recorded.add("truncate", path.name)
        return descriptor

    def written(descriptor: int, data: bytes, offset: int) -> int:
        count = write_at(descriptor, data, offset)
        recorded.add("write", names[descriptor], offset, data[:count])
        return count

    def synced(descriptor: int) -> None:
        sync_data(descriptor)
        recorded.add("sync", names[descriptor])

    def folder_synced(folder: Path) -> None:
        sync_folder(folder)
        recorded.add("sync folder", recorded.operations[-1].name)

    def removed(path: Path) -> None:
        remove(path)
        recorded.add("delete", path.name)

    patch.setattr(spill, "create_file", created)
    patch.setattr(spill, "write_at", written)
    patch.setattr(spill, "sync_data", synced)
    patch.setattr(spill, "sync_folder", folder_synced)
    patch.setattr(spill, "remove_spill", removed)


# --- the disk after a cut ---------------------------------------------------------------------


class Disk:
    """The disk as far as it is durable, and operations not yet durable."""

    def __init__(self) -> None:
        self._files: dict[int, bytearray] = {}
        self._directory: dict[str, int] = {}
        self._changes: list[Operation] = []
        self._names: list[Operation] = []

    def take(self, operation: Operation) -> None:
        """Add one operation."""
        if operation.kind == "create":
            self._files[operation.inode] = bytearray()
            self._names.append(operation)
        elif operation.kind == "delete":
            self._names.append(operation)
        elif operation.kind == "delete and sync":
            self._names.append(operation)
            self._settle_names()
        elif operation.kind == "sync folder":
            self._settle_names()
        elif operation.kind == "sync":
            self._settle(operation.inode)
        else:
            self._changes.append(operation)

    def cut(self, chance: random.Random, folder: Path) -> None:
        """Write what a power cut now may leave into an empty ``folder``.

        Names are kept up to some point, because file systems journal them in order.
        """
        names = dict(self._directory)
        for operation in self._names[: chance.randint(0, len(self._names))]:
            _rename(names, operation)
        for name, inode in names.items():
            content = bytearray(self._files[inode])
            for change in self._changes:
                if change.inode == inode:
                    _leave(content, change, chance)
            (folder / name).write_bytes(content)

    def _settle(self, inode: int) -> None:
        """Make a synced file durable, with its name."""
        for change in self._changes:
            if change.inode == inode:
                _apply(self._files[inode], change)
        self._changes = [change for change in self._changes if change.inode != inode]
        if any(name.inode == inode for name in self._names):
            self._settle_names()

    def _settle_names(self) -> None:
        for operation in self._names:
            _rename(self._directory, operation)
        self._names.clear()


def _rename(names: dict[str, int], operation: Operation) -> None:
    if operation.kind == "create":
        names[operation.name] = operation.inode
    else:
        names.pop(operation.name, None)


def _leave(content: bytearray, change: Operation, chance: random.Random) -> None:
    """Keep, drop or tear a change, each sector by itself."""
    fate = chance.choice(("kept", "dropped", "torn"))
    if fate == "kept" or (change.kind == "truncate" and fate == "torn"):
        _apply(content, change)
    elif fate == "torn":
        for start in range(0, len(change.data), SECTOR):
            if chance.random() < 0.5:
                _write(content, change.offset + start, change.data[start : start + SECTOR])


def _apply(content: bytearray, change: Operation) -> None:
    if change.kind == "truncate":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
    else:
        _write(content, change.offset, change.data)


def _write(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data

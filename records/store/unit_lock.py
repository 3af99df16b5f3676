"""The lock of a unit: held while a session is open, so that a record has one writer.

``DIR/units/<unit id>.lock`` has the lock and one line of JSON about its holder: the file's inode,
host and process. The program never deletes it. So a file that is missing, or does not name its own
inode, was deleted or replaced by somebody, perhaps while a session runs whose lock nobody can see
any more. Every session also shares a lock of the folder ``units`` itself; with an untrusted lock
file nobody starts while some session in the folder runs.

A remaining line of another host says that a session runs there, or ended with its host: where locks
do not work across hosts, only a person knows which.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from controller.errors import JournalUnavailable, UnitBusy
from records.store.file_lock import locks_missing, share_lock, take_lock, try_lock
from records.store.plain_files import what_it_is
from records.store.private_files import HAS_MODES, make_folder, open_or_create

_LINE_SIZE = 400
"""More than the line of any holder."""


class UnitLock:
    """Held while a session on the unit is open; the system releases it with the process."""

    def __init__(self, database: Path, *, host: str = "") -> None:
        """``host`` is this workstation's name in the holder's line; default: the system's name."""
        self._database = database
        self._path = database.with_suffix(".lock")
        self._unit_id = database.stem
        self._host = host or platform.node()
        self._descriptor = self._folder = -1
        self._holds = False

    def take(self) -> None:
        """Take it; raises UnitBusy when a session is, or may be, open, else JournalUnavailable."""
        try:
            make_folder(self._path.parent)
            self._refuse_what_is_no_file()
            self._take()
        except OSError as error:
            self.release()
            raise JournalUnavailable(
                f"{self._path} cannot be opened for writing ({error.strerror}); "
                "make the data folder writable or choose another one"
            ) from error
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Release it, and remove the line about the holder."""
        if self._descriptor >= 0:
            if self._holds:
                # A remaining line says "this host", and a free lock says the rest.
                with suppress(OSError):
                    self._write_line(held=False)
            os.close(self._descriptor)
        if self._folder >= 0:
            os.close(self._folder)
        self._descriptor = self._folder = -1
        self._holds = False

    def fault(self) -> str:
        """Returns what happened to the lock file during this lock, in words.

        "" while it is in place.

        Two calls of stat, so that it can be called often.
        """
        mine = os.fstat(self._descriptor)
        try:
            there = os.stat(self._path)  # noqa: PTH116
        except OSError as error:
            return f"the lock file {self._path} is gone ({error.strerror})"
        if (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            return f"the lock file {self._path} was replaced"
        return ""

    def is_held(self) -> bool:
        """Returns True when some process holds it, or when this account cannot find out.

        Checks without changing anything, by a shared lock for which the right to read is enough.
        """
        self._refuse_what_is_no_file()
        try:
            descriptor = os.open(self._path, os.O_RDONLY if HAS_MODES else os.O_RDWR)
        except FileNotFoundError:
            return self._somebody_runs()
        except OSError:
            return True
        try:
            line = _line(descriptor)
            if not try_lock(descriptor, shared=True) or self._elsewhere(line):
                return True
            return not _names_itself(line, descriptor) and self._somebody_runs()
        except OSError as error:
            raise locks_missing(self._path.parent, str(error.strerror)) from error
        finally:
            os.close(descriptor)

    def _refuse_what_is_no_file(self) -> None:
        """Refuse anything else: opening a named pipe blocks until somebody writes to it."""
        if kind := what_it_is(self._path):
            raise JournalUnavailable(
                f"{self._path} is {kind}, not a lock file, so nobody can tell whether a session on "
                f"unit {self._unit_id} runs; delete it when none does, then start again"
            )

    def _take(self) -> None:
        if HAS_MODES:
            self._folder = os.open(self._path.parent, os.O_RDONLY)
            if not share_lock(self._path.parent, self._folder):
                raise UnitBusy(
                    f"no session can be opened in {self._path.parent} now: a program keeps the "
                    "whole folder, such as an update; start again when it has ended"
                )
        self._descriptor = open_or_create(self._path)
        line = _line(self._descriptor)
        if not take_lock(self._path, self._descriptor) or self.fault():
            raise self._busy(_holder(line))
        if self._elsewhere(line):
            raise UnitBusy(
                f"{self._path} says that a session on unit {self._unit_id} runs on another "
                f"workstation ({_holder(line)}). End it there. If that workstation is gone, delete "
                f"{self._path}, then start again"
            )
        if not _names_itself(line, self._descriptor) and self._database.exists():
            self._refuse_beside_others()
        self._holds = True
        self._write_line(held=True)

    def _refuse_beside_others(self) -> None:
        """Refuse while any session runs: the lock file is not the one of the last session."""
        if not HAS_MODES:
            return  # an open file cannot be deleted or replaced there
        if not try_lock(self._folder):
            raise UnitBusy(
                f"the lock file {self._path} was deleted or replaced, and a session runs in "
                f"{self._path.parent}, perhaps on this unit; end every running session, then "
                "start again"
            )
        try_lock(self._folder, shared=True)

    def _somebody_runs(self) -> bool:
        """Returns True when any session runs in the folder of this unit, on this workstation."""
        if not HAS_MODES or not self._path.parent.is_dir():
            return False
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            return not try_lock(folder)
        finally:
            os.close(folder)

    def _elsewhere(self, line: dict[str, Any]) -> bool:
        """Returns True when the line names a holder on another host, and this very file."""
        return bool(line.get("held")) and line.get("host") != self._host

    def _busy(self, holder: str) -> UnitBusy:
        by = f" ({holder})" if holder else ""
        return UnitBusy(
            f"a session on unit {self._unit_id} is open{by}; end it there, then start again"
        )

    def _write_line(self, *, held: bool) -> None:
        line = {
            "inode": os.fstat(self._descriptor).st_ino,
            "host": self._host,
            "process": os.getpid(),
            "held": held,
        }
        text = json.dumps(line, sort_keys=True)[: _LINE_SIZE - 1].ljust(_LINE_SIZE - 1) + "\n"
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, text.encode())


def _line(descriptor: int) -> dict[str, Any]:
    """Returns the holder's line; "" for a file from before, or of somebody else."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        line = json.loads(os.read(descriptor, _LINE_SIZE))
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _names_itself(line: dict[str, Any], descriptor: int) -> bool:
    """Returns True for the very file that a holder made or took.

    A copy or a new file has another inode.
    """
    return line.get("inode") == os.fstat(descriptor).st_ino


def _holder(line: dict[str, Any]) -> str:
    return f"host {line.get('host')}, process {line.get('process')}" if line.get("held") else ""


@contextmanager
def holding(lock: UnitLock) -> Iterator[None]:
    """Hold a unit's lock for the block."""
    lock.take()
    try:
        yield
    finally:
        lock.release()

"""Counts the file operations of a program; at one of them it is killed, or the disk is full.

The program runs in a child process, so that a kill is real: no clean-up runs, locks are released.
Counted are the functions of ``os`` through which the program makes, writes, syncs, renames and
removes files, the writes of files that libraries are given, and in the child what SQLite does to
its files (``tests.support.cut_sqlite``).

Synced content and names are kept, so that a power cut can be replayed afterwards: bytes and names
that were not synced are lost, all of them or each by chance. A lost name goes back to the file that
it replaced. Removed names come back only where nothing else in their folder is kept, as file
systems keep the order of names.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from records.evidence import spill
from tests.support.cut_sqlite import count_sqlite

KILLED, FINISHED, REFUSED = 137, 0, 4
SECTOR = 512
_chmod = os.chmod
"""Not counted: the tests' own operations."""
_COUNTED = ("mkdir", "rename", "replace", "unlink", "rmdir", "link", "chmod", "write", "fsync")


@dataclass
class Steps:
    """Counts operations; ``act`` runs in place of number ``at`` (from 1; 0: never)."""

    at: int = 0
    act: Callable[[], None] = lambda: None
    count: int = 0
    lasting: bool = False
    acted: bool = field(default=False)

    def step(self) -> None:
        """Called before each operation."""
        self.count += 1
        if self.count == self.at or (self.lasting and self.acted):
            self.acted = True
            self.act()


def disk_full() -> None:
    """The system's error when nothing more fits."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class _CountedFile:
    """A binary file whose writes are counted; everything else is the file's own."""

    def __init__(self, file: Any, steps: Steps) -> None:
        self._file, self._steps = file, steps

    def write(self, content: bytes) -> int:
        self._steps.step()
        return int(self._file.write(content))

    def __enter__(self) -> _CountedFile:
        return self

    def __exit__(self, *rest: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def count_operations(patch: pytest.MonkeyPatch, steps: Steps, only_growing: bool = False) -> None:
    """Count every operation as a step. A full disk still removes files: use ``only_growing``."""
    for name in _COUNTED:
        if only_growing and name in ("unlink", "rmdir", "chmod"):
            continue
        patch.setattr(os, name, _counted(getattr(os, name), steps))
    real_open, real_fdopen = os.open, os.fdopen

    def open_counted(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_CREAT:
            steps.step()
        return real_open(path, flags, *rest, **named)

    def fdopen_counted(descriptor: int, mode: str = "r", *rest: Any, **named: Any) -> Any:
        file = real_fdopen(descriptor, mode, *rest, **named)
        return _CountedFile(file, steps) if mode == "wb" else file

    patch.setattr(os, "open", open_counted)
    patch.setattr(os, "fdopen", fdopen_counted)


def _counted(real: Callable[..., Any], steps: Steps) -> Callable[..., Any]:
    def counted(*rest: Any, **named: Any) -> Any:
        steps.step()
        return real(*rest, **named)

    return counted


@contextmanager
def full_from(number: int, *, lasting: bool) -> Iterator[Steps]:
    """Make the disk full at operation ``number``.

    ``lasting``: also at all later ones that need space.
    """
    steps = Steps(number, act=disk_full, lasting=lasting)
    with pytest.MonkeyPatch.context() as patch:
        count_operations(patch, steps, only_growing=True)
        yield steps


# --- killed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Killed:
    """How a child ended, and what it had synced."""

    status: int
    operations: int
    synced: Synced


@dataclass
class Synced:
    """What is durable, by inode: the names in each folder, and a copy of each file."""

    folders: dict[int, dict[str, int]] = field(default_factory=dict)
    copies: dict[int, Path] = field(default_factory=dict)


class Notes:
    """A child's syncs, and the copies of what it synced."""

    def __init__(self, log: Any, kept: Path, names: dict[int, dict[str, int]]) -> None:
        self._log, self._kept, self._names, self._count = log, kept, names, 0

    def file(self, descriptor: int) -> None:
        """Note the file as durable in its present state."""
        found = os.fstat(descriptor)
        self._count += 1
        copy = self._kept / f"{found.st_ino}-{self._count}"
        shutil.copyfile(f"/dev/fd/{descriptor}", copy)
        _chmod(copy, stat.S_IMODE(found.st_mode))
        self._note({"file": found.st_ino, "copy": copy.name})

    def name(self, path: Path) -> None:
        """Note its name as durable; a new name makes those in its folder durable with it."""
        folder, inode = path.parent.stat().st_ino, path.stat().st_ino
        if self._names.get(folder, {}).get(path.name) != inode:
            descriptor = os.open(path.parent, os.O_RDONLY)
            self.folder(descriptor)
            os.close(descriptor)

    def folder(self, descriptor: int) -> None:
        """Note exactly the names in the folder as durable."""
        with os.scandir(descriptor) as entries:
            names = {entry.name: entry.inode() for entry in entries}
        folder = os.fstat(descriptor).st_ino
        self._names[folder] = names
        self._note({"folder": folder, "names": names})

    def end(self, operations: int) -> None:
        """Note that the work is done."""
        self._note({"operations": operations})

    def _note(self, note: dict[str, Any]) -> None:
        self._log.write(json.dumps(note) + "\n")
        self._log.flush()


def run_killed(work: Callable[[], object], at: int, folder: Path, log: Path) -> Killed:
    """Run ``work`` in a child that is killed before operation ``at`` (0: never).

    Copies of what is durable are kept beside ``log``.
    """
    kept = log.with_name("durable")
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    synced = Synced()
    for place in _folders(folder):
        synced.folders[place.stat().st_ino] = _names(place)
    for path in _files(folder):
        inode = path.stat().st_ino
        synced.copies[inode] = kept / str(inode)
        shutil.copy(path, kept / str(inode))
    log.write_text("")
    child = os.fork()
    if child == 0:
        _be_the_child(work, at, log, kept, dict(synced.folders))
    _, status = os.waitpid(child, 0)
    operations = _read_log(log, kept, synced)
    return Killed(os.waitstatus_to_exitcode(status), operations, synced)


def _be_the_child(
    work: Callable[[], object], at: int, log: Path, kept: Path, names: dict[int, dict[str, int]]
) -> None:
    status = 1
    try:
        with log.open("a") as file, pytest.MonkeyPatch.context() as patch:
            notes, steps = Notes(file, kept, names), Steps(at, act=lambda: os._exit(KILLED))
            _note_syncs(patch, notes)
            count_operations(patch, steps)
            patch.setattr(spill, "sync_data", os.fsync)
            count_sqlite(patch, steps.step, notes)
            work()
            patch.undo()
            notes.end(steps.count)
            status = FINISHED
    finally:
        os._exit(status)


def _note_syncs(patch: pytest.MonkeyPatch, notes: Notes) -> None:
    real = os.fsync

    def noted(descriptor: int) -> None:
        real(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            notes.folder(descriptor)
        else:
            notes.file(descriptor)

    patch.setattr(os, "fsync", noted)


def _read_log(log: Path, kept: Path, synced: Synced) -> int:
    operations = 0
    for line in log.read_text().splitlines():
        note = json.loads(line)
        if "file" in note:
            synced.copies[note["file"]] = kept / note["copy"]
        elif "folder" in note:
            synced.folders[note["folder"]] = note["names"]
        else:
            operations = note["operations"]
    return operations


def _names(folder: Path) -> dict[str, int]:
    return {path.name: path.lstat().st_ino for path in folder.iterdir()}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _folders(folder: Path) -> list[Path]:
    return [folder, *(path for path in folder.rglob("*") if path.is_dir())]


def copy_disk(source: Path, target: Path) -> None:
    """Copy so that two names of one file remain two names of one file."""
    first: dict[int, str] = {}

    def copy(file: str, to: str) -> str:
        inode = os.lstat(file).st_ino
        if inode in first:
            os.link(first[inode], to)
        else:
            first[inode] = shutil.copy2(file, to, follow_symlinks=False)
        return to

    shutil.copytree(source, target, symlinks=True, copy_function=copy)


# --- the power fails ---------------------------------------------------------------------------


def cut_power(folder: Path, synced: Synced, lost: Callable[[], bool]) -> None:
    """Remove what was not synced below ``folder``; ``lost`` decides in each case."""
    for path in _files(folder):
        _lose_content(path, synced.copies.get(path.stat().st_ino), lost)
    for place in _folders(folder):
        if place.exists():
            _lose_names(place, folder, synced, lost)


def _lose_content(path: Path, durable: Path | None, lost: Callable[[], bool]) -> None:
    """Empty a file that was never synced; in another one each lost sector has its old content."""
    present = path.read_bytes()
    kept = durable.read_bytes() if durable else b""
    if present == kept:
        return
    if durable is None:
        left = b"" if lost() else present
    else:
        size = len(kept) if lost() else len(present)
        present, kept = present.ljust(size, b"\0"), kept.ljust(size, b"\0")
        sectors = range(0, size, SECTOR)
        left = b"".join((kept if lost() else present)[at : at + SECTOR] for at in sectors)[:size]
    with _writable(path), path.open("r+b") as file:
        file.truncate(0)
        file.write(left)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(mode | stat.S_IWUSR)
    yield
    path.chmod(mode)


def _lose_names(place: Path, folder: Path, synced: Synced, lost: Callable[[], bool]) -> None:
    durable = synced.folders.get(place.stat().st_ino, {})
    all_lost = True
    for name, inode in _names(place).items():
        if durable.get(name) == inode:
            continue
        if lost():
            _take_back(place / name, inode, folder, synced)
            _put_back(place / name, durable.get(name), folder, synced)
        else:
            all_lost = False
    removed = {name: inode for name, inode in durable.items() if not (place / name).exists()}
    if removed and all_lost and lost():
        for name, inode in removed.items():
            _put_back(place / name, inode, folder, synced)


def _take_back(path: Path, inode: int, folder: Path, synced: Synced) -> None:
    """Undo a rename back to the durable name, and remove a new name."""
    for other in _folders(folder):
        for name, known in synced.folders.get(other.stat().st_ino, {}).items():
            if known == inode and not (other / name).exists() and path not in other.parents:
                path.rename(other / name)
                return
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _put_back(path: Path, inode: int | None, folder: Path, synced: Synced) -> None:
    """Give what was replaced or removed its name back, unless it has another one now."""
    durable = None if inode is None else synced.copies.get(inode)
    if durable and not path.exists() and inode not in {p.stat().st_ino for p in _files(folder)}:
        shutil.copy(durable, path)


def always() -> bool:
    """Lose everything that was not synced."""
    return True


def by_chance(seed: int) -> Callable[[], bool]:
    """Lose each thing or not, at random."""
    chance = random.Random(seed)
    return lambda: chance.random() < 0.5

"""The file operations of a program, counted; at one of them it is killed, or the disk is full.

The program runs in a child process, so that a kill is one: no clean-up runs, locks go. Counted are
the functions of ``os`` through which the program makes, writes, syncs, renames and removes files,
and the writes of files that libraries are given. What SQLite does by itself is one step to them.

What was synced is noted, so that a power cut can be played afterwards: bytes and names that were
not synced are lost, or each of them by chance.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

KILLED, FINISHED, REFUSED = 137, 0, 4
_COUNTED = ("mkdir", "rename", "replace", "unlink", "rmdir", "link", "chmod", "write", "fsync")


@dataclass
class Steps:
    """Counts operations; ``act`` is done in place of number ``at`` (from 1; 0: never)."""

    at: int = 0
    act: Callable[[], None] = lambda: None
    count: int = 0
    lasting: bool = False
    acted: bool = field(default=False)

    def step(self) -> None:
        """One operation is about to be done."""
        self.count += 1
        if self.count == self.at or (self.lasting and self.acted):
            self.acted = True
            self.act()


def disk_full() -> None:
    """What the system says when nothing more fits."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class _CountedFile:
    """A binary file whose writes are counted; all else is the file's own."""

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
    """Let every counted operation be a step. A full disk still removes: ``only_growing``."""
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


# --- killed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Killed:
    """How a child ended, and what it had synced."""

    status: int
    operations: int
    synced: Synced


@dataclass
class Synced:
    """Files by inode with the size and time of their last sync, folders with their names."""

    files: dict[int, tuple[int, int]] = field(default_factory=dict)
    folders: dict[int, dict[str, int]] = field(default_factory=dict)


def run_killed(work: Callable[[], object], at: int, folder: Path, log: Path) -> Killed:
    """Run ``work`` in a child that is killed before operation ``at`` (0: never)."""
    synced = Synced()
    for place in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        synced.folders[place.stat().st_ino] = _names(place)
    for place in folder.rglob("*"):
        if place.is_file():
            synced.files[place.stat().st_ino] = _state(place.stat())
    log.write_text("")
    child = os.fork()
    if child == 0:
        _be_the_child(work, at, log)
    _, status = os.waitpid(child, 0)
    operations = _read_log(log, synced)
    return Killed(os.waitstatus_to_exitcode(status), operations, synced)


def _be_the_child(work: Callable[[], object], at: int, log: Path) -> None:
    status = 1
    try:
        with log.open("a") as notes, pytest.MonkeyPatch.context() as patch:
            steps = Steps(at, act=lambda: os._exit(KILLED))
            _note_syncs(patch, notes)
            count_operations(patch, steps)
            work()
            patch.undo()
            notes.write(json.dumps({"operations": steps.count}) + "\n")
            notes.flush()
            status = FINISHED
    finally:
        os._exit(status)


def _note_syncs(patch: pytest.MonkeyPatch, notes: Any) -> None:
    real = os.fsync

    def noted(descriptor: int) -> None:
        real(descriptor)
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            with os.scandir(descriptor) as entries:
                names = {entry.name: entry.inode() for entry in entries}
            note: dict[str, Any] = {"folder": found.st_ino, "names": names}
        else:
            note = {"file": found.st_ino, "state": _state(found)}
        notes.write(json.dumps(note) + "\n")
        notes.flush()

    patch.setattr(os, "fsync", noted)


def _read_log(log: Path, synced: Synced) -> int:
    operations = 0
    for line in log.read_text().splitlines():
        note = json.loads(line)
        if "file" in note:
            synced.files[note["file"]] = tuple(note["state"])
        elif "folder" in note:
            synced.folders[note["folder"]] = note["names"]
        else:
            operations = note["operations"]
    return operations


def _names(folder: Path) -> dict[str, int]:
    return {path.name: path.lstat().st_ino for path in folder.iterdir()}


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


# --- the power fails ---------------------------------------------------------------------------


def cut_power(folder: Path, synced: Synced, lost: Callable[[], bool]) -> None:
    """Take away what was not synced below ``folder``; ``lost`` decides for each thing."""
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        found = path.stat()
        if synced.files.get(found.st_ino) != _state(found) and lost():
            with path.open("r+b") as file:
                file.truncate(0)
    for place in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        if place.exists():
            _lose_names(place, folder, synced, lost)


def _lose_names(place: Path, folder: Path, synced: Synced, lost: Callable[[], bool]) -> None:
    durable = synced.folders.get(place.stat().st_ino, {})
    for name, inode in _names(place).items():
        if durable.get(name) != inode and lost():
            _take_back(place / name, inode, folder, synced)


def _take_back(path: Path, inode: int, folder: Path, synced: Synced) -> None:
    """A rename goes back to where the name was durable; a new name is gone."""
    for other in [p for p in folder.rglob("*") if p.is_dir()]:
        for name, known in synced.folders.get(other.stat().st_ino, {}).items():
            if known == inode and not (other / name).exists() and path not in other.parents:
                path.rename(other / name)
                return
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def always() -> bool:
    """Everything that was not synced is lost."""
    return True


def by_chance(seed: int) -> Callable[[], bool]:
    """Each thing is lost or not."""
    chance = random.Random(seed)
    return lambda: chance.random() < 0.5

"""Drafts: completed before they get their name, and removed if a killed program left them.

A draft is a folder beside its later place, ``NAME.<8 hex digits>.traction-unfinished``, whose lock
is held while somebody works in it. The result is in its folder ``content``, so one rename puts it
in place. A draft whose lock is free was left; the next program that makes something in the same
folder removes it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalUnavailable
from records.store.durable import sync_folder
from records.store.file_lock import take_lock
from records.store.private_files import HAS_MODES, create_new, make_folder, sync_file

SUFFIX = ".traction-unfinished"
_NAME = re.compile(rf".+\.[0-9a-f]{{8}}{re.escape(SUFFIX)}")
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Draft:
    """``content`` is for the result, ``folder`` for temporary files."""

    folder: Path

    @property
    def content(self) -> Path:
        """Returns the folder of the content."""
        return self.folder / "content"


@contextmanager
def draft_beside(place: Path) -> Iterator[Draft]:
    """Yields a temporary draft on the disk of ``place``; system errors are raised as ours.

    Raises JournalUnavailable.
    """
    try:
        make_folder(place.parent)
        remove_left_overs(place.parent)
        folder = place.with_name(f"{place.name}.{secrets.token_hex(4)}{SUFFIX}")
        os.mkdir(folder, 0o700)  # noqa: PTH102
        try:
            with _held(folder / _LOCK):
                draft = Draft(folder)
                make_folder(draft.content)
                yield draft
        finally:
            with suppress(OSError):
                _remove(folder)
    except OSError as error:
        raise JournalUnavailable(
            f"{error.filename or place} cannot be written ({error.strerror or error}); check the "
            "disk and choose a place with enough space"
        ) from error


@contextmanager
def _held(path: Path) -> Iterator[None]:
    lock = create_new(path)
    try:
        take_lock(path, lock)
        sync_folder(path.parent)  # before there is content: a draft with content has its lock file
        yield
    finally:
        os.close(lock)


def put_in_place(made: Path, target: Path) -> None:
    """Make a file or a folder durable, then give it its name by one rename; raises OSError.

    ``target`` does not exist, or is an empty folder.
    """
    _sync_whole(made)
    if not HAS_MODES and target.is_dir():
        target.rmdir()
    os.rename(made, target)  # noqa: PTH104
    sync_folder(target.parent)


def remove_left_overs(folder: Path) -> None:
    """Remove drafts that a killed program left in ``folder``; those in use stay."""
    for path in folder.glob(f"*{SUFFIX}"):
        if _NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            _remove_abandoned(path)


def _remove_abandoned(folder: Path) -> None:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        # Killed before its first file, or begun at this moment: only an empty one is removed.
        with suppress(OSError):
            folder.rmdir()
        return
    try:
        abandoned = take_lock(folder / _LOCK, lock)
    finally:
        os.close(lock)
    if abandoned:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a draft, its lock last; raises OSError.

    If it is interrupted the draft keeps its lock, by which the next program recognizes it.
    ``shutil.rmtree`` guarantees no order: since Python 3.13 files are removed before folders.
    """
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()
    (folder / _LOCK).unlink(missing_ok=True)
    folder.rmdir()


def _sync_whole(made: Path) -> None:
    if made.is_file():
        sync_file(made)
        return
    for folder, _, names in os.walk(made, topdown=False):
        for name in names:
            sync_file(Path(folder) / name)
        sync_folder(Path(folder))

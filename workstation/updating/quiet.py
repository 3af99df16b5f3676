"""Lets no session begin during an update, and no update during a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.errors import UpdateRefused
from records.evidence.stored_session import session_rows_of
from records.evidence.unit_reading import reading
from records.store.database import rows
from records.store.file_lock import try_lock
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock


@contextmanager
def sessions_kept_out(folder: RecordFolder) -> Iterator[None]:
    """Hold the lock that every session shares, whoever runs it; raises UpdateRefused."""
    for path in folder.unit_databases():
        _refuse_open(path)
    if not folder.units.is_dir():
        yield
        return
    with _held(
        folder.units,
        f"a session is open in {folder}, or a program changes the records; end it, then try again",
    ):
        yield


@contextmanager
def sole_update(root: Path) -> Iterator[None]:
    """Hold the lock of an installation; raises UpdateRefused."""
    with _held(root, f"another update of {root} is running; wait until it ends"):
        yield


@contextmanager
def _held(folder: Path, busy: str) -> Iterator[None]:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UpdateRefused(
            f"{folder} cannot be opened ({error.strerror}); update as the account that keeps it"
        ) from error
    try:
        if not try_lock(descriptor):
            raise UpdateRefused(busy)
        yield
    finally:
        os.close(descriptor)


def _refuse_open(path: Path) -> None:
    if UnitLock(path).is_held():
        raise UpdateRefused(f"a session on unit {path.stem} is open; end it, then update")
    with reading(path) as db:
        sealed = {number for (number,) in rows(db, "SELECT session FROM seal")}
        left = [head.session_id for head in session_rows_of(db) if head.number not in sealed]
    if left:
        raise UpdateRefused(
            f"session {left[-1]} on unit {path.stem} was interrupted and is not closed: its "
            "unit may be under force. Connect the unit and start `traction run`, which "
            "releases and closes it, or put its record aside with `traction quarantine put`"
        )

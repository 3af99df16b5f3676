"""Makes writes fail from a chosen one on: a full disk, or another program holding clinic.db.

Both are real: the system refuses whatever makes a file longer, and SQLite finds the file locked.
The program's one place that makes writing connections counts them, and waits less for a lock.
"""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from records.store import database

Trouble = Callable[[Path], AbstractContextManager[None]]
FULL_FROM_BYTES = 4096
"""Less than the first frame of SQLite's log."""
WAITS_S = 0.02


@contextmanager
def full_disk(_clinic_database: Path) -> Iterator[None]:
    """Let no file of this process grow beyond a few bytes."""
    with no_file_beyond(FULL_FROM_BYTES):
        yield


@contextmanager
def no_file_beyond(most_bytes: int) -> Iterator[None]:
    """Let no file of this process, or of those that it starts, grow beyond ``most_bytes``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def locked(clinic_database: Path) -> Iterator[None]:
    """Let another program hold the file locked for longer than anybody waits."""
    somebody = sqlite3.connect(clinic_database, isolation_level=None, check_same_thread=False)
    somebody.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        somebody.execute("ROLLBACK")
        somebody.close()


@contextmanager
def troubled_from(write: int, trouble: Trouble, clinic_database: Path) -> Iterator[None]:
    """Let nothing be written from connection number ``write`` (from 0) on."""
    real_connect, number = database.connect, count()

    with ExitStack() as entered, pytest.MonkeyPatch.context() as patch:

        def connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
            if next(number) == write:
                entered.enter_context(trouble(clinic_database))
            return real_connect(path, min(busy_timeout_s, WAITS_S))

        patch.setattr(database, "connect", connect)
        yield

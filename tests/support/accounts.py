"""Runs functions as another account, for tests of who may read what.

The superuser switches to that account in a child process. Without root rights the tests keep their
own account: the child gets the same id, and modes take away what they can of the folder.
"""

from __future__ import annotations

import concurrent.futures.thread
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from records.clinic.readings import offer_readings_folder
from records.store.record_folder import RecordFolder
from tests.support.installed import cannot_run
from tests.support.notes import recorded
from tests.support.pages import ROOT

T = TypeVar("T")
SUPERUSER = os.geteuid() == 0
READER_ID = 47_011 if SUPERUSER else os.geteuid()
READERS_ID = 47_012 if SUPERUSER else os.getegid()
"""Numbers that no account and no group of a system has."""
LOADED_BEFORE = (concurrent.futures.thread,)
"""Modules that a program loads late; loaded here because the account may not read Python's
folder.
"""


def as_reader(folder: RecordFolder, do: Callable[[], T]) -> T:
    """Run ``do`` as an account that is only in the group of readers of ``folder``.

    Returns its result and re-raises its exception.
    """
    with _taken_away(folder):
        return _in_a_child(do, _change_account)


def as_owner(place: Path, do: Callable[[], T]) -> T:
    """Run ``do`` as an account that owns everything below ``place`` and is bound by its modes.

    The superuser ignores modes, so it switches to another account.
    """
    if not SUPERUSER:
        return do()
    for path in (place, *place.rglob("*")):
        os.chown(path, READER_ID, READERS_ID)

    def be_the_owner() -> None:
        os.setgroups([])
        os.setresgid(READERS_ID, READERS_ID, READERS_ID)
        os.setresuid(READER_ID, READER_ID, READER_ID)

    return _in_a_child(do, be_the_owner)


def _in_a_child(do: Callable[[], T], become: Callable[[], None]) -> T:
    """Returns or raises what ``do`` does in a child process.

    ``become`` switches the child's account first.
    """
    if SUPERUSER:
        require_a_way_to(ROOT)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work_as_the_other(do, become, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    result, error = pickle.loads(content)
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def require_a_way_to(place: Path) -> None:
    """Skip or fail where another account cannot reach the program, which it loads while running."""
    for folder in (place, *place.parents):
        if not folder.stat().st_mode & 0o001:
            cannot_run(
                f"{folder} is closed to other accounts, so none can be tried; put the project "
                "elsewhere",
                "every test is run",
            )


def share_with_readers(folder: RecordFolder) -> None:
    """Give the group of readers access, as the documented command does."""
    for path in (folder.path, *folder.path.rglob("*")):
        os.chown(path, -1, READERS_ID)
        path.chmod(0o2750 if path.is_dir() else 0o640)
    for secret in folder.path.rglob("*.key"):
        secret.chmod(0o600)


@contextmanager
def shared_records() -> Iterator[RecordFolder]:
    """A recorded session that a group may read, below folders that everybody may enter."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = RecordFolder(Path(place) / "data")
        recorded(folder)
        share_with_readers(folder)
        offer_readings_folder(folder)
        yield folder


@contextmanager
def _taken_away(folder: RecordFolder) -> Iterator[None]:
    """Set modes that leave the own account only a group's rights; not needed by the superuser."""
    before = {path: path.stat().st_mode & 0o7777 for path in (folder.path, *folder.path.rglob("*"))}
    if not SUPERUSER:
        for path, mode in before.items():
            path.chmod(mode & ~0o700 | (mode & 0o070) << 3)
    try:
        yield
    finally:
        if not SUPERUSER:
            folder.path.chmod(before[folder.path])
            for path, mode in before.items():
                if path.exists():
                    path.chmod(mode)


def _work_as_the_other(do: Callable[[], T], become: Callable[[], None], writing: int) -> None:
    error: BaseException | None = None
    result: T | None = None
    try:
        become()
        result = do()
    except BaseException as raised:
        error = raised
    with os.fdopen(writing, "wb") as pipe:
        pickle.dump((result, error), pipe)
    os._exit(0)


def _change_account() -> None:
    os.environ["HOME"] = "/nonexistent"
    if not SUPERUSER:
        number = os.geteuid() + 1
        os.geteuid = lambda: number
        return
    os.setgroups([READERS_ID])
    os.setresgid(READERS_ID, READERS_ID, READERS_ID)
    os.setresuid(READER_ID, READER_ID, READER_ID)

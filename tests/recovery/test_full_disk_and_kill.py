"""A full disk during repacking, setting a file aside or rotating a key loses nothing.

The disk is full at every file operation of the program itself, and inside SQLite, where the system
refuses to let any file grow beyond a size. Either the work is done, or the reason is reported and
it can be repeated; what was recorded verifies in between, and no session is there twice. A kill
while a file is set aside does the same; for the others, ``tests.recovery.test_keeping_cuts`` has
it.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from controller.errors import TractionError
from controller.runtime.clock import VirtualClock
from records.clinic.clinic_verify import verify_clinic
from records.clinic.key_life import rotate_key
from records.evidence.integrity import verify
from records.evidence.quarantine import put_aside, put_aside_files
from records.evidence.reader import list_sessions
from records.evidence.unit_reading import reading
from records.keeping.repack import repack
from records.keys.key_folder import key_history
from records.keys.signing import NoKeyStore, load_or_create_key
from records.store.author import Author
from records.store.database import rows
from records.store.ed25519 import SigningKey
from records.store.record_folder import RecordFolder
from tests.support.altered_records import KEY, UNIT
from tests.support.cut_files import FINISHED, KILLED, Steps, count_operations, disk_full, run_killed
from tests.support.left_open import close_left_open
from tests.support.notes import BEGAN_MS, HOUR_MS, recorded

RELEASED = Path(__file__).parents[1] / "data"
LATER_MS = BEGAN_MS + HOUR_MS
SOMEBODY = Author(by="P. Jones", user="desk", at_utc_ms=LATER_MS, key=KEY)
NEW = SigningKey(bytes(range(32, 64)))
WAITS = "was put aside (a test) and nobody has accepted it yet"
DONE, REFUSED, FAILED = 0, 7, 9


@dataclass(frozen=True)
class Work:
    """``make`` fills a folder, ``do`` is what meets a full disk, ``is_done`` reports the result."""

    name: str
    make: Callable[[RecordFolder], None]
    do: Callable[[RecordFolder], object]
    is_done: Callable[[RecordFolder], bool]
    largest_bytes: int
    """A size that no file of this work reaches."""
    every: int = 1
    """Of the file operations, every so many-th is tried."""


def _older_file(data: RecordFolder) -> None:
    path = data.unit_database(UNIT)
    path.parent.mkdir(parents=True)
    shutil.copy(RELEASED / "unit-schema-3.db", path)
    load_or_create_key(data, store=NoKeyStore(), new_seed=lambda: KEY.seed)
    close_left_open(data, UNIT, VirtualClock(), KEY)


def _is_packed(data: RecordFolder) -> bool:
    """True if the last of its sessions was packed, too."""
    with reading(data.unit_database(UNIT)) as db:
        if not rows(db, "SELECT 1 FROM sqlite_schema WHERE name = 'packed_session'"):
            return False
        loose = "SELECT 1 FROM seal WHERE session NOT IN (SELECT session FROM packed_session)"
        return not rows(db, loose)


WORKS = [
    Work(
        name="repack",
        make=_older_file,
        do=lambda data: repack(data, UNIT, SOMEBODY),
        is_done=_is_packed,
        largest_bytes=1 << 20,
    ),
    Work(
        name="rotate",
        make=recorded,
        do=lambda data: rotate_key(
            data,
            by="P. Jones",
            at_utc_ms=LATER_MS,
            store=NoKeyStore(),
            new_seed=lambda: NEW.seed,
        ),
        is_done=lambda data: load_or_create_key(data, store=NoKeyStore()).key_id == NEW.key_id,
        largest_bytes=1 << 18,
        every=4,
    ),
    Work(
        name="put aside",
        make=recorded,
        do=lambda data: put_aside(data, UNIT, KEY, utc_ms=LATER_MS, reason="a test"),
        is_done=lambda data: bool(put_aside_files(data)),
        largest_bytes=1 << 18,
    ),
]
BY_NAME = pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)


class Place:
    """A folder of records that is made once and copied for each try."""

    def __init__(self, root: Path, work: Work) -> None:
        self._kept, self.data = RecordFolder(root / "kept"), RecordFolder(root / "data")
        self.work = work
        work.make(self._kept)
        self.found = self._found(self._kept)

    def reset(self) -> None:
        """Restore the disk to its original state."""
        shutil.rmtree(self.data.path, ignore_errors=True)
        shutil.copytree(self._kept.path, self.data.path)

    def check(self, *, refused: bool) -> None:
        """Check that nothing is lost or altered, and that what was refused can be done now."""
        assert key_history(self.data).fault == ""
        assert self._found(self.data) == self.found
        if refused and not self.work.is_done(self.data):
            self.work.do(self.data)
        assert self.work.is_done(self.data)
        assert self._found(self.data) == self.found

    @staticmethod
    def _found(data: RecordFolder) -> tuple[list[str], list[str]]:
        """The sessions, and findings of a verification, except the message that a file waits."""
        sessions = sorted(one.head.session_id for one in list_sessions(data))
        altered = [
            *(one.what for one in verify(data).alterations if not one.what.endswith(WAITS)),
            *(one.what for one in verify_clinic(data).alterations),
        ]
        return sessions, altered


@BY_NAME
def test_a_full_disk_at_any_file_operation(memory_path: Path, work: Work) -> None:
    place = Place(memory_path, work)
    refusals = 0
    for number in count(1, work.every):
        place.reset()
        said = ""
        steps = Steps(number, act=disk_full, lasting=bool(number % 2))
        with pytest.MonkeyPatch.context() as patch:
            count_operations(patch, steps, only_growing=True)
            try:
                work.do(place.data)
            except TractionError as error:
                said = error.message
        if not steps.acted:
            break
        refusals += bool(said)
        place.check(refused=bool(said))
    assert refusals > 0


def test_a_kill_at_any_operation_while_a_file_is_put_aside(memory_path: Path) -> None:
    work = WORKS[-1]
    place = Place(memory_path, work)
    kills = 0
    for number in count(1, 12):
        place.reset()
        ended = run_killed(
            lambda: work.do(place.data), number, place.data.path, memory_path / "log"
        )
        if ended.status == FINISHED:
            break
        assert ended.status == KILLED
        kills += 1
        place.check(refused=True)
    assert kills > 0


@BY_NAME
def test_a_full_disk_inside_of_sqlite(memory_path: Path, work: Work) -> None:
    place = Place(memory_path, work)
    ends = []
    for size in (0, 1 << 10, *range(1 << 12, 1 << 17, 1 << 13), work.largest_bytes):
        place.reset()
        ends.append(_in_a_small_world(lambda: work.do(place.data), size))
        assert ends[-1] in (DONE, REFUSED), f"{size} bytes"
        place.check(refused=ends[-1] == REFUSED)
    assert ends[0] == REFUSED
    assert ends[-1] == DONE


def _in_a_small_world(do: Callable[[], object], most_bytes: int) -> int:
    """Run it in a process whose files cannot grow beyond a size; returns its outcome."""
    child = os.fork()
    if child == 0:
        status = FAILED
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
            do()
            status = DONE
        except TractionError:
            status = REFUSED
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

"""The unit's file: its schemas, the copy before a migration, its lock."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalUnavailable, UnitBusy
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import verify
from records.evidence.journal import SessionOpening, open_session
from records.evidence.reader import list_sessions, read_session
from records.evidence.unit_reading import reading
from records.keys.signing import SigningKey
from records.store import database
from records.store.database import backup_path, open_for_writing, schema_version
from records.store.private_files import create_if_missing
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding
from tests.support.altering import altering
from tests.support.left_open import close_left_open

UNIT = "00000000000000aa"
KEY = SigningKey(bytes(range(32)))
RELEASED = Path(__file__).parents[3] / "data"
"""A file of every schema that ever left, as the program of that time wrote it."""


def opening(session_id: str) -> SessionOpening:
    return SessionOpening(session_id=session_id, unit_id=UNIT, utc_offset_min=0, detail={})


@pytest.fixture
def schema_1(folder: RecordFolder) -> RecordFolder:
    """A data folder whose unit has one session sealed by schema 1."""
    target = folder.unit_database(UNIT)
    target.parent.mkdir(parents=True)
    shutil.copy(RELEASED / "unit-schema-1.db", target)
    return folder


def test_a_file_of_schema_1_is_read_and_verified_as_it_is(schema_1: RecordFolder) -> None:
    record = read_session(schema_1, "old-1")
    assert record.seal is not None
    assert record.checkpoint == ""
    assert len(record.samples) == 60
    result = verify(schema_1)
    assert result.alterations == ()
    assert (result.signed, result.unsigned) == (0, 1)
    assert "1 sealed before signatures existed" in result.basis


def test_a_session_brings_it_to_the_present_schema_and_keeps_a_copy(schema_1: RecordFolder) -> None:
    path = schema_1.unit_database(UNIT)
    before = read_session(schema_1, "old-1")
    close_left_open(schema_1, UNIT, VirtualClock(), KEY)
    open_session(schema_1, opening("new-1"), VirtualClock(), key=KEY).close()
    after = read_session(schema_1, "old-1")
    assert after.samples.tobytes() == before.samples.tobytes()
    assert after.events == before.events
    result = verify(schema_1)
    assert result.alterations == ()
    assert (result.signed, result.unsigned, result.open) == (2, 1, 0)
    with closing(sqlite3.connect(backup_path(path, 1))) as copy, copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)
        assert copy.execute("SELECT session_id FROM session").fetchall() == [("old-1",), ("old-2",)]
    copy.close()
    assert {r.head.session_id for r in list_sessions(schema_1)} == {"new-1", "old-1", "old-2"}


def test_a_new_file_needs_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    db = open_for_writing(path, UNIT_SCHEMA)
    assert schema_version(db) == UNIT_SCHEMA.version
    db.close()
    assert list(tmp_path.glob("x.db.schema-*")) == []


def test_without_a_sound_copy_nothing_is_migrated(
    schema_1: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(db: object, target: Path) -> None:
        raise JournalCorrupt("the copy is damaged")

    monkeypatch.setattr(database, "_copy", damaged)
    with pytest.raises(JournalCorrupt, match="copy is damaged"):
        close_left_open(schema_1, UNIT, VirtualClock(), KEY)
    monkeypatch.undo()
    assert verify(schema_1).unsigned == 1
    with closing(sqlite3.connect(schema_1.unit_database(UNIT))) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()


def test_an_unsigned_seal_behind_a_signed_one_is_an_alteration(folder: RecordFolder) -> None:
    for session_id in ("s-1", "s-2"):
        open_session(folder, opening(session_id), VirtualClock(), key=KEY).close()
    with altering(folder.unit_database(UNIT)) as connection:
        connection.execute("DELETE FROM signature WHERE session = 2")
    whats = [found.what for found in verify(folder).alterations]
    assert any("though an earlier one of the unit is" in what for what in whats)
    assert any("it is gone" in what for what in whats)


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "units" / "u.db"
    with holding(UnitLock(path)):
        assert UnitLock(path).is_held()
        with pytest.raises(UnitBusy, match="session on unit u is open"):
            UnitLock(path).take()
    assert not UnitLock(path).is_held()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "units").write_text("in the way")
    with pytest.raises(JournalUnavailable, match="cannot be opened for writing"):
        UnitLock(tmp_path / "units" / "u.db").take()


def test_a_file_that_another_program_is_making_is_waited_for(folder: RecordFolder) -> None:
    path = folder.unit_database(UNIT)
    with holding(UnitLock(path)):
        create_if_missing(path)
        reads = threading.Event()

        def make() -> None:
            reads.wait()
            open_for_writing(path, UNIT_SCHEMA).close()

        making = threading.Thread(target=make)
        making.start()
        reads.set()
        with reading(path) as db:
            assert schema_version(db) >= 1, "it may still go from version to version"
        making.join()


def test_a_file_that_nobody_is_making_any_more_is_refused_at_once(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.unit_database(UNIT)
    path.parent.mkdir(parents=True)
    create_if_missing(path)
    monkeypatch.setattr(threading.Event, "wait", lambda *_: pytest.fail("nobody makes it"))
    with pytest.raises(JournalCorrupt, match="it holds no tables"), reading(path):
        pass

"""Old sessions repacked: the same record, fewer bytes, proved before and after."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, RecordNotFound, UnitBusy
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import verify
from records.evidence.reader import list_sessions, read_session, read_stored, reading
from records.evidence.removal import remove_content
from records.evidence.repack import repack
from records.evidence.session_content import PACKED_SESSIONS_SINCE_SCHEMA
from records.keys.signing import NoKeyStore, load_or_create_key
from records.store.author import Author
from records.store.chain import Subject
from records.store.database import open_for_writing, rows, schema_version
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding
from tests.support.altered_records import KEY, UNIT
from tests.support.altering import altering
from tests.support.commands import said
from tests.support.left_open import close_left_open

RELEASED = Path(__file__).parents[3] / "data"


@pytest.fixture(
    params=["unit-schema-1.db", "unit-schema-2.db", "unit-schema-3.db", "unit-schema-4.db"]
)
def old(request: pytest.FixtureRequest, folder: RecordFolder) -> RecordFolder:
    """A file of an older schema; its open session is closed where that needs no side file."""
    path = folder.unit_database(UNIT)
    path.parent.mkdir(parents=True)
    shutil.copy(RELEASED / request.param, path)
    if request.param != "unit-schema-4.db":
        close_left_open(folder, UNIT, VirtualClock(), KEY)
    return folder


def _loose(data: RecordFolder) -> list[str]:
    """Sealed sessions that are not packed."""
    with reading(data.unit_database(UNIT)) as db:
        packed = (
            "SELECT session FROM packed_session"
            if schema_version(db) >= PACKED_SESSIONS_SINCE_SCHEMA
            else "0"
        )
        return [
            name
            for (name,) in rows(
                db,
                "SELECT session_id FROM session WHERE number IN (SELECT session FROM seal) "
                f"AND number NOT IN ({packed})",
            )
        ]


def _rows_of(data: RecordFolder) -> dict[str, int]:
    with reading(data.unit_database(UNIT)) as db:
        return {
            table: rows(
                db,
                f"SELECT count(*) FROM {table} WHERE session IN (SELECT session FROM seal)",
            )[0][0]
            for table in ("link", "open_link", "sample_block", "open_batch", "packed_session")
        }


def clock_ms() -> int:
    return 1_795_564_800_000


def test_the_record_stays_and_the_links_go(old: RecordFolder) -> None:
    loose = _loose(old)
    before = {name: read_session(old, name) for name in loose}
    links = {name: read_stored(old, name).links for name in loose}
    assert loose
    done = repack(old, UNIT, KEY, clock_ms)
    assert set(done.sessions) == set(loose)
    for name in loose:
        stored = read_stored(old, name)
        assert stored.packed is not None
        assert list(stored.links) == list(links[name])
        assert read_session(old, name).samples.tobytes() == before[name].samples.tobytes()
        assert read_session(old, name).events == before[name].events
    assert verify(old, public_keys={}).alterations == ()
    sealed = sum(record.seal is not None for record in list_sessions(old))
    assert _rows_of(old) == {
        "link": 0,
        "open_link": 0,
        "sample_block": 0,
        "open_batch": 0,
        "packed_session": sealed,
    }
    assert repack(old, UNIT, KEY, clock_ms).sessions == ()


def test_an_altered_session_stops_it_and_nothing_is_changed(old: RecordFolder) -> None:
    with altering(old.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence = 2")
    loose = _loose(old)
    with pytest.raises(JournalCorrupt, match="does not fit before its repacking"):
        repack(old, UNIT, KEY, clock_ms)
    assert _loose(old) == loose


def test_not_while_a_session_is_open(old: RecordFolder) -> None:
    with holding(UnitLock(old.unit_database(UNIT))), pytest.raises(UnitBusy):
        repack(old, UNIT, KEY, clock_ms)


def test_the_command_says_what_it_did(old: RecordFolder) -> None:
    load_or_create_key(old, store=NoKeyStore(), new_seed=lambda: KEY.seed)
    assert "each checked before and after" in said(old, "repack", UNIT)
    with pytest.raises(RecordNotFound, match="has no file"):
        said(old, "repack", "00000000000000bb")


def test_a_session_of_version_4_is_removed_without_being_packed(folder: RecordFolder) -> None:
    """And the step to version 5 needs neither a key nor a record of its own."""
    path = folder.unit_database(UNIT)
    path.parent.mkdir(parents=True)
    shutil.copy(RELEASED / "unit-schema-4.db", path)
    db = open_for_writing(path, UNIT_SCHEMA)
    assert schema_version(db) == UNIT_SCHEMA.version
    assert rows(db, "SELECT 1 FROM migration") == []
    ((seal,),) = rows(db, "SELECT digest FROM seal WHERE session = 1")
    subject = Subject(name="four-1", place=UNIT, number=1)
    somebody = Author(by="P. Jones", user="desk", at_utc_ms=clock_ms(), key=KEY)
    remove_content(db, subject, seal, somebody, rule="test")
    db.close()
    assert verify(folder, public_keys={KEY.key_id: KEY.public_key}).alterations == ()
    assert repack(folder, UNIT, KEY, clock_ms).sessions == ()

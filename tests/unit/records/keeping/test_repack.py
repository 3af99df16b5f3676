"""Old sessions repacked: the same record, fewer bytes, proved before and after."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, RecordNotFound, UnitBusy
from controller.runtime.clock import VirtualClock
from records.clinic.clinic_verify import verify_clinic
from records.evidence.file_entries import note_of_file
from records.evidence.integrity import verify
from records.evidence.reader import list_sessions, read_session, read_stored
from records.evidence.removal import remove_content
from records.evidence.session_content import PACKED_SESSIONS_SINCE_SCHEMA
from records.evidence.unit_reading import reading
from records.evidence.year_files import close_year
from records.keeping.move_years import move_years
from records.keeping.repack import repack
from records.keys.signing import NoKeyStore, load_or_create_key
from records.store.author import Author
from records.store.chain import Subject
from records.store.clinic_chain import EntryKind
from records.store.database import open_for_writing, rows, schema_version
from records.store.file_digest import file_sha256
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding
from tests.support.altered_records import KEY, UNIT
from tests.support.altering import altering
from tests.support.commands import said
from tests.support.left_open import close_left_open
from tests.unit.records.evidence.test_journal_faults import begin

RELEASED = Path(__file__).parents[3] / "data"
SOMEBODY = Author(by="P. Jones", user="desk", at_utc_ms=1_795_564_800_000, key=KEY)


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


def test_the_record_stays_and_the_links_go(old: RecordFolder) -> None:
    loose = _loose(old)
    before = {name: read_session(old, name) for name in loose}
    links = {name: read_stored(old, name).links for name in loose}
    assert loose
    done = repack(old, UNIT, SOMEBODY)
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
    assert repack(old, UNIT, SOMEBODY).sessions == ()


def test_an_altered_session_stops_it_and_nothing_is_changed(old: RecordFolder) -> None:
    with altering(old.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence = 2")
    loose = _loose(old)
    with pytest.raises(JournalCorrupt, match="does not fit before its repacking"):
        repack(old, UNIT, SOMEBODY)
    assert _loose(old) == loose


def test_not_while_a_session_is_open(old: RecordFolder) -> None:
    with holding(UnitLock(old.unit_database(UNIT))), pytest.raises(UnitBusy):
        repack(old, UNIT, SOMEBODY)


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
    remove_content(db, subject, seal, SOMEBODY, rule="test")
    db.close()
    assert verify(folder, public_keys={KEY.key_id: KEY.public_key}).alterations == ()
    assert repack(folder, UNIT, SOMEBODY).sessions == ()


# --- closed years -----------------------------------------------------------------------------

YEAR_FILE = f"{UNIT}-2025.db"


@pytest.fixture
def years(memory_path: Path) -> RecordFolder:
    """Sessions of an older version in the file of a closed year, one of now in the present file."""
    folder = RecordFolder(memory_path / "records")
    path = folder.unit_database(UNIT)
    path.parent.mkdir(parents=True)
    shutil.copy(RELEASED / "unit-schema-3.db", path)
    load_or_create_key(folder, store=NoKeyStore(), new_seed=lambda: KEY.seed)
    close_left_open(folder, UNIT, VirtualClock(), KEY)
    close_year(folder, UNIT, KEY, utc_ms=SOMEBODY.at_utc_ms, year=2027)
    begin(folder, "s-1", VirtualClock(utc_origin_ms=SOMEBODY.at_utc_ms)).close()
    assert [path.name for path in folder.year_databases()] == [YEAR_FILE]
    return folder


def _found(folder: RecordFolder) -> list[str]:
    return [f"{one.where}: {one.what}" for one in verify(folder).alterations]


def test_the_file_of_a_closed_year_is_packed_and_closed_again(years: RecordFolder) -> None:
    path = years.units / YEAR_FILE
    before = {name: read_session(years, name) for name in ("old-1", "old-2")}
    assert read_stored(years, "old-1").packed is None
    sizes = [sum(one.stat().st_size for one in years.every_database())]
    done = repack(years, UNIT, SOMEBODY)
    assert done.sessions == ("old-1",), "the other one was packed with its seal"
    sizes.append(sum(one.stat().st_size for one in years.every_database()))
    assert [done.bytes_before, done.bytes_after] == sizes
    assert read_stored(years, "old-1").packed is not None
    assert done.elsewhere == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert _found(years) == []
    assert verify_clinic(years).alterations[0].beside_chain, "released files have no orders"
    for name, record in before.items():
        assert read_session(years, name).events == record.events
        assert read_session(years, name).samples.tobytes() == record.samples.tobytes()
    digest = file_sha256(path)
    assert repack(years, UNIT, SOMEBODY).sessions == ()
    assert file_sha256(path) == digest, "what holds nothing to pack is not opened"


def test_a_moved_year_is_packed_where_it_lies_or_named(
    years: RecordFolder, memory_path: Path
) -> None:
    disk = memory_path / "disk"
    disk.mkdir()
    move_years(years, SOMEBODY, disk, before=2026)
    (disk / YEAR_FILE).rename(disk / "taken")
    done = repack(years, UNIT, SOMEBODY)
    assert done.sessions == ()
    assert done.elsewhere == (f"units/{YEAR_FILE} was moved to {disk / YEAR_FILE}",)
    assert f"{disk / YEAR_FILE} and cannot be reached there" in said(years, "repack", UNIT)
    (disk / "taken").rename(disk / YEAR_FILE)
    assert repack(years, UNIT, SOMEBODY).sessions == ("old-1",)
    assert _found(years) == []


def test_a_closed_file_that_is_not_the_one_that_was_closed_is_not_opened(
    years: RecordFolder,
) -> None:
    path = years.units / YEAR_FILE
    path.chmod(0o600)
    with pytest.raises(JournalCorrupt, match="was not repacked: it has mode 600"):
        repack(years, UNIT, SOMEBODY)
    path.write_bytes(path.read_bytes() + b"x")
    path.chmod(0o400)
    digest = file_sha256(path)
    with pytest.raises(JournalCorrupt, match="was not repacked: it is not the file that was"):
        repack(years, UNIT, SOMEBODY)
    note_of_file(years, SOMEBODY, EntryKind.YEAR_FILE_CLOSED, {"file": "units/other.db"})
    with altering(years.clinic_database) as db:
        detail = json.dumps({"file": f"units/{YEAR_FILE}", "digest": digest})
        db.execute("UPDATE entry SET detail = ? WHERE kind = 25", (detail,))
    with pytest.raises(JournalCorrupt, match="nothing was repacked"):
        repack(years, UNIT, SOMEBODY)
    assert file_sha256(path) == digest


def test_a_refusal_leaves_the_file_closed_and_a_kill_is_made_good(
    years: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise JournalCorrupt("a session does not fit")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("records.keeping.repack._repack_session", refused)
        with pytest.raises(JournalCorrupt, match="a session does not fit"):
            repack(years, UNIT, SOMEBODY)
        assert _found(years) == []
        patch.setattr("records.keeping.repack._repack_session", killed)
        with pytest.raises(KeyboardInterrupt):
            repack(years, UNIT, SOMEBODY)
    (one,) = verify(years).alterations
    assert one.unread
    assert "a removal or a repacking opened it and did not end" in one.what
    assert repack(years, UNIT, SOMEBODY).sessions == ("old-1",)
    assert _found(years) == []

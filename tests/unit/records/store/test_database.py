"""Files of every released schema open; a newer one is refused; each step leaves a copy behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalUnavailable
from records.clinic.clinic_verify import verify_clinic
from records.evidence.integrity import verify
from records.evidence.migration import SESSION_KEYS_SINCE_SCHEMA, recording_schema
from records.evidence.reader import list_sessions
from records.keys.signing import SigningKey
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import (
    Database,
    Migrations,
    Schema,
    backup_path,
    check_quickly,
    copy_opened,
    open_for_reading,
    open_for_writing,
    rows,
    schema_version,
)
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA

KEY = SigningKey(bytes(range(32)))
RELEASED = Path(__file__).parents[3] / "data"
UNIT = "00000000000000aa"


def placed(name: str, folder: RecordFolder) -> Path:
    """A released file where the program looks for it."""
    unit = name.startswith("unit")
    path = folder.unit_database(UNIT) if unit else folder.clinic_database
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(RELEASED / name, path)
    return path


def test_a_file_of_every_released_schema_is_kept() -> None:
    for prefix, schema in (("unit", UNIT_SCHEMA), ("clinic", CLINIC_SCHEMA)):
        kept = {path.name for path in RELEASED.glob(f"{prefix}-schema-*.db")}
        assert kept >= {f"{prefix}-schema-{n}.db" for n in range(1, schema.version + 1)}


@pytest.mark.parametrize("name", sorted(p.name for p in RELEASED.glob("unit-schema-*.db")))
def test_a_released_unit_s_file_is_read_migrated_and_stays_provable(
    name: str, folder: RecordFolder
) -> None:
    path = placed(name, folder)
    number = int(path.read_bytes()[60:64].hex(), 16)
    assert name == f"unit-schema-{number}.db"
    for _ in ("as it was", "migrated"):
        left_open, sealed = list_sessions(folder)
        if sealed.seal is None:
            left_open, sealed = sealed, left_open
        assert (len(sealed.samples), len(sealed.events)) == (60, 5)
        assert len(left_open.samples) > 0
        assert verify(folder, public_keys={}).alterations == ()
        open_for_writing(path, recording_schema(KEY, lambda: 0)).close()
    if number < UNIT_SCHEMA.version:
        copy = open_for_reading(backup_path(path, number), UNIT_SCHEMA)
        assert schema_version(copy) == number
        assert len(rows(copy, "SELECT 1 FROM sample_block")) > 0
        if number < SESSION_KEYS_SINCE_SCHEMA:
            with pytest.raises(JournalUnavailable, match="workstation's key"):
                open_for_writing(backup_path(path, number), UNIT_SCHEMA)
        copy.close()


@pytest.mark.parametrize("name", sorted(p.name for p in RELEASED.glob("clinic-schema-*.db")))
def test_a_released_clinic_s_file_is_read_and_migrated(name: str, folder: RecordFolder) -> None:
    path = placed(name, folder)
    open_for_writing(path, CLINIC_SCHEMA).close()
    db = open_for_reading(path, CLINIC_SCHEMA)
    assert schema_version(db) == CLINIC_SCHEMA.version
    assert len(rows(db, "SELECT 1 FROM session_order")) == 2
    db.close()
    assert verify_clinic(folder).alterations == ()


@pytest.mark.parametrize("schema", [UNIT_SCHEMA, CLINIC_SCHEMA], ids=lambda schema: schema.name)
def test_a_newer_file_is_refused_in_words(schema: Schema, tmp_path: Path) -> None:
    path = tmp_path / "file.db"
    db = open_for_writing(path, schema)
    db.execute(f"PRAGMA user_version = {schema.version + 1}")
    db.close()
    message = rf"version {schema.version + 1} .* knows {schema.version}; update the program"
    for opened in (open_for_reading, open_for_writing):
        with pytest.raises(JournalUnavailable, match=message):
            opened(path, schema)


def test_a_new_file_leaves_no_copies(tmp_path: Path) -> None:
    open_for_writing(tmp_path / "file.db", UNIT_SCHEMA).close()
    assert [path.name for path in tmp_path.iterdir()] == ["file.db"]


@pytest.mark.parametrize("schema", [UNIT_SCHEMA, CLINIC_SCHEMA], ids=lambda schema: schema.name)
def test_a_file_whose_making_was_cut_off_is_made_whole(schema: Schema, tmp_path: Path) -> None:
    """The power failed between the list of migrations and its index."""
    path = tmp_path / "file.db"
    db = open_for_writing(tmp_path / "whole.db", schema)
    ((text,),) = rows(db, "SELECT sql FROM sqlite_master WHERE name = '_sqlite_migrations'")
    db.close()
    begun = sqlite3.connect(path)
    begun.execute(text)
    begun.close()
    open_for_writing(path, schema).close()
    again = open_for_writing(path, schema)
    assert schema_version(again) == schema.version
    again.close()


def two_steps(*, second_fails: bool = False, known: int = 2) -> Schema:
    migrations = Migrations("test")

    @migrations()
    def m001(db: Database) -> None:
        db.execute("CREATE TABLE word (text TEXT) STRICT")
        db.execute("PRAGMA user_version = 1")

    if known > 1:

        @migrations()
        def m002(db: Database) -> None:
            db.execute("ALTER TABLE word ADD COLUMN said_by TEXT")
            if second_fails:
                db.execute("INSERT INTO nowhere VALUES (1)")
            db.execute("PRAGMA user_version = 2")

    return Schema("test", known, migrations)


def test_a_step_that_fails_changes_nothing_and_its_copy_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.db"
    db = open_for_writing(path, two_steps(known=1))
    with db.atomic():
        db.execute("INSERT INTO word VALUES ('kept')")
    db.close()
    with pytest.raises(JournalUnavailable, match="nowhere"):
        open_for_writing(path, two_steps(second_fails=True))
    for file in (path, backup_path(path, 1)):
        db = open_for_reading(file, two_steps())
        assert schema_version(db) == 1
        assert rows(db, "SELECT * FROM word") == [("kept",)]
        db.close()
    db = open_for_writing(path, two_steps())
    assert rows(db, "SELECT * FROM word") == [("kept", None)]
    db.close()


def test_a_copy_is_the_file_at_one_moment_while_a_writer_is_at_work(tmp_path: Path) -> None:
    schema = two_steps()
    db = open_for_writing(tmp_path / "file.db", schema)
    for number in range(20):
        with db.atomic():
            db.execute("INSERT INTO word VALUES (?, 'a')", (str(number),))
            db.execute("INSERT INTO word VALUES (?, 'b')", (str(number),))
        if number == 9:
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO word VALUES ('not committed', 'a')")
            reading = open_for_reading(tmp_path / "file.db", schema)
            copy_opened(reading, tmp_path / "copy.db")
            reading.close()
            db.rollback()
    db.close()
    copy = open_for_reading(tmp_path / "copy.db", schema)
    assert rows(copy, "SELECT count(*), count(DISTINCT text) FROM word") == [(20, 10)]
    copy.close()


def test_the_quick_check_finds_a_damaged_page(folder: RecordFolder) -> None:
    path = placed("unit-schema-2.db", folder)
    check_quickly(path, UNIT_SCHEMA)
    db = sqlite3.connect(path)
    (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event'").fetchone()
    db.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : (page - 1) * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match=r"[Kk]eep the file") as refused:
        check_quickly(path, UNIT_SCHEMA)
    assert refused.value.message.splitlines() == [refused.value.message]


def a_folder(path: Path) -> str:
    path.mkdir(parents=True)
    return "is a folder, not a database"


def a_link_to_nothing(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path.parent / "nowhere")
    return "is a link to nothing, not a database"


def a_named_pipe(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return "is a named pipe, not a database"


@pytest.mark.parametrize("put", [a_folder, a_link_to_nothing, a_named_pipe])
@pytest.mark.parametrize("opened", [open_for_reading, open_for_writing, check_quickly])
def test_what_is_no_file_is_named_and_nothing_is_made(
    folder: RecordFolder,
    put: Callable[[Path], str],
    opened: Callable[[Path, Schema], object],
) -> None:
    path = folder.clinic_database
    said = put(path)
    with pytest.raises(JournalUnavailable, match=said):
        opened(path, CLINIC_SCHEMA)
    assert [each.name for each in path.parent.iterdir()] == [path.name]

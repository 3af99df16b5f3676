"""The schema is part of the record: whatever is changed in it is found before a row is believed."""

from __future__ import annotations

import gc
import shutil
import sqlite3
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalUnavailable
from records.clinic.clinic_verify import verify_clinic
from records.evidence.integrity import verify
from records.evidence.migration import recording_schema
from records.evidence.start_check import check_before_start
from records.store import migrating
from records.store.clinic_file import CLINIC_SCHEMA, clinic_writing
from records.store.database import Database, Migrations, Schema, open_for_reading, open_for_writing
from records.store.record_folder import RecordFolder
from records.store.schema_check import schema_differences, schema_digest
from records.store.schema_comparison import MOST_KEPT_CHARACTERS
from records.store.unit_file import UNIT_SCHEMA
from tests.support.altering import altering_schema
from tests.support.notes import UNIT
from tests.support.sessions import KEY
from tests.unit.records.store.test_clinic_chain import lived

RELEASED = Path(__file__).parents[3] / "data"
IGNORE = "BEGIN SELECT RAISE(IGNORE); END"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("lived")
    lived(RecordFolder(data))
    return data


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> RecordFolder:
    shutil.copytree(whole, tmp_path / "copy")
    return RecordFolder(tmp_path / "copy")


def found_in(data: RecordFolder, which: str) -> list[tuple[str, str]]:
    """Place and words of what verify finds in one of the two files."""
    if which == "unit":
        return [(found.where, found.what) for found in verify(data).alterations]
    return [(found.where, found.what) for found in verify_clinic(data).alterations]


def path_of(data: RecordFolder, which: str) -> Path:
    return data.unit_database(UNIT) if which == "unit" else data.clinic_database


HARMLESS_TO_READERS = {
    "a trigger that swallows": (
        "unit",
        f"CREATE TRIGGER quiet BEFORE INSERT ON event {IGNORE}",
        "trigger quiet on event",
        "does not belong there",
    ),
    "a trigger dropped": (
        "unit",
        "DROP TRIGGER link_never_changes",
        "trigger link_never_changes on link",
        "it is missing",
    ),
    "a trigger emptied": (
        "clinic",
        "DROP TRIGGER entry_never_changes; CREATE TRIGGER "
        "entry_never_changes BEFORE UPDATE ON entry BEGIN SELECT 1; END",
        "trigger entry_never_changes on entry",
        "from character",
    ),
    "a trigger that ignores": (
        "clinic",
        "DROP TRIGGER link_never_shrinks; CREATE TRIGGER "
        f"link_never_shrinks BEFORE DELETE ON link {IGNORE}",
        "trigger link_never_shrinks on link",
        "RAISE(IGNORE)",
    ),
    "a trigger on another table": (
        "unit",
        "DROP TRIGGER seal_never_changes; CREATE TRIGGER "
        "seal_never_changes BEFORE UPDATE ON sample_block BEGIN SELECT "
        "RAISE(ABORT, 'seal is append-only'); END",
        "trigger seal_never_changes on seal",
        "made on sample_block",
    ),
    "an index more": (
        "unit",
        "CREATE INDEX mine ON event (kind)",
        "index mine on event",
        "does not belong there",
    ),
    "an index less": (
        "clinic",
        "DROP INDEX entry_of_session",
        "index entry_of_session on entry",
        "it is missing",
    ),
    "an index that leaves out": (
        "clinic",
        "DROP INDEX entry_of_session; CREATE INDEX "
        "entry_of_session ON entry (session_id, kind) WHERE kind <> 5",
        "index entry_of_session on entry",
        "WHERE kind <> 5",
    ),
    "a table more": ("unit", "CREATE TABLE memo (text TEXT)", "table memo", "not belong there"),
    "a view more": ("clinic", "CREATE VIEW memo AS SELECT 1", "view memo", "not belong there"),
    "statistics": ("unit", "ANALYZE", "table sqlite_stat1", "does not belong there"),
    "migrations forgotten": (
        "clinic",
        "DELETE FROM _sqlite_migrations WHERE id = 2",
        "the list of migrations",
        "m001_first_schema, not m001",
    ),
    "a migration of others": (
        "unit",
        "INSERT INTO _sqlite_migrations VALUES (0, 'x', 'y', 'z')",
        "the list of migrations",
        "it is y, m001_first_schema",
    ),
}
FATAL = {
    "a view in place of a table": (
        "unit",
        "ALTER TABLE seal RENAME TO kept; CREATE VIEW seal AS SELECT * FROM kept",
        "table seal",
        "a view stands in its place",
    ),
    "a view in place of the chain": (
        "clinic",
        "ALTER TABLE entry RENAME TO kept; CREATE VIEW entry AS SELECT * FROM kept WHERE kind <> 5",
        "table entry",
        "a view stands in its place",
    ),
    "a column more": (
        "unit",
        "ALTER TABLE session ADD COLUMN memo TEXT",
        "table session",
        "memo TEXT",
    ),
    "a table less": ("clinic", "DROP TABLE draft_word", "table draft_word", "it is missing"),
    "the version set back": (
        "clinic",
        "PRAGMA user_version = 1",
        "the version",
        "it says 1, but the tables are those of version 2",
    ),
    "the unit's version set back": (
        "unit",
        "PRAGMA user_version = 1",
        "the version",
        f"the tables are those of version {UNIT_SCHEMA.version}",
    ),
    "the version set to nothing": ("unit", "PRAGMA user_version = 0", "the version", "it says 0"),
    "a negative version": ("clinic", "PRAGMA user_version = -2", "the version", "it says -2"),
}
ALL = {**HARMLESS_TO_READERS, **FATAL}


@pytest.mark.parametrize("change", ALL)
def test_every_change_of_the_schema_is_found_and_nothing_starts(
    data: RecordFolder, change: str
) -> None:
    which, statements, where, what = ALL[change]
    with closing(sqlite3.connect(path_of(data, which))) as db, db:
        db.executescript(statements)
    db.close()
    words = dict(found_in(data, which))
    assert where.removeprefix("") in " ".join(words), words
    assert any(what in said for said in words.values()), words
    with pytest.raises(JournalCorrupt, match="not the program's own"):
        list(check_before_start(data, UNIT, KEY, free_bytes=lambda folder: 10**12))
    schema = UNIT_SCHEMA if which == "unit" else CLINIC_SCHEMA
    with pytest.raises(JournalCorrupt, match="nothing is read from it or written to it"):
        open_for_writing(path_of(data, which), schema)
    if change in FATAL:
        with pytest.raises(JournalCorrupt, match="not the program's own"):
            open_for_reading(path_of(data, which), schema)
    else:
        open_for_reading(path_of(data, which), schema).close()


def test_a_generated_column_redefined_is_found(data: RecordFolder) -> None:
    """Its text decides which entries belong to a session: signed notes would read as drafts."""
    with altering_schema(data.clinic_database) as db:
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '$.session_id', '$.nowhere') "
            "WHERE name = 'entry'"
        )
    ((where, what),) = found_in(data, "clinic")
    assert where == "table entry"
    assert "$.nowhere" in what
    with pytest.raises(JournalCorrupt, match=r"\$\.nowhere"):
        open_for_reading(data.clinic_database, CLINIC_SCHEMA)


def test_a_table_that_is_strict_no_more_is_found(data: RecordFolder) -> None:
    with altering_schema(data.unit_database(UNIT)) as db:
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' STRICT', '') WHERE name = 'event'"
        )
    ((where, _),) = found_in(data, "unit")
    assert where.endswith("table event")


def test_a_writer_is_not_fooled_by_a_trigger_that_swallows(data: RecordFolder) -> None:
    with closing(sqlite3.connect(data.clinic_database)) as db, db:
        db.execute(f"CREATE TRIGGER quiet BEFORE INSERT ON draft_word {IGNORE}")
    db.close()
    with pytest.raises(JournalCorrupt, match="trigger quiet on draft_word"), clinic_writing(data):
        raise AssertionError("the file was opened")


def test_hostile_texts_of_a_schema_are_shown_safely(data: RecordFolder) -> None:
    with closing(sqlite3.connect(data.unit_database(UNIT))) as db, db:
        db.execute('CREATE TABLE "a\x1b[2J\u202eb" (text TEXT)')
    db.close()
    ((where, what),) = found_in(data, "unit")
    assert (where + what).isprintable()
    assert "<U+001B>" in where


@pytest.mark.parametrize("which", ["unit", "clinic"])
@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"x" * 5000])
def test_a_file_that_holds_nothing_is_named(data: RecordFolder, which: str, content: bytes) -> None:
    path = path_of(data, which)
    for left in (path, *path.parent.glob(f"{path.name}-*")):
        left.unlink()
    path.write_bytes(content)
    ((_, what),) = [pair for pair in found_in(data, which) if path.name in str(pair) or True][:1]
    assert "it holds no tables" in what or "cannot be read" in what
    with pytest.raises(JournalCorrupt):
        list(check_before_start(data, UNIT, KEY, free_bytes=lambda folder: 10**12))


@pytest.mark.parametrize("which", ["unit", "clinic"])
@pytest.mark.parametrize("what", ["a folder", "a link to nowhere", "a newer version"])
def test_a_file_that_cannot_be_looked_at_is_not_said_to_be_altered(
    data: RecordFolder, which: str, what: str
) -> None:
    path = path_of(data, which)
    if what == "a newer version":
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA user_version = 99")
        db.close()
    else:
        path.unlink()
        path.mkdir() if what == "a folder" else path.symlink_to(data.path / "nowhere")
    result = verify(data) if which == "unit" else verify_clinic(data)
    first = result.alterations[0]
    assert first.unread
    with pytest.raises(JournalUnavailable):
        list(check_before_start(data, UNIT, KEY, free_bytes=lambda folder: 10**12))


@pytest.mark.parametrize("name", sorted(path.name for path in RELEASED.glob("*.db")))
def test_every_released_file_has_the_schema_of_its_version(name: str, tmp_path: Path) -> None:
    schema = UNIT_SCHEMA if name.startswith("unit") else CLINIC_SCHEMA
    db = open_for_reading(Path(shutil.copy(RELEASED / name, tmp_path)), schema)
    assert schema_differences(db, schema) == []
    db.close()


def test_a_new_version_is_known_by_being_declared(tmp_path: Path) -> None:
    migrations = Migrations("test")

    @migrations()
    def m001(db: Database) -> None:
        db.execute("CREATE TABLE word (text TEXT PRIMARY KEY) STRICT, WITHOUT ROWID")
        db.execute("PRAGMA user_version = 1")

    @migrations()
    def m002(db: Database) -> None:
        db.execute("ALTER TABLE word ADD COLUMN said_by TEXT")
        db.execute("PRAGMA user_version = 2")

    schema = Schema("test", 2, migrations)
    path = tmp_path / "file.db"
    open_for_writing(path, schema).close()
    db = open_for_reading(path, schema)
    assert schema_differences(db, schema) == []
    db.close()
    with altering_schema(path) as raw:
        raw.execute("UPDATE sqlite_master SET sql = replace(sql, '  ', ' ')")
        raw.execute("UPDATE sqlite_master SET sql = replace(sql, 'said_by', 'SAID_BY')")
    with pytest.raises(JournalCorrupt, match="SAID_BY"):
        open_for_reading(path, schema)


def test_only_schemas_as_small_as_the_program_s_own_are_kept_in_memory(tmp_path: Path) -> None:
    for schema in (UNIT_SCHEMA, CLINIC_SCHEMA):
        path = tmp_path / f"{schema.version}.db"
        open_for_writing(path, schema).close()
        with closing(sqlite3.connect(path)) as raw, raw:
            ours = raw.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        raw.close()
        assert 0 < len(repr(ours)) <= MOST_KEPT_CHARACTERS
    large = 20 * MOST_KEPT_CHARACTERS
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(f"CREATE VIEW large AS SELECT '{'x' * large}' AS words")
    raw.close()
    db = Database(sqlite3.connect(path))
    empty = Database(sqlite3.connect(":memory:"))
    schema_differences(empty, CLINIC_SCHEMA)  # what is known is made now
    empty.close()
    tracemalloc.start()
    try:
        found = [one.where for one in schema_differences(db, CLINIC_SCHEMA)]
        gc.collect()
        kept_bytes, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        db.close()
    assert found == ["view large"]
    assert most_bytes > large
    assert kept_bytes < large / 2


def refuse_to_make(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*given: object) -> None:
        raise AssertionError("a schema is made")

    monkeypatch.setattr(migrating, "apply_next", made)


@pytest.mark.parametrize("schema", [UNIT_SCHEMA, CLINIC_SCHEMA], ids=lambda schema: schema.name)
def test_the_digest_is_that_of_what_the_migrations_make(schema: Schema, tmp_path: Path) -> None:
    with closing(open_for_writing(tmp_path / "file.db", schema)) as db:
        assert schema_digest(db) == schema.digest
        assert schema_differences(db, replace(schema, digest="")) == []


def test_nothing_is_made_for_a_file_of_the_newest_schema(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_make(monkeypatch)
    open_for_reading(data.clinic_database, CLINIC_SCHEMA).close()
    open_for_writing(data.unit_database(UNIT), recording_schema(KEY, lambda: 0)).close()


def older_unit_file(folder: Path) -> Database:
    return Database(sqlite3.connect(shutil.copy(RELEASED / "unit-schema-4.db", folder)))


def test_the_known_schema_is_made_once_for_all_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer's own migrations sign with its key, so they are others for each start."""
    with closing(older_unit_file(tmp_path)) as db:
        assert schema_differences(db, recording_schema(KEY, lambda: 0)) == []
        refuse_to_make(monkeypatch)
        assert schema_differences(db, recording_schema(KEY, lambda: 1)) == []


def test_the_tables_of_a_known_schema_are_not_asked_again(tmp_path: Path) -> None:
    """A check opens its files many times; what SQLite makes of the same texts is the same."""
    asked: list[str] = []
    for _ in range(2):
        with closing(older_unit_file(tmp_path)) as db:
            asked.clear()
            db.conn.set_trace_callback(asked.append)
            assert schema_differences(db, UNIT_SCHEMA) == []
    assert not [text for text in asked if "table_xinfo" in text]
    assert [text for text in asked if "FROM sqlite_master" in text]


def test_a_schema_is_known_by_each_of_its_texts(data: RecordFolder) -> None:
    """Whole, altered by one letter, whole again: neither is taken for the other."""
    path = path_of(data, "unit")
    whole = path.read_bytes()
    for _ in range(2):
        assert found_in(data, "unit") == []
        with altering_schema(path) as db:
            db.execute("UPDATE sqlite_master SET sql = replace(sql, 'utc_ms', 'utc_mS')")
        assert found_in(data, "unit") != []
        path.write_bytes(whole)

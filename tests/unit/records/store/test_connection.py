"""Transactions and parts of them; what REPLACE deletes; steps that are taken once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from records.store.connection import MIGRATIONS_TABLE, Database, Migrations
from records.store.database import Schema, open_for_reading, open_for_writing, rows


def _m001_words(db: Database) -> None:
    db.execute("CREATE TABLE word (text TEXT PRIMARY KEY, said_by TEXT) STRICT")
    db.execute(
        "CREATE TRIGGER word_never_shrinks BEFORE DELETE ON word "
        "BEGIN SELECT RAISE(ABORT, 'word is append-only'); END"
    )
    db.execute("PRAGMA user_version = 1")


MIGRATIONS = Migrations("test", _m001_words)
SCHEMA = Schema("words", 1, MIGRATIONS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "words.db"


def say(db: Database, text: str) -> None:
    db.execute("INSERT INTO word VALUES (?, NULL)", (text,))


def say_whole(db: Database, *texts: str) -> None:
    """Say them in one transaction."""
    with db.atomic():
        for text in texts:
            say(db, text)


def seen(path: Path) -> list[str]:
    """The words that another connection finds."""
    db = open_for_reading(path, SCHEMA)
    found = [text for (text,) in rows(db, "SELECT text FROM word ORDER BY text")]
    db.close()
    return found


def test_a_transaction_is_kept_whole_or_not_at_all(path: Path) -> None:
    db = open_for_writing(path, SCHEMA)
    with db.atomic():
        say(db, "a")
        say(db, "b")
        assert seen(path) == []
    with pytest.raises(sqlite3.IntegrityError):
        say_whole(db, "c", "a")
    assert seen(path) == ["a", "b"]
    say(db, "d")
    assert seen(path) == ["a", "b", "d"]
    db.close()


def test_a_part_that_fails_is_undone_alone(path: Path) -> None:
    db = open_for_writing(path, SCHEMA)
    with db.atomic():
        say(db, "a")
        with pytest.raises(sqlite3.IntegrityError):
            say_whole(db, "b", "a")
        say_whole(db, "c")
        assert seen(path) == []
    assert seen(path) == ["a", "c"]
    db.close()


def test_a_part_goes_with_the_transaction_that_it_stands_in(path: Path) -> None:
    db = open_for_writing(path, SCHEMA)

    def broken_behind_a_part() -> None:
        with db.atomic():
            say_whole(db, "a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_behind_a_part()
    assert seen(path) == []
    assert not db.conn.in_transaction
    db.close()


def test_a_transaction_that_sqlite_undid_keeps_its_own_error(path: Path) -> None:
    db = open_for_writing(path, SCHEMA)

    def undone_by_sqlite() -> None:
        with db.atomic():
            say(db, "a")
            db.execute("INSERT OR ROLLBACK INTO word VALUES ('a', NULL)")

    with pytest.raises(sqlite3.IntegrityError):
        undone_by_sqlite()
    assert seen(path) == []
    db.close()


def test_replacing_a_row_meets_the_trigger_against_deletion(path: Path) -> None:
    db = open_for_writing(path, SCHEMA)
    say(db, "a")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("INSERT OR REPLACE INTO word VALUES ('a', 'somebody else')")
    db.close()


def test_a_step_is_taken_once_and_has_its_place_in_the_list(path: Path) -> None:
    open_for_writing(path, SCHEMA).close()
    db = open_for_writing(path, SCHEMA)
    assert MIGRATIONS.pending(db) == []
    listed = rows(db, f"SELECT id, migration_set, name, applied_at FROM {MIGRATIONS_TABLE}")
    db.close()
    ((number, of, name, applied_at),) = listed
    assert (number, of, name) == (1, "test", "m001_words")
    assert applied_at.endswith("+00:00")


def test_a_step_of_another_kind_of_file_is_not_taken_for_ours() -> None:
    db = Database(sqlite3.connect(":memory:", isolation_level=None))
    other = Migrations("other", _m001_words)
    other.apply(db, other.pending(db)[0])
    assert [step.name for step in MIGRATIONS.pending(db)] == ["m001_words"]
    assert other.pending(db) == []
    db.close()

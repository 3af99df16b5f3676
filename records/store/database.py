"""The only module that opens SQLite: opens, migrates, checks the pragmas, refuses with a message.

Writes that belong together happen inside ``db.atomic()``.

Every opening first checks whether the schema is the program's own. A writer refuses any difference:
a trigger could swallow what it writes. A reader refuses what could show it other rows. Only code
that reports alterations (``open_for_checking``) continues.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from operator import methodcaller
from pathlib import Path
from typing import Any

from controller.errors import JournalCorrupt, JournalUnavailable
from records.store.connection import Database
from records.store.durable import sync_folder
from records.store.migrations import Migrations
from records.store.plain_files import what_it_is
from records.store.private_files import create_if_missing, make_folder, sync_file
from records.store.schema import Schema
from records.store.schema_check import is_begun, schema_differences

__all__ = [
    "Database",
    "Migrations",
    "Schema",
    "check_quickly",
    "check_schema",
    "checking_file",
    "clear_log",
    "copy_opened",
    "failures_in_words",
    "give_back_pages",
    "open_for_checking",
    "open_for_reading",
    "open_for_writing",
    "reading_file",
    "rows",
    "sqlite_verdict",
    "writing_file",
]

BUSY_TIMEOUT_MS = 2000
WRITER_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
"""``secure_delete`` overwrites deleted content, for every deletion."""
WAYS_OUT = {
    sqlite3.SQLITE_BUSY: "another program is writing it: try again in a few seconds",
    sqlite3.SQLITE_FULL: "free some space on its disk, then try again",
    sqlite3.SQLITE_IOERR: "look whether its disk is full or failing, then try again",
}
PRIMARY_CODE = 0xFF
"""The bits of an extended result code that give its kind."""
INCREMENTAL = 2
_every_byte = methodcaller("decode", "utf-8", "surrogateescape")
"""Decode the text of a cell byte by byte; a C function, because each text passes through it."""
_GIVES_PAGES_BACK = "PRAGMA auto_vacuum = INCREMENTAL"
"""In effect for a new file, or after VACUUM; an older one keeps its free pages."""


def open_for_writing(
    path: Path, schema: Schema, *, busy_timeout_s: float = BUSY_TIMEOUT_MS / 1000
) -> Database:
    """Open or create ``path``, bring it to our version and verify its pragmas."""
    _refuse_what_is_no_file(path)
    _refuse_read_only(path)
    with failures_in_words(path, "opened for writing"):
        make_folder(path.parent)
        create_if_missing(path)
        db = Database(connect(path, busy_timeout_s))
        try:
            _refuse_newer(db, path, schema)
            if not is_begun(db):
                _refuse_altered(db, path, schema, any_difference=True)
            if rows(db, "PRAGMA auto_vacuum") != [(INCREMENTAL,)]:
                db.execute(_GIVES_PAGES_BACK)  # read first: setting it again would write
            for name, value in WRITER_PRAGMAS.items():
                db.execute(f"PRAGMA {name} = {value}")
            _assert_pragmas(db, path)
            _migrate(db, path, schema)
        except BaseException:
            db.close()
            raise
    return db


def open_for_reading(path: Path, schema: Schema) -> Database:
    """Open ``path`` without any right to write; a writer may be at work at the same time.

    Raises JournalCorrupt where its schema could show other rows than those that were written.
    """
    db = open_for_checking(path, schema)
    with failures_in_words(path, "read"):
        try:
            db.conn.text_factory = bytes.decode  # SQLite's own calls damage an operational error
            _refuse_altered(db, path, schema, any_difference=False)
        except BaseException:
            db.close()
            raise
    return db


def open_for_checking(path: Path, schema: Schema) -> Database:
    """Open likewise without a schema check: the caller checks it and reports what differs.

    Text that is not UTF-8 is read with a surrogate for each wrong byte, so that texts that differ
    on the disk differ here.
    """
    _refuse_what_is_no_file(path)
    if not path.exists():
        raise JournalUnavailable(f"{path} does not exist; there is no record to read")
    with failures_in_words(path, "read"):
        db = _open_read_only(path)
        try:
            db.conn.text_factory = _every_byte
            _refuse_newer(db, path, schema)
        except BaseException:
            db.close()
            raise
    return db


@contextmanager
def reading_file(path: Path, schema: Schema) -> Iterator[Database]:
    """Open as ``open_for_reading`` for the block; failures are raised as our errors."""
    with failures_in_words(path, "read"), closing(open_for_reading(path, schema)) as db:
        yield db


@contextmanager
def writing_file(path: Path, schema: Schema) -> Iterator[Database]:
    """Hold one transaction with the file's only right to write from its first statement on.

    Two programs that write at the same moment wait for each other. Failures are raised as our
    errors, and then nothing of the block is kept.
    """
    with failures_in_words(path, "written"), closing(open_for_writing(path, schema)) as db:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.rollback()
            raise
        db.commit()


@contextmanager
def checking_file(path: Path, schema: Schema) -> Iterator[Database]:
    """Open as ``open_for_checking`` for the block; failures are raised as our errors."""
    with failures_in_words(path, "read"), closing(open_for_checking(path, schema)) as db:
        yield db


def schema_version(db: Database) -> int:
    """Returns the version of an open file; 0 before its first migration."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def rows(db: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Returns all rows of a query."""
    return list(db.execute(sql, parameters).fetchall())


@contextmanager
def failures_in_words(path: Path, doing: str) -> Iterator[None]:
    """Turn errors of SQLite and the file system into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise JournalUnavailable(f"{path} cannot be {doing}: {error}{_way_out(error)}") from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # SQLite's own message repeats names in the file, which may not be text.
        raise JournalCorrupt(
            f"{path} cannot be {doing}: {error}; keep the file and restore a copy"
        ) from error
    except OSError as error:
        raise JournalUnavailable(f"{path} cannot be {doing}: {error.strerror}") from error


def _way_out(error: sqlite3.OperationalError) -> str:
    code = getattr(
        error, "sqlite_errorcode", 0
    )  # errors that SQLite itself did not raise have none
    way_out = WAYS_OUT.get(code & PRIMARY_CODE, "")
    return f"; {way_out}" if way_out else ""


def connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    """Returns a connection; the one place where one that may write is made."""
    return sqlite3.connect(path, timeout=busy_timeout_s)


def copy_opened(db: Database, target: Path) -> None:
    """Copy an open file while others read and write it.

    The copy is the file at one moment, checked and durable. Raises JournalUnavailable when the disk
    cannot be written, JournalCorrupt when the file is damaged.
    """
    with failures_in_words(target, "written"):
        make_folder(target.parent)
        _copy(db, target)


def give_back_pages(db: Database) -> None:
    """Release the free pages of the file; the caller holds the transaction that freed them.

    In a file that keeps its free pages nothing happens.
    """
    ((free,),) = rows(db, "PRAGMA freelist_count")
    for _ in range(free):
        # sqlite3 does one step of it and returns: one page.
        db.execute("PRAGMA incremental_vacuum")


def clear_log(path: Path, schema: Schema) -> bool:
    """Bring the log into the file and empty it, so that no earlier state of a row remains.

    False when another reading program keeps the log; raises JournalUnavailable.
    """
    with failures_in_words(path, "cleared of its log"):
        db = open_for_writing(path, schema)
        try:
            busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            db.close()
    return not busy


def check_schema(path: Path, schema: Schema) -> None:
    """Check the schema of a file; raises JournalCorrupt or JournalUnavailable."""
    with failures_in_words(path, "checked"):
        db = open_for_checking(path, schema)
        try:
            _refuse_altered(db, path, schema, any_difference=True)
        finally:
            db.close()


def check_quickly(path: Path, schema: Schema) -> None:
    """Check the schema, then run SQLite's quick check of the whole file.

    Raises JournalCorrupt or JournalUnavailable.
    """
    with failures_in_words(path, "checked"):
        db = open_for_checking(path, schema)
        try:
            _refuse_altered(db, path, schema, any_difference=True)
            verdict = sqlite_verdict(db.execute("PRAGMA quick_check(1)"))
        finally:
            db.close()
    if verdict != "ok":
        raise JournalCorrupt(
            f"{path} is damaged ({verdict}); no session can start. Keep the file and restore a "
            "backup with `traction restore`"
        )


def sqlite_verdict(asked: sqlite3.Cursor) -> str:
    """Returns the first finding of SQLite's own check, in one line."""
    return " ".join(str(asked.fetchone()[0]).split())


def backup_path(path: Path, version: int) -> Path:
    """Returns the path of the copy made before a file left schema ``version``."""
    return path.with_name(f"{path.name}.schema-{version}")


def _migrate(db: Database, path: Path, schema: Schema) -> None:
    """Apply one numbered step after the other, each after a copy of an existing file."""
    version = schema_version(db)
    if version == schema.version:
        return
    # Loaded only for a new or an older file, which is rare (see there).
    from records.store.migrating import apply_next, finish_list, pending_steps

    if is_begun(db):
        finish_list(db)
    while pending_steps(db, schema.migrations):
        if version:
            _copy(db, backup_path(path, schema_version(db)))
        apply_next(db, schema.migrations)


def _copy(db: Database, target: Path) -> None:
    """Copy the whole file, verify the copy and make it durable.

    Its name is synced, and the removal of its journal: one that returned would undo the copy.
    """
    target.unlink(missing_ok=True)
    create_if_missing(target)
    copy = sqlite3.connect(target)
    try:
        db.conn.backup(copy)
        verdict = sqlite_verdict(copy.execute("PRAGMA integrity_check"))
    finally:
        copy.close()
    if verdict != "ok":
        raise JournalCorrupt(
            f"the copy {target} is damaged ({verdict}); the file itself was not changed. "
            "Check the disk, then try again"
        )
    sync_file(target)
    sync_folder(target.parent)


def _open_read_only(path: Path) -> Database:
    """Open with ``mode=ro``; if there is no log and none can be made, with ``immutable``.

    A file in WAL mode needs its index beside it. On a read-only medium, and for an account that may
    only read, nobody can create one. While there is no log, the file itself is complete.
    """
    uri = path.absolute().as_uri()
    db = Database(sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_MS / 1000))
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        db.close()
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _StillFile(path, sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True))
    except BaseException:
        db.close()
        raise
    return db


class _StillFile(Database):
    """A file that is read without locks; the result counts if nobody wrote to it meanwhile."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._path, self._before = path, _state_of(path)

    def close(self) -> None:
        """Close; raises JournalUnavailable when the result may be of two moments."""
        super().close()
        if _state_of(self._path) != self._before:
            raise JournalUnavailable(
                f"{self._path} was written to while it was read by an account that cannot wait "
                "for its locks; try again"
            )


def _state_of(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _refuse_newer(db: Database, path: Path, schema: Schema) -> None:
    version = schema_version(db)
    if version > schema.version:
        raise JournalUnavailable(
            f"{path} has schema version {version} of {schema.name}; this program knows "
            f"{schema.version}; update the program"
        )


def _refuse_altered(db: Database, path: Path, schema: Schema, *, any_difference: bool) -> None:
    for found in schema_differences(db, schema):
        if any_difference or not found.readable:
            raise JournalCorrupt(
                f"the schema of {path} is not the program's own ({found.where}: {found.what}); "
                "nothing is read from it or written to it. Run `traction verify --all`, keep the "
                "file and restore a backup"
            )


def _refuse_what_is_no_file(path: Path) -> None:
    """Refuse anything else: SQLite would report an I/O error, block, or create a link's target."""
    if kind := what_it_is(path):
        raise JournalUnavailable(
            f"{path} is {kind}, not a database; move it away and put the file back, or restore a "
            "backup"
        )


def _refuse_read_only(path: Path) -> None:
    for place in (path, path.parent):
        if not place.exists():
            continue
        # The mode is checked too, because the superuser may write to read-only files.
        marked = not place.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
        if marked or not os.access(place, os.W_OK):
            raise JournalUnavailable(
                f"{place} is read-only; no session can be recorded there. "
                "Make it writable or choose another data folder"
            )


def _assert_pragmas(db: Database, path: Path) -> None:
    for name, wanted in WRITER_PRAGMAS.items():
        found = db.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise JournalUnavailable(
                f"{path}: SQLite keeps {name}={found} instead of {wanted}; "
                "the record would not survive a power cut. Use a local disk"
            )

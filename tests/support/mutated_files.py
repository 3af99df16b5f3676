"""Damages files of the program at random and gives them to each of their readers.

Each reader must refuse, find the damage, or show that the content has not changed.
"""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from controller.errors import BackupAltered, TractionError
from controller.runtime.clock import VirtualClock
from records.evidence.bundle import BundleDocuments, write_bundle
from records.evidence.bundle_check import check_bundle
from records.evidence.journal import left_open_sessions, reopen_session
from records.evidence.packed_session import unpack_session
from records.evidence.reader import list_sessions, read_stored
from records.evidence.spill import spill_path
from records.evidence.start_check import check_before_start
from records.evidence.year_files import close_year
from records.keeping.backup import back_up
from records.keeping.move_years import move_years
from records.keeping.restore import Trust, restore
from records.store.blocks import unpack_block
from records.store.canonical import EventRow
from records.store.database import Database
from records.store.private_files import make_read_only, make_writable
from records.store.record_folder import MOVED, RecordFolder
from tests.support.altering import altering_schema
from tests.support.hostile_cells import spoil_a_cell
from tests.support.notes import ORDER, UNIT, author, recorded
from tests.support.sessions import KEY
from tests.unit.records.evidence.test_journal_faults import begin, tick
from tests.unit.records.store.test_clinic_chain import lived
from workstation.commands.evidence import RECORD_BAD, verify

TICKS = 12
YEARS = (2023, 2024, 2025)
NOT_COMPARED = {
    "unit": {"packed_session", "_sqlite_migrations"},
    "clinic": {"patient", "draft_word", "_sqlite_migrations"},
}
"""Tables whose rows may change. Packed sessions are compared unpacked, all others as they are."""


class Missed(AssertionError):
    """A file was accepted although its content had changed, or a verdict contradicts itself."""


@dataclass(frozen=True)
class Ground:
    """What is damaged, always as a copy.

    ``contents`` are what must still be there when accepted.
    """

    folder: Path
    bundle: bytes
    recorded: tuple[tuple[EventRow, ...], bytes]
    contents: dict[str, object]

    @property
    def whole(self) -> Path:
        """Three sealed sessions and the clinic's records."""
        return self.folder / "whole"

    @property
    def open(self) -> Path:
        """An open session with a side file."""
        return self.folder / "open"

    @property
    def years(self) -> Path:
        """Closed files of 2023, moved to ``disk``, and of 2024, and a session of 2025."""
        return self.folder / "years"

    @property
    def disk(self) -> Path:
        """Where the file of 2023 was moved to."""
        return self.folder / "disk"

    @property
    def backup(self) -> Path:
        return self.folder / "backup.zip"

    @property
    def copy(self) -> RecordFolder:
        return RecordFolder(self.folder / "copy")


def prepare(folder: Path) -> Ground:
    """Make everything that is damaged, below ``folder``."""
    whole = RecordFolder(folder / "whole")
    lived(whole)
    for number in (2, 3):
        recorded(whole, f"s-{number}", reference=f"TEST-{number}")
    for path in (whole.unit_database(UNIT), whole.clinic_database):
        _settle(path)
    documents = BundleDocuments(order_text=ORDER, note_text="note\n", charge_csv=None)
    bundle = write_bundle(read_stored(whole, "s-2"), documents, KEY)
    back_up(whole, folder / "backup.zip", KEY, made_utc_ms=1, program="test")
    _closed_years(RecordFolder(folder / "years"), folder / "disk")
    recorded_open = _open_with_side_file(RecordFolder(folder / "open"))
    contents = {which: content_of(path_of(whole, which), which) for which in NOT_COMPARED}
    return Ground(folder, bundle, recorded_open, contents)


def path_of(data: RecordFolder, which: str) -> Path:
    return data.unit_database(UNIT) if which == "unit" else data.clinic_database


def _settle(path: Path) -> None:
    """Move everything into the file itself, so that a copy of it is the record."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode = DELETE")


def _closed_years(data: RecordFolder, disk: Path) -> None:
    for year in YEARS:
        began_ms = int(datetime(year, 6, 1, 12, tzinfo=UTC).timestamp() * 1000)
        close_year(data, UNIT, KEY, utc_ms=began_ms, year=year)
        recorded(data, f"s-{year}", began_ms=began_ms)
    disk.mkdir()
    move_years(data, author(data), disk, before=YEARS[1])


def _open_with_side_file(data: RecordFolder) -> tuple[tuple[EventRow, ...], bytes]:
    """Make a session whose second half is in the side file; returns all that it recorded."""
    clock = VirtualClock()
    journal = begin(data, "s-1", clock)
    path = data.unit_database(UNIT)
    for number in range(TICKS):
        if number == TICKS // 2:
            journal.sync()
            holder = sqlite3.connect(path, isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
        tick(journal, clock, number)
    journal.sync()
    journal.abandon()
    holder.close()
    copy = RecordFolder(data.path.with_name("closed"))
    shutil.copytree(data.path, copy.path)
    (left,) = left_open_sessions(copy, UNIT, clock, key=KEY)
    reopen_session(copy, left, clock, key=KEY).close()
    stored = read_stored(copy, "s-1")
    assert stored.sample_count == TICKS, "the side file holds nothing"
    return tuple(stored.events), stored.samples


@contextmanager
def reading_raw(path: Path) -> Iterator[Database]:
    """Open a file to read its rows without any check."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        yield Database(db)


def content_of(path: Path, which: str) -> object:
    """The content of a file that its verifier covers; whitespace between words does not count."""
    with reading_raw(path) as db:
        tables = {
            table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for (table,) in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            ).fetchall()
            if table not in NOT_COMPARED[which]
        }
        schema = [
            (kind, name, table, " ".join((text or "").split()))
            for kind, name, table, text in db.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master"
            )
        ]
        blocks = []
        if which == "unit":
            blocks = [
                (
                    session,
                    newest_utc_ms,
                    packed.events,
                    packed.block and unpack_block(packed.block),
                )
                for session, event_count, newest_utc_ms, sample_count, data in db.execute(
                    "SELECT * FROM packed_session ORDER BY 1"
                )
                for packed in (unpack_session(data, event_count, sample_count),)
            ]
        return tables, sorted(schema, key=str), blocks, db.execute("PRAGMA user_version").fetchone()


# --- damage -----------------------------------------------------------------------------------


DAMAGE = ("flip", "flip", "flip", "cut", "swap", "zero", "copy", "insert", "append")


def damaged(data: bytes, source: random.Random) -> tuple[str, bytes]:
    """The bytes of a file with damage of one kind, and a description of it."""
    kind = source.choice(
        ("flip", "flip", "flip", "cut", "swap", "zero", "copy", "insert", "append")
    )
    spoiled = bytearray(data)
    if kind == "flip":
        for _ in range(source.choice((1, 1, 2, 8))):
            spoiled[source.randrange(len(data))] ^= source.randrange(1, 256)
    elif kind == "cut":
        del spoiled[source.randrange(len(data)) :]
    elif kind == "insert":
        at = source.randrange(len(data))
        spoiled[at:at] = source.randbytes(source.choice((1, 7, 512, 4096)))
    elif kind == "append":
        spoiled += source.randbytes(source.choice((1, 512, 4096)))
    else:
        _change_blocks(spoiled, kind, source)
    return kind, bytes(spoiled)


def _change_blocks(data: bytearray, kind: str, source: random.Random) -> None:
    size = min(source.choice((16, 512, 4096)), len(data) // 2)
    one, two = (source.randrange(len(data) // size) * size for _ in range(2))
    first, second = data[one : one + size], data[two : two + size]
    if kind == "swap" and len(first) == len(second):
        data[one : one + size], data[two : two + size] = second, first
    elif kind == "copy" and len(first) == len(second):
        data[one : one + size] = second
    else:
        data[one : one + size] = bytes(len(first))


def _spoil_the_schema(path: Path, source: random.Random) -> str:
    """Change one value of one row of the schema's own table."""
    with altering_schema(path) as db:
        row = source.choice([row for (row,) in db.execute("SELECT rowid FROM sqlite_master")])
        column = source.choice(("type", "name", "tbl_name", "rootpage", "sql", "sql", "sql"))
        (old,) = db.execute(
            f"SELECT {column} FROM sqlite_master WHERE rowid = ?", (row,)
        ).fetchone()
        if column == "rootpage":
            new: object = source.randrange(12)
        else:
            text = str(old)
            at = source.randrange(len(text))
            new = text[:at] + source.choice(("", "x", " ", "--", "'", "NULL")) + text[at + 1 :]
        db.execute(f"UPDATE sqlite_master SET {column} = ? WHERE rowid = ?", (new, row))
        return f"schema row {row}: {column} became {new!r}"


# --- readers ----------------------------------------------------------------------------------


def fuzz_one(ground: Ground, source: random.Random) -> tuple[str, str]:
    """Damage one file and read it; returns its kind and the outcome.

    Raises Missed if the damage is not noticed. Anything else that is raised is an internal error of
    the program.
    """
    kind = source.choice(list(READERS))
    return kind, READERS[kind](ground, source)


def _database(which: str) -> Callable[[Ground, random.Random], str]:
    def fuzz(ground: Ground, source: random.Random) -> str:
        shutil.rmtree(ground.copy.path, ignore_errors=True)
        shutil.copytree(ground.whole, ground.copy.path)
        path = path_of(ground.copy, which)
        how = source.random()
        if how < 0.7:
            done, data = damaged(path.read_bytes(), source)
            path.write_bytes(data)
        elif how < 0.9:
            done = spoil_a_cell(path, source)
        else:
            done = _spoil_the_schema(path, source)
        outcome = verdict_of(ground.copy.path)
        for read in (_start, list_sessions):
            with suppress(TractionError):
                read(ground.copy)
        if outcome == "whole":
            _check_content(path, which, ground.contents[which], done)
        return outcome

    return fuzz


def _start(data: RecordFolder) -> list[str]:
    return list(check_before_start(data, UNIT, KEY, free_bytes=lambda folder: 10**12))


def _check_content(path: Path, which: str, expected: object, done: str) -> None:
    try:
        found = content_of(path, which)
    except (sqlite3.Error, ValueError) as error:
        raise Missed(f"{which}, {done}: taken as whole, but {error}") from error
    if found != expected:
        raise Missed(f"{which}, {done}: taken as whole with another content")


def verdict_of(data: Path) -> str:
    """The verdict of `traction verify --all`, "altered" or "whole"; status and last line agree.

    Every damage has a last line, so an error in words counts as one of the program too.
    """
    printed = io.StringIO()
    status = 0
    with redirect_stdout(printed):
        try:
            verify(all_=True, data=data)
        except typer.Exit as ended:
            status = ended.exit_code
    last = printed.getvalue().splitlines()[-1].partition(" (")[0]
    known = {
        (0, "nothing was altered"): "whole",
        (RECORD_BAD, "altered"): "altered",
        (RECORD_BAD, "not everything could be checked"): "not checked",
    }
    if (status, last) not in known:
        raise Missed(f"status {status} with the last line {last!r}")
    return known[status, last]


def _side_file(ground: Ground, source: random.Random) -> str:
    """Read a damaged side file: a start takes up everything, refuses, or says what it dropped."""
    shutil.rmtree(ground.copy.path, ignore_errors=True)
    shutil.copytree(ground.open, ground.copy.path)
    side = spill_path(ground.copy.unit_database(UNIT))
    done, data = damaged(side.read_bytes(), source)
    side.write_bytes(data)
    clock, told = VirtualClock(), False
    try:
        for left in left_open_sessions(ground.copy, UNIT, clock, key=KEY):
            told = told or left.has_dropped_rows
            reopen_session(ground.copy, left, clock, key=KEY).close()
        stored = read_stored(ground.copy, "s-1")
    except TractionError:
        return "refused"
    all_events, all_samples = ground.recorded
    events = tuple(stored.events)
    if events != all_events[: len(events)] or not all_samples.startswith(stored.samples):
        raise Missed(f"side file, {done}: something was taken up that was not put aside")
    if len(events) == len(all_events):
        return "whole"
    if not told:
        raise Missed(f"side file, {done}: a part was lost without a word")
    return "dropped and told"


def _bundle(ground: Ground, source: random.Random) -> str:
    done, data = damaged(ground.bundle, source)
    if check_bundle(io.BytesIO(data), public_keys={KEY.key_id: KEY.public_key}).alterations:
        return "altered"
    if _members(data) != _members(ground.bundle):
        raise Missed(f"bundle, {done}: taken as whole with another content")
    return "whole"


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _backup(ground: Ground, source: random.Random) -> str:
    shutil.rmtree(ground.copy.path, ignore_errors=True)
    place = ground.folder / "spoiled.zip"
    done, data = damaged(ground.backup.read_bytes(), source)
    place.write_bytes(data)
    try:
        restore(place, ground.copy, Trust())
    except BackupAltered:
        return "altered"
    except TractionError:
        return "refused"
    for which in NOT_COMPARED:
        _check_content(path_of(ground.copy, which), which, ground.contents[which], done)
    return "whole"


def _closed_year(ground: Ground, source: random.Random) -> str:
    """Read a damaged closed year, here or moved: each byte of it counts.

    The file that names its new place is not covered, as long as the sessions are found.
    """
    shutil.rmtree(ground.copy.path, ignore_errors=True)
    shutil.copytree(ground.years, ground.copy.path)
    moved, here = (f"{UNIT}-{year}.db" for year in YEARS[:2])
    path = source.choice(
        (ground.copy.units / here, ground.disk / moved, ground.copy.units / f"{moved}{MOVED}")
    )
    before = path.read_bytes()
    done, data = damaged(before, source)
    make_writable(path)
    try:
        path.write_bytes(data)
        if path.suffix == ".db":
            make_read_only(path)
        outcome = verdict_of(ground.copy.path)
        found = len(list_sessions(ground.copy)) if outcome == "whole" else None
    finally:
        make_writable(path)
        path.write_bytes(before)
        make_read_only(path)
    if outcome == "whole" and (found != len(YEARS) or (path.suffix == ".db" and data != before)):
        raise Missed(f"{path.name}, {done}: taken as whole")
    return outcome


READERS: dict[str, Callable[[Ground, random.Random], str]] = {
    "unit's file": _database("unit"),
    "clinic.db": _database("clinic"),
    "side file": _side_file,
    "bundle": _bundle,
    "backup": _backup,
    "closed year": _closed_year,
}

"""Kinds of alteration of closed years and of moved ones, as data.

The base is a unit with a session of 2023 and two of 2024 in closed files, a sealed and an
interrupted one of 2025 in the present file, and clinic.db with their orders and the noted seals.
For moved years, the program itself first moves them to a disk beside the folder.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from records.clinic.session_register import note_seals
from records.evidence.predecessor import FileBefore, file_start, predecessor_of
from records.evidence.year_files import close_year, opened_for_change
from records.evidence.year_moves import YearMove, note_move
from records.keeping.move_years import move_years
from records.keeping.retention import RemovalConfirmation, RetentionRule, apply_retention
from records.keys.key_folder import key_history
from records.keys.signing import SigningKey
from records.store.author import Author
from records.store.chain import NO_SEAL, compute_link, compute_statement
from records.store.clinic_chain import canonical, entry_range, entry_rows, file_id, link_subject
from records.store.database import Database
from records.store.file_digest import file_sha256
from records.store.private_files import make_read_only, make_writable
from records.store.record_folder import MOVED, RecordFolder
from tests.campaigns.alteration_kinds import KEY_IN_HAND, Kind, closed, sql
from tests.support.altered_records import FOREIGN_KEY, KEY, rewrite_file
from tests.support.altering import altering
from tests.support.notes import DAY_MS, UNIT, author, recorded

CLOSED_YEAR, MOVED_YEAR = "closed year", "moved year"
DISK = "disk"
"""The folder beside the records to which years are moved."""
_OLDER = "older-2024.db"
_NOT_CHECKED = "not checked"


def _began(year: int, month: int) -> int:
    return int(datetime(year, month, 1, 12, tzinfo=UTC).timestamp() * 1000)


def prepare_years(folder: Path) -> RecordFolder:
    """Make the base; beside it is the file of 2024 as it was before its last session."""
    data = RecordFolder(folder / "ground")
    recorded(data, "s-1", reference="TEST-1", began_ms=_began(2023, 6))
    _close_behind(data, 2023)
    recorded(data, "s-2", reference="TEST-2", began_ms=_began(2024, 9))
    _copy_whole(data.unit_database(UNIT), folder / _OLDER)
    recorded(data, "s-3", reference="TEST-3", began_ms=_began(2024, 10))
    _close_behind(data, 2024)
    recorded(data, "s-4", reference="TEST-4", began_ms=_began(2025, 6))
    note_seals(data, replace(author(data), key_records=key_history(data).head))
    recorded(data, "s-5", reference="TEST-5", began_ms=_began(2025, 6) + DAY_MS, closed=False)
    return data


def _close_behind(data: RecordFolder, year: int) -> None:
    path = close_year(data, UNIT, KEY, utc_ms=_began(year + 1, 1), year=year + 1)
    assert path == _of(data, year)


def _copy_whole(database: Path, copy: Path) -> None:
    with closing(sqlite3.connect(database)) as db, closing(sqlite3.connect(copy)) as other:
        db.backup(other)
        other.execute("PRAGMA journal_mode = DELETE")


def _of(data: RecordFolder, year: int) -> Path:
    return data.units / f"{UNIT}-{year}.db"


def _on_disk(data: RecordFolder, year: int) -> Path:
    return data.path.parent / DISK / f"{UNIT}-{year}.db"


def _line_of(data: RecordFolder, year: int) -> Path:
    return data.units / f"{UNIT}-{year}.db{MOVED}"


# --- what somebody does to one file -----------------------------------------------------------


@contextmanager
def _writable(path: Path) -> Iterator[Path]:
    """Make the file writable, and read-only again afterwards to hide the change."""
    make_writable(path)
    yield path
    make_read_only(path)


def _last_byte(path: Path) -> None:
    """Change the end of the newest page, where an unused byte may be."""
    with _writable(path), path.open("r+b") as file:
        file.seek(-1, 2)
        (old,) = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([old ^ 1]))


def _event_of_2(path: Path) -> None:
    with _writable(path), altering(path) as db:
        db.execute("UPDATE packed_session SET data = edited(data, 2, 'at_ms', 1) WHERE session = 2")


def _no_trigger(path: Path) -> None:
    with _writable(path), closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER seal_never_changes")


def _older(path: Path) -> None:
    path.unlink()
    shutil.copy(path.parent.parent.parent / _OLDER, path)
    make_read_only(path)


def _log_beside(path: Path) -> None:
    path.with_name(f"{path.name}-wal").write_bytes(b"x")


def _rename(one: Path, other: Path) -> None:
    one.replace(other)


def _exchange(one: Path, other: Path) -> None:
    kept = one.with_name("kept")
    one.rename(kept)
    other.rename(one)
    kept.rename(other)


def _change(how: Callable[[Path], object], year: int = 2024) -> Callable[[RecordFolder], None]:
    def apply(data: RecordFolder) -> None:
        how(_of(data, year))

    return apply


def _copied_under_another_year(data: RecordFolder) -> None:
    shutil.copy(_of(data, 2024), _of(data, 2022))


# --- with everything computed again -----------------------------------------------------------


def _start_of(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as db:
        return file_start(Database(db))


def _rewrite_2024(data: RecordFolder, key: SigningKey | None) -> None:
    with _writable(_of(data, 2024)) as path:
        rewrite_file(path, key, start=_start_of(path), source=random.Random(7))


def _follow_again(data: RecordFolder, key: SigningKey | None) -> None:
    """Let the present file name the changed file of 2024; signed if there is a key."""
    digest = bytes.fromhex(file_sha256(_of(data, 2024)))
    with altering(data.unit_database(UNIT)) as db:
        db.execute("UPDATE predecessor SET digest = ?", (digest,))
        if key is None:
            return
        said = predecessor_of(Database(db))
        assert said is not None
        names = ("kind", "file", "digest", "last_session", "utc_ms", "reason")
        before = FileBefore(**{name: getattr(said, name) for name in names})
        db.execute(
            "UPDATE predecessor SET public_key = ?, signature = ?",
            (key.public_key, key.sign(before.statement(UNIT))),
        )


def _seals_of(data: RecordFolder) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in data.every_database():
        with closing(sqlite3.connect(path)) as db:
            found |= db.execute(
                "SELECT session_id, lower(hex(digest)) FROM seal JOIN session ON session = number"
            ).fetchall()
    return found


def _note_again(data: RecordFolder, old: dict[str, str], key: SigningKey) -> None:
    """Let clinic.db name the new seals; its chain is computed and signed again."""
    new = _seals_of(data)
    with altering(data.clinic_database) as db:
        for name, seal in old.items():
            db.execute("UPDATE entry SET detail = replace(detail, ?, ?)", (seal, new[name]))
        reading = Database(db)
        entries, name, previous = entry_rows(reading), file_id(reading), NO_SEAL
        for number, first, count in db.execute(
            "SELECT number, first_entry, entry_count FROM link ORDER BY number"
        ).fetchall():
            covered = canonical(entries[first : first + count])
            previous = compute_link(previous, entry_range(first, count), covered, b"")
            signature = key.sign(compute_statement(link_subject(name, first + count), previous))
            db.execute(
                "UPDATE link SET digest = ?, signature = ? WHERE number = ?",
                (previous, signature, number),
            )


def _rewritten(
    key: SigningKey | None, *, row: bool = False, later: bool = False, clinic: bool = False
) -> Callable[[RecordFolder], None]:
    """Rewrite 2024 and as much of what follows as given: its row, the later sessions, clinic.db.

    The next start has closed the interrupted session before.
    """

    def apply(data: RecordFolder) -> None:
        old = _seals_of(data)
        _rewrite_2024(data, key)
        if row:
            _follow_again(data, key)
        if later:
            path = data.unit_database(UNIT)
            rewrite_file(path, key, start=_start_of(path), source=None)
        if clinic:
            assert key is not None
            _note_again(data, old, key)

    return closed(apply)


# --- removals by rule -------------------------------------------------------------------------


def _removal_undone(data: RecordFolder) -> None:
    """Put the earlier file back after a removal by rule in the file of 2023."""
    path, kept = _of(data, 2023), data.path.parent / "kept-2023.db"
    shutil.copy(path, kept)
    today = datetime(2025, 6, 20, tzinfo=UTC).date()
    rule = RetentionRule(
        years=1, today=today, day_of=lambda ms: datetime.fromtimestamp(ms / 1000, UTC).date()
    )
    done = apply_retention(data, rule, author(data), said=RemovalConfirmation(today=today))
    assert done.removed == ("s-1",)
    path.unlink()
    kept.rename(path)
    make_read_only(path)


def _removal_begun(data: RecordFolder) -> None:
    """End the program while a removal has the file of 2023 open."""
    with suppress(KeyboardInterrupt), opened_for_change(data, _of(data, 2023), author(data)):
        raise KeyboardInterrupt


_CLOSED_AGAIN = (
    "INSERT INTO entry (sequence, utc_ms, kind, version, detail) SELECT max(sequence) + 1, 1, 25, "
    "1, json_object('file', 'units/{name}', 'digest', '{digest}', 'by', 'x', 'user', 'x') FROM "
    "entry"
)


def _removal_claimed(data: RecordFolder) -> None:
    """Alter an event, and add an entry to clinic.db that attributes the file to a removal."""
    path = _of(data, 2024)
    _event_of_2(path)
    said = _CLOSED_AGAIN.format(name=path.name, digest=file_sha256(path))
    sql(said, which="clinic")(data)


# --- moved years ------------------------------------------------------------------------------


def _keeper(data: RecordFolder) -> Author:
    return replace(author(data, "A. Keeper"), key_records=key_history(data).head)


def _move(data: RecordFolder) -> None:
    place = data.path.parent / DISK
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    assert len(move_years(data, _keeper(data), place, before=2025)) == 2


def _moved(change: Callable[[RecordFolder], object]) -> Callable[[RecordFolder], None]:
    """Make the change after the program has moved both years."""

    def apply(data: RecordFolder) -> None:
        _move(data)
        change(data)

    return apply


def _change_there(how: Callable[[Path], object]) -> Callable[[RecordFolder], None]:
    return _moved(lambda data: how(_on_disk(data, 2024)))


def _older_there(data: RecordFolder) -> None:
    path = _on_disk(data, 2024)
    path.unlink()
    shutil.copy(data.path.parent / _OLDER, path)
    make_read_only(path)


def _disconnect(data: RecordFolder) -> None:
    place = data.path.parent / DISK
    shutil.rmtree(place.with_name("safe"), ignore_errors=True)
    place.rename(place.with_name("safe"))


def _older_altered_newer_away(data: RecordFolder) -> None:
    _last_byte(_on_disk(data, 2023))
    _on_disk(data, 2024).unlink()


def _no_clinic_no_place(data: RecordFolder) -> None:
    _disconnect(data)
    data.clinic_database.unlink()


def _deleted_with_a_line(data: RecordFolder) -> None:
    _line_of(data, 2024).write_text(f"/mnt/safe/{UNIT}-2024.db\n")
    _of(data, 2024).unlink()


def _line_to_an_altered_copy(data: RecordFolder) -> None:
    """Replace the file by an altered copy elsewhere and a line that leads to it, without a move.

    After a real move the line leads to another folder.
    """
    place = data.path.parent / "strange"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    here = _of(data, 2024)
    copy = place / here.name
    shutil.copy(here if here.exists() else _on_disk(data, 2024), copy)
    _event_of_2(copy)
    _line_of(data, 2024).write_text(f"{copy}\n")
    here.unlink(missing_ok=True)


_OF_2024 = "kind = 26 AND json_extract(detail, '$.file') LIKE '%-2024.db'"


def _without_the_entry(data: RecordFolder) -> None:
    """Remove the newest entry and its link, and disconnect the disk: clinic.db's chain is valid."""
    sql(
        f"DELETE FROM link WHERE first_entry = (SELECT sequence FROM entry WHERE {_OF_2024})",
        f"DELETE FROM entry WHERE {_OF_2024}",
        which="clinic",
    )(data)
    _disconnect(data)


def _time_of_the_entry(data: RecordFolder) -> None:
    """A time that no calendar contains."""
    sql("UPDATE entry SET utc_ms = 1000000000000000000 WHERE kind = 26", which="clinic")(data)
    _disconnect(data)


def _clinic_before_the_move(data: RecordFolder) -> None:
    kept = data.path.parent / "clinic-before.db"
    _copy_whole(data.clinic_database, kept)
    _move(data)
    for suffix in ("-wal", "-shm"):
        data.clinic_database.with_name(data.clinic_database.name + suffix).unlink(missing_ok=True)
    kept.replace(data.clinic_database)
    _disconnect(data)


def _move_invented(data: RecordFolder) -> None:
    path = _of(data, 2024)
    note_move(
        data,
        _keeper(data),
        YearMove(
            file=data.name_of(path),
            to=f"/mnt/safe/{path.name}",
            digest=file_sha256(path),
            follows=data.name_of(_of(data, 2023)),
            follows_digest=file_sha256(_of(data, 2023)),
            sessions=("s-2", "s-3"),
        ),
    )
    _deleted_with_a_line(data)


def _move_of_no_year(data: RecordFolder) -> None:
    """Remove the newest session, and name it a session of a year that was moved."""
    tables = ("event", "packed_session", "packed_links", "chain_signature", "signature", "seal")
    sql(
        *(f"DELETE FROM {table} WHERE session = 5" for table in tables),
        "DELETE FROM session WHERE number = 5",
    )(data)
    move = YearMove(
        file=f"units/{UNIT}-2022.db",
        to=f"/mnt/safe/{UNIT}-2022.db",
        digest="",
        follows="",
        follows_digest="",
        sessions=("s-5",),
    )
    note_move(data, _keeper(data), move)


def _sealed_and_noted(change: Callable[[RecordFolder], None]) -> Callable[[RecordFolder], None]:
    def noted(data: RecordFolder) -> None:
        note_seals(data, _keeper(data))
        change(data)

    return closed(noted)


YEAR_KINDS: tuple[Kind, ...] = (
    # --- a closed year
    Kind("a byte of a closed file", CLOSED_YEAR, _change(_last_byte)),
    Kind("an event in a closed file", CLOSED_YEAR, _change(_event_of_2)),
    Kind("an older copy of a closed file in place", CLOSED_YEAR, _change(_older)),
    Kind(
        "two closed files exchanged",
        CLOSED_YEAR,
        lambda data: _exchange(_of(data, 2023), _of(data, 2024)),
    ),
    Kind(
        "a closed file and the present one exchanged",
        CLOSED_YEAR,
        closed(lambda data: _exchange(_of(data, 2024), data.unit_database(UNIT))),
    ),
    Kind(
        "the present file as before the year was closed, the closed one deleted",
        CLOSED_YEAR,
        closed(lambda data: _rename(_of(data, 2024), data.unit_database(UNIT))),
    ),
    Kind("a closed file deleted", CLOSED_YEAR, _change(Path.unlink)),
    Kind("the oldest closed file deleted", CLOSED_YEAR, _change(Path.unlink, 2023)),
    Kind(
        "a closed file renamed to another year",
        CLOSED_YEAR,
        lambda data: _rename(_of(data, 2024), _of(data, 2022)),
    ),
    Kind(
        "a closed file renamed to another unit",
        CLOSED_YEAR,
        _change(lambda path: path.rename(path.with_name("00000000000000bb-2024.db"))),
    ),
    Kind(
        "a copy of a closed file under another year",
        CLOSED_YEAR,
        _copied_under_another_year,
    ),
    Kind("a closed file made writable", CLOSED_YEAR, _change(make_writable)),
    Kind("a log beside a closed file", CLOSED_YEAR, _change(_log_beside)),
    Kind("the row that names the closed file deleted", CLOSED_YEAR, sql("DELETE FROM predecessor")),
    Kind(
        "the digest in that row",
        CLOSED_YEAR,
        sql("UPDATE predecessor SET digest = zeroblob(32)"),
    ),
    Kind(
        "the name in that row",
        CLOSED_YEAR,
        sql("UPDATE predecessor SET file = replace(file, '2024', '2023')"),
    ),
    Kind(
        "a name in that row that no file can have",
        CLOSED_YEAR,
        sql("UPDATE predecessor SET file = 'units/' || printf('%.5000c', 'x')"),
    ),
    Kind(
        "the count of sessions in that row",
        CLOSED_YEAR,
        sql("UPDATE predecessor SET last_session = last_session - 1"),
    ),
    Kind(
        "the signature of that row",
        CLOSED_YEAR,
        sql("UPDATE predecessor SET signature = zeroblob(64)"),
    ),
    Kind(
        "a row more, of a file that nobody closed",
        CLOSED_YEAR,
        sql(
            "INSERT INTO predecessor SELECT last_session - 1, kind, file, digest, utc_ms, reason, "
            "public_key, signature FROM predecessor"
        ),
    ),
    Kind("a trigger removed in a closed file", CLOSED_YEAR, _change(_no_trigger)),
    Kind("a closed file computed again, its row too", CLOSED_YEAR, _rewritten(None, row=True)),
    Kind(
        "the same, signed with another key",
        CLOSED_YEAR,
        _rewritten(FOREIGN_KEY, row=True, later=True),
    ),
    Kind("a closed file signed again", CLOSED_YEAR, _rewritten(KEY), in_hand=KEY_IN_HAND),
    Kind(
        "the same, its row too",
        CLOSED_YEAR,
        _rewritten(KEY, row=True),
        in_hand=KEY_IN_HAND,
    ),
    Kind(
        "the same, and every later session",
        CLOSED_YEAR,
        _rewritten(KEY, row=True, later=True),
        in_hand=KEY_IN_HAND,
    ),
    Kind(
        "the same, and the seals noted in clinic.db",
        CLOSED_YEAR,
        _rewritten(KEY, row=True, later=True, clinic=True),
        expected="a checkpoint",
        in_hand=KEY_IN_HAND,
    ),
    Kind("a removal by rule undone: the file as before", CLOSED_YEAR, _removal_undone),
    Kind("an altered file called a removal's in clinic.db", CLOSED_YEAR, _removal_claimed),
    Kind(
        "a removal by rule that did not end (no alteration)",
        CLOSED_YEAR,
        _removal_begun,
        expected=_NOT_CHECKED,
    ),
    # --- a moved year
    Kind(
        "its place out of reach (no alteration)",
        MOVED_YEAR,
        _moved(_disconnect),
        expected=_NOT_CHECKED,
    ),
    Kind(
        "the file deleted in its place",
        MOVED_YEAR,
        _change_there(Path.unlink),
        expected=_NOT_CHECKED,
    ),
    Kind("a byte of the file in its place", MOVED_YEAR, _change_there(_last_byte)),
    Kind("an event in the file in its place", MOVED_YEAR, _change_there(_event_of_2)),
    Kind("an older copy in its place", MOVED_YEAR, _moved(_older_there)),
    Kind(
        "two moved files exchanged",
        MOVED_YEAR,
        _moved(lambda data: _exchange(_on_disk(data, 2023), _on_disk(data, 2024))),
    ),
    Kind("the file in its place made writable", MOVED_YEAR, _change_there(make_writable)),
    Kind("a log beside the file in its place", MOVED_YEAR, _change_there(_log_beside)),
    Kind(
        "the older of two altered, the newer out of reach",
        MOVED_YEAR,
        _moved(_older_altered_newer_away),
    ),
    Kind(
        "the line with its place deleted",
        MOVED_YEAR,
        _moved(lambda data: _line_of(data, 2024).unlink()),
        expected=_NOT_CHECKED,
    ),
    Kind("the line leads to an altered copy", MOVED_YEAR, _moved(_line_to_an_altered_copy)),
    Kind("a line invented after a deletion", MOVED_YEAR, _deleted_with_a_line),
    Kind("a line invented that leads to an altered copy", MOVED_YEAR, _line_to_an_altered_copy),
    Kind(
        "the entry of the move removed, its place in reach",
        MOVED_YEAR,
        _moved(sql(f"DELETE FROM entry WHERE {_OF_2024}", which="clinic")),
    ),
    Kind(
        "the entry removed with its link, its place out of reach",
        MOVED_YEAR,
        _moved(_without_the_entry),
    ),
    Kind(
        "the place in the entry",
        MOVED_YEAR,
        _moved(
            sql(
                "UPDATE entry SET detail = replace(detail, 'disk', 'dusk') WHERE kind = 26",
                which="clinic",
            )
        ),
    ),
    Kind(
        "the sessions in the entry",
        MOVED_YEAR,
        _moved(
            sql(
                'UPDATE entry SET detail = replace(detail, \'"s-2"\', \'"s-2","s-4"\') '
                "WHERE kind = 26",
                which="clinic",
            )
        ),
    ),
    Kind(
        "the time of the entry, its place out of reach",
        MOVED_YEAR,
        _moved(_time_of_the_entry),
    ),
    Kind(
        "clinic.db as before the move, its place out of reach",
        MOVED_YEAR,
        _clinic_before_the_move,
    ),
    Kind(
        "clinic.db removed, its place out of reach",
        MOVED_YEAR,
        _moved(_no_clinic_no_place),
    ),
    Kind(
        "a move invented after a deletion",
        MOVED_YEAR,
        _move_invented,
        expected=_NOT_CHECKED,
        in_hand=KEY_IN_HAND,
    ),
    Kind(
        "a move of no year invented for a session cut off",
        MOVED_YEAR,
        _sealed_and_noted(_move_of_no_year),
        in_hand=KEY_IN_HAND,
    ),
)

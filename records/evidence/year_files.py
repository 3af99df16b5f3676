"""A unit's file of a closed year: kept byte for byte, read-only, and named by the file after it.

``close_year`` copies ``<unit id>.db`` to ``<unit id>-<year>.db.closing`` while its successor waits
as ``<unit id>.db.next``; the successor takes the present file's name, then the copy gets its own.
Until the first of these renames the old state is valid; after it the new one, whose last rename the
next start completes. The digest in the successor's predecessor is that of the whole closed file.

A removal by rule and a repacking change a closed file. clinic.db's chain records before that it is
opened, and afterwards its new digest.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from controller.errors import JournalCorrupt, JournalError, JournalUnavailable
from controller.events import JsonValue
from records.evidence.file_entries import Detail, entries_of_files, note_of_file
from records.evidence.predecessor import CLOSED_YEAR, FileBefore, Predecessor, begin_behind
from records.evidence.session_check import Alteration
from records.evidence.session_rows import next_session_number
from records.evidence.stored_session import SessionHead, session_rows_of
from records.evidence.unit_reading import open_sessions, predecessors_among, reading
from records.evidence.unreadable import refused_in_words
from records.evidence.year_moves import (
    YearMove,
    miscounted,
    moves_out_of_reach,
    out_of_reach,
    year_moves,
)
from records.keys.signing import SigningKey, known_public_keys
from records.store.author import Author
from records.store.clinic_chain import EntryKind
from records.store.database import failures_in_words, open_for_writing, rows
from records.store.durable import sync_folder
from records.store.file_digest import file_sha256
from records.store.private_files import (
    HAS_MODES,
    copy_read_only,
    make_read_only,
    make_writable,
    sync_file,
)
from records.store.record_folder import CLOSING, UNITS, RecordFolder, next_database, unit_id_of
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding

_LOGS = ("-wal", "-journal")
_WRITERS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def close_year(
    folder: RecordFolder, unit_id: str, key: SigningKey, *, utc_ms: int, year: int
) -> Path | None:
    """Close the unit's file if its newest session is of a year before ``year``; returns its name.

    An earlier attempt is completed or undone first. Raises UnitBusy, or JournalUnavailable when the
    disk refuses.
    """
    database = folder.unit_database(unit_id)
    with holding(UnitLock(database)), failures_in_words(database, "closed for its year"):
        _finish(folder, unit_id)
        newest = _newest(database)
        if newest is None or _year_of(newest) >= year or open_sessions(database):
            return None
        closed = _free_name(database, _year_of(newest))
        try:
            _write_both(folder, closed, newest.number, key, utc_ms)
        except BaseException:
            _take_back(database)
            raise
        next_database(database).replace(database)
        sync_folder(database.parent)
        _finish(folder, unit_id)
        return closed


def faults_of_year_files(folder: RecordFolder) -> Iterator[Alteration]:
    """Yields mismatches between the files of closed years and those that follow them."""
    changed, moves = _changed(folder), year_moves(folder)
    away = out_of_reach(folder, moves.values())
    before = [found for _, found in predecessors_among(folder.readable_databases())]
    followed, named = list(_followed(folder, before, away)), set[Path]()
    for name, closed_digest in followed:
        digest, move = changed.get(name, closed_digest), moves.get(name)
        try:
            path = _place_of(folder, name)
            named.add(path)
            if move is None or path.exists():
                what, unread = _fault(path, digest), not digest
            else:
                what, unread = move.what, True
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            why = error.strerror if isinstance(error, OSError) else error
            what, unread = move.what if move else f"it cannot be read: {why}", True
        if what:
            yield Alteration(session_id="", where=name, what=what, unread=unread)
    for path in folder.year_databases():
        if path not in named:
            what = "no later file of the unit follows it: it was renamed, or the later one replaced"
            yield Alteration(session_id="", where=f"{UNITS}/{path.name}", what=what)
    names = {name for name, _ in followed}
    for move in away:
        if move.file not in names:
            what = "an entry says that it was moved, and no later file of the unit follows it"
            yield Alteration(session_id="", where=move.file, what=what)
    yield from _miscounted_moves(folder, before, moves)


def _miscounted_moves(
    folder: RecordFolder, before: Iterable[Predecessor], moves: Mapping[str, YearMove]
) -> Iterator[Alteration]:
    """Yields moves whose number of sessions differs from the following file's signed row."""
    for found in before:
        move = moves.get(found.file)
        if found.kind != CLOSED_YEAR or move is None:
            continue
        what = miscounted(move, found.last_session, moves, partial(_newest_number, folder))
        if what:
            yield Alteration(session_id="", where=move.file, what=what)


def _newest_number(folder: RecordFolder, name: str) -> int | None:
    """Returns the highest session number in the file with this name in a record.

    None if it cannot be read.
    """
    path = folder.year_file_called(name)
    try:
        with reading(path) as db, refused_in_words(f"the newest session in {path}"):
            return next_session_number(db) - 1
    except JournalError:
        return None


def fault_of_year_file(folder: RecordFolder, name: str) -> str:
    """Returns why a year's file is not the one that was closed; "" when it is.

    The signature of the row that names it is checked. Where that row is in a file out of reach,
    clinic.db vouches for it, whose chain the caller checks.
    """
    known = known_public_keys(folder)
    following = list(predecessors_among(folder.readable_databases()))
    for path, found in following:
        fault = found.fault(unit_id_of(path), known) if found.file == name else ""
        if fault:
            return f"{path.name} names it, and {fault}"
    before = [found for _, found in following]
    digests = dict(_followed(folder, before, moves_out_of_reach(folder)))
    if name not in digests:
        return "no later file of the unit follows it"
    return _fault(_place_of(folder, name), _changed(folder).get(name, digests[name]))


def _place_of(folder: RecordFolder, name: str) -> Path:
    path = folder.year_file_called(name)
    beside = path.with_name(path.name + CLOSING)
    return beside if beside.exists() and not path.exists() else path


@contextmanager
def opened_for_change(folder: RecordFolder, path: Path, author: Author) -> Iterator[None]:
    """Make a closed year's file writable for the block; other files are not changed.

    The caller holds the unit's lock. Changes before a refusal (JournalCorrupt) remain, so the file
    is closed then as well. A program that ends meanwhile leaves it noted as opened, and the next
    removal or repacking closes it (``close_reopened``).
    """
    if path not in folder.year_databases():
        yield
        return
    note_of_file(folder, author, EntryKind.YEAR_FILE_OPENED, {"file": name_of_year_file(path)})
    make_writable(path)
    try:
        yield
    except JournalCorrupt:
        _close_again(folder, path, author)
        raise
    _close_again(folder, path, author)


def close_reopened(folder: RecordFolder, author: Author) -> None:
    """Close the files that a program opened for a change and did not close."""
    opened = {name for name, digest in _changed(folder).items() if not digest}
    for path in folder.year_databases():
        if name_of_year_file(path) in opened:
            lock = UnitLock(folder.unit_database(unit_id_of(path)))
            with holding(lock), failures_in_words(path, "closed after a change"):
                make_writable(path)
                _close_again(folder, path, author)


def _close_again(folder: RecordFolder, path: Path, author: Author) -> None:
    _without_log(path)
    make_read_only(path)
    sync_file(path)
    sync_folder(path.parent)  # a log or journal that returned would be beside a closed file
    said: dict[str, JsonValue] = {"file": name_of_year_file(path), "digest": file_sha256(path)}
    note_of_file(folder, author, EntryKind.YEAR_FILE_CLOSED, said)


def _write_both(
    folder: RecordFolder, closed: Path, last_session: int, key: SigningKey, utc_ms: int
) -> None:
    """Write the new file, then the copy of the old one; both durable under temporary names."""
    database = folder.unit_database(unit_id_of(closed))
    _without_log(database)
    digest = file_sha256(database)
    with closing(open_for_writing(next_database(database), UNIT_SCHEMA)) as db:
        before = FileBefore(
            kind=CLOSED_YEAR,
            file=folder.name_of(closed),
            digest=bytes.fromhex(digest),
            last_session=last_session,
            utc_ms=utc_ms,
            reason=f"closed by the first start behind its year, {closed.stem[17:21]}",
        )
        begin_behind(db, key, unit_id_of(closed), before)
    _without_log(next_database(database))
    sync_file(next_database(database))
    sync_folder(database.parent)  # a copy whose new file lost its name would count
    copy = closed.with_name(closed.name + CLOSING)
    if copy_read_only(database, copy) != digest:
        raise JournalCorrupt(
            f"{copy} is not what was copied from {database}; the file itself was not changed. "
            "Check the disk, then start again"
        )
    sync_folder(database.parent)


def _finish(folder: RecordFolder, unit_id: str) -> None:
    """Give the copy its name where the present file follows it, or undo an attempt."""
    database = folder.unit_database(unit_id)
    if next_database(database).exists():
        _take_back(database)
    for path in database.parent.glob(f"{unit_id}-*.db{CLOSING}"):
        path.replace(path.with_name(path.name.removesuffix(CLOSING)))
        sync_folder(path.parent)


def _take_back(database: Path) -> None:
    """Undo: remove the copy first, which would count without the waiting file."""
    waiting = next_database(database)
    copies = database.parent.glob(f"{database.stem}-*.db{CLOSING}") if waiting.exists() else ()
    for path in copies:
        path.unlink()
    sync_folder(database.parent)
    for suffix in ("-wal", "-shm", "-journal", ""):
        waiting.with_name(waiting.name + suffix).unlink(missing_ok=True)
    sync_folder(database.parent)


def _without_log(path: Path) -> None:
    """Bring the log into the file, so that it needs none; a reader that holds it refuses."""
    with closing(open_for_writing(path, UNIT_SCHEMA)) as db:
        (mode,) = db.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise JournalUnavailable(
            f"{path} is being read by another program and cannot be closed; end that program"
        )


def _newest(database: Path) -> SessionHead | None:
    if not database.exists():
        return None
    with reading(database) as db, refused_in_words(f"the newest session in {database}"):
        ((number,),) = rows(db, "SELECT max(number) FROM session")
        return None if number is None else session_rows_of(db, number)[0]


def _year_of(head: SessionHead) -> int:
    """Returns the year of the workstation's date when the session began."""
    local_s = head.started_utc_ms / 1000 + head.utc_offset_min * 60
    return datetime.fromtimestamp(local_s, UTC).year


def _free_name(database: Path, year: int) -> Path:
    """Returns the name, numbered where a wrong clock has used the year's name."""
    names = (f"-{year}.db" if n == 1 else f"-{year}-{n}.db" for n in count(1))
    places = (database.with_name(database.stem + name) for name in names)
    return next(place for place in places if not place.exists())


def _followed(
    folder: RecordFolder, before: Iterable[Predecessor], away: Iterable[YearMove]
) -> Iterator[tuple[str, str]]:
    """Returns name and digest of each closed file that a later one follows, or that was moved."""
    for found in before:
        if found.kind == CLOSED_YEAR:
            yield found.file, found.digest.hex()
    for move in away:
        if folder.file_called(move.follows).parent == folder.units:
            yield move.follows, move.follows_digest


def _fault(path: Path, digest: str) -> str:
    """Returns why a file is not the one that was closed; "" if it is. ``digest`` "": opened."""
    if not path.exists():
        return "it is missing: deleted, renamed or moved; put it back, or take it from a backup"
    if not digest:
        return (
            "a removal or a repacking opened it and did not end; `traction repack` or `traction "
            "retention --apply` closes it again"
        )
    if file_sha256(path) != digest:
        return "it is not the file that was closed: altered, or exchanged for another one"
    for log in (path.with_name(path.name + suffix) for suffix in _LOGS):
        if log.exists() and log.stat().st_size:
            return f"{log.name} lies beside it, and a closed file has no log"
    mode = stat.S_IMODE(path.stat().st_mode)
    if HAS_MODES and mode & _WRITERS:
        return f"it has mode {mode:o} and must be read-only; type `chmod a-w` on it"
    return ""


def _changed(folder: RecordFolder) -> dict[str, str]:
    """Returns the digest of each file that was changed, as noted last; "" while it is opened."""

    def said(detail: Detail, _: int) -> tuple[str, str]:
        return str(detail["file"]), str(detail.get("digest", ""))

    kinds = (EntryKind.YEAR_FILE_OPENED, EntryKind.YEAR_FILE_CLOSED)
    return dict(entries_of_files(folder, said, *kinds))


def name_of_year_file(path: Path) -> str:
    """Returns the name of a closed year's file in records, wherever it is."""
    return f"{UNITS}/{path.name.removesuffix(CLOSING)}"

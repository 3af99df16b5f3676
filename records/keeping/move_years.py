"""Moves files of closed years to another place: a larger disk, a share, a disk in a safe.

Each file is copied and compared, its move noted in clinic.db's chain, the path of its new place
left in ``<its name>.moved``, and the original removed last. A program that ends in between leaves
the original, which counts while it exists; the next run finishes.
"""

from __future__ import annotations

from pathlib import Path

from controller.errors import JournalCorrupt, RequestRefused
from records.evidence.predecessor import predecessor_of
from records.evidence.stored_session import session_rows_of
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.evidence.year_files import fault_of_year_file
from records.evidence.year_moves import YearMove, note_move
from records.keeping.closed_years import refuse_altered_chain
from records.store.author import Author
from records.store.database import failures_in_words
from records.store.durable import sync_folder
from records.store.file_digest import file_sha256
from records.store.private_files import (
    HAS_MODES,
    copy_read_only,
    make_writable,
    write_private,
)
from records.store.record_folder import MOVED, RecordFolder, unit_id_of, year_of
from records.store.unit_lock import UnitLock, holding

_DRAFT = ".moving"


def move_years(
    folder: RecordFolder, author: Author, target: Path, *, before: int
) -> list[YearMove]:
    """Move the file of every year before ``before`` to ``target``, an existing folder elsewhere.

    Returns the moves, oldest first. Raises RequestRefused for a target that cannot take them,
    JournalCorrupt for a file that is not the one that was closed and for an altered record of it,
    UnitBusy while a session on its unit is open, JournalUnavailable when a disk refuses.
    """
    place = _checked_target(folder, target)
    here = [
        path
        for path in folder.year_databases()
        if path.parent == folder.units and path.suffix == ".db" and year_of(path) < before
    ]
    if here:
        refuse_altered_chain(folder, "moved")
    return [_moved(folder, author, path, place / path.name) for path in here]


def _checked_target(folder: RecordFolder, target: Path) -> Path:
    place = target.resolve()
    if not place.is_dir():
        raise RequestRefused(f"{target} is not a folder; create it, or name another one")
    if place.is_relative_to(folder.path.resolve()):
        raise RequestRefused(f"{target} is inside {folder}; name a folder elsewhere")
    return place


def _moved(folder: RecordFolder, author: Author, path: Path, place: Path) -> YearMove:
    lock = UnitLock(folder.unit_database(unit_id_of(path)))
    with holding(lock), failures_in_words(path, "moved"):
        fault = fault_of_year_file(folder, folder.name_of(path))
        if fault:
            raise JournalCorrupt(f"{path} was not moved: {fault}")
        move = _move_of(folder, path, place)
        _copy(path, place, move.digest)
        note_move(folder, author, move)
        _leave_line(path, place)
        if not HAS_MODES:  # Windows does not remove a read-only file
            make_writable(path)
        path.unlink()
        sync_folder(path.parent)
        return move


def _leave_line(path: Path, place: Path) -> None:
    """Leave the path of the new place; remove a draft of it that a killed run left."""
    line = path.with_name(path.name + MOVED)
    for draft in path.parent.glob(f".{line.name}.*"):
        draft.unlink()
    write_private(line, f"{place}\n".encode())


def _move_of(folder: RecordFolder, path: Path, place: Path) -> YearMove:
    with reading(path) as db, refused_in_words(f"the sessions in {path}"):
        before = predecessor_of(db)
        names = tuple(head.session_id for head in session_rows_of(db))
    return YearMove(
        file=folder.name_of(path),
        to=str(place),
        digest=file_sha256(path),
        follows=before.file if before else "",
        follows_digest=before.digest.hex() if before else "",
        sessions=names,
    )


def _copy(path: Path, place: Path, digest: str) -> None:
    """Copy it completely and durably under its name; a file of an earlier attempt is replaced."""
    if place.exists():
        if file_sha256(place) != digest:
            raise RequestRefused(f"{place} exists and is another file; name another folder")
        return
    draft = place.with_name(place.name + _DRAFT)
    draft.unlink(missing_ok=True)
    if copy_read_only(path, draft) != digest:
        raise JournalCorrupt(
            f"{draft} is not what was copied from {path}, which was left in its place. Check that "
            "disk, or name another folder"
        )
    draft.replace(place)
    sync_folder(place.parent)

"""Verifies the chains again and reports what was altered, where and since when.

The chain finds errors and clumsy edits. The signature finds edits by those without the
workstation's key. A rewrite by the key's holder, a cut tail and an older file are found only by
checkpoints that left the machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from controller.errors import JournalCorrupt, JournalError, JournalUnavailable
from records.evidence.guarded_check import UnitCheck, altered_cell
from records.evidence.quarantine import PutAside, put_aside_files
from records.evidence.session_check import Alteration
from records.evidence.stored_session import (
    SessionHead,
    seal_row,
    seal_signature,
    session_rows_called,
    session_rows_of,
)
from records.evidence.tally import Tally, Verification
from records.evidence.unit_reading import checking, reading
from records.evidence.verified import Recall, marks_of
from records.evidence.year_files import faults_of_year_files
from records.evidence.year_moves import sessions_out_of_reach
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.store.cell_check import CellCheck
from records.store.checkpoint import Checkpoint
from records.store.database import Database, rows, sqlite_verdict
from records.store.record_folder import RecordFolder
from records.store.schema import SchemaDifference
from records.store.schema_check import schema_differences
from records.store.unit_file import UNIT_SCHEMA

Watch = Callable[[str, int, int], None]
__all__ = ["Alteration", "IssuedCheckpoint", "Verification", "issued_checkpoints", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCheckpoint:
    """One line of the list that leaves the machine every night."""

    session_id: str
    unit_id: str
    number: int
    started_utc_ms: int
    text: str


def _nobody_watches(_unit: str, _done: int, _of: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _WholeCheck:
    """The parts of a check of every session."""

    recall: Recall
    watch: Watch


def verify(
    folder: RecordFolder,
    session_id: str | None = None,
    *,
    checkpoints: Sequence[Checkpoint] = (),
    public_keys: Mapping[str, bytes] | None = None,
    recall: Recall | None = None,
    watch: Watch = _nobody_watches,
) -> Verification:
    """Verify one session or all of them; a session is checked in its place among its unit's.

    ``checkpoints`` come from outside: each must belong to a sealed session on file, and that
    session is verified with the others. ``public_keys`` (by key id) default to those of the data
    folder. ``recall`` may leave out sessions that were found intact before, and is told which are
    now. ``watch`` is called with unit, number of finished sessions, and their total.
    """
    known = known_public_keys(folder) if public_keys is None else public_keys
    history = key_history(folder)
    wanted = None
    if session_id is not None:
        wanted = {session_id.upper(), *(checkpoint.name.upper() for checkpoint in checkpoints)}
    tally = Tally(known, history if public_keys is None else history.only(public_keys))
    if history.fault:
        tally.alterations.append(
            Alteration(session_id="", where=str(folder.key_records), what=history.fault)
        )
    tally.put_aside = put_aside_files(folder)
    tally.is_whole = wanted is None
    if wanted is None:
        tally.alterations += _faults_of_put_aside(tally.put_aside)
        tally.alterations += faults_of_year_files(folder)
    _walk_units(folder, wanted, tally, _WholeCheck(recall or Recall(None), watch))
    if checkpoints:
        away = sessions_out_of_reach(folder)
        tally.out_of_reach = frozenset(name.upper() for name in away)
    tally.compare(checkpoints)
    return tally.result()


def _walk_units(
    folder: RecordFolder, wanted: set[str] | None, tally: Tally, all_: _WholeCheck
) -> None:
    """Check every unit's files; one that cannot be read hides nothing of the others."""
    accepted = {
        folder.file_called(one.predecessor.file) for one in tally.put_aside if one.is_accepted
    }
    for path in folder.readable_databases():
        known_of_it = len(tally.alterations)
        try:
            _walk_unit(path, wanted, tally, all_)
        except JournalCorrupt as error:
            tally.alterations.append(Alteration(session_id="", where=str(path), what=error.message))
        except JournalUnavailable as error:
            tally.alterations.append(
                Alteration(session_id="", where=str(path), what=error.message, unread=True)
            )
        if path in accepted:
            # A person has acknowledged its faults; its digest is compared.
            del tally.alterations[known_of_it:]


def _faults_of_put_aside(files: Iterable[PutAside]) -> Iterator[Alteration]:
    for one in files:
        if one.fault:
            yield Alteration(session_id="", where=one.predecessor.file, what=one.fault)
        if not one.is_accepted:
            yield Alteration(
                session_id="",
                where=one.predecessor.file,
                what=f"the file of unit {one.unit_id} was put aside ({one.predecessor.reason}) "
                "and nobody has accepted it yet",
            )


def issued_checkpoints(folder: RecordFolder) -> list[IssuedCheckpoint]:
    """Returns the checkpoint of every sealed and signed session, unit by unit, oldest first."""
    issued = []
    for path in folder.readable_databases():
        with reading(path) as db:
            for head in session_rows_of(db):
                signature = seal_signature(db, head.number)
                if signature is not None:
                    issued.append(_issued(head, signature.checkpoint))
    return issued


def _issued(head: SessionHead, text: str) -> IssuedCheckpoint:
    return IssuedCheckpoint(
        session_id=head.session_id,
        unit_id=head.unit_id,
        number=head.number,
        started_utc_ms=head.started_utc_ms,
        text=text,
    )


def sessions_called(folder: RecordFolder, beginning: str) -> list[str]:
    """Returns ids of the sessions on file that begin so, or the one with this id.

    Unreadable files are skipped: ``verify`` reports their faults.
    """
    found: list[str] = []
    for path in folder.readable_databases():
        with suppress(JournalError), checking(path) as db:
            if all(difference.readable for difference in schema_differences(db, UNIT_SCHEMA)):
                found += [head.session_id for head in session_rows_called(db, beginning)]
    return [beginning] if beginning in found else found


def _walk_unit(path: Path, wanted: set[str] | None, tally: Tally, all_: _WholeCheck) -> None:
    """Check a unit; ``wanted`` are ids in capitals; None: all, of which none may be missing."""
    with checking(path) as db:
        differences = schema_differences(db, UNIT_SCHEMA)
        tally.alterations += [_of_schema(path, found) for found in differences]
        if not all(found.readable for found in differences):
            return
        check = UnitCheck(db, path, tally.known_keys, tally.key_history)
        tally.alterations += check.history.alterations
        if wanted is None:
            is_sound = not differences and not check.history.alterations
            _walk_every(db, path, check, tally, all_, is_sound=is_sound)
            return
        for head in _called(db, check.cells, wanted):
            tally.take(head, check.in_its_place(head))


def _walk_every(
    db: Database, path: Path, check: UnitCheck, tally: Tally, all_: _WholeCheck, *, is_sound: bool
) -> None:
    """Check all; ``is_sound``: schema and history are intact, so results may be stored."""
    heads, broken = _heads(db, check.cells)
    tally.alterations += broken
    marks = marks_of(db, path) if is_sound and not broken else {}
    whole, left_out = dict[str, str](), 0
    for count, head in enumerate(heads):
        all_.watch(path.stem, count, len(heads))
        mark = marks.get(head.number)
        if mark is not None and (last := all_.recall.leave_out(head.session_id, mark)) is not None:
            seal, signature = seal_row(db, head.number), seal_signature(db, head.number)
            tally.leave_out(head, seal, signature, last.at_utc_ms)
            left_out += 1
            continue
        found_before = len(tally.alterations)
        tally.take(head, check.session(head))
        if mark is not None and len(tally.alterations) == found_before:
            whole[head.session_id] = mark
    all_.watch(path.stem, len(heads), len(heads))
    of_file = [
        *_strays(db, path, every_page=not left_out),
        *_gaps(db, heads, check.history.first_number),
    ]
    tally.alterations += of_file
    if not of_file:
        all_.recall.found_whole |= whole


def _called(db: Database, cells: CellCheck, wanted: set[str]) -> list[SessionHead]:
    """Returns the rows of the requested sessions; others are not checked."""
    marks = ", ".join("?" * len(wanted))
    named = rows(
        db, f"SELECT number FROM session WHERE upper(session_id) IN ({marks})", sorted(wanted)
    )
    return [
        head
        for (number,) in named
        if not list(cells.of_session(number, only=("session",)))
        for head in session_rows_of(db, number)
    ]


def _of_schema(path: Path, found: SchemaDifference) -> Alteration:
    return Alteration(session_id="", where=f"{path.name}, {found.where}", what=found.what)


def _heads(db: Database, cells: CellCheck) -> tuple[list[SessionHead], list[Alteration]]:
    """Returns the rows of readable sessions, and the faults of the others."""
    faults = list(cells.of_table("session"))
    broken = {fault.session for fault in faults}
    heads = [head for head in session_rows_of(db) if head.number not in broken]
    return heads, [altered_cell(f"number {fault.session}", fault) for fault in faults]


def _strays(db: Database, path: Path, *, every_page: bool) -> list[Alteration]:
    """Yields rows of no session, and SQLite's own findings in a file that is read completely."""
    strays = Counter(str(table) for table, *_ in rows(db, "PRAGMA foreign_key_check"))
    found = [
        Alteration(session_id="", where=f"{path.name}, {table}", what=f"{count} rows of no session")
        for table, count in sorted(strays.items())
    ]
    verdict = sqlite_verdict(db.execute("PRAGMA integrity_check(1)")) if every_page else "ok"
    if verdict != "ok":
        found.append(Alteration(session_id="", where=path.name, what=f"SQLite finds: {verdict}"))
    return found


def _gaps(db: Database, heads: list[SessionHead], first_number: int) -> list[Alteration]:
    """Yields gaps: session numbers continue those of the file before and have none."""
    numbers = [number for (number,) in rows(db, "SELECT number FROM session ORDER BY number")]
    readable = {head.number: head for head in heads}
    return [
        Alteration(
            session_id=readable[after].session_id if after in readable else f"number {after}",
            where="before the session",
            what=f"session number {before + 1} of the unit is missing",
            since_utc_ms=readable[before].started_utc_ms if before in readable else None,
        )
        for before, after in pairwise((first_number - 1, *numbers))
        if after != before + 1
    ]

"""verify: walk the chains again and say what was altered, where and since when.

The chain finds errors and clumsy edits. The signature finds edits by those without the
workstation's key. A rewrite by the key's holder, a cut tail and an older file are found only by
checkpoints that left the machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from controller.errors import JournalCorrupt, JournalError, JournalUnavailable
from records.cell_check import CellCheck
from records.chain import Subject
from records.checkpoint import Checkpoint, make_checkpoint
from records.database import Database, rows, schema_version
from records.guarded_check import GuardedCheck, UnitCheck, altered_cell
from records.key_folder import key_history, records_file
from records.key_records import KeyHistory
from records.quarantine import PutAside, put_aside_files
from records.reader import checking, reading
from records.schema_check import SchemaDifference, schema_differences
from records.session_check import NOT_OUTSIDE, Alteration
from records.signing import known_public_keys
from records.stored_session import (
    SIGNATURES_SINCE_SCHEMA,
    SessionHead,
    StoredSession,
    seal_signature,
    session_rows_called,
    session_rows_of,
)
from records.unit_file import UNIT_SCHEMA, readable_databases
from records.unreadable import UNREADABLE

__all__ = ["Alteration", "IssuedCheckpoint", "Verification", "issued_checkpoints", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was looked at, and what was found.

    ``signed`` seals carry a signature, ``unsigned`` ones are of before signatures, ``open``
    sessions have no seal yet, ``removed`` ones have lost their content to a retention rule.
    ``checkpoints`` counts the outside ones that were compared.
    """

    sessions: int
    links: int
    events: int
    samples: int
    signed: int
    unsigned: int
    open: int
    removed: int
    key_ids: tuple[str, ...]
    keys_known: bool
    checkpoints: int
    put_aside: tuple[PutAside, ...]
    is_whole: bool
    """True when every session was checked, and the files as a whole."""
    alterations: tuple[Alteration, ...]

    @property
    def basis(self) -> str:
        """On what the verdict stands, in words."""
        signature = f"{self.signed} signatures"
        if self.signed and not self.keys_known:
            signature += " (no public key of the workstation at hand: only against the key beside)"
        if self.unsigned:
            signature += f", {self.unsigned} sealed before signatures existed"
        if self.removed:
            signature += f", the content of {self.removed} removed by a signed rule"
        outside = f"{self.checkpoints} outside checkpoints" if self.checkpoints else NOT_OUTSIDE
        part = "" if self.is_whole else "; this session and the seals beside it, not the whole file"
        return f"chain, {signature}; {outside}{part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCheckpoint:
    """One line of the list that leaves the machine every night."""

    session_id: str
    unit_id: str
    number: int
    started_utc_ms: int
    text: str


def verify(
    data_dir: Path,
    session_id: str | None = None,
    *,
    checkpoints: Sequence[Checkpoint] = (),
    public_keys: Mapping[str, bytes] | None = None,
) -> Verification:
    """Verify one session or all of them; a session is checked in its place among its unit's.

    ``checkpoints`` come from outside: each must belong to a sealed session that is on file, and
    that session is verified with the others.
    ``public_keys`` (by key id) default to those of the data folder.
    """
    known = known_public_keys(data_dir) if public_keys is None else public_keys
    history = key_history(data_dir)
    wanted = None
    if session_id is not None:
        wanted = {session_id.upper(), *(checkpoint.name.upper() for checkpoint in checkpoints)}
    tally = _Tally(known, history if public_keys is None else history.only(public_keys))
    if history.fault:
        tally.alterations.append(
            Alteration(session_id="", where=str(records_file(data_dir)), what=history.fault)
        )
    tally.put_aside = put_aside_files(data_dir)
    tally.is_whole = wanted is None
    if wanted is None:
        tally.alterations += _faults_of_put_aside(tally.put_aside)
    accepted = {data_dir / one.predecessor.file for one in tally.put_aside if one.is_accepted}
    for path in readable_databases(data_dir):
        known_of_it = len(tally.alterations)
        try:
            _walk_unit(path, wanted, tally)
        except JournalCorrupt as error:
            tally.alterations.append(Alteration(session_id="", where=str(path), what=error.message))
        except JournalUnavailable as error:
            tally.alterations.append(
                Alteration(session_id="", where=str(path), what=error.message, unread=True)
            )
        if path in accepted:
            # A person has taken note of what does not fit in there; its digest is compared.
            del tally.alterations[known_of_it:]
    tally.compare(checkpoints)
    return tally.result()


def _faults_of_put_aside(files: Iterable[PutAside]) -> Iterator[Alteration]:
    for one in files:
        if one.fault:
            yield Alteration(session_id="", where=one.predecessor.file, what=one.fault)
        if not one.is_accepted:
            yield Alteration(
                session_id="", where=one.predecessor.file,
                what=f"the file of unit {one.unit_id} was put aside ({one.predecessor.reason}) "
                "and nobody has accepted it yet",
            )  # fmt: skip


def issued_checkpoints(data_dir: Path) -> list[IssuedCheckpoint]:
    """The checkpoint of every sealed and signed session, unit by unit, oldest first."""
    issued = []
    for path in readable_databases(data_dir):
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


def sessions_called(data_dir: Path, beginning: str) -> list[str]:
    """Ids of the sessions on file that begin so, or the one that is called so.

    Files that cannot be read are passed over: ``verify`` says what is wrong with them.
    """
    found: list[str] = []
    for path in readable_databases(data_dir):
        with suppress(JournalError), checking(path) as db:
            if all(difference.readable for difference in schema_differences(db, UNIT_SCHEMA)):
                found += [head.session_id for head in session_rows_called(db, beginning)]
    return [beginning] if beginning in found else found


def _walk_unit(path: Path, wanted: set[str] | None, tally: _Tally) -> None:
    """``wanted`` are ids in capitals; None means every session, and that none may be missing."""
    with checking(path) as db:
        differences = schema_differences(db, UNIT_SCHEMA)
        tally.alterations += [_of_schema(path, found) for found in differences]
        if not all(found.readable for found in differences):
            return
        check = UnitCheck(db, path, tally.known_keys, tally.key_history)
        cells, history = check.cells, check.history
        tally.alterations += history.alterations
        heads, broken = _heads(db, cells) if wanted is None else (_called(db, cells, wanted), [])
        tally.alterations += broken
        for head in heads:
            tally.alterations += _of_another_unit(path, head)
            checked = check.session(head)
            tally.take(head, checked, signed_before=_signed_before(db, head.number))
            if wanted is not None:
                tally.alterations += _check_seal_behind(db, head, checked)
        if wanted is None:
            tally.alterations += _strays(db, path)
            tally.alterations += _gaps(db, heads, history.first_number)


def _called(db: Database, cells: CellCheck, wanted: set[str]) -> list[SessionHead]:
    """The rows of the sessions that are asked for; others are not looked at."""
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


def _check_seal_behind(
    db: Database, head: SessionHead, checked: GuardedCheck
) -> Iterator[Alteration]:
    """The next session of the unit begins with this one's seal."""
    seal = None if checked.stored is None else checked.stored.seal
    behind = rows(
        db, "SELECT previous_seal FROM seal WHERE session > ? ORDER BY session LIMIT 1",
        (head.number,),
    )  # fmt: skip
    if seal is not None and behind and behind[0][0] != seal.digest:
        what = "the next session of the unit was sealed behind another seal than this one"
        yield Alteration(session_id=head.session_id, where="the seal", what=what)


def _of_another_unit(path: Path, head: SessionHead) -> Iterator[Alteration]:
    if head.unit_id != path.stem:
        yield Alteration(
            session_id=head.session_id, where=path.name,
            what=f"it is a session of unit {head.unit_id}: the file was renamed or exchanged",
        )  # fmt: skip


def _of_schema(path: Path, found: SchemaDifference) -> Alteration:
    return Alteration(session_id="", where=f"{path.name}, {found.where}", what=found.what)


def _heads(db: Database, cells: CellCheck) -> tuple[list[SessionHead], list[Alteration]]:
    """The rows of sessions that can be read, and what is wrong with the others."""
    faults = list(cells.of_table("session"))
    broken = {fault.session for fault in faults}
    heads = [head for head in session_rows_of(db) if head.number not in broken]
    return heads, [altered_cell(f"number {fault.session}", fault) for fault in faults]


class _Tally:
    def __init__(self, known_keys: Mapping[str, bytes], key_history: KeyHistory) -> None:
        self.known_keys = known_keys
        self.key_history = key_history
        self._sessions = self._links = self._events = self._samples = 0
        self._signed = self._unsigned = self._open = self._removed = self._compared = 0
        self._key_ids: set[str] = set()
        self._codes: dict[str, str | None] = {}
        self._unread: set[str] = set()
        self._names: set[str] = set()
        self.alterations: list[Alteration] = []
        self.put_aside: list[PutAside] = []
        self.is_whole = True

    def take(self, head: SessionHead, checked: GuardedCheck, *, signed_before: bool) -> None:
        self.alterations += checked.alterations
        self._sessions += 1
        name = head.session_id.upper()
        if name in self._names:
            what = "it stands in another file, or once more in this one: a file was copied"
            self.alterations.append(
                Alteration(session_id=head.session_id, where="its file", what=what)
            )
        self._names.add(name)
        if checked.stored is None:
            self._unread.add(name)
            return
        stored = checked.stored
        self._codes[name] = _code(stored)
        self._links += len(stored.links)
        self._events += len(stored.events)
        self._samples += stored.sample_count
        self._removed += stored.removal is not None
        if stored.seal is None:
            self._open += 1
        elif stored.signature is not None:
            self._signed += 1
            self._key_ids.add(stored.signature.key_id)
        else:
            self._unsigned += 1
            if signed_before:
                self.alterations.append(
                    Alteration(
                        session_id=stored.head.session_id,
                        where="the signature",
                        what="the seal is not signed, though an earlier one of the unit is",
                        since_utc_ms=stored.head.started_utc_ms,
                    )
                )

    def compare(self, outside: Iterable[Checkpoint]) -> None:
        for checkpoint in outside:
            self._compared += 1
            self.alterations += self._against(checkpoint)

    def _against(self, outside: Checkpoint) -> Iterator[Alteration]:
        name = outside.name.upper()
        if name in self._unread:
            what = "a checkpoint was given out for it, but its rows cannot be read"
        elif name not in self._codes:
            what = "a checkpoint was given out for it, but it is not on file: cut off, or replaced"
        elif (code := self._codes[name]) is None:
            what = "a checkpoint was given out for it, but it has no signed seal: an older file"
        elif code != outside.code:
            what = "its seal, number, unit or key is not the one that the checkpoint was made for"
        else:
            return
        yield Alteration(session_id=outside.name, where="outside checkpoint", what=what)

    def result(self) -> Verification:
        return Verification(
            sessions=self._sessions,
            links=self._links,
            events=self._events,
            samples=self._samples,
            signed=self._signed,
            unsigned=self._unsigned,
            open=self._open,
            removed=self._removed,
            key_ids=tuple(sorted(self._key_ids)),
            keys_known=bool(self.known_keys),
            checkpoints=self._compared,
            put_aside=tuple(self.put_aside),
            is_whole=self.is_whole,
            alterations=tuple(self.alterations),
        )


def _code(stored: StoredSession) -> str | None:
    """The code of the checkpoint that the stored seal and key would get; None without them."""
    if stored.seal is None or stored.signature is None:
        return None
    head = stored.head
    subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
    try:
        return make_checkpoint(subject, stored.seal.digest, stored.signature.public_key).code
    except UNREADABLE:  # an id that is no text; check_session has said so
        return None


def _strays(db: Database, path: Path) -> list[Alteration]:
    """Rows that belong to no session, and what SQLite itself finds wrong with the file."""
    strays = Counter(str(table) for table, *_ in rows(db, "PRAGMA foreign_key_check"))
    found = [
        Alteration(session_id="", where=f"{path.name}, {table}", what=f"{count} rows of no session")
        for table, count in sorted(strays.items())
    ]
    (verdict,) = rows(db, "PRAGMA integrity_check(1)")[0]
    if verdict != "ok":
        found.append(Alteration(session_id="", where=path.name, what=f"SQLite finds: {verdict}"))
    return found


def _gaps(db: Database, heads: list[SessionHead], first_number: int) -> list[Alteration]:
    """Session numbers of a file begin where the file before it ended, and have no gap."""
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


def _signed_before(db: Database, session: int) -> bool:
    """True when the seal of an earlier session of the unit carries a signature."""
    if schema_version(db) < SIGNATURES_SINCE_SCHEMA:
        return False
    return bool(rows(db, "SELECT 1 FROM signature WHERE session < ? LIMIT 1", (session,)))

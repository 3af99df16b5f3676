"""The chain of clinic.db: entries that are only ever added, linked, signed and checkpointed.

Canonical bytes and links are those of the evidence: an entry is an event
(records/store/canonical.py) whose milliseconds of a session are 0, a link covers the entries of one
transaction and no samples (records/store/chain.py). The workstation's key signs each link, and each
gives a checkpoint, both over the statement of what the link belongs to: ``clinic.<file>.<entries>``
in ``clinic.db``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from controller.errors import JournalCorrupt, KeyUnavailable
from controller.events import JsonValue
from records.store.author import Author
from records.store.canonical import EventRow, canonical_json
from records.store.chain import NO_SEAL, LinkRange, Subject, compute_link, compute_statement
from records.store.checkpoint import Checkpoint, make_checkpoint
from records.store.clinic_file import has_chain
from records.store.database import Database, rows
from records.strict_json import parse_object

ENTRY_VERSION = 1
FILE_ID_LENGTH = 8
PLACE = "clinic.db"
CHECKPOINT_NAME = "clinic"
"""First part of the name of this file's checkpoints; a session's has its id there."""


class EntryKind(IntEnum):
    """Every kind of entry; numbers are stored and never reused."""

    FILE_BEGUN = 1
    RECORD_READ = 2
    RECORD_WRITTEN = 3
    NOTE_SIGNED = 4
    NOTE_AMENDED = 5
    PROPOSAL_ACCEPTED = 6
    VISIT_SAID = 7
    VISIT_STEP = 8
    VISIT_BEGUN = 9
    PAPER_SHEET = 10
    LEGAL_HOLD_SET = 20
    LEGAL_HOLD_LIFTED = 21
    SESSION_REMOVED = 22
    PUT_ASIDE_ACCEPTED = 23
    YEAR_FILE_OPENED = 24
    YEAR_FILE_CLOSED = 25
    YEAR_FILE_MOVED = 26
    KEYS_NOTED = 30
    REGISTER_BEGUN = 40
    SESSION_OPENED = 41
    SESSION_SEALED = 42
    COMMISSIONED = 50
    STOP_TESTED = 51
    STANDING_SAID = 60
    STANDING_USED = 61
    APPOINTMENTS_SAID = 62
    CODE_GIVEN = 70
    PIN_SET = 71
    SIGNED_IN = 72
    EMERGENCY_ACCESS = 73


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as readers get it. ``utc_ms`` is the time that its author gave.

    ``detail`` is the content of ``detail_json``: two entries are equal if everything stored is.
    """

    sequence: int
    utc_ms: int
    kind: EntryKind
    detail_json: str
    detail: Mapping[str, Any] = field(compare=False)


def append_entries(
    db: Database, author: Author, entries: Sequence[tuple[EntryKind, Mapping[str, JsonValue]]]
) -> Checkpoint:
    """Append ``entries`` with one signed link; the caller holds ``clinic_writing``.

    The file's first link also begins the file, which gets its name there. An entry of a person who
    is signed in names the account. A record of keys that is newer than the last one noted is noted.
    Raises KeyUnavailable for an author whose key was replaced meanwhile, JournalCorrupt for entries
    that no link covers.
    """
    number, first, previous = _tail(db)
    entries = [*_note_of_keys(db, author), *entries]
    if author.account:
        entries = [(kind, {**detail, "account": author.account}) for kind, detail in entries]
    if number == 0:
        entries = [(EntryKind.FILE_BEGUN, _beginning(author)), *entries]
    added = [
        EventRow(
            sequence=first + index,
            at_ms=0,
            utc_ms=author.at_utc_ms,
            kind=int(kind),
            version=ENTRY_VERSION,
            detail_json=canonical_json(detail),
        )
        for index, (kind, detail) in enumerate(entries)
    ]
    link = compute_link(previous, entry_range(first, len(added)), canonical(added), b"")
    for row in added:
        db.execute(
            "INSERT INTO entry (sequence, utc_ms, kind, version, detail) VALUES (?, ?, ?, ?, ?)",
            (row.sequence, row.utc_ms, row.kind, row.version, row.detail_json),
        )
    subject = link_subject(file_id(db), first + len(added))
    db.execute(
        "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?)",
        (
            number,
            first,
            len(added),
            link,
            author.key.key_id,
            author.key.sign(compute_statement(subject, link)),
        ),
    )
    return make_checkpoint(subject, link, author.key.public_key)


def entry_range(first: int, count: int) -> LinkRange:
    """Returns the range of a link that covers ``count`` entries from ``first`` on."""
    return LinkRange(first_event=first, event_count=count, first_sample=0, sample_count=0)


def canonical(entries: Sequence[EventRow]) -> bytes:
    """Returns the bytes from which a link is computed."""
    return b"".join(entry.canonical() for entry in entries)


def link_subject(file: str, entries: int) -> Subject:
    """Returns what a link belongs to: the file's name and how many entries it ends."""
    return Subject(name=f"{CHECKPOINT_NAME}.{file}.{entries}", place=PLACE, number=entries)


def entry_rows(db: Database) -> list[EventRow]:
    """Returns every entry as it is stored, in order."""
    stored = rows(db, "SELECT sequence, utc_ms, kind, version, detail FROM entry ORDER BY sequence")
    return [
        EventRow(sequence=a, at_ms=0, utc_ms=b, kind=c, version=d, detail_json=e)
        for a, b, c, d, e in stored
    ]


def entry_of(row: EventRow) -> Entry:
    """Returns an entry as readers get it; raises JournalCorrupt for one that cannot be read."""
    return _entry(row.sequence, row.utc_ms, row.kind, row.detail_json)


def entries_of_session(db: Database, session_id: str) -> list[Entry]:
    """Returns all entries about a session, in order."""
    return _entries(db, "WHERE session_id = ?", (session_id,))


def entries_of_kind(db: Database, *kinds: EntryKind) -> list[Entry]:
    """Returns every entry of these kinds, in order."""
    numbers = ", ".join(str(int(kind)) for kind in kinds)
    return _entries(db, f"WHERE kind IN ({numbers})", ())


def link_over(db: Database, sequence: int) -> tuple[int, bytes, str]:
    """Returns the link that covers an entry: its last entry, its digest, the id of its key."""
    found = rows(
        db,
        "SELECT first_entry + entry_count, digest, key_id FROM link WHERE first_entry <= ? "
        "ORDER BY first_entry DESC LIMIT 1",
        (sequence,),
    )
    if not found:
        raise JournalCorrupt(
            f"entry {sequence} of clinic.db has no link; `traction verify --all` says more"
        )
    entries, digest, key_id = found[0]
    return entries, digest, key_id


def newest_checkpoint(db: Database, public_keys: Mapping[str, bytes]) -> Checkpoint | None:
    """Returns the checkpoint of the chain's end.

    None without entries, or when its key is not known.
    """
    if not has_chain(db):
        return None
    found = rows(
        db,
        "SELECT first_entry + entry_count, digest, key_id FROM link ORDER BY number DESC LIMIT 1",
    )
    if not found or found[0][2] not in public_keys:
        return None
    entries, digest, key_id = found[0]
    return make_checkpoint(link_subject(file_id(db), entries), digest, public_keys[key_id])


def file_id(db: Database) -> str:
    """Returns the name that the file got with its first entry; empty before it."""
    if not has_chain(db):
        return ""
    found = rows(db, "SELECT detail FROM entry WHERE sequence = 0")
    return str(_detail(found[0][0], 0).get("file_id", "")) if found else ""


def noted_key_records(db: Database) -> tuple[int, str] | None:
    """Returns how many records of keys the chain saw last, and the newest one's digest.

    None: none yet.
    """
    if not has_chain(db):
        return None
    found = rows(
        db,
        "SELECT sequence, detail FROM entry WHERE session_id IS NULL AND kind = ? "
        "ORDER BY sequence DESC LIMIT 1",
        (int(EntryKind.KEYS_NOTED),),
    )
    return noted_keys(_detail(found[0][1], found[0][0])) if found else None


def noted_keys(detail: Mapping[str, Any]) -> tuple[int, str]:
    """Returns the content of an entry of kind KEYS_NOTED; raises JournalCorrupt."""
    try:
        return int(detail["records"]), str(detail["digest"])
    except (KeyError, TypeError, ValueError) as error:
        raise JournalCorrupt(
            "an entry of clinic.db about the record of keys cannot be read: the file was altered; "
            "`traction verify --all` says where"
        ) from error


def _note_of_keys(db: Database, author: Author) -> list[tuple[EntryKind, Mapping[str, JsonValue]]]:
    count, digest = author.key_records
    seen, _ = noted_key_records(db) or (0, "")
    if not count or count == seen:
        return []
    if count < seen:
        raise KeyUnavailable(
            f"key {author.key.key_id} was replaced or its record changed while this was prepared; "
            "nothing was written. Do it again"
        )
    return [(EntryKind.KEYS_NOTED, {"records": count, "digest": digest})]


def _beginning(author: Author) -> dict[str, JsonValue]:
    """Returns a name that no other file has: made of the key and the moment."""
    seed = author.key.public_key + author.at_utc_ms.to_bytes(8, "big", signed=True)
    return {"file_id": hashlib.sha256(seed).hexdigest()[:FILE_ID_LENGTH]}


def _tail(db: Database) -> tuple[int, int, bytes]:
    """Returns the number of the next link, the sequence of the next entry, and the last link.

    Raises JournalCorrupt for entries that no link covers: a new one would cover them.
    """
    last = rows(
        db,
        "SELECT number + 1, first_entry + entry_count, digest FROM link "
        "ORDER BY number DESC LIMIT 1",
    )
    number, first, digest = last[0] if last else (0, 0, NO_SEAL)
    ((newest,),) = rows(db, "SELECT max(sequence) FROM entry")
    if newest is not None and newest >= first:
        raise JournalCorrupt(
            f"entry {newest} of clinic.db comes after the last link, which ends with entry "
            f"{first - 1}: the file was altered, and nothing is added to it. "
            "`traction verify --all` says more"
        )
    return number, first, digest


def _entries(db: Database, where: str, parameters: Sequence[object]) -> list[Entry]:
    if not has_chain(db):
        return []
    stored = rows(
        db,
        f"SELECT sequence, utc_ms, kind, detail FROM entry {where} ORDER BY sequence",
        parameters,
    )
    return [_entry(*row) for row in stored]


def _entry(sequence: int, utc_ms: int, kind: int, detail_json: str) -> Entry:
    return Entry(
        sequence=sequence,
        utc_ms=utc_ms,
        kind=_kind(kind, sequence),
        detail_json=detail_json,
        detail=_detail(detail_json, sequence),
    )


def _kind(number: int, sequence: int) -> EntryKind:
    try:
        return EntryKind(number)
    except ValueError as error:
        raise JournalCorrupt(
            f"entry {sequence} of clinic.db is of the unknown kind {number}: the file was altered "
            "or is newer than this program; `traction verify --all` says which"
        ) from error


def _detail(text: str, sequence: int) -> dict[str, Any]:
    try:
        return parse_object(text)
    except ValueError as error:
        raise JournalCorrupt(
            f"entry {sequence} of clinic.db does not hold its JSON any more: the file was altered; "
            "`traction verify --all` says where"
        ) from error

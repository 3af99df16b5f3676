"""Stored results of this workstation's last full checks, so that a check may leave some out.

``DIR/verified.json`` has two lines: JSON with, by session id, the *mark* of the session when every
byte of it was checked and nothing was found, and when that was; then the signature of that line by
the workstation's key in use. A mark is SHA-256 over what can be read without events and samples:
the session's rows (own row, seal, signature, chain signatures, digest of its links, removal), sizes
and counts of the rest, the seal before it, and what its file says of its past. The results save
work in ``verify --all --since-last`` and at a start, and give lists a date; nothing else reads
them. The file is not evidence: deleting it makes the next check a full one.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from controller.errors import JournalError
from records.evidence.predecessor import file_start
from records.evidence.stored_session import session_rows_of
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.keys.key_folder import key_history
from records.keys.key_records import KeyHistory
from records.store.chain import compute_lines_digest
from records.store.database import Database, rows, schema_version
from records.store.ed25519 import SigningKey, verify_signature
from records.store.plain_files import open_plain, what_it_is
from records.store.private_files import write_private
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA

FORMAT: Final = "traction-verified/1"
LARGEST_BYTES: Final = 64 << 20
"""Half a million sessions; a file from elsewhere cannot fill the memory."""
_SIZES: Final = """
    (SELECT group_concat(
        first_sample || ' ' || sample_count || ' ' || sealed || ' ' || length(data))
        FROM sample_block WHERE sample_block.session = session.number),
    (SELECT count(*) FROM event WHERE event.session = session.number),
    (SELECT count(*) FROM link WHERE link.session = session.number),
    (SELECT count(*) FROM open_link WHERE open_link.session = session.number),
    (SELECT count(*) FROM open_batch WHERE open_batch.session = session.number),
    (SELECT event_count || ' ' || newest_utc_ms || ' ' || sample_count || ' ' || length(data)
        FROM packed_session WHERE packed_session.session = session.number),
    (SELECT group_concat(link_count || ' ' || hex(signature))
        FROM chain_signature WHERE chain_signature.session = session.number)"""
_STATES: Final = f"""
SELECT session.number, seal.digest, session.*, seal.*, signature.*, removal.*, packed_links.session,
    length(packed_links.ranges), packed_links.digest, {_SIZES}
FROM session JOIN seal ON seal.session = session.number
    JOIN signature ON signature.session = session.number
    LEFT JOIN removal ON removal.session = session.number
    LEFT JOIN packed_links ON packed_links.session = session.number
ORDER BY session.number"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWhole:
    """A session at its last full check. ``mark`` is 64 hex digits."""

    mark: str
    at_utc_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The stored results. ``fault`` says why there are none; ``keys`` is that of ``keys_mark``."""

    keys: str = ""
    sessions: Mapping[str, LastWhole] = field(default_factory=dict)
    fault: str = ""


class Recall:
    """What one check of every session leaves out, and what it finds intact.

    ``memory`` is None for a check that reads everything.
    """

    def __init__(self, memory: Memory | None) -> None:
        self._memory = memory or Memory()
        self.left_out: dict[str, LastWhole] = {}
        self.found_whole: dict[str, str] = {}

    def leave_out(self, session_id: str, mark: str) -> LastWhole | None:
        """Leave out a session that is unchanged since its last full check; None: read it."""
        last = self._memory.sessions.get(session_id)
        if last is None or last.mark != mark:
            return None
        self.left_out[session_id] = last
        return last

    def to_remember(self, altered: set[str], at_utc_ms: int) -> dict[str, LastWhole]:
        """Returns the results of a check that ends now: no session that a finding names."""
        now = {
            session_id: LastWhole(mark=mark, at_utc_ms=at_utc_ms)
            for session_id, mark in self.found_whole.items()
        }
        kept = {**self.left_out, **now}
        return {session_id: last for session_id, last in kept.items() if session_id not in altered}


def marks_of(db: Database, path: Path) -> dict[int, str]:
    """Returns the mark of each sealed and signed session of a file, by number.

    A file of an older schema has none: its content is read at every check.
    """
    if schema_version(db) != UNIT_SCHEMA.version:
        return {}
    past = [rows(db, f"SELECT * FROM {table}") for table in ("migration", "predecessor")]
    marks, start = dict[int, str](), file_start(db)
    for number, seal, *state in rows(db, _STATES):
        # ascii() of these values is one text for each: numbers, texts, bytes and None.
        said = ascii((path.name, past, start, state)).encode()
        marks[number] = hashlib.sha256(said).hexdigest()
        start = seal
    return marks


def marks_of_folder(folder: RecordFolder) -> dict[str, str]:
    """Returns the marks of every readable file, by session id, for a list.

    The list reports which file cannot be read; it contains none of its sessions.
    """
    marks = dict[str, str]()
    for path in folder.readable_databases():
        with suppress(JournalError):
            marks |= _marks_by_session(path)
    return marks


def _marks_by_session(path: Path) -> dict[str, str]:
    with refused_in_words(str(path)), reading(path) as db:
        by_number = marks_of(db, path)
        names = {head.number: head.session_id for head in session_rows_of(db)}
    return {names[number]: mark for number, mark in by_number.items()}


def keys_mark(history: KeyHistory) -> str:
    """Returns the mark of the folder's newest record of keys.

    A check with other keys is another check.
    """
    count, digest = history.head
    return f"{count} {digest}"


def read_memory(folder: RecordFolder) -> Memory:
    """Returns what is stored and signed by the key in use.

    With its fault, empty, where it is not.
    """
    path = folder.last_check
    try:
        with open_plain(path) as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return Memory(fault="no check of every session is remembered here")
    except OSError as error:
        return Memory(fault=f"{path} cannot be read ({error.strerror})")
    history = key_history(folder)
    key = history.public_keys.get(history.in_use)
    line, _, rest = data.partition(b"\n")
    if history.fault or key is None or not _signed(key, line, rest):
        return Memory(fault=f"{path} is not signed by the workstation's key in use")
    return _parsed(json.loads(line))


def current_memory(folder: RecordFolder) -> Memory:
    """Returns the same, and nothing where keys were added, removed or revoked since that check."""
    memory = read_memory(folder)
    if not memory.fault and memory.keys != keys_mark(key_history(folder)):
        return Memory(fault="the record of keys has grown since the last check")
    return memory


def write_memory(folder: RecordFolder, key: SigningKey, sessions: Mapping[str, LastWhole]) -> None:
    """Store it, signed; raises OSError."""
    said = {
        "format": FORMAT,
        "keys": keys_mark(key_history(folder)),
        "sessions": {name: [one.mark, one.at_utc_ms] for name, one in sessions.items()},
    }
    line = json.dumps(said, sort_keys=True, separators=(",", ":"))
    signature = key.sign(_statement(line.encode()))
    if kind := what_it_is(folder.last_check):
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(folder.last_check))
    write_private(folder.last_check, f"{line}\n{signature.hex()}\n".encode())


def _signed(public_key: bytes, line: bytes, rest: bytes) -> bool:
    try:
        signature = bytes.fromhex(rest.decode("ascii"))
    except ValueError:
        return False
    return verify_signature(public_key, _statement(line), signature)


def _statement(line: bytes) -> bytes:
    return compute_lines_digest(FORMAT, hashlib.sha256(line).hexdigest())


def _parsed(said: dict[str, Any]) -> Memory:
    """Returns what the workstation wrote itself."""
    return Memory(
        keys=said["keys"],
        sessions={
            name: LastWhole(mark=mark, at_utc_ms=at_utc_ms)
            for name, (mark, at_utc_ms) in said["sessions"].items()
        },
    )

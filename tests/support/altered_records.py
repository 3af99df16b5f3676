"""Records to be altered, and the ways in which somebody might: for the campaign and its short form.

One unit with three sealed sessions, a copy of its file as it was after two, the checkpoints of all
three as they left the machine, and a bundle of each.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from controller.events import EventKind, Outcome, Sample, SampleFlag, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence.bundle import BundleDocuments, write_bundle
from records.evidence.integrity import issued_checkpoints, verify
from records.evidence.journal import SessionOpening, open_session
from records.evidence.packed_links import compute_links_digest
from records.evidence.packed_session import pack_session, unpack_session
from records.evidence.reader import read_stored
from records.evidence.session_keys import SessionKeys, certify, derive_session_keys
from records.evidence.session_rows import canonical
from records.evidence.stored_session import computed_links, load_stored, session_rows_of
from records.keys.signing import NoKeyStore, SigningKey, load_or_create_key
from records.store.blocks import unpack_block
from records.store.canonical import canonical_json
from records.store.chain import (
    Subject,
    compute_seal_digest,
    compute_session_digest,
    compute_statement,
)
from records.store.checkpoint import Checkpoint, make_checkpoint, parse_checkpoint
from records.store.database import Database
from records.store.record_folder import RecordFolder
from tests.support.altering import altering

UNIT = "00000000000000aa"
KEY = SigningKey(bytes(range(32)))
FOREIGN_KEY = SigningKey(bytes(range(1, 33)))
SESSIONS = ("s-1", "s-2", "s-3")
ORDER = 'patient_reference = "X"\n'
TABLES = (
    "session",
    "event",
    "packed_session",
    "seal",
    "signature",
    "packed_links",
    "chain_signature",
)


@dataclass(frozen=True)
class Ground:
    """What is altered; every alteration works on a copy."""

    folder: Path
    checkpoints: tuple[Checkpoint, ...]
    bundles: dict[str, bytes]

    @property
    def newest(self) -> Path:
        return self.folder / "newest"

    @property
    def older(self) -> Path:
        """The unit's file as it was after two sessions."""
        return self.folder / "older.db"


class Impossible(Exception):
    """This alteration cannot be made here or changes nothing; another one is drawn."""


def prepare(base: Path) -> Ground:
    """Make three sealed sessions of different length in ``base``/newest."""
    folder = RecordFolder(base / "newest")
    load_or_create_key(folder, store=NoKeyStore(), new_seed=lambda: KEY.seed)
    for number, session_id in enumerate(SESSIONS):
        if number == 2:
            shutil.copy(folder.unit_database(UNIT), base / "older.db")
        _session(folder, session_id, ticks=20 + 10 * number)
    checkpoints = tuple(parse_checkpoint(one.text) for one in issued_checkpoints(folder))
    bundles = {
        session_id: write_bundle(
            read_stored(folder, session_id),
            BundleDocuments(order_text=ORDER, note_text="note\n", charge_csv="a,b\r\n1,2\r\n"),
            KEY,
        )
        for session_id in SESSIONS
    }
    return Ground(base, checkpoints, bundles)


def _session(folder: RecordFolder, session_id: str, ticks: int) -> None:
    clock = VirtualClock()
    opening = SessionOpening(
        session_id=session_id,
        unit_id=UNIT,
        utc_offset_min=60,
        detail={"order_digest": hashlib.sha256(ORDER.encode()).hexdigest()},
    )
    journal = open_session(folder, opening, clock, key=KEY, reserved_bytes=1 << 14)
    noise = random.Random(session_id)
    for tick in range(ticks):
        clock.sleep_until(clock.now_s() + 0.05)
        force_dn = 1000 + round(noise.gauss(0, 3))
        journal.append_sample(
            Sample(
                taken_at_ms=50 * tick,
                target_dn=1000,
                force_1_dn=force_dn,
                force_2_dn=force_dn + tick % 3,
                phase=6,
                flags=SampleFlag.NONE,
            )
        )
        if tick % 5 == 0:
            detail = {"action": f"tick {tick} {noise.random()}"}
            journal.append_event(
                SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=50 * tick, detail=detail)
            )
    ended = {"outcome": Outcome.STOPPED, "reason": "test"}
    journal.append_event(SessionEvent(kind=EventKind.SESSION_ENDED, at_ms=50 * ticks, detail=ended))
    journal.close()


# --- one alteration ---------------------------------------------------------------------------


def found_in_a_copy(ground: Ground, kind: str, source: random.Random, place: RecordFolder) -> bool:
    """Alter a copy at ``place``, verify it with everything that left the machine, and delete it."""
    shutil.rmtree(place.path, ignore_errors=True)
    shutil.copytree(ground.newest, place.path)
    ALTERATIONS[kind](ground, place, source)
    return bool(verify(place, checkpoints=ground.checkpoints).alterations)


def draw(ground: Ground, source: random.Random, place: RecordFolder) -> tuple[str, bool]:
    """A random alteration of the database; returns its kind and whether it was found."""
    while True:
        kind = source.choice(list(ALTERATIONS))
        try:
            return kind, found_in_a_copy(ground, kind, source, place)
        except (Impossible, sqlite3.IntegrityError):
            continue


def _editing(place: RecordFolder) -> AbstractContextManager[sqlite3.Connection]:
    """Open the copy's database with its triggers and foreign keys switched off."""
    return altering(place.unit_database(UNIT))


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def _row_ids(db: sqlite3.Connection, table: str) -> list[int]:
    return [row[0] for row in db.execute(f"SELECT rowid FROM {table}")]


def edit(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Give one column of one row of any table another value."""
    with _editing(place) as db:
        table = source.choice(TABLES)
        column = source.choice(_columns(db, table))
        row = source.choice(_row_ids(db, table))
        (value,) = db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
        if (table, column) == ("packed_session", "data"):
            other: object = _other_content(db, row, source)
        else:
            other = _other(value, source)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (other, row))


def _other(value: object, source: random.Random) -> object:
    if isinstance(value, int):
        return value + source.choice((-1000, -2, -1, 1, 2, 1000, 2**40))
    if isinstance(value, bytes):
        spoiled = bytearray(value)
        spoiled[source.randrange(len(spoiled))] ^= source.randrange(1, 256)
        return bytes(spoiled)
    text = str(value)
    at = source.randrange(len(text))
    return text[:at] + source.choice([c for c in '0aZ{"' if c != text[at]]) + text[at + 1 :]


def _other_content(db: sqlite3.Connection, session: int, source: random.Random) -> bytes:
    """Other samples or events in a valid packed form.

    Some bits of that form have no meaning, so they are not altered singly.
    """
    wanted = "SELECT data, event_count, sample_count FROM packed_session WHERE session = ?"
    packed = unpack_session(*db.execute(wanted, (session,)).fetchone())
    samples, events = bytearray(unpack_block(packed.block)), packed.events
    if source.random() < 0.5:
        samples[source.randrange(len(samples))] ^= source.randrange(1, 256)
    else:
        at = source.randrange(len(events))
        events[at] = events[at]._replace(at_ms=events[at].at_ms + source.randrange(1, 9))
    return pack_session(events, bytes(samples))


def delete(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Delete one row."""
    with _editing(place) as db:
        table = source.choice(TABLES)
        row = source.choice(_row_ids(db, table))
        db.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))


def insert(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Insert a copy of a row under a key of its own."""
    with _editing(place) as db:
        table = source.choice(TABLES)
        row = source.choice(_row_ids(db, table))
        values = list(db.execute(f"SELECT * FROM {table} WHERE rowid = ?", (row,)).fetchone())
        key = 1 if table in ("event", "chain_signature") else 0
        values[key] += source.randrange(1, 50)
        if table == "session":
            values[1] = f"s-{source.randrange(10, 99)}"
        db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)


def reorder(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Exchange two rows of a table, except for their keys."""
    with _editing(place) as db:
        table, keys = source.choice(
            (
                ("event", 2),
                ("packed_links", 1),
                ("packed_session", 1),
                ("chain_signature", 1),
                ("seal", 1),
                ("signature", 1),
            )
        )
        columns = _columns(db, table)[keys:]
        first, second = source.sample(_row_ids(db, table), 2)
        wanted = f"SELECT {', '.join(columns)} FROM {table} WHERE rowid = ?"
        one, two = (db.execute(wanted, (row,)).fetchone() for row in (first, second))
        if one == two:
            raise Impossible
        assign = ", ".join(f"{column} = ?" for column in columns)
        for row, values in ((first, two), (second, one)):
            db.execute(f"UPDATE {table} SET {assign} WHERE rowid = ?", (*values, row))


def swap_sessions(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Exchange two sessions, in every table."""
    first, second = source.sample((1, 2, 3), 2)
    with _editing(place) as db:
        for table in TABLES:
            key = "number" if table == "session" else "session"
            for old, new in ((first, -1), (second, first), (-1, second)):
                db.execute(f"UPDATE {table} SET {key} = ? WHERE {key} = ?", (new, old))


def cut_tail(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Remove the newest one or two sessions."""
    first_gone = source.choice((2, 3))
    with _editing(place) as db:
        for table in reversed(TABLES):
            key = "number" if table == "session" else "session"
            db.execute(f"DELETE FROM {table} WHERE {key} >= ?", (first_gone,))


def older_file(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Restore the file as it was before the newest session."""
    shutil.copy(ground.older, place.unit_database(UNIT))


def no_file(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Delete the unit's file."""
    place.unit_database(UNIT).unlink()


def rewrite_unsigned(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Alter an event and recompute the whole chain, without having the key."""
    _rewrite(place, source, None)


def rewrite_foreign_key(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Do the same and sign with the attacker's own key."""
    _rewrite(place, source, FOREIGN_KEY)


def rewrite_by_key_holder(ground: Ground, place: RecordFolder, source: random.Random) -> None:
    """Do the same with the real key: only the checkpoints kept outside the machine show it."""
    _rewrite(place, source, KEY)


def _rewrite(place: RecordFolder, source: random.Random, key: SigningKey | None) -> None:
    rewrite_file(place.unit_database(UNIT), key, start=bytes(32), source=source)


def rewrite_file(
    path: Path, key: SigningKey | None, *, start: bytes, source: random.Random | None
) -> None:
    """Recompute every session of a file after ``start`` and sign it with ``key``.

    With ``source`` the time of one event is changed.
    """
    with altering(path) as db:
        numbers = [number for (number,) in db.execute("SELECT number FROM session ORDER BY number")]
        if source is not None:
            altered = source.choice(numbers)
            (count,) = db.execute(
                "SELECT event_count FROM packed_session WHERE session = ?", (altered,)
            ).fetchone()
            db.execute(
                "UPDATE packed_session SET data = edited(data, ?, 'at_ms', ?) WHERE session = ?",
                (source.randrange(1, count + 1), source.randrange(3000, 4000), altered),
            )
        previous = start
        for number in numbers:
            previous = _seal_again(db, number, previous, key)


def _seal_again(
    db: sqlite3.Connection, session: int, previous: bytes, key: SigningKey | None
) -> bytes:
    """Recompute everything that needs no key, and with ``key`` the rest too."""
    reading = Database(db)
    head = next(head for head in session_rows_of(reading) if head.number == session)
    subject = Subject(name=head.session_id, place=UNIT, number=session)
    keys = derive_session_keys(key or FOREIGN_KEY, subject)
    if key is not None:
        _certify_again(db, session, key, keys, previous)
    stored = load_stored(reading, head)
    assert stored.packed is not None
    links = computed_links(previous, stored.packed.ranges, stored.events, stored.samples)
    last = links[-1]
    db.execute(
        "UPDATE packed_links SET digest = ? WHERE session = ?",
        (compute_links_digest(links.digests), session),
    )
    digest = compute_session_digest(canonical(stored.events), stored.samples)
    counts = (last.covered.next_event, last.covered.next_sample, len(links))
    seal = compute_seal_digest(last.digest, digest, counts, previous)
    db.execute(
        "UPDATE seal SET last_link = ?, session_digest = ?, previous_seal = ?, digest = ? "
        "WHERE session = ?",
        (last.digest, digest, previous, seal, session),
    )
    if key is not None:
        db.execute(
            "UPDATE signature SET key_id = ?, public_key = ?, signature = ?, checkpoint = ? "
            "WHERE session = ?",
            (
                key.key_id,
                key.public_key,
                key.sign(compute_statement(subject, seal)),
                make_checkpoint(subject, seal, key.public_key).text,
                session,
            ),
        )
        for signed in stored.chain_signatures:
            link = links[signed.link_count - 1].digest
            db.execute(
                "UPDATE chain_signature SET signature = ? WHERE session = ? AND link_count = ?",
                (keys.sign_chain(signed.link_count, link), session, signed.link_count),
            )
    return seal


def _certify_again(
    db: sqlite3.Connection, session: int, key: SigningKey, keys: SessionKeys, start: bytes
) -> None:
    """Make the opening name this key and a session key that it certified."""
    (text,) = db.execute(
        "SELECT detail FROM event WHERE session = ? AND sequence = 0", (session,)
    ).fetchone()
    opening = json.loads(text) | {
        "signing_key": key.key_id,
        "session_key": {
            "public_key": keys.signing.public_key.hex(),
            "certificate": certify(key, keys, start).hex(),
        },
    }
    db.execute(
        "UPDATE event SET detail = ? WHERE session = ? AND sequence = 0",
        (canonical_json(opening), session),
    )


ALTERATIONS: dict[str, Callable[[Ground, RecordFolder, random.Random], None]] = {
    function.__name__: function
    for function in (
        edit,
        delete,
        insert,
        reorder,
        swap_sessions,
        cut_tail,
        older_file,
        no_file,
        rewrite_unsigned,
        rewrite_foreign_key,
        rewrite_by_key_holder,
    )
}

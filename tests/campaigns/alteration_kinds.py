"""Kinds of alteration, as data: what somebody does to a data folder, and with which keys.

The base is a unit with three sealed sessions and an interrupted one, and clinic.db with their
orders; each kind is applied to a copy of it.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from controller.events import EventKind, JsonValue, SessionEvent
from controller.runtime.clock import VirtualClock
from records.clinic.session_register import note_seals
from records.evidence.journal import (
    SessionOpening,
    left_open_sessions,
    open_session,
    reopen_session,
)
from records.evidence.packed_links import pack_ranges, unpack_ranges
from records.evidence.packed_session import pack_session, unpack_session
from records.evidence.spill import spill_path
from records.keys.key_folder import key_history
from records.keys.signing import SigningKey, public_pem
from records.store.blocks import unpack_block
from records.store.chain import LinkRange
from records.store.record_folder import RecordFolder
from tests.support.altered_records import (
    FOREIGN_KEY,
    KEY,
    Ground,
    rewrite_by_key_holder,
    rewrite_foreign_key,
    rewrite_unsigned,
)
from tests.support.altering import altering, altering_loosely
from tests.support.notes import UNIT, author, recorded

NOTHING, KEY_IN_HAND = "no key", "the workstation's key"
SEALED, LEFT_OPEN, CLINIC, SCHEMA, FILES, KEYS = (
    "sealed session",
    "interrupted session",
    "clinic.db",
    "schema",
    "files",
    "keys",
)
GROUND = Ground(Path(), (), {})
"""The rewrites of ``altered_records`` need nothing of theirs."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to alter a record. ``expected`` is who finds it: see ``Finder``."""

    name: str
    of: str
    apply: Callable[[RecordFolder], None]
    expected: str = "itself"
    in_hand: str = NOTHING


def prepare(folder: Path) -> RecordFolder:
    """Make the base; the three seals are noted in clinic.db."""
    data = RecordFolder(folder / "ground")
    for number, texts in ((1, ()), (2, ("pulled a little",)), (3, ())):
        happened: list[tuple[int, EventKind, dict[str, JsonValue]]] = [
            (3_000 + at, EventKind.REMARK_RECORDED, {"by": "P. Jones", "text": text})
            for at, text in enumerate(texts)
        ]
        recorded(data, f"s-{number}", reference=f"TEST-{number}", happened=happened)
        if number == 2:
            shutil.copytree(data.path, folder / "older")
    note_seals(data, replace(author(data), key_records=key_history(data).head))
    recorded(data, "s-4", reference="TEST-4", closed=False)
    return data


def sql(*statements: str, which: str = "unit") -> Callable[[RecordFolder], None]:
    """Run statements as somebody with a database tool, with the triggers off for that time."""

    def apply(data: RecordFolder) -> None:
        with altering(_path(data, which)) as db:
            for statement in statements:
                db.execute(statement)

    return apply


def _content(assignments: str) -> Callable[[RecordFolder], None]:
    """Change the packed content of session 1."""
    return sql(f"UPDATE packed_session SET {assignments} WHERE session = 1")


def _another_sample(data: RecordFolder) -> None:
    """Another sample in a valid packed form, because some bits of that form have no meaning."""
    with altering(_path(data, "unit")) as db:
        wanted = "SELECT data, event_count, sample_count FROM packed_session WHERE session = 1"
        packed = unpack_session(*db.execute(wanted).fetchone())
        samples = bytearray(unpack_block(packed.block))
        samples[-1] ^= 1
        content = pack_session(packed.events, bytes(samples))
        db.execute("UPDATE packed_session SET data = ? WHERE session = 1", (content,))


def _other_ranges(data: RecordFolder) -> None:
    """Other ranges in a valid packed form: the first link covers everything, the others nothing."""
    with altering(_path(data, "unit")) as db:
        wanted = "SELECT ranges FROM packed_links WHERE session = 1"
        ranges = unpack_ranges(db.execute(wanted).fetchone()[0])
        last = ranges[-1]
        events, samples = last.next_event, last.next_sample
        covered = [LinkRange(0, events, 0, samples)]
        covered += [LinkRange(events, 0, samples, 0)] * (len(ranges) - 1)
        db.execute("UPDATE packed_links SET ranges = ? WHERE session = 1", (pack_ranges(covered),))


def loosely(statement: str, which: str = "unit") -> Callable[[RecordFolder], None]:
    """Store a value of a type that the column refuses."""

    def apply(data: RecordFolder) -> None:
        with altering_loosely(_path(data, which)) as db:
            db.execute(statement)

    return apply


def script(statements: str, which: str = "unit") -> Callable[[RecordFolder], None]:
    """Run statements that change the schema itself."""

    def apply(data: RecordFolder) -> None:
        db = sqlite3.connect(_path(data, which))
        db.executescript(statements)
        db.close()

    return apply


def side_file(at: int, value: int) -> Callable[[RecordFolder], None]:
    """Change a byte in the side file."""

    def apply(data: RecordFolder) -> None:
        path = spill_path(data.unit_database(UNIT))
        content = bytearray(path.read_bytes())
        content[at] ^= value
        path.write_bytes(content)

    return apply


def rewritten(
    how: Callable[[Ground, RecordFolder, random.Random], None],
) -> Callable[[RecordFolder], None]:
    """Alter a sealed event and recompute everything."""

    def apply(data: RecordFolder) -> None:
        _close(data)
        how(GROUND, data, random.Random(7))

    return apply


def closed(change: Callable[[RecordFolder], None]) -> Callable[[RecordFolder], None]:
    """Make the change after the next start has closed the interrupted session."""

    def apply(data: RecordFolder) -> None:
        _close(data)
        change(data)

    return apply


def planted(key: SigningKey, *, sealed: bool) -> Callable[[RecordFolder], None]:
    """Plant a session that was not treated here, made by this very program in another folder."""

    def apply(data: RecordFolder) -> None:
        _close(data)
        opening = SessionOpening(session_id="s-9", unit_id=UNIT, utc_offset_min=0, detail={})
        elsewhere = data.path / "elsewhere"
        shutil.copytree(data.path / "units", elsewhere / "units")
        journal = open_session(RecordFolder(elsewhere), opening, VirtualClock(), key=key)
        journal.append_event(
            SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=5, detail={"action": "x"})
        )
        if sealed:
            journal.close()
        else:
            journal.sync()
            journal.abandon()
        shutil.copytree(elsewhere / "units", data.path / "units", dirs_exist_ok=True)
        shutil.rmtree(elsewhere)

    return apply


def _close(data: RecordFolder) -> None:
    for left in left_open_sessions(data, UNIT, VirtualClock(), key=KEY):
        reopen_session(data, left, VirtualClock(), key=KEY).close()


def _path(data: RecordFolder, which: str) -> Path:
    return data.unit_database(UNIT) if which == "unit" else data.clinic_database


def _gone(number: int) -> list[str]:
    tables = (
        "event",
        "packed_session",
        "packed_links",
        "chain_signature",
        "signature",
        "seal",
        "open_batch",
    )
    return [
        *(f"DELETE FROM {table} WHERE session = {number}" for table in tables),
        f"DELETE FROM session WHERE number = {number}",
    ]


def _rename_unit(data: RecordFolder) -> None:
    path = data.unit_database(UNIT)
    path.rename(path.with_name("00000000000000bb.db"))


def _copy_unit(data: RecordFolder) -> None:
    path = data.unit_database(UNIT)
    shutil.copy(path, path.with_name("00000000000000bb.db"))


def _older_unit(data: RecordFolder) -> None:
    shutil.copy(
        RecordFolder(data.path.parent / "older").unit_database(UNIT), data.unit_database(UNIT)
    )


def _older_clinic(data: RecordFolder) -> None:
    shutil.copy(RecordFolder(data.path.parent / "older").clinic_database, data.clinic_database)


def _older_everything(data: RecordFolder) -> None:
    shutil.rmtree(data.path)
    shutil.copytree(data.path.parent / "older", data.path)


def _damaged_page(data: RecordFolder) -> None:
    path = data.unit_database(UNIT)
    content = bytearray(path.read_bytes())
    content[8192:8292] = b"\xff" * 100
    path.write_bytes(content)


def _foreign_public_key(data: RecordFolder) -> None:
    rewritten(rewrite_foreign_key)(data)
    (data.path / "keys" / f"{FOREIGN_KEY.key_id}.pub").write_bytes(
        public_pem(FOREIGN_KEY.public_key)
    )


def _no_key_records(data: RecordFolder) -> None:
    data.key_records.unlink()


END = "WHERE session = 1 AND sequence > 0"
OF_4 = "WHERE session = 4"

KINDS: tuple[Kind, ...] = (
    # --- a sealed session
    Kind("an event's time", SEALED, _content("data = edited(data, 2, 'at_ms', 1)")),
    Kind("an event's wall clock", SEALED, _content("data = edited(data, 2, 'utc_ms', 1)")),
    Kind("an event's kind", SEALED, _content("data = edited(data, 2, 'kind', 13)")),
    Kind("an event's text", SEALED, _content("data = edited(data, 2, 'detail', '{}')")),
    Kind(
        "an event removed",
        SEALED,
        _content("data = without(data, 2), event_count = event_count - 1"),
    ),
    Kind(
        "an event that is no row of its own taken out", SEALED, _content("data = without(data, 2)")
    ),
    Kind("the count of packed events", SEALED, _content("event_count = event_count + 1")),
    Kind("the newest time of packed events", SEALED, _content("newest_utc_ms = 1")),
    Kind(
        "a byte of the packed events",
        SEALED,
        _content("data = CAST(substr(data, 1, 13) || X'FF' || substr(data, 15) AS BLOB)"),
    ),
    Kind(
        "what is packed exchanged between two sessions",
        SEALED,
        sql(
            "UPDATE packed_session SET session = 9 WHERE session = 1",
            "UPDATE packed_session SET session = 1 WHERE session = 2",
            "UPDATE packed_session SET session = 2 WHERE session = 9",
        ),
    ),
    Kind(
        "an event beside the packed ones",
        SEALED,
        sql("INSERT INTO event VALUES (1, 2, 1, 1, 12, 1, '{}')"),
    ),
    Kind("the end's time", SEALED, sql(f"UPDATE event SET at_ms = at_ms + 1 {END}")),
    Kind(
        "a commit beside what is packed",
        SEALED,
        sql("INSERT INTO open_batch VALUES (1, 0, 1, zeroblob(13), zeroblob(8), zeroblob(16))"),
    ),
    Kind(
        "samples beside the packed ones",
        SEALED,
        sql("INSERT INTO sample_block VALUES (1, 0, 1, 0, zeroblob(13))"),
    ),
    Kind(
        "the last event removed",
        SEALED,
        sql(
            "DELETE FROM event WHERE session = 1 AND sequence = (SELECT max(sequence) FROM event "
            "WHERE session = 1)"
        ),
    ),
    Kind("an event added", SEALED, sql("INSERT INTO event VALUES (1, 6, 1, 1, 12, 1, '{}')")),
    Kind(
        "two events exchanged",
        SEALED,
        sql(
            "UPDATE event SET sequence = 99 WHERE session = 1 AND sequence = 0",
            f"UPDATE event SET sequence = 0 {END} AND sequence < 99",
            "UPDATE event SET sequence = 98 WHERE session = 1 AND sequence = 99",
        ),
    ),
    Kind(
        "what is packed is that of another session",
        SEALED,
        _content(
            "(data, event_count, sample_count, newest_utc_ms) = (SELECT data, event_count, "
            "sample_count, newest_utc_ms FROM packed_session WHERE session = 2)"
        ),
    ),
    Kind("what is packed removed", SEALED, sql("DELETE FROM packed_session WHERE session = 1")),
    Kind("a packed sample", SEALED, _another_sample),
    Kind("a block cut", SEALED, _content("data = substr(data, 1, length(data) - 3)")),
    Kind("the count of packed samples", SEALED, _content("sample_count = sample_count - 1")),
    Kind(
        "the digest of the links",
        SEALED,
        sql("UPDATE packed_links SET digest = zeroblob(32) WHERE session = 1"),
    ),
    Kind(
        "what the links cover",
        SEALED,
        sql("UPDATE packed_links SET ranges = zeroblob(20) WHERE session = 1"),
    ),
    Kind("what the links cover, soundly packed", SEALED, _other_ranges),
    Kind("the links removed", SEALED, sql("DELETE FROM packed_links WHERE session = 1")),
    Kind(
        "a link beside the packed ones",
        SEALED,
        sql("INSERT INTO open_link VALUES (1, 99, 1, 0, zeroblob(32), zeroblob(16))"),
    ),
    Kind(
        "a chain signature",
        SEALED,
        sql("UPDATE chain_signature SET signature = zeroblob(64) WHERE session = 1"),
    ),
    Kind(
        "the chain signatures removed", SEALED, sql("DELETE FROM chain_signature WHERE session = 1")
    ),
    Kind(
        "the place of a chain signature",
        SEALED,
        sql(
            "UPDATE chain_signature SET link_count = link_count - 1 WHERE session = 1 AND "
            "link_count = (SELECT max(link_count) FROM chain_signature WHERE session = 1)"
        ),
    ),
    Kind(
        "a chain signature more",
        SEALED,
        sql("INSERT INTO chain_signature VALUES (1, 99, zeroblob(64))"),
    ),
    Kind(
        "packed content of no session",
        SEALED,
        sql(
            "INSERT INTO packed_session SELECT 9, event_count, newest_utc_ms, sample_count, data "
            "FROM packed_session WHERE session = 1"
        ),
    ),
    Kind(
        "packed links of no session",
        SEALED,
        sql(
            "INSERT INTO packed_links SELECT 9, ranges, digest FROM packed_links WHERE session = 1"
        ),
    ),
    Kind("the seal", SEALED, sql("UPDATE seal SET digest = zeroblob(32) WHERE session = 1")),
    Kind(
        "the seal's counts",
        SEALED,
        sql("UPDATE seal SET event_count = event_count + 1 WHERE session = 1"),
    ),
    Kind(
        "the seal stripped, not the newest",
        SEALED,
        sql("DELETE FROM signature WHERE session = 1", "DELETE FROM seal WHERE session = 1"),
    ),
    Kind(
        "the newest seal stripped",
        SEALED,
        closed(
            sql("DELETE FROM signature WHERE session = 4", "DELETE FROM seal WHERE session = 4")
        ),
    ),
    Kind(
        "the signature",
        SEALED,
        sql("UPDATE signature SET signature = zeroblob(64) WHERE session = 1"),
    ),
    Kind("the signature removed", SEALED, sql("DELETE FROM signature WHERE session = 1")),
    Kind(
        "the stored checkpoint",
        SEALED,
        sql(
            "UPDATE signature SET checkpoint = replace(checkpoint, 'TC1', 'TC2') WHERE session = 1"
        ),
    ),
    Kind(
        "the session's name", SEALED, sql("UPDATE session SET session_id = 's-7' WHERE number = 1")
    ),
    Kind(
        "the session's unit",
        SEALED,
        sql("UPDATE session SET unit_id = '00000000000000bb' WHERE number = 1"),
    ),
    Kind(
        "the session's beginning",
        SEALED,
        sql("UPDATE session SET started_utc_ms = started_utc_ms + 1 WHERE number = 1"),
    ),
    Kind("a session between two others removed", SEALED, closed(sql(*_gone(2)))),
    Kind("the newest session removed, its seal noted", SEALED, closed(sql(*_gone(4), *_gone(3)))),
    Kind("everything computed again", SEALED, rewritten(rewrite_unsigned)),
    Kind("everything signed with another key", SEALED, rewritten(rewrite_foreign_key)),
    Kind("the same, and its public key put into the folder", SEALED, _foreign_public_key),
    Kind(
        "everything signed again",
        SEALED,
        rewritten(rewrite_by_key_holder),
        expected="itself",
        in_hand=KEY_IN_HAND,
    ),
    Kind("a sealed session invented, with another key", SEALED, planted(FOREIGN_KEY, sealed=True)),
    Kind(
        "a sealed session invented",
        SEALED,
        planted(KEY, sealed=True),
        expected="nobody",
        in_hand=KEY_IN_HAND,
    ),
    Kind(
        "a removal invented",
        SEALED,
        sql(
            "INSERT INTO removal VALUES (1, 0, 'x', 'y', zeroblob(32), zeroblob(64))",
            "DELETE FROM event WHERE session = 1",
            "DELETE FROM packed_session WHERE session = 1",
        ),
    ),
    # --- an interrupted session
    Kind(
        "its event edited",
        LEFT_OPEN,
        sql(f"UPDATE event SET at_ms = at_ms + 1 {OF_4} AND sequence = 2"),
    ),
    Kind(
        "its sample edited",
        LEFT_OPEN,
        sql(
            f"UPDATE open_batch SET samples = zeroblob(length(samples)) {OF_4} "
            "AND length(samples) > 0"
        ),
    ),
    Kind(
        "its tail cut, a signed part with it",
        LEFT_OPEN,
        sql(
            f"DELETE FROM open_batch {OF_4} AND number > 1",
            f"DELETE FROM event {OF_4} AND sequence > 1",
        ),
    ),
    Kind(
        "its tail cut behind the last signature",
        LEFT_OPEN,
        sql(
            f"DELETE FROM chain_signature {OF_4}",
            f"DELETE FROM open_batch {OF_4} AND number > 0",
            f"DELETE FROM event {OF_4} AND sequence > 0",
        ),
        expected="the next start",
    ),
    Kind(
        "its count of events",
        LEFT_OPEN,
        sql(f"UPDATE open_batch SET event_count = event_count + 1 {OF_4} AND number = 1"),
    ),
    Kind(
        "the beginning of a link",
        LEFT_OPEN,
        sql(f"UPDATE open_batch SET link = zeroblob(8) {OF_4} AND number = 1"),
    ),
    Kind(
        "the number of a commit",
        LEFT_OPEN,
        sql(f"UPDATE open_batch SET number = 99 {OF_4} AND number = 1"),
    ),
    Kind(
        "a commit between two others removed",
        LEFT_OPEN,
        sql(f"DELETE FROM open_batch {OF_4} AND number = 1"),
    ),
    Kind(
        "a commit more",
        LEFT_OPEN,
        sql("INSERT INTO open_batch VALUES (4, 99, 0, zeroblob(13), zeroblob(8), zeroblob(16))"),
    ),
    Kind(
        "the samples of a commit removed",
        LEFT_OPEN,
        sql(f"UPDATE open_batch SET samples = zeroblob(0) {OF_4}"),
    ),
    Kind(
        "its chain signatures",
        LEFT_OPEN,
        sql(f"UPDATE chain_signature SET signature = zeroblob(64) {OF_4}"),
    ),
    Kind(
        "a link added that fits the chain",
        LEFT_OPEN,
        sql("INSERT INTO event VALUES (4, 90, 1, 1, 12, 1, '{}')"),
    ),
    Kind(
        "a tag",
        LEFT_OPEN,
        sql(f"UPDATE open_batch SET tag = zeroblob(16) {OF_4} AND number = 1"),
        expected="the next start",
    ),
    Kind(
        "its opening",
        LEFT_OPEN,
        sql(
            f"UPDATE event SET detail = replace(detail, 'order_', 'ordeR_') {OF_4} AND sequence = 0"
        ),
    ),
    Kind("removed whole, side file left", LEFT_OPEN, sql(*_gone(4)), expected="the next start"),
    Kind(
        "the side file removed",
        LEFT_OPEN,
        lambda data: spill_path(data.unit_database(UNIT)).unlink(),
        expected="the next start",
    ),
    Kind("the end mark", LEFT_OPEN, side_file(20, 1), expected="the next start"),
    Kind("the end mark's count", LEFT_OPEN, side_file(15, 3), expected="the next start"),
    Kind("the end mark's session", LEFT_OPEN, side_file(11, 5), expected="the next start"),
    Kind(
        "an open session planted, with another key", LEFT_OPEN, planted(FOREIGN_KEY, sealed=False)
    ),
    # --- clinic.db
    Kind(
        "an order's text",
        CLINIC,
        sql(
            "UPDATE session_order SET order_text = order_text || ' ' WHERE session_id = 's-1'",
            which="clinic",
        ),
    ),
    Kind(
        "an order deleted",
        CLINIC,
        sql("DELETE FROM session_order WHERE session_id = 's-1'", which="clinic"),
    ),
    Kind(
        "an order of a session that never was",
        CLINIC,
        sql(
            "INSERT INTO session_order SELECT 's-9', patient_key, order_digest, order_text FROM "
            "session_order WHERE session_id = 's-1'",
            which="clinic",
        ),
    ),
    Kind(
        "an entry's text",
        CLINIC,
        sql(
            "UPDATE entry SET detail = replace(detail, 'TEST', 'PEST'), utc_ms = utc_ms + 1 "
            "WHERE sequence = 2",
            which="clinic",
        ),
    ),
    Kind("an entry removed", CLINIC, sql("DELETE FROM entry WHERE sequence = 2", which="clinic")),
    Kind(
        "a link's signature",
        CLINIC,
        sql("UPDATE link SET signature = zeroblob(64) WHERE number = 1", which="clinic"),
    ),
    Kind(
        "a draft's word, a patient's name",
        CLINIC,
        sql("UPDATE patient SET reference = 'X' WHERE reference = 'TEST-1'", which="clinic"),
        expected="nobody",
    ),
    # --- schema and cells
    Kind(
        "a view in place of a table",
        SCHEMA,
        script("ALTER TABLE seal RENAME TO kept; CREATE VIEW seal AS SELECT * FROM kept"),
    ),
    Kind(
        "a trigger that ignores",
        SCHEMA,
        script(
            "DROP TRIGGER seal_never_changes; CREATE TRIGGER seal_never_changes BEFORE UPDATE "
            "ON seal BEGIN SELECT RAISE(IGNORE); END"
        ),
    ),
    Kind("a trigger removed", SCHEMA, script("DROP TRIGGER event_never_changes")),
    Kind("a table more", SCHEMA, script("CREATE TABLE memo (text TEXT)")),
    Kind("the version set back", SCHEMA, script("PRAGMA user_version = 1", "clinic")),
    Kind(
        "a digest that is NULL",
        SCHEMA,
        loosely("UPDATE packed_links SET digest = NULL WHERE session = 2"),
    ),
    Kind(
        "text in place of a number",
        SCHEMA,
        loosely("UPDATE event SET kind = '7' WHERE session = 2 AND sequence > 0"),
    ),
    Kind(
        "packed events that are NULL",
        SCHEMA,
        loosely("UPDATE packed_session SET data = NULL WHERE session = 2"),
    ),
    Kind("a damaged page", SCHEMA, _damaged_page),
    # --- files
    Kind("a unit's file removed", FILES, lambda data: data.unit_database(UNIT).unlink()),
    Kind("a unit's file renamed", FILES, _rename_unit),
    Kind("a unit's file copied", FILES, _copy_unit),
    Kind("an older unit's file in place", FILES, closed(_older_unit)),
    Kind("clinic.db removed", FILES, lambda data: data.clinic_database.unlink()),
    Kind("an older clinic.db in place", FILES, _older_clinic),
    Kind("the whole folder as it was before", FILES, _older_everything, expected="a checkpoint"),
    # --- keys
    Kind("the record of keys removed", KEYS, _no_key_records),
)

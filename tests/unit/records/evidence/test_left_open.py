"""Interrupted sessions: what strangers add, cut or invent is dropped or refused, never sealed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt
from controller.events import EventKind, Outcome, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import verify
from records.evidence.journal import (
    SessionOpening,
    SqliteJournal,
    left_open_sessions,
    open_session,
    reopen_session,
)
from records.evidence.reader import read_session
from records.evidence.session_content import open_samples
from records.evidence.session_keys import derive_session_keys
from records.evidence.session_rows import append_batch, link_rows, open_tags, stored_tail
from records.evidence.spill import SpillFile, spill_path
from records.evidence.unit_reading import reading
from records.keys.signing import SigningKey
from records.store.canonical import EventRow
from records.store.chain import Subject
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from tests.support.altered_records import FOREIGN_KEY, KEY, UNIT
from tests.support.altering import altering
from tests.support.left_open import close_left_open
from tests.unit.records.evidence.test_journal_faults import act, begin, tick

TICKS = 12
DATABASE = "units/00000000000000aa.db"


def interrupted(
    folder: RecordFolder, session_id: str = "s-2", *, ended: bool = False
) -> SqliteJournal:
    """A session of ``TICKS`` ticks whose program ended; ``ended`` as late as before the seal."""
    clock = VirtualClock()
    journal = begin(folder, session_id, clock)
    for number in range(TICKS):
        tick(journal, clock, number)
    if ended:
        detail = {"outcome": Outcome.COMPLETED, "reason": "test"}
        journal.append_event(SessionEvent(kind=EventKind.SESSION_ENDED, at_ms=9000, detail=detail))
    journal.sync()
    journal.abandon()
    return journal


@pytest.fixture
def left(folder_in_memory: RecordFolder) -> RecordFolder:
    """A sealed session and an interrupted one."""
    begin(folder_in_memory, "s-1", VirtualClock()).close()
    interrupted(folder_in_memory)
    return folder_in_memory


def edit(folder: RecordFolder, *statements: str) -> None:
    """What somebody with the file and without the key does, behind the triggers."""
    with altering(folder.path / DATABASE) as db:
        for statement in statements:
            db.execute(statement)


def test_a_session_that_was_interrupted_is_closed_whole(left: RecordFolder) -> None:
    before = read_session(left, "s-2")
    assert close_left_open(left, UNIT, VirtualClock(), KEY) == ["s-2"]
    after = read_session(left, "s-2")
    assert (after.events, after.samples.tobytes()) == (before.events, before.samples.tobytes())
    assert after.checkpoint
    assert not spill_path(left.path / DATABASE).exists()
    assert verify(left, public_keys={KEY.key_id: KEY.public_key}).alterations == ()


def test_a_start_that_is_interrupted_itself_is_gone_on_with(left: RecordFolder) -> None:
    clock = VirtualClock()
    (one,) = left_open_sessions(left, UNIT, clock, key=KEY)
    again = reopen_session(left, one, clock, key=KEY)
    again.append_event(SessionEvent(kind=EventKind.UNIT_OBSERVED, at_ms=9000, detail={}))
    again.sync()
    again.abandon()
    assert close_left_open(left, UNIT, clock, KEY) == ["s-2"]
    assert read_session(left, "s-2").events[-1].kind is EventKind.UNIT_OBSERVED


def test_what_somebody_added_behind_the_end_is_dropped_and_counted(left: RecordFolder) -> None:
    """A forged tail: rows that fit the chain, by somebody without the tag key."""
    db = Database(sqlite3.connect(left.path / DATABASE, isolation_level=None))
    tail = stored_tail(db, 2)
    forged = EventRow(
        sequence=tail.events,
        at_ms=9000,
        utc_ms=0,
        kind=int(EventKind.SESSION_ENDED),
        version=1,
        detail_json='{"outcome":"completed","reached_holding":true,"reason":"forged"}',
    )
    append_batch(db, tail.follow([forged], b""), [forged], b"", bytes(16))
    db.close()
    clock = VirtualClock()
    (one,) = left_open_sessions(left, UNIT, clock, key=KEY)
    assert (one.dropped_links, one.dropped_events, one.dropped_samples) == (1, 1, 0)
    reopen_session(left, one, clock, key=KEY).close()
    record = read_session(left, "s-2")
    assert record.of_kind(EventKind.SESSION_ENDED) == []
    assert len(record.samples) == TICKS
    assert verify(left, public_keys={KEY.key_id: KEY.public_key}).alterations == ()


def test_rows_beside_the_chain_are_dropped(left: RecordFolder) -> None:
    edit(
        left,
        "INSERT INTO event VALUES (2, 90, 1, 1, 12, 1, '{}')",
        "INSERT INTO sample_block VALUES (2, 900, 1, 0, zeroblob(13))",
    )
    (one,) = left_open_sessions(left, UNIT, VirtualClock(), key=KEY)
    assert (one.dropped_links, one.dropped_events, one.dropped_samples) == (0, 1, 1)


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "a cut tail": (
        (
            "DELETE FROM open_batch WHERE session = 2 AND number >= 9",
            "DELETE FROM event WHERE session = 2 AND sequence >= 9",
        ),
        "links were acknowledged",
    ),
    "an edited event": (
        ("UPDATE event SET at_ms = at_ms + 1 WHERE session = 2 AND sequence = 4",),
        "links were acknowledged",
    ),
    "an edited sample": (
        ("UPDATE open_batch SET samples = zeroblob(13) WHERE session = 2 AND number = 5",),
        "links were acknowledged",
    ),
    "the number of the last link": (
        (
            "UPDATE open_batch SET number = number + 7 WHERE session = 2 "
            "AND number = (SELECT max(number) FROM open_batch)",
        ),
        "links were acknowledged",
    ),
    "the beginning of a link": (
        ("UPDATE open_batch SET link = zeroblob(8) WHERE session = 2 AND number = 4",),
        "links were acknowledged",
    ),
    "a link without its beginning": (
        ("UPDATE open_batch SET link = X'' WHERE session = 2 AND number = 4",),
        "links were acknowledged",
    ),
    "a count of events": (
        ("UPDATE open_batch SET event_count = 0 WHERE session = 2 AND number = 4",),
        "links were acknowledged",
    ),
    "an edited tag": (
        ("UPDATE open_batch SET tag = zeroblob(16) WHERE session = 2 AND number = 4",),
        "links were acknowledged",
    ),
    "an edited opening": (
        (
            "UPDATE event SET detail = replace(detail, 'order_digest', 'order_digesT') "
            "WHERE session = 2 AND sequence = 0",
        ),
        "acknowledged, 0 of them fit",
    ),
    "another unit's name": (
        ("UPDATE session SET unit_id = '00000000000000bb' WHERE number = 2",),
        "not certified",
    ),
    "a session that was renamed": (
        ("UPDATE session SET session_id = 's-9' WHERE number = 2",),
        "not certified",
    ),
    "a session of the migration record that is none": (
        ("UPDATE event SET detail = '{}' WHERE session = 2 AND sequence = 0",),
        "not certified",
    ),
    "a stripped seal": (
        (
            "DELETE FROM signature WHERE session = 1",
            "DELETE FROM seal WHERE session = 1",
        ),
        "it has no seal, though later sessions were opened",
    ),
    "a session removed whole": (
        (
            "DELETE FROM open_batch WHERE session = 2",
            "DELETE FROM event WHERE session = 2",
            "DELETE FROM session WHERE number = 2",
        ),
        "which is not on file",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_does_not_fit_is_refused(left: RecordFolder, kind: str) -> None:
    statements, message = REFUSED[kind]
    edit(left, *statements)
    with pytest.raises(JournalCorrupt, match=message):
        left_open_sessions(left, UNIT, VirtualClock(), key=KEY)


OUT_OF_RANGE = {
    "a time": "UPDATE event SET at_ms = 1 << 40 WHERE session = 2 AND sequence = 3",
    "a count": "UPDATE open_batch SET event_count = 1 << 40 WHERE session = 2 AND number = 3",
    "an event's number": "UPDATE event SET sequence = -1 WHERE session = 2 AND sequence = 3",
    "samples of no whole number": "UPDATE open_batch SET samples = X'00' WHERE session = 2 "
    "AND number = 4",
    "text that is no UTF-8": "UPDATE event SET detail = CAST(X'7BFF7D' AS TEXT) WHERE session = 2 "
    "AND sequence = 3",
}


@pytest.mark.parametrize("kind", OUT_OF_RANGE)
def test_what_no_reader_can_take_is_refused_in_words(left: RecordFolder, kind: str) -> None:
    """The caller puts the file aside; an error of another kind would end the start before it."""
    edit(left, OUT_OF_RANGE[kind])
    with pytest.raises(JournalCorrupt):
        left_open_sessions(left, UNIT, VirtualClock(), key=KEY)


def test_the_newest_session_s_seal_cannot_be_stripped(left: RecordFolder) -> None:
    close_left_open(left, UNIT, VirtualClock(), KEY)
    edit(left, "DELETE FROM signature WHERE session = 2", "DELETE FROM seal WHERE session = 2")
    with pytest.raises(JournalCorrupt, match=r"side file .* is gone"):
        left_open_sessions(left, UNIT, VirtualClock(), key=KEY)


def test_an_end_without_a_seal_is_sealed_only_with_its_end_mark(
    folder_in_memory: RecordFolder,
) -> None:
    interrupted(folder_in_memory, ended=True)
    shutil.copytree(folder_in_memory.path, folder_in_memory.path / "copy")
    spill_path(folder_in_memory.path / "copy" / DATABASE).unlink()
    with pytest.raises(JournalCorrupt, match="side file"):
        left_open_sessions(
            RecordFolder(folder_in_memory.path / "copy"), UNIT, VirtualClock(), key=KEY
        )
    assert close_left_open(folder_in_memory, UNIT, VirtualClock(), KEY) == ["s-2"]
    assert read_session(folder_in_memory, "s-2").outcome == Outcome.COMPLETED


def side_file(change: Callable[[bytearray], None]) -> Callable[[RecordFolder], None]:
    def apply(folder: RecordFolder) -> None:
        path = spill_path(folder.path / DATABASE)
        content = bytearray(path.read_bytes())
        change(content)
        path.write_bytes(content)

    return apply


def lower_count(content: bytearray) -> None:
    content[15] -= 2


def other_mark(content: bytearray) -> None:
    content[20] ^= 1


def other_session(content: bytearray) -> None:
    content[11] = 1


def older_magic(content: bytearray) -> None:
    content[6:7] = b"1"


@pytest.mark.parametrize("change", [lower_count, other_mark, other_session, older_magic])
def test_an_altered_end_mark_is_refused(
    left: RecordFolder, change: Callable[[bytearray], None]
) -> None:
    side_file(change)(left)
    with pytest.raises(JournalCorrupt):
        left_open_sessions(left, UNIT, VirtualClock(), key=KEY)


def test_a_session_that_was_invented_whole_is_refused(left: RecordFolder) -> None:
    """Made by this very program in another folder, with a key of their own."""
    close_left_open(left, UNIT, VirtualClock(), KEY)
    forger = left.path / "forger"
    shutil.copytree(left.path / "units", forger / "units")
    clock = VirtualClock()
    opening = SessionOpening(session_id="s-3", unit_id=UNIT, utc_offset_min=0, detail={})
    journal = open_session(
        RecordFolder(forger), opening, clock, key=FOREIGN_KEY, reserved_bytes=1 << 15
    )
    journal.append_event(act(100, "invented"), at_once=True)
    journal.sync()
    journal.abandon()
    for name in (DATABASE, DATABASE.replace(".db", ".spill")):
        shutil.copy(forger / name, left.path / name)
    with pytest.raises(JournalCorrupt, match="not certified by this workstation's key"):
        left_open_sessions(left, UNIT, clock, key=KEY)


def test_a_forged_side_file_is_refused(left: RecordFolder) -> None:
    """Records in it must carry the session's own tags."""
    path = spill_path(left.path / DATABASE)
    db = Database(sqlite3.connect(left.path / DATABASE))
    tail = stored_tail(db, 2)
    db.close()
    spill = SpillFile.reopen(path)
    forged = [
        EventRow(sequence=tail.events, at_ms=1, utc_ms=1, kind=12, version=1, detail_json="{}")
    ]
    spill.put(tail.follow(forged, b""), forged, b"", bytes(16))
    spill.close()
    with pytest.raises(JournalCorrupt, match="foreign tag"):
        left_open_sessions(left, UNIT, VirtualClock(), key=KEY)


def test_the_keys_of_a_session_are_its_own() -> None:
    """Another name, unit, number or workstation gives other keys; the same gives the same."""
    base = Subject(name="s-1", place=UNIT, number=1)
    subjects = (
        base,
        Subject(name="s-2", place=UNIT, number=1),
        Subject(name="s-1", place="b", number=1),
        Subject(name="s-1", place=UNIT, number=2),
    )
    publics = {derive_session_keys(KEY, one).signing.public_key for one in subjects}
    tags = {derive_session_keys(KEY, one).tagger().tag(b"link") for one in subjects}
    assert (len(publics), len(tags)) == (4, 4)
    assert derive_session_keys(FOREIGN_KEY, base).tagger().tag(b"link") not in tags
    assert derive_session_keys(SigningKey(KEY.seed), base).tagger().tag(b"link") in tags
    assert KEY.seed.hex() not in repr(derive_session_keys(KEY, base))


def test_a_session_of_before_session_keys_needs_the_migration_record(folder: RecordFolder) -> None:
    released = Path(__file__).parents[3] / "data" / "unit-schema-3.db"
    path = folder.unit_database(UNIT)
    path.parent.mkdir(parents=True)
    shutil.copy(released, path)
    (one,) = left_open_sessions(folder, UNIT, VirtualClock(), key=KEY)
    assert one.keys is None
    forged = json.dumps([one.head.session_id, "s-99"])
    edit(folder, f"UPDATE migration SET open_sessions = '{forged}'")
    with pytest.raises(JournalCorrupt, match=r"migration record .* cannot be believed"):
        left_open_sessions(folder, UNIT, VirtualClock(), key=KEY)
    edit(folder, "DELETE FROM migration")
    with pytest.raises(JournalCorrupt):
        left_open_sessions(folder, UNIT, VirtualClock(), key=KEY)
    assert verify(folder, public_keys={}).alterations
    assert UNIT_SCHEMA.version == 5


def as_version_4_left_it(data: RecordFolder) -> None:
    """The rows of the open session as version 4 wrote them; the step to version 5 moves none."""
    path = data.unit_database(UNIT)
    with reading(path) as db:
        links, tags = link_rows(db, 2), open_tags(db, 2)
        samples = open_samples(db, 2)
    with altering(path) as db:
        db.execute("DELETE FROM open_batch WHERE session = 2")
        for link, tag in zip(links, tags, strict=True):
            _, events, first, count = link.covered
            db.execute(
                "INSERT INTO open_link VALUES (2, ?, ?, ?, ?, ?)",
                (link.number, events, count, link.digest, tag),
            )
            if count:
                data_of_link = samples[13 * first : 13 * (first + count)]
                db.execute(
                    "INSERT INTO sample_block VALUES (2, ?, ?, 0, ?)", (first, count, data_of_link)
                )


def rows_in(data: RecordFolder, *tables: str) -> list[bool]:
    with reading(data.unit_database(UNIT)) as db:
        return [bool(rows(db, f"SELECT 1 FROM {t} WHERE session = 2")) for t in tables]


OLDER = ("open_link", "sample_block", "open_batch", "packed_session")


def test_a_session_that_version_4_left_open_is_closed_and_packed(left: RecordFolder) -> None:
    before = read_session(left, "s-2")
    as_version_4_left_it(left)
    assert rows_in(left, *OLDER) == [True, True, False, False]
    assert read_session(left, "s-2").events == before.events
    clock = VirtualClock()
    (one,) = left_open_sessions(left, UNIT, clock, key=KEY)
    again = reopen_session(left, one, clock, key=KEY)
    tick(again, clock, 99)
    again.sync()
    again.abandon()
    # Interrupted once more: older rows, and newer ones behind them.
    assert rows_in(left, *OLDER) == [True, True, True, False]
    assert verify(left, public_keys={KEY.key_id: KEY.public_key}).alterations == ()
    (one,) = left_open_sessions(left, UNIT, clock, key=KEY)
    assert not one.has_dropped_rows
    reopen_session(left, one, clock, key=KEY).close()
    assert rows_in(left, *OLDER) == [False, False, False, True]
    after = read_session(left, "s-2")
    assert after.samples.tobytes().startswith(before.samples.tobytes())
    assert len(after.samples) == len(before.samples) + 1
    assert after.events[: len(before.events)] == before.events
    assert verify(left, public_keys={KEY.key_id: KEY.public_key}).alterations == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE open_link SET digest = zeroblob(32) WHERE session = 2 AND number = 4",
        "UPDATE open_link SET digest = substr(digest, 1, 8) WHERE session = 2 AND number = 4",
        "UPDATE sample_block SET data = zeroblob(13) WHERE session = 2 AND first_sample = 4",
        "DELETE FROM open_link WHERE session = 2 AND number > 3",
    ],
)
def test_what_version_4_left_open_is_believed_no_more_than_before(
    left: RecordFolder, statement: str
) -> None:
    as_version_4_left_it(left)
    edit(left, statement)
    with pytest.raises(JournalCorrupt, match="links were acknowledged"):
        left_open_sessions(left, UNIT, VirtualClock(), key=KEY)

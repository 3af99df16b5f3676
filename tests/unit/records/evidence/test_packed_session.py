"""A packed session: the same events and samples again, or an error in words."""

from __future__ import annotations

import sqlite3
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import JournalCorrupt
from controller.events import EventKind, Outcome, Sample, SampleFlag, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence import packed_session
from records.evidence.integrity import verify
from records.evidence.journal import SessionOpening, SqliteJournal, open_session
from records.evidence.packed_session import pack_session, unpack_session
from records.evidence.reader import read_session
from records.evidence.sealing import seal_session
from records.evidence.session_rows import append_batch, stored_tail
from records.evidence.unit_reading import reading
from records.store.blocks import unpack_block
from records.store.canonical import SAMPLE_SIZE, EventRow
from records.store.database import open_for_writing, rows
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from tests.support.sessions import KEY

UNIT = "00000000000000aa"
LINKS = 5000
BYTES_A_LINK = 300
"""The most that a seal may take; with all links as objects it takes 490."""


def row(sequence: int, at_ms: int, utc_ms: int, detail: str = "{}") -> EventRow:
    return EventRow(
        sequence=sequence, at_ms=at_ms, utc_ms=utc_ms, kind=7, version=1, detail_json=detail
    )


ROWS = st.lists(
    st.builds(
        EventRow,
        sequence=st.just(0),
        at_ms=st.integers(0, 2**32 - 1),
        utc_ms=st.integers(-(2**63), 2**63 - 1),
        kind=st.integers(0, 2**16 - 1),
        version=st.integers(0, 255),
        detail_json=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    ),
    max_size=20,
)


@given(ROWS, st.integers(0, 5))
def test_what_was_packed_comes_back(drawn: list[EventRow], samples: int) -> None:
    events = [
        EventRow(
            sequence=number,
            at_ms=one.at_ms,
            utc_ms=one.utc_ms,
            kind=one.kind,
            version=one.version,
            detail_json=one.detail_json,
        )
        for number, one in enumerate(drawn, start=1)
    ]
    data = bytes(range(13)) * samples
    found = unpack_session(pack_session(events, data), len(events), samples)
    assert found.events == events
    assert [event.canonical() for event in found.events] == [one.canonical() for one in events]
    assert (unpack_block(found.block) if found.block else b"") == data


PACKED = pack_session([row(1, 5, 1_000_005), row(2, 9, 1_000_009, '{"a":1}')], b"")


@pytest.mark.parametrize("count", [0, 1, 3, -1, 1 << 40])
def test_another_count_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=r"events|sealed block or session"):
        unpack_session(PACKED, count, 0)


@pytest.mark.parametrize("length", range(len(PACKED)))
def test_what_is_cut_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"pack|event|block"):
        unpack_session(PACKED[:length], 2, 0)


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_an_error_in_words_or_other_events(position: int, change: int) -> None:
    spoiled = bytearray(PACKED)
    spoiled[position] ^= change
    try:
        found = unpack_session(bytes(spoiled), 2, 0)
    except ValueError:
        return
    assert [event.sequence for event in found.events] == [1, 2]


def test_a_text_that_would_fill_the_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_session, "MOST_TEXT_BYTES", 8)
    with pytest.raises(ValueError, match="9 bytes, more than 8"):
        unpack_session(PACKED, 2, 0)


def test_a_text_longer_than_it_says_is_refused() -> None:
    stream = zlib.compress(b'{}{"a":1}', 9)
    assert PACKED.endswith(stream)
    longer = zlib.compress(b'{}{"a":1}x', 9)
    packed = PACKED[5 : -len(stream)] + longer
    with pytest.raises(ValueError, match="wrong length"):
        unpack_session(struct.pack(">BI", 1, len(packed)) + packed, 2, 0)


def test_a_text_that_no_event_names_is_refused() -> None:
    stream = zlib.compress(b'{}{"a":1}', 9)
    longer = struct.pack(">I", 10) + zlib.compress(b'{}{"a":1}x', 9)
    packed = PACKED[5 : -len(stream) - 4] + longer
    with pytest.raises(ValueError, match="10 bytes of text are packed, 9 are named"):
        unpack_session(struct.pack(">BI", 1, len(packed)) + packed, 2, 0)


# --- in a unit's file -------------------------------------------------------------------------


def filled(folder: RecordFolder, *, end: bool = True, ticks: int = 400) -> SqliteJournal:
    """Samples, an event every fifth tick, and an end."""
    clock = VirtualClock()
    opening = SessionOpening(session_id="s-1", unit_id=UNIT, utc_offset_min=0, detail={})
    journal = open_session(folder, opening, clock, key=KEY)
    for tick in range(ticks):
        clock.sleep_until(clock.now_s() + 0.05)
        journal.append_sample(
            Sample(
                taken_at_ms=50 * tick,
                target_dn=600,
                force_1_dn=600 + tick % 7,
                force_2_dn=None,
                phase=6,
                flags=SampleFlag.NONE,
            )
        )
        if tick % 5 == 0:
            detail = {"action": f"tick {tick}"}
            journal.append_event(
                SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=50 * tick, detail=detail)
            )
    if end:
        ended = {"outcome": Outcome.STOPPED, "reason": "test"}
        journal.append_event(
            SessionEvent(kind=EventKind.SESSION_ENDED, at_ms=50 * ticks, detail=ended)
        )
    return journal


def counts(folder: RecordFolder, *tables: str) -> list[int]:
    with reading(folder.unit_database(UNIT)) as db:
        return [rows(db, f"SELECT count(*) FROM {table}")[0][0] for table in tables]


@pytest.mark.parametrize("end", [True, False])
def test_opening_and_end_stay_rows_and_the_rest_is_packed(folder: RecordFolder, end: bool) -> None:
    filled(folder, end=end).close()
    assert counts(folder, "event", "packed_session", "open_batch", "sample_block") == [2, 1, 0, 0]
    record = read_session(folder, "s-1")
    assert [event.sequence for event in record.events] == list(range(len(record.events)))
    assert (len(record.events), len(record.samples)) == (81 + end, 400)
    assert verify(folder).alterations == ()


def test_a_running_session_has_one_row_a_commit(folder: RecordFolder) -> None:
    journal = filled(folder)
    journal.sync()
    _, batches, blocks, links = counts(folder, "event", "open_batch", "sample_block", "open_link")
    assert (batches > 100, blocks, links) == (True, 0, 0)
    assert len(read_session(folder, "s-1").samples) == 400
    journal.close()


def test_events_that_are_too_many_stay_rows(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_session, "MOST_EVENTS", 10)
    filled(folder).close()
    assert counts(folder, "event", "packed_session") == [82, 1]
    assert verify(folder).alterations == ()


def test_the_seal_gives_its_pages_back(folder: RecordFolder) -> None:
    journal = filled(folder, ticks=4000)
    journal.sync()
    path = folder.unit_database(UNIT)
    db = sqlite3.connect(path)
    before = db.execute("PRAGMA page_count").fetchone()[0]
    journal.close()
    assert db.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert db.execute("PRAGMA page_count").fetchone()[0] < before - 10
    db.close()


def test_a_seal_of_altered_rows_is_refused(folder: RecordFolder) -> None:
    journal = filled(folder)
    journal.sync()
    db = sqlite3.connect(folder.unit_database(UNIT))
    db.execute("DROP TRIGGER open_batch_never_changes")
    db.execute("UPDATE open_batch SET samples = zeroblob(length(samples)) WHERE number = 7")
    db.execute(
        "CREATE TRIGGER open_batch_never_changes BEFORE UPDATE ON open_batch\n"
        "BEGIN SELECT RAISE(ABORT, 'open_batch is append-only'); END"
    )
    db.commit()
    db.close()
    with pytest.raises(JournalCorrupt, match="link 7 of session number 1 does not fit"):
        journal.close()
    assert counts(folder, "seal", "packed_session") == [0, 0]


def test_a_seal_holds_little_of_each_link(folder: RecordFolder) -> None:
    filled(folder, end=False, ticks=2).abandon()
    samples = bytes(2 * SAMPLE_SIZE)
    db = open_for_writing(folder.unit_database(UNIT), UNIT_SCHEMA)
    tail = stored_tail(db, 1)
    with db.atomic():
        for _ in range(LINKS):
            tail = tail.follow([], samples)
            append_batch(db, tail, [], samples, bytes(32))
    tracemalloc.start()
    try:
        seal_session(db, 1, KEY, None)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        db.close()
    assert most_bytes < BYTES_A_LINK * LINKS
    assert read_session(folder, "s-1").checkpoint

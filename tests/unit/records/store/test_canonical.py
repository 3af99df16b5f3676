"""Canonical bytes: what goes in comes back, and what is cut or too large is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import JournalCorrupt
from controller.event_details.treatment import CheckInRecorded
from controller.events import EventKind, Sample, SampleFlag
from records.store.canonical import (
    ABSENT_DN,
    SAMPLE_SIZE,
    EventRow,
    StoredEvent,
    event_from_canonical,
    sample_bytes,
    samples_from_bytes,
)

rows = st.builds(
    EventRow,
    sequence=st.integers(0, 2**32 - 1),
    at_ms=st.integers(0, 2**32 - 1),
    utc_ms=st.integers(-(2**63), 2**63 - 1),
    kind=st.integers(0, 2**16 - 1),
    version=st.integers(0, 255),
    detail_json=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)


@given(st.lists(rows, max_size=4))
@settings(max_examples=60)
def test_events_behind_one_another_are_taken_apart_again(events: list[EventRow]) -> None:
    data, offset, found = b"".join(event.canonical() for event in events), 0, []
    while offset < len(data):
        event, offset = event_from_canonical(data, offset)
        found.append(event)
    assert found == events


@given(rows, st.data())
@settings(max_examples=40)
def test_a_cut_event_is_refused(row: EventRow, data: st.DataObject) -> None:
    whole = row.canonical()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises((struct.error, ValueError)):
        event_from_canonical(whole[:cut], 0)


@pytest.mark.parametrize(
    ("force_dn", "stored"),
    [(None, ABSENT_DN), (0x7FFF, 0x7FFF), (40_000, 0x7FFF), (-40_000, -0x7FFF), (-3, -3)],
)
def test_a_force_beyond_its_field_is_kept_at_the_bound(force_dn: int | None, stored: int) -> None:
    raw = sample_bytes(
        Sample(
            taken_at_ms=-5,
            target_dn=0,
            force_1_dn=force_dn,
            force_2_dn=None,
            phase=6,
            flags=SampleFlag.NONE,
        )
    )
    assert len(raw) == SAMPLE_SIZE
    (sample,) = samples_from_bytes(raw)
    assert sample["force_1_dn"] == stored
    assert sample["taken_at_ms"] == 0


def test_a_number_that_does_not_fit_its_field_is_an_error_not_another_number() -> None:
    row = EventRow(sequence=2**32, at_ms=0, utc_ms=0, kind=1, version=1, detail_json="{}")
    with pytest.raises(struct.error):
        row.canonical()


@pytest.mark.parametrize(("kind", "version"), [("PAUSED", 1), ("CHECK_IN_RECORDED", 2)])
def test_an_event_says_nothing_as_another_class_or_in_a_later_version(
    kind: str, version: int
) -> None:
    event = StoredEvent(
        sequence=3, at_ms=0, utc_ms=0, kind=EventKind[kind], version=version, detail={"by": "A"}
    )
    with pytest.raises(JournalCorrupt, match="is read as CheckInRecorded; open the record with"):
        event.said(CheckInRecorded)

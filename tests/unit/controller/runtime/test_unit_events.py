"""The unit's event ring is read once, entry by entry, and what it lost is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from controller.errors import LinkError
from controller.events import EventKind
from controller.ports import SessionJournal, TractionUnit
from controller.runtime.clock import VirtualClock
from controller.runtime.recorder import Recorder
from controller.runtime.unit_events import ENTRIES_AT_REST, ENTRIES_IN_MOTION, UnitEventReader
from controller.telemetry import Telemetry
from tests.unit.controller.builders import reading
from tests.unit.controller.runtime.runtime_parts import IDLE, ListJournal, StoryUnit, unit_event

SEEN, LOST = EventKind.UNIT_EVENT_SEEN, EventKind.UNIT_EVENTS_LOST


class Ring:
    """A unit with a ring of 32 entries whose first ``known`` entries are old."""

    def __init__(self, known: int = 5) -> None:
        self.journal = ListJournal()
        clock = VirtualClock()
        self.unit = StoryUnit(clock, lambda elapsed_s: IDLE)
        self.unit.ring = [unit_event(number) for number in range(1, known + 1)]
        recorder = Recorder(cast(SessionJournal, self.journal), clock, origin_s=1000.0)
        self.reader = UnitEventReader(
            cast(TractionUnit, self.unit), recorder, reading(newest_event=known)
        )

    def happen(self, number: int, newest: int) -> Telemetry:
        """So many entries more, of which the ring keeps the last 32."""
        self.unit.ring += [unit_event(at) for at in range(newest - number + 1, newest + 1)]
        self.unit.ring = self.unit.ring[-32:]
        return reading(newest_event=newest, taken_at_s=1010.0, sample_age_s=0.1, uptime_s=60.0)

    def sequences(self) -> list[object]:
        return [event.detail["sequence"] for event in self.journal.events if event.kind is SEEN]


def test_what_was_there_before_the_session_is_not_read() -> None:
    ring = Ring()
    assert not ring.reader.behind(reading(newest_event=5))
    ring.unit.ring.clear()  # to ask for anything would fail
    assert ring.reader.read(reading(newest_event=5), 1010.0, limit=10) == ()
    assert ring.journal.events == []


def test_new_entries_are_read_once_and_in_order() -> None:
    ring = Ring()
    told = ring.happen(2, newest=7)
    assert ring.reader.behind(told)
    assert [entry.sequence for entry in ring.reader.read(told, 1010.0, limit=10)] == [6, 7]
    assert ring.reader.read(told, 1010.05, limit=10) == ()
    assert ring.sequences() == [6, 7]
    assert not ring.reader.behind(told)


def test_no_more_entries_than_the_limit_are_read_at_a_time() -> None:
    ring = Ring()
    told = ring.happen(5, newest=10)
    ring.reader.read(told, 1010.0, limit=ENTRIES_IN_MOTION)
    assert ring.sequences() == [6, 7]
    assert ring.reader.behind(told)
    ring.reader.read(told, 1010.0, limit=ENTRIES_IN_MOTION)
    ring.reader.read(told, 1010.0, limit=ENTRIES_IN_MOTION)
    assert ring.sequences() == [6, 7, 8, 9, 10]
    assert (ENTRIES_IN_MOTION, ENTRIES_AT_REST) == (2, 10)


def test_an_entry_is_recorded_with_the_moment_at_which_it_happened() -> None:
    ring = Ring()
    told = ring.happen(1, newest=6)
    ring.unit.ring[-1] = unit_event(6, code=4, uptime_ms=58_500)
    ring.reader.read(told, 1010.2, limit=10)
    (event,) = ring.journal.events
    # Asked at 1010.1, when the unit had run for 60 s; it happened 1.5 s before.
    assert (event.at_ms, dict(event.detail)) == (
        10_200,
        {
            "boot": 3,
            "sequence": 6,
            "code": 4,
            "uptime_ms": 58_500,
            "unit_at_ms": 8_600,
            "value_1": 1,
            "value_2": 2,
        },
    )


def test_what_happened_before_the_session_counts_as_its_beginning() -> None:
    ring = Ring()
    told = ring.happen(1, newest=6)
    ring.unit.ring[-1] = unit_event(6, uptime_ms=1_000)
    ring.reader.read(told, 1010.2, limit=10)
    assert ring.journal.events[0].detail["unit_at_ms"] == 0


def test_a_full_ring_loses_nothing_and_one_entry_more_is_counted_as_lost() -> None:
    ring = Ring()
    ring.reader.read(ring.happen(32, newest=37), 1010.0, limit=10)
    assert ring.sequences() == list(range(6, 16))
    assert LOST not in ring.journal.kinds

    ring = Ring()
    ring.reader.read(ring.happen(34, newest=39), 1010.0, limit=40)
    assert [dict(e.detail) for e in ring.journal.events if e.kind is LOST] == [{"count": 2}]
    assert ring.sequences() == list(range(8, 40))


def test_a_read_that_fails_is_made_again_in_a_later_tick() -> None:
    ring = Ring()
    told = ring.happen(1, newest=6)
    kept, ring.unit.ring = ring.unit.ring, []
    with pytest.raises(LinkError):
        ring.unit.read_events(6, 1)
    assert ring.reader.read(told, 1010.0, limit=10) == ()
    assert ring.journal.events == []
    assert ring.reader.behind(told)
    ring.unit.ring = kept
    ring.reader.read(told, 1010.05, limit=10)
    assert ring.sequences() == [6]


def test_a_unit_that_restarted_is_read_from_its_first_entry_on() -> None:
    ring = Ring()
    ring.unit.identity = replace(ring.unit.identity, boot_count=4)
    ring.unit.ring = [unit_event(number) for number in range(1, 6)]
    told = reading(newest_event=5)
    assert ring.reader.behind(told)
    ring.reader.read(told, 1010.0, limit=2)
    ring.reader.read(told, 1010.05, limit=10)
    assert ring.sequences() == [1, 2, 3, 4, 5]


def test_a_restart_is_noticed_without_having_been_asked_about() -> None:
    ring = Ring()
    ring.unit.identity = replace(ring.unit.identity, boot_count=4)
    ring.unit.ring = [unit_event(1)]
    ring.reader.read(reading(newest_event=1), 1010.0, limit=10)
    assert ring.sequences() == [1]


def test_the_count_of_entries_goes_on_from_65535_to_0() -> None:
    ring = Ring(known=0)
    ring.reader = UnitEventReader(
        cast(TractionUnit, ring.unit),
        Recorder(cast(SessionJournal, ring.journal), VirtualClock(), origin_s=1000.0),
        reading(newest_event=65_535),
    )
    asked: list[tuple[int, int]] = []

    def read_events(first: int, count: int) -> list[object]:
        asked.append((first, count))
        return []

    ring.unit.read_events = read_events  # type: ignore[method-assign, assignment]
    ring.reader.read(reading(newest_event=1), 1010.0, limit=10)
    assert asked == [(65_536, 2)]


@pytest.mark.parametrize("lacking", ["newest event", "uptime"])
def test_a_reading_that_does_not_tell_reads_nothing_and_a_later_one_does(lacking: str) -> None:
    ring = Ring()
    told = ring.happen(2, newest=7)
    without_uptime, without_newest = replace(told, uptime_s=None), replace(told, newest_event=None)
    silent = without_uptime if lacking == "uptime" else without_newest
    assert ring.reader.read(silent, 1010.0, limit=10) == ()
    assert ring.journal.events == []
    assert not ring.reader.behind(replace(told, newest_event=None))
    assert len(ring.reader.read(told, 1010.05, limit=10)) == 2

"""A unit left behind by an interrupted session (session-rules.md#recovery), its event ring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.errors import LinkError, UnitBusy, UnitFaulted
from controller.events import EventKind
from controller.runtime.clock import VirtualClock
from controller.runtime.recorder import Recorder
from controller.runtime.recovery import let_go_of_unit
from controller.runtime.unit_events import UnitEventReader
from controller.telemetry import CommandKind, Telemetry, UnitState
from tests.unit.controller.builders import TRACKING
from tests.unit.controller.runtime.runtime_parts import IDLE, ListJournal, StoryUnit, unit_event


def clocked(story) -> tuple[VirtualClock, StoryUnit]:  # type: ignore[no-untyped-def]
    clock = VirtualClock(start_s=0.0)
    return clock, StoryUnit(clock, story)


def test_our_own_unit_is_released_without_a_token_and_watched_down_to_20_n() -> None:
    def story(elapsed_s: float) -> Telemetry:
        if not unit.released:
            return TRACKING
        force_n = max(0.0, 100.0 - 60.0 * elapsed_s)
        state = UnitState.RELEASING if force_n > 15.0 else UnitState.SAFE_LATCHED
        return replace(TRACKING, unit_state=state, force_n=force_n, second_force_n=force_n)

    clock, unit = clocked(story)
    unit.armed_s = 40
    found = let_go_of_unit(unit, clock, armed_seconds_ago=42.0)
    assert (found.state, found.released) == (UnitState.TRACKING, True)
    assert found.force_n == pytest.approx(100.1)
    assert 1.3 < clock.now_s() < 1.6


def test_our_own_unit_that_was_armed_and_never_pulled_is_released_too() -> None:
    def story(elapsed_s: float) -> Telemetry:
        return IDLE if unit.released else replace(IDLE, unit_state=UnitState.ARMED)

    clock, unit = clocked(story)
    unit.armed_s = 40
    found = let_go_of_unit(unit, clock, armed_seconds_ago=42.0)
    assert (found.state, found.released) == (UnitState.ARMED, True)


@pytest.mark.parametrize("armed_seconds_ago", [None, 20.0, 60.0])
def test_a_unit_that_another_host_drives_is_left_alone(armed_seconds_ago: float | None) -> None:
    clock, unit = clocked(lambda elapsed_s: TRACKING)
    unit.armed_s = 40
    with pytest.raises(UnitBusy, match=r"driven by another host \(armed 40 s ago\)"):
        let_go_of_unit(unit, clock, armed_seconds_ago=armed_seconds_ago)
    assert not unit.released


def test_a_free_unit_is_only_read() -> None:
    clock, unit = clocked(lambda elapsed_s: IDLE)
    found = let_go_of_unit(unit, clock, armed_seconds_ago=None)
    assert (found.state, found.released) == (UnitState.IDLE, False)
    assert {command.kind for command in unit.commands} == {CommandKind.OBSERVE}
    assert len(unit.commands) == 2, "the first reading of a row is never fresh"


def test_a_unit_whose_cord_is_free_is_awaited_until_it_moves_no_more() -> None:
    def story(elapsed_s: float) -> Telemetry:
        return replace(IDLE, unit_state=UnitState.RELEASING if elapsed_s < 3.0 else UnitState.IDLE)

    clock, unit = clocked(story)
    found = let_go_of_unit(unit, clock, armed_seconds_ago=None)
    assert (found.state, found.released) == (UnitState.RELEASING, False)
    assert 3.0 <= clock.now_s() < 3.2


@pytest.mark.parametrize(
    ("force_n", "shown"), [(25.0, "25 N"), (-25.0, "25 N"), (None, "no valid N")]
)
def test_force_that_stays_or_cannot_be_read_is_not_free(force_n: float | None, shown: str) -> None:
    clock, unit = clocked(lambda elapsed_s: replace(IDLE, force_n=force_n))
    with pytest.raises(UnitFaulted, match=f"still shows {shown} .*open the clutch"):
        let_go_of_unit(unit, clock, armed_seconds_ago=None)
    assert 8.0 < clock.now_s() < 8.2


def test_a_unit_that_is_silent_for_a_second_is_given_up() -> None:
    def silent(elapsed_s: float) -> Telemetry:
        raise LinkError("no answer")

    clock, unit = clocked(silent)
    with pytest.raises(LinkError):
        let_go_of_unit(unit, clock, armed_seconds_ago=None)
    assert 1.0 < clock.now_s() < 1.2


def test_a_silent_unit_is_asked_for_a_second_and_no_longer() -> None:
    asked_at_s: list[float] = []

    def silent(elapsed_s: float) -> Telemetry:
        asked_at_s.append(elapsed_s)
        raise LinkError("no answer")

    clock, unit = clocked(silent)
    with pytest.raises(LinkError):
        let_go_of_unit(unit, clock, armed_seconds_ago=None)
    assert asked_at_s[-1] == pytest.approx(1.0, abs=1.5 * unit.tick_s)


# --- the unit's events ------------------------------------------------------------------------


class Ring:
    """A reader on a unit whose ring grows."""

    def __init__(self, newest: int) -> None:
        clock = VirtualClock(start_s=0.0)
        self.unit = StoryUnit(clock, lambda elapsed_s: IDLE)
        self.journal = ListJournal()
        recorder = Recorder(self.journal, clock, 0.0)
        self.reader = UnitEventReader(self.unit, recorder, replace(IDLE, newest_event=newest))

    def read(self, newest: int, limit: int = 10) -> None:
        self.reader.read(replace(IDLE, newest_event=newest), 0.0, limit=limit)

    def seen(self) -> list[object]:
        seen = [e for e in self.journal.events if e.kind is EventKind.UNIT_EVENT_SEEN]
        return [event.detail["sequence"] for event in seen]


def test_each_entry_is_recorded_once_and_at_most_so_many_a_tick() -> None:
    ring = Ring(newest=4)
    ring.unit.ring = [unit_event(n) for n in range(1, 10)]
    for _ in range(4):
        ring.read(newest=9, limit=2)
    assert ring.seen() == [5, 6, 7, 8, 9]
    assert not ring.reader.behind(replace(IDLE, newest_event=9))


def test_a_failed_read_is_tried_again() -> None:
    ring = Ring(newest=1)
    ring.read(newest=2)
    assert ring.seen() == []
    ring.unit.ring = [unit_event(2)]
    ring.read(newest=2)
    assert ring.seen() == [2]


def test_entries_that_the_ring_has_overwritten_are_counted_as_lost() -> None:
    ring = Ring(newest=1)
    ring.unit.ring = [unit_event(n) for n in range(10, 42)]
    ring.read(newest=41, limit=40)
    (lost,) = [e for e in ring.journal.events if e.kind is EventKind.UNIT_EVENTS_LOST]
    assert lost.detail == {"count": 8}
    assert ring.seen() == list(range(10, 42))


def test_an_entry_keeps_its_key_and_its_time_on_the_session_s_axis() -> None:
    ring = Ring(newest=1)
    ring.unit.ring = [unit_event(2, code=10, uptime_ms=99_000)]
    # Asked at 5.004 s when the unit's uptime was 100 s: the event happened 1 s before.
    reading = replace(IDLE, newest_event=2, taken_at_s=5.0, sample_age_s=0.004, uptime_s=100.0)
    ring.reader.read(reading, 5.1, limit=2)
    (event,) = ring.journal.events
    assert event.detail["unit_at_ms"] == 4004
    assert (event.detail["boot"], event.detail["sequence"], event.detail["code"]) == (3, 2, 10)


def test_a_restarted_unit_counts_its_events_from_1_again() -> None:
    ring = Ring(newest=40)
    ring.unit.ring = [replace(unit_event(n), boot_count=4) for n in range(1, 3)]
    ring.unit.identity = replace(ring.unit.identity, boot_count=4)
    assert ring.reader.behind(replace(IDLE, newest_event=40))
    ring.read(newest=2)
    assert ring.seen() == [1, 2]
    assert [event.detail["boot"] for event in ring.journal.events] == [4, 4]
    assert not ring.reader.behind(replace(IDLE, newest_event=2))


def test_what_was_there_before_the_session_is_not_recorded() -> None:
    ring = Ring(newest=7)
    ring.read(newest=7)
    assert ring.journal.events == []

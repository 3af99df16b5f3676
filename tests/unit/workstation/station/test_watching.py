"""One stop for all that is shown, and who counts as looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import cast

from controller.order.force_unit import ForceUnit
from controller.runtime.clock import VirtualClock
from controller.snapshot import Doing, Said, Snapshot
from workstation.station.control_link import ControlLink
from workstation.station.messages import Heartbeat
from workstation.station.stop_target import (
    NO_ANSWER_YET,
    SeenForce,
    StopAnswer,
    StopResult,
    StopWording,
)
from workstation.station.watching import ANSWER_S, LOOKS_S, Watching

WORDS = StopWording(zone=UTC, unit=ForceUnit.NEWTON)
IDLE = Snapshot(number=1, utc_ms=0, doing=Doing.IDLE, phase="idle", force_n=1.8, reading_age_s=0.0)


class Link:
    """A connection whose other side says what a test wants."""

    manual_release = "turn the red key"

    def __init__(self, called: str) -> None:
        self.called = called
        self.snapshot: Snapshot | None = IDLE
        self.silent_s, self.is_answering = 0.0, True
        self.said = [Said(number=1, utc_ms=0, text="first"), Said(number=2, utc_ms=0, text="last")]
        self.sources: list[str] = []
        self.given: StopAnswer | None = None
        self.seen: SeenForce | None = None
        self.closed = False

    def order_stop(self, source: str) -> Link:
        self.sources.append(source)
        return self

    def answer(self) -> StopAnswer | None:
        return self.given

    def released(self) -> SeenForce | None:
        return self.seen

    def close(self) -> None:
        self.closed = True


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.one, self.two = Link("Table 1"), Link("Table 2")
        self.looking: list[Callable[[], Heartbeat]] = []
        self.watching = Watching([self._maker(self.one), self._maker(self.two)], self.clock)

    def _maker(self, link: Link) -> Callable[[Callable[[], Heartbeat]], ControlLink]:
        def make(heartbeat: Callable[[], Heartbeat]) -> ControlLink:
            self.looking.append(heartbeat)
            return cast("ControlLink", link)

        return make

    def wait(self, seconds: float) -> None:
        self.clock.sleep_until(self.clock.now_s() + seconds)

    def stop_lines(self) -> list[str]:
        return [*self.watching.units(WORDS)[0].stop]


def test_a_stop_is_for_every_unit_that_is_shown_and_says_who_pressed() -> None:
    bench = Bench()
    assert bench.stop_lines() == []
    bench.watching.stop()
    for link in (bench.one, bench.two):
        (source,) = link.sources
        assert source.startswith("STOP by ")
        assert source.endswith(" at a terminal")


def test_a_press_that_is_not_answered_says_what_to_do_by_hand() -> None:
    bench = Bench()
    bench.watching.stop()
    assert bench.stop_lines() == [NO_ANSWER_YET]
    bench.wait(ANSWER_S + 0.1)
    assert bench.stop_lines() == [
        "STOP did not reach Table 1. Use the patient's switch or the emergency stop. "
        "Manual release: turn the red key"
    ]


def test_what_became_of_a_press_is_told_to_the_release() -> None:
    bench = Bench()
    bench.watching.stop()
    bench.one.given = StopAnswer(result=StopResult.ORDERED, utc_ms=0, force_n=59.2)
    (ordered,) = bench.stop_lines()
    assert ordered == "STOP was ordered at 00:00:00, force then 59.2 N. Look at the patient."
    bench.one.seen = SeenForce(utc_ms=2000, force_n=1.8)
    assert bench.stop_lines() == [ordered, "Released: 1.8 N at 00:00:02."]
    bench.one.given = StopAnswer(result=StopResult.NOTHING_OPEN, utc_ms=0, force_n=1.8)
    (nothing,) = bench.stop_lines()
    assert nothing == "No treatment is open on Table 1. Force 1.8 N at 00:00:00."


def test_who_has_pressed_no_key_for_a_minute_does_not_count_as_looking() -> None:
    bench = Bench()
    assert [looks().live_pages for looks in bench.looking] == [1, 1]
    bench.wait(LOOKS_S + 1.0)
    assert [looks().live_pages for looks in bench.looking] == [0, 0]
    bench.watching.touched()
    assert [looks().live_pages for looks in bench.looking] == [1, 1]


def test_lines_without_a_screen_change_only_with_the_state() -> None:
    bench = Bench()
    before = bench.watching.states(WORDS)
    bench.one.snapshot = Snapshot(
        number=2, utc_ms=0, doing=Doing.IDLE, phase="idle", force_n=2.4, reading_age_s=0.0
    )
    assert (
        bench.watching.states(WORDS)
        == before
        == [
            "Table 1: no treatment is open",
            "Table 2: no treatment is open",
        ]
    )
    bench.two.is_answering, bench.two.silent_s = False, 3.0
    assert "NO LIVE DATA for 3 s" in bench.watching.states(WORDS)[1]


def test_the_last_words_are_shown_and_leaving_closes_every_connection() -> None:
    bench = Bench()
    page = bench.watching.lines(WORDS, "14:03:22")
    assert page[0].startswith("14:03:22    space: STOP")
    assert "  last" in page
    assert "  first" not in page
    bench.watching.close()
    assert bench.one.closed
    assert bench.two.closed


def test_who_is_responsible_is_said_to_who_watches() -> None:
    bench = Bench()
    bench.one.snapshot = replace(
        IDLE,
        doing=Doing.SESSION,
        phase="checking",
        responsible="A. Example",
        responsible_since_ms=50_460_000,
    )
    lines = bench.watching.lines(WORDS, "14:05:00")
    assert "  A. Example has been preparing Table 1 since 14:01:00." in lines

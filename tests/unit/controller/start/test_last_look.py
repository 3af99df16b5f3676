"""Directly before the arming: whatever changed since the questions refuses, and says what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.errors import LinkError, RequestRefused, UnitBusy, UnitFaulted
from controller.events import EventKind
from controller.ports import StartFacts
from controller.questions import Answer, Question
from controller.runtime.clock import VirtualClock
from controller.runtime.preparation import Preparation
from controller.runtime.recorder import Recorder
from controller.runtime.session_ports import SessionPorts
from controller.start import last_look
from controller.start.self_check import CheckState
from controller.telemetry import (
    ForceCommand,
    Telemetry,
    UnitEvent,
    UnitFault,
    UnitState,
    UnitStatus,
)
from tests.unit.controller.builders import CERVICAL, start_facts
from tests.unit.controller.runtime.runtime_parts import (
    IDLE,
    PRESSED,
    Answers,
    ListJournal,
    StoryUnit,
    press_test,
    unit_event,
)

YES = {
    question.value: True for question in Question if question is not Question.PRESS_TEST_NOT_SEEN
}


class ChangingUnit(StoryUnit):
    """Does as its story says until somebody changes what it shows."""

    lose_events = False
    reads_lost = 0

    def __init__(self, clock: VirtualClock, **kind: Any) -> None:
        super().__init__(clock, press_test, **kind)
        self.changes: dict[str, Any] = {}
        self.lost: list[bool] = []

    def exchange(self, command: ForceCommand) -> Telemetry:
        reading = super().exchange(command)
        if self.lost and self.lost.pop(0):
            raise LinkError("no answer")
        return replace(reading, **self.changes)

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        if self.lose_events:
            self.reads_lost += 1
            raise LinkError("no answer")
        return super().read_events(first, count)

    def note(self, *codes: int) -> None:
        """Put events into the ring, behind the one that was there."""
        self.ring = [unit_event(2 + n, code=code) for n, code in enumerate(codes)]
        self.changes["newest_event"] = 1 + len(codes)


class Slow(Answers):
    """Says yes to everything, to the start only after some time of the clock."""

    def __init__(self, clock: VirtualClock, yes_after_s: float) -> None:
        super().__init__(**YES)
        self._clock, self._yes_after_s = clock, yes_after_s

    def answer(self, question: Question) -> Answer | None:
        early = self._clock.now_s() < self._yes_after_s
        return None if early and question is Question.START_TRACTION else super().answer(question)


class Ready:
    """A preparation that has its yes, and everything around it."""

    def __init__(
        self, *, verified: bool = False, facts: StartFacts | None = None, yes_after_s: float = 0.0
    ) -> None:
        self.clock = VirtualClock(start_s=0.0)
        self.unit = ChangingUnit(self.clock, verified=verified)
        self.journal, self.operator = ListJournal(), Slow(self.clock, yes_after_s)
        self.preparation = Preparation(
            ports=SessionPorts.of(
                self.unit,
                self.clock,
                Recorder(self.journal, self.clock, 0.0),
                self.operator,
                "session-1",
            ),
            order=CERVICAL,
            facts=facts or start_facts(),
            hear=lambda: None,
        )
        self.preparation.prepare()

    def wait(self, seconds: float) -> None:
        """A disk that takes its time: nobody looks at the unit meanwhile."""
        self.clock.sleep_until(self.clock.now_s() + seconds)

    def items(self, name: str) -> list[dict[str, Any]]:
        """What the record says of an item."""
        recorded = [e for e in self.journal.events if e.kind is EventKind.SELF_CHECK_RECORDED]
        return [dict(e.detail) for e in recorded if e.detail["item"] == name]


def test_what_still_stands_is_armed_on_a_window_of_new_readings() -> None:
    ready = Ready()
    before = len(ready.unit.commands)
    ready.wait(5.0)
    reading = ready.preparation.last_look()
    assert len(ready.unit.commands) - before == 20
    assert reading.age_s(ready.clock.now_s()) < 0.05
    (item,) = ready.items("last_look")
    assert item["state"] == "passed"
    assert item["numbers"] == {"items": 27, "took_ms": 950}


VALID = IDLE.faults
STATUS = IDLE.status
CHANGES: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "emergency stop": (
        {"status": STATUS | UnitStatus.EMERGENCY_STOP_OPEN},
        RequestRefused,
        "release the button",
    ),
    "watchdog no longer told": (
        {"watchdog_left_s": None},
        RequestRefused,
        "row 26 watchdog off failed: its readings have no watchdog time left; changed since",
    ),
    "uptime no longer told": (
        {"uptime_s": None},
        RequestRefused,
        "row 25 unit restarted failed: not covered on this unit; changed since the self-check",
    ),
    "switch unplugged": (
        {"status": UnitStatus.NONE},
        RequestRefused,
        "patient switch absent: plug it in",
    ),
    "switch pressed": (
        {"status": PRESSED.status},
        RequestRefused,
        "patient switch open failed: pressed",
    ),
    "fault": ({"unit_state": UnitState.FAULT}, UnitFaulted, "reports a fault"),
    "armed": ({"unit_state": UnitState.ARMED}, UnitBusy, "armed by another host"),
    "panel": ({"unit_state": UnitState.LOCAL}, UnitBusy, "own panel"),
    "latched": ({"unit_state": UnitState.SAFE_LATCHED}, UnitFaulted, "latched a stop while"),
    "acknowledge": (
        {"status": STATUS | UnitStatus.ACKNOWLEDGE_REQUIRED},
        UnitFaulted,
        "latched a stop while",
    ),
    "pulled": ({"force_n": 3.2}, RequestRefused, "zero failed: 3.2 N; changed since"),
    "no force": ({"force_n": None}, RequestRefused, "force channels failed"),
    "no second": ({"second_force_n": None}, RequestRefused, "force channels failed"),
    "apart": ({"second_force_n": 14.0}, RequestRefused, "force channels failed: channels 13"),
    "stuck": (
        {"faults": VALID | UnitFault.CHANNEL_1_STUCK},
        RequestRefused,
        "force channels failed",
    ),
    "tare": ({"gross_force_n": -5.0}, RequestRefused, "zero kept failed: -5.0 N without the tare"),
    "no gross": (
        {"gross_force_n": None},
        RequestRefused,
        "row 7 zero shifted failed: not covered",
    ),
    "hot": (
        {"faults": VALID | UnitFault.MOTOR_HOT},
        RequestRefused,
        "unit faults failed: motor hot",
    ),
    "takeover": (
        {"status": STATUS | UnitStatus.LOCAL_TAKEOVER},
        RequestRefused,
        "failed: local takeover",
    ),
    "first fault": ({"first_fault_code": 44}, RequestRefused, "faults failed: first fault 44"),
    "stop test": (
        {"faults": VALID | UnitFault.STOP_TEST_DUE},
        RequestRefused,
        "stop-switch test on",
    ),
    "calibration": (
        {"faults": VALID | UnitFault.CALIBRATION_OVERDUE},
        RequestRefused,
        "calibration failed.*changed since the self-check; have",
    ),
    "old sample": ({"sample_age_s": 0.3, "taken_at_s": 0.0}, RequestRefused, "readings failed"),
    "frozen counter": ({"sample_number": 7}, RequestRefused, "the same for 950 ms"),
    "restart": ({"uptime_s": 0.4}, UnitFaulted, "was restarted since it was identified"),
}
"""What the unit shows when the arming is due, the error, and words of its message."""


@pytest.mark.parametrize("name", list(CHANGES))
def test_what_has_changed_while_people_thought_refuses_the_arming(name: str) -> None:
    changes, error, words = CHANGES[name]
    ready = Ready()
    ready.unit.changes = changes
    with pytest.raises(error, match=words):
        ready.preparation.last_look()
    assert not ready.items("last_look")


@pytest.mark.parametrize("thinks_s", [61.0, 299.0])
def test_what_was_read_more_than_a_minute_before_the_yes_is_read_again(thinks_s: float) -> None:
    """The zero wanders while a person thinks, and nothing is left of the first readings."""
    ready = Ready(yes_after_s=thinks_s)
    assert ready.clock.now_s() >= thinks_s
    before = len(ready.unit.commands)
    ready.unit.changes = {"gross_force_n": 9.0}
    with pytest.raises(RequestRefused, match=r"9\.0 N without the tare"):
        ready.preparation.last_look()
    assert len(ready.unit.commands) - before >= 20


EVENTS: list[tuple[tuple[int, ...], str]] = [
    ((10, 11), "patient switch pressed"),
    ((12, 13), "patient switch unplugged"),
    ((20, 21), "emergency stop opened"),
    ((60,), "tare set"),
    ((2, 3), "event 2, event 3"),
]


@pytest.mark.parametrize(("codes", "words"), EVENTS)
def test_what_came_and_went_unseen_is_known_from_the_unit_s_events(
    codes: tuple[int, ...], words: str
) -> None:
    ready = Ready()
    ready.unit.note(*codes)
    ready.preparation.read_events()
    with pytest.raises(RequestRefused, match=f"events since yes failed: {words}"):
        ready.preparation.last_look()


def test_events_of_before_the_yes_and_harmless_ones_change_nothing() -> None:
    ready = Ready()
    ready.unit.note(11, 21)
    ready.preparation.last_look()
    assert ready.journal.kinds.count(EventKind.UNIT_EVENT_SEEN) == 2


def test_events_that_cannot_be_read_refuse_too() -> None:
    ready = Ready()
    ready.unit.note(10)
    ready.unit.lose_events = True
    with pytest.raises(RequestRefused, match="newest events could not be read"):
        ready.preparation.last_look()
    assert ready.unit.reads_lost == 4


def test_the_yes_is_good_for_30_s_and_no_longer() -> None:
    ready = Ready()
    ready.wait(29.0)
    ready.preparation.last_look()
    ready.wait(0.2)
    with pytest.raises(RequestRefused, match=r"yes to start failed: 31\.\d s ago"):
        ready.preparation.last_look()


def test_a_press_test_that_grows_old_behind_the_yes_refuses() -> None:
    ready = Ready(yes_after_s=300.0)
    ready.wait(3.0)
    with pytest.raises(RequestRefused, match=r"press test age failed: 30[12] s ago, at most 300 s"):
        ready.preparation.last_look()


def test_a_single_lost_answer_is_the_wire_s_and_no_reading() -> None:
    ready = Ready()
    ready.unit.lost = [False] * 19 + [True, False]
    reading = ready.preparation.last_look()
    assert reading.age_s(ready.clock.now_s()) < 0.05


def test_a_stop_in_the_last_look_refuses() -> None:
    ready = Ready()
    ready.operator.stopped_by = "SIGTERM"
    with pytest.raises(RequestRefused, match="stopped before arming by SIGTERM"):
        ready.preparation.last_look()


def test_a_zero_that_comes_to_rest_within_10_s_is_waited_for() -> None:
    ready = Ready()
    quiet_at_s = ready.clock.now_s() + 4.0
    exchange: Callable[[ForceCommand], Telemetry] = ready.unit.exchange

    def touched(command: ForceCommand) -> Telemetry:
        reading = exchange(command)
        still = ready.clock.now_s() >= quiet_at_s
        return reading if still else replace(reading, force_n=8.0)

    ready.unit.exchange = touched  # type: ignore[method-assign]
    ready.preparation.last_look()
    assert 4.9 < ready.clock.now_s() - quiet_at_s + 4.0 < 5.1


def test_a_wall_clock_that_is_set_meanwhile_is_no_clock_that_was_asked_about() -> None:
    facts = start_facts(last_record_utc_ms=VirtualClock(start_s=0.0).utc_ms() + 600_000)
    asked = Ready(facts=facts)
    assert Question.CLOCK_IN_DOUBT in asked.operator.asked
    asked.preparation.last_look()
    asked.clock.utc_origin_ms -= 60_000
    with pytest.raises(RequestRefused, match=r"clock failed.*changed since"):
        asked.preparation.last_look()
    sound = Ready(facts=start_facts(last_record_utc_ms=VirtualClock(start_s=0.0).utc_ms()))
    assert Question.CLOCK_IN_DOUBT not in sound.operator.asked
    sound.clock.utc_origin_ms -= 3_600_000
    with pytest.raises(RequestRefused, match=r"0 h 59 min .* before the last record"):
        sound.preparation.last_look()


def test_the_zero_that_is_recorded_is_that_of_the_last_look() -> None:
    ready = Ready()
    ready.unit.changes = {"gross_force_n": 2.2}
    ready.preparation.last_look()
    assert ready.preparation.gross_zero_n == 2.2


def test_a_unit_that_never_measures_without_the_tare_is_not_covered() -> None:
    item = last_look.zero_kept_item(None, None)
    assert (item.state, item.refuses) == (CheckState.NOT_COVERED, False)
    assert last_look.zero_kept_item(-3.0, 2.0).state is CheckState.PASSED
    assert last_look.zero_kept_item(3.0, -2.1).refuses


def test_a_unit_that_tells_no_events_is_not_covered() -> None:
    item = last_look.events_item([], all_read=True, told=False)
    assert (item.state, item.refuses) == (CheckState.NOT_COVERED, False)


@pytest.mark.parametrize(("before_n", "now_n"), [(0.4, None), (None, 0.4)])
def test_a_zero_that_was_measured_at_one_of_two_looks_refuses(
    before_n: float | None, now_n: float | None
) -> None:
    item = last_look.zero_kept_item(before_n, now_n)
    assert item.refuses
    assert item.value == "measured at one of the two looks only"

"""After the end: a free unit is only looked at, one that is not free is still let go."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from controller.errors import FrameCorrupt, LinkError, LinkLost, ReplyTimeout, UnitRejected
from controller.events import EventKind
from controller.requests import Stop
from controller.runtime.end_watch import EndWatch
from controller.safety.situation import SupervisedStage
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitState, UnitStatus
from tests.safety.loop_bench import strength
from tests.safety.obedient_unit import TICK_S
from tests.unit.controller.runtime.loop_parts import Bench, Person

PRESSED = {"status": UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.PATIENT_SWITCH_PRESSED}
STUCK: dict[str, Any] = {"force_n": 60.0, "unit_state": UnitState.HOLDING}


class Ended:
    """A session that has ended, and the watch behind it; ``stuck`` units were never seen free."""

    def __init__(self, *, stuck: bool = False, gone: bool = False) -> None:
        self.bench = Bench(operator=Person(release_not_seen=True))

        def step(elapsed_s: float) -> None:
            if elapsed_s > 2.0:
                self.bench.operator.stop = Stop(by="A. Person", fast=True)
                self.bench.unit.changes = STUCK if stuck else {}

        self.bench.run_until_over(step)
        assert self.bench.failure is None
        loop = self.bench.loop
        self.watch = EndWatch(
            ports=self.bench.ports,
            findings=loop.findings,
            supervisor=self.bench.supervisor,
            host=loop.host,
            phase=self.bench.machine.phase,
            gone=gone,
        )
        self._sent = len(self.bench.unit.attempts)
        self._events = len(self.bench.journal.events)
        self._tokenless = len(self.bench.unit.tokenless_at_s)

    def look(self, ticks: int = 1, **changes: Any) -> list[Telemetry | None]:
        """Look for so many ticks at a unit that shows ``changes``."""
        self.bench.unit.changes = changes
        clock, found = self.bench.clock, []
        for _ in range(ticks):
            due_s = clock.now_s() + TICK_S
            found.append(self.watch.look(0.0))
            clock.sleep_until(due_s)
        return found

    def fail_with(self, error: LinkError) -> None:
        """Every exchange from now on fails."""

        def fail(command: ForceCommand) -> None:
            raise error

        self.bench.unit.failing = fail

    @property
    def sent(self) -> list[CommandKind]:
        """What went out since the end."""
        return [command.kind for command in self.bench.unit.attempts[self._sent :]]

    @property
    def tokenless_at_s(self) -> list[float]:
        """When the release without a token went out since the end."""
        return self.bench.unit.tokenless_at_s[self._tokenless :]

    def recorded(self, kind: EventKind) -> list[dict[str, Any]]:
        """Details of the events of a kind since the end."""
        events = self.bench.journal.events[self._events :]
        return [dict(event.detail) for event in events if event.kind is kind]


def test_a_free_unit_is_only_looked_at_and_its_reading_handed_on() -> None:
    ended = Ended()
    assert ended.bench.supervisor.stage is SupervisedStage.FREE
    readings = ended.look(5, force_n=3.0)
    assert ended.sent == [CommandKind.OBSERVE] * 5
    assert [reading.force_n for reading in readings if reading] == [3.0] * 5
    assert ended.tokenless_at_s == []
    assert ended.recorded(EventKind.SAFETY_ACTED) == []


def test_a_press_while_getting_up_is_recorded_and_is_no_alarm() -> None:
    ended = Ended()
    ended.look(3, **PRESSED)
    assert len(ended.recorded(EventKind.PATIENT_STOP_PRESSED)) == 1
    assert ended.recorded(EventKind.ALARM_RAISED) == []


def test_force_that_comes_back_is_an_alarm_and_is_let_go_without_a_token() -> None:
    ended = Ended()
    ended.look(60, force_n=60.0)
    codes = [detail["code"] for detail in ended.recorded(EventKind.ALARM_RAISED)]
    assert codes == ["force_back_on"]
    at_s = ended.tokenless_at_s
    assert [b - a for a, b in pairwise(at_s)] == [pytest.approx(1.0)] * 2
    found = ended.recorded(EventKind.SAFETY_ACTED)
    assert {detail["force_dn"] for detail in found if detail["code"] == "force_back_on"} == {600}


def test_a_unit_that_was_not_seen_free_is_let_go_as_before_and_all_findings_are_alarms() -> None:
    ended = Ended(stuck=True)
    assert ended.bench.supervisor.stage is SupervisedStage.RELEASING
    ended.look(45, **STUCK, **PRESSED)
    assert all(strength(ForceCommand(kind=kind)) for kind in ended.sent)
    assert len(ended.tokenless_at_s) == 3
    codes = [detail["code"] for detail in ended.recorded(EventKind.ALARM_RAISED)]
    assert "patient_switch_pressed" in codes


def test_the_findings_carry_the_phase_in_which_the_session_ended() -> None:
    ended = Ended()
    ended.look(2, **PRESSED)
    (pressed,) = ended.recorded(EventKind.PATIENT_STOP_PRESSED)
    assert pressed["phase"] == "stopped"
    assert pressed["force_dn"] is not None


@pytest.mark.parametrize("error", [ReplyTimeout("no answer"), FrameCorrupt("CRC")])
def test_a_failed_look_is_no_reading_and_the_next_tick_looks_again(error: LinkError) -> None:
    ended = Ended()
    ended.fail_with(error)
    assert ended.look(3) == [None, None, None]
    assert len(ended.sent) == 3


def test_the_reading_behind_a_refusal_is_the_reading() -> None:
    ended = Ended()
    refused = ended.bench.unit.shown(ended.bench.clock.now_s())
    ended.bench.unit.reading_after_refusal = refused
    ended.fail_with(UnitRejected("refused", exception_code=3))
    assert ended.look() == [refused]


def test_a_port_that_vanishes_is_not_asked_again_and_gets_no_order() -> None:
    ended = Ended(stuck=True)
    ended.fail_with(LinkLost("the port vanished"))
    assert ended.look(30) == [None] * 30
    assert len(ended.sent) == 1
    assert ended.tokenless_at_s == []


def test_a_port_that_was_gone_before_is_not_asked_at_all() -> None:
    ended = Ended(gone=True)
    assert ended.look(3) == [None, None, None]
    assert ended.sent == []
    assert ended.recorded(EventKind.SAFETY_ACTED) == []


def test_how_late_the_watch_s_ticks_come_is_judged_too() -> None:
    ended = Ended(stuck=True)
    ended.bench.unit.changes = STUCK
    ended.watch.look(0.5)
    codes = [detail["code"] for detail in ended.recorded(EventKind.SAFETY_ACTED)]
    assert any("late" in code or "loop" in code for code in codes)

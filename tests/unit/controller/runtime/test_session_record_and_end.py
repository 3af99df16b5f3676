"""What is durable before the arming, and what is shown between the end and its acknowledgement."""

from __future__ import annotations

import pytest

from controller.alarms import SOUND_PAUSE_S
from controller.errors import SelfCheckFailed
from controller.events import EventKind
from controller.requests import EndEarly, PauseSound, TakeOver
from controller.telemetry import UnitStatus
from tests.unit.controller.runtime.loop_parts import Once
from tests.unit.controller.runtime.test_session import PRESENT, LatePerson, SessionBench


def test_what_the_unit_noted_before_the_arming_is_durable_when_it_is_armed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The unit notes two events when its switch is pressed, and the last look finds no new one."""
    bench, ended = SessionBench(), Once(0.5)
    durable: list[tuple[bool, int, list[int]]] = []
    noted: list[bool] = []

    def note() -> None:
        seen = [detail["sequence"] for detail in bench.details(EventKind.UNIT_EVENT_SEEN)]
        durable.append((bench.unit.armed_at_s is not None, len(bench.journal.events), seen))

    def show(since_s: float | None) -> None:
        if since_s is not None and ended(since_s):
            bench.operator.queue.append(EndEarly(by="A. Person"))
        if UnitStatus.PATIENT_SWITCH_PRESSED in bench.unit.changes.get("status", UnitStatus.NONE):
            noted.append(True)
        bench.unit.changes["newest_event"] = 4 if noted else 2

    monkeypatch.setattr(bench.journal, "sync", note)
    bench.each_exchange = show
    bench.run()
    (armed, events, seen), *_ = durable
    assert (armed, seen) == (False, [3, 4])
    kinds = bench.journal.kinds[:events]
    assert EventKind.QUESTION_ANSWERED in kinds
    assert EventKind.UNIT_ARMED not in kinds


def test_what_changes_while_the_record_is_made_durable_refuses_the_arming(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything had passed and every question was answered; then the switch is pressed."""
    bench = SessionBench()
    durable: list[bool] = []

    def press(since_s: float | None) -> None:
        if durable and since_s is None:
            bench.unit.changes["status"] = PRESENT | UnitStatus.PATIENT_SWITCH_PRESSED

    monkeypatch.setattr(bench.journal, "sync", lambda: durable.append(True))
    bench.each_exchange = press
    with pytest.raises(SelfCheckFailed, match="patient switch"):
        bench.run()
    assert bench.unit.armed_with is None
    assert bench.recorded_end["outcome"] == "refused"


def test_behind_the_end_nobody_takes_over_and_before_the_arming_somebody_may() -> None:
    bench = SessionBench(operator=LatePerson(looks=4))
    early, ended, late = Once(0.5), Once(0.5), Once(2.0)

    def ask(since_s: float | None) -> None:
        if since_s is None and early(bench.clock.now_s()):
            bench.operator.queue.append(TakeOver(by="B. Person"))
        if since_s is not None and ended(since_s):
            bench.operator.queue.append(EndEarly(by="B. Person"))
        if EventKind.RELEASE_OBSERVED in bench.journal.kinds and late(bench.clock.now_s()):
            bench.operator.queue.append(TakeOver(by="C. Person"))

    bench.each_exchange = ask
    bench.run()
    (taken,) = [e for e in bench.journal.events if e.kind is EventKind.RESPONSIBILITY_TAKEN]
    assert taken.detail == {"from": "examiner", "by": "B. Person"}
    assert EventKind.RESPONSIBILITY_TAKEN in bench.journal.at_once
    refused, *_ = [e for e in bench.journal.events if e.kind is EventKind.REQUEST_REFUSED]
    assert refused.detail == {
        "request": "take_over",
        "by": "C. Person",
        "reason": "not possible after the end",
    }
    assert bench.operator.shown[-1].responsible == "B. Person"


def test_the_end_is_shown_with_its_alarm_and_how_long_the_sound_stays_paused() -> None:
    bench = SessionBench(operator=LatePerson(looks=4))
    paused, ended = Once(0.3), Once(0.5)

    def ask(since_s: float | None) -> None:
        if since_s is not None and paused(since_s):
            bench.operator.queue.append(PauseSound(by="A. Person"))
        if since_s is not None and ended(since_s):
            bench.operator.queue.append(EndEarly(by="A. Person"))

    bench.each_exchange = ask
    bench.run()
    shown = [progress for progress in bench.operator.shown if progress.phase == "stopped"]
    assert [[alarm.code for alarm in progress.alarms] for progress in shown] == [
        ["treatment_done"]
    ] * 4
    assert [progress.tone for progress in shown] == [False] * 4
    left_s = [progress.sound_paused_s for progress in shown]
    assert SOUND_PAUSE_S - 1.5 < left_s[0] < SOUND_PAUSE_S
    assert left_s[1] - left_s[3] == pytest.approx(2 * bench.unit.tick_s)

"""Requests while no treatment runs: words are kept, the rest is refused by name."""

from __future__ import annotations

from typing import cast

import pytest

from controller.events import EventKind
from controller.ports import Operator, SessionJournal
from controller.requests import (
    AcknowledgeAlarms,
    AdjustForce,
    AlarmOnScreen,
    CheckIn,
    EndEarly,
    Pause,
    PauseSound,
    Remark,
    Resume,
    SessionRequest,
)
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.asides import hear_aside
from controller.runtime.clock import VirtualClock
from controller.runtime.recorder import Recorder
from tests.unit.controller.runtime.runtime_parts import Answers, ListJournal


class Aside:
    """A recorder, an operator and alarms around the function."""

    def __init__(self) -> None:
        self.journal, self.operator = ListJournal(), Answers()
        self._recorder = Recorder(cast(SessionJournal, self.journal), VirtualClock(), 1000.0)
        self.alarms = AlarmKeeper(self._recorder, cast(Operator, self.operator))

    def hear(self, request: SessionRequest) -> list[tuple[EventKind, dict[str, object]]]:
        before = len(self.journal.events)
        hear_aside(
            request,
            self._recorder,
            cast(Operator, self.operator),
            self.alarms,
            when="after the end",
            now_s=1003.0,
        )
        new = self.journal.events[before:]
        assert all(event.at_ms == 3000 for event in new)
        return [(event.kind, dict(event.detail)) for event in new]


def test_a_remark_is_recorded() -> None:
    aside = Aside()
    found = aside.hear(Remark(by="A", text="slept well"))
    assert found == [(EventKind.REMARK_RECORDED, {"by": "A", "text": "slept well"})]
    assert aside.operator.told == ["recorded, by A: slept well"]


def test_a_check_in_is_recorded_and_settles_its_own_reminder() -> None:
    aside = Aside()
    for code in ("check_in_due", "over_force"):
        aside.alarms.raise_alarm(code, 1001.0)
    assert aside.hear(CheckIn(by="A")) == [
        (EventKind.CHECK_IN_RECORDED, {"by": "A"}),
        (EventKind.ALARM_ACKNOWLEDGED, {"codes": ["check_in_due"], "by": "A"}),
    ]
    assert [kind.code for kind in aside.alarms.active] == ["over_force"]


def test_alarms_are_acknowledged_and_silenced_at_any_time() -> None:
    aside = Aside()
    aside.alarms.raise_alarm("over_force", 1001.0)
    assert aside.hear(PauseSound(by="A"))[0][0] is EventKind.ALARM_SOUND_PAUSED
    assert aside.hear(
        AcknowledgeAlarms(by="A", alarms=(AlarmOnScreen(code="over_force", number=1),))
    ) == [(EventKind.ALARM_ACKNOWLEDGED, {"codes": ["over_force"], "by": "A"})]
    assert aside.alarms.active == ()


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (Pause(by="A"), "pause"),
        (Resume(by="A"), "resume"),
        (AdjustForce(by="A", change_n=-5.0), "adjust_force"),
        (EndEarly(by="A"), "end_early"),
    ],
)
def test_what_needs_a_treatment_is_refused_by_name(request_: SessionRequest, name: str) -> None:
    aside = Aside()
    refused = {"request": name, "by": "A", "reason": "not possible after the end"}
    assert aside.hear(request_) == [(EventKind.REQUEST_REFUSED, refused)]
    said = f"{name.replace('_', ' ')} refused: not possible after the end"
    assert aside.operator.told == [said]

"""Alarms are recorded from begin to acknowledgement, said once, and silenced with an end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from controller.events import EventKind, JsonValue, SessionEvent
from controller.ports import Operator, SessionJournal
from controller.requests import AcknowledgeAlarms, AlarmOnScreen, PauseSound
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.clock import VirtualClock
from controller.runtime.recorder import Recorder
from controller.session.inputs_and_effects import RaiseAlarm, SettleAlarm, Tell


@dataclass
class Journal:
    kept: list[tuple[EventKind, int, dict[str, JsonValue], bool]] = field(default_factory=list)

    def append_event(self, event: SessionEvent, *, at_once: bool = False) -> None:
        self.kept.append((event.kind, event.at_ms, dict(event.detail), at_once))


@dataclass
class Listener:
    said: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.said.append(text)


def all_on_screen(alarms: AlarmKeeper, by: str) -> AcknowledgeAlarms:
    """Somebody takes note of every alarm there is."""
    seen = [AlarmOnScreen(code=one.code, number=one.number) for one in alarms.active]
    return AcknowledgeAlarms(by=by, alarms=tuple(seen))


def keeper() -> tuple[AlarmKeeper, Journal, Listener]:
    journal, listener = Journal(), Listener()
    recorder = Recorder(cast(SessionJournal, journal), VirtualClock(), origin_s=1000.0)
    return AlarmKeeper(recorder, cast(Operator, listener)), journal, listener


def test_an_alarm_is_recorded_at_once_and_said_once() -> None:
    alarms, journal, listener = keeper()
    for now_s in (1010.0, 1011.0):
        alarms.effect(RaiseAlarm("over_force"), now_s)
    text = "more force than ordered: look at the patient"
    assert journal.kept == [
        (
            EventKind.ALARM_RAISED,
            10_000,
            {"code": "over_force", "priority": "high", "text": text},
            True,
        )
    ]
    assert listener.said == [f"ALARM (high): {text}"]
    assert [kind.code for kind in alarms.active] == ["over_force"]


def test_a_check_in_settles_its_own_reminder_only() -> None:
    alarms, journal, _ = keeper()
    alarms.effect(RaiseAlarm("check_in_due"), 1010.0)
    alarms.effect(RaiseAlarm("over_force"), 1010.0)
    alarms.effect(SettleAlarm("check_in_due", "B. Example"), 1020.0)
    alarms.effect(SettleAlarm("check_in_due", "B. Example"), 1021.0)
    assert journal.kept[2:] == [
        (
            EventKind.ALARM_ACKNOWLEDGED,
            20_000,
            {"codes": ["check_in_due"], "by": "B. Example"},
            False,
        )
    ]
    assert [kind.code for kind in alarms.active] == ["over_force"]


def test_all_alarms_are_acknowledged_by_name_and_other_effects_are_left_alone() -> None:
    alarms, journal, _ = keeper()
    alarms.effect(RaiseAlarm("over_force"), 1010.0)
    alarms.effect(Tell("something"), 1010.0)
    alarms.request(all_on_screen(alarms, "P. Jones"), 1012.0)
    assert journal.kept[-1][2] == {"codes": ["over_force"], "by": "P. Jones"}
    assert alarms.active == ()
    assert not alarms.tone_due(1012.0)


def test_a_paused_sound_is_recorded_with_its_end() -> None:
    alarms, journal, _ = keeper()
    alarms.effect(RaiseAlarm("check_in_due"), 1000.0)
    settled = alarms.request(PauseSound(by="P. Jones"), 1010.0)
    assert (settled.followed, settled.text) == (True, "no tones for 120 s, by P. Jones")
    assert journal.kept[-1][:3] == (
        EventKind.ALARM_SOUND_PAUSED,
        10_000,
        {"by": "P. Jones", "until_ms": 130_000},
    )
    assert alarms.sound_paused_s(1020.0) == 110.0
    assert not alarms.tone_due(1020.0)
    assert alarms.tone_due(1130.0)


def test_who_acknowledged_or_paused_the_sound_is_told_what_came_of_it() -> None:
    alarms, _, listener = keeper()
    alarms.request(all_on_screen(alarms, "A"), 1001.0)
    alarms.raise_alarm("over_force", 1002.0)
    alarms.raise_alarm("check_in_due", 1002.0)
    alarms.request(PauseSound(by="A"), 1003.0)
    alarms.request(all_on_screen(alarms, "A"), 1004.0)
    nothing, _, _, paused, taken = listener.said
    assert nothing == "no alarm waits for an acknowledgement"
    assert paused == "no tones for 120 s, by A"
    assert taken == "acknowledged by A: over force, check in due"


def test_only_the_alarms_that_were_on_the_screen_are_taken_note_of() -> None:
    alarms, journal, listener = keeper()
    for code in ("over_force", "check_in_due"):
        alarms.raise_alarm(code, 1001.0)
    seen = all_on_screen(alarms, "P. Jones")
    alarms.raise_alarm("force_stuck", 1002.0)
    outcome = alarms.request(seen, 1002.0)
    assert (outcome.followed, outcome.text) == (True, listener.said[-1])
    assert journal.kept[-1][2] == {"codes": ["over_force", "check_in_due"], "by": "P. Jones"}
    assert [alarm.code for alarm in alarms.active] == ["force_stuck"]


def test_an_alarm_that_was_raised_again_since_the_page_was_drawn_stays() -> None:
    alarms, journal, listener = keeper()
    alarms.raise_alarm("check_in_due", 1001.0)
    old_page = all_on_screen(alarms, "P. Jones")
    alarms.effect(SettleAlarm("check_in_due", "B. Example"), 1002.0)
    alarms.raise_alarm("check_in_due", 1003.0)
    events = len(journal.kept)
    outcome = alarms.request(old_page, 1004.0)
    assert not outcome.followed
    assert listener.said[-1] == outcome.text
    assert outcome.text.startswith("other alarms have come since")
    assert len(journal.kept) == events
    assert len(alarms.active) == 1

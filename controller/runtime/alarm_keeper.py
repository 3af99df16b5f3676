"""Keeps the alarms of a session: raises those the machine requests, records begin and end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, assert_never

from controller.alarms import AlarmBoard, RaisedAlarm
from controller.event_details.findings_and_alarms import (
    AlarmAcknowledged,
    AlarmRaised,
    AlarmSoundPaused,
)
from controller.ports import Operator
from controller.requests import AcknowledgeAlarms, AlarmRequest, PauseSound, RequestSettled
from controller.runtime.recorder import Recorder
from controller.session.inputs_and_effects import Effect, RaiseAlarm, SettleAlarm, session_ms

NO_ALARM: Final = "no alarm waits for an acknowledgement"
OTHER_ALARMS: Final = "other alarms have come since: look at them, then acknowledge again"


class AlarmKeeper:
    """One per session, in the process that drives the unit."""

    def __init__(self, recorder: Recorder, operator: Operator) -> None:
        self._recorder = recorder
        self._operator = operator
        self._board = AlarmBoard()

    @property
    def active(self) -> tuple[RaisedAlarm, ...]:
        """Returns the alarms that wait for an acknowledgement, the most urgent first."""
        return self._board.active

    def effect(self, effect: Effect, now_s: float) -> None:
        """Apply an effect of the machine that concerns an alarm."""
        match effect:
            case RaiseAlarm(code):
                self.raise_alarm(code, now_s)
            case SettleAlarm(code, by):
                self._acknowledge((code,), by, now_s)
            case _:
                pass

    def request(self, request: AlarmRequest, now_s: float) -> RequestSettled:
        """Apply a person's request about alarms."""
        outcome = self._follow(request, now_s)
        self._operator.tell(outcome.text)
        return outcome

    def _follow(self, request: AlarmRequest, now_s: float) -> RequestSettled:
        match request:
            case AcknowledgeAlarms(by=by, alarms=alarms):
                seen = {(alarm.code, alarm.number) for alarm in alarms}
                was_active = bool(self._board.active)
                taken = self._acknowledge(self._board.of_those(seen), by, now_s)
                return acknowledged(taken, by, was_active=was_active)
            case PauseSound(by=by):
                until_s = self._board.pause_sound(now_s)
                until_ms = session_ms(until_s, self._recorder.origin_s)
                self._recorder.event(AlarmSoundPaused(by=by, until_ms=until_ms), now_s=now_s)
                return RequestSettled(followed=True, text=paused_words(until_s - now_s, by))
            case _:
                assert_never(request)

    def raise_alarm(self, code: str, now_s: float) -> None:
        """Raise, record and print it, unless it is active already."""
        alarm = self._board.raise_alarm(code, self._recorder.utc_ms())
        if alarm is None:
            return
        priority = alarm.priority.name.lower()
        raised = AlarmRaised(code=alarm.code, priority=priority, text=alarm.text)
        self._recorder.event(raised, now_s=now_s)
        self._operator.tell(f"ALARM ({priority}): {alarm.text}")

    def tone_due(self, now_s: float) -> bool:
        """Returns True if a tone is due in this tick."""
        return self._board.tone_due(now_s)

    def sound_paused_s(self, now_s: float) -> float:
        """Returns how long the sound stays paused, seconds."""
        return self._board.sound_paused_s(now_s)

    def _acknowledge(self, codes: Collection[str], by: str, now_s: float) -> Sequence[str]:
        """Acknowledge alarms; returns their codes."""
        taken = self._board.acknowledge(codes)
        if taken:
            self._recorder.event(AlarmAcknowledged(codes=tuple(taken), by=by), now_s=now_s)
        return taken


def acknowledged(taken: Sequence[str], by: str, *, was_active: bool) -> RequestSettled:
    """Returns the outcome of an acknowledgement of these codes."""
    if taken:
        names = ", ".join(code.replace("_", " ") for code in taken)
        return RequestSettled(followed=True, text=f"acknowledged by {by}: {names}")
    return RequestSettled(followed=False, text=OTHER_ALARMS if was_active else NO_ALARM)


def paused_words(seconds: float, by: str) -> str:
    """Returns the message that somebody paused the sound."""
    return f"no tones for {seconds:.0f} s, by {by}"

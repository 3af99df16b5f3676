"""Alarms between two sessions, from a program that ended during one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from controller.alarms import AlarmBoard
from controller.ports import Clock
from controller.requests import AcknowledgeAlarms, PauseSound, RequestSettled, SessionRequest
from controller.runtime.alarm_keeper import acknowledged, paused_words
from controller.snapshot import Doing, Snapshot


class IdleAlarms:
    """Shown with the session that they are about, until a named person acknowledges them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._board = AlarmBoard()
        self._session_id = ""
        self._noted: Callable[[str], None] | None = None

    def raise_for(self, session_id: str, code: str, noted: Callable[[str], None]) -> None:
        """Raise an alarm about a closed session; ``noted`` gets the name of who acknowledges it."""
        self._session_id = session_id
        self._noted = noted
        self._board.raise_alarm(code, self._clock.utc_ms())

    def concern(self, session_id: str) -> bool:
        """Returns True for the session that an alarm here is about."""
        return session_id == self._session_id and bool(self._board.active)

    def shown_in(self, snapshot: Snapshot) -> Snapshot:
        """Returns a snapshot of the idle unit with the alarms that wait here."""
        if snapshot.doing is not Doing.IDLE or not self._board.active:
            return snapshot
        now_s = self._clock.now_s()
        return replace(
            snapshot,
            session_id=self._session_id,
            alarms=self._board.active,
            tone=self._board.tone_due(now_s),
            sound_paused_s=self._board.sound_paused_s(now_s),
        )

    def follow(self, request: SessionRequest) -> RequestSettled:
        """Acknowledge alarms, or pause their sound; nothing else can be requested here."""
        match request:
            case AcknowledgeAlarms(by=by, alarms=alarms):
                was_active = bool(self._board.active)
                codes = self._board.of_those({(one.code, one.number) for one in alarms})
                return acknowledged(self._taken(codes, by), by, was_active=was_active)
            case PauseSound(by=by):
                now_s = self._clock.now_s()
                until_s = self._board.pause_sound(now_s)
                return RequestSettled(followed=True, text=paused_words(until_s - now_s, by))
            case _:
                return RequestSettled(followed=False, text="the session is over")

    def take_note(self, by: str) -> str:
        """Acknowledge for the person who begins the next session; returns the messages about it."""
        taken = self._taken([one.code for one in self._board.active], by)
        return acknowledged(taken, by, was_active=True).text if taken else ""

    def _taken(self, codes: Sequence[str], by: str) -> tuple[str, ...]:
        taken = self._board.acknowledge(codes)
        if taken and self._noted is not None:
            self._noted(by)
        return taken

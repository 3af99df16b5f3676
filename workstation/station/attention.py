"""Calls for attention: the station sounds alarms, and keeps the workstation awake.

The alarms are those of the units' programs. One is the station's own: a program that was lost in a
session can no longer raise any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from controller.alarms import CONTROL_GONE, RaisedAlarm
from controller.ports import Clock
from controller.snapshot import Snapshot
from workstation.awake.keeper_client import AwakeKeeper, AwakeState
from workstation.sound.player_client import SoundPlayer, SoundState
from workstation.sound.sounding import Sounder, UnitAlarms

LOST_FOR_S: Final = 30.0
"""How long the alarm stays where the next program answers and does not raise it itself."""


class HeardUnit(Protocol):
    """A unit as its link knows it (``ControlLink``)."""

    @property
    def called(self) -> str:
        """Returns the unit's name."""
        ...

    @property
    def snapshot(self) -> Snapshot | None:
        """Returns the last snapshot."""
        ...

    @property
    def is_answering(self) -> bool:
        """Returns True while snapshots arrive."""
        ...

    @property
    def in_session(self) -> bool:
        """Returns True when a session was open, by the last snapshot."""
        ...

    @property
    def is_free(self) -> bool:
        """Returns True while a fresh reading shows that nothing pulls."""
        ...


class Loudspeaker(Protocol):
    """What plays (``SoundPlayer``)."""

    def keep_up(self, now_s: float) -> SoundState:
        """Keep its process running, and return its state."""
        ...

    def play(self, name: str) -> None:
        """Play a burst."""

    def close(self) -> None:
        """End its process."""


class Wakefulness(Protocol):
    """What keeps the system awake (``AwakeKeeper``)."""

    def keep_up(self, now_s: float, *, wanted: bool) -> AwakeState:
        """Keep it awake while that is wanted, and return the state."""
        ...

    def close(self) -> None:
        """Let the system sleep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loss:
    alarm: RaisedAlarm
    until_s: float
    heard_again: bool = False


class Attention:
    """Called at each turn of the station's loop; it waits for nothing.

    ``lost`` are units whose program was lost in a session before this station began.
    """

    def __init__(
        self,
        clock: Clock,
        report: Callable[[str], None],
        *,
        lost: Iterable[str] = (),
        loudspeaker: Loudspeaker | None = None,
        wakefulness: Wakefulness | None = None,
    ) -> None:
        self._clock = clock
        self._report = report
        self._loudspeaker = loudspeaker or SoundPlayer()
        self._wakefulness = wakefulness or AwakeKeeper()
        self._sounder = Sounder()
        self._losses: dict[str, _Loss] = {}
        self._lost_count = 0
        self._said: dict[str, str] = {}
        self.sounds = False
        """Whether a loudspeaker answers."""
        for called in lost:
            self._lose(called, clock.now_s(), clock.utc_ms())

    def keep_up(self, units: Sequence[HeardUnit]) -> None:
        """Play the sound that is due, and stay awake while a session is open somewhere."""
        now_s, utc_ms = self._clock.now_s(), self._clock.utc_ms()
        state = self._loudspeaker.keep_up(now_s)
        self.sounds = state.sounds
        self._say("sound", state.text)
        wanted = any(unit.in_session for unit in units)
        awake = self._wakefulness.keep_up(now_s, wanted=wanted)
        if wanted or _all_were_heard(units):
            self._say("awake", awake.text)
        alarms = [self._alarms_of(unit, now_s, utc_ms) for unit in units]
        if burst := self._sounder.due(alarms, now_s, utc_ms):
            self._loudspeaker.play(burst.name)

    def close(self) -> None:
        """End both processes."""
        self._loudspeaker.close()
        self._wakefulness.close()

    def _alarms_of(self, unit: HeardUnit, now_s: float, utc_ms: int) -> UnitAlarms:
        lost = self._loss_of(unit, now_s, utc_ms)
        more = () if lost is None else (lost.alarm,)
        if unit.snapshot is None or not unit.is_answering:
            return UnitAlarms(unit=unit.called, alarms=more)
        return UnitAlarms.of(unit.called, unit.snapshot, released=unit.is_free, more=more)

    def _loss_of(self, unit: HeardUnit, now_s: float, utc_ms: int) -> _Loss | None:
        loss = self._losses.get(unit.called)
        if unit.in_session and not unit.is_answering:
            if loss is None or loss.heard_again:
                loss = self._lose(unit.called, now_s, utc_ms)
        elif loss is None or not unit.is_answering:
            return loss
        elif now_s >= loss.until_s or _has_taken_over(unit):
            del self._losses[unit.called]
            return None
        elif not loss.heard_again:
            loss = replace(loss, heard_again=True)
            self._losses[unit.called] = loss
        return loss

    def _lose(self, called: str, now_s: float, utc_ms: int) -> _Loss:
        self._lost_count += 1
        alarm = RaisedAlarm(code=CONTROL_GONE, number=self._lost_count, utc_ms=utc_ms)
        loss = _Loss(alarm=alarm, until_s=now_s + LOST_FOR_S)
        self._losses[called] = loss
        self._report(f"{called}: {alarm.text}")
        return loss

    def _say(self, what: str, text: str) -> None:
        """Report a state once, when it changes."""
        if self._said.get(what) != text:
            self._said[what] = text
            self._report(text)


def _all_were_heard(units: Sequence[HeardUnit]) -> bool:
    """Returns False while it is not known of some unit whether a session is open there."""
    return all(unit.snapshot is not None for unit in units)


def _has_taken_over(unit: HeardUnit) -> bool:
    """Returns True where the unit's next program shows the alarm, until acknowledged there."""
    shown = unit.snapshot
    return shown is not None and any(one.code == CONTROL_GONE for one in shown.alarms)

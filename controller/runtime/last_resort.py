"""The release of a failed loop: uses only unit and clock, nothing that could fail with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from controller.ports import Clock, TractionUnit
from controller.session.free_cord import FreeCord
from controller.telemetry import CommandKind, ForceCommand, UnitState

T = TypeVar("T")

LIMIT_S: Final = 10.0
"""The unit's watchdog and its release have ended by then (0.5 s and 6 s), with reserve."""
TOKENLESS_EVERY_S: Final = 1.0

_RELEASE_FAST = ForceCommand(kind=CommandKind.RELEASE_FAST)
_OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)
_MOVING = frozenset({UnitState.TRACKING, UnitState.HOLDING, UnitState.RELEASING})


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResort:
    """The result; ``force_n`` is the last force read, None if there is none."""

    seen: bool
    force_n: float | None


def release_until_seen(unit: TractionUnit, clock: Clock) -> LastResort:
    """Order the fast release in each tick until a free cord is seen or 10 s have passed.

    Any other failure, even an interrupt, is ignored and the next tick continues. Without the token
    (or if the unit does not accept it) the tokenless release is sent once a second. A unit that was
    seen free is disarmed.
    """
    cord, force_n, look = FreeCord(), None, False
    started_s = now_s = clock.now_s()
    tokenless_at_s = started_s + TOKENLESS_EVERY_S
    while now_s <= started_s + LIMIT_S:
        reading = _tried(partial(unit.exchange, _OBSERVE if look else _RELEASE_FAST))
        reading = reading or unit.reading_after_refusal
        now_s, look = clock.now_s(), not look
        if reading is not None:
            force_n = reading.force_n
            if cord.sees(reading, now_s) and reading.unit_state not in _MOVING:
                _tried(unit.disarm)  # a lost answer is settled by the unit's watchdog
                return LastResort(seen=True, force_n=force_n)
        if now_s >= tokenless_at_s:
            tokenless_at_s = now_s + TOKENLESS_EVERY_S
            _tried(unit.release_without_token)
        _tried(partial(clock.sleep_until, now_s + unit.tick_s))
    return LastResort(seen=False, force_n=force_n)


def _tried(act: Callable[[], T]) -> T | None:
    """Call ``act``; any failure, even an interrupt, gives None."""
    try:
        return act()
    except BaseException:
        return None

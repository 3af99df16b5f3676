"""Handles at the next start a unit whose last session has no end (session-rules.md#recovery)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.errors import LinkError, UnitBusy, UnitFaulted
from controller.ports import Clock, TractionUnit
from controller.runtime.ticker import Ticker
from controller.runtime.tokenless import TokenlessRelease
from controller.session.free_cord import FREE_FORCE_N, FreeCord, largest_force_n
from controller.session.release import ENDED_STATES, RELEASE_LIMIT_S
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitState

ARMING_AGE_TOLERANCE_S: Final = 5
"""The unit counts whole seconds on its own clock, which may differ from ours by this much."""

_DRIVEN = frozenset({UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING})
_MOVING = _DRIVEN | {UnitState.RELEASING}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFound:
    """How the unit was found and left: state and force at first, and whether we released it."""

    state: UnitState
    force_n: float | None
    released: bool


def let_go_of_unit(
    unit: TractionUnit, clock: Clock, *, armed_seconds_ago: float | None
) -> UnitFound:
    """Observe the unit and release it if it is still in our interrupted session.

    ``armed_seconds_ago`` says when that session armed it (None: there is no such session). A unit
    that shows more than 20 N although no host drives it gets the tokenless release once a second.
    Raises UnitBusy if another host drives it, UnitFaulted if it does not come down to 20 N.
    """
    ticker, cord = Ticker(clock, unit.tick_s), FreeCord()
    first = _observe(unit, ticker, clock)
    released = first.unit_state in _DRIVEN
    if released:
        _check_ours(unit, armed_seconds_ago)
        unit.release_without_token()
    tokenless = TokenlessRelease(unit)
    deadline_s = clock.now_s() + RELEASE_LIMIT_S
    reading, is_free = first, cord.sees(first, clock.now_s())
    while reading.unit_state in _MOVING or not is_free:
        if clock.now_s() > deadline_s:
            raise UnitFaulted(_not_free(unit, reading))
        if reading.unit_state in ENDED_STATES and _shows_force(reading):
            released |= tokenless.order(clock.now_s())
        reading = _observe(unit, ticker, clock)
        is_free = cord.sees(reading, clock.now_s())
    return UnitFound(state=first.unit_state, force_n=first.force_n, released=released)


def _not_free(unit: TractionUnit, reading: Telemetry) -> str:
    force_n = largest_force_n(reading)
    shown = "no valid" if force_n is None else f"{force_n:g}"
    return (
        f"unit {unit.identity.unit_id} still shows {shown} N (limit {FREE_FORCE_N:g} N, faults "
        f"0x{int(reading.faults):04X}) in state {reading.unit_state.name.lower()} after "
        f"{RELEASE_LIMIT_S:g} s; look at the patient, open the clutch"
    )


def _shows_force(reading: Telemetry) -> bool:
    """True for more than 20 N, or an unknown force."""
    force_n = largest_force_n(reading)
    return force_n is None or force_n > FREE_FORCE_N


def _check_ours(unit: TractionUnit, armed_seconds_ago: float | None) -> None:
    seconds = unit.seconds_since_arming()
    ours = armed_seconds_ago is not None and (
        abs(seconds - armed_seconds_ago) <= ARMING_AGE_TOLERANCE_S
    )
    if not ours:
        raise UnitBusy(
            f"unit {unit.identity.unit_id} is driven by another host (armed {seconds} s ago); "
            "end that session first"
        )


def _observe(unit: TractionUnit, ticker: Ticker, clock: Clock) -> Telemetry:
    """Returns one accepted reading; a few failures are the wire's, a second of them is silence."""
    deadline_s = clock.now_s() + 1.0
    while True:
        ticker.wait()
        try:
            return unit.exchange(ForceCommand(kind=CommandKind.OBSERVE))
        except LinkError:
            if clock.now_s() > deadline_s:
                raise

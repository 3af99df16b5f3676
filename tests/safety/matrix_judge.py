"""Judges one cell of the matrix by the truth at the cord, the wire and the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from controller.events import EventKind, Outcome
from simulator.map_v1 import FAST_RELEASE, MOTOR_OFF, State
from tests.safety.matrix_expected import Expected, Fault, Freed, Owed
from tests.safety.matrix_phases import (
    ARMING,
    AWAITING_END,
    RELEASING,
    Phase,
    ceiling_n,
    down_n_per_s,
)
from tests.safety.matrix_stage import CYCLE_S, CellStage, Truth, run_stage

FREE_N = 15.0
ALARM_N = 20.0
"""Above this a cord that should be free is an alarm (session-rules.md#release)."""
FAST_S = {"cervical": 2.0, "lumbar": 4.0}
ALARM_DUE_S = 0.5
"""So long above it is more than a body that moves once against the free cord's inertia."""
WATCHDOG_S = 0.51
"""500 ms and a device cycle; then the unit lets go by itself."""
SAFE_RATE_N_PER_S = {"cervical": 20.0, "lumbar": 60.0}
HOLD_S = 2.0
RESERVE_S = 2.5
"""Lag of regulator, motor and cell behind a ramp, and its last newtons."""
WIRE_S = 0.1
"""A tick and the wire."""
REVERSAL_S = 0.3
STANDS_MM = 0.001
"""What is left of the motor's time constant of 50 ms behind the reversal."""
RISE_N, RISE_SHARE = 10.0, 0.10
"""The margin of a release over its force at the start: the larger of the two."""
STUCK_RELEASES_PER_S = (0.8, 1.2)
FAST_MODES = (FAST_RELEASE, MOTOR_OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The outcome of a cell. Seconds from the injection; None: not seen. ``problems`` in words."""

    fault: str
    row: int
    phase: str
    region: str
    guards: bool
    owed: str
    codes: tuple[str, ...]
    order_s: float | None
    order_limit_s: float | None
    pays_out_s: float | None
    free_s: float | None
    free_limit_s: float | None
    peak_n: float
    force_n: float
    wound_mm: float
    outcome: str
    reason: str
    exit: int
    problems: tuple[str, ...]


def run_cell(fault: Fault, phase: Phase, region: str, *, guards: bool) -> Cell:
    """Run and judge one cell, for which the fault requires a response."""
    expected = fault.in_cell(phase, region)
    assert isinstance(expected, Expected), f"no such cell: {expected}"
    stage = run_stage(phase, region, guards=guards, inject=fault.inject)
    return judge(stage, fault, expected, guards=guards)


def judge(stage: CellStage, fault: Fault, expected: Expected, *, guards: bool) -> Cell:
    """Judge the outcome of a cell."""
    facts = _Facts(stage)
    return Cell(
        fault=fault.name,
        row=fault.row,
        phase=stage.phase.name,
        region=stage.region,
        guards=guards,
        owed=expected.owed.value,
        codes=tuple(facts.codes),
        order_s=facts.order_s,
        order_limit_s=order_limit_s(stage, expected),
        pays_out_s=facts.pays_out_s,
        free_s=facts.free_s,
        free_limit_s=_free_limit_of_cell_s(stage, expected),
        peak_n=round(facts.peak_n, 1),
        force_n=round(stage.force_at_injection_n, 1),
        wound_mm=round(facts.wound_mm(fault.winds_in), 3),
        outcome=stage.outcome,
        reason=stage.reason,
        exit=stage.exit,
        problems=tuple(_problems(stage, facts, fault, expected, guards)),
    )


class _Facts:
    """Times from the injection, and what the truth shows after it."""

    def __init__(self, stage: CellStage) -> None:
        self.stage = stage
        self.at_s = stage.injected_at_s
        record = stage.record
        assert record is not None, "every cell has a record"
        self.record = record
        self.codes = [str(e.detail["code"]) for e in record.of_kind(EventKind.SAFETY_ACTED)]
        self.alarms = {
            str(e.detail["code"]): stage.origin_s + e.at_ms / 1000
            for e in reversed(record.of_kind(EventKind.ALARM_RAISED))
        }
        self.truth = _from(stage.truth(), self.at_s)
        self.releases = stage.releases(self.at_s)

    @property
    def order_s(self) -> float | None:
        """Until the first release order on the wire; until the first fast one in a release."""
        found = self.releases
        if self.stage.phase == RELEASING:
            found = [o for o in found if o.mode in FAST_MODES or o.tokenless]
        return round(found[0].at_s - self.at_s, 3) if found else None

    @property
    def pays_out_s(self) -> float | None:
        """Until the cord is paid out or its clutch is open."""
        truth = self.truth
        out = np.flatnonzero((np.diff(truth.position_mm) < -1e-6) | (truth.clutch[1:] == 0))
        if self.order_s is None and not self._unit_lets_go:
            return None
        return self._since(int(out[0]) + 1) if len(out) else None

    @property
    def _unit_lets_go(self) -> bool:
        pulling = (State.ARMED, State.TRACKING, State.HOLDING)
        return bool(len(np.flatnonzero(~np.isin(self.truth.state, pulling))))

    @property
    def free_s(self) -> float | None:
        """Until the cord has at most 15 N for good."""
        above = np.flatnonzero(self.truth.cord_n > FREE_N)
        if not len(above):
            return 0.0
        return None if above[-1] + 1 == len(self.truth.cord_n) else self._since(above[-1] + 1)

    @property
    def peak_n(self) -> float:
        """The highest force after the injection."""
        return float(self.truth.cord_n.max())

    def rise_n(self) -> float:
        """How far the force exceeded that at the start of the release."""
        first = self._index(self._release_began_s())
        if first >= len(self.truth.cord_n):
            return 0.0
        forces = self.truth.cord_n[first:]
        return float(forces.max() - forces[0])

    def start_n(self) -> float:
        """The force at the start of the release."""
        first = self._index(self._release_began_s())
        return float(self.truth.cord_n[min(first, len(self.truth.cord_n) - 1)])

    def wound_mm(self, winds_in: bool) -> float:
        """Cord wound in after the reversal; for a runaway drive, after the clutch opened."""
        truth = self.truth
        if winds_in:
            opened = np.flatnonzero(truth.clutch == 0)
            first = int(opened[0]) if len(opened) else len(truth.clutch)
        else:
            first = self._index(self._release_began_s() + REVERSAL_S)
        path_mm = truth.position_mm[first:]
        return float((path_mm - np.minimum.accumulate(path_mm)).max()) if len(path_mm) else 0.0

    def _release_began_s(self) -> float:
        """The time of the first release order, or of the unit's own release if that was earlier."""
        own = np.flatnonzero(
            ~np.isin(self.truth.state, (State.ARMED, State.TRACKING, State.HOLDING))
        )
        times = [self.truth.time_s[own[0]]] if len(own) else []
        times += [self.releases[0].at_s] if self.releases else []
        return float(min(times, default=np.inf))

    def _index(self, at_s: float) -> int:
        return int(np.searchsorted(self.truth.time_s, at_s))

    def _since(self, index: int) -> float:
        return round(float(self.truth.time_s[index]) - self.at_s, 2)


def _from(truth: Truth, at_s: float) -> Truth:
    first = int(np.searchsorted(truth.time_s, at_s - 1e-6))
    return Truth(
        time_s=truth.time_s[first:],
        position_mm=truth.position_mm[first:],
        cord_n=truth.cord_n[first:],
        state=truth.state[first:],
        clutch=truth.clutch[first:],
    )


# --- what is owed -----------------------------------------------------------------------------


def _problems(
    stage: CellStage, facts: _Facts, fault: Fault, expected: Expected, guards: bool
) -> Iterator[str]:
    if not stage.injected_at_s:
        yield "the fault was never injected"
        return
    if not stage.changed or not fault.took_effect(stage):
        yield "the fault took no effect"
    if stage.failure:
        yield stage.failure
    if expected.owed is Owed.REFUSED:
        yield from _refused(stage, facts, expected)
    elif stage.phase == AWAITING_END:
        yield from _unchanged(facts, fault)
    elif expected.owed is Owed.GOES_ON:
        yield from _went_on(stage, facts)
    else:
        yield from _ended(stage, facts, expected, guards=guards, winds_in=fault.winds_in)


def _refused(stage: CellStage, facts: _Facts, expected: Expected) -> Iterator[str]:
    yield from _found(stage, facts, expected, guards=False)
    if facts.peak_n > FREE_N:
        yield f"{facts.peak_n:.1f} N were pulled"
    if stage.outcome == Outcome.COMPLETED:
        yield "the session was completed"


def _unchanged(facts: _Facts, fault: Fault) -> Iterator[str]:
    """Check that the session's outcome is unchanged.

    The release was seen and the unit is disarmed.
    """
    stage = facts.stage
    if (stage.outcome, stage.exit) != (Outcome.COMPLETED, 0):
        yield f"the session came to {stage.outcome!r} ({stage.reason}), exit status {stage.exit}"
    late = {code for code, at_s in facts.alarms.items() if at_s >= facts.at_s}
    on_s = CYCLE_S * float((facts.truth.cord_n > ALARM_N).sum())
    due = fault.reads_force or on_s >= ALARM_DUE_S
    allowed = {"force_back_on"} if fault.reads_force or on_s else set()
    if late - allowed:
        yield f"alarms behind the end: {', '.join(sorted(late - allowed))}"
    if due and "force_back_on" not in late:
        yield f"no alarm, and more than {ALARM_N:g} N for {on_s:.2f} s"


def _went_on(stage: CellStage, facts: _Facts) -> Iterator[str]:
    if (stage.outcome, stage.exit) != (Outcome.COMPLETED, 0):
        yield f"the session was to go on and came to {stage.reason!r} ({', '.join(facts.codes)})"


def _ended(
    stage: CellStage, facts: _Facts, expected: Expected, *, guards: bool, winds_in: bool
) -> Iterator[str]:
    if expected.owed is not Owed.NOTHING:
        yield from _found(stage, facts, expected, guards)
        yield from _ordered(stage, facts, expected)
        yield from _alarmed(stage, facts, expected)
    yield from _freed(stage, facts, expected, winds_in)
    if stage.outcome == Outcome.COMPLETED or stage.exit != 5:
        yield f"the session came to {stage.outcome!r}, exit status {stage.exit}"


def _found(stage: CellStage, facts: _Facts, expected: Expected, guards: bool) -> Iterator[str]:
    """Check that the cause is on record: a finding, an alarm or the reason."""
    known = set(facts.codes) | set(facts.alarms)
    allowed = expected.seen | ({"unit_stopped"} if guards else set())
    if known & allowed or any(word in stage.reason for word in expected.seen):
        return
    yield (
        f"none of {', '.join(sorted(expected.seen))} on record, but "
        f"{', '.join(facts.codes) or 'nothing'} ({stage.reason})"
    )


def _ordered(stage: CellStage, facts: _Facts, expected: Expected) -> Iterator[str]:
    """Check that the release order was on the wire in time, and strong enough."""
    limit_s = order_limit_s(stage, expected)
    if limit_s is None:
        return
    first_s = facts.order_s
    if first_s is None:
        if not (stage.phase == ARMING and expected.freed is Freed.WATCHDOG):
            yield "no release order on the wire"
        return
    if first_s > limit_s:
        yield f"release order on the wire after {first_s:.2f} s (limit {limit_s:.2f} s)"
    fast = any(o.mode in FAST_MODES for o in facts.releases if o.at_s <= facts.at_s + limit_s)
    if expected.owed is Owed.FAST and not fast:
        yield "no fast release on the wire in time"


def _alarmed(stage: CellStage, facts: _Facts, expected: Expected) -> Iterator[str]:
    """Check that people are called no later than the unit is told to release, plus a tick."""
    hold_s = HOLD_S if expected.owed is Owed.HOLD else 0.0
    limit_s = expected.seen_s + hold_s + 2 * WIRE_S
    raised = [at_s - facts.at_s for at_s in facts.alarms.values() if at_s >= facts.at_s - WIRE_S]
    if not raised:
        yield "no alarm"
    elif min(raised) > limit_s:
        yield f"the first alarm came after {min(raised):.2f} s (limit {limit_s:.2f} s)"


def order_limit_s(stage: CellStage, expected: Expected) -> float | None:
    """Until the release order has to be on the wire; None if none is required or possible."""
    if expected.owed not in (Owed.FAST, Owed.RAMP, Owed.HOLD) or stage.line.gone:
        return None
    if stage.phase == AWAITING_END or (stage.phase == RELEASING and expected.owed is not Owed.FAST):
        return None
    hold_s = HOLD_S if expected.owed is Owed.HOLD else 0.0
    return expected.seen_s + hold_s + WIRE_S


def _free_limit_of_cell_s(stage: CellStage, expected: Expected) -> float | None:
    """The same for 15 N; None if nothing has to come down, or nothing can."""
    stays = expected.owed in (Owed.GOES_ON, Owed.REFUSED) or stage.phase == AWAITING_END
    return None if stays or expected.freed is Freed.NEVER else free_limit_s(stage, expected)


def _freed(stage: CellStage, facts: _Facts, expected: Expected, winds_in: bool) -> Iterator[str]:
    if expected.freed is Freed.NEVER:
        yield from _called_for_a_person(stage, facts)
        return
    limit_s = free_limit_s(stage, expected)
    free_s = facts.free_s
    if free_s is None:
        yield f"never at most {FREE_N:g} N; {facts.truth.cord_n[-1]:.0f} N at the end"
    elif free_s > limit_s:
        yield f"at most {FREE_N:g} N after {free_s:.2f} s (limit {limit_s:.2f} s)"
    margin_n = max(RISE_N, RISE_SHARE * facts.start_n(), expected.rises_n)
    if facts.rise_n() > margin_n:
        yield f"{facts.rise_n():.0f} N above the start of the release (limit {margin_n:.0f} N)"
    wound_mm = facts.wound_mm(winds_in)
    if wound_mm > STANDS_MM:
        yield f"{wound_mm:.3f} mm wound in behind the release"


def free_limit_s(stage: CellStage, expected: Expected) -> float:
    """From the injection until 15 N at the cord, seconds."""
    region = stage.region
    most_n = 1.1 * ceiling_n(region) + expected.rises_n
    ordered_s = most_n / down_n_per_s(stage.phase, region) + RESERVE_S
    if expected.owed is Owed.NOTHING:
        return ordered_s
    if expected.freed is Freed.AT_ONCE:
        return expected.seen_s + 1.0
    if expected.freed is Freed.WATCHDOG:
        return WATCHDOG_S + most_n / SAFE_RATE_N_PER_S[region] + RESERVE_S
    hold_s = HOLD_S if expected.owed is Owed.HOLD else 0.0
    slack_s = FAST_S[region] if expected.owed is Owed.FAST else ordered_s
    return expected.seen_s + hold_s + WIRE_S + slack_s


def _called_for_a_person(stage: CellStage, facts: _Facts) -> Iterator[str]:
    """Check that where nothing moves, people are called.

    An alarm comes in time, the release is requested without end, and the truth is reported.
    """
    silent = not stage.firmware.powered
    told = stage.outcome == Outcome.LINK_LOST or "release not seen" in stage.reason
    if not told or stage.exit != 5:
        yield f"the session came to {stage.outcome!r}, exit status {stage.exit}"
    if not facts.record.of_kind(EventKind.RELEASE_NOT_OBSERVED):
        yield "the record does not say that the release was not seen"
    if not {"release_not_seen", "link_lost", "force_still_on"} & set(facts.alarms):
        yield "no alarm calls for a person"
    tokenless = [o for o in facts.releases if o.tokenless]
    if silent:
        return
    if len(tokenless) < 2:
        yield f"{len(tokenless)} tokenless releases"
        return
    rate = (len(tokenless) - 1) / (tokenless[-1].at_s - tokenless[0].at_s)
    if not STUCK_RELEASES_PER_S[0] <= rate <= STUCK_RELEASES_PER_S[1]:
        yield f"{rate:.2f} tokenless releases a second"

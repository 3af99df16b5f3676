"""Judges whether a stop of a sound session was right, by the truth at the cord and not by readings.

A patient who slips, coughs or cramps may cause what a row of the hazard table names: the force then
really falls, rises or stands above its ceiling, and the stop is right. The same without a movement
is caused by the unit's own regulator and is counted apart. A stop that the truth does not explain
is a false stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from controller.events import EventKind, Outcome
from records.evidence.reader import SessionRecord
from tests.campaigns.sound_session import SoundOutcome, SoundTruth

MOVEMENT_S = 10.0
"""So long behind a movement a stop may come from it."""
SEEN_S = 4.0
"""The truth of so long before a stop is looked at: 3 s of row 14, and the cell's and line's lag."""
CORD_N_PER_MM = 20.0
TOLERANCE_N = 2.0
"""Noise of the cell (0.3 N), rounding and the cell's lag of 60 ms."""
SLIP_MM = 3.0
"""Row 14: more than 1 mm/s over 3 s."""
UNIT_CAUSES = {40: "over_force", 41: "force_risen_fast", 42: "tension_lost"}
"""Causes in the unit's events (reference map, B.6) and the host's word for them."""
FALL_CYCLES, RISE_CYCLES = 30, 50
"""Device cycles of 10 ms: 0.2 s of row 13 and 0.1 s of the line's lag; 0.5 s of row 16."""
LAG_CYCLES = 10
"""60 ms of the cell and a tick of the line."""
RISE_N = {"cervical": 20.0, "lumbar": 40.0}
PULL_MM = {"cervical": 80.0, "lumbar": 150.0}
PULL_FROM_N = 5.0
"""The slack is taken up; the pull is counted from here."""
POSITION_TOLERANCE_MM = 1.0
"""The program ends the slack take-up up to half a second later, at 2 mm/s."""


class Verdict(Enum):
    """The verdict on a session."""

    COMPLETED = "completed"
    RIGHT_STOP = "right stop"
    REGULATOR = "the unit's own regulator"
    NOT_BEGUN = "not begun"
    FALSE_STOP = "false stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One session: numbers of a finding are integers of the record, in the finding's unit."""

    seed: int
    table: str
    mode: str
    movement: str
    moved_in: str
    unit: str
    spoilt: int
    verdict: Verdict
    cause: str
    measured: int
    limit: int
    reason: str
    told: tuple[str, ...]
    seconds: float


def judge(outcome: SoundOutcome) -> Judged:
    """Returns the verdict on a session, with its reason."""
    session, record = outcome.session, outcome.record
    assert record is not None, "every session has a record"
    cause, measured, limit = _cause(record)
    moved = outcome.moved_at_s is not None
    return Judged(
        seed=session.seed,
        table=session.table,
        mode=session.mode,
        movement=session.patient.movement if moved else "still",
        moved_in=session.moves_in if moved else "",
        unit=session.unit.words,
        spoilt=outcome.spoilt,
        verdict=_verdict(outcome, record, cause),
        cause=cause,
        measured=measured,
        limit=limit,
        reason=str(record.of_kind(EventKind.SESSION_ENDED)[-1].detail["reason"]),
        told=tuple(
            str(e.detail["code"])
            for e in record.of_kind(EventKind.SAFETY_ACTED)
            if e.detail["action"] == "allow"
        ),
        seconds=float(outcome.truth.time_s[-1] - outcome.truth.time_s[0]),
    )


def _verdict(outcome: SoundOutcome, record: SessionRecord, cause: str) -> Verdict:
    if outcome.not_begun:
        return Verdict.NOT_BEGUN
    if not cause and _as_ordered(record):
        return Verdict.COMPLETED
    explain = EXPLANATIONS.get(cause)
    if explain is None or record.outcome != Outcome.STOPPED:
        return Verdict.FALSE_STOP
    stopped_s = outcome.origin_s + _stopped_at_ms(record) / 1000
    if not explain(_before(outcome.truth, stopped_s), outcome):
        return Verdict.FALSE_STOP
    if cause in WITHOUT_MOVEMENT:
        return Verdict.RIGHT_STOP
    moved_s = outcome.moved_at_s
    near = moved_s is not None and stopped_s - moved_s <= MOVEMENT_S
    return Verdict.RIGHT_STOP if near else Verdict.REGULATOR


def _stopped_at_ms(record: SessionRecord) -> int:
    """Session time at which the cause was found; a hold comes before its release."""
    found = (e for e in record.of_kind(EventKind.SAFETY_ACTED) if e.detail["action"] != "allow")
    first = next(found, None) or record.of_kind(EventKind.RELEASE_ORDERED)[0]
    return first.at_ms


def _as_ordered(record: SessionRecord) -> bool:
    """True if it ended with the treatment, or with the end that the operator asked for."""
    ended_early = [
        e for e in record.of_kind(EventKind.OPERATOR_ACTED) if e.detail["action"] == "end_early"
    ]
    return record.outcome == Outcome.COMPLETED or (
        record.outcome == Outcome.STOPPED and bool(ended_early)
    )


def _cause(record: SessionRecord) -> tuple[str, int, int]:
    """The cause of the end: the first finding that did more than report, or the unit's own."""
    for event in record.of_kind(EventKind.SAFETY_ACTED):
        detail = event.detail
        if detail["action"] != "allow":
            code = str(detail["code"])
            if code == "unit_stopped":
                code = _unit_cause(record) or code
            return code, _number(detail["measured"]), _number(detail["limit"])
    if record.outcome == Outcome.COMPLETED or _as_ordered(record):
        return "", 0, 0
    return record.outcome, 0, 0


def _unit_cause(record: SessionRecord) -> str:
    """The host's name for the first stop in the unit's own events."""
    codes = [e.detail["code"] for e in record.of_kind(EventKind.UNIT_EVENT_SEEN)]
    return next((UNIT_CAUSES[code] for code in codes if code in UNIT_CAUSES), "")


def _number(value: object) -> int:
    assert isinstance(value, int), "numbers of the record are integers"
    return value


# --- what the truth shows ---------------------------------------------------------------------


def _before(truth: SoundTruth, stopped_s: float) -> SoundTruth:
    """The last seconds before a cause was found, including the device cycles under way."""
    first, last = np.searchsorted(truth.time_s, (stopped_s - SEEN_S, stopped_s + 0.02))
    part = slice(int(first), int(last))
    return SoundTruth(
        time_s=truth.time_s[part],
        cord_n=truth.cord_n[part],
        setpoint_n=truth.setpoint_n[part],
        position_mm=truth.position_mm[part],
    )


def _fell(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 13: fell within 0.3 s by more than the cord paid out explains."""
    before_n = _windows(truth.cord_n, FALL_CYCLES).max(axis=1)
    furthest_mm = _windows(truth.position_mm, FALL_CYCLES).max(axis=1)
    now_n, now_mm = truth.cord_n[FALL_CYCLES:], truth.position_mm[FALL_CYCLES:]
    explained_n = CORD_N_PER_MM * (furthest_mm - now_mm)
    limits_n = np.minimum(20.0, np.maximum(5.0, 0.3 * before_n))
    return bool((before_n - now_n - explained_n > limits_n - TOLERANCE_N).any())


def _rose(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 16: rose within 0.5 s by more than the set-point rose."""
    rise_n = truth.cord_n[RISE_CYCLES:] - _windows(truth.cord_n, RISE_CYCLES).min(axis=1)
    ordered_n = truth.setpoint_n[RISE_CYCLES:] - _windows(truth.setpoint_n, RISE_CYCLES).min(axis=1)
    # The program reads a force later than the set-point that was in effect with it.
    seen_n = np.maximum(rise_n - ordered_n, _earlier(rise_n, LAG_CYCLES) - ordered_n)
    return bool((seen_n > RISE_N[outcome.session.region] - TOLERANCE_N).any())


def _stood_above(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 42: above the highest force that this session may order plus its margin, for 50 ms."""
    hold_n = _hold_n(outcome)
    trip_n = hold_n + max(10.0, 0.1 * hold_n) - TOLERANCE_N
    above = truth.cord_n > trip_n
    return bool((above[:-5] & above[1:-4] & above[2:-3] & above[3:-2] & above[4:-1]).any())


def _hold_n(outcome: SoundOutcome) -> float:
    """The lowest value of the ceiling 0x206: the hold force as last adjusted before the end."""
    assert outcome.record is not None
    adjusted = [
        e.detail["new_force_dn"]
        for e in outcome.record.of_kind(EventKind.FORCE_ADJUSTED)
        if e.detail["force"] == "hold"
    ]
    opening = outcome.record.opening.detail["prescription"]
    assert isinstance(opening, dict)
    return _number(adjusted[-1] if adjusted else opening["hold_force_dn"]) / 10


def _slipped(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 14: a harness that slipped, and a winch that wound in after it for 3 s."""
    if outcome.session.patient.movement != "slip":
        return False
    cycles = 300
    wound_mm = truth.position_mm[cycles:] - truth.position_mm[:-cycles]
    return bool((wound_mm > SLIP_MM).any())


def _used_up(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 17: the body yielded until the pull length was used up; it need not have moved."""
    whole = outcome.truth
    taken_up = np.flatnonzero(whole.cord_n > PULL_FROM_N)
    used_mm = truth.position_mm.max() - whole.position_mm[taken_up[0]]
    return bool(used_mm > PULL_MM[outcome.session.region] - POSITION_TOLERANCE_MM)


def _earlier(values: NDArray[np.float64], cycles: int) -> NDArray[np.float64]:
    """Each value as it was ``cycles`` earlier; the first ones unchanged."""
    return np.concatenate((values[:cycles], values[:-cycles]))


def _windows(values: NDArray[np.float64], cycles: int) -> NDArray[np.float64]:
    """For each value from ``cycles`` on: the value and the ``cycles`` values before it."""
    return np.lib.stride_tricks.sliding_window_view(values, cycles + 1)


EXPLANATIONS: dict[str, Callable[[SoundTruth, SoundOutcome], bool]] = {
    "tension_lost": _fell,
    "force_risen_fast": _rose,
    "over_force": _stood_above,
    "harness_slipping": _slipped,
    "stroke_used_up": _used_up,
}
WITHOUT_MOVEMENT = frozenset({"stroke_used_up"})
"""What a body does that lies still: it creeps."""

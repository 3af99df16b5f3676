"""Was a stop of a sound session right? Judged by the truth at the cord, never by a reading.

A patient who slips, coughs or cramps may do what a row of the hazard table names: the force then
really falls, rises or stands above its ceiling, and the stop is right. The same without a movement
is the doing of the unit's own regulator and is counted apart. Whatever the truth does not show is a
false stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from controller.events import EventKind, Outcome
from records.reader import SessionRecord
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
RISE_N = {"cervical": 20.0, "lumbar": 40.0}


class Verdict(Enum):
    """What a session came to."""

    COMPLETED = "completed"
    RIGHT_STOP = "right stop"
    REGULATOR = "the unit's own regulator"
    NOT_BEGUN = "not begun"
    FALSE_STOP = "false stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One session: numbers of a finding are integers of the record, as it names their unit."""

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
    """Say what a session came to, and why."""
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
    stopped_s = outcome.origin_s + record.of_kind(EventKind.RELEASE_ORDERED)[0].at_ms / 1000
    if not explain(_before(outcome.truth, stopped_s), outcome):
        return Verdict.FALSE_STOP
    moved_s = outcome.moved_at_s
    near = moved_s is not None and stopped_s - moved_s <= MOVEMENT_S
    return Verdict.RIGHT_STOP if near else Verdict.REGULATOR


def _as_ordered(record: SessionRecord) -> bool:
    """To the end of the treatment, or to the end that the operator asked for."""
    ended_early = [
        e for e in record.of_kind(EventKind.OPERATOR_ACTED) if e.detail["action"] == "end_early"
    ]
    return record.outcome == Outcome.COMPLETED or (
        record.outcome == Outcome.STOPPED and bool(ended_early)
    )


def _cause(record: SessionRecord) -> tuple[str, int, int]:
    """What ended the session: the first finding that did more than tell, or the unit's own."""
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
    """The host's word for the first stop in the unit's own events."""
    codes = [e.detail["code"] for e in record.of_kind(EventKind.UNIT_EVENT_SEEN)]
    return next((UNIT_CAUSES[code] for code in codes if code in UNIT_CAUSES), "")


def _number(value: object) -> int:
    assert isinstance(value, int), "numbers of the record are integers"
    return value


# --- what the truth shows ---------------------------------------------------------------------


def _before(truth: SoundTruth, stopped_s: float) -> SoundTruth:
    """The last seconds before a release was ordered, and the device cycles under way."""
    first, last = np.searchsorted(truth.time_s, (stopped_s - SEEN_S, stopped_s + 0.02))
    part = slice(int(first), int(last))
    return SoundTruth(
        time_s=truth.time_s[part],
        cord_n=truth.cord_n[part],
        setpoint_n=truth.setpoint_n[part],
        position_mm=truth.position_mm[part],
    )


def _fell(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 13: within 0.3 s, by more than the cord paid out explains."""
    cycles = 30
    fall_n = truth.cord_n[:-cycles] - truth.cord_n[cycles:]
    paid_out_mm = np.maximum(0.0, truth.position_mm[:-cycles] - truth.position_mm[cycles:])
    before_n = truth.cord_n[:-cycles]
    limits_n = np.minimum(20.0, np.maximum(5.0, 0.3 * before_n))
    return bool((fall_n - CORD_N_PER_MM * paid_out_mm > limits_n - TOLERANCE_N).any())


def _rose(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 16: within 0.5 s, by more than the set-point rose."""
    cycles = 50
    rise_n = truth.cord_n[cycles:] - truth.cord_n[:-cycles]
    ordered_n = np.maximum(0.0, truth.setpoint_n[cycles:] - truth.setpoint_n[:-cycles])
    allowed_n = RISE_N[outcome.session.region]
    return bool((rise_n - ordered_n > allowed_n - TOLERANCE_N).any())


def _stood_above(truth: SoundTruth, outcome: SoundOutcome) -> bool:
    """Row 42: above the highest force that this session may order, and its margin, for 50 ms."""
    hold_n = _hold_n(outcome)
    trip_n = hold_n + max(10.0, 0.1 * hold_n) - TOLERANCE_N
    above = truth.cord_n > trip_n
    return bool((above[:-5] & above[1:-4] & above[2:-3] & above[3:-2] & above[4:-1]).any())


def _hold_n(outcome: SoundOutcome) -> float:
    """The ceiling 0x206 at its lowest: the hold force as it was last adjusted before the end."""
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


EXPLANATIONS: dict[str, Callable[[SoundTruth, SoundOutcome], bool]] = {
    "tension_lost": _fell,
    "force_risen_fast": _rose,
    "over_force": _stood_above,
    "harness_slipping": _slipped,
}

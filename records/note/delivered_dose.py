"""DeliveredDose: the dose that the patient received, in whole milliseconds and tenths of a newton.

The definitions are those of session-rules.md#numbers-of-the-record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.event_details.ending import ReleaseOrdered
from controller.event_details.treatment import PhaseChanged, UnitEventSeen
from controller.events import EventKind, StopCause
from controller.order.phases import TREATING_PHASES, Phase
from records.evidence.reader import SessionRecord
from records.evidence.valid_samples import valid_samples
from records.store.canonical import SampleArray, StoredEvent

TREATING_LABELS = frozenset(phase.label for phase in TREATING_PHASES)
"""The first is a ramp up, unless the ordered force is not above the pretension."""
RELEASE_LABELS = frozenset({Phase.RELEASING.label, Phase.FAULTED.label})
MINUTE_MS = 60_000
RELEASED_DN = 150
BAND_DN = 100
LONGEST_INTERVAL_MS = 300
STOP_CODES = {
    10: StopCause.PATIENT_SWITCH_PRESSED,
    12: StopCause.PATIENT_SWITCH_UNPLUGGED,
    20: StopCause.EMERGENCY_STOP,
    30: StopCause.UNIT_WATCHDOG,
    40: StopCause.OVER_FORCE,
    41: StopCause.OVER_RATE,
    42: StopCause.CORD_BREAK,
    43: StopCause.SLACK_CORD,
    44: StopCause.END_OF_STROKE,
    45: StopCause.CHANNELS_DISAGREE,
    46: StopCause.LOAD_CELL_OPEN,
    47: StopCause.LOAD_CELL_STUCK,
}
"""Events of the unit that stop a session (reference map, B.6)."""
SUDDEN_RELEASE = "sudden release observed"
"""Only what the force shows: a patient, a hand or a fault look the same."""
UNIT_DISARMED = 3
ARMING_MARGIN_MS = 500
"""The unit's time of an event is known to within an exchange; its clock may be slightly slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStop:
    """A stop: when (ms of the session), the force then and the time to 15 N; None = not seen."""

    at_ms: int
    cause: StopCause | str
    force_dn: int | None
    to_15_n_ms: int | None
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredDose:
    """Times in milliseconds, forces in 0.1 N. None where the session did not come that far."""

    traction_ms: int
    paused_ms: int
    delivered_minutes: int
    hold_time_ms: int
    hold_samples: int
    mean_hold_force_dn: int | None
    peak_force_dn: int | None
    in_band_permille: int | None
    treatment_started_ms: int | None
    treatment_ended_ms: int | None
    stops: tuple[RecordedStop, ...]


def compute_dose(record: SessionRecord) -> DeliveredDose:
    """Returns the dose of a session, finished or interrupted; of an observed one from the force."""
    if record.observed:
        return _observed_dose(record)
    samples = record.samples
    valid = valid_samples(samples)
    started_ms, ended_ms, paused_ms = _treatment_times(record)
    traction_ms = 0 if started_ms is None or ended_ms is None else ended_ms - started_ms - paused_ms
    holding = valid & (samples["phase"] == int(Phase.HOLDING))
    in_hold = holding & _in_band(samples)
    return DeliveredDose(
        traction_ms=traction_ms,
        paused_ms=paused_ms,
        delivered_minutes=traction_ms // MINUTE_MS,
        hold_time_ms=_hold_time_ms(samples, in_hold),
        hold_samples=int(in_hold.sum()),
        mean_hold_force_dn=_mean_half_up(samples["force_1_dn"][in_hold].astype(np.int64)),
        peak_force_dn=_peak(samples, valid),
        in_band_permille=_permille(int(in_hold.sum()), int(holding.sum())),
        treatment_started_ms=started_ms,
        treatment_ended_ms=ended_ms,
        stops=_stops(record, valid),
    )


def traction_minutes(record: SessionRecord) -> int | None:
    """Returns whole minutes of traction by the events only; None where they need the samples."""
    changes = record.of_kind(EventKind.PHASE_CHANGED)
    entered = {change.said(PhaseChanged).to_phase for change in changes}
    if record.observed or (entered & TREATING_LABELS and not entered & RELEASE_LABELS):
        return None
    started_ms, ended_ms, paused_ms = _treatment_times(record)
    if started_ms is None or ended_ms is None:
        return 0
    return (ended_ms - started_ms - paused_ms) // MINUTE_MS


def _observed_dose(record: SessionRecord) -> DeliveredDose:
    """Returns the numbers of the course; its sudden releases are stops of unknown cause."""
    course, samples = record.course, record.samples
    valid = valid_samples(samples)
    last = record.events[-1].sequence
    return DeliveredDose(
        traction_ms=course.traction_ms,
        paused_ms=0,
        delivered_minutes=course.traction_ms // MINUTE_MS,
        hold_time_ms=course.hold_time_ms,
        hold_samples=course.hold_samples,
        mean_hold_force_dn=course.mean_hold_force_dn,
        peak_force_dn=course.peak_force_dn,
        in_band_permille=None,
        treatment_started_ms=course.treatment_started_ms,
        treatment_ended_ms=course.treatment_ended_ms,
        stops=tuple(
            RecordedStop(
                at_ms=sudden.at_ms,
                cause=SUDDEN_RELEASE,
                force_dn=sudden.from_dn,
                to_15_n_ms=_time_to_15_n(samples, valid, sudden.at_ms - sudden.within_ms),
                sequence=last,
            )
            for sudden in course.sudden_releases
        ),
    )


def _in_band(samples: SampleArray) -> NDArray[np.bool_]:
    """Returns whether it is within max(10 N, 10 %) of the target, in integers."""
    target = samples["target_dn"].astype(np.int64)
    error = np.abs(samples["force_1_dn"].astype(np.int64) - target)
    return np.asarray((error <= BAND_DN) | (10 * error <= target), dtype=np.bool_)


def _hold_time_ms(samples: SampleArray, in_hold: NDArray[np.bool_]) -> int:
    """Returns the sum of the intervals from each hold sample to the next, each at most 300 ms."""
    times = samples["taken_at_ms"].astype(np.int64)
    if len(times) < 2:
        return 0
    intervals = np.clip(np.diff(times), 0, LONGEST_INTERVAL_MS)
    return int(intervals[in_hold[:-1]].sum())


def _mean_half_up(forces_dn: NDArray[np.int64]) -> int | None:
    if not len(forces_dn):
        return None
    total, count = int(forces_dn.sum()), len(forces_dn)
    return (2 * total + count) // (2 * count)


def _peak(samples: SampleArray, valid: NDArray[np.bool_]) -> int | None:
    return int(samples["force_1_dn"][valid].max()) if valid.any() else None


def _permille(part: int, whole: int) -> int | None:
    return None if whole == 0 else (2000 * part + whole) // (2 * whole)


def _treatment_times(record: SessionRecord) -> tuple[int | None, int | None, int]:
    """Returns start of the treatment's first phase, start of the release, and the pauses."""
    started_ms = ended_ms = None
    paused_ms, paused_at_ms = 0, None
    for event in record.of_kind(EventKind.PHASE_CHANGED):
        entered = event.said(PhaseChanged).to_phase
        if paused_at_ms is not None:
            paused_ms, paused_at_ms = paused_ms + event.at_ms - paused_at_ms, None
        if entered in TREATING_LABELS and started_ms is None:
            started_ms = event.at_ms
        elif entered == Phase.PAUSED.label:
            paused_at_ms = event.at_ms
        elif entered in RELEASE_LABELS and ended_ms is None:
            ended_ms = event.at_ms
    if started_ms is not None and ended_ms is None:
        ended_ms = _last_known_ms(record, started_ms)
        if paused_at_ms is not None:
            paused_ms += max(0, ended_ms - paused_at_ms)
    return started_ms, (None if started_ms is None else ended_ms), paused_ms


def _last_known_ms(record: SessionRecord, started_ms: int) -> int:
    """Returns the last sample, which ends an interrupted session without a release event."""
    times = record.samples["taken_at_ms"]
    return max(started_ms, int(times[-1])) if len(times) else started_ms


def _stops(record: SessionRecord, valid: NDArray[np.bool_]) -> tuple[RecordedStop, ...]:
    """Returns stops while the unit was armed: by its own events, else by the host's orders."""
    armed = record.of_kind(EventKind.UNIT_ARMED)
    if not armed:
        return ()
    stops = [_unit_stop(event, record, valid) for event in _stop_events(record, armed[0].at_ms)]
    if not stops:
        stops = [_ordered_stop(event, record, valid) for event in _ordered_stops(record)[:1]]
    return tuple(stops)


def _stop_events(record: SessionRecord, armed_ms: int) -> list[StoredEvent]:
    """Returns the unit's events from arming to the session's end; later ones stopped nothing."""
    found = []
    for event in record.of_kind(EventKind.UNIT_EVENT_SEEN):
        seen = event.said(UnitEventSeen)
        if seen.unit_at_ms < armed_ms - ARMING_MARGIN_MS:
            continue
        if seen.code == UNIT_DISARMED:
            break
        if seen.code in STOP_CODES:
            found.append(event)
    return found


def _ordered_stops(record: SessionRecord) -> list[StoredEvent]:
    ordered = record.of_kind(EventKind.RELEASE_ORDERED)
    return [e for e in ordered if e.said(ReleaseOrdered).reason != StopCause.TREATMENT_OVER]


def _unit_stop(event: StoredEvent, record: SessionRecord, valid: NDArray[np.bool_]) -> RecordedStop:
    seen = event.said(UnitEventSeen)
    return RecordedStop(
        at_ms=seen.unit_at_ms,
        cause=STOP_CODES[seen.code],
        force_dn=seen.value_1,
        to_15_n_ms=_time_to_15_n(record.samples, valid, seen.unit_at_ms),
        sequence=event.sequence,
    )


def _ordered_stop(
    event: StoredEvent, record: SessionRecord, valid: NDArray[np.bool_]
) -> RecordedStop:
    return RecordedStop(
        at_ms=event.at_ms,
        cause=event.said(ReleaseOrdered).reason,
        force_dn=_force_at(record.samples, valid, event.at_ms),
        to_15_n_ms=_time_to_15_n(record.samples, valid, event.at_ms),
        sequence=event.sequence,
    )


def _force_at(samples: SampleArray, valid: NDArray[np.bool_], at_ms: int) -> int | None:
    """Returns the newest reading at or before ``at_ms``."""
    before = np.flatnonzero(valid & (samples["taken_at_ms"] <= at_ms))
    return int(samples["force_1_dn"][before[-1]]) if len(before) else None


def _time_to_15_n(samples: SampleArray, valid: NDArray[np.bool_], at_ms: int) -> int | None:
    times = samples["taken_at_ms"].astype(np.int64)
    released = valid & (times >= at_ms) & (samples["force_1_dn"] <= RELEASED_DN)
    found = np.flatnonzero(released)
    return int(times[found[0]]) - at_ms if len(found) else None

"""Laws of the sums over a visit: each part counts once, in whatever order it is given."""

from __future__ import annotations

from datetime import UTC
from itertools import pairwise
from random import Random

import hypothesis.strategies as st
from hypothesis import given

from records.clinic.visit_sessions import VisitStatement
from records.note.delivered_dose import DeliveredDose, RecordedStop
from records.note.over_visit import dose_over, in_time, minutes_text, outcome_over, visit_fields
from records.note.session_part import SessionPart

ORIGIN_MS = 1_767_225_600_000
DURATIONS = st.integers(min_value=0, max_value=3_600_000)


@st.composite
def doses(draw: st.DrawFn) -> DeliveredDose:
    """A dose of a session that pulled, or of one that never came so far."""
    traction_ms, paused_ms = draw(DURATIONS), draw(DURATIONS)
    started_ms = draw(st.none() | st.integers(min_value=0, max_value=60_000))
    stops = draw(st.lists(st.integers(min_value=0, max_value=7_000_000), max_size=3))
    pulled = started_ms is not None
    return DeliveredDose(
        traction_ms=traction_ms if pulled else 0,
        paused_ms=paused_ms if pulled else 0,
        delivered_minutes=traction_ms // 60_000 if pulled else 0,
        hold_time_ms=draw(DURATIONS),
        hold_samples=draw(st.integers(min_value=0, max_value=9_000)),
        mean_hold_force_dn=None,
        peak_force_dn=None,
        in_band_permille=None,
        treatment_started_ms=started_ms,
        treatment_ended_ms=None if started_ms is None else started_ms + traction_ms + paused_ms,
        stops=tuple(
            RecordedStop(at_ms=at_ms, cause="stop", force_dn=None, to_15_n_ms=None, sequence=number)
            for number, at_ms in enumerate(sorted(stops))
        ),
    )


@st.composite
def visits(draw: st.DrawFn) -> list[SessionPart]:
    """Two to five sessions of one day, in any order."""
    made = []
    for number in range(draw(st.integers(min_value=2, max_value=5))):
        dose = draw(doses())
        made.append(
            SessionPart(
                session_id=f"s-{number}",
                region=draw(st.sampled_from(["cervical", "lumbar"])),
                started_utc_ms=ORIGIN_MS + draw(st.integers(min_value=0, max_value=80_000_000)),
                ended_utc_ms=None,
                outcome=draw(st.sampled_from(["completed", "stopped"])),
                interrupted=False,
                simulated=False,
                reached_holding=dose.hold_samples > 0,
                seal=f"{number:064x}",
                checkpoint="",
                dose=dose,
                adjustments=(),
                fields=(),
                warnings=(),
                as_signed={},
            )
        )
    return made


@given(visits(), st.randoms(use_true_random=False))
def test_the_order_in_which_sessions_are_given_changes_nothing(
    parts: list[SessionPart], random: Random
) -> None:
    other = [*parts]
    random.shuffle(other)
    said = VisitStatement(named_by="s-0", others=("s-1",), by="P. Jones", at_utc_ms=ORIGIN_MS)
    dose = dose_over(parts, ORIGIN_MS)
    assert in_time(parts) == in_time(other)
    assert dose == dose_over(other, ORIGIN_MS)
    assert outcome_over(parts) == outcome_over(other)
    assert minutes_text(parts, dose) == minutes_text(other, dose)
    assert [*visit_fields(parts, dose, said, UTC)] == [*visit_fields(other, dose, said, UTC)]


@given(visits())
def test_every_part_counts_once(parts: list[SessionPart]) -> None:
    dose = dose_over(parts, ORIGIN_MS)
    assert dose.traction_ms == sum(part.dose.traction_ms for part in parts)
    assert dose.paused_ms == sum(part.dose.paused_ms for part in parts)
    assert dose.delivered_minutes == dose.traction_ms // 60_000
    assert dose.delivered_minutes >= sum(part.dose.delivered_minutes for part in parts)
    assert len(dose.stops) == sum(len(part.dose.stops) for part in parts)
    assert (dose.hold_samples > 0) == any(part.dose.hold_samples for part in parts)


@given(visits(), st.integers(min_value=-80_000_000, max_value=80_000_000))
def test_times_are_moments_whatever_they_count_from(parts: list[SessionPart], off_ms: int) -> None:
    origin_ms = ORIGIN_MS + off_ms
    dose = dose_over(parts, origin_ms)
    starts = [
        part.started_utc_ms + part.dose.treatment_started_ms
        for part in parts
        if part.dose.treatment_started_ms is not None
    ]
    ends = [
        part.started_utc_ms + part.dose.treatment_ended_ms
        for part in parts
        if part.dose.treatment_ended_ms is not None
    ]
    assert (dose.treatment_started_ms is None) == (not starts)
    if dose.treatment_started_ms is not None and dose.treatment_ended_ms is not None:
        assert origin_ms + dose.treatment_started_ms == min(starts)
        assert origin_ms + dose.treatment_ended_ms == max(ends)
    stops = sorted(p.started_utc_ms + stop.at_ms for p in parts for stop in p.dose.stops)
    assert sorted(origin_ms + stop.at_ms for stop in dose.stops) == stops


@given(visits())
def test_sessions_stand_by_their_beginning(parts: list[SessionPart]) -> None:
    begun = [part.started_utc_ms for part in in_time(parts)]
    assert all(one <= other for one, other in pairwise(begun))
    assert {p.session_id for p in in_time(parts)} == {p.session_id for p in parts}

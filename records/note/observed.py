"""A note's texts about an observed session: instrument, people's entries, the course."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from controller.event_details.opening import (
    OpeningOfSession,
    RecordedObservation,
    RecordedProfile,
)
from records.note.event_texts import When, newtons

if TYPE_CHECKING:
    from records.course.course import ObservedCourse
    from records.course.phases import ObservedPhase
    from records.course.readings import Gap

Named = tuple[str, str, str]
NOT_COVERED = (
    "not covered on this unit: the table was observed and not driven; no check of this program "
    "could stop it"
)
NOT_SENSED = "not covered on this unit: an observed table has no switch that is read"
NO_SUDDEN_RELEASE = "no sudden release observed; a slower stop looks like an end"
LEAST_OPEN_MS = 2000
"""A shorter ramp changes no rounded number of the note."""
OBSERVED = "Observed: this program read an instrument beside the table and drove nothing."


def device_text(told: RecordedObservation, profile: RecordedProfile) -> str:
    """Returns table and instrument, as far as somebody or the profile names them."""
    return (
        f"{told.table}; observed with an instrument of the profile {profile.name} (SHA-256 "
        f"{profile.digest[:12]}), serial {told.serial}, read every {told.period_ms} ms"
    )


def unit_values(session: OpeningOfSession, kind: str) -> Iterator[Named]:
    """Yields name, label and text of instrument and table, as entered at the opening."""
    told = session.observation
    if told is not None:
        yield "device_type", "Device", f"{kind}, observed"
        yield "device", "Model", device_text(told, session.profile)
        yield "calibration", "Calibrated", told.calibrated
        yield "set_by", "Force set at the table by", told.set_by


def course_values(course: ObservedCourse, when: When) -> Iterator[Named]:
    """Yields name, label and text of the course, and what was not supervised."""
    yield "cycles", "Cycles", str(course.cycles)
    yield "phases", "Phases", phases_text(course.phases)
    yield "gaps", "Gaps without a reading", gaps_text(course.gaps, when)
    yield "hazard_checks", "Hazard checks", NOT_COVERED


def gaps_text(gaps: Sequence[Gap], when: When) -> str:
    """Returns each gap with the readings on either side; gaps are in no sum."""
    if not gaps:
        return "none"
    return "; ".join(
        f"{when(gap.start_ms)}: {gap.duration_ms / 1000:.1f} s, {newtons(gap.before_dn)} "
        f"before and {newtons(gap.after_dn)} after"
        for gap in gaps
    )


def phases_text(phases: Sequence[ObservedPhase]) -> str:
    """Returns number, lengths and forces of each kind, in the order of the first ones."""
    from records.course.phases import ObservedKind

    kinds = dict.fromkeys(phase.kind for phase in phases if phase.kind is not ObservedKind.FREE)
    return "; ".join(_kind_text([p for p in phases if p.kind is kind]) for kind in kinds) or "none"


def _kind_text(alike: Sequence[ObservedPhase]) -> str:
    seconds = _range_text([phase.duration_ms / 1000 for phase in alike], "s", 0)
    ends = _range_text([max(0, phase.end_dn) / 10 for phase in alike], "N", 1)
    return f"{len(alike)} x {alike[0].kind}, {seconds}, to {ends}"


def _range_text(values: Sequence[float], unit: str, digits: int) -> str:
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def course_warnings(course: ObservedCourse, when: When) -> Iterator[str]:
    """Yields what a reader of the numbers has to know."""
    yield OBSERVED
    if course.gaps:
        missing_s = sum(gap.duration_ms for gap in course.gaps) / 1000
        yield (
            f"The force was not read in {len(course.gaps)} gaps of {missing_s:.1f} s together; "
            "they are in no sum, and what happened in them is not known."
        )
    if course.open_end_ms >= LEAST_OPEN_MS:
        yield (
            "The treatment is taken to end where the last fall of the force begins. Up to "
            f"{course.open_end_ms / 1000:.0f} s of that fall may still have been a ramp of the "
            "treatment; they are not counted."
        )
    for sudden in course.sudden_releases:
        yield (
            f"Sudden release observed at {when(sudden.at_ms)}; the force does not show who or what "
            "released."
        )
    if course.treatment_started_ms is not None and not course.released:
        yield "The cord was not seen free at the end of the observation."

"""Sums over the sessions of one visit, whatever the order in which they are given.

Minutes are the sum of each session's, without pauses and the time between sessions. Forces are
given per session, since one over a neck and a low back describes neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from records.clinic.visit_sessions import VisitStatement
from records.note.delivered_dose import SUDDEN_RELEASE, DeliveredDose, RecordedStop
from records.note.device_fields import MINUTE, SECOND, Field
from records.note.event_texts import clock_text
from records.note.session_part import SessionPart
from records.note.stored_text import moment_text
from records.provenance import Origin, Sourced

VISIT = "visit_"
"""Beginning of the names of fields of a whole visit."""
METHOD = "over the sessions of the visit"
SAID_IN = "sessions of the visit"
"""The document of the statement that sessions are one visit: an entry of clinic.db."""


def in_time(parts: Sequence[SessionPart]) -> tuple[SessionPart, ...]:
    """Returns sessions by their beginning."""
    return tuple(sorted(parts, key=lambda part: (part.started_utc_ms, part.session_id)))


def dose_over(parts: Sequence[SessionPart], origin_utc_ms: int) -> DeliveredDose:
    """Returns the dose of a visit; its times count from ``origin_utc_ms``.

    Peak, mean force and share in band are None: each session has its own.
    """
    doses = [_moved(part.dose, part.started_utc_ms - origin_utc_ms) for part in in_time(parts)]
    traction_ms = sum(dose.traction_ms for dose in doses)
    starts = [d.treatment_started_ms for d in doses if d.treatment_started_ms is not None]
    ends = [d.treatment_ended_ms for d in doses if d.treatment_ended_ms is not None]
    return DeliveredDose(
        traction_ms=traction_ms,
        paused_ms=sum(dose.paused_ms for dose in doses),
        delivered_minutes=traction_ms // 60_000,
        hold_time_ms=sum(dose.hold_time_ms for dose in doses),
        hold_samples=sum(dose.hold_samples for dose in doses),
        mean_hold_force_dn=None,
        peak_force_dn=None,
        in_band_permille=None,
        treatment_started_ms=min(starts, default=None),
        treatment_ended_ms=max(ends, default=None),
        stops=tuple(stop for dose in doses for stop in dose.stops),
    )


def outcome_over(parts: Sequence[SessionPart]) -> str:
    """Returns how the sessions ended: one word where all ended alike, else one for each session."""
    outcomes = {str(part.outcome) for part in parts}
    if len(outcomes) == 1:
        return outcomes.pop()
    return ", ".join(f"{part.outcome} ({part.session_id})" for part in in_time(parts))


def visit_fields(
    parts: Sequence[SessionPart], dose: DeliveredDose, said: VisitStatement, zone: tzinfo
) -> Iterator[Field]:
    """Returns the fields of the whole visit; ``dose`` is that of ``dose_over``."""
    ordered = in_time(parts)
    origin_ms = next(p.started_utc_ms for p in parts if p.session_id == said.named_by)
    yield _said_to_be_one(ordered, said)
    seals = " ".join(part.seal for part in ordered)
    for name, label, value, unit in (
        ("region", "Visit, region", ", ".join(sorted({part.region for part in parts})), ""),
        (
            "started_at",
            "Visit, first traction",
            _moment(dose.treatment_started_ms, origin_ms, zone),
            "",
        ),
        ("ended_at", "Visit, last traction", _moment(dose.treatment_ended_ms, origin_ms, zone), ""),
        ("delivered_minutes", "Visit, delivered", minutes_text(parts, dose), MINUTE),
        ("paused", "Visit, paused", clock_text(dose.paused_ms), SECOND),
        ("hold_time", "Visit, time in hold", clock_text(dose.hold_time_ms), SECOND),
        ("stops", "Visit, stops", _stops_text(ordered), ""),
        ("outcome", "Visit, outcome", outcome_over(parts), ""),
    ):
        yield Sourced(
            name=VISIT + name,
            label=label,
            value=value,
            origin=Origin.DERIVED,
            unit=unit,
            digest=seals,
            method=METHOD,
        )


def minutes_text(parts: Sequence[SessionPart], dose: DeliveredDose) -> str:
    """Returns minutes of the visit, then of each region, without seconds: the sum may be less."""
    regions: dict[str, int] = {}
    for part in in_time(parts):
        regions[part.region] = regions.get(part.region, 0) + part.dose.traction_ms
    told = ", ".join(
        f"{region} {traction_ms // 60_000} min ({clock_text(traction_ms)})"
        for region, traction_ms in sorted(regions.items())
    )
    return f"{dose.delivered_minutes} min ({clock_text(dose.traction_ms)}): {told}"


def _said_to_be_one(ordered: Sequence[SessionPart], said: VisitStatement) -> Field:
    ids = ", ".join(part.session_id for part in ordered)
    return Sourced(
        name=f"{VISIT}sessions",
        label="One visit of",
        value=f"{len(ordered)} sessions: {ids}",
        origin=Origin.CLINICIAN,
        source="said",
        attested_by=said.by,
        attested_utc_ms=said.at_utc_ms,
        document=SAID_IN,
    )


def _stops_text(ordered: Sequence[SessionPart]) -> str:
    """Returns how many in each session.

    A release in an observed session is not a stop that this program knows of.
    """
    counted = []
    for part in ordered:
        seen = any(stop.cause == SUDDEN_RELEASE for stop in part.dose.stops)
        told = f"{len(part.dose.stops)} in session {part.session_id}"
        counted.append(f"{told} ({SUDDEN_RELEASE})" if seen else told)
    return ", ".join(counted) if any(part.dose.stops for part in ordered) else "none"


def _moment(at_ms: int | None, origin_utc_ms: int, zone: tzinfo) -> str | None:
    if at_ms is None:
        return None
    return moment_text(datetime.fromtimestamp((origin_utc_ms + at_ms) // 1000, zone))


def _moved(dose: DeliveredDose, by_ms: int) -> DeliveredDose:
    """Returns the same dose, its times counted from a moment ``by_ms`` earlier."""
    return replace(
        dose,
        treatment_started_ms=_plus(dose.treatment_started_ms, by_ms),
        treatment_ended_ms=_plus(dose.treatment_ended_ms, by_ms),
        stops=tuple(_moved_stop(stop, by_ms) for stop in dose.stops),
    )


def _moved_stop(stop: RecordedStop, by_ms: int) -> RecordedStop:
    return replace(stop, at_ms=stop.at_ms + by_ms)


def _plus(at_ms: int | None, by_ms: int) -> int | None:
    return None if at_ms is None else at_ms + by_ms

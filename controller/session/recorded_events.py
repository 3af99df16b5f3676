"""The events with which the session machine records its actions."""

from __future__ import annotations

import math

from controller.errors import OutcomeUncertain
from controller.event_details.before_treatment import AnswerRecorded
from controller.event_details.findings_and_alarms import (
    PatientStopPressed,
    SafetyActed,
    SafetyCleared,
    UncertaintyRecorded,
)
from controller.event_details.seen_of_unit import ReleaseNotObserved, ReleaseObserved
from controller.event_details.treatment import (
    ForceAdjusted,
    Paused,
    PhaseChanged,
    RefusalRecorded,
    Resumed,
)
from controller.events import StopCause, cause_of
from controller.order.phases import Phase, Stage
from controller.questions import Answer, Question
from controller.requests import Pause, SessionRequest, request_name
from controller.safety.verdict import EndedFinding, Finding, Verdict
from controller.session.adjustments import ForceChange
from controller.session.inputs_and_effects import Effect, Emit, decinewtons, session_ms
from controller.telemetry import Telemetry


def finding_events(
    finding: Finding, phase: Phase, force_dn: int | None, hold_number: int
) -> list[Emit]:
    """Returns the events of one finding; ``hold_number`` is 0 outside the treatment."""
    measured, limit, unit = _recorded(finding)
    acted = Emit(
        SafetyActed(
            hazard=finding.hazard,
            code=finding.code,
            action=finding.action.name.lower(),
            measured=measured,
            limit=limit,
            unit=unit,
            clears=finding.clears,
            force_dn=force_dn,
        )
    )
    if finding.code != "patient_switch_pressed":
        return [acted]
    pressed = Emit(
        PatientStopPressed(force_dn=force_dn, hold_number=hold_number, phase=phase.label)
    )
    return [pressed, acted]


def finding_ended(ended: EndedFinding, origin_s: float) -> Emit:
    """Returns the end of a finding, with its times on the session's axis."""
    return Emit(
        SafetyCleared(
            hazard=ended.hazard,
            code=ended.code,
            first_seen_ms=session_ms(ended.first_seen_s, origin_s),
            last_seen_ms=session_ms(ended.last_seen_s, origin_s),
        )
    )


def phase_changed(before: Phase, after: Phase, target_n: float, stage: Stage) -> Emit:
    """Returns a transition; ``target_n`` is the force that the new phase leads to."""
    return Emit(
        PhaseChanged(
            from_phase=before.label,
            to_phase=after.label,
            target_dn=decinewtons(target_n),
            stage=stage.name.lower(),
        )
    )


def force_adjusted(by: str, changes: tuple[ForceChange, ...]) -> list[Effect]:
    """Returns one event for each ordered force that changed."""
    return [
        Emit(
            ForceAdjusted(
                by=by,
                reason=change.reason,
                force=change.force.value,
                old_force_dn=decinewtons(change.old_n),
                new_force_dn=decinewtons(change.new_n),
            )
        )
        for change in changes
    ]


def paused(request: Pause, target_n: float, treatment_s: float) -> Emit:
    """Returns the start of a pause, with force and treatment clock."""
    return Emit(
        Paused(
            by=request.by,
            reason=request.reason,
            target_dn=decinewtons(target_n),
            treatment_ms=round(treatment_s * 1000),
        )
    )


def resumed(by: str, confirmed_by: str, from_n: float, to_n: float) -> Emit:
    """Returns the end of a pause; ``confirmed_by`` is empty if the force does not rise."""
    return Emit(
        Resumed(
            by=by,
            confirmed_by=confirmed_by,
            from_dn=decinewtons(from_n),
            to_dn=decinewtons(to_n),
        )
    )


def request_refused(request: SessionRequest, reason: str) -> Emit:
    """Returns a request that was received and refused."""
    return Emit(RefusalRecorded(request=request_name(request), by=request.by, reason=reason))


def answer_recorded(question: Question, answer: Answer) -> AnswerRecorded:
    """Returns the answer to a question."""
    return AnswerRecorded(question=question.value, accepted=answer.accepted, by=answer.answered_by)


def release_observed(reading: Telemetry) -> Emit:
    """Returns the release, with the reading in which the cord was seen slack."""
    return Emit(
        ReleaseObserved(unit_state=int(reading.unit_state), force_dn=decinewtons(reading.force_n))
    )


def disarming_uncertain(message: str) -> Emit:
    """Returns a release after which nothing shows that the unit ended its session."""
    return Emit(UncertaintyRecorded(what="disarm", code=OutcomeUncertain.code, message=message))


def release_not_observed(last: Telemetry | None) -> Emit:
    """Returns an end without a free cord; the force is the last one read."""
    return Emit(ReleaseNotObserved(force_dn=force_dn(last)))


def force_dn(reading: Telemetry | None) -> int | None:
    """Returns the force of a reading in tenths of a newton; None without a force."""
    return None if reading is None else decinewtons(reading.force_n)


def reason_of(verdict: Verdict) -> str:
    """Returns why a verdict ends the session: its worst finding as text."""
    if not verdict.findings:
        return StopCause.HOLD_RAN_OUT
    worst = max(verdict.findings, key=lambda finding: finding.action)
    return cause_of(worst.code.replace("_", " "))


def _recorded(finding: Finding) -> tuple[int | None, int | None, str]:
    """Returns measured value and limit as integers of the record: ms, 0.1 N, 0.1 mm, or the count.

    None stands for NaN.
    """
    factor, unit = {
        "s": (1000, "ms"),
        "N": (10, "0.1 N"),
        "N below zero": (10, "0.1 N below zero"),
        "mm": (10, "0.1 mm"),
        "mm/s": (10, "0.1 mm/s"),
        "share of exchanges": (1000, "per mille of exchanges"),
    }.get(finding.unit, (1, finding.unit))
    return _whole(finding.measured * factor), _whole(finding.limit * factor), unit


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None

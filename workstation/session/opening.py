"""The beginning of a session: what order and records say, and what the evidence says of both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TypedDict

from controller.event_details.codec import encode_fields
from controller.event_details.opening import (
    OpeningOfSession,
    RecordedIdentity,
    RecordedObservation,
    RecordedPrescription,
    RecordedProfile,
)
from controller.order.planner import TreatmentPlan
from controller.ports import StartFacts, TractionUnit, UnitIdentity, WeightTest
from records.evidence.journal import SessionOpening
from records.evidence.newest_arming import last_arming_of, last_record_utc_ms, last_seen_of
from records.order.order import Order
from records.order.planned_order import PlannedOrder
from workstation.session.workplace import Workplace

PROGRAM = "traction-session-controller"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPlace:
    """A table with an instrument beside it; ``unit_id`` names its file of records."""

    unit_id: str
    profile: RecordedProfile
    told: RecordedObservation


def start_facts(
    order: Order,
    unit: TractionUnit,
    workplace: Workplace,
    *,
    identified_at_s: float,
    weight_test: WeightTest,
) -> StartFacts:
    """Returns what order and records say, read before a recovery adds records."""
    folder = workplace.folder
    mine = folder.databases_of(unit.identity.unit_id)
    return StartFacts(
        patient_reference=order.patient_reference,
        order_digest=order.digest,
        screening=order.screening,
        identified_at_s=identified_at_s,
        last_arming=next(
            filter(None, (last_arming_of(each, workplace.settings.day_at) for each in mine)), None
        ),
        last_record_utc_ms=last_record_utc_ms(folder),
        last_seen=next(filter(None, map(last_seen_of, mine)), None),
        told_at=workplace.settings.moment_text,
        day_at=lambda utc_ms: workplace.settings.day_at(utc_ms).isoformat(),
        weight_test=weight_test,
    )


def opening_of(
    session_id: str,
    uri: str,
    planned: PlannedOrder,
    unit: TractionUnit,
    workplace: Workplace,
    patient_key: str,
) -> SessionOpening:
    """Returns what the evidence says of a session's beginning; of the patient only the key."""
    identity = unit.identity
    said = OpeningOfSession(
        **_of_every_opening(uri, planned, patient_key),
        profile=RecordedProfile(name=unit.profile_name, digest=unit.profile_digest),
        identity_block=identity.raw_block.hex(),
        capability_block=unit.capabilities.raw_block.hex(),
        identity=_recorded(identity),
    )
    return _opening(session_id, identity.unit_id, workplace, said)


def observed_opening_of(
    session_id: str,
    uri: str,
    planned: PlannedOrder,
    observed: ObservedPlace,
    workplace: Workplace,
    patient_key: str,
) -> SessionOpening:
    """Returns the same for an observed table: its instrument by profile and what people entered."""
    said = OpeningOfSession(
        **_of_every_opening(uri, planned, patient_key),
        profile=observed.profile,
        observation=observed.told,
    )
    return _opening(session_id, observed.unit_id, workplace, said)


class _OfEveryOpening(TypedDict):
    uri: str
    program: str
    patient_key: str
    order_digest: str
    prescription: RecordedPrescription


def _of_every_opening(uri: str, planned: PlannedOrder, patient_key: str) -> _OfEveryOpening:
    return {
        "uri": uri,
        "program": f"{PROGRAM} {version(PROGRAM)}",
        "patient_key": patient_key,
        "order_digest": planned.order.digest,
        "prescription": _prescription_in_integers(planned.plan),
    }


def _opening(
    session_id: str, unit_id: str, workplace: Workplace, said: OpeningOfSession
) -> SessionOpening:
    return SessionOpening(
        session_id=session_id,
        unit_id=unit_id,
        utc_offset_min=_utc_offset_min(workplace),
        detail=encode_fields(said),
    )


def _utc_offset_min(workplace: Workplace) -> int:
    """Returns the clinic's offset from UTC now, minutes."""
    utc_ms = workplace.clock.utc_ms()
    offset = workplace.settings.zone_at(utc_ms).utcoffset(
        datetime.fromtimestamp(utc_ms / 1000, UTC).replace(tzinfo=None)
    )
    return int(offset.total_seconds() // 60) if offset else 0


def _recorded(identity: UnitIdentity) -> RecordedIdentity:
    return RecordedIdentity(
        model=identity.model,
        serial_number=identity.serial_number,
        firmware=identity.firmware,
        firmware_crc=identity.firmware_crc,
        calibrated_on=identity.calibrated_on,
        calibration_due=identity.calibration_due,
        boot_count=identity.boot_count,
    )


def _prescription_in_integers(plan: TreatmentPlan) -> RecordedPrescription:
    """Returns forces in 0.1 N, times in ms, rates in 0.1 N/s, mass in 0.1 kg."""
    order = plan.order
    mass = order.body_mass_kg
    return RecordedPrescription(
        region=order.region.value,
        mode=order.mode.value,
        hold_force_dn=round(order.hold_force_n * 10),
        rest_force_dn=round(order.rest_force_n * 10),
        force_limit_dn=round(order.force_limit_n * 10),
        hold_ms=round(order.hold_s * 1000),
        rest_ms=round(order.rest_s * 1000),
        table=None if order.table is None else order.table.value,
        treatment_ms=round(order.treatment_s * 1000),
        ramp_up_dn_per_s=round(order.ramp_up_n_per_s * 10),
        ramp_down_dn_per_s=round(order.ramp_down_n_per_s * 10),
        pretension_force_dn=round(order.pretension_force_n * 10),
        pretension_ms=round(order.pretension_s * 1000),
        body_mass_hg=None if mass is None else round(mass * 10),
        progressive_steps=order.progressive_steps,
        regressive_steps=order.regressive_steps,
        step_ms=round(order.step_s * 1000),
        traction_ms=round(order.traction_s * 1000),
        total_ms=round(plan.times.total_s * 1000),
    )

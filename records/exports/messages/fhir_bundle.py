"""FHIR R4: one Bundle of a visit: patient, device, procedure, forces, note, provenance, charge.

Written by hand as plain JSON. No public code for a traction force was found: those codes are our
own and have their text. CPT is given as a code only, its descriptions belong to the AMA.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from controller.events import Outcome
from controller.order.prescription import NEWTONS_PER_LBF
from records.claim.charge_line import CPT, UNITS
from records.claim.context import Party
from records.claim.needs.of_messages import needs_of_fhir
from records.evidence.reader import SessionRecord
from records.exports.messages.fhir_sampled import SampledForce, sampled_force
from records.exports.messages.signature import Signature, signature_of
from records.exports.needs import context_or_refuse, refuse_incomplete
from records.exports.readiness import unbillable, unready
from records.note.delivered_dose import DeliveredDose
from records.note.device_fields import local_time
from records.note.observed import OBSERVED
from records.visit.visit import Visit

FORMAT = "FHIR"
OWN = "urn:traction-session-controller"
CPT_SYSTEM = "http://www.ama-assn.org/go/cpt"
ICD_SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"
PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
"""Tag of every resource of a simulated session."""
NOTE_CODE = ("11508-9", "Physical therapy Progress note")
GENDERS = {"F": "female", "M": "male", "U": "unknown"}
DOC_STATUS = {"draft": "preliminary", "signed": "final", "amended": "amended"}
Resource = dict[str, Any]


def fhir_bundle(visit: Visit, pdf: bytes, *, sampled: bool = False) -> str:
    """Returns the bundle as JSON; ``sampled`` adds the force curve. Raises ExportIncomplete."""
    resources = _Resources(visit, pdf, sampled)
    tagged: Resource = {"meta": {"tag": [TEST_DATA]}} if visit.note.simulated else {}
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": f"{OWN}:session", "value": visit.session_id},
        "timestamp": visit.made_at.isoformat(),
        "entry": [
            {"fullUrl": resources.url(key), "resource": resource | tagged}
            for key, resource in resources.all()
        ],
    }
    bundle |= tagged
    return json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """One session in the bundle; ``ending`` distinguishes its keys from those of the others."""

    record: SessionRecord
    dose: DeliveredDose
    seal: str
    device: str
    ending: str = ""

    def period(self, zone: tzinfo) -> Resource:
        """Returns start and end of the pull; empty without one."""
        times = (self.dose.treatment_started_ms, self.dose.treatment_ended_ms)
        moments = [
            local_time(self.record, at_ms, zone).isoformat() for at_ms in times if at_ms is not None
        ]
        return dict(zip(("start", "end"), moments, strict=False)) if len(moments) == 2 else {}


def _recorded(visit: Visit) -> list[_Recorded]:
    """Returns the sessions of a visit by their beginning; two of one unit share its device."""
    note, devices = visit.note, dict[tuple[object, ...], str]()
    if not note.parts:
        one = _Recorded(record=visit.record, dose=note.dose, seal=note.seal, device="device")
        return [one]
    told = []
    for session, part in zip(visit.sessions, note.parts, strict=True):
        unit = _unit_of(session.record)
        ending = f".{part.session_id}"
        told.append(
            _Recorded(
                record=session.record,
                dose=part.dose,
                seal=part.seal,
                device=devices.setdefault(unit, f"device{ending}"),
                ending=ending,
            )
        )
    return told


def _unit_of(record: SessionRecord) -> tuple[object, ...]:
    """Returns what two sessions of one device share; of observed ones table and instrument."""
    session = record.started.session
    identity, told = session.identity, session.observation
    if identity is None:
        return (told and told.table, told and told.serial, session.profile.digest)
    return identity.model, identity.serial_number, identity.firmware


class _Resources:
    """Builds the resources; each has a key, and its address is made from session and key."""

    def __init__(self, visit: Visit, pdf: bytes, sampled: bool) -> None:
        self.visit, self.pdf, self.sampled = visit, pdf, sampled
        self.start, self.stop = visit.times
        self.sessions = _recorded(visit)
        self.devices = {told.device: told.record for told in self.sessions}
        self.signature = signature_of(visit)
        self.context = context_or_refuse(visit.context, FORMAT, visit.session_id)
        needs = needs_of_fhir(self.context, visit.patient_reference)
        refuse_incomplete(FORMAT, visit.session_id, needs)
        assert self.context.rendering is not None
        self.rendering = self.context.rendering

    def url(self, key: str) -> str:
        """Returns an address, the same for the same session and key."""
        return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{OWN}:{self.visit.session_id}:{key}')}"

    def all(self) -> Iterator[tuple[str, Resource]]:
        yield "patient", self._patient()
        yield "practitioner", _practitioner(self.rendering)
        for key, record in self.devices.items():
            yield key, _device(record)
        yield "procedure", self._procedure()
        if self.signature and not self.signature.treated:
            yield "signer", _practitioner(self.signature.party, self.signature.as_signed)
        for told in self.sessions:
            yield f"summary{told.ending}", self._summary(told)
            if self.sampled and (curve := sampled_force(told.record.samples)):
                yield f"curve{told.ending}", self._curve(told, curve)
        yield "note", self._document()
        for told in self.sessions:
            yield f"provenance{told.ending}", self._provenance(told)
        if self.signature:
            yield "signature", self._signed(self.signature)
        yield "charge", self._charge()
        if unready(self.visit):
            yield "findings", self._findings()

    def _reference(self, key: str) -> Resource:
        return {"reference": self.url(key)}

    @property
    def _period(self) -> Resource:
        return {"start": self.start.isoformat(), "end": self.stop.isoformat()}

    def _patient(self) -> Resource:
        reference = {"system": f"{OWN}:patient-reference", "value": self.visit.patient_reference}
        patient: Resource = {"resourceType": "Patient", "identifier": [reference]}
        known = self.context.patient
        if known is None:
            return patient
        patient["name"] = [_name(known)]
        if known.birth_date:
            patient["birthDate"] = known.birth_date.isoformat()
        if known.sex:
            patient["gender"] = GENDERS[known.sex]
        return patient

    def _procedure(self) -> Resource:
        completed = self.visit.note.outcome == Outcome.COMPLETED
        procedure: Resource = {
            "resourceType": "Procedure",
            "identifier": self._identifiers,
            "status": "completed" if completed else "stopped",
            "code": {"coding": [{"system": CPT_SYSTEM, "code": CPT}]},
            "subject": self._reference("patient"),
            "performedPeriod": self._period,
            "performer": [{"actor": self._reference("practitioner")}],
            "reasonCode": [_diagnosis(code) for code in self.visit.line_diagnoses],
            "bodySite": [{"text": region} for region in self._regions],
            "usedReference": [self._reference(key) for key in self.devices],
        }
        if not completed:
            name = "visit_outcome" if self.visit.note.parts else "outcome"
            procedure["statusReason"] = {"text": self.visit.note.field(name).value}
        if self.visit.face.alerts:
            procedure["note"] = [{"text": text} for text in self.visit.face.alerts]
        return procedure

    @property
    def _identifiers(self) -> list[Resource]:
        """Returns every session's id, first the one that the visit is named after."""
        ids = dict.fromkeys((self.visit.session_id, *self.visit.note.sessions))
        return [{"system": f"{OWN}:session", "value": session_id} for session_id in ids]

    @property
    def _regions(self) -> list[str]:
        regions = (each.order.prescription.region.value for each in self.visit.sessions)
        return list(dict.fromkeys(regions))

    def _observation(self, told: _Recorded, code: str, text: str) -> Resource:
        """Add an observation of one session, named where there are several."""
        made: Resource = {
            "resourceType": "Observation",
            "status": "final" if told.seal else "preliminary",
            "code": _own_code(code, text),
            "subject": self._reference("patient"),
            "device": self._reference(told.device),
            "partOf": [self._reference("procedure")],
        }
        if period := told.period(self.visit.zone):
            made["effectivePeriod"] = period
        if told.ending:
            session_id = told.record.head.session_id
            made["identifier"] = [{"system": f"{OWN}:session", "value": session_id}]
        return made

    def _curve(self, told: _Recorded, curve: SampledForce) -> Resource:
        """Add the curve, which begins and ends with the first and the last value."""
        first, last = (self._moment(told, at_ms) for at_ms in (curve.first_ms, curve.last_ms))
        return self._observation(told, "force-curve", "Force over time") | {
            "effectivePeriod": {"start": first, "end": last},
            "valueSampledData": curve.data,
        }

    def _moment(self, told: _Recorded, at_ms: int) -> str:
        """Returns a millisecond of a session in the clinic's time."""
        seconds, ms = divmod(told.record.head.started_utc_ms + at_ms, 1000)
        at = datetime.fromtimestamp(seconds, self.visit.zone).replace(microsecond=ms * 1000)
        return at.isoformat(timespec="milliseconds")

    def _summary(self, told: _Recorded) -> Resource:
        dose = told.dose
        forces = [
            ("peak-force", "Peak force", dose.peak_force_dn),
            ("mean-hold-force", "Mean force in hold", dose.mean_hold_force_dn),
        ]
        components = [
            {"code": _own_code(code, text), "valueQuantity": quantity}
            for code, text, force_dn in forces
            if force_dn is not None
            for quantity in (_newtons(force_dn), _pounds(force_dn))
        ]
        minutes = _quantity(dose.delivered_minutes, "min", "min")
        components.append(
            {"code": _own_code("traction-time", "Delivered traction"), "valueQuantity": minutes}
        )
        stops = {"code": _own_code("stops", "Stops"), "valueInteger": len(dose.stops)}
        return self._observation(told, "force-summary", "Traction force summary") | {
            "component": [*components, stops]
        }

    def _document(self) -> Resource:
        visit = self.visit
        code, display = NOTE_CODE
        return {
            "resourceType": "DocumentReference",
            "identifier": self._identifiers,
            "status": "current",
            "docStatus": DOC_STATUS[visit.note.status],
            "type": {"coding": [{"system": LOINC, "code": code, "display": display}]},
            "subject": self._reference("patient"),
            "date": visit.made_at.isoformat(),
            "description": visit.face.verdict or visit.face.status,
            "content": [
                {
                    "attachment": {
                        "contentType": "application/pdf",
                        "data": base64.b64encode(self.pdf).decode(),
                        "title": f"Treatment note {visit.session_id}",
                    }
                }
            ],
        }

    def _provenance(self, told: _Recorded) -> Resource:
        """Add the device as author, the log by its seal."""
        seal = {"system": f"{OWN}:seal-sha256", "value": told.seal or "not sealed"}
        author = {"type": _participant("author"), "who": self._reference(told.device)}
        targets = ("procedure", f"summary{told.ending}", "note")
        return {
            "resourceType": "Provenance",
            "target": [self._reference(key) for key in targets],
            "recorded": self.visit.made_at.isoformat(),
            "agent": [author],
            "entity": [{"role": "source", "what": {"identifier": seal}}],
        }

    def _signed(self, signature: Signature) -> Resource:
        """Add who signed the note, recorded at the time of the signature."""
        who = self._reference("practitioner" if signature.treated else "signer")
        named = who | {"display": f"{signature.as_signed}, {signature.party.credentials}"}
        return {
            "resourceType": "Provenance",
            "target": [self._reference("note")],
            "recorded": signature.at.isoformat(),
            "agent": [{"type": _participant("verifier"), "who": named}],
        }

    def _charge(self) -> Resource:
        """Add the charge: billable after the rules found no error, never for a simulated unit."""
        modifiers = [{"system": CPT_SYSTEM, "code": code} for code in self.visit.modifiers]
        return {
            "resourceType": "ChargeItem",
            "status": "planned" if unbillable(self.visit) else "billable",
            "code": {"coding": [{"system": CPT_SYSTEM, "code": CPT}, *modifiers]},
            "subject": self._reference("patient"),
            "occurrencePeriod": self._period,
            "quantity": {"value": UNITS},
            "service": [self._reference("procedure")],
            "reason": [_diagnosis(code) for code in self.visit.line_diagnoses],
        }

    def _findings(self) -> Resource:
        return {
            "resourceType": "OperationOutcome",
            "issue": [
                {"severity": "error", "code": "business-rule", "diagnostics": text}
                for text in unready(self.visit)
            ],
        }


def _observed_device(record: SessionRecord) -> Resource:
    """Add table and instrument as people named them: neither identifies itself."""
    session = record.started.session
    told = session.observation
    assert told is not None, "a session has a unit that named itself, or an observation"
    return {
        "resourceType": "Device",
        "deviceName": [{"name": told.table, "type": "user-friendly-name"}],
        "serialNumber": told.serial,
        "modelNumber": session.profile.name,
        "note": [{"text": f"{OBSERVED} Calibrated: {told.calibrated}"}],
    }


def _device(record: SessionRecord) -> Resource:
    identity = record.started.session.identity
    if identity is None:
        return _observed_device(record)
    return {
        "resourceType": "Device",
        "deviceName": [{"name": identity.model, "type": "model-name"}],
        "modelNumber": identity.model,
        "serialNumber": str(identity.serial_number),
        "version": [{"value": identity.firmware}],
    }


def _practitioner(who: Party, as_written: str = "") -> Resource:
    """Add a person who treats or signs; ``as_written`` is the name before it was split."""
    name = _name(who) | ({"text": as_written} if as_written else {})
    practitioner: Resource = {"resourceType": "Practitioner", "name": [name]}
    if who.npi:
        practitioner["identifier"] = [{"system": NPI_SYSTEM, "value": who.npi}]
    if who.credentials:
        practitioner["qualification"] = [{"code": {"text": who.credentials}}]
    return practitioner


def _name(party: Party) -> Resource:
    given = [part for part in (party.first_name, party.middle_name) if part]
    return {"family": party.last_name} | ({"given": given} if given else {})


def _diagnosis(code: str) -> Resource:
    return {"coding": [{"system": ICD_SYSTEM, "code": code}]}


def _own_code(code: str, text: str) -> Resource:
    return {"coding": [{"system": f"{OWN}:codes", "code": code, "display": text}], "text": text}


def _participant(code: str) -> Resource:
    return {"coding": [{"system": PARTICIPANT, "code": code}]}


def _quantity(value: float, unit: str, code: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def _newtons(force_dn: int) -> Resource:
    return _quantity(force_dn / 10, "N", "N")


def _pounds(force_dn: int) -> Resource:
    return _quantity(round(force_dn / 10 / NEWTONS_PER_LBF, 1), "lbf", "[lbf_av]")

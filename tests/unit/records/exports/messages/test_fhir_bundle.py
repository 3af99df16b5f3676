"""The FHIR bundle: valid by the R4B models, references lead somewhere, the numbers hold."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from controller.errors import ExportIncomplete, RequestRefused
from controller.events import Outcome
from records.exports.messages.fhir_bundle import fhir_bundle
from records.exports.messages.fhir_sampled import NO_READING, STEP_MS, sampled_force
from records.exports.note.pdf import note_pdf
from tests.support.claims import made_claim
from tests.support.documents import SEAL, SESSION_ID, TICK_MS, made_order, made_record, made_visit

PDF = b"%PDF-1.4 test"


def bundle_of(text: str) -> dict[str, Any]:
    """The bundle after the models have taken it and given it back unchanged in content."""
    model = Bundle.model_validate_json(text)
    again = json.loads(model.model_dump_json(exclude_none=True))
    ours: dict[str, Any] = json.loads(text)
    assert [e["resource"]["resourceType"] for e in again["entry"]] == [
        e["resource"]["resourceType"] for e in ours["entry"]
    ]
    return ours


def resource(bundle: dict[str, Any], kind: str, number: int = 0) -> dict[str, Any]:
    found = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
    chosen: dict[str, Any] = found[number]
    return chosen


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [r for item in value.values() for r in references(item)]
    return [r for item in value for r in references(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("seed", range(5))
def test_the_models_take_the_bundle_and_every_reference_leads_to_an_entry(seed: int) -> None:
    errors = ("T-021: add GP.",) if seed % 2 else ()
    visit = made_visit(context=made_claim(seed), errors=errors)
    bundle = bundle_of(fhir_bundle(visit, PDF))
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(urls) == len(set(urls))
    assert set(references(bundle)) <= set(urls)
    assert references(bundle)


def test_the_numbers_are_those_of_the_dose() -> None:
    visit = made_visit(context=made_claim(1), stops_ms=(200_000,), outcome=Outcome.STOPPED)
    bundle = bundle_of(fhir_bundle(visit, PDF))
    values = {
        (part["code"]["coding"][0]["code"], part.get("valueQuantity", {}).get("code")): part
        for part in resource(bundle, "Observation")["component"]
    }
    dose = visit.note.dose
    assert dose.peak_force_dn is not None
    assert values["peak-force", "N"]["valueQuantity"]["value"] == dose.peak_force_dn / 10
    assert values["peak-force", "[lbf_av]"]["valueQuantity"]["value"] == 45.0
    assert values["traction-time", "min"]["valueQuantity"]["value"] == dose.delivered_minutes == 10
    assert values["stops", None]["valueInteger"] == 1
    procedure = resource(bundle, "Procedure")
    assert procedure["status"] == "stopped"
    assert procedure["performedPeriod"] == {
        "start": "2026-11-24T10:00:03-06:00",
        "end": "2026-11-24T10:10:11-06:00",
    }
    assert {code["coding"][0]["code"] for code in procedure["reasonCode"]} == set(
        visit.line_diagnoses
    )


def test_the_note_is_inside_and_the_seal_is_its_source() -> None:
    visit = made_visit(context=made_claim(1))
    pdf = note_pdf(visit)
    bundle = bundle_of(fhir_bundle(visit, pdf))
    document = resource(bundle, "DocumentReference")
    assert base64.b64decode(document["content"][0]["attachment"]["data"]) == pdf
    assert document["docStatus"] == "preliminary"
    entity = resource(bundle, "Provenance")["entity"][0]
    assert entity["what"]["identifier"]["value"] == SEAL.hex()
    assert SESSION_ID in json.dumps(bundle)


def test_errors_make_the_charge_planned_and_stand_in_the_bundle() -> None:
    ready = bundle_of(fhir_bundle(made_visit(context=made_claim(1)), PDF))
    assert resource(ready, "ChargeItem")["status"] == "billable"
    visit = made_visit(context=made_claim(1), errors=("T-021: add GP.", "N-03: position."))
    bundle = bundle_of(fhir_bundle(visit, PDF))
    assert resource(bundle, "ChargeItem")["status"] == "planned"
    issues = resource(bundle, "OperationOutcome")["issue"]
    assert [issue["diagnostics"] for issue in issues] == ["T-021: add GP.", "N-03: position."]


def test_the_curve_is_added_on_request_only() -> None:
    visit = made_visit(context=made_claim(1))
    plain = bundle_of(fhir_bundle(visit, PDF))
    with pytest.raises(IndexError):
        resource(plain, "Observation", 1)
    bundle = bundle_of(fhir_bundle(visit, PDF, sampled=True))
    curve = resource(bundle, "Observation", 1)["valueSampledData"]
    assert curve["period"] == STEP_MS
    forces = [float(value) for value in curve["data"].split()]
    assert len(forces) == len(visit.record.samples)
    assert max(forces) * curve["factor"] == pytest.approx(200.3)


def test_a_step_without_a_reading_says_so() -> None:
    record = made_record(made_order(), minutes=1)
    samples = record.samples.copy()
    samples["flags"][5] = 1
    curve = sampled_force(samples)
    assert curve is not None
    assert STEP_MS == TICK_MS
    assert [n for n, value in enumerate(curve["data"].split()) if value == NO_READING] == [5]
    samples["flags"] = 1
    assert sampled_force(samples) is None


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ExportIncomplete, match="needs a claim context"):
        fhir_bundle(made_visit(), PDF)
    context = made_claim(1, diagnoses=[], rendering=None)
    with pytest.raises(ExportIncomplete, match="misses rendering, diagnoses"):
        fhir_bundle(made_visit(context=context), PDF)
    with pytest.raises(RequestRefused, match="never reached its hold force"):
        fhir_bundle(made_visit(context=made_claim(1), treated=False), PDF)

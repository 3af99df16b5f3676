"""The FHIR bundle: valid by the R4B models, references lead somewhere, the numbers hold."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from controller.errors import ExportIncomplete, RequestRefused
from controller.events import Outcome
from records.exports.messages.fhir_bundle import fhir_bundle
from records.exports.messages.fhir_sampled import NO_READING, STEP_MS, sampled_force
from records.exports.note.pdf import note_pdf
from tests.support.claims import made_claim
from tests.support.documents import (
    ARMED_MS,
    SEAL,
    SESSION_ID,
    STARTED_UTC_MS,
    TICK_MS,
    made_order,
    made_record,
    made_visit,
    signed_visit,
)

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


def test_a_charge_that_no_rule_has_looked_at_is_not_billable() -> None:
    bundle = bundle_of(fhir_bundle(made_visit(context=made_claim(1), scrubbed=False), PDF))
    assert resource(bundle, "ChargeItem")["status"] == "planned"
    (issue,) = resource(bundle, "OperationOutcome")["issue"]
    assert issue["diagnostics"].startswith("NOT SCRUBBED")


def test_the_curve_is_added_on_request_only() -> None:
    visit = made_visit(context=made_claim(1))
    plain = bundle_of(fhir_bundle(visit, PDF))
    with pytest.raises(IndexError):
        resource(plain, "Observation", 1)
    bundle = bundle_of(fhir_bundle(visit, PDF, sampled=True))
    observation = resource(bundle, "Observation", 1)
    curve = observation["valueSampledData"]
    assert curve["period"] == STEP_MS
    forces = [float(value) for value in curve["data"].split()]
    assert len(forces) == len(visit.record.samples)
    assert max(forces) * curve["factor"] == pytest.approx(200.3)


@pytest.mark.parametrize("left_out", [0, 7])
def test_the_curve_begins_and_ends_where_its_period_does(left_out: int) -> None:
    visit = made_visit(context=made_claim(1))
    samples = visit.record.samples.copy()
    samples["flags"][:left_out] = 1
    visit = replace(visit, record=replace(visit.record, samples=samples))
    observation = resource(bundle_of(fhir_bundle(visit, PDF, sampled=True)), "Observation", 1)
    period, curve = observation["effectivePeriod"], observation["valueSampledData"]
    began, ended = (datetime.fromisoformat(period[name]) for name in ("start", "end"))
    values = curve["data"].split()
    first_ms = STARTED_UTC_MS + ARMED_MS + left_out * TICK_MS
    assert began.timestamp() * 1000 == pytest.approx(first_ms)
    assert ended - began == timedelta(milliseconds=curve["period"] * (len(values) - 1))
    assert float(values[0]) == samples["force_1_dn"][left_out]


SIGNED_MS = STARTED_UTC_MS + 41 * 60_000
TREATED = {"last_name": "Jones", "first_name": "Pat", "npi": "1679576722"}


def agent_of_the_signature(bundle: dict[str, Any]) -> dict[str, Any]:
    """The resource to which the signature's Provenance points, after looking at the latter."""
    signature = resource(bundle, "Provenance", 1)
    assert signature["recorded"] == "2026-11-24T10:41:00-06:00"
    (agent,) = signature["agent"]
    assert agent["type"]["coding"][0]["code"] == "verifier"
    assert "10:41" not in agent["who"]["display"]
    entries = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    note = entries[signature["target"][0]["reference"]]
    assert (note["resourceType"], note["docStatus"]) == ("DocumentReference", "final")
    found: dict[str, Any] = entries[agent["who"]["reference"]]
    return found


def test_a_signature_is_a_person_and_a_time_of_its_own() -> None:
    draft = made_visit(context=made_claim(1, rendering=TREATED, referring=None))
    signed = signed_visit(draft, "Lee Ann Smith", "PT, DPT", utc_ms=SIGNED_MS)
    signer = agent_of_the_signature(bundle_of(fhir_bundle(signed, PDF)))
    name = {"family": "Smith", "given": ["Lee Ann"], "text": "Lee Ann Smith"}
    assert signer["name"] == [name]
    assert signer["qualification"] == [{"code": {"text": "PT, DPT"}}]
    assert "identifier" not in signer


def test_who_treated_and_signed_is_one_person_of_the_bundle() -> None:
    draft = made_visit(context=made_claim(1, rendering=TREATED, referring=None))
    bundle = bundle_of(fhir_bundle(signed_visit(draft, "Pat Jones", utc_ms=SIGNED_MS), PDF))
    assert agent_of_the_signature(bundle)["identifier"][0]["value"] == "1679576722"
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds.count("Practitioner") == 1


def test_who_certified_and_signed_is_not_who_treated() -> None:
    certified = {"last_name": "Smith", "first_name": "Alan", "npi": "1003000126"}
    draft = made_visit(context=made_claim(1, rendering=TREATED, referring=certified))
    signed = signed_visit(draft, "Alan Smith", "MD", utc_ms=SIGNED_MS)
    signer = agent_of_the_signature(bundle_of(fhir_bundle(signed, PDF)))
    assert signer["identifier"][0]["value"] == "1003000126"
    assert signer["name"][0]["family"] == "Smith"


def test_a_draft_has_no_signature() -> None:
    bundle = bundle_of(fhir_bundle(made_visit(context=made_claim(1)), PDF))
    with pytest.raises(IndexError):
        resource(bundle, "Provenance", 1)


def test_a_step_without_a_reading_says_so() -> None:
    record = made_record(made_order(), minutes=1)
    samples = record.samples.copy()
    samples["flags"][5] = 1
    curve = sampled_force(samples)
    assert curve is not None
    assert STEP_MS == TICK_MS
    values = curve.data["data"].split()
    assert [n for n, value in enumerate(values) if value == NO_READING] == [5]
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

"""Each format in third-party readers, with names that break readers.

Delimiters of X12, HL7, CSV and JSON in every text, letters of any script and direction, names as
long as a claim may hold: an outside reader gets back what went in, or the export refuses it by
name.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x12 import X12Error

from controller.errors import ClaimContextInvalid, ExportIncomplete
from controller.events import Outcome
from records.claim.context import ClaimContext
from records.claim.context_file import parse_context
from records.claim.values import TEXT_LIMIT
from records.exports.claim.charge_csv import charge_csv
from records.exports.claim.x12_words import BASIC, plain_words
from records.exports.messages.fhir_bundle import fhir_bundle
from records.exports.messages.hl7_mdm import mdm_t02
from records.exports.messages.receiver_maps import load_receivers
from records.exports.note.pdf import note_pdf
from records.exports.session.json import session_document
from records.visit.visit import Visit
from tests.support.claims import made_claim
from tests.support.documents import STARTED_UTC_MS, made_visit, signed_visit
from tests.support.outside import (
    csv_rows,
    hl7_component,
    hl7apy_faults,
    pyx12_faults,
    r4_faults,
    schema_faults,
    x12_elements,
)
from tests.support.pdfs import solid, text_of
from tests.support.reports import made_finding, made_report, with_report
from tests.support.written import dft_of, x12_of

PDF = b"%PDF-1.4 test"
DELIMITERS = "|^&~\\*:>'\"`,;=+-@#%$_/()<>{}[]?!."
SCRIPTS = "abcXYZéŁøßăễñ" + "שלום" + "محمد" + "Иван" + "Ωμέγα" + "張偉" + "สม" + "अन"
TEXTS = st.text(st.sampled_from(DELIMITERS + SCRIPTS + " "), min_size=1, max_size=60)
NAMES = TEXTS.map(lambda text: f"N{text}".strip())
RESHAPED_LETTERS = "שלוםמחדअन"
"""A row of them would be another word, so each stands as its code point."""
LONGEST = "".join((DELIMITERS + SCRIPTS)[n % 60] for n in range(TEXT_LIMIT - 1)) + "N"
RIGHT_TO_LEFT = {"last_name": "בן־גוריון", "first_name": "محمد علي"}
PARTIES = ("patient", "billing", "rendering", "referring")


def odd_claim(text: str) -> ClaimContext:
    """A claim in which every name and every line of an address is ``text``."""
    values = made_claim(3, subscriber=None, patient_relationship=None).model_dump(mode="python")
    address = {"line_1": text, "line_2": text, "city": text, "state": "IL", "zip": "62701-0001"}
    names = {"last_name": text, "first_name": text, "middle_name": text}
    for party in PARTIES:
        values[party] = (values[party] or {"npi": "1003000126"}) | names | {"address": address}
    values["payer"]["name"] = text
    return ClaimContext.model_validate(values)


def messages_of(visit: Visit) -> tuple[str, str]:
    return mdm_t02(visit, PDF, "note.pdf"), dft_of(visit)


# --- X12 ----------------------------------------------------------------------------------------


MIDDLE_NAME = 25
"""NM105, the shortest element that holds such a text; a town's name (N401) has two at least."""


def written_or_refused(text: str) -> str | ExportIncomplete:
    try:
        return x12_of(odd_claim(text))
    except ExportIncomplete as refused:
        return refused


@settings(max_examples=40, deadline=None)
@given(NAMES)
def test_two_readers_of_x12_agree_or_the_text_is_refused_by_name(text: str) -> None:
    plain = plain_words(text, "basic")
    written = written_or_refused(text)
    if isinstance(written, ExportIncomplete):
        assert ("patient.last_name" in written.message) == bool(set(plain) - BASIC)
        assert set(plain) - BASIC or not 2 <= len(plain) <= MIDDLE_NAME
        return
    assert not set(plain) - BASIC
    assert pyx12_faults(written) == []
    elements = x12_elements(written)
    assert [segment[0] for segment in elements] == [
        line.split("*")[0] for line in written.splitlines()
    ]
    for entity in ("IL", "85", "82", "DN"):
        (name,) = [e for e in elements if e[:2] == ["NM1", entity]]
        assert name[3:6] == [plain] * 3 or len(plain) > MIDDLE_NAME


@pytest.mark.parametrize("seed", range(25))
def test_the_second_reader_of_x12_takes_every_kind_of_claim(seed: int) -> None:
    context = made_claim(seed)
    elements = x12_elements(x12_of(context))
    (claim,) = [segment for segment in elements if segment[0] == "CLM"]
    services = [segment for segment in elements if segment[0] == "SV1"]
    assert len(services) == len(context.lines)
    assert float(claim[2]) == pytest.approx(sum(float(segment[2]) for segment in services))
    (diagnoses,) = [segment for segment in elements if segment[0] == "HI"]
    assert [code.split(":")[1] for code in diagnoses[1:]] == list(context.diagnoses)


@pytest.mark.parametrize("broken", [("SE*", "SE*9"), ("IEA*1*", "IEA*1*9"), ("GE*1*1~", "")])
def test_the_second_reader_of_x12_sees_a_broken_envelope(broken: tuple[str, str]) -> None:
    with pytest.raises(X12Error):
        x12_elements(x12_of(made_claim(1)).replace(*broken))


# --- HL7 ----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(NAMES)
def test_two_readers_of_hl7_get_every_name_back(text: str) -> None:
    visit = made_visit(context=odd_claim(text), outcome=Outcome.STOPPED)
    signed = signed_visit(visit, "P. Jones", utc_ms=STARTED_UTC_MS + 3_000_000)
    for message in messages_of(signed):
        assert hl7apy_faults(message) == []
        for component in (1, 2, 3):
            assert hl7_component(message, ("PID", 5, component)) == text
            assert hl7_component(message, ("PID", 11, component)) == text
    note, charge = messages_of(signed)
    assert hl7_component(charge, ("FT1", 20, 2)) == hl7_component(note, ("TXA", 9, 2)) == text
    assert base64.b64decode(hl7_component(note, ("OBX", 5, 5))) == PDF


@pytest.mark.parametrize(("old", "new"), [("|CG|", "||"), ("\rPID|", "\rZID|"), ("|2.5.1", "|9.9")])
def test_the_first_reader_of_hl7_sees_what_is_broken(old: str, new: str) -> None:
    charge = dft_of(made_visit(context=made_claim(1)))
    assert old in charge
    assert hl7apy_faults(charge.replace(old, new)) != []


# --- FHIR ---------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(NAMES, st.sampled_from([(), ("T-021: add GP.",)]))
def test_two_readers_of_fhir_take_every_name(text: str, errors: tuple[str, ...]) -> None:
    visit = made_visit(context=odd_claim(text), errors=errors)
    signed = signed_visit(visit, "P. Jones", utc_ms=STARTED_UTC_MS + 3_000_000)
    written = fhir_bundle(signed, PDF, sampled=True)
    assert r4_faults(written) == []
    people = {e["resource"]["resourceType"]: e["resource"] for e in json.loads(written)["entry"]}
    assert people["Patient"]["name"] == [{"family": text, "given": [text, text]}]


def resources_of(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {e["resource"]["resourceType"]: e["resource"] for e in bundle["entry"]}


SPOILT: dict[str, Callable[[dict[str, dict[str, Any]]], object]] = {
    "R5's name of an element": lambda r: r["Procedure"].update(occurrencePeriod={}),
    "a missing subject": lambda r: r["ChargeItem"].pop("subject"),
    "an instant without its zone": lambda r: r["Provenance"].update(recorded="2026-11-24T10:00:00"),
    "a sampling without its period": lambda r: r["Observation"]["valueSampledData"].pop("period"),
    "a number for a quantity": lambda r: r["ChargeItem"].update(quantity=1),
    "an element of nobody": lambda r: r["Device"].update(lot="1"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_both_readers_of_fhir_see_a_spoilt_bundle(name: str) -> None:
    bundle = json.loads(fhir_bundle(made_visit(context=made_claim(1)), PDF, sampled=True))
    SPOILT[name](resources_of(bundle))
    assert len(r4_faults(json.dumps(bundle))) >= 2


REQUIRED_CODES = {
    "Bundle.type": "document message transaction transaction-response batch batch-response "
    "history searchset collection",
    "Patient.gender": "male female other unknown",
    "Device.deviceName.type": "udi-label-name user-friendly-name patient-reported-name "
    "manufacturer-name model-name other",
    "Procedure.status": "preparation in-progress not-done on-hold stopped completed "
    "entered-in-error unknown",
    "Observation.status": "registered preliminary final amended corrected cancelled "
    "entered-in-error unknown",
    "DocumentReference.status": "current superseded entered-in-error",
    "DocumentReference.docStatus": "preliminary final amended entered-in-error",
    "Provenance.entity.role": "derivation revision quotation source removal",
    "ChargeItem.status": "planned billable not-billable aborted billed entered-in-error unknown",
    "OperationOutcome.issue.severity": "fatal error warning information",
}
"""Required bindings of R4 (hl7.org/fhir/R4): no reader here looks at value sets."""


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.STOPPED, Outcome.INTERRUPTED])
@pytest.mark.parametrize("seal", [b"x" * 32, None], ids=["sealed", "open"])
@pytest.mark.parametrize("errors", [(), ("T-021: add GP.",)], ids=["ready", "not ready"])
@pytest.mark.parametrize("signed", [False, True], ids=["draft", "signed"])
def test_codes_are_of_the_sets_to_which_r4_binds_them(
    outcome: Outcome, seal: bytes | None, errors: tuple[str, ...], signed: bool
) -> None:
    visit = made_visit(context=made_claim(1), errors=errors, outcome=outcome, seal=seal)
    if signed:
        visit = signed_visit(visit, "P. Jones", utc_ms=STARTED_UTC_MS + 3_000_000)
    bundle = json.loads(fhir_bundle(visit, PDF))
    found = {
        (path, code)
        for resource in (bundle, *(entry["resource"] for entry in bundle["entry"]))
        for path, code in codes_at(resource["resourceType"], resource)
    }
    assert {path for path, _ in found} >= set(REQUIRED_CODES) - {"OperationOutcome.issue.severity"}
    assert {(p, c) for p, c in found if c not in REQUIRED_CODES[p].split()} == set()


def codes_at(path: str, value: Any) -> list[tuple[str, str]]:
    """Path and code of every bound element, without the entries of a bundle."""
    if isinstance(value, list):
        return [pair for item in value for pair in codes_at(path, item)]
    if isinstance(value, dict):
        own = {key: item for key, item in value.items() if key != "entry"}
        return [pair for key, item in own.items() for pair in codes_at(f"{path}.{key}", item)]
    return [(path, value)] if path in REQUIRED_CODES else []


# --- JSON and CSV -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['"\\', "א ב", LONGEST], ids=["quotes", "right to left", "long"])
def test_the_session_follows_its_published_schema(text: str) -> None:
    report = made_report(made_finding("T-021", "error", text))
    visit = with_report(made_visit(context=odd_claim(text), outcome=Outcome.STOPPED), report)
    signed = signed_visit(visit, "P. Jones", utc_ms=STARTED_UTC_MS + 3_000_000)
    for each in (visit, signed, made_visit(treated=False), made_visit(seal=None)):
        assert schema_faults(json.loads(json.dumps(session_document(each)))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("dose", "delivered_minutes"), "10"),
        (("note", "status"), "final"),
        (("surprise",), 1),
        (("seal",), 7),
        (("format",), "traction-session/0"),
    ],
)
def test_the_published_schema_refuses_another_form(path: tuple[str, ...], value: object) -> None:
    document = copy.deepcopy(json.loads(json.dumps(session_document(made_visit()))))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert schema_faults(document) != []


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_a_reader_of_csv_gets_every_name_back(text: str) -> None:
    receiver = load_receivers()["pmhelpcenter-patients"]
    (row,) = csv_rows(charge_csv(made_visit(context=odd_claim(text)), receiver))
    assert row["Last Name"].removeprefix("'") == text
    assert row["City"] == row["Last Name"]
    assert len(row) == len(receiver.columns)


# --- PDF ----------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(NAMES)
def test_a_reader_of_pdf_finds_every_character_of_a_name_or_its_code_point(text: str) -> None:
    page = text_of(note_pdf(made_visit(context=odd_claim(text))))
    missing = {c for c in solid(text) if c not in page and f"U+{ord(c):04X}" not in page}
    assert missing == set()
    assert not {c for c in text if c in RESHAPED_LETTERS} & set(page)


# --- names that are too long, and that run from right to left -----------------------------------


def test_names_of_four_hundred_characters_are_refused_at_the_door_with_their_key() -> None:
    values = made_claim(1).model_dump(mode="json", exclude={"source", "source_digest"})
    values["patient"]["last_name"] = "N" * 400
    with pytest.raises(ClaimContextInvalid, match=r"patient\.last_name.*300"):
        parse_context(json.dumps(values), "claim.json")


def test_the_longest_names_are_whole_in_messages_and_refused_in_x12() -> None:
    visit = made_visit(context=odd_claim(LONGEST))
    for message in messages_of(visit):
        assert hl7apy_faults(message) == []
        assert hl7_component(message, ("PID", 5, 1)) == LONGEST
    assert r4_faults(fhir_bundle(visit, PDF)) == []
    with pytest.raises(ExportIncomplete, match=r"patient\.last_name='N{300}' has 300 characters"):
        x12_of(odd_claim("N" * TEXT_LIMIT))


def test_right_to_left_names_keep_their_order_in_messages_and_are_refused_in_x12() -> None:
    patient = made_claim(1).model_dump(mode="python")["patient"] | RIGHT_TO_LEFT
    context = made_claim(1, patient=patient, subscriber=None, patient_relationship=None)
    visit = made_visit(context=context)
    for message in messages_of(visit):
        assert hl7_component(message, ("PID", 5, 1)) == RIGHT_TO_LEFT["last_name"]
        assert hl7_component(message, ("PID", 5, 2)) == RIGHT_TO_LEFT["first_name"]
    name = resources_of(json.loads(fhir_bundle(visit, PDF)))["Patient"]["name"]
    assert name[0]["family"] == RIGHT_TO_LEFT["last_name"]
    with pytest.raises(ExportIncomplete, match="Latin letters, as on the card"):
        x12_of(context)

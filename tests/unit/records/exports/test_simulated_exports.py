"""What a simulated unit did is never taken for a treatment: every document and message says it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from controller.errors import ExportRefused
from records.claim.rules.report import verdict
from records.exports.claim.charge_csv import charge_csv
from records.exports.formats import written
from records.exports.messages.receiver_maps import OWN, load_receivers
from records.exports.scrub.html import scrub_html
from records.exports.scrub.pdf import scrub_pdf
from records.visit.face import SIMULATED, face_of
from records.visit.visit import Visit
from tests.support.claims import made_claim
from tests.support.documents import made_visit
from tests.support.pdfs import pages_of, text_of
from tests.support.reports import made_report, with_report


def simulated(visit: Visit) -> Visit:
    note = replace(visit.note, simulated=True)
    return replace(visit, note=note, face=face_of(note))


REAL = made_visit(context=made_claim(), minutes=45.0)
VISIT = simulated(REAL)


def test_every_page_of_the_note_says_it() -> None:
    pages = [page.extract_text() for page in pages_of(written(VISIT, "pdf"))]
    assert len(pages) > 1
    assert all(SIMULATED in " ".join(page.split()) for page in pages)
    assert "SIMULATED" not in text_of(written(REAL, "pdf"))


@pytest.mark.parametrize("name", ["text", "summary", "csv", "837p"])
def test_documents_without_pages_say_it_and_those_of_a_real_unit_do_not(name: str) -> None:
    assert b"SIMULATED" in written(VISIT, name)
    assert b"SIMULATED" not in written(REAL, name)


@pytest.mark.parametrize("name", ["hl7-dft", "hl7-mdm"])
def test_messages_are_tests(name: str) -> None:
    def processing(visit: Visit) -> str:
        return written(visit, name).decode().split("\r")[0].split("|")[10]

    assert (processing(VISIT), processing(REAL)) == ("T", "P")


def test_fhir_is_tagged_as_test_data_and_nothing_is_billable() -> None:
    bundle = json.loads(written(VISIT, "fhir"))
    resources = [bundle, *(entry["resource"] for entry in bundle["entry"])]
    assert {each["meta"]["tag"][0]["code"] for each in resources} == {"HTEST"}
    (charge,) = (each for each in resources if each["resourceType"] == "ChargeItem")
    assert charge["status"] == "planned"
    real = json.loads(written(REAL, "fhir"))
    assert "HTEST" not in json.dumps(real)
    assert "billable" in json.dumps(real)


def test_the_row_says_it_and_a_program_that_imports_gets_none() -> None:
    (row,) = csv.DictReader(io.StringIO(charge_csv(VISIT, load_receivers()[OWN])))
    assert row["not_ready"].startswith(SIMULATED)
    visit = simulated(made_visit(context=made_claim(3)))
    importer = next(each for each in load_receivers().values() if each.importer)
    with pytest.raises(ExportRefused, match="SIMULATED"):
        charge_csv(visit, importer.model_copy(update={"needs": ()}))


def test_the_scrub_ends_in_ready_simulated() -> None:
    report = replace(made_report(), simulated=True)
    assert verdict(report).startswith("READY (simulated): 0 errors")
    visit = with_report(VISIT, report)
    values = json.loads(written(visit, "scrub-json"))
    assert (values["ready"], values["simulated"]) == (True, True)
    assert SIMULATED in scrub_html(visit)
    assert SIMULATED in " ".join(text_of(scrub_pdf(visit)).split())

"""The session's JSON follows its published schema, and paper and JSON say the same numbers."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from controller.events import Outcome
from records.exports.note.pdf import note_pdf
from records.exports.note.summary import note_summary
from records.exports.note.text import note_text
from records.exports.session.json import session_json
from records.exports.session.schema import (
    SCHEMA_FILE,
    VISIT_SCHEMA_FILE,
    SessionDocument,
    session_schema,
    visit_schema,
)
from records.note.as_read import note_as_read
from records.visit.visit import Visit
from tests.support.claims import made_claim
from tests.support.documents import SESSION_ID, made_visit
from tests.support.pdfs import text_of
from tests.support.reports import made_finding, made_report, with_report

ROOT = Path(__file__).parents[5]
REPORT = made_report(made_finding("T-021", "error", "97012 needs GP or GO."))
VISITS = {
    "plain": made_visit(),
    "stopped": made_visit(stops_ms=(100_000, 300_000), outcome=Outcome.STOPPED),
    "interrupted": made_visit(outcome=Outcome.INTERRUPTED, seal=None),
    "untreated": made_visit(treated=False),
    "claimed": with_report(made_visit(context=made_claim(4)), REPORT),
}
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def document_of(visit: Visit) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(session_json(visit))
    return document


@pytest.mark.parametrize("name", VISITS)
def test_every_document_follows_the_schema(name: str) -> None:
    text = session_json(VISITS[name])
    model = SessionDocument.model_validate_json(text)
    again = json.loads(model.model_dump_json(by_alias=True))
    sent = json.loads(text)
    assert {key: again[key] for key in sent if key != "charge"} == {
        key: sent[key] for key in sent if key != "charge"
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("dose", "delivered_minutes"), "10"),
        (("dose", "delivered_minutes"), 10.5),
        (("note", "status"), "final"),
        (("note", "device"), None),
        (("surprise",), 1),
        (("seal",), 7),
    ],
)
def test_the_schema_refuses_what_is_of_another_form(path: tuple[str, ...], value: object) -> None:
    document = document_of(VISITS["plain"])
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValidationError):
        SessionDocument.model_validate_json(json.dumps(document))


@pytest.mark.parametrize(
    ("file", "made"), [(SCHEMA_FILE, session_schema()), (VISIT_SCHEMA_FILE, visit_schema())]
)
def test_the_shipped_and_the_published_schema_are_the_one_that_is_checked(
    file: str, made: str
) -> None:
    assert resources.files("records.exports").joinpath(file).read_text("utf-8") == made
    assert (ROOT / "docs" / "reference" / file).read_text("utf-8") == made


def test_the_claim_and_its_findings_are_inside() -> None:
    document = document_of(VISITS["claimed"])
    assert document["scrub"]["findings"][0]["rule"] == "T-021"
    assert document["scrub"]["ready"] is False
    assert document["claim_context"]["claim_id"] == made_claim(4).claim_id
    assert document["charge"]["values"]["session_id"] == SESSION_ID
    assert document_of(VISITS["untreated"])["charge"]["values"] is None


@pytest.mark.parametrize("name", VISITS)
def test_paper_text_and_json_say_the_same_numbers(name: str) -> None:
    visit = VISITS[name]
    paper = text_of(note_pdf(visit))
    text = note_text(visit)
    fields = document_of(visit)["note"]["device"]
    assert sum(bool(NUMBER.search(field["value"] or "")) for field in fields) >= 8
    read = note_as_read(visit.note)
    for field in fields:
        if field["value"] is not None:
            assert field["value"] == visit.note.field(field["name"]).value
            shown = read.field(field["name"]).value or ""
            assert shown in paper
            assert shown in text


@pytest.mark.parametrize("name", VISITS)
def test_the_summary_has_five_to_nine_lines_and_only_numbers_of_the_note(name: str) -> None:
    visit = VISITS[name]
    summary = note_summary(visit.note, visit.face)
    assert 5 <= len(summary.splitlines()) <= 9
    assert visit.session_id in summary
    known = " ".join(field.value or "" for field in note_as_read(visit.note).device_fields)
    known += " ".join(
        [visit.session_id, *visit.face.alerts, *visit.face.errors, visit.face.verdict]
    )
    assert set(NUMBER.findall(summary)) <= set(NUMBER.findall(known))


def test_errors_stand_on_the_summary_and_the_text() -> None:
    visit = VISITS["claimed"]
    for made in (note_summary(visit.note, visit.face), note_text(visit)):
        assert "NOT READY: 1 error found by the rules" in made
        assert "T-021: 97012 needs GP or GO." in made

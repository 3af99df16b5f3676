"""Whose visit it is stands in the note's newest word; every face and message carries it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from records.exports.formats import written
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.visit import Visit
from tests.support.claims import made_claim
from tests.support.commands import said
from tests.support.documents import SCRUBBED
from tests.support.made_once import made_once
from tests.support.notes import recorded
from tests.support.pdfs import text_of
from tests.support.sessions import SETTINGS
from tests.unit.workstation.commands.test_note import completions

OLD, NEW = "MRN-OLD", "MRN-NEW"


@made_once()
def amended_note(folder: RecordFolder) -> None:
    """A signed note whose patient reference was amended."""
    recorded(folder)
    said(folder, "note", "s-1", *completions(), "--by", "P. Jones")
    said(folder, "note", "s-1", "--sign", "--by", "P. Jones", "--credentials", "PT")
    change = ("--amend", f"patient_reference={NEW}", "--reason", "wrong chart", "--by", "P. Jones")
    said(folder, "note", "s-1", *change)


@pytest.fixture
def amended(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """The same beside a claim of the old reference."""
    monkeypatch.setenv("TRACTION_TIME_ZONE", SETTINGS.time_zone)
    amended_note(folder)
    visit = load_visit(folder, "s-1", SETTINGS)
    return replace(visit, context=made_claim(patient_ref=OLD), report=SCRUBBED)


@pytest.mark.parametrize("name", ["pdf", "text", "csv", "fhir", "hl7-dft", "hl7-mdm"])
def test_an_amended_reference_reaches_every_face(amended: Visit, name: str) -> None:
    content = written(amended, name)
    text = text_of(content) if name == "pdf" else content.decode()
    assert NEW in text
    assert OLD not in text


def test_the_note_inside_of_a_message_carries_it_too(amended: Visit) -> None:
    bundle = json.loads(written(amended, "fhir"))
    (note,) = (
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "DocumentReference"
    )
    pdf = base64.b64decode(note["content"][0]["attachment"]["data"])
    assert NEW in text_of(pdf)


def test_without_a_claim_diagnoses_are_the_note_s(amended: Visit) -> None:
    alone = replace(amended, context=None)
    assert alone.diagnoses
    assert ", ".join(alone.diagnoses) == alone.note.field("diagnosis").value

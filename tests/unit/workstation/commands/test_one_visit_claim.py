"""The claim of a visit of several sessions: one line of one unit, every session's evidence."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.errors import ExportRefused
from controller.events import EventKind, StopCause
from records.clinic.claim_exports import ClaimExport, record_claim_export
from records.store.record_folder import RecordFolder
from records.visit import billing
from records.visit.load import load_visit
from records.visit.sent import note_digest
from tests.support.commands import run, said
from tests.support.notes import (
    BEGAN_MS,
    IDENTITY,
    Happened,
    author,
    note_of,
    recorded,
)
from tests.support.outside import hl7apy_faults, pyx12_faults, r4_faults, schema_faults
from tests.support.pdfs import text_of
from tests.support.sessions import SETTINGS
from tests.support.visits import (
    BACK,
    BY,
    LATER_MS,
    LUMBAR,
    NECK,
    SIGNED,
    STOPPED,
    claim_file,
    completions,
    exported,
    findings,
    joined,
    refused,
    signed,
    two_sessions,
)

pytestmark = pytest.mark.usefixtures("code_list_of_any_day", "clinic_time_zone")


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    two_sessions(folder)
    return folder


# --- one line -----------------------------------------------------------------------------------


def test_the_claim_has_one_line_of_one_unit_over_the_visit(data: RecordFolder) -> None:
    signed(data)
    (row,) = csv.DictReader(io.StringIO(exported(data, BACK, "csv").decode()))
    assert (row["session_id"], row["units"], row["minutes"]) == (NECK, "1", "10")
    assert (row["start"][11:19], row["stop"][11:19]) == ("18:00:01", "18:16:02")
    assert row["checkpoint"].split() == [p.checkpoint for p in note_of(data).parts]


def test_a_ready_claim_of_the_visit_is_written_in_every_format(data: RecordFolder) -> None:
    signed(data)
    context = ("--context", str(claim_file(data)))
    assert run(data, "scrub", BACK, *context).exit_code == 0
    claim = exported(data, NECK, "837p", *context).decode()
    assert pyx12_faults(claim) == []
    assert claim.count("SV1*HC:97012") == 1
    for name in ("hl7-dft", "hl7-mdm"):
        message = exported(data, NECK, name, *context).decode()
        assert hl7apy_faults(message) == []
        assert all(part.checkpoint in message for part in note_of(data).parts)
        assert message.count("97012^^C4") == (2 if name == "hl7-dft" else 0)
    sheet = exported(data, NECK, "cms1500", *context).decode()
    assert "visit of 2 sessions: s-1, s-2" in sheet
    assert "24G.2" not in sheet
    assert json.loads(exported(data, NECK, "cms1500-json", *context))["sessions"] == [NECK, BACK]


def test_fhir_tells_each_session_with_its_unit_and_seal(data: RecordFolder) -> None:
    signed(data)
    made = exported(data, NECK, "fhir", "--sampled", "--context", str(claim_file(data))).decode()
    assert r4_faults(made) == []
    kinds: dict[str, list[dict[str, Any]]] = {}
    for entry in json.loads(made)["entry"]:
        kinds.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    (procedure,), (charge,) = kinds["Procedure"], kinds["ChargeItem"]
    assert [one["value"] for one in procedure["identifier"]] == [NECK, BACK]
    assert [one["text"] for one in procedure["bodySite"]] == ["cervical", "lumbar"]
    assert procedure["performedPeriod"] == charge["occurrencePeriod"]
    assert charge["quantity"] == {"value": 1}
    assert len(kinds["Device"]) == 1, "both sessions were of one unit"
    named = [(o["identifier"][0]["value"], o["code"]["text"]) for o in kinds["Observation"]]
    texts = ("Traction force summary", "Force over time")
    assert named == [(session, text) for session in (NECK, BACK) for text in texts]
    seals = [p["entity"][0]["what"]["identifier"]["value"] for p in kinds["Provenance"][:2]]
    assert seals == [part.seal for part in note_of(data).parts]


def test_two_units_are_two_devices(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(folder, NECK, outcome="stopped")
    monkeypatch.setitem(IDENTITY, "serial_number", 2)
    recorded(folder, BACK, order=LUMBAR, began_ms=BEGAN_MS + LATER_MS)
    signed(folder)
    made = json.loads(exported(folder, NECK, "fhir", "--context", str(claim_file(folder))))
    devices = [e for e in made["entry"] if e["resource"]["resourceType"] == "Device"]
    assert [e["resource"]["serialNumber"] for e in devices] == ["1", "2"]
    observed = [
        e["resource"]["device"]["reference"]
        for e in made["entry"]
        if e["resource"]["resourceType"] == "Observation"
    ]
    assert observed == [e["fullUrl"] for e in devices]


def test_the_json_of_a_visit_has_a_form_of_its_own(data: RecordFolder) -> None:
    signed(data)
    document = json.loads(exported(data, BACK, "json"))
    assert schema_faults(document, "visit") == []
    assert document["format"] == "traction-visit/1"
    assert [one["session_id"] for one in document["sessions"]] == [NECK, BACK]
    assert document["dose"]["traction_ms"] == 602_000
    assert document["said"]["by"] == "P. Jones"
    del document["said"]
    assert schema_faults(document, "visit") != []


def test_the_pdf_and_the_summary_tell_both(data: RecordFolder) -> None:
    joined(data)
    text = " ".join(text_of(exported(data, BACK, "pdf")).split())
    for wanted in ("Session 1 of 2, cervical: s-1", "Session 2 of 2, lumbar: s-2"):
        assert wanted in text
    assert text.count("minutes since traction began") == 2
    summary = exported(data, BACK, "summary").decode()
    assert "Delivered over the visit: 10 min (10 min 2 s)" in summary
    assert summary.count("\nDevice: SIM") == 2


def test_a_bundle_holds_the_evidence_of_the_session_that_is_named(data: RecordFolder) -> None:
    signed(data)
    for session in (NECK, BACK):
        path = data.path / f"{session}.zip"
        said(data, "export", session, "--format", "bundle", "--out", str(path))
        assert f"bundle of session {session}:" in said(data, "verify", "--bundle", str(path))


def test_a_claim_of_the_visit_leaves_once_whichever_session_is_named(data: RecordFolder) -> None:
    signed(data)
    context = ("--context", str(claim_file(data)))
    exported(data, BACK, "837p", *context)
    error = refused(data, "export", NECK, "--format", "837p", *context)
    assert isinstance(error, ExportRefused)
    assert "was exported as 837p already" in error.message


def test_a_claim_that_left_before_the_sessions_were_one_counts(data: RecordFolder) -> None:
    said(data, "note", BACK, *completions(), *BY, *SIGNED)
    path = claim_file_of_back(data)
    exported(data, BACK, "837p", "--context", str(path))
    assert findings(data, NECK)["T-093"] == "error"
    said(data, "note", BACK, "--with", NECK, *BY, "--reason", "begun before")
    report = json.loads(run(data, "scrub", NECK, "--json").stdout)
    assert "T-093" not in [found["rule"] for found in report["findings"]]
    assert [text.partition(",")[0] for text in report["exported"]] == ["837p"]
    assert "changed since" in report["differs"][0]


def test_a_claim_of_the_session_that_joined_counts_too(data: RecordFolder) -> None:
    export = ClaimExport(
        format="837p",
        file="claim.txt",
        digest="00" * 32,
        note_digest="",
        context_digest="",
        ready=True,
    )
    who = author(data)
    record_claim_export(data, who, export, session_id=BACK, patient_key="key-of-TEST-1")
    signed(data)
    error = refused(data, "export", NECK, "--format", "837p", "--context", str(claim_file(data)))
    assert "was exported as 837p already: 837p, claim.txt" in error.message


def test_another_seal_of_a_further_session_is_another_claim(data: RecordFolder) -> None:
    joined(data)
    visit = load_visit(data, NECK, SETTINGS)
    parts = [
        replace(part, seal="00" * 32) if part.session_id == BACK else part
        for part in visit.note.parts
    ]
    other = replace(visit, note=replace(visit.note, parts=tuple(parts)))
    assert note_digest(other) != note_digest(visit)


def test_a_line_of_two_regions_names_none_by_itself(data: RecordFolder) -> None:
    joined(data)
    visit = billing.billed(data, load_visit(data, NECK, SETTINGS))
    assert visit.context is not None
    (line,) = visit.context.lines
    assert (line.body_region, line.minutes, line.units) == (None, 10, 1)
    said(data, "note", NECK, "--without", BACK, *BY)
    visit = billing.billed(data, load_visit(data, NECK, SETTINGS))
    assert visit.context is not None
    assert visit.context.lines[0].body_region == "cervical"


def claim_file_of_back(data: RecordFolder) -> Path:
    """A ready claim of the second session alone."""
    path = claim_file(data)
    claim = json.loads(path.read_text())
    values = load_visit(data, BACK, SETTINGS).charge().values
    line = {**claim["lines"][0], "dx_pointers": [1], "minutes": int(values["minutes"])}
    line |= {"started_at": values["start"], "ended_at": values["stop"]}
    path.write_text(json.dumps({**claim, "diagnoses": ["M5450"], "lines": [line]}))
    return path


# --- the rules ----------------------------------------------------------------------------------


def test_two_sessions_of_one_visit_are_no_second_line(data: RecordFolder) -> None:
    assert findings(data, NECK)["T-093"] == "warn"
    joined(data)
    for session in (NECK, BACK):
        found = findings(data, session)
        assert not {"T-003", "T-004", "T-093"} & found.keys()


def test_two_visits_with_a_line_each_are(data: RecordFolder) -> None:
    recorded(data, "s-3", began_ms=BEGAN_MS + 2 * LATER_MS)
    recorded(data, "s-4", began_ms=BEGAN_MS + 3 * LATER_MS)
    signed(data)
    said(data, "note", "s-3", "--with", "s-4", *BY)
    path = claim_file(data)
    report = json.loads(run(data, "scrub", NECK, "--json", "--context", str(path)).stdout)
    (found,) = (one for one in report["findings"] if one["rule"] == "T-093")
    assert "s-3 with s-4" in found["message"], "one other visit, not two sessions"
    claim = json.loads(path.read_text())
    claim["other_lines_same_day"] = [claim["lines"][0]]
    path.write_text(json.dumps(claim))
    found = findings(data, NECK, "--context", str(path))
    assert (found["T-003"], found["T-004"]) == ("error", "error")


@pytest.mark.parametrize(
    ("begins", "overlaps"), [("18:05", False), ("18:00", True), ("18:08", True), ("18:17", False)]
)
def test_what_was_done_between_two_sessions_overlaps_neither(
    data: RecordFolder, begins: str, overlaps: bool
) -> None:
    """From 18:05 to 18:09 nothing pulled, though the visit lasted from 18:00 to 18:16."""
    signed(data)
    path = claim_file(data)
    claim = json.loads(path.read_text())
    minute = int(begins[3:])
    day = claim["date_of_service"]
    claim["lines"].append(
        {
            "cpt": "97140",
            "modifiers": ["59"],
            "charge": "30.00",
            "pos": "11",
            "dx_pointers": [1],
            "started_at": f"{day}T{begins}:00-06:00",
            "ended_at": f"{day}T18:{minute + 4:02}:00-06:00",
        }
    )
    path.write_text(json.dumps(claim))
    found = findings(data, NECK, "--context", str(path))
    assert ("T-028" in found, "T-029" in found) == (overlaps, not overlaps)


def test_minutes_of_both_sessions_count_and_those_between_do_not(data: RecordFolder) -> None:
    signed(data)
    path = claim_file(data)
    claim = json.loads(path.read_text())
    for minutes, found in ((10, False), (11, False), (12, True), (16, True)):
        claim["lines"][0]["minutes"] = minutes
        path.write_text(json.dumps(claim))
        assert ("T-016" in findings(data, NECK, "--context", str(path))) is found, minutes


@pytest.mark.parametrize(
    ("region", "found"), [("cervical", []), ("lumbar", []), ("sacral", ["T-092"])]
)
def test_a_line_may_name_either_region(data: RecordFolder, region: str, found: list[str]) -> None:
    signed(data)
    path = claim_file(data)
    claim = json.loads(path.read_text())
    claim["lines"][0]["body_region"] = region
    path.write_text(json.dumps(claim))
    rules = findings(data, NECK, "--context", str(path))
    assert [rule for rule in rules if rule == "T-092"] == found


@pytest.mark.parametrize("sessions", [(NECK,), (BACK,), (NECK, BACK)])
def test_each_stop_is_told_and_a_stop_after_a_hold_warns(
    folder: RecordFolder, sessions: tuple[str, ...]
) -> None:
    """By the unit's own event: the patient's switch."""
    for name, began_ms in ((NECK, BEGAN_MS), (BACK, BEGAN_MS + LATER_MS)):
        happened = STOPPED if name in sessions else ()
        recorded(folder, name, began_ms=began_ms, happened=happened)
    joined(folder)
    text = said(folder, "note", NECK)
    stop = rf"{StopCause.PATIENT_SWITCH_PRESSED} at \d\d:\d\d:\d\d \(00:29 after traction began\)"
    assert len(re.findall(stop, text)) == len(sessions)
    rules = findings(folder, BACK)
    assert rules["N-08"] == "warn"
    assert rules["N-07"] == "error"
    assert "T-087" not in rules


def test_no_hold_counts_when_no_session_of_the_visit_reached_one(folder: RecordFolder) -> None:
    for name, began_ms in ((NECK, BEGAN_MS), (BACK, BEGAN_MS + LATER_MS)):
        recorded(folder, name, began_ms=began_ms, held_ms=None)
    joined(folder)
    assert "none of the sessions s-1, s-2 reached its hold force" in (
        refused(folder, "export", NECK, "--format", "csv").message
    )
    turned: Happened = [
        (70_000, EventKind.PHASE_CHANGED, {"from": "ramping_up", "to": "ramping_down"})
    ]
    began_ms = BEGAN_MS + 2 * LATER_MS
    recorded(folder, "s-3", began_ms=began_ms, held_ms=None, happened=turned, ramped_ms=80_000)
    said(folder, "note", NECK, "--with", "s-3", *BY)
    assert "T-087" not in findings(folder, NECK), "a cyclic treatment turns at its force"

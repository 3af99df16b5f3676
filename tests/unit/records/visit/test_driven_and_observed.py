"""One visit of a driven and an observed session: one note, one charge line, each told as it was."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from controller.runtime.clock import VirtualClock
from records.note.delivered_dose import SUDDEN_RELEASE
from records.note.observed import OBSERVED
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.commands import run, said
from tests.support.notes import BEGAN_MS, DAY_MS, recorded
from tests.support.observed import TABLE, identifiers_from, observed_session
from tests.support.sessions import SETTINGS
from tests.support.visits import (
    BY,
    LATER_MS,
    LUMBAR,
    NECK,
    SIGNED,
    claim_file,
    completions,
    exported,
    findings,
)

OBSERVED_ID = "session-2"
COMMENT = ("--complete", "stop_comment=the clutch was opened by B. Example")


def both(folder: RecordFolder, *, lets_go_at_s: float | None = None) -> None:
    """The neck driven for 4 min, then the low back observed at an old table; said to be one."""
    morning_ms = BEGAN_MS + DAY_MS // 2
    recorded(folder, NECK, began_ms=morning_ms, held_ms=4 * 60_000)
    observed_session(
        folder.path,
        order=LUMBAR.replace("150 N", "60 N"),
        identifiers=identifiers_from(2),
        clock=VirtualClock(utc_origin_ms=morning_ms + LATER_MS),
        lets_go_at_s=lets_go_at_s,
    )
    said(folder, "note", NECK, "--with", OBSERVED_ID, *BY)


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    both(folder)
    return folder


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in found if resource["resourceType"] == kind]


def test_the_note_tells_each_session_as_it_was_and_sums_the_minutes(data: RecordFolder) -> None:
    text = said(data, "note", NECK)
    head, driven, observed = re.split(r"\nSession \d of", text.partition("FROM THE CLINICIAN")[0])
    assert "Session session-2: " + OBSERVED in head
    assert "Session s-1: " + OBSERVED not in head
    assert "observed" not in driven
    assert "Hold samples in band" in driven
    assert "lumbar traction table, observed" in observed
    assert TABLE.calibrated in observed
    assert "Hold samples in band" not in observed
    assert "not covered on this unit" in observed
    visit = load_visit(data, NECK, SETTINGS).note
    doses = [part.dose for part in visit.parts]
    assert visit.dose.traction_ms == sum(dose.traction_ms for dose in doses)
    assert [dose.traction_ms for dose in doses] == pytest.approx([241_000, 60_000], abs=2000)
    assert visit.dose.peak_force_dn is None


def test_a_sudden_release_of_the_observed_one_is_no_stop_of_the_visit(
    folder: RecordFolder,
) -> None:
    both(folder, lets_go_at_s=50.0)
    text = said(folder, "note", NECK)
    (stops,) = [line for line in text.splitlines() if line.startswith("Visit, stops")]
    assert stops.endswith(f"0 in session s-1, 1 in session session-2 ({SUDDEN_RELEASE})")
    assert "patient" not in stops
    signing = run(folder, "note", NECK, *completions(), *BY, *SIGNED)
    assert "stop_comment" in str(signing.exception), "a person says what the force does not show"
    said(folder, "note", NECK, *completions(), *COMMENT, *BY, *SIGNED)
    assert findings(folder, NECK)["N-08"] == "warn"


def test_the_claim_has_one_line_of_one_unit_and_every_export_names_both(
    data: RecordFolder,
) -> None:
    said(data, "note", NECK, *completions(), *BY, *SIGNED)
    context = ("--context", str(claim_file(data)))
    assert "T-003" not in findings(data, NECK, *context)
    rows = exported(data, NECK, "csv", *context).decode().splitlines()
    assert [row.split(",")[3] for row in rows[1:]] == ["97012"]
    for name in ("text", "json", "fhir", "bundle", "summary"):
        content = exported(data, NECK, name, *(context if name == "fhir" else ()))
        if name != "bundle":
            assert NECK.encode() in content
            assert OBSERVED_ID.encode() in content
    assert exported(data, NECK, "837p", *context).count(b"SV1*HC:97012") == 1


def test_hl7_charges_the_visit_once_and_sends_its_one_note(data: RecordFolder) -> None:
    said(data, "note", NECK, *completions(), *BY, *SIGNED)
    context = ("--context", str(claim_file(data)))
    charge = exported(data, NECK, "hl7-dft", *context).decode()
    segments = [segment for segment in charge.split("\r") if segment.startswith("FT1|")]
    assert len(segments) == 1
    assert "97012" in segments[0]
    note = exported(data, NECK, "hl7-mdm", *context).decode()
    assert note.count("\rTXA|") == 1
    for words in (NECK, OBSERVED_ID, OBSERVED.partition(":")[0]):
        assert words in note


def test_the_paper_and_the_claim_form_of_the_visit_are_one_each(data: RecordFolder) -> None:
    said(data, "note", NECK, *completions(), *BY, *SIGNED)
    context = ("--context", str(claim_file(data)))
    assert exported(data, NECK, "pdf").startswith(b"%PDF")
    form = json.loads(exported(data, NECK, "cms1500-json", *context))
    assert json.dumps(form).count("97012") == 1
    findings_page = exported(data, NECK, "scrub-html", *context).decode()
    assert NECK in findings_page


def test_fhir_has_the_unit_and_the_observed_table_apart(data: RecordFolder) -> None:
    said(data, "note", NECK, *completions(), *BY, *SIGNED)
    bundle = json.loads(exported(data, NECK, "fhir", "--context", str(claim_file(data))))
    unit, table = sorted(resources(bundle, "Device"), key=lambda device: "note" in device)
    assert "note" not in unit
    assert OBSERVED in table["note"][0]["text"]
    assert len(resources(bundle, "Procedure")) == 1


def test_both_are_verified_and_the_session_json_keeps_them_in_time(data: RecordFolder) -> None:
    assert "nothing was altered" in said(data, "verify", "--all")
    document = json.loads(exported(data, NECK, "json"))
    assert document["format"] == "traction-visit/1"
    starts = [session["events"][0]["utc_ms"] for session in document["sessions"]]
    assert all(before < behind for before, behind in pairwise(starts))
    said_of = [session["events"][0]["detail"] for session in document["sessions"]]
    assert [bool(detail.get("observation")) for detail in said_of] == [False, True]

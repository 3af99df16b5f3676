"""A downtime sheet is entered later: kept with author and time, never taken for a recording."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.errors import ExportRefused, NoteRefused, RequestRefused, TractionError
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.clinic.paper_sheets import KeptSheet, keep_sheet, sheets_on_file
from records.exports.note.pdf import note_pdf
from records.exports.note.text import note_text
from records.provenance import NOT_RECORDED_TEXT
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.record_folder import RecordFolder
from records.visit.paper_visit import load_paper, scrubbed_paper
from records.visit.sheet_entry import typed_of, unfinished
from records.visit.sheet_items import ticks
from records.visit.worklist import VisitState, list_visits
from tests.support.commands import run, said
from tests.support.held_visit import visit_held
from tests.support.made_once import made_once
from tests.support.pdfs import text_of
from tests.support.reception import (
    FINDINGS,
    FIRST_TIME,
    OTHERWISE,
    Left,
    Reception,
    medicare_patient,
    reception,
)
from tests.support.sessions import SETTINGS
from tests.support.standing import FLAG, example, keep, patient
from workstation.visit.day import export_claims
from workstation.visit.flow import AskedVisit, begin_visit, take_up
from workstation.visit.from_paper import enter_sheet

SHEET: Mapping[str, str] = {
    "table": "Table 1",
    "region": "cervical",
    "mode": "static",
    "ordered_hold_force": "20 lbf",
    "ordered_rest_force": "",
    "ordered_hold_time": "",
    "ordered_rest_time": "",
    "ordered_time": "15 min",
    "delivered_hold_force": "20 lbf",
    "delivered_rest_force": "",
    "began": "00:05",
    "ended": "00:20",
    "paused": "2 min",
    "stopped_at": "",
    "stop_reason": "",
    "released_by_hand": "",
    "written_by": "Pat Jones, PT",
    "diagnosis": "M50.120",
    "symptoms": "left arm pain",
    "rationale": "arm pain eased with distraction",
    "positioning": "supine",
    "harness": "halter",
    "angle_of_pull": "20 deg",
    "patient_response": "less arm pain",
    "tolerance": "tolerated",
    "pain_before": "6",
    "pain_after": "3",
    "set_up_by": "Pat Jones, PT",
    "supervised_by": "Pat Jones, PT",
    "performed_by": "Pat Jones, PT",
    "total_timed_minutes": "0",
    "total_treatment_minutes": "25",
    "plan_next": "again in two days",
    "patient_notice": "none needed",
    "stop_comment": "patient asked to end",
    "sheet as written": "y",
    "signature": "PJ",
}
LINES = {
    **{f"identified {each}": "y" for each in ("name", "date of birth")},
    **{f"tick {number}": "y" for number in range(1, len(ticks()) + 1)},
}


ANSWERS = {**FINDINGS, **OTHERWISE, **FIRST_TIME, "another visit": "y"}


@pytest.fixture
def day(clinic: Reception) -> str:
    """The clinic's day, in whose evening the clock stands."""
    now = datetime.fromtimestamp(clinic.clock.utc_ms() / 1000, UTC) - timedelta(days=1)
    return now.date().isoformat()


@pytest.fixture
def enter(clinic: Reception, day: str) -> Callable[..., KeptSheet]:
    def entered(**changes: str) -> KeptSheet:
        answers = {**SHEET, **LINES, "day": day, **changes}
        enter_sheet(clinic.desk(answers), "TEST-1")
        return sheets_on_file(clinic.folder)[-1]

    return entered


@pytest.fixture
def kept(clinic: Reception, day: str) -> KeptSheet:
    """The sheet as it is: entered once for all tests that look at what is on file of it then."""
    _entered(clinic.folder, day)
    (found,) = sheets_on_file(clinic.folder)
    return found


@made_once(SHEET, LINES)
def _entered(folder: RecordFolder, day: str) -> None:
    with reception(folder, folder.path / "no claims") as clinic:
        enter_sheet(clinic.desk({**SHEET, **LINES, "day": day}), "TEST-1")


def _heard(clinic: Reception) -> str:
    return "\n".join(clinic.dialogue.heard)


def test_a_sheet_becomes_a_signed_note_that_says_where_it_is_from(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    kept = enter()
    visit = load_paper(clinic.folder, kept.sheet.sheet_id, SETTINGS)
    assert visit.face.signer == "Pat Jones, PT, DPT"
    assert not visit.note.device_fields
    assert (kept.by, kept.at_utc_ms) == ("Pat Jones", clinic.clock.utc_ms())
    assert visit.note.field("minutes").value == "13 min", "15 minutes but for a pause of 2"
    assert "T-001" in _heard(clinic)
    verification = verify_clinic(clinic.folder)
    assert not verification.alterations


def test_every_number_on_the_note_says_that_the_device_did_not_record_it(
    clinic: Reception, kept: KeptSheet
) -> None:
    visit = load_paper(clinic.folder, kept.sheet.sheet_id, SETTINGS)
    text = note_text(visit)
    assert "RECORDED BY THE DEVICE" not in text.replace(NOT_RECORDED_TEXT.upper(), "")
    fields = text[text.index("FROM A DOWNTIME SHEET") : text.index("WHO SAID IT")]
    numbers = [line for line in fields.splitlines()[1:] if re.search(r":.*\d", line)]
    assert len(numbers) > 8
    assert all(NOT_RECORDED_TEXT in line for line in numbers), numbers
    page = text_of(note_pdf(visit))
    assert page.count(NOT_RECORDED_TEXT) >= len(numbers)
    assert "20 lbf (89.0 N) (not recorded by the device)" in page
    assert "not a cleared medical device" in page


def test_json_has_the_sheet_apart_and_nothing_of_a_device(
    clinic: Reception, kept: KeptSheet
) -> None:
    name = kept.sheet.sheet_id
    out = clinic.folder.path / "out.json"
    said(clinic.folder, "export", name, "--format", "json", "--out", str(out))
    document = json.loads(out.read_text())
    assert document["format"] == "traction-paper/1"
    assert document["recorded"] == NOT_RECORDED_TEXT
    assert document["note"]["device"] == []
    for field in document["note"]["sheet"]:
        assert NOT_RECORDED_TEXT in field["source"]
        assert field["attested_by"] == "Pat Jones"


@pytest.mark.parametrize(
    "name", ["csv", "cms1500", "cms1500-json", "837p", "fhir", "hl7-dft", "hl7-mdm", "bundle"]
)
def test_no_claim_and_no_message_is_made_of_a_sheet(
    clinic: Reception, kept: KeptSheet, name: str
) -> None:
    out = clinic.folder.path / "out"
    words = ("export", kept.sheet.sheet_id, "--format", name, "--out", str(out))
    error = run(clinic.folder, *words).exception
    assert isinstance(error, ExportRefused)
    assert "T-001" in error.message
    assert not out.exists()


def test_t_001_keeps_the_claim_back_and_says_why(clinic: Reception, kept: KeptSheet) -> None:
    name = kept.sheet.sheet_id
    visit = scrubbed_paper(clinic.folder, load_paper(clinic.folder, name, SETTINGS))
    assert visit.report is not None
    assert visit.report.blocked
    (found,) = visit.report.of_rule("T-001")
    assert found.severity == "error"
    assert NOT_RECORDED_TEXT in found.message
    result = run(clinic.folder, "scrub", name, "--json")
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert "T-001" in [each["rule"] for each in report["findings"]]
    assert not report["ready"]


def test_lists_name_it_and_claims_say_why_there_is_none(clinic: Reception, kept: KeptSheet) -> None:
    desk = clinic.desk({})
    on = desk.day_of(kept.sheet.began_utc_ms)
    (listed,) = list_visits(clinic.folder, desk.settings, desk.day_of, (on, on))
    assert listed.state is VisitState.ON_PAPER
    assert listed.is_finished
    listed_by = json.loads(said(clinic.folder, "sessions", "--json"))
    assert listed_by["from_paper"][0]["sheet_id"] == kept.sheet.sheet_id
    assert NOT_RECORDED_TEXT in said(clinic.folder, "sessions")


@pytest.mark.parametrize("at", ["day", "tick 2", "delivered_hold_force", "tolerance"])
def test_an_entry_that_was_left_is_taken_up_where_it_stands(
    clinic: Reception, enter: Callable[..., KeptSheet], day: str, at: str
) -> None:
    answers = {**SHEET, **LINES, "day": day}
    with pytest.raises(Left):
        enter_sheet(clinic.desk(answers, kill_at=at), "TEST-1")
    assert not sheets_on_file(clinic.folder)
    before = [name for name, _ in clinic.dialogue.asked]
    kept = enter(**{"entry left": "y"})
    again = [name for name, _ in clinic.dialogue.asked]
    assert at in again
    assert not set(before) & set(again), "nothing is typed twice"
    assert kept.sheet.values["ordered_hold_force"] == "20 lbf"
    assert not unfinished(clinic.folder, "TEST-1")


def test_an_entry_that_was_left_may_be_dropped(
    clinic: Reception, enter: Callable[..., KeptSheet], day: str
) -> None:
    with pytest.raises(Left):
        enter_sheet(clinic.desk({**SHEET, **LINES, "day": day}, kill_at="mode"), "TEST-1")
    (left,) = unfinished(clinic.folder, "TEST-1")
    enter(**{"entry left": "n"})
    assert not typed_of(clinic.folder, left)
    assert len(sheets_on_file(clinic.folder)) == 1


WRONG = (
    ("delivered_hold_force", "20", "the unit is missing"),
    ("ordered_time", "15", "the unit is missing"),
    ("paused", "2", "the unit is missing"),
    ("delivered_hold_force", "20,5 lbf", "a point, no comma"),
    ("began", "5 past", "is no time of day"),
    ("began", "24:00", "is no time of day"),
    ("region", "thoracic", "is not one of"),
    ("pain_before", "11", "0 to 10"),
)


def test_wrong_answers_are_told_and_asked_again(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    given = {name: "" for name, *_ in WRONG}
    for name, wrong, _ in WRONG:
        given[name] += f"{wrong}|"
    kept = enter(**{name: wrong + SHEET[name] for name, wrong in given.items()})
    for name, wrong, told in WRONG:
        named = (f"{name}={wrong!r} ", f'{name}="{wrong}" ')
        assert any(one.startswith(named) and told in one for one in clinic.dialogue.heard)
    note = load_paper(clinic.folder, kept.sheet.sheet_id, SETTINGS).note
    taken = {**kept.sheet.values, "pain_before": note.field("pain_before").value}
    assert {name: taken[name] for name in given} == {name: SHEET[name] for name in given}


def test_a_day_ahead_and_one_too_long_ago_are_refused(
    clinic: Reception, enter: Callable[..., KeptSheet], day: str
) -> None:
    ahead = (datetime.fromisoformat(day) + timedelta(days=3)).date().isoformat()
    old = (datetime.fromisoformat(day) - timedelta(days=20)).date().isoformat()
    kept = enter(day=f"{ahead}|{old}|{day}")
    heard = _heard(clinic)
    assert "is ahead of today" in heard
    assert "setting paper_days" in heard
    assert kept.sheet.values["day"] == day


def test_times_that_do_not_fit_together_are_asked_again(
    clinic: Reception, enter: Callable[..., KeptSheet], day: str
) -> None:
    kept = enter(
        day=f"{day}|{day}",
        began="00:30|00:05",
        ended="00:20|00:20",
        paused="2 min|2 min",
        stopped_at="|",
    )
    assert "ended=00:20 is not after began=00:30" in _heard(clinic)
    assert kept.sheet.values["began"] == "00:05"


def test_forces_above_limits_are_flagged_on_the_note_and_not_refused(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    kept = enter(ordered_hold_force="50 lbf", delivered_hold_force="60 lbf")
    assert len(kept.sheet.flagged) == 2
    assert "! Ordered hold force 50 lbf (222.4 N) is above 45.0 lbf (200 N)" in _heard(clinic)
    text = note_text(load_paper(clinic.folder, kept.sheet.sheet_id, SETTINGS))
    assert "! Ordered hold force 50 lbf (222.4 N) is above 200 N" in text
    assert "! Delivered hold force 60 lbf (266.9 N) is above 200 N" in text


def test_the_patients_cap_and_the_tables_limit_flag_too(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    version = keep(clinic.folder, example("unit", force_limit="80 N"), made_from=1)
    assert version.number == 2
    assert "Delivered hold force 20 lbf (89 N) is above 80 N" in enter().sheet.flagged[-1]


def test_two_sheets_at_one_time_are_told(
    clinic: Reception, kept: KeptSheet, enter: Callable[..., KeptSheet]
) -> None:
    first = kept.sheet.sheet_id
    enter()
    found = [each.sheet for each in sheets_on_file(clinic.folder)]
    assert any(f"Overlaps sheet {first} of the same patient." in each.flagged for each in found)


def test_a_recorded_session_at_the_same_time_is_told(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    began = datetime.fromtimestamp(clinic.clock.utc_ms() / 1000, UTC)
    visit_held(clinic)
    zone = clinic.desk({}).settings.zone_at(clinic.clock.utc_ms())
    local = began.astimezone(zone)
    kept = enter(
        day=local.date().isoformat(),
        began=f"{local:%H:%M}",
        ended=f"{local + timedelta(minutes=10):%H:%M}",
    )
    assert any("recorded of the same patient" in each for each in kept.sheet.flagged)


def test_what_is_not_on_the_sheet_and_a_no_beside_the_table_stay_on_the_note(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    kept = enter(**{"tick 3": "n", "tick 1": "-", "screen fracture": "-"})
    text = note_text(load_paper(clinic.folder, kept.sheet.sheet_id, SETTINGS))
    assert "! Answered no, and treated: Does the patient hold a call bell?" in text
    assert "! Not on the sheet: fracture; Is the table's lift locked?" in text


def test_a_sheet_is_not_typed_over_and_can_be_remarked_upon(
    clinic: Reception, kept: KeptSheet
) -> None:
    name = kept.sheet.sheet_id
    by = ("--by", "Pat Jones", "--credentials", "PT", "--reason", "read again")
    error = run(clinic.folder, "note", name, "--amend", "ended=00:25", *by).exception
    assert isinstance(error, NoteRefused)
    text = said(clinic.folder, "note", name, "--amend", "remark.ended=it was 00:25", *by)
    assert "it was 00:25" in text
    assert "version 2" in text
    assert not verify_clinic(clinic.folder).alterations


def test_a_note_over_another_sheet_is_an_alteration(clinic: Reception, kept: KeptSheet) -> None:
    name = kept.sheet.sheet_id
    author = clinic.desk({}).author()
    detail: dict[str, Any] = {"session_id": name, "patient_key": "", "seal": "00" * 32}
    with clinic_writing(clinic.folder) as db:
        append_entries(db, author, [(EntryKind.NOTE_AMENDED, detail)])
    (found,) = verify_clinic(clinic.folder).alterations
    assert found.where == f"the note of sheet {name}"
    with pytest.raises(TractionError, match="names another sheet"):
        load_paper(clinic.folder, name, SETTINGS)


def test_every_access_is_on_record(clinic: Reception, kept: KeptSheet) -> None:
    name = kept.sheet.sheet_id
    said(clinic.folder, "note", name, "--by", "A. Reader")
    kinds = [(row.kind, row.session_id) for row in accesses(clinic.folder)]
    assert ("paper_sheet", name) in kinds
    assert ("note_signed", name) in kinds
    last = accesses(clinic.folder)[-1]
    assert (last.what, last.by, last.session_id) == ("note", "A. Reader", name)


@pytest.mark.parametrize("command", ["show", "estimate", "verify"])
def test_commands_of_sessions_say_that_there_is_none(
    clinic: Reception, kept: KeptSheet, command: str
) -> None:
    error = run(clinic.folder, command, kept.sheet.sheet_id).exception
    assert isinstance(error, RequestRefused)
    assert "no device recorded it" in error.message


def test_an_unknown_patient_and_an_unknown_sheet_are_refused(
    folder: RecordFolder, clinic: Reception
) -> None:
    keep(folder, patient(reference="TEST-2"))
    with pytest.raises(TractionError, match="NOBODY is not on file"):
        enter_sheet(clinic.desk({}), "NOBODY")
    error = run(folder, "note", "paper-ff").exception
    assert isinstance(error, TractionError)
    assert "paper-ff is not on file" in error.message


def test_the_next_visit_hears_of_the_sheet_and_its_trouble_asks_for_a_force(
    clinic: Reception, enter: Callable[..., KeptSheet], day: str
) -> None:
    enter(
        tolerance="not tolerated", stop_reason="patient, by the bell", delivered_hold_force="70 N"
    )
    answers = {**ANSWERS, "hold_force": "50 N"}
    begin_visit(clinic.desk(answers), AskedVisit(reference="TEST-1"))
    heard = _heard(clinic)
    assert f"! Treated since on paper, {day}" in heard
    assert "it was not tolerated (on paper)" in heard
    assert "70.0 N" in heard, "the force that was delivered then"
    assert "hold_force" in dict(clinic.dialogue.asked)


def test_a_sheet_without_trouble_is_told_and_asks_for_nothing(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    enter()
    answers = ANSWERS
    begin_visit(clinic.desk(answers), AskedVisit(reference="TEST-1"))
    assert "! Treated since on paper" in _heard(clinic)
    assert "hold_force" not in dict(clinic.dialogue.asked)


def test_a_sheet_and_a_session_on_one_day_are_told_by_t_093(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    visit_held(clinic)
    name = enter().sheet.sheet_id
    report = json.loads(run(clinic.folder, "scrub", "last", "--json").stdout)
    (found,) = (each for each in report["findings"] if each["rule"] == "T-093")
    assert name in json.dumps(found)


def test_a_wrong_line_is_asked_again_and_the_others_are_not(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    kept = enter(
        **{"sheet as written": "n|y", "wrong lines": "paused, nonsense", "paused": "2 min|3 min"}
    )
    assert kept.sheet.values["paused"] == "3 min"
    assert [name for name, _ in clinic.dialogue.asked].count("began") == 1


def test_claims_name_the_sheet_and_why_nothing_was_written(
    clinic: Reception, kept: KeptSheet
) -> None:
    desk = clinic.desk({})
    on = desk.day_of(kept.sheet.began_utc_ms)
    listed = list_visits(clinic.folder, desk.settings, desk.day_of, (on, on))
    (result,) = export_claims(desk.workplace, listed, clinic.documents, on, desk.author)
    assert result.file is None
    assert "T-001" in result.lacks[0]
    assert not list(clinic.documents.rglob("*"))


def test_an_unsigned_sheet_is_finished_like_any_visit(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    enter(signature="n")
    take_up(clinic.desk({"signature": "PJ"}), AskedVisit(reference="TEST-1"))
    name = sheets_on_file(clinic.folder)[-1].sheet.sheet_id
    assert load_paper(clinic.folder, name, SETTINGS).face.signer == "Pat Jones, PT, DPT"


def test_a_backup_brings_the_sheet_back(clinic: Reception, kept: KeptSheet, tmp_path: Path) -> None:
    name = kept.sheet.sheet_id
    said(clinic.folder, "backup", str(tmp_path / "b"))
    restored = RecordFolder(tmp_path / "restored")
    said(restored, "restore", str(tmp_path / "b"))
    assert [each.sheet.sheet_id for each in sheets_on_file(restored)] == [name]


def test_of_two_who_enter_one_sheet_the_second_is_told(clinic: Reception, kept: KeptSheet) -> None:
    with pytest.raises(RequestRefused, match="was entered by Pat Jones meanwhile"):
        keep_sheet(clinic.folder, clinic.desk({}).author(), kept.sheet)
    assert not verify_clinic(clinic.folder).alterations
    assert len(sheets_on_file(clinic.folder)) == 1


def test_a_treatment_against_a_flag_is_flagged(
    clinic: Reception, enter: Callable[..., KeptSheet]
) -> None:
    flag = {**FLAG, "do_not_treat": True, "on": "2026-01-01"}
    record = medicare_patient("2026-11-18", flags=[flag])
    keep(clinic.folder, record, made_from=1)
    assert enter().sheet.flagged[-1].startswith("Treated against lasting flag 1: DO NOT TREAT")

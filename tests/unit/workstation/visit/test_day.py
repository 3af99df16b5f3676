"""A day of ten patients through ``visit`` alone, then ``today`` and ``claims`` at its end."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt
from controller.runtime.clock import SystemClock
from records.clinic.clinic_verify import verify_clinic
from records.evidence.believed import read_checked
from records.store.record_folder import RecordFolder
from records.visit.worklist import VisitState, list_visits
from tests.support.altering import altering
from tests.support.commands import run, said
from tests.support.json_schemas import check_shape
from tests.support.reception import (
    FINDINGS,
    FIRST_TIME,
    OTHERWISE,
    Left,
    medicare_patient,
    open_clinic,
    reception,
)
from tests.support.standing import keep
from workstation.visit.flow import AskedVisit, begin_visit, take_up

PATIENTS = 10
FIRST = {**FINDINGS, **OTHERWISE, **FIRST_TIME}
NAMES = ("Adams", "Brown", "Clark", "Dixon", "Evans", "Frost", "Grant", "Hills", "Irwin", "Jonas")


@pytest.mark.timeout(400)  # ten seconds of processor time, of which a busy machine gives little
def test_a_day_of_ten_patients(
    folder: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "claims"
    with reception(folder, documents) as clinic:
        open_clinic(folder)
        morning_ms = clinic.clock.utc_ms()
        day = datetime.fromtimestamp(morning_ms / 1000).date() - timedelta(days=7)
        for number in range(PATIENTS):
            known = medicare_patient(day.isoformat(), f"P-{number:02}", last_name=NAMES[number])
            keep(folder, known)
        for number in range(PATIENTS):
            asked = AskedVisit(reference=f"P-{number:02}")
            desk = clinic.desk(FIRST, kill_at=LEFT_AT.get(number, ""))
            if number in LEFT_AT:
                with pytest.raises(Left):
                    begin_visit(desk, asked)
            else:
                begin_visit(desk, asked)
            clinic.clock.sleep_until(clinic.clock.now_s() + 60)
        evening_ms = clinic.clock.utc_ms()
        desk = clinic.desk({})
        listed = list_visits(folder, desk.settings, desk.day_of, (desk.day, desk.day))

    states = {each.reference: each.state for each in listed}
    expected = {f"P-{number:02}": LEFT_IN.get(number, CLAIMED) for number in range(PATIENTS)}
    assert states == expected
    assert len(list(documents.rglob("*-837p.txt"))) == PATIENTS - len(LEFT_AT)
    assert verify_clinic(folder).alterations == ()
    for each in listed:
        if each.session_id:
            assert not read_checked(folder, each.session_id).alterations

    # the commands, at that evening
    monkeypatch.setattr(SystemClock, "utc_ms", lambda _: evening_ms)
    told = said(folder, "today").splitlines()
    assert len(told) == PATIENTS
    assert [line.split("  ")[2].partition(" (")[0] for line in told] == list(expected.values())
    result = run(folder, "claims", "--today", "--out", str(documents), "--json")
    assert result.exit_code == 3, result.output
    facts = json.loads(result.output)
    assert check_shape(facts) == "claims"
    assert check_shape(json.loads(said(folder, "today", "--json"))) == "today"
    of_patient = {each["patient"]: each for each in facts["claims"]}
    assert of_patient.keys() == {f"P-{number:02}" for number in LEFT_AT}
    assert of_patient["P-01"]["lacks"] == ["no session yet"]
    assert of_patient["P-03"]["lacks"][0].startswith(
        "the note is not complete: Patient response [patient_response],"
    )
    assert of_patient["P-05"]["lacks"] == ["the note is not signed"]
    assert [each[:5] for each in of_patient["P-08"]["lacks"]] == ["T-021"]
    summary = Path(facts["summary"]).read_text(encoding="utf-8")
    assert summary.endswith("0 claims written, 4 not\n")

    # what was lacking is put right by its own command, and the claim goes with the next run
    session = of_patient["P-08"]["session_id"]
    said(folder, "accept", session, "--modifier", "GP", "--by", "Pat Jones")
    assert run(folder, "claims", "--week", "--out", str(documents)).exit_code == 3
    assert len(list(documents.rglob(f"{session}-837p.txt"))) == 1
    told = said(folder, "today").splitlines()
    assert sum(" claimed " in line for line in told) == PATIENTS - 3
    assert verify_clinic(folder).alterations == ()


CLAIMED = VisitState.CLAIMED
LEFT_AT = {1: "changes", 3: "patient_response", 5: "signature", 8: "accept 97012:GP"}
LEFT_IN = {
    1: VisitState.BEGUN,
    3: VisitState.TO_COMPLETE,
    5: VisitState.TO_SIGN,
    8: VisitState.TO_CLAIM,
}
"""Four visits are left at these questions, and this is where they then are."""


def test_a_visit_that_was_altered_is_told_and_hides_no_other(
    folder: RecordFolder, tmp_path: Path
) -> None:
    with reception(folder, tmp_path / "claims") as clinic:
        open_clinic(folder)
        day = datetime.fromtimestamp(clinic.clock.utc_ms() / 1000).date() - timedelta(days=7)
        for number in (1, 2):
            last_name = NAMES[number]
            keep(folder, medicare_patient(day.isoformat(), f"P-{number}", last_name=last_name))
            begin_visit(clinic.desk(FIRST), AskedVisit(reference=f"P-{number}"))
        (path,) = folder.unit_databases()
        with altering(path) as db:
            db.execute("UPDATE seal SET digest = zeroblob(32) WHERE session = 2")
        desk = clinic.desk({})
        listed = list_visits(folder, desk.settings, desk.day_of, (desk.day, desk.day))
        assert [(each.reference, each.state) for each in listed] == [
            ("P-1", VisitState.CLAIMED),
            ("P-2", VisitState.ALTERED),
        ]
        with pytest.raises(JournalCorrupt):
            take_up(desk, AskedVisit(reference="P-2"))


def test_one_of_both_is_asked_for(folder: RecordFolder) -> None:
    for options in ((), ("--today", "--week")):
        result = run(folder, "claims", *options)
        assert "say which claims: --today or --week" in str(result.exception)


def test_a_day_without_visits_is_told(folder: RecordFolder) -> None:
    assert said(folder, "today").startswith("no visits on ")

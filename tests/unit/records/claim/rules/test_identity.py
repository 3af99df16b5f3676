"""One identity: patient, times, region, provider and sessions of the day come from the record."""

from __future__ import annotations

from typing import Any

import pytest

from records.clinic.claim_exports import ClaimExport, record_claim_export
from records.store.record_folder import RecordFolder
from records.visit import billing
from records.visit.billing import billed
from records.visit.load import load_visit
from tests.support.notes import author
from tests.support.sessions import SETTINGS, staged
from tests.unit.records.claim.rules.builders import (
    LINE,
    SmallCodeList,
    Visit,
    at,
    party,
    service,
    visit,
)


def severities(made: Visit, rule: str) -> list[str]:
    return [finding.severity for finding in made.found(rule)]


def test_another_patient_is_an_error_with_both_numbers() -> None:
    (finding,) = visit(claim={"patient_ref": "B-1"}).found("T-090")
    assert finding.message == "The claim is of patient B-1, note and session are of patient A-0815."
    assert severities(visit(words={"patient_reference": "B-1"}), "T-090") == ["error"]
    assert severities(visit(claim={"patient_ref": " A-0815 "}), "T-090") == []
    assert severities(visit(claim={"patient_ref": "a-0815"}), "T-090") == ["error"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (at("10:00", "10:15"), []),
        (at("09:59", "10:16"), []),  # a minute at each edge is one of rounding
        (at("09:58", "10:15"), ["warn"]),
        (at("10:00", "10:17"), ["warn"]),
        (at("09:30", "09:59"), ["warn"]),
        (at("09:30", "09:58"), ["error"]),
        (at("10:16", "10:30"), ["warn"]),
        (at("10:17", "10:30"), ["error"]),
        ({"started_at": None}, []),
        ({"started_at": None, "ended_at": "2026-11-24T09:00:00-06:00"}, ["error"]),
        # the same moments in another zone
        ({"started_at": "2026-11-24T16:00:04Z", "ended_at": "2026-11-24T16:15:07Z"}, []),
    ],
)
def test_the_line_s_times_are_compared_with_the_log(line: dict[str, Any], found: list[str]) -> None:
    assert severities(visit(line=line), "T-091") == found


def test_every_traction_line_is_compared() -> None:
    second = {**LINE, **at("12:00", "12:15"), "body_region": "cervical"}
    made = visit(same_day=[second])
    assert severities(made, "T-091") == ["error"]
    assert severities(made, "T-092") == ["error"]


def test_lines_of_another_day_are_not_of_the_same_day() -> None:
    """T-019 names them; no pair and no second 97012 is made of them."""
    before = {
        "started_at": "2026-11-23T10:20:00-06:00",
        "ended_at": "2026-11-23T10:35:00-06:00",
    }
    made = visit(same_day=[service("97140", "GP", **before), {**LINE, **before}])
    assert severities(made, "T-019") == ["error", "error"]
    for rule in ("T-003", "T-004", "T-026", "T-048"):
        assert severities(made, rule) == [], rule


@pytest.mark.parametrize(
    ("family", "found"),
    [("Jones", []), ("JÓNES", []), ("Jones-Smith", ["warn"]), ("Brown", ["warn"]), ("-", ["warn"])],
)
def test_who_is_billed_stands_in_the_note(family: str, found: list[str]) -> None:
    assert severities(visit(claim=party("rendering", last_name=family)), "T-094") == found


def test_supervisor_and_signer_count_and_an_organisation_is_not_compared() -> None:
    words = {"performed_by": "A. Brown, PTA", "supervised_by": "P. Jones, PT"}
    assert severities(visit(words=words), "T-094") == []
    alone = {"performed_by": "A. Brown, PTA", "supervised_by": None}
    assert severities(visit(words=alone), "T-094") == []  # signed by P. Jones
    assert severities(visit(words=alone, note={"signature": None}), "T-094") == ["warn"]
    practice = party("rendering", first_name=None, last_name="Spine Clinic")
    assert visit(claim=practice).report().result("T-094").outcome == "not_applicable"


@pytest.mark.parametrize("role", ["aide", "ATC"])
def test_medicare_pays_no_aide_and_no_athletic_trainer(role: str) -> None:
    made = visit(line={"performed_by_role": role})
    assert severities(made, "T-095") == ["error"]
    assert made.report().blocked
    assert severities(visit(line={"performed_by_role": role}, payer="commercial"), "T-095") == []
    other = visit(same_day=[service("97110", "GP", performed_by_role=role)])
    assert severities(other, "T-095") == ["warn"]


@pytest.fixture(scope="module")
def two_sessions(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    """A patient with two sessions on one day."""
    folder = RecordFolder(tmp_path_factory.mktemp("two"))
    with staged(folder) as stage:
        stage.treat()
        stage.treat()
    return folder


def test_another_session_of_the_day_is_named_and_its_claim_makes_it_an_error(
    two_sessions: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "code_list_for", lambda *_: SmallCodeList())

    def found(session_id: str) -> list[tuple[str, str]]:
        report = billed(two_sessions, load_visit(two_sessions, session_id, SETTINGS)).report
        assert report is not None
        return [(f.severity, f.message) for f in report.of_rule("T-093")]

    ((severity, message),) = found("session-2")
    assert severity == "warn"
    assert "(session-1, " in message
    assert "no claim of it left here" in message
    first = load_visit(two_sessions, "session-1", SETTINGS)
    export = ClaimExport(
        format="837p",
        file="claim.txt",
        digest="00" * 32,
        note_digest="",
        context_digest="",
        ready=True,
    )
    record_claim_export(
        two_sessions,
        author(two_sessions),
        export,
        session_id="session-1",
        patient_key=first.note.patient_key,
    )
    ((severity, message),) = found("session-2")
    assert severity == "error"
    assert "its 97012 was exported as a claim" in message
    assert [each[0] for each in found("session-1")] == ["warn"]

"""A visit that was left in each of its steps is taken up by what is on record."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, RequestRefused, RightMissing
from records.clinic.clinic_verify import verify_clinic
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from simulator.line.direct_line import DirectClock
from tests.support.altering import altering
from tests.support.reception import (
    FINDINGS,
    FIRST_TIME,
    OTHERWISE,
    AnsweringDialogue,
    Left,
    Reception,
    first_patient,
    medicare_patient,
    reception,
)
from tests.support.sessions import SETTINGS
from tests.support.standing import keep
from workstation.visit.flow import AskedVisit, begin_visit, take_up

WHOM = AskedVisit(reference="TEST-1")
FIRST = {**FINDINGS, **OTHERWISE, **FIRST_TIME, "order as typed": "y"}


WHOLE = [
    "identified name",
    "identified birth date",
    "preset",
    "screen fracture",
    "changes",
    "symptoms",
    "rationale",
    "pain_before",
    "diagnosis",
    "positioning",
    "harness",
    "angle_of_pull",
    "patient_response",
    "tolerance",
    "pain_after",
    "minutes",
    "plan_next",
    "patient_notice",
    "signature",
    "accept 97012:GP",
]
"""Every question of a first visit, of the screen the first one."""
BEFORE_THE_ORDER = dict.fromkeys(WHOLE[2:8], 2)
"""Where a visit goes on that was left before its order was whole: preset, dose and words of an
order are kept together, with the last of them. Identification and screen are kept at once."""
LATEST_AGAIN = {
    **dict.fromkeys(WHOLE[3:8], "positioning"),
    **dict.fromkeys(("positioning", "harness"), "angle_of_pull"),
}
"""From these questions on a visit is not held to its end: what was typed before the order was whole
is asked again, and the session comes behind the same three questions. The others go to the end."""


def without_the_screen(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("screen") or name == "screen fracture"]


@dataclass(frozen=True, slots=True)
class LeftVisit:
    """The records as a program leaves them that is killed at a question."""

    records: Path
    asked: frozenset[str]
    utc_ms: int


class LeavingDialogue(AnsweringDialogue):
    """Copies the records at each question: what a kill there would leave."""

    def __init__(self, clinic: Reception, place: Path) -> None:
        super().__init__(FIRST)
        self.left: dict[str, LeftVisit] = {}
        self._clinic, self._place = clinic, place

    def ask(self, name: str, text: str) -> str:
        """The answer, behind the copy."""
        asked = frozenset(each for each, _ in self.asked)
        self.left[name] = LeftVisit(self._place / name, asked, self._clinic.clock.utc_ms())
        shutil.copytree(self._clinic.folder.path, self._place / name)
        return super().ask(name, text)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, LeftVisit]:
    """One whole first visit as it is left at each of its questions."""
    place = tmp_path_factory.mktemp("left")
    with first_patient(RecordFolder(place / "data"), place / "claims") as clinic:
        dialogue = LeavingDialogue(clinic, place)
        begin_visit(replace(clinic.desk(FIRST), dialogue=dialogue), WHOM)
    return dialogue.left


def taken_up(tmp_path: Path, before: LeftVisit, until: str = "") -> tuple[Reception, list[str]]:
    """The visit in a copy of its records, to the question ``until``, and what was asked."""
    folder = RecordFolder(tmp_path / "data")
    shutil.copytree(before.records, folder.path)
    with reception(folder, tmp_path / "claims") as clinic:
        clinic.clock = DirectClock(utc_origin_ms=before.utc_ms)
        desk = clinic.desk(FIRST, kill_at=until)
        with pytest.raises(Left) if until else nullcontext():
            take_up(desk, AskedVisit(reference=""))
    return clinic, without_the_screen([name for name, _ in clinic.dialogue.asked])


def expected_from(left_at: str, before: LeftVisit) -> list[str]:
    """The questions that a visit has which was left there."""
    expected = WHOLE[BEFORE_THE_ORDER.get(left_at, WHOLE.index(left_at)) :]
    if "screen fracture" in before.asked and left_at in BEFORE_THE_ORDER:
        return [name for name in expected if name != "screen fracture"]
    return expected


@pytest.mark.parametrize("left_at", [name for name in WHOLE[2:] if name not in LATEST_AGAIN])
def test_a_visit_that_was_left_is_taken_up_where_its_record_ends(
    tmp_path: Path, left: Mapping[str, LeftVisit], left_at: str
) -> None:
    clinic, asked = taken_up(tmp_path, left[left_at])
    assert asked == expected_from(left_at, left[left_at])
    made = load_visit(clinic.folder, "session-1", SETTINGS)
    assert [version.by for version in made.note.versions] == ["Pat Jones"]
    assert made.note.field("pain_before").value == "6"
    assert made.note.field("performed_by").value == "Pat Jones, PT, DPT"
    assert len(list(clinic.documents.rglob("*-837p.txt"))) == 1
    assert verify_clinic(clinic.folder).alterations == ()
    with altering(clinic.folder.clinic_database) as db:
        assert db.execute("SELECT count(*) FROM draft_word").fetchall() == [(0,)]


@pytest.mark.parametrize("left_at", LATEST_AGAIN)
def test_a_visit_that_was_left_before_its_session_asks_what_is_not_on_record(
    tmp_path: Path, left: Mapping[str, LeftVisit], left_at: str
) -> None:
    until = LATEST_AGAIN[left_at]
    clinic, asked = taken_up(tmp_path, left[left_at], until)
    expected = expected_from(left_at, left[left_at])
    assert asked == expected[: expected.index(until)]
    assert verify_clinic(clinic.folder).alterations == ()


def test_whoever_may_not_judge_claims_leaves_the_claim_to_somebody_else(
    tmp_path: Path, left: Mapping[str, LeftVisit]
) -> None:
    """An aide or an assistant holds a visit; nothing is offered to them, and no claim leaves."""
    folder = RecordFolder(tmp_path / "data")
    shutil.copytree(left[WHOLE[-1]].records, folder.path)

    def may_not() -> None:
        raise RightMissing("Ann Reed (assistant) may not judge, accept and export claims")

    with reception(folder, tmp_path / "claims") as clinic:
        clinic.clock = DirectClock(utc_origin_ms=left[WHOLE[-1]].utc_ms)
        take_up(replace(clinic.desk(FIRST), may_claim=may_not), AskedVisit(reference=""))
    asked = [name for name, _ in clinic.dialogue.asked]
    assert not [name for name in asked if name.startswith("accept")]
    assert clinic.dialogue.heard[-1].startswith("the claim is left to somebody else: Ann Reed")
    assert not list(clinic.documents.rglob("*"))


@pytest.mark.parametrize("left_at", WHOLE[:2])
def test_a_comparison_that_was_not_made_is_not_on_record(clinic: Reception, left_at: str) -> None:
    with pytest.raises(Left):
        begin_visit(clinic.desk(FIRST, kill_at=left_at), WHOM)
    with pytest.raises(RequestRefused, match="no visit of patient TEST-1 is unfinished"):
        take_up(clinic.desk(FIRST), WHOM)


def test_nothing_is_taken_up_where_nothing_was_left(clinic: Reception) -> None:
    with pytest.raises(RequestRefused, match="no visit of patient TEST-1 is unfinished"):
        take_up(clinic.desk(FIRST), WHOM)
    begin_visit(clinic.desk(FIRST), WHOM)
    with pytest.raises(RequestRefused, match="no visit is unfinished"):
        take_up(clinic.desk(FIRST), AskedVisit(reference=""))


def test_a_screen_of_yesterday_is_not_taken_up(clinic: Reception) -> None:
    with pytest.raises(Left):
        begin_visit(clinic.desk(FIRST, kill_at="changes"), WHOM)
    clinic.clock.sleep_until(clinic.clock.now_s() + 86_400)
    with pytest.raises(RequestRefused, match="no visit of patient TEST-1 is unfinished"):
        take_up(clinic.desk(FIRST), WHOM)


def test_a_note_of_yesterday_is_taken_up(clinic: Reception) -> None:
    with pytest.raises(Left):
        begin_visit(clinic.desk(FIRST, kill_at="signature"), WHOM)
    clinic.clock.sleep_until(clinic.clock.now_s() + 86_400)
    take_up(clinic.desk(FIRST), WHOM)
    assert [name for name, _ in clinic.dialogue.asked] == ["signature", "accept 97012:GP"]


def test_what_is_altered_while_a_question_stands_is_refused_with_the_next_one(
    clinic: Reception,
) -> None:
    def altered() -> str:
        (path,) = clinic.folder.unit_databases()
        with altering(path) as db:
            db.execute("UPDATE seal SET digest = zeroblob(32)")
        return "less arm pain"

    with pytest.raises(JournalCorrupt, match="was altered"):
        begin_visit(clinic.desk({**FIRST, "patient_response": altered}), WHOM)
    assert clinic.dialogue.asked[-1] == ("patient_response", "less arm pain")


def test_a_note_that_is_signed_while_a_question_stands_takes_no_word(clinic: Reception) -> None:
    answers = iter(("see above", ""))

    def signed_meanwhile() -> str:
        note = clinic.desk({}).note("session-1")
        if not note.read().note.versions:
            note.complete({"patient_notice": "told about the soreness"})
            note.sign()
        return next(answers)

    visit = clinic.desk({**FIRST, "patient_notice": signed_meanwhile, "signature": "n"})
    dialogue = clinic.dialogue
    begin_visit(visit, WHOM)
    assert any("was signed meanwhile; read it again" in told for told in dialogue.heard)
    note = load_visit(clinic.folder, "session-1", SETTINGS).note
    assert note.field("patient_notice").value == "told about the soreness"


def test_of_two_patients_who_wait_it_is_said_whose_visit(clinic: Reception) -> None:
    keep(clinic.folder, medicare_patient("2026-01-05", reference="TEST-2", last_name="Roe"))
    for reference in ("TEST-1", "TEST-2"):
        desk = clinic.desk(FIRST, kill_at="changes")
        with pytest.raises(Left):
            begin_visit(desk, AskedVisit(reference=reference))
    with pytest.raises(RequestRefused, match=r"several visits are unfinished: TEST-1 .*TEST-2"):
        take_up(clinic.desk(FIRST), AskedVisit(reference=""))

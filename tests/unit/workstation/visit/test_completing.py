"""The open fields of a note, one by one: what is offered, and how one is left open."""

from __future__ import annotations

from records.standing.versions import read_standing
from records.visit.load import load_visit
from records.visit.visit import Visit
from tests.support.held_visit import FIRST, visit_held
from tests.support.reception import FINDINGS, OTHERWISE, Reception
from tests.support.sessions import SETTINGS
from tests.support.standing import keep
from workstation.visit.flow import AskedVisit, begin_visit

WORDS = {"harness": "pelvic belt", "positioning": "prone"}


def held(clinic: Reception, **answers: str) -> Visit:
    """The visit of the patient in which this was answered."""
    begin_visit(clinic.desk({**FIRST, **answers}), AskedVisit(reference="TEST-1"))
    return load_visit(clinic.folder, "session-1", SETTINGS)


def test_what_the_patient_s_record_says_is_offered_and_taken_over_by_a_yes(
    clinic: Reception,
) -> None:
    on_file = read_standing(clinic.folder).patient_exactly("TEST-1")
    assert on_file is not None
    keep(clinic.folder, on_file.record.model_copy(update=WORDS), made_from=on_file.number)
    visit = held(clinic, harness="y", positioning="supine today")
    heard = "\n".join(clinic.dialogue.heard)
    assert "Harness: 'pelvic belt', as on file? y, or today's words" in heard
    assert visit.note.field("harness").value == "pelvic belt"
    assert visit.note.field("harness").attested_by == "Pat Jones"
    assert visit.note.field("positioning").value == "supine today"


def test_the_last_visit_s_word_goes_before_that_of_the_record(clinic: Reception) -> None:
    visit_held(clinic)
    on_file = read_standing(clinic.folder).patient_exactly("TEST-1")
    assert on_file is not None
    keep(clinic.folder, on_file.record.model_copy(update=WORDS), made_from=on_file.number)
    again = {**FINDINGS, **OTHERWISE, "another visit": "y"}
    begin_visit(clinic.desk(again), AskedVisit(reference="TEST-1"))
    heard = "\n".join(clinic.dialogue.heard)
    assert "'two-piece head halter', unchanged since" in heard
    assert "pelvic belt" not in heard


def test_tolerance_can_be_left_open_and_keeps_the_note_unsigned(clinic: Reception) -> None:
    visit = held(clinic, tolerance="")
    assert "tolerance" in visit.note.open_fields
    assert visit.note.versions == ()
    assert any(text.startswith("not signed, open fields: ") for text in clinic.dialogue.heard)
    (question,) = [text for text in clinic.dialogue.heard if text.startswith("Tolerance (")]
    assert question.endswith("; Enter leaves it open, - says that there is nothing to say")


def test_nothing_may_be_said_of_the_tolerance(clinic: Reception) -> None:
    visit = held(clinic, tolerance="-")
    assert visit.note.field("tolerance").value is None
    assert [version.by for version in visit.note.versions] == ["Pat Jones"]


def test_what_is_none_of_the_choices_is_asked_again_with_the_way_out(clinic: Reception) -> None:
    visit = held(clinic, tolerance="4|2")
    assert "'4' is not one of them; answer with a number, 1 to 3" in clinic.dialogue.heard
    assert visit.note.field("tolerance").value == "tolerated with change"

"""A visit step by step: what is refused, what is warned of, and what is never carried over."""

from __future__ import annotations

from datetime import date

import pytest

from controller.errors import (
    AnswerMissing,
    PrescriptionInvalid,
    RecordNotFound,
    RequestRefused,
    UnitNotVerified,
)
from controller.events import EventKind
from records.clinic.clinic_verify import verify_clinic
from records.clinic.visit_steps import StepKind, steps_on_file
from records.standing.appointments import Appointment, write_days
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.next_order import trouble_in
from records.visit.screen import screen_items
from records.visit.visit import Visit
from simulator.table.patient import StopsDuring
from tests.support.held_visit import FIRST, visit_held
from tests.support.reception import (
    FINDINGS,
    OTHERWISE,
    Left,
    Reception,
    medicare_patient,
    reception,
)
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep, patient, writer
from workstation.visit.dialogue import VisitLeft
from workstation.visit.flow import AskedVisit, begin_visit, take_up

WHOM = AskedVisit(reference="TEST-1")
AGAIN = {**FINDINGS, **OTHERWISE}


def visit(clinic: Reception, session: str) -> Visit:
    return load_visit(clinic.folder, session, SETTINGS)


def names(clinic: Reception) -> list[str]:
    return [name for name, _ in clinic.dialogue.asked]


def heard(clinic: Reception) -> str:
    return "\n".join(clinic.dialogue.heard)


# --- whom, and on which table -------------------------------------------------------------------


def test_an_unknown_patient_whom_nobody_adds_is_refused_with_who_is_on_file(
    clinic: Reception,
) -> None:
    with pytest.raises(RecordNotFound, match=r"patient TEST-9 is not on file .*TEST-1"):
        begin_visit(clinic.desk({**FIRST, "add patient": "n"}), AskedVisit(reference="TEST-9"))
    assert names(clinic) == ["add patient"]
    with pytest.raises(PrescriptionInvalid, match="'TEST-1' is"):
        begin_visit(clinic.desk(FIRST), AskedVisit(reference="test-1"))
    assert not names(clinic)


def test_a_table_that_is_not_configured_is_refused(clinic: Reception) -> None:
    with pytest.raises(RecordNotFound, match=r"unit Table 9 is not on file .*Table 1"):
        begin_visit(clinic.desk(FIRST), AskedVisit(reference="TEST-1", table="Table 9"))


def test_a_table_that_is_another_unit_than_configured_is_refused(clinic: Reception) -> None:
    keep(clinic.folder, example("unit", serial_number=1), made_from=1)
    with pytest.raises(UnitNotVerified, match="says serial_number=1, the unit says"):
        begin_visit(clinic.desk(FIRST), WHOM)
    on_file = steps_on_file(clinic.folder)
    assert len(on_file.by_visit()) == 1, "what was done is on record"
    assert on_file.sessions == {}, "and no session was begun"


def test_of_several_tables_one_is_chosen(clinic: Reception) -> None:
    other = example("unit", name="Table 2", address="modbus-tcp://192.0.2.6:502?unit=1")
    keep(clinic.folder, other)
    with pytest.raises(Left):
        begin_visit(clinic.desk(FIRST, kill_at="table"), WHOM)
    assert "1 Table 1, 2 Table 2" in heard(clinic)


def test_the_table_of_the_appointment_is_the_one(clinic: Reception) -> None:
    other = example("unit", name="Table 2", address="modbus-tcp://192.0.2.6:502?unit=1")
    keep(clinic.folder, other)
    desk = clinic.desk(FIRST, kill_at="changes")
    booked = Appointment(
        time="09:00",
        table="Table 2",
        reference="TEST-1",
        last_name="Doe",
        first_name="Jane",
        birth_date=date(1960, 1, 31),
    )
    write_days(clinic.folder, writer(), {desk.day: [booked]}, file="day.csv", content=b"")
    with pytest.raises(Left):
        begin_visit(desk, WHOM)
    assert "table" not in names(clinic)


# --- identification -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["identified name", "identified birth date"])
def test_another_person_ends_the_visit_before_it_begins(clinic: Reception, name: str) -> None:
    with pytest.raises(VisitLeft):
        begin_visit(clinic.desk({**FIRST, name: "n"}), WHOM)
    assert steps_on_file(clinic.folder).steps == ()
    assert "another patient: nothing was begun" in heard(clinic)


def test_who_compared_and_when_is_on_record_and_on_the_note(clinic: Reception) -> None:
    visit_held(clinic)
    found = visit(clinic, "session-1")
    field = found.note.field("patient_identified")
    assert field.value == "name and date of birth compared"
    assert field.attested_by == "Pat Jones"
    began = found.record.head.started_utc_ms
    assert field.attested_utc_ms is not None
    assert field.attested_utc_ms <= began
    assert verify_clinic(clinic.folder).alterations == ()


def test_a_comparison_that_was_left_out_is_told_with_its_reason(clinic: Reception) -> None:
    answers = {**FIRST, "identified name": "skip cannot speak, wristband read"}
    begin_visit(clinic.desk(answers), WHOM)
    field = visit(clinic, "session-1").note.field("patient_identified")
    assert field.value == "not compared: cannot speak, wristband read"


def test_a_comparison_without_a_reason_is_told_as_that(clinic: Reception) -> None:
    begin_visit(clinic.desk({**FIRST, "identified birth date": "skip"}), WHOM)
    field = visit(clinic, "session-1").note.field("patient_identified")
    assert field.value == "not compared, no reason given"


@pytest.mark.parametrize("answer", ["y", "skip wristband read"])
def test_on_a_unit_for_patients_both_are_required_or_a_reason(
    clinic: Reception, answer: str
) -> None:
    clinic.verified = True
    desk = clinic.desk({**FIRST, "identified name": "skip"})
    with pytest.raises(RequestRefused, match="nobody compared the patient's name and date"):
        begin_visit(desk, WHOM)
    # taken up, it is asked again; what comes next on such a unit needs a person, no script
    desk = clinic.desk({"identified name": answer, "order as typed": "y"})
    with pytest.raises(AnswerMissing):
        take_up(desk, WHOM)
    assert names(clinic)[0] == "identified name"


# --- warnings -----------------------------------------------------------------------------------


def test_similar_names_of_the_day_are_warned_of(clinic: Reception) -> None:
    keep(clinic.folder, patient(reference="TEST-2", last_name="Dow"))
    keep(clinic.folder, patient(reference="TEST-3", last_name="Smith", first_name="Mary"))
    for reference in ("TEST-2", "TEST-3"):
        asked = AskedVisit(reference=reference)
        with pytest.raises(Left):
            begin_visit(clinic.desk(FIRST, kill_at="changes"), asked)
    with pytest.raises(Left):
        begin_visit(clinic.desk(FIRST, kill_at="identified name"), WHOM)
    assert "! similar name today: Dow, Jane (patient TEST-2), treated today" in heard(clinic)
    assert "Smith" not in heard(clinic)


def test_a_patient_with_a_visit_that_is_open_is_warned_of(clinic: Reception) -> None:
    with pytest.raises(Left):
        begin_visit(clinic.desk(FIRST, kill_at="changes"), WHOM)
    begin_visit(clinic.desk({**FIRST, "another visit": "n"}), WHOM)
    assert "has a visit that is begun, no session yet (another terminal)" in heard(clinic)
    assert "`traction visit TEST-1 --resume` continues it" in heard(clinic)
    assert names(clinic) == ["another visit"]


# --- the screen ---------------------------------------------------------------------------------


def test_the_screen_is_asked_whole_at_every_visit(clinic: Reception) -> None:
    for answers in (FIRST, AGAIN):
        begin_visit(clinic.desk(answers), WHOM)
        asked = [name.removeprefix("screen ") for name in names(clinic) if "screen" in name]
        region = visit(clinic, "session-1").order.prescription.region
        assert asked == [*screen_items(region)]
        clinic.clock.sleep_until(clinic.clock.now_s() + 86_400)


def test_what_the_screen_found_stands_in_the_order_in_the_person_s_words(
    clinic: Reception,
) -> None:
    answers = {
        **FIRST,
        "screen pregnancy": "y",
        "screen pregnancy finding": "week 12, physician asked",
        "screen go on": "y",
    }
    begin_visit(clinic.desk(answers), WHOM)
    screening = visit(clinic, "session-1").order.screening
    assert screening.startswith("pregnancy: week 12, physician asked; not present: fracture,")
    assert screening.endswith("; asked by Pat Jones, PT, DPT")


def test_a_finding_may_end_the_visit(clinic: Reception) -> None:
    answers = {
        **FIRST,
        "screen aneurysm": "y",
        "screen aneurysm finding": "known since May",
        "screen go on": "n",
    }
    with pytest.raises(VisitLeft):
        begin_visit(clinic.desk(answers), WHOM)
    assert "changes" not in names(clinic)
    assert StepKind.SCREENED not in {each.kind for each in steps_on_file(clinic.folder).steps}


# --- the order ----------------------------------------------------------------------------------


def test_a_preset_above_the_table_s_limit_has_to_be_changed(clinic: Reception) -> None:
    keep(clinic.folder, example("unit", force_limit="70 N"), made_from=1)
    answers = {**FIRST, "changes": "|hold_force=65 N; maximum_force=70 N|"}
    begin_visit(clinic.desk(answers), WHOM)
    assert "maximum_force=18.0 lbf (80 N) exceeds 15.7 lbf (70 N), the force_limit" in heard(clinic)
    assert visit(clinic, "session-1").order.as_entered["hold_force"] == "65 N"


def test_a_flag_that_forbids_the_region_refuses_and_is_told(clinic: Reception) -> None:
    held = medicare_patient("2026-01-05", flags=[FLAG])
    keep(clinic.folder, held, made_from=1)
    with pytest.raises(Left):
        begin_visit(clinic.desk(FIRST, kill_at="changes"), WHOM)
    assert "LASTING FLAG 1: DO NOT TREAT, instability: C1-C2" in heard(clinic)
    assert "refuses this treatment" in clinic.dialogue.heard[-1]
    assert "Enter: nothing changed" not in clinic.dialogue.heard[-1]


FLAG = {
    "kind": "instability",
    "text": "C1-C2",
    "do_not_treat": True,
    "by": "P. Jones",
    "on": "2025-11-29",
}


def test_keys_that_are_not_the_dose_are_not_changed_beside_it(clinic: Reception) -> None:
    with pytest.raises(AssertionError, match="changes was asked again"):
        begin_visit(clinic.desk({**FIRST, "changes": "screening=fine"}), WHOM)
    assert "screening cannot be changed here" in heard(clinic)


def test_after_a_patient_stop_the_force_must_be_given(clinic: Reception) -> None:
    clinic.on_the_table = lambda: StopsDuring(1, after_s=30.0)
    begin_visit(clinic.desk({**FIRST, "tolerance": "2"}), WHOM)
    assert clinic.ended == ["stopped"]
    clinic.on_the_table = Reception.on_the_table
    clinic.clock.sleep_until(clinic.clock.now_s() + 86_400)
    same = {**AGAIN, "hold_force": "|60 lb|60 N", "force reason": "the cramp was not the pull"}
    begin_visit(clinic.desk(same), WHOM)
    assert "Last time the patient pressed stop" in heard(clinic)
    note = visit(clinic, "session-2").note
    assert note.field("force_confirmed").value == "60.0 N (13.5 lbf); the cramp was not the pull"


def test_what_was_not_tolerated_asks_for_the_force_and_a_lower_one_for_no_reason(
    clinic: Reception,
) -> None:
    visit_held(clinic, tolerance="3")
    clinic.clock.sleep_until(clinic.clock.now_s() + 86_400)
    begin_visit(clinic.desk({**AGAIN, "hold_force": "50 N"}), WHOM)
    assert "force reason" not in names(clinic)
    made = visit(clinic, "session-2")
    assert made.order.as_entered["hold_force"] == "50 N"
    with pytest.raises(KeyError):
        made.note.field("force_confirmed")


def test_no_later_change_avoids_the_reason_for_a_force_that_is_not_lower(
    clinic: Reception,
) -> None:
    visit_held(clinic, tolerance="3")
    clinic.clock.sleep_until(clinic.clock.now_s() + 86_400)
    for changes in ("hold_force=70 N|", "preset=Cervical mild|"):
        answers = {**AGAIN, "hold_force": "50 N", "changes": changes, "another visit": "y"}
        desk = clinic.desk(answers, kill_at="force reason")
        with pytest.raises(Left):
            begin_visit(desk, WHOM)


def test_an_alarm_that_only_reminds_is_no_trouble_and_others_are(clinic: Reception) -> None:
    visit_held(clinic)
    made = visit(clinic, "session-1")
    alarms = made.record.of_kind(EventKind.ALARM_RAISED)
    assert [str(event.detail["code"]) for event in alarms] == ["treatment_done"]
    assert list(trouble_in(made)) == []


def test_the_first_visit_without_a_preset_is_refused_in_words(folder: RecordFolder) -> None:
    with reception(folder, folder.path / "claims") as opened:
        keep(folder, example("unit"))
        keep(folder, patient())
        with pytest.raises(RequestRefused, match="begins with a preset of the clinic"):
            begin_visit(opened.desk(FIRST), WHOM)


# --- several sessions ---------------------------------------------------------------------------


def test_a_further_session_after_a_stop_is_one_visit(clinic: Reception) -> None:
    patients = iter([StopsDuring(1, after_s=30.0)])
    clinic.on_the_table = lambda: next(patients, Reception.on_the_table())
    answers = {**FIRST, "further session": "y", "hold_force": "50 N", "changes": "|"}
    again = ("symptoms", "rationale", "pain_before")
    answers |= {name: "|".join([FINDINGS[name]] * 2) for name in again}
    begin_visit(clinic.desk(answers), WHOM)
    made = visit(clinic, "session-1")
    assert made.note.sessions == ("session-1", "session-2")
    assert made.note.versions, "one note, signed"
    assert names(clinic).count("identified name") == 1

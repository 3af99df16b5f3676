"""Paper asks what the program asks, in its words, and prints only what standing data know."""

from __future__ import annotations

from datetime import date

import pytest

from controller.order.force_unit import ForceUnit
from controller.order.prescription import Mode, Prescription, Region
from controller.session.machine import PRETENSION_QUESTION
from controller.start.before_start import SURROUNDINGS, question_text
from records.exports.forms.day_pdf import day_pdf
from records.exports.forms.sheet_pdf import NOT_RECORDED, SheetFor, downtime_sheets
from records.note.fields import TOLERANCE, clinician_fields
from records.standing.appointments import Appointment, DayList
from records.standing.kinds import UnitRecord
from records.visit.face import NOT_A_DEVICE
from records.visit.screen import screen_items
from tests.support.pdfs import pages_of, solid, text_of
from tests.support.standing import example, patient

DAY = date(2026, 11, 30)
ORDER = Prescription(
    region=Region.CERVICAL,
    mode=Mode.STATIC,
    hold_force_n=60.0,
    treatment_s=600.0,
    ramp_up_n_per_s=10.0,
    ramp_down_n_per_s=20.0,
)


def unit() -> UnitRecord:
    made = example("unit", manual_release="Pull the red lever at the head end")
    assert isinstance(made, UnitRecord)
    return made


def filled() -> SheetFor:
    return SheetFor(
        clinic="Example Spine Clinic",
        day=DAY,
        time="09:00",
        table="Table 1",
        unit=unit(),
        patient=patient(),
        flags=("1: osteoporosis (cervical): T-score -3.1",),
    )


@pytest.mark.parametrize("region", Region)
def test_the_sheet_asks_every_contraindication_that_the_screen_asks(region: Region) -> None:
    text = solid(text_of(downtime_sheets([SheetFor()])))
    for item in screen_items(region):
        assert solid(item) in text


def test_the_sheet_has_the_questions_of_the_session_in_their_words() -> None:
    text = solid(text_of(downtime_sheets([SheetFor()])))
    asked = [*(question_text(each, ORDER) for each in SURROUNDINGS), PRETENSION_QUESTION]
    assert len(asked) == 4
    for question in asked:
        assert solid(question) in text


def test_the_sheet_has_room_for_every_field_of_the_note() -> None:
    text = solid(text_of(downtime_sheets([SheetFor()])))
    known = clinician_fields(stopped=True, adjusted=True)
    printed = [each.label for each in known if each.name != "screening"]
    for label in (*printed, *TOLERANCE, "Signature", "Date and time"):
        assert solid(label) in text, label


def test_a_sheet_prints_what_is_on_file_and_the_words_of_the_table() -> None:
    text = text_of(downtime_sheets([filled()]))
    for known in ("TEST-1", "Doe, Jane", "1960-01-31", "2026-11-30", "Table 1 09:00"):
        assert known in text
    assert "Pull the red lever at the head end" in text
    assert "LASTING FLAG 1: osteoporosis" in text
    assert "M50.120" not in text, "a diagnosis is a finding of the day"
    assert "two-piece" not in text, "the last harness is no finding of today"


def test_every_page_says_that_nothing_was_recorded_and_that_it_is_no_device() -> None:
    pages = pages_of(downtime_sheets([filled(), SheetFor()]))
    assert len(pages) == 4
    for page in pages:
        text = solid(page.extract_text())
        assert solid(NOT_RECORDED) in text
        assert solid(NOT_A_DEVICE) in text


def test_each_page_of_a_sheet_names_the_patient() -> None:
    for page in pages_of(downtime_sheets([filled()])):
        assert "TEST-1" in page.extract_text()


@pytest.mark.parametrize(("force_unit", "pounds"), [(ForceUnit.POUND, 5), (ForceUnit.NEWTON, 1)])
def test_forces_are_asked_for_in_the_clinics_unit_with_newtons_beside(
    force_unit: ForceUnit, pounds: int
) -> None:
    """Four forces; the line that converts them names each unit once more."""
    words = pages_of(downtime_sheets([SheetFor(force_unit=force_unit)]))[0].extract_text().split()
    assert words.count("N") == 5
    assert words.count("lbf") == pounds


def test_the_days_list_has_its_appointments_and_where_they_are_from() -> None:
    one = Appointment(
        time="09:00",
        table="Table 1",
        reference="TEST-1",
        last_name="Doe",
        first_name="Jane",
        birth_date=date(1960, 1, 31),
    )
    found = DayList(
        day=DAY, appointments=(one,), file="day.csv", digest="ab" * 32, by="P. Jones", at_utc_ms=0
    )
    text = text_of(day_pdf(DAY, found, "Example Spine Clinic"))
    for known in ("09:00", "Table 1", "TEST-1", "Doe, Jane", "1960-01-31", "day.csv", "P. Jones"):
        assert known in text
    assert solid(NOT_A_DEVICE) in solid(text)


def test_a_day_without_a_list_says_so() -> None:
    assert "No appointments of this day are on file" in text_of(day_pdf(DAY, None, ""))

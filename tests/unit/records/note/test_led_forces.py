"""The clinic's unit of force leads in a note; a signed note keeps the one it was signed with."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import tzinfo

import pytest

from controller.errors import JournalCorrupt
from controller.events import EventKind
from controller.order.force_unit import ForceUnit
from records.exports.formats import written
from records.exports.note.pdf import note_pdf
from records.exports.note.summary import note_summary
from records.exports.note.text import note_text
from records.note.led_forces import led_field
from records.note.lifecycle import amend, complete, sign
from records.note.words import fold
from records.provenance import Origin, Sourced
from records.store.clinic_chain import EntryKind, entries_of_session
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.visit import Visit
from tests.support.notes import ADJUSTED_AND_PAUSED, ALL_WORDS, Happened, author, recorded
from tests.support.pdfs import text_of
from tests.support.sessions import SETTINGS

SAID_IN_NEWTONS = "bears 10 N (2.2 lbf) less, 40 N at home"
HAPPENED: Happened = (
    (2_500, EventKind.UNIT_ARMED, {}),
    *ADJUSTED_AND_PAUSED,
    (41_000, EventKind.REMARK_RECORDED, {"by": "A. Ray", "text": SAID_IN_NEWTONS}),
)
HOLD = {"N": "60.0 N (13.5 lbf)", "lbf": "13.5 lbf (60.0 N)", "kgf": "6.1 kgf (60.0 N)"}


@dataclass(frozen=True, slots=True)
class InUnit:
    """A practice whose unit of force is ``unit_of_force``."""

    unit_of_force: ForceUnit
    clinic: str = ""

    def zone_at(self, utc_ms: int) -> tzinfo:
        return SETTINGS.zone_at(utc_ms)


@pytest.fixture
def happened(folder: RecordFolder) -> RecordFolder:
    recorded(folder, happened=HAPPENED)
    return folder


def visit_in(folder: RecordFolder, unit: ForceUnit) -> Visit:
    return load_visit(folder, "s-1", InUnit(unit))


def signed_in(folder: RecordFolder, unit: ForceUnit) -> None:
    words = {**ALL_WORDS, "adjustment_comment": "the belt slipped"}
    complete(folder, visit_in(folder, unit).note, words, author(folder))
    sign(folder, visit_in(folder, unit).note, "PT", author(folder))


@pytest.mark.parametrize("unit", ForceUnit)
def test_a_draft_is_led_by_the_clinic_s_unit(happened: RecordFolder, unit: ForceUnit) -> None:
    visit = visit_in(happened, unit)
    page = " ".join(text_of(note_pdf(visit)).split())
    for text in (note_text(visit), note_summary(visit.note, visit.face), page):
        assert HOLD[unit.value] in text
        assert all(other not in text for name, other in HOLD.items() if name != unit.value)


@pytest.mark.parametrize(
    ("unit", "axes"),
    [
        (ForceUnit.NEWTON, "N lbf 0 20 40 60 80 0 5 10 15"),
        (ForceUnit.POUND, "lbf N 0 5 10 15 0 20 40 60"),
        (ForceUnit.KILOGRAM, "kgf N 0 2 4 6 8 0 20 40 60"),
    ],
)
def test_the_plot_s_left_axis_is_in_the_unit_that_leads(
    happened: RecordFolder, unit: ForceUnit, axes: str
) -> None:
    page = " ".join(text_of(note_pdf(visit_in(happened, unit))).split())
    assert f" {axes} 0 0.2 0.4" in page


def test_a_lone_force_of_the_log_keeps_its_newtons_in_brackets(happened: RecordFolder) -> None:
    text = note_text(visit_in(happened, ForceUnit.POUND))
    assert "2.2 lbf/s (10 N/s) up" in text


def test_what_people_said_is_not_touched(happened: RecordFolder) -> None:
    for unit in ForceUnit:
        assert SAID_IN_NEWTONS in note_text(visit_in(happened, unit))


def test_values_and_json_stay_in_newtons(happened: RecordFolder) -> None:
    pounds, newtons = (visit_in(happened, unit) for unit in (ForceUnit.POUND, ForceUnit.NEWTON))
    assert pounds.note.device_fields == newtons.note.device_fields
    told = [json.loads(written(each, "json"))["note"]["device"] for each in (pounds, newtons)]
    assert told[0] == told[1]


def test_a_signed_note_keeps_the_unit_that_it_was_signed_with(happened: RecordFolder) -> None:
    signed_in(happened, ForceUnit.POUND)
    as_signed = note_text(visit_in(happened, ForceUnit.POUND))
    assert HOLD["lbf"] in as_signed
    for unit in ForceUnit:
        visit = visit_in(happened, unit)
        assert note_text(visit) == as_signed
        assert visit.note.warnings == visit_in(happened, ForceUnit.POUND).note.warnings
    note = visit_in(happened, ForceUnit.NEWTON).note
    amend(happened, note, {"plan_next": "stop"}, "a slip", author(happened))
    assert HOLD["lbf"] in note_text(visit_in(happened, ForceUnit.KILOGRAM))


def test_a_note_from_before_the_unit_was_kept_is_led_by_newtons(happened: RecordFolder) -> None:
    signed_in(happened, ForceUnit.POUND)
    with clinic_reading(happened) as db:
        (entry,) = (
            each for each in entries_of_session(db, "s-1") if each.kind is EntryKind.NOTE_SIGNED
        )
    assert entry.detail["force_unit"] == "lbf"
    before = {key: value for key, value in entry.detail.items() if key != "force_unit"}
    assert fold([replace(entry, detail=before)], {}).forces is ForceUnit.NEWTON
    with pytest.raises(JournalCorrupt, match="signed note"):
        fold([replace(entry, detail={**before, "force_unit": "st"})], {})


@pytest.mark.parametrize(
    ("written_as", "unit", "shown"),
    [
        ("89.0 N (20 lbf)", ForceUnit.POUND, "20 lbf (89.0 N)"),
        ("89.0 N (20 lbf)", ForceUnit.KILOGRAM, "9.1 kgf (89.0 N), written as 20 lbf"),
        ("90.0 N (90 N)", ForceUnit.POUND, "20.2 lbf (90.0 N), written as 90 N"),
        ("89.0 N (20 lbf)", ForceUnit.NEWTON, "89.0 N (20 lbf)"),
        ("not legible", ForceUnit.POUND, "not legible"),
    ],
)
def test_a_force_of_a_sheet_shows_what_was_written(
    written_as: str, unit: ForceUnit, shown: str
) -> None:
    field = Sourced(
        name="delivered_hold_force", label="", value=written_as, origin=Origin.CLINICIAN
    )
    assert led_field(field, unit).value == shown

"""What record, order and note know of a claim."""

from __future__ import annotations

from records.claim.charge_line import charge_line, context_of_session
from records.claim.context import Payer
from records.note.lifecycle import complete
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.notes import ORDER, author, note_of, recorded
from tests.support.sessions import SETTINGS

PAYER = Payer(kind="medicare_b", profile="medicare_b")


def test_the_claim_has_the_diagnoses_that_the_note_has_now(folder: RecordFolder) -> None:
    """The order said M50.120; the clinician corrected it in the note."""
    recorded(folder)
    complete(folder, note_of(folder), {"diagnosis": "M54.2, M54.12"}, author(folder))
    visit = load_visit(folder, "s-1", SETTINGS)
    known = (visit.record, visit.order, visit.note)
    context = context_of_session(*known, PAYER)
    assert context.diagnoses == ("M542", "M5412")
    assert context.lines[0].dx_pointers == (1, 2)
    row = charge_line(visit.record, visit.note, note_file="s-1.pdf").values
    assert (row["dx1"], row["dx2"], row["pointers"]) == ("M54.2", "M54.12", "12")


def test_the_record_number_is_the_note_s(folder: RecordFolder) -> None:
    recorded(folder, order=ORDER.replace('"TEST-1"', '""'), reference="")
    complete(folder, note_of(folder), {"patient_reference": "A-0815"}, author(folder))
    visit = load_visit(folder, "s-1", SETTINGS)
    known = (visit.record, visit.order, visit.note)
    assert context_of_session(*known, PAYER).patient_ref == "A-0815"
    assert charge_line(visit.record, visit.note, note_file="s-1.pdf").values["mrn"] == "A-0815"

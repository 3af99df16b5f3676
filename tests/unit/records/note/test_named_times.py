"""Times of a note stand with the name of the clinic's zone; a signed note keeps how it was read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from controller.errors import JournalCorrupt
from records.exports.formats import written
from records.exports.note.summary import note_summary
from records.exports.note.text import note_text
from records.note.lifecycle import amend, complete, sign
from records.note.treatment_note import draft_note
from records.note.words import fold
from records.store.clinic_chain import Entry, EntryKind, entries_of_session
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from records.visit.face import face_of
from records.visit.load import load_visit
from records.visit.visit import Visit
from tests.support.notes import ALL_WORDS, author, recorded
from tests.support.pdfs import text_of
from tests.support.sessions import SETTINGS

NAMED, WITH_OFFSET = "2025-12-31 18:00:00 CST", "2025-12-31 18:00:00-06:00"
ELSEWHERE = SETTINGS.model_copy(update={"time_zone": "America/New_York"})


@pytest.fixture
def kept(folder: RecordFolder) -> RecordFolder:
    recorded(folder)
    return folder


def visit_of(folder: RecordFolder) -> Visit:
    return load_visit(folder, "s-1", SETTINGS)


def signed(folder: RecordFolder) -> None:
    complete(folder, visit_of(folder).note, ALL_WORDS, author(folder))
    sign(folder, visit_of(folder).note, "PT", author(folder))


def versions_of(folder: RecordFolder) -> list[Entry]:
    kinds = (EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED)
    with clinic_reading(folder) as db:
        return [each for each in entries_of_session(db, "s-1") if each.kind in kinds]


def as_from_before(folder: RecordFolder) -> Visit:
    """The visit with its note signed as it was before signatures named a zone."""
    first, *others = versions_of(folder)
    detail = {key: value for key, value in first.detail.items() if key != "time_zone"}
    words = fold([replace(first, detail=detail), *others], {})
    visit = visit_of(folder)
    note = draft_note(visit.record, visit.order, visit.zone, spoken=words)
    return replace(visit, note=note, face=face_of(note))


def test_text_summary_and_pdf_name_the_zone(kept: RecordFolder) -> None:
    visit = visit_of(kept)
    pdf = " ".join(text_of(written(visit, "pdf")).split())
    for text in (note_text(visit), pdf):
        assert NAMED in text
        assert WITH_OFFSET not in text
    assert "-06:00" not in note_summary(visit.note, visit.face)


def test_values_and_json_keep_their_offset(kept: RecordFolder) -> None:
    visit = visit_of(kept)
    told = json.loads(written(visit, "json"))["note"]["device"]
    assert WITH_OFFSET in {each["value"] for each in told}
    assert visit.note.field("opened_at").value == WITH_OFFSET


def test_a_signed_note_keeps_the_zone_that_it_was_signed_in(kept: RecordFolder) -> None:
    signed(kept)
    as_signed = note_text(visit_of(kept))
    moved = load_visit(kept, "s-1", ELSEWHERE)
    assert note_text(moved) == as_signed
    assert moved.note.warnings == visit_of(kept).note.warnings
    amend(kept, moved.note, {"plan_next": "stop"}, "a slip", author(kept))
    assert NAMED in note_text(load_visit(kept, "s-1", ELSEWHERE))


def test_a_note_that_was_signed_with_offsets_is_read_with_them(kept: RecordFolder) -> None:
    signed(kept)
    text = note_text(as_from_before(kept))
    assert WITH_OFFSET in text
    assert "CST" not in text
    assert "P. Jones, 2025-12-31 19:00:00-06:00, typed, note version 1" in text
    assert as_from_before(kept).face.signed_at == "2025-12-31 19:00:00-06:00"
    assert not any("differ" in each for each in as_from_before(kept).note.warnings)
    amend(kept, visit_of(kept).note, {"plan_next": "stop"}, "a slip", author(kept))
    assert "CST" not in note_text(as_from_before(kept))


def test_a_signature_that_names_no_zone_is_an_altered_one(kept: RecordFolder) -> None:
    signed(kept)
    (entry,) = versions_of(kept)
    assert entry.detail["time_zone"] == "America/Chicago"
    with pytest.raises(JournalCorrupt, match="signed note"):
        fold([replace(entry, detail={**entry.detail, "time_zone": "Nowhere/There"})], {})

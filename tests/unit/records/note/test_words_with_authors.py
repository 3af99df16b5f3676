"""Each word of a note has who said it, when and in which document; times say from where."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from controller.events import EventKind, JsonValue
from records.exports.formats import written
from records.exports.note.authors import author_lines
from records.exports.note.pdf import note_pdf
from records.exports.note.text import note_text
from records.note.lifecycle import amend, complete, note_words_of, sign
from records.note.treatment_note import draft_note
from records.note.words import NoteWords, OrderFiling
from records.store.clinic_chain import EntryKind, entries_of_session, entry_rows
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.notes import (
    ADJUSTED_AND_PAUSED,
    ALL_WORDS,
    BEGAN_MS,
    ORDER,
    Happened,
    author,
    note_of,
    recorded,
)
from tests.support.pdfs import text_of
from tests.support.sessions import SETTINGS

SCREEN = "none of the listed contraindications found"
SCREENED = f'{ORDER}screening = "{SCREEN}"\n'


def checked(item: str, by: str) -> tuple[int, EventKind, dict[str, JsonValue]]:
    detail: dict[str, JsonValue] = {"item": item, "state": "confirmed", "value": "", "by": by}
    return 500, EventKind.SELF_CHECK_RECORDED, {**detail, "todo": ""}


OLDER: Happened = (checked("screening", SCREEN), checked("call_bell", "P. Jones"))
"""As records have it from before the screening text was kept out of names."""


@pytest.fixture
def older(folder: RecordFolder) -> RecordFolder:
    recorded(folder, order=SCREENED, happened=OLDER)
    return folder


def test_a_screening_text_is_not_shown_as_a_name(older: RecordFolder) -> None:
    visit = load_visit(older, "s-1", SETTINGS)
    note = visit.note
    said = "confirmed in the order: screening; confirmed by P. Jones: call bell"
    assert note.field("self_check").value == said
    naming = [line for line in note_text(visit).splitlines() if SCREEN in line]
    assert len(naming) == 1
    assert naming[0].startswith("Contraindication screen:")


def test_a_note_signed_with_the_former_text_still_fits(older: RecordFolder) -> None:
    former = f"confirmed by {SCREEN}: screening; confirmed by P. Jones: call bell"
    complete(older, note_of(older), ALL_WORDS, author(older))
    sign(older, note_of(older), "PT", author(older))
    visit = load_visit(older, "s-1", SETTINGS)
    with clinic_reading(older) as db:
        words = note_words_of(db, older, "s-1", entries_of_session(db, "s-1"))
    for text, differs in ((former, False), ("confirmed by nobody: screening", True)):
        spoken = replace(words, device={**words.device, "self_check": text})
        note = draft_note(visit.record, visit.order, spoken=spoken)
        assert any("self_check" in warning for warning in note.warnings) is differs


HAPPENED: Happened = (
    (2_500, EventKind.UNIT_ARMED, {}),
    *ADJUSTED_AND_PAUSED,
    (40_000, EventKind.UNIT_EVENT_SEEN, {"code": 10, "unit_at_ms": 40_000, "value_1": 500}),
)
FORMER_MOMENTS = {
    "adjustments": "0 min 10 s: hold 60.0 N (13.5 lbf) to 55.0 N (12.4 lbf) by P. Jones (belt)",
    "pauses": "at 0 min 20 s for 0 min 5 s by P. Jones (asked by the patient)",
    "check_ins": "0 min 30 s P. Jones",
    "remarks": "0 min 31 s A. Ray: patient talks",
    "stop": "patient switch pressed at 0 min 40 s of the session; force then 50.0 N (11.2 lbf); "
    "not seen to fall to 15 N",
}


def test_what_happened_is_marked_on_the_plot_of_the_note(folder: RecordFolder) -> None:
    recorded(folder, happened=HAPPENED)
    text = text_of(note_pdf(load_visit(folder, "s-1", SETTINGS)))
    for mark in ("STOP", "force changed (triangle)", "pause", "minutes since traction began"):
        assert mark in text
    quiet = RecordFolder(folder.path / "quiet")
    recorded(quiet)
    without = text_of(note_pdf(load_visit(quiet, "s-1", SETTINGS)))
    assert "force changed" not in without
    assert "\npause" not in without


def test_a_note_signed_while_moments_counted_from_the_opening_still_fits(
    folder: RecordFolder,
) -> None:
    recorded(folder, happened=HAPPENED)
    complete(
        folder,
        note_of(folder),
        ALL_WORDS | {"adjustment_comment": "belt", "stop_comment": "belt"},
        author(folder),
    )
    sign(folder, note_of(folder), "PT", author(folder))
    visit = load_visit(folder, "s-1", SETTINGS)
    with clinic_reading(folder) as db:
        words = note_words_of(db, folder, "s-1", entries_of_session(db, "s-1"))
    for name, former in FORMER_MOMENTS.items():
        assert words.device[name] != former
        for text, differs in ((former, False), (f"{former}.", True)):
            spoken = replace(words, device={**words.device, name: text})
            note = draft_note(visit.record, visit.order, spoken=spoken)
            assert any(f"signed: {name}" in warning for warning in note.warnings) is differs


def test_the_opening_of_the_session_is_a_moment_of_the_note(folder: RecordFolder) -> None:
    recorded(folder)
    visit = load_visit(folder, "s-1", SETTINGS)
    assert visit.note.field("opened_at").value == "2025-12-31 18:00:00-06:00"
    assert "Session opened:            2025-12-31 18:00:00 CST" in note_text(visit)


# --- who said it, when, in which document -----------------------------------------------------


def test_words_of_the_order_name_it_and_who_filed_it(folder: RecordFolder) -> None:
    recorded(folder)
    note = note_of(folder)
    order = load_visit(folder, "s-1", SETTINGS).order
    for name in ("symptoms", "diagnosis", "patient_reference", "hold_force", "region"):
        field = note.field(name)
        assert (field.source, field.document, field.digest) == ("order", "order", order.digest)
        assert (field.attested_by, field.attested_utc_ms) == ("P. Jones", BEGAN_MS)
    assert note.field("symptoms").where_from == "order, filed by P. Jones"
    assert note.field("harness").document == ""


def test_a_word_stands_in_the_draft_then_in_the_version_that_was_signed_with_it(
    folder: RecordFolder,
) -> None:
    recorded(folder)
    complete(folder, note_of(folder), ALL_WORDS, author(folder, by="A. Ray"))
    drafted = note_of(folder).field("harness")
    assert (drafted.attested_by, drafted.document, drafted.digest) == ("A. Ray", "draft", "")
    sign(folder, note_of(folder), "PT", author(folder))
    amend(folder, note_of(folder), {"pain_after": "2"}, "slip", author(folder, by="B. Fay"), "PT")
    note = note_of(folder)
    with clinic_reading(folder) as db:
        texts = {row.kind: row.detail_json.encode() for row in entry_rows(db)}
    for name, by, number, kind in (
        ("harness", "A. Ray", 1, EntryKind.NOTE_SIGNED),
        ("pain_after", "B. Fay", 2, EntryKind.NOTE_AMENDED),
    ):
        field = note.field(name)
        digest = hashlib.sha256(texts[kind]).hexdigest()
        assert (field.attested_by, field.document) == (by, f"note version {number}")
        assert field.digest == note.versions[number - 1].digest == digest
    assert note.field("symptoms").document == "order"
    assert note.versions[0].changes["symptoms"].said_by == "P. Jones"


def test_an_order_that_was_filed_before_its_author_was_kept_says_so(folder: RecordFolder) -> None:
    recorded(folder)
    visit = load_visit(folder, "s-1", SETTINGS)
    filed = OrderFiling(by="", at_utc_ms=BEGAN_MS)
    note = draft_note(visit.record, visit.order, visit.zone, spoken=NoteWords(filed=filed))
    (line,) = author_lines(note)
    digest = visit.order.digest[:16]
    assert line.startswith(f"Order (SHA-256 {digest}), filed 2025-12-31 18:00:00 CST by an acc")
    unknown = draft_note(visit.record, visit.order, visit.zone)
    assert "filed at a time not on record by an account" in author_lines(unknown)[0]


def test_text_and_pdf_say_who_said_each_word(folder: RecordFolder) -> None:
    recorded(folder)
    complete(folder, note_of(folder), ALL_WORDS, author(folder, by="A. Ray"))
    sign(folder, note_of(folder), "PT", author(folder))
    visit = load_visit(folder, "s-1", SETTINGS)
    lines = author_lines(visit.note)
    assert lines[0].endswith(
        "by P. Jones: Region, Mode, Ordered hold force, Ordered ramp, "
        "Ordered time, Patient reference, Diagnosis, Symptoms"
    )
    assert lines[1].startswith("A. Ray, 2025-12-31 19:00:00 CST, typed, note version 1 (SHA-256 ")
    assert "Harness" in lines[1]
    named = {label for line in lines for label in line.rpartition(": ")[2].split(", ")}
    assert named >= {field.label for field in visit.note.clinician_fields}
    pdf = " ".join(text_of(written(visit, "pdf")).split())
    for line in lines:
        assert line in note_text(visit)
        assert f"Said by: {line}" in pdf

"""Each word of a note has who said it, when and in which document; times say from where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.events import EventKind, JsonValue
from records.exports.note.summary import note_summary
from records.exports.note.text import note_text
from records.note.lifecycle import complete, note_words_of, sign
from records.note.treatment_note import draft_note
from records.store.clinic_chain import entries_of_session
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.notes import ALL_WORDS, ORDER, Happened, author, note_of, recorded
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
    note = note_of(older)
    said = "confirmed in the order: screening; confirmed by P. Jones: call bell"
    assert note.field("self_check").value == said
    naming = [line for line in note_text(note).splitlines() if SCREEN in line]
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


def test_times_of_the_session_say_from_where_they_count(folder: RecordFolder) -> None:
    recorded(folder)
    visit = load_visit(folder, "s-1", SETTINGS)
    opened = "2025-12-31 18:00:00-06:00; times in min and s of what happened count from here"
    assert visit.note.field("opened_at").value == opened
    assert opened in note_text(visit.note)
    assert f"session opened {opened}" in note_summary(visit.note, visit.face)

"""What was typed for a note and not said: no word of it, and gone with the word that is said."""

from __future__ import annotations

import pytest

from controller.errors import NoteRefused
from records.clinic.clinic_verify import verify_clinic
from records.keeping.search import SessionQuery, find_sessions
from records.note.lifecycle import amend, complete, confirm, mark_not_assessed, sign
from records.note.typed import TypedText, keep_typed, typed_texts
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.one_visit import VisitChange, join_session
from tests.support.notes import (
    ALL_WORDS,
    BEGAN_MS,
    DAY_MS,
    HOUR_MS,
    author,
    note_of,
    recorded,
)
from tests.support.sessions import SETTINGS

AT_MS = BEGAN_MS + HOUR_MS


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    recorded(folder)
    return folder


def typed(data: RecordFolder, **texts: str) -> None:
    keep_typed(data, "s-1", texts, "P. Jones", AT_MS)


def test_the_newest_text_stands_with_who_typed_it_and_an_empty_one_takes_it_away(
    data: RecordFolder,
) -> None:
    typed(data, plan_next="one", harness="belt")
    keep_typed(data, "s-1", {"plan_next": "two", "harness": ""}, "A. Ray", AT_MS + 1)
    assert typed_texts(data, "s-1") == {
        "plan_next": TypedText(text="two", by="A. Ray", at_utc_ms=AT_MS + 1)
    }
    assert typed_texts(data, "s-2") == {}


def test_no_note_no_search_and_no_check_sees_it(data: RecordFolder) -> None:
    typed(data, plan_next="x" * 10_000)
    assert note_of(data).field("plan_next").value is None
    assert find_sessions(data, SessionQuery(words=("xxxx",)), SETTINGS.day_at) == []
    assert verify_clinic(data).alterations == ()


def test_a_text_leaves_with_the_word_on_its_field(data: RecordFolder) -> None:
    typed(data, plan_next="a", harness="b", pain_after="c")
    complete(data, note_of(data), {"plan_next": "again"}, author(data))
    mark_not_assessed(data, note_of(data), ["harness"], author(data))
    assert {*typed_texts(data, "s-1")} == {"pain_after"}


def test_a_confirmation_a_signature_and_an_amendment_take_it_along(data: RecordFolder) -> None:
    complete(data, note_of(data), ALL_WORDS, author(data))
    typed(data, plan_next="a", **{"remark.peak_force": "b"})
    sign(data, note_of(data), "PT", author(data))
    assert {*typed_texts(data, "s-1")} == {"remark.peak_force"}, "no field that was signed"
    typed(data, plan_next="b")
    amend(data, note_of(data), {"plan_next": "never"}, "slip", author(data))
    assert {*typed_texts(data, "s-1")} == {"remark.peak_force"}
    recorded(data, "s-2", began_ms=BEGAN_MS + DAY_MS)
    keep_typed(data, "s-2", {"harness": "a"}, "P. Jones", AT_MS)
    confirm(data, note_of(data, "s-2"), "harness", author(data, at_ms=AT_MS + DAY_MS))
    assert typed_texts(data, "s-2") == {}


def test_a_refused_word_leaves_the_text(data: RecordFolder) -> None:
    typed(data, pain_after="12")
    with pytest.raises(NoteRefused, match="whole number from 0 to 10"):
        complete(data, note_of(data), {"pain_after": "12"}, author(data))
    assert typed_texts(data, "s-1")["pain_after"].text == "12"


def test_a_session_of_which_something_waits_joins_no_visit(data: RecordFolder) -> None:
    recorded(data, "s-2", began_ms=BEGAN_MS + 600_000)
    keep_typed(data, "s-2", {"plan_next": "a"}, "P. Jones", AT_MS)
    visit, other = (load_visit(data, name, SETTINGS) for name in ("s-1", "s-2"))
    with pytest.raises(NoteRefused, match=r"typed for the note of session s-2 .*\(plan_next\)"):
        join_session(data, visit, other, VisitChange(author=author(data)))

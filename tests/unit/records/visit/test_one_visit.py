"""A visit's sessions between a reading and a writing, and the seals that its note rests on."""

from __future__ import annotations

import pytest

from controller.errors import NoteRefused, RequestRefused
from records.clinic.clinic_verify import verify_clinic, verify_words
from records.clinic.session_words import faults_of_further_seals, further_seals
from records.clinic.visit_sessions import Visits, VisitStatement, visits_of
from records.evidence.believed import CheckedRecord, read_checked
from records.evidence.reader import read_session
from records.store.canonical import EventRow, canonical_json
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.record_folder import RecordFolder
from records.visit import load
from records.visit.load import load_visit
from records.visit.one_visit import VisitChange, join_session, part_session
from records.visit.words import visit_words
from tests.support.notes import BEGAN_MS, author, note_of, recorded
from tests.support.sessions import SETTINGS
from tests.support.visits import BACK, LATER_MS, NECK, joined, signed, two_sessions


@pytest.fixture
def data(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    monkeypatch.setenv("TRACTION_TIME_ZONE", SETTINGS.time_zone)
    two_sessions(folder)
    return folder


def said(named_by: str, *others: str, at_utc_ms: int = 0) -> VisitStatement:
    return VisitStatement(named_by=named_by, others=others, by="P. Jones", at_utc_ms=at_utc_ms)


def test_the_newest_word_on_a_visit_holds_and_an_empty_one_takes_it_back() -> None:
    visits = Visits([said("a", "b"), said("c", "d"), said("a", "b", "e"), said("c")])
    assert visits.sessions_with("e") == ("a", "b", "e")
    assert visits.sessions_with("d") == ("d",)
    assert visits.of("c") is None
    assert (visits.named("b"), visits.named("x")) == ("a", "x")


def test_a_session_that_joined_another_visit_meanwhile_is_not_taken(data: RecordFolder) -> None:
    recorded(data, "s-3", began_ms=BEGAN_MS + 2 * LATER_MS)
    first, second, third = (load_visit(data, name, SETTINGS) for name in (NECK, BACK, "s-3"))
    change = VisitChange(author=author(data))
    join_session(data, first, second, change)
    for visit, other in ((third, second), (third, first), (first, third)):
        with pytest.raises(NoteRefused, match="changed by somebody else meanwhile"):
            join_session(data, visit, other, change)
    stale = load_visit(data, NECK, SETTINGS)
    part_session(data, stale, BACK, change)
    with pytest.raises(NoteRefused, match="changed by somebody else meanwhile"):
        part_session(data, stale, BACK, change)
    assert visits_of(data).sessions_with(NECK) == (NECK,)


def test_a_note_that_was_signed_meanwhile_is_not_joined(data: RecordFolder) -> None:
    first, second = (load_visit(data, name, SETTINGS) for name in (NECK, BACK))
    signed_alone(data)
    for visit, other in ((first, second), (second, first)):
        with pytest.raises(NoteRefused, match="changed by somebody else meanwhile"):
            join_session(data, visit, other, VisitChange(author=author(data)))


def signed_alone(data: RecordFolder) -> None:
    from records.note.lifecycle import complete, mark_not_assessed, sign

    who = author(data)
    complete(data, note_of(data), {"tolerance": "tolerated"}, who)
    mark_not_assessed(data, note_of(data), note_of(data).open_fields, who)
    sign(data, note_of(data), "PT", who)


def test_a_visit_that_changed_while_it_was_read_is_read_again(data: RecordFolder) -> None:
    joined(data)
    records = [read_session(data, NECK)]
    with pytest.raises(RequestRefused, match="were changed by somebody else meanwhile"):
        visit_words(data, records, Visits([]))


def test_every_session_of_a_visit_is_verified_once_in_the_same_run(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(data)
    checked = []

    def counted(folder: RecordFolder, session_id: str) -> CheckedRecord:
        checked.append(session_id)
        return read_checked(folder, session_id)

    monkeypatch.setattr(load, "read_checked", counted)
    for session in (NECK, BACK):
        load_visit(data, session, SETTINGS)
        assert sorted(checked) == [NECK, BACK]
        checked.clear()


def entry(kind: EntryKind, **detail: object) -> EventRow:
    return EventRow(
        sequence=4,
        at_ms=0,
        utc_ms=0,
        kind=int(kind),
        version=1,
        detail_json=canonical_json(detail),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("seal", "found"), [("aa", []), ("bb", ["the note over session s-2"]), (None, [])]
)
def test_another_seal_of_a_further_session_is_found(seal: str | None, found: list[str]) -> None:
    """None: the session is not on file; that its file is gone is said by another check."""
    row = entry(EntryKind.NOTE_AMENDED, sessions={"s-2": "aa"})
    assert [one.where for one in faults_of_further_seals([row], {"s-2": seal}.get)] == found


@pytest.mark.parametrize("sessions", [None, "s-2", ["s-2"], 3])
def test_what_is_no_list_of_seals_is_none(sessions: object) -> None:
    assert further_seals(entry(EntryKind.NOTE_SIGNED, sessions=sessions)) == {}
    assert further_seals(entry(EntryKind.VISIT_SAID, sessions={"s-2": "aa"})) == {}


def test_a_signed_note_over_another_seal_is_said_by_every_check(data: RecordFolder) -> None:
    """Written with the workstation's key, so that the chain itself fits."""
    signed(data)
    version = {
        "session_id": NECK,
        "patient_key": "key-of-TEST-1",
        "version": 2,
        "by": "P. Jones",
        "credentials": "PT",
        "user": "desk",
        "reason": "slip",
        "seal": note_of(data).seal,
        "sessions": {BACK: "00" * 32},
        "words": {},
    }
    with clinic_writing(data) as db:
        append_entries(db, author(data), [(EntryKind.NOTE_AMENDED, version)])  # type: ignore[list-item]
    visit = load_visit(data, BACK, SETTINGS, altered_too=True)
    assert "names another seal than session s-2 has" in visit.altered
    assert "The evidence is no longer the one that was signed: its seal differs." in (
        visit.note.warnings
    )
    for found in (verify_words(data, NECK), verify_clinic(data)):
        assert any(BACK in one.where for one in found.alterations), found

"""A visit of several sessions by the command line alone: one note, one line, every evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controller.errors import (
    NoteRefused,
    RecordNotFound,
)
from records.clinic.visit_sessions import visits_of
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.commands import run, said
from tests.support.notes import (
    BEGAN_MS,
    DAY_MS,
    ORDER,
    note_of,
    recorded,
)
from tests.support.sessions import SETTINGS
from tests.support.visits import (
    BACK,
    BY,
    LATER_MS,
    LUMBAR,
    NECK,
    SIGNED,
    STOPPED,
    completions,
    joined,
    refused,
    signed,
    two_sessions,
)

pytestmark = pytest.mark.usefixtures("code_list_of_any_day", "clinic_time_zone")

ANOTHER_S = LUMBAR.replace("TEST-1", "TEST-2")
AS_JOINED = ("--with", BACK, *BY)


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    two_sessions(folder)
    return folder


def sessions_of(data: RecordFolder) -> tuple[str, ...]:
    return visits_of(data).sessions_with(NECK)


# --- one note -----------------------------------------------------------------------------------


def test_one_note_tells_each_session_and_sums_over_them(data: RecordFolder) -> None:
    text = said(data, "note", NECK, *AS_JOINED)
    assert "TREATMENT NOTE (draft, not signed)  visit of 2 sessions: s-1, s-2" in text
    assert "10 min (10 min 2 s): cervical 4 min (4 min 1 s), lumbar 6 min (6 min 1 s)" in text
    assert "stopped (s-1), completed (s-2)" in text
    neck, back = text.partition("Session 2 of 2, lumbar: s-2")[::2]
    assert "cervical traction unit" in neck
    assert "60.0 N" in neck
    assert "lumbar traction table" in back
    assert "150.0 N" in back
    assert "left arm pain (order of s-1); low back pain (order of s-2)" in text
    assert "M50.120, M54.50" in text
    for session in (NECK, BACK):
        note = load_visit(data, session, SETTINGS).note
        assert all(part.seal in text and part.checkpoint in text for part in note.parts)


def test_the_visit_is_shown_and_said_whichever_session_is_named(data: RecordFolder) -> None:
    joined(data)
    for named, other in ((NECK, BACK), (BACK, NECK)):
        result = run(data, "note", named)
        assert f"session {named} is one visit with {other}: what follows covers" in result.stderr
        assert "named after session s-1" in result.stderr
    assert run(data, "note", NECK).stdout == run(data, "note", BACK).stdout
    told = json.loads(run(data, "note", BACK, "--json").stdout)
    assert told["open_fields"]


def test_who_names_whom_changes_the_name_and_nothing_else(tmp_path: Path) -> None:
    made = []
    for number, (named, other) in enumerate(((NECK, BACK), (BACK, NECK))):
        data = RecordFolder(tmp_path / str(number))
        two_sessions(data)
        said(data, "note", named, "--with", other, *BY)
        note = load_visit(data, NECK, SETTINGS).note
        values = {f.label: f.value for f in note.visit_fields if f.name != "visit_sessions"}
        own = [[(f.label, f.value) for f in part.fields] for part in note.parts]
        words = {f.name: f.value for f in note.clinician_fields}
        made.append((note.sessions, values, own, words, charge_of(data)))
    assert made[0] == made[1]


def charge_of(data: RecordFolder) -> dict[str, str]:
    values = load_visit(data, NECK, SETTINGS).charge().values
    return {
        name: value for name, value in values.items() if name not in ("session_id", "note_file")
    }


def test_every_event_of_the_named_session_is_shown_as_its_own(data: RecordFolder) -> None:
    joined(data)
    result = run(data, "show", BACK)
    assert result.stdout.startswith("session s-2: completed")
    assert "session s-2 is one visit with s-1; these are its own events" in result.stderr


def test_the_visit_is_signed_once_and_what_was_signed_is_the_seals_of_both(
    data: RecordFolder,
) -> None:
    signed(data)
    note = note_of(data, BACK)
    assert note.status == "signed"
    (version,) = note.versions
    assert version.further == {BACK: note.further_seals[BACK]}
    assert not [text for text in note.warnings if "seal" in text or "differ" in text]
    listed = json.loads(said(data, "sessions", "--json"))["sessions"]
    assert {row["session_id"]: row["note"] for row in listed} == {NECK: "signed", BACK: "signed"}
    assert "s-2" in said(data, "sessions", "--text", "centralised")
    assert run(data, "verify", "--all").exit_code == 0


def test_words_of_the_draft_that_joins_are_the_visit_s(data: RecordFolder) -> None:
    words = ("--complete", "pain_after=2", "--complete", "remark.peak_force=a cough")
    said(data, "note", BACK, *words, *BY)
    joined(data)
    note = note_of(data, NECK)
    assert note.field("pain_after").value == "2"
    assert note.field("remark.peak_force.s-2").value == "a cough"
    said(data, "note", NECK, "--without", BACK, *BY)
    assert note_of(data, BACK).field("remark.peak_force").value == "a cough"
    assert not [f for f in note_of(data, NECK).clinician_fields if f.name.startswith("remark")]


def test_words_that_differ_are_named_and_nothing_is_written(data: RecordFolder) -> None:
    said(data, "note", NECK, "--complete", "performed_by=P. Jones", *BY)
    said(data, "note", BACK, "--complete", "performed_by=K. Lee", *BY)
    error = refused(data, "note", NECK, *AS_JOINED)
    assert "say different things of performed_by" in error.message
    assert sessions_of(data) == (NECK,)
    said(data, "note", BACK, "--complete", "performed_by=P. Jones", *BY)
    joined(data)
    assert note_of(data).field("performed_by").value == "P. Jones"


def test_an_ordered_word_that_the_note_replaces_is_named(data: RecordFolder) -> None:
    said(data, "note", NECK, "--complete", "symptoms=neck only", *BY)
    joined(data)
    assert "the order of session s-2 says of symptoms: 'low back pain'" in said(data, "note", NECK)


# --- after the signature ------------------------------------------------------------------------


def test_a_signed_note_takes_a_session_in_by_an_amendment(data: RecordFolder) -> None:
    said(data, "note", NECK, *completions(), *BY, *SIGNED)
    assert "reason is empty" in refused(data, "note", NECK, *AS_JOINED).message
    assert sessions_of(data) == (NECK,)
    text = said(data, "note", NECK, *AS_JOINED, "--reason", "begun again")
    assert "(amended, version 2)" in text
    assert "with session s-2 (begun again)" in text
    note = note_of(data, BACK)
    assert not [warning for warning in note.warnings if "differ" in warning]
    text = said(data, "note", BACK, "--without", BACK, *BY, "--reason", "another patient")
    assert "without session s-2 (another patient)" in said(data, "note", NECK)
    assert "TREATMENT NOTE (draft, not signed)  session s-2" in said(data, "note", BACK)


def test_who_did_not_sign_amends_with_credentials_or_not_at_all(data: RecordFolder) -> None:
    said(data, "note", NECK, *completions(), *BY, *SIGNED)
    words = ("note", NECK, "--with", BACK, "--by", "K. Lee", "--reason", "begun again")
    assert "credentials is empty" in refused(data, *words).message
    assert sessions_of(data) == (NECK,)
    said(data, *words, "--credentials", "PTA")
    assert sessions_of(data) == (NECK, BACK)


def test_a_seal_that_is_not_the_signed_one_is_said(data: RecordFolder) -> None:
    """The note's entry names both seals; the evidence of the second was replaced whole."""
    signed(data)
    alterations = json.loads(said(data, "verify", "--all", "--json"))
    assert alterations["clinic"]["alterations"] == []
    for entry in ("verify", NECK), ("verify", BACK):
        assert run(data, *entry).exit_code == 0


def test_words_on_a_session_that_was_taken_out_lock_nothing(data: RecordFolder) -> None:
    """They stay in the version in which they were said."""
    joined(data)
    said(data, "note", NECK, "--complete", "remark.peak_force.s-2=a cough", *BY)
    said(data, "note", NECK, *completions(), *BY, *SIGNED)
    said(data, "note", NECK, "--without", BACK, *BY, "--reason", "another patient")
    text = said(data, "note", NECK, "--amend", "pain_after=1", *BY, "--reason", "slip")
    assert "(amended, version 3)" in text
    assert "remark.peak_force.s-2 = 'a cough'" in said(data, "note", NECK, "--history")


def test_a_comment_on_the_stop_goes_with_the_session_that_stopped(folder: RecordFolder) -> None:
    recorded(folder, NECK)
    recorded(folder, BACK, began_ms=BEGAN_MS + LATER_MS, happened=STOPPED)
    joined(folder)
    said(folder, "note", NECK, "--complete", "stop_comment=arm pain", *BY)
    said(folder, "note", NECK, "--without", BACK, *BY)
    assert note_of(folder, BACK).field("stop_comment").value == "arm pain"
    said(folder, "note", NECK, "--complete", "pain_after=1", *BY)
    assert note_of(folder).field("pain_after").value == "1"


# --- what is refused ----------------------------------------------------------------------------


def test_nobody_s_word_makes_no_visit(data: RecordFolder) -> None:
    error = refused(data, "note", NECK, "--with", BACK)
    assert isinstance(error, NoteRefused)
    assert "--by" in error.message


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ({"reference": "TEST-2", "order": ANOTHER_S}, "is of patient TEST-2"),
        ({"began_ms": BEGAN_MS + DAY_MS}, "a visit is of one day"),
        ({"began_ms": BEGAN_MS + 10 * 3_600_000}, "a visit is of one day"),  # past local midnight
        ({"closed": False}, "has no seal"),
        ({"outcome": "refused"}, "nobody was treated"),
        ({"began_ms": BEGAN_MS + 200_000}, "pulled at the same time"),
    ],
)
def test_what_cannot_be_one_visit_is_named(
    folder: RecordFolder, second: dict[str, Any], why: str
) -> None:
    two_sessions(folder, **second)
    for named, other in ((NECK, BACK), (BACK, NECK)):
        error = refused(folder, "note", named, "--with", other, *BY)
        assert isinstance(error, NoteRefused)
        assert "s-2" in error.message
    assert why in refused(folder, "note", NECK, *AS_JOINED).message
    assert sessions_of(folder) == (NECK,)


def test_a_patient_whom_nobody_names_is_no_same_patient(folder: RecordFolder) -> None:
    order = ORDER.replace("TEST-1", "")
    recorded(folder, NECK, order=order, reference="")
    recorded(folder, BACK, order=order, reference="", began_ms=BEGAN_MS + LATER_MS)
    assert "names no patient" in refused(folder, "note", NECK, *AS_JOINED).message


def test_a_session_joins_neither_itself_nor_twice(data: RecordFolder) -> None:
    assert "in the visit of s-1 already" in refused(data, "note", NECK, "--with", NECK, *BY).message
    joined(data)
    for session in (NECK, BACK):
        for other in (NECK, BACK):
            error = refused(data, "note", session, "--with", other, *BY)
            assert f"session {other} is in the visit of s-1 already" in error.message


def test_a_session_is_in_one_visit_at_most(data: RecordFolder) -> None:
    recorded(data, "s-3", began_ms=BEGAN_MS + 2 * LATER_MS)
    joined(data)
    for other in (NECK, BACK):
        error = refused(data, "note", "s-3", "--with", other, *BY)
        assert f"session {other} is in another visit already (s-1, s-2)" in error.message
    said(data, "note", BACK, "--with", "s-3", *BY)
    assert sessions_of(data) == (NECK, BACK, "s-3")
    said(data, "note", "s-3", "--without", BACK, *BY)
    assert sessions_of(data) == (NECK, "s-3")


def test_a_note_that_was_signed_alone_stays_and_the_way_is_named(data: RecordFolder) -> None:
    said(data, "note", BACK, *completions(), *BY, *SIGNED)
    error = refused(data, "note", NECK, *AS_JOINED)
    assert "`traction note s-2 --with s-1`" in error.message
    said(data, "note", BACK, "--with", NECK, *BY, "--reason", "begun before")
    assert note_of(data, NECK).session_id == BACK


def test_only_who_joined_is_taken_out(data: RecordFolder) -> None:
    joined(data)
    error = refused(data, "note", NECK, "--without", NECK, *BY)
    assert "joined: s-2" in error.message
    assert isinstance(refused(data, "note", NECK, "--without", "s-9", *BY), RecordNotFound)


def test_a_session_that_is_not_on_file_joins_nothing(data: RecordFolder) -> None:
    assert isinstance(refused(data, "note", NECK, "--with", "s-9", *BY), RecordNotFound)


def test_whoever_reads_a_visit_leaves_a_row_for_each_session(data: RecordFolder) -> None:
    joined(data)
    run(data, "scrub", BACK)
    for session in (NECK, BACK):
        rows = json.loads(said(data, "audit", "--session", session, "--json"))["accesses"]
        assert "scrub" in [row["what"] for row in rows]
        assert "visit said" in [row["what"] for row in rows]

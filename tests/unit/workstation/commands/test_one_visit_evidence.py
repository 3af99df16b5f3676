"""Evidence and words of a visit of several sessions: altered, removed, held, simulated."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest

from controller.errors import JournalCorrupt, RecordNotFound
from records.keeping import retention
from records.keeping.legal_hold import set_hold
from records.keeping.retention import (
    Keeping,
    RemovalConfirmation,
    RetentionRule,
    apply_retention,
    show_retention,
)
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import run, said
from tests.support.notes import (
    BEGAN_MS,
    DAY_MS,
    UNIT,
    author,
    note_of,
    recorded,
)
from tests.support.sessions import SHORT_CERVICAL, staged
from tests.support.visits import (
    BACK,
    BY,
    LUMBAR,
    NECK,
    exported,
    joined,
    refused,
    signed,
    two_sessions,
)

pytestmark = pytest.mark.usefixtures("code_list_of_any_day", "clinic_time_zone")


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    two_sessions(folder)
    return folder


@pytest.mark.parametrize("altered", [NECK, BACK])
def test_an_altered_session_blocks_the_visit_by_whichever_it_is_named(
    data: RecordFolder, altered: str
) -> None:
    signed(data)
    with altering(data.unit_database(UNIT)) as db:
        db.execute(
            "UPDATE packed_session SET data = edited(data, 2, 'utc_ms', 7) WHERE session = "
            "(SELECT number FROM session WHERE session_id = ?)",
            (altered,),
        )
    for session in (NECK, BACK):
        error = refused(data, "note", session)
        assert isinstance(error, JournalCorrupt)
        assert f"the record of session {altered} was altered" in error.message
        assert run(data, "show", session).exit_code == 4


def test_a_word_on_the_visit_that_was_taken_out_is_said(data: RecordFolder) -> None:
    signed(data)
    with altering(data.clinic_database) as db:
        db.execute("DELETE FROM entry WHERE kind = 7")
    for session in (NECK, BACK):
        assert isinstance(refused(data, "note", session), JournalCorrupt)


def later(data: RecordFolder) -> RetentionRule:
    """A rule by which both sessions are due."""
    return RetentionRule(
        years=1,
        today=date(2027, 6, 1),
        day_of=lambda ms: datetime.fromtimestamp(ms / 1000, UTC).date(),
    )


def confirmed() -> RemovalConfirmation:
    return RemovalConfirmation(today=date(2027, 6, 1))


def test_a_hold_on_one_session_keeps_its_visit(data: RecordFolder) -> None:
    joined(data)
    set_hold(data, author(data), "subpoena", session_id=BACK)
    held = {one.head.session_id: one.state for one in show_retention(data, later(data))}
    assert held == {NECK: Keeping.HELD, BACK: Keeping.HELD}
    assert apply_retention(data, later(data), author(data), said=confirmed()).removed == ()


def test_a_removal_that_was_cut_says_which_session_is_missing(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(data)
    whole = vars(retention)["_remove_words"]

    def cut(*of: Any) -> bool:
        return bool(of[2].session_id == BACK and whole(*of))

    monkeypatch.setattr(retention, "_remove_words", cut)
    assert apply_retention(data, later(data), author(data), said=confirmed()).removed == (BACK,)
    monkeypatch.undo()
    error = refused(data, "note", NECK)
    assert isinstance(error, RecordNotFound)
    assert "session s-1 is one visit with session s-2, and the content of" in error.message
    assert apply_retention(data, later(data), author(data), said=confirmed()).removed == (NECK,)
    assert run(data, "verify", "--all").exit_code == 0


def test_one_simulated_session_marks_the_whole_visit(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        stage.treat(SHORT_CERVICAL)
        stage.treat(SHORT_CERVICAL)
    said(folder, "note", "session-1", "--with", "session-2", *BY)
    text = said(folder, "note", "session-2")
    assert "! SIMULATED" in text
    assert "It is session session-1 and session-2." in text
    (row,) = csv.DictReader(io.StringIO(exported(folder, "session-2", "csv").decode()))
    assert row["not_ready"].startswith("SIMULATED")


def test_the_next_visit_is_offered_the_words_of_the_whole_last_one(data: RecordFolder) -> None:
    signed(data)
    recorded(data, "s-9", order=LUMBAR, began_ms=BEGAN_MS + DAY_MS)
    assert "the last visit says of harness: 'two-piece head halter'" in said(data, "note", "s-9")
    assert note_of(data, "s-9").proposed_by_session == NECK

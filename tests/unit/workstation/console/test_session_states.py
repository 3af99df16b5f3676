"""A session that is being written, altered, unreadable, removed, or whose audit cannot be kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from controller.snapshot import Doing
from records.clinic.audit import accesses
from records.keeping.retention import RemovalConfirmation, RetentionRule, apply_retention
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock
from tests.support.altering import altering
from tests.support.console_bench import ConsoleBench
from tests.support.notes import BEGAN_MS, UNIT, author, recorded
from tests.support.sessions import SETTINGS


@pytest.fixture(autouse=True)
def seated(bench: ConsoleBench) -> None:
    """Who looks has said a name."""
    bench.sit_down()


def test_a_session_that_is_being_written_is_not_shown_as_live(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    recorded(folder, "s-1", closed=False)
    lock = UnitLock(folder.unit_database(UNIT))
    lock.take()
    try:
        bench.links["Table 1"].show(doing=Doing.SESSION, session_id="s-1")
        page = bench.page("/sessions/s-1")
        replay = bench.page("/sessions/s-1/replay")
        listed = bench.page("/sessions?outcome=running")
    finally:
        lock.release()
    for each in (page, replay):
        assert "This session is being recorded." in each
        assert "is not live: load the page again" in each
    assert '<a href="/units/Table%201">Live view of Table 1</a>' in page
    assert "<b>running</b>" in page
    assert "/sessions/s-1" in listed


def test_what_was_altered_is_marked_on_every_page(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    recorded(folder, "s-1")
    with altering(folder.unit_database(UNIT)) as db:
        db.execute("UPDATE packed_session SET data = edited(data, 1, 'at_ms', 1500)")
    for path in ("/sessions/s-1", "/sessions/s-1/replay"):
        assert "this record was altered: " in bench.page(path)
    page = bench.page("/sessions/s-1")
    assert "ALTERED: " in page
    assert "nothing was altered" not in page
    assert "<p>Checked when this page was made" not in page
    verified = bench.page("/sessions/s-1/verify")
    assert "altered (checked at" in verified
    assert "ALTERED session s-1" in verified


def test_what_cannot_be_read_is_said_and_can_be_verified(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    recorded(folder, "s-1")
    recorded(folder, "s-2", began_ms=BEGAN_MS + 3_600_000)
    with altering(folder.unit_database(UNIT)) as db:
        db.execute("UPDATE packed_session SET data = x'00' WHERE session = 1")
    for path in ("/sessions/s-1", "/sessions/s-1/replay"):
        answer = bench.client.get(path)
        assert answer.status_code == 409
        assert "It cannot be shown: " in answer.text
        assert 'action="/sessions/s-1/verify"' in answer.text
    assert "ALTERED session s-1" in bench.page("/sessions/s-1/verify")
    assert "unknown" in bench.page("/sessions")  # the list stands, without its minutes


def test_what_a_rule_removed_is_said_with_who_and_why(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    recorded(folder, "s-1")
    recorded(folder, "s-2", began_ms=BEGAN_MS + 400 * 86_400_000)
    today = SETTINGS.day_at(BEGAN_MS) + timedelta(days=3700)
    rule = RetentionRule(years=10, today=today, day_of=SETTINGS.day_at)
    said = RemovalConfirmation(today=today, count=1)
    assert apply_retention(folder, rule, author(folder), said=said).removed == ("s-1",)
    answer = bench.client.get("/sessions/s-1")
    assert answer.status_code == 410
    assert "Its content is not on file any more" in answer.text
    assert "removed by P. Jones (retention of 10 years)" in answer.text
    assert "nothing was altered" in bench.page("/sessions/s-1/verify")
    assert "/sessions/s-1" in bench.page("/sessions?outcome=removed")


def test_no_look_without_its_row(bench: ConsoleBench, folder: RecordFolder) -> None:
    """A clinic.db that another program holds: nothing of the patient is shown, and it is said."""
    recorded(folder, "s-1")
    with closing(sqlite3.connect(folder.clinic_database)) as held:
        held.execute("BEGIN IMMEDIATE")
        answer = bench.client.get("/sessions/s-1")
        held.rollback()
    assert answer.status_code == 409
    assert "the audit row of this access (show) cannot be kept" in answer.text
    assert "TEST-1" not in answer.text
    assert "patient TEST-1" in bench.page("/sessions/s-1")
    assert [row.what for row in accesses(folder) if row.session_id == "s-1"].count("show") == 1

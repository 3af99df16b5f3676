"""``traction sessions``, ``traction audit`` and clinic.db in ``traction verify --all``."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing

import pytest

from controller.errors import AuditUnavailable, RecordNotFound, RequestRefused
from records.clinic.order_filing import NewSession
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import run, said
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, file_only, recorded
from workstation.exit_status import RECORD_BAD


@pytest.fixture
def data(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "America/Chicago")
    recorded(folder)
    recorded(folder, "s-2", began_ms=BEGAN_MS + DAY_MS, outcome="stopped")
    return folder


def found(data: RecordFolder, *arguments: str) -> list[str]:
    listed = json.loads(said(data, "sessions", *arguments, "--json"))
    return [session["session_id"] for session in listed["sessions"]]


def test_sessions_are_searched_by_the_clinic_s_days(data: RecordFolder) -> None:
    assert found(data) == ["s-2", "s-1"]
    # The first session began at midnight UTC: in Chicago that was still the last day of 2025.
    assert found(data, "--to", "2025-12-31") == ["s-1"]
    assert found(data, "--from", "2026-01-01") == ["s-2"]
    assert found(data, "--outcome", "stopped") == ["s-2"]
    assert found(data, "--patient", "TEST-1", "--text", "arm left") == ["s-2", "s-1"]
    assert "no sessions that fit" in said(data, "sessions", "--patient", "NOBODY")
    with pytest.raises(RequestRefused, match="--from=yesterday is not a day"):
        found(data, "--from", "yesterday")


def test_a_file_that_cannot_be_read_is_told_and_hides_no_session_of_another(
    data: RecordFolder,
) -> None:
    broken = data.unit_database("0b" * 8)
    broken.write_bytes(b"this is no database " * 400)
    for command in (("sessions",), ("verify", "--all"), ("sessions",)):
        result = run(data, *command)
        assert result.exit_code == RECORD_BAD
    assert "s-1  " in result.stdout
    assert "last verified" in result.stdout, "what a check remembers is asked for too"
    assert "none of its sessions is listed" in result.stderr
    assert broken.name in result.stderr


def test_a_search_for_a_patient_is_audited_with_what_it_found(data: RecordFolder) -> None:
    said(data, "sessions", "--patient", "TEST-1", "--by", "P. Jones")
    (row,) = json.loads(said(data, "audit", "--json"))["accesses"]
    assert (row["what"], row["by"], row["fields"]) == ("search", "P. Jones", ["s-2", "s-1"])
    assert "P. Jones" in said(data, "audit", "--session", "s-2")
    assert said(data, "audit", "--session", "s-9") == ""
    said(data, "show", "s-1")
    of_patient = ("audit", "--patient", "TEST-1", "--by", "A. Ray", "--json")
    assert len(json.loads(said(data, *of_patient))["accesses"]) == 2
    rows = json.loads(said(data, *of_patient))["accesses"]
    assert [row["what"] for row in rows] == ["search", "show", "audit"]
    assert rows[-1]["by"] == "A. Ray", "who asks for a patient's audit stands in it"
    assert "show" not in said(data, "audit", "--patient", "TEST-1", "--session", "s-2")
    assert said(data, "audit", "--patient", "NOBODY") == ""


def test_an_access_that_cannot_be_audited_is_refused(data: RecordFolder) -> None:
    said(data, "show", "s-1")
    with closing(sqlite3.connect(data.clinic_database)) as db, db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    db.close()
    out = data.path / "note.txt"
    for command in (
        ("show", "s-1"),
        ("note", "s-1"),
        ("sessions", "--patient", "TEST-1"),
        ("export", "s-1", "--format", "text", "--out", str(out)),
    ):
        result = run(data, *command)
        assert isinstance(result.exception, AuditUnavailable)
        assert result.output == ""
    assert not out.exists()


def test_a_read_only_folder_refuses_in_words_and_verify_still_works(data: RecordFolder) -> None:
    said(data, "show", "s-1")
    for path in (data.clinic_database, data.path):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        with pytest.raises(AuditUnavailable, match=r"read-only.*copy it to a place"):
            said(data, "note", "s-1")
        assert "clinic.db was not altered" in said(data, "verify", "--all")
    finally:
        for path in (data.path, data.clinic_database):
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def test_an_unknown_session_writes_nothing(data: RecordFolder) -> None:
    with pytest.raises(RecordNotFound):
        said(data, "note", "nobody")
    assert said(data, "audit") == ""


def test_verify_all_says_what_it_found_in_clinic_db(data: RecordFolder) -> None:
    said(data, "note", "s-1", "--complete", "pain_before=6", "--by", "P. Jones")
    output = said(data, "verify", "--all")
    assert "verified clinic.db: 7 entries in 4 signed links, 2 orders; drafts, settings" in output
    assert "clinic.db was not altered (not checked against outside checkpoints)" in output
    assert "checkpoint of clinic.db, to be kept elsewhere: TC1-clinic." in output
    with altering(data.clinic_database) as db:
        db.execute("UPDATE entry SET utc_ms = utc_ms + 1 WHERE sequence = 3")
    result = run(data, "verify", "--all")
    assert result.exit_code == RECORD_BAD
    assert "ALTERED clinic.db, entries 3-3: link 1 does not fit; everything before" in result.output
    result = run(data, "verify", "--all", "--json")
    assert json.loads(result.output)["clinic"]["alterations"]


def test_an_order_without_a_session_is_counted_and_listed_when_it_is_asked_for(
    data: RecordFolder,
) -> None:
    session = NewSession(session_id="s-9", unit_id=UNIT)
    file_only(data, session, reference="TEST-9", at_ms=BEGAN_MS + DAY_MS + 1)
    assert "1 order without a session is not listed; --refused lists it" in said(data, "sessions")
    for asked in (("--refused",), ("--patient", "TEST-9", "--outcome", "no session")):
        lines = said(data, "sessions", *asked).splitlines()
        assert lines[0] == (
            "s-9  2026-01-01 18:00 CST  TEST-9  no session on file, order filed by P. Jones  "
            f"unit {UNIT}"
        ), asked
    listed = json.loads(said(data, "sessions", "--outcome", "no session", "--json"))
    assert [order["session_id"] for order in listed["orders"]] == ["s-9"]
    assert listed["left_out"]["orders"] == 0

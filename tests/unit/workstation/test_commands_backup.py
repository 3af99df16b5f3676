"""``traction backup``, ``restore``, ``archive``, ``retention`` and ``hold`` at the door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import AnswerMissing, BackupRefused, RecordNotFound, RequestRefused
from records.unit_file import unit_database
from tests.support.altering import altering
from tests.support.commands import run, said
from tests.support.notes import UNIT, recorded
from workstation.cli import RECORD_BAD, exit_status


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    recorded(tmp_path / "data", "s-1", began_ms=1_000_000_000_000)
    recorded(tmp_path / "data", "s-2", began_ms=1_000_000_500_000)
    return tmp_path / "data"


def test_a_backup_is_made_restored_and_audited(data: Path, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.zip")
    output = said(data, "backup", copy, "--by", "P. Jones")
    assert "2 sessions" in output
    assert "verified: nothing was altered" in output
    back = tmp_path / "back"
    assert json.loads(said(back, "restore", copy, "--json"))["sessions"] == 2
    assert [row["what"] for row in json.loads(said(back, "audit", "--json"))] == [
        "backup", "restore of a backup",
    ]  # fmt: skip
    assert "nothing was altered" in said(back, "verify", "--all")
    with pytest.raises(BackupRefused) as refused:
        said(data, "backup", copy)
    assert exit_status(refused.value) == 2


def test_a_backup_of_an_altered_record_says_so_with_its_status(data: Path, tmp_path: Path) -> None:
    with altering(unit_database(data, UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE sequence = 1")
    result = run(data, "backup", str(tmp_path / "copy"))
    assert result.exit_code == RECORD_BAD
    assert "ALTERED" in result.output
    assert (tmp_path / "copy" / "backup.json").exists()


def test_an_archive_is_written_and_audited(data: Path, tmp_path: Path) -> None:
    output = said(data, "archive", "--out", str(tmp_path / "archive"))
    assert "2 sessions" in output
    assert (tmp_path / "archive" / "sessions.parquet").exists()
    assert [row["what"] for row in json.loads(said(data, "audit", "--json"))] == ["archive"]


def test_without_a_rule_everything_is_kept(data: Path) -> None:
    output = said(data, "retention", "--apply", "--yes")
    assert "for ever" in output
    assert output.count("never removed") == 2
    assert "removed now: 0" in output


def test_retention_removes_what_is_due_and_not_held(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_RETENTION_YEARS", "7")
    said(data, "hold", "s-2", "--reason", "letter of a lawyer", "--by", "P. Jones")
    assert "session s-2" in said(data, "hold")
    with pytest.raises(AnswerMissing, match="1 sessions are due"):
        said(data, "retention", "--apply")
    with pytest.raises(RequestRefused, match="days after the newest session") as refused:
        said(data, "retention", "--apply", "--yes")
    today = refused.value.message.split()[3].strip(",")
    for wrong in ("2000-01-01", "soon"):
        with pytest.raises(RequestRefused):
            said(data, "retention", "--apply", "--yes", "--today", wrong)
    shown = json.loads(said(data, "retention", "--apply", "--yes", "--today", today, "--json"))
    assert shown["still_read"] == []
    assert shown["removed_now"] == ["s-1"]
    assert {one["head"]["session_id"]: one["state"] for one in shown["sessions"]} == {
        "s-1": "removed", "s-2": "held",
    }  # fmt: skip
    assert "letter of a lawyer (P. Jones)" in said(data, "retention")
    for command in ("show", "note"):
        with pytest.raises(RecordNotFound, match="its seal is kept"):
            said(data, command, "s-1")
    assert "removed" in said(data, "sessions")
    assert "nothing was altered" in said(data, "verify", "s-1")
    assert "the content of 1 removed by a signed rule" in said(data, "verify", "--all")
    said(data, "hold", "s-2", "--lift", "--reason", "case closed")
    assert "no holds stand" in said(data, "hold")


def test_a_hold_needs_one_thing_and_a_reason(data: Path) -> None:
    with pytest.raises(RequestRefused, match="needs its reason"):
        said(data, "hold", "s-1")
    with pytest.raises(RequestRefused, match="one of the two"):
        said(data, "hold", "s-1", "--patient", "TEST-1", "--reason", "x")
    with pytest.raises(RequestRefused, match="is not on file"):
        said(data, "hold", "--patient", "NOBODY", "--reason", "x")


def test_a_rule_of_negative_years_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACTION_RETENTION_YEARS", "-1")
    with pytest.raises(RequestRefused, match="retention_years='-1'"):
        said(data, "retention")

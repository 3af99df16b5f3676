"""``traction backup``, ``restore``, ``archive``, ``retention`` and ``hold`` as commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyrage.x25519 import Identity

from controller.errors import (
    AddressInvalid,
    AnswerMissing,
    BackupAltered,
    BackupRefused,
    RecordNotFound,
    RequestRefused,
)
from controller.runtime.clock import SystemClock
from records.clinic.audit import accesses
from records.store.checkpoint import Checkpoint, parse_checkpoint
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import run, said
from tests.support.notes import UNIT, recorded
from workstation.exit_status import RECORD_BAD, exit_status


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    recorded(RecordFolder(tmp_path / "data"), "s-1", began_ms=1_000_000_000_000)
    recorded(RecordFolder(tmp_path / "data"), "s-2", began_ms=1_000_000_500_000)
    return RecordFolder(tmp_path / "data")


def test_a_backup_is_made_restored_and_audited(data: RecordFolder, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.zip")
    output = said(data, "backup", copy, "--by", "P. Jones")
    assert "2 sessions" in output
    assert "verified: nothing was altered" in output
    back = RecordFolder(tmp_path / "back")
    assert json.loads(said(back, "restore", copy, "--json"))["sessions"] == 2
    assert [row["what"] for row in json.loads(said(back, "audit", "--json"))["accesses"]] == [
        "backup",
        "restore of a backup",
    ]
    assert [row["what"] for row in json.loads(said(data, "audit", "--json"))["accesses"]] == [
        "backup",
        "backup made",
    ]
    assert "nothing was altered" in said(back, "verify", "--all")
    with pytest.raises(BackupRefused) as refused:
        said(data, "backup", copy)
    assert exit_status(refused.value) == 2


def test_a_backup_of_an_altered_record_says_so_with_its_status(
    data: RecordFolder, tmp_path: Path
) -> None:
    with altering(data.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE sequence > 0")
    result = run(data, "backup", str(tmp_path / "copy"))
    assert result.exit_code == RECORD_BAD
    assert "ALTERED" in result.output
    assert (tmp_path / "copy" / "backup.json").exists()


def test_an_archive_is_written_and_audited(data: RecordFolder, tmp_path: Path) -> None:
    output = said(data, "archive", "--out", str(tmp_path / "archive"))
    assert "2 sessions" in output
    assert (tmp_path / "archive" / "sessions.parquet").exists()
    assert [row["what"] for row in json.loads(said(data, "audit", "--json"))["accesses"]] == [
        "archive"
    ]


def test_without_a_rule_everything_is_kept(data: RecordFolder) -> None:
    output = said(data, "retention", "--apply", "--yes")
    assert "for ever" in output
    assert output.count("never removed") == 2
    assert "removed now: 0" in output


def test_retention_removes_what_is_due_and_not_held(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
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
        "s-1": "removed",
        "s-2": "held",
    }
    assert "letter of a lawyer (P. Jones)" in said(data, "retention")
    for command in ("show", "note"):
        with pytest.raises(RecordNotFound, match="its seal is kept"):
            said(data, command, "s-1")
    assert "removed" in said(data, "sessions")
    assert "nothing was altered" in said(data, "verify", "s-1")
    assert "the content of 1 removed by a signed rule" in said(data, "verify", "--all")
    said(data, "hold", "s-2", "--lift", "--reason", "case closed")
    assert "no holds stand" in said(data, "hold")


def test_a_hold_needs_one_thing_and_a_reason(data: RecordFolder) -> None:
    with pytest.raises(RequestRefused, match="needs its reason"):
        said(data, "hold", "s-1")
    with pytest.raises(RequestRefused, match="one of the two"):
        said(data, "hold", "s-1", "--patient", "TEST-1", "--reason", "x")
    with pytest.raises(RequestRefused, match="is not on file"):
        said(data, "hold", "--patient", "NOBODY", "--reason", "x")


def test_a_rule_of_negative_years_is_refused(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_RETENTION_YEARS", "-1")
    with pytest.raises(RequestRefused, match="retention_years='-1'"):
        said(data, "retention")


# --- backup, proof, restore --------------------------------------------------------------------


def test_the_status_tells_age_proof_and_place(
    data: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(data, "backup", "--status")
    assert result.exit_code == RECORD_BAD
    assert "was ever finished; make one" in result.output
    copy = tmp_path / "copy.zip"
    checkpoint = json.loads(said(data, "backup", str(copy), "--json"))["checkpoint"]
    told = said(data, "backup", "--status")
    assert len(told.splitlines()) == 3, "each fact has a line of its own"
    assert "<U+" not in told
    for part in (f"newest backup: {copy}", "(0.0 hours ago)", checkpoint, "never proved"):
        assert part in told
    assert "verified: nothing was altered" in said(data, "backup", "--prove", str(copy))
    found = json.loads(said(data, "backup", "--status", "--json"))
    assert found["proved_utc_ms"] >= found["made_utc_ms"]
    assert (found["place"], found["there"], found["good"]) == (str(copy), True, True)
    copy.unlink()
    assert "it is not at its place now" in said(data, "backup", "--status")
    later = SystemClock().utc_ms() + 8 * 86_400_000
    monkeypatch.setattr(SystemClock, "utc_ms", lambda self: later)
    result = run(data, "backup", "--status")
    assert result.exit_code == RECORD_BAD
    assert "192.0 hours ago, and the setting backup_days allows 7 days" in result.output
    monkeypatch.setenv("TRACTION_BACKUP_DAYS", "0")
    assert run(data, "backup", "--status").exit_code == 0
    monkeypatch.setattr(SystemClock, "utc_ms", lambda self: later - 20 * 86_400_000)
    result = run(data, "backup", "--status")
    assert result.exit_code == RECORD_BAD
    assert "correct the clock" in result.output


def test_a_proof_that_fails_is_no_proof(data: RecordFolder, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    said(data, "backup", str(copy))
    with (copy / "clinic.db").open("ab") as file:
        file.write(b"x")
    result = run(data, "backup", "--prove", str(copy))
    assert result.exit_code == RECORD_BAD
    assert "ALTERED clinic.db: it has more than" in result.output
    assert json.loads(said(data, "backup", "--status", "--json"))["proved_utc_ms"] is None


def test_a_restore_of_what_was_altered_names_each_finding_and_what_to_type(
    data: RecordFolder, tmp_path: Path
) -> None:
    copy, back = tmp_path / "copy", tmp_path / "back"
    said(data, "backup", str(copy))
    key = tmp_path / "key.pem"
    said(data, "key", "export", "--out", str(key))
    name = f"units/{UNIT}.db"
    content = bytearray((copy / name).read_bytes())
    content[-1] ^= 1
    (copy / name).write_bytes(content)
    result = run(RecordFolder(back), "restore", str(copy), "--public-key", str(key))
    assert isinstance(result.exception, BackupAltered)
    assert exit_status(result.exception) == RECORD_BAD
    assert f"ALTERED {name}: it is not the file that was copied" in result.output
    assert f"--accept-altered {name}" in result.exception.message
    assert not back.exists()
    accepted = run(RecordFolder(back), "restore", str(copy), "--accept-altered", name)
    assert accepted.exit_code == RECORD_BAD
    (row,) = [r for r in accesses(RecordFolder(back)) if r.what == "restore of a backup"]
    assert row.fields[1:] == (f"altered: {name}",)


def test_a_restore_with_the_key_and_the_checkpoint_says_on_what_it_stands(
    data: RecordFolder, tmp_path: Path
) -> None:
    copy = str(tmp_path / "copy.zip")
    checkpoint = json.loads(said(data, "backup", copy, "--json"))["checkpoint"]
    key = str(tmp_path / "key.pem")
    said(data, "key", "export", "--out", key)
    with pytest.raises(BackupAltered):
        said(
            RecordFolder(tmp_path / "other"),
            "restore",
            copy,
            "--checkpoint",
            "TC1-" + altered(checkpoint),
        )
    told = said(
        RecordFolder(tmp_path / "back"),
        "restore",
        copy,
        "--public-key",
        key,
        "--checkpoint",
        checkpoint,
    )
    assert "checked against 1 public keys from outside and 1 outside checkpoints" in told
    assert "nothing was altered" in said(data, "verify", "--all", "--checkpoint", checkpoint)


def altered(checkpoint: str) -> str:
    """A whole checkpoint of another backup: another id."""
    parsed = parse_checkpoint(checkpoint)
    other = Checkpoint(parsed.name.replace("backup.2", "backup.1"), parsed.code)
    return other.text.removeprefix("TC1-")


def test_with_recipients_every_backup_is_encrypted(
    data: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity.generate()
    (tmp_path / "identity.txt").write_text(str(identity))
    monkeypatch.setenv("TRACTION_BACKUP_RECIPIENTS", f" {identity.to_public()} ")
    with pytest.raises(BackupRefused, match=r"does not end in .zip.age"):
        said(data, "backup", str(tmp_path / "copy.zip"))
    copy = str(tmp_path / "copy.zip.age")
    assert "encrypted" in said(data, "backup", copy)
    opened = ("--identity", str(tmp_path / "identity.txt"))
    assert "nothing was altered" in said(data, "backup", "--prove", copy, *opened)
    assert "2 sessions" in said(RecordFolder(tmp_path / "back"), "restore", copy, *opened)


def test_a_recipient_that_is_none_is_named(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_BACKUP_RECIPIENTS", "age1nobody")
    with pytest.raises(RequestRefused, match=r"backup_recipients=.*is not an age recipient"):
        said(data, "backup", "--status")


@pytest.mark.parametrize(
    "arguments", [(), ("a", "--status"), ("--status", "--identity", "x"), ("a", "--prove", "b")]
)
def test_a_backup_does_one_thing_at_a_time(data: RecordFolder, arguments: tuple[str, ...]) -> None:
    with pytest.raises(AddressInvalid):
        said(data, "backup", *arguments)

"""``traction update`` at a terminal: what may be combined, who may do it, what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from controller.errors import (
    AddressInvalid,
    RightMissing,
    SignInRefused,
    TractionError,
    UpdateRefused,
)
from records.store.ed25519 import SigningKey, public_pem
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.notes import UNIT
from tests.support.signed_in import ADA, PAT, PINS, add_accounts, at_a_terminal
from tests.support.updating import UpdatedClinic, be_quick, make_clinic
from workstation.cli import program

KEY = SigningKey(bytes([9]) * 32)


def ran(data: RecordFolder, *arguments: str) -> Result:
    return CliRunner().invoke(program(["update"]), ["update", *arguments, "--data", str(data)])


def refused(data: RecordFolder, *arguments: str) -> TractionError:
    error = ran(data, *arguments).exception
    assert isinstance(error, TractionError)
    return error


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UpdatedClinic:
    be_quick(monkeypatch)
    made = make_clinic(tmp_path)
    monkeypatch.setattr("workstation.updating.program_here.program_here", made.here)
    return made


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.update",),
        ("a.update", "--back"),
        ("--back", "--status"),
        ("--back", "--backup", "b.zip"),
        ("a.update", "--backup", "b.zip", "--accept-key", "k.pub"),
        ("--back", "--accept-altered", "s-1"),
        ("--status", "--reason", "why"),
    ],
)
def test_one_thing_at_a_time_and_a_backup_with_every_file(
    arguments: tuple[str, ...], folder: RecordFolder
) -> None:
    assert isinstance(refused(folder, *arguments), AddressInvalid)


def test_a_program_from_a_checkout_exchanges_nothing(folder: RecordFolder) -> None:
    error = refused(folder, "a.update", "--backup", "b.zip")
    assert isinstance(error, UpdateRefused)
    assert "was not installed by install.py" in error.message


def test_an_update_and_the_way_back_are_told(clinic: UpdatedClinic) -> None:
    release = str(clinic.release("1.1"))
    done = ran(clinic.records, release, "--backup", str(clinic.backup), "--by", "A. Admin")
    assert done.exit_code == 0, done.output
    assert "version 1.1 is in use" in done.output
    assert "checkpoint TC1-backup" in done.output
    assert "continues with 1.0 until it is restarted" in done.output
    status = ran(clinic.records, "--status").output
    assert "version 1.1 is in use" in status
    assert "1.0, 1.1" in status
    back = ran(clinic.records, "--back", "--by", "A. Admin")
    assert "version 1.0 is in use" in back.output
    assert clinic.said()[-1] == "went back from 1.1 to 1.0"


def test_an_altered_session_is_taken_along_by_name(clinic: UpdatedClinic) -> None:
    with altering(clinic.records.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence > 0")
    release = str(clinic.release("1.1"))
    asked = (release, "--backup", str(clinic.backup), "--by", "A. Admin")
    error = refused(clinic.records, *asked)
    assert "--accept-altered s-1 --by NAME --reason WHY" in error.message
    clinic.backup.unlink()
    words = ("--accept-altered", "s-1", "--reason", "a disk lost a page in May")
    assert "who and why" in refused(clinic.records, *asked[:3], *words).message
    done = ran(clinic.records, *asked, *words)
    assert done.exit_code == 0, done.output
    assert "altered, and accepted: s-1: " in done.output
    assert (
        "a disk lost a page in May"
        in CliRunner().invoke(program(["audit"]), ["audit", "--data", str(clinic.records)]).output
    )


def test_a_release_key_is_accepted_and_withdrawn_by_its_id(
    clinic: UpdatedClinic, tmp_path: Path
) -> None:
    file = tmp_path / "k.pub"
    file.write_bytes(public_pem(KEY.public_key))
    told = ran(clinic.records, "--accept-key", str(file), "--by", "A. Admin").output
    assert f"release key {KEY.key_id} is accepted; compare its id" in told
    assert KEY.key_id in ran(clinic.records, "--status").output
    assert "no longer trusted" in ran(clinic.records, "--withdraw-key", KEY.key_id).output
    assert KEY.key_id not in ran(clinic.records, "--status").output


def test_where_accounts_are_in_use_only_who_may_changes_the_program(
    clinic: UpdatedClinic,
) -> None:
    add_accounts(clinic.records, ADA, PAT)
    asked = (str(clinic.release("1.1")), "--backup", str(clinic.backup))
    assert isinstance(refused(clinic.records, *asked), SignInRefused)
    assert isinstance(refused(clinic.records, "--back"), SignInRefused)
    assert isinstance(refused(clinic.records, "--withdraw-key", "0" * 16), SignInRefused)
    assert clinic.there.current == "1.0"
    with at_a_terminal(PAT, PINS[PAT]):
        assert isinstance(refused(clinic.records, *asked), RightMissing)
    assert clinic.there.current == "1.0"
    with at_a_terminal(ADA, PINS[ADA]):
        done = ran(clinic.records, *asked)
    assert done.exit_code == 0, done.output
    assert clinic.there.current == "1.1"

"""Accounts at the command line: who must sign in for what, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import RightMissing, SignInRefused, TractionError
from records.clinic.audit import accesses
from records.standing.versions import read_standing
from records.store.ed25519 import SigningKey, public_pem
from records.store.record_folder import RecordFolder
from tests.support.commands import invoke, run, said
from tests.support.every_command import ALL_WRITING, STANDING
from tests.support.notes import recorded
from tests.support.signed_in import (
    ADA,
    ANN,
    BILL,
    NIGHTLY,
    PAT,
    PINS,
    add_accounts,
    at_a_terminal,
)
from workstation.terminal_sign_in import ACCOUNT_VARIABLE, PIN_FILE_VARIABLE


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    made = RecordFolder(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    recorded(made)
    add_accounts(made)
    return made


def signed_in(folder: RecordFolder, account: str, *arguments: str) -> str:
    with at_a_terminal(account, PINS[account]) as waiting:
        printed = said(folder, *arguments)
    assert waiting == []
    return printed


def refused(folder: RecordFolder, account: str, *arguments: str) -> TractionError:
    with at_a_terminal(account, PINS[account]):
        error = run(folder, *arguments).exception
    assert isinstance(error, TractionError)
    return error


GUARDED = {
    "people add ZZ first_name=Zoe last_name=Zed": ADA,
    "clinic add name=Clinic": ADA,
    'accounts change ann roles=["assistant"]': ADA,
    "patients add A-1 last_name=Doe first_name=Jane birth_date=1960-01-31": PAT,
    "note last --complete tolerance=tolerated": PAT,
    "hold last --reason lawsuit": ADA,
    "key rotate --yes": ADA,
    "claims --today --out OUT": BILL,
    "export last --format csv --out OUT": BILL,
    "sound-check --without practice": PAT,
}
OTHERS = {ADA: BILL, PAT: BILL, BILL: ANN}


@pytest.mark.parametrize(("command", "account"), GUARDED.items())
def test_a_guarded_command_asks_for_the_pin_and_the_right(
    folder: RecordFolder, tmp_path: Path, command: str, account: str
) -> None:
    words = [str(tmp_path / "out") if word == "OUT" else word for word in command.split()]
    by = () if words[0] == "export" else ("--by", "Anybody")
    with pytest.raises(SignInRefused, match="run it at a terminal"):
        said(folder, *words, *by)
    if words[0] != "sound-check":  # every person may
        assert isinstance(refused(folder, OTHERS[account], *words), RightMissing)
    signed_in(folder, account, *words)
    own = [row for row in accesses(folder) if row.account == account]
    assert own


ASKING = (
    "people add ZZ first_name=Zoe last_name=Zed",
    "accept last --modifier GP --by X",
    "archive --out NEW",
    "claims --today",
    "commission modbus-tcp://127.0.0.1:1 --weight 5kg --by X",
    "export last --format csv",
    "hold last --reason lawsuit",
    "key accept FILE",
    "key revoke 01 --from 2026-11-20T08:00 --yes",
    "key rotate --yes",
    "move-years NEW --before 2020",
    "note last --complete tolerance=tolerated",
    "quarantine accept 01",
    "quarantine put 00000000000000aa --reason why",
    "repack 00000000000000aa",
    "retention --apply --yes",
    "sound-check --without practice",
    "stop-test last --by X",
    "update --accept-key FILE",
)
"""Each writing command once, as nobody may give it who has not signed in."""
AS_PEOPLE_ADD = frozenset(
    {
        *(f"{group} {what}" for group in STANDING for what in ("add", "change", "import")),
        "patients flag",
        "patients end-flag",
        "appointments import",  # looks at its file before it asks
        "visit",  # is held at a terminal alone, and asks there
    }
)
ASKS_NOBODY = {
    "accounts code": "helps the only administrator too; every administrator is told",
    "accounts pin": "asks for the PIN or the code of the account itself",
    "backup": "a copy of what whoever gives the command may read",
    "codes import": "a list of CMS; each report says by which edition it judged",
    "console": "its pages ask",
    "control": "its messages are asked for by pages that ask",
    "demo": "in a folder of its own",
    "forms day": "paper",
    "forms sheet": "paper",
    "observe": "who starts is the account of the system",
    "restore": "into a new folder, in which there are no accounts yet",
    "run": "who starts is the account of the system",
    "simulate": "no records",
    "station": "its pages ask",
    "training": "in a folder of its own",
    "upload": "a note's PDF, which whoever gives the command may read",
    "watch": "stops, and asks for what leads outward",
}


def test_every_command_that_writes_asks_for_a_pin_or_says_why_not() -> None:
    asking = {name for name in ALL_WRITING if any(f"{c} ".startswith(f"{name} ") for c in ASKING)}
    named = asking | AS_PEOPLE_ADD
    assert named | ASKS_NOBODY.keys() == ALL_WRITING
    assert not named & ASKS_NOBODY.keys()


@pytest.mark.parametrize("command", ASKING)
def test_no_command_is_a_back_door(
    folder: RecordFolder, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.pub").write_bytes(public_pem(SigningKey(bytes([5]) * 32).public_key))
    places = {"FILE": str(tmp_path / "key.pub"), "NEW": str(tmp_path)}
    monkeypatch.setattr("workstation.commands.probe._guide", lambda forces: None)
    monkeypatch.chdir(tmp_path)
    before = accesses(folder)
    error = run(folder, *(places.get(word, word) for word in command.split())).exception
    assert isinstance(error, SignInRefused), repr(error)
    assert accesses(folder) == before


def test_a_program_does_not_say_what_it_heard(
    folder: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pin"
    file.write_text(PINS[NIGHTLY], encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv(ACCOUNT_VARIABLE, NIGHTLY)
    monkeypatch.setenv(PIN_FILE_VARIABLE, str(file))
    with pytest.raises(RightMissing, match="this needs a person's"):
        said(folder, "sound-check", "--without", "practice")
    said(folder, "claims", "--today", "--out", str(tmp_path / "claims"))


def test_an_aide_writes_for_a_note_and_does_not_sign_it(folder: RecordFolder) -> None:
    signed_in(folder, ANN, "note", "last", "--complete", "tolerance=tolerated")
    assert "may not sign and amend a note; therapist or assistant may" in str(
        refused(folder, ANN, "note", "last", "--sign", "--credentials", "none")
    )


def test_the_record_names_who_signed_in_and_nobody_else(folder: RecordFolder) -> None:
    error = refused(
        folder, PAT, "note", "last", "--complete", "tolerance=tolerated", "--by", "A. Other"
    )
    assert "--by names A. Other, but Pat Jones has signed in" in str(error)
    signed_in(folder, PAT, "note", "last", "--complete", "tolerance=tolerated", "--by", "PJ")
    written = next(row for row in accesses(folder) if row.kind == "record_written")
    assert (written.by, written.account) == ("Pat Jones", PAT)


def test_a_program_has_an_account_of_its_own_with_a_private_file(
    folder: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pin"
    file.write_text(f"{PINS[NIGHTLY]}\n", encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv(ACCOUNT_VARIABLE, NIGHTLY)
    monkeypatch.setenv(PIN_FILE_VARIABLE, str(file))
    words = ("patients", "add", "A-1", "last_name=Doe", "first_name=Jane", "birth_date=1960-01-31")
    said(folder, *words)
    newest = read_standing(folder).newest("patient", "A-1")
    assert newest is not None
    assert newest.by == NIGHTLY
    with pytest.raises(RightMissing, match="may not sign"):
        said(folder, "note", "last", "--sign")
    file.chmod(0o640)
    with pytest.raises(SignInRefused, match="has mode 0640"):
        said(folder, *words)
    monkeypatch.setenv(PIN_FILE_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(SignInRefused, match="cannot be read"):
        said(folder, *words)
    monkeypatch.setenv(ACCOUNT_VARIABLE, PAT)
    with pytest.raises(SignInRefused, match="people sign in at a terminal"):
        said(folder, *words)


def test_a_code_and_a_new_pin_at_the_terminal(folder: RecordFolder) -> None:
    code = json.loads(
        run(folder, "accounts", "code", PAT, "--reason", "forgotten", "--json").stdout
    )["code"]
    with at_a_terminal(code, "551903", "551904"):
        assert "the two new PINs differ" in str(
            run(folder, "accounts", "pin", PAT, "--code").exception
        )
    with at_a_terminal(code, "551903", "551903"):
        assert f"the PIN of {PAT} is set" in said(folder, "accounts", "pin", PAT, "--code")
    with at_a_terminal("551903", "640291", "640291"):
        said(folder, "accounts", "pin", PAT)
    with pytest.raises(SignInRefused, match="a PIN can only be set at a terminal"):
        said(folder, "accounts", "pin", PAT)


def test_roles_are_listed_for_people_and_programs() -> None:
    assert "aide:\n  read what is written of patients" in invoke("accounts", "roles").output
    roles = json.loads(invoke("accounts", "roles", "--json").output)["roles"]
    assert "sign" in roles["therapist"]
    assert "sign" not in roles["aide"]


def test_accounts_are_listed_without_a_pin(folder: RecordFolder) -> None:
    listed = said(folder, "accounts", "list")
    assert "pat  PJ  therapist  version 1" in listed
    assert "nightly  a program  script  version 1" in listed


def test_without_accounts_nobody_signs_in(tmp_path: Path) -> None:
    fresh = RecordFolder(tmp_path / "fresh")
    said(fresh, "people", "add", "PJ", "first_name=Pat", "last_name=Jones", "--by", "Anybody")
    assert not fresh.sign_ins.exists()

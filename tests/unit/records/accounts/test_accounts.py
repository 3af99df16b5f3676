"""Signing in: PINs, one-time codes, waits, and what the chain says of them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from controller.errors import RecordNotFound, RequestRefused, RightMissing, SignInRefused
from records.accounts.accounts import (
    CODE_LASTS_S,
    account_called,
    give_code,
    known_accounts,
    open_in_emergency,
    plain_code,
    wait_s,
)
from records.accounts.pins import hashed
from records.accounts.rights import RIGHTS, Right
from records.accounts.sign_in_file import FailedTries, KeptSecret, keep_secret, sign_ins
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.standing.kinds import AccountRecord, PersonRecord
from records.standing.versions import StandingData, read_standing
from records.store.record_folder import RecordFolder
from tests.support.signed_in import ADA, ANN, NIGHTLY, PAT, PINS, SetClock, add_accounts, desk
from tests.support.standing import WRITTEN_MS, example, keep, writer

DAY_S = 86_400


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    made = RecordFolder(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    add_accounts(made, ADA, PAT)
    return made


def refused(folder: RecordFolder, clock: SetClock, pin: str, name: str = PAT) -> str:
    with pytest.raises(SignInRefused) as refusal:
        desk(folder, clock).sign_in(name, pin, "console")
    return refusal.value.message


def test_the_right_pin_signs_in_and_stands_in_the_chain(folder: RecordFolder) -> None:
    signed_in = desk(folder, SetClock()).sign_in(PAT, PINS[PAT], "console")
    assert (signed_in.account.name, signed_in.account.roles) == ("Pat Jones", ("therapist",))
    newest = accesses(folder)[-1]
    assert (newest.what, newest.by, newest.account) == (
        "signed in at the console",
        "Pat Jones",
        PAT,
    )
    assert verify_clinic(folder).alterations == ()


def test_what_happened_to_the_account_is_told_once(folder: RecordFolder) -> None:
    clock = SetClock()
    told = desk(folder, clock).sign_in(PAT, PINS[PAT], "console").told
    assert [line.partition(",")[0] for line in told] == [
        "one-time code given",
        "PIN set with a one-time code",
    ]
    assert "by X. Admin: new here" in told[0]
    assert desk(folder, clock).sign_in(PAT, PINS[PAT], "console").told == ()


def test_wrong_tries_are_told_to_whoever_signs_in_next(folder: RecordFolder) -> None:
    clock = SetClock()
    desk(folder, clock).sign_in(PAT, PINS[PAT], "console")
    for pin in ("000000", "999999"):
        assert "not the PIN of Pat Jones" in refused(folder, clock, pin)
    told = desk(folder, clock).sign_in(PAT, PINS[PAT], "console").told
    assert told[0].startswith("2 wrong tries before this one, the last at 2025-11-29")


def test_an_administrator_hears_of_every_code_and_emergency(folder: RecordFolder) -> None:
    clock = SetClock()
    desk(folder, clock).sign_in(ADA, PINS[ADA], "console")
    open_in_emergency(folder, writer("Pat Jones"), "patient fainted")
    give_code(folder, writer("Root"), PAT, "forgotten")
    told = "\n".join(desk(folder, clock).sign_in(ADA, PINS[ADA], "console").told)
    assert "records opened in an emergency" in told
    assert "patient fainted" in told
    assert f"account {PAT}" in told


def test_a_day_of_guesses_is_a_few_hundred_tries(folder: RecordFolder) -> None:
    """Each guess waits as long as it is told to."""
    failed, tries, now = FailedTries(), 0, WRITTEN_MS
    while now < WRITTEN_MS + DAY_S * 1000:
        now += wait_s(failed, now) * 1000
        tries += 1
        failed = FailedTries(tries=tries, last_utc_ms=now)
    assert tries < 310
    clock = SetClock()
    for _ in range(3):
        refused(folder, clock, "000000")
    assert "the next try is taken in 1 s" in refused(folder, clock, PINS[PAT])
    clock.pass_s(1)
    assert desk(folder, clock).sign_in(PAT, PINS[PAT], "console").account.account == PAT


def test_the_wait_grows_to_five_minutes_and_a_clock_set_back_does_not_grow_it() -> None:
    waits = [wait_s(FailedTries(tries=tries, last_utc_ms=0), 0) for tries in range(16)]
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert wait_s(FailedTries(tries=10**6, last_utc_ms=10**15), 0) == 300
    assert wait_s(FailedTries(tries=3, last_utc_ms=0), 999) == 1


def test_waits_of_one_account_touch_no_other(folder: RecordFolder) -> None:
    clock = SetClock()
    for _ in range(4):
        refused(folder, clock, "000000")
    assert desk(folder, clock).sign_in(ADA, PINS[ADA], "console").account.account == ADA


def test_a_code_opens_once_and_ends_the_waits(folder: RecordFolder) -> None:
    clock = SetClock()
    for _ in range(4):
        refused(folder, clock, "000000")
    code = give_code(folder, writer(), PAT, "forgotten")
    desk(folder, clock).set_pin_by_code(PAT, code.lower().replace("-", " "), "551903")
    assert desk(folder, clock).sign_in(PAT, "551903", "console").account.account == PAT
    with pytest.raises(SignInRefused, match="no one-time code that still opens"):
        desk(folder, clock).set_pin_by_code(PAT, code, "640291")
    assert "not the PIN" in refused(folder, clock, PINS[PAT])


def test_a_code_runs_out(folder: RecordFolder) -> None:
    clock = SetClock()
    code = give_code(folder, writer(), PAT, "forgotten")
    clock.pass_s(CODE_LASTS_S + 1)
    with pytest.raises(SignInRefused, match="traction accounts code pat"):
        desk(folder, clock).set_pin_by_code(PAT, code, "551903")


def test_a_clock_that_was_set_back_lengthens_no_code(folder: RecordFolder) -> None:
    clock = SetClock()
    code = give_code(folder, writer(), PAT, "forgotten")
    clock.pass_s(-1)
    with pytest.raises(SignInRefused, match="no one-time code that still opens"):
        desk(folder, clock).set_pin_by_code(PAT, code, "551903")


def test_a_wrong_code_counts_and_a_weak_pin_spends_none(folder: RecordFolder) -> None:
    clock = SetClock()
    code = give_code(folder, writer(), PAT, "forgotten")
    with pytest.raises(RequestRefused, match="counts up or down"):
        desk(folder, clock).set_pin_by_code(PAT, code, "123456")
    for _ in range(3):
        with pytest.raises(SignInRefused, match="not the one-time code"):
            desk(folder, clock).set_pin_by_code(PAT, "AAAAA-AAAAA", "551903")
    with pytest.raises(SignInRefused, match="next try is taken in 1 s"):
        desk(folder, clock).set_pin_by_code(PAT, code, "551903")


def test_a_person_changes_their_own_pin(folder: RecordFolder) -> None:
    clock = SetClock()
    with pytest.raises(SignInRefused, match="not the PIN"):
        desk(folder, clock).change_pin(PAT, "000000", "551903")
    desk(folder, clock).change_pin(PAT, PINS[PAT], "551903")
    desk(folder, clock).sign_in(PAT, "551903", "console")


def test_a_pin_that_was_put_there_by_other_means_opens_nothing(folder: RecordFolder) -> None:
    with sign_ins(folder) as db:
        keep_secret(db, PAT, KeptSecret(kept=hashed("551903")), is_code=False)
    assert "sign-ins.db was altered" in refused(folder, SetClock(), "551903")


def test_after_a_restore_without_the_file_everybody_needs_a_code(folder: RecordFolder) -> None:
    folder.sign_ins.unlink()
    assert "has no PIN" in refused(folder, SetClock(), PINS[PAT])


def test_only_the_owner_may_read_the_file(folder: RecordFolder) -> None:
    assert stat.S_IMODE(folder.sign_ins.stat().st_mode) == 0o600
    content = folder.sign_ins.read_bytes()
    assert PINS[PAT].encode() not in content
    code = give_code(folder, writer(), PAT, "forgotten")
    assert plain_code(code).encode() not in folder.sign_ins.read_bytes()


def test_an_account_that_is_closed_signs_in_no_more(folder: RecordFolder) -> None:
    closed = example("account", account=PAT, person="PJ", roles=["therapist"], in_use=False)
    keep(folder, closed, made_from=1)
    with pytest.raises(RecordNotFound, match=f"in use: {ADA}"):
        desk(folder, SetClock()).sign_in(PAT, PINS[PAT], "console")


def test_what_a_role_may_not_do_names_who_may() -> None:
    held = StandingData()
    assert known_accounts(held) == {}
    with pytest.raises(RecordNotFound, match="in use: none"):
        account_called(held, ANN)


@pytest.mark.parametrize("right", Right)
def test_every_right_is_somebody_s_and_refused_to_others(tmp_path: Path, right: Right) -> None:
    having = {role for role, rights in RIGHTS.items() if right in rights}
    assert having - {"script"}
    assert having != set(RIGHTS)
    made = RecordFolder(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    add_accounts(made, ADA, NIGHTLY)
    script = account_called(read_standing(made), NIGHTLY)
    if right in RIGHTS["script"]:
        script.require(right)
        return
    with pytest.raises(RightMissing, match=f"nightly .script. may not {right.value[:20]}"):
        script.require(right)


def test_a_script_signs_nothing_and_an_aide_starts_nothing() -> None:
    assert not RIGHTS["script"] & {Right.SIGN, Right.START, Right.SETTINGS, Right.ACCOUNTS}
    assert not RIGHTS["aide"] & {Right.SIGN, Right.START, Right.CLAIM}
    assert not RIGHTS["biller"] & {Right.SIGN, Right.START, Right.PREPARE}
    assert Right.READ not in RIGHTS["engineer"]


def test_names_of_people_stand_for_their_accounts(folder: RecordFolder) -> None:
    found = known_accounts(read_standing(folder))
    assert {name: each.name for name, each in found.items()} == {ADA: "Ada Moss", PAT: "Pat Jones"}
    assert isinstance(example("account"), AccountRecord)
    assert isinstance(example("person"), PersonRecord)

"""Each fact with what makes it well, not well, or not checked."""

from __future__ import annotations

import sys
from dataclasses import FrozenInstanceError, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from controller.runtime.clock import SystemClock
from records.evidence.start_check import WARN_BELOW_BYTES
from records.store.record_folder import RecordFolder
from tests.support.accounts import as_owner
from tests.support.commands import said
from tests.support.loudspeaker import sound_server
from tests.support.notes import UNIT, recorded
from workstation.author_now import author_now
from workstation.awake.keeper_client import AwakeKeeper
from workstation.awake.wording import AwakeWord
from workstation.doctor import device_facts, records_facts, system_facts
from workstation.doctor.fact import (
    FactState,
    WorkstationFact,
    all_well,
    not_checked,
    not_well,
    well,
)
from workstation.settings import Settings
from workstation.sound.day_check import Hearing, keep_hearing
from workstation.sound.wording import NO_SOUND, PlayerWord

WELL, NOT_WELL, NOT_CHECKED = FactState.WELL, FactState.NOT_WELL, FactState.NOT_CHECKED
SETTINGS = Settings(time_zone="UTC")
CHICAGO = Settings(time_zone="America/Chicago")
DAY = date(2026, 11, 30)


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    folder = RecordFolder(tmp_path / "data")
    recorded(folder)
    return folder


@pytest.fixture
def nothing(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "nothing")


def states(*facts: WorkstationFact) -> list[FactState]:
    return [fact.state for fact in facts]


def test_a_fact_is_frozen_and_has_a_next_step_unless_it_is_well() -> None:
    fact = well("disk", "enough")
    with pytest.raises(FrozenInstanceError):
        fact.text = "x"  # type: ignore[misc]
    with pytest.raises(ValueError, match="disk: well with todo='x'"):
        replace(fact, todo="x")
    with pytest.raises(ValueError, match="disk: not checked with todo=''"):
        not_checked("disk", "why", "")


def test_what_was_not_checked_is_no_finding_and_no_pass() -> None:
    facts = (well("a", "x"), not_checked("b", "why", "look"))
    assert all_well(facts)
    assert facts[1].line == "NOT CHECKED b: why -> look"
    assert not all_well((*facts, not_well("c", "x", "do")))


def test_modes_that_let_others_read_are_found(data: RecordFolder, nothing: RecordFolder) -> None:
    assert records_facts.permissions(data, SETTINGS).state is WELL
    assert records_facts.permissions(nothing, SETTINGS).state is NOT_CHECKED
    data.clinic_database.chmod(0o644)
    found = records_facts.permissions(data, SETTINGS)
    assert found.state is NOT_WELL
    assert "chmod -R go-rwx" in found.text


def test_little_space_is_found(data: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, state in ((WARN_BELOW_BYTES, WELL), (WARN_BELOW_BYTES - 1, NOT_WELL)):
        monkeypatch.setattr(records_facts, "free_bytes_at", lambda _, free=free: free)
        assert records_facts.disk(data).state is state


def test_the_key_in_use_is_told_and_a_damaged_record_of_keys_found(
    data: RecordFolder, nothing: RecordFolder
) -> None:
    assert records_facts.key(nothing).state is NOT_CHECKED
    assert records_facts.key(data).state is WELL
    data.key_records.write_text("nonsense", encoding="utf-8")
    assert records_facts.key(data).state is NOT_WELL


def test_backup_and_proof_are_two_facts(
    data: RecordFolder, nothing: RecordFolder, tmp_path: Path
) -> None:
    def found() -> list[FactState]:
        return states(*records_facts.backup(data, SETTINGS))

    assert states(*records_facts.backup(nothing, SETTINGS)) == [NOT_CHECKED, NOT_CHECKED]
    assert found() == [NOT_WELL, NOT_WELL]
    copy = tmp_path / "copy.zip"
    said(data, "backup", str(copy))
    assert found() == [WELL, NOT_WELL]
    said(data, "backup", "--prove", str(copy))
    assert found() == [WELL, WELL]
    copy.rename(tmp_path / "elsewhere.zip")
    assert found() == [NOT_WELL, WELL]


def test_a_damaged_database_is_found_by_name(data: RecordFolder, nothing: RecordFolder) -> None:
    assert records_facts.database(nothing).state is NOT_CHECKED
    assert records_facts.database(data).state is WELL
    data.unit_database(UNIT).write_bytes(b"no database" * 1000)
    found = records_facts.database(data)
    assert (found.state, UNIT in found.text) == (NOT_WELL, True)


@pytest.mark.parametrize(("kept", "state"), [(True, WELL), (False, NOT_WELL), (None, NOT_CHECKED)])
def test_a_clock_that_nothing_keeps_is_found(
    monkeypatch: pytest.MonkeyPatch, kept: bool | None, state: FactState
) -> None:
    monkeypatch.setattr(system_facts, "clock_is_kept", lambda: kept)
    now_ms = 1_796_000_000_000
    found = system_facts.clock(now_ms, None, CHICAGO)
    assert found.state is state
    assert found.text.startswith("2026-11-29 18:53:20 CST")
    assert system_facts.clock(now_ms, now_ms, CHICAGO).state is state
    assert system_facts.clock(now_ms, now_ms + 60_000, CHICAGO).state is NOT_WELL
    assert system_facts.clock(1_000_000_000_000, None, CHICAGO).state is NOT_WELL


def test_the_kernel_says_whether_the_clock_is_kept_and_nothing_is_set() -> None:
    before_ms = SystemClock().utc_ms()
    assert system_facts.clock_is_kept() in ((True, False) if sys.platform == "linux" else (None,))
    assert 0 <= SystemClock().utc_ms() - before_ms < 60_000


def test_rights_are_tried_by_a_process_of_their_own() -> None:
    fact = system_facts.realtime_rights()
    assert fact.state in (WELL, NOT_WELL)
    assert ("granted" in fact.text) is (fact.state is WELL) or "grant it with" in fact.text


def block_device(folder: Path, name: str, uuid: str = "", slaves: tuple[Path, ...] = ()) -> Path:
    """A device as /sys describes it."""
    device = folder / name
    (device / "slaves").mkdir(parents=True)
    if uuid:
        (device / "dm").mkdir()
        (device / "dm" / "uuid").write_text(uuid)
    for slave in slaves:
        (device / "slaves" / slave.name).symlink_to(slave)
    return device


def test_encryption_is_found_below_every_layer(tmp_path: Path) -> None:
    plain = block_device(tmp_path, "sda2")
    luks = block_device(tmp_path, "dm-0", "CRYPT-LUKS2-0123-name", (plain,))
    volume = block_device(tmp_path, "dm-1", "LVM-4567", (luks,))
    mixed = block_device(tmp_path, "dm-2", "LVM-89ab", (luks, plain))
    found = {one.name: system_facts.is_encrypted(one) for one in (plain, luks, volume, mixed)}
    assert found == {"sda2": False, "dm-0": True, "dm-1": True, "dm-2": False}


@pytest.mark.skipif(sys.platform != "linux", reason="asked on Linux only")
def test_a_disk_is_encrypted_plain_or_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = f"{tmp_path.stat().st_dev >> 8}:{tmp_path.stat().st_dev & 0xFF}"
    devices = tmp_path / "block"
    monkeypatch.setattr(system_facts, "BLOCK_DEVICES", devices)
    monkeypatch.setattr(system_facts, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text("1 1 0:1 / / rw - overlay overlay rw\n")
    assert system_facts.disk_encryption(tmp_path / "later").state is NOT_CHECKED
    device = block_device(devices, number)
    assert system_facts.disk_encryption(tmp_path).state is NOT_WELL
    (device / "dm").mkdir()
    (device / "dm" / "uuid").write_text("CRYPT-PLAIN-x")
    assert system_facts.disk_encryption(tmp_path).state is WELL


def test_a_browser_is_looked_for_in_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert system_facts.browser().state is NOT_WELL
    (tmp_path / "firefox").write_text("#!/bin/sh\n")
    (tmp_path / "firefox").chmod(0o700)
    assert system_facts.browser().state is WELL


@pytest.mark.parametrize("awake", [True, False])
def test_whether_it_can_be_kept_awake_is_tried_and_given_back(awake: bool) -> None:
    line = AwakeWord(awake=awake, text="so it is").line()
    keeper = AwakeKeeper((sys.executable, "-c", f"print({line!r}, flush=True); input()"))
    fact = system_facts.sleep(keeper)
    assert (fact.state, "so it is" in fact.text) == (WELL if awake else NOT_WELL, True)
    assert keeper.process_id is None


def test_the_port_of_a_table_is_there_absent_or_closed_to_this_account() -> None:
    with TemporaryDirectory() as folder:
        place = Path(folder) / "ttyUSB0"
        address = f"modbus-rtu://{place}?unit=1"
        assert device_facts.port("port", address).state is NOT_WELL
        place.touch(mode=0o600)
        assert device_facts.port("port", address).state is WELL
        place.chmod(0o400)
        closed = as_owner(Path(folder), lambda: device_facts.port("port", address))
        assert (closed.state, "may not open" in closed.text) == (NOT_WELL, True)


@pytest.mark.parametrize(
    ("address", "state"),
    [
        ("modbus-tcp://10.0.0.7:502?unit=1", NOT_CHECKED),
        ("modbus-rtu:usb:0403:6001:NOBODY?unit=1", NOT_WELL),
        ("carrier-pigeon://roof", NOT_WELL),
    ],
)
def test_what_cannot_be_looked_at_is_no_pass(address: str, state: FactState) -> None:
    fact = device_facts.port("port", address)
    assert fact.state is state
    assert fact.todo


def test_every_table_on_file_has_a_fact_of_its_own(data: RecordFolder) -> None:
    assert states(*device_facts.ports(data)) == [NOT_CHECKED]
    for name, more in (("Table 1", ()), ("Table 2", ()), ("Table 3", ("in_use=false",))):
        address = f"address=modbus-rtu:///dev/ttyNONE{name[-1]}?unit=1"
        said(data, "units", "add", name, address, *more, "--by", "Ann")
    found = list(device_facts.ports(data))
    assert [fact.name for fact in found] == ["port of Table 1", "port of Table 2"]
    assert {fact.state for fact in found} == {NOT_WELL}


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (f"print({PlayerWord(sounds=True, text='ALSA').line()!r})", WELL),
        (f"print({PlayerWord(sounds=False, text='none').line()!r})", NOT_WELL),
        ("print('noise')", NOT_WELL),
        ("raise SystemExit(1)", NOT_WELL),
        ("import time; time.sleep(600)", NOT_WELL),
    ],
)
def test_a_loudspeaker_is_looked_for_by_a_process_that_may_hang(
    monkeypatch: pytest.MonkeyPatch, script: str, state: FactState
) -> None:
    monkeypatch.setattr(device_facts, "LOOK", (sys.executable, "-c", script))
    monkeypatch.setattr(device_facts, "LOOK_S", 2.0 if "sleep" in script else 30.0)
    fact = device_facts.loudspeaker()
    assert fact.state is state
    assert (NO_SOUND in fact.text) is (state is NOT_WELL)


def test_the_loudspeaker_of_a_sound_server_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sound_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        assert device_facts.loudspeaker().state is WELL


@pytest.mark.parametrize(
    ("hearing", "state"),
    [
        (Hearing.HEARD, WELL),
        (Hearing.NOT_HEARD, NOT_WELL),
        (Hearing.WITHOUT, NOT_WELL),
        (None, NOT_CHECKED),
    ],
)
def test_what_was_said_of_the_sound_today(
    data: RecordFolder, hearing: Hearing | None, state: FactState
) -> None:
    if hearing is not None:
        keep_hearing(data, author_now(data, "Ann"), DAY, hearing, "why")
    assert device_facts.sound_heard(data, DAY).state is state


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        ("", WELL, "restart nothing"),
        ('Unattended-Upgrade::Automatic-Reboot "false";', WELL, "restart nothing"),
        ('Unattended-Upgrade::Automatic-Reboot "true";', NOT_WELL, "at any time"),
        (
            'Unattended-Upgrade::Automatic-Reboot "1";\n'
            'Unattended-Upgrade::Automatic-Reboot-Time "02:30";',
            WELL,
            "at 02:30, and only then",
        ),
    ],
)
def test_whether_the_system_restarts_by_itself_is_what_apt_says(
    said: str, state: FactState, words: str, tmp_path: Path
) -> None:
    program = tmp_path / "apt-config"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n")
    program.chmod(0o700)
    fact = system_facts.own_restarts(str(program))
    assert (fact.state, words in fact.text) == (state, True)


def test_a_system_that_does_not_say_when_it_restarts_is_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert system_facts.own_restarts(str(tmp_path / "none")).state is NOT_CHECKED
    monkeypatch.setattr("sys.platform", "win32")
    fact = system_facts.own_restarts()
    assert (fact.state, fact.todo) == (NOT_CHECKED, "set its active hours")

"""``traction station`` reads what its parent needs, and refuses what must not be started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from controller.runtime.clock import VirtualClock
from records.evidence.journal import open_session
from records.keys.signing import load_or_create_key
from records.store.record_folder import RecordFolder
from tests.support.certificates import BEGINS, key_pem, made_certificate
from tests.support.commands import run, said
from tests.unit.records.store.test_unit_file import UNIT, opening
from workstation.commands import station
from workstation.station.plan import StationPlan

needs_links = pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[StationPlan]:
    """The plans with which a parent would have begun."""
    plans: list[StationPlan] = []
    monkeypatch.setattr(station, "_become_parent", plans.append)
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    return plans


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "data")


def add(data: RecordFolder, name: str, *values: str) -> None:
    said(data, "units", "add", name, *values, "--by", "A")


def test_the_parent_gets_every_table_in_use_with_the_program_that_drives_it(
    data: RecordFolder, begun: list[StationPlan], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(data, "Table 1", "address=modbus-tcp://Host:5020?unit=1", "manual_release=Turn the wheel.")
    add(data, "Table 2", "address=modbus-tcp://host:5021?unit=1", f"unit_id={'0a' * 8}")
    add(data, "Old", "address=modbus-tcp://host:5020?unit=1", "in_use=false")
    monkeypatch.setenv("TRACTION_FORCE_UNIT", "lbf")
    text = said(data, "station")
    assert "Table 1 at modbus-tcp://Host:5020?unit=1" in text
    assert "stop door at http://127.0.0.1:8721/" in text
    (plan,) = begun
    assert sorted((one.called, one.unit_id, one.manual_release) for one in plan.units) == [
        ("Table 1", "", "Turn the wheel."),
        ("Table 2", "0a" * 8, ""),
    ]
    assert plan.control == (
        *(sys.executable, "-m", "workstation.cli", "control"),
        *("--data", str(data.path), "--"),
    )
    assert plan.console == (
        *(sys.executable, "-m", "workstation.cli", "console"),
        *("--data", str(data.path)),
    )
    assert (plan.stop_port, plan.console_port) == (8721, 8720)
    assert (plan.time_zone, plan.force_unit) == ("UTC", ForceUnit.POUND)
    assert StationPlan.of_text(plan.as_text()) == plan


def test_the_parent_is_told_of_a_program_that_was_lost_in_a_session(
    data: RecordFolder, begun: list[StationPlan]
) -> None:
    add(data, "Table 1", "address=modbus-tcp://host:5020?unit=1", f"unit_id={UNIT}")
    add(data, "Table 2", "address=modbus-tcp://host:5021?unit=1", f"unit_id={'0a' * 8}")
    key = load_or_create_key(data)
    journal = open_session(data, opening("s-1"), VirtualClock(), key=key)
    said(data, "station")
    journal.abandon()
    said(data, "station")
    while_it_runs, behind_it = ([unit.is_lost for unit in plan.units] for plan in begun)
    assert while_it_runs == [False, False]
    assert sorted(behind_it) == [False, True]
    data.unit_database(UNIT).write_bytes(b"no record")
    warned = run(data, "station")
    assert "Table 1: the newest record cannot be read (" in warned.stderr
    assert not any(unit.is_lost for unit in begun[-1].units)


def test_as_json_it_says_where_the_stop_is(data: RecordFolder, begun: list[StationPlan]) -> None:
    add(data, "Table 1", "address=modbus-tcp://host:5020?unit=1")
    assert json.loads(said(data, "station", "--json")) == {
        "format": "traction-station/1",
        "data": str(data.path),
        "console": "http://127.0.0.1:8720/",
        "stop": "http://127.0.0.1:8721/",
        "units": [{"name": "Table 1", "address": "modbus-tcp://host:5020?unit=1"}],
    }
    assert len(begun) == 1


def test_without_a_table_nothing_begins(data: RecordFolder, begun: list[StationPlan]) -> None:
    with pytest.raises(RequestRefused, match="no unit is on file; add one with"):
        said(data, "station")
    assert begun == []


@pytest.mark.parametrize(
    "second", ["modbus-tcp://127.0.0.1:5020?unit=1", "modbus-tcp://LOCALHOST:5020?unit=1"]
)
def test_one_port_under_two_names_is_refused(
    data: RecordFolder, begun: list[StationPlan], second: str
) -> None:
    add(data, "Table 1", "address=modbus-tcp://localhost:5020?unit=1")
    add(data, "Table 2", f"address={second}")
    with pytest.raises(RequestRefused, match="are one unit under two names"):
        said(data, "station")
    assert begun == []


@needs_links
def test_one_serial_port_under_two_paths_is_refused(
    data: RecordFolder, begun: list[StationPlan], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("p")  # an address has at most 100 characters
    (place / "port").touch()
    (place / "by-id").symlink_to(place / "port")
    add(data, "Table 1", f"address=modbus-rtu://{place}/port?unit=1")
    add(data, "Table 2", f"address=modbus-rtu://{place}/by-id?unit=1")
    with pytest.raises(RequestRefused, match=rf"both at {place}/port"):
        said(data, "station")
    assert begun == []


@needs_links
@pytest.mark.parametrize(
    "address", ["modbus-rtu:///dev/none?unit=1", "modbus-rtu:usb:0000:0000:none?unit=1"]
)
def test_a_port_that_is_not_there_is_said_and_the_station_begins(
    data: RecordFolder, begun: list[StationPlan], address: str
) -> None:
    add(data, "Table 1", f"address={address}")
    result = run(data, "station")
    assert f"Table 1: its port {address} is not there; connect the adapter" in result.stderr
    assert len(begun) == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TRACTION_STOP_PORT", "8720", "the stop door needs a port of its own"),
        ("TRACTION_STOP_PORT", "0", "greater than or equal to 1"),
        ("TRACTION_CONSOLE_PORT", "70000", "less than or equal to 65535"),
        ("TRACTION_STOP_ADDRESSES", "desk.example", "needs station_certificate as well"),
        ("TRACTION_CONSOLE_ADDRESSES", "desk.example", "needs station_certificate as well"),
        ("TRACTION_CONSOLE_ADDRESSES", "localhost", "localhost reaches only this machine"),
        ("TRACTION_CONSOLE_ADDRESSES", "0.0.0.0", "0.0.0.0 means every address"),
        ("TRACTION_CONSOLE_ADDRESSES", "https://desk", "https://desk is neither a host name nor"),
        ("TRACTION_CONSOLE_ADDRESSES", "desk.example:8720", "leave port and https:// out"),
        ("TRACTION_CONSOLE_ACTING_ADDRESSES", "192.0.2.7", "needs console_addresses as well"),
        ("TRACTION_CONSOLE_ACTING_ADDRESSES", "desk.example", "desk.example is not an IP address"),
        ("TRACTION_CONSOLE_ACTING_ADDRESSES", "::", ":: is not the address of one machine"),
        ("TRACTION_STATION_CERTIFICATE", "here.pem", "not an absolute path"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    data: RecordFolder,
    begun: list[StationPlan],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    words: str,
) -> None:
    add(data, "Table 1", "address=modbus-tcp://host:5020?unit=1")
    monkeypatch.setenv(name, value)
    with pytest.raises(RequestRefused, match=words):
        said(data, "station")
    assert begun == []


@pytest.fixture
def certificate(
    data: RecordFolder, begun: list[StationPlan], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """The path of the setting; a table is on file, and console and door are reached by others."""
    add(data, "Table 1", "address=modbus-tcp://host:5020?unit=1")
    monkeypatch.setenv("TRACTION_STATION_CERTIFICATE", str(tmp_path / "c.pem"))
    monkeypatch.setenv("TRACTION_CONSOLE_ADDRESSES", "Desk.Example")
    monkeypatch.setenv("TRACTION_STOP_ADDRESSES", "desk.example 2001:DB8::0:1")
    return tmp_path / "c.pem"


def test_other_addresses_come_with_their_certificate(
    data: RecordFolder, begun: list[StationPlan], certificate: Path
) -> None:
    made_certificate(certificate, ["desk.example", "2001:db8::1"])
    result = run(data, "station")
    assert result.stderr == ""
    assert "console at https://desk.example:8720/ for other machines" in result.stdout
    assert "stop door at https://desk.example:8721/ for other machines" in result.stdout
    assert "stop door at https://[2001:db8::1]:8721/ for other machines" in result.stdout
    assert begun[0].console_addresses == ("desk.example",)
    assert begun[0].stop_addresses == ("desk.example", "2001:db8::1")
    assert begun[0].door_hosts == ("desk.example", "2001:db8::1")
    assert begun[0].certificate == str(certificate)


def test_what_browsers_of_other_machines_will_see_is_said_at_the_start(
    data: RecordFolder, begun: list[StationPlan], certificate: Path
) -> None:
    made_certificate(certificate, ["desk.example"], ends=BEGINS + timedelta(days=1))
    result = run(data, "station")
    assert "certificate is not for 2001:db8::1 but for desk.example" in result.stderr
    assert "certificate ended on 2020-01-02" in result.stderr
    assert "for desk.example but" not in result.stderr
    assert len(begun) == 1


def without_a_key(file: Path) -> None:
    file.write_bytes(made_certificate(file, ["desk.example"]).pem)


def without_a_certificate(file: Path) -> None:
    file.write_bytes(key_pem(made_certificate(file, ["desk.example"]).key))


def with_the_key_of_another(file: Path) -> None:
    made, other = (made_certificate(file, ["desk.example"]) for _ in range(2))
    file.write_bytes(made.pem + key_pem(other.key))


def with_a_password(file: Path) -> None:
    made = made_certificate(file, ["desk.example"])
    file.write_bytes(made.pem + key_pem(made.key, "secret"))


def damaged(file: Path) -> None:
    made = made_certificate(file, ["desk.example"])
    file.write_bytes(made.pem.replace(b"\n", b"\nAAAA", 3) + key_pem(made.key))


def a_folder(file: Path) -> None:
    file.mkdir()


def nothing(file: Path) -> None:
    assert not file.exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, "No such file or directory"),
        (a_folder, r"c\.pem is a folder, not a file|Permission denied"),
        (without_a_key, "there is no key in it"),
        (without_a_certificate, "there is no certificate in it"),
        (with_the_key_of_another, "its key is not the key of its certificate"),
        (with_a_password, "its key has a password"),
        (damaged, "certificate or key in it is damaged"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_refused(
    data: RecordFolder,
    begun: list[StationPlan],
    certificate: Path,
    make: Callable[[Path], None],
    words: str,
) -> None:
    make(certificate)
    with pytest.raises(RequestRefused, match=rf"station_certificate=.*cannot be used: ({words})"):
        said(data, "station")
    assert begun == []

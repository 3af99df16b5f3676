"""``traction station`` reads what its parent needs, and refuses what must not be started."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from records.store.record_folder import RecordFolder
from tests.support.commands import run, said
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
        ("TRACTION_STOP_PORT", "8720", "the stop needs a port of its own"),
        ("TRACTION_STOP_PORT", "0", "greater than or equal to 1"),
        ("TRACTION_CONSOLE_PORT", "70000", "less than or equal to 65535"),
        ("TRACTION_STOP_ADDRESSES", "desk.example", "needs station_certificate as well"),
        ("TRACTION_STATION_CERTIFICATE", "here.pem", "not a whole path"),
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


def test_other_addresses_come_with_their_certificate(
    data: RecordFolder, begun: list[StationPlan], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add(data, "Table 1", "address=modbus-tcp://host:5020?unit=1")
    monkeypatch.setenv("TRACTION_STATION_CERTIFICATE", str(tmp_path / "c.pem"))
    monkeypatch.setenv("TRACTION_STOP_ADDRESSES", "desk.example 192.0.2.1")
    said(data, "station")
    assert begun[0].stop_addresses == ("desk.example", "192.0.2.1")
    assert begun[0].certificate == str(tmp_path / "c.pem")

"""``traction probe``, ``commission``, ``commissionings``, ``stop-test`` as somebody types them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from controller.runtime.clock import VirtualClock
from firmware_bridge.line.capture import read_capture
from records.clinic.commissionings import DAY_MS, commissionings
from records.store.record_folder import RecordFolder
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.transmitters import SimulatedDinRailScale, SimulatedLaumas
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.table.patient import StopsDuring
from tests.support.commissionings import filed, passed_record
from tests.support.json_schemas import check_shape
from tests.support.sessions import fixed_key, staged
from tests.unit.workstation.conftest import Traction
from workstation.session.commissioned import instrument_as_commissioned

SERIAL = ("--serial", "TLB 4711")
LOAD = ("--weight", "5.00 kg", "--by", "A. Example", "--capacity", "1000 N")


@dataclass
class Person:
    """Sits at the terminal: hangs the weight at Enter and lifts it off 12 s later."""

    clock: VirtualClock
    types: str = ""
    hung_at_s: float = float("inf")

    def read_line(self) -> str:
        self.hung_at_s = self.clock.now_s()
        return self.types

    def force_n(self, now_s: float) -> float:
        return 49.03 if 0.0 <= now_s - self.hung_at_s < 12.0 else 0.0


class Desk:
    """An instrument on a socket, in the time of the program under test, and who sits there."""

    def __init__(self, path: Path, clock: VirtualClock) -> None:
        self.clock, self.data = clock, path / "data"
        self.person = Person(clock)
        self.instrument = SimulatedLaumas(HangingCell(self.person.force_n))
        self.address = ""

    @property
    def folder(self) -> RecordFolder:
        return RecordFolder(self.data)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    clock = VirtualClock()
    for place in ("controller.runtime.clock", "workstation.author_now"):
        monkeypatch.setattr(f"{place}.SystemClock", lambda: clock)
    return clock


@pytest.fixture
def desk(tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk(tmp_path, clock)
    monkeypatch.setenv("TRACTION_DATA", str(desk.data))
    place = "workstation.terminal.typed_lines.typed_lines"
    monkeypatch.setattr(place, lambda stream: desk.person)
    with SimulatedUnit(desk.instrument, VirtualDeviceTime(clock)) as server:
        server.serve_tcp()
        desk.address = server.uri
        yield desk


def test_a_probe_says_who_is_there_what_it_measured_and_that_nothing_is_on_file(
    traction: Traction, desk: Desk
) -> None:
    status, printed = traction("probe", desk.address, *SERIAL)
    assert status == 0, printed
    for words in (
        "laumas_tlb: fits",
        "din_rail_scale: does not fit:",
        "unit: passed (kgf, compared with every sample)",
        "N in 60 s)",
        "ms (99.9 %)",
        f"{desk.address} as laumas_tlb: no fault found",
        "commissioning: no weight test on record",
    ):
        assert words in printed
    assert not desk.data.exists()


def test_a_probe_that_finds_something_ends_with_3_and_says_what_to_do(
    traction: Traction, desk: Desk
) -> None:
    desk.instrument.cell.opened = True
    status, printed = traction("probe", desk.address, "--profile", "laumas_tlb")
    assert status == 3
    assert "cell: failed (instrument laumas_tlb: the cell is not connected" in printed
    assert "give the number on the plate with --serial" in printed


def test_a_probe_as_json_has_every_number(traction: Traction, desk: Desk) -> None:
    status, printed = traction("probe", desk.address, "--profile", "laumas_tlb", "--json")
    assert status == 0
    facts, _ = json.JSONDecoder().raw_decode(printed)
    assert check_shape(facts) == "probe"
    assert facts["profile"] == "laumas_tlb"
    assert facts["answers"]["trips"] > 500
    assert facts["channels"][0]["noise_n"] == pytest.approx(0.05, abs=0.02)
    assert {item["item"] for item in facts["items"]} >= {"word_order", "drift", "answers"}
    assert facts["commissioning"] is None


def test_every_byte_of_a_probe_is_in_its_capture(
    traction: Traction, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "probe.txt"
    assert traction("probe", desk.address, "--capture", str(file))[0] == 0
    head, lumps = read_capture(file)
    assert head.profile_digest == "0" * 64
    assert len(list(lumps)) > 1000
    status, printed = traction("replay", str(file))
    assert status == 0
    assert "function 3, read 0x0006, 9 registers" in printed
    assert traction("probe", desk.address, "--capture", str(file))[0] == 2


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("probe", "modbus-rtu:///dev/ttyNONE?unit=248"), 2, "unit=248"),
        (("probe", "modbus-rtu:///dev/ttyNONE?unit=1"), 3, "/dev/ttyNONE"),
        (("probe", "ascii:///dev/ttyNONE", "--profile", "laumas_tlb"), 2, "is a transmitter"),
        (("probe", "ascii:///dev/ttyNONE", "--profile", "nobody"), 2, "is not known"),
        (("probe", "modbus-tcp://127.0.0.1:1"), 3, "the connection was refused"),
        (("stop-test", "no-such", "--by", "A. Example"), 2, "is not on file"),
    ],
)
def test_what_cannot_be_done_is_said(
    traction: Traction, desk: Desk, words: tuple[str, ...], status: int, told: str
) -> None:
    ended, printed = traction(*words)
    assert (ended, told in printed) == (status, True), printed


def test_a_commissioning_is_filed_and_listed_until_it_runs_out(
    traction: Traction, desk: Desk
) -> None:
    status, printed = traction("commission", desk.address, *LOAD, *SERIAL)
    assert status == 0, printed
    assert "Hang 5.000 kg on the cell" in printed
    assert "weight: passed (5.000 kg is 49.0 N, within 1.0 N; 49.0 N)" in printed
    assert "by A. Example, valid for 30 days more" in printed
    status, printed = traction("commissionings")
    assert status == 0
    assert "Laumas TLB family of weight transmitters, serial TLB 4711: weight test of" in printed
    desk.clock.sleep_until(desk.clock.now_s() + 31 * DAY_MS / 1000)
    listed = json.loads(traction("commissionings", "--json")[1])
    assert check_shape(listed) == "commissionings"
    (facts,) = listed["commissionings"]
    assert (facts["valid"], facts["days_left"], facts["weight_g"]) == (False, 0, 5_000)
    assert "ran out 1 day ago" in facts["text"]
    assert traction("verify", "--all")[0] == 0


def test_a_commissioning_leads_with_the_clinic_s_unit_and_files_newtons(
    traction: Traction, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_FORCE_UNIT", "lbf")
    printed = traction("probe", desk.address, *SERIAL)[1]
    assert re.search(r"zero: passed \(0\.0 lbf \([-+.\d]+ N\)\)", printed), printed
    printed = traction("commission", desk.address, *LOAD, *SERIAL)[1]
    weight = "5.000 kg is 11.0 lbf (49.0 N), within 0.2 lbf (1.0 N); 11.0 lbf (49.0 N)"
    assert f"weight: passed ({weight})" in printed
    (kept,) = json.loads(traction("commissionings", "--json")[1])["commissionings"]
    (item,) = (each for each in kept["items"] if each["item"] == "weight")
    assert item["value"] == "5.000 kg is 49.0 N, within 1.0 N; 49.0 N"


def test_a_commissioning_as_json_holds_what_was_filed(traction: Traction, desk: Desk) -> None:
    status, printed = traction("commission", desk.address, *LOAD, *SERIAL, "--json")
    assert status == 0, printed
    facts, _ = json.JSONDecoder().raw_decode(printed[printed.index("{") :])
    assert check_shape(facts) == "commission"
    assert facts["filed"]["serial"] == "TLB 4711"


def test_whoever_types_q_files_nothing(traction: Traction, desk: Desk) -> None:
    desk.person.types = "q"
    status, printed = traction("commission", desk.address, *LOAD, *SERIAL)
    assert status == 2
    assert "given up at the terminal; nothing was filed" in printed
    assert commissionings(desk.folder) == []


def test_where_nobody_sits_nobody_is_told_to_hang_a_weight(
    traction: Traction, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workstation.terminal.typed_lines.typed_lines", lambda stream: None)
    status, printed = traction("commission", desk.address, *LOAD, *SERIAL)
    assert status == 2
    assert "a weight test needs a person who hangs the weight" in printed
    assert not desk.data.exists()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--weight", "4.4 kg", "is below 4.5 kg"),
        ("--weight", "5", "the unit is missing"),
        ("--weight", "49 N", "a unit that is not known, 'N'; write \"49 kg\""),
        ("--by", "two\nlines", "--by"),
        ("--by", "", "--by is empty"),
        ("--capacity", "40 N", "above the cell's capacity of 40 N"),
    ],
)
def test_what_no_weight_test_could_use_is_refused_first(
    traction: Traction, desk: Desk, option: str, value: str, told: str
) -> None:
    load = [*LOAD]
    load[load.index(option) + 1] = value
    status, printed = traction("commission", desk.address, *load, *SERIAL)
    assert (status, told in printed) == (2, True), printed


def test_a_profile_that_was_changed_since_is_told_by_the_list(
    traction: Traction, desk: Desk
) -> None:
    assert "no commissioning is on file" in traction("commissionings")[1]
    thing = replace(instrument_as_commissioned("laumas_tlb", "0" * 64, "TLB 4711"))
    key = fixed_key(desk.folder)
    filed(desk.folder, key, passed_record(thing), at_utc_ms=desk.clock.utc_ms())
    assert "was done with another version of its profile" in traction("commissionings")[1]


def test_a_second_family_at_one_address_does_not_fit(
    traction: Traction, tmp_path: Path, clock: VirtualClock
) -> None:
    """The DIN-rail type has no register 6, so that it never reads as one of the Laumas family."""
    scale = SimulatedDinRailScale(HangingCell(lambda _: 0.0))
    with (
        SimulatedUnit(scale, VirtualDeviceTime(clock)) as server,
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr("controller.runtime.clock.SystemClock", lambda: clock)
        server.serve_tcp()
        words = ("--profile", "laumas_tlb", "--data", str(tmp_path))
        status, printed = traction("probe", server.uri, *words)
    assert status == 3
    assert "it is another family of instruments" in printed


def test_a_stop_test_is_filed_from_a_session_on_the_frame_in_the_clinic_s_unit(
    traction: Traction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_FORCE_UNIT", "lbf")
    folder = RecordFolder(tmp_path / "data")
    with staged(folder, body="test_fixture", patient=StopsDuring(1, 5.0)) as stage:
        order = (
            'region = "lumbar"\nmode = "static"\nhold_force = "150 N"\ntreatment_time = "1 min"\n'
        )
        stage.treat(order)
    words = ("stop-test", "session-1", "--by", "A. Example", "--data", str(folder))
    status, printed = traction(*words)
    assert status == 0, printed
    told = (
        r"\d+ ms from 3\d\.\d lbf \(1\d\d\.\d N\) to 3\.4 lbf \(15 N\), at most 4000 ms; "
        "no test before it at this force; passed"
    )
    assert re.search(told, printed), printed
    assert "is on file already" in traction(*words)[1]

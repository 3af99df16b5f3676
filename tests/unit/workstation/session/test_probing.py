"""Probes and commissionings from the address to the file: each instrument, a unit, what is off."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from controller.errors import (
    AddressInvalid,
    ReplyTimeout,
    RequestRefused,
    UnitBusy,
    UnitNotVerified,
)
from controller.runtime.clock import VirtualClock
from controller.start.self_check import CheckItem, CheckState
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.clinic.commissionings import commissionings
from records.store.author import Author
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock, holding
from simulator.device.firmware import ReferenceFirmware
from simulator.instruments.gauges import SimulatedImadaDst, SimulatedMark10
from simulator.instruments.hanging_cell import HangingCell
from simulator.instruments.transmitters import SimulatedLaumas, SimulatedTransmitter
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.line.text_server import TextServer
from simulator.table.patient import PassivePatient
from simulator.units import virtual_unit
from tests.support.sessions import SETTINGS, fixed_key
from tests.support.simulated_instruments import (
    SHIPPED_INSTRUMENTS,
    Instrument,
    instrument_profile,
    own_requests,
    simulated,
)
from workstation.session.commissioned import instrument_id
from workstation.session.probing import Asked, Commissioned, commission, probe
from workstation.session.workplace import Workplace

FIVE_KG_N = 5.0 * 9.80665
SERIAL = "TLB 4711"


@dataclass
class Hook:
    """What hangs on the cell: a person hangs it when asked, and lifts it off 2 s after being told.

    Implements ``Guide``. ``lifts`` is False for somebody who does not; ``hung_n`` is what hangs.
    """

    clock: VirtualClock
    hung_n: float = FIVE_KG_N
    lifts: bool = True
    gives_up: bool = False
    fall_s: float = 0.2
    hangs: bool = False
    lifted_at_s: float = float("inf")
    heard: list[str] = field(default_factory=list)

    def force_n(self, now_s: float) -> float:
        if not self.hangs:
            return 0.0
        gone = min(1.0, max(0.0, (now_s - self.lifted_at_s) / self.fall_s))
        return self.hung_n * (1.0 - gone)

    def ask(self, text: str) -> None:
        self.heard.append(text)
        if self.gives_up:
            raise RequestRefused("given up")
        self.hangs = True

    def tell(self, text: str) -> None:
        self.heard.append(text)
        if self.lifts:
            self.lifted_at_s = self.clock.now_s() + 2.0


class Bench:
    """An instrument on a real line, a hook on its cell, and a folder for what is filed."""

    def __init__(self, path: Path, name: str, **hook: Any) -> None:
        self.name = name
        self.clock = VirtualClock()
        self.hook = Hook(self.clock, **hook)
        self.cell = HangingCell(self.hook.force_n)
        self.instrument: Instrument = simulated(name, self.cell)
        self.folder = RecordFolder(path / "data")
        self.said: list[str] = []
        self.capacity_n: float | None = 1000.0

    @property
    def workplace(self) -> Workplace:
        return Workplace(
            folder=self.folder, settings=SETTINGS, clock=self.clock, warn=self.said.append
        )

    def served(self, stack: ExitStack) -> str:
        profile, _ = instrument_profile(self.name)
        time = VirtualDeviceTime(self.clock)
        if isinstance(self.instrument, SimulatedTransmitter):
            unit = stack.enter_context(SimulatedUnit(self.instrument, time))
            unit.serve_tcp()
            return unit.uri
        text = TextServer(self.instrument, time, baudrate=profile.serial.baudrate)
        return stack.enter_context(text.serve_tcp()).uri

    def commission(self, *, profile: str | None = None, serial: str = SERIAL) -> Commissioned:
        author = Author(
            by="A. Example",
            user="tester",
            at_utc_ms=self.clock.utc_ms(),
            key=fixed_key(self.folder),
        )
        with ExitStack() as stack:
            address = self.served(stack)
            named = self.name if profile is None else profile
            return commission(
                Asked(address=address, profile=named, serial=serial),
                self.workplace,
                self.hook,
                author,
                weight_kg=5.0,
                capacity_n=self.capacity_n,
            )


def failed(done: Commissioned) -> list[CheckItem]:
    return [item for item in done.items if item.state is CheckState.FAILED]


@pytest.mark.parametrize("name", SHIPPED_INSTRUMENTS)
def test_each_instrument_is_commissioned_by_a_weight_that_is_hung_and_lifted_off(
    tmp_path: Path, name: str
) -> None:
    bench = Bench(tmp_path, name)
    done = bench.commission()
    assert done.passed, [item.text for item in failed(done)]
    assert done.standing is not None
    assert done.standing.text == (
        f"weight test of {SETTINGS.day_at(bench.clock.utc_ms())} by A. Example, "
        "valid for 30 days more"
    )
    record = done.record
    assert record is not None
    assert record.channels[0].weight_mn == pytest.approx(49_033, abs=150)
    assert record.step_ms == pytest.approx(160, abs=200)
    assert record.line.answers >= 1000
    assert record.line.slowest_us is not None
    if isinstance(bench.instrument, SimulatedTransmitter):
        assert bench.instrument.writes == 0
    else:
        profile, _ = instrument_profile(name)
        assert set(bench.instrument.heard) == own_requests(profile, bench.instrument)


@pytest.mark.parametrize(
    ("name", "shown"), [("laumas_tlb", {"word_order", "noise"}), ("sauter_fh", {"unit", "noise"})]
)
def test_what_no_wire_tells_is_shown_by_the_weight_and_only_then(
    tmp_path: Path, name: str, shown: set[str]
) -> None:
    for number, hook in enumerate(({}, {"hung_n": 61.0})):
        bench = Bench(tmp_path / str(number), name, **hook)
        bench.cell._noise_n = 0.0  # noqa: SLF001 - a display that stands still at 0
        items = {item.name: item for item in bench.commission().items}
        state = CheckState.NOT_COVERED if hook else CheckState.PASSED
        assert {items[one].state for one in shown} == {state}
        assert items["instrument"].state is CheckState.NOT_COVERED


def test_what_is_filed_is_chained_signed_named_and_verified(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "laumas_tlb")
    bench.commission()
    (filed,) = commissionings(bench.folder)
    assert (filed.by, filed.record.serial) == ("A. Example", SERIAL)
    assert filed.record.tested.unit_id == instrument_id("laumas_tlb", SERIAL)
    found = verify_clinic(bench.folder)
    assert (found.alterations, found.entries) == ((), 2)
    assert accesses(bench.folder) == []


def test_no_number_of_it_is_a_binary_fraction(tmp_path: Path) -> None:
    import sqlite3

    bench = Bench(tmp_path, "laumas_tlb")
    bench.commission()
    db = sqlite3.connect(bench.folder.clinic_database)
    ((detail,),) = db.execute("SELECT detail FROM entry WHERE kind = 50").fetchall()
    db.close()

    def no_float(text: str) -> float:
        raise AssertionError(text)

    assert json.loads(detail, parse_float=no_float)["passed"] is True


def _inverted(bench: Bench) -> None:
    bench.cell.inverted = True


def _kilograms(bench: Bench) -> None:
    """A gauge whose line has no unit is set to kg."""
    force_n = bench.hook.force_n
    bench.cell._force_at = lambda now_s: force_n(now_s) / 9.80665  # noqa: SLF001 - its display


def _point(bench: Bench) -> None:
    force_n = bench.hook.force_n
    bench.cell._force_at = lambda now_s: 10 * force_n(now_s)  # noqa: SLF001 - its display


def _omits_sign(bench: Bench) -> None:
    """The menu leaves the sign out: a pull, which is negative on this gauge, reads as a push."""
    assert isinstance(bench.instrument, SimulatedMark10)
    bench.instrument.omits_sign = True


def _overloads_as_0(bench: Bench) -> None:
    bench.cell._force_at = lambda _: 0.0  # noqa: SLF001 - what it would send


def _overloads(bench: Bench) -> None:
    force_n = bench.hook.force_n

    def force_at(now_s: float) -> float:
        bench.cell.overloaded = force_n(now_s) > 20.0
        return force_n(now_s)

    bench.cell._force_at = force_at  # noqa: SLF001 - a cell that is too small


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("imada_dst", _inverted, "its sign is inverted"),
        ("mark10_series5", _omits_sign, "its sign is inverted"),
        ("sauter_fh", _kilograms, "shows kg where its profile reads N"),
        ("dini_argeo_dgt", _point, "the decimal point stands 1 too far right"),
        ("flintec_dad141", _overloads_as_0, "an overload sent as 0"),
        ("laumas_tlb", _overloads, "overload; take the load off"),
    ],
)
def test_what_only_a_weight_shows_is_diagnosed_filed_as_failed_and_not_valid(
    tmp_path: Path, name: str, wrong: Callable[[Bench], None], words: str
) -> None:
    bench = Bench(tmp_path, name)
    wrong(bench)
    done = bench.commission()
    (weight,) = failed(done)
    assert weight.name == "weight"
    assert words in weight.text
    assert done.standing is not None
    assert not done.standing.valid
    assert commissionings(bench.folder)[0].record.passed is False


class SwappedLaumas(SimulatedLaumas):
    """Sends the low word first."""

    def image(self, now_s: float) -> dict[int, int]:
        image = super().image(now_s)
        for high in (7, 9):
            image[high], image[high + 1] = image[high + 1], image[high]
        return image


def test_swapped_words_are_told_by_a_weight_that_is_out_of_every_range(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "laumas_tlb")
    bench.cell._noise_n = 0.0  # noqa: SLF001 - a free cell that reads 0 either way
    bench.instrument = SwappedLaumas(bench.cell)
    (weight,) = failed(bench.commission())
    assert weight.name == "weight"
    assert "the words are swapped" in weight.todo


def test_another_weight_than_was_said_is_no_gain_of_the_instrument(tmp_path: Path) -> None:
    (weight,) = failed(Bench(tmp_path, "imada_dst", hung_n=61.0).commission())
    assert "neither unit nor decimals explain it" in weight.todo


def test_a_weight_that_is_never_lifted_off_and_one_that_is_let_down_slowly(tmp_path: Path) -> None:
    (step,) = failed(Bench(tmp_path / "1", "imada_dst", lifts=False).commission())
    assert (step.name, step.value) == ("step", "the weight still hangs after 60 s")
    (step,) = failed(Bench(tmp_path / "2", "imada_dst", fall_s=3.0).commission())
    assert step.name == "step"
    assert "or a sudden release would look slow" in step.todo


def test_whoever_gives_up_has_filed_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "imada_dst", gives_up=True)
    with pytest.raises(RequestRefused, match="given up"):
        bench.commission()
    assert commissionings(bench.folder) == []


def test_a_probe_that_fails_asks_nobody_to_hang_anything(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "imada_dst")
    assert isinstance(bench.instrument, SimulatedImadaDst)
    bench.instrument.mode = "P"
    done = bench.commission()
    assert not done.passed
    assert done.record is None
    assert bench.hook.heard == []
    assert commissionings(bench.folder) == []


def test_what_nobody_can_know_of_an_instrument_has_to_be_said(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="number on its plate with --serial"):
        Bench(tmp_path / "1", "imada_dst").commission(serial="")
    bench = Bench(tmp_path / "2", "imada_dst")
    bench.capacity_n = None
    with pytest.raises(RequestRefused, match="--capacity"):
        bench.commission()
    bench = Bench(tmp_path / "3", "imada_dst")
    bench.capacity_n = 30.0
    with pytest.raises(RequestRefused, match="above the cell's capacity of 30 N"):
        bench.commission()


def test_without_a_name_the_only_one_that_fits_is_commissioned(tmp_path: Path) -> None:
    done = Bench(tmp_path, "din_rail_scale").commission(profile="")
    assert done.passed
    assert done.probe.profile.name == "din_rail_scale"


# --- probes -----------------------------------------------------------------------------------


def probed_at(bench: Bench, address: str) -> str:
    """Why a probe is refused."""
    with pytest.raises((UnitNotVerified, ReplyTimeout, AddressInvalid, UnitBusy)) as told:
        probe(Asked(address=address), bench.workplace)
    return told.value.message


def test_a_probe_writes_nothing_to_the_disk(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "laumas_tlb")
    with ExitStack() as stack:
        result = probe(Asked(address=bench.served(stack), serial=SERIAL), bench.workplace)
    assert result.probed.good
    assert result.known is not None
    assert result.known.standing.text == "no weight test on record"
    assert not bench.folder.path.exists()


def test_a_probe_compares_the_zero_with_the_one_that_was_filed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "din_rail_scale")
    bench.cell._force_at = lambda now_s: 2.5 + bench.hook.force_n(now_s)  # noqa: SLF001 - a hook
    assert bench.commission().passed
    bench.hook.hangs = False
    bench.cell._force_at = lambda _: 5.0  # noqa: SLF001 - it has moved by 2.5 N since
    with ExitStack() as stack:
        address = bench.served(stack)
        known = probe(Asked(address=address, serial=SERIAL), bench.workplace)
        other = probe(Asked(address=address, serial="another"), bench.workplace)
    assert known.probed.good
    assert not other.probed.good


def test_nobody_there_another_device_and_two_that_fit_have_their_own_words(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "sauter_fh")
    with ExitStack() as stack:
        address = bench.served(stack)
        profiles = bench.folder.path / "profiles"
        profiles.mkdir(parents=True)
        text = Path("firmware_bridge/device_profiles/sauter_fh.toml").read_text(encoding="utf-8")
        twin = text.replace('name = "sauter_fh"', 'name = "twin"')
        (profiles / "twin.toml").write_text(twin, encoding="utf-8")
        assert "reads well as each of sauter_fh, twin" in probed_at(bench, address)
        bench.instrument.powered = False
        assert "nothing answers at" in probed_at(bench, address)
    bench = Bench(tmp_path / "other", "laumas_tlb")
    assert isinstance(bench.instrument, SimulatedLaumas)
    bench.instrument.unit_code = 9
    with ExitStack() as stack:
        assert "fits none of the known profiles" in probed_at(bench, bench.served(stack))


# --- the simulated unit, with a weight that hangs on its cells --------------------------------


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, "laumas_tlb")


def commissioned_unit(bench: Bench, wrong: Callable[[ReferenceFirmware], None]) -> Commissioned:
    with virtual_unit(bench.clock, "lumbar_split", PassivePatient(), seed=1) as unit:
        unit.serve_tcp()
        firmware = unit.firmware
        assert isinstance(firmware, ReferenceFirmware)
        wrong(firmware)
        hook = HookOnUnit(bench.clock, firmware)
        author = Author(
            by="A. Example",
            user="tester",
            at_utc_ms=bench.clock.utc_ms(),
            key=fixed_key(bench.folder),
        )
        return commission(
            Asked(address=unit.uri),
            bench.workplace,
            hook,
            author,
            weight_kg=5.0,
            capacity_n=None,
        )


def test_both_channels_read_the_weight(bench: Bench) -> None:
    done = commissioned_unit(bench, lambda firmware: None)
    assert done.passed, [item.text for item in failed(done)]
    assert done.record is not None
    weights = [channel.weight_mn for channel in done.record.channels]
    assert weights == [pytest.approx(49_033, abs=200)] * 2
    assert done.record.tested.firmware_crc


def test_a_gain_that_is_wrong_on_the_second_channel_alone_is_found(bench: Bench) -> None:
    def wrong(firmware: ReferenceFirmware) -> None:
        assert firmware.second_cell is not None
        firmware.second_cell.gain(1.1)

    (weight,) = failed(commissioned_unit(bench, wrong))
    assert weight.name == "weight"
    assert weight.todo.endswith("on channel 2")


def test_a_gain_that_is_wrong_on_both_alike_is_what_only_this_finds(bench: Bench) -> None:
    def wrong(firmware: ReferenceFirmware) -> None:
        assert firmware.second_cell is not None
        firmware.cell.gain(1.3)
        firmware.second_cell.gain(1.3)

    (weight,) = failed(commissioned_unit(bench, wrong))
    assert "neither unit nor decimals explain it" in weight.todo


def test_while_a_session_is_open_nobody_probes(bench: Bench) -> None:
    with virtual_unit(bench.clock, "lumbar_split", PassivePatient(), seed=1) as unit:
        unit.serve_tcp()
        database = bench.folder.unit_database("5452433100004e6d")
        with holding(UnitLock(database)):
            assert "a session is open on this workstation" in probed_at(bench, unit.uri)


class HookOnUnit(Hook):
    """Hangs its weight on the cells of a simulated unit."""

    def __init__(self, clock: VirtualClock, firmware: ReferenceFirmware) -> None:
        super().__init__(clock)
        self._plant = firmware.plant

    def ask(self, text: str) -> None:
        super().ask(text)
        self._plant.hung_n = self.hung_n

    def tell(self, text: str) -> None:
        """Lifted at once: the plant has no time of its own for it."""
        super().tell(text)
        self._plant.hung_n = 0.0

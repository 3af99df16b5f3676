"""Every injected fault proves that it took effect (fault-script.md)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from simulator.device.firmware import ReferenceFirmware
from simulator.device.regulator import ForceRegulator
from simulator.line.line_faults import LineFaults
from simulator.map_v1 import MEASUREMENT, EventCode
from simulator.table.bodies import CERVICAL_SLIDING
from simulator.table.inputs import SwitchOnPlug
from simulator.table.load_cell import LoadCell
from simulator.table.plant import TractionPlant

ANSWER = bytes([1, 3, 2, 0, 7, 0x11, 0x22])


def read(cell: LoadCell, force_n: float = 100.0, count: int = 50) -> list[int]:
    return [cell.read(force_n, 0.01) for _ in range(count)]


@pytest.mark.parametrize(
    ("inject", "low", "high"),
    [
        (lambda cell: None, 980, 1020),
        (lambda cell: cell.gain(1.3), 1280, 1320),
        (lambda cell: cell.invert(), -1020, -980),
        (lambda cell: cell.saturate(), 32000, 32000),
        (lambda cell: cell.open(), -3000, -3000),
        (lambda cell: cell.drift(6000.0), 1000, 1520),
    ],
)
def test_a_faulty_load_cell_reads_within_its_bounds(
    inject: Callable[[LoadCell], None], low: int, high: int
) -> None:
    cell = LoadCell(Random(1))
    inject(cell)
    values = read(cell)
    assert low <= min(values)
    assert max(values) <= high


def test_a_stuck_cell_repeats_its_last_value() -> None:
    cell = LoadCell(Random(1))
    before = read(cell)[-1]
    cell.stick()
    assert set(read(cell, 300.0)) == {before}


def test_a_tap_of_30_ms_is_a_press_and_ends_by_itself() -> None:
    switch = SwitchOnPlug()
    switch.tap(0.03)
    events = [switch.sample(n * 0.01) for n in range(10)]
    assert [event for event in events if event] == [
        EventCode.SWITCH_PRESSED,
        EventCode.SWITCH_RELEASED,
    ]


def test_a_stuck_switch_stays_closed_and_a_dead_one_never_closes() -> None:
    stuck, dead = SwitchOnPlug(), SwitchOnPlug()
    stuck.stick()
    dead.dead()
    dead.press()
    dead.tap(0.05)
    for n in range(300):
        stuck.sample(n * 0.01)
        dead.sample(n * 0.01)
    assert (stuck.pressed, dead.pressed) == (True, False)


def taut_plant() -> TractionPlant:
    plant = TractionPlant(CERVICAL_SLIDING, Random(1))
    plant.clutch_closed = True
    plant.advance(500, 20.0)
    plant.advance(500, 0.0)
    assert plant.cord_force_n > 20.0
    return plant


def test_cord_and_body() -> None:
    injections: tuple[Callable[[TractionPlant], None], ...] = (
        lambda plant: plant.cord.snap(),
        lambda plant: plant.cord.slack(30.0),
        lambda plant: plant.body.slip(30.0),
        lambda plant: plant.body.slip(30.0, 0.5),
    )
    for inject in injections:
        plant = taut_plant()
        inject(plant)
        plant.advance(500, 0.0)
        assert plant.cord_force_n == 0.0
    plant = taut_plant()
    before_n = plant.cord_force_n
    plant.body.slip(1.0, 1.0)
    plant.advance(250, 0.0)
    halfway_n = plant.cord_force_n
    plant.advance(1000, 0.0)
    assert before_n > halfway_n > plant.cord_force_n > 0.0


def test_a_stiffer_body_answers_the_same_stretch_with_more_force() -> None:
    soft, stiff = taut_plant(), taut_plant()
    stiff.body.stiffness(20.0)
    soft.advance(250, 0.0)
    stiff.advance(250, 0.0)
    assert stiff.cord_force_n > 1.5 * soft.cord_force_n


def test_a_stroke_limit_stops_the_winch_there() -> None:
    plant = taut_plant()
    at_mm = plant.position_mm
    plant.stroke.limit(2.0)
    plant.advance(2000, 20.0)
    assert plant.position_mm == pytest.approx(at_mm + 2.0)


def test_a_gain_factor_makes_the_regulator_faster() -> None:
    normal, hot = ForceRegulator(4.62), ForceRegulator(4.62)
    hot.gain_factor = 5.0
    for loop in (normal, hot):
        loop.hold(100.0)
    assert hot.step(95.0, 10.0, 10.0) == pytest.approx(5 * normal.step(95.0, 10.0, 10.0))


@pytest.mark.parametrize(
    ("inject", "arrives"),
    [
        (lambda f: None, ANSWER),
        (lambda f: f.drop(), b""),
        (lambda f: f.drop(until_s=5.0), b""),
        (lambda f: f.loss(1.0, Random(1)), b""),
        (lambda f: f.loss(0.0, Random(1)), ANSWER),
        (lambda f: f.crc(1.0, Random(1)), ANSWER[:-1] + b"\x23"),
        (lambda f: f.garble(), bytes(byte ^ 0x5A for byte in ANSWER)),
    ],
)
def test_line(inject: Callable[[LineFaults], None], arrives: bytes) -> None:
    faults = LineFaults()
    inject(faults)
    assert faults.spoil(ANSWER, 4.0) == (0.0, arrives)
    assert faults.done == (arrives != ANSWER)


def test_line_delays_swaps_and_comes_back() -> None:
    faults = LineFaults()
    faults.delay(0.02)
    assert faults.spoil(ANSWER, 0.0) == (0.02, ANSWER)
    assert faults.done == 1
    swapping = LineFaults()
    swapping.swap_answers()
    second = bytes(reversed(ANSWER))
    assert [swapping.spoil(a, 0.0)[1] for a in (ANSWER, second, ANSWER)] == [ANSWER, ANSWER, second]
    dropping = LineFaults()
    dropping.drop(until_s=5.0)
    assert dropping.spoil(ANSWER, 5.0) == (0.0, ANSWER)
    assert dropping.spoil(b"", 1.0) == (0.0, b"")


def test_power_lost_and_restored() -> None:
    firmware = ReferenceFirmware(TractionPlant(CERVICAL_SLIDING, Random(1)), random=Random(1))
    firmware.advance_to(10.0)
    firmware.plant.clutch_closed = True
    firmware.cut_power()
    firmware.advance_to(11.0)
    assert (firmware.powered, firmware.plant.clutch_closed) == (False, False)
    firmware.restore_power(12.0)
    firmware.advance_to(12.5)
    assert firmware.powered
    assert (firmware.unit.boot_count, firmware.token) == (2, 0)
    assert firmware.uptime_s == pytest.approx(0.5, abs=0.02)


def test_a_blind_unit_and_a_panel() -> None:
    firmware = ReferenceFirmware(TractionPlant(CERVICAL_SLIDING, Random(1)), random=Random(1))
    firmware.machine.set_at_panel(40.0, announced=True)
    assert firmware.read_registers(MEASUREMENT, 20)[3] & 1 << 13
    firmware.machine.set_at_panel(40.0, announced=False)
    assert not firmware.read_registers(MEASUREMENT, 20)[3] & 1 << 13
    wild: dict[str, Any] = {
        "second_n": None,
        "setpoint_n": 10.0,
        "position_mm": 0.0,
        "speed_mm_per_s": 0.0,
    }
    guards = firmware.machine.guards
    seen = [guards.check(force_n=900.0, following=True, **wild) for _ in range(10)]
    assert EventCode.OVER_FORCE in seen
    firmware.machine.blind()
    assert {guards.check(force_n=900.0, following=True, **wild) for _ in range(10)} == {None}

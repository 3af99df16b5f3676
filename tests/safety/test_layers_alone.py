"""What each layer does when it is the only one left (docs/explanations/sceptic.md).

``test_unit_alone``: the unit's own guards and watchdog, driven by a host that goes on ordering
100 N whatever happens, or that is dead. ``test_patient_alone``: nothing but the switch, on a unit
whose guards are off. ``test_last_resort_alone``: a program whose supervisor says yes to everything,
on a unit without guards and watchdog, at the moment at which its loop breaks. The host's supervisor
alone is ``test_hazards.py`` and ``test_releases_that_go_wrong.py``: both switch the unit's off.

Times and peaks are upper bounds; the page has the same ones. "Never" is 12 s with the force on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from controller.errors import ProgramFailed
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import Action, Verdict
from controller.snapshot import Snapshot
from controller.telemetry import ForceCommand
from records.store.record_folder import RecordFolder
from simulator.device.firmware import ReferenceFirmware
from simulator.map_v1 import RegisterRefused, State
from tests.support.sessions import FACTORY_BAUDRATE, staged
from tests.support.typed import second_cell
from tests.unit.simulator.host import FORCE, TICK_S, Desk

HELD_N = 100.0
FREE_N = 15.0
WATCHED_S = 12.0
CYCLE_S = 0.01
PULLING = (State.ARMED, State.TRACKING, State.HOLDING)
NEVER = None

Inject = Callable[[Desk], object]


@dataclass(frozen=True)
class Case:
    """``free_s``: the cord has at most 15 N for good; ``peak_n``: the highest force until then."""

    name: str
    inject: Inject
    free_s: float | None
    peak_n: float = 105.0
    host_is_dead: bool = False

    @property
    def words(self) -> str:
        """The page's text for this case."""
        if self.free_s is None:
            return "never lets go"
        peak = f", up to {self.peak_n:.0f} N" if self.peak_n > 105.0 else ""
        return f"slack in {self.free_s:g} s{peak}"


def cut_with_brake(desk: Desk) -> None:
    """A brake keeps the force without power, although the unit reports that it releases."""
    desk.firmware.keeps_force_without_power = True
    desk.firmware.cut_power()


def hunt(desk: Desk) -> None:
    """The regulator's gain is far too high, and a cough starts the oscillation."""
    desk.firmware.machine.loop.gain_factor = 30.0
    desk.firmware.body.jump(3.0)


def press_a_dead_switch(desk: Desk) -> None:
    """The stop switch is pressed, and nothing of it reaches the unit."""
    desk.firmware.switch.dead()
    desk.firmware.switch.press()


UNIT = [
    Case("1-host-falls-silent", lambda d: None, 5.1, host_is_dead=True),
    Case("5-counter-frozen", lambda d: d.firmware.cell.freeze_counter(), 3.7),
    Case("6-cell-stuck", lambda d: d.firmware.cell.stick(), 3.7),
    Case("7-channel-2-drifts", lambda d: second_cell(d.firmware).drift(-600.0), 5.6),
    Case("7-channel-2-vanishes", lambda d: second_cell(d.firmware).vanish(), NEVER),
    Case("8-cell-saturated", lambda d: d.firmware.cell.saturate(), 0.7),
    Case("9-cell-open", lambda d: d.firmware.cell.open(), 0.7),
    Case("10-sign-turns", lambda d: d.firmware.cell.invert(), 0.7),
    Case("11-channel-2-gain", lambda d: second_cell(d.firmware).gain(0.8), 4.5),
    Case("13-cord-snaps", lambda d: d.firmware.cord.snap(), 0.1),
    Case("14-harness-slips", lambda d: d.firmware.body.slip(20.0, 12.0), NEVER),
    Case("16-body-jumps", lambda d: d.firmware.body.jump(8.0), 0.9, 135.0),
    Case("17-stroke-ends", lambda d: d.firmware.stroke.limit(0.2), 5.5),
    Case("18-patient-presses", lambda d: d.firmware.switch.press(), 0.7),
    Case("20-switch-dead", press_a_dead_switch, NEVER),
    Case("21-switch-unplugged", lambda d: d.firmware.switch.unplug(), 0.7),
    Case("22-tap-of-30-ms", lambda d: d.firmware.switch.tap(0.03), 0.7),
    Case("23-emergency-stop", lambda d: d.firmware.estop.press(), 0.5),
    Case("24-power-cut", lambda d: d.firmware.cut_power(), 0.5, host_is_dead=True),
    Case("24-power-cut-brake-closes", cut_with_brake, NEVER, host_is_dead=True),
    Case(
        "26-host-dead-watchdog-stopped",
        lambda d: d.firmware.watchdog.stop(),
        NEVER,
        host_is_dead=True,
    ),
    Case(
        "37-somebody-at-the-panel",
        lambda d: d.firmware.machine.set_at_panel(106.0, announced=False),
        NEVER,
    ),
    Case("42-spasm", lambda d: d.firmware.body.spasm(30.0), 1.4, 120.0),
    Case("42-winds-in-2-mm-per-s", lambda d: d.firmware.winch.run_in(2.0), 7.0, 160.0),
    Case("42-winds-in-20-mm-per-s", lambda d: d.firmware.winch.run_in(20.0), 6.5, 600.0),
    Case("42-winch-jams", lambda d: d.firmware.winch.jam(), NEVER),
    Case("42-winch-and-clutch-jam", lambda d: d.firmware.winch.jam(clutch=True), NEVER),
    Case("43-regulator-hunts", hunt, NEVER),
]

PATIENT = [
    Case("in-a-sound-hold", lambda d: None, 0.7),
    Case(
        "host-dead-watchdog-stopped", lambda d: d.firmware.watchdog.stop(), 0.7, host_is_dead=True
    ),
    Case("cell-open", lambda d: d.firmware.cell.open(), 0.7),
    Case("spasm", lambda d: d.firmware.body.spasm(30.0), 0.9),
    Case("winch-jams", lambda d: d.firmware.winch.jam(), 5.5),
    Case("winds-in-20-mm-per-s", lambda d: d.firmware.winch.run_in(20.0), 6.0, 600.0),
    Case("winch-and-clutch-jam", lambda d: d.firmware.winch.jam(clutch=True), NEVER),
    Case("switch-dead", lambda d: d.firmware.switch.dead(), NEVER),
    Case("power-cut-brake-closes", cut_with_brake, NEVER, host_is_dead=True),
]


def held_at_100_n(*, blind: bool) -> Desk:
    """An armed unit in a hold; ``blind`` switches its own supervision of the force off."""
    desk = Desk()
    desk.arm(ceiling=1000, rate_up=200, rate_down=200)
    if blind:
        desk.firmware.machine.blind()
    desk.drive(1000, 22.0)
    assert abs(desk.true_force_n - HELD_N) < 5.0
    return desk


def played(desk: Desk, case: Case) -> tuple[float | None, float]:
    """When the cord was slack for good, and the peak; the host keeps ordering, or is dead."""
    started_s, free_at_s, peak_n = desk.now_s, None, 0.0
    while desk.now_s - started_s < WATCHED_S:
        if not case.host_is_dead:
            try:
                desk.order(FORCE, 1000)
            except RegisterRefused:
                desk.sequence -= 1  # the unit has not accepted it; a faulty host continues anyway
        for _ in range(round(TICK_S / CYCLE_S)):
            desk.run(CYCLE_S)
            peak_n = max(peak_n, desk.true_force_n)
            on = desk.true_force_n > FREE_N
            free_at_s = None if on else free_at_s or desk.now_s - started_s
    return free_at_s, peak_n


def check(case: Case, free_s: float | None, peak_n: float) -> None:
    """Check the page's statement: never, or within the time and below the peak."""
    if case.free_s is None:
        assert free_s is None, f"{case.name} lets go after {free_s} s: correct the page"
        return
    assert free_s is not None, f"{case.name} never lets go"
    assert free_s <= case.free_s + 1e-6
    assert peak_n <= case.peak_n
    # A bound far from the truth says nothing.
    assert case.free_s <= free_s + 1.0
    assert case.peak_n <= 1.1 * max(peak_n, 98.0)


@pytest.mark.parametrize("case", UNIT, ids=lambda case: case.name)
def test_unit_alone(case: Case) -> None:
    desk = held_at_100_n(blind=False)
    case.inject(desk)
    check(case, *played(desk, case))


@pytest.mark.parametrize("case", PATIENT, ids=lambda case: case.name)
def test_patient_alone(case: Case) -> None:
    desk = held_at_100_n(blind=True)
    case.inject(desk)
    desk.firmware.switch.press()
    check(case, *played(desk, case))


# --- the loop's last resort -------------------------------------------------------------------


def says_yes(self: Supervisor, *given: object, **named: object) -> Verdict:
    """A supervisor that finds nothing, whatever it is shown."""
    return Verdict(action=Action.ALLOW)


def narrows_nothing(self: Supervisor, wish: ForceCommand) -> ForceCommand:
    return wish


@dataclass(frozen=True)
class Breaks:
    """What is wrong when the loop breaks, and whether the program sees the patient free."""

    name: str
    inject: Callable[[ReferenceFirmware], object]
    seen: bool


LAST_RESORT = [
    Breaks("sound-unit", lambda firmware: None, seen=True),
    Breaks("winch-jams", lambda firmware: firmware.winch.jam(), seen=True),
    Breaks("winch-and-clutch-jam", lambda firmware: firmware.winch.jam(clutch=True), seen=False),
]


@pytest.mark.parametrize("breaks", LAST_RESORT, ids=lambda breaks: breaks.name)
def test_last_resort_alone(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, breaks: Breaks
) -> None:
    def break_the_loop(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and snapshot.elapsed_s > 9.0:
            breaks.inject(stage.firmware)
            raise KeyError("made by the test")

    monkeypatch.setattr(Supervisor, "judge", says_yes)
    monkeypatch.setattr(Supervisor, "narrowed", narrows_nothing)
    seen = "the release was ordered and seen;" if breaks.seen else "not seen: look at the patient"
    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        stage.firmware.machine.blind()
        stage.firmware.watchdog.stop()
        with pytest.raises(ProgramFailed, match=seen):
            stage.treat(watch=break_the_loop)
        left_n = stage.firmware.plant.cord_force_n
    assert (left_n <= FREE_N) is breaks.seen

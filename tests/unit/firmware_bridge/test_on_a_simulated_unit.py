"""The driver on the simulated unit over a direct line: the bytes and times of a session."""

from __future__ import annotations

import random

import pytest

from controller.errors import LinkError, OutcomeUncertain, UnitRejected
from controller.order.prescription import Region
from controller.ports import ArmingRequest
from controller.telemetry import CommandKind, ForceCommand, Telemetry, UnitState, UnitStatus
from firmware_bridge.connect import connect_serial
from firmware_bridge.units.reference_unit import ReferenceUnit
from simulator.device.firmware import ReferenceFirmware
from simulator.line.direct_line import DirectClock, DirectLine
from simulator.table.bodies import CERVICAL_SLIDING
from simulator.table.plant import TractionPlant
from tests.support.typed import said

REQUEST = ArmingRequest(
    region=Region.CERVICAL, force_limit_n=120.0, rate_up_n_per_s=20.0, rate_down_n_per_s=20.0
)
OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)
PULL = ForceCommand(kind=CommandKind.FOLLOW, force_n=80.0, ceiling_n=100.0)
RELEASE = ForceCommand(kind=CommandKind.RELEASE)


class Table:
    """A unit on a serial line, its clock and the driver on it; ticks as the loop makes them."""

    def __init__(
        self,
        *,
        baudrate: int = 38400,
        reads_first: bool = False,
        lateness_s: float | None = 0.050,
    ) -> None:
        self.clock = DirectClock()
        source = random.Random(2)
        self.firmware = ReferenceFirmware(
            TractionPlant(CERVICAL_SLIDING, source),
            random=source,
            reads_first=reads_first,
            powered_on_at_s=self.clock.now_s() - 20.0,
        )
        self.firmware.advance_to(self.clock.now_s())
        self.line = DirectLine(self.firmware, self.clock, baudrate=baudrate)
        self.unit: ReferenceUnit = connect_serial(
            self.line, self.clock, baudrate, lateness_s=lateness_s
        )
        self.due_s = self.clock.now_s()

    def arm(self) -> None:
        self.unit.arm(REQUEST)
        self.unit.find_order(100.0)

    def tick(self, command: ForceCommand) -> Telemetry | None:
        """One tick: wait for it, exchange; None without a reading."""
        self.clock.sleep_until(self.due_s)
        missed = int((self.clock.now_s() - self.due_s) / self.unit.tick_s)
        self.due_s += (missed + 1) * self.unit.tick_s
        try:
            return self.unit.exchange(command)
        except UnitRejected:
            return self.unit.reading_after_refusal
        except LinkError:
            return None

    def run(self, command: ForceCommand, seconds: float) -> list[Telemetry | None]:
        until_s = self.clock.now_s() + seconds
        readings = []
        while self.clock.now_s() < until_s:
            readings.append(self.tick(command))
        return readings

    def pull(self) -> None:
        """Armed and at 80 N."""
        self.arm()
        newest = self.run(PULL, 11.0)[-1]
        assert newest is not None
        assert newest.force_n == pytest.approx(80.0, abs=5.0)


@pytest.mark.parametrize(
    ("baudrate", "reads_first", "count"),
    [(19200, True, 2), (38400, True, 1), (38400, True, 2), (38400, False, 2), (19200, False, 1)],
)
def test_lost_requests_count_as_many_times_as_they_are(
    baudrate: int, reads_first: bool, count: int
) -> None:
    table = Table(baudrate=baudrate, reads_first=reads_first)
    table.pull()
    for _ in range(3):
        table.line.faults.lose_requests(count)
        readings = table.run(PULL, 1.0)
        assert [reading is None for reading in readings].count(True) == count
    assert table.line.faults.done == 3 * count
    assert table.firmware.machine.watchdog_expired is False


@pytest.mark.parametrize(
    ("baudrate", "lateness_s", "limit_s"),
    [(19200, 0.050, 0.400), (19200, None, 0.400), (38400, 0.050, 0.350), (38400, None, 0.350)],
)
def test_a_dead_line_is_found_by_the_third_missed_tick_in_time_for_row_1(
    baudrate: int, lateness_s: float | None, limit_s: float
) -> None:
    """Silence above 300 ms must be judged within 400 ms of the last accepted reading."""
    table = Table(baudrate=baudrate, lateness_s=lateness_s)
    table.pull()
    accepted_s = table.clock.now_s()
    table.line.faults.drop()
    while table.clock.now_s() - accepted_s <= 0.300:
        assert table.tick(PULL) is None
    assert table.clock.now_s() - accepted_s <= limit_s


def test_on_a_slow_line_that_nobody_measured_a_request_without_time_for_its_answer_stays() -> None:
    """At 19200 Bd behind two lost answers: what is not sent cannot collide with the release."""
    table = Table(baudrate=19200, lateness_s=None)
    table.pull()
    table.line.faults.drop()
    sent = table.line.bytes_sent
    assert [table.tick(PULL) for _ in range(4)] == [None] * 4
    assert table.line.bytes_sent - sent == 2 * 29
    table.tick(RELEASE)
    assert table.line.bytes_sent - sent == 3 * 29


@pytest.mark.parametrize("reads_first", [False, True])
def test_a_restart_in_a_hold_is_read_as_one(reads_first: bool) -> None:
    table = Table(reads_first=reads_first)
    table.pull()
    before = table.tick(PULL)
    restarted_s = table.clock.now_s()
    table.firmware.power_cycle(0.01)
    readings = [table.tick(PULL) for _ in range(3)]
    seen = next(reading for reading in readings if reading is not None)
    assert before is not None
    assert said(seen.uptime_s) < 1.0 < said(before.uptime_s)
    assert seen.unit_state is UnitState.IDLE
    assert table.clock.now_s() - restarted_s < 0.300
    assert table.unit.identity.boot_count == 2


def test_a_restart_with_a_brake_is_released_by_the_next_release_order() -> None:
    table = Table()
    table.firmware.keeps_force_without_power = True
    table.pull()
    table.firmware.power_cycle(0.01)
    table.run(PULL, 0.5)
    held = table.tick(OBSERVE)
    assert held is not None
    assert held.force_n is not None
    assert held.force_n > 60.0
    assert held.status.has(UnitStatus.BRAKE_ON)
    released = table.run(RELEASE, 1.0)[-1]
    assert released is not None
    assert released.force_n is not None
    assert released.force_n < 20.0


def test_a_restart_at_an_overflow_is_read_as_one_and_an_overflow_is_not() -> None:
    table = Table()
    table.firmware.machine.uptime_ahead_s = 2**32 / 1000 - 20.0 - 12.0
    table.pull()
    assert None not in table.run(PULL, 2.0)
    restarting = Table()
    restarting.firmware.machine.uptime_ahead_s = 2**32 / 1000 - 20.0 - 20.0
    restarting.pull()
    restarting.firmware.power_cycle(0.01)
    seen = [reading for reading in restarting.run(PULL, 0.5) if reading is not None]
    assert said(seen[0].uptime_s) < 1.0
    assert restarting.unit.identity.boot_count == 2


@pytest.mark.parametrize("state", [UnitState.SAFE_LATCHED, UnitState.FAULT])
def test_beside_each_tick_s_reading_a_tokenless_release_a_second_fits(state: UnitState) -> None:
    table = Table()
    table.pull()
    table.firmware.winch.jam(clutch=True)
    if state is UnitState.FAULT:
        table.firmware.corrupt_configuration()
    else:
        table.firmware.estop.press()
    table.run(OBSERVE, 4.0)
    lateness_s = []
    for second in range(3):
        for number in range(20):
            due_s = table.due_s
            reading = table.tick(OBSERVE)
            lateness_s.append(table.clock.now_s() - due_s)
            assert reading is not None
            assert (reading.unit_state, (reading.force_n or 0.0) > 60.0) == (state, True), second
            if number == 0:
                table.unit.release_without_token()
                lateness_s.append(table.clock.now_s() - due_s)
    assert max(lateness_s) < 0.045
    table.firmware.winch.free()
    assert table.firmware.machine.ring.entries[-1].code not in (31, 33)


def test_a_release_against_late_answers_goes_out_in_every_tick() -> None:
    """Answers 60 ms late, behind the time-out: nothing is read, every order arrives."""
    table = Table()
    table.pull()
    table.line.faults.delay(0.060)
    before = table.firmware.machine.sequence
    for _ in range(6):
        assert table.tick(RELEASE) is None
    assert table.firmware.machine.sequence == before + 6
    assert table.firmware.state.name == "RELEASING"


@pytest.mark.parametrize("echo_ms", [0, 2000])
def test_a_unit_with_another_watchdog_is_released_behind_its_arming(echo_ms: int) -> None:
    table = Table()
    table.firmware.watchdog.echo_ms = echo_ms
    with pytest.raises(OutcomeUncertain, match=f"watchdog of {echo_ms} ms, 500 ms were ordered"):
        table.arm()
    assert table.firmware.state.name == "ARMED"
    released = table.unit.exchange(ForceCommand(kind=CommandKind.CUT_POWER))
    assert released.unit_state in (UnitState.RELEASING, UnitState.SAFE_LATCHED)
    table.run(OBSERVE, 0.5)
    assert table.firmware.state.name == "SAFE_LATCHED"

"""The device behind the registers: reference map v1 as a pure, synchronous object.

Time is given as the host's ``now_s``; the device keeps its own, slower clock. A server calls
``advance_to`` and then reads or writes registers; a refusal is ``RegisterRefused``. Source:
reference map. The conditions for accepting an order are in ``command_desk.py``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from simulator.device.command_desk import OrderDesk
from simulator.device.disguise import Disguise
from simulator.device.event_ring import RING_REGISTERS
from simulator.device.machine import STEPS_PER_CYCLE, UnitMachine
from simulator.device.register_image import (
    FEATURE_EVENT_RING,
    FEATURE_READ_WRITE,
    FEATURE_RELEASES_ON_POWER_LOSS,
    UnitDescription,
    capability_block,
    identification_block,
)
from simulator.device.regulator import CYCLE_S
from simulator.device.snapshot import take_snapshot
from simulator.device.variants import Variants, WatchdogDefects
from simulator.map_v1 import (
    CAPABILITY,
    COMMAND,
    COMMAND_LENGTH,
    EVENT_HEADER,
    IDENTIFICATION,
    MEASUREMENT,
    SERVICE,
    SERVICE_LENGTH,
    SESSION,
    SESSION_ANSWER,
    SESSION_LENGTH,
    EventCode,
    ExceptionCode,
    RegisterRefused,
    State,
)
from simulator.table.inputs import EmergencyStop, SwitchOnPlug
from simulator.table.patient import PassivePatient, Patient
from simulator.table.plant import TractionPlant

CLOCK_PPM: Final = 300.0
MAX_READ: Final = 125


class ReferenceFirmware:
    """One unit. ``clock_ppm`` is how much slower its crystal is; ``reads_first`` its FC23 order.

    By default it is the map's plain unit. Its variants, which survive a loss of power:
    ``renew_set_point_register``, ``reenters_release``, ``watchdog``, ``machine.blind``, and in its
    description what ``UnitDescription.without`` removes. Faults of its parts during a session:
    ``cell``, ``second_cell``, ``cord``, ``body``, ``winch``, ``stroke``, ``switch``, ``estop``,
    ``power_cycle``; a cell is sound again when the power returns, the mechanics are not.

    It is a model written from the map: no real unit was compared with it.
    """

    def __init__(
        self,
        plant: TractionPlant,
        *,
        random: random.Random,
        unit: UnitDescription | None = None,
        patient: Patient | None = None,
        clock_ppm: float = CLOCK_PPM,
        reads_first: bool = False,
        powered_on_at_s: float = 0.0,
    ) -> None:
        unit = unit or UnitDescription()
        bounds = plant.parameters
        self.unit = replace(
            unit, stroke_min_mm=bounds.stroke_min_mm, stroke_max_mm=bounds.stroke_mm
        )
        self.plant = plant
        self.patient: Patient = patient or PassivePatient()
        self.reads_first = reads_first
        self._variants = Variants(
            keeps_force_without_power=not self.unit.has(FEATURE_RELEASES_ON_POWER_LOSS)
        )
        self.machine = UnitMachine(plant, self.unit, random, self._variants)
        self.cell, self.second_cell = self.machine.channels.cell, self.machine.channels.second_cell
        self.cord, self.body, self.winch = plant.cord, plant.body, plant.winch
        self.stroke = plant.stroke
        self.powered = True
        self.idle_reads = 0
        self.identifications = 0
        self.last_request_s = 0.0
        self._random = random
        self.desk = OrderDesk(self.machine, self.unit, random)
        self._speed_of_clock = 1.0 - clock_ppm * 1e-6
        self.powered_on_at_s = powered_on_at_s
        self._back_at_s = math.inf
        self._earlier_s = 0.0
        self._device_s = 0.0
        self._fixed = identification_block(self.unit) + capability_block(self.unit)
        self.disguise = Disguise(self._fixed)

    # -- what a patient, a fault script or a truth log sees ----------------------------------------

    @property
    def uptime_s(self) -> float:
        """Seconds of the device's clock at its latest cycle."""
        return self.machine.uptime_s

    @property
    def lived_s(self) -> float:
        """Seconds of the device's clock since the first start, including times without power."""
        return self._earlier_s + self.machine.uptime_s

    @property
    def state(self) -> State:
        return self.machine.state

    @property
    def setpoint_n(self) -> float:
        return self.machine.loop.setpoint_n

    @property
    def ceiling_n(self) -> float:
        """The ceiling for measured force in effect (0x206, else 0x302)."""
        return self.machine.ceiling_n

    @property
    def switch(self) -> SwitchOnPlug:
        return self.machine.switch

    @property
    def estop(self) -> EmergencyStop:
        return self.machine.emergency_stop

    @property
    def token(self) -> int:
        """The token in force, 0 without a session."""
        return self.desk.token

    # -- what kind of unit it is -------------------------------------------------------------------

    @property
    def reenters_release(self) -> bool:
        """True if each release order, modes 1 and 5, enters state 5 anew, also in states 2 and 6.

        A plain unit does not change state at 15 N or less. This one goes back one device cycle
        later, or in state 6 with force on after 3 s.
        """
        return self._variants.reenters_release

    @reenters_release.setter
    def reenters_release(self, reenters: bool) -> None:
        self._variants.reenters_release = reenters

    @property
    def keeps_force_without_power(self) -> bool:
        """True if a brake closes when the power fails.

        So in a unit without bit 8 of 0x20; set it on a unit that reports otherwise.
        """
        return self._variants.keeps_force_without_power

    @keeps_force_without_power.setter
    def keeps_force_without_power(self, keeps: bool) -> None:
        self._variants.keeps_force_without_power = keeps

    @property
    def watchdog(self) -> WatchdogDefects:
        return self._variants.watchdog

    def renew_set_point_register(
        self, period_s: float, step_n: float, phase_s: float = 0.0
    ) -> None:
        """Renew 0x108 only at ``phase_s`` and every ``period_s`` of the device's clock.

        In whole cycles of 10 ms (0: always), rounded to ``step_n`` (0.1 to 1 N). The ramp itself
        is the same. Raises ValueError.
        """
        self._variants.set_point_register.renew(period_s, step_n, phase_s)

    # -- time --------------------------------------------------------------------------------------

    def advance_to(self, now_s: float) -> None:
        """Run plant, inputs and regulator up to the host's monotonic time ``now_s``."""
        self._live_to(min(now_s, self._back_at_s))
        if now_s >= self._back_at_s:
            self._start_anew(self._back_at_s)
            self._live_to(now_s)

    def _live_to(self, now_s: float) -> None:
        device_s = (now_s - self.powered_on_at_s) * self._speed_of_clock
        self._device_s = max(self._device_s, device_s)
        until_s = self._device_s + 1e-9
        machine, patient = self.machine, self.patient
        while machine.uptime_s + CYCLE_S <= until_s:
            if self.powered:
                machine.cycle()
                patient.act(self)
            else:
                # Without power only the mechanics continue, in the steps of a device cycle.
                machine.uptime_s += CYCLE_S
                self.plant.advance(STEPS_PER_CYCLE, 0.0)

    def cut_power(self) -> None:
        """Cut the mains: nothing senses or answers.

        The clutch opens by its spring, or a brake closes (``keeps_force_without_power``).
        """
        self.powered = False
        self.plant.clutch_closed = False
        self.plant.brake_on = self._variants.keeps_force_without_power

    def power_cycle(self, off_s: float) -> None:
        """Cut the power now and restore it ``off_s`` later."""
        self.cut_power()
        self._back_at_s = self.next_cycle_s() - CYCLE_S + off_s

    def restore_power(self, now_s: float) -> None:
        """Restore the mains: the unit restarts, idle, with a higher boot count.

        A closed brake stays closed, and the force on the cord, until an order to release or a hand
        opens it.
        """
        self._live_to(now_s)
        self._start_anew(now_s)

    def _start_anew(self, now_s: float) -> None:
        self._back_at_s = math.inf
        self._earlier_s += self.machine.uptime_s
        self.unit = replace(self.unit, boot_count=self.unit.boot_count + 1)
        self.powered_on_at_s, self._device_s, self.powered = now_s, 0.0, True
        self.machine = UnitMachine(self.plant, self.unit, self._random, self._variants)
        self.cell, self.second_cell = self.machine.channels.cell, self.machine.channels.second_cell
        self.desk = OrderDesk(self.machine, self.unit, self._random)
        self._fixed[:] = identification_block(self.unit) + capability_block(self.unit)

    def next_cycle_s(self) -> float:
        """Host time of the next device cycle, when the unit may next act by itself."""
        return self.powered_on_at_s + (self.machine.uptime_s + CYCLE_S) / self._speed_of_clock

    def connection_lost(self, now_s: float) -> None:
        """Handle the close of the armed TCP connection; counts as expiry after 100 ms."""
        self.advance_to(now_s)
        self.machine.close_link(self._device_s)

    def corrupt_configuration(self) -> None:
        """Make the configuration's CRC fail: state 7, the unit refuses everything but a release."""
        self.machine.fail(EventCode.CONFIGURATION_CHANGED)

    # -- registers ---------------------------------------------------------------------------------

    def read_registers(self, address: int, count: int) -> list[int]:
        """Read with FC03 or FC04 (same data). Write-only and unmapped addresses: exception 02."""
        address -= self.disguise.shifted_by
        self._check_readable(address, count)
        self.last_request_s = self._device_s
        return self._read(address, count)

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        """Write with FC16: a whole command, session or service block, else exception 02."""
        self.last_request_s = self._device_s
        block = (address, len(values))
        if block == (COMMAND, COMMAND_LENGTH):
            self.desk.take_command(values, self._device_s)
        elif block == (SESSION, SESSION_LENGTH):
            self.desk.arm(values, self._device_s)
        elif block == (SERVICE, SERVICE_LENGTH):
            self.desk.serve(values)
        else:
            raise RegisterRefused(ExceptionCode.ILLEGAL_ADDRESS)

    def read_write(
        self, write_address: int, values: Sequence[int], read_address: int, count: int
    ) -> list[int]:
        """Apply FC23 in this unit's order; a refused write part gives no read data (B.4)."""
        if not self.unit.has(FEATURE_READ_WRITE):
            raise RegisterRefused(ExceptionCode.ILLEGAL_FUNCTION)
        self._check_readable(read_address, count)
        if self.reads_first:
            before = self._read(read_address, count)
            self.write_registers(write_address, values)
            return before
        self.write_registers(write_address, values)
        return self._read(read_address, count)

    def write_broadcast(self, address: int, values: Sequence[int]) -> None:
        """A write to address 0, which no unit answers (B.4)."""
        if (address, len(values)) == (COMMAND, COMMAND_LENGTH):
            self.desk.take_broadcast(values)

    def _check_readable(self, address: int, count: int) -> None:
        if not 1 <= count <= MAX_READ:
            raise RegisterRefused(ExceptionCode.ILLEGAL_VALUE)
        if address >= EVENT_HEADER and not self.unit.has(FEATURE_EVENT_RING):
            raise RegisterRefused(ExceptionCode.ILLEGAL_ADDRESS)
        for first, length in _READABLE:
            if first <= address and address + count <= first + length:
                return
        raise RegisterRefused(ExceptionCode.ILLEGAL_ADDRESS)

    def _snapshot(self) -> list[int]:
        return take_snapshot(self.machine, self.desk.result, self._device_s)

    def _read(self, address: int, count: int) -> list[int]:
        if address >= EVENT_HEADER:
            first, image = EVENT_HEADER, self.machine.ring.registers()
        elif address >= SESSION:
            shows_token = address < SESSION_ANSWER + 2
            first = SESSION_ANSWER
            image = self.desk.session_answer(self._device_s, shows_token=shows_token)
        elif address >= MEASUREMENT:
            first, image = MEASUREMENT, self._snapshot()
            if address == MEASUREMENT and self.state is State.IDLE:
                self.idle_reads += 1
        else:
            first, image = IDENTIFICATION, self._fixed
            self.identifications += address == IDENTIFICATION
        return image[address - first : address - first + count]


_READABLE = (
    (IDENTIFICATION, CAPABILITY + 24),
    (MEASUREMENT, 20),
    (SESSION_ANSWER, 6),
    (EVENT_HEADER, RING_REGISTERS),
)

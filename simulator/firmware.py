"""The device behind the registers: reference map v1 as a pure, synchronous object.

Time comes in as the host's ``now_s``; the device keeps its own, slower clock. A server calls
``advance_to`` and then reads or writes registers; a refusal is ``RegisterRefused``. Source:
reference map, B.4 (commands), B.5 (session), B.7 (service), B.10.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from simulator.command_block import Command, parse_session
from simulator.event_ring import RING_REGISTERS
from simulator.force_loop import CYCLE_S
from simulator.inputs import EmergencyStop, PatientSwitch
from simulator.machine import DISARM_MAX_N, UnitMachine
from simulator.map_v1 import (
    CAPABILITY, COMMAND, COMMAND_LENGTH, EVENT_HEADER, FAST_RELEASE, IDENTIFICATION, MEASUREMENT,
    MOTOR_OFF, OPEN_TOKEN, RELEASE, SERVICE, SERVICE_LENGTH, SESSION, SESSION_ANSWER,
    SESSION_LENGTH, EventCode, ExceptionCode, Refusal, RegisterRefused, Result, State,
    crc16_of_registers,
)  # fmt: skip
from simulator.patient import PassivePatient, Patient
from simulator.plant import TractionPlant
from simulator.register_image import UnitDescription, capability_block, identification_block
from simulator.release import Strength
from simulator.snapshot import take_snapshot

CLOCK_PPM = 300.0
FOREIGN_LIMIT = 3
FOREIGN_WINDOW_S = 10.0
MAX_READ = 125
RELEASES = {RELEASE: Strength.RAMP, FAST_RELEASE: Strength.FAST, MOTOR_OFF: Strength.CUT}
_BUSY_STATES = (State.BOOT, State.SELF_TEST)
_TARE, _CLEAR_TARE, _ACKNOWLEDGE, _SELF_TEST, _DISARM = 1, 2, 4, 5, 6


class ReferenceFirmware:
    """One unit. ``clock_ppm`` is how much slower its crystal is; ``write_first`` its FC23 order."""

    def __init__(
        self,
        plant: TractionPlant,
        *,
        random: random.Random,
        unit: UnitDescription | None = None,
        patient: Patient | None = None,
        clock_ppm: float = CLOCK_PPM,
        write_first: bool = True,
        powered_on_at_s: float = 0.0,
    ) -> None:
        unit = unit or UnitDescription()
        bounds = plant.parameters
        self.unit = replace(
            unit, stroke_min_mm=bounds.stroke_min_mm, stroke_max_mm=bounds.stroke_mm
        )
        self.plant = plant
        self.patient: Patient = patient or PassivePatient()
        self.write_first = write_first
        self.machine = UnitMachine(plant, self.unit, random)
        self.cell, self.second_cell = self.machine.channels.cell, self.machine.channels.second_cell
        self.cord, self.body, self.winch = plant.cord, plant.body, plant.winch
        self.idle_reads = 0
        self.last_request_s = 0.0
        self.result = Result.NONE
        self._random = random
        self._speed_of_clock = 1.0 - clock_ppm * 1e-6
        self._powered_on_at_s = powered_on_at_s
        self._device_s = 0.0
        self._token = 0
        self._token_shown = True
        self._refusal = Refusal.NONE
        self._last_command: tuple[int, ...] | None = None
        self._foreign_at_s: deque[float] = deque(maxlen=FOREIGN_LIMIT)
        self._fixed = identification_block(self.unit) + capability_block(self.unit)

    # -- what a patient, a fault script or a truth log sees ----------------------------------------

    @property
    def uptime_s(self) -> float:
        """Seconds of the device's clock at its newest cycle."""
        return self.machine.uptime_s

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
    def switch(self) -> PatientSwitch:
        return self.machine.switch

    @property
    def estop(self) -> EmergencyStop:
        return self.machine.emergency_stop

    @property
    def token(self) -> int:
        """The token in force, 0 without a session."""
        return self._token if self.machine.limits is not None else 0

    # -- time --------------------------------------------------------------------------------------

    def advance_to(self, now_s: float) -> None:
        """Run plant, inputs and regulator up to the host's monotonic time ``now_s``."""
        device_s = (now_s - self._powered_on_at_s) * self._speed_of_clock
        self._device_s = max(self._device_s, device_s)
        machine, patient = self.machine, self.patient
        while machine.uptime_s + CYCLE_S <= self._device_s + 1e-9:
            machine.cycle()
            patient.act(self)

    def next_cycle_s(self) -> float:
        """Host time of the next device cycle: when the unit may next act by itself."""
        return self._powered_on_at_s + (self.machine.uptime_s + CYCLE_S) / self._speed_of_clock

    def connection_lost(self, now_s: float) -> None:
        """The armed TCP connection closed; counts as expiry after 100 ms."""
        self.advance_to(now_s)
        self.machine.close_link(self._device_s)

    def corrupt_configuration(self) -> None:
        """The configuration's CRC fails: state 7, the unit refuses everything but a release."""
        self.machine.fail(EventCode.CONFIGURATION_CHANGED)

    # -- registers ---------------------------------------------------------------------------------

    def read_registers(self, address: int, count: int) -> list[int]:
        """FC03 and FC04 (the same data). Write-only and unmapped addresses are exception 02."""
        self._check_readable(address, count)
        self.last_request_s = self._device_s
        return self._read(address, count)

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        """FC16: a whole command, session or service block, else exception 02."""
        self.last_request_s = self._device_s
        block = (address, len(values))
        if block == (COMMAND, COMMAND_LENGTH):
            self._command(Command.parse(values))
        elif block == (SESSION, SESSION_LENGTH):
            self._arm(values)
        elif block == (SERVICE, SERVICE_LENGTH):
            self._serve(values)
        else:
            raise RegisterRefused(ExceptionCode.ILLEGAL_ADDRESS)

    def read_write(
        self, write_address: int, values: Sequence[int], read_address: int, count: int
    ) -> list[int]:
        """FC23 in this unit's order; a refused write part leaves no read data (B.4)."""
        self._check_readable(read_address, count)
        if self.write_first:
            self.write_registers(write_address, values)
            return self._read(read_address, count)
        before = self._read(read_address, count)
        self.write_registers(write_address, values)
        return before

    def write_broadcast(self, address: int, values: Sequence[int]) -> None:
        """Address 0: only the tokenless fast release is obeyed; never answered, never refused."""
        if (address, len(values)) != (COMMAND, COMMAND_LENGTH):
            return
        command = Command.parse(values)
        if command.crc_good and _is_open_release(command):
            self._release_for_anybody()

    def _check_readable(self, address: int, count: int) -> None:
        if not 1 <= count <= MAX_READ:
            raise RegisterRefused(ExceptionCode.ILLEGAL_VALUE)
        for first, length in _READABLE:
            if first <= address and address + count <= first + length:
                return
        raise RegisterRefused(ExceptionCode.ILLEGAL_ADDRESS)

    def _read(self, address: int, count: int) -> list[int]:
        if address >= EVENT_HEADER:
            first, image = EVENT_HEADER, self.machine.ring.registers()
        elif address >= SESSION:
            first, image = SESSION_ANSWER, self._session_answer()
            if address < SESSION_ANSWER + 2:
                self._token_shown = True
        elif address >= MEASUREMENT:
            first, image = MEASUREMENT, take_snapshot(self.machine, self.result, self._device_s)
            if address == MEASUREMENT and self.state is State.IDLE:
                self.idle_reads += 1
        else:
            first, image = IDENTIFICATION, self._fixed
        return image[address - first : address - first + count]

    def _session_answer(self) -> list[int]:
        machine = self.machine
        limits = machine.limits
        token = OPEN_TOKEN if self.token and self._token_shown else self.token
        since_s = 0 if limits is None else int(self._device_s - machine.armed_at_s)
        watchdog_ms = 0 if limits is None else round(limits.watchdog_s * 1000)
        words = [token >> 16, token & 0xFFFF, int(self._refusal)]
        return [*words, since_s >> 16, since_s & 0xFFFF, watchdog_ms]

    # -- commands (B.4): CRC, token, state, sequence, ranges ---------------------------------------

    def _command(self, command: Command) -> None:
        if not command.crc_good:
            self._refuse(Result.CRC_ERROR, EventCode.CRC_REFUSAL)
        if _is_open_release(command):
            self._release_for_anybody()
            return
        self._refuse_when_busy()
        if not self.token:
            self._refuse(Result.NOT_ARMED, EventCode.BAD_TOKEN)
        if command.token != self.token:
            self._note_foreign()
            self._refuse(Result.WRONG_TOKEN)
        step = command.step_after(self.machine.sequence)
        if step == 0 and command.registers == self._last_command:
            if command.mode in RELEASES or self.state is not State.RELEASING:
                self.result = Result.REPEAT
                return
        if command.mode in RELEASES:
            self._accept_release(command, step)
            return
        self._check_order(command, step)
        self._accept_sequence(command, step)
        self.machine.follow(command)

    def _check_order(self, command: Command, step: int | None) -> None:
        limits = self.machine.limits
        assert limits is not None, "a token is in force, so a session is"
        if self.state is State.RELEASING:
            self._refuse(Result.WRONG_STATE, EventCode.RANGE_REFUSAL)
        if not step:
            self._refuse(Result.SEQUENCE_ERROR, EventCode.SEQUENCE_GAP)
        if not command.in_range(limits, self.machine.loop.target_n):
            self._refuse(Result.OUT_OF_RANGE, EventCode.RANGE_REFUSAL)

    def _accept_release(self, command: Command, step: int | None) -> None:
        """Accepted in every state and with any sequence; only a new sequence proves a live host."""
        if step:
            self._accept_sequence(command, step)
        self.result = Result.ACCEPTED
        self.machine.release(RELEASES[command.mode], latching=command.mode == MOTOR_OFF)

    def _accept_sequence(self, command: Command, step: int | None) -> None:
        if step is not None and step > 1:
            self.machine.log(EventCode.SEQUENCE_GAP, step, command.sequence)
        self.machine.sequence = command.sequence
        self._last_command = command.registers
        self.result = Result.ACCEPTED
        self.machine.feed(self._device_s)

    def _release_for_anybody(self) -> None:
        """Tokenless: lets go and feeds nothing."""
        self.result = Result.ACCEPTED
        self.machine.release(Strength.FAST)

    def _note_foreign(self) -> None:
        seen = self._foreign_at_s
        seen.append(self._device_s)
        if len(seen) == FOREIGN_LIMIT and self._device_s - seen[0] <= FOREIGN_WINDOW_S:
            self.machine.trip(EventCode.BAD_TOKEN)
        else:
            self.machine.log_here(EventCode.BAD_TOKEN)

    def _refuse_when_busy(self) -> None:
        if self.state in _BUSY_STATES:
            self._refuse(Result.WRONG_STATE, code=ExceptionCode.BUSY)
        if self.state is State.FAULT:
            self._refuse(Result.WRONG_STATE, code=ExceptionCode.DEVICE_FAILURE)

    def _refuse(
        self,
        result: Result,
        event: EventCode | None = None,
        *,
        code: ExceptionCode = ExceptionCode.ILLEGAL_VALUE,
    ) -> None:
        """Tell why in 0x101, store an event (value 1 = result), answer an exception."""
        self.result = result
        if event is not None:
            self.machine.log(event, int(result), 0)
        raise RegisterRefused(code)

    # -- session and service (B.5, B.7) ------------------------------------------------------------

    def _arm(self, values: Sequence[int]) -> None:
        limits, refusal = parse_session(values, self.unit)
        if refusal is not Refusal.CRC:
            self._refuse_when_busy()
        refusal |= self._not_ready()
        self._refusal = refusal
        if refusal & Refusal.CRC:
            self._refuse(Result.CRC_ERROR, EventCode.CRC_REFUSAL)
        if refusal & Refusal.WRONG_STATE:
            self._refuse(Result.WRONG_STATE, EventCode.RANGE_REFUSAL)
        if limits is None or refusal:
            self._refuse(Result.OUT_OF_RANGE, EventCode.RANGE_REFUSAL)
        assert limits is not None
        self._token = self._random.randrange(1, OPEN_TOKEN)
        self._token_shown = False
        self._last_command = None
        self._foreign_at_s.clear()
        self.result = Result.ACCEPTED
        self.machine.arm(limits, self._device_s)

    def _not_ready(self) -> Refusal:
        machine = self.machine
        reasons = (
            (not machine.switch.present, Refusal.SWITCH_ABSENT),
            (machine.switch.closed, Refusal.SWITCH_PRESSED),
            (machine.emergency_stop.open, Refusal.EMERGENCY_STOP_OPEN),
            (not machine.channels.all_valid, Refusal.CHANNEL_INVALID),
            (machine.channels.magnitude_n > DISARM_MAX_N, Refusal.FORCE_ON),
            (self.unit.stop_test_due, Refusal.STOP_TEST_DUE),
            (self.state in (State.SAFE_LATCHED, State.FAULT), Refusal.LATCHED_FAULT),
            (self.state is not State.IDLE, Refusal.WRONG_STATE),
        )
        refusal = Refusal.NONE
        for applies, bit in reasons:
            if applies:
                refusal |= bit
        return refusal

    def _serve(self, values: Sequence[int]) -> None:
        opcode, _, sequence, crc = values
        if crc16_of_registers(values[:3]) != crc:
            self._refuse(Result.CRC_ERROR, EventCode.CRC_REFUSAL)
        self._refuse_when_busy()
        needed = {_ACKNOWLEDGE: State.SAFE_LATCHED, _DISARM: self.state}.get(opcode, State.IDLE)
        if self.state is not needed:
            self._refuse(Result.WRONG_STATE, EventCode.RANGE_REFUSAL)
        if not self._do_service(opcode, sequence):
            self._refuse(Result.OUT_OF_RANGE, EventCode.RANGE_REFUSAL)
        self.result = Result.ACCEPTED

    def _do_service(self, opcode: int, sequence: int) -> bool:
        machine = self.machine
        if opcode == _DISARM:
            return machine.disarm(sequence)
        if opcode == _ACKNOWLEDGE:
            return machine.acknowledge()
        if opcode == _TARE:
            return machine.tare()
        if opcode == _CLEAR_TARE:
            machine.channels.clear_tare()
            return True
        if opcode == _SELF_TEST:
            machine.start_self_test()
            return True
        return False


_READABLE = (
    (IDENTIFICATION, CAPABILITY + 24),
    (MEASUREMENT, 20),
    (SESSION_ANSWER, 6),
    (EVENT_HEADER, RING_REGISTERS),
)


def _is_open_release(command: Command) -> bool:
    return command.mode == FAST_RELEASE and command.token == OPEN_TOKEN

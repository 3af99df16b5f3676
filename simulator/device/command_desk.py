"""The orders of a host: commands, arming and service, in the map's order of checks.

Source: reference map, B.4 (commands), B.5 (session), B.7 (service), B.10. A refusal is reported in
0x101, stored as an event and answered by an exception; nothing of it is applied.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Final, NoReturn

from simulator import map_v1
from simulator.device.command_block import Command, SessionLimits, parse_session
from simulator.device.machine import DISARM_MAX_N, UnitMachine
from simulator.device.register_image import UnitDescription
from simulator.device.release import Strength
from simulator.map_v1 import (
    OPEN_TOKEN,
    EventCode,
    ExceptionCode,
    Refusal,
    RegisterRefused,
    Result,
    State,
)

FOREIGN_LIMIT: Final = 3
FOREIGN_WINDOW_S: Final = 10.0
RELEASES = {
    map_v1.RELEASE: Strength.RAMP,
    map_v1.FAST_RELEASE: Strength.FAST,
    map_v1.MOTOR_OFF: Strength.CUT,
}
_BUSY_STATES = (State.BOOT, State.SELF_TEST)
_TARE, _CLEAR_TARE, _ACKNOWLEDGE, _SELF_TEST, _DISARM = 1, 2, 4, 5, 6


class OrderDesk:
    """Holds the token and judges each order; the machine carries out what was accepted.

    ``at_s`` is always the device's own time in seconds.
    """

    def __init__(self, machine: UnitMachine, unit: UnitDescription, random: random.Random) -> None:
        self.machine = machine
        self.unit = unit
        self.result = Result.NONE
        self.random = random
        self._token = 0
        self._token_shown = True
        self._refusal = Refusal.NONE
        self._last_command: tuple[int, ...] | None = None
        self._foreign_at_s: deque[float] = deque(maxlen=FOREIGN_LIMIT)

    @property
    def token(self) -> int:
        """The token in force, 0 without a session."""
        return self._token if self.machine.limits is not None else 0

    @property
    def state(self) -> State:
        return self.machine.state

    def session_answer(self, at_s: float, *, shows_token: bool) -> list[int]:
        """Returns registers 0x30A-0x30F; only the first read after arming shows the token."""
        machine = self.machine
        limits = machine.limits
        token = OPEN_TOKEN if self.token and self._token_shown else self.token
        self._token_shown |= shows_token
        since_s = 0 if limits is None else int(at_s - machine.armed_at_s)
        watchdog_ms = 0 if limits is None else self._watchdog_echo_ms(limits)
        words = [token >> 16, token & 0xFFFF, int(self._refusal)]
        return [*words, since_s >> 16, since_s & 0xFFFF, watchdog_ms]

    def _watchdog_echo_ms(self, limits: SessionLimits) -> int:
        echo_ms = self.machine.variants.watchdog.echo_ms
        return round(limits.watchdog_s * 1000) if echo_ms is None else echo_ms

    # -- commands (B.4): CRC, token, state, sequence, ranges ---------------------------------------

    def take_command(self, values: Sequence[int], at_s: float) -> None:
        """Apply the block 0x200-0x207 sent to this unit's own address."""
        command = Command.parse(values)
        if not command.crc_good:
            self._refuse(Result.CRC_ERROR, EventCode.CRC_REFUSAL)
        if _is_open_release(command):
            self._release_for_anybody()
            return
        self._refuse_when_busy()
        if not self.token:
            self._refuse(Result.NOT_ARMED, EventCode.BAD_TOKEN)
        if command.token != self.token:
            self._note_foreign(at_s)
            self._refuse(Result.WRONG_TOKEN)
        step = command.step_after(self.machine.sequence)
        obeys = command.mode in RELEASES or self.state is not State.RELEASING
        if step == 0 and obeys and command.registers == self._last_command:
            self.result = Result.REPEAT
            return
        if command.mode in RELEASES:
            self._accept_release(command, step, at_s)
            return
        self._check_order(command, step)
        self._accept_sequence(command, step, at_s)
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

    def _accept_release(self, command: Command, step: int | None, at_s: float) -> None:
        """Accept a release in any state with any sequence; only a new one proves a live host."""
        if step:
            self._accept_sequence(command, step, at_s)
        self.result = Result.ACCEPTED
        self.machine.release(RELEASES[command.mode], latching=command.mode == map_v1.MOTOR_OFF)

    def _accept_sequence(self, command: Command, step: int | None, at_s: float) -> None:
        if step is not None and step > 1:
            self.machine.log(EventCode.SEQUENCE_GAP, step, command.sequence)
        self.machine.sequence = command.sequence
        self._last_command = command.registers
        self.result = Result.ACCEPTED
        self.machine.feed(at_s)

    def take_broadcast(self, values: Sequence[int]) -> None:
        """Apply a write to address 0: only the tokenless fast release, without an answer."""
        command = Command.parse(values)
        if command.crc_good and _is_open_release(command):
            self._release_for_anybody()

    def _release_for_anybody(self) -> None:
        """Release without a token; this does not feed the watchdog."""
        self.result = Result.ACCEPTED
        self.machine.release(Strength.FAST)

    def _note_foreign(self, at_s: float) -> None:
        seen = self._foreign_at_s
        seen.append(at_s)
        if len(seen) == FOREIGN_LIMIT and at_s - seen[0] <= FOREIGN_WINDOW_S:
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
    ) -> NoReturn:
        """Report the result in 0x101, store an event (value 1 = result), answer an exception."""
        self.result = result
        if event is not None:
            self.machine.log(event, int(result), 0)
        raise RegisterRefused(code)

    # -- session and service (B.5, B.7) ------------------------------------------------------------

    def arm(self, values: Sequence[int], at_s: float) -> None:
        """Apply the block 0x300-0x309; 0x30C shows all reasons of a refusal together."""
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
        self._token = self.random.randrange(1, OPEN_TOKEN)
        self._token_shown = False
        self._last_command = None
        self._foreign_at_s.clear()
        self.result = Result.ACCEPTED
        self.machine.arm(limits, at_s)

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

    def serve(self, values: Sequence[int]) -> None:
        """Apply the block 0x600-0x603."""
        opcode, _, sequence, crc = values
        if map_v1.crc16_of_registers(values[:3]) != crc:
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


def _is_open_release(command: Command) -> bool:
    return command.mode == map_v1.FAST_RELEASE and command.token == OPEN_TOKEN

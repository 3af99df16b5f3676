"""The simplest traction unit in memory that can cause harm.

It does what is ordered at once and without limits of its own, so that a wrong order is a wrong
force. Its watchdog releases after 500 ms, and after a release order it never pulls; nothing else in
it protects anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from controller.errors import LinkLost, ReplyTimeout
from controller.ports import ArmingRequest
from controller.runtime.clock import VirtualClock
from controller.telemetry import (
    CommandKind,
    ForceCommand,
    Telemetry,
    UnitEvent,
    UnitState,
    UnitStatus,
)
from tests.unit.controller.builders import prescription, reading
from tests.unit.controller.runtime.runtime_parts import CAPABILITIES, IDENTITY

TICK_S = 0.05
EXCHANGE_S = 0.027
TIMEOUT_S = 0.04
STEP_S = 0.025
K_N_PER_MM = 5.0
LAG_S = 0.1
SLACK_MM = 6.0
SLACK_SPEED_MM_PER_S = 2.0
SPEED_MM_PER_S = 60.0
WATCHDOG_S = 0.5
SAFE_RATE_N_PER_S = 20.0
RELEASED_N = 15.0
FAST_N_PER_S = 130.0
LIMIT_N = 60.0
ORDER = prescription(
    hold_force_n=LIMIT_N,
    rest_force_n=20.0,
    hold_s=12.0,
    rest_s=8.0,
    treatment_s=60.0,
    ramp_up_n_per_s=10.0,
    ramp_down_n_per_s=20.0,
    pretension_s=2.0,
)
_DOWN = {
    CommandKind.RELEASE: ORDER.ramp_down_n_per_s,
    CommandKind.RELEASE_FAST: FAST_N_PER_S,
    CommandKind.CUT_POWER: 10 * FAST_N_PER_S,
}
_PULLING = (UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING)


class ObedientUnit:
    """A traction unit in memory (controller.ports.TractionUnit); seconds of the shared clock.

    ``changes`` are applied to each reading, ``silent`` answers nothing, ``deaf`` accepts nothing,
    ``gone`` is a port that vanished.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.identity, self.capabilities = IDENTITY, CAPABILITIES
        self.profile_name, self.profile_digest = "test", "00"
        self.verified, self.tick_s = False, TICK_S
        self.unknown_in_motion: frozenset[str] = frozenset()
        self.reading_after_refusal: Telemetry | None = None
        self.sent: list[tuple[float, ForceCommand]] = []
        self.path: list[tuple[float, float, float]] = []
        self.changes: dict[str, Any] = {}
        self.silent = self.deaf = self.gone = False
        self.before_exchange: Callable[[], None] = lambda: None
        self.state = UnitState.ARMED
        self.force_n = self.position_mm = 0.0
        self._set_point_n = 0.0
        self._command = ForceCommand(kind=CommandKind.HOLD)
        self._clock = clock
        self._now_s = self._started_s = self._fed_at_s = clock.now_s()
        self._sequence, self._number = 2, 10

    # --- what a host does -----------------------------------------------------------------------

    def exchange(self, command: ForceCommand) -> Telemetry:
        self.before_exchange()
        at_s = self._clock.now_s()
        if self.gone:
            raise LinkLost("the port vanished")
        self.sent.append((at_s, command))
        self.live_to(at_s)
        if command.kind is not CommandKind.OBSERVE and not self.deaf:
            self._take(command, at_s)
        self._clock.sleep_until(at_s + (TIMEOUT_S if self.silent else EXCHANGE_S))
        if self.silent:
            raise ReplyTimeout("no answer in 40 ms")
        self.live_to(self._clock.now_s())
        return self.shown(at_s)

    def release_without_token(self) -> None:
        self.sent.append((self._clock.now_s(), ForceCommand(kind=CommandKind.RELEASE_FAST)))
        if not self.deaf and not self.gone:
            self._release(ForceCommand(kind=CommandKind.RELEASE_FAST))

    def disarm(self) -> None:
        if not self.deaf and not self.gone and self.force_n <= 20.0:
            self._let_go(UnitState.IDLE)

    def arm(self, request: ArmingRequest) -> None:
        """Arming; the bench begins with an armed unit."""

    def find_order(self, ceiling_n: float) -> Telemetry:
        return self.shown(self._clock.now_s())

    def acknowledge(self) -> None:
        """Not part of these tests."""

    def seconds_since_arming(self) -> int:
        return 0

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        return ()

    def close(self) -> None:
        """Do nothing."""

    def shown(self, at_s: float) -> Telemetry:
        """The present reading; a live channel never repeats a value exactly."""
        self._number += 1
        noise_n = 0.1 * (self._number % 2)
        running = self.state in (*_PULLING, UnitState.RELEASING)
        values: dict[str, Any] = {
            "taken_at_s": at_s,
            "force_n": self.force_n + noise_n,
            "unit_state": self.state,
            "setpoint_in_effect_n": self._set_point_n,
            "extension_mm": self.position_mm,
            "sequence_accepted": self._sequence,
            "sample_number": self._number,
            "uptime_s": at_s,
            "watchdog_left_s": WATCHDOG_S if running else 0.0,
            "status": UnitStatus.PATIENT_SWITCH_PRESENT
            | (UnitStatus.WATCHDOG_ARMED if running else UnitStatus.NONE),
            **self.changes,
        }
        values.setdefault("second_force_n", values["force_n"])
        values.setdefault("gross_force_n", values["force_n"])
        return reading(**values)

    # --- what it does ---------------------------------------------------------------------------

    def _take(self, command: ForceCommand, at_s: float) -> None:
        if self.state not in (*_PULLING, UnitState.RELEASING):
            return
        self._sequence += 1
        self._fed_at_s = at_s
        if command.kind in _DOWN:
            self._release(command)
        elif self.state is not UnitState.RELEASING:
            following = command.kind is CommandKind.FOLLOW
            self.state = UnitState.TRACKING if following else UnitState.HOLDING
            if not following and self._command.kind is CommandKind.FOLLOW:
                self._set_point_n = self.force_n
            self._command = command

    def _release(self, command: ForceCommand) -> None:
        if self.state not in (*_PULLING, UnitState.RELEASING):
            return
        slower = self.state is UnitState.RELEASING and (
            _DOWN[command.kind] <= _DOWN[self._command.kind]
        )
        if not slower:
            self._command = command
        if self.state is not UnitState.RELEASING:
            self._set_point_n = self.force_n
        self.state = UnitState.RELEASING

    def _let_go(self, state: UnitState) -> None:
        self.state, self._set_point_n = state, 0.0
        self.force_n, self.position_mm = 0.0, min(self.position_mm, SLACK_MM)

    def live_to(self, at_s: float) -> None:
        """Advance to the time of the shared clock."""
        while self._now_s + STEP_S <= at_s + 1e-9:
            self._now_s += STEP_S
            self._step()
            self.path.append((self._now_s, self.position_mm, self.force_n))

    def _step(self) -> None:
        latched = False
        if self.state in _PULLING and self._now_s - self._fed_at_s >= WATCHDOG_S:
            self._release(ForceCommand(kind=CommandKind.RELEASE))
        if self.state is UnitState.RELEASING:
            latched = self._now_s - self._fed_at_s >= WATCHDOG_S
            rate = SAFE_RATE_N_PER_S if latched else _DOWN[self._command.kind]
            self._set_point_n = max(0.0, self._set_point_n - rate * STEP_S)
        elif self.state is UnitState.TRACKING:
            self._ramp()
        self._wind()
        if self.state is UnitState.RELEASING and self.force_n <= RELEASED_N:
            if latched or self._command.kind is CommandKind.CUT_POWER:
                self._let_go(UnitState.SAFE_LATCHED)
            else:
                self.state, self._command = UnitState.ARMED, ForceCommand(kind=CommandKind.HOLD)

    def _ramp(self) -> None:
        """Ramp at whatever rate the command states."""
        command = self._command
        change_n = command.force_n - self._set_point_n
        up = command.rate_n_per_s or ORDER.ramp_up_n_per_s
        down = command.rate_n_per_s or ORDER.ramp_down_n_per_s
        self._set_point_n += max(-down * STEP_S, min(up * STEP_S, change_n))

    def _wind(self) -> None:
        """A stiff regulator in front of a spring with slack; pays out only once it releases."""
        if self.state not in (*_PULLING, UnitState.RELEASING):
            return
        error_n = self._set_point_n - self.force_n
        speed = error_n / K_N_PER_MM / LAG_S
        if self.force_n < 5.0:
            speed = min(speed, SLACK_SPEED_MM_PER_S)
        if self.state in (UnitState.RELEASING, UnitState.ARMED):
            speed = min(speed, 0.0)
        self.position_mm += max(-SPEED_MM_PER_S, min(SPEED_MM_PER_S, speed)) * STEP_S
        self.force_n = max(0.0, K_N_PER_MM * (self.position_mm - SLACK_MM))

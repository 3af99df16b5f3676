"""The command block 0x200-0x207 and the session block 0x300-0x309 as the unit checks them.

Source: reference map, B.4, B.5 and B.10. Pure: numbers in, a verdict out; nothing here moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.device.register_image import CERVICAL, REGION_CEILING_N, UnitDescription, signed
from simulator.map_v1 import FORCE, HOLD, KEEP_ALIVE, Refusal, crc16_of_registers

SESSION_KEY: Final = 0xA5A5
SEQUENCES: Final = 65535
FURTHEST_AHEAD: Final = 32767
SAFE_RAMP_DEFAULT_N_PER_S = {0: 20.0, 1: 60.0}
SAFE_RAMP_MIN_TENTHS: Final = 50
SAFE_HOLD_MAX_MS: Final = 2000
RAMP_NOW, HOLD_THEN_RAMP, FAST_NOW = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """The limits from the arming. Newtons, newtons per second, seconds."""

    region: int
    ceiling_n: float
    rate_up_n_per_s: float
    rate_down_n_per_s: float
    watchdog_s: float
    safe_action: int
    safe_ramp_n_per_s: float
    safe_hold_s: float

    @property
    def is_lumbar(self) -> bool:
        return self.region != CERVICAL


@dataclass(slots=True, kw_only=True)
class Command:
    """One order; ``registers`` are kept because a repeat must have the same bytes.

    Not frozen: one is made for every request, where freezing costs more than the parsing.
    """

    registers: tuple[int, ...]
    token: int
    sequence: int
    mode: int
    setpoint_n: float
    rate_n_per_s: float
    ceiling_n: float
    crc_good: bool

    @classmethod
    def parse(cls, values: Sequence[int]) -> Command:
        """Parse the eight registers; the caller resolves 0x206 = 0."""
        return cls(
            registers=tuple(values),
            token=values[0] << 16 | values[1],
            sequence=values[2],
            mode=values[3],
            setpoint_n=signed(values[4]) / 10.0,
            rate_n_per_s=values[5] / 10.0,
            ceiling_n=values[6] / 10.0,
            crc_good=crc16_of_registers(values[:7]) == values[7],
        )

    def step_after(self, last: int) -> int | None:
        """Returns the steps ahead of ``last``; 0: the same sequence, None: behind or invalid."""
        if self.sequence == 0:
            return None
        step = (self.sequence - last) % SEQUENCES
        return step if step <= FURTHEST_AHEAD else None

    def in_range(self, limits: SessionLimits, present_target_n: float) -> bool:
        """True if all values are in range. Clamping would hide a bug of the host."""
        if self.mode not in (KEEP_ALIVE, FORCE, HOLD):
            return False
        if self.rate_n_per_s > max(limits.rate_up_n_per_s, limits.rate_down_n_per_s):
            return False
        if self.mode == FORCE and not 0.0 <= self.setpoint_n <= limits.ceiling_n:
            return False
        if self.ceiling_n == 0.0:
            return True
        lowest_n = {KEEP_ALIVE: present_target_n, FORCE: self.setpoint_n}.get(self.mode, 0.0)
        return lowest_n <= self.ceiling_n <= limits.ceiling_n


def parse_session(
    values: Sequence[int], unit: UnitDescription
) -> tuple[SessionLimits | None, Refusal]:
    """Returns the limits that a host requests, or the reasons of a refusal."""
    if crc16_of_registers(values[:9]) != values[9]:
        return None, Refusal.CRC
    refusal = Refusal.NONE if values[0] == SESSION_KEY else Refusal.WRONG_KEY
    if not _limits_in_range(values, unit):
        refusal |= Refusal.LIMIT_OUT_OF_RANGE
    if refusal:
        return None, refusal
    region, safe_ramp = values[1], values[7]
    return SessionLimits(
        region=region,
        ceiling_n=values[2] / 10.0,
        rate_up_n_per_s=values[3] / 10.0,
        rate_down_n_per_s=values[4] / 10.0,
        watchdog_s=values[5] / 1000.0,
        safe_action=values[6],
        safe_ramp_n_per_s=safe_ramp / 10.0 or SAFE_RAMP_DEFAULT_N_PER_S[region],
        safe_hold_s=values[8] / 1000.0,
    ), Refusal.NONE


def _limits_in_range(values: Sequence[int], unit: UnitDescription) -> bool:
    _, region, ceiling, up, down, watchdog_ms, action, safe_ramp, safe_hold_ms = values[:9]
    if region not in REGION_CEILING_N or not unit.regions >> region & 1:
        return False
    highest_n = min(unit.rated_force_n, REGION_CEILING_N[region])
    return (
        0.0 < ceiling / 10.0 <= highest_n
        and 0.0 < up / 10.0 <= unit.max_rate_up_n_per_s
        and 0.0 < down / 10.0 <= unit.max_rate_down_n_per_s
        and unit.watchdog_min_ms <= watchdog_ms <= unit.watchdog_max_ms
        and action in (RAMP_NOW, HOLD_THEN_RAMP, FAST_NOW)
        and (safe_ramp == 0 or safe_ramp >= SAFE_RAMP_MIN_TENTHS)
        and safe_hold_ms <= SAFE_HOLD_MAX_MS
    )

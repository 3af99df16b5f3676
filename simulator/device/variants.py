"""Variants of a unit that follow the map's rules, and defects.

They are permanent: they survive a loss of power (``ReferenceFirmware``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from simulator.device.register_image import tenths

FINEST_STEP_N: Final = 0.1
COARSEST_STEP_N: Final = 1.0


class SetPointRegister:
    """Register 0x108, which the map lets a unit renew seldom and round coarsely."""

    __slots__ = ("_newest_renewal", "_phase_s", "_shown_n", "_step_n", "period_s")

    def __init__(self) -> None:
        self.period_s = 0.0
        """0: always the ramp's present value."""
        self._step_n = FINEST_STEP_N
        self._phase_s = 0.0
        self._newest_renewal: int | None = None
        self._shown_n = 0.0

    def renew(self, period_s: float, step_n: float, phase_s: float) -> None:
        """Renew at ``phase_s`` and every ``period_s`` of the unit's clock, in steps of ``step_n``.

        Raises ValueError for a negative period or a step outside of 0.1 to 1 N.
        """
        if period_s < 0.0 or not FINEST_STEP_N <= step_n <= COARSEST_STEP_N:
            raise ValueError(f"period_s={period_s} must be at least 0, step_n={step_n} 0.1 to 1")
        self.period_s, self._step_n, self._phase_s = period_s, step_n, phase_s
        self._newest_renewal = None

    def take(self, uptime_s: float, setpoint_n: float) -> None:
        """Store the displayed value; called once per device cycle while the period is not 0."""
        renewal = math.floor((uptime_s - self._phase_s) / self.period_s + 1e-9)
        if renewal != self._newest_renewal:
            self._newest_renewal, self._shown_n = renewal, setpoint_n

    def tenths(self, setpoint_n: float) -> int:
        """Returns the register's value in 0.1 N; ``setpoint_n`` is the ramp's present value."""
        shown_n = self._shown_n if self.period_s else setpoint_n
        if self._step_n == FINEST_STEP_N:
            return tenths(shown_n)
        return tenths(round(shown_n / self._step_n) * self._step_n)


class WatchdogDefects:
    """Defects of the unit's watchdog, which otherwise works according to the map."""

    __slots__ = ("echo_ms", "stopped")

    def __init__(self) -> None:
        self.stopped = False
        self.echo_ms: int | None = None
        """Shown in 0x30F instead of the ordered time; None: the true time."""

    def stop(self) -> None:
        """Stop the watchdog: bit 6 of A and 0x10F read 0, a silent host is not noticed."""
        self.stopped = True


@dataclass(slots=True, kw_only=True)
class Variants:
    """How this unit differs from the map's example.

    ``reenters_release``: each release order (modes 1 and 5) enters state 5 anew, also in states 2
    and 6; from there the unit goes back one cycle later if force is at most 15 N.

    ``blind``: the unit's own supervision of the force is disabled. ``keeps_force_without_power``: a
    brake closes when the supply fails, and holds the cord in place.
    """

    set_point_register: SetPointRegister = field(default_factory=SetPointRegister)
    watchdog: WatchdogDefects = field(default_factory=WatchdogDefects)
    reenters_release: bool = False
    blind: bool = False
    keeps_force_without_power: bool = False

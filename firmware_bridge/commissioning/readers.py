"""Units and instruments behind one interface: net forces by channel, read without any order."""

from __future__ import annotations

from controller.errors import UnitBusy, UnitFaulted
from controller.ports import Clock, ForceSource, TractionUnit
from controller.telemetry import FORCE_FAULTS, CommandKind, ForceCommand, UnitState
from firmware_bridge.commissioning.readings import Reading

AT_REST = frozenset({UnitState.IDLE, UnitState.SAFE_LATCHED, UnitState.FAULT})
"""States in which a unit applies no force and no host drives it."""


class InstrumentReader:
    """Reads an instrument, which has one channel. Implements ``ForceReader``."""

    def __init__(self, source: ForceSource) -> None:
        self._source = source
        self.period_s = source.poll_period_s

    def read(self) -> Reading:
        """Read once; raises LinkError or InstrumentFaulted."""
        sample = self._source.read()
        return Reading(taken_at_s=sample.taken_at_s, forces_n=(sample.net_n,))


class UnitReader:
    """Reads a unit with one or two channels that must stay at rest. Implements ``ForceReader``."""

    def __init__(self, unit: TractionUnit, clock: Clock) -> None:
        self._unit = unit
        self._clock = clock
        self.period_s = unit.tick_s

    def read(self) -> Reading:
        """Observe once; raises LinkError, UnitBusy or UnitFaulted."""
        asked_at_s = self._clock.now_s()
        reading = self._unit.exchange(ForceCommand(kind=CommandKind.OBSERVE))
        unit_id = self._unit.identity.unit_id
        if reading.unit_state not in AT_REST:
            raise UnitBusy(
                f"unit {unit_id} is in state {reading.unit_state.name.lower()}, not at rest: "
                "a patient may be on it; nothing more was sent, try again when it is idle"
            )
        second = [reading.second_force_n] * self._unit.capabilities.second_channel
        forces_n = [force_n for force_n in (reading.force_n, *second) if force_n is not None]
        bad = reading.faults & FORCE_FAULTS
        if bad or len(forces_n) <= len(second):
            raise UnitFaulted(
                f"unit {unit_id} reports an invalid force (faults 0x{int(bad):04X}); check "
                "its load cells and their cables"
            )
        return Reading(taken_at_s=asked_at_s, forces_n=tuple(forces_n))

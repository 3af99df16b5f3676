"""What the parts of one running session share: the unit, the clock, the record and the person."""

from __future__ import annotations

from dataclasses import dataclass

from controller.ports import Clock, Operator, TractionUnit
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPorts:
    """Through which preparation, loop and end watch of one session reach the outside."""

    unit: TractionUnit
    clock: Clock
    recorder: Recorder
    operator: Operator
    alarms: AlarmKeeper

    @classmethod
    def of(
        cls, unit: TractionUnit, clock: Clock, recorder: Recorder, operator: Operator
    ) -> SessionPorts:
        """Returns them for a session that begins: no alarm is active yet."""
        alarms = AlarmKeeper(recorder, operator)
        return cls(unit=unit, clock=clock, recorder=recorder, operator=operator, alarms=alarms)

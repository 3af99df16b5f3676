"""A fault script for a simulated unit: JSON lines, each with a time and a call.

``{"at_s": 12.5, "call": "body.slip", "with": [5]}``: the time is in seconds after the first arming,
in the unit's own time, which continues here while the unit has no power. The calls are those of
fault-script.md, which act on the unit, the body and the cord; faults of the wire are separate. A
script does nothing until arming.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from simulator.device.firmware import ReferenceFirmware
from simulator.table.patient import Patient, UnitView

Do = Callable[..., None]
OBJECTS = {
    "cell": lambda unit: unit.cell,
    "second_cell": lambda unit: unit.second_cell,
    "cord": lambda unit: unit.cord,
    "body": lambda unit: unit.body,
    "winch": lambda unit: unit.winch,
    "watchdog": lambda unit: unit.watchdog,
    "power": lambda unit: unit,
    "switch": lambda unit: unit.switch,
    "estop": lambda unit: unit.estop,
    "id": lambda unit: unit.disguise,
    "map": lambda unit: unit.disguise,
}
CALLS = {
    "cell": {"freeze_counter": 0, "stick": 0, "gain": 1, "drift": 1, "open": 0},
    "second_cell": {"stick": 0, "gain": 1, "drift": 1, "open": 0, "vanish": 0},
    "cord": {"snap": 0},
    "body": {"slip": 1, "jump": 1, "spasm": 1},
    "winch": {"jam": 0, "jam_with_clutch": 0, "run_in": 1, "run_in_releasing": 1, "free": 0},
    "watchdog": {"stop": 0},
    "power": {"cut": 0, "cycle": 1},
    "switch": {"press": 0, "release": 0, "unplug": 0, "plug": 0, "tap": 1},
    "estop": {"press": 0, "release": 0},
    "id": {"other": 0, "crc": 0},
    "map": {"swap_words": 0, "shift": 1, "version": 1},
}
"""Every call and its number of arguments; those of ``switch`` and ``power`` are milliseconds."""
_OTHER_NAMES = {
    "id.other": "another_unit",
    "id.crc": "another_firmware",
    "winch.jam_with_clutch": "jam",
    "winch.run_in_releasing": "run_in",
    "power.cut": "cut_power",
    "power.cycle": "power_cycle",
}
_SETTINGS = {
    "winch.jam_with_clutch": {"clutch": True},
    "winch.run_in_releasing": {"only_releasing": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedFault:
    """One line of a script. ``at_s`` counts from the first arming, in the unit's time."""

    at_s: float
    call: str
    arguments: tuple[float, ...] = ()


def read_script(text: str) -> list[ScriptedFault]:
    """Parse a script; raises ValueError naming the line and the fault."""
    faults: list[ScriptedFault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                faults += _read_line(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
    return sorted(faults, key=lambda fault: fault.at_s)


def _read_line(line: str) -> list[ScriptedFault]:
    written = json.loads(line)
    if not isinstance(written, dict) or not written.keys() <= {"at_s", "call", "with"}:
        raise ValueError('expected {"at_s": seconds, "call": "name", "with": [numbers]}')
    at_s, call, arguments = written.get("at_s"), written.get("call"), written.get("with", [])
    if not _is_number(at_s) or at_s < 0:
        raise ValueError(f"at_s={at_s!r} is not a number of seconds from 0 on")
    group, _, name = str(call).partition(".")
    if name not in CALLS.get(group, {}):
        known = ", ".join(f"{group}.{name}" for group, names in CALLS.items() for name in names)
        raise ValueError(f"call {call!r} is not one of {known}")
    if not isinstance(arguments, list) or not all(map(_is_number, arguments)):
        raise ValueError(f"with={arguments!r} is not a list of numbers")
    if len(arguments) != CALLS[group][name]:
        raise ValueError(f"{call} takes {CALLS[group][name]} numbers, not {len(arguments)}")
    if call == "switch.tap":
        released_s = at_s + arguments[0] / 1000
        return [
            ScriptedFault(at_s=at_s, call="switch.press"),
            ScriptedFault(at_s=released_s, call="switch.release"),
        ]
    return [ScriptedFault(at_s=at_s, call=str(call), arguments=tuple(arguments))]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


class FaultScript:
    """Accompanies the patient and runs the script; ``done`` lists what has happened."""

    def __init__(self, patient: Patient, faults: Sequence[ScriptedFault]) -> None:
        self._patient = patient
        self._due = list(faults)
        self._armed_at_s: float | None = None
        self.done: list[ScriptedFault] = []

    def act(self, unit: UnitView) -> None:
        """Act once per device cycle, after the unit has moved."""
        self._patient.act(unit)
        assert isinstance(unit, ReferenceFirmware), "faults act on the unit itself"
        if self._armed_at_s is None:
            if unit.machine.limits is None:
                return
            self._armed_at_s = unit.lived_s
        while self._due and unit.lived_s >= self._armed_at_s + self._due[0].at_s:
            fault = self._due.pop(0)
            _do(unit, fault)
            self.done.append(fault)


def _do(unit: ReferenceFirmware, fault: ScriptedFault) -> None:
    group, _, name = fault.call.partition(".")
    happens: Do = getattr(OBJECTS[group](unit), _OTHER_NAMES.get(fault.call, name))
    happens(*_as_called(group, fault), **_SETTINGS.get(fault.call, {}))


def _as_called(group: str, fault: ScriptedFault) -> list[float]:
    """Returns the numbers in the call's form: integers, or seconds for milliseconds."""
    if group == "map":
        return [int(number) for number in fault.arguments]
    return [number / 1000 if group == "power" else number for number in fault.arguments]

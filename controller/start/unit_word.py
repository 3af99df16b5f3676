"""Arming conditions that the unit states itself, in bits of 0x20 and 0x2C-0x2D.

A missing safety layer refuses the start on every unit, verified or not. Only the switch's second
contact may be missing (decision 0131), which the record states.
"""

from __future__ import annotations

from controller.ports import UnitCapabilities
from controller.start.self_check import CheckItem, CheckState, judged

_NOT_FOR_PATIENTS = "this unit must not pull through this program; choose another one"


def unit_word_items(unit: UnitCapabilities, *, watchdog_s: float) -> list[CheckItem]:
    """Returns one item for each safety layer of the unit; ``watchdog_s`` is the value armed."""
    return [
        _watchdog(unit, watchdog_s),
        judged(
            "switch_presence",
            unit.patient_switch_sensed,
            "sensed" if unit.patient_switch_sensed else "the unit cannot tell an unplugged switch",
            _NOT_FOR_PATIENTS,
        ),
        _two_channels(unit),
        judged(
            "emergency_stop_wiring",
            unit.emergency_stop_hard_wired,
            "hard-wired" if unit.emergency_stop_hard_wired else "not hard-wired into the drive",
            _NOT_FOR_PATIENTS,
        ),
        judged(
            "power_loss",
            unit.releases_on_power_loss,
            "releases" if unit.releases_on_power_loss else "the unit keeps its force without power",
            _NOT_FOR_PATIENTS,
        ),
    ]


def _watchdog(unit: UnitCapabilities, watchdog_s: float) -> CheckItem:
    """Rows 1, 26 and 27: nothing else releases if the host is dead."""
    low_ms, high_ms = round(unit.watchdog_min_s * 1000), round(unit.watchdog_max_s * 1000)
    wanted_ms = round(watchdog_s * 1000)
    value = f"{low_ms} ms to {high_ms} ms, {wanted_ms} ms needed"
    return judged("watchdog", low_ms <= wanted_ms <= high_ms, value, _NOT_FOR_PATIENTS)


def _two_channels(unit: UnitCapabilities) -> CheckItem:
    """Row 20: with one contact, only the press test finds a dead switch."""
    if unit.patient_switch_two_channel:
        return judged("switch_contacts", True, "two", "")
    return CheckItem(
        name="switch_contacts",
        state=CheckState.NOT_COVERED,
        value="one",
        todo="a switch that dies in the session is not noticed: the press test is the only check",
    )

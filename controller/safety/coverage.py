"""Finds the checks that are blind on a unit whose readings are incomplete."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from controller.safety.checks import CHECKS
from controller.safety.hazard import Check
from controller.telemetry import Telemetry

UNARMABLE_WITHOUT: Final = frozenset(
    {
        "sample_number",
        "watchdog_left_s",
        "sequence_accepted",
        "command_result",
        "setpoint_in_effect_n",
        "extension_mm",
    }
)
"""What the readings of an armed unit must contain (decision 0255): rows 5, 26, 4 and 36, 42 and 37,
and 10, 14, 15 and 17 depend on it alone.
"""
CHECKED_FIELDS: Final = frozenset(
    name for check in CHECKS for need in check.needs for name in need.split("|")
)
"""Every part of a reading that some check needs."""


def blind_checks(unknown: Collection[str]) -> tuple[Check, ...]:
    """Returns the checks that cannot see their hazard without these parts of ``Telemetry``."""
    return tuple(
        check
        for check in CHECKS
        if any(all(name in unknown for name in need.split("|")) for need in check.needs)
    )


def unknown_in(reading: Telemetry) -> frozenset[str]:
    """Returns the parts that some check needs and this reading lacks."""
    return frozenset(name for name in CHECKED_FIELDS if getattr(reading, name) is None)

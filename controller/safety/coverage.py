"""Which checks are blind on a unit whose readings do not say everything."""

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
"""What a reading must say of a unit that is armed (decision 0255): rows 5, 26, 4 and 36, 42 and 37,
and 10, 14, 15 and 17 rest on it alone."""
CHECKED_FIELDS: Final = frozenset(
    name for check in CHECKS for need in check.needs for name in need.split("|")
)
"""Every part of a reading that some check needs."""


def blind_checks(unknown: Collection[str]) -> tuple[Check, ...]:
    """The checks that cannot see their hazard where readings lack these parts of ``Telemetry``."""
    return tuple(
        check
        for check in CHECKS
        if any(all(name in unknown for name in need.split("|")) for need in check.needs)
    )


def unknown_in(reading: Telemetry) -> frozenset[str]:
    """Returns the parts that some check needs and this reading does not say."""
    return frozenset(name for name in CHECKED_FIELDS if getattr(reading, name) is None)

"""Items for hazard rows that are not covered on a unit because its readings are incomplete."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from controller.safety.coverage import UNARMABLE_WITHOUT, blind_checks
from controller.safety.hazard import Check
from controller.start.self_check import CheckItem, CheckState, judged

_WORDS: Final = {
    "gross_force_n": "force without the tare",
    "extension_mm": "position",
    "speed_mm_per_s": "speed",
    "setpoint_in_effect_n": "set-point in effect",
    "sample_number": "sample number",
    "sequence_accepted": "sequence of the last accepted order",
    "command_result": "result of the last order",
    "watchdog_left_s": "watchdog time left",
    "uptime_s": "uptime",
}


def coverage_items(unknown: Collection[str]) -> list[CheckItem]:
    """Returns one item for each check that is blind; none if readings are complete.

    ``unknown`` are parts of ``Telemetry``. A blind check without a substitute refuses.
    """
    return [_item(check, unknown) for check in blind_checks(unknown)]


def _item(check: Check, unknown: Collection[str]) -> CheckItem:
    name = f"row_{check.row}_{check.code}"
    missing = [name for need in check.needs for name in need.split("|") if name in unknown]
    why = f"its readings have no {' and no '.join(_WORDS[name] for name in missing)}"
    if UNARMABLE_WITHOUT.intersection(missing):
        todo = "this unit must not pull through this program; choose another one"
        return judged(name, False, why, todo)
    return CheckItem(
        name=name, state=CheckState.NOT_COVERED, value="not covered on this unit", todo=why
    )

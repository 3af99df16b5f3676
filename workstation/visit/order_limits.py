"""The limits of each field of an order's dose, as shown beside the field."""

from __future__ import annotations

import math
from typing import Final

from controller.errors import Bounds
from controller.order.force_unit import ForceUnit
from controller.order.prescription import (
    BODY_MASS,
    FREE_TABLES,
    HOLD_S,
    LEAST_HOLD_N,
    PRETENSION_MAX_N,
    PRETENSION_S,
    REGION_LIMITS,
    REST_S,
    STEP_S,
    STEPS,
    TREATMENT_S,
    Region,
    Table,
    most_rest_n,
)
from records.standing.kinds import PatientRecord, UnitRecord

_TIMES: Final = {
    "hold_time": HOLD_S,
    "rest_time": REST_S,
    "treatment_time": TREATMENT_S,
    "pretension_time": PRETENSION_S,
    "step_time": STEP_S,
}


def most_force_n(
    region: Region, lies_on: str, table: UnitRecord | None, patient: PatientRecord
) -> tuple[float, str]:
    """Returns the most that may be ordered, and whose limit it is: the narrowest of all."""
    limits = REGION_LIMITS[region]
    declared = lies_on in {each.value for each in Table if each not in FREE_TABLES}
    found = [(limits.hard_force_n, f"{region.value} region")]
    if declared:
        found.append((limits.soft_force_n, f"{region.value} region, friction table"))
    if table is not None and table.force_limit_n is not None:
        found.append((table.force_limit_n, f"limit of {table.name}"))
    cap_n = patient.force_cap.limit_n(region) if patient.force_cap else None
    if cap_n is not None:
        found.append((cap_n, "the patient's own limit"))
    return min(found)


def limits_in_words(
    region: Region, most: tuple[float, str], hold_n: float | None, forces: ForceUnit
) -> dict[str, str]:
    """Returns the limits of each field of a dose; ``hold_n`` None: no hold force is entered."""
    most_n, whose = most
    ramp_low, ramp_high = REGION_LIMITS[region].ramp_up_n_per_s
    ranges = {
        "hold_force": f"{LEAST_HOLD_N:g} to {most_n:g} N; {whose}",
        "maximum_force": f"{LEAST_HOLD_N:g} to {most_n:g} N, at least the hold force; {whose}",
        "rest_force": "at most 90 % of the hold force, and 10 N below it",
        "pretension_force": f"0 to {PRETENSION_MAX_N:g} N, at most the hold force",
        "ramp_up": f"{ramp_low:g} to {ramp_high:g} N/s",
        "ramp_down": f"{ramp_low:g} N/s to twice the ramp up",
    }
    if hold_n is not None and hold_n >= LEAST_HOLD_N:
        ranges |= {
            "maximum_force": f"{min(hold_n, most_n):g} to {most_n:g} N; {whose}",
            "rest_force": f"0 to {math.floor(most_rest_n(hold_n) * 10 + 1e-6) / 10:g} N",
            "pretension_force": f"0 to {min(PRETENSION_MAX_N, hold_n):g} N",
        }
    said = {key: forces.in_sentence(text) for key, text in ranges.items()}
    times = {key: _time(bounds) for key, bounds in _TIMES.items()}
    tables = ", ".join(each.value for each in REGION_LIMITS[region].tables)
    return {
        **said,
        **times,
        "progressive_steps": f"{STEPS.low:g} to {STEPS.high:g}",
        "regressive_steps": f"{STEPS.low:g} to {STEPS.high:g}",
        "body_mass": f"{BODY_MASS.low:g} to {BODY_MASS.high:g} kg",
        "table": tables,
    }


def _time(bounds: Bounds) -> str:
    """Returns minutes where it is whole minutes."""
    if bounds.low >= 60 and bounds.low % 60 == 0 == bounds.high % 60:
        return f"{bounds.low / 60:g} to {bounds.high / 60:g} min"
    return f"{bounds.low:g} to {bounds.high:g} s"

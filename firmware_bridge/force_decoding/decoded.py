"""The decoded result of one reading, before it gets a time, and the error of a fault."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from controller.errors import InstrumentFaulted
from controller.telemetry import InstrumentFault
from firmware_bridge.profile_kinds.data import NEWTONS, Unit

FAULT_TEXTS: Final[dict[InstrumentFault, str]] = {
    InstrumentFault.OVERLOAD: "overload; take the load off and have the cell checked",
    InstrumentFault.UNDERLOAD: "a value below its range; check cell, cable and direction",
    InstrumentFault.OPEN_CELL: "the cell is not connected or broken; check its cable",
    InstrumentFault.CONVERTER: "its converter is faulty; have it checked",
    InstrumentFault.NOT_CALIBRATED: "it is not calibrated; calibrate it and do the weight test",
    InstrumentFault.REFUSED_REQUEST: "it does not know the request; check model and profile",
    InstrumentFault.OTHER_UNIT: "it shows another unit; set the unit on the instrument",
    InstrumentFault.OTHER_FAMILY: "it is another family of instruments; choose its profile",
    InstrumentFault.OTHER_LINE: "the line is not this model's; check model, profile and settings",
    InstrumentFault.CHECKSUM: "the checksum of the line is wrong; check cable and settings",
    InstrumentFault.ZERO_TRACKING: "zero tracking is on and hides a slow pull; switch it off",
    InstrumentFault.COMPRESSION_ONLY: "it measures a push only; set it to both directions",
    InstrumentFault.PEAK_HOLD: "it shows a peak, not the present force; set it to real time",
    InstrumentFault.NO_ZERO: "it has no zero since it was switched on; set it to zero unloaded",
    InstrumentFault.UNKNOWN_CODE: "a code that its profile does not know; check model and profile",
    InstrumentFault.NO_NUMBER: "the value is not a number",
    InstrumentFault.OUT_OF_RANGE: "a value outside its range; check cell, cable and profile",
    InstrumentFault.SIGN_INVERTED: "a push where only a pull can be; its sign is inverted in the "
    "menu or the cell's wires are swapped; correct it and do the weight test",
    InstrumentFault.DECIMALS_CHANGED: "its decimals were changed in use; connect again and do the "
    "weight test",
    InstrumentFault.FROZEN: "its converter stands still; switch it off and on",
    InstrumentFault.TARE_ACTIVE: "a tare is active on it; clear the tare",
}
"""Each fault as text to follow "the instrument says:", with the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedForce:
    """One reading in newtons, traction positive, and the values that show the converter is running.

    ``decimals`` is the position of the decimal point, ``raw_count`` the converter's own count.
    """

    net_n: float
    gross_n: float | None
    decimals: int | None
    raw_count: int | None
    sample_number: int | None
    stable: bool | None
    faults: frozenset[InstrumentFault]


def faulted(
    profile: str, fault: InstrumentFault, detail: str = "", raw: bytes = b""
) -> InstrumentFaulted:
    """Returns the error of a reading without a force: profile, fault, received data, next step."""
    seen = f" ({detail})" if detail else ""
    return InstrumentFaulted(
        f"instrument {profile}: {FAULT_TEXTS[fault]}{seen}; no reading was taken",
        fault=fault.value,
        raw=raw,
    )


def check_finite(profile: str, value: float, raw: bytes) -> float:
    """Returns ``value``; raises InstrumentFaulted for NaN or infinity."""
    if not math.isfinite(value):
        raise faulted(profile, InstrumentFault.NO_NUMBER, f"{value}", raw)
    return value


def check_range(
    profile: str, value: float, limits: tuple[float | None, float | None], raw: bytes
) -> None:
    """Raises InstrumentFaulted if a displayed value is outside the profile's range."""
    low, high = limits
    if (low is not None and value < low) or (high is not None and value > high):
        raise faulted(
            profile, InstrumentFault.OUT_OF_RANGE, f"{value:g}, range {low} to {high}", raw
        )


def newtons(displayed: float, unit: Unit, tension: str) -> float:
    """Returns a displayed value in newtons, traction positive; never negative zero."""
    force_n = displayed * NEWTONS[unit]
    return (force_n if tension == "positive" else -force_n) + 0.0

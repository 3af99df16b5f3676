"""Converts the measurement block to a reading (reference map, B.3)."""

from __future__ import annotations

import math

from controller.errors import FrameCorrupt, RequestRefused
from controller.telemetry import Telemetry, UnitFault, UnitState, UnitStatus
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.modbus.frames import READ
from firmware_bridge.modbus.registers import NOT_FITTED, RegisterBlock, bytes_to_words


def read_block(link: UnitLink, block: RegisterBlock) -> list[int]:
    """Returns the registers of a block, read with function 3 and not yet checked; raises LinkError.

    A block longer than the link allows is read in parts; its CRC shows that they belong together.
    """
    words: list[int] = []
    while len(words) < block.count:
        count = min(block.count - len(words), link.most_registers)
        words += bytes_to_words(link.read_registers(READ, block.address + len(words), count))
    return words


def reading_of(values: dict[str, int], sent_at_s: float) -> Telemetry:
    """Returns one reading; ``sent_at_s`` is when its request was sent. Raises FrameCorrupt.

    What is missing in ``values`` is None: an order's answer over lines of text contains less than
    the block.
    """
    faults = UnitFault(values["faults"])
    age_s = values["sample_age"] / 1000
    return Telemetry(
        taken_at_s=sent_at_s - age_s,
        sequence_accepted=values["sequence"],
        command_result=values["result"],
        unit_state=_state(values["state"]),
        status=UnitStatus(values["status"]),
        faults=faults,
        first_fault_code=values["first_fault"],
        force_n=_force(values["force_1"], faults, UnitFault.CHANNEL_1_VALID),
        second_force_n=_force(values["force_2"], faults, UnitFault.CHANNEL_2_VALID),
        gross_force_n=_scaled(values, "gross_force", 10),
        setpoint_in_effect_n=values["set_point"] / 10,
        extension_mm=values["position"] / 10,
        speed_mm_per_s=_scaled(values, "speed", 10),
        motor_current_a=_scaled(values, "motor_current", 100),
        sample_number=values["sample_number"],
        sample_age_s=age_s,
        watchdog_left_s=values["watchdog_left"] / 1000,
        uptime_s=_scaled(values, "uptime", 1000),
        newest_event=values.get("newest_event"),
    )


def tenths(name: str, value: float) -> int:
    """Returns a number of the core in the map's unit (tenths).

    Raises RequestRefused for NaN or infinity.
    """
    if not math.isfinite(value):
        raise RequestRefused(
            f"{name}={value} is not a finite number; nothing was sent, report this defect"
        )
    return round(value * 10)


def _scaled(values: dict[str, int], name: str, by: int) -> float | None:
    return values[name] / by if name in values else None


def _force(raw: int, faults: UnitFault, valid: UnitFault) -> float | None:
    """Returns the force of a channel; None, never 0, if it is not valid or not fitted."""
    return raw / 10 if faults.has(valid) and raw != NOT_FITTED else None


def _state(number: int) -> UnitState:
    try:
        return UnitState(number)
    except ValueError as error:
        raise FrameCorrupt(f"unit state {number} is not in the map; reading refused") from error

"""A second implementation of the record's numbers, from the documented bytes alone.

Nothing of the product is imported: samples are 13 bytes big-endian (ms u32, target i16, force 1
i16, force 2 i16, phase u8, flags u16), phase 6 is holding, forces are tenths of a newton.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

HOLDING = 6
TREATING = ("ramping_up", "holding", "ramping_down", "resting")


def independent_dose(events: Iterable[Any], raw: bytes) -> dict[str, int | None]:
    """The numbers of the note, computed without numpy and without the product's code."""
    samples = [_sample(raw[at : at + 13]) for at in range(0, len(raw), 13)]
    usable = [s for s in samples if s["force"] is not None and s["flags"] & 3 == 0]
    hold_time_ms, forces = 0, []
    for index, sample in enumerate(samples):
        if sample["phase"] != HOLDING or sample["force"] is None or sample["flags"] & 3:
            continue
        allowed = max(Decimal(100), Decimal(sample["target"]) / 10)
        if abs(Decimal(sample["force"]) - sample["target"]) > allowed:
            continue
        forces.append(sample["force"])
        if index + 1 < len(samples):
            step = samples[index + 1]["ms"] - sample["ms"]
            hold_time_ms += min(300, max(0, step))
    traction_ms = _traction_ms(events)
    mean = None
    if forces:
        exact = Decimal(sum(forces)) / len(forces)
        mean = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return {
        "delivered_minutes": traction_ms // 60000,
        "traction_ms": traction_ms,
        "mean_hold_force_dn": mean,
        "peak_force_dn": max((s["force"] for s in usable), default=None),
        "hold_time_ms": hold_time_ms,
    }


def _sample(raw: bytes) -> dict[str, Any]:
    def signed(two: bytes) -> int:
        return int.from_bytes(two, "big", signed=True)

    force = signed(raw[6:8])
    return {
        "ms": int.from_bytes(raw[0:4], "big"),
        "target": signed(raw[4:6]),
        "force": None if force == -0x8000 else force,
        "phase": raw[10],
        "flags": int.from_bytes(raw[11:13], "big"),
    }


def _traction_ms(events: Iterable[Any]) -> int:
    """Every stretch between two phase events that ends a treating phase, without pauses."""
    changes = [event for event in events if event.kind.name == "PHASE_CHANGED"]
    return sum(
        after.at_ms - before.at_ms
        for before, after in itertools.pairwise(changes)
        if before.detail["to"] in TREATING
    )

"""The forces of a note with the clinic's unit leading, as its text and its page show them.

The values themselves, newtons first, are what is recorded, signed and exported.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from controller.order.force_unit import ForceUnit
from records.note.device_fields import Field

OF_THE_LOG: Final = frozenset(
    {
        "hold_force",
        "rest_force",
        "ramp",
        "peak_force",
        "mean_hold_force",
        "time_in_band",
        "steps",
        "stop",
        "gaps",
        "phases",
        "outcome",
    }
)
"""Fields whose forces are from the log; some have pounds beside them, some do not."""
WITH_REASONS: Final = frozenset({"adjustments", "force_confirmed"})
"""Fields that end with a person's text, in which no single force is changed."""
OF_A_SHEET: Final = frozenset(
    {
        "ordered_hold_force",
        "ordered_rest_force",
        "delivered_hold_force",
        "delivered_rest_force",
    }
)
_SHEET: Final = re.compile(r"(-?\d+\.\d) N \((.+)\)")
"""A force of a downtime sheet: in newtons, and as somebody wrote it."""


def led_field(field: Field, forces: ForceUnit) -> Field:
    """Returns a field with the leading unit in log or sheet forces; people's texts stay."""
    if field.value is None or forces is ForceUnit.NEWTON:
        return field
    kind = plain_name(field)
    if kind in OF_THE_LOG:
        return replace(field, value=forces.in_sentence(forces.in_value(field.value)))
    if kind in WITH_REASONS:
        return replace(field, value=forces.in_value(field.value))
    if kind in OF_A_SHEET:
        return replace(field, value=_of_a_sheet(field.value, forces))
    return field


def plain_name(field: Field) -> str:
    """Returns the name of a field without the part that distinguishes sessions and stops."""
    name = field.name.partition(".")[0]
    kind, _, number = name.partition("_")
    return kind if number.isdigit() else name


def _of_a_sheet(value: str, forces: ForceUnit) -> str:
    """Returns it with what somebody wrote beside it where that was in another unit."""
    found = _SHEET.fullmatch(value)
    if found is None:
        return value
    force_n, written = float(found[1]), found[2]
    if written.endswith(forces.value):
        return f"{written} ({found[1]} N)"
    return f"{forces.with_other(force_n)}, written as {written}"

"""The items of a downtime sheet, in the program's words: paper and screen cannot differ.

The sheet is printed from these items (``records.exports.forms``) and entered by them
(``workstation.visit.from_paper``).
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.order.prescription import Mode, Region
from controller.session.machine import PRETENSION_QUESTION
from controller.start.before_start import ALL_CLEAR, SURROUNDINGS_TEXTS
from records.note.fields import ClinicianField, clinician_fields
from records.visit.screen import screen_items

IDENTITY = ("name", "date of birth")
"""What the patient says and a person compares."""
CERVICAL_ONLY = tuple(
    item for item in screen_items(Region.CERVICAL) if item not in screen_items(Region.LUMBAR)
)
REGIONS = tuple(region.value for region in Region)
MODES = tuple(mode.value for mode in Mode)
ON_THE_SHEET_ALREADY = frozenset({"patient_reference", "screening"})
"""Fields of the note with places of their own on the sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetItem:
    """One line of the sheet: its name in the record, its label, and its format.

    ``is_needed``: an entered sheet must have it.
    """

    name: str
    label: str
    hint: str = ""
    is_needed: bool = False


ORDERED = (
    SheetItem(name="ordered_hold_force", label="Hold force", hint="20 lbf", is_needed=True),
    SheetItem(name="ordered_rest_force", label="Rest force", hint="5 lbf"),
    SheetItem(name="ordered_hold_time", label="Hold time", hint="30 s"),
    SheetItem(name="ordered_rest_time", label="Rest time", hint="10 s"),
    SheetItem(name="ordered_time", label="Treatment time", hint="15 min", is_needed=True),
)
DELIVERED = (
    SheetItem(name="delivered_hold_force", label="Hold force", hint="20 lbf", is_needed=True),
    SheetItem(name="delivered_rest_force", label="Rest force", hint="5 lbf"),
)
TIMES = (
    SheetItem(name="began", label="Traction began", hint="13:05", is_needed=True),
    SheetItem(name="ended", label="Traction ended", hint="13:20", is_needed=True),
    SheetItem(name="paused", label="Paused, all together", hint="2 min", is_needed=True),
)
STOP = (
    SheetItem(name="stopped_at", label="Stopped early at", hint="13:12"),
    SheetItem(name="stop_reason", label="Who stopped it, how, and why"),
    SheetItem(name="released_by_hand", label="Released by hand: how, at what time"),
)


def ticks() -> tuple[str, ...]:
    """Returns what a person checks beside the table, in the words of the session's questions."""
    return (*SURROUNDINGS_TEXTS.values(), PRETENSION_QUESTION, ALL_CLEAR)


def note_items() -> tuple[ClinicianField, ...]:
    """Returns the fields of the note that have room on the sheet."""
    known = clinician_fields(stopped=True, adjusted=True)
    return tuple(each for each in known if each.name not in ON_THE_SHEET_ALREADY)

"""The times of a note with the name of the clinic's zone, as its text and its page show them.

The values themselves, with the offset of ISO 8601, are what is signed and exported.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from records.note.device_fields import Field
from records.note.led_forces import plain_name
from records.note.stored_text import with_its_moment
from records.note.treatment_note import TreatmentNote

MOMENTS: Final = frozenset(
    {
        "opened_at",
        "started_at",
        "ended_at",
        "visit_started_at",
        "visit_ended_at",
        "began",
        "ended",
        "entered_by",
    }
)
"""Fields of the device or of a sheet that are a moment, or end with one."""


def named_time(field: Field, note: TreatmentNote) -> Field:
    """Returns a field with its moment for people; every other field unchanged."""
    if field.value is None or plain_name(field) not in MOMENTS:
        return field
    return replace(field, value=with_its_moment(field.value, note.moment_as_read))

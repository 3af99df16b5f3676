"""A note for people: the leading unit of force, times with the name of their zone.

Recorded, signed and exported to programs are the values themselves.
"""

from __future__ import annotations

from dataclasses import replace

from records.note.device_fields import Field
from records.note.led_forces import led_field
from records.note.named_times import named_time
from records.note.treatment_note import TreatmentNote


def note_as_read(note: TreatmentNote) -> TreatmentNote:
    """Returns the note in the form that it was signed in, a draft in the clinic's."""

    def read(fields: tuple[Field, ...]) -> tuple[Field, ...]:
        return tuple(field_as_read(each, note) for each in fields)

    return replace(
        note,
        device_fields=read(note.device_fields),
        sheet_fields=read(note.sheet_fields),
        parts=tuple(replace(part, fields=read(part.fields)) for part in note.parts),
    )


def field_as_read(field: Field, note: TreatmentNote) -> Field:
    """Returns a field of device or sheet in that form; people's texts stay unchanged."""
    return named_time(led_field(field, note.forces), note)

"""The objective part in a few lines, to be pasted into the note of another system.

Every word is a field of the note or its label; what is open is left to the person who pastes it.
"""

from __future__ import annotations

from controller.words import lines_of
from records.note.treatment_note import TreatmentNote
from records.visit.face import Face


def note_summary(note: TreatmentNote, face: Face) -> str:
    """Five to nine lines, sentences about the dose and how the rules ended; ends with a newline."""
    lines = [
        f"Mechanical traction, {_value(note, 'region')}, {_value(note, 'mode')}; "
        f"session {note.session_id} ({face.status})",
        f"Ordered: {_ordered(note)}",
        f"Delivered: {_value(note, 'delivered_minutes')} from {_value(note, 'started_at')} to "
        f"{_value(note, 'ended_at')}, paused {_value(note, 'paused')}",
        f"Force: peak {_value(note, 'peak_force')}, mean in hold "
        f"{_value(note, 'mean_hold_force')}, time in hold {_value(note, 'hold_time')}",
        f"Stops: {_stops(note)}; times count from {_value(note, 'opened_at')}",
        f"Adjustments: {_value(note, 'adjustments')}",
        f"Device: {_value(note, 'device')}",
    ]
    warnings = " ".join([*face.errors, *face.alerts])
    if warnings:
        lines.append(f"{face.verdict or 'Note'}: {warnings}")
    if face.outcomes:
        lines.append(f"Rules of the claim: {face.outcomes}")
    return lines_of(lines)


def _ordered(note: TreatmentNote) -> str:
    rest = [f"rest {field.value}" for field in note.device_fields if field.name == "rest_force"]
    hold = f"hold {_value(note, 'hold_force')}"
    return ", ".join([hold, *rest, f"ramp {_value(note, 'ramp')}", _value(note, "treatment_time")])


def _stops(note: TreatmentNote) -> str:
    stops = [f.value or "" for f in note.device_fields if f.name.startswith("stop")]
    return " | ".join(stops)


def _value(note: TreatmentNote, name: str) -> str:
    """The field's text on one line."""
    return " ".join((note.field(name).value or "not recorded").split())

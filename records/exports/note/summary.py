"""The objective part in a few lines, to be pasted into the note of another system.

Every text is a field of the note or its label; open fields are left to the person who pastes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from controller.words import lines_of
from records.note.as_read import note_as_read
from records.note.session_part import SessionPart
from records.note.treatment_note import TreatmentNote, sessions_text
from records.provenance import Sourced
from records.visit.face import Face

Told: TypeAlias = TreatmentNote | SessionPart


def note_summary(note: TreatmentNote, face: Face) -> str:
    """Returns seven to nine lines: sentences about the dose and the outcome of the rules.

    It ends with a newline. A visit of several sessions has two lines of its own and seven for each
    session.
    """
    note = note_as_read(note)
    lines = list(_visit_lines(note, face)) if note.parts else _session_lines(note, face.status)
    warnings = " ".join([*face.errors, *face.alerts])
    if warnings:
        lines.append(f"{face.verdict or 'Note'}: {warnings}")
    if face.outcomes:
        lines.append(f"Rules of the claim: {face.outcomes}")
    return lines_of(lines)


def _visit_lines(note: TreatmentNote, face: Face) -> Iterator[str]:
    """Yields the visit in two lines, then each session as in a note of its own."""
    yield (
        f"Mechanical traction, {_value(note, 'visit_region')}; {sessions_text(note)} "
        f"({face.status})"
    )
    yield (
        f"Delivered over the visit: {_value(note, 'visit_delivered_minutes')} from "
        f"{_value(note, 'visit_started_at')} to {_value(note, 'visit_ended_at')}, paused "
        f"{_value(note, 'visit_paused')}; stops: {_value(note, 'visit_stops')}"
    )
    for part in note.parts:
        yield from _session_lines(part, f"{note.parts.index(part) + 1} of {len(note.parts)}")


def _session_lines(told: Told, status: str) -> list[str]:
    """Yields what was ordered, delivered and changed in a session."""
    return [
        f"Mechanical traction, {_value(told, 'region')}, {_value(told, 'mode')}; "
        f"session {told.session_id} ({status})",
        f"Ordered: {_ordered(told)}",
        f"Delivered: {_value(told, 'delivered_minutes')} from {_value(told, 'started_at')} to "
        f"{_value(told, 'ended_at')}, paused {_value(told, 'paused')}",
        f"Force: peak {_value(told, 'peak_force')}, mean in hold "
        f"{_value(told, 'mean_hold_force')}, time in hold {_value(told, 'hold_time')}",
        f"Stops: {_stops(told)}",
        f"Adjustments: {_value(told, 'adjustments')}",
        f"Device: {_value(told, 'device')}",
    ]


def _ordered(note: Told) -> str:
    rest = [f"rest {field.value}" for field in _fields(note) if field.name.startswith("rest_force")]
    hold = f"hold {_value(note, 'hold_force')}"
    return ", ".join([hold, *rest, f"ramp {_value(note, 'ramp')}", _value(note, "treatment_time")])


def _stops(note: Told) -> str:
    stops = [f.value or "" for f in _fields(note) if f.name.startswith("stop")]
    return " | ".join(stops)


def _fields(note: Told) -> tuple[Sourced[str], ...]:
    return note.fields if isinstance(note, SessionPart) else note.device_fields


def _value(note: Told, name: str) -> str:
    """Returns the field's text on one line."""
    return " ".join((note.field(name).value or "not recorded").split())

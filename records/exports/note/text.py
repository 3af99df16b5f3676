"""The note as text: the device's lines to be pasted, the clinician's below them."""

from __future__ import annotations

from collections.abc import Iterator

from controller.words import lines_of
from records.exports.note.authors import author_lines
from records.note.as_read import note_as_read
from records.note.session_part import SessionPart
from records.note.stored_text import unchanged_since
from records.note.treatment_note import TreatmentNote, sessions_text
from records.provenance import (
    NOT_ASSESSED_TEXT,
    NOT_RECORDED_TEXT,
    ON_PAPER,
    OPEN_TEXT,
    Sourced,
)
from records.visit.face import NOT_A_DEVICE
from records.visit.note_status import version_texts
from records.visit.visit import NotedVisit

FROM_PAPER = f"From a downtime sheet, {NOT_RECORDED_TEXT}"
"""Title of a sheet's content, in place of the device's part."""


def note_text(visit: NotedVisit) -> str:
    """Returns plain text, lines of at most about 110 characters, ending with a newline.

    Line ends and hidden characters are escaped: a recorded text stays in its line.
    """
    note, face = note_as_read(visit.note), visit.face
    lines = [f"TREATMENT NOTE ({face.status})  {sessions_text(note)}"]
    lines.append(f"Claim account {visit.account}")
    lines += face.rules
    lines += [f"! {alert}" for alert in face.alerts]
    if note.on_paper:
        lines += ["", FROM_PAPER.upper(), *map(_line, note.sheet_fields)]
    else:
        lines += ["", "RECORDED BY THE DEVICE", *_device_lines(note)]
    lines += ["", "FROM THE CLINICIAN"]
    lines += [_line(field) for field in note.clinician_fields]
    lines += ["", "WHO SAID IT", *author_lines(note)]
    if note.versions:
        lines += [
            "",
            *version_texts(note),
            f"Checkpoint of the signature {note.signature_checkpoint}",
        ]
    lines.append("")
    for seal, checkpoint in seal_lines(note, "none: the seal is not signed"):
        lines += filter(None, (seal, checkpoint))
    lines.append(NOT_A_DEVICE)
    return lines_of(lines)


def part_title(note: TreatmentNote, part: SessionPart) -> str:
    """Returns the title of the fields of one of several sessions."""
    number = note.parts.index(part) + 1
    return f"Session {number} of {len(note.parts)}, {part.region}: {part.session_id}"


def seal_lines(note: TreatmentNote, no_checkpoint: str) -> list[tuple[str, str]]:
    """Yields seal and checkpoint of the session, each in a line; of several, with their ids.

    A downtime sheet has the digest of its entry instead.
    """
    if note.on_paper:
        return [(f"Entry of the sheet {note.seal}", "")]
    return [
        (
            f"Seal{of} {each.seal or 'none: the session is not closed'}",
            f"Checkpoint{of} {each.checkpoint or no_checkpoint}",
        )
        for each in note.parts or (note,)
        for of in (f" of session {each.session_id}" if note.parts else "",)
    ]


def _device_lines(note: TreatmentNote) -> Iterator[str]:
    """Yields the fields of the visit; of several sessions each one's under its title."""
    if not note.parts:
        yield from map(_line, note.device_fields)
        return
    yield from map(_line, note.visit_fields)
    for part in note.parts:
        yield from ("", part_title(note, part))
        yield from map(_line, part.fields)


def _line(field: Sourced[str]) -> str:
    return f"{field.label + ':':<26} {shown(field)}"


def shown(field: Sourced[str]) -> str:
    """Returns the value, or visibly that there is none."""
    if field.value is not None:
        if field.source == ON_PAPER and any(map(str.isdecimal, field.value)):
            return f"{field.value} ({NOT_RECORDED_TEXT})"
        since = unchanged_since(field.source)
        return f"{field.value} (unchanged since {since})" if since else field.value
    if field.not_assessed:
        return f"[{NOT_ASSESSED_TEXT}]"
    return f"[{OPEN_TEXT}]" if field.origin.value == "clinician" else "not recorded"

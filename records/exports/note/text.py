"""The note as text: the device's lines to be pasted, the clinician's below them."""

from __future__ import annotations

from controller.words import lines_of
from records.exports.note.authors import author_lines
from records.provenance import NOT_ASSESSED_TEXT, OPEN_TEXT, Sourced
from records.visit.face import NOT_A_DEVICE
from records.visit.note_status import version_texts
from records.visit.visit import Visit


def note_text(visit: Visit) -> str:
    """Plain text, lines of at most about 110 characters, ends with a newline.

    Ends of lines and characters that hide are written out: a word of a record stays in its line.
    """
    note, face = visit.note, visit.face
    lines = [f"TREATMENT NOTE ({face.status})  session {note.session_id}"]
    lines.append(f"Claim account {visit.account}")
    lines += face.rules
    lines += [f"! {alert}" for alert in face.alerts]
    lines += ["", "RECORDED BY THE DEVICE"]
    lines += [_line(field) for field in note.device_fields]
    lines += ["", "FROM THE CLINICIAN"]
    lines += [_line(field) for field in note.clinician_fields]
    lines += ["", "WHO SAID IT", *author_lines(note)]
    if note.versions:
        lines += [
            "",
            *version_texts(note),
            f"Checkpoint of the signature {note.signature_checkpoint}",
        ]
    lines += ["", f"Seal {note.seal or 'none: the session is not closed'}"]
    lines += [f"Checkpoint {note.checkpoint or 'none: the seal is not signed'}", NOT_A_DEVICE]
    return lines_of(lines)


def _line(field: Sourced[str]) -> str:
    return f"{field.label + ':':<26} {shown(field)}"


def shown(field: Sourced[str]) -> str:
    """The value, or in plain sight that there is none."""
    if field.value is not None:
        return field.value
    if field.not_assessed:
        return f"[{NOT_ASSESSED_TEXT}]"
    return f"[{OPEN_TEXT}]" if field.origin.value == "clinician" else "not recorded"

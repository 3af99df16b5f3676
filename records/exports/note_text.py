"""The note as text: the device's lines to be pasted, the clinician's below them."""

from __future__ import annotations

from records.exports.face import NOT_A_DEVICE
from records.provenance import OPEN_TEXT, Sourced
from records.treatment_note import TreatmentNote


def note_text(note: TreatmentNote) -> str:
    """Plain text, lines of at most about 110 characters, ends with a newline."""
    lines = [f"TREATMENT NOTE (draft)  session {note.session_id}"]
    if note.interrupted:
        lines.append("INTERRUPTED: the program ended during this session.")
    lines += [f"! {warning}" for warning in note.warnings]
    lines += ["", "RECORDED BY THE DEVICE"]
    lines += [_line(field) for field in note.device_fields]
    lines += ["", "FROM THE CLINICIAN"]
    lines += [_line(field) for field in note.clinician_fields]
    lines += ["", f"Seal {note.seal or 'none: the session is not closed'}", NOT_A_DEVICE]
    return "\n".join(lines) + "\n"


def _line(field: Sourced[str]) -> str:
    return f"{field.label + ':':<26} {shown(field)}"


def shown(field: Sourced[str]) -> str:
    """The value, or in plain sight that there is none."""
    if field.value is not None:
        return field.value
    return f"[{OPEN_TEXT}]" if field.origin.value == "clinician" else "not recorded"

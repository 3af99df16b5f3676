"""The note as text: the device's lines to be pasted, the clinician's below them."""

from __future__ import annotations

from records.exports.note_status import status_text, version_texts
from records.provenance import NOT_ASSESSED_TEXT, OPEN_TEXT, Sourced
from records.treatment_note import TreatmentNote

NOT_A_DEVICE = "Made by an engineering system that is not a cleared medical device."


def note_text(note: TreatmentNote) -> str:
    """Plain text, lines of at most about 110 characters, ends with a newline."""
    lines = [f"TREATMENT NOTE ({status_text(note)})  session {note.session_id}"]
    if note.interrupted:
        lines.append("INTERRUPTED: the program ended during this session.")
    lines += [f"! {warning}" for warning in note.warnings]
    lines += ["", "RECORDED BY THE DEVICE"]
    lines += [_line(field) for field in note.device_fields]
    lines += ["", "FROM THE CLINICIAN"]
    lines += [_line(field) for field in note.clinician_fields]
    if note.versions:
        lines += [
            "",
            *version_texts(note),
            f"Checkpoint of the signature {note.signature_checkpoint}",
        ]
    lines += ["", f"Seal {note.seal or 'none: the session is not closed'}"]
    lines += [f"Checkpoint {note.checkpoint or 'none: the seal is not signed'}", NOT_A_DEVICE]
    return "\n".join(lines) + "\n"


def _line(field: Sourced[str]) -> str:
    return f"{field.label + ':':<26} {shown(field)}"


def shown(field: Sourced[str]) -> str:
    """The value, or in plain sight that there is none."""
    if field.value is not None:
        return field.value
    if field.not_assessed:
        return f"[{NOT_ASSESSED_TEXT}]"
    return f"[{OPEN_TEXT}]" if field.origin.value == "clinician" else "not recorded"

"""Head and foot of every page of a note: whose page it is and what links it to its record."""

from __future__ import annotations

from controller.order.force_unit import ForceUnit
from records.exports.note.text import FROM_PAPER, seal_lines
from records.exports.paper.blocks import ALERT, GREY, INK, Flowable, said
from records.exports.paper.document import SMALL
from records.note.treatment_note import sessions_text
from records.visit.face import NOT_A_DEVICE, simulated_text
from records.visit.visit import NotedVisit

LONGEST = 400
"""Most characters of a reference in letters of the usual size."""


def head_of(visit: NotedVisit) -> list[Flowable]:
    """Returns patient, session and state of the signature; first a mark if altered or simulated."""
    patient = visit.patient_reference or "no reference given"
    of = sessions_text(visit.note)
    words = [f"Patient {patient}", f"{of[0].upper()}{of[1:]}", visit.face.status]
    paper = FROM_PAPER.upper() if visit.note.on_paper else ""
    marks = (visit.mark, paper, simulated_text(visit.note))
    mark = [said(text, 9, ALERT, bold=True) for text in marks if text]
    size = 8.5 if len(patient) <= LONGEST else 4.0
    return [*mark, said(" \u00b7 ".join(words), size, INK, bold=True)]


def foot_of(visit: NotedVisit) -> list[Flowable]:
    """Returns checkpoints and seal, and that no cleared device made the note."""
    note = visit.note
    lines = []
    for seal, checkpoint in seal_lines(note, "none"):
        lines += [said(checkpoint, 8, INK)] if checkpoint else []
        lines.append(said(seal, SMALL, GREY))
    if note.versions:
        checkpoint = f"Checkpoint of the signature {note.signature_checkpoint}"
        lines.append(said(checkpoint, SMALL, GREY))
    return [*lines, said(f"{NOT_A_DEVICE}   {_size_text(note.forces)}", SMALL, GREY)]


def _size_text(forces: ForceUnit) -> str:
    """Returns one unit of the force unit beside newtons, in newtons."""
    unit = forces.other if forces is ForceUnit.NEWTON else forces
    return f"1 {unit.value} = {unit.newtons:z.3f} N"

"""The note as a one-page PDF: device and clinician apart, the force-time plot, stops, seal."""

from __future__ import annotations

from records.evidence.reader import SessionRecord
from records.exports.note.layout import NotePage, lay_out_note
from records.exports.note.plot_data import plot_data
from records.exports.paper.page_pdf import page_pdf
from records.note.treatment_note import TreatmentNote
from records.visit.face import Face


def note_pdf(record: SessionRecord, note: TreatmentNote, face: Face) -> bytes:
    """The file's bytes; the same note gives the same bytes."""
    page = lay_out_note(NotePage(note=note, face=face, plot=plot_data(record.samples)))
    return page_pdf(
        page,
        title=f"Treatment note {note.session_id}",
        keywords=f"{note.checkpoint} {note.signature_checkpoint}".strip(),
    )

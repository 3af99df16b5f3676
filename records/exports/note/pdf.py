"""The note as a PDF: whose it is, the parts of device and clinician, the plot, the signature."""

from __future__ import annotations

from functools import partial

from records.exports.note.edges import foot_of, head_of
from records.exports.note.layout import body_of
from records.exports.paper.document import Document, pdf_of
from records.visit.visit import NotedVisit


def note_pdf(visit: NotedVisit) -> bytes:
    """Returns the file's bytes; the same visit gives the same bytes."""
    note = visit.note
    checkpoints = [each.checkpoint for each in note.parts or (note,)]
    return pdf_of(
        Document(
            body=partial(body_of, visit),
            head=partial(head_of, visit),
            foot=partial(foot_of, visit),
            title=f"Treatment note {', '.join(note.sessions)}",
            keywords=" ".join(filter(None, (*checkpoints, note.signature_checkpoint))),
        )
    )

"""The documents of a visit that was entered from a downtime sheet: its note, and no claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.errors import ExportRefused
from records.exports.note.pdf import note_pdf
from records.exports.note.text import note_text
from records.exports.session.paper_json import paper_json
from records.visit.paper_visit import PaperVisit, why_not_made

WRITERS: Mapping[str, tuple[str, Callable[[PaperVisit], bytes]]] = {
    "pdf": (".pdf", note_pdf),
    "text": (".txt", lambda visit: note_text(visit).encode()),
    "json": (".json", lambda visit: paper_json(visit).encode()),
}


def paper_document(visit: PaperVisit, name: str) -> tuple[bytes, str]:
    """Returns the bytes of one export and the file's name; raises ExportRefused for every claim."""
    if name not in WRITERS:
        raise ExportRefused(why_not_made(visit, name))
    suffix, write = WRITERS[name]
    return write(visit), f"{visit.session_id}{suffix}"

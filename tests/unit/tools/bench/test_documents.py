"""The benchmark compares like with like: both writers make the same page."""

from __future__ import annotations

import io

from pypdf import PdfReader

from records.exports.note.layout import NotePage, lay_out_note
from records.exports.note.pdf import note_pdf
from records.exports.note.plot_data import plot_data
from tests.support.documents import made_visit
from tools.bench.documents import raw_pdf


def test_the_raw_writer_writes_the_same_page() -> None:
    visit = made_visit(stops_ms=(200_000,))
    content = NotePage(note=visit.note, face=visit.face, plot=plot_data(visit.record.samples))
    raw = PdfReader(io.BytesIO(raw_pdf(lay_out_note(content))), strict=True).pages[0]
    ours = PdfReader(io.BytesIO(note_pdf(visit.record, visit.note, visit.face))).pages[0]
    assert raw.extract_text() == ours.extract_text()
    assert raw.mediabox == ours.mediabox
    points = raw.get_contents().get_data().count(b" l ")  # type: ignore[union-attr]
    drawn = ours.get_contents().get_data().count(b" l ")  # type: ignore[union-attr]
    assert abs(points - drawn) <= len(lay_out_note(content).curves)
    assert points > 1000

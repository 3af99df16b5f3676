"""The benchmark times notes that differ in their length."""

from __future__ import annotations

from records.exports.note.pdf import note_pdf
from tests.support.documents import made_visit
from tests.support.pdfs import pages_of
from tools.bench.documents import long_visit, measure


def test_the_long_note_has_more_pages() -> None:
    visit = made_visit()
    assert len(pages_of(note_pdf(long_visit(visit)))) > len(pages_of(note_pdf(visit)))


def test_both_notes_are_timed_and_weighed() -> None:
    ordinary, long = measure(made_visit(), notes=1)
    assert (ordinary.name, long.name) == ("ordinary", "long")
    assert ordinary.seconds > 0
    assert 0 < ordinary.size < long.size

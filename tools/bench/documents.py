"""Time and size of a note as PDF: an ordinary one, and one of many pages."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace

from rich.table import Table

from records.exports.note.pdf import note_pdf
from records.visit.visit import Visit
from workstation.demo import demo_visit

NOTES = 40
LONG_WORDS = "pain " * 400
"""The text of each of the clinician's fields in the long note: the longest allowed."""
GOAL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCost:
    """Median seconds for a note, and the size of its file."""

    name: str
    seconds: float
    size: int


def documents_table(notes: int = NOTES) -> Table:
    """The benchmark as ``make bench`` prints it."""
    table = Table(title=f"A note as PDF (n = {notes} each), goal: at most {GOAL_S:g} s")
    for column in ("note", "s", "bytes"):
        table.add_column(column, justify="left" if column == "note" else "right")
    for cost in measure(demo_visit(), notes):
        table.add_row(cost.name, f"{cost.seconds:.3f}", str(cost.size))
    return table


def measure(visit: Visit, notes: int) -> list[DocumentCost]:
    """Write an ordinary note and a long one ``notes`` times each."""
    return [_cost("ordinary", visit, notes), _cost("long", long_visit(visit), notes)]


def long_visit(visit: Visit) -> Visit:
    """The visit with the maximum text in each field of the clinician."""
    fields = tuple(replace(field, value=LONG_WORDS) for field in visit.note.clinician_fields)
    return replace(visit, note=replace(visit.note, clinician_fields=fields))


def _cost(name: str, visit: Visit, notes: int) -> DocumentCost:
    size = len(note_pdf(visit))  # the fonts are read once per process
    seconds = []
    for _ in range(notes):
        started_s = time.perf_counter()
        note_pdf(visit)
        seconds.append(time.perf_counter() - started_s)
    return DocumentCost(name=name, seconds=statistics.median(seconds), size=size)

"""The day's list on paper: who comes when, to which table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from records.exports.forms.boxes import SIZE, SMALL, ruled
from records.exports.paper.blocks import ALERT, GREY, INK, WIDTH, Flowable, said
from records.exports.paper.document import Document, pdf_of
from records.standing.appointments import Appointment, DayList
from records.visit.face import NOT_A_DEVICE

COLUMNS = ("Time", "Table", "Reference", "Name", "Born", "Treated, by")
WIDTHS = (40.0, 80.0, 80.0, 150.0, 65.0)


def day_pdf(day: date, found: DayList | None, clinic: str) -> bytes:
    """Returns the file's bytes; a day without a list says so and has room to write."""
    title = f"Appointments of {day.isoformat()}"
    return pdf_of(
        Document(
            body=lambda: list(_body(found)),
            head=lambda: [said(f"{title}  {clinic}".rstrip(), 13, INK, bold=True)],
            foot=lambda: [said(NOT_A_DEVICE, SMALL, GREY)],
            title=title,
        )
    )


def _body(found: DayList | None) -> Iterator[Flowable]:
    if found is None:
        yield said("No appointments of this day are on file.", SIZE, ALERT)
    made = found.appointments if found else ()
    rows = [[said(text, SIZE, bold=True) for text in COLUMNS]]
    rows += [[said(text, SIZE) for text in _cells(each)] for each in made]
    rows += [["" for _ in COLUMNS] for _ in range(ROWS_TO_WRITE)]
    yield ruled(rows, [*WIDTHS, WIDTH - sum(WIDTHS)], has_head=True)
    if found is not None:
        source = f"From {found.file} (SHA-256 {found.digest[:16]}), read in by {found.by}"
        yield said(source, SMALL, GREY, spaceBefore=4)


ROWS_TO_WRITE = 5
"""Empty lines at the end, for unannounced patients."""


def _cells(each: Appointment) -> tuple[str, ...]:
    name = f"{each.last_name}, {each.first_name}"
    return each.time, each.table, each.reference, name, each.birth_date.isoformat(), ""

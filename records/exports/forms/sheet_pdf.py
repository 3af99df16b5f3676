"""The downtime sheet: one treatment on paper, to be entered later from the same items.

Standing data are printed; what is found or done on the day is left for a pen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from reportlab.lib.enums import TA_RIGHT
from reportlab.platypus import CondPageBreak, PageBreak, Spacer

from controller.order.force_unit import ForceUnit
from controller.order.prescription import Region
from records.exports.forms.boxes import (
    HIGH_ROW,
    ROW,
    SIZE,
    SMALL,
    asked,
    box,
    boxes,
    heading,
    ruled,
)
from records.exports.paper.blocks import ALERT, GREY, INK, WIDTH, Flowable, said
from records.exports.paper.document import Document, pdf_of
from records.note.fields import TOLERANCE
from records.standing.kinds import PatientRecord, UnitRecord
from records.visit.face import NOT_A_DEVICE
from records.visit.screen import screen_items
from records.visit.sheet_items import (
    CERVICAL_ONLY,
    DELIVERED,
    IDENTITY,
    MODES,
    ORDERED,
    REGIONS,
    STOP,
    TIMES,
    SheetItem,
    note_items,
    ticks,
)

TITLE = "Traction without the workstation: downtime sheet"
NOT_RECORDED = "Written by hand. Nothing on this sheet was recorded by the device."
ENTER_LATER = "Enter it when the workstation is back: traction visit REFERENCE --from-paper"
LABEL, YES_NO = 150.0, 46.0
TOLERANCE_FIELD = "tolerance"
ROOM = 60.0
"""A part begins on the next page when less than this is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFor:
    """What is known for one sheet before the day: None and "" leave room to write."""

    clinic: str = ""
    day: date | None = None
    time: str = ""
    table: str = ""
    unit: UnitRecord | None = None
    patient: PatientRecord | None = None
    flags: tuple[str, ...] = ()
    remark: str = ""
    force_unit: ForceUnit = ForceUnit.POUND


def downtime_sheets(sheets: Sequence[SheetFor]) -> bytes:
    """Returns the file's bytes: one sheet after the other, each on pages of its own."""
    return pdf_of(
        Document(
            body=lambda: [flowable for sheet in sheets for flowable in _sheet(sheet, sheets[0])],
            head=lambda: [said(TITLE, 13, INK, bold=True), said(NOT_RECORDED, SIZE, ALERT)],
            foot=lambda: [said(f"{ENTER_LATER}.   {NOT_A_DEVICE}", SMALL, GREY)],
            title=TITLE,
        )
    )


def _sheet(sheet: SheetFor, first: SheetFor) -> Iterator[Flowable]:
    if sheet is not first:
        yield PageBreak()
    for title, content in (
        ("1  Who, where, when", _who(sheet)),
        ("2  Before the treatment: contraindications (ask each one today)", _screen(sheet)),
        ("3  Beside the table", _ticks()),
        ("4  Dose", _dose(sheet)),
        ("5  Times, stop, release by hand", _times(sheet)),
        ("6  For the note", _note(sheet)),
        ("7  Who did it", _people()),
    ):
        yield CondPageBreak(ROOM)
        yield heading(title)
        yield from content


def _who(sheet: SheetFor) -> Iterator[Flowable]:
    patient, day = sheet.patient, sheet.day
    quarter = WIDTH / 4
    yield ruled(
        [
            [
                *asked("Patient reference", patient.reference if patient else ""),
                *asked("Clinic", sheet.clinic),
            ],
            [
                *asked("Name", patient.full_name if patient else ""),
                *asked("Date of birth", patient.birth_date.isoformat() if patient else ""),
            ],
            [
                *asked("Day", day.isoformat() if day else "", "" if day else "2026-01-31"),
                *asked("Table, time", " ".join(filter(None, (sheet.table, sheet.time)))),
            ],
        ],
        [quarter * 0.8, quarter * 1.2] * 2,
    )
    compared = [
        [
            said(f"The patient says the {each}; compared with the sheet", SIZE),
            box("same"),
            box("other: STOP"),
        ]
        for each in IDENTITY
    ]
    yield ruled(compared, [WIDTH - 170, 70, 100])
    if sheet.remark:
        yield said(sheet.remark, SIZE, ALERT, bold=True, spaceBefore=2)
    for text in sheet.flags:
        yield said(f"LASTING FLAG {text}", SIZE, ALERT, bold=True, spaceBefore=2)


def _screen(sheet: SheetFor) -> Iterator[Flowable]:
    """Draw two items side by side; those of the neck say so."""
    items = [
        f"{item} (neck only)" if item in CERVICAL_ONLY else item
        for item in screen_items(Region.CERVICAL)
    ]
    cells = [[said(item, SIZE), box("no"), box("yes")] for item in items]
    half = -(-len(cells) // 2)
    empty = ["", "", ""]
    pairs = zip(cells[:half], [*cells[half:], *([empty] * (2 * half - len(cells)))], strict=True)
    widths = [WIDTH / 2 - 2 * YES_NO + 10, YES_NO - 5, YES_NO - 5]
    yield ruled([[*left, *right] for left, right in pairs], widths * 2)
    yield ruled(
        [asked("What is present, in words, and what it means")], [LABEL + 60, WIDTH - LABEL - 60]
    )


def _ticks() -> Iterator[Flowable]:
    rows = [[said(text, SIZE), box("yes"), box("no: STOP")] for text in ticks()]
    yield ruled(rows, [WIDTH - 150, 60, 90])


def _dose(sheet: SheetFor) -> Iterator[Flowable]:
    yield ruled(
        [[said("Region", SIZE, GREY), boxes(*REGIONS), said("Mode", SIZE, GREY), boxes(*MODES)]],
        [60, 150, 50, WIDTH - 260],
    )
    head = (
        "Write the unit behind each number",
        "Ordered",
        "",
        "Delivered, as the table showed",
        "",
    )
    named = {each.label: each for each in DELIVERED}
    rows: list[list[Flowable]] = [[said(text, SIZE, bold=True) for text in head]]
    for each in ORDERED:
        given = _units(sheet, named[each.label]) if each.label in named else ("by the times", "")
        units = (*_units(sheet, each), *given)
        cells = [said(unit, SMALL, GREY, alignment=TA_RIGHT) for unit in units]
        rows.append([said(each.label, SIZE), *cells])
    quarter = (WIDTH - 110) / 4
    yield ruled(rows, [110, *([quarter] * 4)], has_head=True)
    yield said("1 lbf = 4.448 N, 1 kgf = 9.807 N", SMALL, GREY)


def _units(sheet: SheetFor, item: SheetItem) -> tuple[str, str]:
    """Returns the right end of both cells of a value: the clinic's unit, and newtons."""
    if not item.name.endswith("force"):
        return ("min" if item.name == "ordered_time" else "s"), ""
    return sheet.force_unit.value, "" if sheet.force_unit is ForceUnit.NEWTON else "N"


def _times(sheet: SheetFor) -> Iterator[Flowable]:
    third = WIDTH / 3
    yield ruled(
        [[cell for each in TIMES for cell in asked(each.label, hint=each.hint)]],
        [third * 0.62, third * 0.38] * 3,
    )
    release = (sheet.unit.manual_release if sheet.unit else None) or ""
    yield ruled([asked("Manual release of this table", release)], [LABEL, WIDTH - LABEL])
    yield ruled([asked(each.label, hint=each.hint) for each in STOP], [LABEL, WIDTH - LABEL])


def _note(sheet: SheetFor) -> Iterator[Flowable]:
    reference = sheet.patient.reference if sheet.patient else ""
    yield ruled([asked("Patient reference, again", reference)], [LABEL, WIDTH - LABEL])
    for each in note_items():
        if each.name == TOLERANCE_FIELD:
            row = [said(each.label, SIZE, GREY), boxes(*TOLERANCE)]
        else:
            row = asked(each.label)
        least = HIGH_ROW if each.narrative else ROW
        yield ruled([row], [LABEL, WIDTH - LABEL], least=least)


def _people() -> Iterator[Flowable]:
    yield ruled(
        [asked("Written by (name, credentials)") + asked("Date and time")],
        [LABEL, WIDTH - LABEL - 190, 80, 110],
    )
    yield Spacer(1, 2)
    yield ruled([asked("Signature")], [LABEL, WIDTH - LABEL])

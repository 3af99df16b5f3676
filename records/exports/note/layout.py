"""The content of a note in reading order, complete: nothing is shortened.

Device and clinician have a background and a title bar of their own, which continue after a page
break.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, zip_longest

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.platypus import HRFlowable, KeepTogether, Spacer

from controller.order.force_unit import ForceUnit
from records.evidence.reader import SessionRecord
from records.exports.note.authors import author_lines
from records.exports.note.parties import parties_of
from records.exports.note.plot import Marks, plot, scale_of
from records.exports.note.plot_data import PlotData, plot_data, plot_parts
from records.exports.note.text import FROM_PAPER, part_title, shown
from records.exports.paper.blocks import (
    ALERT,
    ALERT_TINT,
    CLINICIAN,
    CLINICIAN_TINT,
    DEVICE,
    DEVICE_TINT,
    GREY,
    INDENT,
    INK,
    WIDTH,
    Flowable,
    grid,
    inside,
    labelled,
    on_ground,
    part,
    said,
)
from records.note.as_read import note_as_read
from records.note.delivered_dose import DeliveredDose
from records.note.events import adjustments, pauses
from records.provenance import Sourced
from records.visit.face import Face
from records.visit.visit import NotedVisit, Visit

SIZE = 8.0
SMALL = 6.5
HEADING = 9.0
LABEL_WIDTH = 90.0
PLOT_HEIGHT, PART_HEIGHT = 135.0, 105.0
WIDE = (
    "stop",
    "steps",
    "table",
    "clock",
    "self_check",
    "adjustments",
    "pauses",
    "responsible",
    "check_ins",
    "remarks",
)
"""Device fields of this kind are below the columns, over the whole width."""
LONGEST_IN_A_COLUMN = 120
Fields = Sequence[Sourced[str]]


def body_of(visit: NotedVisit) -> list[Flowable]:
    """Returns everything of a note, for a document."""
    return [
        *_title(visit),
        *_alerts(visit.face),
        *_device_part(visit),
        *_clinician_part(visit),
        *_amendments(visit.face),
    ]


def _title(visit: NotedVisit) -> Iterator[Flowable]:
    title = said("Mechanical traction: treatment note", 14, INK, bold=True)
    billed = "" if visit.note.on_paper else "CPT 97012, 1 unit (no time rule)"
    service = said(billed, SIZE, GREY, alignment=TA_RIGHT)
    yield grid([[title, service]], [WIDTH - 180, 180])
    for label, text in parties_of(visit):
        yield labelled(label, text, SIZE, INK, label_width=LABEL_WIDTH + INDENT)
    if visit.face.outcomes:
        yield said(f"Rules of the claim: {visit.face.outcomes}", SIZE, GREY)
    yield Spacer(1, 4)


def _alerts(face: Face) -> Iterator[Flowable]:
    """Yields what must not be overlooked, above everything else."""
    lines = [face.verdict] if face.errors else []
    bold = {*lines, *face.alerts}
    texts = [*lines, *face.errors, *face.alerts]
    content = [inside(text, 8, ALERT, bold=text in bold) for text in texts]
    yield from on_ground(ALERT_TINT, content) if content else ()


def _device_part(visit: NotedVisit) -> Iterator[Flowable]:
    """Yields what the device recorded; of a downtime sheet its content, on another background."""
    if not isinstance(visit, Visit):
        yield from part(
            FROM_PAPER, ALERT, CLINICIAN_TINT, [*_fields(note_as_read(visit.note).sheet_fields)]
        )
        return
    yield from part("Recorded by the device", DEVICE, DEVICE_TINT, list(_recorded(visit)))


def _recorded(visit: Visit) -> Iterator[Flowable]:
    """Yields the fields and the curve; of several sessions first the visit's, then each one's."""
    note = note_as_read(visit.note)
    if not note.parts:
        yield from _fields(note.device_fields)
        yield from _plots(visit.record, note.dose, note.forces)
        return
    yield from _fields(note.visit_fields)
    for session, recorded in zip(visit.sessions, note.parts, strict=True):
        yield _heading(part_title(note, recorded))
        yield from _fields(recorded.fields)
        yield from _plots(session.record, recorded.dose, note.forces)


def _clinician_part(visit: NotedVisit) -> list[Flowable]:
    """Yields it with the signature, which is never alone on a page."""
    return part(
        "Written by the clinician",
        CLINICIAN,
        CLINICIAN_TINT,
        [*_fields(visit.note.clinician_fields), *_authors(visit)],
        followed_by=_signature(visit.face),
    )


def _heading(text: str) -> Flowable:
    """Returns the heading of one of several sessions, never alone at the foot of a page."""
    return inside(text, HEADING, DEVICE, bold=True, spaceBefore=6, keepWithNext=1)


def _plots(record: SessionRecord, dose: DeliveredDose, forces: ForceUnit) -> Iterator[Flowable]:
    """Yields the whole treatment; a long one also in parts, which can be read one by one."""
    data, parts = plot_data(record.samples), plot_parts(record.samples)
    if not data.times_ms:
        yield inside("No force was recorded.", SIZE, GREY)
        return
    scale = scale_of(data, dose.treatment_started_ms, forces, observed=record.observed)
    marks = _marks(record, dose)
    yield plot(data, scale, marks, PLOT_HEIGHT)
    for piece, following in zip_longest(parts, parts[1:]):
        stops_ms = {
            number: at_ms
            for number, at_ms in marks.stops_ms.items()
            if _belongs(at_ms, piece, parts[0], following)
        }
        drawn = plot(piece, scale, replace(marks, stops_ms=stops_ms), PART_HEIGHT)
        yield KeepTogether([_piece_title(piece, scale.origin_ms), drawn])


def _marks(record: SessionRecord, dose: DeliveredDose) -> Marks:
    """Returns the marks; a pause without an end in the record extends to the last sample."""
    stops = sorted(stop.at_ms for stop in dose.stops)
    last_ms = int(record.samples["taken_at_ms"][-1])
    return Marks(
        stops_ms={"" if len(stops) == 1 else f"{n}": at_ms for n, at_ms in enumerate(stops, 1)},
        changes_ms=[change.at_ms for change in adjustments(record)],
        pauses_ms=[(each.began_ms, each.ended_ms or last_ms) for each in pauses(record)],
    )


def _belongs(at_ms: int, piece: PlotData, first: PlotData, following: PlotData | None) -> bool:
    """Returns whether a stop is drawn in a part; one outside all samples is in the nearest."""
    begun = piece is first or at_ms >= piece.times_ms[0]
    return begun and (following is None or at_ms < following.times_ms[0])


def _piece_title(piece: PlotData, origin_ms: int) -> Flowable:
    first, last = (
        (at_ms - origin_ms) / 60_000 for at_ms in (piece.times_ms[0], piece.times_ms[-1])
    )
    return inside(f"Force from minute {math.floor(first)} to {math.ceil(last)}", SIZE, GREY)


def _signature(face: Face) -> list[Flowable]:
    """Yields who signed and when; for a draft, room and lines for a pen."""
    signed = (face.signer, face.signed_at)
    captions = ("Signature and credentials", "Date and time")
    columns = [
        [said(text, 9), HRFlowable("100%", 0.6, color=HexColor(GREY)), said(caption, 7, GREY)]
        for text, caption in zip(signed, captions, strict=True)
    ]
    room = Spacer(1, 4 if face.signer else 14)
    return [room, grid([columns], [WIDTH - 170, 170])]


def _amendments(face: Face) -> Iterator[Flowable]:
    """Yields every version, the first one first."""
    if face.amendments:
        yield said("Signatures and amendments", 9, INK, bold=True, spaceBefore=6, keepWithNext=1)
    for line in face.amendments:
        yield said(line, 7.5, INK, spaceAfter=2)


def _authors(visit: NotedVisit) -> Iterator[Flowable]:
    """Yields who made each entry, when, in which document."""
    for line in author_lines(visit.note):
        yield inside(f"Said by: {line}", SMALL, GREY)


def _fields(fields: Fields) -> Iterator[Flowable]:
    """Yields the fields in order: long ones over the whole width, short ones in columns."""
    for wide, group in groupby(fields, _is_wide):
        together = list(group)
        yield from map(_field, together) if wide else _columns(together)


def _columns(fields: Fields) -> list[Flowable]:
    """Returns short fields in two columns, down the left one first; the last row may be apart."""
    half = -(-len(fields) // 2)
    pairs = zip_longest(fields[:half], fields[half:])
    rows = [[*_cells(left), *_cells(right)] for left, right in pairs]
    widths = [LABEL_WIDTH, WIDTH / 2 - LABEL_WIDTH] * 2
    return [grid(several, widths) for several in (rows[:-1], rows[-1:]) if several]


def _cells(field: Sourced[str] | None) -> list[Flowable]:
    if field is None:
        return ["", ""]
    return [said(_label(field), SIZE, GREY), said(shown(field), SIZE, _colour(field))]


def _field(field: Sourced[str]) -> Flowable:
    return labelled(
        _label(field), shown(field), SIZE, _colour(field), label_width=LABEL_WIDTH + INDENT
    )


def _is_wide(field: Sourced[str]) -> bool:
    return field.name.startswith(WIDE) or len(shown(field)) > LONGEST_IN_A_COLUMN


def _colour(field: Sourced[str]) -> str:
    return ALERT if field.needs_a_word else INK


def _label(field: Sourced[str]) -> str:
    """Returns the field's label; with its number on the plot where there are several stops."""
    kind, _, number = field.name.partition(".")[0].partition("_")
    return f"{field.label} {number}" if kind == "stop" and number.isdigit() else field.label

"""Where everything of a note stands on its one page.

Type and plot shrink in steps until the page holds everything; only then are the longest texts
shortened, visibly, with the number of lines that fits. Nothing overlaps, whatever the texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from records.exports.note.plot import place_plot, plot_room
from records.exports.note.plot_data import PlotData
from records.exports.note.text import shown
from records.exports.paper.page import (
    ALERT,
    ALERT_TINT,
    BOTTOM,
    CLINICIAN,
    CLINICIAN_TINT,
    DEVICE,
    DEVICE_TINT,
    GREY,
    INK,
    LEFT,
    RIGHT,
    TOP,
    WHITE,
    Bar,
    Page,
    shortened,
    text_width,
    wrapped,
)
from records.note.treatment_note import TreatmentNote
from records.provenance import Sourced
from records.visit.face import NOT_A_DEVICE, Face

MORE = "... [whole in text and JSON]"
HEAD_ROOM, TITLE_ROOM, SIGNATURE_ROOM, FOOT_ROOM = 34.0, 20.0, 40.0, 42.0
COLUMN_GAP = 14.0
INDENT = 6.0
SIZES = (
    (9.0, 190.0),
    (8.5, 170.0),
    (8.0, 150.0),
    (8.0, 120.0),
    (7.5, 110.0),
    (7.0, 100.0),
    (6.5, 84.0),
)
"""Size of the type and height of the plot, from the first wish to the least that can be read."""
MOST_LINES = (40, 24, 16, 12, 9, 7, 6, 5, 4, 3, 2, 1)
"""Lines of one field, once the smallest type is not small enough."""
MOST_ALERTS = 9
MOST_AMENDMENTS = 3
"""Lines about amendments, the newest; all of them stand in text and JSON."""
FULL_WIDTH = (
    "stop",
    "steps",
    "table",
    "clock",
    "self_check",
    "adjustments",
    "pauses",
    "check_ins",
    "remarks",
)
"""Device fields of this kind stand below the columns, over the whole width."""
Fields = Sequence[Sourced[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePage:
    """What goes onto the page."""

    note: TreatmentNote
    face: Face
    plot: PlotData


def lay_out_note(content: NotePage) -> Page:
    """Place everything of a note on one page."""
    for size, plot_height in SIZES:
        attempt = _Attempt(content, size, plot_height, most_lines=999)
        if attempt.fits:
            return attempt.placed()
    for most_lines in MOST_LINES:
        attempt = _Attempt(content, *SIZES[-1], most_lines=most_lines)
        if attempt.fits:
            break
    return attempt.placed()


class _Attempt:
    """The page at one size: measured by its blocks, placed when they fit."""

    def __init__(
        self, content: NotePage, size: float, plot_height: float, *, most_lines: int
    ) -> None:
        self.content, self.size = content, size
        self.plot_height = plot_height if content.plot.times_ms else 0.0
        device = content.note.device_fields
        wide = [field for field in device if field.name.startswith(FULL_WIDTH)]
        narrow = [field for field in device if not field.name.startswith(FULL_WIDTH)]
        self.alerts = _alert_lines(content.face)
        newest = content.face.amendments[-MOST_AMENDMENTS:]
        self.amendments = [_one_line(line, RIGHT - LEFT, 7) for line in newest]
        self.device = _Columns(narrow, size, most_lines, columns=2)
        self.happened = _Columns(wide, size, most_lines, columns=1)
        self.clinician = _Columns(content.note.clinician_fields, size, most_lines, columns=2)

    @property
    def fits(self) -> bool:
        room = TOP - BOTTOM - HEAD_ROOM - SIGNATURE_ROOM - FOOT_ROOM - 2 * TITLE_ROOM
        room -= 9.0 * len(self.amendments)
        needed = self.device.height + self.happened.height + self.clinician.height + 12
        return needed + self.alert_room + self.plot_room <= room

    @property
    def alert_room(self) -> float:
        return 11.0 * len(self.alerts) + 8 if self.alerts else 2.0

    @property
    def plot_room(self) -> float:
        return plot_room(self.plot_height) if self.plot_height else 14.0

    def placed(self) -> Page:
        page = Page()
        y = self._head(page, TOP)
        y = self._alerts(page, y)
        y = self._device_part(page, y)
        self._clinician_part(page, y)
        self._signature(page, BOTTOM + FOOT_ROOM)
        self._foot(page)
        return page

    def _head(self, page: Page, y: float) -> float:
        note, face = self.content.note, self.content.face
        page.write(LEFT, y - 14, "Mechanical traction: treatment note", 15, INK, bold=True)
        page.write_right(RIGHT, y - 13, face.status, 9, INK, bold=True)
        page.write(LEFT, y - 27, f"Session {note.session_id}", 8.5, GREY)
        page.write_right(RIGHT, y - 27, "CPT 97012, 1 unit (no time rule)", 8.5, GREY)
        return y - HEAD_ROOM

    def _alerts(self, page: Page, y: float) -> float:
        if self.alerts:
            height = self.alert_room - 4
            box = Bar(x=LEFT, y=y - height, width=RIGHT - LEFT, height=height, colour=ALERT_TINT)
            page.bars += [box, Bar(x=LEFT, y=y - height, width=3, height=height, colour=ALERT)]
        for number, (line, bold) in enumerate(self.alerts):
            page.write(LEFT + 8, y - 10 - 11 * number, line, 8, ALERT, bold=bold)
        return y - self.alert_room

    def _device_part(self, page: Page, y: float) -> float:
        height = TITLE_ROOM + self.device.height + self.happened.height + self.plot_room
        _part(page, "Recorded by the device", y, height, DEVICE, DEVICE_TINT)
        y = self.device.place(page, y - TITLE_ROOM)
        y = self.happened.place(page, y)
        if self.plot_height:
            stops_ms = [stop.at_ms for stop in self.content.note.dose.stops]
            place_plot(page, self.content.plot, stops_ms, y, self.plot_height)
        else:
            page.write(LEFT + INDENT, y - 8, "No force was recorded.", self.size, GREY)
        return y - self.plot_room - 8

    def _clinician_part(self, page: Page, y: float) -> None:
        height = TITLE_ROOM + self.clinician.height + 2
        _part(page, "Written by the clinician", y, height, CLINICIAN, CLINICIAN_TINT)
        self.clinician.place(page, y - TITLE_ROOM)

    def _signature(self, page: Page, y: float) -> None:
        """Who signed and when; for a draft, lines for a pen. Amendments stand above."""
        face, right = self.content.face, RIGHT - 150
        for number, line in enumerate(reversed(self.amendments)):
            page.write(LEFT, y + 29 + 9 * number, line, 7, INK)
        page.line(LEFT, y + 12, right - 20, y + 12, GREY)
        page.line(right, y + 12, RIGHT, y + 12, GREY)
        room = right - 20 - LEFT
        page.write(LEFT, y + 15, _one_line(face.signer, room, 9), 9, INK)
        page.write(right, y + 15, face.signed_at, 9, INK)
        page.write(LEFT, y + 4, "Signature and credentials", 7, GREY)
        page.write(right, y + 4, "Date and time", 7, GREY)

    def _foot(self, page: Page) -> None:
        note = self.content.note
        page.line(LEFT, BOTTOM + 38, RIGHT, BOTTOM + 38, GREY, 0.4)
        seal = f"Seal {note.seal or 'none: the session is not closed'}"
        page.write(LEFT, BOTTOM + 29, f"Checkpoint {note.checkpoint or 'none'}", 8, INK)
        page.write(LEFT, BOTTOM + 20, f"Session {note.session_id}   {seal}", 6, GREY)
        signed = f"Checkpoint of the signature {note.signature_checkpoint}" if note.versions else ""
        page.write(LEFT, BOTTOM + 11.5, _one_line(signed, RIGHT - LEFT, 6), 6, GREY)
        page.write(LEFT, BOTTOM + 3, NOT_A_DEVICE, 6, GREY)
        page.write_right(RIGHT, BOTTOM + 3, "1 lbf = 4.448 N   page 1 of 1", 6, GREY)


def _part(page: Page, title: str, y: float, height: float, colour: str, tint: str) -> None:
    """A part's ground and title bar: whose words these are is seen from afar."""
    width = RIGHT - LEFT
    page.bars.append(Bar(x=LEFT, y=y - height, width=width, height=height, colour=tint))
    page.bars.append(Bar(x=LEFT, y=y - 14, width=width, height=14, colour=colour))
    page.write(LEFT + INDENT, y - 10.5, title, 9, WHITE, bold=True)


def _alert_lines(face: Face) -> list[tuple[str, bool]]:
    """Lines above everything else; what does not fit is counted."""
    lines = [(face.verdict, True)] if face.errors else []
    width = RIGHT - LEFT - 16
    for text in (*face.errors, *face.alerts):
        bold = text not in face.errors
        cut = shortened(wrapped(text, width / (1.1 if bold else 1), 8), 2, width, 8, "...")
        lines += [(line, bold) for line in cut]
    if len(lines) <= MOST_ALERTS:
        return lines
    left_out = len(lines) - MOST_ALERTS + 1
    more = f"and {left_out} more lines: see the scrub report and the text of the note"
    return [*lines[: MOST_ALERTS - 1], (more, True)]


def _label(field: Sourced[str]) -> str:
    """The field's label; of several stops with the number that stands on the plot."""
    kind, _, number = field.name.partition("_")
    return f"{field.label} {number}" if kind == "stop" and number.isdigit() else field.label


def _one_line(text: str, width: float, size: float) -> str:
    return shortened(wrapped(text, width, size), 1, width, size, "...")[0]


class _Columns:
    """Fields as label and text, balanced over columns; ``height`` is known before placing."""

    def __init__(self, fields: Fields, size: float, most_lines: int, *, columns: int) -> None:
        self.size, self.leading = size, size * 1.22
        self.width = (RIGHT - LEFT - 2 * INDENT - COLUMN_GAP * (columns - 1)) / columns
        labels = [text_width(_label(field), size) for field in fields]
        self.label_width = min(max(labels, default=0.0) + 8, self.width * 0.45)
        room = self.width - self.label_width
        texts = [wrapped(shown(field), room, size) for field in fields]
        self.blocks = [
            (field, shortened(lines, most_lines, room, size, MORE))
            for field, lines in zip(fields, texts, strict=True)
        ]
        self.split = self._balanced() if columns > 1 else len(self.blocks)
        parts = (self.blocks[: self.split], self.blocks[self.split :])
        self.height = max(self._height(part) for part in parts)

    def place(self, page: Page, top: float) -> float:
        """Place them below ``top``; answers where they end."""
        for column, blocks in enumerate((self.blocks[: self.split], self.blocks[self.split :])):
            x = LEFT + INDENT + column * (self.width + COLUMN_GAP)
            y = top
            for field, lines in blocks:
                page.write(x, y - self.size, _label(field), self.size, GREY)
                colour = ALERT if field.needs_a_word else INK
                for number, line in enumerate(lines):
                    base = y - self.size - number * self.leading
                    page.write(x + self.label_width, base, line, self.size, colour)
                y -= self._height([(field, lines)])
        return top - self.height

    def _balanced(self) -> int:
        """Returns how many blocks stand in the left column."""
        heights = [self._height([block]) for block in self.blocks]
        whole = sum(heights)
        return min(
            range(len(heights) + 1),
            key=lambda n: max(sum(heights[:n]), whole - sum(heights[:n])),
        )

    def _height(self, blocks: Sequence[tuple[Sourced[str], list[str]]]) -> float:
        return sum(len(lines) * self.leading + 1.6 for _, lines in blocks)

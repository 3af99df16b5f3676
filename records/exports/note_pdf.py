"""The note as a one-page PDF: device and clinician apart, and the force-time plot between them."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import letter
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from controller.prescription import NEWTONS_PER_LBF
from records.exports.note_status import (
    moment_text,
    signer_text,
    status_text,
    version_texts,
)
from records.exports.note_text import NOT_A_DEVICE, shown
from records.exports.plot_data import PlotData, plot_data
from records.provenance import Sourced
from records.reader import SessionRecord
from records.treatment_note import TreatmentNote

WIDTH, HEIGHT = letter
MARGIN = 42.0
INK, GREY, LIGHT = HexColor("#1b2430"), HexColor("#5d6b7a"), HexColor("#d7dde4")
DEVICE, CLINICIAN, TARGET = HexColor("#0b5a8a"), HexColor("#7a4b00"), HexColor("#9aa7b4")
ALERT = HexColor("#b3261e")
PLOT_HEIGHT = 150.0
LABEL_WIDTH = 92.0
MAX_LINES = 3
"""Lines of one field; more is cut with an ellipsis, the whole stands in text and JSON."""


def note_pdf(record: SessionRecord, note: TreatmentNote) -> bytes:
    """The file's bytes; the same note gives the same bytes."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=letter, invariant=True)
    canvas.setTitle(f"Treatment note {note.session_id}")
    canvas.setAuthor("traction session controller")
    # Uncompressed, so that `traction verify --checkpoint note.pdf` finds it without a PDF reader.
    canvas.setKeywords(f"{note.checkpoint} {note.signature_checkpoint}".strip())
    page = _Page(canvas, HEIGHT - MARGIN)
    page.head(note)
    page.warn(note)
    page.section("Recorded by the device", DEVICE)
    page.fields(note.device_fields, columns=2)
    page.plot(plot_data(record.samples), note)
    page.section("From the clinician", CLINICIAN)
    page.fields(note.clinician_fields, columns=1)
    page.signature(note)
    page.foot(note)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


class _Page:
    """Draws downwards; ``y`` is the top of what is still free, in points."""

    def __init__(self, canvas: Canvas, y: float) -> None:
        self.canvas, self.y = canvas, y

    def head(self, note: TreatmentNote) -> None:
        self._text(MARGIN, self.y - 14, "Mechanical traction: treatment note", 16, INK, bold=True)
        self._right(self.y - 14, status_text(note), 9, GREY)
        self._text(MARGIN, self.y - 28, f"Session {note.session_id}", 9, GREY)
        self._right(self.y - 28, "CPT 97012, 1 unit (no time rule)", 9, GREY)
        self.y -= 36

    def warn(self, note: TreatmentNote) -> None:
        """What must not be overlooked, above everything else."""
        lines = list(note.warnings)
        if note.interrupted:
            lines.insert(0, "INTERRUPTED: the program ended during this session.")
        for line in lines:
            self._text(MARGIN, self.y - 9, f"! {line}", 8.5, ALERT, bold=True)
            self.y -= 11
        self.y -= 2

    def section(self, title: str, colour: Color) -> None:
        self.canvas.setFillColor(colour)
        self.canvas.rect(MARGIN, self.y - 15, WIDTH - 2 * MARGIN, 15, stroke=0, fill=1)
        self._text(MARGIN + 6, self.y - 11, title, 9.5, HexColor("#ffffff"), bold=True)
        self.y -= 20

    def fields(self, fields: Sequence[Sourced[str]], *, columns: int) -> None:
        """Label and value; in two columns the first half stands on the left."""
        half = -(-len(fields) // columns)
        top, lowest = self.y, self.y
        for column in range(columns):
            self.y = top
            for field in fields[column * half : (column + 1) * half]:
                self._field(field, column, columns)
            lowest = min(lowest, self.y)
        self.y = lowest - 4

    def _field(self, field: Sourced[str], column: int, columns: int) -> None:
        column_width = (WIDTH - 2 * MARGIN) / columns
        left = MARGIN + column * column_width
        width = column_width - LABEL_WIDTH - 6
        label_width = LABEL_WIDTH if columns > 1 else LABEL_WIDTH + 20
        self._text(left, self.y - 8, field.label, 8, GREY)
        colour = ALERT if field.is_open else INK
        for line in _fitted(shown(field), width):
            self._text(left + label_width, self.y - 8, line, 8, colour)
            self.y -= 10
        self.y -= 1.5

    def plot(self, data: PlotData, note: TreatmentNote) -> None:
        """Target as a line, actual force as a band from least to largest, stops as marks."""
        if not data.times_ms:
            self._text(MARGIN, self.y - 10, "No force was recorded.", 8, GREY)
            self.y -= 18
            return
        plot = _Plot(self.canvas, data, self.y - 8)
        plot.axes()
        plot.actual()
        plot.target()
        for stop in note.dose.stops:
            plot.stop(stop.at_ms)
        plot.legend(bool(note.dose.stops))
        self.y -= PLOT_HEIGHT + 44

    def signature(self, note: TreatmentNote) -> None:
        """The signature of the newest version, and a line for each amendment."""
        y = self.y - 26
        if note.versions:
            newest = note.versions[-1]
            self._text(MARGIN, y + 3, signer_text(newest), 9, INK)
            when = moment_text(note, newest.at_utc_ms)
            self._text(WIDTH - MARGIN - 150, y + 3, when, 9, INK)
        self.canvas.setStrokeColor(GREY)
        self.canvas.line(MARGIN, y, MARGIN + 300, y)
        self.canvas.line(WIDTH - MARGIN - 150, y, WIDTH - MARGIN, y)
        self._text(MARGIN, y - 10, "Signature and credentials", 7.5, GREY)
        self._text(WIDTH - MARGIN - 150, y - 10, "Date and time", 7.5, GREY)
        for number, line in enumerate(version_texts(note)[1:][-MAX_LINES:], start=1):
            (text, *_) = _fitted(line, WIDTH - 2 * MARGIN)
            self._text(MARGIN, y - 10 - 9 * number, text, 7, INK)

    def foot(self, note: TreatmentNote) -> None:
        seal = note.seal or "none: the session is not closed"
        signed = f"Checkpoint of the signature {note.signature_checkpoint}" if note.versions else ""
        self._text(MARGIN, 58, f"Checkpoint {note.checkpoint or 'none'}", 7.5, INK)
        self._text(MARGIN, 50, signed, 6.5, GREY)
        self._text(MARGIN, 40, f"Session {note.session_id}   Seal {seal}", 6.5, GREY)
        self._text(MARGIN, 30, NOT_A_DEVICE, 7, GREY)
        self._right(30, "N and lbf: 1 lbf = 4.448 N", 7, GREY)

    def _text(
        self, x: float, y: float, text: str, size: float, colour: Color, *, bold: bool = False
    ) -> None:
        self.canvas.setFillColor(colour)
        self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
        self.canvas.drawString(x, y, text)

    def _right(self, y: float, text: str, size: float, colour: Color) -> None:
        self.canvas.setFillColor(colour)
        self.canvas.setFont("Helvetica", size)
        self.canvas.drawRightString(WIDTH - MARGIN, y, text)


class _Plot:
    """One pair of axes; forces in tenths of a newton, times in milliseconds of the session."""

    def __init__(self, canvas: Canvas, data: PlotData, top: float) -> None:
        self.canvas, self.data, self.top = canvas, data, top
        self.left, self.right = MARGIN + 34, WIDTH - MARGIN - 34
        self.bottom = top - PLOT_HEIGHT
        self.start_ms, self.end_ms = data.times_ms[0], max(data.times_ms[-1], data.times_ms[0] + 1)
        highest_n = max(*data.highest_dn, *data.target_dn, 100) / 10
        self.step_n = _step(highest_n, 5)
        self.top_dn: float = 10 * self.step_n * -(-highest_n // self.step_n)

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.start_ms) / (self.end_ms - self.start_ms)
        return float(self.left + share * (self.right - self.left))

    def y(self, force_dn: float) -> float:
        return float(self.bottom + max(0.0, force_dn) / self.top_dn * PLOT_HEIGHT)

    def axes(self) -> None:
        self.canvas.setLineWidth(0.4)
        self._label(self.left - 4, self.top + 4, "N", right=True)
        self._label(self.right + 4, self.top + 4, "lbf")
        force_n = 0.0
        while force_n * 10 <= self.top_dn + 0.1:
            y = self.y(force_n * 10)
            self.canvas.setStrokeColor(LIGHT)
            self.canvas.line(self.left, y, self.right, y)
            self._label(self.left - 4, y - 2.5, f"{force_n:g}", right=True)
            self._label(self.right + 4, y - 2.5, f"{force_n / NEWTONS_PER_LBF:.0f}")
            force_n += self.step_n
        self._time_axis()

    def _time_axis(self) -> None:
        span_min = (self.end_ms - self.start_ms) / 60_000
        step_min = _step(span_min, 8)
        minute = 0.0
        while minute <= span_min + 1e-9:
            x = self.x(self.start_ms + minute * 60_000)
            self.canvas.setStrokeColor(LIGHT)
            self.canvas.line(x, self.bottom, x, self.bottom - 3)
            self._label(x - 4, self.bottom - 11, f"{minute:g}")
            minute += step_min
        self._label((self.left + self.right) / 2 - 30, self.bottom - 21, "minutes from arming")

    def actual(self) -> None:
        path = self.canvas.beginPath()
        points = list(zip(self.data.times_ms, self.data.highest_dn, strict=True))
        points += list(zip(self.data.times_ms, self.data.lowest_dn, strict=True))[::-1]
        path.moveTo(self.x(points[0][0]), self.y(points[0][1]))
        for at_ms, force_dn in points[1:]:
            path.lineTo(self.x(at_ms), self.y(force_dn))
        path.close()
        self.canvas.setFillColor(DEVICE)
        self.canvas.setStrokeColor(DEVICE)
        self.canvas.setLineWidth(0.7)
        self.canvas.drawPath(path, stroke=1, fill=1)

    def target(self) -> None:
        path = self.canvas.beginPath()
        pairs = list(zip(self.data.times_ms, self.data.target_dn, strict=True))
        path.moveTo(self.x(pairs[0][0]), self.y(pairs[0][1]))
        for at_ms, target_dn in pairs[1:]:
            path.lineTo(self.x(at_ms), self.y(target_dn))
        self.canvas.setStrokeColor(CLINICIAN)
        self.canvas.setLineWidth(0.6)
        self.canvas.setDash(3, 2)
        self.canvas.drawPath(path, stroke=1, fill=0)
        self.canvas.setDash()

    def stop(self, at_ms: int) -> None:
        x = self.x(min(max(at_ms, self.start_ms), self.end_ms))
        self.canvas.setStrokeColor(ALERT)
        self.canvas.setLineWidth(1.0)
        self.canvas.line(x, self.bottom, x, self.top)
        self.canvas.setFillColor(ALERT)
        self.canvas.setFont("Helvetica-Bold", 7.5)
        self.canvas.drawRightString(x - 3, self.top - 8, "STOP")

    def legend(self, stopped: bool) -> None:
        entries = [("actual force", DEVICE), ("target (dashed)", CLINICIAN)]
        entries += [("stop", ALERT)] if stopped else []
        x = self.left
        for text, colour in entries:
            self.canvas.setFillColor(colour)
            self.canvas.rect(x, self.bottom - 20, 8, 3, stroke=0, fill=1)
            self._label(x + 11, self.bottom - 21, text)
            x += 70

    def _label(self, x: float, y: float, text: str, *, right: bool = False) -> None:
        self.canvas.setFillColor(GREY)
        self.canvas.setFont("Helvetica", 7)
        if right:
            self.canvas.drawRightString(x, y, text)
        else:
            self.canvas.drawString(x, y, text)


def _step(span: float, count: int) -> float:
    """A round step that divides ``span`` into about ``count`` parts."""
    for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500):
        if span / factor <= count:
            return factor
    return 1000.0


def _fitted(text: str, width: float) -> list[str]:
    lines: list[str] = simpleSplit(_drawable(text), "Helvetica", 8, width) or [""]
    if len(lines) <= MAX_LINES:
        return lines
    return [*lines[: MAX_LINES - 1], f"{lines[MAX_LINES - 1][:-4]} ..."]


def _drawable(text: str) -> str:
    """The page's font holds Latin-1; anything else is shown as a question mark."""
    return text.encode("latin-1", errors="replace").decode("latin-1")

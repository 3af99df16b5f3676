"""Cost of a note as PDF beside a raw writer of the same page, in turns on the same machine.

The raw writer is as plain as a PDF gets: the same texts, bars and points, formatted into operators,
no layout, no compression, no fonts to look up. It is no alternative: it is what the page must cost.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from rich.table import Table

from records.exports.note.layout import NotePage, lay_out_note
from records.exports.note.pdf import note_pdf
from records.exports.note.plot_data import plot_data
from records.exports.paper.page import ENCODING, HEIGHT, WIDTH, Page
from records.visit.face import face_of
from records.visit.visit import Visit
from workstation.demo import demo_visit

NOTES = 1000
TURN = 50
"""Notes of one kind in a row; then comes the other kind, so that a noisy machine hits both."""
GOAL = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCost:
    """Milliseconds a note, median over the turns, and the size of one file."""

    ours_ms: float
    raw_ms: float
    our_bytes: int
    raw_bytes: int

    @property
    def ratio(self) -> float:
        """Ours over raw: the only figure that means something elsewhere."""
        return self.ours_ms / self.raw_ms


def documents_table(notes: int = NOTES) -> Table:
    """The benchmark as ``make bench`` prints it."""
    cost = measure(demo_visit(), notes)
    table = Table(title=f"{notes} notes as PDF, goal: at most {GOAL:.0f} x raw writer")
    for column in ("writer", "ms a note", "bytes", "x raw"):
        table.add_column(column, justify="left" if column == "writer" else "right")
    table.add_row("raw", f"{cost.raw_ms:.2f}", str(cost.raw_bytes), "1.00")
    table.add_row("ours", f"{cost.ours_ms:.2f}", str(cost.our_bytes), f"{cost.ratio:.2f}")
    return table


def measure(visit: Visit, notes: int) -> DocumentCost:
    """Write ``notes`` notes with each writer, in turns."""
    face = face_of(visit.note)
    page = lay_out_note(NotePage(note=visit.note, face=face, plot=plot_data(visit.record.samples)))
    made = note_pdf(visit.record, visit.note, face)
    plain = raw_pdf(page)
    ours_ms, raw_ms = [], []
    for _ in range(max(1, notes // TURN)):
        started_s = time.perf_counter()
        for _ in range(TURN):
            note_pdf(visit.record, visit.note, face)
        between_s = time.perf_counter()
        for _ in range(TURN):
            raw_pdf(page)
        ended_s = time.perf_counter()
        ours_ms.append((between_s - started_s) / TURN * 1e3)
        raw_ms.append((ended_s - between_s) / TURN * 1e3)
    return DocumentCost(
        ours_ms=statistics.median(ours_ms),
        raw_ms=statistics.median(raw_ms),
        our_bytes=len(made),
        raw_bytes=len(plain),
    )


def raw_pdf(page: Page) -> bytes:
    """The page as a PDF of five objects, nothing compressed."""
    content = "\n".join(_operators(page)).encode(ENCODING)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH:g} {HEIGHT:g}]/Contents 4 0 R"
        "/Resources<</Font<</R 5 0 R/B 6 0 R>>>>>>".encode(),
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
    ]
    file = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n" % (len(objects) + 1, table)
    return bytes(file + b"%%EOF\n")


def _operators(page: Page) -> list[str]:
    lines = [
        f"{_rgb(bar.colour)} rg {bar.x:.2f} {bar.y:.2f} {bar.width:.2f} {bar.height:.2f} re f"
        for bar in page.bars
    ]
    for curve in page.curves:
        points = [f"{x:.2f} {y:.2f}" for x, y in curve.xy.tolist()]
        colour = _rgb(curve.colour)
        paint = "b" if curve.filled else "S"
        lines.append(f"{colour} rg {colour} RG {curve.width:g} w {points[0]} m")
        lines.append(" l ".join(points[1:]) + f" l {paint}")
    lines.append("BT")
    for text in page.texts:
        escaped = text.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        font = "/B" if text.bold else "/R"
        place = f"1 0 0 1 {text.x:.2f} {text.y:.2f} Tm"
        lines.append(f"{font} {text.size:g} Tf {_rgb(text.colour)} rg {place} ({escaped}) Tj")
    return [*lines, "ET"]


def _rgb(colour: str) -> str:
    return " ".join(f"{int(colour[i : i + 2], 16) / 255:.3f}" for i in (1, 3, 5))

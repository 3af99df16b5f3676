"""The parts of a form: lines to write on, boxes to tick, tables to fill in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.platypus import Table

from records.exports.paper.blocks import GREY, INK, WHITE, WIDTH, Flowable, grid, said

SIZE = 8.5
SMALL = 7.0
ROW, HIGH_ROW = 17.0, 27.0
"""Least height of a line to write on, and of one for a sentence."""
BOX = 7.5
"""Side of a box to tick, in points."""
LINE = 0.5
HEAD_TINT = "#e8ebef"


def heading(text: str) -> Flowable:
    """Returns the title of a part, on a dark bar: forms are copied without colours."""
    bar = grid([[said(text, SIZE, WHITE, bold=True)]], [WIDTH], ("BACKGROUND", INK), above=1.0)
    bar.spaceBefore = 5
    return bar


def box(text: str) -> Flowable:
    """Draw a box to tick with its word."""
    square = Drawing(BOX, BOX + 1)
    square.add(
        Rect(0, 0, BOX, BOX, strokeColor=HexColor(INK), strokeWidth=0.8, fillColor=HexColor(WHITE))
    )
    row = [[square, said(text, SIZE)]]
    return Table(row, colWidths=[BOX + 4, None], style=_style(("VALIGN", "MIDDLE")), hAlign="LEFT")


def boxes(*texts: str) -> Flowable:
    """Draw several boxes in one row, as wide as their words need together."""
    return Table([[box(text) for text in texts]], style=_style(("VALIGN", "MIDDLE")), hAlign="LEFT")


def ruled(
    rows: Sequence[Sequence[Flowable]],
    widths: Sequence[float],
    *,
    has_head: bool = False,
    least: float = ROW,
) -> Flowable:
    """Draw a table with lines, ``least`` high each, for a pen. Its head is on each page."""
    style = [
        *_padding(3.0),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("GRID", (0, 0), (-1, -1), LINE, HexColor(GREY)),
    ]
    if has_head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), HexColor(HEAD_TINT)))
    return Table(
        [[*row] for row in rows],
        colWidths=list(widths),
        minRowHeights=[least] * len(rows),
        style=style,
        repeatRows=int(has_head),
    )


def asked(label: str, value: str = "", hint: str = "") -> list[Flowable]:
    """Draw a label and what is known, else room to write; ``hint`` shows the format."""
    shown = f"{label}, as in {hint}" if hint else label
    return [said(shown, SIZE, GREY), said(value, SIZE, bold=bool(value))]


def _style(*looks: tuple[str, str]) -> list[tuple[Any, ...]]:
    return [*_padding(0.0), *((name, (0, 0), (-1, -1), value) for name, value in looks)]


def _padding(points: float) -> list[tuple[Any, ...]]:
    whole = (0, 0), (-1, -1)
    sides = [("LEFTPADDING", points), ("RIGHTPADDING", points)]
    return [
        *((name, *whole, value) for name, value in sides),
        ("TOPPADDING", *whole, 1.0),
        ("BOTTOMPADDING", *whole, 1.0),
    ]

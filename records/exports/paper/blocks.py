"""The parts of a document: texts, labelled fields, parts on a background."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, TypeAlias

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CallerMacro, CondPageBreak, KeepTogether, Paragraph, Spacer, Table
from reportlab.platypus.flowables import FrameBG

from records.exports.paper.fonts import BOLD, PLAIN, drawn_by, markup

PAGE_WIDTH, PAGE_HEIGHT = 612.0, 792.0
"""US letter."""
WIDTH = PAGE_WIDTH - 2 * 40.0
"""Between the margins."""
INK, GREY, LIGHT, WHITE = "#1b2430", "#55626f", "#d7dde4", "#ffffff"
DEVICE, CLINICIAN, ALERT = "#0b5a8a", "#7a4b00", "#b3261e"
DEVICE_TINT, CLINICIAN_TINT, ALERT_TINT = "#eef5fa", "#fbf5ea", "#fdeeec"
LEADING = 1.25
"""Height of a line as a multiple of its font size."""
INDENT = 6.0
"""Of a text on a background."""
GOING_ON = "going_on"
"""Attribute of a canvas with the title of the part that a page break interrupts."""
ROOM = 70.0
"""A part begins on the next page when less than this is left."""

Flowable: TypeAlias = Any
"""An element that the PDF library can place: it has no types of its own."""


def said(text: str, size: float, colour: str = INK, *, bold: bool = False, **more: Any) -> Flowable:
    """Returns a text over as many lines and pages as needed; ``more`` are keys of the style."""
    return Paragraph(markup(text, bold=bold), _style(size, colour, bold, tuple(more.items())))


def inside(
    text: str, size: float, colour: str = INK, *, bold: bool = False, **more: Any
) -> Flowable:
    """Returns a text on a background."""
    return said(text, size, colour, bold=bold, leftIndent=INDENT, rightIndent=INDENT, **more)


def labelled(label: str, text: str, size: float, colour: str, *, label_width: float) -> Flowable:
    """Returns a text after its label."""
    places = {"leftIndent": label_width, "rightIndent": INDENT, "bulletIndent": INDENT}
    style = _style(size, colour, False, (*places.items(), ("spaceAfter", 1.5)))
    return Paragraph(markup(text), style, bulletText=label)


def part(
    title: str,
    colour: str,
    tint: str,
    content: Sequence[Flowable],
    *,
    followed_by: Sequence[Flowable] = (),
) -> list[Flowable]:
    """Returns content under a title bar; background and title continue after a page break.

    ``followed_by`` is below the part, on the page of its last element.
    """
    bar = grid([[said(title, 9, WHITE, bold=True)]], [WIDTH], ("BACKGROUND", colour), above=1.5)
    begin = [*_begin(tint), _going_on(title), bar, Spacer(1, 3)]
    end = [*content[-1:], _going_on(""), *_end(), *followed_by]
    return [*begin, *content[:-1], *([KeepTogether(end)] if followed_by else end)]


def on_ground(tint: str, content: Sequence[Flowable]) -> list[Flowable]:
    """Returns content on a coloured background."""
    return [*_begin(tint), *content, *_end()]


def _begin(tint: str) -> list[Flowable]:
    return [CondPageBreak(ROOM), FrameBG(color=HexColor(tint), start=True)]


def _end() -> list[Flowable]:
    return [Spacer(1, 3), FrameBG(start=False), Spacer(1, 5)]


def grid(
    rows: Sequence[Sequence[Flowable]],
    widths: Sequence[float],
    *looks: tuple[str, str],
    above: float = 0.4,
) -> Flowable:
    """Returns rows of cells; ``looks`` are commands of the library with colours, for all cells."""
    whole = (0, 0), (-1, -1)
    style = [
        ("FONTNAME", *whole, PLAIN),
        ("VALIGN", *whole, "TOP"),
        ("LEFTPADDING", *whole, INDENT),
        ("RIGHTPADDING", *whole, 2),
        ("TOPPADDING", *whole, above),
        ("BOTTOMPADDING", *whole, above),
        *((command, *whole, HexColor(colour)) for command, colour in looks),
    ]
    return Table([list(row) for row in rows], colWidths=list(widths), style=style, splitInRow=1)


def _going_on(title: str) -> Flowable:
    return CallerMacro(drawCallable=partial(_keep_title, title))


def _keep_title(title: str, macro: Any) -> None:
    setattr(macro.canv, GOING_ON, title)


@cache
def _style(size: float, colour: str, bold: bool, more: tuple[tuple[str, Any], ...]) -> Any:
    font = BOLD if bold else PLAIN
    drawn_by(font)
    return ParagraphStyle(
        "paper",
        fontName=font,
        fontSize=size,
        leading=size * LEADING,
        spaceShrinkage=0,
        textColor=HexColor(colour),
        bulletFontName=PLAIN,
        bulletFontSize=size,
        bulletColor=HexColor(GREY),
        **dict(more),
    )

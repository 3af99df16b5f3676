"""A document of as many letter pages as its content needs; every page has the same head and foot.

The PDF library breaks lines and pages, embeds the used glyphs of each font and maps them back to
characters. The same content gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from controller.words import one_line
from records.exports.paper.blocks import (
    ALERT,
    GOING_ON,
    GREY,
    LEADING,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    WIDTH,
    Flowable,
    said,
)
from records.exports.paper.fonts import NOTICE, PLAIN, SEEN, drawn_by

LEFT, TOP, BOTTOM = 40.0, PAGE_HEIGHT - 28.0, 24.0
AUTHOR = "traction session controller"
SMALL = 6.5
"""Font size at a page's edges besides its head."""
LINE, GAP = SMALL * LEADING, 4.0
rl_config.useA85 = 0  # compressed streams stay bytes

Content = Callable[[], list[Flowable]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The content of a file; ``head`` and ``foot`` are on every page.

    Title and keywords are uncompressed in it, so that session and checkpoint are found without a
    PDF reader. Each part makes its content when asked: the library uses it up.
    """

    body: Content
    head: Content
    foot: Content
    title: str
    keywords: str = ""


def pdf_of(document: Document) -> bytes:
    """Returns the file's bytes."""
    drawn_by(PLAIN)
    buffer = io.BytesIO()
    template = BaseDocTemplate(
        buffer,
        pagesize=(PAGE_WIDTH, PAGE_HEIGHT),
        initialFontName=PLAIN,
        invariant=1,
        lang="en-US",
        title=one_line(document.title),
        author=AUTHOR,
        keywords=one_line(document.keywords),
    )
    edges = _Edges(document.head(), document.foot())
    page = PageTemplate(frames=[edges.frame()], onPage=edges.begin, onPageEnd=edges.end)
    template.addPageTemplates(page)
    template.build(document.body(), canvasmaker=_CountedCanvas)
    return buffer.getvalue()


class _CountedCanvas(Canvas):  # type: ignore[misc]  # the library is untyped
    """Keeps its pages until the last one is drawn, so that each can show the page count."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        """End a page, which is numbered and written later."""
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write all pages, each with its number and the page count, and the file."""
        kept = self._kept
        for page in kept:
            self.__dict__.update(page)
            _number(self, len(kept))
            super().showPage()
        super().save()


class _Edges:
    """Head and foot of every page, as high as their lines are.

    A line is kept free between them and the content: above for the title of a part that continues,
    below for the notice about code points.
    """

    def __init__(self, head: Sequence[Flowable], foot: Sequence[Flowable]) -> None:
        self.head, self.foot = head, foot
        self.head_end = TOP - _height(head) - GAP
        self.foot_top = BOTTOM + _height(foot) + GAP
        self.codes_seen = False

    def frame(self) -> Any:
        bottom, top = self.foot_top + LINE + GAP, self.head_end - LINE - GAP
        none = {f"{side}Padding": 0 for side in ("left", "right", "top", "bottom")}
        return Frame(LEFT, bottom, WIDTH, top - bottom, **none)

    def begin(self, canvas: Canvas, _: Any) -> None:
        self.codes_seen = False
        canvas.setNamedCB(SEEN, self._code_point_seen)
        _draw(canvas, self.head, TOP)
        _rule(canvas, self.head_end)
        if title := getattr(canvas, GOING_ON, ""):
            _draw(canvas, [said(f"{title}, continued", SMALL, GREY, bold=True)], self.head_end - 1)

    def end(self, canvas: Canvas, _: Any) -> None:
        _rule(canvas, self.foot_top)
        _draw(canvas, self.foot, self.foot_top - GAP)
        if self.codes_seen:
            _draw(canvas, [said(NOTICE, SMALL, ALERT, bold=True)], self.foot_top + LINE + 1)

    def _code_point_seen(self, *_: Any) -> None:
        self.codes_seen = True


def _number(canvas: Canvas, pages: int) -> None:
    canvas.setFont(PLAIN, SMALL)
    canvas.setFillColor(HexColor(GREY))
    place = BOTTOM + LINE - SMALL
    canvas.drawRightString(LEFT + WIDTH, place, f"page {canvas.getPageNumber()} of {pages}")


def _height(lines: Sequence[Flowable]) -> float:
    return sum(float(line.wrap(WIDTH, PAGE_HEIGHT)[1]) for line in lines)


def _draw(canvas: Canvas, lines: Sequence[Flowable], top: float) -> None:
    for line in lines:
        top -= line.wrapOn(canvas, WIDTH, PAGE_HEIGHT)[1]
        line.drawOn(canvas, LEFT, top)


def _rule(canvas: Canvas, y: float) -> None:
    canvas.setStrokeColor(HexColor(GREY))
    canvas.setLineWidth(0.4)
    canvas.line(LEFT, y, LEFT + WIDTH, y)

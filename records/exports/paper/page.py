"""A letter page as placed texts, bars, lines and curves: laid out first, drawn afterwards.

What is placed can be looked at: a test asks whether two texts overlap or one leaves the page. All
lengths are points (1/72 inch), ``y`` grows upwards from the lower edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from reportlab.pdfbase.pdfmetrics import getFont

from controller.words import one_line

WIDTH, HEIGHT = 612.0, 792.0
"""US letter."""
MARGIN = 40.0
LEFT, RIGHT, TOP, BOTTOM = MARGIN, WIDTH - MARGIN, HEIGHT - 36.0, 24.0
INK, GREY, LIGHT, WHITE = "#1b2430", "#55626f", "#d7dde4", "#ffffff"
DEVICE, CLINICIAN, ALERT = "#0b5a8a", "#7a4b00", "#b3261e"
DEVICE_TINT, CLINICIAN_TINT, ALERT_TINT = "#eef5fa", "#fbf5ea", "#fdeeec"
ASCENT, DESCENT = 0.74, 0.22
"""Of Helvetica, in parts of its size: what a line of text really covers."""
ENCODING = "cp1252"
"""What the standard fonts of PDF can show (WinAnsi)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of text; ``x`` is its left end, ``y`` its base line."""

    x: float
    y: float
    text: str
    size: float
    colour: str = INK
    bold: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, lower, right and upper edge of what it covers."""
        width = text_width(self.text, self.size, bold=self.bold)
        return self.x, self.y - DESCENT * self.size, self.x + width, self.y + ASCENT * self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A filled rectangle; ``x`` and ``y`` are its lower left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points joined by lines: ``xy`` has one row a point. A filled one is closed."""

    xy: NDArray[np.float64]
    colour: str
    width: float = 0.6
    dash: tuple[int, ...] = ()
    filled: bool = False


@dataclass(slots=True)
class Page:
    """What stands on one page; bars lie lowest, then curves, then texts."""

    bars: list[Bar] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def write(
        self, x: float, y: float, text: str, size: float, colour: str = INK, *, bold: bool = False
    ) -> None:
        """Place a text by its left end."""
        self.texts.append(Text(x=x, y=y, text=drawable(text), size=size, colour=colour, bold=bold))

    def write_right(
        self, x: float, y: float, text: str, size: float, colour: str = INK, *, bold: bool = False
    ) -> None:
        """Place a text by its right end."""
        left = x - text_width(drawable(text), size, bold=bold)
        self.write(left, y, text, size, colour, bold=bold)

    def line(
        self, x0: float, y0: float, x1: float, y1: float, colour: str, width: float = 0.6
    ) -> None:
        """Place a straight line."""
        self.curves.append(
            Curve(xy=np.array([[x0, y0], [x1, y1]], dtype=np.float64), colour=colour, width=width)
        )


def drawable(text: str) -> str:
    """The text with what hides written out and "?" for what the standard fonts do not hold."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(c if c.isprintable() else " " for c in one_line(text))
    return shown.encode(ENCODING, "replace").decode(ENCODING)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a drawable text in points."""
    widths = _widths(bold)
    return sum([widths[byte] for byte in text.encode(ENCODING, "replace")]) * size / 1000


def wrapped(text: str, width: float, size: float) -> list[str]:
    """The lines of a text in a column; a word that is wider than the column is broken."""
    lines: list[str] = []
    line, used = "", 0.0
    blank = text_width(" ", size)
    for word in _words(drawable(text), width, size):
        word_width = text_width(word, size)
        if line and used + blank + word_width > width:
            lines.append(line)
            line, used = "", 0.0
        line, used = (f"{line} {word}", used + blank + word_width) if line else (word, word_width)
    return [*lines, line]


def shortened(lines: Sequence[str], most: int, width: float, size: float, mark: str) -> list[str]:
    """At most ``most`` lines; where some are left out the last one ends with ``mark``."""
    if len(lines) <= most:
        return list(lines)
    last = lines[most - 1]
    while last and text_width(f"{last} {mark}", size) > width:
        last = last[:-1]
    return [*lines[: most - 1], f"{last.rstrip()} {mark}".strip()]


def _words(text: str, width: float, size: float) -> Iterator[str]:
    for word in text.split():
        rest = word
        while text_width(rest, size) > width:
            fits = _fitting(rest, width, size)
            yield rest[:fits]
            rest = rest[fits:]
        yield rest


def _fitting(word: str, width: float, size: float) -> int:
    """Returns how many characters of a drawable word fit, at least one."""
    widths, room = _widths(False), width * 1000 / size
    for count, byte in enumerate(word.encode(ENCODING, "replace")):
        room -= widths[byte]
        if room < 0:
            return max(1, count)
    return len(word)


@cache
def _widths(bold: bool) -> list[int]:
    """Width of each byte in thousandths of the font's size."""
    font = getFont("Helvetica-Bold" if bold else "Helvetica")
    return list(font.widths)

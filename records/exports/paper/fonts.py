"""The fonts that a document embeds, and the replacement of a character that none of them draws.

Noto Sans has Latin, Greek and Cyrillic with all their accents; FiraGO adds some signs, Georgian and
Thai. Scripts that run from right to left or whose letters change their shapes need more than a row
of glyphs: they count as not drawn.

Noto Sans is beside this file uncompressed, because each document needs it and the package with both
takes longer to unpack it than to lay out a page (`python -m tools.fonts` puts it there).
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib import resources
from itertools import groupby
from typing import NamedTuple

from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

from controller.words import one_line

PLAIN, BOLD = "NotoSans", "NotoSans-Bold"
FALLBACKS = {PLAIN: "FiraGO", BOLD: "FiraGO-Bold"}
PACKAGED_AS = {"FiraGO": "figo", "FiraGO-Bold": "figbo"}
"""The package's names of the fonts that few documents need."""
RESHAPED = ("ARABIC", "DEVANAGARI", "HEBREW")
"""Beginnings of the names of characters that a row of glyphs would show wrongly."""
NOTICE = "U+ and a number stand for a character that no embedded font draws."
SEEN = "code_point_seen"
"""Called by a canvas when it draws code points."""
PIECE = 50
"""Code points that are reported together: few lines, which a page break splits at most once."""


class Run(NamedTuple):
    """Characters of one font; without a font they are printed as code points."""

    font: str
    text: str


@cache
def drawn_by(font: str) -> frozenset[str]:
    """Register a font with the PDF library; returns the characters that it draws."""
    loaded = TTFont(font, io.BytesIO(_file_of(font)))
    registerFont(loaded)
    held = (chr(code) for code in loaded.face.charToGlyph if code <= 0xFFFF)
    return frozenset(c for c in held if not unicodedata.name(c, "").startswith(RESHAPED))


def runs(text: str, font: str = PLAIN) -> list[Run]:
    """Returns ``text`` as one line, in canonical composition, by the fonts that draw it."""
    shown = one_line(unicodedata.normalize("NFC", text))
    blanks = shown if shown.isascii() else "".join(map(_blank_or_itself, shown))
    if drawn_by(font).issuperset(blanks):  # as in nearly every text
        return [Run(font, blanks)] if blanks else []
    named = groupby(blanks, lambda character: _font_of(character, font))
    return [Run(name, "".join(characters)) for name, characters in named]


def markup(text: str, *, bold: bool = False) -> str:
    """Returns ``text`` for a paragraph of the PDF library."""
    font = BOLD if bold else PLAIN
    return "".join(_marked(runs(text, font), font))


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Returns the width of a text of the program's own in points."""
    font = BOLD if bold else PLAIN
    drawn_by(font)
    return float(stringWidth(text, font, size))


def _file_of(font: str) -> bytes:
    if font not in PACKAGED_AS:
        return (resources.files("records.exports.paper") / "noto" / f"{font}.ttf").read_bytes()
    from pymupdf_fonts import myfont

    return bytes(myfont(PACKAGED_AS[font]))


def _font_of(character: str, font: str) -> str:
    for name in (font, FALLBACKS[font]):
        if character in drawn_by(name):
            return name
    return ""


def _blank_or_itself(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else character


def _marked(parts: list[Run], font: str) -> Iterator[str]:
    for number, run in enumerate(parts):
        if not run.font:
            yield _code_points(run.text, parts[number - 1 : number], parts[number + 1 :])
        elif run.font == font:
            yield escape(run.text, quote=False)
        else:
            yield f'<font name="{run.font}">{escape(run.text, quote=False)}</font>'


def _code_points(text: str, before: list[Run], after: list[Run]) -> str:
    """Returns code points with blanks between them and around them."""
    pieces = (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    codes = " ".join(_watched(piece) for piece in pieces)
    left = " " if before and not before[0].text.endswith(" ") else ""
    right = " " if after and not after[0].text.startswith(" ") else ""
    return f"{left}{codes}{right}"


def _watched(piece: str) -> str:
    """Returns text that reports being drawn at both ends, so that no page break hides it."""
    mark = f'<onDraw name="{SEEN}"/>'
    return f"{mark}{' '.join(f'U+{ord(c):04X}' for c in piece)}{mark}"

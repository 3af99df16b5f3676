"""Laid out pages as the bytes of a PDF. The same pages give the same bytes.

The document around them (fonts, cross references, compression) is reportlab's; the operators of a
page are written here, because a canvas call for each text and point costs four times as much.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from controller.words import one_line
from records.exports.paper.page import ENCODING, HEIGHT, WIDTH, Bar, Curve, Page, Text

AUTHOR = "traction session controller"
FONTS = {False: "Helvetica", True: "Helvetica-Bold"}
rl_config.useA85 = 0  # compressed streams stay bytes: as letters they cost half of the time
FontNames = Mapping[bool, str]


def page_pdf(page: Page, *, title: str, keywords: str = "") -> bytes:
    """One page; its text can be searched and copied."""
    return pages_pdf([page], title=title, keywords=keywords)


def pages_pdf(pages: Sequence[Page], *, title: str, keywords: str = "") -> bytes:
    """Several pages as one document.

    Title and keywords stand uncompressed in the file, so that session and checkpoint are found
    without a reader of PDF.
    """
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=True, lang="en-US")
    canvas.setTitle(one_line(title))
    canvas.setAuthor(AUTHOR)
    canvas.setKeywords(one_line(keywords))
    for page in pages:
        canvas.addLiteral(page_operators(page, _font_names(canvas)))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def page_operators(page: Page, font_names: FontNames) -> str:
    """The content of a page in operators of PDF, ASCII only."""
    parts = [_bar(bar) for bar in page.bars]
    parts += [_curve(curve) for curve in page.curves]
    parts += ["BT", *_texts(page.texts, font_names), "ET"]
    return "\n".join(parts)


def _font_names(canvas: Canvas) -> FontNames:
    """What the document calls its fonts; asking registers them."""
    return {bold: canvas._doc.getInternalFontName(font) for bold, font in FONTS.items()}  # noqa: SLF001


def _bar(bar: Bar) -> str:
    rectangle = f"{bar.x:.2f} {bar.y:.2f} {bar.width:.2f} {bar.height:.2f}"
    return f"{_rgb(bar.colour)} rg {rectangle} re f"


def _curve(curve: Curve) -> str:
    """Move, line, line, ... and the painting operator."""
    count = len(curve.xy)
    path = ("%.2f %.2f m " + "%.2f %.2f l " * (count - 1)) % tuple(curve.xy.ravel().tolist())
    dash = " ".join(map(str, curve.dash))
    colour = _rgb(curve.colour)
    fill = f"{colour} rg " if curve.filled else ""
    painted = "b" if curve.filled else "S"
    return f"{fill}{colour} RG {curve.width:g} w [{dash}] 0 d {path}{painted}"


def _texts(texts: Sequence[Text], font_names: FontNames) -> Iterator[str]:
    """Font and colour are set where they change; each text has its own origin."""
    font: tuple[bool, float] | None = None
    colour = ""
    for text in texts:
        if font != (text.bold, text.size):
            font = (text.bold, text.size)
            yield f"{font_names[text.bold]} {text.size:g} Tf"
        if colour != text.colour:
            colour = text.colour
            yield f"{_rgb(colour)} rg"
        yield f"1 0 0 1 {text.x:.2f} {text.y:.2f} Tm ({_escaped(text.text)}) Tj"


def _escaped(text: str) -> str:
    """The inside of a PDF string: brackets and backslash escaped, other bytes in octal."""
    safe = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    if safe.isascii():
        return safe
    return "".join(chr(b) if b < 0x80 else f"\\{b:03o}" for b in safe.encode(ENCODING))


@cache
def _rgb(colour: str) -> str:
    """A colour ``#rrggbb`` as three parts of one."""
    return " ".join(f"{int(colour[i : i + 2], 16) / 255:.3f}" for i in (1, 3, 5))

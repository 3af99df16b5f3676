"""Reads text and fonts of a PDF document."""

from __future__ import annotations

import io
import unicodedata

from hypothesis import strategies as st
from pypdf import PageObject, PdfReader

from controller.words import hides
from records.exports.paper.fonts import RESHAPED


def _letters(*spans: tuple[int, int]) -> str:
    """The characters of Latin, Greek and Cyrillic in some spans of code points."""
    every = (chr(code) for first, last in spans for code in range(first, last + 1))
    names = ((c, unicodedata.name(c, "COPTIC")) for c in every if not c.isspace() and not hides(c))
    return "".join(c for c, name in names if not name.startswith(("COPTIC", *RESHAPED)))


LETTERS = _letters((0x21, 0x52F), (0x1E00, 0x1FFF))
"""With all their diacritics, including Vietnamese and ancient Greek."""
TEXTS = st.text(st.sampled_from(LETTERS + " "), max_size=4000)


def pages_of(pdf: bytes) -> list[PageObject]:
    return list(PdfReader(io.BytesIO(pdf), strict=True).pages)


def text_of(pdf: bytes) -> str:
    """All pages in order, with single blanks."""
    return " ".join(" ".join(page.extract_text() for page in pages_of(pdf)).split())


def fonts_of(page: PageObject) -> dict[str, dict[str, object]]:
    """The fonts of a page by name, each with its descriptor."""
    fonts = page["/Resources"]["/Font"].values()  # type: ignore[index]
    return {font["/BaseFont"]: font.get_object() for font in fonts}


def solid(text: str) -> str:
    """``text`` as it is drawn, without the blanks at which lines may break."""
    return "".join(unicodedata.normalize("NFC", text).split())

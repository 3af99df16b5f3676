"""What a reader of PDF finds in a document."""

from __future__ import annotations

import io
import unicodedata

from hypothesis import strategies as st
from pypdf import PageObject, PdfReader

from records.exports.paper.fonts import RESHAPED

EUROPEAN = st.characters(
    exclude_categories=["Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"],
    min_codepoint=0x21,
    max_codepoint=0x52F,
).filter(lambda c: not unicodedata.name(c).startswith(("COPTIC", *RESHAPED)))
"""Latin, Greek and Cyrillic with their marks."""
ACCENTED = st.characters(exclude_categories=["Cn"], min_codepoint=0x1E00, max_codepoint=0x1FFF)
"""Latin for Vietnamese, old Greek."""
TEXTS = st.text(EUROPEAN | ACCENTED | st.just(" "), max_size=4000)


def pages_of(pdf: bytes) -> list[PageObject]:
    return list(PdfReader(io.BytesIO(pdf), strict=True).pages)


def text_of(pdf: bytes) -> str:
    """All pages in their order, with single blanks."""
    return " ".join(" ".join(page.extract_text() for page in pages_of(pdf)).split())


def fonts_of(page: PageObject) -> dict[str, dict[str, object]]:
    """The fonts of a page by their names, each with its descriptor."""
    fonts = page["/Resources"]["/Font"].values()  # type: ignore[index]
    return {font["/BaseFont"]: font.get_object() for font in fonts}


def solid(text: str) -> str:
    """``text`` as it is drawn, without the blanks at which lines may break."""
    return "".join(unicodedata.normalize("NFC", text).split())

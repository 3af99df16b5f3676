"""Segments of X12: elements in capitals, separators kept out of the values."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

from controller.errors import ExportIncomplete

ELEMENT, COMPONENT, REPETITION, SEGMENT = "*", ":", "^", "~"
_SEPARATORS = str.maketrans(dict.fromkeys("*:^~\r\n\t", " "))
_CARRIED = re.compile(r"[A-Z0-9 !\"&'()+,\-./;?=]*")
"""The basic character set without the separators."""


def segment(*elements: str) -> str:
    """One segment with its end; empty elements at the end are left out."""
    return ELEMENT.join(elements).rstrip(ELEMENT) + SEGMENT


def composite(*components: str) -> str:
    """One element of several components."""
    return COMPONENT.join(components).rstrip(COMPONENT)


def words(name: str, text: str | None, longest: int) -> str:
    """A text as X12 carries it: capitals, accents dropped, separators as blanks.

    Raises ExportIncomplete for a text that would lose letters or does not fit.
    """
    plain = unicodedata.normalize("NFKD", text or "")
    plain = "".join(c for c in plain if not unicodedata.combining(c)).upper()
    plain = " ".join(plain.translate(_SEPARATORS).split())
    if not _CARRIED.fullmatch(plain):
        raise ExportIncomplete(
            f"{name}={text!r} holds characters that X12 cannot carry; write it in Latin letters"
        )
    if len(plain) > longest:
        raise ExportIncomplete(
            f"{name}={text!r} has {len(plain)} characters, X12 takes {longest}; shorten it"
        )
    return plain


def digits(text: str) -> str:
    """The digits of a number that people write with dashes and brackets."""
    return re.sub(r"\D", "", text)


def amount(value: Decimal) -> str:
    """Money without needless zeros: 22, 22.5, 22.05."""
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def day(value: date) -> str:
    """CCYYMMDD."""
    return value.strftime("%Y%m%d")

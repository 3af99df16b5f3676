"""Segments of X12: elements between their separators, amounts and dates."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

ELEMENT, COMPONENT, REPETITION, SEGMENT = "*", ":", "^", "~"


def segment(*elements: str) -> str:
    """Returns one segment with its end; empty elements at the end are left out."""
    return ELEMENT.join(elements).rstrip(ELEMENT) + SEGMENT


def composite(*components: str) -> str:
    """Returns one element of several components."""
    return COMPONENT.join(components).rstrip(COMPONENT)


def digits(text: str) -> str:
    """Returns the digits of a number that people write with dashes and brackets."""
    return re.sub(r"\D", "", text)


def amount(value: Decimal) -> str:
    """Returns money without needless zeros: 22, 22.5, 22.05."""
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def day(value: date) -> str:
    """Returns CCYYMMDD."""
    return value.strftime("%Y%m%d")

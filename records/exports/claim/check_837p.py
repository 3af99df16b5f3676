"""Checks of a finished 837P that its grammar cannot make: X-01 to X-04 (total, ZIP, dates, case).

They read the text itself, so that they judge what would be compared, not what was intended. They
are not part of the catalogue of rules: those judge the claim, these the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

_DATE = re.compile(r"\d{8}", re.ASCII)
NINE_DIGITS = re.compile(r"\d{9}")
NEEDS_NINE = {"85", "77"}
"""Billing provider and service facility: their ZIP has nine digits."""
EARLIEST = date(1900, 1, 1)
_PLANNED = {"472", "431", "454"}
Segments = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFault:
    """``check_id`` is X-01 to X-04; ``where`` is the segment's number, counted from 1."""

    check_id: str
    where: int
    message: str


def check_837p(text: str, today: date) -> list[SegmentFault]:
    """Yields every fault of the text; ``today`` is the day on which it was made."""
    segments = [part.strip("\r\n").split("*") for part in text.split("~") if part.strip()]
    return [*_totals(segments), *_zips(segments), *_dates(segments, today), *_case(segments)]


def _totals(segments: Segments) -> Iterator[SegmentFault]:
    """X-01: CLM02 is the sum of its lines' SV102."""
    claim: tuple[int, str] | None = None
    total = Decimal()
    for number, parts in enumerate([*segments, ["SE"]], start=1):
        if parts[0] in ("CLM", "SE") and claim is not None:
            where, said = claim
            if _money(said) != total:
                message = f"total {said} (CLM02) is not the sum of its lines, {total}"
                yield SegmentFault(check_id="X-01", where=where, message=message)
            claim = None
        if parts[0] == "CLM":
            claim, total = (number, _element(parts, 2)), Decimal()
        elif parts[0] == "SV1":
            total += _money(_element(parts, 2)) or Decimal()


def _zips(segments: Segments) -> Iterator[SegmentFault]:
    """X-02: the practice's ZIP has nine digits, all others five or nine."""
    entity = ""
    for number, parts in enumerate(segments, start=1):
        if parts[0] == "NM1":
            entity = _element(parts, 1)
        if parts[0] != "N4":
            continue
        code = _element(parts, 3)
        nine = entity in NEEDS_NINE
        if not NINE_DIGITS.fullmatch(code) and (nine or not re.fullmatch(r"\d{5}", code)):
            wanted = "nine digits" if nine else "five or nine digits"
            message = f"ZIP {code!r} of NM1*{entity} does not have {wanted}"
            yield SegmentFault(check_id="X-02", where=number, message=message)


def _dates(segments: Segments, today: date) -> Iterator[SegmentFault]:
    """X-03: dates exist and are in order: birth, onset, service, an answer, today."""
    service = max(
        (_date(_element(p, 3)) or EARLIEST for p in segments if _is_date(p, {"472"})),
        default=today,
    )
    for number, parts in enumerate(segments, start=1):
        earliest = EARLIEST
        if parts[0] == "DMG":
            what, text, latest = "birth date", _element(parts, 2), service
        elif _is_date(parts, {"472"}):
            what, text, latest = "date of service", _element(parts, 3), today
        elif _is_date(parts, _PLANNED):
            what, text, latest = f"date DTP*{parts[1]}", _element(parts, 3), service
        elif _is_date(parts, {"573"}):
            what, text, earliest, latest = "date of an answer", _element(parts, 3), service, today
        else:
            continue
        value = _date(text)
        if value is None or not earliest <= value <= latest:
            message = f"{what} {text} is not a date from {earliest} to {latest}"
            yield SegmentFault(check_id="X-03", where=number, message=message)


def _case(segments: Segments) -> Iterator[SegmentFault]:
    """X-04: capitals only."""
    for number, parts in enumerate(segments, start=1):
        small = [element for element in parts if element != element.upper()]
        if small:
            message = f"{small[0]!r} holds small letters; X12 is written in capitals"
            yield SegmentFault(check_id="X-04", where=number, message=message)


def _is_date(parts: Sequence[str], qualifiers: set[str]) -> bool:
    return parts[0] == "DTP" and _element(parts, 1) in qualifiers


def _element(parts: Sequence[str], number: int) -> str:
    return parts[number] if number < len(parts) else ""


def _money(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None

"""NCCI procedure-to-procedure pairs with 97012: read from the file that CMS publishes, or shipped.

Column 1 is paid, column 2 is denied. Indicator 1: a modifier passes the pair when the services were
separate. 0: none does. 9: the pair is no longer one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Literal

from controller.errors import RulesInvalid
from records.checked_data import csv_faults, read_kept_text
from records.claim.code_sets import TRACTION

Indicator = Literal[0, 1, 9]
_CODE = re.compile(r"[0-9A-Z]\d{3}[0-9A-Z]")
_NO_DATE = frozenset({"", "*"})
_INDICATORS: dict[str, Indicator] = {"0": 0, "1": 1, "9": 9}
SHIPPED_FROM, SHIPPED_TO, SHIPPED_SEEN = date(2024, 4, 1), date(2024, 9, 30), date(2024, 7, 1)
SHIPPED_SOURCE = "CMS practitioner PTP file of 2024-07-01, rows of 97012"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A row. ``effective`` is None where the source does not state it; it is never invented."""

    column_1: str
    column_2: str
    effective: date | None
    deletion: date | None
    indicator: Indicator

    def active_on(self, day: date) -> bool:
        """Returns True from the effective date until the day before the deletion took effect."""
        started = self.effective is None or self.effective <= day
        return started and (self.deletion is None or day <= self.deletion) and self.indicator != 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTable:
    """Pairs of 97012 by partner. ``of_the_user``: a whole file of CMS that somebody loaded."""

    by_partner: dict[str, tuple[Pair, ...]]
    valid_from: date
    valid_to: date
    source: str
    of_the_user: bool
    seen_on: date

    def covers(self, day: date) -> bool:
        """Returns True when the file covers that day."""
        return self.valid_from <= day <= self.valid_to

    def find(self, partner: str, day: date) -> Pair | None:
        """Returns the pair of 97012 with a code that is active on a day."""
        found = self.by_partner.get(partner, ())
        return next((pair for pair in found if pair.active_on(day)), None)

    def doubt(self, day: date) -> str:
        """Returns what a finding must add when the file does not cover the day; else ""."""
        if self.covers(day):
            return ""
        missing = "" if self.of_the_user else "; not checked: no NCCI file of the quarter is loaded"
        return f"pair known from {self.seen_on}, check the quarter's file{missing}"


def shipped_pairs() -> PairTable:
    """Returns the example rows that come with the program: seen active on 2024-07-01."""
    text = (resources.files("records.claim.rules") / "tables" / "ptp_2024-07-01.csv").read_text(
        "utf-8"
    )
    return _table(
        parse_pairs(text, "ptp_2024-07-01.csv"),
        (SHIPPED_FROM, SHIPPED_TO),
        SHIPPED_SOURCE,
        of_the_user=False,
        seen_on=SHIPPED_SEEN,
    )


def read_pairs(path: Path, valid_from: date, valid_to: date, source: str) -> PairTable:
    """Returns a file of CMS as text; raises RulesInvalid naming file, row and reason."""
    pairs = parse_pairs(read_kept_text(path, "NCCI file", RulesInvalid), path.name)
    return _table(pairs, (valid_from, valid_to), source, of_the_user=True, seen_on=valid_from)


def parse_pairs(text: str, name: str) -> Iterator[Pair]:
    """Returns the pairs with 97012, from tab- or comma-separated text; others are skipped.

    Columns: code, code, (a mark for "before 1996",) effective, deletion, indicator. Lines above the
    first pair are the head. Dates are 20240701 or 2024-07-01; "*" means none.
    """
    begun = False
    for number, row in enumerate(_rows(text, name), start=1):
        cells = [cell.strip() for cell in row]
        is_pair = len(cells) >= 2 and all(_CODE.fullmatch(cell) for cell in cells[:2])
        if not is_pair:
            if begun and any(cells):
                raise RulesInvalid(
                    f"NCCI file {name}: row {number} does not begin with two codes; correct it"
                )
            continue
        begun = True
        if TRACTION in cells[:2]:
            yield _pair(cells, f"NCCI file {name}: row {number}")
    if not begun:
        raise RulesInvalid(
            f"NCCI file {name}: holds no pair of codes; give the text form of the CMS file "
            "(tab-separated), not the spreadsheet"
        )


def _rows(text: str, name: str) -> Iterator[list[str]]:
    delimiter = "\t" if "\t" in text else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    with csv_faults(reader, f"NCCI file {name}", RulesInvalid):
        yield from reader


def _pair(cells: Sequence[str], where: str) -> Pair:
    rest = cells[2:]
    if len(rest) >= 4 and rest[0] in _NO_DATE:
        rest = rest[1:]  # the mark for "in existence before 1996"
    if len(rest) < 3 or rest[2] not in _INDICATORS:
        raise RulesInvalid(
            f"{where}: needs effective date, deletion date and indicator 0, 1 or 9 after the "
            "two codes; correct it"
        )
    return Pair(
        column_1=cells[0],
        column_2=cells[1],
        effective=_day(rest[0], where),
        deletion=_day(rest[1], where),
        indicator=_INDICATORS[rest[2]],
    )


def _day(text: str, where: str) -> date | None:
    if text in _NO_DATE:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RulesInvalid(f"{where}: {text!r} is not a date such as 20240701") from error


def _table(
    pairs: Iterator[Pair],
    window: tuple[date, date],
    source: str,
    *,
    of_the_user: bool,
    seen_on: date,
) -> PairTable:
    by_partner: dict[str, tuple[Pair, ...]] = {}
    for pair in pairs:
        partner = pair.column_2 if pair.column_1 == TRACTION else pair.column_1
        by_partner[partner] = (*by_partner.get(partner, ()), pair)
    return PairTable(
        by_partner=by_partner,
        valid_from=window[0],
        valid_to=window[1],
        source=source,
        of_the_user=of_the_user,
        seen_on=seen_on,
    )

"""The tables that rules read: shipped examples with their sources, and the user's dated files.

``DIR/tables.toml`` names the user's files; shipped ones are used for the rest, and the report says
what could not be checked.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from controller.errors import RulesInvalid
from records.checked_data import CheckedData, checked, parse_toml, read_kept_text
from records.claim.rules.code_list import CodeList
from records.claim.rules.pairs import PairTable, read_pairs, shipped_pairs
from records.claim.rules.rule_data import Strength
from records.store.record_folder import RecordFolder

if TYPE_CHECKING:
    from records.claim.fees import FeeTable


class Dated(CheckedData):
    """Something that is valid from one day to another, both included."""

    valid_from: date
    valid_to: date
    source: Annotated[str, Field(min_length=1)]
    strength: Strength = "own"

    def valid_on(self, day: date) -> bool:
        """Returns whether the row is valid on this day of service."""
        return self.valid_from <= day <= self.valid_to


class Threshold(Dated):
    """Therapy amount of a year above which KX (or a notice) is needed, US dollars."""

    amount: Annotated[Decimal, Field(gt=0)]


class DailyLimit(Dated):
    """Medically unlikely edit: units of 97012 a day."""

    units: Annotated[int, Field(ge=1)]


class PracticeExpense(Dated):
    """Practice expense values of therapy codes: which one is reduced when several are billed."""

    values: dict[str, Annotated[Decimal, Field(ge=0)]]


class _PairFile(Dated):
    file: str


class _FeeFile(CheckedData):
    file: str


class _ShippedTables(CheckedData):
    threshold: tuple[Threshold, ...]
    daily_limit: tuple[DailyLimit, ...]
    practice_expense: tuple[PracticeExpense, ...]


class _UserTables(CheckedData):
    pairs: _PairFile | None = None
    fees: _FeeFile | None = None
    threshold: tuple[Threshold, ...] = ()
    daily_limit: tuple[DailyLimit, ...] = ()
    practice_expense: tuple[PracticeExpense, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderData:
    """Reference data that does not cover the day; ``of`` is the day that it covers."""

    what: str
    of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubTables:
    """Everything dated that rules look up. Earlier entries win."""

    pairs: PairTable
    thresholds: tuple[Threshold, ...]
    daily_limits: tuple[DailyLimit, ...]
    practice_expenses: tuple[PracticeExpense, ...]
    fees: FeeTable | None = None
    code_list: CodeList | None = None

    def threshold(self, day: date) -> Threshold | None:
        """Returns the threshold of this day, or None when no row is valid."""
        return next((t for t in self.thresholds if t.valid_on(day)), None)

    def daily_limit(self, day: date) -> DailyLimit:
        """Returns the limit of the day, else the newest that is known."""
        return next((d for d in self.daily_limits if d.valid_on(day)), self.daily_limits[0])

    def practice_expense(self, day: date) -> PracticeExpense | None:
        """Returns the practice expense of this day, or None when no row is valid."""
        return next((p for p in self.practice_expenses if p.valid_on(day)), None)

    def with_code_list(self, code_list: CodeList) -> ScrubTables:
        """Returns the same tables and a list of diagnosis codes."""
        return replace(self, code_list=code_list)

    def older_data(self, day: date) -> tuple[OlderData, ...]:
        """Yields what does not cover a day but is used for it, each with its own date."""
        limit, codes = self.daily_limit(day), self.code_list
        known = (
            ("NCCI pairs", self.pairs.covers(day), self.pairs.seen_on),
            ("daily limit of 97012", limit.valid_on(day), limit.valid_to),
            (
                "diagnosis codes",
                codes is None or codes.valid_from <= day <= codes.valid_to,
                codes.valid_to if codes else day,
            ),
        )
        return tuple(OlderData(what=what, of=of) for what, covers, of in known if not covers)


@cache
def shipped_tables() -> ScrubTables:
    """Returns what comes with the program; raises RulesInvalid."""
    text = (resources.files("records.claim.rules") / "tables" / "shipped.toml").read_text("utf-8")
    where = "tables shipped.toml"
    data = checked(_ShippedTables, parse_toml(text, where, RulesInvalid), where, RulesInvalid)
    return ScrubTables(
        pairs=shipped_pairs(),
        thresholds=data.threshold,
        daily_limits=data.daily_limit,
        practice_expenses=data.practice_expense,
    )


def load_tables(folder: RecordFolder) -> ScrubTables:
    """Returns the shipped tables, and the user's in front of them; raises RulesInvalid."""
    shipped = shipped_tables()
    path = folder.tables
    if not os.path.lexists(path):
        return shipped
    where = f"tables {path.name}"
    text = read_kept_text(path, "tables", RulesInvalid)
    own = checked(_UserTables, parse_toml(text, where, RulesInvalid), where, RulesInvalid)
    return replace(
        shipped,
        pairs=_user_pairs(own.pairs, folder) or shipped.pairs,
        thresholds=(*own.threshold, *shipped.thresholds),
        daily_limits=(*own.daily_limit, *shipped.daily_limits),
        practice_expenses=(*own.practice_expense, *shipped.practice_expenses),
        fees=_user_fees(own.fees, folder),
    )


def _user_fees(given: _FeeFile | None, folder: RecordFolder) -> FeeTable | None:
    if given is None:
        return None
    from records.claim.fees import parse_fees

    path = folder.file_called(given.file)
    return parse_fees(read_kept_text(path, "fee table", RulesInvalid), path.name)


def _user_pairs(given: _PairFile | None, folder: RecordFolder) -> PairTable | None:
    if given is None:
        return None
    return read_pairs(
        folder.file_called(given.file), given.valid_from, given.valid_to, given.source
    )

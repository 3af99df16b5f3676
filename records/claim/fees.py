"""Fee tables of the user: relative values, geographic indices, conversion factor, dates."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from controller.errors import RulesInvalid
from records.checked_data import CheckedData, checked, csv_faults, parse_toml, read_text

ONE = Decimal(1)


def _blank_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Value = Annotated[Decimal, Field(ge=0, le=100_000)]
OptionalValue = Annotated[Value | None, BeforeValidator(_blank_is_absent)]
Index = Annotated[Decimal, BeforeValidator(lambda v: ONE if v == "" else v), Field(gt=0, le=10)]


class FeeRow(CheckedData):
    """A code in a place and a span of time. Either relative values or an agreed ``amount``."""

    code: Annotated[str, Field(min_length=1, max_length=10)]
    valid_from: date
    valid_to: date
    source: Annotated[str, Field(min_length=1)]
    locality: str = "national"
    work: OptionalValue = None
    pe: OptionalValue = None
    mp: OptionalValue = None
    conversion_factor: OptionalValue = None
    gpci_work: Index = ONE
    gpci_pe: Index = ONE
    gpci_mp: Index = ONE
    amount: OptionalValue = None
    """US dollars that a payer agreed to, when there are no relative values."""

    @model_validator(mode="after")
    def _can_be_priced(self) -> FeeRow:
        values = (self.work, self.pe, self.mp, self.conversion_factor)
        if self.amount is None and None in values:
            raise ValueError("needs work, pe, mp and conversion_factor, or an amount")
        if self.amount is not None and any(value is not None for value in values):
            raise ValueError("has an amount and relative values; give one of them")
        return self

    def valid_on(self, day: date) -> bool:
        """Returns whether the table is valid on this day of service."""
        return self.valid_from <= day <= self.valid_to


class FeeTable(CheckedData):
    """Rows of one file, in its order."""

    name: str
    rows: Annotated[tuple[FeeRow, ...], Field(min_length=1)]

    def find(self, code: str, day: date) -> FeeRow | None:
        """Returns the first row of a code that is valid on a day."""
        return next((row for row in self.rows if row.code == code and row.valid_on(day)), None)


def read_fees(path: Path) -> FeeTable:
    """Returns a fee table in TOML or CSV; raises RulesInvalid naming file, key and next step.

    In TOML, keys above the ``[[rows]]`` apply to every row; in CSV each row has all of them.
    """
    return parse_fees(read_text(path, "fee table", RulesInvalid), path.name)


def _rows_of_csv(text: str, where: str) -> list[Any]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    with csv_faults(reader, where, RulesInvalid):
        return list(reader)


def parse_fees(text: str, name: str) -> FeeTable:
    """Returns a fee table's text; the ending of ``name`` tells its format. Raises RulesInvalid."""
    where = f"fee table {name}"
    suffix = Path(name).suffix.lower()
    if suffix == ".csv":
        rows: list[Any] = _rows_of_csv(text, where)
    elif suffix == ".toml":
        common = parse_toml(text, where, RulesInvalid)
        own = common.pop("rows", [])
        if not isinstance(own, list):
            raise RulesInvalid(f"{where}: rows is {own!r}, no list; begin each row with [[rows]]")
        rows = [{**common, **row} if isinstance(row, dict) else row for row in own]
    else:
        raise RulesInvalid(f"{where}: its ending {suffix!r} is not .csv or .toml; rename it")
    if any(isinstance(row, dict) and None in row for row in rows):
        raise RulesInvalid(f"{where}: a row has more cells than the head; correct it")
    return checked(FeeTable, {"name": name, "rows": rows}, where, RulesInvalid)

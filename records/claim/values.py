"""Values of a claim context as in files: blank means absent, all characters are visible."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from controller.words import fault_of


def _blank_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _absent_is_blank(value: Any) -> Any:
    return "" if value is None else value


def _can_be_read(text: str) -> str:
    """Refuse hidden characters, since a claim goes to other systems and onto paper."""
    if fault := fault_of(text):
        raise ValueError(fault)
    return text


Blank = BeforeValidator(_blank_is_absent)
Visible = AfterValidator(_can_be_read)
TEXT_LIMIT = 300
"""Most characters of a text of a claim."""
Text = Annotated[str, BeforeValidator(_absent_is_blank), Field(max_length=TEXT_LIMIT), Visible]
OptionalText = Annotated[Annotated[str, Field(max_length=TEXT_LIMIT), Visible] | None, Blank]
OptionalDate = Annotated[date | None, Blank]
OptionalBool = Annotated[bool | None, Blank]
Count = Annotated[Annotated[int, Field(ge=0, le=1_000_000)] | None, Blank]
Money = Annotated[Annotated[Decimal, Field(ge=0, le=10_000_000, decimal_places=2)] | None, Blank]
Difference = Annotated[Decimal, Field(ge=-10_000_000, le=10_000_000, decimal_places=2)]
"""Money in either direction."""
Seconds = Annotated[Annotated[Decimal, Field(ge=-1_000_000, le=1_000_000)] | None, Blank]
StateCode = Annotated[Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")] | None, Blank]
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100


def _fixed_offset(moment: datetime) -> datetime:
    """Returns the same moment with its offset instead of a named zone, for exact comparison."""
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"its year is not between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()), fold=0)


Time = Annotated[Annotated[AwareDatetime, AfterValidator(_fixed_offset)] | None, Blank]
"""A moment, always with its offset from UTC: two of them compare as moments."""

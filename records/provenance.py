"""Sourced: a value that says where it came from. An open one has no value and is never filled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

OPEN_TEXT = "to be completed by the clinician"


class Origin(Enum):
    """Who a value comes from. There is no "default": nothing is assumed."""

    DEVICE = "device"
    PRESCRIPTION = "prescription"
    CLINICIAN = "clinician"
    IMPORTED = "imported"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRange:
    """First and last record (event or sample number) that a value was taken from."""

    records: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced(Generic[T]):
    """``unit`` is UCUM; ``digest`` is the session's seal or the order's SHA-256 (hex)."""

    name: str
    label: str
    value: T | None
    origin: Origin
    unit: str = ""
    journal_range: JournalRange | None = None
    digest: str = ""
    attested_by: str = ""
    method: str = ""

    @property
    def is_open(self) -> bool:
        """True when somebody still has to say it."""
        return self.value is None

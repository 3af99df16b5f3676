"""Sourced: a value with its source. An open one has no value and is never filled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

OPEN_TEXT = "to be completed by the clinician"
ORDERED = "order"
"""Source and document of the order's values."""
NOT_ASSESSED_TEXT = "not assessed"
NOT_RECORDED_TEXT = "not recorded by the device"
SHEET = "downtime sheet"
ON_PAPER = f"{SHEET}, {NOT_RECORDED_TEXT}"
"""Document and source of a downtime sheet's values."""


class Origin(Enum):
    """The origin of a value. There is no "default": nothing is assumed."""

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
    """``unit`` is UCUM; ``digest`` is the session's seal or a document's SHA-256 (hex).

    ``source`` says how a person's entry was made (order, typed, confirmed), ``attested_by`` and
    ``attested_utc_ms`` who made it and when; for the order's values, who filed it. ``document``
    names where the entry is (order, draft, note version 1), and ``digest`` is that document's; a
    draft has none. ``not_assessed`` is a person's statement that there is nothing to say; such a
    field still has no value.
    """

    name: str
    label: str
    value: T | None
    origin: Origin
    unit: str = ""
    journal_range: JournalRange | None = None
    digest: str = ""
    attested_by: str = ""
    method: str = ""
    source: str = ""
    attested_utc_ms: int | None = None
    not_assessed: bool = False
    document: str = ""

    @property
    def is_open(self) -> bool:
        """Returns True when there is no value, whether or not somebody stated that."""
        return self.value is None

    @property
    def needs_a_word(self) -> bool:
        """Returns True without any entry: neither a value nor "not assessed"."""
        return self.value is None and not self.not_assessed

    @property
    def where_from(self) -> str:
        """Returns the value's source in words."""
        if self.source == ORDERED:
            return f"order, filed by {self.attested_by}" if self.attested_by else ORDERED
        if self.origin is Origin.PRESCRIPTION:
            return "ordered"
        if self.attested_by:
            return f"{self.source} by {self.attested_by}, {self.document}"
        if self.source:
            return self.source
        if self.journal_range is None:
            return "nobody yet" if self.is_open else self.origin.value
        span = self.journal_range
        return f"{self.origin.value}, {span.records}s {span.first}-{span.last}"

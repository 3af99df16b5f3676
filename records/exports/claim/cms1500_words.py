"""A box of the CMS-1500, and the form of names, addresses and days in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from records.claim.context import Address, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """``number`` as the form prints it ("24F.1": box 24F of the first line)."""

    number: str
    label: str
    value: str


def box(number: str, label: str, value: str | None) -> Box:
    """Returns a box; an empty one is not printed."""
    return Box(number=number, label=label, value=value or "")


def name_words(party: Party) -> str:
    """Returns family name, given name, middle name."""
    return ", ".join(
        part for part in (party.last_name, party.first_name, party.middle_name) if part
    )


def address_words(address: Address | None) -> str:
    """Returns street and town in one line; "" without an address."""
    if address is None:
        return ""
    town = f"{address.city} {address.state or ''} {address.zip or ''}".strip()
    return ", ".join(part for part in (address.line_1, address.line_2, town) if part)


def day_words(value: date | None) -> str:
    """Returns MM DD CCYY; "" without a day."""
    return value.strftime("%m %d %Y") if value else ""

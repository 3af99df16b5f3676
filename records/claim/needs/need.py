"""A need that a claim leaves open: its name, and what it is about.

The name is a key of the claim context where one exists, else words: a fifth modifier has no key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from records.claim.context import Address, ClaimContext, Party

About = Literal[
    "patient", "billing", "rendering", "place", "charge", "form", "other_payer", "insurance_type"
]
"""The rule that reports it (predicates/claim.py, predicates/other_payer.py)."""
MEMBER_ID = "member_id of the insured"
_ADDRESS = ("line_1", "city", "state", "zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that is missing, or has no room."""

    about: About
    name: str


Needs: TypeAlias = Iterator[Need]


def has_a_payer(context: ClaimContext) -> bool:
    """Returns False for a self-paying patient: there is nobody to send a claim to."""
    return context.payer.kind != "self_pay"


def is_open(value: object) -> bool:
    """Returns whether it has no value."""
    return value is None or value in ("", ())


def keys(about: About, place: str, holder: object, *names: str) -> Needs:
    """Yields the open ones of an object's attributes; ``place`` is put before their names."""
    for name in names:
        if is_open(getattr(holder, name)):
            yield Need(about=about, name=f"{place}.{name}" if place else name)


def party(about: About, name: str, party: Party | None, *names: str) -> Needs:
    """Yields a party with a last name and these keys; as a whole where nobody is named."""
    if party is None:
        yield Need(about=about, name=name)
    else:
        yield from keys(about, name, party, "last_name", *names)


def address(about: About, name: str, address: Address | None) -> Needs:
    """Yields a whole address."""
    place = f"{name}.address"
    if address is None:
        yield Need(about=about, name=place)
    else:
        yield from keys(about, place, address, *_ADDRESS)

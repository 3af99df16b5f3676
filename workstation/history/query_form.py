"""Reads what a person types to find treatments into a query; reports wrong entries in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from controller.words import NAME_CHARACTERS, fault_of
from records.keeping.search import SessionQuery
from records.standing.kinds import UnitRecord

MOST_TYPED: Final = 200
"""Longer than any useful reference, outcome or text."""
FIELDS: Final = ("patient", "from", "to", "outcome", "words", "table")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuery:
    """The query, and what is wrong with each field, by its name; empty where nothing is."""

    query: SessionQuery = field(default_factory=SessionQuery)
    faults: Mapping[str, str] = field(default_factory=dict)


def read_query(typed: Mapping[str, str], tables: Sequence[UnitRecord]) -> ReadQuery:
    """Returns the query of the fields; a table is queried by its id and its name."""
    faults = {name: fault for name in FIELDS if (fault := _fault(name, typed.get(name, "")))}
    first, last = (_day(typed.get(name, ""), name, faults) for name in ("from", "to"))
    if first and last and first > last:
        faults["to"] = f"to={last} is before from={first}; exchange them"
    wanted = typed.get("table", "")
    known = [table for table in tables if table.name == wanted]
    if wanted and not known and "table" not in faults:
        faults["table"] = f"table={wanted} is not on file; choose one of the list"
    if faults:
        return ReadQuery(faults=faults)
    return ReadQuery(
        query=SessionQuery(
            patient=typed.get("patient", ""),
            first_day=first,
            last_day=last,
            outcome=typed.get("outcome", ""),
            words=tuple(typed.get("words", "").split()),
            tables=frozenset(name for one in known for name in (one.name, one.unit_id) if name),
        )
    )


def _fault(name: str, text: str) -> str:
    fault = fault_of(text, NAME_CHARACTERS if name == "patient" else MOST_TYPED)
    return f"{name} {fault}" if fault else ""


def _day(text: str, name: str, faults: dict[str, str]) -> date | None:
    if not text or name in faults:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults[name] = f"{name}={text} is not a day; write it as 2026-01-31"
        return None

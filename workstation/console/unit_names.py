"""What the clinic calls the unit of a session: a record knows its id, people know its table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from records.standing.kinds import UnitRecord

SHOWN_DIGITS: Final = 4
"""Of an id that no table has: enough to see that two rows are of two units."""


def called_by_clinic(unit_id: str, tables: Iterable[UnitRecord], uri: str = "") -> str:
    """The table that is this unit; that of the session's address where its table names no unit.

    ``uri`` is "" where it is not known. A unit that no table is at present is told by its id.
    """
    known = [*tables]
    by_id = [each.name for each in known if each.unit_id == unit_id]
    by_address = [each.name for each in known if not each.unit_id and uri == each.address]
    return next(iter(by_id + by_address), f"unit {unit_id[:SHOWN_DIGITS]}…")

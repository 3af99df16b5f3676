"""The clinic's name of the unit of a session: a record has its id, people know its table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from records.standing.kinds import UnitRecord

SHOWN_DIGITS: Final = 4
"""Of an id without a table: enough to see that two rows belong to two units."""


def called_by_clinic(unit_id: str, tables: Iterable[UnitRecord], uri: str = "") -> str:
    """Returns the table of this unit; else the table at the session's address that names no unit.

    ``uri`` is "" where it is not known. A unit without a table at present is named by its id.
    """
    known = [*tables]
    by_id = [each.name for each in known if each.unit_id == unit_id]
    by_address = [each.name for each in known if not each.unit_id and uri == each.address]
    return next(iter(by_id + by_address), f"unit {unit_id[:SHOWN_DIGITS]}…")

"""A list of ICD-10-CM codes that needs nothing and holds on every day."""

from __future__ import annotations

from tests.unit.records.claim.rules.builders import SmallCodeList


class AnyDay(SmallCodeList):
    """The small list, valid whenever the session was."""

    valid_from, valid_to = SmallCodeList.valid_from.replace(year=2000), SmallCodeList.valid_to

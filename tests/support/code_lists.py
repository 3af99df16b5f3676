"""A list of ICD-10-CM codes that needs no file and is valid on every day."""

from __future__ import annotations

from tests.unit.records.claim.rules.builders import SmallCodeList


class AnyDay(SmallCodeList):
    """The small list, valid on the day of any session."""

    valid_from, valid_to = SmallCodeList.valid_from.replace(year=2000), SmallCodeList.valid_to

"""Case: one rule, what makes it speak, and what nearly does."""

from __future__ import annotations

from typing import NamedTuple

from tests.unit.records.claim.rules.builders import Visit


class Case(NamedTuple):
    """``silent`` is the same visit as ``speaks`` with the one fact set right."""

    rule_id: str
    speaks: Visit
    silent: Visit

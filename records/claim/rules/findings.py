"""What a rule says: the finding with its evidence, its source and the date of that source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from typing import Any, Literal

from records.provenance import Sourced

Severity = Literal["error", "warn", "info"]
SEVERITIES: tuple[Severity, ...] = ("info", "warn", "error")
Evidence = tuple[Sourced[Any], ...]


def lower_of(first: Severity, second: Severity) -> Severity:
    """The milder of two severities."""
    return min(first, second, key=SEVERITIES.index)


@dataclass(frozen=True, slots=True)
class Found:
    """What a predicate found: where, the words that its message needs, and why it thinks so.

    ``severity`` replaces the rule's where the case is another one (the rule's data must allow it);
    ``at_most`` keeps it from being higher (a table that does not cover the day proves less).
    """

    field: str
    evidence: Evidence = ()
    words: Mapping[str, object] = default(default_factory=dict)
    severity: Severity | None = None
    at_most: Severity = "error"
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFinding:
    """One sentence about a claim. ``source_date``: the source's own date, else when it was read."""

    rule_id: str
    severity: Severity
    field: str
    message: str
    source: str
    source_date: date
    strength: str
    from_mission: bool
    evidence: Evidence = ()

"""A rule's result for a claim: held, failed with its evidence, not applicable or not judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from typing import Any, Literal, TypeAlias

from records.provenance import Sourced

Outcome = Literal["held", "failed", "not_applicable", "not_judged"]
OUTCOMES: tuple[Outcome, ...] = ("held", "failed", "not_applicable", "not_judged")
Severity = Literal["error", "warn", "info"]
SEVERITIES: tuple[Severity, ...] = ("info", "warn", "error")
Evidence = tuple[Sourced[Any], ...]


def lower_of(first: Severity, second: Severity) -> Severity:
    """Returns the milder of two severities."""
    return min(first, second, key=SEVERITIES.index)


def worst_of(severities: Iterable[Severity]) -> Severity | None:
    """Returns the worst of some severities; None when there is none."""
    return max(severities, key=SEVERITIES.index, default=None)


@dataclass(frozen=True, slots=True)
class Found:
    """What a predicate found: where, the parameters of its message, and the evidence.

    ``severity`` replaces the rule's in a special case (the rule's data must allow it); ``at_most``
    limits it (a table that does not cover the day proves less). ``absent`` says that the fault is
    the absence of ``field``: a payer may declare it unneeded.
    """

    field: str
    evidence: Evidence = ()
    words: Mapping[str, object] = default(default_factory=dict)
    severity: Severity | None = None
    at_most: Severity = "error"
    remark: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The rule requires nothing of this claim, or of this line of it."""

    why: str


@dataclass(frozen=True, slots=True)
class NotJudged:
    """The rule applies, but ``missing`` is not known: a key of the claim or of the note.

    ``why`` follows it in the report. Severities as in ``Found``.
    """

    missing: str
    why: str = ""
    severity: Severity | None = None
    at_most: Severity = "error"

    @property
    def text(self) -> str:
        """Returns what is missing, in words."""
        return f"{self.missing} is missing" + (f": {self.why}" if self.why else "")


Told: TypeAlias = Found | NotApplicable | NotJudged
"""What a predicate yields; one that yields nothing has found that the rule holds."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """The outcome of one rule. ``why``: why it does not apply, or what is missing to judge it.

    ``missing`` are the fields without which it is not judged. ``severity`` is the worst of what was
    found or could not be judged, else the rule's own. A rule that found something milder than what
    it could not judge is not judged; its findings remain.
    """

    rule_id: str
    outcome: Outcome
    severity: Severity
    findings: tuple[RuleFinding, ...] = ()
    why: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Returns True when the claim cannot be ready: an error, or one that was not judged."""
        return self.outcome in ("failed", "not_judged") and self.severity == "error"

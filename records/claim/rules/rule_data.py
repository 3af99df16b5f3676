"""Rule: one entry of the catalogue as data; messages and severities change without code."""

# No string annotations: pydantic would compile each of them when the program is loaded.
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from controller.errors import RulesInvalid
from records.checked_data import CheckedData, checked, parse_toml
from records.claim.rules.findings import Severity

Strength = Literal["A", "B", "C", "log", "own"]
"""A: a CMS file or manual. B: a Medicare contractor or the payer itself. C: trade page.
log: arithmetic on the device's record. own: general knowledge without a source at hand."""

OWN_ERRORS = frozenset(
    {"T-005", "T-019", "T-086", "T-090", "T-091", "T-092", "T-093", "T-096", "N-10", "N-11"}
)
"""Plain consistency checks: the only rules without a source that may be errors."""
THEMES = (
    "code",
    "time",
    "modifiers",
    "pairs",
    "same_day",
    "diagnosis",
    "plan",
    "claim",
    "other_payer",
    "identity",
    "note",
)


class Rule(CheckedData):
    """``when`` names the predicate; ``also`` lists severities that some of its cases have."""

    id: Annotated[str, Field(pattern=r"^[TN]-\d{2,3}$|^X-[a-z0-9_-]+$")]
    severity: Severity
    also: tuple[Severity, ...] = ()
    when: str
    message: str
    source: str
    source_date: date
    strength: Strength
    mission: bool = False
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _own_knowledge_is_no_error(self) -> Self:
        worst = "error" in (self.severity, *self.also)
        if self.strength == "own" and worst and self.id not in OWN_ERRORS:
            raise ValueError(f"rule {self.id} has no source: it may warn, not refuse")
        return self

    def applies_on(self, day: date) -> bool:
        """Returns True within the rule's dates, both included."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class RuleSet(CheckedData):
    """The rules of one file or of all; ``version`` is the date of the catalogue."""

    version: date
    rule: tuple[Rule, ...]


@cache
def shipped_rules() -> RuleSet:
    """Returns the catalogue that comes with the program; raises RulesInvalid."""
    sets = [theme_rules(theme) for theme in THEMES]
    rules = tuple(sorted((rule for each in sets for rule in each.rule), key=_order))
    return RuleSet(version=max(each.version for each in sets), rule=rules)


def theme_rules(theme: str) -> RuleSet:
    """Returns the rules of one of ``THEMES``, in the order of its file; raises RulesInvalid."""
    name = f"{theme}.toml"
    text = (resources.files("records.claim.rules") / "base" / name).read_text(encoding="utf-8")
    where = f"rules {name}"
    return checked(RuleSet, parse_toml(text, where, RulesInvalid), where, RulesInvalid)


def _order(rule: Rule) -> tuple[bool, str]:
    return rule.id.startswith("N"), rule.id

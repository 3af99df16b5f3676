"""Writes docs/reference/rules.md from the rules' data: ``python tools/rules_page.py``.

A test compares the page with what this makes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from records.claim.rules.payer_profile import shipped_profiles  # noqa: E402 - found by the line above
from records.claim.rules.rule_data import THEMES, Rule, RuleSet, shipped_rules, theme_rules  # noqa: E402
from tools.outcome_table import outcome_lines  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "rules.md"
TITLES = {
    "code": "Code and units",
    "time": "Minutes and times",
    "modifiers": "Modifiers",
    "pairs": "Pairs with 97012",
    "same_day": "Other codes and places of the day",
    "diagnosis": "Diagnoses",
    "plan": "Plan, visits, authorization, own cost",
    "claim": "Fields without which no claim exists",
    "other_payer": "A second payer",
    "identity": "One patient, one provider, one time",
    "note": "Note and device record",
}
HEAD = """\
# Rules of the scrubber

Made by `tools/rules_page.py` from the data in `records/claim/rules/base/` ({count} rules, catalogue
of {version}). This is an engineering reference, not coding or legal advice. Words in braces are
replaced by values of the claim.

[How each rule can end](#how-each-rule-can-end) follows after the rules. Severity: **error** = the
claim would be rejected or false; such a rule also holds the claim back if it cannot be judged;
**warn** = likely denial or audit risk; **info** = advice. A second severity applies to some cases
of the rule. Strength of the source: A = CMS file or manual, B = Medicare contractor or payer,
C = trade page, log = arithmetic on the device's record, own = general knowledge. A rule of strength
own is at most a warning, except {own}, which
compare the claim with itself, its note and its log. M = required by the
[trade guide](mission-coverage.md).
"""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines(shipped_rules())) + "\n"


def _lines(rules: RuleSet) -> Iterator[str]:
    own = ", ".join(r.id for r in rules.rule if r.strength == "own" and r.severity == "error")
    yield HEAD.format(count=len(rules.rule), version=rules.version, own=own)
    for theme in THEMES:
        yield f"## {TITLES[theme]}"
        yield ""
        yield "| rule | severity | M | message | source | date | strength |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        yield from (_row(rule) for rule in theme_rules(theme).rule)
        yield ""
    yield from outcome_lines()
    yield ""
    yield "## Payer profiles"
    yield ""
    yield "| profile | title | date | 97012 covered | source | caveats |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, profile in shipped_profiles().items():
        cells = (
            f"`{name}`",
            profile.title,
            str(profile.valid_from),
            profile.covers_97012,
            profile.source,
            " ".join(profile.caveats),
        )
        yield _joined(cells)


def _row(rule: Rule) -> str:
    severity = ", ".join((rule.severity, *rule.also))
    mission = "M" if rule.mission else ""
    cells = (
        rule.id,
        severity,
        mission,
        rule.message,
        rule.source,
        str(rule.source_date),
        rule.strength,
    )
    return _joined(cells)


def _joined(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"written to {PAGE.relative_to(ROOT)}")

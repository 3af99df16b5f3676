"""The part of docs/reference/rules.md that says when each rule ends in which way.

Its cells are what the rules say on the visits of their tests, so that the page and the tests agree.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.rule_visits import beyond_the_command
from tests.unit.records.claim.rules.cases import CASES
from tests.unit.records.claim.rules.outcomes import OUTCOMES, OneOutcome

HEAD = """\
## How each rule can end

Each rule ends in one of four ways: it is **held**, it has **failed**, it is **not applicable** (the
cell gives the reason, as in the report) or it is **not judged** (the cell says what is missing). A
cell that begins with "never" says why the rule cannot end in this way. "Python" marks outcomes that
only a Python caller of `scrub` can cause: the commands always have a session and its note, verify
the chain, have the list of codes and try the exports. Every other cell has a test through the code
that the commands use
(`tests/unit/records/claim/rules/test_outcomes_by_command.py`): {tested} outcomes of {rules} rules.

A rule that finds something milder than what it cannot judge is not judged; the finding is kept.
READY requires that no rule of severity error failed or was not judged.

| rule | held | failed | not applicable | not judged | finds something only with |
| --- | --- | --- | --- | --- | --- |"""
NEEDED = {
    "T-001": "a downtime sheet, or a caller from Python: each session names its device",
    "T-008": "a profile with `needs_fda_clearance`; none is shipped",
    "T-027": "a loaded NCCI file with such a row; the shipped rows contain none except T-074's",
    "T-058": "a profile with `covered_dx` or `excluded_regions` (cigna_ash); an order has no "
    "thoracic region, so that such traction comes from another program's record",
    "T-065": "a profile with `max_visits`; none is shipped",
    "T-070": "a fee table",
    "T-071": "a profile of the kind medicare_advantage; one is shipped",
    "T-093": "a second session of the patient on the day",
    "N-01": "a record of another program: each order has a region, and so a device",
    "N-02": "a record of another program: each order has a hold force",
    "N-10": "a record of another program: signing before the end is refused",
}
"""The needs of a rule besides a claim; the others work with claim and note only."""


def outcome_lines() -> Iterator[str]:
    """The section, line by line."""
    rows = [_row(rule_id) for rule_id in sorted(OUTCOMES, key=lambda i: (i[0] == "N", i))]
    yield HEAD.format(tested=len(list(_by_command())), rules=len(OUTCOMES))
    yield from rows


def _by_command() -> Iterator[str]:
    for case in CASES:
        if not beyond_the_command(case.speaks) or case.rule_id in ("T-086", "T-093", "N-11"):
            yield case.rule_id
    for rule_id, outcomes in OUTCOMES.items():
        for made in outcomes:
            if not isinstance(made, str) and not beyond_the_command(made):
                yield rule_id


def _row(rule_id: str) -> str:
    held, not_applicable, not_judged = OUTCOMES[rule_id]
    cells = (
        rule_id,
        "yes" if not isinstance(held, str) else f"never: {held}",
        _failed(rule_id),
        _why(rule_id, not_applicable),
        _why(rule_id, not_judged),
        NEEDED.get(rule_id, ""),
    )
    return f"| {' | '.join(cells)} |"


def _failed(rule_id: str) -> str:
    case = next(case for case in CASES if case.rule_id == rule_id)
    return "yes" + (" (Python)" if case.speaks.note is None else "")


def _why(rule_id: str, made: OneOutcome) -> str:
    if isinstance(made, str):
        return f"never: {made}"
    text = "; ".join(made.report().result(rule_id).why)
    return text + (" (Python)" if beyond_the_command(made) else "")

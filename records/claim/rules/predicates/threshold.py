"""The year's therapy amount and KX (T-036 to T-038).

The amount is the claim's, or the payer told a named person on which side of the threshold it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from records.claim.code_sets import DISCIPLINES, REVIEW_LINE
from records.claim.context import ServiceLine
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Evidence, Found, NotApplicable, NotJudged, Told
from records.claim.rules.predicates.gates import medicare, traction_billed
from records.claim.rules.predicates.modifiers import FIELD, certainty
from records.claim.rules.predicates.registry import predicate

AMOUNT = "therapy_ytd_allowed"
KX = "KX"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """The side of the threshold on which the year is: ``what`` says it, ``by`` is its source."""

    above: bool
    what: str
    by: str
    evidence: Evidence


def _standing(facts: Facts) -> _Standing | NotJudged:
    """Returns it by the amounts, else by what the payer told a named person."""
    if facts.context.therapy_ytd_allowed is not None:
        return _by_amount(facts)
    if facts.context.threshold_check is not None:
        return _by_payer(facts)
    why = "nor did anybody ask the payer (threshold_check)"
    return NotJudged(AMOUNT, why)


def _expected_of_day(facts: Facts) -> Decimal:
    """Returns the day's lines by the clinic's fee table; 0 without one."""
    if facts.tables.fees is None:
        return Decimal(0)
    from records.claim.estimate import expected_of_day

    return expected_of_day(facts.context, facts.tables.fees)


def _by_amount(facts: Facts) -> _Standing | NotJudged:
    before, threshold = facts.context.therapy_ytd_allowed, facts.tables.threshold(facts.day)
    assert before is not None
    if threshold is None:
        return NotJudged(f"therapy threshold of {facts.day.year}", "no table holds it")
    expected = _expected_of_day(facts)
    total = before + expected
    above = total > threshold.amount
    return _Standing(
        above=above,
        what=f"Allowed therapy amounts of the year ({_dollars(before)}) and this day "
        f"({_dollars(expected)}) come to {_dollars(total)}, {'' if above else 'not '}above "
        f"{_dollars(threshold.amount)}",
        by=threshold.source,
        evidence=(facts.claimed(AMOUNT, before),),
    )


def _by_payer(facts: Facts) -> _Standing | NotJudged:
    check = facts.context.threshold_check
    assert check is not None
    if check.checked_on.year != facts.day.year:
        why = f"the payer was asked on {check.checked_on}, of another year's amount"
        return NotJudged("threshold_check", why)
    said = (
        f"The payer told {check.by} on {check.checked_on} that the year's therapy amount is "
        f"{check.result} the threshold"
    )
    return _Standing(
        above=check.result == "above",
        what=said,
        by="the payer",
        evidence=(facts.claimed("threshold_check", said),),
    )


def _dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def of_another_amount(facts: Facts, line: ServiceLine) -> bool:
    """Returns True when a line's discipline has its own yearly amount: GO apart from GP and GN."""
    plan, own = facts.context.therapy_discipline, frozenset(line.modifiers) & DISCIPLINES
    return plan is not None and bool(own) and ("GO" in own) != (plan == "GO")


@predicate(medicare, traction_billed)
def above_the_threshold_without_kx(facts: Facts) -> Iterator[Told]:
    """T-036. Without a fee table the day itself counts as nothing: the finding is then certain."""
    lines = [line for line in facts.therapy_lines if KX not in line.modifiers]
    standing = _standing(facts) if lines else None
    if isinstance(standing, NotJudged):
        yield standing
    if not isinstance(standing, _Standing):
        return
    for line in lines:
        if of_another_amount(facts, line):
            why = f"line {line.cpt} is of a discipline with a yearly amount of its own"
            yield NotJudged(AMOUNT, why, at_most=certainty(line))
        elif standing.above:
            words = {"code": line.cpt, "what": standing.what, "source": standing.by}
            evidence = (facts.line_evidence(line), *standing.evidence)
            yield Found(FIELD, evidence, words, at_most=certainty(line))


@predicate(medicare, traction_billed)
def kx_below_the_threshold(facts: Facts) -> Iterator[Told]:
    """T-037. On any line of the claim."""
    lines = [line for line in facts.lines if KX in line.modifiers]
    if not lines:
        yield NotApplicable("no line carries KX")
        return
    standing = _standing(facts)
    if isinstance(standing, NotJudged):
        yield standing
    elif not standing.above:
        for line in lines:
            if not of_another_amount(facts, line):
                evidence = (facts.line_evidence(line), *standing.evidence)
                yield Found(FIELD, evidence, {"code": line.cpt, "what": standing.what})


@predicate(medicare, traction_billed)
def above_the_review_line(facts: Facts) -> Iterator[Told]:
    """T-038."""
    before = facts.context.therapy_ytd_allowed
    if before is None:
        yield NotJudged(AMOUNT)
        return
    total = before + _expected_of_day(facts)
    if total > REVIEW_LINE:
        yield Found(AMOUNT, (facts.claimed(AMOUNT, before),), {"total": _dollars(total)})

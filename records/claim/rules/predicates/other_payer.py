"""A second payer (T-097 to T-100): complete on the claim, Medicare second, sums that agree."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from records.claim.context import Adjudication, ClaimContext, ServiceLine
from records.claim.needs.of_form import names_about
from records.claim.needs.other_payer import MEDICARE, second_is_medicare
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Told
from records.claim.rules.predicates.gates import professional
from records.claim.rules.predicates.registry import predicate

ORDER = "other_insurance_first"
TYPE = "other_payer.insurance_type"
ANSWER = "other_payer.adjudication"
PAYERS_OF_TYPE = {
    "12": ("commercial",),
    "13": ("commercial",),
    "14": ("auto", "commercial"),
    "15": ("workers_comp",),
    "16": ("va", "commercial"),
    "41": ("workers_comp", "commercial"),
    "42": ("va",),
    "43": ("commercial",),
    "47": ("auto", "commercial"),
}
"""Kinds of payer that may pay before Medicare for a reason; a liability or a federal payer has no
kind of its own here.
"""
CAUSES_OF_TYPE = {"14": ("auto", "other"), "15": ("employment",), "47": ("auto", "other")}
"""Box 10 where the reason is an accident or the work."""


def with_a_second_payer(facts: Facts) -> NotApplicable | None:
    """Requires a second payer on the claim, or that another one pays first."""
    if facts.context.other_payer is None and not facts.context.other_insurance_first:
        return NotApplicable("the claim names no second payer")
    return None


def both_payers(facts: Facts) -> NotApplicable | None:
    """Requires a named second payer; T-097 reports a missing one."""
    if facts.context.other_payer is None:
        return NotApplicable("the claim names no second payer")
    return None


@predicate(professional, with_a_second_payer)
def other_payer_is_incomplete(facts: Facts) -> Iterator[Told]:
    """T-097. Its member, its place in the order, its answer where it was first."""
    names = names_about("other_payer", facts.needs)
    if names:
        evidence = tuple(facts.claimed(name, None) for name in names)
        yield Found("other_payer", evidence, {"missing": ", ".join(names)})


@predicate(professional, both_payers)
def medicare_second_has_no_type(facts: Facts) -> Iterator[Told]:
    """T-098. SBR05 is needed where Medicare pays second; paper has no place for it."""
    context = facts.context
    other = context.other_payer
    assert other is not None
    if context.form != "837P":
        yield NotApplicable("the paper form has no place for the reason")
    elif MEDICARE not in (context.payer.kind, other.kind) and other.insurance_type is None:
        yield NotApplicable("neither payer is Medicare")
    elif context.other_insurance_first is None:
        yield NotJudged(ORDER, "nobody said which payer pays first")
    elif second_is_medicare(context):
        if other.insurance_type is None:
            what = f"Medicare pays second, and nobody said why ({TYPE})"
            yield Found(TYPE, (facts.claimed(TYPE, None),), {"what": what})
    elif other.insurance_type is not None:
        what = f"{TYPE} {other.insurance_type} says why Medicare pays second, and it does not"
        yield Found(TYPE, (facts.claimed(TYPE, other.insurance_type),), {"what": what})
    else:
        yield NotApplicable("Medicare pays first")


@predicate(professional, both_payers)
def type_is_not_of_the_first_payer(facts: Facts) -> Iterator[Told]:
    """T-099. Why Medicare pays second, beside who pays first and the causes of box 10."""
    context = facts.context
    other = context.other_payer
    assert other is not None
    code = other.insurance_type
    if code is None:
        yield NotApplicable("no reason for Medicare as second payer is named")
        return
    if context.other_insurance_first is None:
        yield NotJudged(ORDER, "nobody said which payer pays first")
        return
    if not second_is_medicare(context):
        yield NotApplicable("Medicare does not pay second: T-098 speaks of it")
        return
    first = other if context.other_insurance_first else context.payer
    evidence = (facts.claimed(TYPE, code), facts.claimed("kind of the first payer", first.kind))
    if first.kind not in PAYERS_OF_TYPE[code]:
        yield Found(TYPE, evidence, {"code": code, "beside": f"a first payer of kind {first.kind}"})
    causes = CAUSES_OF_TYPE.get(code, ())
    if causes and not context.related_causes:
        yield NotJudged("related_causes", f"{code} is about an accident or the work")
    elif causes and not set(causes) & set(context.related_causes):
        beside = f"related_causes {', '.join(context.related_causes)}"
        yield Found("related_causes", evidence, {"code": code, "beside": beside})


@predicate(professional, both_payers)
def answer_does_not_add_up(facts: Facts) -> Iterator[Told]:
    """T-100. What the previous payer paid and took off is what was charged, by claim and line."""
    context = facts.context
    other = context.other_payer
    assert other is not None
    answer = other.adjudication
    if answer is None and not any(line.adjudication for line in context.lines):
        yield NotApplicable("no answer of a payer before is on the claim")
    elif context.other_insurance_first is None:
        yield NotJudged(ORDER, "nobody said which payer pays first")
    elif not context.other_insurance_first:
        yield _off(facts, ANSWER, "other_payer pays second, and has answered already")
    elif answer is None or answer.paid is None:
        yield NotApplicable(f"{ANSWER}.paid is not said: T-097 speaks of it")
    else:
        yield from _sums(facts, context, answer)


def _off(facts: Facts, field: str, what: str) -> Found:
    return Found(field, (facts.claimed(field, None),), {"what": what})


def _sums(facts: Facts, context: ClaimContext, answer: Adjudication) -> Iterator[Told]:
    total = taken = Decimal()
    for number, line in enumerate(context.lines, start=1):
        place = f"lines.{number}"
        if line.charge is None:
            yield NotJudged(f"{place}.charge", "an answer is compared with it")
            return
        total += line.charge
        if line.adjudication is None:
            continue
        if line.adjudication.paid is None:
            yield NotApplicable(f"{place}.adjudication.paid is not said: T-097 speaks of it")
            return
        paid, off = line.adjudication.paid, _taken(line)
        taken += off
        if paid + off != line.charge:
            sums = f"{paid} paid and {off} taken off are not {line.charge} charged"
            yield _off(facts, f"{place}.adjudication", f"{place}: {sums}")
    taken += sum((each.amount for each in answer.adjustments), Decimal())
    if answer.paid is not None and answer.paid + taken != total:
        sums = f"{answer.paid} paid and {taken} taken off are not {total} charged"
        yield _off(facts, ANSWER, f"the claim: {sums}")
    yield from _said_twice(facts, context, answer)
    if answer.decided_on is not None and answer.decided_on < facts.day:
        what = f"it was decided on {answer.decided_on}, before the service of {facts.day}"
        yield _off(facts, f"{ANSWER}.decided_on", what)


def _taken(line: ServiceLine) -> Decimal:
    assert line.adjudication is not None
    return sum((each.amount for each in line.adjudication.adjustments), Decimal())


def _said_twice(facts: Facts, context: ClaimContext, answer: Adjudication) -> Iterator[Told]:
    """Yields what the patient owes both at the claim and at its lines: it would count twice."""
    by_line = any(
        line.adjudication and line.adjudication.patient_liability is not None
        for line in context.lines
    )
    if by_line and answer.patient_liability is not None:
        what = "patient_liability stands at the claim and at its lines; keep one"
        yield _off(facts, f"{ANSWER}.patient_liability", what)

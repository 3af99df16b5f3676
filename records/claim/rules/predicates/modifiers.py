"""Modifiers (T-021 to T-025, T-030, T-033 to T-045, T-071).

GP, CQ or CO and KX are asked of every therapy line of the claim, the others of 97012. That another
code is a therapy service is general knowledge: there a finding warns at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from records.claim.code_sets import (
    ASSISTANT_SHARE,
    ASSISTANTS,
    CHIROPRACTOR_TAXONOMY,
    DISCIPLINES,
    NOTICES,
    REVIEW_LINE,
    SEPARATE,
    TIMED,
    TRACTION,
    X_MODIFIERS,
    in_order,
)
from records.claim.context import ServiceLine
from records.claim.estimate import expected_of_day
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Evidence, Found, Severity
from records.claim.rules.predicates.registry import predicate

FIELD = "lines.modifiers"
MODIFIER = re.compile(r"[0-9A-Z]{2}")
MOST_MODIFIERS = 4


def _certainty(line: ServiceLine) -> Severity:
    return "error" if line.cpt == TRACTION else "warn"


def _evidence(facts: Facts) -> Evidence:
    return (facts.line_evidence(facts.line),) if facts.line else ()


def _listed(modifiers: frozenset[str]) -> str:
    return ", ".join(sorted(modifiers))


def _outside_medicare(facts: Facts) -> Severity | None:
    """The sources are Medicare's: another payer is only warned of."""
    return None if facts.medicare else "warn"


def chiropractor_for_medicare(facts: Facts) -> bool:
    """A chiropractor's claim to Original Medicare, by profile, taxonomy or role."""
    rendering = facts.context.rendering
    taxonomy = (rendering.taxonomy if rendering else None) or ""
    role = facts.line.performed_by_role if facts.line else None
    is_one = taxonomy.startswith(CHIROPRACTOR_TAXONOMY) or role == "DC"
    return facts.medicare and (is_one or facts.profile.pays_chiropractor_manipulation_only)


@predicate
def discipline_modifier_missing(facts: Facts) -> Iterator[Found]:
    """T-021. A chiropractor's 97012 for Medicare has its own sentence (T-039)."""
    discipline = facts.context.therapy_discipline
    offer = discipline or "GP under a physical, GO under an occupational therapy plan"
    for line in lines_without_discipline(facts):
        if line.cpt != TRACTION or not chiropractor_for_medicare(facts):
            yield Found(
                FIELD,
                (facts.line_evidence(line), facts.claimed("plan.discipline", discipline)),
                {"code": line.cpt, "offer": offer},
                at_most=_certainty(line),
            )


def lines_without_discipline(facts: Facts) -> Iterator[ServiceLine]:
    """Therapy lines without GP, GO or GN, where the payer wants one."""
    if facts.medicare or facts.profile.requires_discipline_modifier:
        for line in facts.therapy_lines:
            if not frozenset(line.modifiers) & DISCIPLINES:
                yield line


@predicate
def two_disciplines(facts: Facts) -> Iterator[Found]:
    """T-022. On any line of the claim. Sourced for Medicare; elsewhere a warning."""
    for line in facts.lines:
        found = frozenset(line.modifiers) & DISCIPLINES
        if len(found) > 1:
            words = {"code": line.cpt, "found": _listed(found)}
            evidence = (facts.line_evidence(line),)
            yield Found(FIELD, evidence, words, severity=_outside_medicare(facts))


@predicate
def speech_modifier(facts: Facts) -> Iterator[Found]:
    """T-023."""
    if "GN" in facts.modifiers:
        yield Found(FIELD, _evidence(facts))


@predicate
def discipline_is_not_the_plan_s(facts: Facts) -> Iterator[Found]:
    """T-024. The context holds one plan; another code's line may be of another one."""
    plan = facts.context.therapy_discipline
    for line in facts.therapy_lines:
        found = frozenset(line.modifiers) & DISCIPLINES
        if plan and found and plan not in found:
            yield Found(
                FIELD,
                (facts.line_evidence(line), facts.claimed("plan.discipline", plan)),
                {"code": line.cpt, "found": _listed(found), "plan": plan},
                severity=_outside_medicare(facts),
                at_most=_certainty(line),
            )


@predicate
def separate_without_a_pair(facts: Facts) -> Iterator[Found]:
    """T-025."""
    found = facts.modifiers & SEPARATE
    if found and not facts.partners:
        evidence = tuple(facts.line_evidence(line) for line in facts.others)
        yield Found(FIELD, (*_evidence(facts), *evidence), {"found": _listed(found)})


@predicate
def both_59_and_x(facts: Facts) -> Iterator[Found]:
    """T-030. On any line of the claim."""
    for line in facts.lines:
        found = frozenset(line.modifiers) & X_MODIFIERS
        if found and "59" in line.modifiers:
            words = {"code": line.cpt, "found": _listed(found)}
            yield Found(FIELD, (facts.line_evidence(line),), words)


def assistant_share(facts: Facts, line: ServiceLine) -> float | None:
    """Part of a service that an assistant did alone; None when nobody says so.

    A part of a timed code is not judged: the share on file is that of untimed ones.
    """
    if line.assistant_min is None:
        return 1.0 if line.performed_by_role in ("PTA", "OTA") else None
    minutes = (facts.traction_minutes if line.cpt == TRACTION else None) or line.minutes
    if not minutes or (line.cpt in TIMED and line.assistant_min < minutes):
        return None
    return line.assistant_min / minutes


def assistant_modifier(facts: Facts, line: ServiceLine) -> str:
    """CO for occupational therapy, else CQ."""
    said = (facts.context.therapy_discipline, *line.modifiers)
    return "CO" if "GO" in said or line.performed_by_role == "OTA" else "CQ"


def lines_of_assistants(facts: Facts) -> Iterator[tuple[ServiceLine, float]]:
    """Therapy lines that want CQ or CO and have none, with the assistant's share."""
    for line in facts.therapy_lines if facts.profile.assistant_modifiers else ():
        share = assistant_share(facts, line) or 0
        if share > ASSISTANT_SHARE and not ASSISTANTS.keys() & frozenset(line.modifiers):
            yield line, share


@predicate
def assistant_modifier_missing(facts: Facts) -> Iterator[Found]:
    """T-033. Minutes together with the therapist count as the therapist's."""
    for line, share in lines_of_assistants(facts):
        offer = assistant_modifier(facts, line)
        yield Found(
            FIELD,
            (facts.line_evidence(line), *facts.told("performed_by", "delivered_minutes")),
            {"code": line.cpt, "share": f"{100 * share:.0f} %", "offer": offer},
            at_most=_certainty(line),
        )


@predicate
def assistant_without_its_discipline(facts: Facts) -> Iterator[Found]:
    """T-034. On any line of the claim."""
    for line in facts.lines:
        for found, wanted in ASSISTANTS.items():
            if found in line.modifiers and wanted not in line.modifiers:
                words = {"code": line.cpt, "found": found, "wanted": wanted}
                evidence = (facts.line_evidence(line),)
                yield Found(FIELD, evidence, words, severity=_outside_medicare(facts))


@predicate
def assistant_is_paid_less(facts: Facts) -> Iterator[Found]:
    """T-035. On any line of the claim."""
    for line in facts.lines if facts.medicare else ():
        found = ASSISTANTS.keys() & frozenset(line.modifiers)
        if found:
            words = {"code": line.cpt, "found": _listed(frozenset(found))}
            yield Found(FIELD, (facts.line_evidence(line),), words)


def _year_total(facts: Facts) -> tuple[Decimal, Decimal] | None:
    """The year's allowed amounts before this day, and what this day adds; None: not known."""
    ytd = facts.context.therapy_ytd_allowed
    if not facts.medicare or facts.line is None or ytd is None:
        return None
    return ytd, expected_of_day(facts.context, facts.tables.fees)


def of_another_amount(facts: Facts, line: ServiceLine) -> bool:
    """True when a line's discipline has a yearly amount of its own: GO apart from GP and GN."""
    plan, own = facts.context.therapy_discipline, frozenset(line.modifiers) & DISCIPLINES
    return plan is not None and bool(own) and ("GO" in own) != (plan == "GO")


@predicate
def above_the_threshold_without_kx(facts: Facts) -> Iterator[Found]:
    """T-036. Without a fee table the day itself counts as nothing: the finding is then sure."""
    amounts, threshold = _year_total(facts), facts.tables.threshold(facts.day)
    if amounts is None or threshold is None or sum(amounts) <= threshold.amount:
        return
    words = {
        "ytd": f"${amounts[0]:,.2f}",
        "expected": f"${amounts[1]:,.2f}",
        "total": f"${sum(amounts):,.2f}",
        "threshold": f"${threshold.amount:,.2f}",
        "source": threshold.source,
    }
    for line in facts.therapy_lines:
        if "KX" not in line.modifiers and not of_another_amount(facts, line):
            evidence = (
                facts.line_evidence(line),
                facts.claimed("therapy_ytd_allowed", amounts[0]),
            )
            yield Found(FIELD, evidence, {**words, "code": line.cpt}, at_most=_certainty(line))


@predicate
def kx_below_the_threshold(facts: Facts) -> Iterator[Found]:
    """T-037. On any line of the claim."""
    amounts, threshold = _year_total(facts), facts.tables.threshold(facts.day)
    if amounts is None or threshold is None or sum(amounts) > threshold.amount:
        return
    words = {"total": f"${sum(amounts):,.2f}", "threshold": f"${threshold.amount:,.2f}"}
    for line in facts.lines:
        if "KX" in line.modifiers and not of_another_amount(facts, line):
            evidence = (
                facts.line_evidence(line),
                facts.claimed("therapy_ytd_allowed", amounts[0]),
            )
            yield Found(FIELD, evidence, {**words, "code": line.cpt})


@predicate
def above_the_review_line(facts: Facts) -> Iterator[Found]:
    """T-038."""
    amounts = _year_total(facts)
    if amounts is not None and sum(amounts) > REVIEW_LINE:
        evidence = (facts.claimed("therapy_ytd_allowed", amounts[0]),)
        yield Found("therapy_ytd_allowed", evidence, {"total": f"${sum(amounts):,.2f}"})


@predicate
def chiropractor_under_medicare(facts: Facts) -> Iterator[Found]:
    """T-039, split: without a discipline it is unprocessable, without GY only unwise."""
    if facts.line is None or not chiropractor_for_medicare(facts):
        return
    if not facts.modifiers & DISCIPLINES:
        what = "GP (or GO) is missing: the line is unprocessable, also with GY."
        yield Found(FIELD, _evidence(facts), {"what": what})
    if "GY" not in facts.modifiers:
        what = "GY (excluded by law) should stand on the line."
        yield Found(FIELD, _evidence(facts), {"what": what}, severity="warn")


@predicate
def voluntary_notice(facts: Facts) -> Iterator[Found]:
    """T-040. GX goes with GY, and never with GA, GL, GZ or EY."""
    modifiers = facts.modifiers
    if "GY" in modifiers and facts.context.voluntary_abn_on_file and "GX" not in modifiers:
        what = "A voluntary notice is on file and GY stands on the line: GX goes with it."
        yield Found(FIELD, _evidence(facts), {"what": what})
    wrong = modifiers & {"GA", "GL", "GZ", "EY"}
    if "GX" in modifiers and wrong:
        what = f"GX together with {_listed(wrong)} is returned."
        yield Found(FIELD, _evidence(facts), {"what": what}, severity="error")


@predicate
def notices_contradict(facts: Facts) -> Iterator[Found]:
    """T-041."""
    found = facts.modifiers & {"GA", "GY", "GZ"}
    if len(found) > 1:
        yield Found(FIELD, _evidence(facts), {"found": _listed(found)})


@predicate
def notice_is_not_on_file(facts: Facts) -> Iterator[Found]:
    """T-042."""
    if "GA" in facts.modifiers and not facts.context.abn_on_file:
        signed = facts.claimed("abn_on_file", facts.context.abn_on_file)
        yield Found(FIELD, (*_evidence(facts), signed))


@predicate
def active_treatment_modifier(facts: Facts) -> Iterator[Found]:
    """T-043."""
    if "AT" in facts.modifiers:
        yield Found(FIELD, _evidence(facts))


@predicate
def modifiers_do_not_fit(facts: Facts) -> Iterator[Found]:
    """T-044. On any line of the claim."""
    for line in facts.lines:
        misshapen = [m for m in line.modifiers if not MODIFIER.fullmatch(m)]
        if misshapen or len(line.modifiers) > MOST_MODIFIERS:
            words = {"code": line.cpt, "found": " ".join(line.modifiers)}
            yield Found(FIELD, (facts.line_evidence(line),), words)


@predicate
def modifier_order_differs(facts: Facts) -> Iterator[Found]:
    """T-045."""
    found = list(facts.line.modifiers) if facts.line else []
    wanted = in_order(found, facts.profile.modifier_order)
    if found != wanted:
        words = {"found": " ".join(found), "wanted": " ".join(wanted)}
        yield Found(FIELD, _evidence(facts), words)


@predicate
def notice_outside_original_medicare(facts: Facts) -> Iterator[Found]:
    """T-071."""
    found = facts.modifiers & NOTICES
    if found and facts.profile.kind == "medicare_advantage":
        yield Found(FIELD, _evidence(facts), {"found": _listed(found)})

"""Modifiers of the 97012 line (T-021 to T-025, T-030, T-033 to T-045, T-071)."""

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
    X_MODIFIERS,
    in_order,
)
from records.claim.estimate import expected_of_day
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Evidence, Found, Severity
from records.claim.rules.predicates.registry import predicate

FIELD = "lines.modifiers"
MODIFIER = re.compile(r"[0-9A-Z]{2}")
MOST_MODIFIERS = 4


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
    """T-021. A chiropractor's claim to Medicare has its own sentence (T-039)."""
    wanted = facts.medicare or facts.profile.requires_discipline_modifier
    missing = facts.line is not None and not facts.modifiers & DISCIPLINES
    if wanted and missing and not chiropractor_for_medicare(facts):
        discipline = facts.context.therapy_discipline
        offer = discipline or "GP under a physical, GO under an occupational therapy plan"
        yield Found(
            FIELD,
            (*_evidence(facts), facts.claimed("plan.discipline", discipline)),
            {"offer": offer},
        )


@predicate
def two_disciplines(facts: Facts) -> Iterator[Found]:
    """T-022. Sourced for Medicare; elsewhere a warning."""
    found = facts.modifiers & DISCIPLINES
    if len(found) > 1:
        words = {"found": _listed(found)}
        yield Found(FIELD, _evidence(facts), words, severity=_outside_medicare(facts))


@predicate
def speech_modifier(facts: Facts) -> Iterator[Found]:
    """T-023."""
    if "GN" in facts.modifiers:
        yield Found(FIELD, _evidence(facts))


@predicate
def discipline_is_not_the_plan_s(facts: Facts) -> Iterator[Found]:
    """T-024."""
    plan, found = facts.context.therapy_discipline, facts.modifiers & DISCIPLINES
    if plan and found and plan not in found:
        yield Found(
            FIELD,
            (*_evidence(facts), facts.claimed("plan.discipline", plan)),
            {"found": _listed(found), "plan": plan},
            severity=_outside_medicare(facts),
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


def assistant_share(facts: Facts) -> float | None:
    """Part of the service that an assistant did alone; None when nobody says so."""
    line = facts.line
    if line is None:
        return None
    minutes = facts.traction_minutes or line.minutes
    if line.assistant_min is not None and minutes:
        return line.assistant_min / minutes
    by_assistant = line.performed_by_role in ("PTA", "OTA") and line.assistant_min is None
    return 1.0 if by_assistant else None


def assistant_modifier(facts: Facts) -> str:
    """CO for occupational therapy, else CQ."""
    role = facts.line.performed_by_role if facts.line else None
    occupational = "GO" in (facts.context.therapy_discipline, *facts.modifiers) or role == "OTA"
    return "CO" if occupational else "CQ"


@predicate
def assistant_modifier_missing(facts: Facts) -> Iterator[Found]:
    """T-033. Minutes together with the therapist count as the therapist's."""
    share = assistant_share(facts)
    missing = not facts.modifiers & ASSISTANTS.keys()
    if facts.profile.assistant_modifiers and missing and (share or 0) > ASSISTANT_SHARE:
        assert share is not None
        yield Found(
            FIELD,
            (*_evidence(facts), *facts.told("performed_by", "delivered_minutes")),
            {"share": f"{100 * share:.0f} %", "offer": assistant_modifier(facts)},
        )


@predicate
def assistant_without_its_discipline(facts: Facts) -> Iterator[Found]:
    """T-034."""
    for found, wanted in ASSISTANTS.items():
        if found in facts.modifiers and wanted not in facts.modifiers:
            words = {"found": found, "wanted": wanted}
            yield Found(FIELD, _evidence(facts), words, severity=_outside_medicare(facts))


@predicate
def assistant_is_paid_less(facts: Facts) -> Iterator[Found]:
    """T-035."""
    found = facts.modifiers & ASSISTANTS.keys()
    if facts.medicare and found:
        yield Found(FIELD, _evidence(facts), {"found": _listed(found)})


def _year_total(facts: Facts) -> tuple[Decimal, Decimal] | None:
    """The year's allowed amounts before this day, and what this day adds; None: not known."""
    ytd = facts.context.therapy_ytd_allowed
    if not facts.medicare or facts.line is None or ytd is None:
        return None
    return ytd, expected_of_day(facts.context, facts.tables.fees)


@predicate
def above_the_threshold_without_kx(facts: Facts) -> Iterator[Found]:
    """T-036. Without a fee table the day itself counts as nothing: the finding is then sure."""
    amounts, threshold = _year_total(facts), facts.tables.threshold(facts.day)
    if amounts is None or threshold is None or "KX" in facts.modifiers:
        return
    total = sum(amounts)
    if total > threshold.amount:
        yield Found(
            FIELD,
            (*_evidence(facts), facts.claimed("therapy_ytd_allowed", amounts[0])),
            {
                "ytd": f"${amounts[0]:,.2f}",
                "expected": f"${amounts[1]:,.2f}",
                "total": f"${total:,.2f}",
                "threshold": f"${threshold.amount:,.2f}",
                "source": threshold.source,
            },
        )


@predicate
def kx_below_the_threshold(facts: Facts) -> Iterator[Found]:
    """T-037."""
    amounts, threshold = _year_total(facts), facts.tables.threshold(facts.day)
    if amounts is None or threshold is None or "KX" not in facts.modifiers:
        return
    if sum(amounts) <= threshold.amount:
        yield Found(
            FIELD,
            (*_evidence(facts), facts.claimed("therapy_ytd_allowed", amounts[0])),
            {"total": f"${sum(amounts):,.2f}", "threshold": f"${threshold.amount:,.2f}"},
        )


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

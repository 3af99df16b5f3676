"""Plan of care, visits, authorization, own cost (T-061 to T-070)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from records.claim.code_sets import (
    CERTIFICATION_DELAY_DAYS,
    CERTIFIED_DAYS,
    PROGRESS_REPORT_DAYS,
    TRACTION,
)
from records.claim.context import Authorization, Party, PlanOfCare
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found, Severity
from records.claim.rules.npi import npi_is_sound
from records.claim.rules.predicates.registry import predicate


@predicate
def traction_is_not_in_the_plan(facts: Facts) -> Iterator[Found]:
    """T-061."""
    plan = facts.context.plan
    if not facts.medicare or facts.line is None:
        return
    if plan is None:
        yield Found("plan", (facts.claimed("plan", None),), {"why": "no plan is recorded"})
    elif plan.includes_traction is False:
        evidence = (facts.claimed("plan.includes_traction", False),)
        yield Found("plan.includes_traction", evidence, {"why": "the plan says so"})


@predicate
def plan_is_not_certified(facts: Facts) -> Iterator[Found]:
    """T-062."""
    plan = facts.context.plan
    if not facts.medicare or plan is None or plan.established is None:
        return
    days = (facts.day - plan.established).days
    if days > CERTIFICATION_DELAY_DAYS and plan.certified_on is None and not _sent_in_time(plan):
        yield Found(
            "plan.certified_on",
            (
                facts.claimed("plan.established", plan.established),
                facts.claimed("plan.certified_on", None),
                facts.claimed("plan.sent_to_referrer_on", plan.sent_to_referrer_on),
            ),
            {"established": plan.established, "days": days},
        )


def _sent_in_time(plan: PlanOfCare) -> bool:
    """A signed order, and the plan sent to the referrer within 30 days."""
    if not plan.signed_order_on_file or None in (plan.established, plan.sent_to_referrer_on):
        return False
    assert plan.established
    assert plan.sent_to_referrer_on
    return (plan.sent_to_referrer_on - plan.established).days <= CERTIFICATION_DELAY_DAYS


@predicate
def certification_has_ended(facts: Facts) -> Iterator[Found]:
    """T-063. By its own date, or by its length: 90 days, which Medicare's manual sets."""
    plan = facts.context.plan
    if plan is None:
        return
    end, begin = plan.cert_through, _certification_begin(plan)
    if end is not None and facts.day > end:
        yield _certification(facts, f"The certification ended on {end}: recertify before billing.")
    elif begin is not None and (facts.day - begin).days > CERTIFIED_DAYS:
        ended = begin + timedelta(days=CERTIFIED_DAYS)
        what = f"A certification from {begin} ended on {ended}: recertify before billing."
        yield _certification(facts, what, None if facts.medicare else "warn")
    elif end is not None and (end - (begin or facts.day)).days > CERTIFIED_DAYS:
        since = begin or facts.day
        what = f"The certification is written for {(end - since).days} days, {since} to {end}."
        yield _certification(facts, what, "warn")


def _certification(facts: Facts, what: str, severity: Severity | None = None) -> Found:
    plan = facts.context.plan
    names = ("established", "certified_on", "cert_through")
    evidence = tuple(facts.claimed(f"plan.{name}", getattr(plan, name)) for name in names)
    return Found("plan.cert_through", evidence, {"what": what}, severity=severity)


def _certification_begin(plan: PlanOfCare) -> date | None:
    """The first day of the interval; None when nothing was certified or no date says it.

    The initial interval begins with the treatment, not with the signature. A signature that is
    later than an initial one may be is taken for a recertification. Where no date says it, it began
    on the day of service at the latest.
    """
    begun, signed = plan.established, plan.certified_on
    if begun is None or signed is None:
        return signed
    return signed if (signed - begun).days > CERTIFICATION_DELAY_DAYS else begun


@predicate
def progress_report_is_due(facts: Facts) -> Iterator[Found]:
    """T-064."""
    plan = facts.context.plan
    days = plan.treatment_days_since_progress_report if plan else None
    if days is not None and days >= PROGRESS_REPORT_DAYS:
        evidence = (facts.claimed("plan.treatment_days_since_progress_report", days),)
        yield Found("plan.treatment_days_since_progress_report", evidence, {"days": days})


@predicate
def many_visits(facts: Facts) -> Iterator[Found]:
    """T-065."""
    visits, limit = facts.context.visits_97012_this_episode, facts.profile.max_visits
    if facts.line is not None and visits is not None and limit is not None and visits > limit:
        evidence = (facts.claimed("visits_97012_this_episode", visits),)
        yield Found("visits_97012_this_episode", evidence, {"visits": visits, "limit": limit})


@predicate
def authorization_does_not_hold(facts: Facts) -> Iterator[Found]:
    """T-066."""
    given = facts.context.authorization
    has_number = given is not None and given.number != ""
    if facts.context.prior_auth_required and not has_number:
        yield Found(
            "authorization.number",
            (facts.claimed("prior_auth_required", True), facts.claimed("authorization", None)),
            {"why": "the payer wants one and no number is recorded"},
        )
    if given is not None and has_number:
        for field, why in _authorization_faults(facts, given):
            evidence = (facts.claimed("authorization.number", given.number),)
            yield Found(f"authorization.{field}", evidence, {"why": why})


def _authorization_faults(facts: Facts, given: Authorization) -> Iterator[tuple[str, str]]:
    if given.valid_to is not None and facts.day > given.valid_to:
        yield "valid_to", f"it ended on {given.valid_to}"
    if given.valid_from is not None and facts.day < given.valid_from:
        yield "valid_from", f"it begins on {given.valid_from}"
    if given.cpt_codes and facts.line is not None and TRACTION not in given.cpt_codes:
        yield "cpt_codes", f"it names {', '.join(given.cpt_codes)}, not 97012"
    if None not in (given.visits_allowed, given.visits_used):
        assert given.visits_allowed is not None
        assert given.visits_used is not None
        if given.visits_used >= given.visits_allowed:
            yield "visits_used", f"{given.visits_used} of {given.visits_allowed} visits are used up"
    if given.number == facts.context.referral_number:
        yield "number", "its number is the referral's number"


@predicate
def certifying_physician_is_missing(facts: Facts) -> Iterator[Found]:
    """T-067. On the institutional forms it is the attending provider: not this field."""
    referring = facts.context.referring
    professional = facts.context.form in ("837P", "CMS1500")
    if facts.medicare and professional and (referring is None or referring.npi is None):
        yield Found("referring.npi", (facts.claimed("referring.npi", None),))


@predicate
def npi_is_mistyped(facts: Facts) -> Iterator[Found]:
    """T-068. Every NPI of the claim."""
    context = facts.context
    parties: dict[str, Party | None] = {
        "billing": context.billing,
        "rendering": context.rendering,
        "referring": context.referring,
        "service_facility": context.service_facility,
    }
    numbers = {f"{who}.npi": party.npi for who, party in parties.items() if party}
    for number, line in enumerate(context.lines, start=1):
        numbers[f"lines.{number}.rendering_npi"] = line.rendering_npi
    for who, npi in numbers.items():
        if npi is not None and not npi_is_sound(npi):
            yield Found(who, (facts.claimed(who, npi),), {"npi": npi, "who": who})


@predicate
def patient_was_not_told_of_own_cost(facts: Facts) -> Iterator[Found]:
    """T-069."""
    covers = facts.profile.covers_97012
    told = facts.word("patient_notice") is not None
    if facts.line is not None and covers in ("no", "unknown") and not told:
        yield Found("patient_notice", facts.told("patient_notice"), {"covers": covers})


@predicate
def an_amount_is_shown(facts: Facts) -> Iterator[Found]:
    """T-070."""
    fees = facts.tables.fees
    row = fees.find(TRACTION, facts.day) if fees else None
    if facts.line is not None and fees is not None and row is not None:
        evidence = (facts.claimed("fee table", fees.name),)
        yield Found("amount", evidence, {"table": fees.name})

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
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Severity, Told
from records.claim.rules.npi import npi_is_sound
from records.claim.rules.predicates.gates import medicare, professional, traction_billed
from records.claim.rules.predicates.registry import predicate

REPORT_DAYS = "plan.treatment_days_since_progress_report"


def planned(facts: Facts) -> NotApplicable | NotJudged | None:
    """Requires a recorded plan of care; whether the payer needs one is Original Medicare's rule."""
    if facts.context.plan is not None:
        return None
    if facts.medicare:
        return NotJudged("plan")
    return NotApplicable("no plan is recorded, and this payer is not known to want one")


@predicate(medicare, traction_billed)
def traction_is_not_in_the_plan(facts: Facts) -> Iterator[Told]:
    """T-061."""
    plan = facts.context.plan
    if plan is None:
        words = {"why": "no plan is recorded"}
        yield Found("plan", (facts.claimed("plan", None),), words, absent=True)
    elif plan.includes_traction is None:
        yield NotJudged("plan.includes_traction")
    elif not plan.includes_traction:
        evidence = (facts.claimed("plan.includes_traction", False),)
        yield Found("plan.includes_traction", evidence, {"why": "the plan says so"})


@predicate(medicare, planned)
def plan_is_not_certified(facts: Facts) -> Iterator[Told]:
    """T-062."""
    plan = facts.context.plan
    assert plan is not None
    if plan.certified_on is not None:
        return
    if plan.established is None:
        yield NotJudged("plan.established", "the plan is not certified")
        return
    days = (facts.day - plan.established).days
    if days > CERTIFICATION_DELAY_DAYS and not _sent_in_time(plan):
        yield Found(
            "plan.certified_on",
            (
                facts.claimed("plan.established", plan.established),
                facts.claimed("plan.certified_on", None),
                facts.claimed("plan.sent_to_referrer_on", plan.sent_to_referrer_on),
            ),
            {"established": plan.established, "days": days},
            absent=True,
        )


def _sent_in_time(plan: PlanOfCare) -> bool:
    """Returns whether an order was signed, and the plan sent to the referrer within 30 days."""
    if not plan.signed_order_on_file or None in (plan.established, plan.sent_to_referrer_on):
        return False
    assert plan.established
    assert plan.sent_to_referrer_on
    return (plan.sent_to_referrer_on - plan.established).days <= CERTIFICATION_DELAY_DAYS


@predicate(planned)
def certification_has_ended(facts: Facts) -> Iterator[Told]:
    """T-063. By its own date, or by its length: 90 days, which Medicare's manual sets."""
    plan = facts.context.plan
    assert plan is not None
    end, begin = plan.cert_through, _certification_begin(plan)
    if end is None and begin is None:
        yield NotApplicable("nothing is certified; whether it must be is T-062's")
    elif end is not None and facts.day > end:
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
    """Returns the first day of the interval; None without a certification or a date.

    The initial interval begins with the treatment, not with the signature. A signature that is
    later than an initial one may be is taken for a recertification. Without a date it began on the
    day of service at the latest.
    """
    begun, signed = plan.established, plan.certified_on
    if begun is None or signed is None:
        return signed
    return signed if (signed - begun).days > CERTIFICATION_DELAY_DAYS else begun


@predicate(planned)
def progress_report_is_due(facts: Facts) -> Iterator[Told]:
    """T-064."""
    plan = facts.context.plan
    assert plan is not None
    days = plan.treatment_days_since_progress_report
    if days is None:
        yield NotJudged(REPORT_DAYS)
    elif days >= PROGRESS_REPORT_DAYS:
        yield Found(REPORT_DAYS, (facts.claimed(REPORT_DAYS, days),), {"days": days})


@predicate(traction_billed)
def many_visits(facts: Facts) -> Iterator[Told]:
    """T-065."""
    visits, limit = facts.context.visits_97012_this_episode, facts.profile.max_visits
    if limit is None:
        yield NotApplicable("no number of visits of this payer is known")
    elif visits is None:
        yield NotJudged("visits_97012_this_episode")
    elif visits > limit:
        evidence = (facts.claimed("visits_97012_this_episode", visits),)
        yield Found("visits_97012_this_episode", evidence, {"visits": visits, "limit": limit})


@predicate()
def authorization_does_not_hold(facts: Facts) -> Iterator[Told]:
    """T-066."""
    given, required = facts.context.authorization, facts.context.prior_auth_required
    if given is not None and given.number:
        yield from _looked_at(facts, given)
    elif required is None:
        yield NotJudged("prior_auth_required", "nor is a number recorded")
    elif required:
        yield Found(
            "authorization.number",
            (facts.claimed("prior_auth_required", True), facts.claimed("authorization", None)),
            {"why": "the payer wants one and no number is recorded"},
        )
    else:
        yield NotApplicable("the practice's system says that the plan asks for none")


def _looked_at(facts: Facts, given: Authorization) -> Iterator[Told]:
    if given.visits_allowed is not None and given.visits_used is None:
        yield NotJudged("authorization.visits_used", f"{given.visits_allowed} visits are allowed")
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


@predicate(medicare, professional)
def certifying_physician_is_missing(facts: Facts) -> Iterator[Told]:
    """T-067. On the institutional forms it is the attending provider: not this field."""
    referring = facts.context.referring
    if referring is None or referring.npi is None:
        yield Found("referring.npi", (facts.claimed("referring.npi", None),), absent=True)


@predicate()
def npi_is_mistyped(facts: Facts) -> Iterator[Told]:
    """T-068. Every NPI of the claim; T-080 and T-081 report a missing one."""
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
    given = {who: npi for who, npi in numbers.items() if npi is not None}
    if not given:
        yield NotApplicable("the claim names no NPI")
    for who, npi in given.items():
        if not npi_is_sound(npi):
            yield Found(who, (facts.claimed(who, npi),), {"npi": npi, "who": who})


@predicate(traction_billed)
def patient_was_not_told_of_own_cost(facts: Facts) -> Iterator[Told]:
    """T-069."""
    covers = facts.profile.covers_97012
    if covers not in ("no", "unknown"):
        yield NotApplicable(f"cover of 97012 by this payer: {covers}")
    elif facts.word("patient_notice") is None:
        yield Found("patient_notice", facts.told("patient_notice"), {"covers": covers})


@predicate(traction_billed)
def an_amount_is_shown(facts: Facts) -> Iterator[Told]:
    """T-070. Information that is never held."""
    fees = facts.tables.fees
    row = fees.find(TRACTION, facts.day) if fees else None
    if fees is None:
        yield NotApplicable("no fee table is loaded, no amount is shown")
    elif row is None:
        yield NotJudged(f"fee of 97012 on {facts.day}", f"{fees.name} does not hold it")
    else:
        evidence = (facts.claimed("fee table", fees.name),)
        yield Found("amount", evidence, {"table": fees.name})

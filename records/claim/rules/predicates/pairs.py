"""Pairs with 97012 (T-026 to T-029, T-031, T-032, T-046, T-047, T-072 to T-074)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from records.claim.code_sets import (
    MANIPULATIONS,
    MANUAL_THERAPY,
    NEVER_TOGETHER,
    RE_EVALUATIONS,
    TRACTION,
)
from records.claim.context import ServiceLine
from records.claim.rules.facts import Facts, Partner
from records.claim.rules.findings import (
    Evidence,
    Found,
    NotApplicable,
    NotJudged,
    Severity,
    Told,
)
from records.claim.rules.predicates.gates import (
    other_codes,
    professional,
    traction_billed,
    with_a_partner,
)
from records.claim.rules.predicates.registry import predicate

FIELD = "lines.modifiers"
LOG = ("started_at", "ended_at")


def _evidence(facts: Facts, line: ServiceLine) -> Evidence:
    own = (facts.line_evidence(facts.line),) if facts.line else ()
    return (*own, facts.line_evidence(line), *facts.told(*LOG))


def _certainty(partner: Partner) -> Severity:
    return "warn" if partner.doubt else "error"


def _named(facts: Facts, partner: Partner, field: str) -> Found:
    """Returns the finding whose sentence needs only the partner's code."""
    return Found(
        field,
        _evidence(facts, partner.line),
        {"partner": partner.line.cpt},
        at_most=_certainty(partner),
        remark=partner.doubt,
    )


def _is_therapy(code: str) -> bool:
    return code.startswith(("97", "G0"))


def _bundled(partner: Partner) -> bool:
    """Yields pairs that a modifier passes; re-evaluations and injections have other sentences."""
    code = partner.line.cpt
    return partner.pair.indicator == 1 and code not in RE_EVALUATIONS and _is_therapy(code)


def _re_evaluation(partner: Partner) -> bool:
    return partner.pair.indicator == 1 and partner.line.cpt in RE_EVALUATIONS


def _injection(partner: Partner) -> bool:
    return partner.pair.indicator == 1 and not _is_therapy(partner.line.cpt)


def _hopeless(partner: Partner) -> bool:
    """Yields pairs that no modifier passes; three of them are always so and are T-074's."""
    return partner.pair.indicator == 0 and partner.line.cpt not in NEVER_TOGETHER


def _always_hopeless(partner: Partner) -> bool:
    return partner.pair.indicator == 0 and partner.line.cpt in NEVER_TOGETHER


def _of_kind(facts: Facts, is_one: Callable[[Partner], bool]) -> Iterator[Partner | Told]:
    """Yields partners of a kind; none is not applicable, one of an older file not judged too."""
    found = [partner for partner in facts.partners if is_one(partner)]
    if not found:
        yield NotApplicable("no code of the day is such a pair with 97012")
    if any(partner.doubt for partner in found):
        yield NotJudged(f"NCCI file of the quarter of {facts.day}", found[0].doubt)
    yield from found


@predicate(traction_billed, with_a_partner)
def pair_without_modifier(facts: Facts) -> Iterator[Told]:
    """T-026."""
    for partner in _of_kind(facts, _bundled):
        if not isinstance(partner, Partner):
            yield partner
        elif not facts.separated(partner):
            overlap = {
                True: " (the device's log shows the same time)",
                False: " (the device's log shows different times)",
                None: "",
            }[facts.overlap(partner.line)]
            yield Found(
                FIELD,
                _evidence(facts, partner.line),
                {"partner": partner.line.cpt, "loser": partner.loser, "overlap": overlap},
                at_most=_certainty(partner),
                remark=partner.doubt,
            )


@predicate(traction_billed, with_a_partner)
def re_evaluation_without_modifier(facts: Facts) -> Iterator[Told]:
    """T-072: the special text of T-026."""
    for partner in _of_kind(facts, _re_evaluation):
        if not isinstance(partner, Partner):
            yield partner
        elif not facts.separated(partner):
            yield _named(facts, partner, FIELD)


@predicate(traction_billed, with_a_partner)
def injection_without_modifier(facts: Facts) -> Iterator[Told]:
    """T-073."""
    for partner in _of_kind(facts, _injection):
        if not isinstance(partner, Partner):
            yield partner
        elif not facts.separated(partner):
            words = {"partner": partner.line.cpt, "loser": partner.loser}
            yield Found(FIELD, _evidence(facts, partner.line), words, remark=partner.doubt)


@predicate(traction_billed, with_a_partner)
def pair_that_no_modifier_passes(facts: Facts) -> Iterator[Told]:
    """T-027."""
    for partner in _of_kind(facts, _hopeless):
        yield _named(facts, partner, "lines") if isinstance(partner, Partner) else partner


@predicate(traction_billed, professional, with_a_partner)
def drawing_or_flushing(facts: Facts) -> Iterator[Told]:
    """T-074: the special text of T-027; the rows are those of the practitioner's file."""
    for partner in _of_kind(facts, _always_hopeless):
        yield _named(facts, partner, "lines") if isinstance(partner, Partner) else partner


def _times(facts: Facts, line: ServiceLine) -> dict[str, object]:
    """Returns start and end of both in the clinic's time, and the minutes that they share."""
    times = facts.times_beside(line)
    assert times is not None
    spans = [
        f"{facts.local(start):%H:%M} to {facts.local(end):%H:%M}" for start, end in times.spans
    ]
    return {
        "traction": " and ".join(spans),
        "partner": line.cpt,
        "partner_start": f"{facts.local(times.partner_start):%H:%M}",
        "partner_end": f"{facts.local(times.partner_end):%H:%M}",
        "minutes": times.shared_minutes,
    }


def _where(facts: Facts, partner: Partner) -> str:
    """Returns what the claim says of another place: only two named regions show one."""
    line = partner.line
    if facts.other_region(line):
        return f", on another region ({facts.region}, {line.body_region}), which is allowed"
    if "XS" in facts.separated(partner):
        return "; XS says another structure or region, and no region on the claim shows it"
    return ""


def said_to_be_separate(facts: Facts) -> NotApplicable | None:
    """Requires 59 or an X modifier on a pair."""
    if any(_said_separate(facts)):
        return None
    return NotApplicable("no pair carries 59 or an X modifier")


def _said_separate(facts: Facts) -> Iterator[Partner]:
    for partner in facts.partners:
        if partner.pair.indicator == 1 and facts.separated(partner):
            yield partner


def _times_unknown(partner: Partner) -> NotJudged:
    return NotJudged("lines.started_at", f"times of line {partner.line.cpt} or of the traction")


@predicate(traction_billed, said_to_be_separate)
def separate_but_at_the_same_time(facts: Facts) -> Iterator[Told]:
    """T-028. Only for a pair: a supervised modality may otherwise share its time.

    Beside the device's seconds the partner's times are whole minutes: a minute at an edge is
    ignored.
    """
    for partner in _said_separate(facts):
        overlap = facts.overlap(partner.line)
        if overlap is None:
            yield _times_unknown(partner)
        if not overlap:
            continue
        where = _where(facts, partner)
        words = {
            **_times(facts, partner.line),
            "found": ", ".join(sorted(facts.separated(partner))),
            "region": where,
        }
        yield Found(
            FIELD,
            _evidence(facts, partner.line),
            words,
            severity="info" if where else None,
            at_most=_certainty(partner),
            remark=partner.doubt,
        )


@predicate(traction_billed, said_to_be_separate)
def the_log_supports_separate(facts: Facts) -> Iterator[Told]:
    """T-029. Information that is never held: the log says so, or T-028 applies."""
    for partner in _said_separate(facts):
        overlap = facts.overlap(partner.line)
        if overlap is None:
            yield _times_unknown(partner)
        elif overlap:
            yield NotApplicable("the times are the same: T-028 speaks of it")
        else:
            found = ", ".join(sorted(facts.separated(partner)))
            words = {**_times(facts, partner.line), "found": found}
            edge = "a minute at the edge is one of rounding" if words["minutes"] else ""
            yield Found(FIELD, _evidence(facts, partner.line), words, remark=edge)


@predicate(traction_billed)
def an_x_modifier_says_more(facts: Facts) -> Iterator[Told]:
    """T-031. On 97012 or on its partner; information that is never held."""
    lines = [facts.line, *(partner.line for partner in facts.partners)]
    plain_59 = [line for line in lines if line and "59" in line.modifiers]
    if not plain_59:
        yield NotApplicable("neither 97012 nor a pair carries 59")
    elif not facts.profile.accepts_x_modifiers:
        yield NotApplicable("this payer is not known to take X modifiers")
    else:
        for line in plain_59:
            yield Found(FIELD, (facts.line_evidence(line),), {"code": line.cpt})


@predicate(traction_billed, with_a_partner)
def other_structure_same_region(facts: Facts) -> Iterator[Told]:
    """T-032."""
    other = [partner for partner in facts.partners if "XS" in facts.separated(partner)]
    if not other:
        yield NotApplicable("no pair carries XS")
    for partner in other:
        region = partner.line.body_region
        if None in (region, facts.region):
            yield NotJudged("lines.body_region", f"of 97012 or line {partner.line.cpt}")
        elif region in facts.regions:
            evidence = (*_evidence(facts, partner.line), *facts.told("region"))
            yield Found(FIELD, evidence, {"partner": partner.line.cpt, "region": region})


@predicate(traction_billed, other_codes)
def manual_therapy_without_times(facts: Facts) -> Iterator[Told]:
    """T-046. Once the times are known, T-026, T-028 or T-029 apply."""
    manual = [line for line in facts.others if line.cpt == MANUAL_THERAPY]
    if not manual:
        yield NotApplicable(f"{MANUAL_THERAPY} is no code of the day")
    for line in manual:
        if None in (line.started_at, line.ended_at) and not facts.other_region(line):
            named = line.body_region in facts.regions
            where = f"the same region ({facts.region})" if named else "perhaps the same region"
            yield Found("lines.started_at", _evidence(facts, line), {"where": where})


@predicate(traction_billed, other_codes)
def manipulation_is_no_pair(facts: Facts) -> Iterator[Told]:
    """T-047. Held where a loaded file says otherwise."""
    manipulated = sorted(facts.codes & MANIPULATIONS)
    if not manipulated:
        yield NotApplicable("no manipulation is a code of the day")
    codes = [c for c in manipulated if facts.tables.pairs.find(c, facts.day) is None]
    if codes:
        evidence = (facts.claimed(f"codes beside {TRACTION}", ", ".join(codes)),)
        yield Found("lines", evidence, {"codes": ", ".join(codes)})

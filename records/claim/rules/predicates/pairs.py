"""Pairs with 97012 (T-026 to T-029, T-031, T-032, T-046, T-047, T-072 to T-074)."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.code_sets import (
    MANIPULATIONS,
    MANUAL_THERAPY,
    NEVER_TOGETHER,
    RE_EVALUATIONS,
    TRACTION,
)
from records.claim.context import ServiceLine
from records.claim.rules.facts import Facts, Partner
from records.claim.rules.findings import Evidence, Found, Severity
from records.claim.rules.predicates.registry import predicate

FIELD = "lines.modifiers"
LOG = ("started_at", "ended_at")
PROFESSIONAL_FORMS = ("837P", "CMS1500")


def _evidence(facts: Facts, line: ServiceLine) -> Evidence:
    own = (facts.line_evidence(facts.line),) if facts.line else ()
    return (*own, facts.line_evidence(line), *facts.told(*LOG))


def _certainty(partner: Partner) -> Severity:
    return "warn" if partner.doubt else "error"


def _named(facts: Facts, partner: Partner, field: str) -> Found:
    """The finding whose sentence needs no more than the partner's code."""
    return Found(
        field,
        _evidence(facts, partner.line),
        {"partner": partner.line.cpt},
        at_most=_certainty(partner),
        remark=partner.doubt,
    )


def _is_therapy(code: str) -> bool:
    return code.startswith(("97", "G0"))


def _bundled(facts: Facts) -> Iterator[Partner]:
    """Partners that a modifier would pass and that none passes."""
    for partner in facts.partners:
        if partner.pair.indicator == 1 and not facts.separated(partner):
            yield partner


@predicate
def pair_without_modifier(facts: Facts) -> Iterator[Found]:
    """T-026. Re-evaluations and injections have sentences of their own."""
    for partner in _bundled(facts):
        code = partner.line.cpt
        if code in RE_EVALUATIONS or not _is_therapy(code):
            continue
        overlap = {
            True: " (the device's log shows the same time)",
            False: " (the device's log shows different times)",
            None: "",
        }[facts.overlap(partner.line)]
        yield Found(
            FIELD,
            _evidence(facts, partner.line),
            {"partner": code, "loser": partner.loser, "overlap": overlap},
            at_most=_certainty(partner),
            remark=partner.doubt,
        )


@predicate
def re_evaluation_without_modifier(facts: Facts) -> Iterator[Found]:
    """T-072: the special text of T-026."""
    for partner in _bundled(facts):
        if partner.line.cpt in RE_EVALUATIONS:
            yield _named(facts, partner, FIELD)


@predicate
def injection_without_modifier(facts: Facts) -> Iterator[Found]:
    """T-073."""
    for partner in _bundled(facts):
        if not _is_therapy(partner.line.cpt):
            words = {"partner": partner.line.cpt, "loser": partner.loser}
            yield Found(FIELD, _evidence(facts, partner.line), words, remark=partner.doubt)


def _hopeless(facts: Facts) -> Iterator[Partner]:
    return (partner for partner in facts.partners if partner.pair.indicator == 0)


@predicate
def pair_that_no_modifier_passes(facts: Facts) -> Iterator[Found]:
    """T-027. The three that are always so are T-074's."""
    for partner in _hopeless(facts):
        if partner.line.cpt not in NEVER_TOGETHER:
            yield _named(facts, partner, "lines")


@predicate
def drawing_or_flushing(facts: Facts) -> Iterator[Found]:
    """T-074: the special text of T-027; the rows are those of the practitioner's file."""
    for partner in _hopeless(facts):
        if partner.line.cpt in NEVER_TOGETHER and facts.context.form in PROFESSIONAL_FORMS:
            yield _named(facts, partner, "lines")


def _times(facts: Facts, line: ServiceLine) -> dict[str, object]:
    """Start and end of both on the clinic's clock, and the minutes that they share."""
    times = facts.beside(line)
    assert times is not None
    return {
        "start": f"{facts.local(times.start):%H:%M}",
        "end": f"{facts.local(times.end):%H:%M}",
        "partner": line.cpt,
        "partner_start": f"{facts.local(times.partner_start):%H:%M}",
        "partner_end": f"{facts.local(times.partner_end):%H:%M}",
        "minutes": times.shared_minutes,
    }


def _where(facts: Facts, partner: Partner) -> str:
    """What the claim says of another place: only regions that both name show one."""
    line = partner.line
    if facts.other_region(line):
        return f", on another region ({facts.region}, {line.body_region}), which is allowed"
    if "XS" in facts.separated(partner):
        return "; XS says another structure or region, and no region on the claim shows it"
    return ""


@predicate
def separate_but_at_the_same_time(facts: Facts) -> Iterator[Found]:
    """T-028. Only for a pair: a supervised modality may otherwise share its time.

    Beside the device's seconds the partner's times are whole minutes: a minute at an edge is none.
    """
    for partner in facts.partners:
        separate = facts.separated(partner)
        if not separate or partner.pair.indicator != 1 or not facts.overlap(partner.line):
            continue
        where = _where(facts, partner)
        words = {
            **_times(facts, partner.line),
            "found": ", ".join(sorted(separate)),
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


@predicate
def the_log_supports_separate(facts: Facts) -> Iterator[Found]:
    """T-029."""
    for partner in facts.partners:
        separate = facts.separated(partner)
        if separate and partner.pair.indicator == 1 and facts.overlap(partner.line) is False:
            words = {**_times(facts, partner.line), "found": ", ".join(sorted(separate))}
            edge = "a minute at the edge is one of rounding" if words["minutes"] else ""
            yield Found(FIELD, _evidence(facts, partner.line), words, remark=edge)


@predicate
def an_x_modifier_says_more(facts: Facts) -> Iterator[Found]:
    """T-031. On 97012 or on its partner."""
    lines = [facts.line] if facts.line else []
    for line in (*lines, *(partner.line for partner in facts.partners)):
        if "59" in line.modifiers and facts.profile.accepts_x_modifiers:
            yield Found(FIELD, (facts.line_evidence(line),), {"code": line.cpt})


@predicate
def other_structure_same_region(facts: Facts) -> Iterator[Found]:
    """T-032."""
    for partner in facts.partners:
        region = partner.line.body_region
        if "XS" in facts.separated(partner) and region is not None and region == facts.region:
            evidence = (*_evidence(facts, partner.line), *facts.told("region"))
            yield Found(FIELD, evidence, {"partner": partner.line.cpt, "region": region})


@predicate
def manual_therapy_without_times(facts: Facts) -> Iterator[Found]:
    """T-046. Once the times are known, T-026, T-028 or T-029 speak."""
    for line in facts.others:
        same = line.cpt == MANUAL_THERAPY and not facts.other_region(line)
        unknown = None in (line.started_at, line.ended_at)
        if facts.line is not None and same and unknown:
            named = facts.region is not None and line.body_region == facts.region
            where = f"the same region ({facts.region})" if named else "perhaps the same region"
            yield Found("lines.started_at", _evidence(facts, line), {"where": where})


@predicate
def manipulation_is_no_pair(facts: Facts) -> Iterator[Found]:
    """T-047. Silent where a loaded file says otherwise."""
    codes = sorted(
        code
        for code in facts.codes & MANIPULATIONS
        if facts.tables.pairs.find(code, facts.day) is None
    )
    if facts.line is not None and codes:
        evidence = (facts.claimed(f"codes beside {TRACTION}", ", ".join(codes)),)
        yield Found("lines", evidence, {"codes": ", ".join(codes)})

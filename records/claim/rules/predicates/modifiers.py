"""Modifiers (T-021 to T-025, T-030, T-033 to T-035, T-039 to T-045, T-071).

GP and CQ or CO are required on every therapy line of the claim, the others on 97012. That another
code is a therapy service is general knowledge: there a finding warns at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from records.claim.code_sets import (
    ASSISTANT_SHARE,
    ASSISTANTS,
    CHIROPRACTOR_TAXONOMY,
    DISCIPLINES,
    NOTICES,
    SEPARATE,
    TIMED,
    TRACTION,
    X_MODIFIERS,
    in_order,
)
from records.claim.context import ASSISTANT_ROLES, ServiceLine
from records.claim.rules.facts import Facts
from records.claim.rules.findings import (
    Evidence,
    Found,
    NotApplicable,
    NotJudged,
    Severity,
    Told,
)
from records.claim.rules.predicates.gates import medicare, traction_billed
from records.claim.rules.predicates.registry import predicate

FIELD = "lines.modifiers"
MODIFIER = re.compile(r"[0-9A-Z]{2}")
MOST_MODIFIERS = 4


def certainty(line: ServiceLine) -> Severity:
    """Returns how certain a finding is: that another code is therapy is general knowledge."""
    return "error" if line.cpt == TRACTION else "warn"


def _evidence(facts: Facts) -> Evidence:
    return (facts.line_evidence(facts.line),) if facts.line else ()


def _listed(modifiers: frozenset[str]) -> str:
    return ", ".join(sorted(modifiers))


def _outside_medicare(facts: Facts) -> Severity | None:
    """Returns a warning for another payer, because the sources are Medicare's."""
    return None if facts.medicare else "warn"


def chiropractor_for_medicare(facts: Facts) -> bool:
    """Requires a chiropractor's claim to Original Medicare, by profile, taxonomy or role."""
    rendering = facts.context.rendering
    taxonomy = (rendering.taxonomy if rendering else None) or ""
    role = facts.line.performed_by_role if facts.line else None
    is_one = taxonomy.startswith(CHIROPRACTOR_TAXONOMY) or role == "DC"
    return facts.medicare and (is_one or facts.profile.pays_chiropractor_manipulation_only)


def wants_a_discipline(facts: Facts) -> NotApplicable | None:
    """Requires a payer with GP or GO on a therapy line."""
    if facts.medicare or facts.profile.requires_discipline_modifier:
        return None
    return NotApplicable("this payer is not known to ask for a discipline on the line")


@predicate(traction_billed, wants_a_discipline)
def discipline_modifier_missing(facts: Facts) -> Iterator[Told]:
    """T-021. A chiropractor's 97012 for Medicare has its own sentence (T-039)."""
    discipline = facts.context.therapy_discipline
    offer = discipline or "GP under a physical, GO under an occupational therapy plan"
    for line in lines_without_discipline(facts):
        if line.cpt == TRACTION and chiropractor_for_medicare(facts):
            yield NotApplicable("a chiropractor's 97012 for Medicare: T-039 speaks of it")
            continue
        yield Found(
            FIELD,
            (facts.line_evidence(line), facts.claimed("plan.discipline", discipline)),
            {"code": line.cpt, "offer": offer},
            at_most=certainty(line),
        )


def lines_without_discipline(facts: Facts) -> Iterator[ServiceLine]:
    """Returns therapy lines without GP, GO or GN, where the payer requires one."""
    if wants_a_discipline(facts) is None:
        for line in facts.therapy_lines:
            if not frozenset(line.modifiers) & DISCIPLINES:
                yield line


@predicate()
def two_disciplines(facts: Facts) -> Iterator[Told]:
    """T-022. On any line of the claim. Sourced for Medicare; elsewhere a warning."""
    for line in facts.lines:
        found = frozenset(line.modifiers) & DISCIPLINES
        if len(found) > 1:
            words = {"code": line.cpt, "found": _listed(found)}
            evidence = (facts.line_evidence(line),)
            yield Found(FIELD, evidence, words, severity=_outside_medicare(facts))


@predicate(traction_billed)
def speech_modifier(facts: Facts) -> Iterator[Told]:
    """T-023."""
    if "GN" in facts.modifiers:
        yield Found(FIELD, _evidence(facts))


@predicate(traction_billed)
def discipline_is_not_the_plan_s(facts: Facts) -> Iterator[Told]:
    """T-024. The context has one plan; another code's line may belong to another one."""
    plan = facts.context.therapy_discipline
    said = [line for line in facts.therapy_lines if frozenset(line.modifiers) & DISCIPLINES]
    if not said:
        yield NotApplicable("no line carries GP, GO or GN")
    elif plan is None:
        why = "no plan says whose therapy it is"
        yield NotJudged("plan.discipline", why, severity=_outside_medicare(facts))
        return
    for line in said:
        found = frozenset(line.modifiers) & DISCIPLINES
        if plan not in found:
            yield Found(
                FIELD,
                (facts.line_evidence(line), facts.claimed("plan.discipline", plan)),
                {"code": line.cpt, "found": _listed(found), "plan": plan},
                severity=_outside_medicare(facts),
                at_most=certainty(line),
            )


@predicate(traction_billed)
def separate_without_a_pair(facts: Facts) -> Iterator[Told]:
    """T-025."""
    found = facts.modifiers & SEPARATE
    if not found:
        yield NotApplicable("97012 carries neither 59 nor an X modifier")
    elif not facts.partners:
        evidence = tuple(facts.line_evidence(line) for line in facts.others)
        yield Found(FIELD, (*_evidence(facts), *evidence), {"found": _listed(found)})


@predicate()
def both_59_and_x(facts: Facts) -> Iterator[Told]:
    """T-030. On any line of the claim."""
    for line in facts.lines:
        found = frozenset(line.modifiers) & X_MODIFIERS
        if found and "59" in line.modifiers:
            words = {"code": line.cpt, "found": _listed(found)}
            yield Found(FIELD, (facts.line_evidence(line),), words)


def assistant_share(facts: Facts, line: ServiceLine) -> float | None:
    """Returns an assistant's own share of a service; None when it is not known.

    A part of a timed code is not judged: the share on file applies to untimed ones.
    """
    if line.assistant_min is None:
        return 1.0 if line.performed_by_role in ASSISTANT_ROLES else None
    minutes = (facts.traction_minutes if line.cpt == TRACTION else None) or line.minutes
    if not minutes or (line.cpt in TIMED and line.assistant_min < minutes):
        return None
    return line.assistant_min / minutes


def assistant_modifier(facts: Facts, line: ServiceLine) -> str:
    """Returns CO for occupational therapy, else CQ."""
    said = (facts.context.therapy_discipline, *line.modifiers)
    return "CO" if "GO" in said or line.performed_by_role == "OTA" else "CQ"


def lines_of_assistants(facts: Facts) -> Iterator[tuple[ServiceLine, float]]:
    """Returns therapy lines that need CQ or CO and have none, with the assistant's share."""
    for line in facts.therapy_lines if facts.profile.assistant_modifiers else ():
        share = assistant_share(facts, line) or 0
        if share > ASSISTANT_SHARE and not ASSISTANTS.keys() & frozenset(line.modifiers):
            yield line, share


def lines_of_responsible_assistants(facts: Facts) -> Iterator[ServiceLine]:
    """Yields 97012 where the record, but not the claim, has an assistant, and CQ or CO is open."""
    recorded = facts.beside.assistant_time
    if recorded is None or recorded.share <= ASSISTANT_SHARE:
        return
    for line in facts.therapy_lines if facts.profile.assistant_modifiers else ():
        silent = line.assistant_min is None and assistant_share(facts, line) is None
        if line.cpt == TRACTION and silent and not ASSISTANTS.keys() & frozenset(line.modifiers):
            yield line


def wants_assistants(facts: Facts) -> NotApplicable | None:
    """Requires a payer with CQ or CO where an assistant treated."""
    if facts.profile.assistant_modifiers:
        return None
    return NotApplicable("this payer is not known to ask for CQ or CO")


def _assistant_is_unknown(facts: Facts, line: ServiceLine) -> NotJudged | None:
    """Yields that it is unknown who treated on a line, or how much of it an assistant did."""
    if ASSISTANTS.keys() & frozenset(line.modifiers) or assistant_share(facts, line) is not None:
        return None
    if line.assistant_min is not None:
        what = "lines.minutes" if not line.minutes else "the share of a timed code"
        return NotJudged(what, f"line {line.cpt}, an assistant treated", at_most=certainty(line))
    if line.performed_by_role is None:
        return NotJudged("lines.performed_by_role", f"line {line.cpt}", at_most=certainty(line))
    return None


@predicate(traction_billed, wants_assistants)
def assistant_modifier_missing(facts: Facts) -> Iterator[Told]:
    """T-033. Minutes together with the therapist count as the therapist's."""
    yield from filter(None, (_assistant_is_unknown(facts, line) for line in facts.therapy_lines))
    for line, share in lines_of_assistants(facts):
        offer = assistant_modifier(facts, line)
        yield Found(
            FIELD,
            (facts.line_evidence(line), *facts.told("performed_by", "delivered_minutes")),
            {"code": line.cpt, "share": f"{100 * share:.0f} %", "offer": offer},
            at_most=certainty(line),
        )


def assistant_named(facts: Facts) -> NotApplicable | None:
    """Requires a line with CQ or CO."""
    if any(ASSISTANTS.keys() & frozenset(line.modifiers) for line in facts.lines):
        return None
    return NotApplicable("no line carries CQ or CO")


@predicate(assistant_named)
def assistant_without_its_discipline(facts: Facts) -> Iterator[Told]:
    """T-034. On any line of the claim."""
    for line in facts.lines:
        for found, wanted in ASSISTANTS.items():
            if found in line.modifiers and wanted not in line.modifiers:
                words = {"code": line.cpt, "found": found, "wanted": wanted}
                evidence = (facts.line_evidence(line),)
                yield Found(FIELD, evidence, words, severity=_outside_medicare(facts))


@predicate(medicare, assistant_named)
def assistant_is_paid_less(facts: Facts) -> Iterator[Told]:
    """T-035. On any line of the claim; information that is never held."""
    for line in facts.lines:
        found = ASSISTANTS.keys() & frozenset(line.modifiers)
        if found:
            words = {"code": line.cpt, "found": _listed(frozenset(found))}
            yield Found(FIELD, (facts.line_evidence(line),), words)


@predicate(medicare, traction_billed)
def chiropractor_under_medicare(facts: Facts) -> Iterator[Told]:
    """T-039, split: without a discipline it is unprocessable, without GY only inadvisable."""
    if not chiropractor_for_medicare(facts):
        yield _no_chiropractor(facts)
        return
    if not facts.modifiers & DISCIPLINES:
        what = "GP (or GO) is missing: the line is unprocessable, also with GY."
        yield Found(FIELD, _evidence(facts), {"what": what})
    if "GY" not in facts.modifiers:
        what = "GY (excluded by law) should stand on the line."
        yield Found(FIELD, _evidence(facts), {"what": what}, severity="warn")


def _no_chiropractor(facts: Facts) -> NotApplicable | NotJudged:
    """Returns whether role or taxonomy show that somebody else treated."""
    rendering = facts.context.rendering
    role = facts.line.performed_by_role if facts.line else None
    if role is None and (rendering is None or rendering.taxonomy is None):
        why = "neither it nor the line's role says whether a chiropractor treated"
        return NotJudged("rendering.taxonomy", why)
    return NotApplicable("no chiropractor treated")


def notice_of_excluded_care(facts: Facts) -> NotApplicable | None:
    """Requires GX or GY on 97012."""
    if facts.modifiers & {"GX", "GY"}:
        return None
    return NotApplicable("97012 carries neither GX nor GY")


@predicate(traction_billed, notice_of_excluded_care)
def voluntary_notice(facts: Facts) -> Iterator[Told]:
    """T-040. GX goes with GY, and never with GA, GL, GZ or EY."""
    modifiers, on_file = facts.modifiers, facts.context.voluntary_abn_on_file
    if "GX" not in modifiers and on_file is None:
        yield NotJudged("voluntary_abn_on_file", "GY stands on the line")
    if "GX" not in modifiers and on_file:
        what = "A voluntary notice is on file and GY stands on the line: GX goes with it."
        yield Found(FIELD, _evidence(facts), {"what": what})
    wrong = modifiers & {"GA", "GL", "GZ", "EY"}
    if "GX" in modifiers and wrong:
        what = f"GX together with {_listed(wrong)} is returned."
        yield Found(FIELD, _evidence(facts), {"what": what}, severity="error")


@predicate(traction_billed)
def notices_contradict(facts: Facts) -> Iterator[Told]:
    """T-041."""
    found = facts.modifiers & {"GA", "GY", "GZ"}
    if len(found) > 1:
        yield Found(FIELD, _evidence(facts), {"found": _listed(found)})


@predicate(traction_billed)
def notice_is_not_on_file(facts: Facts) -> Iterator[Told]:
    """T-042."""
    if "GA" not in facts.modifiers:
        yield NotApplicable("97012 does not carry GA")
    elif not facts.context.abn_on_file:
        signed = facts.claimed("abn_on_file", facts.context.abn_on_file)
        yield Found(FIELD, (*_evidence(facts), signed))


@predicate(traction_billed)
def active_treatment_modifier(facts: Facts) -> Iterator[Told]:
    """T-043."""
    if "AT" in facts.modifiers:
        yield Found(FIELD, _evidence(facts))


@predicate()
def modifiers_do_not_fit(facts: Facts) -> Iterator[Told]:
    """T-044. On any line of the claim."""
    for line in facts.lines:
        misshapen = [m for m in line.modifiers if not MODIFIER.fullmatch(m)]
        if misshapen or len(line.modifiers) > MOST_MODIFIERS:
            words = {"code": line.cpt, "found": " ".join(line.modifiers)}
            yield Found(FIELD, (facts.line_evidence(line),), words)


@predicate(traction_billed)
def modifier_order_differs(facts: Facts) -> Iterator[Told]:
    """T-045."""
    found = list(facts.line.modifiers) if facts.line else []
    wanted = in_order(found, facts.profile.modifier_order)
    if found != wanted:
        words = {"found": " ".join(found), "wanted": " ".join(wanted)}
        yield Found(FIELD, _evidence(facts), words)


@predicate(traction_billed)
def notice_outside_original_medicare(facts: Facts) -> Iterator[Told]:
    """T-071."""
    found = facts.modifiers & NOTICES
    if facts.profile.kind != "medicare_advantage":
        yield NotApplicable("this payer is no Medicare Advantage plan")
    elif found:
        yield Found(FIELD, _evidence(facts), {"found": _listed(found)})

"""Other codes and places of the day (T-048 to T-051, T-075 to T-077)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from records.claim.code_sets import (
    ALWAYS_THERAPY,
    HOME_UNITS,
    HOSPITAL_PLACES,
    HOT_PACKS,
    REHABILITATION,
    STIMULATION_NOT_MEDICARE,
    THERAPIST_TAXONOMIES,
    TRACTION,
)
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Told
from records.claim.rules.predicates.gates import medicare, professional, traction_billed
from records.claim.rules.predicates.registry import predicate

THERAPISTS = ("PT", "PTA", "OT", "OTA")


@predicate(medicare, traction_billed)
def multiple_procedure_cut(facts: Facts) -> Iterator[Told]:
    """T-048. The unit with the highest practice expense is paid in full, the others reduced."""
    others = sorted(facts.codes & ALWAYS_THERAPY - {TRACTION, HOT_PACKS})
    if not others:
        yield NotApplicable("the day has no other therapy that the cut compares")
        return
    why = cut_reason(facts, others)
    if why is not None:
        evidence = tuple(facts.line_evidence(line) for line in facts.others if line.cpt in others)
        yield Found("lines", evidence, {"codes": ", ".join(others), "why": why})


def cut_reason(facts: Facts, others: list[str]) -> str | None:
    """Returns why 97012 is reduced, in words; None when it is the one that is paid in full."""
    table = facts.tables.practice_expense(facts.day)
    if table is None or TRACTION not in table.values:
        return "; not checked who is cut: no values of this year are loaded"
    own = table.values[TRACTION]
    known = {code: table.values[code] for code in others if code in table.values}
    higher = {code: value for code, value in known.items() if value >= own}
    if higher:
        code = max(higher, key=lambda name: (higher[name], name))
        return f" ({code} has {_shown(higher[code])}, 97012 {_shown(own)})"
    if len(known) < len(others):
        unknown = ", ".join(sorted(set(others) - set(known)))
        return f" unless it has the highest value; not checked for {unknown}"
    return None


def _shown(value: Decimal) -> str:
    return f"{value:.2f}"


@predicate(medicare, traction_billed)
def packs_are_bundled(facts: Facts) -> Iterator[Told]:
    """T-049."""
    if HOT_PACKS in facts.codes:
        yield Found("lines", (facts.claimed("code of the day", HOT_PACKS),))


@predicate(medicare)
def stimulation_has_another_code(facts: Facts) -> Iterator[Told]:
    """T-050. The fault is on the 97014 line."""
    for line in facts.others:
        if line.cpt == STIMULATION_NOT_MEDICARE:
            yield Found("lines.cpt", (facts.line_evidence(line),))


@predicate(traction_billed)
def home_unit_on_the_claim(facts: Facts) -> Iterator[Told]:
    """T-051. On this claim; another claim of the day may have it."""
    codes = sorted(frozenset(line.cpt for line in facts.lines) & HOME_UNITS)
    if codes:
        evidence = (facts.claimed("codes of the claim", ", ".join(codes)),)
        yield Found("lines.cpt", evidence, {"codes": ", ".join(codes)})


@predicate(medicare, professional, traction_billed)
def therapist_in_private_practice_at_a_hospital(facts: Facts) -> Iterator[Told]:
    """T-075. A professional claim of a therapist, by taxonomy or role."""
    line, rendering = facts.line, facts.context.rendering
    assert line is not None
    taxonomy = rendering.taxonomy if rendering else None
    if line.pos is None:
        yield NotJudged("lines.pos", f"line {line.cpt}")
    elif line.pos not in HOSPITAL_PLACES:
        return
    elif taxonomy is None and line.performed_by_role is None:
        yield NotJudged("rendering.taxonomy", "the line's role is not said either")
    elif (taxonomy or "").startswith(THERAPIST_TAXONOMIES) or line.performed_by_role in THERAPISTS:
        evidence = (facts.claimed("pos", line.pos), facts.claimed("rendering.taxonomy", taxonomy))
        yield Found("lines.pos", evidence, {"pos": line.pos})


@predicate(traction_billed)
def included_in_rehabilitation(facts: Facts) -> Iterator[Told]:
    """T-076."""
    codes = sorted(facts.codes & REHABILITATION)
    if codes:
        evidence = tuple(facts.line_evidence(line) for line in facts.others if line.cpt in codes)
        yield Found("lines", evidence, {"codes": ", ".join(codes)})


@predicate(traction_billed)
def notice_does_not_shift_the_limit(facts: Facts) -> Iterator[Told]:
    """T-077."""
    units = sum(line.units for line in facts.day_lines if line.cpt == TRACTION)
    assert facts.line is not None
    if units <= facts.tables.daily_limit(facts.day).units:
        yield NotApplicable("the units are within the daily limit")
    elif "GA" in facts.modifiers or facts.context.abn_on_file:
        evidence = (
            facts.line_evidence(facts.line),
            facts.claimed("abn_on_file", facts.context.abn_on_file),
        )
        yield Found("lines.units", evidence, {"units": units})

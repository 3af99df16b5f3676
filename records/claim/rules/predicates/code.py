"""The code and its units (T-001 to T-010, T-078)."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.code_sets import ALWAYS_THERAPY, TRACTION
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found
from records.claim.rules.predicates.registry import predicate

MINUTES = "MJ"


@predicate
def no_machine_is_recorded(facts: Facts) -> Iterator[Found]:
    """T-001. The device's log is the proof that a machine pulled."""
    if facts.line is None:
        return
    if facts.note is None:
        yield Found(
            "lines",
            (facts.line_evidence(facts.line),),
            {"missing": "no session of a device is linked"},
        )
    elif facts.word("device_type") is None:
        yield Found(
            "device_type", facts.told("device_type"), {"missing": "the note names no device"}
        )


@predicate
def technique_is_not_mechanical(facts: Facts) -> Iterator[Found]:
    """T-002."""
    technique = facts.line.technique if facts.line else None
    if technique not in (None, "mechanical", "axial_decompression"):
        yield Found(
            "lines.technique",
            (facts.claimed("technique", technique),),
            {"technique": str(technique).replace("_", " ")},
        )


@predicate
def units_are_not_one(facts: Facts) -> Iterator[Found]:
    """T-003. All lines of the day are added up."""
    lines = [line for line in facts.context.all_lines if line.cpt == TRACTION]
    units, limit = sum(line.units for line in lines), facts.tables.daily_limit(facts.day)
    if facts.line is not None and (units != 1 if limit.units == 1 else units > limit.units):
        evidence = tuple(facts.line_evidence(line) for line in lines)
        yield Found("lines.units", evidence, {"units": units, "limit": f"limit {limit.units}"})


@predicate
def traction_stands_twice(facts: Facts) -> Iterator[Found]:
    """T-004."""
    lines = [
        line
        for line in facts.context.all_lines
        if line.cpt == TRACTION and facts.same_provider(line)
    ]
    if facts.line is not None and len(lines) > 1:
        evidence = tuple(facts.line_evidence(line) for line in lines)
        yield Found("lines", evidence, {"count": len(lines)})


@predicate
def units_are_minutes(facts: Facts) -> Iterator[Found]:
    """T-005. Minutes by their measure, or by being the very number of minutes."""
    for line in facts.context.lines_of(TRACTION):
        minutes = {line.minutes, facts.traction_minutes} - {None, 0, 1}
        if line.unit_of_measure == MINUTES or line.units in minutes:
            yield Found(
                "lines.units",
                (facts.line_evidence(line), *facts.told("delivered_minutes")),
                {"units": line.units, "measure": line.unit_of_measure},
            )


def _decompression(facts: Facts) -> bool:
    return facts.line is not None and facts.line.technique == "axial_decompression"


@predicate
def decompression_is_excluded(facts: Facts) -> Iterator[Found]:
    """T-006."""
    if _decompression(facts) and facts.profile.decompression == "excluded":
        yield Found("lines.technique", (facts.claimed("technique", "axial decompression"),))


@predicate
def decompression_asks_the_plan(facts: Facts) -> Iterator[Found]:
    """T-007."""
    if _decompression(facts) and facts.profile.decompression == "ask":
        yield Found("lines.technique", (facts.claimed("technique", "axial decompression"),))


@predicate
def device_identifier_is_missing(facts: Facts) -> Iterator[Found]:
    """T-008."""
    device = facts.context.device
    identifier = device.udi_di if device else None
    if facts.line is not None and facts.profile.needs_fda_clearance and identifier is None:
        yield Found("device.udi_di", (facts.claimed("device.udi_di", None), *facts.told("device")))


@predicate
def traction_stands_alone(facts: Facts) -> Iterator[Found]:
    """T-009."""
    visits = facts.context.visits_97012_this_episode
    alone = not any(line.cpt in ALWAYS_THERAPY for line in facts.others)
    if facts.line is not None and alone and visits is not None and visits > 1:
        yield Found(
            "lines", (facts.claimed("visits_97012_this_episode", visits),), {"visits": visits}
        )


@predicate
def charge_is_zero(facts: Facts) -> Iterator[Found]:
    """T-010. On any line of the claim."""
    for line in facts.lines:
        if line.charge == 0:
            evidence = (facts.line_evidence(line), facts.claimed("charge", line.charge))
            yield Found("lines.charge", evidence, {"code": line.cpt})


@predicate
def another_line_stands_twice(facts: Facts) -> Iterator[Found]:
    """T-078. The same in everything; of 97012 T-004 speaks."""
    lines = [line for line in facts.context.all_lines if line.cpt != TRACTION]
    for line in dict.fromkeys(line for line in lines if lines.count(line) > 1):
        words = {"code": line.cpt, "count": lines.count(line)}
        yield Found("lines", (facts.line_evidence(line),), words)

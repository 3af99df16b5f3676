"""The code and its units (T-001 to T-010, T-078)."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.code_sets import ALWAYS_THERAPY, TRACTION
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Told
from records.claim.rules.predicates.gates import other_codes, traction_billed
from records.claim.rules.predicates.registry import predicate
from records.provenance import NOT_RECORDED_TEXT

MINUTES = "MJ"
TECHNIQUE = "lines.technique"
NO_DEVICE = (
    f"this visit was entered from a downtime sheet: its numbers were {NOT_RECORDED_TEXT}, and no "
    "session of a device is linked"
)


@predicate(traction_billed)
def no_machine_is_recorded(facts: Facts) -> Iterator[Told]:
    """T-001. The device's log is the proof that a machine pulled."""
    assert facts.line is not None
    if facts.beside.sheet is not None:
        yield Found(
            "lines", (facts.line_evidence(facts.line), facts.beside.sheet), {"missing": NO_DEVICE}
        )
    elif facts.note is None:
        yield Found(
            "lines",
            (facts.line_evidence(facts.line),),
            {"missing": "no session of a device is linked"},
        )
    elif facts.word("device_type") is None:
        yield Found(
            "device_type", facts.told("device_type"), {"missing": "the note names no device"}
        )


def technique_said(facts: Facts) -> NotJudged | None:
    """Requires a technique on the line."""
    if facts.line is None or facts.line.technique is not None:
        return None
    return NotJudged(TECHNIQUE, "the claim does not say how it was pulled")


@predicate(traction_billed, technique_said)
def technique_is_not_mechanical(facts: Facts) -> Iterator[Told]:
    """T-002."""
    technique = facts.line.technique if facts.line else None
    if technique not in ("mechanical", "axial_decompression"):
        yield Found(
            TECHNIQUE,
            (facts.claimed("technique", technique),),
            {"technique": str(technique).replace("_", " ")},
        )


@predicate(traction_billed)
def units_are_not_one(facts: Facts) -> Iterator[Told]:
    """T-003. All lines of the day are added up."""
    lines = [line for line in facts.day_lines if line.cpt == TRACTION]
    units, limit = sum(line.units for line in lines), facts.tables.daily_limit(facts.day)
    if units != 1 if limit.units == 1 else units > limit.units:
        evidence = tuple(facts.line_evidence(line) for line in lines)
        yield Found("lines.units", evidence, {"units": units, "limit": f"limit {limit.units}"})


@predicate(traction_billed)
def traction_stands_twice(facts: Facts) -> Iterator[Told]:
    """T-004."""
    lines = [line for line in facts.day_lines if line.cpt == TRACTION and facts.same_provider(line)]
    if len(lines) > 1:
        evidence = tuple(facts.line_evidence(line) for line in lines)
        yield Found("lines", evidence, {"count": len(lines)})


@predicate(traction_billed)
def units_are_minutes(facts: Facts) -> Iterator[Told]:
    """T-005. Minutes by their unit of measure, or by being exactly the number of minutes."""
    for line in facts.context.lines_of(TRACTION):
        minutes = {line.minutes, facts.traction_minutes} - {None, 0, 1}
        if line.unit_of_measure == MINUTES or line.units in minutes:
            yield Found(
                "lines.units",
                (facts.line_evidence(line), *facts.told("delivered_minutes")),
                {"units": line.units, "measure": line.unit_of_measure},
            )


def _decompression(facts: Facts) -> Iterator[Told]:
    if facts.line is not None and facts.line.technique == "axial_decompression":
        yield Found(TECHNIQUE, (facts.claimed("technique", "axial decompression"),))


def excludes_decompression(facts: Facts) -> NotApplicable | None:
    """Requires a payer that does not cover axial decompression."""
    if facts.profile.decompression == "excluded":
        return None
    return NotApplicable("this payer does not exclude axial decompression")


def asks_of_decompression(facts: Facts) -> NotApplicable | None:
    """Requires a payer whose view of axial decompression is not known."""
    if facts.profile.decompression == "ask":
        return None
    return NotApplicable(f"this payer says of axial decompression: {facts.profile.decompression}")


@predicate(traction_billed, excludes_decompression, technique_said)
def decompression_is_excluded(facts: Facts) -> Iterator[Told]:
    """T-006."""
    yield from _decompression(facts)


@predicate(traction_billed, asks_of_decompression, technique_said)
def decompression_asks_the_plan(facts: Facts) -> Iterator[Told]:
    """T-007."""
    yield from _decompression(facts)


@predicate(traction_billed)
def device_identifier_is_missing(facts: Facts) -> Iterator[Told]:
    """T-008."""
    device = facts.context.device
    if not facts.profile.needs_fda_clearance:
        yield NotApplicable("this payer is not known to ask for a device identifier")
    elif device is None or device.udi_di is None:
        evidence = (facts.claimed("device.udi_di", None), *facts.told("device"))
        yield Found("device.udi_di", evidence, absent=True)


@predicate(traction_billed)
def traction_stands_alone(facts: Facts) -> Iterator[Told]:
    """T-009."""
    visits = facts.context.visits_97012_this_episode
    if any(line.cpt in ALWAYS_THERAPY for line in facts.others):
        return
    if visits is None:
        yield NotJudged("visits_97012_this_episode", "97012 is the only therapy of the day")
    elif visits > 1:
        yield Found(
            "lines", (facts.claimed("visits_97012_this_episode", visits),), {"visits": visits}
        )


@predicate()
def charge_is_zero(facts: Facts) -> Iterator[Told]:
    """T-010. On any line of the claim; T-083 reports a line without a charge."""
    for line in facts.lines:
        if line.charge is None:
            yield NotJudged("lines.charge", f"line {line.cpt}")
        elif line.charge == 0:
            evidence = (facts.line_evidence(line), facts.claimed("charge", line.charge))
            yield Found("lines.charge", evidence, {"code": line.cpt})


@predicate(other_codes)
def another_line_stands_twice(facts: Facts) -> Iterator[Told]:
    """T-078. Equal in everything; T-004 reports 97012."""
    lines = facts.others
    for line in dict.fromkeys(line for line in lines if lines.count(line) > 1):
        words = {"code": line.cpt, "count": lines.count(line)}
        yield Found("lines", (facts.line_evidence(line),), words)

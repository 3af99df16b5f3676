"""Minutes and times (T-011 to T-020)."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.code_sets import GRACE_MINUTES, SHORT_MINUTES, TIMED
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found
from records.claim.rules.predicates.registry import predicate

CLOCK_ERROR_S = 60
TIMES = ("started_at", "ended_at", "delivered_minutes", "paused")


@predicate
def shorter_than_the_payer_looks_for(facts: Facts) -> Iterator[Found]:
    """T-011. A payer's number, never a rule of the code."""
    minutes, wanted = facts.traction_minutes, facts.profile.min_minutes
    if facts.line is not None and minutes is not None and wanted and minutes < wanted:
        yield Found("delivered_minutes", facts.told(*TIMES), {"minutes": minutes, "wanted": wanted})


@predicate
def very_short_treatment(facts: Facts) -> Iterator[Found]:
    """T-012."""
    minutes = facts.traction_minutes
    if facts.line is not None and minutes is not None and minutes < SHORT_MINUTES:
        yield Found("delivered_minutes", facts.told(*TIMES), {"minutes": minutes})


@predicate
def total_treatment_minutes_missing(facts: Facts) -> Iterator[Found]:
    """T-013."""
    missing = facts.note is not None and facts.number("total_treatment_minutes") is None
    if facts.medicare and missing:
        yield Found("total_treatment_minutes", facts.told("total_treatment_minutes"))


@predicate
def total_timed_minutes_missing(facts: Facts) -> Iterator[Found]:
    """T-014."""
    timed = sorted(facts.codes & TIMED)
    missing = facts.note is not None and facts.number("total_timed_minutes") is None
    if facts.medicare and timed and missing:
        yield Found(
            "total_timed_minutes", facts.told("total_timed_minutes"), {"codes": ", ".join(timed)}
        )


@predicate
def total_is_smaller_than_its_parts(facts: Facts) -> Iterator[Found]:
    """T-015."""
    total, timed = facts.number("total_treatment_minutes"), facts.number("total_timed_minutes")
    traction = facts.traction_minutes or 0
    if total is not None and total < (timed or 0) + traction:
        yield Found(
            "total_treatment_minutes",
            facts.told("total_treatment_minutes", "total_timed_minutes", "delivered_minutes"),
            {"total": total, "timed": timed or 0, "traction": traction},
        )


@predicate
def more_minutes_than_logged(facts: Facts) -> Iterator[Found]:
    """T-016. One minute of grace for rounding."""
    claimed, logged = _claimed_minutes(facts), facts.elapsed_minutes
    if claimed is not None and logged is not None and claimed > logged + GRACE_MINUTES:
        yield Found(
            "lines.minutes",
            (facts.claimed("line 97012 minutes", claimed), *facts.told(*TIMES)),
            {"claimed": claimed, "logged": logged},
        )


@predicate
def pauses_are_counted(facts: Facts) -> Iterator[Found]:
    """T-017. More than the traction, and no more than the traction with its pauses."""
    claimed, minutes, logged = (
        _claimed_minutes(facts),
        facts.traction_minutes,
        facts.elapsed_minutes,
    )
    if claimed is None or minutes is None or logged is None or facts.dose is None:
        return
    paused = facts.dose.paused_ms > 0
    if paused and minutes + GRACE_MINUTES < claimed <= logged + GRACE_MINUTES:
        yield Found(
            "lines.minutes",
            (facts.claimed("line 97012 minutes", claimed), *facts.told(*TIMES)),
            {"claimed": claimed, "minutes": minutes},
        )


def _claimed_minutes(facts: Facts) -> int | None:
    return facts.line.minutes if facts.line else None


@predicate
def duration_is_missing(facts: Facts) -> Iterator[Found]:
    """T-018."""
    if facts.line is not None and facts.traction_minutes is None and not _claimed_minutes(facts):
        yield Found("delivered_minutes", facts.told("delivered_minutes"))


@predicate
def date_is_not_the_session_s(facts: Facts) -> Iterator[Found]:
    """T-019. The session's day, and the day of every service whose time is known."""
    claimed, started = facts.claimed("date_of_service", facts.day), facts.started
    if started is not None and facts.local(started).date() != facts.day:
        what = f"the device's session was on {facts.local(started).date()}"
        evidence = (claimed, *facts.told("started_at"))
        yield Found("date_of_service", evidence, {"claimed": facts.day, "what": what})
    for line in facts.context.all_lines:
        moment = line.started_at or line.ended_at
        if moment is not None and facts.local(moment).date() != facts.day:
            what = f"line {line.cpt} was on {facts.local(moment).date()}"
            evidence = (claimed, facts.line_evidence(line))
            yield Found("lines.started_at", evidence, {"claimed": facts.day, "what": what})


@predicate
def clock_was_not_checked(facts: Facts) -> Iterator[Found]:
    """T-020."""
    device = facts.context.device
    offset_s = device.clock_offset_s if device else None
    if facts.started is None or (offset_s is not None and abs(offset_s) <= CLOCK_ERROR_S):
        return
    how = "was not compared" if offset_s is None else f"was off by {offset_s} s"
    yield Found(
        "device.clock_offset_s",
        (facts.claimed("device.clock_offset_s", offset_s), *facts.told("started_at")),
        {"how": how},
    )

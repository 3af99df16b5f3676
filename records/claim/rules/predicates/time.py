"""Minutes and times (T-011 to T-020)."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.code_sets import GRACE_MINUTES, SHORT_MINUTES, TIMED
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Told
from records.claim.rules.predicates.gates import medicare, noted, traction_billed
from records.claim.rules.predicates.registry import predicate

CLOCK_ERROR_S = 60
TIMES = ("started_at", "ended_at", "delivered_minutes", "paused")
TOTAL, TOTAL_TIMED = "total_treatment_minutes", "total_timed_minutes"
NO_TREATMENT = "the log holds no treatment"


def treatment_logged(facts: Facts) -> NotJudged | None:
    """Requires a treatment with its minutes in the device's log."""
    if facts.traction_minutes is not None:
        return None
    return NotJudged("delivered_minutes", NO_TREATMENT)


def minutes_claimed(facts: Facts) -> NotApplicable | None:
    """Requires minutes on the 97012 line."""
    if facts.line is not None and facts.line.minutes is not None:
        return None
    return NotApplicable("the 97012 line says no minutes, and it needs none")


def wants_minutes(facts: Facts) -> NotApplicable | None:
    """Requires a payer that looks for a number of minutes."""
    if facts.profile.min_minutes:
        return None
    return NotApplicable("this payer is not known to look for a number of minutes")


@predicate(traction_billed, wants_minutes, treatment_logged)
def shorter_than_the_payer_looks_for(facts: Facts) -> Iterator[Told]:
    """T-011. A payer's number, never a rule of the code."""
    minutes, wanted = facts.traction_minutes or 0, facts.profile.min_minutes or 0
    if minutes < wanted:
        yield Found("delivered_minutes", facts.told(*TIMES), {"minutes": minutes, "wanted": wanted})


@predicate(traction_billed, treatment_logged)
def very_short_treatment(facts: Facts) -> Iterator[Told]:
    """T-012."""
    minutes = facts.traction_minutes or 0
    if minutes < SHORT_MINUTES:
        yield Found("delivered_minutes", facts.told(*TIMES), {"minutes": minutes})


@predicate(medicare, noted)
def total_treatment_minutes_missing(facts: Facts) -> Iterator[Told]:
    """T-013."""
    if facts.number(TOTAL) is None:
        yield Found(TOTAL, facts.told(TOTAL), absent=True)


@predicate(medicare, noted)
def total_timed_minutes_missing(facts: Facts) -> Iterator[Told]:
    """T-014."""
    timed = sorted(facts.codes & TIMED)
    if not timed:
        yield NotApplicable("no code of the day is a timed one")
    elif facts.number(TOTAL_TIMED) is None:
        words = {"codes": ", ".join(timed)}
        yield Found(TOTAL_TIMED, facts.told(TOTAL_TIMED), words, absent=True)


@predicate(noted)
def total_is_smaller_than_its_parts(facts: Facts) -> Iterator[Told]:
    """T-015. The known parts are enough to say that the whole is too small."""
    total, timed, traction = facts.number(TOTAL), facts.number(TOTAL_TIMED), facts.traction_minutes
    if total is None:
        wanted = NotJudged(TOTAL, "this payer wants it in the note")
        yield wanted if facts.medicare else NotApplicable("the note states no total")
        return
    if total < (timed or 0) + (traction or 0):
        yield Found(
            TOTAL,
            facts.told(TOTAL, TOTAL_TIMED, "delivered_minutes"),
            {"total": total, "timed": timed or 0, "traction": traction or 0},
        )
        return
    if traction is None:
        yield NotJudged("delivered_minutes", NO_TREATMENT)
    if timed is None and facts.codes & TIMED:
        yield NotJudged(TOTAL_TIMED, "a code of the day is a timed one")


@predicate(minutes_claimed, treatment_logged)
def more_minutes_than_logged(facts: Facts) -> Iterator[Told]:
    """T-016. One minute of grace for rounding."""
    claimed, logged = facts.claimed_minutes or 0, facts.elapsed_minutes or 0
    if claimed > logged + GRACE_MINUTES:
        yield Found(
            "lines.minutes",
            (facts.claimed("line 97012 minutes", claimed), *facts.told(*TIMES)),
            {"claimed": claimed, "logged": logged},
        )


@predicate(minutes_claimed, treatment_logged)
def pauses_are_counted(facts: Facts) -> Iterator[Told]:
    """T-017. More than the traction, and no more than the traction with its pauses."""
    claimed, minutes = facts.claimed_minutes or 0, facts.traction_minutes or 0
    if facts.dose is None or not facts.dose.paused_ms:
        yield NotApplicable("the log holds no pause")
    elif minutes + GRACE_MINUTES < claimed <= (facts.elapsed_minutes or 0) + GRACE_MINUTES:
        yield Found(
            "lines.minutes",
            (facts.claimed("line 97012 minutes", claimed), *facts.told(*TIMES)),
            {"claimed": claimed, "minutes": minutes},
        )


@predicate(traction_billed)
def duration_is_missing(facts: Facts) -> Iterator[Told]:
    """T-018."""
    if facts.traction_minutes is None and not facts.claimed_minutes:
        yield Found("delivered_minutes", facts.told("delivered_minutes"))


@predicate()
def date_is_not_the_session_s(facts: Facts) -> Iterator[Told]:
    """T-019. The session's day, and the day of every service whose time is known."""
    claimed, started = facts.claimed("date_of_service", facts.day), facts.started
    if started is None:
        yield NotJudged("started_at", NO_TREATMENT)
    elif facts.local(started).date() != facts.day:
        what = f"the device's session was on {facts.local(started).date()}"
        evidence = (claimed, *facts.told("started_at"))
        yield Found("date_of_service", evidence, {"claimed": facts.day, "what": what})
    for line in facts.context.all_lines:
        moment = line.started_at or line.ended_at
        if moment is not None and facts.local(moment).date() != facts.day:
            what = f"line {line.cpt} was on {facts.local(moment).date()}"
            evidence = (claimed, facts.line_evidence(line))
            yield Found("lines.started_at", evidence, {"claimed": facts.day, "what": what})


@predicate()
def clock_was_not_checked(facts: Facts) -> Iterator[Told]:
    """T-020."""
    device = facts.context.device
    offset_s = device.clock_offset_s if device else None
    if facts.started is None:
        yield NotJudged("started_at", NO_TREATMENT)
    elif offset_s is None or abs(offset_s) > CLOCK_ERROR_S:
        how = "was not compared" if offset_s is None else f"was off by {offset_s} s"
        yield Found(
            "device.clock_offset_s",
            (facts.claimed("device.clock_offset_s", offset_s), *facts.told("started_at")),
            {"how": how},
        )

"""Whether there was a treatment to charge (T-087 to T-089, N-08). A named person decides.

The program proposes neither a lower charge nor a modifier.
"""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.decision import BILL_52, NO_BILL, REDUCED
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Evidence, Found, NotApplicable, Severity, Told
from records.claim.rules.predicates.gates import noted, traction_billed
from records.claim.rules.predicates.registry import predicate

LEAST_MS = 60_000
"""Traction below this counts as none: a minute is the least that a claim can state."""
PROGRAM_ENDED = "the program ended"


def _shown(facts: Facts) -> Evidence:
    names = [field.name for field in facts.note.device_fields] if facts.note else []
    stops = [name for name in names if name.startswith("stop")]
    return facts.told("delivered_minutes", "hold_time", "outcome", *stops)


def _no_treatment(facts: Facts) -> str:
    """Returns why nothing was given; "" when something was."""
    dose = facts.dose
    if dose is None or dose.treatment_started_ms is None:
        return "the minutes under traction are not known"
    if not facts.reached_hold:
        return "no hold was reached"
    if dose.traction_ms < LEAST_MS:
        return f"traction ran {dose.traction_ms // 1000} s, under a minute"
    return ""


@predicate(traction_billed, noted)
def no_treatment_was_given(facts: Facts) -> Iterator[Told]:
    """T-087. Whatever the cause; a decision to bill counts where a hold was reached."""
    what = _no_treatment(facts)
    if not what:
        return
    decided = facts.beside.decision
    to_bill = decided is not None and decided.value != NO_BILL and facts.reached_hold
    severity: Severity | None = "warn" if to_bill else None
    remark = decided.text if decided else ""
    yield Found("lines", _shown(facts), {"what": what}, severity=severity, remark=remark)


@predicate(traction_billed, noted)
def stopped_after_a_hold(facts: Facts) -> Iterator[Told]:
    """N-08. By whatever cause; without a hold T-087 applies."""
    causes = [str(stop.cause) for stop in facts.dose.stops] if facts.dose else []
    if facts.note is not None and facts.note.interrupted:
        causes.append(PROGRAM_ENDED)
    if not causes:
        yield NotApplicable("the log holds no stop")
    elif not facts.reached_hold:
        yield NotApplicable("no hold was reached: T-087 speaks of it")
    else:
        decided = facts.beside.decision
        severity: Severity | None = "info" if decided else None
        remark = decided.text if decided else ""
        words = {"causes": ", ".join(dict.fromkeys(causes))}
        yield Found("lines", _shown(facts), words, severity=severity, remark=remark)


@predicate(traction_billed)
def decided_not_to_bill(facts: Facts) -> Iterator[Told]:
    """T-088."""
    decided = facts.beside.decision
    if decided is None:
        yield NotApplicable("nobody had to decide whether it is billed")
    elif decided.value == NO_BILL:
        yield Found("lines", (), {"by": decided.by, "reason": decided.reason})


@predicate(traction_billed)
def reduced_service(facts: Facts) -> Iterator[Told]:
    """T-089. By a decision, or as given by the practice's system."""
    decided = facts.beside.decision
    by_decision = decided is not None and decided.value == BILL_52
    if REDUCED not in facts.modifiers and not by_decision:
        yield NotApplicable("97012 does not carry 52")
    elif not facts.profile.accepts_52:
        yield Found("lines.modifiers", (facts.line_evidence(facts.line),) if facts.line else ())

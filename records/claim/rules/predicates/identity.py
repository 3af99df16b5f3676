"""Consistency of the claim with note, log and other sessions (T-090 to T-095).

Patient, times and region have their source in the record; the claim's values are only compared.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime

from controller.words import one_line
from records.claim.code_sets import GRACE, TRACTION
from records.claim.context import ServiceLine
from records.claim.rules.facts import Facts, whole_minute
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Severity, Told
from records.claim.rules.predicates.gates import noted, traction_billed
from records.claim.rules.predicates.modifiers import certainty
from records.claim.rules.predicates.registry import predicate

REFERENCE = "patient_reference"
WHO_TREATED = ("performed_by", "supervised_by")


@predicate(noted)
def patient_is_another(facts: Facts) -> Iterator[Told]:
    """T-090. The note's newest entry counts; documents carry it, whatever the claim says."""
    told, claimed = facts.word(REFERENCE), facts.context.patient_ref
    if claimed is None:
        yield NotApplicable("the claim gives no number of the patient, the note's is used")
    elif told is None:
        yield NotJudged(REFERENCE, "the note names no patient")
    elif one_line(told).strip() != one_line(claimed).strip():
        evidence = (facts.claimed("patient_ref", claimed), *facts.told(REFERENCE))
        yield Found("patient_ref", evidence, {"claimed": claimed, "told": told})


@predicate(traction_billed, noted)
def times_are_not_the_log_s(facts: Facts) -> Iterator[Told]:
    """T-091. A minute at each edge is rounding; no shared time means another treatment."""
    timed = [line for line in facts.context.lines_of(TRACTION) if line.started_at or line.ended_at]
    if not timed:
        yield NotApplicable("the 97012 line says no times, the log's are used")
    elif facts.started is None or facts.ended is None:
        yield NotJudged("started_at", "the log holds no treatment")
    else:
        for line in timed:
            yield from _times_beside(facts, line, facts.started, facts.ended)


def _times_beside(
    facts: Facts, line: ServiceLine, started: datetime, ended: datetime
) -> Iterator[Told]:
    """Yields what a line's own times say beside the log's, both in whole minutes."""
    began = whole_minute(line.started_at) if line.started_at else None
    stopped = whole_minute(line.ended_at) if line.ended_at else None
    first, last = whole_minute(started), whole_minute(ended)
    late = began is not None and began > last + GRACE
    early = stopped is not None and stopped < first - GRACE
    off = [
        abs(claimed - logged) > GRACE
        for claimed, logged in ((began, first), (stopped, last))
        if claimed is not None
    ]
    if not any(off):
        return
    severity: Severity = "error" if late or early else "warn"
    shown = [f"{facts.local(each):%H:%M}" if each else "?" for each in (began, stopped)]
    words = {
        "claimed": " to ".join(shown),
        "logged": f"{facts.local(first):%H:%M} to {facts.local(last):%H:%M}",
    }
    evidence = (facts.line_evidence(line), *facts.told("started_at", "ended_at"))
    yield Found("lines.started_at", evidence, words, severity=severity)


@predicate(traction_billed, noted)
def region_is_not_the_log_s(facts: Facts) -> Iterator[Told]:
    """T-092. Each 97012 line that names a region."""
    named = [line for line in facts.context.lines_of(TRACTION) if line.body_region]
    treated = facts.word("region")
    if not named:
        yield NotApplicable("the 97012 line names no region, the order's is used")
    elif treated is None:
        yield NotJudged("region", "the note does not name what was treated")
    for line in named if treated else ():
        if line.body_region not in facts.regions:
            evidence = (facts.line_evidence(line), *facts.told("region"))
            words = {"claimed": line.body_region, "treated": treated}
            yield Found("lines.body_region", evidence, words)


@predicate(traction_billed)
def another_session_of_the_day(facts: Facts) -> Iterator[Told]:
    """T-093. Sessions of one visit are one line; a second claim is a second visit's, or wrong."""
    others = facts.beside.other_sessions
    if others is None:
        yield NotJudged("other sessions of the day", "nobody has looked for them")
        return
    for other in others:
        what = "its 97012 was exported as a claim" if other.exported else "no claim of it left here"
        words = {"which": f"{other.session_id}, {facts.local(other.began):%H:%M}", "what": what}
        yield Found("lines", (), words, severity=None if other.exported else "warn")


@predicate(noted)
def rendering_provider_is_not_in_the_note(facts: Facts) -> Iterator[Told]:
    """T-094. By the family name among who treated, watched and signed: a name is not proof."""
    rendering, signature = facts.context.rendering, facts.signature
    people = [facts.word(name) or "" for name in WHO_TREATED]
    people += [signature.signed_by] if signature else []
    known = [person for person in people if person]
    if rendering is None or not rendering.is_person:
        yield NotApplicable("the claim names no person who treated")
    elif not known:
        yield NotJudged("performed_by", "the note names nobody")
    elif not any(_names(person, rendering.last_name) for person in known):
        evidence = (
            facts.claimed("rendering.last_name", rendering.last_name),
            *facts.told(*WHO_TREATED),
            *((facts.signed_by(signature),) if signature else ()),
        )
        words = {"claimed": rendering.last_name, "people": ", ".join(dict.fromkeys(known))}
        yield Found("rendering.last_name", evidence, words)


def _names(person: str, family: str) -> bool:
    """Returns whether a text names a family name, whatever its accents and signs."""
    return bool(_letters(family)) and _letters(family) in _letters(person)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isalpha())


@predicate(traction_billed)
def role_is_not_paid(facts: Facts) -> Iterator[Told]:
    """T-095. On each therapy line; that another code is therapy is general knowledge."""
    refused = facts.profile.roles_not_paid
    if not refused:
        yield NotApplicable("no role that this payer refuses is known")
    for line in facts.therapy_lines if refused else ():
        role = line.performed_by_role
        if role is None:
            why = f"line {line.cpt}"
            yield NotJudged("lines.performed_by_role", why, at_most=certainty(line))
        elif role in refused:
            words = {"code": line.cpt, "role": "an aide" if role == "aide" else role}
            evidence = (facts.line_evidence(line), *facts.told("performed_by"))
            yield Found("lines.performed_by_role", evidence, words, at_most=certainty(line))

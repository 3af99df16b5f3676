"""Diagnoses (T-052 to T-060)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from records.claim.code_sets import TRACTION, plain
from records.claim.rules.facts import Facts
from records.claim.rules.findings import (
    Evidence,
    Found,
    NotApplicable,
    NotJudged,
    Severity,
    Told,
)
from records.claim.rules.predicates.gates import diagnosed, noted, traction_billed
from records.claim.rules.predicates.registry import predicate
from records.order.order import ICD10_CATEGORY

FIELD = "diagnoses"
AS_SENT = re.compile(rf"{ICD10_CATEGORY}[0-9A-Z]{{0,4}}")
STATES = {"category": "is only a category, a longer code is needed", "unknown": "does not exist"}
MOST_POINTERS = 4


def _evidence(facts: Facts) -> Evidence:
    listed = facts.claimed("diagnoses", ", ".join(facts.context.diagnoses) or None)
    return (listed, *facts.told("diagnosis"))


def listed(facts: Facts) -> NotJudged | None:
    """Requires a list of diagnosis codes."""
    return None if facts.tables.code_list else NotJudged("list of diagnosis codes")


def with_exclusions(facts: Facts) -> NotJudged | None:
    """Requires Excludes1 notes in the list of diagnosis codes."""
    codes = facts.tables.code_list
    if codes is None or codes.has_exclusions:
        return None
    return NotJudged("Excludes1 notes", f"{codes.name} was imported without its tabular list")


def several_diagnoses(facts: Facts) -> NotApplicable | None:
    """Requires more than one diagnosis on the claim."""
    if len(facts.context.diagnoses) > 1:
        return None
    return NotApplicable("the claim lists no second diagnosis")


@predicate(diagnosed, listed)
def code_cannot_be_billed(facts: Facts) -> Iterator[Told]:
    """T-052. Outside of the list's dates it only warns; the report's first line says so."""
    codes = facts.tables.code_list
    assert codes is not None
    covered = codes.valid_from <= facts.day <= codes.valid_to
    at_most: Severity = "error" if covered else "warn"
    remark = "" if covered else f"list not valid for this date: it ends {codes.valid_to}"
    for code in facts.context.diagnoses:
        state = codes.state(plain(code))
        if state != "billable":
            words = {"code": code, "why": STATES[state], "list": codes.name}
            yield Found(FIELD, _evidence(facts), words, at_most=at_most, remark=remark)


@predicate(diagnosed)
def code_is_not_as_sent(facts: Facts) -> Iterator[Told]:
    """T-053."""
    for code in facts.context.diagnoses:
        if not AS_SENT.fullmatch(code):
            yield Found(FIELD, _evidence(facts), {"code": code})


@predicate()
def pointers_are_wrong(facts: Facts) -> Iterator[Told]:
    """T-054. On any line of the claim."""
    count = len(facts.context.diagnoses)
    for line in facts.lines:
        outside = [p for p in line.dx_pointers if not 1 <= p <= count]
        if outside or not 1 <= len(line.dx_pointers) <= MOST_POINTERS:
            pointers = ", ".join(map(str, line.dx_pointers)) or "nothing"
            words = {"code": line.cpt, "pointers": pointers, "count": count}
            yield Found("lines.dx_pointers", (facts.line_evidence(line),), words)


@predicate(several_diagnoses)
def diagnosis_stands_twice(facts: Facts) -> Iterator[Told]:
    """T-055. In any spelling."""
    codes = [plain(code) for code in facts.context.diagnoses]
    for code in dict.fromkeys(code for code in codes if codes.count(code) > 1):
        yield Found(FIELD, _evidence(facts), {"code": code})


@predicate(several_diagnoses, listed, with_exclusions)
def diagnoses_exclude_each_other(facts: Facts) -> Iterator[Told]:
    """T-056."""
    codes = facts.tables.code_list
    listed = dict.fromkeys(plain(code) for code in facts.context.diagnoses)
    for first, second in combinations(listed, 2):
        if codes is not None and codes.exclude_each_other(first, second):
            words = {"first": first, "second": second, "list": codes.name}
            yield Found(FIELD, _evidence(facts), words)


def _pointed(facts: Facts) -> list[str]:
    if facts.line is None:
        return []
    return [plain(code) for code in facts.context.pointed_diagnoses(facts.line)]


@predicate(traction_billed, listed)
def diagnosis_is_of_another_region(facts: Facts) -> Iterator[Told]:
    """T-057. T-052 reports a code that is not in the list."""
    region, codes = facts.word("region"), facts.tables.code_list
    assert codes is not None
    if region is None:
        yield NotJudged("region", "the note does not name what was treated")
        return
    named = {c: codes.regions(c) for c in _pointed(facts) if codes.state(c) != "unknown"}
    if not named:
        yield NotApplicable("the line points to no diagnosis of the list")
    elif not any(facts.regions & regions for regions in named.values()):
        shown = (f"{code} ({', '.join(sorted(found)) or 'none'})" for code, found in named.items())
        yield Found(
            "lines.dx_pointers",
            (*facts.told("region"), *_evidence(facts)),
            {"region": region, "codes": ", ".join(shown), "list": codes.name},
        )


def lists_reasons(facts: Facts) -> NotApplicable | None:
    """Requires a payer known to cover some diagnoses or regions only."""
    if facts.profile.covered_dx or facts.profile.excluded_regions:
        return None
    return NotApplicable("no list of this payer's diagnoses or regions is known")


@predicate(traction_billed, lists_reasons)
def payer_lists_other_reasons(facts: Facts) -> Iterator[Told]:
    """T-058. A region that the payer excludes is surely denied, another diagnosis probably."""
    profile, pointed = facts.profile, _pointed(facts)
    assert facts.line is not None
    if profile.excluded_regions and facts.region is None:
        yield NotJudged("region", "this payer excludes regions", severity="error")
    for region in sorted(facts.regions.intersection(profile.excluded_regions)):
        what = f"This payer does not cover traction of the {region} region."
        evidence = (facts.line_evidence(facts.line), *facts.told("region"))
        yield Found("lines.body_region", evidence, {"what": what}, severity="error")
    if profile.covered_dx and not pointed:
        yield NotJudged("lines.dx_pointers", "97012 points to no diagnosis of the claim")
    elif profile.covered_dx and not any(c.startswith(profile.covered_dx) for c in pointed):
        what = f"This payer lists other diagnoses for traction than {', '.join(pointed)}."
        yield Found("lines.dx_pointers", _evidence(facts), {"what": what})


@predicate(noted)
def rationale_is_missing(facts: Facts) -> Iterator[Told]:
    """T-059."""
    if facts.word("rationale") is None:
        yield Found("rationale", facts.told("rationale"))


@predicate(noted)
def note_does_not_carry_the_diagnosis(facts: Facts) -> Iterator[Told]:
    """T-060. A code that only the claim has is often right: it warns, for the two must agree."""
    missing = [name for name in ("diagnosis", "symptoms") if facts.word(name) is None]
    if missing:
        what = f"The note needs diagnosis and symptoms; missing: {' and '.join(missing)}."
        yield Found(missing[0], facts.told(*missing), {"what": what})
    noted = {plain(code) for code in facts.noted_codes}
    alien = [code for code in _pointed(facts) if code not in noted]
    if alien and "diagnosis" not in missing:
        what = (
            f"Line {TRACTION} points to {', '.join(alien)}, which the note does not name: correct "
            "the claim, or the note."
        )
        yield Found("lines.dx_pointers", _evidence(facts), {"what": what}, severity="warn")

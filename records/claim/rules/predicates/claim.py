"""Fields that every claim needs, and what the exports would refuse (T-079 to T-086, T-096)."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.context import Payer
from records.claim.needs.need import About
from records.claim.needs.of_form import names_about
from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found, NotApplicable, NotJudged, Told
from records.claim.rules.payer_profile import PayerProfile
from records.claim.rules.predicates.gates import medicare
from records.claim.rules.predicates.registry import predicate


def imported(facts: Facts) -> NotApplicable | None:
    """Requires a claim of the practice's system; T-085 reports that there is none."""
    if facts.context.is_imported:
        return None
    return NotApplicable("no claim context was given: T-085 speaks of it")


def _missing(facts: Facts, *names: str) -> Iterator[Told]:
    """Returns one finding for all of them: they are filled in together."""
    if names:
        evidence = tuple(facts.claimed(name, None) for name in names)
        yield Found(names[0], evidence, {"missing": ", ".join(names)})


def _missing_of(facts: Facts, about: About) -> Iterator[Told]:
    yield from _missing(facts, *names_about(about, facts.needs))


def _number(facts: Facts) -> tuple[str, ...]:
    """Yields the practice's number of the patient, where neither claim nor note have it."""
    return () if facts.patient_reference else ("patient_ref",)


@predicate(imported)
def patient_is_incomplete(facts: Facts) -> Iterator[Told]:
    """T-079. The practice's number of the patient counts where claim or note say it."""
    yield from _missing(facts, *_number(facts), *names_about("patient", facts.needs))


@predicate(imported)
def billing_provider_is_incomplete(facts: Facts) -> Iterator[Told]:
    """T-080."""
    yield from _missing_of(facts, "billing")


@predicate(imported)
def rendering_provider_is_incomplete(facts: Facts) -> Iterator[Told]:
    """T-081."""
    yield from _missing_of(facts, "rendering")


@predicate(imported)
def place_of_service_is_missing(facts: Facts) -> Iterator[Told]:
    """T-082. On any line of the claim."""
    yield from _missing_of(facts, "place")


@predicate(imported)
def charge_is_missing(facts: Facts) -> Iterator[Told]:
    """T-083. On any line of the claim; T-010 reports a charge of zero."""
    yield from _missing_of(facts, "charge")


@predicate(medicare)
def plan_has_no_date(facts: Facts) -> Iterator[Told]:
    """T-084. T-061 reports that there is no plan at all, T-062 that it is not certified."""
    plan = facts.context.plan
    if plan is None:
        yield NotApplicable("no plan is recorded: T-061 speaks of it")
    elif plan.established is None:
        yield Found("plan.established", (facts.claimed("plan.established", None),), absent=True)


@predicate()
def payer_is_of_another_kind(facts: Facts) -> Iterator[Told]:
    """T-096. A profile of another kind has other rules; also one given with the command."""
    yield from _of_another_kind(facts, "payer", facts.context.payer, facts.profile)
    other = facts.context.other_payer
    if other is not None and facts.beside.other_profile is None:
        yield NotJudged("other_payer.profile", f"nobody has looked up {other.profile}")
    elif other is not None and facts.beside.other_profile is not None:
        yield from _of_another_kind(facts, "other_payer", other, facts.beside.other_profile)


def _of_another_kind(facts: Facts, key: str, payer: Payer, profile: PayerProfile) -> Iterator[Told]:
    if payer.kind != profile.kind:
        words = {
            "who": "The claim's payer" if key == "payer" else "The second payer",
            "claimed": payer.kind,
            "profile": profile.name,
            "kind": profile.kind,
        }
        yield Found(f"{key}.kind", (facts.claimed(f"{key}.kind", payer.kind),), words)


@predicate()
def form_is_incomplete(facts: Facts) -> Iterator[Told]:
    """T-085. What the claim's form needs of the claim as a whole."""
    if not facts.context.is_imported:
        yield from _missing(facts, "claim context (--context FILE)")
        return
    yield from _missing_of(facts, "form")


def _is_said(name: str, said: frozenset[str]) -> bool:
    """Returns whether it is reported already, by itself or with the whole that it is a part of."""
    return name in said or name.partition(".")[0] in said


@predicate(imported)
def an_export_refuses(facts: Facts) -> Iterator[Told]:
    """T-086. What the rules above report already is not repeated."""
    if facts.beside.refusals is None:
        yield NotJudged("a trial of the exports", "nobody has tried to write them")
        return
    said = frozenset(need.name for need in facts.needs).union(_number(facts))
    for refusal in facts.beside.refusals:
        rest = [name for name in refusal.missing if not _is_said(name, said)]
        if rest or not refusal.missing:
            what = f"it misses {', '.join(rest)}" if rest else refusal.message
            words = {"formats": ", ".join(refusal.formats), "what": what}
            yield Found("exports", (), words)

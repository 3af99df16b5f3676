"""Offers: modifiers and diagnoses that may belong on the claim, with reasons for and against.

The program adds nothing itself. A named person accepts; the acceptance is kept with the evidence
that was shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.claim.charge_line import DIAGNOSIS, MODIFIER
from records.claim.code_sets import RE_EVALUATIONS, TRACTION, plain
from records.claim.rules.facts import Facts, Partner
from records.claim.rules.findings import Evidence, Found
from records.claim.rules.predicates.modifiers import (
    assistant_modifier,
    lines_of_assistants,
    lines_of_responsible_assistants,
    lines_without_discipline,
)
from records.claim.rules.predicates.pairs import LOG
from records.claim.rules.predicates.threshold import above_the_threshold_without_kx

DISCIPLINE_OF_ROLE = {"PT": "GP", "PTA": "GP", "OT": "GO", "OTA": "GO"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """``value`` is the modifier or the diagnosis; ``line`` the code of the line for it."""

    kind: str
    value: str
    line: str
    why: str
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    evidence: Evidence

    @property
    def key(self) -> str:
        """Returns what an acceptance names: "97140:XU" or a diagnosis."""
        return f"{self.line}:{self.value}" if self.kind == MODIFIER else self.value

    @property
    def shown(self) -> tuple[str, ...]:
        """Returns reasons for and against as text, as the acceptance keeps them."""
        return (
            *(f"for: {text}" for text in self.speaks_for),
            *(f"against: {text}" for text in self.speaks_against),
        )


def offers_of(facts: Facts) -> tuple[Offer, ...]:
    """Returns everything that may be offered for a claim; empty when there is nothing to decide."""
    if facts.line is None:
        return ()
    offers = (
        *_discipline(facts),
        *(_separate(facts, partner) for partner in _open_pairs(facts)),
        *_assistant(facts),
        *_responsible_assistant(facts),
        *_threshold(facts),
        *_diagnoses(facts),
    )
    by_key: dict[str, Offer] = {}
    for offer in offers:  # an acceptance names code and modifier: two such lines are one question
        by_key.setdefault(offer.key, offer)
    return tuple(by_key.values())


def _discipline(facts: Facts) -> Iterator[Offer]:
    """Yields GP or GO for each line that needs it, from the plan or else from who treated."""
    planned = facts.context.therapy_discipline
    for line in lines_without_discipline(facts):
        role = line.performed_by_role
        value = planned or DISCIPLINE_OF_ROLE.get(role or "", "GP")
        for_it = [f"the plan of care says {planned}"] if planned else []
        against = [] if planned else ["no plan of care with a discipline is recorded"]
        if role:
            agrees = DISCIPLINE_OF_ROLE.get(role) == value
            (for_it if agrees else against).append(f"the service was done by: {role}")
        yield Offer(
            kind=MODIFIER,
            value=value,
            line=line.cpt,
            why=f"{facts.profile.title} wants the discipline of the plan on the line",
            speaks_for=tuple(for_it),
            speaks_against=tuple(against),
            evidence=(facts.claimed("plan.discipline", planned), *facts.told("performed_by")),
        )


def _open_pairs(facts: Facts) -> Iterator[Partner]:
    return (
        partner
        for partner in facts.partners
        if partner.pair.indicator == 1 and not facts.separated(partner)
    )


def _separate(facts: Facts, partner: Partner) -> Offer:
    """Yields 59 or XU for the line that is denied otherwise."""
    speaks_for, against = _time_evidence(facts, partner)
    line = partner.line
    if facts.other_region(line) or line.body_region in facts.regions:
        text = f"regions: traction {facts.region}, {line.cpt} {line.body_region}"
        (speaks_for if facts.other_region(line) else against).append(text)
    if line.cpt in RE_EVALUATIONS:
        against.append("a re-evaluation is not routine: the note must say what had changed")
    if partner.doubt:
        against.append(partner.doubt)
    return Offer(
        kind=MODIFIER,
        value="XU" if facts.profile.accepts_x_modifiers else "59",
        line=partner.loser,
        why=f"97012 and {line.cpt} are a pair: {partner.loser} is denied without it",
        speaks_for=tuple(speaks_for),
        speaks_against=tuple(against),
        evidence=(*facts.told(*LOG, "region"), facts.line_evidence(line)),
    )


def _time_evidence(facts: Facts, partner: Partner) -> tuple[list[str], list[str]]:
    """Returns what the device's clock says for and against separate times."""
    code, times = partner.line.cpt, facts.times_beside(partner.line)
    if times is None:
        return [], [f"start and end of {code} are not known"]
    if times.overlap:
        return [], [f"the device pulled during {times.shared_minutes} min of {code}"]
    minutes = f"{times.shared_minutes or 'no'} minute of {code} was under traction"
    edge = ", at the edge: times in whole minutes" if times.shared_minutes else ""
    return [f"the device's clock: {minutes}{edge}"], []


def _assistant(facts: Facts) -> Iterator[Offer]:
    for line, share in lines_of_assistants(facts):
        yield Offer(
            kind=MODIFIER,
            value=assistant_modifier(facts, line),
            line=line.cpt,
            why="an assistant did more than 10 % of this service alone",
            speaks_for=(f"share of the assistant: {100 * share:.0f} %",),
            speaks_against=("minutes together with the therapist count as the therapist's",),
            evidence=facts.told("set_up_by", "performed_by", "delivered_minutes"),
        )


def _responsible_assistant(facts: Facts) -> Iterator[Offer]:
    """Yields the same from the record's times, where the claim does not give an assistant's."""
    recorded = facts.beside.assistant_time
    for line in lines_of_responsible_assistants(facts):
        assert recorded is not None, "such a line has a time on record"
        by_role = line.model_copy(update={"performed_by_role": recorded.role})
        yield Offer(
            kind=MODIFIER,
            value=assistant_modifier(facts, by_role),
            line=line.cpt,
            why="an assistant was responsible for more than 10 % of the traction",
            speaks_for=(f"the record: {recorded.said}, {100 * recorded.share:.0f} %",),
            speaks_against=(
                "who was responsible need not be who treated",
                "minutes together with the therapist count as the therapist's",
            ),
            evidence=facts.told(*_responsible_fields(facts), "performed_by", "delivered_minutes"),
        )


def _responsible_fields(facts: Facts) -> Iterator[str]:
    """Returns the device's field of each session of the visit."""
    return (name for name in facts.words if name.partition(".")[0] == "responsible")


def _threshold(facts: Facts) -> Iterator[Offer]:
    for found in above_the_threshold_without_kx(facts):
        if isinstance(found, Found):
            yield Offer(
                kind=MODIFIER,
                value="KX",
                line=str(found.words["code"]),
                why="the year's therapy amounts are above the threshold",
                speaks_for=(str(found.words["what"]),),
                speaks_against=(
                    "KX says that the records justify more: only a person can judge that",
                ),
                evidence=found.evidence,
            )


def _diagnoses(facts: Facts) -> Iterator[Offer]:
    """Yields diagnoses that the note has and the claim has not."""
    listed = {plain(code) for code in facts.context.diagnoses}
    noted = [plain(code) for code in facts.noted_codes]
    for code in dict.fromkeys(code for code in noted if code and code not in listed):
        speaks_for, against = _region_evidence(facts, code)
        yield Offer(
            kind=DIAGNOSIS,
            value=code,
            line=TRACTION,
            why="the note names it and the claim does not",
            speaks_for=("the clinician's note", *speaks_for),
            speaks_against=against,
            evidence=facts.told("diagnosis", "region"),
        )


def _region_evidence(facts: Facts, code: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns what the treated region says for and against a diagnosis."""
    codes, region = facts.tables.code_list, f"the device treated the {facts.region} region"
    if codes is None or codes.state(code) == "unknown":
        return (), (f"{region}; the code's own region is not known",)
    if facts.regions & codes.regions(code):
        return (region,), ()
    return (), (f"{region}; the code is not one of that region",)

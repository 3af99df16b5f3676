"""Random claim contexts, and the law for each: an export is written, or was refused by a rule."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from pydantic import ValidationError

from controller.errors import RequestRefused
from records.claim.context import ClaimContext
from records.claim.needs.of_form import needs_of_form
from records.claim.rules.facts import Beside
from records.claim.rules.payer_profile import find_profile
from records.claim.rules.scrubber import ScrubReport, scrub
from records.claim.rules.tables import shipped_tables
from records.exports.formats import KINDS, PLAIN
from records.exports.ready import claim_formats, refusals_of
from records.visit.visit import Visit
from tests.support.claims import claim_values
from tests.support.documents import made_visit
from tests.support.second_payers import second_payer

VISIT = made_visit()
HOSTILE = ("", " ", "x" * 200, "Łukasz Nguyễn", "משה", "a*b~c:d^e", "a|b^c~d\\e&f", "#@'-", "🩻")
ON_A_LINE: tuple[dict[str, Any], ...] = (
    {},
    {},
    {},
    {},
    {"charge": None},
    {"pos": None},
    {"charge": Decimal(0)},
    {"modifiers": ["GP", "59", "KX", "CQ", "XU"]},
    {"dx_pointers": []},
    {"dx_pointers": [1, 2, 3, 4, 9]},
    {"units": 0},
    {"rendering_npi": "123"},
    {"adjudication": None},
    {"adjudication": {"cpt": "97012", "units": 1, "paid": None}},
)
TOP = (
    "patient",
    "billing",
    "rendering",
    "referring",
    "subscriber",
    "patient_relationship",
    "patient_ref",
    "diagnoses",
    "submitter_id",
    "receiver_id",
    "accept_assignment",
    "benefits_assigned",
    "release_of_information",
    "onset_date",
    "other_insurance_first",
    "other_payer",
)


def scrubbed(context: ClaimContext, visit: Visit = VISIT) -> tuple[Visit, ScrubReport]:
    """A visit with this claim and the rules' findings on it; the exports were tried."""
    with_claim = replace(visit, context=context)
    report = scrub(
        visit.note,
        visit.record,
        context,
        find_profile("commercial"),
        shipped_tables(),
        Beside(
            log_altered="",
            refusals=refusals_of(with_claim),
            other_profile=find_profile("commercial"),
        ),
    )
    return with_claim, report


def refused(visit: Visit) -> list[str]:
    """The formats in which this claim is not written; any other error is raised."""
    names = []
    for name in claim_formats(visit):
        try:
            KINDS[name].write(visit, PLAIN)
        except RequestRefused:
            names.append(name)
    return names


def blocking(report: ScrubReport, *rules: str) -> set[str]:
    return {result.rule_id for result in report.results if result.blocks} & set(rules)


PARTS = (
    *("T-079", "T-080", "T-081", "T-082", "T-083", "T-084", "T-085", "T-086"),
    *("T-097", "T-098"),
)


def random_context(random: Random) -> ClaimContext | None:
    """A claim with parts removed and texts of every kind; None for what no claim can hold."""
    values = claim_values(random)
    values["payer"]["kind"] = random.choice(["medicare_b", "commercial", "self_pay"])
    if values["payer"]["kind"] != "self_pay" and random.random() < 0.6:
        values |= second_payer(random, values)
    values = deepcopy(values)  # what is corrupted below belongs to no other claim
    values["form"] = random.choice(["837P", "837P", "CMS1500", "837I"])
    for key in random.sample(TOP, random.randint(0, 2)):
        values.pop(key, None)
    for key in random.sample(sorted(values), random.randint(0, 2)):
        _spoil(random, values, key)
    for line in values.get("lines", ()):
        line.update(random.choice(ON_A_LINE))
    if "other_payer" in values and random.random() < 0.3:
        _spoil(random, values, "other_payer")
    try:
        return ClaimContext.model_validate(values)
    except ValidationError:
        return None


def _spoil(random: Random, values: dict[str, Any], key: str) -> None:
    """Replace a text, here or one level deeper, by a text of every kind."""
    held = values[key]
    if isinstance(held, str):
        values[key] = random.choice(HOSTILE)
    elif isinstance(held, dict):
        inner = random.choice(sorted(held))
        if isinstance(held[inner], dict):
            _spoil(random, held, inner)
        else:
            held[inner] = random.choice([*HOSTILE, None])


def law_of(context: ClaimContext) -> list[str]:
    """Check that ready exports are written and refused ones named; returns the refused ones."""
    visit, report = scrubbed(context)
    not_written = refused(visit)
    said = blocking(report, *PARTS)
    assert said or not not_written, f"{not_written} refused, and no rule said it"
    _assert_one_source(visit, report)
    return not_written


def _assert_one_source(visit: Visit, report: ScrubReport) -> None:
    """Check that missing parts of a form are named by their rules and not by the trial."""
    context = visit.context
    assert context is not None
    missing = {need.name for need in needs_of_form(context, visit.session_id)}
    if missing:
        assert report.blocked
    for refusal in refusals_of(visit):
        if set(refusal.formats) & {"837p", "cms1500"} and refusal.missing:
            assert set(refusal.missing) == missing
    for finding in report.of_rule("T-086"):
        assert not any(f"misses {name}" in finding.message for name in missing)

"""Invented second payers: secondary, or primary with a consistent adjudication."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from records.claim.context import ClaimContext
from tests.support.claims import ADDRESS, MADE_AT, SERVICE_DAY, claim_values

KINDS = ("commercial", "workers_comp", "va", "auto", "medicaid", "medicare_advantage")
TYPES = {"workers_comp": "15", "va": "42", "auto": "14"}
"""SBR05 where Medicare is secondary to such a payer; 12 for the others."""
OTHER: dict[str, Any] = {
    "name": "Employer Plan",
    "payer_id": "60054",
    "kind": "commercial",
    "profile": "commercial",
    "patient_relationship": "spouse",
    "insured": {"last_name": "Doe", "first_name": "Sam", "member_id": "W123", "group_number": "G1"},
}


def two_payer_claim(seed: int = 0, **changes: Any) -> ClaimContext:
    """A whole claim with two payers; ``changes`` replace whole keys."""
    random = Random(seed)
    values = claim_values(random)
    return ClaimContext.model_validate(values | second_payer(random, values) | changes)


def second_payer(random: Random, values: dict[str, Any]) -> dict[str, Any]:
    """The keys of a second payer for a claim with these keys; every part occurs at random."""
    first = random.random() < 0.5
    kind = random.choice(KINDS)
    relationship = random.choice(("self", "spouse", "child", "other"))
    other = OTHER | {
        "kind": kind,
        "profile": "wa_lni" if kind == "workers_comp" else kind,
        "patient_relationship": relationship,
        "insured": _insured(random, relationship),
        "medigap": random.random() < 0.5,
    }
    if random.random() < 0.5:
        other["address"] = ADDRESS
    if first and values["payer"]["kind"] == "medicare_b":
        other["insurance_type"] = TYPES.get(kind, "12")
    changes: dict[str, Any] = {"other_insurance_first": first, "other_payer": other}
    if first:
        changes |= _answered(random, values["lines"], other)
    return changes


def _insured(random: Random, relationship: str) -> dict[str, Any]:
    numbers = {"member_id": f"W{random.randint(10, 999)}"}
    numbers |= {"group_number": "G-7"} if random.random() < 0.5 else {}
    if relationship == "self":
        return numbers
    person = {"last_name": "Müller", "first_name": "Sam", "birth_date": "1958-03-01", "sex": "M"}
    return numbers | person | {"address": ADDRESS}


def _answered(random: Random, lines: list[dict[str, Any]], other: dict[str, Any]) -> dict[str, Any]:
    """The payer's adjudication of the claim as a whole, or line by line."""
    decided = SERVICE_DAY + timedelta(days=random.randint(0, (MADE_AT.date() - SERVICE_DAY).days))
    charged = [Decimal(line["charge"]) for line in lines]
    answers = [_taken(random, charge) for charge in charged]
    answer: dict[str, Any] = {
        "decided_on": decided,
        "paid": sum((each["paid"] for each in answers), Decimal()),
    }
    if random.random() < 0.5:
        whole = _taken(random, sum(charged, Decimal()))
        other["adjudication"] = answer | whole
        return {}
    other["adjudication"] = answer
    adjudicated = [
        line | {"adjudication": each | {"cpt": line["cpt"], "modifiers": ["GP"], "units": 1}}
        for line, each in zip(lines, answers, strict=True)
    ]
    return {"lines": adjudicated}


def _taken(random: Random, charge: Decimal) -> dict[str, Any]:
    """Paid amount and up to seven adjustments, at most six of a group."""
    paid = (charge * random.randint(0, 10) / 10).quantize(Decimal("0.01"))
    rest, adjustments = charge - paid, []
    for number in range(random.randint(0, 6)):
        part = (rest * random.randint(-2, 5) / 10).quantize(Decimal("0.01"))
        group = random.choice(("CO", "PR", "OA"))
        adjustments.append({"group": group, "reason": str(number + 1), "amount": part})
        rest -= part
    adjustments.append({"group": "PI", "reason": "A1", "amount": rest})
    owed = {"patient_liability": Decimal("5.00")} if random.random() < 0.3 else {}
    return {"paid": paid, "adjustments": adjustments, **owed}

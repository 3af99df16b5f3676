"""Invented claims: the same seed gives the same claim, and every optional part occurs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from records.claim.context import ClaimContext

MADE_AT = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
SERVICE_DAY = date(2026, 11, 24)
NPIS = ("1234567893", "1003000126", "1679576722", "1093817465")
"""Invented numbers with valid check digits."""
ADDRESS = {"line_1": "1 Main Street", "city": "Springfield", "state": "IL", "zip": "62701-0001"}
PERSON = {"last_name": "Doe", "first_name": "Jane", "address": ADDRESS}
WHOLE_CLAIM: dict[str, Any] = {
    "patient": {**PERSON, "birth_date": "1960-01-01", "sex": "F", "member_id": "1EG4TE5MK73"},
    "billing": {
        "last_name": "Example Spine Clinic",
        "npi": "1234567893",
        "tin": "12-3456789",
        "tin_kind": "EI",
        "taxonomy": "225100000X",
        "phone": "5555550100",
        "address": ADDRESS,
    },
    "rendering": {"last_name": "Jones", "first_name": "Pat", "npi": "1679576722"},
    "submitter_id": "TIN000001",
    "receiver_id": "PAYER01",
    "accept_assignment": True,
    "benefits_assigned": True,
    "release_of_information": True,
}
"""What a practice's system adds to a session's claim."""
FEES = """
valid_from = 2026-01-01
valid_to = 2026-12-31
source = "PPRRVU2026_Jul_nonQPP"
conversion_factor = 33.4009
[[rows]]
code = "97012"
work = 0.24
pe = 0.18
mp = 0.01
"""
"""A fee table with one row: $14.36 for one unit, from the published numbers of 2026."""
NAMES = ("Doe", "Smith-Jones", "O'Neil", "Müller", "Garcia Lopez", "Ng")
FIRST = ("Jane", "José", "Alan", "Mary Ann", "Pat")
CODES = ("M5116", "M5117", "M5450", "M5416", "M5412", "M542", "M47816", "M5021")


def made_claim(seed: int = 0, **changes: Any) -> ClaimContext:
    """A complete claim of one visit with traction; ``changes`` replace whole keys."""
    random = Random(seed)
    return ClaimContext.model_validate(claim_values(random) | changes)


def claim_values(random: Random) -> dict[str, Any]:
    """The claim's keys; optional ones are present at random."""
    codes = random.sample(CODES, random.randint(1, len(CODES)))
    values: dict[str, Any] = {
        "claim_id": f"CLM-{random.randint(1, 999_999)}",
        "payer": {
            "name": random.choice(("Example Health Plan", "Medicare Part B")),
            "payer_id": f"{random.randint(0, 99_999):05}",
            "kind": random.choice(("medicare_b", "commercial", "workers_comp", "va", "auto")),
            "profile": "commercial",
        },
        "form": "837P",
        "date_of_service": SERVICE_DAY,
        "patient_ref": f"MRN-{random.randint(1, 9_999)}",
        "diagnoses": codes,
        "lines": _lines(random, len(codes)),
        "patient": _insured(random),
        "billing": _practice(random)
        | {"tin": "12-3456789", "tin_kind": "EI", "phone": "(555) 555-0100"},
        "rendering": _person(random) | {"npi": NPIS[2], "taxonomy": "225100000X"},
        "submitter_id": "TIN000001",
        "receiver_id": "PAYER01",
        "accept_assignment": random.random() < 0.8,
        "benefits_assigned": random.random() < 0.8,
        "release_of_information": random.random() < 0.8,
        "other_insurance_first": False,
    }
    return values | _optional(random, values["payer"]["kind"]) | _accident(random) | _before(random)


def _optional(random: Random, payer_kind: str) -> dict[str, Any]:
    """Keys that a claim may omit; Medicare insures only the patient."""
    parts: dict[str, Any] = {
        "referring": _person(random) | {"npi": NPIS[1]},
        "service_facility": _practice(random) | {"npi": NPIS[3]},
        "onset_date": SERVICE_DAY - timedelta(days=random.randint(1, 400)),
        "initial_treatment_date": SERVICE_DAY - timedelta(days=random.randint(0, 60)),
        "authorization": {"number": f"AUTH{random.randint(1, 9_999)}"},
        "referral_number": f"REF {random.randint(1, 9_999)}",
    }
    chosen = {key: value for key, value in parts.items() if random.random() < 0.5}
    if random.random() < 0.3 and payer_kind != "medicare_b":
        chosen["subscriber"] = _insured(random)
        chosen["patient_relationship"] = random.choice(("spouse", "child", "other"))
    return chosen


def _accident(random: Random) -> dict[str, Any]:
    """Box 10: what a claim states about causes."""
    causes = random.choice((["none"], ["none"], ["employment"], ["auto"], ["other", "employment"]))
    date_ = {
        "accident_date": SERVICE_DAY - timedelta(days=random.randint(1, 90)),
        "casualty_claim_number": f"WC-2026-{random.randint(1, 999)}",
    }
    said = {"related_causes": causes, **({} if causes == ["none"] else date_)}
    return said | ({"accident_state": "il"} if "auto" in causes else {})


def _before(random: Random) -> dict[str, Any]:
    """At times, a claim that replaces an earlier one."""
    if random.random() < 0.8:
        return {}
    number = f"2026330{random.randint(1, 99_999):06}"
    return {"frequency": random.choice(("corrected", "void")), "payer_claim_number": number}


def _lines(random: Random, codes: int) -> list[dict[str, Any]]:
    def line(cpt: str, modifiers: list[str]) -> dict[str, Any]:
        pointers = random.sample(range(1, codes + 1), min(codes, random.randint(1, 4)))
        return {
            "cpt": cpt,
            "modifiers": modifiers,
            "charge": Decimal(random.randint(100, 20_000)) / 100,
            "dx_pointers": pointers,
            "pos": random.choice(("11", "49")),
        }

    further = random.sample(("97140", "97110", "97530"), random.randint(0, 2))
    traction = line("97012", random.sample(("GP", "59", "KX", "CQ"), random.randint(0, 4)))
    return [traction, *(line(cpt, ["GP"]) for cpt in further)]


def _person(random: Random) -> dict[str, Any]:
    person = {"last_name": random.choice(NAMES), "first_name": random.choice(FIRST)}
    return person | ({"middle_name": "Q"} if random.random() < 0.3 else {})


def _insured(random: Random) -> dict[str, Any]:
    return _person(random) | {
        "birth_date": date(random.randint(1930, 2015), random.randint(1, 12), 1),
        "sex": random.choice("FMU"),
        "member_id": f"1EG4TE{random.randint(10, 99)}",
        "address": _address(random, random.choice(("62702", "62702-0002"))),
        **({"group_number": "G-100"} if random.random() < 0.5 else {}),
    }


def _practice(random: Random) -> dict[str, Any]:
    return {
        "last_name": "Example Spine Clinic",
        "npi": NPIS[0],
        "taxonomy": "225100000X",
        "address": _address(random, "62701-0001"),
    }


def _address(random: Random, code: str) -> dict[str, Any]:
    return {
        "line_1": f"{random.randint(1, 99)} Oak Avenue",
        "line_2": random.choice(("", "Suite 2")),
        "city": random.choice(("Springfield", "San José")),
        "state": "IL",
        "zip": code,
    }

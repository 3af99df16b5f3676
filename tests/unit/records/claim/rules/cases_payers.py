"""Cases of the rules about a second payer; a claim with one that is right, in either order."""

from __future__ import annotations

from typing import Any

from tests.support.second_payers import OTHER
from tests.unit.records.claim.rules.builders import CONTEXT, DAY, visit
from tests.unit.records.claim.rules.case import Case

ANSWER = {
    "decided_on": DAY,
    "paid": "15.00",
    "adjustments": [{"group": "CO", "reason": "45", "amount": "7.00"}],
}


def behind(**changes: Any) -> dict[str, Any]:
    """Keys of a claim: Medicare pays first, then the plan."""
    return {"other_insurance_first": False, "other_payer": {**OTHER, **changes}}


def before(**changes: Any) -> dict[str, Any]:
    """The plan has paid, Medicare is asked now."""
    other = {**OTHER, "insurance_type": "12", "adjudication": ANSWER, **changes}
    return {"other_insurance_first": True, "other_payer": other}


PAYER_CASES = (
    Case("T-097", visit(claim=behind(payer_id=None)), visit(claim=behind())),
    Case("T-098", visit(claim=before(insurance_type=None)), visit(claim=before())),
    Case(
        "T-099",
        visit(claim={**before(insurance_type="15"), "related_causes": ["employment"]}),
        visit(
            claim={
                **before(insurance_type="15", kind="workers_comp", profile="wa_lni"),
                "related_causes": ["employment"],
            }
        ),
    ),
    Case(
        "T-100",
        visit(claim=before(adjudication={**ANSWER, "paid": "15.01"})),
        visit(claim=before()),
    ),
)
assert CONTEXT["payer"]["kind"] == "medicare_b"

"""For each rule of the catalogue a case in which it speaks and a neighbour in which it does not."""

from __future__ import annotations

from tests.unit.records.claim.rules.cases_claim import CLAIM_CASES
from tests.unit.records.claim.rules.cases_note import NOTE_CASES
from tests.unit.records.claim.rules.cases_payers import PAYER_CASES

CASES = (*CLAIM_CASES, *NOTE_CASES, *PAYER_CASES)
